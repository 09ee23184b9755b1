import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BatchBuilder } from "../../shared/health/batch";
import { HOUR_MS } from "../../shared/clock";
import { deliverHooks, routeHooks } from "../../test/hooks";
import { call, fetchAs, make, newClient, newOrganisation, tokenOf } from "../../test/partners";
import { type RegisteredPerson, registerPerson } from "../../test/people";
import { WATCH } from "../../test/vaults";
import { vaultOf } from "../regional";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.UTC(2026, 10, 22, 18));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const CLASS = [{ coding: [{ system: "urn:meridian:category", code: "activity" }] }];
const patientOf = ({ person }: RegisteredPerson) => `Patient/${person.id.replaceAll("_", "-")}`;

async function clinic() {
  const organisation = await newOrganisation("eu", "Clinic at the Lake");
  const client = await newClient(organisation, ["system/*.rs", "system/Task.cu", "system/Communication.cu", "system/CarePlan.cu"]);
  return { organisation, client };
}

async function patient(organisation: { readonly id: string }, actions = ["read", "write"]) {
  const person = await registerPerson("eu");
  const grantee = { kind: "organisation", id: organisation.id };
  const terms = { role: "partner", categories: ["vitals", "activity"], actions, purpose: "personal" };
  const consent = await make(person, "/v1/me/consents", { grantee, ...terms });
  const batch = new BatchBuilder();
  const source = batch.source(WATCH);
  for (let i = 0; i < 5; i++) batch.sample("heart_rate", source, Date.now() - i * 60_000, 61 + i, 0, 1);
  batch.sample("body_weight", source, Date.now(), 70, 0, 1);
  await vaultOf(env, person.person.id).record(batch.take());
  return { person, consent };
}

interface View {
  readonly person: { readonly id: string };
  readonly latest: { readonly metric: string; readonly value: number }[];
  readonly adherence: object;
  readonly alerts: object;
}

test("an organisation sees its patients at a glance, a page at a time, as far as each consents, and nobody else's", async () => {
  const { organisation, client } = await clinic();
  const [ada, bob] = [await patient(organisation), await patient(organisation)];
  const token = await tokenOf(client);
  const path = `/v1/organisations/${organisation.id}/patients`;
  const get = async (query = "") => await (await fetchAs(token, `${path}${query}`)).json<{ items: View[]; next: string | null }>();
  const first = await get("?limit=1");
  const second = await get(`?limit=1&cursor=${encodeURIComponent(first.next ?? "")}`);
  expect([...first.items, ...second.items].map(({ person }) => person.id)).toEqual(
    [ada, bob].map(({ person }) => person.person.id).toSorted(),
  );
  // Weight is of a category that nobody shares.
  expect(first.items[0]).toMatchObject({
    latest: [{ metric: "heart_rate", value: 61 }],
    adherence: { daysWithData: 1, days: 14, tasks: 0, tasksDone: 0 },
    alerts: { open: 0, urgent: 0 },
  });
  await call(ada.person, "DELETE", `/v1/me/consents/${ada.consent}`);
  expect((await get()).items.map(({ person }) => person.id)).toEqual([bob.person.person.id]);
  const other = await tokenOf((await clinic()).client);
  expect((await fetchAs(other, path)).status).toBe(404);
});

test("what a clinic writes comes into the person's inbox by its name, and their answer into its view", async () => {
  const { organisation, client } = await clinic();
  const { person } = await patient(organisation);
  const token = await tokenOf(client);
  const write = async (resource: { readonly resourceType: string } & Record<string, unknown>) => {
    const response = await fetchAs(token, `/fhir/r4/${resource.resourceType}`, {
      method: "POST",
      headers: { "content-type": "application/fhir+json" },
      body: JSON.stringify(resource),
    });
    expect(response.status, await response.clone().text()).toBe(201);
    vi.setSystemTime(Date.now() + 1_000);
  };
  await write({
    resourceType: "Task",
    status: "requested",
    intent: "order",
    code: { coding: CLASS[0]?.coding, text: "Walk half an hour" },
    for: { reference: patientOf(person) },
  });
  await write({
    resourceType: "Communication",
    status: "completed",
    priority: "urgent",
    category: CLASS,
    subject: { reference: patientOf(person) },
    payload: [{ contentString: "Please rest today." }],
  });
  const inbox = await (await person.fetch("/v1/me/inbox")).json<{ items: { id: string; kind: string; from: object }[] }>();
  expect(inbox.items.map(({ kind }) => kind)).toEqual(["message", "task"]);
  expect(inbox.items[0]?.from).toEqual({ kind: "organisation", id: organisation.id, name: "Clinic at the Lake" });
  const view = async () =>
    (await (await fetchAs(token, `/v1/organisations/${organisation.id}/patients`)).json<{ items: View[] }>()).items[0];
  expect(await view()).toMatchObject({ adherence: { tasks: 1, tasksDone: 0 }, alerts: { open: 2, urgent: 1 } });
  for (const { id, kind } of inbox.items) {
    const answer = kind === "task" ? { status: "completed" } : { text: "I do." };
    expect((await call(person, "POST", `/v1/me/inbox/${id}/answer`, answer)).status).toBe(200);
  }
  expect(await view()).toMatchObject({ adherence: { tasks: 1, tasksDone: 1 }, alerts: { open: 0, urgent: 0 } });
  const seen = await fetchAs(token, `/fhir/r4/Communication?subject=${patientOf(person)}`);
  expect(await seen.text()).toContain("I do.");
});

test("a day and a week are told of once they are over, narrowed to what is shared, to an endpoint that asks for them", async () => {
  const { organisation } = await clinic();
  const got: { type: string; data: Record<string, unknown> }[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init) => {
    got.push(JSON.parse(String(init?.body)) as (typeof got)[number]);
    return new Response(null, { status: 204 });
  });
  const base = `/v1/organisations/${organisation.id}/webhooks`;
  const events = ["summary.daily", "assessment.weekly"];
  const webhook = await make(organisation.owner, base, { url: `https://${crypto.randomUUID()}.example.com/`, events });
  const { person } = await patient(organisation);
  const { id } = person.person;
  const settle = async () => {
    await routeHooks(id);
    await deliverHooks(webhook);
  };
  await settle();
  expect(got).toEqual([]);
  // The 22nd of November 2026 is a Sunday.
  vi.setSystemTime(Date.now() + 11 * HOUR_MS);
  await settle();
  expect(got.map(({ type }) => type).toSorted()).toEqual(["assessment.weekly", "summary.daily"]);
  const day = got.find(({ type }) => type === "summary.daily")?.data;
  expect(day).toMatchObject({ person: id, date: "2026-11-22" });
  expect(JSON.stringify(day)).toContain("heart_rate");
  expect(JSON.stringify(got)).not.toContain("body_weight");
  expect(got.find(({ type }) => type === "assessment.weekly")?.data).toMatchObject({
    date: "2026-11-16",
    assessment: { resourceType: "QuestionnaireResponse", status: "completed" },
  });
});
