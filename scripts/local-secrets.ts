import { generateKeyPairSync, randomBytes } from "node:crypto";

/** Marks keys that were made for one machine: a deployment refuses to serve with them. */
const LOCAL = "local-";

/** Vendors that the simulator stands in for, with the names of what their portals give beside id and secret. */
const VENDORS: Readonly<Record<string, readonly string[]>> = {
  oura: [],
  whoop: [],
  withings: [],
  polar: [],
  garmin: [],
  strava: [],
  dexcom: [],
  suunto: ["subscriptionKey", "notificationSecret", "callsPerMinute"],
  ultrahuman: [],
  aggregator: ["origin", "webhookSecret"],
};

/** What has a form of its own. */
const LOCAL_FORMS: Readonly<Record<string, string>> = {
  origin: "https://network.invalid",
  callsPerMinute: "600",
  webhookSecret: `whsec_${Buffer.from("meridian-local-webhook-secret").toString("base64")}`,
};

/** Accounts at all vendors for local runs: the simulator knows each by its client id and secret. */
function localCredentials(): string {
  const account = (more: readonly string[]) => ({
    clientId: "meridian-local",
    clientSecret: "meridian-local-secret",
    hookSecret: randomBytes(24).toString("hex"),
    ...Object.fromEntries(more.map((name) => [name, LOCAL_FORMS[name] ?? `meridian-local-${name}`])),
  });
  return JSON.stringify(Object.fromEntries(Object.entries(VENDORS).map(([id, more]) => [id, account(more)])));
}

/** A fresh set of secrets in the shape of `shared/crypto/keys.ts`, for local runs and tests, recognisable as such. */
export function freshSecrets(): Record<string, string> {
  return secretsWith(LOCAL, {
    GOOGLE_CLIENT_SECRET: "meridian-local-secret",
    VENDOR_CREDENTIALS: localCredentials(),
    R2_ACCESS_KEY_ID: "local",
    R2_SECRET_ACCESS_KEY: "localsecret",
  });
}

/** Fresh secrets for a first deploy; `own` are those that only the operator knows. */
export function deploySecrets(own: Readonly<Record<string, string>>): Record<string, string> {
  return secretsWith("", own);
}

function secretsWith(mark: string, own: Readonly<Record<string, string>>): Record<string, string> {
  return {
    DIRECTORY_KEYS: JSON.stringify({ email: first(freshKey()), vendor: first(freshKey()) }),
    KEYS_EU: JSON.stringify(rings("eu", mark)),
    KEYS_US: JSON.stringify(rings("us", mark)),
    KEYS_AP: JSON.stringify(rings("ap", mark)),
    GOOGLE_WEBHOOK_SECRET: randomBytes(24).toString("hex"),
    VENDOR_CREDENTIALS: "{}",
    OPERATIONS_SECRET: `${mark}${randomBytes(24).toString("hex")}`,
    ...own,
  };
}

/** 32 random bytes in base 64. */
export function freshKey(): string {
  return randomBytes(32).toString("base64");
}

/** A fresh ES256 key pair under a name that no other key has. */
export function freshSigningKey(kid: string) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty, crv, x, y, d } = privateKey.export({ format: "jwk" });
  return { kty, crv, x, y, d, kid };
}

/** A fresh RS256 key pair under a name that no other key has. */
export function freshIdentityKey(kid: string) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { kty, n, e, d, p, q, dp, dq, qi } = privateKey.export({ format: "jwk" });
  return { kty, n, e, d, p, q, dp, dq, qi, kid };
}

/** Numbers of RSA keys take long to find: one of each region for a process. */
const found = new Map<string, Omit<ReturnType<typeof freshIdentityKey>, "kid">>();

function identityNumbers(mark: string, region: string) {
  const name = `${mark}${region}`;
  const numbers = found.get(name) ?? freshIdentityKey("");
  found.set(name, numbers);
  return numbers;
}

function first<Key>(key: Key) {
  return { current: "1", keys: { 1: key } };
}

function rings(region: string, mark: string) {
  return {
    wrapping: first(freshKey()),
    index: first(freshKey()),
    refresh: first(freshKey()),
    pepper: first(freshKey()),
    chain: first(freshKey()),
    signing: first(freshSigningKey(`${mark}${region}-1`)),
    identity: first({ ...identityNumbers(mark, region), kid: `${mark}${region}-id-1` }),
  };
}
