import { encryptPush, LONGEST_PUSH, vapidHeader } from "../../crypto/web-push";
import { checkEndpointUrl } from "../../webhooks/endpoint-url";
import { isProblem } from "../../problem";
import type { Vapid } from "../credentials";
import { ask, type Fetch, isOutcome, type Outcome, outcomeOf, type PushMessage, secondsLeft } from "./outcome";

/** Where a browser is reached, with the keys that messages are closed with. */
export interface BrowserPlace {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

const URGENCY = { low: "low", normal: "normal", high: "high" } as const;

/**
 * Sends to a browser by its push service (RFC 8030), closed for the browser alone and signed with the key that it knows. The endpoint came
 * from outside: it passes the guard against inner addresses again, each time. 404 and 410 say that the subscription is over; a message that
 * is too large goes once more with its title alone.
 */
export async function sendWebPush(
  fetch: Fetch,
  now: () => number,
  {
    place,
    vapid,
    key,
    localHosts,
  }: { readonly place: BrowserPlace; readonly vapid: Vapid; readonly key: string | null; readonly localHosts: readonly string[] },
  message: PushMessage,
): Promise<Outcome> {
  const pair = Object.hasOwn(vapid.keys, key ?? "") ? vapid.keys[key ?? ""] : undefined;
  // The browser knows a key that is no more.
  if (pair === undefined) return { kind: "gone", reason: "key_gone" };
  try {
    checkEndpointUrl(place.endpoint, localHosts, "/endpoint");
  } catch (error) {
    if (!isProblem(error)) throw error;
    return { kind: "gone", reason: "url_not_allowed" };
  }
  const authorization = await vapidHeader(pair, place.endpoint, vapid.subject, now());
  const send = async (body: string) =>
    await ask(fetch, now, place.endpoint, {
      method: "POST",
      headers: {
        authorization,
        ttl: String(secondsLeft(message.expiresAt, now())),
        urgency: URGENCY[message.priority],
        // At most 32 characters of base 64 for URLs.
        topic: message.collapse.replaceAll(/[^A-Za-z0-9_-]/g, "").slice(-32),
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
      },
      body: await encryptPush(place, new Uint8Array(new TextEncoder().encode(body))),
    });
  let answer = await send(payloadOf(message));
  if (!isOutcome(answer) && answer.status === 413) answer = await send(payloadOf({ ...message, body: "" }));
  if (isOutcome(answer)) return answer;
  if (answer.status === 404 || answer.status === 410) return { kind: "gone", reason: `http_${answer.status}` };
  return outcomeOf(answer);
}

/** What a service worker gets: JSON, short enough for one record. */
export function payloadOf({ id, collapse, type, title, body, url, unread }: PushMessage): string {
  const whole = JSON.stringify({ id, notification: collapse, type, title, body, url, unread });
  if (new TextEncoder().encode(whole).length <= LONGEST_PUSH) return whole;
  return JSON.stringify({ id, notification: collapse, type, title, body: "", url, unread });
}
