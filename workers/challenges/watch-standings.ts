import { boardIdOf, roundNumber } from "../../shared/challenges/board";
import { MINUTE_MS } from "../../shared/clock";
import type { Admission } from "../../shared/live/admission";
import { refusalOf } from "../../shared/live/refusal";
import { WATCH_HEADER, writeWatch } from "../../shared/ranking/watch";
import type { ChallengePorts } from "./ports";
import { findChallenge } from "./records";
import { roundFor } from "./standings";
import { isVeiled } from "./veil";

/** So long a socket stays open: then whoever watches connects again, and whether they may is asked anew. */
const WATCHED_MS = 5 * MINUTE_MS;
const AROUND = 5;

/**
 * Opens a socket of a round's standings: the best, and those around the actor where they take part. The request to the board is made from
 * scratch: of the client's own headers none reaches it, and nothing in it says who watches.
 *
 * @throws Problem `not_found`, `session_ended`, `unauthenticated` (used ticket) or `unavailable` (too many connections)
 */
export async function watchStandings(
  ports: ChallengePorts,
  text: string,
  ticket: Admission["ticket"],
  { top, round, after }: { readonly top: number; readonly round?: string | undefined; readonly after?: number | undefined },
): Promise<WebSocket> {
  await ports.vault.redeemTicket(ports.actor, ticket);
  const found = await findChallenge(ports, text);
  const period = await roundFor(ports, found, round);
  const alias = found.part?.state === "active" ? found.part.alias : null;
  // The board knows no names: while those without one are too few it tells everybody of themselves alone.
  const veiled = await isVeiled(ports, found.id);
  const watch = writeWatch({
    period: roundNumber(period.opensAt),
    alias,
    top,
    around: AROUND,
    least: veiled ? Number.MAX_SAFE_INTEGER : 0,
    tag: alias ?? "guest",
    until: ports.now() + WATCHED_MS,
  });
  const url = new URL("https://board/live");
  if (after !== undefined) url.searchParams.set("after", String(after));
  const answer = await ports.boardOf(boardIdOf(found.id)).fetch(url.href, { headers: { upgrade: "websocket", [WATCH_HEADER]: watch } });
  if (answer.webSocket === null) throw refusalOf(await answer.text());
  return answer.webSocket;
}
