import * as z from "zod";
import { DAY_MS, MINUTE_MS } from "../../shared/clock";
import { closeBox, openBox } from "../../shared/crypto/box";
import { hmacHex } from "../../shared/crypto/hmac";
import { currentKey, keyOf, type RegionalKeys, versionsOf } from "../../shared/crypto/keys";
import { type InvitationId, type PersonId, regionOf } from "../../shared/id";
import { breakerOf } from "../../shared/notifications/breakers";
import { sendMail } from "../../shared/notifications/channels/mail";
import type { Outcome } from "../../shared/notifications/channels/outcome";
import { sendSms } from "../../shared/notifications/channels/sms";
import { waitAfter } from "../../shared/notifications/retries";
import { frame } from "../../shared/notifications/texts";
import { problem } from "../../shared/problem";
import { REGIONS, type Region } from "../../shared/region";
import type { NotificationPorts } from "./ports";
import { stopUrl } from "./unsubscribe";

/** An invitation to somebody who may not be here. */
export interface GuestMessage {
  readonly id: InvitationId;
  /** Who invites: it leaves from their region. */
  readonly person: PersonId;
  readonly channel: "email" | "sms";
  readonly to: string;
  /** Of letters alone. */
  readonly subject: string;
  readonly text: string;
  readonly locale: string;
}

const PURPOSE = "guest-message";
/** What is not out by then is not sent any more. */
const WORTH_MS = DAY_MS;
const LEASE_MS = 5 * MINUTE_MS;
/** Somebody's text messages of a day, which cost money. */
const MOST_TEXTS_A_DAY = 10;
/** What one address gets within a month, from whomever. */
const MOST_TO_ONE = 3;
const MONTH_MS = 30 * DAY_MS;
const AT_ONCE = 200;
const ABREAST = 6;
/** A STOP holds for so long; those who carry text messages keep it themselves. */
const STOPPED_MS = 3 * 365 * DAY_MS;

/** Why a message is not sent that could have been. */
const DROPPED: ReadonlySet<string> = new Set(["stop", "enough", "expired"]);

const contentSchema = z.object({ to: z.string(), subject: z.string(), text: z.string(), locale: z.string() });
interface Row {
  id: InvitationId;
  person_id: PersonId;
  channel: "email" | "sms";
  recipient_hash: string;
  sealed: string | null;
  attempts: number;
  created_at: number;
}

export const DUE_GUESTS = "select id from guest_messages where state in ('waiting', 'sending') and due_at <= ?1 order by due_at limit ?2";
const TEXTS_OF_PERSON = "select count(*) from guest_messages where person_id = ?2 and created_at > ?8 and channel = 'sms'";
const OF_RECIPIENT = "select count(*) from guest_messages where recipient_hash in (select value from json_each(?9)) and created_at > ?10";
const IS_STOPPED = "select 1 from contact_stops where contact_hash in (select value from json_each(?9))";
/** Writes a message down; nothing where the person has had enough for a day. What its address does not want, or has too much of, ends at once. */
export const KEEP_GUEST = `insert into guest_messages (id, person_id, channel, recipient_hash, sealed, state, reason, due_at, created_at)
  select ?1, people.id, ?3, ?4, case when said.reason is null then ?5 end, case when said.reason is null then 'waiting' else 'dropped' end, said.reason, ?6, ?6
  from people, (select case when exists (${IS_STOPPED}) then 'stop' when (${OF_RECIPIENT}) >= ${MOST_TO_ONE} then 'enough' end as reason) as said
  where people.id = ?2 and (?3 <> 'sms' or (${TEXTS_OF_PERSON}) < ?7)`;

/** What an address was sent, or is to be, before a message of its region or another. */
export const EARLIER_GUESTS = `select count(*) as n from guest_messages where recipient_hash in (select value from json_each(?1))
  and created_at > ?2 and created_at <= ?3 and (created_at < ?3 or id < ?4) and state <> 'dropped'`;

/** Whether text messages leave from here; a local run keeps them in its outbox. */
export function canText({ credentials, outbox }: NotificationPorts): boolean {
  return credentials.sms !== undefined || outbox !== undefined;
}

/**
 * Writes down an invitation that is to go out; `sendGuestMessage` sends it, and the clock what is left. Answers the same whatever becomes of it, so that
 * nobody finds out who wants none. Problems `unavailable` where text messages are not offered, `rate_limited` past ten text messages a day.
 */
