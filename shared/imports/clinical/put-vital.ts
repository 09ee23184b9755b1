import { HOUR_MS } from "../../clock";
import type { BatchBuilder } from "../../health/batch";
import { metric as metricOf } from "../../health/catalogue";
import { type Source, ZONE_UNKNOWN } from "../../health/reading";
import { whenOf } from "../../labs/when";
import type { VitalItem } from "./items";

const NOON_MS = 12 * HOUR_MS;

/** Where a vital sign was put: the last instant it speaks of, and whether its zone was told. Otherwise why it cannot be placed. */
export type PutVital =
  | { readonly at: number; readonly isZoneKnown: boolean; readonly reason?: undefined }
  | { readonly reason: "no_time" | "time_too_vague" };

/** Puts a vital sign of a clinical document into a batch. `base` is its source but for who measured it, as far as the document says. */
export function putVital(into: BatchBuilder, base: Source, item: VitalItem): PutVital {
  const { metric: key, at, until, value, components, id, version, app } = item;
  const metric = metricOf(key);
  const start = whenOf(at, "UTC");
  const end = until === undefined ? start : whenOf(until, "UTC");
  if (metric === undefined || start === undefined || end === undefined || end.at < start.at) return { reason: "no_time" };
  if (start.precision === "month" || start.precision === "year") return { reason: "time_too_vague" };
  const isDay = start.precision === "day";
  // A date has no instant: noon keeps it on that date in most zones, and the date itself is said beside it.
  const from = isDay ? start.at + NOON_MS : start.at;
  const to = until === undefined ? from : end.at;
  const zone = zoneOf(at);
  const source = into.source({ ...base, ...(app !== undefined && { app }) });
  const put: PutVital = { at: to, isZoneKnown: zone !== ZONE_UNKNOWN };
  if (to > from && metric.kinds.includes("interval") && value !== null) into.interval(key, source, from, to, value, zone, version, id);
  else if (metric.storage === "segment" && value !== null) into.sample(key, source, from, value, zone, version, id);
  else
    into.reading({
      metric: key,
      kind: "sample",
      source,
      start: from,
      end: from,
      value,
      ...(components !== undefined && { components }),
      zone,
      ...(isDay && { date: at }),
      ...(id !== undefined && { id }),
      version,
    });
  return put;
}

/** Seconds east of UTC that an instant tells. */
function zoneOf(at: string): number {
  const zone = /T.*(Z|[+-]\d{2}:\d{2})$/.exec(at)?.[1];
  if (zone === undefined) return ZONE_UNKNOWN;
  if (zone === "Z") return 0;
  return (zone.startsWith("-") ? -60 : 60) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
}
