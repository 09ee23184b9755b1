import { importPKCS8, SignJWT } from "jose";
import { HOUR_MS, MINUTE_MS } from "../../clock";
import type { FcmAccount, ProviderBases } from "../credentials";
import { ask, type Fetch, isOutcome, jsonAt, type Outcome, outcomeOf, type PushMessage, secondsLeft } from "./outcome";

const SCOPE = "https://www.googleapis.com/auth/firebase.messaging";
/** Tokens of this isolate, by the account's key: text, and until when. */
const tokens = new Map<string, { readonly token: string; readonly until: number }>();

/**
 * Sends to a device by Firebase Cloud Messaging, HTTP v1. The service account proves itself by a signed assertion (RFC 7523) and gets a token
 * of an hour. `UNREGISTERED` says that the app is gone from the device.
 */
export async function sendFcm(
  fetch: Fetch,
  now: () => number,
  bases: ProviderBases,
  account: FcmAccount,
  token: string,
  message: PushMessage,
): Promise<Outcome> {
  const access = await accessToken(fetch, now, bases, account);
  if (typeof access !== "string") return access;
  const { id, collapse, type, title, body, url, unread, priority } = message;
  const left = secondsLeft(message.expiresAt, now());
  const answer = await ask(fetch, now, `${bases.fcm}/v1/projects/${encodeURIComponent(account.projectId)}/messages:send`, {
    method: "POST",
    headers: { authorization: `Bearer ${access}`, "content-type": "application/json" },
    body: JSON.stringify({
      message: {
        token,
        notification: { title, body },
        data: { id, notification: collapse, type, url, unread: String(unread) },
        android: {
          priority: priority === "high" ? "HIGH" : "NORMAL",
          ttl: `${left}s`,
          collapse_key: collapse,
          notification: { tag: collapse },
        },
      },
    }),
  });
  if (isOutcome(answer)) return answer;
  if (answer.status === 401) {
    tokens.delete(account.privateKey);
    return { kind: "retry", reason: "http_401" };
  }
  const details = jsonAt(answer.text, "error", "details");
  const codes = Array.isArray(details) ? details.map((one: unknown) => jsonAt(JSON.stringify(one), "errorCode")) : [];
  if (answer.status === 404 || codes.includes("UNREGISTERED") || codes.includes("SENDER_ID_MISMATCH"))
    return { kind: "gone", reason: "unregistered" };
  return outcomeOf(answer);
}

async function accessToken(
  fetch: Fetch,
  now: () => number,
  bases: ProviderBases,
  { clientEmail, privateKey }: FcmAccount,
): Promise<string | Outcome> {
  const known = tokens.get(privateKey);
  if (known !== undefined && known.until > now()) return known.token;
  const audience = "https://oauth2.googleapis.com/token";
  const assertion = await new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuer(clientEmail)
    .setAudience(audience)
    .setIssuedAt(Math.floor(now() / 1_000))
    .setExpirationTime(Math.floor((now() + HOUR_MS) / 1_000))
    .sign(await importPKCS8(privateKey, "RS256"));
  const answer = await ask(fetch, now, `${bases.google}/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion }).toString(),
  });
  if (isOutcome(answer)) return answer;
  const token = jsonAt(answer.text, "access_token");
  const seconds = Number(jsonAt(answer.text, "expires_in") ?? 0);
  // An account that is refused is for operators to mend: what waits is sent then.
  if (answer.status !== 200 || typeof token !== "string") return { kind: "retry", reason: `token_http_${answer.status}` };
  tokens.set(privateKey, { token, until: now() + seconds * 1_000 - 5 * MINUTE_MS });
  return token;
}
