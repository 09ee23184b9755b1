/** What the person writes down: water, food, mood, symptoms. */
import { MINUTE } from "../person/civil.ts";
import { planOf } from "../person/day-plan.ts";
import { between, chance, pick, unit } from "../person/random.ts";
import type { Person } from "../person/traits.ts";
import { interval, round, sampleTime } from "../person/wire.ts";
import type { JsonObject } from "../person/wire.ts";
import type { Draft, Generator } from "./point.ts";
import { cycleDayOf } from "./medical.ts";

/** Energy (kcal), carbohydrate, fat, protein, fibre, sugar, sodium (g) of a usual portion. */
type Dish = readonly [
  name: string,
  kcal: number,
  carbs: number,
  fat: number,
  protein: number,
  fibre: number,
  sugar: number,
  sodium: number,
];

const DISHES: Record<string, readonly [Dish, ...Dish[]]> = {
  BREAKFAST: [
    ["Porridge with berries", 380, 58, 9, 14, 8, 14, 0.2],
    ["Wholegrain toast with eggs", 420, 34, 20, 24, 5, 4, 0.7],
    ["Yoghurt and muesli", 360, 48, 11, 17, 6, 20, 0.15],
  ],
  LUNCH: [
    ["Lentil salad", 520, 58, 18, 27, 15, 8, 0.9],
    ["Chicken wrap", 610, 62, 22, 38, 6, 6, 1.4],
    ["Vegetable curry with rice", 640, 92, 20, 18, 10, 12, 1.1],
  ],
  DINNER: [
    ["Salmon with potatoes", 690, 52, 32, 42, 7, 5, 0.9],
    ["Pasta with tomato sauce", 720, 108, 19, 24, 9, 13, 1.2],
    ["Bean chili", 640, 74, 20, 34, 18, 11, 1.3],
  ],
  SNACK: [
    ["Apple and almonds", 240, 27, 14, 6, 7, 19, 0],
    ["Protein bar", 210, 20, 8, 20, 4, 3, 0.2],
    ["Banana", 105, 27, 0.4, 1.3, 3, 14, 0],
  ],
};
const PLEASANT = ["HAPPY", "CONTENT", "CALM", "ENERGIZED", "GRATEFUL", "SATISFIED"] as const;
const UNPLEASANT = ["STRESSED", "ANXIOUS", "IRRITATED", "SAD", "FATIGUED"] as const;

const grams = (value: number): JsonObject => ({ grams: round(value, 2) });

function meal(person: Person, kind: string, atMs: number): Draft {
  const dishes = DISHES[kind] ?? DISHES["SNACK"];
  const dish: Dish = dishes ? pick(dishes, person.key, "dish", atMs / MINUTE) : ["Meal", 500, 60, 18, 22, 6, 8, 0.8];
  const size = between(0.8, 1.25, person.key, "portion", atMs / MINUTE);
  const [name, kcal, carbs, fat, protein, fibre, sugar, sodium] = dish;
  const endMs = atMs + 15 * MINUTE;
  return {
    startMs: atMs,
    endMs,
    origin: "manual",
    value: {
      interval: interval(person.zone, atMs, endMs),
      foodDisplayName: name,
      mealType: kind,
      energy: { kcal: round(kcal * size, 1) },
      energyFromFat: { kcal: round(fat * size * 9, 1) },
      totalCarbohydrate: grams(carbs * size),
      totalFat: grams(fat * size),
      nutrients: [
        { nutrient: "CARBOHYDRATES", quantity: grams(carbs * size) },
        { nutrient: "PROTEIN", quantity: grams(protein * size) },
        { nutrient: "DIETARY_FIBER", quantity: grams(fibre * size) },
        { nutrient: "SUGAR", quantity: grams(sugar * size) },
        { nutrient: "SODIUM", quantity: grams(sodium * size) },
      ],
      serving: { amount: round(size, 2), foodMeasurementUnit: "foodMeasurementUnits/304", foodMeasurementUnitDisplayName: "serving" },
    },
  };
}

export const logGenerators = {
  "hydration-log": (person, day) => {
    const plan = planOf(person, day);
    const count = 3 + Math.floor(unit(person.key, "glasses", day) * 5);
    return Array.from({ length: count }, (_, i): Draft => {
      const share = (i + unit(person.key, "sip", day, i) * 0.8) / count;
      const ms = Math.round((plan.slept.endMs + 20 * MINUTE + share * 14 * 60 * MINUTE) / MINUTE) * MINUTE;
      const milliliters = pick([200, 250, 250, 330, 500], person.key, "glass", day, i);
      return {
        startMs: ms,
        endMs: ms,
        origin: "manual",
        value: { interval: interval(person.zone, ms, ms), amountConsumed: { milliliters, userProvidedUnit: "MILLILITER" } },
      };
    });
  },
  "nutrition-log": (person, day) =>
    planOf(person, day)
      .mealTimes.filter(({ meal: kind }) => chance(0.85, person.key, "logged", day, kind))
      .map(({ meal: kind, atMs }) => meal(person, kind, atMs)),
  moods: (person, day) => {
    if (!chance(0.7, person.key, "mood-logged", day)) return [];
    const plan = planOf(person, day);
    const ms = plan.startMs + Math.round(20 * 60 + unit(person.key, "mood-time", day) * 90) * MINUTE;
    const good = unit(person.key, "mood", day) + (plan.workouts.length ? 0.2 : 0) - (plan.ill ? 0.5 : 0) > 0.35;
    const value = good
      ? { moods: [pick(PLEASANT, person.key, "feeling", day)], valences: ["PLEASANT"] }
      : { moods: [pick(UNPLEASANT, person.key, "feeling", day)], valences: ["UNPLEASANT"] };
    return [{ startMs: ms, endMs: ms, origin: "manual", value: { sampleTime: sampleTime(person.zone, ms), ...value } }];
  },
  symptoms: (person, day) => {
    const plan = planOf(person, day);
    const found: string[] = [];
    if (plan.ill) found.push("FEVER", "FATIGUE", pick(["COUGH", "SICK", "HEADACHE"], person.key, "symptom", day));
    const cycleDay = cycleDayOf(person, day);
    if (cycleDay !== undefined && cycleDay < 2) found.push("CRAMPS");
    if (!found.length && chance(0.06, person.key, "odd-symptom", day))
      found.push(pick(["HEADACHE", "BACK_PAIN", "BLOATED", "INSOMNIA"], person.key, "odd", day));
    const ms = plan.startMs + Math.round(11 * 60 + unit(person.key, "symptom-time", day) * 300) * MINUTE;
    return found.length
      ? [{ startMs: ms, endMs: ms, origin: "manual", value: { sampleTime: sampleTime(person.zone, ms), symptoms: found } }]
      : [];
  },
} satisfies Record<string, Generator>;
