import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { currentKey, regionalKeys } from "../shared/crypto/keys";
import { sealCursor } from "../shared/http/cursor";
import { newId, parseId, regionOf } from "../shared/id";
import { PLACES, REGIONS, type Region } from "../shared/region";
import { syncPointerSchema } from "../shared/vendors/pointer";
import { sealRefreshToken } from "../shared/crypto/refresh-token";
import { Deployment, type Resident, vaultsIn } from "../test/deployment";
import { answerFetch, FakeGoogle } from "../test/vendors/fake-google";

/**
 * One deployment with residency on, whose namespaces, databases, buckets and queues write down who was touched: the local runtime knows
 * no jurisdictions, so what is asked of the platform is what can be proven here.
 */
let live: Deployment;
let touched: { store: string; region: Region; jurisdiction?: string | undefined }[];
let queued: { queue: string; body: unknown }[];

const STORES = ["RECORDS", "FILES", "SYNC", "FHIR"] as const;

beforeEach(async () => {
  const google = new FakeGoogle();
  google.scope = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";
  answerFetch(google);
  live = await Deployment.fresh();
  touched = [];
  queued = [];
  const bound = live.env as unknown as Record<string, object>;
  const overrides: Record<string, unknown> = { RESIDENCY: "on" };
  for (const region of REGIONS) {
    for (const store of STORES) {
      const name = `${store}_${region.toUpperCase()}`;
      overrides[name] =
        store === "SYNC" || store === "FHIR" ? queueOf(name, region) : recorded(bound[name] ?? {}, () => touched.push({ store, region }));
    }
  }
  for (const name of ["IMPORTERS", "GATES"] as const) overrides[name] = objectsOf(name, bound[name] as unknown as Env["GATES"]);
  // Vaults see the same recorders.
  const whole = { ...live.env, ...overrides } as Env;
  overrides["VAULTS"] = vaultsIn(whole, (name, jurisdiction) => touched.push({ store: "VAULTS", region: regionOf(name), jurisdiction }));
  live.overrides = overrides as Partial<Env>;
});
afterEach(() => vi.restoreAllMocks());

/** The same thing, and every use of it is written down. */
function recorded<T extends object>(thing: T, note: () => unknown): T {
  return new Proxy(thing, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      note();
      return (...parameters: unknown[]): unknown => Reflect.apply(value, target, parameters);
    },
  });
}

function queueOf(name: string, region: Region) {
  const take = async (bodies: readonly unknown[]) => {
    touched.push({ store: name.split("_")[0] ?? "", region });
    queued.push(...bodies.map((body) => ({ queue: name, body })));
  };
  return {
    send: async (body: unknown) => take([body]),
    sendBatch: async (messages: Iterable<{ body: unknown }>) => take([...messages].map(({ body }) => body)),
  };
}

/** A namespace that knows jurisdictions. Gates carry no region in their name: their place is what is asked for. */
function objectsOf(store: string, namespace: Env["GATES"], jurisdiction?: string): unknown {
  return {
    jurisdiction: (name: string) => objectsOf(store, namespace, name),
    getByName(name: string, options?: { locationHint?: string }) {
      const region = (jurisdiction ?? (options?.locationHint === "apac" ? "ap" : "")) as Region;
      touched.push({ store, region, jurisdiction });
      return namespace.getByName(store === "GATES" ? `${region}:${name}` : name);
    },
  };
}

async function json<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const text = await response.text();
  expect(response.status, text).toBeLessThan(300);
  return schema.parse(JSON.parse(text));
}

const withId = z.looseObject({ id: z.string() });

