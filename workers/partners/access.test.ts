import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { BatchBuilder } from "../../shared/health/batch";
import { newId, parseId } from "../../shared/id";
import { call, clinicOf, fetchAs, make, newClient, newOrganisation, tokenOf } from "../../test/partners";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { WATCH } from "../../test/vaults";
import { regional, vaultOf } from "../regional";
import { SELECT_SHARES } from "./shares";

const START = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 3 * 86_400_000;
const listSchema = z.object({ items: z.array(z.looseObject({})), next: z.string().nullable() });
const sharedSchema = z.object({
  items: z.array(z.object({ person: z.object({ id: z.string() }), consents: z.array(z.looseObject({ id: z.string() })) })),
  next: z.string().nullable(),
});
const faultSchema = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string(), code: z.string() })).default([]) });

async function fill(person: RegisteredPerson): Promise<void> {
  const batch = new BatchBuilder();
  const source = batch.source(WATCH);
  for (let i = 0; i < 10; i++) batch.sample("heart_rate", source, START + i * 60_000, 60 + i, 0, 0);
  batch.interval("steps", source, START, START + 600_000, 900, 0, 0);
  batch.reading({
    metric: "menstrual_flow",
    kind: "event",
    source,
    start: START,
    end: START,
    value: null,
    zone: 0,
    version: 0,
    text: "light",
  });
  await vaultOf(env, person.person.id).record(batch.take(), "test");
}

type Kind = "organisation" | "app";
const terms = (kind: Kind, id: string, change: object = {}) => ({
  grantee: { kind, id },
  role: "partner",
  categories: ["vitals"],
  actions: ["read"],
  purpose: "personal",
  ...change,
});
const give = async (person: RegisteredPerson, kind: Kind, id: string, change: object = {}) =>
  await make(person, "/v1/me/consents", terms(kind, id, change));
const statusOf = async (token: string, person: RegisteredPerson, path: string) =>
  (await fetchAs(token, `/v1/people/${person.person.id}${path}`)).status;
const explain = async (person: RegisteredPerson, actor: string, category = "vitals") =>
  z
    .looseObject({ allowed: z.boolean(), reason: z.string() })
    .parse(await (await person.fetch(`/v1/me/access/explain?actor=${actor}&category=${category}&action=read`)).json());

const [organisation, rival, owner] = await Promise.all([
  newOrganisation("eu"),
  newOrganisation("us"),
  registerPerson("eu", { name: "Olga" }),
]);
const [client, sibling, foreign] = await Promise.all([
  newClient(organisation, ["read:*", "read:reproductive"]),
  newClient(organisation),
  newClient(rival),
]);
await fill(owner);
const [token, siblings, foreigns] = [await tokenOf(client), await tokenOf(sibling), await tokenOf(foreign)];

describe("a consent to an organisation", () => {
  test("lets every client of it read, no other, and counts no more with the call after it is taken back", async () => {
    expect(await statusOf(token, owner, "/metrics/heart_rate")).toBe(404);
    const id = await give(owner, "organisation", organisation.id);
    expect([await statusOf(token, owner, "/metrics/heart_rate"), await statusOf(siblings, owner, "/metrics/heart_rate")]).toEqual([
      200, 200,
    ]);
    expect(await statusOf(foreigns, owner, "/metrics/heart_rate")).toBe(404);
    expect(await statusOf(token, owner, "/metrics/steps")).toBe(404);
    expect((await call(owner, "PATCH", `/v1/me/consents/${id}`, { categories: ["activity"] })).status).toBe(200);
    expect([await statusOf(token, owner, "/metrics/heart_rate"), await statusOf(token, owner, "/metrics/steps")]).toEqual([404, 200]);
    expect((await owner.fetch(`/v1/me/consents/${id}`, { method: "DELETE" })).status).toBe(204);
    expect(await statusOf(token, owner, "/metrics/steps")).toBe(404);
  });

  test("of another region works the same, and nothing is copied", async () => {
    const id = await give(owner, "organisation", rival.id);
    expect(await statusOf(foreigns, owner, "/metrics/heart_rate")).toBe(200);
    const row = await regional(env, "us").records.prepare("select * from shared_with_partners where grantee_id = ?").bind(rival.id).first();
    expect(row).toEqual({ grantee_id: rival.id, owner_id: owner.person.id, consent_id: id, ends_at: null });
    await owner.fetch(`/v1/me/consents/${id}`, { method: "DELETE" });
    expect(await statusOf(foreigns, owner, "/metrics/heart_rate")).toBe(404);
    expect(
      await regional(env, "us").records.prepare("select * from shared_with_partners where grantee_id = ?").bind(rival.id).first(),
    ).toBeNull();
  });

  test("stops with the organisation, and comes back for nobody", async () => {
    const closing = await newOrganisation();
    const one = await tokenOf(await newClient(closing));
    await give(owner, "organisation", closing.id);
    expect(await statusOf(one, owner, "/metrics/heart_rate")).toBe(200);
    await call(closing.owner, "DELETE", `/v1/organisations/${closing.id}`);
    expect(await statusOf(one, owner, "/metrics/heart_rate")).toBe(401);
    expect(await explain(owner, closing.id)).toMatchObject({ allowed: false });
    const again = await call(owner, "POST", "/v1/me/consents", terms("organisation", closing.id));
    expect(faultSchema.parse(await again.json()).errors).toEqual([
      expect.objectContaining({ pointer: "/grantee/id", code: "unknown_organisation" }),
    ]);
  });
});

