import * as z from "zod";
import { dayText, parseDay } from "../../shared/health/zone";
import type { SourceSettingsView } from "../../durable-objects/vault/source-settings";
import { day } from "./schemas";

/** A local date or an instant with an offset. */
const end = z
  .string()
  .refine(
    (text) => parseDay(text) !== undefined || z.iso.datetime({ offset: true }).safeParse(text).success,
    "Neither a date nor an instant.",
  )
  .meta({ example: "2026-11-20" })
  .transform((text) => {
    const date = parseDay(text);
    return date === undefined ? { at: Date.parse(text) } : { date };
  });

/** A period of local dates. A date at its end is included, an instant is not. */
export const periodQuery = z.strictObject({ from: end.optional(), to: end.optional() });

const entry = z
  .string()
  .max(128)
  .regex(/^(?:src_[1-9]\d{0,8}|vendor:[a-z0-9_-]{1,64}|device:[a-z0-9_]{1,32})$/, "Not a source, a vendor or a kind of device.")
  .describe("A source (`src_3`), all of a vendor (`vendor:healthkit`) or of a kind of device (`device:watch`)")
  .meta({ example: "src_1" });

const priorityList = z.strictObject({
  metric: z.string().min(1).max(64).describe("Key of a metric, `sleep` or `workout`, or `*` for all").meta({ example: "steps" }),
  sources: z.array(entry).min(1).max(100).describe("Best first; whatever is not named follows in the usual order"),
});

export const settingsBody = z
  .strictObject({
    priorities: z.array(priorityList).max(500),
    cutovers: z
      .array(z.strictObject({ from: z.string().max(64), to: z.string().max(64), date: day }))
      .max(20)
      .default([])
      .describe("From which local date on the newer of two feeds of the same devices counts; without one, the day after its first reading"),
  })
  .meta({
    id: "SourcePriorities",
    example: {
      priorities: [{ metric: "*", sources: ["device:watch"] }],
      cutovers: [{ from: "fitbit", to: "google_health", date: "2026-09-01" }],
    },
  });

export const settingsQuery = z.strictObject({
  metric: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe("Also say in which order the sources stand for this metric")
    .meta({ example: "steps" }),
});

const reason = z
  .enum(["metric_priority", "general_priority", "default_order"])
  .describe("Whether the person's list for this metric, their list for all, or the usual order decides");

export const settingsSchema = z
  .object({
    version: z.int(),
    priorities: z.array(z.object({ metric: z.string(), sources: z.array(z.string()) })),
    cutovers: z.array(z.object({ from: z.string(), to: z.string(), date: z.string() })),
    handovers: z
      .array(z.object({ from: z.string(), to: z.string(), date: z.string().nullable(), derived: z.boolean() }))
      .describe("Feeds of the same devices of which both are here: on each date one of the two counts"),
    order: z.array(z.object({ source: z.string(), reason })).optional(),
  })
  .meta({ id: "SourcePrioritiesView" });

/** The wire form; `priorities` and `cutovers` are fit for a PUT. */
export function settingsOf({ version, priorities, cutovers, handovers, order }: SourceSettingsView): z.output<typeof settingsSchema> {
  return {
    version,
    priorities: priorities.map(({ metric, sources }) => ({ metric, sources: [...sources] })),
    cutovers: cutovers.map(({ from, to, date }) => ({ from, to, date: dayText(date) })),
    handovers: handovers.map(({ from, to, date, derived }) => ({ from, to, date: date === null ? null : dayText(date), derived })),
    ...(order === undefined ? {} : { order: [...order] }),
  };
}

const share = z.number().describe("0 to 1, by five-minute slots");

export const comparisonSchema = z
  .object({
    key: z.string(),
    unit: z.string(),
    from: z.string(),
    to: z.string(),
    timeZone: z.string(),
    sources: z.array(
      z.object({
        source: z.string(),
        attribution: z.string().optional().describe("Words that its vendor wants to stand where it is shown"),
        place: z.int().describe("1 is the best"),
        reason,
        count: z.int(),
        days: z.int(),
        coverage: share,
        min: z.number(),
        max: z.number(),
        mean: z.number(),
        total: z.number().optional().describe("Over all dates; only of metrics that add up"),
        chosenDays: z.int().describe("On how many dates it speaks, alone or for some hours"),
      }),
    ),
    days: z.array(
      z.object({
        date: z.string(),
        chosen: z.object({
          source: z.string(),
          value: z.number(),
          why: z.enum(["only_source", "cutover", "shown_night", "metric_priority", "general_priority", "default_order"]),
          hours: z.record(z.string(), z.int()).optional().describe("How many hours each source speaks for, where several do"),
        }),
        sources: z.record(
          z.string(),
          z.object({
            value: z.number(),
            count: z.int(),
            coverage: share,
            dailyTotal: z.boolean().describe("The source's own total for the day"),
          }),
        ),
      }),
    ),
  })
  .meta({ id: "SourceComparison" });
