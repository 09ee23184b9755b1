import { MINUTE_MS } from "../../clock";
import { cadenceMetric, powerMetric, speedMetric } from "../../health/workout-metrics";
import type { WorkoutType } from "../../health/workout-types";
import { Extent, rounded, Way } from "../workouts/figures";
import type { Channel, Outlet } from "../workouts/outlet";
import { StrapBeats } from "./beats";
import type { Field, FitMessage, Layout, Slot } from "./message";
import { HRV, RECORD } from "./profile";
import { fitSport } from "./sports";
import { type FileSurvey, instantOf, type SessionSpan } from "./survey";
import { finishWorkout } from "./workout";

const DEGREES_PER_SEMICIRCLE = 180 / 2 ** 31;
/** About a centimetre. */
const PLACE_DIGITS = 1e7;
/** In all workouts of a file: they wait for its end together. */
const MOST_PLACES = 400_000;
/** Strides are counted on one foot. */
const STEPS_PER_STRIDE = 2;
const { fields: R } = RECORD;

interface Place {
  readonly slot: Slot;
  readonly field: Field;
}

/** Where the fields of records of one form lie; in each list the first that has a value counts. */
interface RecordPlan {
  readonly lat: Slot | undefined;
  readonly lon: Slot | undefined;
  readonly altitude: readonly Place[];
  readonly heartRate: readonly Place[];
  readonly cadence: readonly Place[];
  readonly fraction: readonly Place[];
  readonly distance: readonly Place[];
  readonly speed: readonly Place[];
  readonly power: readonly Place[];
  readonly compressed: Slot | undefined;
  readonly temperature: readonly Place[];
  readonly oscillation: readonly Place[];
  readonly contact: readonly Place[];
  readonly step: readonly Place[];
  readonly depth: readonly Place[];
  readonly breaths: readonly Place[];
}

/** The workouts of one file while its records are read. */
export class ActivityReader {
  readonly #file: FileSurvey;
  readonly #outlet: Outlet;
  readonly #source: number;
  readonly #books: readonly SessionBook[];
  readonly #strap = new StrapBeats();
  readonly #strapChannel: Channel;
  #current = 0;
  #places = 0;
  #distance = Number.NaN;
  #compressedDistance = 0;

  constructor(file: FileSurvey, outlet: Outlet, source: number) {
    this.#file = file;
    this.#outlet = outlet;
    this.#source = source;
    this.#books = file.sessions.map((span) => new SessionBook(span, file, outlet, source));
    this.#strapChannel = outlet.channel("hr.filtered_bpm", "heart_rate", source);
  }

  /** Whether the file holds a workout, or records that may be one. */
  get isExpected(): boolean {
    return this.#books.length > 0;
  }

  record(message: FitMessage): void {
    const at = instantOf(message.time);
    if (Number.isNaN(at)) return this.#outlet.reject("record", "no_instant", "Records without a date and time were left out.");
    const book = this.#bookAt(at);
    if (book === undefined) return;
    const plan = planOf(message.layout);
    const outlet = this.#outlet;
    const { zone } = this.#file;
    const { channels } = book;

