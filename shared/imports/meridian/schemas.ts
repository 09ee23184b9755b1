import * as z from "zod";
import { LAB_SOURCES, REPORT_STATUSES, RESULT_STATUSES } from "../../labs/result";
import { COMPARATORS } from "../../labs/value";
import { SLEEP_STAGES, type SleepStage } from "../../health/reading";
import { parseDay } from "../../health/zone";

/** Lines of an export as they are read back. What a line holds beyond this is for people. */

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const offset = z.int().min(-90_000).max(90_000);
const source = z.string().max(16);
const recordId = z.string().max(512).nullish();
const version = z.number();
const attributes = z.record(z.string(), z.unknown());
const text = z.string().max(512);

export const sourceLine = z.object({
  id: source,
  vendor: z.string().min(1).max(64),
  connection: text.optional(),
  app: text.optional(),
  deviceName: text.optional(),
  deviceManufacturer: text.optional(),
  deviceModel: text.optional(),
  deviceType: text.optional(),
  recordingMethod: z.enum(["automatic", "active", "manual", "unknown"]).optional(),
  firstSeenAt: instant,
});

const moreSchema = z
  .object({
    text: z.string().max(16_384).optional(),
    components: z.record(z.string(), z.number()).optional(),
    attributes: attributes.optional(),
    derivedFrom: text.optional(),
  })
  .nullable();

export const readingLine = z.object({
  metric: text,
  kind: z.enum(["sample", "interval", "event"]),
  at: instant,
  endAt: instant,
  value: z.number().nullable(),
  zone: offset,
  date: z.iso.date(),
  source,
  recordId,
  version,
  more: moreSchema,
});

export const dailyLine = z.object({
  metric: text,
  date: z.iso.date(),
  value: z.number().nullable(),
  zone: offset,
  source,
  recordId,
  version,
  more: moreSchema,
});

const stage = z.enum(SLEEP_STAGES as readonly [SleepStage, ...SleepStage[]]);

export const stretchLine = z.object({ startAt: instant, endAt: instant, stage, zone: offset, source, recordId, version });

export const sleepLine = z.object({
  startAt: instant,
  endAt: instant,
  date: z.iso.date(),
  nap: z.boolean(),
  assembled: z.boolean(),
  zone: offset,
  source,
  recordId,
  version,
  stages: z.array(z.object({ stage, startAt: instant, endAt: instant })).max(20_000),
  attributes: attributes.optional(),
});

const part = z.record(z.string(), z.unknown());

export const workoutLine = z.object({
  type: text,
  startAt: instant,
  endAt: instant,
  zone: offset,
  source,
  recordId,
  version,
  more: z.object({
    vendorType: text.optional(),
    durationS: z.number().optional(),
    totals: z.record(z.string(), z.number()),
    events: z.array(z.object({ type: text, start: z.number(), end: z.number().optional() })).optional(),
    segments: z.array(part).optional(),
    laps: z.array(part).optional(),
    attributes: attributes.optional(),
  }),
  route: z
    .array(z.union([z.tuple([z.number(), z.number(), z.number()]), z.tuple([z.number(), z.number(), z.number(), z.number()])]))
    .max(1_000_000)
    .optional(),
});

export const hourLine = z.object({
  metric: text,
  hour: instant,
  date: z.iso.date(),
  source,
  n: z.int().min(0),
  min: z.number(),
  max: z.number(),
  sum: z.number(),
  last: z.number(),
  lastAt: instant,
  slots: z.int().min(0),
});

export const quarantineLine = z.object({
  metric: text,
  at: instant,
  value: z.number().nullable(),
  unit: text,
  reason: text,
  source,
  recordId,
  receivedAt: instant,
});

export const deletedRecordLine = z.object({ vendor: text, recordId: z.string().max(512), version, deletedAt: instant });

export const deletedRangeLine = z.object({
  metric: text.nullable(),
  source: source.nullable(),
  from: z.number(),
  to: z.number(),
  deletedAt: instant,
});

export const profileLine = z.object({
  birthDate: z.iso.date().nullable(),
  sex: z.enum(["female", "male"]).nullable(),
  heightCm: z.number().min(40).max(275).nullable(),
});

export const sourceSettingsLine = z.object({
  priorities: z.array(z.object({ metric: text, sources: z.array(text).max(100) })).max(500),
  cutovers: z
    .array(
      z.object({
        from: text,
        to: text,
        date: z
          .string()
          .refine((day) => parseDay(day) !== undefined)
          .transform((day) => parseDay(day) ?? 0),
      }),
    )
    .max(20),
});

export const retentionLine = z.object({ kind: text, keepDays: z.int().min(1).max(100_000).nullable(), keepsSummaries: z.boolean() });

const words = z.string().max(4_000);
const number = z.number();
const coding = z.object({ system: words.optional(), code: z.string().min(1).max(64), display: words.optional() });
const labBase = {
  identity: z.string().regex(/^[\w-]{43}$/),
  version: z.int().min(0),
  source: z.enum(LAB_SOURCES),
  at: z.string().max(40),
  issuedAt: z.string().max(40).optional(),
  codings: z.array(coding).max(20),
  lab: words.optional(),
  specimen: words.optional(),
  note: words.optional(),
};
const labRange = z.object({
  low: number.optional(),
  high: number.optional(),
  isLowExcluded: z.literal(true).optional(),
  isHighExcluded: z.literal(true).optional(),
  unit: words.optional(),
  text: words.optional(),
  meaning: words.optional(),
});

export const labReportLine = z.object({ ...labBase, title: words, status: z.enum(REPORT_STATUSES) });

export const labResultLine = z.object({
  ...labBase,
  reportIdentity: labBase.identity.nullable(),
  name: words,
  test: z.string().max(64).optional(),
  status: z.enum(RESULT_STATUSES),
  value: z.object({
    comparator: z.enum(COMPARATORS).optional(),
    number: number.optional(),
    coding: coding.optional(),
    text: words.optional(),
  }),
  unit: z.string().max(64).optional(),
  ranges: z.array(labRange).max(20),
  flag: z.string().max(32).optional(),
  method: words.optional(),
});
