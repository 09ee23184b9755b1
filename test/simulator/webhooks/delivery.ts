/** Sends signed notifications and tries again, with growing pauses, until the subscriber answers 204. */
import { setTimeout as wait } from "node:timers/promises";
import { randomId } from "../server/state.ts";
import type { State } from "../server/state.ts";
import { signBody, signingKey } from "./signing.ts";
import type { Subscriber } from "./subscribers.ts";

/** Ways to spoil a delivery, to see it refused. */
export type Tamper = "signature" | "body" | "unknown-key" | "no-signature" | "authorization" | "no-authorization";

export interface Delivery {
  id: string;
  subscriber: string;
  body: string;
  dataTypes: string[];
  attempts: { at: string; status?: number; error?: string }[];
  state: "pending" | "delivered" | "failed";
  tamper?: string;
}

const AGENT = "Google-Health-API-Webhooks";
const TIMEOUT_MS = 10_000;
const KEEP = 1000;

/** POSTs JSON as the webhook service does. Resolves to the status, or to an error text when there was no answer. */
export async function postAsWebhooks(
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ status?: number; error?: string }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": AGENT, ...headers },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return { status: response.status };
  } catch (error) {
    return { error: error instanceof Error ? error.message : "no answer" };
  }
}

function headersOf(state: State, subscriber: Subscriber, delivery: Delivery): Record<string, string> {
  const headers: Record<string, string> = {};
  const { tamper } = delivery;
  if (tamper !== "no-authorization") headers["authorization"] = tamper === "authorization" ? "Bearer wrong" : subscriber.secret;
  const current = state.keys.at(-1);
  const key = tamper === "unknown-key" ? signingKey(state.settings.seed, -1) : current;
  if (!key || tamper === "no-signature") return headers;
  let signature = signBody(key, tamper === "body" ? `${delivery.body} ` : delivery.body);
  if (tamper === "signature") signature = signature.slice(0, -8) + (signature.endsWith("AAAAAAA=") ? "BBBBBBB=" : "AAAAAAA=");
  headers["google-health-api-signature"] = signature;
  return headers;
}

async function attempt(state: State, subscriber: Subscriber, delivery: Delivery): Promise<void> {
  const result = await postAsWebhooks(subscriber.endpointUri, delivery.body, headersOf(state, subscriber, delivery));
  delivery.attempts.push({ at: new Date(state.clock.now()).toISOString(), ...result });
  if (result.status === 204) delivery.state = "delivered";
  else if (delivery.attempts.length >= state.settings.retryAttempts) {
    delivery.state = "failed";
    subscriber.state = "INACTIVE";
  } else {
    const pause = Math.min(state.settings.retryBaseMs * 2 ** (delivery.attempts.length - 1), 300_000);
    const timer = setTimeout(() => {
      state.timers.delete(timer);
      void attempt(state, subscriber, delivery);
    }, pause);
    timer.unref();
    state.timers.add(timer);
  }
}

/** Starts a delivery and resolves after its first attempt; further attempts follow by themselves. */
export async function deliver(state: State, subscriber: Subscriber, body: string, dataTypes: string[], tamper?: Tamper): Promise<Delivery> {
  const delivery: Delivery = {
    id: randomId(9),
    subscriber: subscriber.name,
    body,
    dataTypes,
    attempts: [],
    state: "pending",
    ...(tamper ? { tamper } : {}),
  };
  state.deliveries.push(delivery);
  if (state.deliveries.length > KEEP) state.deliveries.shift();
  await attempt(state, subscriber, delivery);
  return delivery;
}

/** Resolves when no delivery is pending any more, or after the given time. */
export async function settled(state: State, withinMs: number): Promise<boolean> {
  const end = Date.now() + withinMs;
  while (state.deliveries.some((delivery) => delivery.state === "pending")) {
    if (Date.now() >= end) return false;
    await wait(20);
  }
  return true;
}
