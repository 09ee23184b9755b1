import { metric as metricOf } from "../../shared/health/catalogue";
import type { PersonDetails } from "../../shared/person-details";
import type { Ask, Given } from "../programme/terms";
import type { Entry } from "./access/door";
import { headline } from "./answers";
import { readDays } from "./store/read-buckets";
import type { Seen } from "./store/store";

const WEIGHT = "body_weight";

/**
 * What a person gives a programme: one number for each day and metric that they allow, and what generalises to a few classes. No text, no
 * place, no device, no record and no instant.
 */
export function contributionOf(sql: SqlStorage, store: Seen, entry: Entry, details: PersonDetails, ask: Ask): Given {
  const days = new Map<number, Record<string, number>>();
  for (const key of ask.metrics) {
    for (const [day, value] of daily(sql, store, entry, key, ask)) {
      const values = days.get(day) ?? {};
      values[key] = value;
      days.set(day, values);
    }
  }
  const weights = daily(sql, store, entry, WEIGHT, ask);
  return {
    birthYear: details.birthDate === null ? null : Number(details.birthDate.slice(0, 4)),
    sex: details.sex,
    heightCm: details.heightCm,
    weightKg: weights.at(-1)?.[1] ?? null,
    days: [...days].toSorted((a, b) => a[0] - b[0]).map(([day, values]) => ({ day, values })),
  };
}

/** Days of a metric that the programme may see, in order. */
function daily(sql: SqlStorage, store: Seen, entry: Entry, key: string, { fromDay, toDay }: Ask): [day: number, value: number][] {
  const metric = metricOf(key);
  if (metric === undefined || !entry.sees(metric.sensitivity)) return [];
  return readDays(sql, store.sources, metric, fromDay, toDay, "best", Number.POSITIVE_INFINITY)
    .map((bucket): [number, number] => [bucket.key, headline(metric, bucket)])
    .filter(([, value]) => Number.isFinite(value));
}
