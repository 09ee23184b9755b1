/** Sends a vendor's webhooks and tries again, with growing pauses, until any 2xx comes back. */
import { randomId } from "../server/state.ts";
import type { State } from "../server/state.ts";
import type { Delivery } from "../webhooks/delivery.ts";
import { postAsWebhooks } from "../webhooks/delivery.ts";
import type { HookTamper } from "./vendor.ts";

export interface Outgoing {
  readonly vendor: string;
  readonly url: string;
  readonly body: string;
  readonly topic: string;
  readonly tamper: HookTamper | undefined;
  /** The vendor's headers for bytes that are signed at a time, which is the sender's. */
  sign(body: string, nowMs: number): Record<string, string>;
}

function headersOf(now: number, { tamper, sign, body }: Outgoing): Record<string, string> {
  const headers = sign(tamper === "body" ? `${body} ` : body, tamper === "stale" ? now - 3_600_000 : now);
  const names = Object.keys(headers).filter((name) => /(signature|client-id)$/i.test(name));
  for (const name of names) {
    if (tamper === "no-signature") delete headers[name];
    if (tamper === "signature") headers[name] = (headers[name] ?? "").replace(/./g, (letter) => (letter === "A" ? "B" : "A"));
  }
  return headers;
}

async function attempt(state: State, out: Outgoing, delivery: Delivery): Promise<void> {
  const result = await postAsWebhooks(out.url, out.body, headersOf(state.clock.now(), out));
  delivery.attempts.push({ at: new Date(state.clock.now()).toISOString(), ...result });
  if (result.status !== undefined && result.status >= 200 && result.status < 300) delivery.state = "delivered";
  else if (delivery.attempts.length >= state.settings.retryAttempts) delivery.state = "failed";
  else {
    const timer = setTimeout(
      () => {
        state.timers.delete(timer);
        void attempt(state, out, delivery);
      },
      Math.min(state.settings.retryBaseMs * 2 ** (delivery.attempts.length - 1), 300_000),
    );
    timer.unref();
    state.timers.add(timer);
  }
}

/** Resolves after the first attempt; further attempts follow by themselves. */
export async function sendHook(state: State, out: Outgoing): Promise<void> {
  const delivery: Delivery = {
    id: randomId(9),
    subscriber: out.vendor,
    body: out.body,
    dataTypes: [out.topic],
    attempts: [],
    state: "pending",
    ...(out.tamper === undefined ? {} : { tamper: out.tamper }),
  };
  state.deliveries.push(delivery);
  await attempt(state, out, delivery);
}
