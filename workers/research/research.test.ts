import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { DAY_MS, MINUTE_MS } from "../../shared/clock";
import { BatchBuilder } from "../../shared/health/batch";
import { newId, parseId, type ProgrammeId, type ResearchExportId } from "../../shared/id";
import { holdAssurance, holdRoles, somebody, type Somebody } from "../../test/staff";
import { WATCH } from "../../test/vaults";
import { programmeOf, regional, vaultOf } from "../regional";
import { COLUMNS, OPEN_QUERY, OWN_QUERY, PARTICIPANTS_QUERY } from "./records";
import { enlistAll, ENLISTING_QUERY } from "./run-export";

const PERIOD = { from: "2025-03-01", to: "2025-03-08" };
const FIRST = Date.parse(PERIOD.from) / DAY_MS - 183;
const LAST = Date.parse(PERIOD.to) / DAY_MS + 183;
const PEOPLE = 12;

const programmeSchema = z.object({
  id: z.string(),
  state: z.string(),
  reads: z.object({ from: z.string(), to: z.string() }),
  epsilon: z.object({ total: z.number(), spent: z.number().nullable() }),
});
const exportSchema = z.object({
  id: z.string(),
  state: z.string(),
  progress: z.object({ done: z.number(), total: z.number() }),
  result: z.object({ people: z.number(), suppressedPeople: z.number(), suppressedValues: z.number() }).nullable(),
  problem: z.object({ code: z.string() }).nullable(),
});
const lineSchema = z.object({
  person: z.string(),
  region: z.string(),
  age: z.string(),
  sex: z.string(),
  heightCm: z.string(),
  weightKg: z.string(),
  days: z.array(z.object({ date: z.string(), steps: z.tuple([z.number(), z.number()]) })),
});
const answerSchema = z.object({
  seq: z.number(),
  bins: z.array(z.object({ from: z.number(), to: z.number(), count: z.number() })),
  epsilon: z.number(),
});

afterEach(() => {
  vi.useRealTimers();
});

