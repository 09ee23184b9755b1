import { DAY_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { languageOf } from "../../shared/http/texts";
import { problem } from "../../shared/problem";
import { addressPlace, inBackground, newChallenge, readAddress, readChallenge, takeChallenge } from "../credentials";
import { letter } from "../mail";
import { endOthers, LIVE_SESSION, requireSession, sessionGuard, tellEnded } from "../sessions";
import { findClaim, moveClaim } from "./directory";
import { directoryHashes, regionalHashes } from "./email";
import { mayWriteTo } from "./limits";
import { hasAccount } from "./register-person";
import type { AccountPorts } from "./ports";

const CHANGE_MS = DAY_MS;

/**
 * Begins to change the person's address: writes a token to the new one. An address that belongs to somebody else gets a letter that
 * says so, and the caller learns nothing of it. Giving the present address proves its mailbox.
 */
export async function requestEmailChange(ports: AccountPorts, actor: PersonActor, email: string): Promise<void> {
  const { person } = actor;
  const region = regionOf(person);
  const { records } = ports.stores(region);
  const [guard, rows] = await records.batch<{ locale: string }>([
    sessionGuard(records, actor, ports.now()),
    records.prepare("select locale from people where id = ?").bind(person),
  ]);
  requireSession(guard);
  const locale = rows?.results[0]?.locale ?? "en";
  inBackground(ports, "email_change", async () => {
    if (!(await mayWriteTo(ports, region, email, "change"))) return;
    const claim = await findClaim(ports.directory.records, await directoryHashes(ports.directory.keys, email));
    if (claim !== undefined && claim.person !== person && (await hasAccount(ports, claim))) {
      await ports.mailer.send({ region, to: email, ...letter("already_registered", locale) });
      return;
    }
    const content = await ports.vault(person).seal({ table: "challenges", column: "content", row: person }, email);
    const { token, statement } = await newChallenge(ports, { kind: "eml", region, person, content, lifeMs: CHANGE_MS });
    await statement.run();
    await ports.mailer.send({ region, to: email, ...letter("confirm_address", locale, token) });
  });
}

/**
 * Changes the address with the token of a letter, in the directory and in the region, ends all other sessions and tells the old address. Every step may be
 * repeated, and the token is taken last, so that a call that was cut off is completed by the next.
 *
 * Problems: `gone` for a token that is not (any more) one of this person; `email_taken` where somebody else was faster.
 */
export async function confirmEmailChange(ports: AccountPorts, actor: PersonActor, token: string): Promise<void> {
  const { person } = actor;
  const region = regionOf(person);
  const { records, keys } = ports.stores(region);
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  const found = await readChallenge(ports, "eml", token);
  if (found === undefined || found.person !== person) throw problem("gone", "The code is not valid any more.");
  const vault = ports.vault(person);
  const email = await vault.unseal({ table: "challenges", column: "content", row: person }, found.content);
  const before = await readAddress(ports, person);

  const now = ports.now();
  const hashes = await directoryHashes(ports.directory.keys, email);
  const claim = await findClaim(ports.directory.records, hashes);
  const abandoned = claim !== undefined && claim.person !== person && !(await hasAccount(ports, claim)) ? claim : undefined;
  if (!(await moveClaim(ports.directory.records, hashes, { person, now, abandoned }))) throw problem("email_taken");
  const [current] = await regionalHashes(keys, email);
  const [changed] = await records.batch([
    records
      .prepare(
        `update credentials set email_hash = ?4, key_version = ?5, sealed_email = ?6, email_verified_at = ?3 where person_id = ?2 and ${LIVE_SESSION}`,
      )
      .bind(actor.session, person, now, current.hash, current.version, await vault.seal(addressPlace(person), email)),
    endOthers(records, actor, now, "email_changed"),
  ]);
  if (changed?.meta.changes !== 1) throw problem("session_ended");
  await tellEnded(ports, person);
  await takeChallenge(ports, "eml", token);
  if (before !== undefined && before.email !== email) {
    inBackground(ports, "address_changed", async () => {
      await ports.mailer.send({ region, to: before.email, ...letter("address_changed", languageOf(before.locale)) });
    });
  }
}
