import { openCursor, sealCursor } from "../../shared/http/cursor";
import { type PersonId, regionOf } from "../../shared/id";
import type { ConsentPorts } from "./ports";
import { ownersFor, readerOf } from "./records";
import type { SharedView } from "./schemas";
import { termsOf } from "./view";

const SCOPE = "shared-with-me";

/**
 * A page of the people who share with the actor. The pointers name the people; what is shared their vaults say, so that a consent that
 * was revoked or has expired does not show. A page may be short although another follows.
 */
export async function listShared(
  ports: ConsentPorts,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{ items: SharedView[]; next: string | null }> {
  const { keys, recordsOf } = ports;
  const actor = await readerOf(recordsOf, ports.actor, ports.now());
  const after = query.cursor === undefined ? undefined : await openCursor<string>(keys, actor.person, SCOPE, query.cursor);
  const owners = await ownersFor(recordsOf, actor.person, after, query.limit + 1);
  const page = owners.slice(0, query.limit);
  const items = await Promise.all(page.map(async (owner) => await sharedBy({ ...ports, actor }, owner)));
  const last = page.at(-1);
  return {
    items: items.filter((item) => item !== undefined),
    next: owners.length > query.limit && last !== undefined ? await sealCursor(keys, actor.person, SCOPE, last) : null,
  };
}

async function sharedBy({ actor, vaultOf }: ConsentPorts, owner: PersonId): Promise<SharedView | undefined> {
  const shared = await vaultOf(owner).sharedWith(actor);
  if (shared === null) return undefined;
  return {
    person: { id: owner, name: shared.name, region: regionOf(owner) },
    consents: shared.consents.map((consent) => ({ id: consent.id, version: consent.version, ...termsOf(consent) })),
  };
}
