import type { ChainRow } from "../../shared/crypto/chain";
import { newestCheckpoint } from "./checkpoint-events";
import { genesis, hashOf, type SecurityPorts } from "./events";

/** What is wrong with a chain, and at which event. */
export interface SecurityFault {
  readonly kind: "altered" | "missing" | "truncated" | "rewritten" | "checkpoint_forged";
  readonly seq: number;
}

export interface SecurityVerification {
  readonly intact: boolean;
  readonly fault: SecurityFault | null;
  /** How many events were proven. */
  readonly proven: number;
}

const AT_ONCE = 1_000;

/**
 * Proves a region's events against each other and against the newest checkpoint: an edit, a gap, a cut-off or rewritten end are found
 * where they are.
 */
export async function verifySecurityEvents(ports: SecurityPorts): Promise<SecurityVerification> {
  const checkpoint = await newestCheckpoint(ports);
  let before = genesis(ports.region);
  let seq = 0;
  const answer = (fault: SecurityFault | null): SecurityVerification => ({ intact: fault === null, fault, proven: seq });
  if (checkpoint?.isGenuine === false) return answer({ kind: "checkpoint_forged", seq: checkpoint.seq });
  for (;;) {
    const { results } = await ports.records
      .prepare("select seq, at, key, body, hash from security_events where seq > ? order by seq limit ?")
      .bind(seq, AT_ONCE)
      .all<ChainRow>();
    for (const row of results) {
      if (row.seq !== seq + 1) return answer({ kind: "missing", seq: seq + 1 });
      if (hashOf(ports.keys, row, before) !== row.hash) return answer({ kind: "altered", seq: row.seq });
      if (checkpoint?.seq === row.seq && checkpoint.hash !== row.hash) return answer({ kind: "rewritten", seq: row.seq });
      before = row.hash;
      seq = row.seq;
    }
    if (results.length < AT_ONCE) break;
  }
  return answer(checkpoint !== undefined && checkpoint.seq > seq ? { kind: "truncated", seq: seq + 1 } : null);
}
