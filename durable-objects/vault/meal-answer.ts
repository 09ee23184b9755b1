import { metric as metricOf } from "../../shared/health/catalogue";
import { readNutrients } from "../../shared/health/meal";
import { parseReadingId } from "../../shared/health/reading-id";
import { seriesPage } from "./answers";
import type { Seen } from "./store/store";

/** Readings of one instant that are looked through. */
const AT_ONE_TIME = 50;

/**
 * One meal that was logged, as JSON text: when, what it was called, and its nutrients in the catalogue's units. Nothing else that an app attached: nobody
 * knows what that tells of. Undefined where there is none with that id among what may be seen.
 */
export function mealAnswer(sql: SqlStorage, seen: Seen, timeZone: string, id: string): string | undefined {
  const key = parseReadingId(id);
  const meal = metricOf("meal");
  if (key?.kind !== "reading" || meal === undefined || key.metric !== meal.code) return undefined;
  const query = { key: meal.key, from: key.start, to: key.start + 1, resolution: "raw", choice: "all", limit: AT_ONE_TIME } as const;
  const found = (JSON.parse(seriesPage(sql, seen, timeZone, query).items) as Record<string, unknown>[]).find((one) => one["id"] === id);
  if (found === undefined) return undefined;
  const { at, endAt, source, attributes = {} } = found as { attributes?: Readonly<Record<string, unknown>> } & Record<string, unknown>;
  const { name, mealType } = attributes;
  return JSON.stringify({
    id,
    at,
    ...(endAt !== undefined && { endAt }),
    source,
    name: typeof name === "string" ? name : null,
    mealType: typeof mealType === "string" ? mealType : null,
    nutrients: readNutrients(attributes).map(({ metric, amount }) => ({ key: metric.key, value: amount, unit: metric.unit })),
  });
}
