import * as z from "zod";
import { fromBase64Url } from "../../crypto/base64url";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import { readRecords, Rejection } from "../record";
import type { Delivery, Meaning, PageOutcome, VendorModule } from "../vendor";
import { SUUNTO_VENDOR } from "./descriptor";
import { SUUNTO_HOOK } from "./hook";
import { mapActivity, mapRecovery, mapSleep } from "./map-days";
import { mapRecording, mapSummary, recordId } from "./map-workouts";
import { deauthorizeRequest, offsetAfter, pageRequest, type Pending, readToken, writeToken } from "./requests";

const listSchema = z.array(z.unknown());
const objectSchema = z.looseObject({});

function readPage(resource: string, reply: unknown, into: BatchBuilder, delivery: Delivery): PageOutcome {
  if (resource === "workouts") return readWorkouts(reply, into, delivery);
  const list = listSchema.safeParse(reply ?? []);
  if (!list.success) throw problem("vendor_failed", "The vendor's reply is no list of samples.");
  const source = into.source({ vendor: SUUNTO_VENDOR.source, connection: delivery.connection, deviceManufacturer: "Suunto" });
  return readRecords(list.data, undefined, (raw) => {
    switch (resource) {
      case "activity":
        return mapActivity(raw, into, source, delivery.syncedAt);
      case "sleep":
        return mapSleep(raw, into, source);
      case "recovery":
        return mapRecovery(raw, into, source);
      default:
        throw new Rejection("unsupported_type");
    }
  });
}

/** A list, one workout, or the recording of one: the token says which. */
function readWorkouts(reply: unknown, into: BatchBuilder, delivery: Delivery): PageOutcome {
  const { offset, recordings: [pending, ...rest] = [] } = readToken(delivery.page);
  if (pending !== undefined) {
    const next = writeToken({ offset, recordings: rest });
    const isRead = reply instanceof Uint8Array && mapRecording(reply, pending, into, delivery);
    // One that is missing, or cannot be read, leaves the summary.
    return { read: 1, rejected: isRead || !(reply instanceof Uint8Array) ? {} : { unreadable_recording: 1 }, ...named(next) };
  }
  const list = workoutsOf(reply);
  const recordings: Pending[] = [];
  const outcome = readRecords(list, undefined, (raw) => {
    const mapped = mapSummary(raw, into, delivery);
    if (mapped.pending !== undefined) recordings.push(mapped.pending);
    return mapped.newestAt;
  });
  return { ...outcome, ...named(writeToken({ offset: offsetAfter(offset, list.length), recordings })) };
}

const named = (next: string | undefined) => (next === undefined ? {} : { next });

/** The workouts of an answer: a list or one under `payload`, or bare; none where the workout is gone. */
function workoutsOf(reply: unknown): readonly unknown[] {
  if (reply === undefined || reply instanceof Uint8Array) return [];
  const { payload } = objectSchema.safeParse(reply).data ?? {};
  const found = payload ?? reply;
  if (Array.isArray(found)) return found;
  const one = objectSchema.safeParse(found);
  if (!one.success) throw problem("vendor_failed", "The vendor's reply is no list of workouts.");
  return Object.hasOwn(one.data, "startTime") ? [found] : [];
}

const gatewaySchema = z.object({ message: z.string() });
const QUOTA = /quota.*?(\d{1,4}):(\d{2}):(\d{2})/is;

/** Suunto's gateway says with the statuses of other refusals that a key is missing, or that it has been used up. */
function meaningOf(status: number, body: unknown): Meaning | undefined {
  const message = gatewaySchema.safeParse(body).data?.message ?? "";
  if (status === 401 && /subscription key/i.test(message)) return { kind: "down" };
  if (status === 403 && /quota/i.test(message)) {
    const [, hours = "0", minutes = "0", seconds = "0"] = QUOTA.exec(message) ?? [];
    const wait = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
    return wait > 0 ? { kind: "limited", retryAfterMs: wait } : { kind: "limited" };
  }
  // A workout, or its recording, that is not there is an answer.
  return status === 404 ? { kind: "ok" } : undefined;
}

const identitySchema = z.object({ user: z.string().min(1).max(200).optional(), access_token: z.string() });
const claimsSchema = z.object({ user: z.string().min(1).max(200) });

/** The name in the reply with the tokens, or in the access token, which is a JWT that came straight from Suunto. */
function userOf(reply: unknown): string | undefined {
  const identity = identitySchema.safeParse(reply).data;
  if (identity?.user !== undefined) return identity.user;
  try {
    const claims = fromBase64Url(identity?.access_token.split(".")[1] ?? "");
    return claimsSchema.safeParse(JSON.parse(new TextDecoder().decode(claims))).data?.user;
  } catch {
    return undefined;
  }
}

/** Suunto as code. */
export const SUUNTO_MODULE: VendorModule = {
  vendor: SUUNTO_VENDOR,
  pageRequest,
  readPage,
  recordIds: (resource, object) => [resource === "workouts" ? recordId(object) : `${resource}/${object}`],
  meaningOf,
  headers: ({ more }) => ({ "ocp-apim-subscription-key": more["subscriptionKey"] ?? "" }),
  readIdentity(reply) {
    const userId = userOf(reply);
    if (userId === undefined) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    return { userId };
  },
  revoke: async (_account, _tokens, credentials, call) => (await call(deauthorizeRequest(credentials))) !== undefined,
  hook: SUUNTO_HOOK,
};
