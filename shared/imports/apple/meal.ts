import type { BatchBuilder } from "../../health/batch";
import { mealAttributes } from "../../health/meal";
import type { Tally } from "../tally";
import type { RecordDraft } from "./record";

export const FOOD_CORRELATION = "HKCorrelationTypeIdentifierFood";
const MEAL = "meal";

/**
 * Maps a food correlation to a meal with its nutrients. The nutrients themselves are stored from the records that the export repeats
 * at top level; here they only describe the meal.
 */
export function addMeal(meal: RecordDraft, children: readonly RecordDraft[], source: number, builder: BatchBuilder, tally: Tally): void {
  const nutrients: Record<string, number> = {};
  for (const { plan, value, fault } of children) {
    if (fault !== undefined || plan.metric === undefined || !Number.isFinite(value)) continue;
    nutrients[plan.metric.key] = (nutrients[plan.metric.key] ?? 0) + value;
  }
  const name = meal.metadata?.["HKFoodType"];
  builder.reading({
    metric: MEAL,
    kind: "event",
    source,
    start: meal.start,
    end: meal.end,
    value: null,
    ...(name !== undefined && { text: name }),
    attributes: mealAttributes({ name, nutrients, metadata: meal.metadata }),
    zone: meal.zone,
    version: meal.version,
  });
  tally.credit(MEAL, [FOOD_CORRELATION]).n++;
}
