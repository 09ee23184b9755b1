import { expect, vi } from "vitest";
import * as z from "zod";
import { DAY_MS } from "../shared/clock";
import { routeEvents } from "../workers/webhooks/route-events";
import { webhookPorts } from "../workers/webhooks/ports";
import { exporterOf, programmeOf, vaultOf } from "../workers/regional";
import { parseId, regionOf } from "../shared/id";
import type { Region } from "../shared/region";
import { type Deployment, type Resident, ring } from "./deployment";
import { formOf, newKey, type TestClient } from "./partners";

const withId = z.looseObject({ id: z.string() });
const withToken = z.looseObject({ access_token: z.string() });
const WEIGHED_AT = "2026-11-21T07:10:00Z";

/** What a walk leaves behind, to be tried elsewhere. */
export interface Walked {
  readonly person: Resident;
  readonly organisation: string;
  readonly client: TestClient;
  readonly programme: string;
  readonly export: string;
  readonly release: string;
  readonly emergency: string;
}

/**
 * Everything that people of one region do: the person themselves, a clinic's program, a researcher, a clinician in an emergency. `isTold` says
 * whether what was queued tells of the person's events.
 */
export async function walk(live: Deployment, region: Region, isTold: () => boolean = () => true): Promise<Walked> {
  const person = await live.register(region);
  await useOwnData(live, person);
  const partner = await beReadByOrganisation(live, person);
  const research = await takePartInResearch(live, person);
  await beTold(live, person, isTold);
  await liveWithOthers(live, person);
  const emergency = await beReadInEmergency(live, person);
  const exported = await exportEverything(live, person);
  // What is asked for last, because from then on nobody else sees anything.
  expect((await live.as(person, "/v1/me", { method: "DELETE" })).status).toBe(202);
  expect((await live.as(person, "/v1/me/erasure")).status).toBe(200);
  return { person, ...partner, ...research, emergency, export: exported };
}

const post = async (live: Deployment, one: Resident, path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
  await live.as(one, path, { method: "POST", body: JSON.stringify(body), headers });

async function json<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const text = await response.text();
  expect(response.status, text).toBeLessThan(300);
  return schema.parse(JSON.parse(text));
}

const make = async (live: Deployment, one: Resident, path: string, body: unknown = {}): Promise<string> =>
  (await json(await post(live, one, path, body), withId)).id;

const WEIGHT = {
  id: "w-1",
  type: "HKQuantityTypeIdentifierBodyMass",
  value: 71,
  unit: "kg",
  startDate: WEIGHED_AT,
  endDate: WEIGHED_AT,
};

async function useOwnData(live: Deployment, person: Resident): Promise<void> {
  expect((await live.send("POST", "/v1/sessions", { email: person.email, password: person.password })).status).toBe(201);
  expect((await live.send("POST", "/v1/sessions/refresh", { refreshToken: person.tokens.refreshToken })).status).toBe(200);
  expect((await live.as(person, "/v1/me", { method: "PATCH", body: JSON.stringify({ birthDate: "1990-04-01" }) })).status).toBe(200);
  expect(
    (await post(live, person, "/v1/ingest/healthkit", { data: { records: [WEIGHT] } }, { "idempotency-key": crypto.randomUUID() })).status,
  ).toBe(200);
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
  await json(await post(live, person, "/v1/tickets", {}), z.looseObject({ ticket: z.string() }));
  await json(await post(live, person, "/v1/me/api-keys", { name: "Program", scopes: ["data:read"] }), z.looseObject({ key: z.string() }));
  await json(
    await post(live, person, "/v1/me/fhir-targets", { name: "Clinic", baseUrl: "https://fhir.clinic.org/r4", auth: { kind: "none" } }),
    withId,
  );
  const begun = await json(await live.as(person, "/v1/integrations/google-health/authorize"), z.looseObject({ authorizeUrl: z.string() }));
  const state = new URL(begun.authorizeUrl).searchParams.get("state") ?? "";
  expect((await live.fetch(`/v1/integrations/google-health/callback?${new URLSearchParams({ state, code: "c" })}`)).status).toBe(200);
  expect((await post(live, person, "/v1/health/sync", {})).status).toBeLessThan(300);
}

/** A room in which the person writes, and a challenge in which they take part. */
async function liveWithOthers(live: Deployment, person: Resident): Promise<void> {
  const room = await make(live, person, "/v1/rooms", { kind: "group", name: "Runners" });
  expect((await post(live, person, `/v1/rooms/${room}/messages`, { clientId: crypto.randomUUID(), text: "Tomorrow at six?" })).status).toBe(
    201,
  );
  const day = (days: number) => new Date(Math.floor(Date.now() / DAY_MS + days) * DAY_MS).toISOString();
  const challenge = await make(live, person, "/v1/challenges", {
    title: "Steps of a week",
    kind: "individual",
    measure: { kind: "metric", metric: "steps" },
    schedule: { timeZone: "Europe/Berlin", startsAt: day(-1), endsAt: day(6) },
    state: "open",
    visibility: "private",
    room: true,
  });
  expect((await post(live, person, `/v1/challenges/${challenge}/participation`)).status).toBeLessThan(300);
  expect((await live.as(person, `/v1/challenges/${challenge}/standings`)).status).toBe(200);
}

