import * as z from "zod";
import { problem } from "../../problem";
import { stravaId } from "./map-activity";
import type { VendorCredentials, VendorSubscriptions } from "../vendor";

const PATH = "/api/v3/push_subscriptions";
const EVENTS = "events";

const subscriptionSchema = z.object({ id: stravaId, callback_url: z.string().optional() });

const ours = ({ clientId, clientSecret }: VendorCredentials) => ({ client_id: clientId, client_secret: clientSecret });

/** The one subscription that an app may have. It neither expires nor has a secret. */
export const STRAVA_SUBSCRIPTIONS: VendorSubscriptions = {
  wanted: [EVENTS],
  list: (credentials) => ({ method: "GET", path: PATH, query: ours(credentials), auth: "none" }),
  readList(reply) {
    const list = z.array(subscriptionSchema).safeParse(reply);
    if (!list.success) throw problem("vendor_failed", "The vendor's reply is no list of subscriptions.");
    return list.data.map(({ id, callback_url }) => ({ id, key: EVENTS, url: callback_url ?? "" }));
  },
  create: (credentials, _key, url, token) => ({
    method: "POST",
    path: PATH,
    form: { ...ours(credentials), callback_url: url, verify_token: token },
    auth: "none",
  }),
  readCreated(reply, key, url) {
    const created = subscriptionSchema.safeParse(reply);
    return created.success ? { id: created.data.id, key, url } : undefined;
  },
  remove: (credentials, { id }) => ({
    method: "DELETE",
    path: `${PATH}/${encodeURIComponent(id)}`,
    query: ours(credentials),
    auth: "none",
  }),
};
