import * as z from "zod";
import type { Gap } from "../../durable-objects/vault/gaps/gap-rows";
import { metricByCode } from "../../shared/health/catalogue";
import { gapId, parseGapId } from "../../shared/health/gap-id";
import { GAP_CLASSES, GAP_STATES } from "../../shared/health/gaps";
import { sourceId } from "../../shared/health/source-id";
import { dayText } from "../../shared/health/zone";
import { day } from "./schemas";

export const gapsQuery = z
  .strictObject({
    from: day.optional(),
    to: day.optional(),
    metric: z.string().min(1).max(64).optional().meta({ example: "steps" }),
    class: z.enum(GAP_CLASSES).optional(),
    state: z.enum(GAP_STATES).optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: z.string().max(2_048).optional(),
  })
  .refine((q) => q.from === undefined || q.to === undefined || q.from <= q.to, {
    path: ["to"],
    message: "The last date must not lie before the first.",
  });

/** An id that names no gap names nothing: date 0 of metric 0 of source 0. */
export const gapParam = z.strictObject({
  id: z
    .string()
    .max(64)
    .transform((text) => parseGapId(text) ?? { date: 0, metric: 0, source: 0 })
    .meta({ example: "g20777.501.1" }),
});

export const gapSchema = z
  .object({
    id: z.string().meta({ example: "g20777.501.1" }),
    date: z.string(),
    metric: z.string().meta({ example: "steps" }),
    source: z.string().meta({ example: "src_1" }),
    class: z
      .enum(GAP_CLASSES)
      .describe(
        "`not_worn`: nothing of any metric came from the device. `partial`: some did. `sync_failure`: nothing newer has come over this way. `permission_missing`: the vendor may not be asked. `vendor_outage`: the vendor answers nobody.",
      ),
    state: z
      .enum(GAP_STATES)
      .describe(
        "`open` and `repairing` are looked at again; `repaired`, `reported` and `dismissed` are where a gap ends, and readings that still come repair a reported one",
      ),
    foundAt: z.string(),
    changedAt: z.string(),
    repairAt: z.string().nullable().describe("When its one automatic repair was planned"),
  })
  .meta({ id: "Gap" });

export const gapListSchema = z.object({ items: z.array(gapSchema), next: z.string().nullable() }).meta({ id: "GapList" });

export const gapRunSchema = z.object({ found: z.int(), repaired: z.int(), reported: z.int() }).meta({ id: "GapRun" });

const time = (at: number): string => new Date(at).toISOString();

export function gapView(gap: Gap): z.output<typeof gapSchema> {
  const { date, metric, source, foundAt, changedAt, repairAt } = gap;
  return {
    id: gapId(gap),
    date: dayText(date),
    metric: metricByCode(metric)?.key ?? "",
    source: sourceId(source),
    class: gap.class,
    state: gap.state,
    foundAt: time(foundAt),
    changedAt: time(changedAt),
    repairAt: repairAt === null ? null : time(repairAt),
  };
}
