import { SECOND_MS } from "../../clock";
import { within } from "../../within";
import { retryAfterMs } from "../../webhooks/schedule";

/** What came of one attempt to send. `gone`: nobody is at that address any more. `suppressed`: they do not want it. `deferred`: nobody was called, since whoever carries it fails. */
export type Outcome =
  | { readonly kind: "sent" }
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs?: number }
  | { readonly kind: "deferred"; readonly afterMs: number }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "gone"; readonly reason: string }
  | { readonly kind: "suppressed"; readonly reason: "bounce" | "complaint" | "stop" };

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** One notification on its way to a device. */
export interface PushMessage {
  /** Of this sending: a repetition has the same. */
  readonly id: string;
  /** What it replaces on the device when it comes again. */
  readonly collapse: string;
  readonly type: string;
  readonly title: string;
  readonly body: string;
  readonly url: string;
  readonly unread: number;
  readonly priority: "low" | "normal" | "high";
  /** When it is not worth waking anybody any more, epoch milliseconds. */
  readonly expiresAt: number;
}

const TIMEOUT_MS = 10 * SECOND_MS;
const LONGEST_ANSWER = 16_384;

/** An answer of a provider: its status, and its body as far as it is looked at. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

/** Calls a provider: no redirects, ten seconds, a short answer. A call without an answer is tried again. */
export async function ask(fetch: Fetch, now: () => number, url: string, init: RequestInit): Promise<Answer | Outcome> {
  try {
    return await within(TIMEOUT_MS, async (signal) => {
      const response = await fetch(url, { ...init, redirect: "manual", signal });
      const text = await beginningOf(response);
      return { status: response.status, text, retryAfterMs: retryAfterMs(response.headers.get("retry-after"), now()) };
    });
  } catch (error) {
    return { kind: "retry", reason: error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable" };
  }
}

/** The beginning of a body; what comes after it is not waited for. A push service is whoever somebody's browser named. */
async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < LONGEST_ANSWER) {
    const { value, done } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text.slice(0, LONGEST_ANSWER);
}

export function isOutcome(answer: Answer | Outcome): answer is Outcome {
  return "kind" in answer;
}

/** What follows from a status that no provider gives a meaning of its own: too busy and broken are tried again, refusals are not. */
export function outcomeOf({ status, retryAfterMs: afterMs }: Answer): Outcome {
  if (status >= 200 && status < 300) return { kind: "sent" };
  const isPassing = status === 408 || status === 425 || status === 429 || status >= 500;
  return isPassing
    ? { kind: "retry", reason: `http_${status}`, ...(afterMs !== undefined && { afterMs }) }
    : { kind: "failed", reason: `http_${status}` };
}

/** As `outcomeOf`, where 401 and 403 are about Meridian's own account: that is for operators to mend, and what waits is sent then. */
export function accountOutcomeOf(answer: Answer): Outcome {
  const { status } = answer;
  return status === 401 || status === 403 ? { kind: "retry", reason: `http_${status}` } : outcomeOf(answer);
}

/** What a text of JSON holds at a path; undefined where it is none. */
export function jsonAt(text: string, ...path: readonly string[]): unknown {
  try {
    return path.reduce<unknown>(
      (value, name) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined),
      JSON.parse(text),
    );
  } catch {
    return undefined;
  }
}

/** Seconds that a message is still worth something; at most four weeks, which is the most that push services keep. */
export function secondsLeft(expiresAt: number, now: number): number {
  return Math.max(0, Math.min(Math.floor((expiresAt - now) / SECOND_MS), 28 * 86_400));
}
