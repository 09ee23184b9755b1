import { SECOND_MS } from "../clock";
import { within } from "../within";
import { type Attempt, retryAfterMs } from "./schedule";
import { webhookHeaders } from "./signing";

/** The part of `fetch` that calls an endpoint. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** One message to one endpoint, whose URL was checked by the caller. */
export interface Message {
  readonly url: string;
  /** As their owner knows them; each signs. */
  readonly secrets: readonly string[];
  readonly id: string;
  readonly body: string;
}

/** What came of it, and how long it took. */
export interface Sent extends Attempt {
  readonly durationMs: number;
}

const TIMEOUT_MS = 15 * SECOND_MS;

/** Sends one message. Redirects are not followed: they could lead anywhere. Nothing of an answer but its status is looked at. Never throws. */
export async function sendWebhook(fetch: Fetch, now: () => number, { url, secrets, id, body }: Message): Promise<Sent> {
  const begun = now();
  const signature = await webhookHeaders(secrets, id, begun, body);
  const headers = { "content-type": "application/json", "user-agent": "Meridian-Webhooks/1", ...signature };
  try {
    return await within(TIMEOUT_MS, async (signal) => {
      const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
      await response.body?.cancel();
      const wait = retryAfterMs(response.headers.get("retry-after"), now());
      return { status: response.status, durationMs: now() - begun, ...(wait !== undefined && { retryAfterMs: wait }) };
    });
  } catch (error) {
    const reason = error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable";
    return { reason, durationMs: now() - begun };
  }
}
