import type { Source } from "../health/reading";
import { isForPersonAlone } from "../vendors/source-policy";

/**
 * How far a source is believed. `device`: a phone's store, a vendor's interface or a live stream tells what a device measured. `file`: a file of
 * a vendor or of a device, which its person brought. `manual`: somebody typed it in, or could have written it: a table of their own.
 */
export const TRUST = ["device", "file", "manual"] as const;
export type Trust = (typeof TRUST)[number];

/** Doors at which devices speak, beside the connections of vendors. */
const DEVICE_DOORS: ReadonlySet<string> = new Set(["healthkit", "health_connect", "samsung_health", "live"]);
/** Forms that devices and vendors write, and people do not by hand. */
const FILE_DOORS: ReadonlySet<string> = new Set([
  "apple_health_export",
  "fit_file",
  "google_fit",
  "fitbit",
  "garmin",
  "oura",
  "whoop",
  "polar",
  "withings",
]);

/** How far a source is believed; what nothing is known of is as good as typed in. */
export function trustOf({ vendor, connection, recordingMethod }: Source): Trust {
  if (recordingMethod === "manual" || vendor === "manual") return "manual";
  if (connection !== undefined || DEVICE_DOORS.has(vendor)) return "device";
  return FILE_DOORS.has(vendor) ? "file" : "manual";
}

/** Why a source does not count in a challenge. */
export type Unfit = "manual_excluded" | "file_excluded" | "kept_for_its_person";

/** Why a source does not count where at least some trust is asked for; undefined where it counts. */
export function unfitness(source: Source, least: Trust): Unfit | undefined {
  // A rank is shown to others, and what a vendor shows to its person alone must not be in it.
  if (isForPersonAlone(source.vendor)) return "kept_for_its_person";
  const trust = trustOf(source);
  if (TRUST.indexOf(trust) <= TRUST.indexOf(least)) return undefined;
  return trust === "file" ? "file_excluded" : "manual_excluded";
}
