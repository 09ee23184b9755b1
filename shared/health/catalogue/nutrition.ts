import type { SnomedCode } from "../codes";
import { type Bounds, defineMetrics, loinc, type MetricRow, pghd, snomed } from "./metric";

const intake = (key: string, code: number, title: string, unit: string, bounds: Bounds, rest: Partial<MetricRow>): MetricRow => ({
  key,
  code,
  title,
  kind: "interval",
  also: ["daily"],
  aggregation: "sum",
  unit,
  bounds,
  ...rest,
});

interface NutrientOptions {
  readonly snomedCode?: SnomedCode;
  /** Name within PGHD (`dietary…`), HealthKit (`Dietary…`) and Health Connect where it is not the key in camel case. */
  readonly name?: string;
  readonly healthConnect?: string;
  readonly google?: string;
  readonly healthKit?: false;
}

/**
 * A nutrient taken in. `limit` is the most one record or day may plausibly hold, in `unit`: roughly fifty times a usual
 * day, so that grams mistaken for milligrams stand out. LOINC intake terms are day totals or fix a method and are left
 * out. Health Connect and Google state every mass in grams.
 */
const nutrient = (
  key: string,
  code: number,
  title: string,
  unit: "g" | "mg" | "ug",
  limit: number,
  options: NutrientOptions = {},
): MetricRow => {
  const camel = key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const record = options.healthConnect ?? camel;
  const name = options.name ?? camel.charAt(0).toUpperCase() + camel.slice(1);
  return intake(`nutrient.${key}`, code, title, unit, [0, limit], {
    codings: [pghd(`dietary${name}`), ...(options.snomedCode ? [snomed(options.snomedCode)] : [])],
    ...(options.healthKit !== false && { hk: `Dietary${name}` }),
    hc: `Nutrition.${record}`,
    ...(unit !== "g" && { hcUnit: "g" }),
    vendor: { google_health: [options.google ?? `nutrients.${key.toUpperCase()}`] },
  });
};