const call = async (who: Somebody, method: string, path: string, body?: unknown) =>
  await who.fetch(path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;

const terms = (change: object = {}) => ({
  title: "Steps of a week",
  purpose: "How the steps of a week differ between people.",
  categories: ["activity"],
  metrics: ["steps"],
  period: PERIOD,
  epsilon: 1,
  ...change,
});

async function draft(researcher: Somebody, change: object = {}): Promise<ProgrammeId> {
  const response = await call(researcher, "POST", "/v1/programmes", terms(change));
  expect(response.status, await response.clone().text()).toBe(201);
  const id = parseId("programme", programmeSchema.parse(await response.json()).id);
  if (id === undefined) throw new TypeError("not a programme");
  return id;
}

async function opened(researcher: Somebody, change: object = {}): Promise<ProgrammeId> {
  const id = await draft(researcher, change);
  expect((await call(researcher, "PATCH", `/v1/programmes/${id}`, { state: "open" })).status).toBe(200);
  return id;
}

const join = async (who: Somebody, id: ProgrammeId, categories: readonly string[] = ["activity"]) =>
  await call(who, "POST", `/v1/programmes/${id}/participation`, { categories });

/** Somebody with a number of steps on every day that a programme could read. */
async function walker(steps: number): Promise<Somebody> {
  const person = await somebody("eu");
  const batch = new BatchBuilder();
  const source = batch.source(WATCH);
  for (let day = FIRST; day <= LAST; day++) {
    const noon = day * DAY_MS + DAY_MS / 2;
    batch.interval("steps", source, noon, noon + 10 * MINUTE_MS, steps, 0, 0);
  }
  await vaultOf(env, person.person.id).record(batch.take(), "test");
  return person;
}

const researcher = await somebody("eu", { roles: ["partner"], acr: "aal2" });
const walkers = await Promise.all(Array.from({ length: PEOPLE }, async (_, i) => await walker(8_001 + i)));

async function begin(id: ProgrammeId): Promise<ResearchExportId> {
  const response = await call(researcher, "POST", `/v1/programmes/${id}/exports`);
  expect(response.status, await response.clone().text()).toBe(202);
  const found = parseId("researchExport", exportSchema.parse(await response.json()).id);
  if (found === undefined) throw new TypeError("not an export");
  return found;
}

const statusOf = async (programme: ProgrammeId, id: string) =>
  exportSchema.parse(await (await researcher.fetch(`/v1/programmes/${programme}/exports/${id}`)).json());

/** Lets an export run to its end, however often its alarm has to ring. */
async function ended(programme: ProgrammeId, id: ResearchExportId) {
  for (let round = 0; round < 50; round++) {
    const status = await statusOf(programme, id);
    if (status.state !== "running") return status;
    await runDurableObjectAlarm(programmeOf(env, programme));
  }
  throw new Error("the export does not end");
}

async function linesOf(programme: ProgrammeId, id: string) {
  const response = await researcher.fetch(`/v1/programmes/${programme}/exports/${id}/file`);
  const text = new TextDecoder().decode(await response.arrayBuffer());
  const [head = "", ...lines] = text.trim().split("\n");
  return {
    text,
    head: z.looseObject({ people: z.number() }).parse(JSON.parse(head)),
    people: lines.map((line) => lineSchema.parse(JSON.parse(line))),
  };
}

/** Tables of the programme's object, as they stand. */
const inside = async <T>(programme: ProgrammeId, work: (sql: SqlStorage) => T): Promise<T> =>
  await runInDurableObject(programmeOf(env, programme), (_object, state) => work(state.storage.sql));

describe("a programme", () => {
  test("is drafted, opened and closed, and people see it while it is open", async () => {
    const person = await somebody("eu");
    const id = await draft(researcher);
    const seen = async (who: Somebody) => (await who.fetch(`/v1/programmes/${id}`)).status;
    expect([await seen(person), await seen(researcher)]).toEqual([404, 200]);
    expect(await codeOf(await call(researcher, "PATCH", `/v1/programmes/${id}`, { state: "closed" }))).toBe("conflict");
    expect((await call(person, "PATCH", `/v1/programmes/${id}`, { state: "open" })).status).toBe(404);
    await call(researcher, "PATCH", `/v1/programmes/${id}`, { state: "open" });
    const found = programmeSchema.parse(await (await person.fetch(`/v1/programmes/${id}`)).json());
    expect(found).toMatchObject({ state: "open", reads: { from: "2024-08-30", to: "2025-09-07" }, epsilon: { total: 1, spent: null } });
    const list = z.object({ items: z.array(programmeSchema) });
    const open = async (who: Somebody, query = "") =>
      list.parse(await (await who.fetch(`/v1/programmes${query}`)).json()).items.map((one) => one.id);
    expect(await open(person)).toContain(id);
    expect(await open(await somebody("us"))).not.toContain(id);
    expect(await open(researcher, "?scope=own")).toContain(id);
    await call(researcher, "PATCH", `/v1/programmes/${id}`, { state: "closed" });
    expect(await seen(person)).toBe(404);
    expect(await open(person)).not.toContain(id);
    expect(await codeOf(await call(researcher, "PATCH", `/v1/programmes/${id}`, { state: "open" }))).toBe("conflict");
    expect((await join(person, id)).status).toBe(404);
  });

  test("is for partners and admins with a second factor, as the records say now", async () => {
    const partner = await somebody("eu", { roles: ["partner"], acr: "aal2" });
    const id = await opened(partner);
    const attempts = async () => [
      (await call(partner, "POST", "/v1/programmes", terms())).status,
      (await call(partner, "POST", `/v1/programmes/${id}/exports`)).status,
      (await call(partner, "POST", `/v1/programmes/${id}/queries`, { metric: "steps", edges: [0, 1], epsilon: 0.1 })).status,
    ];
    await holdAssurance(partner, "aal1");
    expect(await attempts()).toEqual([403, 403, 403]);
    await holdAssurance(partner, "aal2");
    await holdRoles(partner, ["clinician"]);
    expect(await attempts()).toEqual([403, 403, 403]);
    const other = await somebody("eu", { roles: ["partner"], acr: "aal2" });
    for (const path of ["exports", "queries"]) expect((await other.fetch(`/v1/programmes/${id}/${path}`)).status).toBe(404);
  });

  test.each<[string, object]>([
    ["/cohort", { cohort: 10 }],
    ["/categories/0", { categories: ["location"] }],
    ["/categories", { categories: [] }],
    ["/metrics", { metrics: ["steps", "heart_rate"] }],
    ["/metrics/0", { metrics: ["nothing"] }],
    ["/metrics/0", { metrics: ["menstrual_flow"], categories: ["reproductive"] }],
    ["/period/to", { period: { from: "2025-01-02", to: "2025-01-01" } }],
    ["/period/to", { period: { from: "2024-01-01", to: "2025-01-01" } }],
    ["/epsilon", { epsilon: 10.001 }],
    ["/epsilon", { epsilon: 0.0005 }],
    ["/state", { state: "open" }],
  ])("is refused for its %s: %j", async (pointer, change) => {
    const response = await call(researcher, "POST", "/v1/programmes", terms(change));
    expect(response.status).toBe(422);
    const { errors } = z.object({ errors: z.array(z.object({ pointer: z.string() })) }).parse(await response.json());
    expect(errors.map((error) => error.pointer)).toContain(pointer);
  });
});

describe("taking part", () => {
  test("is a consent to the programme, which can be given and taken back by either call", async () => {
    const [first, second] = [await somebody("eu"), await somebody("eu")];
    const id = await opened(researcher, { categories: ["activity", "mental"], metrics: ["steps"] });
    expect((await join(first, id, ["mental"])).status).toBe(201);
    expect(await codeOf(await join(first, id, ["activity"]))).toBe("conflict");
    expect((await join(second, id, ["vitals"])).status).toBe(422);
    const grantee = { kind: "programme", id };
    const consent = { grantee, role: "partner", categories: ["activity"], actions: ["read"], purpose: "research" };
    for (const change of [{ role: "user" }, { purpose: "personal" }, { actions: ["write"] }, { categories: ["location"] }])
      expect((await call(second, "POST", "/v1/me/consents", { ...consent, ...change })).status, JSON.stringify(change)).toBe(422);
    expect((await call(await somebody("us"), "POST", "/v1/me/consents", consent)).status).toBe(422);
    const given = z.object({ id: z.string() }).parse(await (await call(second, "POST", "/v1/me/consents", consent)).json());
    expect(await (await second.fetch(`/v1/programmes/${id}/participation`)).json()).toEqual({
      programme: id,
      consents: [{ id: given.id, categories: ["activity"] }],
      released: [],
    });
    await call(second, "DELETE", `/v1/me/consents/${given.id}`);
    expect((await second.fetch(`/v1/programmes/${id}/participation`)).status).toBe(404);
    expect(await (await call(first, "DELETE", `/v1/programmes/${id}/participation`)).json()).toMatchObject({ programme: id, released: [] });
    const consents = z
      .object({ items: z.array(z.object({ state: z.string() })) })
      .parse(await (await first.fetch("/v1/me/consents")).json());
    expect(consents.items.map(({ state }) => state)).toEqual(["revoked"]);
    const { results } = await regional(env, "eu")
      .records.prepare("select * from programme_participants where programme_id = ?")
      .bind(id)
      .all();
    expect(results).toEqual([]);
  });
});

describe("what a vault gives", () => {
  test("is what the person named, while they agree, and every time is a line of their log", async () => {
    const [one] = walkers;
    if (one === undefined) throw new TypeError("nobody");
    const vault = vaultOf(env, one.person.id);
    const batch = new BatchBuilder();
    const source = batch.source(WATCH);
    batch.sample("heart_rate", source, FIRST * DAY_MS, 61, 0, 0);
    await vault.record(batch.take(), "test");
    const id = await opened(researcher, { metrics: ["steps", "heart_rate"], categories: ["activity", "vitals"] });
    const ask = { programme: id, metrics: ["steps", "heart_rate"], fromDay: FIRST, toDay: FIRST + 1 };
    expect(await vault.contribute(ask)).toBeNull();
    await join(one, id, ["activity"]);
    const given = await vault.contribute(ask);
    expect(given).toEqual({
      birthYear: null,
      sex: null,
      heightCm: null,
      weightKg: null,
      days: [
        { day: FIRST, values: { steps: 8_001 } },
        { day: FIRST + 1, values: { steps: 8_001 } },
      ],
    });
    expect(await vault.stillContributes(id, ["activity"])).toBe(true);
    expect(await vault.stillContributes(id, ["activity", "vitals"])).toBe(false);
    await call(one, "DELETE", `/v1/programmes/${id}/participation`);
    expect(await vault.contribute(ask)).toBeNull();
    expect(await vault.stillContributes(id, [])).toBe(false);
    const log = z
      .object({
        items: z.array(
          z.looseObject({ actor: z.object({ kind: z.string(), id: z.string() }), about: z.array(z.string()), reason: z.string() }),
        ),
      })
      .parse(await (await one.fetch("/v1/me/access-log?action=export")).json());
    expect(log.items.filter((line) => line.actor.id === id).map(({ about, reason }) => [about, reason])).toEqual([
      [[], "consent_revoked"],
      [["steps"], "consent"],
      [[], "no_consent"],
    ]);
  });
});

describe("an export", () => {
  test("holds pseudonyms, bands and moved dates of at least eleven people, is logged by each vault, and lasts a week", async () => {
    const id = await opened(researcher);
    for (const one of walkers) expect((await join(one, id)).status).toBe(201);
    const made = await begin(id);
    expect(await ended(id, made)).toMatchObject({ state: "done", result: { people: PEOPLE, suppressedPeople: 0 } });
    const { text, head, people } = await linesOf(id, made);
    expect(head.people).toBe(PEOPLE);
    expect(text).not.toMatch(/per_eu_|src_|Watch|healthkit|T\d\d:/);
    for (const { days } of people) {
      expect(days.length).toBeGreaterThan(0);
      for (const { date, steps } of days) {
        expect(date >= PERIOD.from && date <= PERIOD.to).toBe(true);
        expect(steps[1] - steps[0]).toBeGreaterThan(1);
      }
    }
    expect(new Set(people.map(({ age, sex, heightCm, weightKg }) => [age, sex, heightCm, weightKg].join())).size).toBe(1);
    expect(new Set(people.map(({ person }) => person)).size).toBe(PEOPLE);
    for (const one of walkers) {
      const log = z
        .object({ items: z.array(z.looseObject({ actor: z.object({ id: z.string() }) })) })
        .parse(await (await one.fetch("/v1/me/access-log?action=export")).json());
      expect(log.items.filter((line) => line.actor.id === id)).toMatchObject([
        { resource: "day", about: ["steps"], purpose: "research", outcome: "allowed", reason: "consent" },
      ]);
    }
    const [first] = walkers;
    if (first === undefined) throw new TypeError("nobody");
    const mine = z.object({ released: z.array(z.object({ export: z.string() })) });
    expect(mine.parse(await (await call(first, "DELETE", `/v1/programmes/${id}/participation`)).json()).released).toMatchObject([
      { export: made },
    ]);

    // The same people have other names in another programme, and the same in another export of this one.
    expect((await join(first, id)).status).toBe(201);
    const again = await begin(id);
    await ended(id, again);
    const names = async (programme: ProgrammeId, one: string) =>
      (await linesOf(programme, one)).people.map(({ person }) => person).toSorted();
    expect(await names(id, again)).toEqual(await names(id, made));
    const other = await opened(researcher);
    for (const one of walkers) await join(one, other);
    const elsewhere = await begin(other);
    await ended(other, elsewhere);
    expect((await names(other, elsewhere)).filter((name) => people.some(({ person }) => person === name))).toEqual([]);

    expect(await regional(env, "eu").files.head(`research/${made}.ndjson`)).not.toBeNull();
    vi.useFakeTimers({ now: Date.now() + 7 * DAY_MS + MINUTE_MS, toFake: ["Date"] });
    await runDurableObjectAlarm(programmeOf(env, id));
    expect(await regional(env, "eu").files.head(`research/${made}.ndjson`)).toBeNull();
    const gone = await programmeOf(env, id)
      .release(made)
      .then(
        () => "readable",
        (error: unknown) => z.object({ code: z.string() }).parse(error).code,
      );
    expect(gone).toBe("gone");
  });

  test("of fewer than eleven people fails, and does not tell how many there are", async () => {
    const id = await opened(researcher);
    for (const one of walkers.slice(0, 10)) await join(one, id);
    // Somebody without data is nobody to hide among.
    await join(await somebody("eu"), id);
    const made = await begin(id);
    const status = await ended(id, made);
    expect(status).toMatchObject({ state: "failed", result: null, problem: { code: "cohort_too_small" } });
    expect(JSON.stringify(status).replaceAll(id, "").replaceAll(made, "")).not.toMatch(/\b(?:10|11)\b(?!:|-)/);
    expect((await researcher.fetch(`/v1/programmes/${id}/exports/${made}/file`)).status).toBe(404);
    expect(await regional(env, "eu").files.head(`research/${made}.ndjson`)).toBeNull();
    expect(await inside(id, (sql) => sql.exec("SELECT * FROM staged").toArray())).toEqual([]);
  });

  test("goes on where it was cut off between people, without asking anybody twice", async () => {
    const id = await opened(researcher);
    for (const one of walkers) await join(one, id);
    const programme = programmeOf(env, id);
    const made = newId("researchExport", "eu", Date.now());
    await programme.beginExport(made);
    await programme.enlist(
      made,
      walkers.map(({ person }) => person.id),
    );
    // As an eviction leaves it: some have given, the others have not been asked.
    const given = JSON.stringify({
      birthYear: null,
      sex: null,
      heightCm: null,
      weightKg: null,
      days: [{ day: FIRST + 190, values: { steps: 8_000 } }],
    });
    const early = walkers.slice(0, 5).map(({ person }) => person.id);
    await inside(id, (sql) => {
      for (const person of early)
        sql.exec("UPDATE staged SET state = 'given', body = ? WHERE export = ? AND person = ?", given, made, person);
    });
    await programme.startExport(made);
    await evictDurableObject(programme);
    expect(await ended(id, made)).toMatchObject({ state: "done", result: { people: PEOPLE } });
    const asked = await Promise.all(
      walkers.map(async (one) => {
        const log = z
          .object({ items: z.array(z.object({ actor: z.object({ id: z.string() }) })) })
          .parse(await (await one.fetch("/v1/me/access-log?action=export&limit=200")).json());
        return log.items.filter((line) => line.actor.id === id).length;
      }),
    );
    expect(asked).toEqual([...Array<number>(5).fill(0), ...Array<number>(PEOPLE - 5).fill(1)]);
  });

  test("does not hold somebody who withdraws while it runs: before they are asked, or after they gave", async () => {
    const [late, early] = [await walker(8_050), await walker(8_060)];
    const id = await opened(researcher);
    for (const one of [...walkers, late, early]) await join(one, id);
    const programme = programmeOf(env, id);
    const made = newId("researchExport", "eu", Date.now());
    await programme.beginExport(made);
    await programme.enlist(
      made,
      [...walkers, late, early].map(({ person }) => person.id),
    );
    expect((await call(early, "DELETE", `/v1/programmes/${id}/participation`)).status).toBe(200);
    const given = JSON.stringify({
      birthYear: null,
      sex: null,
      heightCm: null,
      weightKg: null,
      days: [{ day: FIRST + 190, values: { steps: 8_000 } }],
    });
    await inside(id, (sql) =>
      sql.exec("UPDATE staged SET state = 'given', body = ? WHERE export = ? AND person = ?", given, made, late.person.id),
    );
    // The vault alone knows: it is asked again before the release.
    const consents = z.object({ items: z.array(z.object({ id: z.string() })) }).parse(await (await late.fetch("/v1/me/consents")).json());
    const consent = parseId("consent", consents.items[0]?.id ?? "");
    if (consent === undefined) throw new TypeError("no consent");
    await vaultOf(env, late.person.id).revokeConsent({ kind: "person", person: late.person.id, session: late.session }, consent, undefined);
    await programme.startExport(made);
    expect(await ended(id, made)).toMatchObject({ state: "done", result: { people: PEOPLE } });
    for (const one of [late, early]) expect(await programme.releasesOf(one.person.id)).toEqual([]);
    const [first] = walkers;
    expect(await programme.releasesOf(first?.person.id ?? late.person.id)).toHaveLength(1);
  });

  test("that was cut off before its people were enlisted is taken up by the clock", async () => {
    const id = await opened(researcher);
    for (const one of walkers) await join(one, id);
    const made = newId("researchExport", "eu", Date.now());
    await programmeOf(env, id).beginExport(made);
    await regional(env, "eu")
      .records.prepare("insert into research_exports (id, programme_id, state, created_at) values (?, ?, 'enlisting', 1)")
      .bind(made, id)
      .run();
    await enlistAll(env);
    await enlistAll(env);
    expect(await ended(id, made)).toMatchObject({ state: "done", result: { people: PEOPLE } });
  });

  test("waits until every day lies half a year back, and until the programme is open", async () => {
    const recent = { from: new Date().toISOString().slice(0, 10), to: new Date().toISOString().slice(0, 10) };
    const id = await opened(researcher, { period: recent });
    expect(await codeOf(await call(researcher, "POST", `/v1/programmes/${id}/exports`))).toBe("conflict");
    const other = await draft(researcher);
    expect(await codeOf(await call(researcher, "POST", `/v1/programmes/${other}/exports`))).toBe("conflict");
  });

  test("needs a fresh proof of who asks", async () => {
    const id = await opened(researcher);
    vi.useFakeTimers({ now: Date.now() + 5 * MINUTE_MS - 1_000, toFake: ["Date"] });
    const stale = await call(researcher, "POST", `/v1/programmes/${id}/exports`);
    expect(["step_up_required", "token_expired"]).toContain(await codeOf(stale));
  });

  test("keeps its key sealed", async () => {
    const id = await opened(researcher);
    const [row] = await inside(id, (sql) => sql.exec<{ sealed_key: string }>("SELECT sealed_key FROM programme").toArray());
    expect(row?.sealed_key).toMatch(/^[^.]+\.[A-Za-z0-9_-]{90,}$/);
  });
});

describe("a question", () => {
  const ask = async (id: ProgrammeId, epsilon: number, edges: readonly number[] = [0, 5_000, 10_000]) =>
    await call(researcher, "POST", `/v1/programmes/${id}/queries`, { metric: "steps", edges, epsilon });

  test("is answered near the truth, the same when it is asked again, and booked once", async () => {
    const id = await opened(researcher, { epsilon: 10 });
    for (const one of walkers) await join(one, id);
    const first = answerSchema.parse(await (await ask(id, 9)).json());
    // Noise of more than 3 has a probability below 10^-11.
    expect(Math.abs((first.bins[0]?.count ?? 99) - 0)).toBeLessThan(4);
    expect(Math.abs((first.bins[1]?.count ?? 99) - PEOPLE)).toBeLessThan(4);
    expect(answerSchema.parse(await (await ask(id, 9)).json())).toEqual(first);
    const { epsilon } = programmeSchema.parse(await (await researcher.fetch(`/v1/programmes/${id}`)).json());
    expect(epsilon).toEqual({ total: 10, spent: 9 });
    const ledger = z
      .object({ items: z.array(answerSchema), next: z.null() })
      .parse(await (await researcher.fetch(`/v1/programmes/${id}/queries`)).json());
    expect(ledger.items).toEqual([first]);
    expect(await codeOf(await ask(id, 2))).toBe("budget_exhausted");
    expect((await ask(id, 1)).status).toBe(200);
    expect(await codeOf(await ask(id, 0.001))).toBe("budget_exhausted");
    expect(answerSchema.parse(await (await ask(id, 9)).json())).toEqual(first);
  });

  test("cannot overspend by being asked in many ways at once", async () => {
    const id = await opened(researcher, { epsilon: 1 });
    for (const one of walkers.slice(0, 3)) await join(one, id);
    const answers = await Promise.all(Array.from({ length: 8 }, async (_, i) => (await ask(id, 0.3, [0, 1_000 + i])).status));
    expect(answers.filter((status) => status === 200)).toHaveLength(3);
    expect(answers.filter((status) => status === 409)).toHaveLength(5);
    expect(await programmeOf(env, id).spent()).toBe(900);
  });

  test("asked many times at once is answered once", async () => {
    const id = await opened(researcher, { epsilon: 1 });
    for (const one of walkers.slice(0, 3)) await join(one, id);
    const answers = await Promise.all(Array.from({ length: 6 }, async () => await (await ask(id, 0.5)).text()));
    expect(new Set(answers).size).toBe(1);
    expect(await programmeOf(env, id).spent()).toBe(500);
  });

  test.each<[string, object]>([
    ["/metric", { metric: "heart_rate" }],
    ["/edges", { edges: [5, 5] }],
    ["/edges", { edges: [5] }],
    ["/epsilon", { epsilon: 0 }],
  ])("is refused for its %s, and costs nothing: %j", async (pointer, change) => {
    const id = await opened(researcher);
    const response = await call(researcher, "POST", `/v1/programmes/${id}/queries`, {
      metric: "steps",
      edges: [0, 1],
      epsilon: 0.1,
      ...change,
    });
    expect(response.status).toBe(422);
    const { errors } = z.object({ errors: z.array(z.object({ pointer: z.string() })) }).parse(await response.json());
    expect(errors.map((error) => error.pointer)).toContain(pointer);
    expect(await programmeOf(env, id).spent()).toBe(0);
  });
});

test.each([
  ["open programmes", OPEN_QUERY, [null, 1], "programmes_by_state"],
  ["programmes of a researcher", OWN_QUERY, [null, 1, "x"], "programmes_by_researcher"],
  ["participants", PARTICIPANTS_QUERY, ["x", "", 1], "PRIMARY KEY"],
  ["exports to enlist", ENLISTING_QUERY, [], "research_exports_enlisting"],
] as const)("%s are read by an index, without a sort", async (_what, query, values, index) => {
  const { results } = await regional(env, "eu")
    .records.prepare(`explain query plan ${query}`)
    .bind(...values)
    .all<{ detail: string }>();
  const plan = results.map(({ detail }) => detail).join("\n");
  expect(plan).toContain(index);
  expect(plan).not.toContain("TEMP B-TREE");
  expect(COLUMNS).not.toContain("*");
});
