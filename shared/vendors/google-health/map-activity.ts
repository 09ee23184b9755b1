import * as z from "zod";
import { int64, interval } from "./fields";
import { mapper } from "./mapper";

const MM_PER_M = 1000;

/**
 * Movement and energy, as intervals. `activityLevel` is left out on purpose: it tells the same minutes as `activeMinutes`, and only
 * one of the two may count.
 */
export const ACTIVITY_MAPPERS = {
  steps: mapper("steps", z.object({ count: int64, interval }), (v, p) => p.interval("steps", v.interval, v.count)),
  distance: mapper("distance", z.object({ millimeters: int64, interval }), (v, p) =>
    p.interval("distance_walk_run", v.interval, v.millimeters / MM_PER_M),
  ),
  floors: mapper("floors", z.object({ count: int64, interval }), (v, p) => p.interval("floors", v.interval, v.count)),
  // The gain may be negative: the vault judges it by the metric's bounds.
  altitude: mapper("altitude", z.object({ gainMillimeters: int64, interval }), (v, p) =>
    p.interval("elevation_gain", v.interval, v.gainMillimeters / MM_PER_M),
  ),
  "active-energy-burned": mapper("activeEnergyBurned", z.object({ kcal: z.number(), interval }), (v, p) =>
    p.interval("energy_active", v.interval, v.kcal),
  ),
  "basal-energy-burned": mapper("basalEnergyBurned", z.object({ kcal: z.number(), interval }), (v, p) =>
    p.interval("energy_basal", v.interval, v.kcal),
  ),
  // Weighted by Google: a minute in the fat-burn zone counts 1, in cardio and peak 2. Never exercise minutes.
  "active-zone-minutes": mapper("activeZoneMinutes", z.object({ activeZoneMinutes: int64, interval }), (v, p) =>
    p.interval("active_zone_minutes", v.interval, v.activeZoneMinutes),
  ),
  "active-minutes": mapper(
    "activeMinutes",
    z.object({ activeMinutesByActivityLevel: z.array(z.object({ activityLevel: z.string(), activeMinutes: int64 })), interval }),
    (v, p) => {
      for (const { activityLevel, activeMinutes } of v.activeMinutesByActivityLevel) {
        const metric = ACTIVE_LEVELS[activityLevel];
        if (metric !== undefined) p.interval(metric, v.interval, activeMinutes);
      }
    },
  ),
  "sedentary-period": mapper("sedentaryPeriod", z.object({ interval }), (v, p) =>
    p.interval("sedentary_minutes", v.interval, (v.interval.end - v.interval.start) / 60_000),
  ),
  "swim-lengths-data": mapper("swimLengthsData", z.object({ strokeCount: int64, interval }), (v, p) =>
    p.interval("swim_strokes", v.interval, v.strokeCount),
  ),
};

/** Light activity has no metric of its own. */
export const ACTIVE_LEVELS: Readonly<Record<string, string>> = { MODERATE: "moderate_minutes", VIGOROUS: "vigorous_minutes" };
