import { cleanIdempotency } from "../shared/http/idempotency";
import { workFaults } from "../shared/http/residency";
import { consoleLog, type Log } from "../shared/log";
import { REGIONS } from "../shared/region";
import { keepChallenges, workPorts } from "./challenges";
import { keepAllSubscriptions, sweepAllDue, tellAllConnections } from "./connections";
import { cleanChallenges } from "./credentials/challenges";
import { cleanSignInChallenges } from "./credentials/passkey-challenge";
import { moveAllKeys } from "./keys/move-all";
import { sweepBulk } from "./fhir/bulk-job";
import { cleanFlows } from "./identities/flows";
import { cleanExports } from "./exports";
import { letterPorts } from "./emergency/ports";
import { sendDueLetters } from "./emergency/send-letters";
import { sweepErasures, sweepTombstones } from "./erasure";
import { cleanOutbox } from "./mail/outbox";
import { cleanPartners } from "./partners/clean";
import { sweepMoves } from "./moving";
import { cleanPhones, notificationPorts, sweepGuestMessages } from "./notifications";
import { regional } from "./regional";
import { checkpointAllEvents } from "./security/checkpoint-events";
import { settleAllCounts } from "./security/count";
import { cleanSessions, sessionPortsOf } from "./sessions";
import { sweepGrants } from "./smart/end-grants";
import { cleanAllInvitations, socialContext, sweepTies } from "./social";
import { cleanAllWebhooks, sweepWebhooks } from "./webhooks/consume";
import { webhookPorts } from "./webhooks/ports";
import { enlistAll } from "./research/run-export";

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
  {
    name: "clean client assertions",
    everyMinutes: 60,
    run: async (env, now) => await cleanPartners((region) => regional(env, region).records, now),
  },
  {
    name: "clean phones",
    everyMinutes: 60,
    run: async (env, now) =>
      (await Promise.all(REGIONS.map(async (region) => await cleanPhones(regional(env, region).records, now)))).reduce(
        (sum, n) => sum + n,
        0,
      ),
  },
  { name: "settle security counts", everyMinutes: 60, run: settleAllCounts },
  { name: "checkpoint security events", everyMinutes: 60, run: checkpointAllEvents },
  { name: "move keys", everyMinutes: 5, run: moveAllKeys },
  { name: "clean sign-in flows", everyMinutes: 60, run: async (env, now) => await cleanFlows(env.DIRECTORY, now) },
  {
    name: "clean sessions",
    everyMinutes: 60,
    run: async (env, now) => await cleanSessions((region) => regional(env, region).records, now),
  },
  { name: "clean exports", everyMinutes: 60, run: async (env, now) => await cleanExports((region) => regional(env, region).records, now) },
  { name: "send emergency letters", everyMinutes: 5, run: async (env, now) => await sendDueLetters(letterPorts(env, () => now)) },
  { name: "sweep bulk exports", everyMinutes: 5, run: sweepBulk },
  { name: "sweep webhooks", everyMinutes: 5, run: async (env, now) => await sweepWebhooks(webhookPorts(env, () => now)) },
  { name: "clean webhooks", everyMinutes: 60, run: async (env, now) => await cleanAllWebhooks(webhookPorts(env, () => now)) },
  { name: "enlist research exports", everyMinutes: 5, run: enlistAll },
  { name: "clean invitations", everyMinutes: 60, run: async (env, now) => await cleanAllInvitations(socialContext(env, () => now)) },
  { name: "send invitations", everyMinutes: 5, run: async (env, now) => await sweepGuestMessages(notificationPorts(env, () => now)) },
  { name: "sweep ties", everyMinutes: 5, run: async (env, now) => await sweepTies(socialContext(env, () => now)) },
  { name: "end grants of removed apps", everyMinutes: 5, run: async (env, now) => await sweepGrants(sessionPortsOf(env, () => now)) },
  { name: "keep challenges", everyMinutes: 5, run: async (env, now) => await keepChallenges(workPorts(env, () => now)) },
  { name: "run erasures", everyMinutes: 5, run: sweepErasures },
  { name: "run moves", everyMinutes: 5, run: sweepMoves },
  { name: "reconcile tombstones", everyMinutes: 5, run: sweepTombstones },
  { name: "keep vendor subscriptions", everyMinutes: 5, run: keepAllSubscriptions },
  { name: "tell connections of changed accounts", everyMinutes: 5, run: tellAllConnections },
  { name: "sweep due connections", everyMinutes: 5, run: sweepAllDue },
];

async function cleanAllIdempotency(env: Env, now: number): Promise<number> {
  const counts = await Promise.all(REGIONS.map((region) => cleanIdempotency(regional(env, region).records, now)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Runs the jobs that are due at a tick. One that fails is logged and does not stop the others. None where the deployment must not serve. */
export async function runJobs(env: Env, scheduledAt: number, jobs = JOBS, log: Log = consoleLog): Promise<void> {
  const minute = Math.floor(scheduledAt / 60_000);
  if (workFaults(env).length > 0) return log({ event: "job", job: "all", outcome: "refused" });
  for (const job of jobs) {
    if (minute % job.everyMinutes !== 0) continue;
    try {
      log({ event: "job", job: job.name, outcome: "done", done: await job.run(env, scheduledAt) });
    } catch (error) {
      log({ event: "job", job: job.name, outcome: "failed", kind: error instanceof Error ? error.name : typeof error });
    }
  }
}
