import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { REGIONS } from "../../shared/region";
import { inBackground } from "../credentials";
import { LIVE_SESSION, requireSession, sessionGuard } from "../sessions";
import { type MoveRow, MOVE_COLUMNS, moveOf } from "./job";
import type { RequestPorts } from "./request-ports";
import { runMove } from "./run-move";
import type { MoveView } from "./schemas";
import { viewOf } from "./view";

const CLEANED_WITHIN_MS = 20_000;

/** The actor's latest move: the one under way, or the one that brought them here. Problem `not_found`. */
export async function readMove(ports: RequestPorts, actor: PersonActor): Promise<MoveView> {
  const { person } = actor;
  const home = regionOf(person);
  const { records } = ports.stores(home);
  const [guard, found] = await records.batch<MoveRow>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(`select ${MOVE_COLUMNS} from moves where person_id = ? order by id desc limit 1`).bind(person),
  ]);
  requireSession(guard);
  const own = found?.results[0];
  if (own !== undefined) return viewOf(moveOf(own));
  // The books of a move are kept by the region that was left.
  const elsewhere = await Promise.all(
    REGIONS.filter((region) => region !== home).map(
      async (region) =>
        await ports
          .stores(region)
          .records.prepare(`select ${MOVE_COLUMNS} from moves where new_person_id = ?`)
          .bind(person)
          .first<MoveRow>(),
    ),
  );
  const brought = elsewhere.find((row) => row !== null);
  if (brought === undefined || brought === null) throw notFound("move");
  return viewOf(moveOf(brought));
}

/** Gives the move up before the switch. Problems `not_found` where none is under way, `conflict` past the switch. */
export async function cancelMove(ports: RequestPorts, actor: PersonActor): Promise<void> {
  const { person } = actor;
  const home = regionOf(person);
  const { records } = ports.stores(home);
  const now = ports.now();
  const [guard, , found] = await records.batch<MoveRow>([
    sessionGuard(records, actor, now),
    records
      .prepare(`update moves set state = 'cancelling' where person_id = ?2 and state = 'running' and ${LIVE_SESSION}`)
      .bind(actor.session, person, now),
    records.prepare(`select ${MOVE_COLUMNS} from moves where person_id = ? order by id desc limit 1`).bind(person),
  ]);
  requireSession(guard);
  const row = found?.results[0];
  if (row === undefined || row.state === "failed" || row.state === "done") throw notFound("move");
  if (row.state === "switching") throw problem("conflict", "The move cannot be stopped any more.");
  if (row.state === "cancelling")
    inBackground(ports, "move", async () => void (await runMove(ports.moving, home, row.id, CLEANED_WITHIN_MS)));
}
