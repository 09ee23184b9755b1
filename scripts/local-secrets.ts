import { generateKeyPairSync, randomBytes } from "node:crypto";

/** A fresh set of secrets in the shape of `shared/crypto/keys.ts`, for local runs and tests; also printed for a first deploy. */
export function freshSecrets(): Record<string, string> {
  return {
    DIRECTORY_KEYS: JSON.stringify({ current: "1", keys: { 1: { email: key(), vendor: key() } } }),
    KEYS_EU: JSON.stringify(ring("eu")),
    KEYS_US: JSON.stringify(ring("us")),
    KEYS_AP: JSON.stringify(ring("ap")),
    GOOGLE_CLIENT_SECRET: "meridian-local-secret",
    GOOGLE_WEBHOOK_SECRET: randomBytes(24).toString("hex"),
    R2_ACCESS_KEY_ID: "local",
    R2_SECRET_ACCESS_KEY: "localsecret",
  };
}

function key(): string {
  return randomBytes(32).toString("base64");
}

function ring(region: string) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = privateKey.export({ format: "jwk" });
  const signing = { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, d: jwk.d, kid: `${region}-1` };
  return { current: "1", keys: { 1: { wrapping: key(), index: key(), refresh: key(), pepper: key(), chain: key(), signing } } };
}
