import { freshSecrets } from "../scripts/local-secrets.ts";

/** Secrets of one test run. */
export function testSecrets(): Record<string, string> {
  return { ...freshSecrets(), GOOGLE_CLIENT_ID: "meridian-local" };
}
