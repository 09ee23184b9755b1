/** What of the environment of a local run is about notifications: accounts at push, mail and SMS services, and where stand-ins of them are. */
const NAMES = ["NOTIFICATION_CREDENTIALS", "NOTIFICATION_BASES"] as const;

/** Without any, messages to devices and telephones lie in the outbox, and browsers cannot subscribe. */
export function notificationVars(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(NAMES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
