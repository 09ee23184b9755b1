import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { answerHooks, type Body, deliverHooks, dispatch, Hook, settleHooks, subscription, tellingOf, type Wish } from "../../test/hooks";
import { book, portsAt } from "../../test/moves";
import { fetchAs, make, newClient, newOrganisation, tokenOf } from "../../test/partners";
import { type RegisteredPerson, registerPerson } from "../../test/people";
import { samples } from "../../test/vaults";
import { MINUTE_MS } from "../../shared/clock";
import { newId, parseId, type PersonId, regionOf } from "../../shared/id";
import { REGIONS } from "../../shared/region";
import { regional, vaultOf } from "../regional";
import { runMove } from "./run-move";
import { MOVE_STEPS } from "./steps";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  answerHooks();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

const actorOf = (person: PersonId) => ({ kind: "person", person, session: newId("session", "eu", Date.now()) }) as const;

async function ask(person: RegisteredPerson, method: string, path: string, body?: object): Promise<Body> {
  const response = await person.fetch(`/fhir/r4${path}`, {
    method,
    ...(body !== undefined && { headers: { "content-type": "application/fhir+json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return JSON.parse(text) as Body;
}

async function beat(person: PersonId, value: number): Promise<void> {
  await vaultOf(env, person).record(samples("heart_rate", [{ at: Date.now() - MINUTE_MS, value }]));
  later(6_000);
}

/** Everything that could still be sent: due or not, of both ids, in every region, and what queues may still hold. */
async function everything(
  people: readonly PersonId[],
  stale: readonly { readonly webhook: string; readonly event: string }[],
): Promise<void> {
  later(MINUTE_MS);
  for (const person of people) {
    await runDurableObjectAlarm(vaultOf(env, person));
    await dispatch(regionOf(person), { kind: "webhook-events", person });
    await deliverHooks(person).catch((error: unknown) => {
      // Of a vault that stands still nothing is due for a minute.
      if (!(error instanceof Error) || !/waiting|equal/.test(error.message)) throw error;
    });
    for (const one of stale) await dispatch(regionOf(person), { kind: "webhook-delivery", ...one, person });
  }
}

/** Numbers of the events that an endpoint took, each as often as it took it. */
const taken = (hook: Hook) =>
  hook.got.flatMap(({ bundle, status }) =>
    status < 300 && tellingOf(bundle).type === "event-notification" ? tellingOf(bundle).numbers : [],
  );

it("somebody who moves takes their Subscriptions along: no event is lost or told twice, and the old region tells nothing any more", async () => {
  const organisation = await newOrganisation("us");
  const client = await newClient(organisation);
  const ada = await registerPerson("eu");
  const { id: from } = ada.person;
  await make(ada, "/v1/me/consents", {
    grantee: { kind: "organisation", id: organisation.id },
    role: "partner",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
  });
  const [own, clinic, apps, socket] = [new Hook(), new Hook(), new Hook(), undefined];
  const hooks = [own, clinic, apps];
  const wish: Wish = { content: "full-resource", channel: { header: ["Authorization: Bearer of-ada"] } };
  const { id } = await ask(ada, "POST", "/Subscription", subscription(own, wish));
  const watched = await ask(ada, "POST", "/Subscription", subscription(socket));
  const filters = [`Observation?patient=${from.replaceAll("_", "-")}`];
  const made = await fetchAs(await tokenOf(client), "/fhir/r4/Subscription", {
    method: "POST",
    headers: { "content-type": "application/fhir+json" },
    body: JSON.stringify(subscription(clinic, { criteria: "urn:meridian:topic:observations", filters })),
  });
  expect(made.status, await made.clone().text()).toBe(201);
  const { results } = await regional(env, "eu")
    .records.prepare("select id from sessions where person_id = ?")
    .bind(from)
    .all<{ id: string }>();
  const session = parseId("session", results[0]?.id ?? "");
  if (session === undefined) throw new TypeError("there is no session");
  const reach = {
    grants: [
      { type: "Subscription", interactions: "cruds" },
      { type: "Observation", interactions: "rs" },
    ],
  };
  const app = { kind: "person", person: from, session, reach } as const;
  await vaultOf(env, from).fhir(app, { kind: "create", type: "Subscription", resource: JSON.stringify(subscription(apps)) });
  later(1_000);
  await settleHooks(from);
  expect(hooks.map(({ told }) => told.length)).toEqual([1, 1, 1]);

  // The first event is told, the second is to be tried again, the third nobody has looked at, when the move begins.
  await beat(from, 61);
  await settleHooks(from);
  for (const hook of hooks) hook.answer = 503;
  await beat(from, 62);
  await settleHooks(from);
  for (const hook of hooks) hook.answer = 204;
  await beat(from, 63);
  const stale = await Promise.all(
    REGIONS.map(
      async (region) =>
        (
          await regional(env, region)
            .records.prepare("select endpoint_id as webhook, event_id as event from webhook_deliveries where person_id = ?")
            .bind(from)
            .all<{ webhook: string; event: string }>()
        ).results,
    ),
  );

  const { id: move, to } = await book({ person: from, region: "eu" }, "ap", Date.now());
  let isGone = false;
  const steps = MOVE_STEPS.map((step) => ({
    name: step.name,
    run: async (...args: Parameters<typeof step.run>) => {
      // Each is cut off once before it is noted, and meanwhile everybody goes on with what they can reach.
      await step.run(...args);
      if (["leave", "records", "directory", "arrive", "relations", "erase"].includes(step.name)) await everything([from, to], stale.flat());
      if (step.name === "relations") {
        isGone = true;
        const left = await regional(env, "eu")
          .records.prepare("select id from webhook_endpoints where person_id in (?1, ?2) and session_id is null")
          .bind(from, to)
          .all();
        expect(left.results).toEqual([]);
      }
      return await step.run(...args);
    },
  }));
  const clock = {
    get now() {
      return Date.now();
    },
  };
  expect(await runMove(portsAt(clock), "eu", move, 600_000, steps)).toBe(true);
  expect(isGone).toBe(true);
  await everything([from, to], stale.flat());
  later(10 * MINUTE_MS);
  await settleHooks(to);
  // What apps asked for ends with their sessions.
  expect([taken(own).toSorted(), taken(clinic).toSorted(), taken(apps)]).toEqual([[1, 2, 3], [1, 2, 3], [1]]);

  // It goes on there, with its numbers, headers and names, for whom it went on before.
  await beat(to, 64);
  await settleHooks(to);
  expect([taken(own).at(-1), taken(clinic).at(-1), taken(apps).length]).toEqual([4, 4, 1]);
  const last = own.got.at(-1);
  expect(last?.headers["authorization"]).toBe("Bearer of-ada");
  expect(JSON.stringify(last?.bundle)).toContain(to.slice(7));
  expect(JSON.stringify(last?.bundle)).not.toContain(from.slice(7));
  const moved = (old: string) => old.replaceAll(from.slice(7), to.slice(7));
  const status = await vaultOf(env, to).fhirOperation(actorOf(to), { kind: "status", params: [] });
  const text = JSON.stringify(status);
  for (const one of [id, watched.id]) expect(text).toContain(`Subscription/${moved(one)}`);
  expect(text.match(/\\"valueCode\\":\\"active\\"/g)?.length).toBe(3);
  expect(text.match(/\\"valueCode\\":\\"off\\"/g)?.length).toBe(1);
  // Nothing of it is left where it was.
  const left = await regional(env, "eu")
    .records.prepare("select endpoint_id from webhook_deliveries where person_id in (?1, ?2)")
    .bind(from, to)
    .all();
  expect(left.results).toEqual([]);
});
