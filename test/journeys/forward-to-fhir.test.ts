import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { type Fault, Medplum, type Received } from "../fixtures/medplum.ts";
import { NAME_CANARY } from "./canaries.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { healthConnectPush } from "./pushes.ts";

let meridian: Meridian;
let clinic: Medplum;
let ada: Client;

const OWN = "urn:meridian:observation";
const HOURS = [0, 1, 2];
const PATIENCE = { timeout: 90_000, interval: 250 };
const target = z.object({ id: z.string(), sent: z.number(), open: z.number(), dead: z.number(), lastFailure: z.string().nullable() });

beforeAll(async () => {
  clinic = await Medplum.serve();
  meridian = await Meridian.start();
  ada = await Client.register(meridian);
});
afterAll(async () => {
  await meridian.dispose();
  await clinic.close();
});

const push = async (body: unknown) => expect((await ada.call("POST", "/v1/ingest/health-connect", body)).status).toBe(200);
const state = async () => z.object({ items: z.tuple([target]) }).parse((await ada.call("GET", "/v1/me/fhir-targets")).body).items[0];
const identifiers = async () =>
  (await clinic.observations()).map(({ identifier = [] }) => identifier.find(({ system }) => system === OWN)?.value).toSorted();

/** Lets faults happen one after the other to the requests that fit, and none after them. */
function faults(fits: (request: Received) => boolean, ...upcoming: Fault[]): (request: Received) => Fault {
  return (request) => (fits(request) ? upcoming.shift() : undefined);
}

test(
  "what a phone pushed reaches another maker's server once, through its failures, a time-out and a power cut",
  { timeout: 240_000 },
  async () => {
    // The server makes the Patient and says nothing: the next attempt must find it.
    const patients = faults(({ path }) => path === "Patient", "silence");
    // It refuses two bundles; the third it takes without an answer, and then our power goes.
    const bundles = faults(({ entries }) => entries > 0, 503, 503, "silence");
    let swallowed = false;
    clinic.breaks((request) => {
      const fault = patients(request) ?? bundles(request);
      swallowed ||= fault === "silence" && request.entries > 0;
      return fault;
    });
    const made = await ada.call("POST", "/v1/me/fhir-targets", { name: "Clinic", baseUrl: clinic.base });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    for (const hour of HOURS) await push(healthConnectPush(hour));

    await vi.waitFor(async () => expect(await state()).toMatchObject({ lastFailure: "timeout" }), PATIENCE);
    await vi.waitFor(async () => expect(await state()).toMatchObject({ lastFailure: "http_503" }), PATIENCE);
    await vi.waitUntil(() => swallowed, PATIENCE);
    await meridian.cutPower();

    await vi.waitFor(async () => expect(await state()).toMatchObject({ open: 0, dead: 0 }), PATIENCE);
    const once = await identifiers();
    expect(once).toHaveLength(HOURS.length);
    expect(new Set(once).size).toBe(HOURS.length);
    expect(await clinic.patients()).toMatchObject([{ name: [{ text: `Ada ${NAME_CANARY}` }] }]);
  },
);

test("sending everything again adds nothing", async () => {
  const [before, { id, sent }] = [await identifiers(), await state()];
  await push(healthConnectPush(2));
  expect((await ada.call("POST", `/v1/me/fhir-targets/${id}/replay`, { scope: "all" })).status).toBe(202);
  await vi.waitFor(async () => expect(await state()).toMatchObject({ sent: sent + HOURS.length, open: 0, dead: 0 }), PATIENCE);
  expect(await identifiers()).toEqual(before);
});

test("what is deleted here is deleted there", async () => {
  const before = await identifiers();
  await push({ data: { records: [], sleep: [], workouts: [] }, deleted: [{ id: "hc-1" }] });
  await vi.waitFor(async () => expect(await identifiers()).toHaveLength(HOURS.length - 1), PATIENCE);
  expect(before).toEqual(expect.arrayContaining(await identifiers()));
});

/** A sequence that is the same every time: `draw(n)` answers a number below n. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Sent {
  readonly method: string;
  /** Below the base; `{id}` stands for what a server calls the resource. */
  readonly path: string;
  readonly key?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The same requests to both, at random. Where they may differ, and do: a deletion answers 204 here and 200 there; what is deleted is 410 here and
 * may be 404 there. A write that changes nothing is left out: it makes no version here.
 */