describe("a consent to an app", () => {
  test("lets that client in alone, and nobody once it is revoked", async () => {
    const one = await newClient(organisation);
    const [own, id] = [await tokenOf(one), await give(owner, "app", one.id)];
    expect(await statusOf(own, owner, "/metrics/heart_rate")).toBe(200);
    expect(await statusOf(siblings, owner, "/metrics/heart_rate")).toBe(404);
    expect(await explain(owner, one.id)).toMatchObject({ allowed: true, consent: { id, version: 1 } });
    expect(await explain(owner, sibling.id)).toMatchObject({ allowed: false });
    await call(organisation.owner, "DELETE", `/v1/organisations/${organisation.id}/clients/${one.id}`);
    expect(await statusOf(own, owner, "/metrics/heart_rate")).toBe(401);
    expect(await explain(owner, one.id)).toMatchObject({ allowed: false });
    expect((await call(owner, "POST", "/v1/me/consents", terms("app", one.id))).status).toBe(422);
  });
});

describe("the scopes of a token", () => {
  test("limit what a consent allows, and special categories are named one by one", async () => {
    const person = await registerPerson("eu");
    await fill(person);
    const clinic = await clinicOf(organisation);
    await give(person, "organisation", clinic.id, {
      role: "clinician",
      purpose: "care",
      categories: ["vitals", "activity", "reproductive"],
    });
    const one = await newClient(clinic, ["read:*", "read:vitals", "read:reproductive", "system/Observation.rs"]);
    const reads = async (scope?: string) => {
      const granted = await tokenOf(one, scope);
      return await Promise.all(
        ["heart_rate", "steps", "menstrual_flow"].map(async (key) => await statusOf(granted, person, `/metrics/${key}`)),
      );
    };
    expect(await reads()).toEqual([200, 200, 200]);
    expect(await reads("read:*")).toEqual([200, 200, 404]);
    expect(await reads("system/Observation.rs")).toEqual([200, 200, 404]);
    expect(await reads("read:vitals")).toEqual([200, 404, 404]);
    expect(await reads("read:reproductive")).toEqual([404, 404, 200]);
    const list = listSchema.parse(
      await (await fetchAs(await tokenOf(one, "read:vitals"), `/v1/people/${person.person.id}/metrics`)).json(),
    );
    expect(list.items.map(({ key }) => key)).toEqual(["heart_rate"]);
  });

  test("that the client has lost are lost to its living tokens", async () => {
    const one = await newClient(organisation, ["read:vitals", "read:activity"]);
    const own = await tokenOf(one);
    await give(owner, "app", one.id, { categories: ["vitals", "activity"] });
    expect(await statusOf(own, owner, "/metrics/steps")).toBe(200);
    await call(organisation.owner, "PATCH", `/v1/organisations/${organisation.id}/clients/${one.id}`, { scopes: ["read:vitals"] });
    expect([await statusOf(own, owner, "/metrics/steps"), await statusOf(own, owner, "/metrics/heart_rate")]).toEqual([404, 200]);
  });
});

