import type { LiveVendor, VendorResource } from "../vendor";

const HOUR_S = 3_600;
/** The longest range that Suunto answers. */
const MOST_DAYS = 28;
const ALL: VendorResource["areas"] = ["all"];

function resource(granularity: VendorResource["granularity"], metrics: VendorResource["metrics"]): VendorResource {
  return { areas: ALL, metrics, granularity, operation: "list", windowDays: MOST_DAYS, cadenceS: 24 * HOUR_S, notified: true };
}

const RESOURCES: Readonly<Record<string, VendorResource>> = {
  workouts: resource("session", [
    "workout",
    "heart_rate",
    "hrv_*",
    "speed",
    "speed_*",
    "power",
    "power_*",
    "cadence_*",
    "distance",
    "distance_*",
    "water_temperature",
    "underwater_depth",
    "respiratory_rate",
    "vo2_max",
    "run_*",
  ]),
  // Days are told by tens of minutes. Suunto's own sums of a day are those of days at UTC, which are nobody's days: they are not read.
  activity: resource("interval", ["heart_rate", "steps", "energy_active", "spo2", "hrv_rmssd"]),
  sleep: resource("session", [
    "sleep",
    "sleep_duration",
    "sleep_deep",
    "sleep_light",
    "sleep_rem",
    "sleep_awake",
    "sleep_latency",
    "time_in_bed",
    "sleep_hr_min",
    "heart_rate",
    "hrv_rmssd",
    "score.sleep",
  ]),
  recovery: resource("daily", ["score.recovery", "score.body_battery"]),
};

/** Suunto's cloud API. */
export const SUUNTO_VENDOR: LiveVendor = {
  id: "suunto",
  title: "Suunto",
  source: "suunto",
  status: "ga",
  auth: {
    hosts: {
      authorize: "https://cloudapi-oauth.suunto.com",
      token: "https://cloudapi-oauth.suunto.com",
      api: "https://cloudapi.suunto.com",
    },
    authorizePath: "/oauth/authorize",
    tokenPath: "/oauth/token",
    authorizeParameters: {},
    clientAuth: "basic",
    // Of the subscription to the API, and what notifications are signed with.
    moreCredentials: ["subscriptionKey", "notificationSecret"],
    pkce: "absent",
    scopeSeparator: "space",
    rotatesRefresh: true,
    userIdSource: "jwt_claim",
    errorIn200: false,
    postConnect: ["start_backfill"],
  },
  // One permission opens everything.
  areas: { all: { scope: "workout", title: "Workouts, activity, sleep and recovery", special: false } },
  delivery: "push_notify",
  webhook: {
    verify: "hmac_sha256",
    challenge: "none",
    registration: "dashboard",
    signatureHeaders: ["x-hmac-sha256-signature"],
    ackMs: 2_000,
    expires: false,
  },
  // What the gateway allows depends on the subscription, and no reply tells it; this is the least that is sold.
  limits: [{ scope: "app", n: 10, windowS: 60, align: false }],
  history: { maxDays: 365, overlapHours: 48 },
  resources: RESOURCES,
  policy: { byoRequired: false, noAi: false },
};