    const altitude = first(message, plan.altitude);
    book.way.climb(altitude);
    if (plan.lat !== undefined && plan.lon !== undefined) {
      if (this.#places >= MOST_PLACES) book.way.dropped++;
      else if (book.way.point(at, degrees(message.raw(plan.lat)), degrees(message.raw(plan.lon)), altitude)) this.#places++;
    }
    const rate = first(message, plan.heartRate);
    if (!Number.isNaN(rate)) {
      book.heartRate.add(rate > 0 ? rate : Number.NaN);
      outlet.sample(channels.heartRate, at, rate, zone);
    }
    const turns = first(message, plan.cadence);
    if (!Number.isNaN(turns)) {
      const cadence = (turns + (first(message, plan.fraction) || 0)) * channels.steps;
      book.cadence.add(cadence);
      if (channels.cadence !== undefined) outlet.sample(channels.cadence, at, cadence, zone);
    }
    const power = first(message, plan.power);
    if (!Number.isNaN(power)) {
      book.power.add(power);
      outlet.sample(channels.power, at, power, zone);
    }
    let speed = first(message, plan.speed);
    let distance = first(message, plan.distance);
    if (plan.compressed !== undefined) {
      const both = message.slice(plan.compressed);
      const isMeasured = both.length >= 3 && !(both[0] === 0xff && both[1] === 0xff && both[2] === 0xff);
      if (isMeasured && Number.isNaN(speed)) speed = (both[0]! | ((both[1]! & 15) << 8)) / 100;
      if (isMeasured && Number.isNaN(distance)) distance = this.#expand((both[1]! >> 4) | (both[2]! << 4));
    }
    if (!Number.isNaN(speed)) {
      book.speed.add(speed);
      outlet.sample(channels.speed, at, speed, zone);
    }
    if (!Number.isNaN(distance)) {
      if (Number.isNaN(book.firstDistance)) book.firstDistance = Number.isNaN(this.#distance) ? 0 : this.#distance;
      book.lastDistance = distance;
      this.#distance = distance;
    }
    book.temperature.add(first(message, plan.temperature));
    give(outlet, channels.oscillation, at, rounded(first(message, plan.oscillation) / 10, 3), zone);
    give(outlet, channels.contact, at, first(message, plan.contact), zone);
    give(outlet, channels.step, at, first(message, plan.step) / 1_000, zone);
    give(outlet, channels.depth, at, first(message, plan.depth), zone);
    give(outlet, channels.breaths, at, first(message, plan.breaths), zone);
  }

  /** Times between beats, which follow the record that they belong to. */
  beats(message: FitMessage): void {
    const book = this.#books[this.#current];
    if (book !== undefined) for (const seconds of message.values(HRV.fields.time)) book.beat(seconds);
  }

  /** Rates that a strap handed over later: they fill the minutes in which the records have none. */
  strap(message: FitMessage): void {
    this.#strap.read(message, (at, rate) => {
      if (this.#file.heartMinutes.has(Math.floor(at / MINUTE_MS))) return;
      this.#bookAt(at)?.heartRate.add(rate);
      this.#outlet.sample(this.#strapChannel, at, rate, this.#file.zone);
    });
  }

  finish(): void {
    for (const book of this.#books) {
      if (book.span.assumed) {
        this.#outlet.warn("no_summary", "The recording ends before its summary; the workout was put together from its records.");
      }
      if (book.way.dropped > 0) this.#outlet.warn("route_too_long", "Points beyond the longest route were left out.", book.way.dropped);
      this.#outlet.workout("session", finishWorkout(book, this.#file, this.#source, this.#books));
    }
  }

  /** The session that was under way: the last one that had begun. */
  #bookAt(at: number): SessionBook | undefined {
    const books = this.#books;
    if (books.length === 0) return undefined;
    while (this.#current + 1 < books.length && books[this.#current + 1]!.span.start <= at) this.#current++;
    while (this.#current > 0 && books[this.#current]!.span.start > at) this.#current--;
    return books[this.#current];
  }

  /** Twelve bits of a distance that grows, in sixteenths of a metre. */
  #expand(low: number): number {
    const before = this.#compressedDistance;
    this.#compressedDistance = before + ((low - (before & 0xfff)) & 0xfff);
    return this.#compressedDistance / 16;
  }
}

/** What the records tell of one session. */
export class SessionBook {
  readonly span: SessionSpan;
  readonly type: WorkoutType;
  readonly vendorType: string | undefined;
  readonly channels: Channels;
  readonly way = new Way();
  readonly heartRate = new Extent();
  readonly cadence = new Extent();
  readonly power = new Extent();
  readonly speed = new Extent();
  readonly temperature = new Extent();
  readonly beatS = new Extent();
  /** Cumulative metres before its first record and at its last. */
  firstDistance = Number.NaN;
  lastDistance = Number.NaN;
  #lastBeat = Number.NaN;
  #squares = 0;
  #differences = 0;

