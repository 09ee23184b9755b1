import type { BatchBuilder } from "../../health/batch";
import type { Source } from "../../health/reading";
import type { Device } from "./device";

export const VENDOR = "apple_health_export";
/** The app under which the day totals of activity rings are stored. */
export const ACTIVITY_SUMMARY_APP = "activity_summary";

const NO_DEVICE: Device = {};

/** Finds a source's index in the builder without making the source's key for every record. */
export class SourceIndex {
  readonly #builder: BatchBuilder;
  readonly #known = new Map<string, Map<Device, [automatic: number, manual: number]>>();

  constructor(builder: BatchBuilder) {
    this.#builder = builder;
  }

  /** The index for an app, a device (the same object for the same device) and whether a person typed the value in. */
  of(app: string, device: Device = NO_DEVICE, isManual = false): number {
    let byDevice = this.#known.get(app);
    if (byDevice === undefined) {
      byDevice = new Map();
      this.#known.set(app, byDevice);
    }
    let pair = byDevice.get(device);
    if (pair === undefined) {
      pair = [-1, -1];
      byDevice.set(device, pair);
    }
    const at = isManual ? 1 : 0;
    if (pair[at] === -1) pair[at] = this.#builder.source(sourceOf(app, device, isManual));
    return pair[at]!;
  }
}

/** The canonical source of something an export holds. */
export function sourceOf(app: string, device: Device | undefined, isManual: boolean): Source {
  return { vendor: VENDOR, ...(app !== "" && { app }), ...device, ...(isManual && { recordingMethod: "manual" }) };
}