test("the same requests have the same effects here and at another maker's server", { timeout: 120_000 }, async () => {
  const other = await Medplum.serve();
  const bea = await Client.register(meridian);
  const draw = seeded(20_261_126);
  const pick = <T>(list: readonly T[]): T => list[draw(list.length)]!;
  const CODES = ["a", "b", "c"];
  const STATUSES = ["active", "inactive", "resolved"];
  const SYSTEM = "https://tests.example/ids";
  const ids: [Map<string, string>, Map<string, string>] = [new Map(), new Map()];
  let made = 0;
  const alive: string[] = [];

  const condition = (key: string, step: number) => ({
    resourceType: "Condition",
    identifier: [{ system: SYSTEM, value: key }],
    clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code: pick(STATUSES) }] },
    code: { coding: [{ system: "https://tests.example/codes", code: pick(CODES) }] },
    recordedDate: `2026-0${1 + draw(9)}-1${draw(9)}`,
    subject: { display: "somebody" },
    note: [{ text: `step ${step}` }],
  });
  const query = () =>
    pick([
      `code=${pick(CODES)}`,
      `code=https://tests.example/codes|${pick(CODES)},https://tests.example/codes|${pick(CODES)}`,
      `clinical-status=${pick(STATUSES)}&code=${pick(CODES)}`,
      `recorded-date=ge2026-0${1 + draw(9)}-15`,
      `recorded-date=lt2026-0${1 + draw(9)}-15&clinical-status=${pick(STATUSES)}`,
      `identifier=${SYSTEM}|key-${draw(made + 2)}`,
      `code:not=${pick(CODES)}`,
    ]);
  const next = (step: number): Sent => {
    const kind = draw(10);
    const key = alive.length > 0 ? pick(alive) : undefined;
    if (kind < 3 || key === undefined) {
      const fresh = `key-${made++}`;
      alive.push(fresh);
      return { method: "POST", path: "Condition", key: fresh, body: condition(fresh, step) };
    }
    switch (kind) {
      case 3:
        return { method: "PUT", path: "Condition/{id}", key, body: condition(key, step) };
      case 4: {
        const patch = [
          { op: "replace", path: "/code/coding/0/code", value: pick(CODES) },
          { op: "replace", path: "/note/0/text", value: `step ${step}` },
        ];
        return { method: "PATCH", path: "Condition/{id}", key, body: patch, headers: { "content-type": "application/json-patch+json" } };
      }
      case 5:
        alive.splice(alive.indexOf(key), 1);
        return { method: "DELETE", path: "Condition/{id}", key };
      case 6:
        return {
          method: "POST",
          path: "Condition",
          key,
          body: condition(key, step),
          headers: { "if-none-exist": `identifier=${SYSTEM}|${key}` },
        };
      case 7:
        return { method: "PUT", path: `Condition?identifier=${SYSTEM}|${key}`, key, body: condition(key, step) };
      case 8:
        return { method: "GET", path: "Condition/{id}", key: `key-${draw(made)}` };
      default:
        return { method: "GET", path: `Condition?${query()}&_count=200` };
    }
  };
  const perform = async (at: 0 | 1, { method, path, key = "", body, headers }: Sent) => {
    const id = ids[at].get(key) ?? "nobody";
    const sent = path.includes("{id}") && method === "PUT" ? { ...body, id } : body;
    const init = {
      method,
      headers: { "content-type": "application/fhir+json", ...headers },
      ...(sent !== undefined && { body: JSON.stringify(sent) }),
    };
    const place = path.replace("{id}", id);
    const response = at === 0 ? await bea.fetch(`/fhir/r4/${place}`, init) : await fetch(`${other.base}/${place}`, init);
    const text = await response.text();
    const answer = conditions.parse(text === "" ? {} : JSON.parse(text));
    if (answer.resourceType === "Condition" && answer.id !== undefined) ids[at].set(key, answer.id);
    const found = (answer.entry ?? []).flatMap(({ resource }) => resource?.identifier?.map(({ value }) => value) ?? []).toSorted();
    const status = method === "DELETE" && response.status === 200 ? 204 : response.status === 410 ? 404 : response.status;
    return { status, found, code: answer.code?.coding[0]?.code };
  };
  for (let step = 0; step < 120; step++) {
    const request = next(step);
    const [ours, theirs] = [await perform(0, request), await perform(1, request)];
    expect(ours, `step ${step}: ${request.method} ${request.path} ${request.key ?? ""}`).toEqual(theirs);
  }
  expect(ids[0].size).toBeGreaterThan(20);
  await other.close();
});

const conditions = z.object({
  resourceType: z.string().optional(),
  id: z.string().optional(),
  code: z.object({ coding: z.array(z.object({ code: z.string() })) }).optional(),
  entry: z
    .array(z.object({ resource: z.object({ identifier: z.array(z.object({ value: z.string() })).optional() }).optional() }))
    .optional(),
});
