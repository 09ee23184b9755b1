import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import { readRecords, Rejection, type VendorRecord } from "../record";
import type { Delivery, PageOutcome, VendorModule } from "../vendor";
import { WITHINGS_VENDOR } from "./descriptor";
import { WITHINGS_HOOK } from "./hook";
import { mapActivity, mapIntraday, mapWorkout } from "./map-activity";
import { mapSignal, readListed } from "./map-heart";
import { mapMeasures } from "./map-measures";
import { mapSummary, putLoose, putNight, putValues, readSegment, type Segment } from "./map-sleep";
import { meaningOf, replySchema } from "./meaning";
import {
  type Night,
  nightsOfOneCall,
  pageRequest,
  type PageToken,
  readToken,
  revoke,
  type Signal,
  subscribeRequests,
  writeToken,
} from "./requests";

const bodySchema = z.looseObject({
  timezone: z.string().optional(),
  more: z.union([z.boolean(), z.number()]).optional(),
  offset: z.number().int().nonnegative().optional(),
  measuregrps: z.array(z.unknown()).optional(),
  activities: z.array(z.unknown()).optional(),
  series: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]).optional(),
  signal: z.unknown().optional(),
});
type Body = z.output<typeof bodySchema>;

type Simple = (raw: unknown, into: BatchBuilder, delivery: Delivery, timeZone: string | undefined) => VendorRecord;
/** Resource → where its records are, and the mapper of one. */
const SIMPLE: Readonly<Record<string, { readonly records: (body: Body) => readonly unknown[]; readonly map: Simple }>> = {
  measures: { records: (body) => body.measuregrps ?? [], map: mapMeasures },
  activity: { records: (body) => body.activities ?? [], map: mapActivity },
  intraday: { records: (body) => (Array.isArray(body.series) ? [] : Object.entries(body.series ?? {})), map: mapIntraday },
  workouts: { records: (body) => listOf(body.series), map: mapWorkout },
};

function readPage(resource: string, reply: unknown, into: BatchBuilder, delivery: Delivery): PageOutcome {
  const body = bodySchema.safeParse(replySchema.safeParse(reply).data?.body);
  if (!body.success) throw problem("vendor_failed", "The vendor's reply is not a page.");
  const token = readToken(delivery.page);
  const { more, offset } = body.data;
  // How far the list has been read is part of every token, so that its next page follows whatever came between.
  const listed: PageToken = more === true || more === 1 ? { offset: offset ?? 0 } : {};
  if (resource === "sleep")
    return isStages(body.data, token) ? readStages(body.data, token, into, delivery) : readSummaries(body.data, listed, into, delivery);
  if (resource === "heart")
    return body.data.signal === undefined ? readList(body.data, listed, delivery) : readSignal(body.data, token, into, delivery);
  const simple = SIMPLE[resource];
  return readRecords(simple?.records(body.data) ?? [], writeToken(listed), (raw) => {
    if (simple === undefined) throw new Rejection("unsupported_type");
    return simple.map(raw, into, delivery, body.data.timezone).newestAt;
  });
}

/** Stages are what was asked for where nights wait for them, and what has states where nobody asked. */
function isStages({ series }: Body, { nights = [] }: PageToken): boolean {
  return nights.length > 0 || listOf(series).some((one) => typeof one === "object" && one !== null && "state" in one);
}

function readSummaries(body: Body, listed: PageToken, into: BatchBuilder, delivery: Delivery): PageOutcome {
  const nights: Night[] = [];
  const outcome = readRecords(listOf(body.series), undefined, (raw) => {
    const { record, night } = mapSummary(raw, into, delivery);
    nights.push(night);
    return record.newestAt;
  });
  return withNext(outcome, writeToken({ ...listed, nights }));
}

function readStages(body: Body, { offset, nights = [] }: PageToken, into: BatchBuilder, delivery: Delivery): PageOutcome {
  const { now, later } = nightsOfOneCall(nights);
  const segments: Segment[] = [];
  const outcome = readRecords(listOf(body.series), undefined, (raw) => {
    const segment = readSegment(raw);
    segments.push(segment);
    if (nights.length === 0) putLoose(segment, into, delivery);
    return putValues(segment, into, delivery, now);
  });
  for (const night of now) putNight(night, segments, into, delivery);
  return withNext(outcome, writeToken({ ...(offset === undefined ? {} : { offset }), nights: later }));
}

function readList(body: Body, listed: PageToken, delivery: Delivery): PageOutcome {
  const signals: Signal[] = [];
  const outcome = readRecords(listOf(body.series), undefined, (raw) => {
    const signal = readListed(raw, delivery);
    signals.push(signal);
    return signal.at;
  });
  return withNext(outcome, writeToken({ ...listed, signals }));
}

function readSignal(body: Body, { offset, signals = [] }: PageToken, into: BatchBuilder, delivery: Delivery): PageOutcome {
  const [signal, ...later] = signals;
  const outcome = readRecords([body], undefined, (raw) => {
    if (signal === undefined) throw new Rejection("no_instant");
    return mapSignal(raw, signal, into, delivery).newestAt;
  });
  return withNext(outcome, writeToken({ ...(offset === undefined ? {} : { offset }), signals: later }));
}

const listOf = (series: Body["series"]): readonly unknown[] => (Array.isArray(series) ? series : []);

function withNext(outcome: PageOutcome, next: string | undefined): PageOutcome {
  return next === undefined ? outcome : { ...outcome, next };
}

const tokenSchema = z.object({ userid: z.union([z.string().min(1).max(40), z.number().int()]) });

/** Withings as code. */
export const WITHINGS_MODULE: VendorModule = {
  vendor: WITHINGS_VENDOR,
  pageRequest,
  readPage,
  meaningOf,
  tokenParameters: (parameters) => ({ action: "requesttoken", ...parameters }),
  tokenReply: (body) => replySchema.safeParse(body).data?.body ?? body,
  readIdentity(reply) {
    const identity = tokenSchema.safeParse(reply);
    if (!identity.success) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    return { userId: String(identity.data.userid) };
  },
  connectRequests: (_account, hookUrl) => subscribeRequests(hookUrl),
  revoke: ({ userId }, _tokens, credentials, call, now) => revoke(userId, credentials, call, now),
  hook: WITHINGS_HOOK,
};
