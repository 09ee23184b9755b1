import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { control } from "../simulator/flow.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { addSecondFactor, made } from "./second-factor.ts";
import { until } from "./until.ts";
import { countersOf, deliveriesOf } from "./vendor.ts";
import { metrics, sessions } from "./wire.ts";

/** A vendor, whom the simulator plays there, and what it must bring. */
interface Row {
  readonly vendor: string;
  readonly person: string;
  /** Metrics that are there after the first import's newest windows. */
  readonly brings: readonly string[];
  /** How its webhooks come to be: by API, in the vendor's portal, with each connection, or not at all. */
  readonly hooks: "api" | "portal" | "connection" | "none";
  /** Ways to spoil its webhooks that it can be told by; those of vendors that sign are all of them. */
  readonly tampers?: readonly string[];
  /** The status of spoilt ones; 401 where left out. */
  readonly refused?: number;
  /** Metrics that a message brings, of vendors that tell of no workouts. */
  readonly news?: readonly string[];
  /** Nobody asks it for what is new: its webhooks name what to pull. */
  readonly tells?: true;
  /** Nobody is connected through Meridian's account there: an organisation brings one, on whose behalf the person connects. */
  readonly own?: true;
  /** Whether its access tokens live so long that nobody refreshes them. */
  readonly lasting?: true;
}

const VENDORS: readonly Row[] = [
  { vendor: "oura", person: "ada", brings: ["steps", "heart_rate", "hrv_rmssd", "sleep_duration", "score.sleep"], hooks: "api" },
  { vendor: "whoop", person: "ada", brings: ["resting_heart_rate", "score.recovery", "energy_total", "sleep_deep"], hooks: "portal" },
  { vendor: "polar", person: "ada", brings: ["heart_rate", "steps", "hrv_rmssd", "score.strain"], hooks: "api", lasting: true },
  { vendor: "dexcom", person: "ben", brings: ["cgm_glucose", "cgm_trend", "nutrient.carbohydrates"], hooks: "none" },
  { vendor: "ultrahuman", person: "ada", brings: ["heart_rate", "steps", "sleep_deep", "score.recovery"], hooks: "none" },
  {
    vendor: "garmin",
    person: "ada",
    brings: ["steps", "heart_rate", "hrv_rmssd", "score.sleep", "stress_level", "respiratory_rate", "spo2"],
    hooks: "portal",
    tampers: ["signature", "no-signature"],
    tells: true,
  },
  {
    vendor: "withings",
    person: "ada",
    brings: ["body_weight", "blood_pressure", "steps", "heart_rate", "sleep_deep", "score.sleep"],
    hooks: "connection",
    // Nothing is signed: the secret of the address is the proof.
    tampers: ["signature"],
    refused: 404,
  },
  {
    vendor: "aggregator",
    person: "ada",
    brings: [],
    hooks: "portal",
    news: ["body_weight", "heart_rate"],
    lasting: true,
  },
  {
    vendor: "strava",
    person: "ada",
    brings: ["heart_rate", "speed"],
    hooks: "api",
    // Nothing is signed: whose subscription it is can be wrong.
    tampers: ["signature"],
    own: true,
  },
  { vendor: "suunto", person: "ada", brings: ["steps", "heart_rate", "energy_active"], hooks: "portal" },
];

const PATIENCE_MS = 60_000;
const LIMIT_MS = 100_000;
const authorization = z.object({ authorizeUrl: z.string() });
const status = z.object({ items: z.array(z.looseObject({ id: z.string(), state: z.string() })) });
const resources = z.looseObject({ resources: z.array(z.object({ resource: z.string(), state: z.string() })) });
const labs = z.object({ items: z.array(z.unknown()) });
const credentials = z.record(z.string(), z.looseObject({ hookSecret: z.string() }));

let meridian: Meridian;
let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, retryBaseMs: 100, retryAttempts: 2 });
  meridian = await Meridian.start(Number(new URL(simulator.url).port));
});
afterAll(async () => {
  await meridian.dispose();
  await simulator.close();
});

/** An organisation of the person's with an account of its own at the vendor, which the simulator knows. */
async function bringAccount(client: Client, vendor: string): Promise<string> {
  await addSecondFactor(client);
  const { id } = await made(client, "/v1/organisations", { name: "Club" }, z.looseObject({ id: z.string() }));
  const account = { vendor, clientId: "meridian-local", clientSecret: "meridian-local-secret" };
  await made(client, `/v1/organisations/${id}/vendor-credentials`, account, z.looseObject({}));
  return id;
}

async function agree(client: Client, { vendor, person }: Row, extra: Record<string, string> = {}, organisation = ""): Promise<Response> {
  const behalf = organisation === "" ? "" : `?organisation=${organisation}`;
  const url = new URL((await client.get(`/v1/integrations/${vendor}/authorize${behalf}`, authorization)).authorizeUrl);
  for (const [name, value] of Object.entries({ sim_person: person, ...extra })) url.searchParams.set(name, value);
  const consent = await fetch(url, { redirect: "manual" });
  return await fetch(consent.headers.get("location") ?? "", { redirect: "manual" });
}

async function counts(client: Client): Promise<ReadonlyMap<string, number>> {
  return new Map((await client.get("/v1/me/metrics", metrics)).items.map(({ key, count }) => [key, count]));
}

