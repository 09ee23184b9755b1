import type { LiveVendor, VendorResource } from "../vendor";

const HOUR_S = 3600;
const HOSTS = (api: string): LiveVendor["auth"]["hosts"] => ({ authorize: api, token: api, api });

function resource(granularity: VendorResource["granularity"], metrics: VendorResource["metrics"], cadenceS: number): VendorResource {
  // Dexcom answers for at most thirty days at once.
  return { areas: ["glucose"], metrics, granularity, operation: "list", windowDays: 30, cadenceS, notified: false };
}

const RESOURCES: Readonly<Record<string, VendorResource>> = {
  egvs: resource("sample", ["cgm_glucose", "cgm_trend"], HOUR_S / 2),
  events: resource("interval", ["nutrient.carbohydrates", "insulin_delivery", "workout", "blood_glucose"], HOUR_S),
  calibrations: resource("sample", ["blood_glucose"], 6 * HOUR_S),
};

/** Dexcom API v3. There are no webhooks; data of the United States come an hour late. */
export const DEXCOM_VENDOR: LiveVendor = {
  id: "dexcom",
  title: "Dexcom",
  source: "dexcom",
  status: "ga",
  auth: {
    hosts: HOSTS("https://api.dexcom.com"),
    // An account at Dexcom belongs to one part of the world.
    regionalHosts: {
      us: HOSTS("https://api.dexcom.com"),
      eu: HOSTS("https://api.dexcom.eu"),
      jp: HOSTS("https://api.dexcom.jp"),
      sandbox: HOSTS("https://sandbox-api.dexcom.com"),
    },
    // The documents still print `v2` here, for data of v3.
    authorizePath: "/v2/oauth2/login",
    tokenPath: "/v2/oauth2/token",
    authorizeParameters: {},
    clientAuth: "body",
    pkce: "absent",
    scopeSeparator: "space",
    rotatesRefresh: true,
    userIdSource: "data_reply",
    errorIn200: false,
    postConnect: ["start_backfill"],
  },
  areas: { glucose: { scope: "offline_access", title: "Glucose, insulin, carbohydrates and exercise", special: false } },
  delivery: "pull",
  limits: [{ scope: "app", n: 60_000, windowS: HOUR_S, align: false }],
  // A sensor's phone may be away for a while: the last three days are read again.
  history: { maxDays: 365, overlapHours: 72 },
  resources: RESOURCES,
  policy: { byoRequired: false, noAi: false },
};
