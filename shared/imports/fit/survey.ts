import { MINUTE_MS, SECOND_MS } from "../../clock";
import { ZONE_UNKNOWN } from "../../health/reading";
import { known } from "../workouts/figures";
import { FitDecoder, type FitFault } from "./decoder";
import type { Field, FitMessage, Layout, Slot } from "./message";
import { ACTIVITY, EVENT, FILE_ID, FIRST_INSTANT, FIT_EPOCH_S, HR, LAP, LENGTH, MONITORING_INFO, RECORD, SESSION, SPORT } from "./profile";

type FieldsOf<M extends { readonly fields: object }> = Readonly<Partial<Record<keyof M["fields"], number>>>;

/** A span of a workout with what the file says of it: the session itself, a lap, or a length of a pool. */
export interface Span<M extends { readonly fields: object }> {
  readonly start: number;
  readonly end: number;
  readonly fields: FieldsOf<M>;
}

export interface SessionSpan extends Span<typeof SESSION> {
  /** What the person calls the sport, where the device tells it. */
  readonly name: string | undefined;
  /** Made up from the records, because the file has none. */
  readonly assumed: boolean;
}

/** What must be known of a file before its messages are read: much of it stands at the end. Instants are epoch milliseconds. */
export interface FileSurvey {
  type: number;
  manufacturer: number;
  product: number;
  productName: string | undefined;
  /** Seconds east of UTC, or `ZONE_UNKNOWN`. */
  zone: number;
  sport: number;
  subSport: number;
  sessions: SessionSpan[];
  laps: Span<typeof LAP>[];
  lengths: Span<typeof LENGTH>[];
  pauses: { start: number; end: number }[];
  firstRecord: number;
  lastRecord: number;
  hasBeats: boolean;
  /** Minutes since 1970 in which records tell a heart rate; only where other messages tell it too. */
  heartMinutes: Set<number>;
}

const MOST_SESSIONS = 200;
const MOST_LAPS = 5_000;
const MOST_LENGTHS = 20_000;
const MOST_PAUSES = 5_000;
/** A month of a heart rate every minute. */
const MOST_MINUTES = 45_000;
const ACTIVITY_FILE = 4;
const TIMER = 0;
const START = 0;
const STOPS: ReadonlySet<number> = new Set([1, 4, 8, 9]);
const QUARTER_S = 900;
const FARTHEST_ZONE_S = 18 * 3_600;

interface RecordPlan {
  readonly heartRate: Slot | undefined;
}

/** Reads a FIT file, or several that follow each other in one, for what decides how its messages are to be understood. */
export class FitSurvey {
  readonly files: FileSurvey[] = [];
  readonly #decoder = new FitDecoder({ begin: () => this.#begin(), message: (message) => this.#message(message) });
  #stoppedAt = Number.NaN;

  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  /** Throws a Problem `file_unreadable` for what is no FIT file. */
  end(): void {
    this.#decoder.end();
    this.#close();
  }

  get faults(): ReadonlySet<FitFault> {
    return this.#decoder.faults;
  }

