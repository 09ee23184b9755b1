import type { LiveVendor } from "../vendor";

const HOUR_S = 3600;

/** Ultrahuman's partner API. */
export const ULTRAHUMAN_VENDOR: LiveVendor = {
  id: "ultrahuman",
  title: "Ultrahuman Ring",
  source: "ultrahuman",
  status: "ga",
  auth: {
    hosts: { authorize: "https://auth.ultrahuman.com", token: "https://partner.ultrahuman.com", api: "https://partner.ultrahuman.com" },
    authorizePath: "/authorise",
    tokenPath: "/api/partners/oauth/token",
    revokePath: "/api/partners/oauth/revoke",
    authorizeParameters: {},
    clientAuth: "body",
    pkce: "absent",
    scopeSeparator: "space",
    // Opens the person's id.
    baseScopes: ["profile"],
    rotatesRefresh: true,
    userIdSource: "call",
    errorIn200: false,
    postConnect: ["start_backfill"],
  },
  areas: {
    ring_data: { scope: "ring_data", title: "Heart, sleep, activity and recovery", special: false },
    cgm_data: { scope: "cgm_data", title: "Glucose", special: false },
  },
  delivery: "pull",
  // Ultrahuman names no number; a call tells one day, so this is half a year in a few minutes.
  limits: [
    { scope: "app", n: 600, windowS: 60, align: false },
    { scope: "user", n: 60, windowS: 60, align: false },
  ],
  history: { maxDays: 180, overlapHours: 48 },
  resources: {
    // One call tells everything of one day.
    metrics: {
      areas: ["ring_data", "cgm_data"],
      metrics: [
        "heart_rate",
        "skin_temp",
        "hrv_rmssd",
        "resting_heart_rate",
        "spo2",
        "steps",
        "sleep",
        "sleep_duration",
        "sleep_deep",
        "sleep_light",
        "sleep_rem",
        "sleep_awake",
        "sleep_efficiency",
        "time_in_bed",
        "score.sleep",
        "score.recovery",
        "score.activity",
        "exercise_minutes",
        "sedentary_minutes",
        "vo2_max",
        "cgm_glucose",
        "cgm_mean",
        "cgm_cv",
        "cgm_tir",
      ],
      operation: "list",
      windowDays: 1,
      granularity: "daily",
      cadenceS: HOUR_S,
      notified: false,
    },
  },
  policy: { byoRequired: false, noAi: false },
};
