import type { PersonId } from "../../shared/id";
import { ADMISSION_HEADER, type Admission, writeAdmission } from "../../shared/live/admission";
import type { MetricFilter } from "../../shared/live/filter";
import { refusalOf } from "../../shared/live/refusal";
import type { LivePorts } from "./ports";

export interface StreamRequest {
  readonly admission: Admission;
  readonly filter: MetricFilter;
  /** The last entry the client has, where it has any. */
  readonly after: number | undefined;
  readonly requestId: string;
  /** Whose stream, where it is not the actor's own. */
  readonly owner?: PersonId;
}

/**
 * Opens a socket of a person's stream. The request to the vault is made from scratch: of the client's own headers none reaches it.
 *
 * @returns the client's end
 * @throws Problem `session_ended`, `not_found`, `unauthenticated` (used ticket) or `unavailable` (too many connections)
 */
export async function openStream(
  ports: LivePorts,
  { admission, filter, after, requestId, owner = admission.actor.person }: StreamRequest,
): Promise<WebSocket> {
  const url = new URL("https://vault/live");
  if (filter !== undefined) url.searchParams.set("metrics", filter.join(","));
  if (after !== undefined) url.searchParams.set("after", String(after));
  const headers = { upgrade: "websocket", "x-request-id": requestId, [ADMISSION_HEADER]: writeAdmission(admission) };
  const answer = await ports.vault(owner).fetch(url.href, { headers });
  if (answer.webSocket !== null) return answer.webSocket;
  throw refusalOf(await answer.text());
}
