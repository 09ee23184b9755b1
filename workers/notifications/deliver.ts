import type { Parcel } from "../../durable-objects/vault/notifications/outbox";
import { hmacHex } from "../../shared/crypto/hmac";
import { currentKey, type RegionalKeys, versionsOf } from "../../shared/crypto/keys";
import { type PersonId, regionOf } from "../../shared/id";
import { breakerOf } from "../../shared/notifications/breakers";
import { sendMail } from "../../shared/notifications/channels/mail";
import type { Outcome } from "../../shared/notifications/channels/outcome";
import { sendSms } from "../../shared/notifications/channels/sms";
import { frame } from "../../shared/notifications/texts";
import { readAddress } from "../credentials";
import type { NotificationPorts } from "./ports";
import { unsubscribeUrl } from "./unsubscribe";

/** More than three parts of a text message are for a letter. */
const LONGEST_SMS = 460;
/** A number nobody was written to for so long is forgotten here. */
const PHONE_KEPT_MS = 400 * 86_400_000;

/** Sends what a person's vault has for somebody who knows the address: letters, text messages, and what a local run keeps. Idempotent: the vault hands it out once. */
export async function deliverNotification(ports: NotificationPorts, person: PersonId, send: string): Promise<void> {
  const vault = ports.vault(person);
  const address = await readAddress(ports, person);
  const parcel = await vault.takeNotificationSend(send, address?.email);
  if (parcel === undefined) return;
  let outcome: Outcome;
  try {
    outcome = await carry(ports, person, parcel);
  } catch {
    // A service that could not be reached, or a database that was busy.
    outcome = { kind: "retry", reason: "unreachable" };
  }
  await vault.settleNotificationSend(send, outcome, parcel.to);
}

async function carry(ports: NotificationPorts, person: PersonId, parcel: Parcel): Promise<Outcome> {
  if (parcel.channel === "email") return await carryMail(ports, person, parcel);
  if (parcel.channel === "sms") return await carrySms(ports, person, parcel);
  return await keepHere(ports, person, parcel, `${parcel.title}\n${parcel.body}`);
}

/** A letter that can be unsubscribed with one click, without signing in (RFC 8058). */
async function carryMail(
  ports: NotificationPorts,
  person: PersonId,
  { id, to, type, title, body, locale, count }: Parcel,
): Promise<Outcome> {
  const url = await unsubscribeUrl(ports, { person, type });
  const open = frame(count > 1 ? "open" : "openOne", locale);
  const text = `${body}\n\n${open} ${ports.origin}\n\n-- \n${frame("unsubscribe", locale)} ${url}\n`;
  const headers = {
    "List-Unsubscribe": `<${url}>`,
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "Auto-Submitted": "auto-generated",
  };
  const { mail } = ports.credentials;
  return await ports.breakers(regionOf(person)).through(breakerOf("mail"), async () => {
    if (mail === undefined) {
      await ports.mailer.send({ region: regionOf(person), to, subject: title, text, headers });
      return { kind: "sent" };
    }
    const message = { id, from: ports.mailFrom, to, subject: title, text, headers, tags: { person, send: id } };
    return await sendMail(ports.fetch, ports.now, ports.bases, mail, message);
  });
}

async function carrySms(ports: NotificationPorts, person: PersonId, parcel: Parcel): Promise<Outcome> {
  const { id, to, body, locale } = parcel;
  const text = `Meridian: ${body.replaceAll("\n", " ").slice(0, LONGEST_SMS)} ${frame("stop", locale)}`;
  const { sms } = ports.credentials;
  if (sms === undefined) return await keepHere(ports, person, parcel, text);
  await notePhone(ports, person, to);
  const callback = smsCallback(ports.origin, person, id);
  const send = async () => await sendSms(ports.fetch, ports.now, ports.bases, sms, { to, text, callback });
  return await ports.breakers(regionOf(person)).through(breakerOf("sms"), send);
}

/** Where the SMS service tells what became of a message. */
export function smsCallback(origin: string, person: PersonId, send: string): string {
  return `${origin}/v1/notification-events/sms?${new URLSearchParams({ person, send }).toString()}`;
}

/** Sends a code to a number that is to be proven. */
export async function sendCode(ports: NotificationPorts, person: PersonId, number: string, code: string, locale: string): Promise<Outcome> {
  const text = frame("code", locale, { code });
  const { sms } = ports.credentials;
  if (sms === undefined) return await keepHere(ports, person, { to: number, title: "SMS" }, text);
  const send = async () => await sendSms(ports.fetch, ports.now, ports.bases, sms, { to: number, text });
  return await ports.breakers(regionOf(person)).through(breakerOf("sms"), send);
}

async function keepHere(
  { outbox }: NotificationPorts,
  person: PersonId,
  { to, title }: Pick<Parcel, "to" | "title">,
  text: string,
): Promise<Outcome> {
  if (outbox === undefined) return { kind: "failed", reason: "no_provider" };
  await outbox.send({ region: regionOf(person), to, subject: title, text });
  return { kind: "sent" };
}

/** Notes whose a number is, so that a STOP from it is heard. */
export async function notePhone(ports: NotificationPorts, person: PersonId, number: string): Promise<void> {
  const { records, keys } = ports.stores(regionOf(person));
  await records
    .prepare(
      "insert into notification_phones (person_id, phone_hash, noted_at) select id, ?2, ?3 from people where id = ?1 on conflict do update set noted_at = excluded.noted_at",
    )
    .bind(person, await phoneHash(currentKey(keys.index).key, number), ports.now())
    .run();
}

/** Those of a region whose number it is. */
export async function peopleOfPhone(records: D1Database, keys: RegionalKeys, number: string): Promise<string[]> {
  const hashes = await Promise.all(versionsOf(keys.index).map(async ({ key }) => await phoneHash(key, number)));
  const { results } = await records.prepare(PEOPLE_OF_PHONE).bind(JSON.stringify(hashes)).all<{ person_id: string }>();
  return results.map(({ person_id }) => person_id);
}

export const PEOPLE_OF_PHONE = "select distinct person_id from notification_phones where phone_hash in (select value from json_each(?))";

async function phoneHash(key: string, number: string): Promise<string> {
  return await hmacHex(key, "phone", number);
}

/** Forgets numbers that were written to long ago; returns how many. `now` is epoch milliseconds. */
export async function cleanPhones(records: D1Database, now: number): Promise<number> {
  const { meta } = await records
    .prepare("delete from notification_phones where noted_at < ?")
    .bind(now - PHONE_KEPT_MS)
    .run();
  return meta.changes;
}
