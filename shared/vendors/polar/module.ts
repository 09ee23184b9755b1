import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import { readRecords, Rejection, VendorRecord } from "../record";
import type { Delivery, PageOutcome, VendorModule } from "../vendor";
import { POLAR_VENDOR } from "./descriptor";
import { POLAR_HOOK } from "./hook";
import { mapBodyTemperature, mapEcg, mapPhysicalInfo, mapSkinTemperature, mapSpo2 } from "./map-measurements";
import { mapCardioLoad, mapRecharge, mapSleep } from "./map-nights";
import { mapActivity, mapContinuousHeartRate, mapExercise } from "./map-training";
import { deregisterRequest, pageRequest, registerRequest } from "./requests";
import { POLAR_SUBSCRIPTIONS } from "./subscriptions";

interface Reader {
  readonly map: (raw: unknown, record: VendorRecord, delivery: Delivery) => void;
  /** The member that tells one record from the others of its resource. */
  readonly key: string | undefined;
}

/** Resource → how its records are read. */
export const POLAR_READERS: Readonly<Record<string, Reader>> = {
  exercises: { key: "id", map: (raw, record, { timeZone }) => mapExercise(raw, record, timeZone) },
  activities: { key: undefined, map: (raw, record, { timeZone }) => mapActivity(raw, record, timeZone) },
  sleep: { key: "date", map: mapSleep },
  "nightly-recharge": { key: "date", map: (raw, record, { timeZone }) => mapRecharge(raw, record, timeZone) },
  "continuous-heart-rate": { key: undefined, map: (raw, record, { timeZone }) => mapContinuousHeartRate(raw, record, timeZone) },
  "cardio-load": { key: "date", map: mapCardioLoad },
  "physical-info": { key: undefined, map: (raw, record, { syncedAt }) => mapPhysicalInfo(raw, record, syncedAt) },
  ecg: { key: "test_time", map: mapEcg },
  spo2: { key: "test_time", map: mapSpo2 },
  bodytemperature: { key: undefined, map: mapBodyTemperature },
  skintemperature: { key: "sleep_date", map: mapSkinTemperature },
};

/** Members under which lists come, where they are no lists themselves. */
const LISTS = ["nights", "recharges", "heart_rates", "cardio_loads", "exercises", "activities"] as const;
const anObject = z.record(z.string(), z.unknown());
const idSchema = z.union([z.string().regex(/^[A-Za-z0-9._:-]{1,120}$/), z.number().int()]);
const identitySchema = z.object({ x_user_id: z.union([z.number().int(), z.string().min(1).max(64)]).transform(String) });

/** The records of a reply: a list, a list under its name, the one record, or nothing where Polar has nothing to say. */
function recordsOf(reply: unknown): readonly unknown[] {
  if (reply === undefined || reply === null) return [];
  if (Array.isArray(reply)) return reply;
  const { data } = anObject.safeParse(reply);
  if (data === undefined) throw problem("vendor_failed", "The vendor's reply is not a list of records.");
  const named = LISTS.find((name) => Object.hasOwn(data, name));
  if (named === undefined) return [data];
  const list = data[named];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw problem("vendor_failed", "The vendor's reply is not a list of records.");
  return list;
}

function readPage(resource: string, reply: unknown, into: BatchBuilder, delivery: Delivery): PageOutcome {
  const records = recordsOf(reply);
  const source = into.source({ vendor: POLAR_VENDOR.source, connection: delivery.connection, deviceManufacturer: "Polar" });
  const reader = Object.hasOwn(POLAR_READERS, resource) ? POLAR_READERS[resource] : undefined;
  return readRecords(records, undefined, (raw) => {
    if (reader === undefined) throw new Rejection("unsupported_type");
    const id = reader.key === undefined ? undefined : idSchema.safeParse(anObject.safeParse(raw).data?.[reader.key]).data;
    const record = new VendorRecord(into, source, id === undefined ? undefined : `${resource}/${id}`, delivery.syncedAt);
    reader.map(raw, record, delivery);
    return record.newestAt;
  });
}

/** Polar as code. */
export const POLAR_MODULE: VendorModule = {
  vendor: POLAR_VENDOR,
  pageRequest,
  readPage,
  recordIds: (resource, object) => [`${resource}/${object}`],
  // Somebody who is registered already stays registered.
  meaningOf: (status) => (status === 409 ? { kind: "ok" } : undefined),
  limitsOf(headers, now) {
    const pair = (name: string): number[] =>
      (headers.get(name) ?? "").split(",").map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
    const [usage, limit, reset] = [pair("ratelimit-usage"), pair("ratelimit-limit"), pair("ratelimit-reset")];
    return ["app", "app_day"].flatMap((scope, i) => {
      const [used = Number.NaN, most = Number.NaN, seconds = Number.NaN] = [usage[i], limit[i], reset[i]];
      const isTold = used >= 0 && most > 0 && seconds >= 0 && seconds <= 2 * 86_400;
      return isTold ? [{ scope, left: Math.max(0, most - used), until: now + seconds * 1000 }] : [];
    });
  },
  readIdentity(reply) {
    const identity = identitySchema.safeParse(reply);
    if (!identity.success) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    return { userId: identity.data.x_user_id };
  },
  connectRequests: ({ userId }) => [registerRequest(userId)],
  revoke: async ({ userId }, _tokens, _credentials, call) => (await call(deregisterRequest(userId))) !== undefined,
  hook: POLAR_HOOK,
  subscriptions: POLAR_SUBSCRIPTIONS,
};