describe("what people can give to partners", () => {
  test.each<[string, object]>([
    ["/role", { role: "user" }],
    ["/role", { role: "trainer", purpose: "coaching" }],
    ["/categories", { categories: ["mental"] }],
    ["/categories", { categories: ["documents"] }],
    ["/purpose", { purpose: "care" }],
    ["/actions", { actions: ["advise"] }],
  ])("is no more than their role: %s %j", async (pointer, change) => {
    for (const [kind, id] of [
      ["organisation", organisation.id],
      ["app", client.id],
    ] as const) {
      const response = await call(owner, "POST", "/v1/me/consents", terms(kind, id, change));
      expect(response.status).toBe(422);
      expect(faultSchema.parse(await response.json()).errors.map((error) => error.pointer)).toContain(pointer);
    }
  });

  test("as to a clinic counts where the records say that it is one", async () => {
    const person = await registerPerson("eu");
    await fill(person);
    const clinic = await newOrganisation();
    const own = await tokenOf(await newClient(clinic));
    await give(person, "organisation", clinic.id, { role: "clinician", purpose: "care" });
    expect(await statusOf(own, person, "/metrics/heart_rate")).toBe(404);
    expect(await explain(person, clinic.id)).toMatchObject({ allowed: false, reason: "role_not_held" });
    await clinicOf(clinic);
    expect(await statusOf(own, person, "/metrics/heart_rate")).toBe(200);
  });
});

describe("the person", () => {
  test("reads in the log which client looked, and for which organisation", async () => {
    const person = await registerPerson("eu");
    await fill(person);
    const response = await fetchAs(token, `/v1/people/${person.person.id}/metrics/heart_rate`);
    expect(response.status).toBe(404);
    const id = await give(person, "organisation", organisation.id);
    await fetchAs(token, `/v1/people/${person.person.id}/metrics/heart_rate`);
    const { items } = listSchema.parse(await (await person.fetch(`/v1/me/access-log?actor=${client.id}`)).json());
    const line = {
      actor: { kind: "client", id: client.id },
      onBehalfOf: organisation.id,
      action: "read",
      resource: "metric",
      about: ["heart_rate"],
    };
    expect(items).toEqual([
      expect.objectContaining({ ...line, outcome: "allowed", reason: "consent", purpose: "personal", consent: `${id}/1` }),
      expect.objectContaining({ ...line, outcome: "denied", reason: "no_consent", requestId: response.headers.get("x-request-id") }),
    ]);
    expect(items[0]).not.toHaveProperty("session");
    expect(await (await person.fetch("/v1/me/access-log/verify")).json()).toMatchObject({ intact: true });
  });

  test("finds out by whom an access would be allowed", async () => {
    const person = await registerPerson("eu");
    expect(await explain(person, organisation.id)).toMatchObject({ allowed: false, reason: "no_consent" });
    const id = await give(person, "organisation", organisation.id);
    expect(await explain(person, organisation.id)).toMatchObject({ allowed: true, reason: "consent", consent: { id, version: 1 } });
    // What is given to an organisation its clients have.
    expect(await explain(person, sibling.id)).toMatchObject({ allowed: true, consent: { id, version: 1 } });
    expect(await explain(person, foreign.id)).toMatchObject({ allowed: false, reason: "no_consent" });
    // No client of it may ask for that.
    expect(await explain(person, organisation.id, "genetics")).toMatchObject({ allowed: false, reason: "scope_missing" });
    for (const actor of ["org", "app_eu_x", newId("session", "eu", 1)])
      expect((await person.fetch(`/v1/me/access/explain?actor=${actor}&category=vitals&action=read`)).status).toBe(422);
  });
});

