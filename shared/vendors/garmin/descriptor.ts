import type { LiveVendor, VendorResource } from "../vendor";

const DAY_S = 86_400;

/** Garmin refuses a backfill of more activities, and of more than 90 days of everything else; it counts the days of all of them. */
const WINDOW_DAYS = 30;

const HEALTH: VendorResource["areas"] = ["health"];
const ACTIVITY: VendorResource["areas"] = ["activities"];

function resource(
  areas: VendorResource["areas"],
  granularity: VendorResource["granularity"],
  metrics: VendorResource["metrics"],
): VendorResource {
  // Everything is sent by Garmin: asking without a reason fails its review, so the cadence is only the longest silence.
  return { areas, metrics, granularity, operation: "asynchronous", windowDays: WINDOW_DAYS, cadenceS: DAY_S, notified: true };
}

/** Summaries under the names that pushes use. */
const RESOURCES: Readonly<Record<string, VendorResource>> = {
  dailies: resource(HEALTH, "daily", [
    "steps",
    "wheelchair_pushes",
    "distance_walk_run",
    "floors",
    "energy_active",
    "energy_basal",
    "energy_total",
    "moderate_minutes",
    "vigorous_minutes",
    "resting_heart_rate",
    "heart_rate",
    "score.stress",
    "score.body_battery",
  ]),
  epochs: resource(HEALTH, "interval", ["steps", "distance_walk_run", "energy_active", "wheelchair_pushes", "met"]),
  sleeps: resource(HEALTH, "session", [
    "sleep",
    "sleep_duration",
    "sleep_deep",
    "sleep_light",
    "sleep_rem",
    "sleep_awake",
    "score.sleep",
    "respiratory_rate",
    "spo2",
  ]),
  bodyComps: resource(HEALTH, "sample", ["body_weight", "muscle_mass", "bone_mass", "body_fat_pct", "body_water_pct", "bmi"]),
  stressDetails: resource(HEALTH, "sample", ["stress_level", "score.body_battery"]),
  userMetrics: resource(HEALTH, "daily", ["vo2_max", "fitness_age"]),
  pulseox: resource(HEALTH, "sample", ["spo2"]),
  allDayRespiration: resource(HEALTH, "sample", ["respiratory_rate"]),
  healthSnapshot: resource(HEALTH, "session", ["heart_rate", "respiratory_rate", "stress_level", "spo2", "hrv_rmssd", "hrv_sdnn"]),
  hrv: resource(HEALTH, "session", ["hrv_rmssd"]),
  bloodPressures: resource(HEALTH, "sample", ["blood_pressure", "heart_rate"]),
  skinTemp: resource(HEALTH, "daily", ["skin_temp_deviation"]),
  activities: resource(ACTIVITY, "session", ["workout"]),
  manuallyUpdatedActivities: { ...resource(ACTIVITY, "session", ["workout"]), pastWith: "activities" },
  activityDetails: resource(ACTIVITY, "session", [
    "workout",
    "heart_rate",
    "speed",
    "speed_run",
    "speed_cycle",
    "speed_row",
    "speed_paddle",
    "speed_xc_ski",
    "cadence_run",
    "cadence_cycle",
    "power",
    "power_run",
    "power_cycle",
  ]),
  moveIQActivities: resource(ACTIVITY, "session", ["workout"]),
  mct: resource(["menstrual_cycle"], "session", ["menstrual_period"]),
};

/** Garmin Health: data are pushed, the past is asked for and comes later in the same way. */
export const GARMIN_VENDOR: LiveVendor = {
  id: "garmin",
  title: "Garmin Connect",
  source: "garmin",
  status: "ga",
  auth: {
    hosts: { authorize: "https://connect.garmin.com", token: "https://diauth.garmin.com", api: "https://apis.garmin.com" },
    authorizePath: "/oauth2Confirm",
    tokenPath: "/di-oauth2-service/oauth/token",
    authorizeParameters: {},
    clientAuth: "body",
    pkce: "required",
    scopeSeparator: "space",
    withoutScopes: true,
    rotatesRefresh: true,
    userIdSource: "call",
    errorIn200: false,
    postConnect: ["start_backfill"],
  },
  areas: {
    health: { scope: "HEALTH_EXPORT", title: "Daily health: activity, sleep, heart, stress, body", special: false },
    activities: { scope: "ACTIVITY_EXPORT", title: "Activities with their recordings", special: false },
    menstrual_cycle: { scope: "MCT_EXPORT", title: "Menstrual cycle", special: true },
  },
  delivery: "push_full",
  webhook: {
    verify: "path_secret",
    challenge: "none",
    registration: "dashboard",
    signatureHeaders: ["garmin-client-id"],
    ackMs: 30_000,
    expires: false,
  },
  // 10 000 days of data a minute.
  limits: [{ scope: "app", n: Math.floor(10_000 / WINDOW_DAYS), windowS: 60, align: false }],
  history: { maxDays: 365, overlapHours: 48, daysBeforeConnection: 30 },
  resources: RESOURCES,
  policy: { byoRequired: false, noAi: false, attribution: "Garmin" },
};
