import * as z from "zod";
import { MINUTE_MS } from "../../shared/clock";
import { type EmergencyAccessId, parseId, type PersonId, regionOf } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import { readAddress } from "../credentials";
import { letter } from "../mail";
import type { LetterPorts } from "./ports";

/** A letter whose sending began so long ago without an end is sent again. */
const ABANDONED_MS = 4 * MINUTE_MS;
/** Letters of one region and tick. */
const AT_ONCE = 100;

const claimSchema = z.object({ letter: z.enum(["emergency_opened", "emergency_unjustified"]), person_id: z.string() });

export const DUE_LETTERS =
  "select id from emergency_reviews where letter is not null and letter_begun_at <= ? order by letter_begun_at limit ?";

/**
 * Sends the letter that an access owes to its person, in their language and without health data. One that could not be sent stays owed
 * and is tried again by the clock. Never throws.
 */
export async function sendLetter(ports: LetterPorts, id: EmergencyAccessId): Promise<void> {
  try {
    await trySend(ports, id);
  } catch (error) {
    ports.log({ event: "emergency_letter", outcome: "retry", kind: error instanceof Error ? error.name : typeof error });
  }
}

async function trySend(ports: LetterPorts, id: EmergencyAccessId): Promise<void> {
  const { records } = ports.stores(regionOf(id));
  const now = ports.now();
  const row = await records
    .prepare(
      `update emergency_reviews set letter_begun_at = ?2 where id = ?1 and letter is not null and letter_begun_at <= ?3
       returning letter, person_id`,
    )
    .bind(id, now, now - ABANDONED_MS)
    .first();
  if (row === null) return;
  const { letter: kind, person_id } = claimSchema.parse(row);
  const address = await addressOf(ports, person_id);
  if (address !== undefined) await ports.mailer.send({ region: regionOf(id), to: address.email, ...letter(kind, address.locale) });
  await records.prepare("update emergency_reviews set letter = null where id = ? and letter = ?").bind(id, kind).run();
}

/** Undefined for a person who has no address any more: the notice in their vault is all there is. */
async function addressOf(ports: LetterPorts, personId: string): Promise<{ email: string; locale: string } | undefined> {
  const person: PersonId | undefined = parseId("person", personId);
  return person === undefined ? undefined : await readAddress(ports, person);
}

/** Sends what is owed in all regions; returns how many letters were tried. */
export async function sendDueLetters(ports: LetterPorts): Promise<number> {
  const counts = await Promise.all(REGIONS.map(async (region) => await sendDue(ports, region)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function sendDue(ports: LetterPorts, region: Region): Promise<number> {
  const { results } = await ports
    .stores(region)
    .records.prepare(DUE_LETTERS)
    .bind(ports.now() - ABANDONED_MS, AT_ONCE)
    .all<{ id: string }>();
  const ids = results.map((row) => parseId("emergencyAccess", row.id)).filter((id) => id !== undefined);
  for (const id of ids) await sendLetter(ports, id);
  return ids.length;
}
