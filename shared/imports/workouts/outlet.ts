import { BatchBuilder } from "../../health/batch";
import type { Reading, SleepSession, Workout } from "../../health/reading";
import { Tally, type TallyState, type TypeCount } from "../tally";

/** Route points weigh more than readings: about 80 bytes each. */
const POINTS_PER_READING = 4;

/** Samples of one type of the file on their way to one metric. */
export interface Channel {
  readonly count: TypeCount;
  readonly credit: { n: number };
  readonly metric: string;
  readonly source: number;
}

/**
 * Where readers of workout files put what they read. Reading a file is deterministic, so it is resumed by reading it again from its
 * beginning in silence: a reader calls `unit` before each unit of work, and until as many have passed as were done before, nothing comes
 * out and nothing is counted.
 */
export class Outlet {
  readonly builder = new BatchBuilder();
  readonly tally: Tally;
  /** Units that have passed in the file. */
  units = 0;
  /** Readings, workouts and problems that have come out of the file. */
  yielded = 0;
  #done: number;
  #isMuted: boolean;
  #weight = 0;

  constructor(tally?: TallyState, done = 0) {
    this.tally = new Tally(tally);
    this.#done = done;
    this.#isMuted = done > 0;
  }

  /** Another file begins. */
  reset(): void {
    this.units = 0;
    this.yielded = 0;
    this.#done = 0;
    this.#isMuted = false;
  }

  /** About how many readings wait. */
  get size(): number {
    return this.builder.size + this.#weight;
  }

  unit(): void {
    this.#isMuted = ++this.units <= this.#done;
  }

  channel(type: string, metric: string, source: number): Channel {
    return { count: this.tally.type(type), credit: this.tally.credit(metric, [type]), metric, source };
  }

  sample(channel: Channel, at: number, value: number, zone: number): void {
    this.yielded++;
    if (this.#isMuted) return;
    channel.count.read++;
    channel.credit.n++;
    this.builder.sample(channel.metric, channel.source, at, value, zone, VERSION);
  }

  interval(channel: Channel, start: number, end: number, value: number, zone: number): void {
    this.yielded++;
    if (this.#isMuted) return;
    channel.count.read++;
    channel.credit.n++;
    this.builder.interval(channel.metric, channel.source, start, end, value, zone, VERSION);
  }

  reading(type: string, reading: Omit<Reading, "version">): void {
    if (!this.#account(type, reading.metric)) return;
    this.builder.reading({ ...reading, version: VERSION });
  }

  sleep(type: string, session: Omit<SleepSession, "version">): void {
    if (!this.#account(type, "sleep")) return;
    this.builder.sleepSession({ ...session, version: VERSION });
  }

  workout(type: string, workout: Workout): void {
    if (!this.#account(type, "workout")) return;
    this.#weight += Math.ceil((workout.route?.length ?? 0) / POINTS_PER_READING);
    this.builder.workout(workout);
  }

  /** Counts something that cannot be stored. */
  reject(type: string, code: string, detail: string): void {
    this.yielded++;
    if (this.#isMuted) return;
    const count = this.tally.type(type);
    count.read++;
    this.tally.reject(count, code, detail);
  }

  warn(code: string, detail: string, count = 1): void {
    if (!this.#isMuted) this.tally.warn(code, detail, count);
  }

  take(): ReturnType<BatchBuilder["take"]> {
    this.#weight = 0;
    return this.builder.take();
  }

  #account(type: string, metric: string): boolean {
    this.yielded++;
    if (this.#isMuted) return false;
    this.tally.type(type).read++;
    this.tally.credit(metric, [type]).n++;
    return true;
  }
}

/** Files carry no versions of their readings: the same instant in another file of the same device says the same. */
export const VERSION = 0;
