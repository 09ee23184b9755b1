/** The steps of a journey that happen at Google Health, which the simulator plays. */
import * as z from "zod";
import { control } from "../simulator/flow.ts";
import { CLOUD_PLATFORM } from "../simulator/oauth/authenticate.ts";
import { JWT_BEARER } from "../simulator/oauth/token.ts";
import type { Simulator } from "../simulator/simulator.ts";
import type { Meridian } from "./harness.ts";
import type { Client } from "./person.ts";
import { sessions } from "./wire.ts";

const authorization = z.object({ authorizeUrl: z.string(), connection: z.string() });
const connection = z.looseObject({
  id: z.string(),
  state: z.string(),
  error: z.object({ code: z.string() }).nullable(),
  backfill: z.object({ done: z.number(), failed: z.number(), total: z.number() }),
});
export const vendorStatus = z.object({ connected: z.boolean(), items: z.array(connection) });
const requests = z.object({ counters: z.record(z.string(), z.number()) });
const deliveries = z.object({
  deliveries: z.array(
    z.object({ state: z.string(), tamper: z.string().optional(), attempts: z.array(z.object({ status: z.number().optional() })) }),
  ),
});

/** Asks for the URL where the person agrees. */
export async function authorizeUrl(client: Client, areas: string): Promise<string> {
  return (await client.get(`/v1/integrations/google-health/authorize?areas=${areas}`, authorization)).authorizeUrl;
}

/** Agrees at the vendor as a browser would, and comes back. `extra` steers the simulated consent. */
export async function agree(client: Client, areas: string, extra: Record<string, string> = {}): Promise<Response> {
  const url = new URL(await authorizeUrl(client, areas));
  for (const [name, value] of Object.entries({ sim_auto: "1", ...extra })) url.searchParams.set(name, value);
  const consent = await fetch(url, { redirect: "manual" });
  return await fetch(consent.headers.get("location") ?? "", { redirect: "manual" });
}

/** The person's connection. */
export async function statusOf(client: Client): Promise<z.output<typeof connection>> {
  const [first] = (await client.get("/v1/integrations/google-health/status", vendorStatus)).items;
  if (first === undefined) throw new Error("there is no connection");
  return first;
}

/** All nights that the person can read, as texts to compare. */
export async function nightsOf(client: Client): Promise<readonly string[]> {
  const nights: string[] = [];
  for (let cursor = ""; ;) {
    const page = await client.get(`/v1/me/sleep?from=2025-01-01T00:00:00Z&to=2027-01-01T00:00:00Z&source=all&limit=200${cursor}`, sessions);
    nights.push(...page.items.map(({ startAt, endAt }) => `${startAt} ${endAt}`));
    if (page.next === null) return nights;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

/** How often the simulator was called, by what. */
export async function countersOf(simulator: Simulator): Promise<Readonly<Record<string, number>>> {
  return requests.parse(await control(simulator.url, "requests")).counters;
}

/** The notifications sent so far, once none is on its way any more. */
export async function deliveriesOf(simulator: Simulator): Promise<z.output<typeof deliveries>["deliveries"]> {
  return deliveries.parse(await control(simulator.url, "deliveries?waitMs=20000")).deliveries;
}

/** Registers Meridian's endpoint with the vendor, as an operator does once. */
export async function subscribe(meridian: Meridian, simulator: Simulator, id: string): Promise<Response> {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: "operator@test", scope: CLOUD_PLATFORM, exp: Math.floor(Date.now() / 1000) + 600 };
  const assertion = `${encode({ alg: "RS256" })}.${encode(claims)}.c2ln`;
  const token = await fetch(`${simulator.url}/token`, { method: "POST", body: new URLSearchParams({ grant_type: JWT_BEARER, assertion }) });
  const { access_token } = z.object({ access_token: z.string() }).parse(await token.json());
  const secret = meridian.secret("GOOGLE_WEBHOOK_SECRET");
  return await fetch(`${simulator.url}/v4/projects/1/subscribers?subscriberId=${id}`, {
    method: "POST",
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    body: JSON.stringify({
      endpointUri: `${meridian.origin}/hooks/google-health/${secret}`,
      subscriberConfigs: [{ dataTypes: ["sleep", "hydration-log"], subscriptionCreatePolicy: "AUTOMATIC" }],
      endpointAuthorization: { secret: `Bearer ${secret}` },
    }),
  });
}
