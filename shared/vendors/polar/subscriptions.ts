import * as z from "zod";
import { problem } from "../../problem";
import { recordId } from "../fields";
import type { Subscription, VendorSubscriptions } from "../vendor";
import { POLAR_EVENTS } from "./hook";
import { appRequest } from "./requests";

const PATH = "/v3/webhooks";
/** Polar keeps one webhook for an app, with all its events. */
const KEY = "all";

const webhookSchema = z.object({
  id: recordId,
  events: z.array(z.string().max(64)).max(50),
  url: z.string().max(2000),
  active: z.boolean().optional(),
  signature_secret_key: z.string().min(1).max(200).optional(),
});

function subscriptionOf({ id, events, url, active, signature_secret_key }: z.output<typeof webhookSchema>): Subscription {
  return {
    id,
    key: KEY,
    url,
    ...(signature_secret_key === undefined ? {} : { secret: signature_secret_key }),
    // One that lacks an event is as good as switched off: there is no other beside it, so it is replaced.
    ...(active === false || !POLAR_EVENTS.every((event) => events.includes(event)) ? { inactive: true } : {}),
  };
}

/** The app's one webhook. Its secret is told when it is made and never again; after a week of failures Polar switches it off. */
export const POLAR_SUBSCRIPTIONS: VendorSubscriptions = {
  wanted: [KEY],
  tellsSecret: true,
  list: (credentials) => appRequest("GET", PATH, credentials),
  readList(reply) {
    const list = z.object({ data: z.array(z.unknown()).default([]) }).safeParse(reply);
    if (!list.success) throw problem("vendor_failed", "The vendor's reply is no list of webhooks.");
    return list.data.data.flatMap((raw) => {
      const one = webhookSchema.safeParse(raw);
      return one.success ? [subscriptionOf(one.data)] : [];
    });
  },
  create: (credentials, _key, url) => appRequest("POST", PATH, credentials, { events: POLAR_EVENTS, url }),
  readCreated(reply, _key, url) {
    const created = z.object({ data: webhookSchema }).safeParse(reply);
    if (!created.success || created.data.data.url !== url) return undefined;
    const found = subscriptionOf(created.data.data);
    // Without its secret nothing that comes could be believed.
    return found.secret === undefined ? undefined : found;
  },
  remove: (credentials, { id }) => appRequest("DELETE", `${PATH}/${id}`, credentials),
};