export async function keepGuestMessage(ports: NotificationPorts, message: GuestMessage): Promise<void> {
  const { id, person, channel, to, subject, text, locale } = message;
  if (channel === "sms" && !canText(ports)) throw problem("unavailable", "Text messages are not offered here.");
  const { records, keys } = ports.stores(regionOf(person));
  const { version, key } = currentKey(keys.wrapping);
  const sealed = `${version}.${await closeBox(key, PURPOSE, id, JSON.stringify({ to, subject, text, locale }), ports.random)}`;
  const now = ports.now();
  const hashes = await contactHashes(keys, channel, to);
  const { meta } = await records
    .prepare(KEEP_GUEST)
    .bind(id, person, channel, hashes[0], sealed, now, MOST_TEXTS_A_DAY, now - DAY_MS, JSON.stringify(hashes), now - MONTH_MS)
    .run();
  if (meta.changes === 0) throw problem("rate_limited", "That was enough for a day.", { retryAfter: DAY_MS / 1_000 });
}

/** Sends a message that waits, if nobody else does. An attempt is noted before it is made; a mail service knows a repetition by its id. Never throws. */
export async function sendGuestMessage(ports: NotificationPorts, region: Region, id: InvitationId): Promise<void> {
  const { records } = ports.stores(region);
  const now = ports.now();
  const row = await records
    .prepare(
      `update guest_messages set state = 'sending', attempts = attempts + 1, due_at = ?3
       where id = ?1 and state in ('waiting', 'sending') and due_at <= ?2
       returning id, person_id, channel, recipient_hash, sealed, attempts, created_at`,
    )
    .bind(id, now, now + LEASE_MS)
    .first<Row>();
  if (row === null) return;
  let outcome: Outcome;
  try {
    outcome = await carry(ports, region, row);
  } catch {
    outcome = { kind: "retry", reason: "unreachable" };
  }
  await settle(ports, records, row, outcome);
}

async function carry(ports: NotificationPorts, region: Region, row: Row): Promise<Outcome> {
  const { records, keys } = ports.stores(region);
  if (row.created_at + WORTH_MS <= ports.now()) return { kind: "failed", reason: "expired" };
  const dot = row.sealed?.indexOf(".") ?? -1;
  const key = keyOf(keys.wrapping, row.sealed?.slice(0, dot) ?? "");
  const opened = key === undefined ? undefined : await openBox(key, PURPOSE, row.id, row.sealed?.slice(dot + 1) ?? "");
  if (opened === undefined) return { kind: "failed", reason: "unreadable" };
  const { to, subject, text, locale } = contentSchema.parse(JSON.parse(opened));
  const isStopped = await records
    .prepare("select 1 from contact_stops where contact_hash in (select value from json_each(?))")
    .bind(JSON.stringify(await contactHashes(keys, row.channel, to)))
    .first();
  if (isStopped !== null) return { kind: "failed", reason: "stop" };
  if (await hadEnough(ports, row, to)) return { kind: "failed", reason: "enough" };
  const outcome = await hand(ports, region, row, { to, subject, text, locale });
  // Whoever carries it knows that they want none: nobody anywhere sends them more.
  if (outcome.kind === "suppressed") await noteStop(ports, row.channel, to, true);
  return outcome;
}

/** Hands a message to whoever carries it. */
async function hand(
  ports: NotificationPorts,
  region: Region,
  row: Row,
  { to, subject, text, locale }: z.output<typeof contentSchema>,
): Promise<Outcome> {
  const { sms, mail } = ports.credentials;
  const breakers = ports.breakers(region);
  if (row.channel === "sms") {
    const words = `${text} ${frame("stop", locale)}`;
    if (sms !== undefined)
      return await breakers.through(
        breakerOf("sms"),
        async () => await sendSms(ports.fetch, ports.now, ports.bases, sms, { to, text: words }),
      );
    if (ports.outbox === undefined) return { kind: "failed", reason: "no_provider" };
    await ports.outbox.send({ region, to, subject: "SMS", text: words });
    return { kind: "sent" };
  }
  const url = await stopUrl(ports, region, to);
  const body = `${text}\n-- \n${frame("unsubscribe", locale)} ${url}\n`;
  const headers = {
    "List-Unsubscribe": `<${url}>`,
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "Auto-Submitted": "auto-generated",
  };
  return await breakers.through(breakerOf("mail"), async () => {
    if (mail !== undefined)
      return await sendMail(ports.fetch, ports.now, ports.bases, mail, {
        id: row.id,
        from: ports.mailFrom,
        to,
        subject,
        text: body,
        headers,
        tags: { guest: row.id },
      });
    await ports.mailer.send({ region, to, subject, text: body, headers });
    return { kind: "sent" };
  });
}

