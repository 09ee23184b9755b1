import { SECOND_MS } from "../../clock";
import type { Source, Workout } from "../../health/reading";
import { cadenceMetric, distanceMetric, powerMetric, speedMetric } from "../../health/workout-metrics";
import { workoutType } from "../../health/workout-types";
import { problem } from "../../problem";
import { parseDecimal } from "../apple/decimal";
import { known } from "../workouts/figures";
import type { FileReading } from "../workouts/format";
import { IsoInstant } from "../workouts/iso-instant";
import type { Outlet } from "../workouts/outlet";
import { FIRST_FIX, idAt, TrackBook, TrackPoint, warnOfPoints } from "../workouts/track";
import { XmlScanner } from "../xml/scanner";
import type { Tag } from "../xml/tag";
import { decodeText } from "../xml/text";
import { idsOf, LocalVocabulary, Vocabulary } from "../xml/vocabulary";
import type { TcxSurvey } from "./survey";

export const TCX_VENDOR = "tcx_file";

/** Training Center Database version 2 (Garmin), with its activity extension. */
const NAMES = [
  "TrainingCenterDatabase",
  "Activity",
  "Id",
  "Lap",
  "TotalTimeSeconds",
  "DistanceMeters",
  "MaximumSpeed",
  "Calories",
  "AverageHeartRateBpm",
  "MaximumHeartRateBpm",
  "Value",
  "Intensity",
  "Cadence",
  "TriggerMethod",
  "Track",
  "Trackpoint",
  "Time",
  "LatitudeDegrees",
  "LongitudeDegrees",
  "AltitudeMeters",
  "HeartRateBpm",
  "Speed",
  "RunCadence",
  "Watts",
  "AvgSpeed",
  "AvgRunCadence",
  "MaxRunCadence",
  "MaxBikeCadence",
  "AvgWatts",
  "MaxWatts",
  "Steps",
  "Notes",
  "Creator",
  "Course",
  "Workout",
] as const;
const ELEMENTS = new LocalVocabulary(NAMES);
const E = idsOf(NAMES);
const ATTRIBUTES = new Vocabulary(["Sport", "StartTime"]);
const SPORT = 0;
const START_TIME = 1;
const MOST_LAPS = 5_000;
const LONGEST_NOTES = 2_000;

/** What a lap tells, by element; and what its points add. */
interface LapDraft {
  readonly start: number;
  readonly figures: Partial<Record<number, number>>;
  intensity: string;
  trigger: string;
  last: number;
}

/** Reads a TCX file, of which the survey knows the devices: every activity becomes a workout. Courses and plans are left out. */
export class TcxReading implements FileReading {
  readonly #survey: TcxSurvey;
  readonly #outlet: Outlet;
  readonly #scanner: XmlScanner;
  readonly #instant = new IsoInstant();
  readonly #point = new TrackPoint();
  #isTcx = false;
  #isClosed = false;
  #inside = -1;
  /** The element that a `Value` belongs to. */
  #valueOf = -1;
  #inPoint = false;
  /** Inside a course, a plan or a device's description nothing is read. */
  #passing = -1;
  #activities = 0;
  #sport = "";
  #source = 0;
  #startedAt = Number.NaN;
  #notes = "";
  #book: TrackBook | undefined;
  #lap: LapDraft | undefined;
  #laps: LapDraft[] = [];

