import * as z from "zod";
import { civilDateTime, duration, int64 } from "./fields";
import { ACTIVE_LEVELS } from "./map-activity";
import { mapper, type Mapper } from "./mapper";
import { type Point, Rejection } from "./point";

/** The day a roll-up speaks of: exactly one, since we ask for windows of one day. */
export const rollupDaySchema = z
  .object({ civilStartTime: civilDateTime, civilEndTime: civilDateTime })
  .refine(
    (r) => r.civilStartTime.date !== r.civilEndTime.date && r.civilEndTime.wallMs - r.civilStartTime.wallMs <= 86_400_000,
    "not one day",
  )
  .transform((r) => r.civilStartTime.date);

type RollupMapper = (date: string) => Mapper;

function total<F extends string, S extends z.ZodType<number>>(
  field: string,
  member: F,
  number: S,
  metric: string,
  factor = 1,
): RollupMapper {
  const schema = z.object({ [member]: number } as { [K in F]: S });
  return (date) => mapper(field, schema, (value, p: Point) => p.daily(metric, date, (value as Record<F, number>)[member] * factor));
}

/** Google's totals of a civil day, merged over the person's devices, by data type. */
export const ROLLUP_MAPPERS: Readonly<Record<string, RollupMapper>> = {
  "total-calories": total("totalCalories", "kcalSum", z.number(), "energy_total"),
  steps: total("steps", "countSum", int64, "steps"),
  distance: total("distance", "millimetersSum", int64, "distance_walk_run", 0.001),
  floors: total("floors", "countSum", int64, "floors"),
  altitude: total("altitude", "gainMillimetersSum", int64, "elevation_gain", 0.001),
  "active-energy-burned": total("activeEnergyBurned", "kcalSum", z.number(), "energy_active"),
  "sedentary-period": total("sedentaryPeriod", "durationSum", duration, "sedentary_minutes", 1 / 60),
  "active-minutes": (date) =>
    mapper(
      "activeMinutes",
      z.object({ activeMinutesRollupByActivityLevel: z.array(z.object({ activityLevel: z.string(), activeMinutesSum: int64 })) }),
      (value, p) => {
        if (value.activeMinutesRollupByActivityLevel.length === 0) throw new Rejection("no_value");
        for (const { activityLevel, activeMinutesSum } of value.activeMinutesRollupByActivityLevel) {
          const metric = ACTIVE_LEVELS[activityLevel];
          if (metric !== undefined) p.daily(metric, date, activeMinutesSum);
        }
      },
    ),
};
