import * as z from "zod";
import { instant } from "../../shared/http/instant";
import { parseSourceId } from "../../shared/health/source-id";
import { parseDay } from "../../shared/health/zone";

/** `YYYY-MM-DD`; days since 1970-01-01 after parsing. */
export const day = z
  .string()
  .refine((text) => parseDay(text) !== undefined, "Not a calendar date.")
  .meta({ example: "2026-11-20" })
  .transform((text) => parseDay(text) ?? 0);

export const sourceNumber = z
  .string()
  .refine((text) => parseSourceId(text) !== undefined, "Not a source id.")
  .meta({ example: "src_1" })
  .transform((text) => parseSourceId(text) ?? 0);

/** One source by id, or `all` of them side by side; without it the best source of each hour is shown. */
const choice = z
  .string()
  .refine((text) => text === "all" || parseSourceId(text) !== undefined, "Not a source id.")
  .meta({ example: "src_1" })
  .transform((text) => (text === "all" ? "all" : (parseSourceId(text) ?? 0)));

/** `manual` was typed in; everything else counts as `automatic`. */
const recording = z
  .enum(["manual", "automatic"])
  .describe("Only what was typed in (`manual`), or only what was not. Sources are chosen among those that are left.");

/** Only of reads of one's own: others never get what vendors keep from models. */
const purpose = z
  .enum(["personal", "guidance"])
  .describe(
    "`guidance` where a model is to read the answer. What vendors keep from models is then left out, as if it were not there, and `withheld` says of which sources.",
  );

const cursor = z.string().max(2_048);

export const keyParam = z.strictObject({ key: z.string().min(1).max(64).meta({ example: "heart_rate" }) });
export const dateParam = z.strictObject({ date: day });

const personId = z.string().min(1).max(64).meta({ example: "per_eu_01kad7wjcm0000000000000000" });
export const personParam = z.strictObject({ personId });
export const personKeyParam = personParam.extend(keyParam.shape);
export const personDateParam = personParam.extend(dateParam.shape);

/** A path part that is no source id names nothing: 0 is the number of no source. */
export const sourceParam = z.strictObject({
  id: z
    .string()
    .transform((text) => parseSourceId(text) ?? 0)
    .meta({ example: "src_1" }),
});
export const readingParam = z.strictObject({ id: z.string().min(1).max(64) });

/** Charts want many points, so a page of a series may be larger than a page of a list. */
export const seriesQuery = z
  .strictObject({
    from: instant.optional(),
    to: instant.optional(),
    resolution: z.enum(["raw", "minute", "hour", "day"]).default("hour"),
    source: choice.optional(),
    recording: recording.optional(),
    limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
    cursor: cursor.optional(),
  })
  .refine((q) => q.from === undefined || q.to === undefined || q.from < q.to, {
    path: ["to"],
    message: "The end must lie after the beginning.",
  });

export const sessionsQuery = z
  .strictObject({
    from: instant.optional(),
    to: instant.optional(),
    source: choice.optional(),
    recording: recording.optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: cursor.optional(),
  })
  .refine((q) => q.from === undefined || q.to === undefined || q.from < q.to, {
    path: ["to"],
    message: "The end must lie after the beginning.",
  });

export const daysQuery = z
  .strictObject({
    from: day,
    to: day,
    recording: recording.optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: cursor.optional(),
  })
  .refine((q) => q.from <= q.to, { path: ["to"], message: "The last date must not lie before the first." });

export const dayQuery = z.strictObject({ recording: recording.optional() });

/** The same of one's own, where a model may read. */
export const ownSeriesQuery = seriesQuery.safeExtend({ purpose: purpose.optional() });
export const ownSessionsQuery = sessionsQuery.safeExtend({ purpose: purpose.optional() });
export const ownDaysQuery = daysQuery.safeExtend({ purpose: purpose.optional() });
export const ownDayQuery = dayQuery.extend({ purpose: purpose.optional() });

/** A deletion names both ends, so that nobody deletes everything by leaving one out. */
export const eraseQuery = z
  .strictObject({ from: instant, to: instant, source: sourceNumber.optional() })
  .refine((q) => q.from < q.to, { path: ["to"], message: "The end must lie after the beginning." });

export const at = z.string().meta({ example: "2026-11-20T08:30:00.000+01:00" });

/** Words that vendors want to stand beside what their sources tell. */
const attributions = z
  .record(z.string(), z.string())
  .optional()
  .describe("By source: words that its vendor wants to stand where it is shown")
  .meta({ example: { src_2: "Garmin" } });

const withheld = z
  .array(z.object({ source: z.string(), vendor: z.string(), reason: z.enum(["no_ai"]) }))
  .optional()
  .describe("With `purpose=guidance`: sources that are left out, and why. `no_ai`: the vendor lets no model see what they measured");

