import { generateKeyPairSync } from "node:crypto";
import { freshSecrets } from "../scripts/local-secrets.ts";
import { standInCredentials } from "./notifications/accounts.ts";

/** Secrets of one test run. */
export function testSecrets(): Record<string, string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    ...freshSecrets(),
    GOOGLE_CLIENT_ID: "meridian-local",
    GOOGLE_SIGN_IN_ID: "meridian-google",
    GOOGLE_SIGN_IN_SECRET: "a secret of Google's",
    APPLE_SIGN_IN_ID: "test.meridian.signin",
    APPLE_TEAM_ID: "TEAM123456",
    APPLE_KEY_ID: "KEY1234567",
    APPLE_SIGN_IN_KEY: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Accounts at those who bring messages to browsers and devices; letters and text messages of tests lie in the outbox. */
export async function notificationSecret(): Promise<string> {
  const { mail: _mail, sms: _sms, ...others } = await standInCredentials();
  return JSON.stringify(others);
}
