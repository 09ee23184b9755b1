import type { WebhookId } from "../../../shared/id";
import type { Grantee } from "../../../shared/policy/vocabulary";
import type { EventFilter } from "../../../shared/webhooks/events";
import type { AccessEvent } from "../access/event";
import type { Judged } from "../access/judge";

/** An endpoint, and as whom it is judged. Crosses RPC: plain data only. */
export interface Subscriber {
  readonly id: WebhookId;
  /** The organisation whose it is, or the person. */
  readonly owner: Grantee;
  readonly judged: Judged;
  readonly filter: EventFilter;
}

/** As which actor a subscriber stands in the log: an organisation's endpoint like one of its programs. */
export function subscriberActor({ id, owner, judged }: Subscriber): Pick<AccessEvent, "actorKind" | "actor" | "onBehalfOf"> {
  if (owner.kind === "person") return { actorKind: "person", actor: owner.id };
  const client = judged.as.find(({ kind }) => kind === "app");
  return { actorKind: "client", actor: client?.id ?? id, onBehalfOf: owner.id };
}
