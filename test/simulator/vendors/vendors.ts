/** The vendors beside Google, each below a path of its own; adding one is a folder and a line. */
import { AGGREGATOR } from "./aggregator/simulate.ts";
import { DEXCOM } from "./dexcom/simulate.ts";
import { GARMIN } from "./garmin/simulate.ts";
import { OURA } from "./oura/simulate.ts";
import { POLAR } from "./polar/simulate.ts";
import { ULTRAHUMAN } from "./ultrahuman/simulate.ts";
import { STRAVA } from "./strava/simulate.ts";
import { SUUNTO } from "./suunto/simulate.ts";
import type { SimulatedVendor } from "./vendor.ts";
import { WHOOP } from "./whoop/simulate.ts";
import { WITHINGS } from "./withings/simulate.ts";

const VENDORS: readonly SimulatedVendor[] = [OURA, WHOOP, POLAR, DEXCOM, ULTRAHUMAN, GARMIN, WITHINGS, STRAVA, SUUNTO, AGGREGATOR];

const byId = new Map(VENDORS.map((vendor) => [vendor.id, vendor]));

/** The vendor of an id. */
export function simulatedVendor(id: string): SimulatedVendor | undefined {
  return byId.get(id);
}

/** The vendor that a path belongs to, with the rest of the path. */
export function vendorAt(path: string): { vendor: SimulatedVendor; rest: string } | undefined {
  const [, id = "", ...rest] = path.split("/");
  const vendor = byId.get(id);
  return vendor && { vendor, rest: `/${rest.join("/")}` };
}
