/** What runs inside one bundle, because the product's own modules name each other without extensions. */
import { metricByHealthKit } from "../../shared/health/catalogue.ts";
import { conversionOf } from "../../shared/imports/apple/record-plan.ts";

export { appleSamples } from "./apple.ts";
export { CLINICAL_PLACES, clinicalSamples } from "./clinical.ts";
export { fileSamples, storedFiles } from "./files.ts";
export { ownFiles } from "./own.ts";
export { googleSamples } from "./google.ts";
export { pushSamples } from "./push.ts";
export { resourceSamples } from "./resources.ts";
export { WORKOUT_SAMPLES, workoutSamples } from "./workouts.ts";
export { vendorSamples } from "./vendors.ts";

/** How readings of a HealthKit type are read back. */
export interface SeriesOfType {
  readonly key: string;
  /** From the file's unit to the catalogue's; undefined where there is none. */
  readonly convert: ((value: number) => number | undefined) | undefined;
}

/** The series that a HealthKit type is stored in, where it has one of its own: not sleep, and not the halves of a blood pressure. */
export function seriesOfType(type: string, unit: string | undefined): SeriesOfType | undefined {
  const metric = metricByHealthKit(type);
  if (metric === undefined || metric.key === "sleep" || metric.key === "blood_pressure") return undefined;
  return { key: metric.key, convert: unit === undefined ? undefined : conversionOf(metric, unit) };
}