/** Meals, energy, water and nutrients. All bounds are Meridian's proposal. */
export const NUTRITION_METRICS = defineMetrics({ sensitivity: "nutrition", category: "social-history" }, [
  {
    key: "meal",
    code: 1101,
    title: "Meal",
    kind: "event",
    aggregation: "count",
    unit: "",
    codings: [loinc("80453-4"), pghd("food")],
    hkOther: ["HKCorrelationTypeIdentifierFood"],
    hc: "Nutrition",
    vendor: { google_health: ["nutritionLog"] },
  },
  intake("dietary_energy", 1102, "Dietary energy", "kcal", [0, 30_000], {
    codings: [loinc("9052-2"), pghd("dietaryEnergyConsumed"), snomed("787787004")],
    hk: "DietaryEnergyConsumed",
    hc: "Nutrition.energy",
    vendor: { google_health: ["nutritionLog.energy"] },
  }),
  intake("dietary_energy_from_fat", 1103, "Dietary energy from fat", "kcal", [0, 30_000], {
    codings: [pghd("dietaryEnergyFromFat")],
    hc: "Nutrition.energyFromFat",
    vendor: { google_health: ["nutritionLog.energyFromFat"] },
  }),
  intake("water_intake", 1104, "Water", "mL", [0, 30_000], {
    codings: [loinc("8999-5"), pghd("dietaryWater"), snomed("226354008")],
    hk: "DietaryWater",
    hkUnit: "L",
    hc: "Hydration.volume",
    hcUnit: "L",
    vendor: {
      google_health: ["hydrationLog.amountConsumed.milliliters"],
      fitbit: ["summary.water"],
    },
  }),
  intake("alcohol_drinks", 1105, "Alcoholic drinks", "{drinks}", [0, 100], {
    codings: [pghd("numberOfAlcoholicBeverages")],
    hk: "NumberOfAlcoholicBeverages",
    hc: "AlcoholConsumption",
  }),

  nutrient("carbohydrates", 1201, "Carbohydrates", "g", 10_000, {
    snomedCode: "788472008",
    healthConnect: "totalCarbohydrate",
    google: "nutritionLog.totalCarbohydrate",
  }),
  nutrient("protein", 1202, "Protein", "g", 5000, { snomedCode: "874875003" }),
  nutrient("fat_total", 1203, "Total fat", "g", 5000, {
    healthConnect: "totalFat",
    google: "nutritionLog.totalFat",
  }),
  nutrient("fat_saturated", 1204, "Saturated fat", "g", 5000, {
    healthConnect: "saturatedFat",
    google: "nutrients.SATURATED_FAT",
  }),
  nutrient("fat_monounsaturated", 1205, "Monounsaturated fat", "g", 5000, {
    healthConnect: "monounsaturatedFat",
    google: "nutrients.MONOUNSATURATED_FAT",
  }),
  nutrient("fat_polyunsaturated", 1206, "Polyunsaturated fat", "g", 5000, {
    healthConnect: "polyunsaturatedFat",
    google: "nutrients.POLYUNSATURATED_FAT",
  }),
  nutrient("fat_unsaturated", 1207, "Unsaturated fat", "g", 5000, {
    healthConnect: "unsaturatedFat",
    google: "nutrients.UNSATURATED_FAT",
    healthKit: false,
  }),
  nutrient("fat_trans", 1208, "Trans fat", "g", 2000, {
    name: "TransFat",
    healthConnect: "transFat",
    google: "nutrients.TRANS_FAT",
    healthKit: false,
  }),
  nutrient("fibre", 1209, "Fibre", "g", 2000, {
    name: "Fiber",
    healthConnect: "dietaryFiber",
    google: "nutrients.DIETARY_FIBER",
    snomedCode: "876831004",
  }),
  nutrient("sugar", 1210, "Sugar", "g", 10_000, { snomedCode: "226459004" }),
  nutrient("cholesterol", 1211, "Cholesterol", "mg", 20_000),
  nutrient("sodium", 1212, "Sodium", "mg", 100_000, { snomedCode: "1148504005" }),
  nutrient("potassium", 1213, "Potassium", "mg", 100_000),
  nutrient("calcium", 1214, "Calcium", "mg", 50_000),
  nutrient("iron", 1215, "Iron", "mg", 2000),
  nutrient("magnesium", 1216, "Magnesium", "mg", 20_000),
  nutrient("zinc", 1217, "Zinc", "mg", 1000),
  nutrient("copper", 1218, "Copper", "ug", 100_000),
  nutrient("manganese", 1219, "Manganese", "mg", 500),
  nutrient("chromium", 1220, "Chromium", "ug", 10_000),
  nutrient("molybdenum", 1221, "Molybdenum", "ug", 20_000),
  nutrient("selenium", 1222, "Selenium", "ug", 20_000),
  nutrient("iodine", 1223, "Iodine", "ug", 100_000),
  nutrient("chloride", 1224, "Chloride", "mg", 100_000),
  nutrient("phosphorus", 1225, "Phosphorus", "mg", 50_000),
  nutrient("vitamin_a", 1226, "Vitamin A", "ug", 200_000),
  nutrient("thiamin", 1227, "Thiamin (vitamin B1)", "mg", 2000),
  nutrient("riboflavin", 1228, "Riboflavin (vitamin B2)", "mg", 2000),
  nutrient("niacin", 1229, "Niacin (vitamin B3)", "mg", 10_000),
  nutrient("pantothenic_acid", 1230, "Pantothenic acid (vitamin B5)", "mg", 5000),
  nutrient("vitamin_b6", 1231, "Vitamin B6", "mg", 2000),
  nutrient("biotin", 1232, "Biotin (vitamin B7)", "ug", 100_000),
  nutrient("folate", 1233, "Folate (vitamin B9)", "ug", 50_000),
  // Never added to folate.
  nutrient("folic_acid", 1234, "Folic acid", "ug", 50_000, { healthKit: false }),
  nutrient("vitamin_b12", 1235, "Vitamin B12", "ug", 20_000),
  nutrient("vitamin_c", 1236, "Vitamin C", "mg", 50_000),
  nutrient("vitamin_d", 1237, "Vitamin D", "ug", 20_000),
  nutrient("vitamin_e", 1238, "Vitamin E", "mg", 5000),
  nutrient("vitamin_k", 1239, "Vitamin K", "ug", 50_000),
  nutrient("caffeine", 1240, "Caffeine", "mg", 10_000, { snomedCode: "1208604004" }),
]);