describe("who shares with a client", () => {
  test("are those who share with it or with its organisation, in pages, and nobody who took it back", async () => {
    const own = await newOrganisation("us");
    const [one, two] = [await newClient(own), await newClient(own)];
    const people = await Promise.all([registerPerson("eu"), registerPerson("us"), registerPerson("eu")]);
    const [first, second, third] = people;
    const ids = [await give(first, "organisation", own.id), await give(second, "app", one.id), await give(third, "app", two.id)];
    await give(first, "app", one.id, { categories: ["sleep"] });
    const list = async (of: string, query = "") => sharedSchema.parse(await (await fetchAs(of, `/v1/shared-with-us${query}`)).json());
    const [mine, others] = [await tokenOf(one), await tokenOf(two)];
    const whole = await list(mine);
    expect(whole.items.map(({ person }) => person.id)).toEqual([first.person.id, second.person.id].toSorted());
    expect(whole.items.find(({ person }) => person.id === first.person.id)?.consents).toHaveLength(2);
    expect(JSON.stringify(whole)).not.toContain("receipt");
    const page = await list(mine, "?limit=1");
    const rest = await list(mine, `?limit=1&cursor=${page.next ?? ""}`);
    expect([...page.items, ...rest.items]).toEqual(whole.items);
    expect((await fetchAs(others, `/v1/shared-with-us?limit=1&cursor=${page.next ?? ""}`)).status).toBe(422);
    expect((await list(others)).items.map(({ person }) => person.id)).toEqual([first.person.id, third.person.id].toSorted());
    await second.fetch(`/v1/me/consents/${ids[1]}`, { method: "DELETE" });
    expect((await list(mine)).items.map(({ person }) => person.id)).toEqual([first.person.id]);
  });

  test("are found by keys alone", async () => {
    const { results } = await regional(env, "eu")
      .records.prepare(`explain query plan ${SELECT_SHARES}`)
      .bind("cli_eu_x", "org_eu_x", "", 51)
      .all<{ detail: string }>();
    const tables = results.map(({ detail }) => detail).filter((detail) => detail.includes("shared_with_partners"));
    expect(tables).toHaveLength(2);
    for (const step of tables) expect(step).toMatch(/^SEARCH shared_with_partners USING PRIMARY KEY \(grantee_id=\? AND owner_id>\?\)/);
  });

  test("are for machine clients to read, not for people", async () => {
    expect((await organisation.owner.fetch("/v1/shared-with-us")).status).toBe(403);
  });
});

describe("no way around", () => {
  test("a cursor of another client", async () => {
    await give(owner, "organisation", organisation.id);
    const list = `/v1/people/${owner.person.id}/metrics/heart_rate?resolution=raw&from=${new Date(START).toISOString()}&to=${new Date(START + 86_400_000).toISOString()}&limit=3`;
    const { next } = listSchema.parse(await (await fetchAs(token, list)).json());
    expect((await fetchAs(token, `${list}&cursor=${encodeURIComponent(next ?? "")}`)).status).toBe(200);
    expect((await fetchAs(siblings, `${list}&cursor=${encodeURIComponent(next ?? "")}`)).status).toBe(422);
  });

  test("what the vault's other calls would do is refused there, and a client that nobody has looked up too", async () => {
    const person = await registerPerson("eu");
    await give(person, "app", client.id);
    const vault = vaultOf(env, person.person.id);
    const [known, organisationId] = [parseId("client", client.id), parseId("organisation", organisation.id)];
    if (known === undefined || organisationId === undefined) throw new TypeError("not ids");
    const bare = { kind: "client", client: known, token: "t", scopes: ["read:*"] } as const;
    const actor = { ...bare, organisation: organisationId, roles: ["partner"] } as const;
    expect(await vault.metrics(actor)).toEqual([]);
    const never = actor as never;
    const calls: (() => Promise<unknown>)[] = [
      async () => await vault.metrics(bare),
      async () => await vault.metrics({ ...actor, scopes: [] }),
      async () => await vault.metrics({ ...actor, roles: [] }),
      async () => await vault.sources(never),
      async () => await vault.details(never),
      async () => await vault.erase(never, { from: 0, to: 1 }),
      async () => await vault.ingest(never, "healthkit", new ArrayBuffer(2)),
      async () => await vault.consents(never, undefined, 10),
      async () => await vault.accessLog(never, { limit: 1 }),
      async () => await vault.admit(never),
    ];
    for (const one of calls) {
      const outcome = await one().then(
        () => "allowed",
        (error: unknown) => z.object({ code: z.string() }).parse(error).code,
      );
      expect(outcome, one.toString()).toBe("not_found");
    }
  });
});
