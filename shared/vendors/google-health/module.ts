import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import type { Delivery, PageOutcome, VendorModule } from "../vendor";
import { GOOGLE_HEALTH_VENDOR } from "./descriptor";
import { ACTIVITY_MAPPERS } from "./map-activity";
import { DAILY_MAPPERS } from "./map-daily";
import { EXERCISE_MAPPERS } from "./map-exercise";
import { HEART_EVENT_MAPPERS } from "./map-heart-events";
import { LIFE_MAPPERS } from "./map-life";
import { ROLLUP_MAPPERS, rollupDaySchema } from "./map-rollups";
import { SLEEP_MAPPERS } from "./map-sleep";
import { VITALS_MAPPERS } from "./map-vitals";
import type { Mapper } from "./mapper";
import { GOOGLE_HEALTH_HOOK } from "./hook";
import { Heads, Point, Rejection } from "./point";
import { identityRequest, pageRequest } from "./requests";

/** Data type (kebab case) → mapper of its points. */
export const POINT_MAPPERS: Readonly<Record<string, Mapper>> = {
  ...ACTIVITY_MAPPERS,
  ...VITALS_MAPPERS,
  ...DAILY_MAPPERS,
  ...SLEEP_MAPPERS,
  ...EXERCISE_MAPPERS,
  ...LIFE_MAPPERS,
  ...HEART_EVENT_MAPPERS,
};

const MAX_PAGE_TOKEN = 4096;
const pageSchema = z.object({
  dataPoints: z.array(z.unknown()).optional(),
  rollupDataPoints: z.array(z.unknown()).optional(),
  nextPageToken: z.string().max(MAX_PAGE_TOKEN).optional(),
});

const identitySchema = z.object({ healthUserId: z.string().min(1).max(63), legacyUserId: z.string().max(63).optional() });

/** Maps a page of points, reconciled points or daily roll-ups. A point that does not fit is counted by reason and left out. */
function readPage(type: string, reply: unknown, into: BatchBuilder, delivery: Delivery): PageOutcome {
  const page = pageSchema.safeParse(reply);
  if (!page.success) throw problem("vendor_failed", "The vendor's reply is not a page of data points.");
  const { dataPoints = [], rollupDataPoints = [], nextPageToken } = page.data;
  const rejected: Record<string, number> = {};
  let newestAt: number | undefined;
  const count = (outcome: number | undefined | Rejection): void => {
    if (outcome instanceof Rejection) rejected[outcome.reason] = (rejected[outcome.reason] ?? 0) + 1;
    else if (outcome !== undefined && outcome > (newestAt ?? -Infinity)) newestAt = outcome;
  };
  const heads = new Heads(into, delivery.connection);
  for (const raw of dataPoints) count(readPoint(POINT_MAPPERS[type], raw, heads, into, delivery));
  for (const raw of rollupDataPoints) {
    const date = rollupDaySchema.safeParse(raw);
    count(date.success ? readPoint(ROLLUP_MAPPERS[type]?.(date.data), raw, heads, into, delivery) : new Rejection("malformed"));
  }
  return {
    read: dataPoints.length + rollupDataPoints.length,
    rejected,
    ...(newestAt === undefined ? {} : { newestAt }),
    ...(nextPageToken === undefined || nextPageToken === "" ? {} : { next: nextPageToken }),
  };
}

/** The newest instant of the point, or why it was left out. */
function readPoint(
  mapper: Mapper | undefined,
  raw: unknown,
  heads: Heads,
  into: BatchBuilder,
  delivery: Delivery,
): number | undefined | Rejection {
  if (mapper === undefined) return new Rejection("unsupported_type");
  const head = heads.read(raw);
  if (head === undefined) return new Rejection("malformed");
  const value = (raw as Readonly<Record<string, unknown>>)[mapper.field];
  if (value === undefined) return new Rejection("no_value");
  const point = new Point(head, into, delivery.syncedAt);
  try {
    return mapper.apply(value, point) ? point.newestAt : new Rejection("malformed");
  } catch (error) {
    if (error instanceof Rejection) return error;
    throw error;
  }
}

/** Google Health as code: requests out, pages, identities and notifications in. */
export const GOOGLE_HEALTH_MODULE: VendorModule = {
  vendor: GOOGLE_HEALTH_VENDOR,
  pageRequest,
  readPage,
  identityRequest,
  readIdentity(reply) {
    const identity = identitySchema.safeParse(reply);
    if (!identity.success) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    const { healthUserId, legacyUserId } = identity.data;
    return legacyUserId === undefined ? { userId: healthUserId } : { userId: healthUserId, legacyUserId };
  },
  hook: GOOGLE_HEALTH_HOOK,
};
