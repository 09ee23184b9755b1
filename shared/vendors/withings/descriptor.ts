import type { LiveVendor, VendorResource } from "../vendor";

const HOUR_S = 3600;

function resource(
  areas: VendorResource["areas"],
  granularity: VendorResource["granularity"],
  metrics: VendorResource["metrics"],
  windowDays: number,
  notified = true,
): VendorResource {
  // Notifications tell what changed; polling only heals lost ones.
  return { areas, metrics, granularity, operation: "list", windowDays, cadenceS: (notified ? 6 : 3) * HOUR_S, notified };
}

const METRICS: VendorResource["areas"] = ["metrics"];
const ACTIVITY: VendorResource["areas"] = ["activity"];

const RESOURCES: Readonly<Record<string, VendorResource>> = {
  measures: resource(
    METRICS,
    "sample",
    [
      "body_weight",
      "body_height",
      "lean_mass",
      "body_fat_pct",
      "fat_mass",
      "muscle_mass",
      "body_water_mass",
      "body_water_extracellular",
      "body_water_intracellular",
      "bone_mass",
      "visceral_fat",
      "bmr",
      "metabolic_age",
      "blood_pressure",
      "heart_rate",
      "body_temperature",
      "skin_temp",
      "spo2",
      "pulse_wave_velocity",
      "vascular_age",
      "vo2_max",
      "event.irregular_rhythm",
      "ecg",
    ],
    90,
  ),
  activity: resource(
    ACTIVITY,
    "daily",
    ["steps", "distance_walk_run", "floors", "energy_active", "energy_total", "moderate_minutes", "vigorous_minutes", "heart_rate"],
    90,
  ),
  // A call may not reach further than 24 hours.
  intraday: resource(
    ACTIVITY,
    "interval",
    [
      "steps",
      "distance_walk_run",
      "floors",
      "energy_active",
      "swim_strokes",
      "heart_rate",
      "spo2",
      "hrv_rmssd",
      "hrv_sdnn",
      "body_temperature",
      "respiratory_rate",
    ],
    1,
  ),
  workouts: resource(ACTIVITY, "session", ["workout"], 90),
  // The nights' figures first, then their stages: a week of stages a call.
  sleep: resource(
    ACTIVITY,
    "session",
    [
      "sleep",
      "heart_rate",
      "respiratory_rate",
      "hrv_rmssd",
      "hrv_sdnn",
      "sleep_hr_min",
      "score.sleep",
      "breathing_disturbance",
      "sleep_duration",
      "sleep_light",
      "sleep_deep",
      "sleep_rem",
      "sleep_awake",
      "sleep_latency",
      "sleep_efficiency",
      "time_in_bed",
      "awakenings",
    ],
    14,
  ),
  heart: resource(METRICS, "session", ["ecg"], 90),
};

/** Withings: scales, blood pressure monitors, thermometers, watches and sleep mats. */
export const WITHINGS_VENDOR: LiveVendor = {
  id: "withings",
  title: "Withings",
  source: "withings",
  status: "ga",
  auth: {
    hosts: { authorize: "https://account.withings.com", token: "https://wbsapi.withings.net", api: "https://wbsapi.withings.net" },
    authorizePath: "/oauth2_user/authorize2",
    tokenPath: "/v2/oauth2",
    authorizeParameters: {},
    clientAuth: "body",
    pkce: "absent",
    scopeSeparator: "comma",
    baseScopes: ["user.info"],
    rotatesRefresh: true,
    userIdSource: "token_reply",
    codeTtlS: 30,
    errorIn200: true,
    postConnect: ["ensure_webhook", "start_backfill"],
  },
  areas: {
    // Withings has one scope for all of these, electrocardiograms included.
    metrics: {
      scope: "user.metrics",
      title: "Weight, blood pressure, temperature, electrocardiograms and other measurements",
      special: false,
    },
    activity: { scope: "user.activity", title: "Activity, workouts and sleep", special: false },
  },
  delivery: "push_notify",
  webhook: { verify: "path_secret", challenge: "none", registration: "per_user", signatureHeaders: [], ackMs: 2_000, expires: false },
  limits: [{ scope: "app", n: 120, windowS: 60, align: false }],
  history: { maxDays: 365, overlapHours: 48 },
  resources: RESOURCES,
  policy: { byoRequired: false, noAi: false },
};
