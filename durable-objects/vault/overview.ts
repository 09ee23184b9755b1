import { DAY_MS } from "../../shared/clock";
import { METRIC_CODE, metric as metricOf } from "../../shared/health/catalogue";
import { localDay, offsetAt } from "../../shared/health/zone";
import type { Entry } from "./access/door";
import type { Inbox } from "./inbox/inbox";
import { latestItems } from "./live/latest";
import type { VaultState } from "./state";
import type { Sources } from "./store/sources";

/** What whoever cares for somebody looks at first. */
const SHOWN = [
  "heart_rate",
  "resting_heart_rate",
  "oxygen_saturation",
  "respiratory_rate",
  "body_temperature",
  "blood_glucose",
  "body_weight",
  "steps",
] as const;
/** Dates that adherence looks back on. */
const LOOKED_AT = 14;

/** A person at a glance, as far as their reader sees. Crosses RPC: `latest` is JSON text of an array. */
export interface Overview {
  readonly latest: string;
  /** Epoch milliseconds. */
  readonly lastDataAt: number | null;
  /** Dates with data among the last fourteen. */
  readonly daysWithData: number;
  readonly daysLookedAt: number;
  /** Tasks of the reader's, and how many of them are done. */
  readonly tasks: number;
  readonly tasksDone: number;
  /** What waits for the person's answer, and how much of it is urgent. */
  readonly open: number;
  readonly urgent: number;
}

/** `writer` is as whom the reader stands in the inbox. */
export function overviewOf(state: VaultState, sources: Sources, inbox: Inbox, entry: Entry, writer: string): Overview {
  const { sql } = state;
  const seen = [...METRIC_CODE].filter(([key]) => {
    const category = metricOf(key)?.sensitivity;
    return category !== undefined && entry.sees(category);
  });
  const codes = JSON.stringify(seen.map(([, code]) => code));
  const hidden = sources.forPersonAlone();
  const { at } = sql
    .exec<{ at: number | null }>(
      `SELECT max(last_at) AS at FROM series WHERE n > 0 AND metric IN (SELECT value FROM json_each(?1)) AND source NOT IN (SELECT value FROM json_each(?2))`,
      codes,
      JSON.stringify(hidden),
    )
    .one();
  const now = state.now();
  const today = localDay(now, offsetAt(state.profile().timeZone, now));
  const { days } = sql
    .exec<{ days: number }>(
      `SELECT count(DISTINCT date) AS days FROM days WHERE date > ?1 AND date <= ?2 AND metric IN (SELECT value FROM json_each(?3))
       AND source NOT IN (SELECT value FROM json_each(?4))`,
      today - LOOKED_AT,
      today,
      codes,
      JSON.stringify(hidden),
    )
    .one();
  const wanted = SHOWN.filter((key) => seen.some(([other]) => other === key));
  return {
    latest: wanted.length === 0 ? "[]" : `[${latestItems(sql, [...wanted], hidden)}]`,
    lastDataAt: at,
    daysWithData: days,
    daysLookedAt: LOOKED_AT,
    ...inbox.tasksOf(writer, now - 90 * DAY_MS),
    ...inbox.openOf(writer),
  };
}
