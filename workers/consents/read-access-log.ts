import type { LoggedEvent } from "../../durable-objects/vault/access/event";
import type { Verification } from "../../durable-objects/vault/access/verify";
import { METRICS } from "../../shared/health/catalogue";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { Category } from "../../shared/policy/vocabulary";
import type { AccessEventView, AccessLogQuery, VerificationView } from "./access-schemas";
import type { ConsentPorts } from "./ports";

/** So many lines are proven in one call: about a second of the vault's time. */
const LINES_A_CALL = 20_000;

/** A page of the person's own access log, newest first. A page may be short although another follows. */
export async function readAccessLog(
  { actor, vault, keys }: ConsentPorts,
  query: AccessLogQuery,
): Promise<{ items: AccessEventView[]; next: string | null }> {
  const { cursor, category, ...filter } = query;
  const { actor: who, action, resource, outcome, from, to } = filter;
  const scope = `access-log ${JSON.stringify([who, action, outcome, from, to, resource, category])}`;
  const before = cursor === undefined ? undefined : await openCursor<number>(keys, actor.person, scope, cursor);
  const page = await vault.accessLog(actor, { ...filter, about: category === undefined ? undefined : aboutCategory(category), before });
  const next = page.next === null ? null : await sealCursor(keys, actor.person, scope, page.next);
  return { items: page.items.map(viewOf), next };
}

/** Proves a part of the person's own access log against itself and against what was recorded outside of the vault. */
export async function verifyAccessLog({ actor, vault }: ConsentPorts, after: number): Promise<VerificationView> {
  const { checkpoint, ...verification } = await vault.verifyAccessLog(actor, after, LINES_A_CALL);
  return { ...verification, checkpoint: checkpoint === null ? null : viewOfCheckpoint(checkpoint) };
}

function viewOfCheckpoint({ seq, at, statement }: NonNullable<Verification["checkpoint"]>): VerificationView["checkpoint"] {
  return { seq, at: new Date(at).toISOString(), ...(statement !== undefined && { statement }) };
}

/** How lines name a category: by its name, or by a metric of it. */
function aboutCategory(category: Category): string[] {
  return [category, ...METRICS.filter(({ sensitivity }) => sensitivity === category).map(({ key }) => key)];
}

function viewOf({ at, actorKind, actor, ...rest }: LoggedEvent): AccessEventView {
  return { ...rest, about: [...rest.about], at: new Date(at).toISOString(), actor: { kind: actorKind, id: actor } };
}