/** Everything that a person does. */
async function walk(region: Region): Promise<Resident> {
  const person = await live.register(region);
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
    await live.as(person, path, { method: "POST", body: JSON.stringify(body), headers });
  expect((await live.send("POST", "/v1/sessions", { email: person.email, password: person.password })).status).toBe(201);
  expect((await live.send("POST", "/v1/sessions/refresh", { refreshToken: person.tokens.refreshToken })).status).toBe(200);
  expect((await live.as(person, "/v1/me", { method: "PATCH", body: JSON.stringify({ birthDate: "1990-04-01" }) })).status).toBe(200);
  const records = [
    {
      id: "w-1",
      type: "HKQuantityTypeIdentifierBodyMass",
      value: 71,
      unit: "kg",
      startDate: "2026-11-21T07:10:00Z",
      endDate: "2026-11-21T07:10:00Z",
    },
  ];
  expect((await post("/v1/ingest/healthkit", { data: { records } }, { "idempotency-key": crypto.randomUUID() })).status).toBe(200);
  for (const path of [
    "/v1/me/metrics",
    "/v1/me/days/2026-11-21",
    "/v1/me/sources",
    "/fhir/r4/Observation",
    "/fhir/r4/Patient",
    "/v1/me/access-log",
    "/v1/me/consents",
    "/v1/sessions",
  ])
    expect((await live.as(person, path)).status, path).toBe(200);
  const file = { method: "POST", headers: { "content-type": "text/xml", "x-file-name": "export.xml" }, body: "<HealthData></HealthData>" };
  await json(await live.as(person, "/v1/imports?kind=apple-health-export", file), withId);
  await json(await post("/v1/tickets", {}), z.looseObject({ ticket: z.string() }));
  await json(await post("/v1/me/api-keys", { name: "Program", scopes: ["data:read"] }), z.looseObject({ key: z.string() }));
  await json(await post("/v1/me/fhir-targets", { name: "Clinic", baseUrl: "https://fhir.clinic.org/r4", auth: { kind: "none" } }), withId);
  const begun = await json(await live.as(person, "/v1/integrations/google-health/authorize"), z.looseObject({ authorizeUrl: z.string() }));
  const state = new URL(begun.authorizeUrl).searchParams.get("state") ?? "";
  expect((await live.fetch(`/v1/integrations/google-health/callback?${new URLSearchParams({ state, code: "c" })}`)).status).toBe(200);
  expect((await post("/v1/health/sync", {})).status).toBeLessThan(300);
  return person;
}

/** Rows of a region's tables, and of the directory's. */
async function rowsOf(database: D1Database): Promise<Record<string, number>> {
  const { results } = await database
    .prepare(
      "select name from sqlite_master where type = 'table' and name not like '%\\_cf%' escape '\\' and name not like 'sqlite%' and name not like 'd1%'",
    )
    .all<{ name: string }>();
  const counts = await Promise.all(
    results.map(async ({ name }) => [name, (await database.prepare(`select count(*) as n from ${name}`).first<number>("n")) ?? 0] as const),
  );
  return Object.fromEntries(counts);
}

describe.each(REGIONS)("a person of %s", (region) => {
  test("touches nothing outside of their region, and every object is asked for where it belongs", async () => {
    await walk(region);
    expect(touched.length).toBeGreaterThan(50);
    for (const name of ["VAULTS", "IMPORTERS", "GATES", "RECORDS", "FILES", "SYNC"])
      expect(touched.map(({ store }) => store)).toContain(name);
    // The gate of a network lies where the account lies; one of an unknown address would be anywhere.
    expect(touched.filter((one) => one.region !== region)).toEqual([]);
    for (const { store, jurisdiction } of touched)
      if (["VAULTS", "IMPORTERS", "GATES"].includes(store)) expect(jurisdiction, store).toBe(PLACES[region].jurisdiction);
  });

  test("sends pointers through the queues and nothing else", async () => {
    const person = await walk(region);
    expect(queued.length).toBeGreaterThan(0);
    for (const { queue, body } of queued) {
      expect(queue).toBe(`SYNC_${region.toUpperCase()}`);
      const pointer = syncPointerSchema.parse(body);
      expect(pointer).toEqual(body);
      expect([regionOf(pointer.person), regionOf(pointer.connection)]).toEqual([region, region]);
    }
    expect(JSON.stringify(queued)).not.toContain(person.email);
  });

  test("is in the directory as keyed hashes and opaque ids, in these columns and no others", async () => {
    const person = await walk(region);
    const emails = await live.directory.prepare("select * from emails").all();
    const accounts = await live.directory.prepare("select * from vendor_accounts").all();
    expect(emails.results).toEqual([
      { email_hash: expect.stringMatching(/^[0-9a-f]{64}$/), key_version: "1", person_id: person.id, claimed_at: expect.any(Number) },
    ]);
    expect(accounts.results).toEqual([
      {
        account_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        connection_id: expect.stringMatching(new RegExp(`^con_${region}_`)),
        person_id: person.id,
        key_version: "1",
      },
    ]);
  });
});

