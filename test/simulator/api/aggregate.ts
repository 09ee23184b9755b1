/** The value of one roll-up window, in the shape the discovery document gives each type. */
import type { Point } from "../person.ts";
import { int64, round, seconds, textOf } from "../person/wire.ts";
import type { Json, JsonObject } from "../person/wire.ts";
import type { TypeInfo } from "../points/catalogue.ts";

const numberOf = (value: Json | undefined): number => (typeof value === "number" || typeof value === "string" ? Number(value) : 0);

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

function total(points: readonly Point[], read: (value: JsonObject) => number): number {
  return points.reduce((sum, point) => sum + read(point.value), 0);
}

/** Sums grouped by an enum field. */
function grouped(
  points: readonly Point[],
  keyOf: (value: JsonObject) => Json | undefined,
  read: (point: Point) => number,
): [string, number][] {
  const sums = new Map<string, number>();
  for (const point of points) {
    const key = textOf(keyOf(point.value));
    sums.set(key, (sums.get(key) ?? 0) + read(point));
  }
  return [...sums];
}

const lengthMs = (point: Point): number => point.endMs - point.startMs;

function spread(points: readonly Point[], field: string): { mean: number; min: number; max: number } {
  const values = points.map((point) => numberOf(point.value[field]));
  return {
    mean: round(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length), 4),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

function quantitySum(points: readonly Point[], field: string, unit: "kcal" | "grams"): JsonObject {
  return {
    [`${unit}Sum`]: round(
      total(points, (value) => numberOf(objectOf(value[field])[unit])),
      4,
    ),
  };
}

function nutrientSums(points: readonly Point[]): JsonObject[] {
  const sums = new Map<string, number>();
  for (const entry of points.flatMap((point) => listOf(point.value["nutrients"]))) {
    const name = textOf(entry["nutrient"]);
    sums.set(name, (sums.get(name) ?? 0) + numberOf(objectOf(entry["quantity"])["grams"]));
  }
  return [...sums].map(([nutrient, gramsSum]) => ({ nutrient, quantity: { gramsSum: round(gramsSum, 4) } }));
}

/** Union field of the roll-up; the daily heart types roll up to a personal range. */
export function rollUpField(info: TypeInfo): string {
  if (info.name === "daily-resting-heart-rate") return "restingHeartRatePersonalRange";
  if (info.name === "daily-heart-rate-variability") return "heartRateVariabilityPersonalRange";
  return info.field;
}

type Aggregator = (points: readonly Point[]) => JsonObject;

const AGGREGATORS: Partial<Record<TypeInfo["name"], Aggregator>> = {
  steps: (points) => ({ countSum: int64(total(points, (v) => numberOf(v["count"]))) }),
  floors: (points) => ({ countSum: int64(total(points, (v) => numberOf(v["count"]))) }),
  distance: (points) => ({ millimetersSum: int64(total(points, (v) => numberOf(v["millimeters"]))) }),
  altitude: (points) => ({ gainMillimetersSum: int64(total(points, (v) => numberOf(v["gainMillimeters"]))) }),
  "active-energy-burned": (points) => ({
    kcalSum: round(
      total(points, (v) => numberOf(v["kcal"])),
      3,
    ),
  }),
  "total-calories": (points) => ({
    kcalSum: round(
      total(points, (v) => numberOf(v["kcal"])),
      3,
    ),
  }),
  "swim-lengths-data": (points) => ({ strokeCountSum: int64(total(points, (v) => numberOf(v["strokeCount"]))) }),
  "sedentary-period": (points) => ({ durationSum: seconds(points.reduce((sum, point) => sum + lengthMs(point), 0)) }),
  "active-zone-minutes": (points) => {
    const sums = new Map(
      grouped(
        points,
        (v) => v["heartRateZone"],
        (point) => numberOf(point.value["activeZoneMinutes"]),
      ),
    );
    return {
      sumInFatBurnHeartZone: int64(sums.get("FAT_BURN") ?? 0),
      sumInCardioHeartZone: int64(sums.get("CARDIO") ?? 0),
      sumInPeakHeartZone: int64(sums.get("PEAK") ?? 0),
    };
  },
  "active-minutes": (points) => {
    const level = (v: JsonObject): JsonObject => listOf(v["activeMinutesByActivityLevel"])[0] ?? {};
    const rows = grouped(
      points,
      (v) => level(v)["activityLevel"],
      (point) => numberOf(level(point.value)["activeMinutes"]),
    );
    return { activeMinutesRollupByActivityLevel: rows.map(([activityLevel, sum]) => ({ activityLevel, activeMinutesSum: int64(sum) })) };
  },
  "activity-level": (points) => ({
    activityLevelRollupsByActivityLevelType: grouped(points, (v) => v["activityLevelType"], lengthMs).map(([activityLevelType, ms]) => ({
      activityLevelType,
      totalDuration: seconds(ms),
    })),
  }),
  "time-in-heart-rate-zone": (points) => ({
    timeInHeartRateZones: grouped(points, (v) => v["heartRateZoneType"], lengthMs).map(([heartRateZone, ms]) => ({
      heartRateZone,
      duration: seconds(ms),
    })),
  }),
  "calories-in-heart-rate-zone": (points) => ({
    caloriesInHeartRateZones: grouped(
      points,
      (v) => v["heartRateZone"],
      (point) => numberOf(point.value["kcal"]),
    ).map(([heartRateZone, kcal]) => ({ heartRateZone, kcal: round(kcal, 3) })),
  }),
  "heart-rate": (points) => {
    const { mean, min, max } = spread(points, "beatsPerMinute");
    return { beatsPerMinuteAvg: mean, beatsPerMinuteMax: max, beatsPerMinuteMin: min };
  },
  "run-vo2-max": (points) => {
    const { mean, min, max } = spread(points, "runVo2Max");
    return { rateAvg: mean, rateMax: max, rateMin: min };
  },
  weight: (points) => ({ weightGramsAvg: spread(points, "weightGrams").mean }),
  "body-fat": (points) => ({ bodyFatPercentageAvg: spread(points, "percentage").mean }),
  "blood-glucose": (points) => ({ bloodGlucoseMilligramsPerDeciliterAvg: spread(points, "bloodGlucoseMilligramsPerDeciliter").mean }),
  "core-body-temperature": (points) => {
    const { mean, min, max } = spread(points, "temperatureCelsius");
    return { temperatureCelsiusAvg: mean, temperatureCelsiusMax: max, temperatureCelsiusMin: min };
  },
  "hydration-log": (points) => ({
    amountConsumed: {
      millilitersSum: total(points, (v) => numberOf(objectOf(v["amountConsumed"])["milliliters"])),
      userProvidedUnitLast: objectOf(points.at(-1)?.value["amountConsumed"])["userProvidedUnit"],
    },
  }),
  "nutrition-log": (points) => ({
    energy: quantitySum(points, "energy", "kcal"),
    energyFromFat: quantitySum(points, "energyFromFat", "kcal"),
    totalCarbohydrate: quantitySum(points, "totalCarbohydrate", "grams"),
    totalFat: quantitySum(points, "totalFat", "grams"),
    nutrients: nutrientSums(points),
  }),
  "daily-resting-heart-rate": (points) => {
    const { min, max } = spread(points, "beatsPerMinute");
    return { beatsPerMinuteMin: min, beatsPerMinuteMax: max };
  },
  "daily-heart-rate-variability": (points) => {
    const { min, max } = spread(points, "averageHeartRateVariabilityMilliseconds");
    return { averageHeartRateVariabilityMillisecondsMin: min, averageHeartRateVariabilityMillisecondsMax: max };
  },
};

/** Aggregates the points of a window; types without a roll-up give an empty value. */
export function aggregate(info: TypeInfo, points: readonly Point[]): JsonObject {
  return AGGREGATORS[info.name]?.(points) ?? {};
}