  #begin(): void {
    this.#close();
    this.#stoppedAt = Number.NaN;
    this.files.push({
      type: Number.NaN,
      manufacturer: Number.NaN,
      product: Number.NaN,
      productName: undefined,
      zone: ZONE_UNKNOWN,
      sport: Number.NaN,
      subSport: Number.NaN,
      sessions: [],
      laps: [],
      lengths: [],
      pauses: [],
      firstRecord: Number.NaN,
      lastRecord: Number.NaN,
      hasBeats: false,
      heartMinutes: new Set(),
    });
  }

  #close(): void {
    const file = this.files.at(-1);
    if (file === undefined) return;
    file.sessions.sort((a, b) => a.start - b.start || a.end - b.end);
    if (!file.hasBeats) file.heartMinutes.clear();
    if (file.sessions.length > 0 || Number.isNaN(file.firstRecord) || (file.type !== ACTIVITY_FILE && !Number.isNaN(file.type))) return;
    const fields = known({ sport: file.sport, subSport: file.subSport });
    file.sessions.push({ start: file.firstRecord, end: file.lastRecord, fields, name: undefined, assumed: true });
  }

  #message(message: FitMessage): void {
    const file = this.files.at(-1)!;
    switch (message.number) {
      case RECORD.number:
        return this.#record(message, file);
      case FILE_ID.number:
        return readFileId(message, file);
      case SPORT.number:
        file.sport = message.value(SPORT.fields.sport);
        file.subSport = message.value(SPORT.fields.subSport);
        return;
      case SESSION.number:
        if (file.sessions.length < MOST_SESSIONS) this.#session(message, file);
        return;
      case LAP.number:
        addSpan(message, LAP, file.laps, MOST_LAPS);
        return;
      case LENGTH.number:
        addSpan(message, LENGTH, file.lengths, MOST_LENGTHS);
        return;
      case EVENT.number:
        return this.#event(message, file);
      case ACTIVITY.number:
        return readZone(message, message.value(ACTIVITY.fields.localTimestamp), file);
      case MONITORING_INFO.number:
        return readZone(message, message.value(MONITORING_INFO.fields.localTimestamp), file);
      case HR.number:
        file.hasBeats = true;
        return;
    }
  }

  #record(message: FitMessage, file: FileSurvey): void {
    const at = instantOf(message.time);
    if (Number.isNaN(at)) return;
    if (!(at >= file.firstRecord)) file.firstRecord = at;
    if (!(at <= file.lastRecord)) file.lastRecord = at;
    const minute = Math.floor(at / MINUTE_MS);
    if (file.heartMinutes.size >= MOST_MINUTES) return;
    const { heartRate } = planOf(message.layout);
    if (heartRate !== undefined && message.raw(heartRate) > 0) file.heartMinutes.add(minute);
  }

  #session(message: FitMessage, file: FileSurvey): void {
    const fields = readFields(message, SESSION.fields);
    const span = spanOf(message, fields);
    if (span === undefined) return;
    file.sessions.push({ ...span, fields, name: message.text(SESSION.fields.sportProfileName), assumed: false });
  }

  #event(message: FitMessage, file: FileSurvey): void {
    if (message.value(EVENT.fields.event) !== TIMER) return;
    const type = message.value(EVENT.fields.eventType);
    const at = instantOf(message.time);
    if (STOPS.has(type)) this.#stoppedAt = at;
    else if (type === START && at >= this.#stoppedAt) {
      if (file.pauses.length < MOST_PAUSES) file.pauses.push({ start: this.#stoppedAt, end: at });
      this.#stoppedAt = Number.NaN;
    }
  }
}

/** Epoch milliseconds of an instant of the format, or NaN where it is none: devices whose clock was not set count from their start. */
export function instantOf(time: number): number {
  return time >= FIRST_INSTANT ? (time + FIT_EPOCH_S) * SECOND_MS : Number.NaN;
}

function planOf(layout: Layout): RecordPlan {
  return (layout.plan ??= { heartRate: layout.slot(RECORD.fields.heartRate.number) }) as RecordPlan;
}

function readFileId(message: FitMessage, file: FileSurvey): void {
  const { fields } = FILE_ID;
  file.type = message.value(fields.type);
  file.manufacturer = message.value(fields.manufacturer);
  file.product = message.value(fields.product);
  file.productName = message.text(fields.productName);
}

function readZone(message: FitMessage, local: number, file: FileSurvey): void {
  const offset = Math.round((local - message.time) / QUARTER_S) * QUARTER_S;
  // A local time is often left at zero.
  if (local >= FIRST_INSTANT && message.time >= FIRST_INSTANT && Math.abs(offset) <= FARTHEST_ZONE_S) file.zone = offset;
}

/** All fields that the message has, in the profile's units. */
function readFields<F extends Readonly<Record<string, Field>>>(message: FitMessage, fields: F): Partial<Record<keyof F, number>> {
  return known(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, message.value(field)]))) as Partial<
    Record<keyof F, number>
  >;
}

interface Bounds {
  readonly timestamp?: number;
  readonly startTime?: number;
  readonly totalElapsedTime?: number;
}

function addSpan<M extends { readonly fields: Readonly<Record<string, Field>> }>(
  message: FitMessage,
  { fields: all }: M,
  list: Span<M>[],
  most: number,
): void {
  if (list.length >= most) return;
  const fields = readFields(message, all as M["fields"]) as FieldsOf<M>;
  const span = spanOf(message, fields as Bounds);
  if (span !== undefined) list.push({ ...span, fields });
}

/** When a session or lap began and ended: it ends when its time is up, or when its message was written. */
function spanOf(message: FitMessage, { startTime, totalElapsedTime }: Bounds): { start: number; end: number } | undefined {
  const elapsed = totalElapsedTime === undefined ? Number.NaN : Math.round(totalElapsedTime * SECOND_MS);
  const written = instantOf(message.time);
  const stated = startTime === undefined ? Number.NaN : instantOf(startTime);
  const start = Number.isNaN(stated) ? written - elapsed : stated;
  const end = Number.isNaN(elapsed) ? written : start + elapsed;
  return end >= start ? { start, end } : undefined;
}
