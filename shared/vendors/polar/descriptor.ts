import type { LiveVendor, VendorResource } from "../vendor";

const HOUR_S = 3600;
/** Lists without paging: ranges up to this are answered at once. */
const RANGE_DAYS = 28;
/** Lists that take no range give the last weeks whatever is asked. */
const WHOLE_DAYS = 3650;

const ALL: VendorResource["areas"] = ["all"];

function resource(
  granularity: VendorResource["granularity"],
  metrics: VendorResource["metrics"],
  rest: Partial<Pick<VendorResource, "windowDays" | "cadenceS" | "notified">> = {},
): VendorResource {
  const notified = rest.notified ?? false;
  return {
    areas: ALL,
    metrics,
    granularity,
    operation: "list",
    windowDays: RANGE_DAYS,
    cadenceS: notified ? 6 * HOUR_S : 3 * HOUR_S,
    ...rest,
    notified,
  };
}

const RESOURCES: Readonly<Record<string, VendorResource>> = {
  exercises: resource("session", ["workout"], { windowDays: WHOLE_DAYS, notified: true }),
  activities: resource("daily", ["steps", "distance_walk_run", "energy_active", "energy_total"], { notified: true }),
  sleep: resource(
    "session",
    ["sleep", "heart_rate", "score.sleep", "sleep_duration", "sleep_deep", "sleep_light", "sleep_rem", "sleep_awake"],
    { windowDays: WHOLE_DAYS, notified: true },
  ),
  "nightly-recharge": resource("daily", ["score.recovery", "hrv_rmssd", "respiratory_rate"], { windowDays: WHOLE_DAYS }),
  "continuous-heart-rate": resource("sample", ["heart_rate"], { windowDays: 7, notified: true }),
  "cardio-load": resource("daily", ["score.strain"]),
  "physical-info": resource("sample", ["body_weight", "body_height", "vo2_max", "resting_heart_rate"], {
    windowDays: WHOLE_DAYS,
    cadenceS: 24 * HOUR_S,
    notified: true,
  }),
  ecg: resource("session", ["ecg", "heart_rate", "hrv_rmssd"]),
  spo2: resource("sample", ["spo2", "heart_rate", "hrv_rmssd"]),
  bodytemperature: resource("sample", ["body_temperature", "skin_temp"]),
  skintemperature: resource("daily", ["skin_temp", "skin_temp_deviation"]),
};

/** Polar AccessLink v3. */
export const POLAR_VENDOR: LiveVendor = {
  id: "polar",
  title: "Polar Flow",
  source: "polar",
  status: "ga",
  auth: {
    hosts: { authorize: "https://flow.polar.com", token: "https://polarremote.com", api: "https://www.polaraccesslink.com" },
    authorizePath: "/oauth2/authorization",
    tokenPath: "/v2/oauth2/token",
    authorizeParameters: {},
    clientAuth: "basic",
    pkce: "absent",
    scopeSeparator: "space",
    rotatesRefresh: false,
    // The access token lives for years.
    withoutRefresh: true,
    userIdSource: "token_reply",
    errorIn200: false,
    postConnect: ["register_user", "ensure_webhook", "start_backfill"],
  },
  // One scope opens everything, the electrocardiograms of wrist tests among it.
  areas: { all: { scope: "accesslink.read_all", title: "Training, activity, sleep and measurements", special: false } },
  delivery: "push_notify",
  webhook: {
    verify: "hmac_sha256",
    challenge: "ping",
    registration: "per_app",
    signatureHeaders: ["polar-webhook-signature"],
    ackMs: 10_000,
    expires: false,
  },
  // 500 and 20 for each user in a quarter of an hour, 5,000 and 100 a day; what is below holds with the first user.
  limits: [
    { scope: "app", n: 500, windowS: 900, align: false },
    { scope: "app_day", n: 5_000, windowS: 86_400, align: false },
  ],
  // Polar gives 28 to 30 days, and nothing from before the person was registered with us.
  history: { maxDays: 28, overlapHours: 72 },
  resources: RESOURCES,
  policy: { byoRequired: false, noAi: false },
};
