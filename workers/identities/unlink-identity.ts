import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { hasOtherWayIn, lastWayIn, notifyOwner } from "../credentials";
import { endOthers, LIVE_SESSION, requireSession, sessionGuard, tellEnded } from "../sessions";
import { knownProvider } from "./begin-flow";
import { dropIdentityClaims } from "./directory";
import type { IdentityPorts } from "./ports";

/**
 * Unlinks a provider and ends all other sessions. The region's row goes first: from then on the directory leads nowhere, whatever happens to
 * its own. Problems: `not_found` where none is linked; `conflict` where it is the last way to sign in.
 */
export async function unlinkIdentity(ports: IdentityPorts, actor: PersonActor, name: string): Promise<void> {
  const { person } = actor;
  const { records } = ports.stores(regionOf(person));
  const now = ports.now();
  const provider = knownProvider(name);
  const [guard, rows] = await records.batch<{ id: string; other: number }>([
    sessionGuard(records, actor, now),
    records
      .prepare(
        `select id, ${hasOtherWayIn("identity", "?1", "mine.id")} as other from identities as mine where person_id = ?1 and provider = ?2`,
      )
      .bind(person, provider),
  ]);
  requireSession(guard);
  const row = rows?.results[0];
  if (row === undefined) throw notFound("linked account of this provider");
  if (row.other !== 1) throw lastWayIn();
  const [living, removed] = await records.batch([
    sessionGuard(records, actor, now),
    records
      .prepare(`delete from identities where id = ?4 and person_id = ?2 and ${LIVE_SESSION} and ${hasOtherWayIn("identity", "?2", "?4")}`)
      .bind(actor.session, person, now, row.id),
    endOthers(records, actor, now, "factor_changed"),
  ]);
  requireSession(living);
  if (removed?.meta.changes === 1) notifyOwner(ports, person, "factor_removed");
  await dropIdentityClaims(ports.directory.records, person, provider, now);
  await tellEnded(ports, person);
  if (removed?.meta.changes !== 1) throw lastWayIn();
}
