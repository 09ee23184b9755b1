import { createExecutionContext, createMessageBatch, getQueueResult, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import { PROFILES } from "../shared/fhir/subscriptions/read";
import { type PersonId, regionOf } from "../shared/id";
import { REGIONS } from "../shared/region";
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

/** Hands a message to whoever works off the queue of a person's region. */
export async function dispatch(person: PersonId, body: unknown): Promise<void> {
  const region = regionOf(person);
  const batch = createMessageBatch(`hooks-${region}`, [{ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body }]);
  await dispatchBatch(batch, env, undefined, () => undefined);
  await getQueueResult(batch, createExecutionContext());
}

/** Lets everything happen that is due now: the vault's alarm, the queue, and the deliveries of this person. */
export async function settleHooks(id: PersonId): Promise<void> {
  await runDurableObjectAlarm(vaultOf(env, id));
  await dispatch(id, { kind: "webhook-events", person: id });
  await vi.waitFor(async () => {
    for (const region of REGIONS) {
      const { results } = await regional(env, region)
        .records.prepare(
          "select endpoint_id as webhook, event_id as event from webhook_deliveries where person_id = ? and state = 'waiting' and due_at <= ?",
        )
        .bind(id, Date.now())
        .all<{ webhook: string; event: string }>();
      for (const one of results) await dispatch(id, { kind: "webhook-delivery", ...one, person: id });
      expect(results).toEqual([]);
    }
  });
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
