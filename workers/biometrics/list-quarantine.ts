import type { QuarantinePosition } from "../../durable-objects/vault/pages";
import type { QuarantineState } from "../../durable-objects/vault/store/quarantine";
import { sourceId } from "../../shared/health/source-id";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { OwnPorts } from "./ports";

/** One page of readings that were kept apart, newest arrivals first. */
export async function listQuarantine(
  { vault, keys, actor }: OwnPorts,
  input: { readonly state: QuarantineState; readonly limit: number; readonly cursor?: string | undefined },
) {
  const scope = `quarantine ${input.state}`;
  const after = input.cursor === undefined ? undefined : await openCursor<QuarantinePosition>(keys, actor.person, scope, input.cursor);
  const found = await vault.quarantined(actor, { state: input.state, limit: input.limit + 1, after });
  const page = found.slice(0, input.limit);
  const last = page.at(-1);
  const position = found.length > input.limit && last !== undefined ? { receivedAt: last.receivedAt, id: last.id } : undefined;
  return {
    items: page.map(({ id, source, at, receivedAt, decidedAt, ...rest }) => ({
      id: `q${id}`,
      ...rest,
      at: new Date(at).toISOString(),
      source: sourceId(source),
      receivedAt: new Date(receivedAt).toISOString(),
      decidedAt: decidedAt === null ? null : new Date(decidedAt).toISOString(),
    })),
    next: position === undefined ? null : await sealCursor(keys, actor.person, scope, position),
  };
}
