import { HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { LAB_FILES } from "../../shared/labs/files";
import { personKeyName } from "../../shared/erasure/tombstones";
import { regionOf } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import { type MoveJob, type MoveRow, MOVE_COLUMNS, moveOf } from "./job";
import { movePorts, type MovePorts } from "./ports";
import { MOVE_STEPS, type MoveStep, type StepResult } from "./steps";

/** A run that has not gone on by then has died with its isolate. Every slice renews it. */
const LEASE_MS = 5 * MINUTE_MS;
const FIRST_WAIT_MS = MINUTE_MS;
/** What one tick of the clock gives to one move. */
const TICK_MS = 4 * MINUTE_MS;

/** Goes on with the moves of all regions that are due. Returns how many ended. */
export async function sweepMoves(env: Env, now: number): Promise<number> {
  const counts = await Promise.all(
    REGIONS.map(
      async (region) =>
        await runDueMoves(
          movePorts(env, () => Math.max(now, Date.now())),
          region,
        ),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

export const DUE_MOVES =
  "select id from moves where state in ('running', 'switching', 'cancelling') and next_at <= ? order by next_at limit ?";

async function runDueMoves(ports: MovePorts, region: Region): Promise<number> {
  const { results } = await ports.stores(region).records.prepare(DUE_MOVES).bind(ports.now(), 10).all<{ id: string }>();
  let ended = 0;
  for (const { id } of results) if (await runMove(ports, region, id, TICK_MS)) ended++;
  return ended;
}

/**
 * Goes on with one move as far as it gets within a time. What a step, or a slice of one, has done is noted before the next; a run that
 * is cut off is taken up there. True where the move has ended, in whatever way.
 */
export async function runMove(
  ports: MovePorts,
  region: Region,
  id: string,
  budgetMs: number,
  steps: readonly MoveStep[] = MOVE_STEPS,
): Promise<boolean> {
  const until = Date.now() + budgetMs;
  let job = await lease(ports, region, id);
  while (job !== undefined) {
    const step = steps[job.step];
    if (job.state === "cancelling") return await abandon(ports, job, null);
    if (step === undefined) return await finish(ports, job);
    let result: StepResult;
    try {
      result = await step.run(ports, job);
    } catch (error) {
      const kind = error instanceof Error ? error.name : typeof error;
      ports.log({ event: "move", region, step: step.name, attempts: job.attempts + 1, outcome: "retry", kind });
      await postpone(ports, job);
      return false;
    }
    if (result.kind === "fault") return await abandon(ports, job, result.fault);
    job = await advance(ports, job, result, Date.now() < until);
  }
  return false;
}

async function lease(ports: MovePorts, region: Region, id: string): Promise<MoveJob | undefined> {
  const now = ports.now();
  const row = await ports
    .stores(region)
    .records.prepare(
      `update moves set next_at = ?3 where id = ?1 and state in ('running', 'switching', 'cancelling') and next_at <= ?2 returning ${MOVE_COLUMNS}`,
    )
    .bind(id, now, now + LEASE_MS)
    .first<MoveRow>();
  return row === null ? undefined : moveOf(row);
}

/** Notes what was done. Undefined where the time is over or the lease has passed to somebody else; a cancellation shows in the answer. */
async function advance(
  ports: MovePorts,
  job: MoveJob,
  result: Exclude<StepResult, { kind: "fault" }>,
  goOn: boolean,
): Promise<MoveJob | undefined> {
  const now = ports.now();
  const place = result.kind === "part" ? result.place : undefined;
  const row = await ports
    .stores(job.home)
    .records.prepare(
      `update moves set step = step + ?3, attempts = 0, place = ?4, done = min(done + ?5, max(total, done)), total = coalesce(?6, total), next_at = ?7
       where id = ?1 and next_at = ?2 and step = ?8 returning ${MOVE_COLUMNS}`,
    )
    .bind(
      job.id,
      job.nextAt,
      place === undefined ? 1 : 0,
      place === undefined ? null : JSON.stringify(place),
      result.kind === "part" ? result.rows : 0,
      result.kind === "done" ? (result.total ?? null) : null,
      goOn ? now + LEASE_MS : now,
      job.step,
    )
    .first<MoveRow>();
  return row === null || !goOn ? undefined : moveOf(row);
}

async function postpone(ports: MovePorts, job: MoveJob): Promise<void> {
  const wait = Math.min(HOUR_MS, FIRST_WAIT_MS * 2 ** job.attempts);
  await ports
    .stores(job.home)
    .records.prepare("update moves set attempts = attempts + 1, next_at = ? where id = ? and next_at = ?")
    .bind(ports.now() + wait, job.id, job.nextAt)
    .run();
}

async function finish(ports: MovePorts, job: MoveJob): Promise<boolean> {
  await ports
    .stores(job.home)
    .records.prepare("update moves set state = 'done', finished_at = ?, arrival = null, done = total where id = ? and state = 'switching'")
    .bind(ports.now(), job.id)
    .run();
  ports.log({ event: "move", region: job.home, outcome: "done" });
  return true;
}

/** Gives a move up before the switch: the new side is emptied, and then the old one goes on as it was. */
async function abandon(ports: MovePorts, job: MoveJob, fault: string | null): Promise<boolean> {
  const { from, to, home, id } = job;
  const there = ports.stores(regionOf(to));
  try {
    await ports.vault(to).discard();
    await there.files.delete(personKeyName(to));
    for (let page = await there.files.list({ prefix: `${LAB_FILES}${to}/` }); page.objects.length > 0;) {
      await there.files.delete(page.objects.map(({ key }) => key));
      page = await there.files.list({ prefix: `${LAB_FILES}${to}/` });
    }
    await there.records.batch([
      there.records.prepare("delete from due_connections where person_id = ?").bind(to),
      there.records.prepare("delete from people where id = ?").bind(to),
    ]);
    await ports.vault(from).resume();
  } catch (error) {
    ports.log({ event: "move", region: home, outcome: "retry", kind: error instanceof Error ? error.name : typeof error });
    await postpone(ports, job);
    return false;
  }
  await ports
    .stores(home)
    .records.prepare("update moves set state = ?, problem = ?, finished_at = ?, arrival = null, place = null where id = ?")
    .bind(fault === null ? "cancelled" : "failed", fault, ports.now(), id)
    .run();
  ports.log({ event: "move", region: home, outcome: fault ?? "cancelled" });
  return true;
}
