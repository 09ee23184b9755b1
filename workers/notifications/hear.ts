import * as z from "zod";
import type { ProviderEvent } from "../../durable-objects/vault/notifications/outbox";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { verifyMailCall, verifySmsCall } from "../../shared/notifications/provider-signatures";
import { problem } from "../../shared/problem";
import { REGIONS } from "../../shared/region";
import { peopleOfPhone } from "./deliver";
import { noteStop } from "./guests";
import type { NotificationPorts } from "./ports";

const mailSchema = z.looseObject({
  type: z.string(),
  data: z.looseObject({
    to: z.union([z.string(), z.array(z.string())]).optional(),
    tags: z.union([z.array(z.object({ name: z.string(), value: z.string() })), z.record(z.string(), z.string())]).optional(),
    bounce: z.looseObject({ type: z.string().optional() }).optional(),
  }),
});

/** What words of an SMS mean it, by the rules of carriers. */
const STOP_WORDS: ReadonlySet<string> = new Set(["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "stopp", "abmelden"]);
const START_WORDS: ReadonlySet<string> = new Set(["start", "yes", "unstop"]);

/**
 * Hears what the mail service tells of a letter: that it came, bounced, or that somebody complained of it. Believed by its signature alone.
 * Problems `not_found` without an account, `invalid_signature`, `malformed`.
 */
export async function hearMail(ports: NotificationPorts, headers: Headers, body: Uint8Array): Promise<void> {
  const { mail } = ports.credentials;
  if (mail === undefined) throw problem("not_found");
  if ((await verifyMailCall(mail.webhookSecret, headers, body, ports.now())) !== "genuine") throw problem("invalid_signature");
  const told = mailSchema.safeParse(jsonIn(body));
  if (!told.success) throw problem("malformed");
  const { type, data } = told.data;
  const tags = Array.isArray(data.tags) ? Object.fromEntries(data.tags.map(({ name, value }) => [name, value])) : (data.tags ?? {});
  const person = parseId("person", tags["person"] ?? "");
  const address = [data.to ?? []].flat()[0];
  const event = mailEvent(type, address, data.bounce?.type);
  if (tags["guest"] !== undefined && event?.kind === "suppressed") await noteStop(ports, "email", event.address, true);
  // Letters of other kinds are none of ours.
  if (person === undefined || event === undefined) return;
  await tell(ports, person, tags["send"] ?? "", event);
}

function mailEvent(type: string, address: string | undefined, bounce: string | undefined): ProviderEvent | undefined {
  if (type === "email.delivered") return { kind: "delivered" };
  if (type === "email.complained" && address !== undefined) return { kind: "suppressed", reason: "complaint", address };
  if (type !== "email.bounced" || address === undefined) return undefined;
  // A full mailbox is no reason to give an address up.
  return bounce?.toLowerCase() === "transient" ? { kind: "failed", reason: "bounce" } : { kind: "suppressed", reason: "bounce", address };
}

/**
 * Hears what the SMS service tells: what became of a message, or what somebody has answered. Believed by its signature over `url` and fields
 * alone. Problems `not_found` without an account, `invalid_signature`.
 */
export async function hearSms(
  ports: NotificationPorts,
  url: string,
  fields: Readonly<Record<string, string>>,
  signature: string | undefined,
): Promise<void> {
  const { sms } = ports.credentials;
  if (sms === undefined) throw problem("not_found");
  if (!(await verifySmsCall(sms.token, url, fields, signature))) throw problem("invalid_signature");
  const status = fields["MessageStatus"];
  if (status !== undefined && fields["Body"] === undefined) return await hearStatus(ports, url, status, fields);
  const word = (fields["OptOutType"] ?? fields["Body"] ?? "").trim().toLowerCase();
  const number = fields["From"] ?? "";
  const isStop = STOP_WORDS.has(word);
  if (number === "" || (!isStop && !START_WORDS.has(word))) return;
  // Whoever is not here may have been invited.
  await noteStop(ports, "sms", number, isStop);
  const people = await Promise.all(
    REGIONS.map(async (region) => {
      const { records, keys } = ports.stores(region);
      return await peopleOfPhone(records, keys, number);
    }),
  );
  for (const text of people.flat()) {
    const person = parseId("person", text);
    if (person !== undefined) await ports.vault(person).hearOfNumber(number, isStop ? "stop" : "start");
  }
}

async function hearStatus(ports: NotificationPorts, url: string, status: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const query = new URL(url).searchParams;
  const person = parseId("person", query.get("person") ?? "");
  if (person === undefined) return;
  const to = fields["To"] ?? "";
  const event: ProviderEvent | undefined =
    status === "delivered"
      ? { kind: "delivered" }
      : status === "failed" || status === "undelivered"
        ? fields["ErrorCode"] === "21610" && to !== ""
          ? { kind: "suppressed", reason: "stop", address: to }
          : { kind: "failed", reason: /^\d{1,6}$/.test(fields["ErrorCode"] ?? "") ? `error_${fields["ErrorCode"]}` : status }
        : undefined;
  if (event !== undefined) await tell(ports, person, query.get("send") ?? "", event);
}

async function tell(ports: NotificationPorts, person: PersonId, send: string, event: ProviderEvent): Promise<void> {
  const id = parseId("notificationSend", send);
  if (id === undefined || regionOf(id) !== regionOf(person)) return;
  await ports.vault(person).hearOfSend(id, event);
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
