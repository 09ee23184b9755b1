import type { Source } from "../../health/reading";

/** What a Fitbit measured by itself, whichever way it comes. */
export const FITBIT_SOURCE: Source = { vendor: "fitbit", recordingMethod: "automatic" };
