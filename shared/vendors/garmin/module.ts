import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import { parsed, readRecords, Rejection, VendorRecord } from "../record";
import type { Delivery, Meaning, PageOutcome, VendorModule } from "../vendor";
import { GARMIN_VENDOR } from "./descriptor";
import { dateOf, type Head, headSchema, sourceOf } from "./fields";
import { GARMIN_HOOK } from "./hook";
import { mapActivity, mapDetails } from "./map-activities";
import { putEpochs, readEpoch } from "./map-epochs";
import { HEALTH_MAPPERS } from "./map-health";
import { mapSleep } from "./map-sleep";
import { identityRequest, pageRequest, permissionsRequest, revokeRequest } from "./requests";

const ACTIVITIES = new Set(["activities", "manuallyUpdatedActivities", "moveIQActivities"]);
const listSchema = z.array(z.unknown());
const measuredSchema = z.looseObject({
  measurementTimeInSeconds: z.number().nonnegative().optional(),
  periodStartDate: z.string().max(20).optional(),
  lastUpdatedTimeInSeconds: z.number().nonnegative().max(8_640_000_000_000).optional(),
});

/** Summaries as a list: what a pull answers, and what a push holds for one person. A push in whole is read for its own key. */
function readPage(resource: string, reply: unknown, into: BatchBuilder, delivery: Delivery): PageOutcome {
  const list = listSchema.safeParse(reply).data ?? z.object({ [resource]: listSchema }).safeParse(reply).data?.[resource];
  if (list === undefined) throw problem("vendor_failed", "The vendor's reply is not a list of summaries.");
  const source = () => into.source(sourceOf(delivery.connection));
  if (resource === "epochs") {
    const epochs: ReturnType<typeof readEpoch>[] = [];
    const outcome = readRecords(list, undefined, (raw) => {
      const epoch = readEpoch(raw);
      epochs.push(epoch);
      return epoch.startTimeInSeconds + Math.round(epoch.durationInSeconds * 1000);
    });
    putEpochs(epochs, into, source());
    return outcome;
  }
  return readRecords(list, undefined, (raw) => {
    if (resource === "sleeps") return mapSleep(raw, into, source());
    if (resource === "activityDetails") return mapDetails(raw, into, delivery);
    if (ACTIVITIES.has(resource)) return mapActivity(resource, raw, into, delivery);
    const map = HEALTH_MAPPERS[resource];
    if (map === undefined) throw new Rejection("unsupported_type");
    const head = parsed(headSchema, raw);
    const record = new VendorRecord(into, source(), idOf(resource, raw, head), versionOf(raw, head, delivery));
    map(raw, record, head);
    return record.newestAt;
  });
}

/** What a summary is known by: its start. The longer one of the same start replaces the other, under whatever id it comes. */
function idOf(resource: string, raw: unknown, head: Head): string | undefined {
  const measured = measuredSchema.safeParse(raw).data;
  const { startTimeInSeconds: start } = head;
  const at = start === undefined || start === null ? undefined : start / 1000;
  const name = at ?? measured?.measurementTimeInSeconds ?? measured?.periodStartDate ?? dateOf(head);
  return name === undefined ? undefined : `${resource}/${name}`;
}

function versionOf(raw: unknown, { durationInSeconds }: Head, { syncedAt }: Delivery): number {
  const updated = measuredSchema.safeParse(raw).data?.lastUpdatedTimeInSeconds;
  if (updated !== undefined) return updated * 1000;
  return durationInSeconds === undefined || durationInSeconds === null ? syncedAt : Math.round(durationInSeconds);
}

const identitySchema = z.object({ userId: z.string().min(1).max(120) });
const namesSchema = z.array(z.string().max(100)).max(100);
const permissionsSchema = z.union([namesSchema, z.looseObject({ permissions: namesSchema })]);
const tokensSchema = z.looseObject({ scope: z.unknown() });

const errorSchema = z.looseObject({ errorMessage: z.string().max(2000) });
const MIN_START = /before min(?:imum)? start time of (\d{4}-\d{2}-\d{2}T[\d:.]+Z)/i;

/** What Garmin says in words: how far the past reaches, or that our app is not set up for a kind of summary. */
function refusalOf(body: unknown): Meaning | undefined {
  const message = errorSchema.safeParse(body).data?.errorMessage ?? "";
  const notBefore = Date.parse(MIN_START.exec(message)?.[1] ?? "");
  if (Number.isFinite(notBefore)) return { kind: "rejected", notBefore };
  return /not enabled for summary type/i.test(message) ? { kind: "forbidden" } : undefined;
}

/** Statuses that mean something of their own for backfills and pulls. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  202: { kind: "later" },
  // Asked for already: what was promised then is on its way.
  409: { kind: "later" },
  // The person has not permitted this kind of data.
  412: { kind: "forbidden" },
  // The token is dead.
  403: { kind: "unauthorized" },
};

/** Garmin Health as code. */
export const GARMIN_MODULE: VendorModule = {
  vendor: GARMIN_VENDOR,
  pageRequest,
  readPage,
  meaningOf: (status, body) => (status === 400 ? refusalOf(body) : MEANINGS[status]),
  tokenReply(body) {
    // The scopes there are of Garmin's own kind; what the person permits shows by what comes.
    const reply = tokensSchema.safeParse(body);
    if (!reply.success) return body;
    const { scope: _scope, ...rest } = reply.data;
    return rest;
  },
  identityRequest,
  readIdentity(reply) {
    const identity = identitySchema.safeParse(reply);
    if (!identity.success) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    return { userId: identity.data.userId };
  },
  permissions: {
    request: permissionsRequest,
    read(reply) {
      const found = permissionsSchema.safeParse(reply);
      if (!found.success) throw problem("vendor_failed", "The vendor did not tell what the person permits.");
      return Array.isArray(found.data) ? found.data : found.data.permissions;
    },
  },
  revoke: async (_account, _tokens, _credentials, call) => (await call(revokeRequest)) !== undefined,
  hook: GARMIN_HOOK,
};
