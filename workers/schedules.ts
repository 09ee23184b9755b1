import { cleanIdempotency } from "../shared/http/idempotency";
import { consoleLog, type Log } from "../shared/log";
import { REGIONS } from "../shared/region";
import { sweepAllDue } from "./connections/sweep-due";
import { cleanChallenges } from "./credentials/challenges";
import { cleanSignInChallenges } from "./credentials/passkey-challenge";
import { sweepErasures, sweepTombstones } from "./erasure";
import { cleanOutbox } from "./mail/outbox";
import { sweepMoves } from "./moving";
import { regional } from "./regional";

/** One recurring piece of work. It may only call objects and count rows: cron runs anywhere in the world. */
export interface Job {
  readonly name: string;
  /** Minutes between runs; a multiple of the five minutes at which cron fires. */
  readonly everyMinutes: number;
  /** Returns the number of things done, for the log. `now` is epoch milliseconds. */
  run(env: Env, now: number): Promise<number>;
}

/** Composition: a domain adds its line. */
export const JOBS: readonly Job[] = [
  { name: "clean idempotency", everyMinutes: 60, run: cleanAllIdempotency },
  {
    name: "clean challenges",
    everyMinutes: 60,
    run: async (env, now) => await cleanChallenges((region) => regional(env, region).records, now),
  },
  { name: "clean outbox", everyMinutes: 60, run: async (env, now) => await cleanOutbox((region) => regional(env, region).records, now) },
  {
    name: "clean passkey challenges",
    everyMinutes: 60,
    run: async (env, now) => await cleanSignInChallenges(env.DIRECTORY, now),
  },
  { name: "run erasures", everyMinutes: 5, run: sweepErasures },
  { name: "run moves", everyMinutes: 5, run: sweepMoves },
  { name: "reconcile tombstones", everyMinutes: 5, run: sweepTombstones },
  { name: "sweep due connections", everyMinutes: 5, run: sweepAllDue },
];

async function cleanAllIdempotency(env: Env, now: number): Promise<number> {
  const counts = await Promise.all(REGIONS.map((region) => cleanIdempotency(regional(env, region).records, now)));
  return counts.reduce((sum, count) => sum + count, 0);
}

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
