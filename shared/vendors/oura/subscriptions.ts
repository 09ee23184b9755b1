import * as z from "zod";
import { problem } from "../../problem";
import { recordId } from "../fields";
import { some } from "../record";
import type { Subscription, VendorCredentials, VendorRequest, VendorSubscriptions } from "../vendor";
import { OURA_VENDOR } from "./descriptor";

const PATH = "/v2/webhook/subscription";
const EVENTS = ["create", "update", "delete"] as const;

const subscriptionSchema = z.object({
  id: recordId,
  callback_url: z.string().max(2000),
  event_type: z.enum(EVENTS),
  data_type: z.string().max(64),
  expiration_time: z.string().max(40).nullish(),
});

function call(method: VendorRequest["method"], path: string, { clientId, clientSecret }: VendorCredentials, body?: unknown): VendorRequest {
  const headers = { "x-client-id": clientId, "x-client-secret": clientSecret };
  return { method, path, headers, auth: "none", ...some("body", body) };
}

function subscriptionOf({ id, callback_url, event_type, data_type, expiration_time }: z.output<typeof subscriptionSchema>): Subscription {
  // Oura prints this time without a zone; it is UTC.
  const text = expiration_time ?? "";
  const expiresAt = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`);
  return { id, key: `${data_type}.${event_type}`, url: callback_url, ...(Number.isFinite(expiresAt) ? { expiresAt } : {}) };
}

/** One subscription for each kind of document and each of its three events; they expire and are renewed. */
export const OURA_SUBSCRIPTIONS: VendorSubscriptions = {
  wanted: Object.entries(OURA_VENDOR.resources).flatMap(([name, { notified }]) =>
    notified ? EVENTS.map((event) => `${name}.${event}`) : [],
  ),
  list: (credentials) => call("GET", PATH, credentials),
  readList(reply) {
    const list = z.array(z.unknown()).safeParse(reply);
    if (!list.success) throw problem("vendor_failed", "The vendor's reply is no list of subscriptions.");
    return list.data.flatMap((raw) => {
      const one = subscriptionSchema.safeParse(raw);
      return one.success ? [subscriptionOf(one.data)] : [];
    });
  },
  create(credentials, key, url, token) {
    const [data_type = "", event_type = ""] = key.split(".");
    return call("POST", PATH, credentials, { callback_url: url, verification_token: token, event_type, data_type });
  },
  readCreated(reply, key, url) {
    const created = subscriptionSchema.safeParse(reply);
    if (!created.success) return undefined;
    const found = subscriptionOf(created.data);
    return found.key === key && found.url === url ? found : undefined;
  },
  renew: (credentials, { id }) => call("PUT", `${PATH}/renew/${id}`, credentials),
  remove: (credentials, { id }) => call("DELETE", `${PATH}/${id}`, credentials),
};
