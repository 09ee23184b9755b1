import * as z from "zod";
import { MINUTE_MS } from "../../clock";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import { readRecords, Rejection, VendorRecord } from "../record";
import type { Delivery, PageOutcome, VendorModule } from "../vendor";
import { OURA_VENDOR } from "./descriptor";
import { OURA_HOOK } from "./hook";
import { mapHeartRate, mapSession, mapWorkout } from "./map-activity";
import { DAILY_MAPPERS } from "./map-daily";
import { mapSleep } from "./map-sleep";
import { identityRequest, pageRequest, revokeRequest } from "./requests";
import { OURA_SUBSCRIPTIONS } from "./subscriptions";

/** Resource → mapper of its documents. */
export const OURA_MAPPERS: Readonly<Record<string, (raw: unknown, record: VendorRecord) => void>> = {
  ...DAILY_MAPPERS,
  sleep: mapSleep,
  workout: mapWorkout,
  session: mapSession,
  heartrate: mapHeartRate,
};

const pageSchema = z.object({ data: z.array(z.unknown()), next_token: z.string().max(4096).nullish() });
const documentSchema = z.looseObject({ id: z.string() });
const identitySchema = z.object({ id: z.string().min(1).max(200) });

/** Maps a page of documents, or the one document that was asked for by its id. */
function readPage(resource: string, reply: unknown, into: BatchBuilder, { connection, syncedAt }: Delivery): PageOutcome {
  const page = pageSchema.safeParse(reply);
  const document = page.success ? undefined : documentSchema.safeParse(reply).data;
  if (!page.success && document === undefined) throw problem("vendor_failed", "The vendor's reply is not a page of documents.");
  const source = into.source({ vendor: OURA_VENDOR.source, connection, deviceManufacturer: "Oura", deviceType: "ring" });
  const map = OURA_MAPPERS[resource];
  return readRecords(page.data?.data ?? [document], page.data?.next_token ?? undefined, (raw) => {
    if (map === undefined) throw new Rejection("unsupported_type");
    const id = documentSchema.safeParse(raw).data?.id;
    const record = new VendorRecord(into, source, id === undefined ? undefined : `${resource}/${id}`, syncedAt);
    map(raw, record);
    return record.newestAt;
  });
}

/** Oura as code. */
export const OURA_MODULE: VendorModule = {
  vendor: OURA_VENDOR,
  pageRequest,
  readPage,
  recordIds: (resource, object) => [`${resource}/${object}`],
  // A refusal says which of its two layers is used up, and until when.
  limitsOf(headers, now) {
    const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN) * 1000;
    if (headers.get("retry-after") === null || !(reset > now)) return [];
    const scope = /app/i.test(headers.get("x-ratelimit-tier") ?? "") ? "app" : "user";
    return [{ scope, left: 0, until: Math.min(reset, now + 60 * MINUTE_MS) }];
  },
  identityRequest,
  readIdentity(reply) {
    const identity = identitySchema.safeParse(reply);
    if (!identity.success) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    return { userId: identity.data.id };
  },
  revoke: async (_account, { access }, _credentials, call) => (await call(revokeRequest(access))) !== undefined,
  hook: OURA_HOOK,
  subscriptions: OURA_SUBSCRIPTIONS,
};