/** Whether an address was sent what it may be, whichever regions it was invited from. */
async function hadEnough(ports: NotificationPorts, { id, channel, created_at: createdAt }: Row, to: string): Promise<boolean> {
  const counts = await Promise.all(
    REGIONS.map(async (region) => {
      const { records, keys } = ports.stores(region);
      const hashes = JSON.stringify(await contactHashes(keys, channel, to));
      return await records
        .prepare(EARLIER_GUESTS)
        .bind(hashes, createdAt - MONTH_MS, createdAt, id)
        .first<number>("n");
    }),
  );
  return counts.reduce<number>((sum, n) => sum + (n ?? 0), 0) >= MOST_TO_ONE;
}

async function settle(ports: NotificationPorts, records: D1Database, { id, attempts }: Row, outcome: Outcome): Promise<void> {
  const wait =
    outcome.kind === "deferred" ? outcome.afterMs : outcome.kind === "retry" ? waitAfter(attempts, outcome, ports.random) : undefined;
  if (wait === undefined) {
    const reason = outcome.kind === "sent" || outcome.kind === "deferred" ? null : outcome.reason;
    await records
      .prepare("update guest_messages set state = ?2, reason = ?3, sealed = null where id = ?1 and state = 'sending'")
      .bind(id, outcome.kind === "sent" ? "sent" : reason !== null && DROPPED.has(reason) ? "dropped" : "failed", reason)
      .run();
    return;
  }
  await records
    .prepare("update guest_messages set state = 'waiting', due_at = ?2, attempts = ?3 where id = ?1 and state = 'sending'")
    .bind(id, Math.ceil(ports.now() + wait), outcome.kind === "deferred" ? attempts - 1 : attempts)
    .run();
}

/** What was not sent yet of an invitation that was taken back is not sent any more; an attempt that is under way is the last. */
export async function dropGuestMessage(records: D1Database, id: InvitationId): Promise<void> {
  await records
    .prepare(
      "update guest_messages set state = 'dropped', reason = 'revoked', sealed = null where id = ? and state in ('waiting', 'sending')",
    )
    .bind(id)
    .run();
}

/** Sends what waits in all regions, and forgets what is a month old. Returns how many were due. For the clock. */
export async function sweepGuestMessages(ports: NotificationPorts): Promise<number> {
  const counts = await Promise.all(
    REGIONS.map(async (region) => {
      const { records } = ports.stores(region);
      const now = ports.now();
      const [due] = await records.batch<{ id: InvitationId }>([
        records.prepare(DUE_GUESTS).bind(now, AT_ONCE),
        records.prepare("delete from guest_messages where created_at < ?").bind(now - MONTH_MS - DAY_MS),
        records.prepare("delete from contact_stops where stopped_at < ?").bind(now - STOPPED_MS),
      ]);
      const ids = (due?.results ?? []).map(({ id }) => id);
      for (let i = 0; i < ids.length; i += ABREAST)
        await Promise.all(ids.slice(i, i + ABREAST).map(async (id) => await sendGuestMessage(ports, region, id)));
      return ids.length;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Whoever has an address or number wants no invitations, or wants them again. In all regions: whoever invites may be anywhere. */
export async function noteStop(ports: NotificationPorts, channel: "email" | "sms", contact: string, isStopped: boolean): Promise<void> {
  await Promise.all(
    REGIONS.map(async (region) => {
      const { records, keys } = ports.stores(region);
      const hashes = await contactHashes(keys, channel, contact);
      if (isStopped) return await stopHash(records, hashes[0] ?? "", ports.now());
      await records
        .prepare("delete from contact_stops where contact_hash in (select value from json_each(?))")
        .bind(JSON.stringify(hashes))
        .run();
    }),
  );
}

async function stopHash(records: D1Database, hash: string, now: number): Promise<void> {
  await records
    .prepare(
      "insert into contact_stops (contact_hash, stopped_at) values (?, ?) on conflict do update set stopped_at = excluded.stopped_at",
    )
    .bind(hash, now)
    .run();
}

/** Keyed hashes of an address, the current key's first. */
async function contactHashes(keys: RegionalKeys, channel: "email" | "sms", contact: string): Promise<string[]> {
  const text = channel === "email" ? contact.toLowerCase() : contact;
  const current = currentKey(keys.index).key;
  const others = versionsOf(keys.index).filter(({ key }) => key !== current);
  return await Promise.all([current, ...others.map(({ key }) => key)].map(async (key) => await hmacHex(key, `guest-${channel}`, text)));
}
