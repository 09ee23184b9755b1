import type { BatchBuilder } from "../../health/batch";
import type { Credit, Tally } from "../tally";
import type { Device } from "./device";
import { sourceOf } from "./sources";

export const PRESSURE = "blood_pressure";
export const PRESSURE_CORRELATION = "HKCorrelationTypeIdentifierBloodPressure";
const SYSTOLIC_TYPE = "HKQuantityTypeIdentifierBloodPressureSystolic";
const DIASTOLIC_TYPE = "HKQuantityTypeIdentifierBloodPressureDiastolic";
/** More halves than this wait for their other half in no real export. */
const MOST_WAITING = 20_000;

/** One of the two values of a measurement, waiting for the other. Plain data: it is part of a checkpoint. */
export interface PressureHalf {
  readonly part: "systolic" | "diastolic";
  readonly app: string;
  readonly device?: Device;
  readonly isManual: boolean;
  readonly start: number;
  readonly end: number;
  readonly zone: number;
  readonly version: number;
  readonly value: number;
}

/** Which value a record type carries. */
export function partOf(type: string): PressureHalf["part"] | undefined {
  if (type.endsWith("Systolic")) return "systolic";
  return type.endsWith("Diastolic") ? "diastolic" : undefined;
}

/**
 * Joins systolic and diastolic records of equal time and source into one reading. An export repeats the children of each blood
 * pressure correlation at top level; the joined reading and the correlation's own are the same reading, so it is stored once.
 */
export class PressurePairs {
  readonly #waiting = new Map<string, PressureHalf[]>();
  readonly #builder: BatchBuilder;
  readonly #tally: Tally;
  readonly #pairCredit: Credit;
  readonly #correlationCredit: Credit;
  #count = 0;

  constructor(builder: BatchBuilder, tally: Tally, waiting: readonly PressureHalf[] = []) {
    this.#builder = builder;
    this.#tally = tally;
    this.#pairCredit = tally.credit(PRESSURE, [SYSTOLIC_TYPE, DIASTOLIC_TYPE]);
    this.#correlationCredit = tally.credit(PRESSURE, [PRESSURE_CORRELATION]);
    for (const half of waiting) this.#wait(keyOf(half), half);
  }

  /** The halves still waiting. */
  get waiting(): readonly PressureHalf[] {
    return [...this.#waiting.values()].flat();
  }

  /** Takes a top-level record; answers whether it made a reading. */
  add(half: PressureHalf): void {
    const key = keyOf(half);
    const others = this.#waiting.get(key);
    const at = others?.findIndex((other) => other.part !== half.part) ?? -1;
    if (others === undefined || at < 0) {
      this.#wait(key, half);
      if (this.#count > MOST_WAITING) this.finish();
      return;
    }
    const [other] = others.splice(at, 1);
    if (others.length === 0) this.#waiting.delete(key);
    this.#count--;
    this.#emit(half, other!);
    this.#pairCredit.n++;
  }

  /** Takes the children of a correlation; answers false where they are no complete measurement. */
  addCorrelation(halves: readonly PressureHalf[]): boolean {
    const systolic = halves.find((half) => half.part === "systolic");
    const diastolic = halves.find((half) => half.part === "diastolic");
    if (systolic === undefined || diastolic === undefined) return false;
    this.#emit(systolic, diastolic);
    this.#correlationCredit.n++;
    return true;
  }

  /** Sets halves without a counterpart aside: half a blood pressure is no reading. */
  finish(): void {
    for (const half of this.waiting) {
      const source = this.#builder.source(sourceOf(half.app, half.device, half.isManual));
      this.#builder.quarantine({ source, metric: PRESSURE, at: half.start, value: half.value, unit: "mm[Hg]", reason: "incomplete_panel" });
      this.#tally.credit(PRESSURE, [half.part === "systolic" ? SYSTOLIC_TYPE : DIASTOLIC_TYPE]).n++;
    }
    this.#waiting.clear();
    this.#count = 0;
  }

  #wait(key: string, half: PressureHalf): void {
    const others = this.#waiting.get(key);
    if (others === undefined) this.#waiting.set(key, [half]);
    else others.push(half);
    this.#count++;
  }

  #emit(one: PressureHalf, two: PressureHalf): void {
    const systolic = one.part === "systolic" ? one : two;
    const diastolic = one.part === "systolic" ? two : one;
    this.#builder.reading({
      metric: PRESSURE,
      kind: "sample",
      source: this.#builder.source(sourceOf(systolic.app, systolic.device, systolic.isManual)),
      start: systolic.start,
      end: systolic.end,
      value: null,
      components: { systolic: systolic.value, diastolic: diastolic.value },
      zone: systolic.zone,
      version: Math.max(systolic.version, diastolic.version),
    });
  }
}

function keyOf(half: PressureHalf): string {
  return `${half.start} ${half.end} ${half.app}`;
}
