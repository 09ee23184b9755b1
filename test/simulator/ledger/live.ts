/** Decides a person's ledger: what is measured on each day, what of it comes late, is corrected, and is deleted. */
import { type Edition, type Ledger, type LedgerRecord, type LedgerVendor, randomOf } from "./ledger.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/**
 * How far behind its time a record, a correction or a deletion comes at most: vendors that only answer are read again for two days, and where
 * they are read once a day, with two hours to spare, a day's last change must come within 46 hours of its beginning.
 */
const LATEST = 28 * HOUR;

export interface LedgerPlan {
  readonly seed: number;
  /** Which person of the run. */
  readonly person: number;
  /** Midnight of the first day where the person lives, epoch milliseconds. */
  readonly firstMs: number;
  readonly days: number;
}

/** The ledger of a person; the same plan gives the same one. Nobody changes zones: the day is as long as a day. */
export function liveLedger({ seed, person, firstMs, days }: LedgerPlan): Ledger {
  const random = randomOf(seed * 1_009 + person);
  const between = (low: number, high: number): number => Math.round(low + random() * (high - low));
  const records: LedgerRecord[] = [];

  /** Editions of a record whose vendor could have it from `at` on. */
  const editions = (at: number, values: () => Record<string, number>, deletable: boolean): Edition[] => {
    const late = random() < 0.2 ? between(HOUR, LATEST / 2) : between(0, 20 * MINUTE);
    const first: Edition = { fromMs: at + late, values: values() };
    const all = [first];
    if (random() < 0.25) all.push({ fromMs: first.fromMs + between(HOUR, LATEST / 3), values: values() });
    const last = all.at(-1) ?? first;
    if (deletable && random() < 0.25) all.push({ fromMs: last.fromMs + between(HOUR / 2, LATEST / 6), values: null });
    return all;
  };
  const add = (
    vendor: LedgerVendor,
    kind: LedgerRecord["kind"],
    id: string,
    day: number,
    startMs: number,
    endMs: number,
    told: Edition[],
  ) => records.push({ vendor, kind, id, date: dateOf(firstMs, day), startMs, endMs, editions: told });

  for (let day = 0; day < days; day++) {
    const midnight = firstMs + day * DAY;
    const evening = midnight + 22 * HOUR;
    const morning = midnight + 7 * HOUR;
    const key = `${person}-${day}`;
    add("oura", "day", `daily_activity-${key}`, day, midnight, midnight + DAY, [
      ...editions(evening, () => ({ steps: between(1_000, 20_000), energy_active: between(100, 900) }), false),
    ]);
    add(
      "polar",
      "day",
      `activity-${key}`,
      day,
      midnight,
      midnight + DAY,
      editions(evening, () => ({ steps: between(1_000, 20_000) }), false),
    );
    add(
      "polar",
      "recovery",
      `recharge-${key}`,
      day,
      midnight,
      morning,
      editions(morning, () => ({ hrv_rmssd: between(20, 120) }), false),
    );
    add(
      "ultrahuman",
      "day",
      `uh-${key}`,
      day,
      midnight,
      midnight + DAY,
      editions(evening, () => ({ steps: between(1_000, 20_000) }), false),
    );
    add("whoop", "recovery", uuid(person, 1, day), day, midnight - HOUR, morning, [
      ...editions(morning, () => ({ resting_heart_rate: between(45, 70), hrv_rmssd: between(20, 120) }), false),
    ]);
    for (const vendor of ["oura", "whoop"] as const) {
      const trained = random() < 0.7;
      const start = midnight + between(8, 19) * HOUR + between(0, 59) * MINUTE;
      const end = start + between(20, 55) * MINUTE;
      const id = vendor === "oura" ? `workout-${key}` : uuid(person, 2, day);
      const told = editions(end, () => ({ [vendor === "oura" ? "energy_active" : "energy_total"]: between(100, 800) }), true);
      if (trained) add(vendor, "workout", id, day, start, end, told);
    }
    for (let hour = 0; hour < 24; hour += 2) {
      const at = midnight + hour * HOUR + between(0, 20) * MINUTE;
      const shift = (minutes: number): number => at + minutes * MINUTE;
      add("oura", "sample", `hr-${key}-${hour}`, day, at, at, once(editions(at, () => ({ heart_rate: between(50, 170) }), false)));
      add("ultrahuman", "sample", `uhr-${key}-${hour}`, day, shift(5), shift(5), [
        ...once(editions(shift(5), () => ({ heart_rate: between(50, 170) }), false)),
      ]);
      add("dexcom", "sample", `egv-${key}-${hour}`, day, shift(10), shift(10), [
        ...once(editions(shift(10), () => ({ cgm_glucose: between(60, 250) }), false)),
      ]);
    }
    for (const [i, hour] of [8, 13, 19].entries()) {
      const at = midnight + hour * HOUR + between(0, 40) * MINUTE;
      const told = editions(at, () => ({ "nutrient.carbohydrates": between(10, 120) }), true);
      add("dexcom", "entry", `event-${key}-${i}`, day, at, at, told);
    }
  }
  return { records, random };
}

/** A sensor's value is what it is. */
function once(told: readonly Edition[]): Edition[] {
  return told.slice(0, 1);
}

function dateOf(firstMs: number, day: number): string {
  // Noon is of the same date in the person's zone and in UTC.
  return new Date(firstMs + day * DAY + DAY / 2).toISOString().slice(0, 10);
}

function uuid(person: number, kind: number, day: number): string {
  return `${person.toString(16).padStart(8, "0")}-000${kind}-4000-8000-${day.toString(16).padStart(12, "0")}`;
}