async function workouts(client: Client): Promise<readonly string[]> {
  const [from, to] = [-2 * 86_400_000, 86_400_000].map((ms) => new Date(Date.now() + ms).toISOString());
  return (await client.get(`/v1/me/workouts?from=${from}&to=${to}&source=all`, sessions)).items.map(({ startAt }) => startAt);
}

/** Makes the vendor's webhooks come: in its portal, or by the clock that keeps subscriptions. */
async function subscribe({ vendor, hooks }: Row): Promise<void> {
  const secret = credentials.parse(JSON.parse(meridian.secret("VENDOR_CREDENTIALS")))[vendor]?.hookSecret ?? "";
  if (hooks === "portal") await control(simulator.url, "vendors/hook", { vendor, url: `${meridian.origin}/hooks/${vendor}/${secret}` });
  else if (hooks === "api") await meridian.tick();
}

describe.each(VENDORS.map((row) => [row.vendor, row] as const))("%s", (vendor, row) => {
  let client: Client;
  let organisation = "";
  beforeAll(async () => {
    client = await Client.register(meridian);
    if (row.own) organisation = await bringAccount(client, vendor);
  });

  test("is connected by consent, and brings what the device has measured", async () => {
    if (row.hooks === "portal") await subscribe(row);
    expect((await agree(client, row, { sim_deny: "1" }, organisation)).status).toBe(403);
    const back = await agree(client, row, {}, organisation);
    expect(back.status, await back.clone().text()).toBe(200);
    await until(async () => {
      const known = await counts(client);
      return row.brings.every((metric) => (known.get(metric) ?? 0) > 0);
    }, PATIENCE_MS);
    const { items } = await client.get(`/v1/integrations/${vendor}/status`, status);
    expect(items.map(({ state }) => state)).toEqual(["active"]);
  });

  test.each(row.hooks === "none" ? [] : [row.hooks])(
    "tells of a workout by a webhook (%s), and is believed only where it is signed",
    async () => {
      await fetch(`${simulator.url}/sim/deliveries`, { method: "DELETE" });
      await subscribe(row);
      for (const tamper of row.tampers ?? ["signature", "body", "no-signature"])
        await control(simulator.url, "vendors/push", { vendor, person: row.person, tamper });
      // A vendor may be sending the past meanwhile.
      const sent = (await deliveriesOf(simulator)).filter(({ tamper }) => tamper !== undefined);
      const spoilt = sent.flatMap(({ attempts }) => attempts.map((attempt) => attempt.status));
      expect(new Set(spoilt)).toEqual(new Set([row.refused ?? 401]));

      await fetch(`${simulator.url}/sim/deliveries`, { method: "DELETE" });
      const workout = z.object({ startMs: z.number() }).parse(await control(simulator.url, "vendors/push", { vendor, person: row.person }));
      expect(new Set((await deliveriesOf(simulator)).map(({ state }) => state))).toEqual(new Set(["delivered"]));
      await until(async () => {
        const known = await counts(client);
        if (row.news !== undefined) return row.news.every((metric) => (known.get(metric) ?? 0) > 0);
        return (await workouts(client)).some((startAt) => Date.parse(startAt) === workout.startMs);
      }, PATIENCE_MS);
      if (row.news !== undefined) expect((await client.get("/v1/me/lab-results", labs)).items).toHaveLength(1);
    },
  );

  test.each(row.lasting === true ? [] : [vendor])("goes on after the access token of %s has died, with one refresh", async () => {
    const refreshes = async () => (await countersOf(simulator))["token:refresh_token"] ?? 0;
    const before = await refreshes();
    // The first import may still be reading, and meet the dead token at once.
    await control(simulator.url, "vendors/expire", { vendor, person: row.person });
    if (row.tells) await control(simulator.url, "vendors/push", { vendor, person: row.person });
    else expect((await client.call("POST", "/v1/health/sync/immediate", { vendor })).status).toBe(200);
    // The limits of vendors are by the minute, and may make it wait for one.
    await until(async () => (await refreshes()) > before, LIMIT_MS);
    expect((await refreshes()) - before).toBe(1);
    const { items } = await client.get(`/v1/integrations/${vendor}/status`, status);
    expect(items.filter(({ state }) => state === "reauth_required" || state === "error")).toEqual([]);
  });

  test.each(row.tells === true ? [vendor] : [])("reads what the person permits at %s, as soon as that changes", async () => {
    const permitted = async (resource: string) => {
      const [connection] = (await client.get(`/v1/integrations/${vendor}/status`, status)).items;
      return resources.parse(connection).resources.find((one) => one.resource === resource)?.state;
    };
    const permit = (...scopes: readonly string[]) => control(simulator.url, "vendors/permit", { vendor, person: row.person, scopes });
    expect(await permitted("activities")).toBe("active");
    await permit("HEALTH_EXPORT");
    await until(async () => (await permitted("activities")) === "permission_missing", PATIENCE_MS);
    expect(await permitted("dailies")).toBe("active");
    await permit("HEALTH_EXPORT", "ACTIVITY_EXPORT");
    await until(async () => (await permitted("activities")) === "active", PATIENCE_MS);
  });

  test("is disconnected, there too where the vendor allows it", async () => {
    const [connection] = (await client.get(`/v1/integrations/${vendor}/status`, status)).items;
    const gone = await client.call("DELETE", `/v1/integrations/vendors/${connection?.id ?? ""}?deleteData=true`);
    expect(gone.status).toBe(200);
    expect(await counts(client)).toEqual(new Map());
    expect((await client.get("/v1/me/lab-results", labs)).items).toEqual([]);
  });
});
