/**
 * Plausible data of one healthy person, as a phone would push it. Every value follows from the day and the hour alone, so that pushing
 * a day twice changes nothing.
 */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const WATCH = { name: "Demo Watch", bundleIdentifier: "com.apple.health.demo-watch", productType: "Watch7,1" };
const PHONE = { name: "Demo Phone", bundleIdentifier: "com.apple.health.demo-phone", productType: "iPhone17,1" };
const SCALE = { name: "Demo Scale", bundleIdentifier: "com.example.scale", productType: "Scale1,1" };

export interface PushData {
  readonly records: readonly object[];
  readonly sleep: readonly object[];
  readonly workouts: readonly object[];
}

/** One local day, `midnight` to the next (epoch milliseconds), nothing later than `now`. */
export function demoDay(midnight: number, now: number): PushData {
  const day = Math.round(midnight / DAY);
  const wake = midnight + 6.5 * HOUR + noise(day, 1) * 40 * MINUTE;
  const trains = day % 3 === 0;
  const training = { start: midnight + 17.5 * HOUR, end: midnight + 18.25 * HOUR };
  const restful = 54 + noise(day, 2) * 3;

  const records: Timed[] = [];
  for (let at = midnight; at < midnight + DAY; at += 5 * MINUTE) {
    records.push(
      instant(
        WATCH,
        "HKQuantityTypeIdentifierHeartRate",
        at,
        Math.round(pulse(at, midnight, wake, restful, trains ? training : undefined)),
        "count/min",
      ),
    );
  }
  for (let hour = 0; hour < 24; hour++) {
    const start = midnight + hour * HOUR;
    const steps = Math.round(stepsIn(hour, trains) * (0.8 + 0.4 * unit(day * 24 + hour)));
    if (steps === 0) continue;
    records.push(span(PHONE, "HKQuantityTypeIdentifierStepCount", start, start + HOUR, steps, "count"));
    records.push(span(PHONE, "HKQuantityTypeIdentifierDistanceWalkingRunning", start, start + HOUR, Math.round(steps * 0.74), "m"));
    records.push(
      span(WATCH, "HKQuantityTypeIdentifierActiveEnergyBurned", start, start + HOUR, Math.round(steps * 0.045 * 10) / 10, "kcal"),
    );
  }
  records.push(instant(WATCH, "HKQuantityTypeIdentifierRestingHeartRate", wake, Math.round(restful), "count/min"));
  records.push(instant(WATCH, "HKQuantityTypeIdentifierHeartRateVariabilitySDNN", wake - HOUR, Math.round(62 + noise(day, 3) * 14), "ms"));
  records.push(
    instant(WATCH, "HKQuantityTypeIdentifierRespiratoryRate", wake - 2 * HOUR, Math.round((14.2 + noise(day, 4)) * 10) / 10, "count/min"),
  );
  records.push(
    instant(WATCH, "HKQuantityTypeIdentifierOxygenSaturation", wake - 3 * HOUR, 0.96 + Math.round(unit(day * 7) * 2) / 100, "%"),
  );
  if (day % 2 === 0)
    records.push(
      instant(SCALE, "HKQuantityTypeIdentifierBodyMass", wake + 10 * MINUTE, Math.round((72.4 + noise(day, 5) * 0.6) * 10) / 10, "kg"),
    );

  const run = {
    ...span(WATCH, "HKWorkoutTypeIdentifier", training.start, training.end),
    workoutActivityType: "running",
    duration: 2_700,
    totalDistance: { value: 7_400 + Math.round(noise(day, 6) * 600), unit: "m" },
    totalEnergyBurned: { value: 480, unit: "kcal" },
  };
  const workouts: Timed[] = trains ? [run] : [];
  const past = (timed: Timed): boolean => Date.parse(timed.endDate) <= now;
  return { records: records.filter(past), sleep: night(day, midnight, wake).filter(past), workouts: workouts.filter(past) };
}

interface Timed {
  readonly id: string;
  readonly startDate: string;
  readonly endDate: string;
  readonly [field: string]: unknown;
}

/** Heart rate of an ordinary day: low at night, up with steps, high in training. */
function pulse(at: number, midnight: number, wake: number, restful: number, training: { start: number; end: number } | undefined): number {
  const wobble = noise(Math.round(at / MINUTE), 7) * 4;
  if (training !== undefined && at >= training.start && at < training.end)
    return 142 + Math.sin((at - training.start) / (8 * MINUTE)) * 14 + wobble;
  if (at < wake || at > midnight + 23 * HOUR) return restful + wobble / 2;
  return restful + 16 + 8 * Math.sin(((at - wake) / (15 * HOUR)) * Math.PI) + wobble;
}

function stepsIn(hour: number, trains: boolean): number {
  if (hour < 7 || hour > 22) return 0;
  if (hour === 8 || hour === 18) return trains && hour === 18 ? 2_300 : 1_400;
  return hour === 17 && trains ? 3_600 : 420;
}

/** Sleep cycles of about 90 minutes; deep sleep early, REM late. */
function night(day: number, midnight: number, wake: number): Timed[] {
  const asleep = midnight - 0.75 * HOUR + noise(day, 8) * 20 * MINUTE;
  const stretches: Timed[] = [];
  const cycle = ["asleepCore", "asleepDeep", "asleepCore", "asleepREM"];
  let at = asleep;
  for (let i = 0; at < wake; i++) {
    const stage = i % 9 === 8 ? "awake" : (cycle[i % 4] ?? "asleepCore");
    const late = (at - asleep) / (wake - asleep);
    const minutes = stage === "awake" ? 6 : stage === "asleepDeep" ? 32 - 24 * late : stage === "asleepREM" ? 10 + 22 * late : 26;
    const end = Math.min(wake, at + Math.round(minutes) * MINUTE);
    const value = `HKCategoryValueSleepAnalysis${(stage[0] ?? "").toUpperCase()}${stage.slice(1)}`;
    stretches.push(span(WATCH, "HKCategoryTypeIdentifierSleepAnalysis", at, end, value));
    at = end;
  }
  return stretches;
}

function instant(source: object, type: string, at: number, value: number, unitOf: string): Timed {
  return span(source, type, at, at, value, unitOf);
}

function span(source: object, type: string, start: number, end: number, value?: number | string, unitOf?: string): Timed {
  return {
    id: `demo-${type.replace(/^HK.*Identifier/, "")}-${Math.round(start / 1_000)}`,
    type,
    startDate: new Date(Math.round(start)).toISOString(),
    endDate: new Date(Math.round(end)).toISOString(),
    ...(value === undefined ? {} : { value }),
    ...(unitOf === undefined ? {} : { unit: unitOf }),
    source,
    metadata: { HKTimeZone: "Europe/Berlin" },
  };
}

/** Even spread in 0…1 from a whole number: the finaliser of MurmurHash3 (Appleby, public domain). */
function unit(seed: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** About -1…1, most often near 0. */
function noise(seed: number, stream: number): number {
  return unit(seed * 31 + stream) + unit(seed * 37 + stream * 101) - 1;
}
