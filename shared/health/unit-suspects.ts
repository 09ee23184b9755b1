/** Values that are not plausible in the unit they came with, and would be in another one that is often mistaken for it. */
interface Suspect {
  readonly metrics: readonly string[];
  /** Both ends included, in the metric's own unit. */
  readonly range: readonly [number, number];
  /** The unit that was probably meant. */
  readonly meant: string;
}

const GLUCOSE = ["blood_glucose", "cgm_glucose"];

/** All ranges lie outside of the bounds of their metrics: whatever is plausible as it came is never suspected for itself. */
export const UNIT_SUSPECTS: readonly Suspect[] = [
  // mmol/L told as mg/dL, and mg/dL told as mmol/L and multiplied by 18.
  { metrics: GLUCOSE, range: [1.5, 9.999], meant: "mmol/L" },
  { metrics: GLUCOSE, range: [1_001, 9_000], meant: "mg/dL" },
  { metrics: ["body_temperature"], range: [86, 113], meant: "[degF]" },
  // A share of one told as percent.
  { metrics: ["spo2"], range: [0.5, 1], meant: "1" },
  // Seconds told as milliseconds.
  { metrics: ["hrv_sdnn", "hrv_rmssd"], range: [0.001, 0.5], meant: "s" },
];

/** A series that is mostly so low is in the other unit as a whole; in mg/dL nobody lives below this. */
const GLUCOSE_LEAST = 35;

/** The unit that a value probably has; undefined where nothing tells. For values that are not plausible as they came. */
export function suspectedUnit(metric: string, value: number): string | undefined {
  return UNIT_SUSPECTS.find(({ metrics, range: [low, high] }) => metrics.includes(metric) && value >= low && value <= high)?.meant;
}

/** Below what the values of a series are suspected with the rest of it, although some would be plausible alone; undefined for none. */
export function suspectBelow(metric: string, values: ArrayLike<number>): number | undefined {
  if (!GLUCOSE.includes(metric) || values.length === 0) return undefined;
  let low = 0;
  for (let i = 0; i < values.length; i++) if (suspectedUnit(metric, values[i]!) === "mmol/L") low++;
  return low * 2 > values.length ? GLUCOSE_LEAST : undefined;
}
