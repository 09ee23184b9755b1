import { importPKCS8, SignJWT } from "jose";
import { MINUTE_MS } from "../../clock";
import { sha256Hex } from "../../crypto/sha256";
import type { ApnsAccount, ProviderBases } from "../credentials";
import { ask, type Fetch, isOutcome, jsonAt, type Outcome, accountOutcomeOf, type PushMessage } from "./outcome";

/** Apple wants a token used for more than 20 minutes and less than an hour. */
const TOKEN_MS = 40 * MINUTE_MS;
const tokens = new Map<string, { readonly token: string; readonly until: number }>();
/** Answers that say that this device takes nothing more. */
const GONE: ReadonlySet<unknown> = new Set(["BadDeviceToken", "DeviceTokenNotForTopic", "Unregistered", "ExpiredToken"]);

/** Sends to a device by Apple's push service, with a provider token (ES256). */
export async function sendApns(
  fetch: Fetch,
  now: () => number,
  bases: ProviderBases,
  account: ApnsAccount,
  device: string,
  message: PushMessage,
): Promise<Outcome> {
  const { id, collapse, type, title, body, url, unread, priority, expiresAt } = message;
  const answer = await ask(fetch, now, `${bases.apns}/3/device/${encodeURIComponent(device)}`, {
    method: "POST",
    headers: {
      authorization: `bearer ${await providerToken(now, account)}`,
      "apns-topic": account.topic,
      "apns-push-type": "alert",
      "apns-priority": priority === "low" ? "5" : "10",
      "apns-expiration": String(Math.floor(expiresAt / 1_000)),
      "apns-collapse-id": collapse,
      "apns-id": await uuidOf(id),
      "content-type": "application/json",
    },
    body: JSON.stringify({ aps: { alert: { title, body }, badge: unread, "thread-id": type }, id, notification: collapse, type, url }),
  });
  if (isOutcome(answer)) return answer;
  const reason = jsonAt(answer.text, "reason");
  if (answer.status === 410 || GONE.has(reason)) return { kind: "gone", reason: "unregistered" };
  if (reason === "ExpiredProviderToken") {
    tokens.delete(account.key);
    return { kind: "retry", reason: "token_expired" };
  }
  return accountOutcomeOf(answer);
}

async function providerToken(now: () => number, { teamId, keyId, key }: ApnsAccount): Promise<string> {
  const known = tokens.get(key);
  if (known !== undefined && known.until > now()) return known.token;
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: "ES256", kid: keyId })
    .setIssuer(teamId)
    .setIssuedAt(Math.floor(now() / 1_000))
    .sign(await importPKCS8(key, "ES256"));
  tokens.set(key, { token, until: now() + TOKEN_MS });
  return token;
}

/** The same UUID for the same sending, by which the service tells of it. */
async function uuidOf(id: string): Promise<string> {
  const hex = await sha256Hex(id);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
