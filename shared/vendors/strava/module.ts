import * as z from "zod";
import { DAY_MS, MINUTE_MS } from "../../clock";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import { readRecords } from "../record";
import type { Delivery, PageOutcome, VendorModule } from "../vendor";
import { STRAVA_VENDOR } from "./descriptor";
import { STRAVA_HOOK } from "./hook";
import { hasStreams, mapActivity, recordId, slim, stravaId } from "./map-activity";
import { pageAfter, pageRequest, readToken, type Streamed, writeToken } from "./requests";
import { STRAVA_SUBSCRIPTIONS } from "./subscriptions";

const objectSchema = z.looseObject({});
const listedSchema = z.looseObject({ id: stravaId });
const errorSchema = z.looseObject({ message: z.string(), errors: z.array(z.unknown()) });

/** A list, an activity with its details, or its streams: the token says which, where the reply alone does not. */
function readPage(_resource: string, reply: unknown, into: BatchBuilder, delivery: Delivery): PageOutcome {
  if (Array.isArray(reply)) return readList(reply, into, delivery);
  if (!objectSchema.safeParse(reply).success) throw problem("vendor_failed", "The vendor's reply is no activity.");
  const { page, ids = [], streams } = readToken(delivery.page);
  const isGone = errorSchema.safeParse(reply).success;
  if (streams !== undefined) {
    const outcome = readRecords(
      [streams],
      undefined,
      (activity) => mapActivity(activity, into, delivery, "whole", isGone ? {} : reply).newestAt,
    );
    return withNext(outcome, writeToken({ page, ids }));
  }
  const rest = { page, ids: ids.slice(1) };
  // It went between the list, or the event, and this call.
  if (isGone) return withNext({ read: 0, rejected: {} }, writeToken(rest));
  let streamed: Streamed | undefined;
  const outcome = readRecords([reply], undefined, (raw) => {
    const more = hasStreams(raw);
    const record = mapActivity(raw, into, delivery, more ? "detailed" : "whole");
    if (more) streamed = slim(raw);
    return record.newestAt;
  });
  return withNext(outcome, writeToken({ ...rest, streams: streamed }));
}

/** What stands in a list is stored as it is there; details and streams of each follow. */
function readList(list: readonly unknown[], into: BatchBuilder, delivery: Delivery): PageOutcome {
  const { page } = readToken(delivery.page);
  const ids: string[] = [];
  const outcome = readRecords(list, undefined, (raw) => {
    const record = mapActivity(raw, into, delivery, "listed");
    const listed = listedSchema.safeParse(raw);
    if (listed.success) ids.push(listed.data.id);
    return record.newestAt;
  });
  return withNext(outcome, writeToken({ page: pageAfter(page, list.length), ids }));
}

function withNext(outcome: PageOutcome, next: string | undefined): PageOutcome {
  return next === undefined ? outcome : { ...outcome, next };
}

const QUARTER_MS = 15 * MINUTE_MS;
type Headers = { get(name: string): string | null };

/** `a,b` of a header: the quarter of an hour and the day. */
function pairOf(headers: Headers, name: string): readonly [number, number] | undefined {
  const [, quarter, day] = /^\s*(\d{1,9})\s*,\s*(\d{1,9})\s*$/.exec(headers.get(name) ?? "") ?? [];
  return quarter === undefined || day === undefined ? undefined : [Number(quarter), Number(day)];
}

const identitySchema = z.object({ athlete: z.object({ id: stravaId }) });

/** Strava as code. */
export const STRAVA_MODULE: VendorModule = {
  vendor: STRAVA_VENDOR,
  pageRequest,
  readPage,
  recordIds: (_resource, object) => [recordId(object)],
  // An activity that is gone, or has no streams, is an answer and no failure.
  meaningOf: (status, body) => (status === 404 && errorSchema.safeParse(body).success ? { kind: "ok" } : undefined),
  limitsOf(headers, now) {
    const left: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const prefix of ["x-ratelimit", "x-readratelimit"]) {
      const [limit, usage] = [pairOf(headers, `${prefix}-limit`), pairOf(headers, `${prefix}-usage`)];
      if (limit === undefined || usage === undefined) continue;
      left[0] = Math.min(left[0], Math.max(0, limit[0] - usage[0]));
      left[1] = Math.min(left[1], Math.max(0, limit[1] - usage[1]));
    }
    if (!Number.isFinite(left[0])) return [];
    const end = (length: number): number => (Math.floor(now / length) + 1) * length;
    return [
      { scope: "app", left: left[0], until: end(QUARTER_MS) },
      { scope: "app_day", left: left[1], until: end(DAY_MS) },
    ];
  },
  readIdentity(reply) {
    const identity = identitySchema.safeParse(reply);
    if (!identity.success) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    return { userId: identity.data.athlete.id };
  },
  revoke: async (_account, { access }, { clientId, clientSecret }, call) =>
    (await call({
      method: "POST",
      host: "token",
      path: "/oauth/revoke",
      form: { token: access, client_id: clientId, client_secret: clientSecret },
    })) !== undefined,
  hook: STRAVA_HOOK,
  subscriptions: STRAVA_SUBSCRIPTIONS,
};
