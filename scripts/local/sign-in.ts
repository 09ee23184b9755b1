/** Everything that configures sign-in with Google and Apple, secrets included. */
const NAMES = [
  "GOOGLE_SIGN_IN_ID",
  "GOOGLE_SIGN_IN_BASE",
  "GOOGLE_SIGN_IN_SECRET",
  "APPLE_SIGN_IN_ID",
  "APPLE_SIGN_IN_BASE",
  "APPLE_SIGN_IN_KEY",
  "APPLE_TEAM_ID",
  "APPLE_KEY_ID",
  "APP_RETURNS",
] as const;

/** What of it the environment of a local run sets. Without any, nobody is offered. */
export function signInVars(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(NAMES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
