import type { ConsentChange } from "../../durable-objects/vault/consents/consents";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { type ConsentId, parseId } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { dropGrantee, noteGranteeEnd } from "./grantees";
import type { ConsentPorts } from "./ports";
import type { ConsentView } from "./schemas";
import { viewOf } from "./view";

const SCOPE = "consents";

/** A page of the person's consents in their newest versions, latest first; revoked and expired ones included. */
export async function listConsents(
  { actor, vault, keys, now }: ConsentPorts,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{ items: ConsentView[]; next: string | null }> {
  const before = query.cursor === undefined ? undefined : await openCursor<string>(keys, actor.person, SCOPE, query.cursor);
  const found = await vault.consents(actor, before, query.limit + 1);
  const items = found.slice(0, query.limit).map((consent) => viewOf(consent, now()));
  const last = items.at(-1);
  return { items, next: found.length > query.limit && last !== undefined ? await sealCursor(keys, actor.person, SCOPE, last.id) : null };
}

/** Every version, newest first; problem `not_found`. */
export async function readHistory({ actor, vault, now }: ConsentPorts, id: string): Promise<[ConsentView, ...ConsentView[]]> {
  const [newest, ...older] = await vault.consentHistory(actor, consentId(id));
  if (newest === undefined) throw notFound("consent");
  return [viewOf(newest, now()), ...older.map((version) => viewOf(version, now()))];
}

/** Which version a receipt proves; null where it proves none. Problem `not_found`. */
export async function proveConsent({ actor, vault, now }: ConsentPorts, id: string, receipt: string): Promise<ConsentView | null> {
  const proven = await vault.proveConsent(actor, consentId(id), receipt);
  return proven === null ? null : viewOf(proven, now());
}

/** Makes a new version; problems `not_found`, `precondition_failed`, `conflict`, `invalid`. */
export async function changeConsent(
  ports: ConsentPorts,
  id: string,
  change: ConsentChange,
  ifVersion: number | undefined,
): Promise<ConsentView> {
  const { actor, vault, now } = ports;
  const consent = consentId(id);
  const changed = await vault.changeConsent(actor, consent, change, ifVersion);
  if (change.until !== undefined) await noteGranteeEnd(ports, changed.grantee, { owner: actor.person, consent, endsAt: changed.until });
  return viewOf(changed, now());
}

/** Takes a consent back. The vault refuses from that moment; the pointer is only what the grantee finds it by. */
export async function revokeConsent(ports: ConsentPorts, id: string, ifVersion: number | undefined): Promise<void> {
  const consent = consentId(id);
  const { actor, vault } = ports;
  const { grantee } = await vault.revokeConsent(actor, consent, ifVersion);
  await dropGrantee(ports, grantee, actor.person, consent);
}

function consentId(text: string): ConsentId {
  const id = parseId("consent", text);
  if (id === undefined) throw notFound("consent");
  return id;
}
