import * as z from "zod";
import { zoned } from "../fields";
import type { VendorRecord } from "../record";

/** A day of half-minute values is 2,880. */
const MOST_ITEMS = 10_000;

/** A row of values at equal steps of `interval` seconds. The ring was off the finger where an item is null. */
export const seriesSchema = z
  .object({ interval: z.number().positive().max(86_400), items: z.array(z.number().nullable()).max(MOST_ITEMS), timestamp: zoned })
  .nullish();

/** Puts the values of a row that are there. They go with the record, or stay when it goes. */
export function putSeries(
  record: VendorRecord,
  metric: string,
  series: z.output<typeof seriesSchema>,
  put: "partOf" | "oneOfMany" = "partOf",
): void {
  if (series === undefined || series === null) return;
  const { at, zone } = series.timestamp;
  for (const [i, value] of series.items.entries())
    if (value !== null) record[put](metric, at + Math.round(i * series.interval * 1000), zone, value);
}