describe("what was issued in one region", () => {
  test.each([
    ["eu", "us"],
    ["us", "ap"],
    ["ap", "eu"],
  ] as const)("of %s changes nothing in %s", async (home, other) => {
    const person = await live.register(home);
    const local = await live.register(other);
    const { session } = sessionOf(person);
    const rings = (region: Region) => regionalKeys(live.secrets[`KEYS_${region.toUpperCase()}`] ?? "");
    const moved = (id: string) => id.replace(`_${home}_`, `_${other}_`);
    const before = await rowsOf(live.records(other));
    touched = [];
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const apiKey = z
      .object({ key: z.string() })
      .parse(
        await (
          await live.as(person, "/v1/me/api-keys", { method: "POST", body: JSON.stringify({ name: "P", scopes: ["data:read"] }) })
        ).json(),
      ).key;
    const ticket = z.object({ ticket: z.string() }).parse(await (await live.as(person, "/v1/tickets", { method: "POST" })).json()).ticket;
    const elsewhere = parseId("session", moved(session));
    if (elsewhere === undefined) throw new TypeError("not an id");
    const cursor = await sealCursor(rings(home), local.id, "api-keys", "x");
    const attempts: [string, Promise<Response>, readonly number[]][] = [
      [
        "a refresh token under the other region's name",
        live.send("POST", "/v1/sessions/refresh", { refreshToken: moved(person.tokens.refreshToken).replace(`rt_${home}`, `rt_${other}`) }),
        [401],
      ],
      [
        "a refresh token of the other region's session under this key",
        live.send("POST", "/v1/sessions/refresh", { refreshToken: await sealRefreshToken(rings(home), elsewhere, 0) }),
        [401],
      ],
      [
        "a program's key under the other region's name",
        live.fetch("/v1/me/metrics", { headers: bearer(apiKey.replace(`mk_${home}`, `mk_${other}`)) }),
        [401],
      ],
      [
        "a ticket under the other region's name",
        live.fetch(`/v1/me/live?ticket=${encodeURIComponent(ticket.replace(`${home}.`, `${other}.`))}`, {
          headers: { upgrade: "websocket" },
        }),
        [401],
      ],
      ["a cursor", live.as(local, `/v1/me/metrics/heart_rate?resolution=raw&cursor=${encodeURIComponent(cursor)}`), [422]],
      ["a session's id", live.as(local, `/v1/sessions/${session}`, { method: "DELETE" }), [404, 204]],
      ["a person's id", live.as(local, `/v1/people/${person.id}/metrics`), [404]],
      ["an import's id", live.as(local, `/v1/imports/${newId("import", home, Date.now())}`), [404]],
      ["a state of an authorization", live.fetch(`/v1/integrations/google-health/callback?state=${other}.${"a".repeat(43)}&code=c`), [410]],
    ];
    for (const [what, answer, statuses] of attempts)
      expect(statuses, `${what} answered ${(await answer).status}`).toContain((await answer).status);
    expect(await rowsOf(live.records(other))).toEqual(before);
    expect((await live.as(person, "/v1/me")).status, "and its owner goes on").toBe(200);
    expect((await live.as(local, "/v1/me")).status).toBe(200);
  });

  test("keys of two regions have nothing in common", () => {
    const texts = REGIONS.flatMap((region) => {
      const { signing, ...rings } = regionalKeys(live.secrets[`KEYS_${region.toUpperCase()}`] ?? "");
      return [currentKey(signing).key.d, ...Object.values(rings).map((ring) => currentKey(ring).key)];
    });
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe("with hosts for the regions", () => {
  const HOSTS = { eu: "eu.meridian.test", us: "us.meridian.test" } as const;

  test.each([
    ["eu", "us"],
    ["us", "eu"],
  ] as const)("a person of %s is sent home from %s, and nothing is touched there", async (home, wrong) => {
    live.overrides = { ...live.overrides, REGIONAL_HOSTS: JSON.stringify(HOSTS) };
    const person = await live.register(home);
    touched = [];
    for (const [method, path] of [
      ["GET", "/v1/me"],
      ["GET", "/v1/me/metrics"],
      ["POST", "/v1/ingest/healthkit"],
      ["GET", "/fhir/r4/Observation"],
    ] as const) {
      const response = await live.as(person, `http://${HOSTS[wrong]}${path}`, { method, ...(method === "POST" && { body: "{}" }) });
      expect(response.status, path).toBe(421);
      expect(await response.text()).toContain(HOSTS[home]);
    }
    expect(touched).toEqual([]);
    expect((await live.as(person, `http://${HOSTS[home]}/v1/me`)).status).toBe(200);
  });
});

function sessionOf({ tokens }: Resident): { session: string } {
  const payload = (tokens.accessToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return { session: z.object({ sid: z.string() }).parse(JSON.parse(atob(payload))).sid };
}

test("these doors are the ones that the Worker opens", () => {
  expect(
    Object.keys(env)
      .filter((name) => /^(RECORDS|FILES|SYNC|FHIR)_/.test(name))
      .toSorted(),
  ).toEqual(STORES.flatMap((store) => REGIONS.map((region) => `${store}_${region.toUpperCase()}`)).toSorted());
});