/** A clinic that the person lets read, by its program. */
async function beReadByOrganisation(live: Deployment, person: Resident) {
  const { region } = person;
  const owner = await live.registerStaff(region, ["user"]);
  const organisation = await make(live, owner, "/v1/organisations", { name: "Clinic" });
  const key = await newKey();
  const path = `/v1/organisations/${organisation}/clients`;
  const client = { id: await make(live, owner, path, { name: "Report", scopes: ["read:*"], jwks: { keys: [key.jwk] } }), key, region };
  const grantee = { kind: "organisation", id: organisation };
  await make(live, person, "/v1/me/consents", { grantee, role: "partner", categories: ["body"], actions: ["read"], purpose: "personal" });
  const form = new URLSearchParams(await formOf(client, { grant_type: "client_credentials" }));
  const asked = { method: "POST", body: form.toString(), headers: { "content-type": "application/x-www-form-urlencoded" } };
  const { access_token } = await json(await live.fetch("/oauth/token", asked), withToken);
  const read = await live.fetch(`/v1/people/${person.id}/metrics/body_weight?resolution=day`, {
    headers: { authorization: `Bearer ${access_token}` },
  });
  expect(read.status, await read.text()).toBe(200);
  return { organisation, client };
}

/**
 * A webhook of the person's own: an event closes, is announced, and becomes a delivery that waits in the queue. The runtime's own consumer,
 * which knows nothing of this deployment's endpoints, may be quicker and find nobody to tell: then something else happens.
 */
async function beTold(live: Deployment, person: Resident, isTold: () => boolean): Promise<void> {
  await make(live, person, "/v1/me/webhooks", { url: "https://hooks.example.com/meridian" });
  const whole: Env = { ...live.env, ...live.overrides };
  const deliveries = live
    .records(regionOf(person.id))
    .prepare("select 1 from webhook_deliveries where person_id = ? limit 1")
    .bind(person.id);
  for (let n = 0; n < 10 && !(isTold() && (await deliveries.first()) !== null); n++) {
    const body = { data: { records: [{ ...WEIGHT, id: `w-2-${n}`, value: 72 + n }] } };
    expect((await post(live, person, "/v1/ingest/healthkit", body)).status).toBe(200);
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now + 10_000);
    await ring(vaultOf(whole, person.id));
    clock.mockRestore();
    await routeEvents(webhookPorts(whole, Date.now), person.id);
  }
}

/** A programme that the person takes part in, and an export of it. Alone they are too few: the export reads and releases nothing. */
async function takePartInResearch(live: Deployment, person: Resident) {
  const researcher = await live.registerStaff(person.region, ["partner"]);
  const id = await make(live, researcher, "/v1/programmes", {
    title: "Weights of a week",
    purpose: "How the weights of a week differ between people.",
    categories: ["body"],
    metrics: ["body_weight"],
    period: { from: "2025-03-01", to: "2025-03-08" },
    epsilon: 1,
  });
  const path = `/v1/programmes/${id}`;
  expect((await live.as(researcher, path, { method: "PATCH", body: JSON.stringify({ state: "open" }) })).status).toBe(200);
  expect((await post(live, person, `${path}/participation`, { categories: ["body"] })).status).toBe(201);
  const release = await make(live, researcher, `${path}/exports`);
  const programme = parseId("programme", id);
  if (programme === undefined) throw new TypeError("not a programme's id");
  for (let turn = 0; turn < 20; turn++) {
    const { state } = await json(await live.as(researcher, `${path}/exports/${release}`), z.looseObject({ state: z.string() }));
    if (state === "failed" || state === "done") break;
    await ring(programmeOf(live.env, programme));
  }
  const ended = await json(
    await live.as(researcher, `${path}/exports/${release}`),
    z.looseObject({ state: z.string(), problem: z.looseObject({ code: z.string() }) }),
  );
  expect(ended).toMatchObject({ state: "failed", problem: { code: "cohort_too_small" } });
  return { programme: id, release };
}

/** A clinician who reads without a consent, and the person who hears of it. */
async function beReadInEmergency(live: Deployment, person: Resident): Promise<string> {
  const clinician = await live.registerStaff(person.region, ["clinician"]);
  const reason = "Found unconscious, no relatives present.";
  const id = await make(live, clinician, `/v1/people/${person.id}/emergency-access`, { reason });
  expect((await live.as(clinician, `/v1/people/${person.id}/metrics`)).status).toBe(200);
  expect(await (await live.as(person, "/v1/me/emergency-accesses")).text()).toContain(reason);
  return id;
}

/** An archive of everything, written to its end and fetched. */
async function exportEverything(live: Deployment, person: Resident): Promise<string> {
  const text = await make(live, person, "/v1/me/exports");
  const id = parseId("export", text);
  if (id === undefined) throw new TypeError("not an export's id");
  await ring(exporterOf(live.env, id));
  expect(await json(await live.as(person, `/v1/me/exports/${id}`), withId)).toMatchObject({ state: "done" });
  const file = await live.as(person, `/v1/me/exports/${id}/file`);
  expect([file.status, (await file.arrayBuffer()).byteLength > 1_000]).toEqual([200, true]);
  return id;
}
