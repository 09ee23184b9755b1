/** The one shape in which a meal travels in the attributes of a `meal` reading, whoever logged it. */
import { type Metric, metric as metricOf } from "./catalogue";

/** A meal, as its attributes tell it. */
export interface Meal {
  /** What was eaten, in the person's or the app's words. */
  readonly name?: string | undefined;
  /** `breakfast`, `lunch`, `dinner`, `snack` or the vendor's own label. */
  readonly mealType?: string | undefined;
  readonly serving?: Readonly<Record<string, unknown>> | undefined;
  /** Amounts by catalogue key (`dietary_energy`, `nutrient.protein`, …), each in the catalogue's unit. */
  readonly nutrients: Readonly<Record<string, number>>;
  /** What the vendor says besides. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** The attributes of a `meal` reading: the meal without what is not known. */
export function mealAttributes({ nutrients, ...rest }: Meal): Readonly<Record<string, unknown>> {
  return { ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)), nutrients };
}

/** The nutrients that `mealAttributes` wrote, with their metrics; what is in no catalogue is left out. */
export function readNutrients(attributes: Readonly<Record<string, unknown>>): { readonly metric: Metric; readonly amount: number }[] {
  const { nutrients } = attributes;
  if (typeof nutrients !== "object" || nutrients === null) return [];
  return Object.entries(nutrients).flatMap(([key, amount]: [string, unknown]) => {
    const metric = metricOf(key);
    return metric === undefined || typeof amount !== "number" ? [] : [{ metric, amount }];
  });
}
