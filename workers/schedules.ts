import { consoleLog, type Log } from "../shared/log";

/** One recurring piece of work. It may only call objects and count rows: cron runs anywhere in the world. */
export interface Job {
  readonly name: string;
  /** Minutes between runs; a multiple of the five minutes at which cron fires. */
  readonly everyMinutes: number;
  /** Returns the number of things done, for the log. `now` is epoch milliseconds. */
  run(env: Env, now: number): Promise<number>;
}

/** Composition: a domain adds its line. */
export const JOBS: readonly Job[] = [];

/** Runs the jobs that are due at a tick. One that fails is logged and does not stop the others. */
export async function runJobs(env: Env, scheduledAt: number, jobs = JOBS, log: Log = consoleLog): Promise<void> {
  const minute = Math.floor(scheduledAt / 60_000);
  for (const job of jobs) {
    if (minute % job.everyMinutes !== 0) continue;
    try {
      log({ event: "job", job: job.name, outcome: "done", done: await job.run(env, scheduledAt) });
    } catch (error) {
      log({ event: "job", job: job.name, outcome: "failed", kind: error instanceof Error ? error.name : typeof error });
    }
  }
}
