import { SECOND_MS } from "../clock";
import { within } from "../within";
import { type Attempt, retryAfterMs } from "./schedule";
import { webhookHeaders } from "./signing";

/** The part of `fetch` that calls an endpoint. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** One message to one endpoint, whose URL was checked by the caller. */
export interface Message {
  readonly url: string;
  /** As their owner knows them; each signs. Without one the message has no signature. */
  readonly secrets: readonly string[];
  readonly id: string;
  readonly body: string;
  readonly contentType?: string;
  /** Headers that the owner of the endpoint wants to see. */
  readonly headers?: Readonly<Record<string, string>>;
  /** At most, and by default, fifteen seconds. */
  readonly timeoutMs?: number;
}

/** What came of it, and how long it took. */
export interface Sent extends Attempt {
  readonly durationMs: number;
}

const TIMEOUT_MS = 15 * SECOND_MS;

/** Sends one message. Redirects are not followed: they could lead anywhere. Nothing of an answer but its status is looked at. Never throws. */
export async function sendWebhook(fetch: Fetch, now: () => number, message: Message): Promise<Sent> {
  const { url, secrets, id, body, contentType = "application/json", headers: wanted = {}, timeoutMs = TIMEOUT_MS } = message;
  const begun = now();
  const { "webhook-signature": signature, ...marks } = await webhookHeaders(secrets, id, begun, body);
  const signed: Record<string, string> = signature === "" ? {} : { "webhook-signature": signature };
  const headers = { ...wanted, "content-type": contentType, "user-agent": "Meridian-Webhooks/1", ...marks, ...signed };
  try {
    return await within(Math.min(timeoutMs, TIMEOUT_MS), async (signal) => {
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
