import { HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { type ErasureJob, type JobRow, JOB_COLUMNS, jobOf } from "./job";
import type { ErasurePorts } from "./ports";
import { type Step, STEPS } from "./steps";
import type { Region } from "../../shared/region";

/** A run that has not finished by then has died with its isolate. */
const LEASE_MS = 10 * MINUTE_MS;
const FIRST_WAIT_MS = 5 * MINUTE_MS;

/**
 * Takes the erasures of a region that are due and goes on with each as far as it gets. What a step has done is noted before the next one
 * begins; a run that is cut off is taken up at the step it was in. Returns how many were finished.
 */
export async function runDue(ports: ErasurePorts, region: Region, most = 20, steps: readonly Step[] = STEPS): Promise<number> {
  const { records } = ports.stores(region);
  const { results } = await records.prepare(DUE).bind(ports.now(), most).all<{ id: string }>();
  let finished = 0;
  for (const { id } of results) if (await runErasure(ports, region, id, steps)) finished++;
  return finished;
}

export const DUE = "select id from erasures where state in ('waiting', 'running') and next_at <= ? order by next_at limit ?";

/** Runs one erasure that is due, as far as it gets. True where it is done now; false where somebody else has it, or it has to wait. */
export async function runErasure(ports: ErasurePorts, region: Region, id: string, steps: readonly Step[] = STEPS): Promise<boolean> {
  let job = await lease(ports, region, id);
  while (job !== undefined) {
    const step = steps[job.step];
    if (step === undefined) return await finish(ports, job);
    job = await take(ports, job, step);
  }
  return false;
}

/** Runs one step; undefined where the erasure has to wait, or somebody else has it now. */
async function take(ports: ErasurePorts, job: ErasureJob, step: Step): Promise<ErasureJob | undefined> {
  try {
    return await advance(ports, job, step.name, await step.run(ports, job));
  } catch (error) {
    const kind = error instanceof Error ? error.name : typeof error;
    ports.log({ event: "erasure", region: job.region, step: step.name, attempts: job.attempts + 1, outcome: "retry", kind });
    await postpone(ports, job);
    return undefined;
  }
}

async function lease(ports: ErasurePorts, region: Region, id: string): Promise<ErasureJob | undefined> {
  const now = ports.now();
  const row = await ports
    .stores(region)
    .records.prepare(
      `update erasures set state = 'running', started_at = coalesce(started_at, ?2), next_at = ?3
       where id = ?1 and state in ('waiting', 'running') and next_at <= ?2 returning ${JOB_COLUMNS}`,
    )
    .bind(id, now, now + LEASE_MS)
    .first<JobRow>();
  return row === null ? undefined : jobOf(row);
}

/** Notes that a step is done, unless the lease has passed to somebody else. */
async function advance(
  ports: ErasurePorts,
  job: ErasureJob,
  name: string,
  found: Partial<ErasureJob["report"]>,
): Promise<ErasureJob | undefined> {
  const now = ports.now();
  const report = { ...job.report, ...found, steps: { ...job.report.steps, [name]: now } };
  const row = await ports
    .stores(job.region)
    .records.prepare(
      `update erasures set step = ?2 + 1, attempts = 0, report = ?3, next_at = ?4 where id = ?1 and step = ?2 and next_at = ?5
       returning ${JOB_COLUMNS}`,
    )
    .bind(job.id, job.step, JSON.stringify(report), now + LEASE_MS, job.nextAt)
    .first<JobRow>();
  return row === null ? undefined : jobOf(row);
}

async function postpone(ports: ErasurePorts, job: ErasureJob): Promise<void> {
  const wait = Math.min(HOUR_MS, FIRST_WAIT_MS * 2 ** job.attempts);
  await ports
    .stores(job.region)
    .records.prepare("update erasures set attempts = attempts + 1, next_at = ? where id = ? and next_at = ?")
    .bind(ports.now() + wait, job.id, job.nextAt)
    .run();
}

async function finish(ports: ErasurePorts, job: ErasureJob): Promise<boolean> {
  const { meta } = await ports
    .stores(job.region)
    .records.prepare("update erasures set state = 'done', finished_at = ?, letter = null where id = ? and state = 'running'")
    .bind(ports.now(), job.id)
    .run();
  ports.log({ event: "erasure", region: job.region, outcome: "done", reason: job.reason });
  return meta.changes === 1;
}
