import * as z from "zod";
import type { Delivery } from "../../durable-objects/vault/fhir/deliveries";
import type { Target } from "../../durable-objects/vault/fhir/targets";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { OwnFhirPorts } from "./ports";
import type { deliverySchema, targetSchema } from "./target-schemas";

export interface DeliveriesInput {
  readonly target: string;
  readonly state?: Delivery["state"] | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A page of what a target is to get or got, newest first. Problem `not_found`, and `invalid` for a foreign cursor. */
export async function listDeliveries({ vault, actor, keys }: OwnFhirPorts, { target, state, limit, cursor }: DeliveriesInput) {
  const scope = `fhir deliveries ${target} ${state ?? ""}`;
  const before = cursor === undefined ? undefined : await openCursor<string>(keys, actor.person, scope, cursor);
  const found = await vault.fhirDeliveries(actor, target, state, before, limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const next = found.length > limit && last !== undefined ? await sealCursor(keys, actor.person, scope, last.id) : null;
  return { items: items.map(shownDelivery), next };
}

/** A target on the wire. */
export function shownTarget({ lastSentAt, createdAt, ...target }: Target): z.infer<typeof targetSchema> {
  return {
    ...target,
    metrics: target.metrics === null ? null : [...target.metrics],
    categories: target.categories === null ? null : [...target.categories],
    lastSentAt: lastSentAt === null ? null : new Date(lastSentAt).toISOString(),
    createdAt: new Date(createdAt).toISOString(),
  };
}

const refusalsSchema = z.array(z.object({ observation: z.string(), status: z.number(), code: z.string().optional() }));

function shownDelivery({
  id,
  metric,
  source,
  from,
  to,
  state,
  attempts,
  sent,
  refused,
  reason,
  createdAt,
  updatedAt,
}: Delivery): z.infer<typeof deliverySchema> {
  const refusals = reason?.startsWith("[") === true ? refusalsSchema.parse(JSON.parse(reason)) : [];
  return {
    id,
    metric,
    source: `src_${source}`,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    state,
    attempts,
    sent,
    refused,
    reason: refusals.length > 0 ? "entries_refused" : reason,
    refusals,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}
