import { demoDay } from "./demo-data.ts";

/** The person whom `npm start` loads; known to everybody, so it exists on local machines alone. */
export const DEMO = {
  email: "demo@meridian.test",
  password: "correct-horse-battery-staple",
  name: "Demo Person",
  region: "eu",
  timeZone: "Europe/Berlin",
  locale: "en",
} as const;

const DAY = 86_400_000;
const DAYS = 21;

interface Tokens {
  readonly tokens: { readonly accessToken: string };
}

/**
 * Registers the demo person where they do not exist, and pushes what is missing of the last three weeks, all over HTTP as any client
 * would. Throws where the API refuses.
 */
export async function loadDemo(origin: string, now: number): Promise<void> {
  const { tokens } = await signInOrRegister(origin);
  const authorization = `Bearer ${tokens.accessToken}`;
  const since = await lastHeartRate(origin, authorization);
  const today = localMidnight(now);
  for (let i = DAYS - 1; i >= 0; i--) {
    const midnight = localMidnight(today - i * DAY + DAY / 2);
    if (since !== undefined && midnight + DAY <= since) continue;
    const data = demoDay(midnight, now);
    const push = { provider: "apple", sdkVersion: "demo", syncTimestamp: new Date(midnight + DAY).toISOString(), data, deleted: [] };
    const receipt = await post<{ rejected: readonly unknown[]; quarantined: readonly unknown[] }>(origin, "/v1/ingest/healthkit", push, {
      authorization,
    });
    if (receipt.rejected.length + receipt.quarantined.length > 0) {
      throw new Error(`The demo data was not accepted whole: ${JSON.stringify([receipt.rejected[0], receipt.quarantined[0]])}`);
    }
  }
}

async function signInOrRegister(origin: string): Promise<Tokens> {
  const { email, password } = DEMO;
  const response = await send(origin, "/v1/sessions", { email, password });
  if (response.status === 201) return (await response.json()) as Tokens;
  return await post<Tokens>(origin, "/v1/accounts", DEMO);
}

/** Epoch milliseconds up to which the demo person has data. */
async function lastHeartRate(origin: string, authorization: string): Promise<number | undefined> {
  const response = await fetch(`${origin}/v1/me/metrics`, { headers: { authorization } });
  if (response.status !== 200) throw new Error(`The demo person's metrics could not be read: ${response.status}`);
  const { items } = (await response.json()) as { items: readonly { key: string; lastAt: string }[] };
  const found = items.find(({ key }) => key === "heart_rate");
  return found === undefined ? undefined : Date.parse(found.lastAt);
}

async function post<T>(origin: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  const response = await send(origin, path, body, headers);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

async function send(origin: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${origin}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** Midnight in the demo person's zone, at or before an instant. */
function localMidnight(at: number): number {
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: DEMO.timeZone,
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  });
  const part = (name: string): number => Number(clock.formatToParts(at).find(({ type }) => type === name)?.value ?? 0);
  return Math.floor(at / 1_000) * 1_000 - (part("hour") * 3_600 + part("minute") * 60 + part("second")) * 1_000;
}
