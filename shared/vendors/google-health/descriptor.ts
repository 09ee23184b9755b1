import type { LiveVendor, VendorResource } from "../vendor";
import { GOOGLE_HEALTH } from "./point";

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

const area = (name: string, title: string, special = false) => ({
  scope: `https://www.googleapis.com/auth/googlehealth.${name}.readonly`,
  title,
  special,
});

/** Longest ranges we ask for at once. Dense types fill many pages a day; sparse ones could take years, but a window is also a retry. */
const DENSE_DAYS = 7;
const SPARSE_DAYS = 90;

type Defaults = Partial<Pick<VendorResource, "operation" | "windowDays" | "cadenceS" | "notified">>;

function resource(
  areas: VendorResource["areas"],
  granularity: VendorResource["granularity"],
  metrics: VendorResource["metrics"],
  rest: Defaults = {},
): VendorResource {
  const notified = rest.notified ?? false;
  return {
    areas,
    metrics,
    granularity,
    operation: "list",
    windowDays: SPARSE_DAYS,
    // Where notifications come, polling only heals lost ones.
    cadenceS: notified ? 6 * HOUR_S : granularity === "daily" || granularity === "session" ? 3 * HOUR_S : HOUR_S,
    ...rest,
    notified,
  };
}

const ACTIVITY: VendorResource["areas"] = ["activity_and_fitness"];
const HEALTH: VendorResource["areas"] = ["health_metrics_and_measurements"];
const SLEEP: VendorResource["areas"] = ["sleep"];
const NUTRITION: VendorResource["areas"] = ["nutrition"];
const CYCLE: VendorResource["areas"] = ["reproductive_health"];
const NUTRIENTS: VendorResource["metrics"] = ["meal", "dietary_energy", "dietary_energy_from_fat", "nutrient.*"];

/** Which operations a data type allows differs from type to type; those that can be listed are, because lists tell the device. */
const RESOURCES: Readonly<Record<string, VendorResource>> = {
  steps: resource(ACTIVITY, "interval", ["steps"], { windowDays: DENSE_DAYS, notified: true }),
  distance: resource(ACTIVITY, "interval", ["distance_walk_run"], { windowDays: DENSE_DAYS, notified: true }),
  floors: resource(ACTIVITY, "interval", ["floors"], { operation: "reconcile", windowDays: DENSE_DAYS, notified: true }),
  altitude: resource(ACTIVITY, "interval", ["elevation_gain"], { windowDays: DENSE_DAYS, notified: true }),
  "active-energy-burned": resource(ACTIVITY, "interval", ["energy_active"], { windowDays: DENSE_DAYS }),
  "basal-energy-burned": resource(ACTIVITY, "interval", ["energy_basal"], { windowDays: DENSE_DAYS }),
  "total-calories": resource(ACTIVITY, "daily", ["energy_total"], { operation: "rollUp", windowDays: 14, notified: true }),
  "active-zone-minutes": resource(ACTIVITY, "interval", ["active_zone_minutes"], { windowDays: DENSE_DAYS, notified: true }),
  "active-minutes": resource(ACTIVITY, "daily", ["moderate_minutes", "vigorous_minutes"], { operation: "rollUp", windowDays: 14 }),
  "sedentary-period": resource(ACTIVITY, "daily", ["sedentary_minutes"], { operation: "rollUp", notified: true }),
  "swim-lengths-data": resource(ACTIVITY, "interval", ["swim_strokes"]),
  "vo2-max": resource(ACTIVITY, "sample", ["vo2_max"]),
  "run-vo2-max": resource(ACTIVITY, "sample", ["vo2_max"], { notified: true }),
  "daily-vo2-max": resource(ACTIVITY, "daily", ["vo2_max"]),
  exercise: resource(ACTIVITY, "session", ["workout"], { notified: true }),
  "heart-rate": resource(HEALTH, "sample", ["heart_rate"], { windowDays: DENSE_DAYS, notified: true }),
  "daily-resting-heart-rate": resource(HEALTH, "daily", ["resting_heart_rate"], { notified: true }),
  "heart-rate-variability": resource(HEALTH, "sample", ["hrv_rmssd", "hrv_sdnn"], { windowDays: DENSE_DAYS, notified: true }),
  "daily-heart-rate-variability": resource(HEALTH, "daily", ["hrv_rmssd"], { notified: true }),
  "oxygen-saturation": resource(HEALTH, "sample", ["spo2"], { windowDays: DENSE_DAYS }),
  "daily-oxygen-saturation": resource(HEALTH, "daily", ["spo2"], { notified: true }),
  "daily-respiratory-rate": resource(HEALTH, "daily", ["respiratory_rate"], { notified: true }),
  "respiratory-rate-sleep-summary": resource(HEALTH, "sample", ["respiratory_rate"], { notified: true }),
  "daily-sleep-temperature-derivations": resource(HEALTH, "daily", ["skin_temp", "skin_temp_deviation"], { notified: true }),
  "core-body-temperature": resource(HEALTH, "sample", ["body_temperature"]),
  "blood-glucose": resource(HEALTH, "sample", ["blood_glucose", "cgm_glucose"], { windowDays: 30, notified: true }),
  weight: resource(HEALTH, "sample", ["body_weight"], { notified: true }),
  height: resource(HEALTH, "sample", ["body_height"], { notified: true }),
  "body-fat": resource(HEALTH, "sample", ["body_fat_pct"], { notified: true }),
  sleep: resource(SLEEP, "session", ["sleep"], { notified: true }),
  "hydration-log": resource(NUTRITION, "session", ["water_intake"], { notified: true }),
  "nutrition-log": resource(NUTRITION, "session", NUTRIENTS, { notified: true }),
  electrocardiogram: resource(["ecg"], "session", ["ecg"], { windowDays: 3650 }),
  "irregular-rhythm-notification": resource(["irn"], "session", ["event.irregular_rhythm"]),
  "menstrual-period": resource(CYCLE, "interval", ["menstrual_period"]),
  "ovulation-test": resource(CYCLE, "sample", ["ovulation_test"]),
  moods: resource(["mindfulness"], "sample", ["state_of_mind"]),
  symptoms: resource(["logged_symptoms"], "sample", ["symptom.*"]),
};

