import * as z from "zod";
import { RETENTION_KINDS, type RetainedKind, type RetentionView } from "../../shared/retention";

const KINDS = RETENTION_KINDS.map(({ kind }) => kind) as [RetainedKind, ...RetainedKind[]];
const keepSchema = z.union([z.int().min(1).max(100_000), z.literal("forever")]);

export const retentionBody = z
  .strictObject({
    keep: z
      .partialRecord(z.enum(KINDS), keepSchema)
      .describe("Days or `forever` by kind; a kind that is not named goes back to its default"),
    keepSummaries: z.boolean().default(true).describe("Whether hours and days stay where their samples go"),
  })
  .meta({ id: "RetentionSettings", example: { keep: { raw_samples: 365, quarantine: 30 }, keepSummaries: true } });

export const retentionSchema = z
  .object({
    keep: z.partialRecord(z.enum(KINDS), keepSchema),
    keepSummaries: z.boolean(),
    kinds: z.array(
      z.object({
        kind: z.string(),
        title: z.string(),
        keep: keepSchema,
        default: keepSchema,
        least: z.int(),
        most: keepSchema,
        lastRunAt: z.iso.datetime().nullable(),
        removed: z.int().describe("Rows or samples that the last run removed"),
        removedInAll: z.int(),
      }),
    ),
    nextRunAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "Retention" });

const shown = (days: number | null): number | "forever" => days ?? "forever";
const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** The wire form. `keep` holds what can be chosen, fit for a PUT. */
export function retentionOf({ kinds, keepSummaries, nextRunAt }: RetentionView): z.output<typeof retentionSchema> {
  return {
    keep: Object.fromEntries(kinds.filter(({ least, most }) => least !== most).map(({ kind, keep }) => [kind, shown(keep)])),
    keepSummaries,
    kinds: kinds.map(({ kind, title, keep, default: usual, least, most, lastRunAt, removed, removedInAll }) => ({
      kind,
      title,
      keep: shown(keep),
      default: shown(usual),
      least,
      most: shown(most),
      lastRunAt: time(lastRunAt),
      removed,
      removedInAll,
    })),
    nextRunAt: time(nextRunAt),
  };
}
