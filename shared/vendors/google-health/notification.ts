import * as z from "zod";
import { HOUR_MS } from "../../clock";
import { problem } from "../../problem";
import type { Change, Range } from "../vendor";
import { civilDateTime, instant } from "./fields";

const wall = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?$/)
  .transform((text) => Date.parse(text.includes("T") ? `${text}Z` : `${text}T00:00:00Z`))
  .refine(Number.isFinite, "not a time");

const physical = z.object({ startTime: instant, endTime: instant });
const intervalSchema = z.object({
  physicalTimeInterval: physical.optional(),
  civilIso8601TimeInterval: z.object({ startTime: wall, endTime: wall }).optional(),
  civilDateTimeInterval: z
    .object({
      startDateTime: civilDateTime.optional(),
      endDateTime: civilDateTime.optional(),
      startTime: civilDateTime.optional(),
      endTime: civilDateTime.optional(),
    })
    .optional(),
});

const dataSchema = intervalSchema.extend({
  healthUserId: z.string().min(1).max(63),
  operation: z.enum(["UPSERT", "DELETE"]),
  dataType: z.string().regex(/^[a-z0-9-]{1,64}$/),
  intervals: z.array(intervalSchema).max(1000).optional(),
});

const MAX_NOTIFICATIONS = 1000;
const notificationSchema = z.object({ data: z.union([dataSchema, z.array(dataSchema).max(MAX_NOTIFICATIONS)]) });
const bodySchema = z.union([z.array(notificationSchema).max(MAX_NOTIFICATIONS), notificationSchema]);

/** The body of the two calls by which Google checks an endpoint. */
const verificationSchema = z.object({ type: z.literal("verification") });

export function isVerification(body: unknown): boolean {
  return verificationSchema.safeParse(body).success;
}

/** Zones lie between −12 and +14 hours: a local time may be any instant in this neighbourhood. */
const EAST_MS = 14 * HOUR_MS;
const WEST_MS = 12 * HOUR_MS;
/** Ranges that are closer than this are read again in one go. */
const MERGE_MS = 6 * HOUR_MS;

/** The changes of a notification body: an array or a single object, with one or more `data`. */
export function readChanges(body: unknown): readonly Change[] {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw problem("malformed", "The body is not a notification.");
  const notifications = Array.isArray(parsed.data) ? parsed.data : [parsed.data];
  return notifications.flatMap(({ data }) => (Array.isArray(data) ? data : [data])).flatMap(changesOf);
}

function changesOf(data: z.output<typeof dataSchema>): readonly Change[] {
  const operation = data.operation === "DELETE" ? "delete" : "upsert";
  const ranges = [data, ...(data.intervals ?? [])].flatMap(rangeOf);
  return merge(ranges).map((range) => ({ userId: data.healthUserId, resource: data.dataType, operation, range }) as const);
}

function rangeOf(interval: z.output<typeof intervalSchema>): readonly Range[] {
  const { physicalTimeInterval, civilIso8601TimeInterval: iso, civilDateTimeInterval: parts } = interval;
  if (physicalTimeInterval !== undefined) return widened(physicalTimeInterval.startTime, physicalTimeInterval.endTime, 0, 0);
  if (iso !== undefined) return widened(iso.startTime, iso.endTime, EAST_MS, WEST_MS);
  const start = parts?.startDateTime ?? parts?.startTime;
  const end = parts?.endDateTime ?? parts?.endTime;
  return start === undefined || end === undefined ? [] : widened(start.wallMs, end.wallMs, EAST_MS, WEST_MS);
}

/** Samples have an interval without length: a range always holds at least its own start. */
function widened(from: number, to: number, before: number, after: number): readonly Range[] {
  return to < from ? [] : [{ from: from - before, to: Math.max(to, from + 1) + after }];
}

function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: { from: number; to: number }[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from - last.to <= MERGE_MS) last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  return merged;
}
