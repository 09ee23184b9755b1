import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BatchBuilder } from "../../shared/health/batch";
import { newId, parseId } from "../../shared/id";
import {
  answerHooks,
  type Body,
  extension,
  Hook,
  type Parameter,
  requestsOf,
  settleHooks,
  subscription,
  tellingOf,
  VITALS,
  type Wish,
} from "../../test/hooks";
import { fetchAs, make, newClient, newOrganisation, tokenOf } from "../../test/partners";
import { fetchApp, type RegisteredPerson, registerPerson } from "../../test/people";
import { WATCH } from "../../test/vaults";
import { regional, vaultOf } from "../regional";

const START = Date.UTC(2026, 10, 20, 7);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  answerHooks();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** Lets everything happen that is due after a while. */
async function settle({ person }: RegisteredPerson, ms = 6_000): Promise<void> {
  later(ms);
  await settleHooks(person.id);
}

async function send(person: RegisteredPerson, method: string, path: string, body?: unknown) {
  const response = await person.fetch(`/fhir/r4${path}`, {
    method,
    ...(body !== undefined && { headers: { "content-type": "application/fhir+json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, body: (text === "" ? {} : JSON.parse(text)) as Body };
}

async function subscribe(person: RegisteredPerson, hook: Hook | undefined, wish: Wish = {}): Promise<Body> {
  const made = await send(person, "POST", "/Subscription", subscription(hook, wish));
  expect(made.status, made.text).toBe(201);
  if (hook !== undefined) await settle(person, 1_000);
  return made.body;
}

const patientOf = ({ person }: RegisteredPerson) => person.id.replaceAll("_", "-");
const weight = (person: RegisteredPerson, value: number) => ({
  resourceType: "Observation",
  status: "final",
  category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
  code: { coding: [{ system: "http://loinc.org", code: "29463-7" }] },
  subject: { reference: `Patient/${patientOf(person)}` },
  effectiveDateTime: "2026-11-20T07:00:00Z",
  valueQuantity: { value, unit: "kg", system: "http://unitsofmeasure.org", code: "kg" },
});

async function weigh(person: RegisteredPerson, value: number): Promise<string> {
  const made = await send(person, "POST", "/Observation", weight(person, value));
  expect(made.status, made.text).toBe(201);
  return made.body.id;
}

async function beats(person: RegisteredPerson, n: number): Promise<void> {
  const batch = new BatchBuilder();
  const source = batch.source(WATCH);
  for (let i = 0; i < n; i++) batch.sample("heart_rate", source, START + i * 1_000, 60 + (i % 40), 0, 1);
  await vaultOf(env, person.person.id).record(batch.take());
}

const statusOf = async (person: RegisteredPerson, id: string) => (await send(person, "GET", `/Subscription/${id}`)).body;

describe("a rest-hook", () => {
  test("is greeted before it is active, and then told of what was written and measured, under numbers without gaps", async () => {
    const ada = await registerPerson("eu");
    const hook = new Hook();
    const secret = `Bearer ${crypto.randomUUID()}`;
    const { id, status, channel } = await subscribe(ada, hook, { channel: { header: [`Authorization: ${secret}`] } });
    expect([status, channel]).toEqual(["requested", expect.objectContaining({ header: ["Authorization: ***"] })]);
    expect(hook.told).toMatchObject([{ type: "handshake", since: "0", numbers: [] }]);
    expect((await statusOf(ada, id)).status).toBe("active");

    const first = await weigh(ada, 70);
    await weigh(ada, 71);
    await settle(ada);
    await beats(ada, 2_000);
    await settle(ada);
    expect(hook.told.slice(1)).toMatchObject([
      { type: "event-notification", since: "2", numbers: [1, 2] },
      // A stream of two thousand readings is one event.
      { type: "event-notification", since: "3", numbers: [3] },
    ]);
    expect(hook.told[1]?.focus[0]).toMatch(new RegExp(`/fhir/r4/Observation/${first}$`));
    expect(hook.got.every(({ headers }) => headers["authorization"] === secret)).toBe(true);
    expect(
      hook.got.every(({ headers }) => headers["content-type"] === "application/fhir+json" && headers["webhook-id"] !== undefined),
    ).toBe(true);
    // Nowhere is a header shown again: not in any version, nor in an export of the tables.
    const shown = [await statusOf(ada, id), (await send(ada, "GET", `/Subscription/${id}/_history`)).body];
    expect(JSON.stringify(shown)).not.toContain(secret.slice(7));

    const replay = (await send(ada, "GET", `/Subscription/${id}/$events?eventsSinceNumber=2&content=full-resource`)).body;
    expect(tellingOf(replay)).toMatchObject({ type: "query-event", numbers: [2, 3], resources: ["Observation", "Observation"] });
    const asked = (await send(ada, "GET", `/Subscription/$status?id=${id}`)).body;
    expect(JSON.stringify(asked)).toContain('"query-status"');
  });

  test("hears of what its filters let through alone, with the resources where it wants them", async () => {
    const ada = await registerPerson("eu");
    const hook = new Hook();
    await subscribe(ada, hook, { filters: ["Observation?code=29463-7&value-quantity=gt100"], content: "full-resource" });
    await weigh(ada, 99);
    await beats(ada, 10);
    await weigh(ada, 101);
    await settle(ada);
    expect(hook.told.slice(1)).toMatchObject([{ numbers: [1], resources: ["Observation"] }]);
    expect(JSON.stringify(hook.got[1]?.bundle)).toContain('"value":101');
  });

  test("by a search of R4 hears of changes and deletions, in messages of at most as many events as it takes", async () => {
    const ada = await registerPerson("eu");
    const hook = new Hook();
    await subscribe(ada, hook, {
      criteria: "Observation?code=http://loinc.org|29463-7",
      content: "empty",
      channel: { extension: [extension("backport-max-count", { valuePositiveInt: 2 })] },
    });
    const id = await weigh(ada, 70);
    await send(ada, "PUT", `/Observation/${id}`, { ...weight(ada, 71), id });
    expect((await send(ada, "DELETE", `/Observation/${id}`)).status).toBe(204);
    await settle(ada);
    expect(
      hook.told
        .slice(1)
        .map(({ numbers }) => numbers)
        .toSorted(),
    ).toEqual([[1, 2], [3]]);
    expect(
      hook.told
        .slice(1)
        .flatMap(({ focus, resources }) => [...focus, ...resources])
        .filter(Boolean),
    ).toEqual([]);
  });

  test("hears of laboratory results and reports, typed, imported, corrected and taken back, each change once", async () => {
    const ada = await registerPerson("eu");
    const hooks = [new Hook(), new Hook()] as const;
    await subscribe(ada, hooks[0], { criteria: "urn:meridian:topic:laboratory" });
    // What a search of R4 lets through alone: high values of one test.
    await subscribe(ada, hooks[1], { criteria: "Observation?code=http://loinc.org|2339-0&value-quantity=gt100", content: "full-resource" });
    const vault = vaultOf(env, ada.person.id);
    const by = newId("import", "eu", Date.now());
    const draft = {
      identity: "one",
      report: "sheet",
      type: "ORU",
      version: 1,
      source: "hl7v2",
      status: "final",
      at: "2026-11-19",
    } as const;
    const glucose = (value: number, more: object = {}) => ({
      ...draft,
      name: "Glucose",
      codings: [{ system: "http://loinc.org", code: "2339-0" }],
      value: { number: value },
      unit: "mg/dL",
      ranges: [],
      ...more,
    });
    const sheet = { ...draft, identity: "sheet", title: "Blood", codings: [] };
    const { report: _report, ...report } = sheet;
    const batch = { reports: [report], results: [glucose(130), glucose(80, { identity: "two" })] };
    await vault.recordLabs(batch, by);
    // A replay tells of nothing.
    await vault.recordLabs(batch, by);
    await settle(ada);
    const [all, high] = hooks;
    expect(all.told.slice(1)).toMatchObject([{ numbers: [1, 2, 3] }]);
    expect(all.told[1]?.focus.map((one) => one?.replace(/.*r4\//, "").split("/")[0])).toEqual([
      "DiagnosticReport",
      "Observation",
      "Observation",
    ]);
    expect(high.told.slice(1)).toMatchObject([{ numbers: [1], resources: ["Observation"] }]);
    const shown = all.told[1]?.focus[1]?.replace(/.*\/r4(?=\/)/, "") ?? "";
    expect((await send(ada, "GET", shown)).body).toMatchObject({ valueQuantity: { value: 130 } });
    // Corrected below what the search lets through: for it that is no news.
    await vault.recordLabs({ reports: [], results: [glucose(90, { version: 2, status: "corrected" })] }, by);
    await settle(ada);
    expect(all.told.slice(2)).toMatchObject([{ numbers: [4], focus: [expect.stringContaining(shown)] }]);
    expect(high.told.length).toBe(2);
    while ((await vault.undoLabs(by)).isMore);
    await settle(ada);
    expect(all.told.slice(3).flatMap(({ numbers }) => numbers)).toEqual([5, 6, 7]);
    expect(requestsOf(all.got[3]?.bundle)).toEqual([
      expect.stringMatching(/^DELETE Observation/),
      expect.stringMatching(/^DELETE Observation/),
      expect.stringMatching(/^DELETE DiagnosticReport/),
    ]);
    // What is gone was 90 and 80.
    expect(high.told.length).toBe(2);
  });

  test("hears of readings that were deleted by what they were, all by their ids, and of hours of which something is left", async () => {
    const ada = await registerPerson("eu");
    const [vitals, heavy] = [new Hook(), new Hook()];
    const vault = vaultOf(env, ada.person.id);
    const actor = { kind: "person", person: ada.person.id, session: newId("session", "eu", Date.now()) } as const;
    await beats(ada, 4_000);
    const batch = new BatchBuilder();
    const scale = batch.source(WATCH);
    for (let day = 0; day < 30; day++) batch.sample("body_weight", scale, START - day * 86_400_000, 90 + day, 0, 1);
    await vault.record(batch.take());
    await subscribe(ada, vitals);
    await subscribe(ada, heavy, { criteria: "Observation?code=http://loinc.org|29463-7&value-quantity=gt115" });
    const before = (await send(ada, "GET", "/Observation?code=http://loinc.org|29463-7&_count=100")).body.entry ?? [];
    expect(before.length).toBe(30);

    const to = START + 86_400_000;
    await vault.erase(actor, { key: "body_weight", from: 0, to });
    await settle(ada);
    const gone = requestsOf(vitals.got[1]?.bundle);
    expect(vitals.told.slice(1)).toMatchObject([{ numbers: [1, 2], resources: Array.from({ length: 30 }, () => undefined) }]);
    expect(gone.toSorted()).toEqual(before.map(({ fullUrl }) => `DELETE ${fullUrl.replace(/.*r4\//, "")}`).toSorted());
    // The heaviest four alone were what its search lets through.
    expect(requestsOf(heavy.got[1]?.bundle).length).toBe(4);

    // The first hour of the pulse goes half, the second whole.
    await vault.erase(actor, { key: "heart_rate", from: START + 1_800_000, to });
    await settle(ada);
    expect(requestsOf(vitals.got[2]?.bundle).toSorted()).toEqual([
      expect.stringMatching(/^DELETE Observation/),
      expect.stringMatching(/^PUT Observation/),
    ]);
    // Nothing of what was judged is left behind.
    await runInDurableObject(vault, (_instance, { storage: { sql } }) => {
      expect(sql.exec("SELECT * FROM fhir_gone").toArray()).toEqual([]);
    });
    expect(heavy.told.length).toBe(2);
  });

  test("that fails has an error until it works again, loses nothing, and is off once it is gone", async () => {
    const ada = await registerPerson("eu");
    const hook = new Hook();
    const { id } = await subscribe(ada, hook);
    hook.answer = 503;
    await weigh(ada, 70);
    await settle(ada);
    expect(await statusOf(ada, id)).toMatchObject({ status: "error", error: expect.stringContaining("http_503") });
    hook.answer = 200;
    // The object loses its memory, and the queue its message.
    await evictDurableObject(vaultOf(env, ada.person.id));
    await settle(ada, 10_000);
    expect(hook.told.slice(1).map(({ numbers }) => numbers)).toEqual([[1], [1]]);
    expect((await statusOf(ada, id)).status).toBe("active");
    hook.answer = 410;
    await weigh(ada, 71);
    await settle(ada);
    expect((await statusOf(ada, id)).status).toBe("off");
    await weigh(ada, 72);
    await settle(ada);
    expect(hook.got.length).toBe(4);
    // Asked for again it is greeted again, and goes on with its numbers.
    hook.answer = 204;
    const wish = subscription(hook);
    expect((await send(ada, "PUT", `/Subscription/${id}`, { ...wish, id })).status).toBe(200);
    await settle(ada, 1_000);
    await weigh(ada, 73);
    await settle(ada);
    expect(hook.told.slice(4)).toMatchObject([{ type: "handshake" }, { numbers: [3] }]);
  });

  test("is told nothing any more once it is deleted, and nothing is left of it in the records", async () => {
    const ada = await registerPerson("eu");
    const hook = new Hook();
    const { id } = await subscribe(ada, hook);
    await weigh(ada, 70);
    expect((await send(ada, "DELETE", `/Subscription/${id}`)).status).toBe(204);
    await settle(ada);
    expect(hook.told.map(({ type }) => type)).toEqual(["handshake"]);
    const left = await regional(env, "eu")
      .records.prepare("select id from webhook_endpoints where person_id = ?")
      .bind(ada.person.id)
      .all();
    expect(left.results).toEqual([]);
    expect((await send(ada, "GET", `/Subscription/${id}`)).status).toBe(410);
  });

  test("says that it lives where it was asked to, and is off at its end", async () => {
    const ada = await registerPerson("eu");
    const hook = new Hook();
    const { id } = await subscribe(ada, hook, {
      channel: { extension: [extension("backport-heartbeat-period", { valueUnsignedInt: 60 })] },
      more: { end: new Date(Date.now() + 200_000).toISOString() },
    });
    await settle(ada, 61_000);
    expect(hook.told.map(({ type }) => type)).toEqual(["handshake", "heartbeat"]);
    await settle(ada, 200_000);
    expect((await statusOf(ada, id)).status).toBe("off");
  });
});

describe("a Subscription", () => {
  test("that cannot work is refused, and says where", async () => {
    const ada = await registerPerson("eu");
    const refused = async (body: object) => {
      const answer = await send(ada, "POST", "/Subscription", body);
      expect(answer.status, answer.text).toBe(422);
      return answer.text;
    };
    const hook = new Hook();
    for (const endpoint of [
      "http://hooks.example.com/",
      "https://192.168.0.1/",
      "https://10.0.0.1/x",
      "https://metadata.internal/",
      "https://[::1]/",
    ])
      expect(await refused(subscription(hook, { channel: { endpoint } }))).toContain("Subscription.channel.endpoint");
    expect(await refused(subscription(hook, { criteria: "urn:meridian:topic:nothing" }))).toContain("Subscription.criteria");
    expect(await refused(subscription(hook, { criteria: "Observation?no-such=1" }))).toContain("Subscription.criteria");
    expect(await refused(subscription(hook, { filters: ["Task?status=requested"] }))).toContain("Subscription.criteria.extension[0]");
    expect(await refused(subscription(hook, { channel: { header: ["Host: elsewhere"] } }))).toContain("Subscription.channel.header[0]");
    expect(await refused(subscription(hook, { channel: { header: ["X-Key: ***"] } }))).toContain("Subscription.channel.header");
    expect(await refused(subscription(hook, { channel: { type: "email" } }))).toContain("Subscription.channel.type");
    expect(hook.got).toEqual([]);
  });

  test("is written whole and by itself", async () => {
    const ada = await registerPerson("eu");
    const entry = [{ request: { method: "POST", url: "Subscription" }, resource: subscription(new Hook()) }];
    expect((await send(ada, "POST", "/", { resourceType: "Bundle", type: "transaction", entry })).status).toBe(405);
    expect((await send(ada, "PUT", "/Subscription/mine", { ...subscription(new Hook()), id: "mine" })).status).toBe(404);
    const statement = await (await fetchApp("/fhir/r4/metadata")).text();
    expect(statement).toContain("capability-subscription-topic-canonical");
    expect(statement).toContain(VITALS);
  });
});

test("a socket is bound with the token that opened it, once, and hears of events as they happen", async () => {
  const ada = await registerPerson("eu");
  const { id, status } = await subscribe(ada, undefined, { content: "full-resource" });
  expect(status).toBe("active");
  const answer = (await send(ada, "GET", `/Subscription/${id}/$get-ws-binding-token`)).body["parameter"] as Parameter[];
  const token = answer.find(({ name }) => name === "token")?.valueString ?? "";
  const { pathname, search } = new URL(answer.find(({ name }) => name === "websocket-url")?.valueUrl ?? "");
  const open = async () => await fetchApp(`${pathname}${search}`, { headers: { upgrade: "websocket" } });
  const { webSocket: socket } = await open();
  expect(socket).not.toBeNull();
  expect((await open()).status).toBe(401);
  const got: Body[] = [];
  socket?.addEventListener("message", ({ data }) => got.push(JSON.parse(String(data)) as Body));
  socket?.accept();
  socket?.send(`bind-with-token: ${token}`);
  await vi.waitFor(() => expect(got.map((one) => tellingOf(one).type)).toEqual(["handshake"]));
  await evictDurableObject(vaultOf(env, ada.person.id), { webSockets: "hibernate" }).catch(() => undefined);
  await weigh(ada, 70);
  later(2_000);
  await runDurableObjectAlarm(vaultOf(env, ada.person.id));
  await vi.waitFor(() => expect(got.slice(1).map(tellingOf)).toMatchObject([{ numbers: [1], resources: ["Observation"] }]));
  await vaultOf(env, ada.person.id).suspend();
  await vaultOf(env, ada.person.id).resume();
});

test("an app sees of what others subscribed to no more than its own reach, and binds no socket to it", async () => {
  const ada = await registerPerson("eu");
  const vault = vaultOf(env, ada.person.id);
  const { id } = await subscribe(ada, undefined, { content: "full-resource" });
  await weigh(ada, 70);
  later(6_000);
  await runDurableObjectAlarm(vault);
  const session = newId("session", "eu", Date.now());
  const about = (...grants: { type: string; interactions: string }[]) =>
    ({
      kind: "person",
      person: ada.person.id,
      session,
      reach: { grants: [{ type: "Subscription", interactions: "rs" }, ...grants] },
    }) as const;
  const events = async (actor: ReturnType<typeof about>) => {
    const params = [["content", "full-resource"]] as const;
    return tellingOf(JSON.parse((await vault.fhirOperation(actor, { kind: "events", id, params })).json ?? "") as Body);
  };
  expect(await events(about({ type: "Observation", interactions: "r" }))).toMatchObject({ numbers: [1], resources: ["Observation"] });
  expect(await events(about())).toMatchObject({ numbers: [1], focus: [undefined], resources: [] });
  const asked = { kind: "get-ws-binding-token", id, params: [] } as const;
  const refused: unknown = await vault
    .fhirOperation(about({ type: "Observation", interactions: "r" }), asked)
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "invalid" });
});

test("what an app asked for is told within its reach, and nothing more once the app is sent away", async () => {
  const ada = await registerPerson("eu");
  const vault = vaultOf(env, ada.person.id);
  const [row] = (
    await regional(env, "eu").records.prepare("select id from sessions where person_id = ?").bind(ada.person.id).all<{ id: string }>()
  ).results;
  const session = parseId("session", row?.id ?? "");
  if (session === undefined) throw new TypeError("there is no session");
  const grants = [
    { type: "Subscription", interactions: "cruds" },
    { type: "Observation", interactions: "rs", where: [["code", "http://loinc.org|29463-7"]] as const },
  ];
  const app = { kind: "person", person: ada.person.id, session, reach: { grants } } as const;
  const hooks = [new Hook(), new Hook()];
  const made = [];
  for (const hook of hooks) {
    const { json = "" } = await vault.fhir(app, { kind: "create", type: "Subscription", resource: JSON.stringify(subscription(hook)) });
    made.push((JSON.parse(json) as Body).id);
  }
  await settle(ada, 1_000);
  await beats(ada, 10);
  const seen = await weigh(ada, 70);
  await settle(ada);
  // Numbers count what it may see: that a heart was measured is nothing to it.
  for (const hook of hooks) expect(hook.told.slice(1)).toMatchObject([{ numbers: [1], focus: [expect.stringContaining(seen)] }]);
  // The person may end what an app asked for, and does not take it over.
  expect((await send(ada, "PUT", `/Subscription/${made[0]}`, { ...subscription(hooks[0]), id: made[0] })).status).toBe(403);
  expect((await send(ada, "DELETE", `/Subscription/${made[0]}`)).status).toBe(204);
  await weigh(ada, 71);
  // Its session ends in the records, of which the vault does not hear.
  await regional(env, "eu").records.prepare("update sessions set revoked_at = 1 where id = ?").bind(session).run();
  await settle(ada);
  for (const hook of hooks) expect(hook.told.length).toBe(2);
  const status = await vault.fhirOperation({ ...app, reach: undefined }, { kind: "status", params: [] });
  expect(JSON.stringify(status)).toContain('\\"valueCode\\":\\"off\\"');
});

test("a program of an organisation is told of the person it names, as far as consent goes, and is off when that is taken back", async () => {
  const organisation = await newOrganisation("us");
  const client = await newClient(organisation);
  const ada = await registerPerson("eu");
  const terms = { role: "partner", categories: ["vitals"], actions: ["read"], purpose: "personal" };
  const consent = await make(ada, "/v1/me/consents", { grantee: { kind: "organisation", id: organisation.id }, ...terms });
  const hook = new Hook();
  const token = await tokenOf(client);
  const as = async (method: string, path: string, body?: object) =>
    await fetchAs(token, `/fhir/r4${path}`, {
      method,
      ...(body !== undefined && { headers: { "content-type": "application/fhir+json" }, body: JSON.stringify(body) }),
    });
  const filters = [`Observation?patient=${patientOf(ada)}`];
  const wish = subscription(hook, { criteria: "urn:meridian:topic:observations", filters, content: "full-resource" });
  // Whom it names has to let it in.
  const stranger = await registerPerson("eu");
  const other = subscription(hook, {
    criteria: "urn:meridian:topic:observations",
    filters: [`Observation?patient=${patientOf(stranger)}`],
  });
  expect((await as("POST", "/Subscription", other)).status).toBe(404);
  const made = await as("POST", "/Subscription", wish);
  const text = await made.text();
  expect(made.status, text).toBe(201);
  const { id } = JSON.parse(text) as Body;
  await settle(ada, 1_000);
  expect(hook.told).toMatchObject([{ type: "handshake" }]);
  expect(await (await as("GET", `/Subscription/${id}`)).json()).toMatchObject({ status: "active" });
  await weigh(ada, 70);
  await beats(ada, 10);
  await settle(ada);
  // Weight is of another category than what is shared.
  expect(hook.told.slice(1)).toMatchObject([{ numbers: [1], resources: ["Observation"] }]);
  expect(JSON.stringify(hook.got[1]?.bundle)).toContain("8867-4");
  const log = await (await ada.fetch("/v1/me/access-log?limit=5")).text();
  expect(log).toContain(client.id);
  expect((await ada.fetch(`/v1/me/consents/${consent}`, { method: "DELETE" })).status).toBeLessThan(300);
  expect((await statusOf(ada, id)).status).toBe("off");
  await beats(ada, 20);
  await settle(ada);
  expect(hook.told.length).toBe(2);
  expect((await as("GET", `/Subscription/${id}`)).status).toBe(404);
});
