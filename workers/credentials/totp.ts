import type { PersonActor } from "../../shared/context";
import type { SealedPlace } from "../../shared/crypto/sealing";
import { fromBase32, matchingStep, SECRET_BYTES, toBase32, totpUri } from "../../shared/crypto/totp";
import { type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { endOthers, LIVE_SESSION, requireSession, sessionGuard, tellEnded } from "../sessions";
import { lowerAssurance } from "./lower-assurance";
import { notifyOwner } from "./notify";
import type { CredentialPorts } from "./ports";
import { replaceRecoveryCodes } from "./recovery-codes";

const ISSUER = "Meridian";

/**
 * Begins to set up an authenticator app: a fresh secret, which counts once a code of it is confirmed. Asking again before that gives
 * another secret. Problem `conflict` where an app is set up already.
 */
export async function enrolTotp(ports: CredentialPorts, actor: PersonActor): Promise<{ secret: string; uri: string }> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(actor.person));
  const secret = toBase32(ports.random(new Uint8Array(SECRET_BYTES)));
  const sealed = await ports.vault(actor.person).seal(totpPlace(actor.person), secret);
  const [guard, named, written] = await records.batch<{ name: string }>([
    sessionGuard(records, actor, now),
    records.prepare("select name from people where id = ?").bind(actor.person),
    records
      .prepare(
        `insert into totp (person_id, sealed_secret, created_at) select ?2, ?4, ?3 where ${LIVE_SESSION}
         on conflict (person_id) do update set sealed_secret = excluded.sealed_secret, created_at = excluded.created_at, last_step = 0
         where confirmed_at is null`,
      )
      .bind(actor.session, actor.person, now, sealed),
  ]);
  requireSession(guard);
  if (written?.meta.changes !== 1) throw problem("conflict", "An authenticator app is set up already.");
  return { secret, uri: totpUri(ISSUER, named?.results[0]?.name ?? "", secret) };
}

/**
 * Confirms the app with one of its codes. From now on a password alone opens no session; all other sessions end, and this one has
 * proven both factors.
 *
 * Problems: `not_found` where no app waits to be confirmed, `invalid` for a wrong code.
 *
 * @returns recovery codes, to be shown once
 */
export async function confirmTotp(ports: CredentialPorts, actor: PersonActor, code: string): Promise<string[]> {
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch<{ sealed_secret: string }>([
    sessionGuard(records, actor, ports.now()),
    records.prepare("select sealed_secret from totp where person_id = ? and confirmed_at is null").bind(actor.person),
  ]);
  requireSession(guard);
  const sealed = rows?.results[0]?.sealed_secret;
  if (sealed === undefined) throw notFound("authenticator app that waits to be confirmed");
  const now = ports.now();
  const step = await stepOf(ports, actor.person, sealed, code);
  if (step === undefined) {
    throw problem("invalid", undefined, { errors: [{ pointer: "/code", code: "wrong_code", message: "This is not the present code." }] });
  }
  const [confirmed] = await records.batch([
    records
      .prepare(
        `update totp set confirmed_at = ?3, last_step = ?4
         where person_id = ?2 and confirmed_at is null and sealed_secret = ?5 and ${LIVE_SESSION}`,
      )
      .bind(actor.session, actor.person, now, step, sealed),
    records
      .prepare(
        `update sessions set acr = 'aal2', amr = 'pwd otp mfa'
         where id = ?1 and exists (select 1 from totp where person_id = ?2 and sealed_secret = ?3 and confirmed_at is not null)`,
      )
      .bind(actor.session, actor.person, sealed),
    endOthers(records, actor, now, "factor_changed"),
  ]);
  if (confirmed?.meta.changes !== 1) throw notFound("authenticator app that waits to be confirmed");
  notifyOwner(ports, actor.person, "factor_added");
  const codes = await replaceRecoveryCodes(ports, actor.person);
  await tellEnded(ports, actor.person);
  return codes;
}

/** Removes the app and the recovery codes, and ends all other sessions. Problem `not_found` where there is none. */
export async function removeTotp(ports: CredentialPorts, actor: PersonActor): Promise<void> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, , , removed] = await records.batch([
    sessionGuard(records, actor, now),
    endOthers(records, actor, now, "factor_changed"),
    records.prepare(`delete from recovery_codes where person_id = ?2 and ${LIVE_SESSION}`).bind(actor.session, actor.person, now),
    records.prepare(`delete from totp where person_id = ?2 and ${LIVE_SESSION}`).bind(actor.session, actor.person, now),
    lowerAssurance(records, actor),
  ]);
  requireSession(guard);
  if (removed?.meta.changes === 1) notifyOwner(ports, actor.person, "factor_removed");
  await tellEnded(ports, actor.person);
  if (removed?.meta.changes !== 1) throw notFound("authenticator app");
}

/** Uses a code of the person's confirmed app. A code counts once: the step it belongs to must be later than the last one used. */
export async function spendTotp(ports: CredentialPorts, person: PersonId, code: string): Promise<boolean> {
  const { records } = ports.stores(regionOf(person));
  const sealed = await records
    .prepare("select sealed_secret from totp where person_id = ? and confirmed_at is not null")
    .bind(person)
    .first<string>("sealed_secret");
  const step = sealed === null ? undefined : await stepOf(ports, person, sealed, code);
  if (step === undefined) return false;
  const { meta } = await records
    .prepare("update totp set last_step = ?2 where person_id = ?1 and last_step < ?2 and confirmed_at is not null and sealed_secret = ?3")
    .bind(person, step, sealed)
    .run();
  return meta.changes === 1;
}

async function stepOf(ports: CredentialPorts, person: PersonId, sealed: string, code: string): Promise<number | undefined> {
  const secret = fromBase32(await ports.vault(person).unseal(totpPlace(person), sealed));
  if (secret === undefined) throw new TypeError("a sealed secret is not in base 32");
  return await matchingStep(secret, code, ports.now());
}

/** Where the secret of a person's app is sealed for. */
export function totpPlace(person: PersonId): SealedPlace {
  return { table: "totp", column: "sealed_secret", row: person };
}
