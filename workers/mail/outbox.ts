import * as z from "zod";
import { DAY_MS } from "../../shared/clock";
import { closeBox, openBox } from "../../shared/crypto/box";
import { hmacHex } from "../../shared/crypto/hmac";
import { currentKey, keyOf, type RegionalKeys } from "../../shared/crypto/keys";
import { ulid } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import type { Mail, OutboxPorts } from "./mailer";

const KEPT_MS = DAY_MS;
const SHOWN = 50;
const PURPOSE = "outbox";

const mailSchema = z.object({
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  headers: z.record(z.string(), z.string()).optional(),
});

/** One mail of the outbox. */
export interface KeptMail extends z.infer<typeof mailSchema> {
  readonly region: Region;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Puts a mail into the outbox of its region, sealed. */
export async function keepMail(ports: OutboxPorts, { region, to, subject, text, headers }: Mail): Promise<void> {
  const { records, keys } = ports.stores(region);
  const { version, key } = currentKey(keys.wrapping);
  const id = ulid(ports.now(), ports.random);
  const sealed = `${version}.${await closeBox(key, PURPOSE, id, JSON.stringify({ to, subject, text, headers }), ports.random)}`;
  await records
    .prepare("insert into outbox (id, sealed, created_at, recipient_hash) values (?, ?, ?, ?)")
    .bind(id, sealed, ports.now(), await recipientHash(keys, to))
    .run();
}

/** Keyed hash under which the letters to an address are found; those of an older key lapse within a day. */
export async function recipientHash(keys: RegionalKeys, to: string): Promise<string> {
  return await hmacHex(currentKey(keys.index).key, "outbox-recipient", to.toLowerCase());
}

/** The newest mails of all regions, newest first; of one recipient where `to` is given. */
export async function readOutbox(ports: OutboxPorts, to: string | undefined): Promise<KeptMail[]> {
  const mails = await Promise.all(REGIONS.map((region) => readRegion(ports, region)));
  return mails
    .flat()
    .filter((mail) => to === undefined || mail.to === to)
    .toSorted((a, b) => b.at - a.at)
    .slice(0, SHOWN);
}

/** Deletes mail that is older than a day; returns how many. `now` is epoch milliseconds. */
export async function cleanOutbox(records: (region: Region) => D1Database, now: number): Promise<number> {
  const counts = await Promise.all(
    REGIONS.map(async (region) => {
      const { meta } = await records(region)
        .prepare("delete from outbox where created_at <= ?")
        .bind(now - KEPT_MS)
        .run();
      return meta.changes;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function readRegion(ports: OutboxPorts, region: Region): Promise<KeptMail[]> {
  const { records, keys } = ports.stores(region);
  const { results } = await records
    .prepare("select id, sealed, created_at from outbox order by id desc limit 500")
    .all<{ id: string; sealed: string; created_at: number }>();
  const opened = await Promise.all(
    results.map(async ({ id, sealed, created_at }) => {
      const dot = sealed.indexOf(".");
      const version = sealed.slice(0, dot);
      const key = keyOf(keys.wrapping, version);
      const text = key === undefined ? undefined : await openBox(key, PURPOSE, id, sealed.slice(dot + 1));
      return text === undefined ? [] : [{ ...mailSchema.parse(JSON.parse(text)), region, at: created_at }];
    }),
  );
  return opened.flat();
}
