import { SECOND_MS } from "../../clock";
import type { Channel, Outlet } from "../workouts/outlet";
import type { FitMessage } from "./message";
import { MONITORING, MONITORING_INFO } from "./profile";
import { instantOf } from "./survey";

const RUNNING = 1;
const CYCLING = 2;
const WALKING = 6;
const TYPE_BITS = 31;
const { fields: M } = MONITORING;

/** A day's count by activity, of which the device writes the total so far. */
interface Counter {
  readonly channel: Channel;
  readonly soFar: Map<number, number>;
  /** When it was last told, and what has been added since. */
  since: number;
  added: number;
  at: number;
}

/**
 * The all-day record of a watch: heart rates, and totals since midnight per activity, which become the amounts between two messages.
 * Most messages tell only the low sixteen bits of their time.
 */
export class MonitoringReader {
  readonly #outlet: Outlet;
  readonly #zone: number;
  readonly #heartRate: Channel;
  readonly #counters: Readonly<Record<"steps" | "distance" | "ridden" | "energy" | "climbed", Counter>>;
  #time = Number.NaN;
  #startedAt = Number.NaN;

  constructor(outlet: Outlet, source: number, zone: number) {
    this.#outlet = outlet;
    this.#zone = zone;
    const counter = (name: string, metric: string): Counter => ({
      channel: outlet.channel(`monitoring.${name}`, metric, source),
      soFar: new Map(),
      since: Number.NaN,
      added: 0,
      at: Number.NaN,
    });
    this.#heartRate = outlet.channel("monitoring.heart_rate", "heart_rate", source);
    this.#counters = {
      steps: counter("steps", "steps"),
      distance: counter("distance", "distance_walk_run"),
      ridden: counter("cycling_distance", "distance_cycling"),
      energy: counter("active_calories", "energy_active"),
      climbed: counter("ascent", "elevation_gain"),
    };
  }

  info(message: FitMessage): void {
    if (Number.isNaN(message.time)) return;
    this.#time = message.value(MONITORING_INFO.fields.timestamp);
    this.#startedAt = instantOf(this.#time);
  }

  read(message: FitMessage): void {
    const at = this.#timeOf(message);
    if (Number.isNaN(at)) return this.#outlet.reject("monitoring", "no_instant", "Readings without a date and time were left out.");
    const rate = message.value(M.heartRate);
    if (rate > 0) this.#outlet.sample(this.#heartRate, at, rate, this.#zone);
    const activity = activityOf(message);
    const { steps, distance, ridden, energy, climbed } = this.#counters;
    const isOnFoot = activity === WALKING || activity === RUNNING;
    // Cycles are strides, stored in halves: the raw number is steps.
    const cycles = message.value(M.cycles) * 2;
    if (isOnFoot) this.#count(steps, activity, Number.isNaN(cycles) ? message.value(M.cycles16) : cycles, at);
    if (isOnFoot) this.#count(distance, activity, message.value(M.distance), at);
    if (activity === CYCLING) this.#count(ridden, activity, message.value(M.distance), at);
    this.#count(energy, activity, message.value(M.activeCalories), at);
    this.#count(climbed, activity, message.value(M.ascent), at);
  }

  finish(): void {
    for (const counter of Object.values(this.#counters)) this.#settle(counter);
  }

  #timeOf(message: FitMessage): number {
    if (!Number.isNaN(message.time)) this.#time = message.time;
    else {
      const low = message.value(M.timestamp16);
      const minute = message.value(M.timestampMin8);
      if (!Number.isNaN(low)) this.#time += (low - this.#time) & 0xffff;
      else if (!Number.isNaN(minute)) this.#time += ((minute - Math.floor(this.#time / 60)) & 0xff) * 60;
      else return Number.NaN;
    }
    return instantOf(this.#time);
  }

  #count(counter: Counter, activity: number, total: number, at: number): void {
    if (Number.isNaN(total)) return;
    if (at !== counter.at) this.#settle(counter);
    counter.at = at;
    const before = counter.soFar.get(activity);
    counter.soFar.set(activity, total);
    // What a file begins with was counted in the file before; a total that shrinks has begun anew at midnight.
    if (before === undefined) counter.added += at === this.#startedAt ? 0 : total;
    else counter.added += total >= before ? total - before : total;
  }

  /** Hands on what was added up to the last instant. */
  #settle(counter: Counter): void {
    const { added, at, channel } = counter;
    if (Number.isNaN(at)) return;
    const since = Number.isNaN(counter.since) ? (this.#startedAt < at ? this.#startedAt : at - 60 * SECOND_MS) : counter.since;
    counter.since = at;
    counter.added = 0;
    if (added > 0 && since < at) this.#outlet.interval(channel, since, at, added, this.#zone);
  }
}

function activityOf(message: FitMessage): number {
  const told = message.value(M.activityType);
  if (!Number.isNaN(told)) return told;
  const both = message.value(M.currentActivityTypeIntensity);
  return Number.isNaN(both) ? Number.NaN : both & TYPE_BITS;
}
