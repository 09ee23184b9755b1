import { problem } from "../problem";
import { AGGREGATOR_MODULE } from "./aggregator/module";
import { DEXCOM_MODULE } from "./dexcom/module";
import { GARMIN_MODULE } from "./garmin/module";
import { GOOGLE_HEALTH_MODULE } from "./google-health/module";
import { OURA_MODULE } from "./oura/module";
import { POLAR_MODULE } from "./polar/module";
import { STRAVA_MODULE } from "./strava/module";
import { SUUNTO_MODULE } from "./suunto/module";
import { ULTRAHUMAN_MODULE } from "./ultrahuman/module";
import { type RetiredVendor, type Vendor, vendorSchema, type VendorModule } from "./vendor";
import { WHOOP_MODULE } from "./whoop/module";
import { WITHINGS_MODULE } from "./withings/module";

/** Every vendor Meridian can pull from. Adding one is its own folder and one line here. */
export const VENDOR_MODULES: readonly VendorModule[] = [
  GOOGLE_HEALTH_MODULE,
  OURA_MODULE,
  WHOOP_MODULE,
  POLAR_MODULE,
  DEXCOM_MODULE,
  ULTRAHUMAN_MODULE,
  WITHINGS_MODULE,
  GARMIN_MODULE,
  STRAVA_MODULE,
  AGGREGATOR_MODULE,
  SUUNTO_MODULE,
];

/** Vendors people still ask for, whose interface is gone. */
const RETIRED: readonly RetiredVendor[] = [
  {
    id: "fitbit",
    title: "Fitbit Web API",
    status: "dead",
    successor: "google-health",
    hint: "Fitbit data now comes through Google Health: connect google-health instead.",
  },
  {
    id: "google-fit",
    title: "Google Fit",
    status: "dead",
    successor: "google-health",
    hint: "Google Fit has been shut down: connect google-health, or send data from the phone through Health Connect.",
  },
];

/** The vendors as data, live ones first. */
export const VENDORS: readonly Vendor[] = [
  ...VENDOR_MODULES.map((module) => vendorSchema.parse(module.vendor)),
  ...RETIRED.map((row) => vendorSchema.parse(row)),
];

const byId = new Map(VENDOR_MODULES.map((module) => [module.vendor.id, module]));

/** The live vendor of an id. Throws `vendor_retired` with a hint for a dead one, `not_found` for an unknown one. */
export function liveVendor(id: string): VendorModule {
  const module = byId.get(id);
  if (module !== undefined) return module;
  const retired = RETIRED.find((row) => row.id === id);
  if (retired !== undefined) throw problem("vendor_retired", retired.hint);
  throw problem("not_found", "No such vendor.");
}
