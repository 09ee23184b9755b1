import type { LiveVendor, VendorResource } from "../vendor";

const HOUR_S = 3600;
/** A heart rate every five minutes, and denser while somebody trains: a week is a few pages. */
const DENSE_DAYS = 7;
const SPARSE_DAYS = 60;

function resource(
  areas: VendorResource["areas"],
  granularity: VendorResource["granularity"],
  metrics: VendorResource["metrics"],
  rest: Partial<Pick<VendorResource, "windowDays" | "cadenceS" | "notified">> = {},
): VendorResource {
  const notified = rest.notified ?? true;
  // Webhooks tell what changed; polling only heals lost ones.
  return { areas, metrics, granularity, operation: "list", windowDays: SPARSE_DAYS, cadenceS: 6 * HOUR_S, ...rest, notified };
}

const DAILY: VendorResource["areas"] = ["daily"];

/** Collections of `/v2/usercollection` that hold readings, under the names that webhooks use. */
const RESOURCES: Readonly<Record<string, VendorResource>> = {
  daily_activity: resource(DAILY, "daily", [
    "steps",
    "energy_active",
    "energy_total",
    "distance_walk_run",
    "moderate_minutes",
    "vigorous_minutes",
    "sedentary_minutes",
    "met",
    "score.activity",
  ]),
  daily_sleep: resource(DAILY, "daily", ["score.sleep"]),
  daily_readiness: resource(DAILY, "daily", ["score.readiness", "skin_temp_deviation"]),
  sleep: resource(DAILY, "session", [
    "sleep",
    "heart_rate",
    "hrv_rmssd",
    "respiratory_rate",
    "sleep_hr_min",
    "sleep_duration",
    "sleep_deep",
    "sleep_light",
    "sleep_rem",
    "sleep_awake",
    "sleep_latency",
    "sleep_efficiency",
    "time_in_bed",
  ]),
  daily_spo2: resource(["spo2"], "daily", ["spo2", "breathing_disturbance"]),
  daily_stress: resource(["stress"], "daily", ["stress_high_minutes", "recovery_high_minutes"]),
  daily_resilience: resource(["stress"], "daily", ["score.resilience"]),
  daily_cardiovascular_age: resource(["heart_health"], "daily", ["vascular_age", "pulse_wave_velocity"]),
  vo2_max: resource(["heart_health"], "daily", ["vo2_max"]),
  workout: resource(["workout"], "session", ["workout"]),
  session: resource(["session"], "session", ["mindful_minutes", "heart_rate", "hrv_rmssd"]),
  // The one collection without webhooks.
  heartrate: resource(["heartrate"], "sample", ["heart_rate"], { windowDays: DENSE_DAYS, cadenceS: HOUR_S, notified: false }),
};

/** Oura API v2. */
export const OURA_VENDOR: LiveVendor = {
  id: "oura",
  title: "Oura Ring",
  source: "oura",
  status: "ga",
  auth: {
    hosts: { authorize: "https://cloud.ouraring.com", token: "https://api.ouraring.com", api: "https://api.ouraring.com" },
    authorizePath: "/oauth/authorize",
    tokenPath: "/oauth/token",
    authorizeParameters: {},
    clientAuth: "body",
    pkce: "absent",
    scopeSeparator: "space",
    // Opens the person's id.
    baseScopes: ["personal"],
    // A refresh token works once.
    rotatesRefresh: true,
    userIdSource: "call",
    errorIn200: false,
    postConnect: ["ensure_webhook", "start_backfill"],
  },
  areas: {
    daily: { scope: "daily", title: "Sleep, activity and readiness", special: false },
    heartrate: { scope: "heartrate", title: "Heart rate", special: false },
    workout: { scope: "workout", title: "Workouts", special: false },
    // Printed as `spo2` too; the API's own description says `spo2Daily`.
    spo2: { scope: "spo2Daily", title: "Blood oxygen in sleep", special: false },
    heart_health: { scope: "heart_health", title: "Cardiovascular age and fitness", special: false },
    session: { scope: "session", title: "Meditation and breathing sessions", special: true },
    stress: { scope: "stress", title: "Stress and resilience", special: true },
  },
  delivery: "push_notify",
  webhook: {
    verify: "hmac_sha256",
    challenge: "query_echo",
    registration: "per_app",
    signatureHeaders: ["x-oura-signature"],
    ackMs: 10_000,
    expires: true,
  },
  // Oura names no numbers any more; this is what it named last. Its replies tell when a tier is used up.
  limits: [
    { scope: "app", n: 5_000, windowS: 300, align: false },
    { scope: "user", n: 1_000, windowS: 300, align: false },
  ],
  history: { maxDays: 365, overlapHours: 48 },
  resources: RESOURCES,
  policy: { byoRequired: false, noAi: false },
};
