import type { MailAccount, ProviderBases } from "../credentials";
import { ask, type Fetch, isOutcome, type Outcome, accountOutcomeOf } from "./outcome";

/** One letter of a notification. */
export interface MailMessage {
  /** Of this sending: the service sends what has the same once. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Opaque names that the service tells again where it tells of this letter. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Sends a letter by a mail service over HTTP, in the form of Resend's interface. */
export async function sendMail(
  fetch: Fetch,
  now: () => number,
  bases: ProviderBases,
  { key }: MailAccount,
  message: MailMessage,
): Promise<Outcome> {
  const { id, from, to, subject, text, headers, tags } = message;
  const answer = await ask(fetch, now, `${bases.mail}/emails`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "idempotency-key": id },
    body: JSON.stringify({ from, to: [to], subject, text, headers, tags: Object.entries(tags).map(([name, value]) => ({ name, value })) }),
  });
  return isOutcome(answer) ? answer : accountOutcomeOf(answer);
}
