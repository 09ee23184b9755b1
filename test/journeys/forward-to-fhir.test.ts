import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
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
