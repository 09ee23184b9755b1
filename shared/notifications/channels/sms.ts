import type { ProviderBases, SmsAccount } from "../credentials";
import { ask, type Fetch, isOutcome, jsonAt, type Outcome, accountOutcomeOf } from "./outcome";

/** What the service answers for numbers that take nothing: whoever is there said STOP; there is none of that kind. */
const STOPPED = 21_610;
const UNREACHABLE: ReadonlySet<unknown> = new Set([21_211, 21_214, 21_217, 21_408, 21_612, 21_614]);

/**
 * Sends a text message, by Twilio's interface. What becomes of it is told to `callback`. The interface knows no key by which a repetition is
 * recognised: one whose answer was lost may arrive twice.
 */
export async function sendSms(
  fetch: Fetch,
  now: () => number,
  bases: ProviderBases,
  { account, token, from }: SmsAccount,
  { to, text, callback }: { readonly to: string; readonly text: string; readonly callback?: string },
): Promise<Outcome> {
  const sender: Record<string, string> = from.startsWith("MG") ? { MessagingServiceSid: from } : { From: from };
  const answer = await ask(fetch, now, `${bases.sms}/2010-04-01/Accounts/${encodeURIComponent(account)}/Messages.json`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${account}:${token}`)}`, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ To: to, Body: text, ...sender, ...(callback !== undefined && { StatusCallback: callback }) }).toString(),
  });
  if (isOutcome(answer)) return answer;
  const code = jsonAt(answer.text, "code");
  if (code === STOPPED) return { kind: "suppressed", reason: "stop" };
  if (UNREACHABLE.has(code)) return { kind: "failed", reason: "not_reachable" };
  return accountOutcomeOf(answer);
}
