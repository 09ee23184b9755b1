import type { RegionalKeys } from "../../../shared/crypto/keys";
import type { PersonId } from "../../../shared/id";
import { isGenuine, readAnchor } from "./anchor";
import { type ChainRow, chainKey, genesis, linkHash } from "./chain";
import type { Checkpoint } from "./checkpoints";

/**
 * What is wrong with a log. `altered`: the line at `seq` is not what was written there, or not after that predecessor. `missing`: there
 * is no line `seq` although later ones exist. `truncated`: the log ends before `seq`, and has been longer. `rewritten`: the lines fit
 * each other, but not what was put outside of the vault when `seq` was the newest. `checkpoint_forged`: that record itself was changed.
 * `checkpoint_missing`: line `seq` is so old that a record outside must cover it, and none does. `anchor_forged`: the record of where the
 * log was cut off at its beginning, because of its age, was changed.
 */
export const FAULTS = ["altered", "missing", "truncated", "rewritten", "checkpoint_forged", "checkpoint_missing", "anchor_forged"] as const;

export interface Fault {
  readonly kind: (typeof FAULTS)[number];
  readonly seq: number;
}

export interface Verification {
  /** True where every line looked at is proven. */
  readonly intact: boolean;
  readonly fault: Fault | null;
  /** Number of the first line looked at and how many were proven from there. */
  readonly first: number;
  readonly proven: number;
  /** The newest record outside of the vault, epoch milliseconds. */
  readonly checkpoint: { readonly seq: number; readonly at: number; readonly statement?: string | undefined } | null;
  /** Number after which to go on; null at the end of the log or at a fault. */
  readonly next: number | null;
}

export interface VerifyInput {
  readonly after: number;
  readonly limit: number;
  /** Newest first. */
  readonly checkpoints: readonly Checkpoint[];
  /** The newest line as the running object remembers it; undefined where it has not written since it woke. */
  readonly head: { readonly seq: number } | undefined;
  /** Lines written before this, epoch milliseconds, must be covered by a checkpoint. */
  readonly coveredBefore: number;
}

/** Recomputes the chain from the line after `after`, whose hash is taken as proven before. */
export function verifyChain(sql: SqlStorage, keys: RegionalKeys, person: PersonId, input: VerifyInput): Verification {
  const { limit, checkpoints } = input;
  const anchor = readAnchor(sql);
  // Lines that were removed because of their age are proven by the signature of the last one.
  const after = Math.max(input.after, anchor?.seq ?? 0);
  const [newest] = checkpoints;
  const marks = new Map(checkpoints.map((one) => [one.seq, one]));
  let proven = 0;
  const answer = (fault: Fault | null, next: number | null): Verification => ({
    intact: fault === null,
    fault,
    first: after + 1,
    proven,
    checkpoint: newest === undefined ? null : { seq: newest.seq, at: newest.at, statement: newest.statement },
    next,
  });

  const forged = checkpoints.find(({ isGenuine }) => !isGenuine);
  if (forged !== undefined) return answer({ kind: "checkpoint_forged", seq: forged.seq }, null);
  if (anchor !== undefined && !isGenuine(keys, person, anchor)) return answer({ kind: "anchor_forged", seq: anchor.seq }, null);
  let before = after === 0 ? genesis(person) : after === anchor?.seq ? anchor.hash : hashAt(sql, after);
  if (before === undefined) return answer({ kind: "missing", seq: after }, null);
  const rows = sql.exec<ChainRow>("SELECT seq, at, key, body, hash FROM access_log WHERE seq > ? ORDER BY seq LIMIT ?", after, limit);
  let seq = after;
  for (const row of rows) {
    seq++;
    if (row.seq !== seq) return answer({ kind: "missing", seq }, null);
    const key = chainKey(keys, row.key);
    if (key === undefined || linkHash(key, row, before) !== row.hash) return answer({ kind: "altered", seq }, null);
    const mark = marks.get(seq);
    if (mark !== undefined && mark.hash !== row.hash) return answer({ kind: "rewritten", seq }, null);
    before = row.hash;
    proven++;
  }
  if (proven === limit && sql.exec("SELECT 1 FROM access_log WHERE seq > ? LIMIT 1", seq).toArray().length > 0) return answer(null, seq);
  const known = Math.max(newest?.seq ?? 0, input.head?.seq ?? 0);
  // A line beyond a gap would have been met above: here the log has ended.
  if (seq < known) return answer({ kind: "truncated", seq: seq + 1 }, null);
  const [open] = sql
    .exec<{ seq: number; at: number }>("SELECT seq, at FROM access_log WHERE seq > ? ORDER BY seq LIMIT 1", newest?.seq ?? 0)
    .toArray();
  const isLate = open !== undefined && open.at < input.coveredBefore;
  return answer(isLate ? { kind: "checkpoint_missing", seq: open.seq } : null, null);
}

function hashAt(sql: SqlStorage, seq: number): string | undefined {
  return sql.exec<{ hash: string }>("SELECT hash FROM access_log WHERE seq = ?", seq).toArray()[0]?.hash;
}
