import { SECOND_MS } from "../../shared/clock";
import type { ClientKey } from "../../shared/crypto/client-keys";
import type { ReadKeySet } from "./client";

/** A set that does not have the wanted key is read again so seldom, and so is a place that failed. */
const AGAIN_MS = 30 * SECOND_MS;
/** So many sets are kept, oldest first out. */
const MOST_SETS = 1_000;

interface Kept {
  readonly keys: readonly ClientKey[];
  /** Epoch milliseconds; when it was read, and until when it may be used. */
  readonly readAt: number;
  readonly until: number;
}

/** Sets of this isolate, by their address. Public keys, and nothing of anybody. Holds no promises: they must not cross requests. */
export const keySets = new Map<string, Kept>();

export interface KeySetPorts {
  readonly cache: Map<string, Kept>;
  readonly now: () => number;
  readonly read: (uri: string) => Promise<ReadKeySet>;
}

/**
 * The keys at an address. Kept no longer than its answer allows; read again for a `kid` that is not among them, at most every half minute.
 * A place that does not answer with keys has none.
 */
export async function keysAt(ports: KeySetPorts, uri: string, kid: string | undefined): Promise<readonly ClientKey[]> {
  const known = ports.cache.get(uri);
  const now = ports.now();
  if (known !== undefined) {
    const isMissing = kid !== undefined && !known.keys.some((key) => key.kid === kid);
    if (now < known.until && (!isMissing || now < known.readAt + AGAIN_MS)) return known.keys;
  }
  try {
    const { keys, maxAgeS } = await ports.read(uri);
    keep(ports.cache, uri, { keys, readAt: now, until: now + maxAgeS * SECOND_MS });
    return keys;
  } catch {
    keep(ports.cache, uri, { keys: [], readAt: now, until: now + AGAIN_MS });
    return [];
  }
}

function keep(cache: Map<string, Kept>, uri: string, kept: Kept): void {
  cache.delete(uri);
  cache.set(uri, kept);
  if (cache.size <= MOST_SETS) return;
  for (const [oldest] of cache) {
    cache.delete(oldest);
    break;
  }
}
