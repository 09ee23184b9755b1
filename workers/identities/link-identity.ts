import type { PersonActor } from "../../shared/context";
import { identityText, regionalHashesOf, subjectPlace } from "../../shared/crypto/identity-hashes";
import { newId, type PersonId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { notifyOwner } from "../credentials";
import { endOthers, LIVE_SESSION, requireSession, sessionGuard, tellEnded } from "../sessions";
import type { Handoff } from "./flows";
import { labelPlace } from "./labels";
import type { IdentityPorts } from "./ports";
import { proveIdentity } from "./prove-identity";
import type { ProviderId } from "./providers";
import { claimFor } from "./register-with-provider";
import type { IdentityView } from "./schemas";

/**
 * Links an account at a provider to the person's own and ends all other sessions. Only the session that began, which had a fresh proof
 * then, gets through, with the verifier it kept; addresses play no part. First the directory is claimed, then the region decides, so
 * that an identity never opens two accounts.
 *
 * Problems: `gone`, `invalid_credentials`, `vendor_failed`; `conflict` where the identity belongs to somebody else, or the person has one of
 * this provider.
 */
export async function linkIdentity(ports: IdentityPorts, actor: PersonActor, handoff: Handoff): Promise<IdentityView> {
  const { person } = actor;
  const region = regionOf(person);
  const { records, keys } = ports.stores(region);
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  const proven = await proveIdentity(ports, "link", handoff, actor);
  const { provider, email } = proven;
  if (await hasOne(records, person, provider)) throw linkedAlready();
  await claimFor(ports, { person, provider, identity: proven });

  const now = ports.now();
  const [hash] = await regionalHashesOf(keys, proven);
  const id = newId("identity", region, now, ports.random);
  const vault = ports.vault(person);
  const subject = await vault.seal(subjectPlace(id), identityText(proven));
  const label = email === undefined ? null : await vault.seal(labelPlace(id), email);
  const [guard, linked] = await records.batch([
    sessionGuard(records, actor, now),
    records
      .prepare(
        `insert into identities (id, person_id, provider, identity_hash, key_version, sealed_label, sealed_subject, created_at)
         select ?4, ?2, ?5, ?6, ?7, ?8, ?9, ?3 where ${LIVE_SESSION} on conflict do nothing`,
      )
      .bind(actor.session, person, now, id, provider, hash.hash, hash.version, label, subject),
    endOthers(records, actor, now, "factor_changed"),
  ]);
  requireSession(guard);
  if (linked?.meta.changes !== 1) throw linkedAlready();
  notifyOwner(ports, person, "factor_added");
  await tellEnded(ports, person);
  return { provider, label: email ?? null, linkedAt: new Date(now).toISOString(), lastUsedAt: null };
}

async function hasOne(records: D1Database, person: PersonId, provider: ProviderId): Promise<boolean> {
  return (await records.prepare("select 1 from identities where person_id = ? and provider = ?").bind(person, provider).first()) !== null;
}

function linkedAlready() {
  return problem("conflict", "An account of this provider is linked already.");
}