  constructor(span: SessionSpan, file: FileSurvey, outlet: Outlet, source: number) {
    this.span = span;
    const { type, vendorName } = fitSport(span.fields.sport ?? file.sport, span.fields.subSport ?? file.subSport);
    this.type = type;
    this.vendorType = vendorName ?? (type === "other" ? span.name : undefined);
    this.channels = channelsOf(type, outlet, source);
  }

  beat(seconds: number): void {
    if (!(seconds > 0)) return;
    this.beatS.add(seconds);
    if (!Number.isNaN(this.#lastBeat)) {
      this.#squares += (seconds - this.#lastBeat) ** 2;
      this.#differences++;
    }
    this.#lastBeat = seconds;
  }

  /** Root mean square of successive differences between beats, in milliseconds. */
  get rmssdMs(): number {
    return this.#differences === 0 ? Number.NaN : Math.sqrt(this.#squares / this.#differences) * 1_000;
  }
}

interface Channels {
  readonly heartRate: Channel;
  readonly cadence: Channel | undefined;
  /** What one turn of the cadence counts for. */
  readonly steps: number;
  readonly power: Channel;
  readonly speed: Channel;
  readonly oscillation: Channel;
  readonly contact: Channel;
  readonly step: Channel;
  readonly depth: Channel;
  readonly breaths: Channel;
}

function channelsOf(type: string, outlet: Outlet, source: number): Channels {
  const cadence = cadenceMetric(type);
  const to = (name: string, metric: string) => outlet.channel(`record.${name}`, metric, source);
  return {
    heartRate: to("heart_rate", "heart_rate"),
    cadence: cadence === undefined ? undefined : to("cadence", cadence),
    steps: cadence === "cadence_run" ? STEPS_PER_STRIDE : 1,
    power: to("power", powerMetric(type)),
    speed: to("speed", speedMetric(type)),
    oscillation: to("vertical_oscillation", "vertical_oscillation"),
    contact: to("stance_time", "ground_contact_time"),
    step: to("step_length", "stride_length"),
    depth: to("depth", "underwater_depth"),
    breaths: to("respiration_rate", "respiratory_rate"),
  };
}

function planOf(layout: Layout): RecordPlan {
  return (layout.plan ??= makePlan(layout)) as RecordPlan;
}

function makePlan(layout: Layout): RecordPlan {
  const places = (...fields: readonly Field[]): readonly Place[] =>
    fields.flatMap((field) => {
      const slot = layout.slot(field.number);
      return slot === undefined ? [] : [{ slot, field }];
    });
  return {
    lat: layout.slot(R.positionLat.number),
    lon: layout.slot(R.positionLong.number),
    altitude: places(R.enhancedAltitude, R.altitude),
    heartRate: places(R.heartRate),
    cadence: places(R.cadence256, R.cadence),
    fraction: layout.slot(R.cadence256.number) === undefined ? places(R.fractionalCadence) : [],
    distance: places(R.distance),
    speed: places(R.enhancedSpeed, R.speed),
    power: places(R.power),
    compressed: layout.slot(R.compressedSpeedDistance.number),
    temperature: places(R.temperature),
    oscillation: places(R.verticalOscillation),
    contact: places(R.stanceTime),
    step: places(R.stepLength),
    depth: places(R.depth),
    breaths: places(R.enhancedRespirationRate, R.respirationRate),
  };
}

function first(message: FitMessage, places: readonly Place[]): number {
  for (const { slot, field } of places) {
    const value = message.scaled(slot, field);
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}

function give(outlet: Outlet, channel: Channel, at: number, value: number, zone: number): void {
  if (!Number.isNaN(value)) outlet.sample(channel, at, value, zone);
}

function degrees(semicircles: number): number {
  return Math.round(semicircles * DEGREES_PER_SEMICIRCLE * PLACE_DIGITS) / PLACE_DIGITS;
}
