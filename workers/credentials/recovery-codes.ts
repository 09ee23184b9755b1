import type { PersonActor } from "../../shared/context";
import { sha256Hex } from "../../shared/crypto/sha256";
import { type PersonId, type RandomBytes, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";
import { problem } from "../../shared/problem";
import { endOthers, requireSession, sessionGuard, tellEnded } from "../sessions";
import { notifyOwner } from "./notify";
import type { CredentialPorts } from "./ports";

const COUNT = 10;
/** 24 letters of five bits: 120 random bits, where 112 allow a plain hash (ASVS 6.5.2). */
const LETTERS = 24;
const GROUP = 6;
/** Crockford's base 32 leaves out letters that are taken for others. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Ten fresh codes in place of those the person had. Shown once: only their hashes are kept. */
export async function replaceRecoveryCodes(ports: CredentialPorts, person: PersonId): Promise<string[]> {
  const { records } = ports.stores(regionOf(person));
  const codes = Array.from({ length: COUNT }, () => newCode(ports.random));
  const hashes = await Promise.all(codes.map(hashOf));
  await records.batch([
    records.prepare("delete from recovery_codes where person_id = ?").bind(person),
    records
      .prepare("insert into recovery_codes (person_id, code_hash) select ?, value from json_each(?)")
      .bind(person, JSON.stringify(hashes)),
  ]);
  return codes;
}

/** Fresh codes at the person's wish; all other sessions end. Problem `conflict` where there is no second factor that they could stand in for. */
export async function renewRecoveryCodes(ports: CredentialPorts, actor: PersonActor): Promise<string[]> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, factor] = await records.batch([
    sessionGuard(records, actor, now),
    records.prepare("select 1 from totp where person_id = ? and confirmed_at is not null").bind(actor.person),
  ]);
  requireSession(guard);
  if (factor === undefined || factor.results.length === 0) throw problem("conflict", "There is no second factor to recover from.");
  const codes = await replaceRecoveryCodes(ports, actor.person);
  await endOthers(records, actor, now, "factor_changed").run();
  notifyOwner(ports, actor.person, "factor_changed");
  await tellEnded(ports, actor.person);
  return codes;
}

/** Uses a code, however it was typed; of parallel uses one succeeds. */
export async function spendRecoveryCode(
  ports: Pick<CredentialPorts, "now"> & { stores(region: Region): { readonly records: D1Database } },
  person: PersonId,
  code: string,
): Promise<boolean> {
  const { meta } = await ports
    .stores(regionOf(person))
    .records.prepare("update recovery_codes set used_at = ? where person_id = ? and code_hash = ? and used_at is null")
    .bind(ports.now(), person, await hashOf(code))
    .run();
  return meta.changes === 1;
}

function newCode(random: RandomBytes): string {
  const letters = Array.from(random(new Uint8Array(LETTERS)), (byte) => ALPHABET[byte & 31] ?? "");
  return Array.from({ length: LETTERS / GROUP }, (_, i) => letters.slice(i * GROUP, (i + 1) * GROUP).join("")).join("-");
}

async function hashOf(code: string): Promise<string> {
  return await sha256Hex(code.toLowerCase().replaceAll(/[^0-9a-z]/g, ""));
}
