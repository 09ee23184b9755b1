import * as z from "zod";
import { metric as metricOf } from "../../health/catalogue";
import { mealAttributes } from "../../health/meal";
import { convert } from "../../health/units";
import { interval, label, note, sampleTime } from "./fields";
import { mapper } from "./mapper";
import { known, Rejection } from "./point";
import { SYMPTOMS } from "./symptoms";

const grams = z.object({ grams: z.number() });
const kcal = z.object({ kcal: z.number() });

/** Google's nutrients → catalogue; quantities come in grams. */
const NUTRIENTS: Readonly<Record<string, string>> = {
  BIOTIN: "biotin",
  CAFFEINE: "caffeine",
  CALCIUM: "calcium",
  CHLORIDE: "chloride",
  CARBOHYDRATES: "carbohydrates",
  CHOLESTEROL: "cholesterol",
  CHROMIUM: "chromium",
  COPPER: "copper",
  DIETARY_FIBER: "fibre",
  FOLATE: "folate",
  FOLIC_ACID: "folic_acid",
  IODINE: "iodine",
  IRON: "iron",
  MAGNESIUM: "magnesium",
  MANGANESE: "manganese",
  MOLYBDENUM: "molybdenum",
  MONOUNSATURATED_FAT: "fat_monounsaturated",
  NIACIN: "niacin",
  PANTOTHENIC_ACID: "pantothenic_acid",
  PHOSPHORUS: "phosphorus",
  POLYUNSATURATED_FAT: "fat_polyunsaturated",
  POTASSIUM: "potassium",
  PROTEIN: "protein",
  RIBOFLAVIN: "riboflavin",
  SATURATED_FAT: "fat_saturated",
  SELENIUM: "selenium",
  SODIUM: "sodium",
  SUGAR: "sugar",
  THIAMIN: "thiamin",
  TRANS_FAT: "fat_trans",
  UNSATURATED_FAT: "fat_unsaturated",
  VITAMIN_A: "vitamin_a",
  VITAMIN_B12: "vitamin_b12",
  VITAMIN_B6: "vitamin_b6",
  VITAMIN_C: "vitamin_c",
  VITAMIN_D: "vitamin_d",
  VITAMIN_E: "vitamin_e",
  VITAMIN_K: "vitamin_k",
  ZINC: "zinc",
};

const nutrition = z.object({
  interval,
  energy: kcal.optional(),
  energyFromFat: kcal.optional(),
  totalCarbohydrate: grams.optional(),
  totalFat: grams.optional(),
  nutrients: z
    .array(z.object({ nutrient: z.string(), quantity: grams }))
    .max(100)
    .default([]),
  mealType: z.string().optional(),
  foodDisplayName: z.string().max(500).optional(),
  serving: z.object({ amount: z.number().optional(), foodMeasurementUnitDisplayName: z.string().max(100).optional() }).optional(),
});

/** Food, drink, cycle, mood and symptoms: what people log themselves. */
export const LIFE_MAPPERS = {
  "hydration-log": mapper("hydrationLog", z.object({ interval, amountConsumed: z.object({ milliliters: z.number() }) }), (v, p) =>
    p.interval("water_intake", v.interval, v.amountConsumed.milliliters),
  ),
  "nutrition-log": mapper("nutritionLog", nutrition, (v, p) => {
    const amounts = nutrientsOf(v);
    if (v.energy !== undefined) p.interval("dietary_energy", v.interval, v.energy.kcal);
    if (v.energyFromFat !== undefined) p.interval("dietary_energy_from_fat", v.interval, v.energyFromFat.kcal);
    for (const [key, value] of amounts) p.interval(key, v.interval, value);
    const { serving } = v;
    const mealType = label(v.mealType);
    p.reading("meal", "event", v.interval, {
      value: null,
      text: mealType,
      attributes: mealAttributes({
        name: v.foodDisplayName,
        mealType,
        serving: serving && known({ amount: serving.amount, unit: serving.foodMeasurementUnitDisplayName }),
        nutrients: { ...(v.energy !== undefined && { dietary_energy: v.energy.kcal }), ...Object.fromEntries(amounts) },
      }),
    });
  }),
  "menstrual-period": mapper("menstrualPeriod", z.object({ interval, notes: note }), (v, p) =>
    p.reading("menstrual_period", "event", v.interval, { value: null, attributes: known({ notes: v.notes }) }),
  ),
  "ovulation-test": mapper("ovulationTest", z.object({ result: z.string(), sampleTime }), (v, p) => {
    const text = label(v.result);
    if (text === undefined) throw new Rejection("no_value");
    p.reading("ovulation_test", "event", instantly(v.sampleTime), { value: null, text });
  }),
  // The valence is a word of three, not a number: it stays a word.
  moods: mapper(
    "moods",
    z.object({ moods: z.array(z.string()).max(100).default([]), valences: z.array(z.string()).max(100).default([]), sampleTime }),
    (v, p) => {
      const moods = labels(v.moods);
      const valences = labels(v.valences);
      if (moods.length + valences.length === 0) throw new Rejection("no_value");
      p.reading("state_of_mind", "event", instantly(v.sampleTime), { value: null, attributes: { moods, valences } });
    },
  ),
  symptoms: mapper("symptoms", z.object({ symptoms: z.array(z.string()).max(100), sampleTime }), (v, p) => {
    const names = v.symptoms.filter((name) => label(name) !== undefined);
    if (names.length === 0) throw new Rejection("no_value");
    for (const name of names) {
      const symptom = SYMPTOMS[name];
      if (symptom === undefined) p.keepApart(`symptom.${name.toLowerCase()}`, v.sampleTime.at, "no_metric");
      else
        p.reading(symptom[0], "event", instantly(v.sampleTime), {
          value: null,
          text: symptom[1],
          id: p.id === undefined ? undefined : `${p.id}/${name}`,
        });
    }
  }),
};

const instantly = (time: { at: number; zone: number }) => ({ start: time.at, end: time.at, zone: time.zone });
const labels = (values: readonly string[]): string[] => values.flatMap((value) => label(value) ?? []);

/** Nutrients by catalogue key in the catalogue's unit. The two totals win over entries of the same nutrient in the list. */
function nutrientsOf(log: z.output<typeof nutrition>): ReadonlyMap<string, number> {
  const amounts = new Map<string, number>();
  const put = (name: string | undefined, quantity: { grams: number } | undefined): void => {
    if (name === undefined || quantity === undefined) return;
    const key = `nutrient.${name}`;
    const unit = metricOf(key)?.unit;
    if (unit !== undefined) amounts.set(key, convert(quantity.grams, "g", unit));
  };
  for (const { nutrient, quantity } of log.nutrients) put(NUTRIENTS[nutrient], quantity);
  put("carbohydrates", log.totalCarbohydrate);
  put("fat_total", log.totalFat);
  return amounts;
}
