import { createExecutionContext, createMessageBatch, getQueueResult, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../shared/clock";
import { PROFILES } from "../shared/fhir/subscriptions/read";
import { parseId, type PersonId, regionOf } from "../shared/id";
import { type Region, REGIONS } from "../shared/region";
import { dispatchBatch } from "../workers/queues";
import { regional, vaultOf } from "../workers/regional";

/** The topic that Subscriptions of tests are about where they name none. */
export const VITALS = "urn:meridian:topic:vital-signs";

export type Body = Record<string, unknown> & { id: string; status: string; error?: string; entry?: Entry[] };
export interface Entry {
  readonly fullUrl: string;
  readonly resource?: Body & { parameter?: Parameter[] };
  readonly request?: { readonly method: string; readonly url: string };
}
export interface Parameter {
  readonly name: string;
  readonly valueCode?: string;
  readonly valueString?: string;
  readonly valueUrl?: string;
  readonly valueReference?: { readonly reference: string };
  readonly part?: readonly Parameter[];
}

/** What an endpoint got: the type of each message, its numbers, and what came with it. */
export class Hook {
  static readonly all = new Map<string, Hook>();
  readonly url = `https://${crypto.randomUUID()}.hooks.example.com/fhir`;
  readonly got: { readonly headers: Record<string, string>; readonly bundle: Body; readonly status: number }[] = [];
  answer = 204;

  constructor() {
    Hook.all.set(this.url, this);
  }

  get told() {
    return this.got.map(({ bundle }) => tellingOf(bundle));
  }
}

export function tellingOf(bundle: Body) {
  const parameters = bundle.entry?.[0]?.resource?.parameter ?? [];
  const events = parameters.filter(({ name }) => name === "notification-event").map(({ part = [] }) => part);
  return {
    type: parameters.find(({ name }) => name === "type")?.valueCode,
    since: parameters.find(({ name }) => name === "events-since-subscription-start")?.valueString,
    numbers: events.map((part) => Number(part.find(({ name }) => name === "event-number")?.valueString)),
    focus: events.map((part) => part.find(({ name }) => name === "focus")?.valueReference?.reference),
    resources: (bundle.entry ?? []).slice(1).map(({ resource }) => resource?.["resourceType"]),
  };
}

/** What happened to each resource that a notification names, as its entries say. */
export function requestsOf(bundle: Body | undefined): string[] {
  return (bundle?.entry ?? []).slice(1).map(({ request }) => `${request?.method} ${request?.url}`);
}

/** Lets the endpoints of `Hook` answer, and nobody else. */
export function answerHooks(): void {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const hook = Hook.all.get(request.url);
    if (hook === undefined) throw new TypeError("nobody listens");
    hook.got.push({ headers: Object.fromEntries(request.headers), bundle: await request.json(), status: hook.answer });
    return new Response(null, { status: hook.answer });
  });
}

/** Hands a message to whoever works off the queue of a region's webhooks. */
export async function dispatch(region: Region, body: unknown): Promise<void> {
  const batch = createMessageBatch(`hooks-${region}`, [{ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body }]);
  await dispatchBatch(batch, env, undefined, () => undefined);
  await getQueueResult(batch, createExecutionContext());
}

/** Events that are to be told of by now and are not on their way yet. */
const DUE = `SELECT type, about, state FROM webhook_events WHERE state = 'closed' OR state = 'open' AND iif(type IN ('summary.daily', 'assessment.weekly'),
  max(to_at + ${4 * HOUR_MS}, updated_at + ${15 * MINUTE_MS}), updated_at + ${5 * SECOND_MS}) <= ?`;

/**
 * Lets the events of a person that are due go to whoever wants them. The runtime's own alarm and queue are at it too: whoever comes first
 * does it, and is awaited.
 */
export async function routeHooks(person: PersonId): Promise<void> {
  const vault = vaultOf(env, person);
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(vault);
    await dispatch(regionOf(person), { kind: "webhook-events", person });
    const due = await runInDurableObject(vault, (_, { storage }) => storage.sql.exec(DUE, Date.now()).toArray());
    expect(due).toEqual([]);
  });
}

/** What is due at an endpoint, or of a person anywhere, tried now; of this test's queue and of the real one, whichever comes first. */
export async function deliverHooks(of: string): Promise<void> {
  const isPerson = parseId("person", of) !== undefined;
  const query = `select endpoint_id as webhook, event_id as event, person_id as person from webhook_deliveries
    where ${isPerson ? "person_id" : "endpoint_id"} = ? and state = 'waiting' and due_at <= ?`;
  await vi.waitFor(async () => {
    for (const region of isPerson ? REGIONS : [regionOf(of)]) {
      const { records } = regional(env, region);
      const { results } = await records.prepare(query).bind(of, Date.now()).all<{ webhook: string; event: string; person: string }>();
      for (const one of results) await dispatch(regionOf(one.person), { kind: "webhook-delivery", ...one });
      expect(results).toEqual([]);
    }
  });
}

/** Lets everything happen that is due now: the vault's alarm, the queue, and the deliveries of this person. */
export async function settleHooks(person: PersonId): Promise<void> {
  await routeHooks(person);
  await deliverHooks(person);
}

/** What a Subscription asks for. */
export interface Wish {
  readonly criteria?: string;
  readonly filters?: readonly string[];
  readonly content?: string;
  readonly channel?: object;
  readonly more?: object;
}

export const extension = (name: string, value: object) => ({ url: `${PROFILES}${name}`, ...value });
export const subscription = (
  hook: Hook | undefined,
  { criteria = VITALS, filters = [], content = "id-only", channel = {}, more = {} }: Wish = {},
) => ({
  resourceType: "Subscription",
  status: "requested",
  reason: "To be told",
  criteria,
  ...(filters.length > 0 && {
    _criteria: { extension: filters.map((valueString) => extension("backport-filter-criteria", { valueString })) },
  }),
  channel: {
    type: hook === undefined ? "websocket" : "rest-hook",
    ...(hook !== undefined && { endpoint: hook.url }),
    payload: "application/fhir+json",
    _payload: { extension: [extension("backport-payload-content", { valueCode: content })] },
    ...channel,
  },
  ...more,
});
