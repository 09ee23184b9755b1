import type { LiveVendor, VendorResource } from "../vendor";

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

function resource(
  area: string,
  granularity: VendorResource["granularity"],
  metrics: VendorResource["metrics"],
  rest: Partial<Pick<VendorResource, "windowDays" | "cadenceS" | "notified">> = {},
): VendorResource {
  const notified = rest.notified ?? true;
  return { areas: [area], metrics, granularity, operation: "list", windowDays: 60, cadenceS: 6 * HOUR_S, ...rest, notified };
}

const RESOURCES: Readonly<Record<string, VendorResource>> = {
  recovery: resource("recovery", "daily", ["score.recovery", "resting_heart_rate", "hrv_rmssd", "spo2", "skin_temp"]),
  sleep: resource("sleep", "session", [
    "sleep",
    "respiratory_rate",
    "score.sleep",
    "sleep_duration",
    "sleep_deep",
    "sleep_light",
    "sleep_rem",
    "sleep_awake",
    "sleep_efficiency",
    "time_in_bed",
  ]),
  workout: resource("workout", "session", ["workout"]),
  // The day of WHOOP's reckoning, from one night to the next. It has no webhook.
  cycle: resource("cycles", "daily", ["score.strain", "energy_total", "heart_rate"], { cadenceS: HOUR_S, notified: false }),
  body_measurement: resource("body_measurement", "daily", ["body_weight", "body_height"], {
    windowDays: 3650,
    cadenceS: DAY_S,
    notified: false,
  }),
};

/** WHOOP API v2. */
export const WHOOP_VENDOR: LiveVendor = {
  id: "whoop",
  title: "WHOOP",
  source: "whoop",
  status: "ga",
  auth: {
    hosts: { authorize: "https://api.prod.whoop.com", token: "https://api.prod.whoop.com", api: "https://api.prod.whoop.com" },
    authorizePath: "/oauth/oauth2/auth",
    tokenPath: "/oauth/oauth2/token",
    authorizeParameters: {},
    clientAuth: "body",
    pkce: "absent",
    scopeSeparator: "space",
    // Without `offline` there is no refresh token, and the connection would end within the hour.
    baseScopes: ["offline", "read:profile"],
    rotatesRefresh: true,
    userIdSource: "call",
    errorIn200: false,
    postConnect: ["start_backfill"],
  },
  areas: {
    recovery: { scope: "read:recovery", title: "Recovery", special: false },
    cycles: { scope: "read:cycles", title: "Strain and energy of the day", special: false },
    sleep: { scope: "read:sleep", title: "Sleep", special: false },
    workout: { scope: "read:workout", title: "Workouts", special: false },
    body_measurement: { scope: "read:body_measurement", title: "Height and weight", special: false },
  },
  delivery: "push_notify",
  webhook: {
    verify: "hmac_sha256",
    challenge: "none",
    registration: "dashboard",
    signatureHeaders: ["x-whoop-signature"],
    ackMs: 5_000,
    expires: false,
  },
  limits: [
    { scope: "app", n: 100, windowS: 60, align: false },
    { scope: "app_day", n: 10_000, windowS: DAY_S, align: true },
  ],
  history: { maxDays: 365, overlapHours: 72 },
  resources: RESOURCES,
  policy: { byoRequired: false, noAi: false },
};
