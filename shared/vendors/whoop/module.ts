import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import { offsetAt } from "../../health/zone";
import { utcDay } from "../fields";
import { readRecords, Rejection, VendorRecord } from "../record";
import type { Delivery, PageOutcome, VendorModule } from "../vendor";
import { WHOOP_VENDOR } from "./descriptor";
import { WHOOP_HOOK } from "./hook";
import { mapBody, mapCycle, mapRecovery, mapSleep, mapWorkout } from "./mappers";
import { identityRequest, pageRequest, revokeRequest } from "./requests";

type Map = (raw: unknown, record: VendorRecord, delivery: Delivery) => void;

/** The date of an instant where the person lives. */
const dateIn =
  ({ timeZone = "UTC" }: Delivery) =>
  (at: number): string =>
    utcDay(at + offsetAt(timeZone, at) * 1000);

/** Resource → mapper of its records. */
export const WHOOP_MAPPERS: Readonly<Record<string, Map>> = {
  recovery: (raw, record, delivery) => mapRecovery(raw, record, dateIn(delivery)),
  sleep: mapSleep,
  workout: mapWorkout,
  cycle: mapCycle,
  body_measurement: (raw, record, delivery) => mapBody(raw, record, dateIn(delivery)(delivery.syncedAt)),
};

const pageSchema = z.object({ records: z.array(z.unknown()), next_token: z.string().max(4096).nullish() });
/** A reply with `records` that are none is a broken page, and no record. */
const oneSchema = z.looseObject({ records: z.undefined().optional() });
const headSchema = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  sleep_id: z.string().optional(),
  updated_at: z.string().optional(),
});
const identitySchema = z.object({ user_id: z.union([z.number().int(), z.string().min(1).max(64)]).transform(String) });

/** Maps a page of records, or the one record that was asked for. */
function readPage(resource: string, reply: unknown, into: BatchBuilder, delivery: Delivery): PageOutcome {
  const page = pageSchema.safeParse(reply);
  if (!page.success && !oneSchema.safeParse(reply).success) throw problem("vendor_failed", "The vendor's reply is not a page of records.");
  const source = into.source({
    vendor: WHOOP_VENDOR.source,
    connection: delivery.connection,
    deviceManufacturer: "WHOOP",
    deviceType: "band",
  });
  const map = WHOOP_MAPPERS[resource];
  return readRecords(page.data?.records ?? [reply], page.data?.next_token ?? undefined, (raw) => {
    if (map === undefined) throw new Rejection("unsupported_type");
    const head = headSchema.safeParse(raw).data;
    // A recovery's id is that of its night.
    const id = resource === "recovery" ? head?.sleep_id : head?.id;
    const updatedAt = Date.parse(head?.updated_at ?? "");
    const record = new VendorRecord(
      into,
      source,
      id === undefined ? undefined : `${resource}/${id}`,
      Number.isFinite(updatedAt) ? updatedAt : delivery.syncedAt,
    );
    map(raw, record, delivery);
    return record.newestAt;
  });
}

/** WHOOP as code. */
export const WHOOP_MODULE: VendorModule = {
  vendor: WHOOP_VENDOR,
  pageRequest,
  readPage,
  recordIds: (resource, object) => [`${resource}/${object}`],
  limitsOf(headers, now) {
    const [left, reset] = ["x-ratelimit-remaining", "x-ratelimit-reset"].map((name) => Number(headers.get(name) ?? Number.NaN));
    // `Reset` is in seconds from now.
    return left !== undefined && reset !== undefined && left >= 0 && reset >= 0 && reset <= 86_400
      ? [{ scope: "app", left, until: now + reset * 1000 }]
      : [];
  },
  // A refresh asks for the lasting permission again.
  tokenParameters: (parameters) => (parameters["grant_type"] === "refresh_token" ? { ...parameters, scope: "offline" } : parameters),
  identityRequest,
  readIdentity(reply) {
    const identity = identitySchema.safeParse(reply);
    if (!identity.success) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    return { userId: identity.data.user_id };
  },
  revoke: async (_account, _tokens, _credentials, call) => (await call(revokeRequest)) !== undefined,
  hook: WHOOP_HOOK,
};
