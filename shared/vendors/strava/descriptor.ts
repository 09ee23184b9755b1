import type { LiveVendor } from "../vendor";

const DAY_S = 86_400;

/** Strava v3: activities with their details and recordings. */
export const STRAVA_VENDOR: LiveVendor = {
  id: "strava",
  title: "Strava",
  source: "strava",
  status: "ga",
  auth: {
    hosts: { authorize: "https://www.strava.com", token: "https://www.strava.com", api: "https://www.strava.com" },
    authorizePath: "/oauth/authorize",
    tokenPath: "/oauth/token",
    authorizeParameters: { approval_prompt: "auto" },
    clientAuth: "body",
    pkce: "absent",
    scopeSeparator: "comma",
    baseScopes: ["read"],
    // It may rotate: whatever comes is kept.
    rotatesRefresh: true,
    userIdSource: "token_reply",
    errorIn200: false,
    postConnect: ["ensure_webhook", "start_backfill"],
  },
  areas: {
    activities: { scope: "activity:read", title: "Activities that others may see", special: false },
    private_activities: {
      scope: "activity:read_all",
      title: "Activities that only you see, and whole ways without hidden zones",
      special: true,
    },
  },
  delivery: "push_notify",
  webhook: {
    verify: "path_secret",
    challenge: "query_echo",
    registration: "per_app",
    signatureHeaders: ["x-strava-signature"],
    ackMs: 2_000,
    expires: false,
  },
  // The read limits of the standard tier; what Strava says of them in its replies counts more.
  limits: [
    { scope: "app", n: 100, windowS: 900, align: true },
    { scope: "app_day", n: 1_000, windowS: DAY_S, align: true },
  ],
  history: { maxDays: 365, overlapHours: 48 },
  resources: {
    activity: {
      areas: ["activities", "private_activities"],
      metrics: [
        "workout",
        "heart_rate",
        "power",
        "power_cycle",
        "power_run",
        "speed",
        "speed_run",
        "speed_cycle",
        "speed_row",
        "speed_paddle",
        "speed_xc_ski",
        "cadence_run",
        "cadence_cycle",
      ],
      operation: "list",
      windowDays: 90,
      granularity: "session",
      cadenceS: 6 * 3600,
      notified: true,
    },
  },
  // An account has ten athletes on the standard tier: an organisation brings its own. What comes from Strava is shown to its person
  // alone, and no model may see it (API agreement, November 2024).
  policy: { byoRequired: true, noAi: true, ownDataOnly: true, mostPeople: 10, attribution: "Powered by Strava" },
};
