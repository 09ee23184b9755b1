import { MINUTE_MS } from "../../shared/clock";
import { regionOfToken } from "../../shared/crypto/one-time-token";
import { sha256Hex } from "../../shared/crypto/sha256";
import { parseId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { type JobRow, JOB_COLUMNS, jobOf } from "./job";
import type { ErasurePorts } from "./ports";
import type { ErasureReceipt } from "./schemas";
import { STEPS } from "./steps";
import { iso, viewOf } from "./view";

/** An answer can be lost on its way: for so long the secret opens the finished receipt again. */
const AGAIN_MS = 10 * MINUTE_MS;

/** What an erasure leaves, and how long it stays there. */
const REMAINS = [
  "the tombstone: a keyed hash, so that a restored copy does not bring anybody back",
  "signed checkpoints of the access log: keyed names and hashes",
  "this receipt, under an opaque id",
  "stored answers to writes and letters nobody could send, sealed: a day",
  "lines about you in the access logs of others, and what you opened or reviewed there in an emergency, under an opaque id",
  "de-identified lines in releases of research, which nobody can trace to you: a week",
  "research programmes that you led, closed, without you",
  "the provider's point-in-time copies: 30 days, sealed values in them cannot be opened",
];

/**
 * The receipt of an erasure, for whoever has its secret. Before the erasure is done it says how far it is; afterwards the secret is good
 * once. Problem `not_found` for everything that does not fit.
 */
export async function readReceipt(ports: Pick<ErasurePorts, "now" | "stores">, idText: string, secret: string): Promise<ErasureReceipt> {
  const id = parseId("erasure", idText);
  if (id === undefined || regionOfToken("rcp", secret) !== regionOf(id)) throw notFound("receipt");
  const now = ports.now();
  const row = await ports
    .stores(regionOf(id))
    .records.prepare(
      `update erasures set taken_at = case when state = 'done' then coalesce(taken_at, ?3) end
       where id = ?1 and secret_hash = ?2 and (taken_at is null or taken_at > ?3 - ?4) returning ${JOB_COLUMNS}`,
    )
    .bind(id, await sha256Hex(secret), now, AGAIN_MS)
    .first<JobRow>();
  if (row === null) throw notFound("receipt");
  const job = jobOf(row);
  const { counts = {}, steps = {}, vendors = null, letter = null } = job.report;
  return {
    ...viewOf(job),
    region: job.region,
    startedAt: job.startedAt === null ? null : iso(job.startedAt),
    finishedAt: job.finishedAt === null ? null : iso(job.finishedAt),
    erased: counts,
    steps: STEPS.flatMap(({ name }) => (steps[name] === undefined ? [] : [{ step: name, at: iso(steps[name]) }])),
    vendors,
    letter,
    remains: REMAINS,
  };
}