/** Google Health API v4, the successor of the Fitbit Web API and of Google Fit. */
export const GOOGLE_HEALTH_VENDOR: LiveVendor = {
  id: "google-health",
  title: "Google Health (Fitbit, Pixel Watch)",
  source: GOOGLE_HEALTH,
  status: "ga",
  auth: {
    hosts: { authorize: "https://accounts.google.com", token: "https://oauth2.googleapis.com", api: "https://health.googleapis.com" },
    authorizePath: "/o/oauth2/v2/auth",
    tokenPath: "/token",
    revokePath: "/revoke",
    // Without `consent` Google gives no refresh token to somebody who has agreed before.
    authorizeParameters: { access_type: "offline", prompt: "consent", include_granted_scopes: "true" },
    clientAuth: "body",
    pkce: "optional",
    scopeSeparator: "space",
    rotatesRefresh: false,
    userIdSource: "call",
    errorIn200: false,
    postConnect: ["start_backfill"],
  },
  areas: {
    activity_and_fitness: area("activity_and_fitness", "Activity and fitness"),
    health_metrics_and_measurements: area("health_metrics_and_measurements", "Health metrics and measurements"),
    sleep: area("sleep", "Sleep"),
    // The guide names the read scope; the discovery document lists the write scope only.
    nutrition: area("nutrition", "Nutrition"),
    ecg: area("ecg", "Electrocardiograms", true),
    irn: area("irn", "Irregular rhythm notifications", true),
    reproductive_health: area("reproductive_health", "Reproductive health", true),
    mindfulness: area("mindfulness", "Moods", true),
    logged_symptoms: area("logged_symptoms", "Symptoms", true),
  },
  delivery: "push_notify",
  webhook: {
    verify: "tink_ecdsa",
    challenge: "authorization_echo",
    registration: "per_app",
    signatureHeaders: ["google-health-api-signature", "x-healthapi-signature"],
    ackMs: 5_000,
    expires: false,
  },
  limits: [
    { scope: "user", n: 300, windowS: 60, align: false },
    { scope: "app", n: 120_000, windowS: 60, align: false },
    { scope: "app_day", n: 86_400_000, windowS: DAY_S, align: true },
  ],
  history: { maxDays: 365, overlapHours: 48 },
  resources: RESOURCES,
  policy: { byoRequired: false, noAi: false },
};
