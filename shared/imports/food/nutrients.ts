/** Nutrients as food diaries head their columns, in lower case and without the unit. The first that fits counts. */
const NUTRIENTS: readonly (readonly [heading: RegExp, metric: string, unit: string])[] = [
  [/^(?:energy|calories|kilojoules)$/, "dietary_energy", "kcal"],
  [/^(?:carbs|carbohydrates?)$/, "nutrient.carbohydrates", "g"],
  [/^protein$/, "nutrient.protein", "g"],
  [/^(?:fat|total fat)$/, "nutrient.fat_total", "g"],
  [/^saturated(?: fat)?$/, "nutrient.fat_saturated", "g"],
  [/^monounsaturated(?: fat)?$/, "nutrient.fat_monounsaturated", "g"],
  [/^polyunsaturated(?: fat)?$/, "nutrient.fat_polyunsaturated", "g"],
  [/^trans[- ]fats?$/, "nutrient.fat_trans", "g"],
  [/^(?:fib(?:er|re)|dietary fib(?:er|re))$/, "nutrient.fibre", "g"],
  [/^sugars?$/, "nutrient.sugar", "g"],
  [/^cholesterol$/, "nutrient.cholesterol", "mg"],
  [/^sodium$/, "nutrient.sodium", "mg"],
  [/^potassium$/, "nutrient.potassium", "mg"],
  [/^calcium$/, "nutrient.calcium", "mg"],
  [/^iron$/, "nutrient.iron", "mg"],
  [/^magnesium$/, "nutrient.magnesium", "mg"],
  [/^zinc$/, "nutrient.zinc", "mg"],
  [/^copper$/, "nutrient.copper", "mg"],
  [/^manganese$/, "nutrient.manganese", "mg"],
  [/^chromium$/, "nutrient.chromium", "ug"],
  [/^molybdenum$/, "nutrient.molybdenum", "ug"],
  [/^selenium$/, "nutrient.selenium", "ug"],
  [/^iodine$/, "nutrient.iodine", "ug"],
  [/^phosphorus$/, "nutrient.phosphorus", "mg"],
  [/^chloride$/, "nutrient.chloride", "mg"],
  [/^vitamin a$/, "nutrient.vitamin_a", "ug"],
  [/^b1 \(thiamin/, "nutrient.thiamin", "mg"],
  [/^b2 \(riboflavin/, "nutrient.riboflavin", "mg"],
  [/^b3 \(niacin/, "nutrient.niacin", "mg"],
  [/^b5 \(pantothenic/, "nutrient.pantothenic_acid", "mg"],
  [/^b6 \(pyridoxine/, "nutrient.vitamin_b6", "mg"],
  [/^b12 \(cobalamin/, "nutrient.vitamin_b12", "ug"],
  [/^(?:b7 \(biotin\)|biotin)$/, "nutrient.biotin", "ug"],
  [/^folate$/, "nutrient.folate", "ug"],
  [/^vitamin c$/, "nutrient.vitamin_c", "mg"],
  [/^vitamin d$/, "nutrient.vitamin_d", "ug"],
  [/^vitamin e$/, "nutrient.vitamin_e", "mg"],
  [/^vitamin k$/, "nutrient.vitamin_k", "ug"],
  [/^caffeine$/, "nutrient.caffeine", "mg"],
  [/^water$/, "water_intake", "g"],
];

const UNITS: Readonly<Record<string, string>> = {
  kcal: "kcal",
  cal: "kcal",
  kj: "kJ",
  g: "g",
  mg: "mg",
  µg: "ug",
  μg: "ug",
  mcg: "ug",
  ug: "ug",
};

export interface NutrientColumn {
  readonly heading: string;
  readonly metric: string;
  readonly unit: string;
}

/**
 * What a heading of a food diary counts (`Saturated Fat`, `Energy (kcal)`, `Vitamin D (IU)`), with the unit that it states, else the diary's
 * usual one. Undefined where it is no nutrient, or its unit is none that can be converted: international units differ from vitamin to vitamin.
 */
export function nutrientOf(heading: string): NutrientColumn | undefined {
  const stated = /\(([^()]+)\)\s*$/.exec(heading)?.[1]?.trim();
  const isUnit = stated !== undefined && /^(?:[\u00b5\u03bc]?g|mg|mcg|ug|kcal|cal|kj|iu|%)$/i.test(stated);
  const name = (isUnit ? heading.slice(0, heading.lastIndexOf("(")) : heading).trim();
  const row = NUTRIENTS.find(([pattern]) => pattern.test(name));
  if (row === undefined) return undefined;
  const usual = name === "kilojoules" ? "kJ" : row[2];
  const unit = isUnit ? UNITS[stated.toLowerCase()] : usual;
  if (unit === undefined) return undefined;
  // A gram of water is a millilitre.
  return { heading, metric: row[1], unit: row[1] === "water_intake" && unit === "g" ? "mL" : unit };
}
