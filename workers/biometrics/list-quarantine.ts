import type { QuarantineItem, QuarantinePosition } from "../../durable-objects/vault/pages";
import type { PersonActor } from "../../shared/context";
import type { RegionalKeys } from "../../shared/crypto/keys";
import { sourceId } from "../../shared/health/source-id";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { VaultStub } from "./ports";

const SCOPE = "quarantine";

/** One page of readings that were kept apart, newest arrivals first. */
export async function listQuarantine(
  vault: VaultStub,
  keys: RegionalKeys,
  actor: PersonActor,
  input: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const after = input.cursor === undefined ? undefined : await openCursor<QuarantinePosition>(keys, actor.person, SCOPE, input.cursor);
  const found: QuarantineItem[] = await vault.quarantined(actor, input.limit + 1, after);
  const page = found.slice(0, input.limit);
  const last = page.at(-1);
  const more = found.length > input.limit && last !== undefined;
  const position = more ? { receivedAt: last.receivedAt, metric: last.metric, source: last.source, at: last.at } : undefined;
  return {
    items: page.map(({ source, at, receivedAt, ...rest }) => ({
      ...rest,
      at: new Date(at).toISOString(),
      source: sourceId(source),
      receivedAt: new Date(receivedAt).toISOString(),
    })),
    next: position === undefined ? null : await sealCursor(keys, actor.person, SCOPE, position),
  };
}
