import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import type { VaultEvent } from "../../durable-objects/vault/state";
import { Timers } from "../../durable-objects/vault/timers";
import { EventRows } from "../../durable-objects/vault/webhooks/event-rows";
import { DAY_MS, HOUR_MS, MINUTE_MS, systemClock } from "../../shared/clock";
import { regionalKeys } from "../../shared/crypto/keys";
import { BatchBuilder } from "../../shared/health/batch";
import { inRegion } from "../../shared/erasure/moved-ids";
import { newId, parseId, type PersonId, regionOf, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { openSecret } from "../../shared/webhooks/secret-box";
import { deliverHooks, dispatch, routeHooks } from "../../test/hooks";
import { call, clinicOf, make, newClient, newOrganisation, type TestOrganisation, withTwoFactors } from "../../test/partners";
import { fetchApp, type RegisteredPerson, registerPerson } from "../../test/people";
import { WATCH } from "../../test/vaults";
import { outboxPorts } from "../mail/mailer";
import { readOutbox } from "../mail/outbox";
import { movePorts } from "../moving/ports";
import { runMove } from "../moving/run-move";
import { regional, vaultOf } from "../regional";
import { cleanAllWebhooks, LOST_DELIVERIES, pointerSchema, sweepWebhooks } from "./consume";
import { SELECT_DELIVERIES } from "./deliveries";
import { OWN_DELIVERIES, OWN_ENDPOINTS } from "./move-endpoints";
import { webhookPorts } from "./ports";
import { OLD_SECRETS } from "./reseal";
import { SELECT_AUDIENCE } from "./route-events";

const START = Date.UTC(2026, 10, 20, 7);
const messageSchema = z.object({
  type: z.string(),
  timestamp: z.string(),
  orderedAt: z.string(),
  data: z.looseObject({ person: z.string().optional() }),
});
const createdSchema = z.looseObject({ id: z.string(), secret: z.string() });
const webhookSchema = z.looseObject({ state: z.string(), disabledReason: z.string().nullable(), failingSince: z.string().nullable() });
const deliveriesSchema = z.object({
  items: z.array(
    z.looseObject({ event: z.string(), state: z.string(), reason: z.string().nullable(), attempts: z.number(), orderedAt: z.string() }),
  ),
  next: z.string().nullable(),
});

/** Somebody's receiver of messages: says what it is told to, and keeps what it got. */
class Receiver {
  static readonly all = new Map<string, Receiver>();
  readonly url = `https://${crypto.randomUUID()}.hooks.example.com/in`;
  readonly got: { id: string; headers: Record<string, string>; body: string }[] = [];
  answer: () => Response = () => new Response(null, { status: 204 });

  constructor() {
    Receiver.all.set(this.url, this);
  }

  /** What it got, proven by the client that the specification's authors wrote. */
  verified(secret: string) {
    const verifier = new Webhook(secret);
    return this.got.map(({ headers, body }) => messageSchema.parse(verifier.verify(body, headers)));
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const receiver = Receiver.all.get(request.url);
    if (receiver === undefined) throw new TypeError("nobody listens");
    const headers = Object.fromEntries(request.headers);
    receiver.got.push({ id: headers["webhook-id"] ?? "", headers, body: await request.text() });
    return receiver.answer();
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** Lets the events of a person close and go to whoever wants them. */
async function announce(person: PersonId): Promise<void> {
  later(6_000);
  await routeHooks(person);
}

async function add(owner: RegisteredPerson, base: string, receiver: Receiver, input: object = {}) {
  const response = await call(owner, "POST", base, { url: receiver.url, ...input });
  const text = await response.text();
  expect(response.status, text).toBe(201);
  const { id, secret } = createdSchema.parse(JSON.parse(text));
  const path = `${base}/${id}`;
  // Tests move the clock beyond the life of a token.
  const ask = async (suffix = "") => await (await call(await withTwoFactors(owner), "GET", `${path}${suffix}`)).json();
  const list = async () => deliveriesSchema.parse(await ask("/deliveries")).items;
  const read = async () => webhookSchema.parse(await ask());
  return { id, secret, path, list, read };
}

const give = async (person: RegisteredPerson, { id }: TestOrganisation, categories: readonly string[] = ["vitals"], terms: object = {}) =>
  await make(person, "/v1/me/consents", {
    grantee: { kind: "organisation", id },
    role: "partner",
    categories,
    actions: ["read"],
    purpose: "personal",
    ...terms,
  });

async function beats(person: PersonId, n: number, from = START, metric = "heart_rate"): Promise<void> {
  const batch = new BatchBuilder();
  const source = batch.source(WATCH);
  for (let i = 0; i < n; i++) batch.sample(metric, source, from + i * 1_000, 60 + (i % 40), 0, 1);
  await vaultOf(env, person).record(batch.take());
}

async function steps(person: PersonId): Promise<void> {
  const batch = new BatchBuilder();
  batch.interval("steps", batch.source(WATCH), START, START + 600_000, 900, 0, 1);
  await vaultOf(env, person).record(batch.take());
}

/** An organisation with a program, an endpoint, and somebody who shares their vital signs with it. */
async function subscribed(region: Region = "eu", input: object = {}) {
  const organisation = await newOrganisation(region);
  await newClient(organisation);
  const person = await registerPerson("eu");
  const consent = await give(person, organisation);
  const receiver = new Receiver();
  const base = `/v1/organisations/${organisation.id}/webhooks`;
  const hook = await add(organisation.owner, base, receiver, input);
  return { ...hook, organisation, person, id: person.person.id, consent, receiver, base, hook: hook.id };
}

describe("an organisation's webhook", () => {
  test("is told once of a sync of ten thousand readings, signed, and the person sees it in their log", async () => {
    const one = await subscribed("us");
    await beats(one.id, 5_000);
    await beats(one.id, 5_000, START + 5_000_000);
    await announce(one.id);
    await deliverHooks(one.hook);
    const [message, ...others] = one.receiver.verified(one.secret);
    expect(others).toEqual([]);
    expect(message).toMatchObject({
      type: "readings.created",
      data: {
        person: one.id,
        metric: "heart_rate",
        unit: "/min",
        readings: 10_000,
        from: "2026-11-20T07:00:00.000Z",
        dates: { from: "2026-11-20", to: "2026-11-20" },
        days: [{ date: "2026-11-20", value: 79.5 }],
        href: expect.stringContaining(`/v1/people/${one.id}/metrics/heart_rate?`),
      },
    });
    expect(await one.list()).toMatchObject([{ state: "delivered", attempts: 1, event: one.receiver.got[0]?.id }]);
    const log = await (await one.person.fetch(`/v1/me/access-log?limit=10`)).text();
    expect(z.object({ items: z.array(z.looseObject({})) }).parse(JSON.parse(log)).items).toContainEqual(
      expect.objectContaining({
        actor: { kind: "client", id: one.hook },
        onBehalfOf: one.organisation.id,
        action: "read",
        resource: "metric",
        about: ["heart_rate", one.hook],
        outcome: "allowed",
        reason: "consent",
      }),
    );
  });

  test("hears of nothing that is not shared with it, and of no more than it wants", async () => {
    const one = await subscribed("eu", { metrics: ["heart_rate"], events: ["readings.*"] });
    await steps(one.id);
    await beats(one.id, 3, START, "respiratory_rate");
    await announce(one.id);
    await deliverHooks(one.hook);
    expect([one.receiver.got, await one.list()]).toEqual([[], []]);
    const batch = new BatchBuilder();
    batch.sample("heart_rate", batch.source(WATCH), START, 61, 0, 1);
    await vaultOf(env, one.id).record(batch.take());
    await announce(one.id);
    await deliverHooks(one.hook);
    expect(one.receiver.verified(one.secret)).toHaveLength(1);
  });

  test("gets nothing after a consent was taken back, what waits included: it is dropped, and both logs say so", async () => {
    const one = await subscribed();
    one.receiver.answer = () => new Response(null, { status: 503 });
    await beats(one.id, 3);
    await announce(one.id);
    await deliverHooks(one.hook);
    expect(await one.list()).toMatchObject([{ state: "waiting", attempts: 1, reason: "http_503" }]);
    await one.person.fetch(`/v1/me/consents/${one.consent}`, { method: "DELETE" });
    later(MINUTE_MS);
    await deliverHooks(one.hook);
    expect(one.receiver.got).toHaveLength(1);
    expect(await one.list()).toMatchObject([{ state: "dropped", reason: "no_consent" }]);
    const log = await (await (await withTwoFactors(one.person)).fetch("/v1/me/access-log?outcome=denied")).json();
    expect(log).toMatchObject({ items: [{ actor: { id: one.hook }, reason: "consent_revoked", about: ["heart_rate", one.hook] }] });
    await beats(one.id, 3, START + HOUR_MS);
    await announce(one.id);
    expect(await one.list()).toHaveLength(1);
  });

  test("hears of deletions and corrections, and of a connection without a word about the vendor", async () => {
    const one = await subscribed();
    await beats(one.id, 2);
    await announce(one.id);
    const batch = new BatchBuilder();
    batch.sample("heart_rate", batch.source(WATCH), START, 99, 0, 2);
    await vaultOf(env, one.id).record(batch.take());
    await announce(one.id);
    await call(await withTwoFactors(one.person), "DELETE", `/v1/me/metrics/heart_rate?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z`);
    const connection = newId("connection", "eu", Date.now());
    await tell(one.id, {
      type: "connection.reauth_required",
      about: connection,
      categories: ["vitals", "sleep"],
      facts: { vendor: "google-health", from: "active", to: "reauth_required" },
    });
    await announce(one.id);
    await deliverHooks(one.hook);
    const told = one.receiver.verified(one.secret).toSorted((a, b) => (a.orderedAt < b.orderedAt ? -1 : 1));
    expect(told.map(({ type }) => type).toSorted()).toEqual([
      "connection.reauth_required",
      "readings.created",
      "readings.deleted",
      "readings.updated",
    ]);
    expect(told.find(({ type }) => type.startsWith("connection."))?.data).toEqual({ person: one.id, categories: ["vitals"] });
    expect(new Set(told.map(({ orderedAt }) => orderedAt)).size).toBe(4);
  });

  test("that belongs to a program gets what is shared with that one alone", async () => {
    const organisation = await newOrganisation();
    const [mine, other] = [await newClient(organisation), await newClient(organisation)];
    const person = await registerPerson("eu");
    const [bound, foreign, plain] = [new Receiver(), new Receiver(), new Receiver()];
    const base = `/v1/organisations/${organisation.id}/webhooks`;
    const hook = await add(organisation.owner, base, bound, { client: mine.id });
    await add(organisation.owner, base, foreign, { client: other.id });
    await add(organisation.owner, base, plain);
    await make(person, "/v1/me/consents", {
      grantee: { kind: "app", id: mine.id },
      role: "partner",
      categories: ["vitals"],
      actions: ["read"],
      purpose: "personal",
    });
    await beats(person.person.id, 2);
    await announce(person.person.id);
    await deliverHooks(hook.id);
    expect([bound.got.length, foreign.got.length, plain.got.length]).toEqual([1, 0, 0]);
    await call(organisation.owner, "DELETE", `/v1/organisations/${organisation.id}/clients/${mine.id}`);
    expect((await call(organisation.owner, "GET", hook.path)).status).toBe(404);
  });

  test("that names people hears of these alone, and of nobody when they are erased", async () => {
    const one = await subscribed();
    const second = await registerPerson("eu");
    await give(second, one.organisation);
    expect((await call(one.organisation.owner, "PATCH", one.path, { people: [second.person.id] })).status).toBe(200);
    for (const { person } of [one.person, second]) {
      await beats(person.id, 2);
      await announce(person.id);
    }
    await deliverHooks(one.hook);
    expect(one.receiver.verified(one.secret).map(({ data }) => data.person)).toEqual([second.person.id]);
    await regional(env, "eu").records.prepare("delete from webhook_people where person_id = ?").bind(second.person.id).run();
    await beats(one.id, 2, START + HOUR_MS);
    await announce(one.id);
    expect(await one.list()).toHaveLength(1);
  });
});

describe("a person's own webhook", () => {
  test("is told of everything, with the vendor's name, and follows readings into summaries or not", async () => {
    const person = await registerPerson("eu");
    const [receiver, thin] = [new Receiver(), new Receiver()];
    const hook = await add(person, "/v1/me/webhooks", receiver);
    const pointers = await add(person, "/v1/me/webhooks", thin, { content: "pointer", events: ["readings.*", "workout.*"] });
    await steps(person.person.id);
    const batch = new BatchBuilder();
    const source = batch.source(WATCH);
    batch.sleepSession({
      source,
      start: START - 8 * HOUR_MS,
      end: START,
      zone: 0,
      stages: [{ start: START - 8 * HOUR_MS, end: START, stage: "deep" }],
      version: 1,
    });
    await vaultOf(env, person.person.id).record(batch.take());
    const about = newId("connection", "eu", Date.now());
    const moved = (from: string, to: string): VaultEvent => ({
      type: "connection.state_changed",
      about,
      categories: ["vitals"],
      facts: { vendor: "google-health", from, to },
    });
    await tell(
      person.person.id,
      moved("active", "degraded"),
      moved("degraded", "active"),
      { type: "sync.completed", about, categories: ["vitals"], facts: { vendor: "google-health" } },
      { type: "gap.detected", about: "heart_rate", categories: ["vitals"], from: START, to: START + HOUR_MS },
    );
    await announce(person.person.id);
    await deliverHooks(hook.id);
    await deliverHooks(pointers.id);
    const told = receiver.verified(hook.secret);
    // A state that was left and entered again is no news.
    expect(told.map(({ type }) => type).toSorted()).toEqual(["gap.detected", "readings.created", "sleep.created", "sync.completed"]);
    const of = (type: string) => told.find((message) => message.type === type)?.data;
    expect(of("sync.completed")).toMatchObject({ vendor: "google-health", categories: ["vitals"] });
    expect(of("sleep.created")).toMatchObject({ sleep: [{ summary: expect.objectContaining({ asleepMin: 480 }) }] });
    expect(of("readings.created")).toMatchObject({
      metric: "steps",
      days: [{ value: 900 }],
      href: expect.stringMatching(/^\/v1\/me\/metrics\//),
    });
    const [pointer, ...none] = thin.verified(pointers.secret);
    expect(none).toEqual([]);
    expect(pointer?.data).not.toHaveProperty("days");
  });

  test("costs nothing where nobody listens", async () => {
    const person = await registerPerson("eu");
    await beats(person.person.id, 5);
    const rows = await runInDurableObject(vaultOf(env, person.person.id), (_, { storage }) =>
      storage.sql.exec("SELECT 1 FROM webhook_events UNION ALL SELECT 1 FROM timers WHERE kind = 'webhook-events'").toArray(),
    );
    expect(rows).toEqual([]);
  });
});

describe("somebody who moves to another region", () => {
  test("takes their endpoint along: what waited comes, signed with the same secret, and so does what happens there", async () => {
    const person = await registerPerson("eu");
    const receiver = new Receiver();
    const hook = await add(person, "/v1/me/webhooks", receiver, { events: ["readings.*"] });
    receiver.answer = () => new Response(null, { status: 503 });
    await beats(person.person.id, 3);
    await announce(person.person.id);
    await deliverHooks(hook.id);
    expect(await hook.list()).toMatchObject([{ state: "waiting", attempts: 1 }]);
    const asked = await call(await withTwoFactors(person), "POST", "/v1/me/region", { region: "us", password: person.password });
    expect(asked.status, await asked.clone().text()).toBe(202);
    const { id: move } = z.looseObject({ id: z.string() }).parse(await asked.json());
    const { records } = regional(env, "us");
    // The work that goes on after the answer may have it: past its lease it is ours.
    await vi.waitFor(
      async () => {
        later(HOUR_MS);
        expect(await runMove(movePorts(env, Date.now), "eu", move, MINUTE_MS)).toBe(true);
      },
      { timeout: 20_000, interval: 100 },
    );
    const signedIn = await fetchApp("/v1/sessions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: person.email, password: person.password }),
    });
    const { tokens } = z.looseObject({ tokens: z.looseObject({ accessToken: z.string() }) }).parse(await signedIn.json());
    const as = { headers: { authorization: `Bearer ${tokens.accessToken}` } };
    const listed = z
      .looseObject({ items: z.array(z.looseObject({ id: z.string() })) })
      .parse(await (await fetchApp("/v1/me/webhooks", as)).json());
    const there = inRegion(hook.id, "us");
    expect(listed.items).toMatchObject([{ id: there, url: receiver.url, state: "enabled" }]);
    receiver.answer = () => new Response(null, { status: 204 });
    receiver.got.length = 0;
    // The real queue may have tried while nobody answered: then it is due again later.
    await vi.waitFor(async () => {
      later(HOUR_MS);
      await deliverHooks(there);
      expect(receiver.got.length).toBeGreaterThan(0);
    });
    const fresh = await records.prepare("select person_id from webhook_endpoints where id = ?").bind(there).first<string>("person_id");
    const to = parseId("person", fresh ?? "");
    if (to === undefined) throw new TypeError("nobody has arrived");
    expect(receiver.verified(hook.secret)).toMatchObject([{ type: "readings.created", data: { person: to, readings: 3 } }]);
    await beats(to, 4, START + HOUR_MS);
    await announce(to);
    await deliverHooks(there);
    expect(receiver.verified(hook.secret)).toMatchObject([{}, { type: "readings.created", data: { person: to, readings: 4 } }]);
  });
});

describe("what a laboratory tells", () => {
  const post = async (person: RegisteredPerson, path: string, body: object) => {
    const response = await call(person, "POST", path, body);
    expect(response.status, await response.clone().text()).toBe(201);
    return z.looseObject({ id: z.string() }).parse(await response.json()).id;
  };
  const glucose = (value: number, hour: string) => ({
    test: "glucose_fasting",
    value,
    unit: "mg/dL",
    collectedAt: `2026-11-18T${hour}:00:00Z`,
  });

  test("is told of without a value, to those with whom it is shared alone", async () => {
    const one = await subscribed("eu", { events: ["labs.*"] });
    const [other, receiver] = [await clinicOf(await newOrganisation("eu")), new Receiver()];
    await newClient(other);
    await give(one.person, other, ["labs"], { role: "clinician", purpose: "care" });
    const shared = await add(other.owner, `/v1/organisations/${other.id}/webhooks`, receiver, {
      events: ["labs.result.created", "labs.*"],
    });
    const first = await post(one.person, "/v1/me/lab-results", glucose(171, "08"));
    await post(one.person, "/v1/me/lab-results", glucose(172, "09"));
    await announce(one.id);
    await deliverHooks(shared.id);
    await deliverHooks(one.hook);
    // Vital signs are shared with this one, and no laboratory.
    expect([one.receiver.got, await one.list()]).toEqual([[], []]);
    const [created, ...none] = receiver.verified(shared.secret);
    expect(none).toEqual([]);
    expect(created).toMatchObject({ type: "labs.result.created" });
    expect(created?.data).toEqual({
      person: one.id,
      categories: ["labs"],
      results: 2,
      from: "2026-11-18T08:00:00.000Z",
      to: "2026-11-18T09:00:00.000Z",
      href: `/v1/people/${one.id}/lab-results?from=2026-11-18T08%3A00%3A00.000Z&to=2026-11-18T09%3A00%3A00.001Z`,
    });
    const deleted = await call(await withTwoFactors(one.person), "DELETE", `/v1/me/lab-results/${first}`);
    expect(deleted.status).toBe(204);
    await announce(one.id);
    await deliverHooks(shared.id);
    expect(receiver.verified(shared.secret).at(-1)).toMatchObject({ type: "labs.result.deleted", data: { results: 1 } });
  });

  test("is a report that came, changed and went, by its id", async () => {
    const person = await registerPerson("eu");
    const receiver = new Receiver();
    const hook = await add(person, "/v1/me/webhooks", receiver, { events: ["labs.*"] });
    const report = {
      source: "fhir" as const,
      type: "r",
      identity: "r1",
      status: "final" as const,
      at: "2026-11-18T08:00:00Z",
      title: "Panel",
      codings: [],
    };
    const record = async (version: number, title: string) =>
      await vaultOf(env, person.person.id).recordLabs({ reports: [{ ...report, title, version }], results: [] }, "imp_eu_x");
    for (const [version, title] of [
      [1, "Panel"],
      [2, "Lipid panel"],
      [2, "Lipid panel"],
    ] as const) {
      await record(version, title);
      await announce(person.person.id);
      await deliverHooks(hook.id);
    }
    const told = receiver.verified(hook.secret);
    expect(told.map(({ type }) => type)).toEqual(["labs.report.created", "labs.report.updated"]);
    const id = z.string().parse(told[0]?.data["report"]);
    expect(told[0]?.data).toEqual({ person: person.person.id, categories: ["labs"], report: id, href: `/v1/me/lab-reports/${id}` });
    expect(receiver.got.map(({ body }) => body).join("")).not.toContain("anel");
    expect((await call(await withTwoFactors(person), "DELETE", `/v1/me/lab-reports/${id}`)).status).toBe(204);
    await announce(person.person.id);
    await deliverHooks(hook.id);
    expect(receiver.verified(hook.secret).at(-1)?.data).toEqual({ person: person.person.id, categories: ["labs"], report: id });
  });
});

describe("sending", () => {
  test("goes on through failures under one id, waits as long as it is asked to, and is not repeated by queues", async () => {
    const one = await subscribed();
    const answers = [
      () => new Response(null, { status: 503, headers: { "retry-after": "600" } }),
      () => {
        throw new TypeError("nobody listens");
      },
      () => new Response(null, { status: 200 }),
    ];
    one.receiver.answer = () => answers.shift()?.() ?? new Response(null, { status: 500 });
    await beats(one.id, 3);
    await announce(one.id);
    await deliverHooks(one.hook);
    const [waiting] = await one.list();
    expect(waiting).toMatchObject({ state: "waiting", attempts: 1, reason: "http_503" });
    expect(Date.parse(z.string().parse(waiting?.["nextAt"])) - Date.now()).toBeGreaterThan(9.5 * MINUTE_MS);
    later(9 * MINUTE_MS);
    await deliverHooks(one.hook);
    expect(one.receiver.got).toHaveLength(1);
    later(MINUTE_MS);
    await deliverHooks(one.hook);
    expect(await one.read()).toMatchObject({ state: "enabled", lastFailure: "unreachable", failingSince: expect.any(String) });
    later(10 * MINUTE_MS);
    await deliverHooks(one.hook);
    const [event] = await one.list();
    expect(event).toMatchObject({
      state: "delivered",
      attempts: 3,
      log: [{ status: 503 }, { status: null, reason: "unreachable" }, { status: 200 }],
    });
    expect(await one.read()).toMatchObject({ failingSince: null });
    // Queues deliver more than once, in any order, and so does the vault's announcement.
    const pointer = { kind: "webhook-delivery", webhook: one.hook, event: event?.event, person: one.id };
    await Promise.all([dispatch("eu", pointer), dispatch("eu", { kind: "webhook-events", person: one.id }), dispatch("eu", pointer)]);
    await deliverHooks(one.hook);
    expect(one.receiver.got.map(({ id }) => id)).toEqual(Array.from({ length: 3 }, () => event?.event));
  });

  test("that lost power between message and note is taken up by the clock, under the same id", async () => {
    const one = await subscribed();
    await beats(one.id, 3);
    await announce(one.id);
    await deliverHooks(one.hook);
    const { records } = regional(env, "eu");
    // As it was when the power went: the lease is taken, nothing is noted.
    const cut = records
      .prepare("update webhook_deliveries set state = 'waiting', attempts = 1, due_at = ?2, lease_until = ?3 where endpoint_id = ?1")
      .bind(one.hook, Date.now(), Date.now() + MINUTE_MS);
    await cut.run();
    const [event] = await one.list();
    await dispatch("eu", { kind: "webhook-delivery", webhook: one.hook, event: event?.event, person: one.id });
    expect(one.receiver.got).toHaveLength(1);
    later(3 * MINUTE_MS);
    expect(await sweepWebhooks(webhookPorts(env, Date.now))).toBeGreaterThan(0);
    await deliverHooks(one.hook);
    expect(one.receiver.got.map(({ id }) => id)).toEqual([event?.event, event?.event]);
    expect(await one.list()).toMatchObject([{ state: "delivered", attempts: 2 }]);
  });

  test("waits while a vault stands still, without counting that as a failure", async () => {
    const one = await subscribed();
    await beats(one.id, 3);
    const vault = vaultOf(env, one.id);
    later(6_000);
    await runDurableObjectAlarm(vault);
    await dispatch("eu", { kind: "webhook-events", person: one.id });
    await vault.freeze();
    const { records } = regional(env, "eu");
    await records
      .prepare("update webhook_deliveries set state = 'waiting', attempts = 0, due_at = ?2, lease_until = 0 where endpoint_id = ?1")
      .bind(one.hook, Date.now())
      .run();
    const before = one.receiver.got.length;
    await deliverHooks(one.hook);
    expect(await one.list()).toMatchObject([{ state: "waiting", attempts: 0 }]);
    await vault.resume();
    later(2 * MINUTE_MS);
    await deliverHooks(one.hook);
    expect(one.receiver.got).toHaveLength(before + 1);
  });

  test("ends with 410: the endpoint is switched off, and whose it is gets a letter", async () => {
    const one = await subscribed();
    one.receiver.answer = () => new Response("gone", { status: 410 });
    await beats(one.id, 3);
    await announce(one.id);
    await deliverHooks(one.hook);
    expect(await one.read()).toMatchObject({ state: "disabled", disabledReason: "gone" });
    expect(await one.list()).toMatchObject([{ state: "failed", reason: "gone", attempts: 1 }]);
    await vi.waitFor(async () => expect(await lettersTo(one.organisation.owner)).toEqual([expect.stringContaining(one.receiver.url)]));
    await beats(one.id, 3, START + HOUR_MS);
    await announce(one.id);
    expect(await one.list()).toHaveLength(1);
  });

  test("switches an endpoint off after five days of failure; what it missed is kept, and sent when somebody asks", async () => {
    const one = await subscribed();
    one.receiver.answer = () => new Response(null, { status: 500 });
    const since = Date.now();
    await beats(one.id, 3);
    await announce(one.id);
    await deliverHooks(one.hook);
    later(5 * DAY_MS);
    await deliverHooks(one.hook);
    const owner = await withTwoFactors(one.organisation.owner);
    const again = async () => await withTwoFactors(one.organisation.owner);
    const read = async () => webhookSchema.parse(await (await call(await again(), "GET", one.path)).json());
    expect(await read()).toMatchObject({ state: "disabled", disabledReason: "failing" });
    await vi.waitFor(async () => expect(await lettersTo(one.organisation.owner)).toHaveLength(1));
    await beats(one.id, 3, START + HOUR_MS);
    await announce(one.id);
    const range = { from: new Date(since).toISOString(), to: new Date(Date.now() + MINUTE_MS).toISOString(), state: "all" };
    expect((await call(owner, "POST", `${one.path}/replay`, range)).status).toBe(409);
    one.receiver.answer = () => new Response(null, { status: 204 });
    expect((await call(owner, "PATCH", one.path, { state: "enabled" })).status).toBe(200);
    expect(await (await call(owner, "POST", `${one.path}/replay`, range)).json()).toEqual({
      deliveries: 1,
      isMore: false,
    });
    // The first one waits for its turn by the schedule.
    later(10 * MINUTE_MS);
    await deliverHooks(one.hook);
    const ids = one.receiver.got.slice(-2).map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    expect(await read()).toMatchObject({ state: "enabled", failingSince: null });
    const items = deliveriesSchema.parse(await (await call(await again(), "GET", `${one.path}/deliveries`)).json()).items;
    expect(
      items.map(({ state }) => state),
      JSON.stringify(items),
    ).toEqual(["delivered", "delivered"]);
    // One alone, again under its id.
    expect((await call(await again(), "POST", `${one.path}/deliveries/${ids[0]}/replay`)).status).toBe(202);
    await deliverHooks(one.hook);
    expect(one.receiver.got.at(-1)?.id).toBe(ids[0]);
  });
});

describe("secrets", () => {
  test("rotate with both signing until the old one ends, and lie sealed where a rotation of keys finds them", async () => {
    const one = await subscribed();
    const rotated = await call(one.organisation.owner, "POST", `${one.path}/secrets`, { overlapHours: 1 });
    expect(rotated.status).toBe(201);
    const { secret } = createdSchema.parse(await rotated.json());
    await beats(one.id, 3);
    await announce(one.id);
    await deliverHooks(one.hook);
    expect(one.receiver.verified(one.secret)).toEqual(one.receiver.verified(secret));
    expect(one.receiver.got[0]?.headers["webhook-signature"]?.split(" ")).toHaveLength(2);
    const { records, keys } = regional(env, "eu");
    const { results } = await records
      .prepare("select id, sealed, key_version from webhook_secrets where endpoint_id = ? order by ends_at is null")
      .bind(one.hook)
      .all<{ id: string; sealed: string; key_version: string }>();
    for (const row of results) expect(JSON.stringify(row)).not.toContain(one.secret.slice(6, 20));
    const [first] = results;
    expect(await openSecret(regionalKeys(keys), first ?? { id: "", sealed: "" })).toBe(one.secret);
    expect(await openSecret(regionalKeys(keys), { id: results[1]?.id ?? "", sealed: first?.sealed ?? "" })).toBeUndefined();
    later(2 * HOUR_MS);
    expect(await cleanAllWebhooks(webhookPorts(env, Date.now))).toBeGreaterThan(0);
    one.receiver.got.length = 0;
    await beats(one.id, 3, START + HOUR_MS);
    await announce(one.id);
    await deliverHooks(one.hook);
    expect(one.receiver.verified(secret)).toHaveLength(1);
    expect(() => one.receiver.verified(one.secret)).toThrow();
  });
});

describe("the calls", () => {
  test("make, change and remove; what is not allowed is named, and limits hold", async () => {
    const person = await registerPerson("eu");
    const receiver = new Receiver();
    const base = "/v1/me/webhooks";
    const refused = async (body: object) => {
      const response = await call(person, "POST", base, { url: receiver.url, ...body });
      expect(response.status).toBe(422);
      return z.object({ errors: z.array(z.object({ pointer: z.string(), code: z.string() })) }).parse(await response.json()).errors[0];
    };
    expect(await refused({ url: "https://169.254.169.254/" })).toMatchObject({ pointer: "/url", code: "url_not_allowed" });
    expect(await refused({ url: "http://hooks.example.com/" })).toMatchObject({ pointer: "/url", code: "url_not_allowed" });
    expect(await refused({ events: ["readings.imagined"] })).toMatchObject({ pointer: "/events/0" });
    expect(await refused({ metrics: ["imagined"] })).toMatchObject({ pointer: "/metrics/0" });
    expect(await refused({ people: ["nobody"] })).toMatchObject({ pointer: "/people/0" });
    const hooks = [];
    for (let i = 0; i < 10; i++) hooks.push(await add(person, base, receiver));
    expect((await call(person, "POST", base, { url: receiver.url })).status).toBe(409);
    const [hook] = hooks;
    if (hook === undefined) throw new TypeError("nothing was made");
    expect(JSON.stringify(await hook.read())).not.toContain(hook.secret);
    const tested = await call(person, "POST", `${hook.path}/test`);
    expect(await tested.json()).toMatchObject({ delivered: true, status: 204 });
    expect(receiver.verified(hook.secret)).toMatchObject([{ type: "webhook.test", data: { webhook: hook.id } }]);
    const [test_] = await hook.list();
    expect((await call(person, "POST", `${hook.path}/deliveries/${test_?.event}/replay`)).status).toBe(409);
    expect((await call(person, "PATCH", hook.path, { state: "disabled" })).status).toBe(200);
    expect(await hook.read()).toMatchObject({ state: "disabled", disabledReason: "by_hand" });
    expect((await call(person, "DELETE", hook.path)).status).toBe(204);
    expect((await call(person, "GET", hook.path)).status).toBe(404);
    const page = await call(person, "GET", `${base}?limit=4`);
    const { items, next } = z.object({ items: z.array(z.unknown()), next: z.string() }).parse(await page.json());
    expect(items).toHaveLength(4);
    expect((await call(person, "GET", `${base}?limit=200&cursor=${encodeURIComponent(next)}`)).status).toBe(200);
    const types = z
      .object({ items: z.array(z.object({ type: z.string() })) })
      .parse(await (await call(person, "GET", "/v1/webhook-events")).json());
    expect(types.items.map(({ type }) => type)).toContain("gap.detected");
  });

  test("let members of an organisation look, and its managers alone change", async () => {
    const one = await subscribed();
    const member = await withTwoFactors(await registerPerson("eu"));
    await call(one.organisation.owner, "POST", `/v1/organisations/${one.organisation.id}/members`, { person: member.person.id });
    expect((await call(member, "GET", one.path)).status).toBe(404);
    await call(member, "POST", `/v1/organisations/${one.organisation.id}/acceptance`);
    expect((await call(member, "GET", one.path)).status).toBe(200);
    for (const [method, path, body] of [
      ["PATCH", one.path, { state: "disabled" }],
      ["DELETE", one.path, undefined],
      ["POST", `${one.path}/secrets`, {}],
      ["POST", `${one.path}/test`, undefined],
    ] as const)
      expect((await call(member, method, path, body)).status).toBe(403);
    await call(one.organisation.owner, "DELETE", `/v1/organisations/${one.organisation.id}`);
    await beats(one.id, 2);
    await announce(one.id);
    expect(one.receiver.got).toEqual([]);
  });
});

test("pointers hold ids and nothing else", () => {
  const person = newId("person", "eu", 1);
  const pointer = { kind: "webhook-delivery", webhook: newId("webhook", "us", 1), event: newId("event", "eu", 1), person };
  expect(pointerSchema.safeParse(pointer).success).toBe(true);
  for (const more of [{ type: "readings.created" }, { metric: "heart_rate" }, { url: "https://hooks.example.com/" }])
    expect(pointerSchema.safeParse({ ...pointer, ...more }).success).toBe(false);
  expect(pointerSchema.safeParse({ ...pointer, event: "heart_rate" }).success).toBe(false);
});

test.each([
  ["who wants events", SELECT_AUDIENCE, [1, "p", "[]"]],
  ["lost deliveries", LOST_DELIVERIES, [1, 1, 1]],
  ["an endpoint's deliveries", SELECT_DELIVERIES, ["w", 1, null, 1]],
  ["secrets under older keys", OLD_SECRETS, ["1", "", 1]],
  ["a person's endpoints", OWN_ENDPOINTS, ["p"]],
  ["what follows them", OWN_DELIVERIES, ["w", "", 1]],
])("%s are found through an index", async (_name, query, values) => {
  const plan = await env.RECORDS_EU.prepare(`explain query plan ${query}`)
    .bind(...values)
    .all<{ detail: string }>();
  for (const { detail } of plan.results) expect(detail).not.toMatch(/^SCAN (?!json_each|CONSTANT)/);
});

/** Notes events as parts of a vault do that have no vendor here. */
async function tell(person: PersonId, ...events: readonly VaultEvent[]): Promise<void> {
  await runInDurableObject(vaultOf(env, person), (_, { storage }) => {
    const rows = new EventRows({ sql: storage.sql, now: Date.now, random: systemRandom, region: regionOf(person) });
    for (const event of events) rows.add(event);
    new Timers(storage, Date.now).setEarliest("webhook-events", "", Date.now() + 5_000);
  });
}

const lettersTo = async ({ email }: RegisteredPerson) => (await readOutbox(outboxPorts(env, systemClock), email)).map(({ text }) => text);