  constructor(survey: TcxSurvey, outlet: Outlet) {
    this.#survey = survey;
    this.#outlet = outlet;
    this.#scanner = new XmlScanner(ELEMENTS, ATTRIBUTES, {
      open: (tag) => this.#open(tag),
      close: (element) => this.#close(element),
      text: (bytes, start, end) => this.#text(bytes, start, end),
    });
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  finish(): void {
    this.#scanner.end();
    if (!this.#isTcx) throw problem("file_unreadable", "The file is no TCX file.");
    this.#outlet.unit();
    this.#closeActivity();
    if (this.#scanner.malformed > 0) this.#outlet.warn("malformed_element", "Broken elements were left out.", this.#scanner.malformed);
    if (!this.#isClosed) this.#outlet.warn("truncated", "The file ends too early; everything complete before its end was read.");
    if (this.#outlet.yielded === 0) this.#outlet.warn("nothing_to_import", "The file holds no activity.");
  }

  #open(tag: Tag): void {
    const { element } = tag;
    this.#inside = tag.selfClosing ? -1 : element;
    if (element < 0 || this.#passing >= 0) return;
    switch (element) {
      case E.Trackpoint:
        this.#point.clear();
        this.#inPoint = !tag.selfClosing;
        return;
      case E.HeartRateBpm:
      case E.AverageHeartRateBpm:
      case E.MaximumHeartRateBpm:
        this.#valueOf = element;
        return;
      case E.Track:
        return this.#book?.way.gap();
      case E.Lap:
        return this.#openLap(tag);
      case E.Activity:
        return this.#openActivity(tag);
      case E.Creator:
      case E.Course:
      case E.Workout:
        if (!tag.selfClosing) this.#passing = element;
        return;
      case E.TrainingCenterDatabase:
        this.#isTcx = true;
        return;
    }
  }

  #close(element: number): void {
    this.#inside = -1;
    if (element < 0) return;
    if (this.#passing >= 0) {
      if (element === this.#passing) this.#pass(element);
      return;
    }
    switch (element) {
      case E.Trackpoint:
        this.#outlet.unit();
        this.#inPoint = false;
        this.#closePoint();
        return;
      case E.Lap:
        this.#lap = undefined;
        return;
      case E.Activity:
        this.#outlet.unit();
        return this.#closeActivity();
      case E.TrainingCenterDatabase:
        this.#isClosed = true;
        return;
    }
  }

  #text(bytes: Uint8Array, from: number, to: number): void {
    const inside = this.#inside;
    if (inside < 0 || this.#passing >= 0) return;
    let start = from;
    let end = to;
    while (start < end && bytes[start]! <= 0x20) start++;
    while (end > start && bytes[end - 1]! <= 0x20) end--;
    if (start === end) return;
    if (this.#inPoint) this.#pointText(inside, bytes, start, end);
    else this.#activityText(inside, bytes, start, end);
  }

  #pointText(inside: number, bytes: Uint8Array, start: number, end: number): void {
    const point = this.#point;
    switch (inside) {
      case E.Time:
        if (this.#instant.read(bytes, start, end)) {
          point.at = this.#instant.at;
          point.zone = this.#instant.zone;
        }
        return;
      case E.LatitudeDegrees:
        point.lat = parseDecimal(bytes, start, end);
        return;
      case E.LongitudeDegrees:
        point.lon = parseDecimal(bytes, start, end);
        return;
      case E.AltitudeMeters:
        point.altitudeM = parseDecimal(bytes, start, end);
        return;
      case E.DistanceMeters:
        point.distanceM = parseDecimal(bytes, start, end);
        return;
      case E.Value:
        if (this.#valueOf === E.HeartRateBpm) point.rate = parseDecimal(bytes, start, end);
        return;
      case E.Cadence:
      case E.RunCadence:
        point.cadence = parseDecimal(bytes, start, end);
        return;
      case E.Speed:
        point.speed = parseDecimal(bytes, start, end);
        return;
      case E.Watts:
        point.powerW = parseDecimal(bytes, start, end);
        return;
    }
  }

  #activityText(inside: number, bytes: Uint8Array, start: number, end: number): void {
    const lap = this.#lap;
    if (inside === E.Id) {
      if (this.#instant.read(bytes, start, end)) this.#startedAt = this.#instant.at;
    } else if (inside === E.Notes) {
      if (this.#notes === "") this.#notes = decodeText(bytes, start, end).slice(0, LONGEST_NOTES);
    } else if (lap === undefined) return;
    else if (inside === E.Intensity) lap.intensity = decodeText(bytes, start, end).toLowerCase();
    else if (inside === E.TriggerMethod) lap.trigger = decodeText(bytes, start, end).toLowerCase();
    else {
      const value = parseDecimal(bytes, start, end);
      if (!Number.isNaN(value)) lap.figures[inside === E.Value ? this.#valueOf : inside] = value;
    }
  }

  #openActivity(tag: Tag): void {
    this.#closeActivity();
    this.#sport = tag.text(SPORT) ?? "";
    this.#source = this.#outlet.builder.source(sourceOf(this.#survey.devices.get(this.#activities)));
    this.#activities++;
    this.#startedAt = Number.NaN;
    this.#notes = "";
    this.#laps = [];
    this.#lap = undefined;
    this.#book = new TrackBook(this.#outlet, this.#source, workoutType("generic", this.#sport).type, "Trackpoint");
  }

  #openLap(tag: Tag): void {
    const isTimed = tag.has(START_TIME) && this.#instant.read(tag.bytes, tag.start(START_TIME), tag.end(START_TIME));
    this.#lap = { start: isTimed ? this.#instant.at : Number.NaN, figures: {}, intensity: "", trigger: "", last: Number.NaN };
    if (this.#laps.length < MOST_LAPS) this.#laps.push(this.#lap);
  }

  #closePoint(): void {
    const { at } = this.#point;
    this.#book?.add(this.#point);
    if (this.#lap !== undefined && at >= FIRST_FIX && !(at <= this.#lap.last)) this.#lap.last = at;
  }

  #closeActivity(): void {
    const book = this.#book;
    if (book === undefined) return;
    this.#book = undefined;
    warnOfPoints(book, this.#outlet);
    const workout = this.#workout(book);
    if (workout === undefined) this.#outlet.reject("Activity", "no_instant", "Activities without a date and time were left out.");
    else this.#outlet.workout("Activity", workout);
  }

  #workout(book: TrackBook): Workout | undefined {
    const laps = this.#laps.map((lap) => ({ lap, end: endOf(lap) }));
    const starts = [book.first, this.#startedAt, ...this.#laps.map(({ start }) => start)].filter((at) => at >= FIRST_FIX);
    if (starts.length === 0) return undefined;
    const start = Math.min(...starts);
    const end = Math.max(...starts, ...[book.last, ...laps.map((one) => one.end)].filter((at) => at >= FIRST_FIX));
    const { vendorName } = workoutType("generic", this.#sport);
    const sum = (element: number) => this.#laps.reduce((total, { figures }) => total + (figures[element] ?? 0), 0);
    const most = (element: number) => Math.max(0, ...this.#laps.map(({ figures }) => figures[element] ?? 0)) || Number.NaN;
    const { type } = book;
    const durationS = sum(E.TotalTimeSeconds);
    const attributes = { ...(this.#notes !== "" && { notes: this.#notes }), ...book.attributes };
    return {
      source: this.#source,
      start,
      end,
      zone: Number.isNaN(book.zone) ? this.#instant.zone : book.zone,
      type,
      ...(vendorName !== undefined && vendorName !== "" && { vendorType: vendorName }),
      ...(durationS > 0 && { durationS: rounded3(durationS) }),
      totals: {
        ...book.totals,
        ...known({
          // Zero is how devices without a sensor write "not measured".
          [distanceMetric(type)]: rounded3(sum(E.DistanceMeters)) || Number.NaN,
          energy_total: sum(E.Calories) || Number.NaN,
          ...(cadenceMetric(type) === "cadence_run" && { steps: sum(E.Steps) || Number.NaN }),
          heart_rate_max: most(E.MaximumHeartRateBpm),
          [`${speedMetric(type)}_max`]: most(E.MaximumSpeed),
        }),
      },
      ...(laps.length > 0 && { laps: laps.flatMap(({ lap, end: lapEnd }) => (lap.start >= FIRST_FIX ? [lapOf(lap, lapEnd, type)] : [])) }),
      ...(book.way.points.length > 0 && { route: book.way.ordered }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
      id: idAt(start),
      // A recording that was cut off gives way to the whole one, which ends later.
      version: end,
    };
  }

  #pass(element: number): void {
    this.#passing = -1;
    if (element === E.Creator) return;
    this.#outlet.unit();
    if (element === E.Course)
      this.#outlet.reject("Course", "course_to_follow", "Courses to follow are no workouts that were done, and were left out.");
    else this.#outlet.reject("Workout", "planned_workout", "Planned workouts were left out.");
  }
}

/** A lap ends when its time is up, and not before its last point. */
function endOf(lap: LapDraft): number {
  const stated = lap.start + Math.round((lap.figures[E.TotalTimeSeconds] ?? 0) * SECOND_MS);
  return lap.last > stated ? lap.last : stated;
}

function lapOf({ start, figures: f, intensity, trigger }: LapDraft, end: number, type: string): Record<string, unknown> {
  const cadence = cadenceMetric(type);
  const none = Number.NaN;
  const steps = cadence === "cadence_run" ? 2 : 1;
  const turns = f[E.AvgRunCadence] ?? f[E.Cadence] ?? none;
  return {
    start,
    end,
    ...(trigger !== "" && { trigger }),
    ...(intensity !== "" && { intensity }),
    ...known({ durationS: f[E.TotalTimeSeconds] ?? none }),
    totals: known({
      [distanceMetric(type)]: f[E.DistanceMeters] || none,
      energy_total: f[E.Calories] || none,
      heart_rate_mean: f[E.AverageHeartRateBpm] || none,
      heart_rate_max: f[E.MaximumHeartRateBpm] || none,
      ...(cadence !== undefined && {
        [`${cadence}_mean`]: turns * steps,
        [`${cadence}_max`]: (f[E.MaxRunCadence] ?? f[E.MaxBikeCadence] ?? none) * steps,
      }),
      ...(cadence === "cadence_run" && { steps: f[E.Steps] || none }),
      [`${speedMetric(type)}_mean`]: f[E.AvgSpeed] ?? none,
      [`${speedMetric(type)}_max`]: f[E.MaximumSpeed] || none,
      [`${powerMetric(type)}_mean`]: f[E.AvgWatts] ?? none,
      [`${powerMetric(type)}_max`]: f[E.MaxWatts] ?? none,
    }),
  };
}

function sourceOf(device: string | undefined): Source {
  return { vendor: TCX_VENDOR, ...(device !== undefined && { deviceName: device }) };
}

function rounded3(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