export const metricListSchema = z
  .object({
    items: z.array(
      z.object({
        key: z.string().meta({ example: "heart_rate" }),
        title: z.string(),
        unit: z.string().meta({ example: "/min" }).describe("UCUM"),
        kind: z.enum(["sample", "interval", "daily", "event"]),
        lastValue: z.number().nullable(),
        firstAt: at,
        lastAt: at,
        count: z.number().int(),
        sources: z.array(z.string()),
        attributions,
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: "MetricList" });

const rawItem = z.object({
  id: z.string(),
  at,
  endAt: at.optional(),
  value: z.number().nullable(),
  source: z.string(),
  recording: z.literal("manual").optional().describe("Typed in, not measured"),
  text: z.string().optional(),
  components: z.record(z.string(), z.number()).optional(),
  attributes: z.record(z.string(), z.unknown()).optional(),
});

const bucketItem = z.object({
  at,
  date: z.string().optional(),
  count: z.number().int(),
  min: z.number(),
  max: z.number(),
  mean: z.number(),
  sum: z.number().optional(),
  source: z.string(),
  dailyTotal: z.boolean().optional().describe("True where the source's own daily total speaks instead of its readings"),
});

export const seriesSchema = z
  .object({
    key: z.string(),
    unit: z.string(),
    resolution: z.enum(["raw", "minute", "hour", "day"]),
    coverage: z.number().nullable().describe("Share of the period with data, by five-minute slots; null for raw and minute"),
    attributions,
    items: z.array(z.union([rawItem, bucketItem])),
    next: z.string().nullable(),
    withheld,
  })
  .meta({ id: "Series" });

/** One source's account of a session that several sources tell of. */
const sessionSource = z.object({
  source: z.string().meta({ example: "src_1" }),
  id: z.string().describe("Reads or deletes this account alone"),
  startAt: at,
  endAt: at,
  attribution: z.string().optional().describe("Words that its vendor wants to stand where it is shown"),
  recording: z.literal("manual").optional().describe("Typed in, not measured"),
});

const sleepSession = z
  .object({
    id: z.string(),
    startAt: at,
    endAt: at,
    date: z.string(),
    nap: z.boolean(),
    source: z.string(),
    sources: z.array(sessionSource).describe("Every source that tells of this sleep, the one that is shown first"),
    summary: z.record(z.string(), z.number().nullable()),
    stages: z.array(z.object({ stage: z.string(), startAt: at, endAt: at })),
    attributes: z.record(z.string(), z.unknown()).optional().describe("What else the source says of the night, in its own words"),
  })
  .meta({ id: "SleepSession" });

const workout = z
  .looseObject({
    id: z.string(),
    type: z.string().meta({ example: "running" }),
    startAt: at,
    endAt: at,
    durationS: z.number(),
    source: z.string(),
    sources: z.array(sessionSource).describe("Every source that tells of this activity, the one that leads first"),
    origins: z
      .record(z.string(), z.string())
      .optional()
      .describe("Which source each field comes from, totals as `totals.<key>`; only where there are several"),
    totals: z.record(z.string(), z.number()),
  })
  .meta({ id: "Workout" });

export const sleepListSchema = z.object({ items: z.array(sleepSession), next: z.string().nullable(), withheld }).meta({ id: "SleepList" });
export const workoutListSchema = z.object({ items: z.array(workout), next: z.string().nullable(), withheld }).meta({ id: "WorkoutList" });
export const workoutSchema = workout;

export const daySchema = z
  .object({
    date: z.string(),
    timeZone: z.string(),
    metrics: z.record(
      z.string(),
      z.object({
        value: z.number().nullable(),
        unit: z.string(),
        source: z.string(),
        components: z.record(z.string(), z.number()).optional(),
      }),
    ),
    sleep: sleepSession.optional(),
    workouts: z.array(workout),
    attributions,
    withheld,
  })
  .meta({ id: "Day" });

export const dayListSchema = z.object({ items: z.array(daySchema), next: z.string().nullable(), withheld }).meta({ id: "DayList" });

export const sourceListSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string().meta({ example: "src_1" }),
        vendor: z.string(),
        connection: z.string().optional(),
        app: z.string().optional(),
        deviceName: z.string().optional(),
        deviceManufacturer: z.string().optional(),
        deviceModel: z.string().optional(),
        deviceType: z.string().optional(),
        recordingMethod: z.string().optional(),
        attribution: z.string().optional().describe("Words that its vendor wants to stand where its readings are shown"),
        ownDataOnly: z.literal(true).optional().describe("Its vendor shows its readings to their person alone: nobody else sees them here"),
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: "SourceList" });

export const erasedSchema = z
  .object({ deleted: z.number().int().describe("How many readings, sessions and workouts went") })
  .meta({ id: "Erased" });
