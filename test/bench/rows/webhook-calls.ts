import { createHmac, randomUUID } from "node:crypto";
import { signBody } from "../../simulator/webhooks/signing.ts";
import { requestBytes } from "../bench.ts";
import { type BenchServer, VENDOR_ACCOUNTS } from "../server.ts";

/** What a vendor's webhook sends for the n-th event of one of its users, signed as it signs. */
export interface HookVendor {
  readonly id: string;
  /** Signs for subscriptions whose secret the vendor tells. */
  readonly subscriptionSecret?: string;
  /** Ids of users as the vendor has them. */
  user(i: number): string;
  /** @param path where Oura's go in place of our own receiver */
  call(server: BenchServer, user: string, n: number, path?: string): Uint8Array;
}

const BEGIN = Date.UTC(2026, 9, 1);
const POLAR_SECRET = "secret that the vendor told";
const hmac = (secret: string, text: string, encoding: "hex" | "base64") => createHmac("sha256", secret).update(text).digest(encoding);
const secretOf = (id: string) => VENDOR_ACCOUNTS[id]?.clientSecret ?? "";
const pathOf = (id: string) => `/hooks/${id}/${VENDOR_ACCOUNTS[id]?.hookSecret ?? ""}`;
const json = (id: string, body: string, headers: Record<string, string>, path = pathOf(id)) =>
  requestBytes("POST", path, { "content-type": "application/json", ...headers }, body);

/** Every vendor with webhooks. All but Garmin only point; Garmin's push brings a day itself. */
export const HOOK_VENDORS: readonly HookVendor[] = [
  {
    id: "google-health",
    user: (i) => `user-${i}`,
    call(server, healthUserId, n) {
      const secret = server.secrets["GOOGLE_WEBHOOK_SECRET"] ?? "";
      const at = BEGIN + n * 60_000;
      const span = { startTime: new Date(at).toISOString(), endTime: new Date(at + 60_000).toISOString() };
      const about = { version: "1", clientProvidedSubscriptionName: "s", healthUserId, operation: "UPSERT", dataType: "heart-rate" };
      const body = JSON.stringify({ data: { ...about, intervals: [{ physicalTimeInterval: span }] } });
      const headers = {
        authorization: `Bearer ${secret}`,
        "content-type": "application/json",
        "google-health-api-signature": signBody(server.webhookKey, body),
      };
      return requestBytes("POST", `/hooks/google-health/${secret}`, headers, body);
    },
  },
  {
    id: "oura",
    user: (i) => `oura-${i}`,
    call(_, user_id, n, path) {
      const event_time = new Date(BEGIN + n * 60_000).toISOString();
      const body = JSON.stringify({ event_type: "update", data_type: "sleep", object_id: randomUUID(), event_time, user_id });
      const at = String(Math.floor(Date.now() / 1000));
      const signature = hmac(secretOf("oura"), at + body, "hex").toUpperCase();
      return json("oura", body, { "x-oura-timestamp": at, "x-oura-signature": signature }, path);
    },
  },
  {
    id: "whoop",
    user: (i) => String(1_000 + i),
    call(_, user) {
      const body = JSON.stringify({ user_id: Number(user), id: randomUUID(), type: "workout.updated", trace_id: randomUUID() });
      const at = String(Date.now());
      return json("whoop", body, { "x-whoop-signature-timestamp": at, "x-whoop-signature": hmac(secretOf("whoop"), at + body, "base64") });
    },
  },
  {
    id: "polar",
    subscriptionSecret: POLAR_SECRET,
    user: (i) => String(2_000 + i),
    call(_, user, n) {
      const timestamp = new Date(BEGIN + n * 60_000).toISOString();
      const body = JSON.stringify({ event: "EXERCISE", user_id: Number(user), entity_id: randomUUID().slice(0, 8), timestamp });
      return json("polar", body, { "polar-webhook-event": "EXERCISE", "polar-webhook-signature": hmac(POLAR_SECRET, body, "hex") });
    },
  },
  {
    id: "withings",
    user: (i) => String(3_000 + i),
    call(_, userid, n) {
      const startdate = String(BEGIN / 1000 + n * 60);
      const body = new URLSearchParams({ userid, appli: "1", startdate, enddate: startdate }).toString();
      return requestBytes("POST", pathOf("withings"), { "content-type": "application/x-www-form-urlencoded" }, body);
    },
  },
  {
    id: "garmin",
    user: (i) => `garmin-${i}`,
    call(_, userId, n) {
      const day = new Date(BEGIN - (n % 300) * 86_400_000).toISOString().slice(0, 10);
      const day0 = Date.parse(`${day}T00:00:00Z`) / 1000;
      const summary = { summaryId: `x${n}`, calendarDate: day, startTimeInSeconds: day0, startTimeOffsetInSeconds: 0 };
      const body = JSON.stringify({
        dailies: [{ userId, ...summary, durationInSeconds: 86_400, steps: 4_000 + n, distanceInMeters: 3_000 }],
      });
      return json("garmin", body, { "garmin-client-id": VENDOR_ACCOUNTS["garmin"]?.clientId ?? "" });
    },
  },
];
