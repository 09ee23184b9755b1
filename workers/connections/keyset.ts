import { SingleFlight } from "../../shared/news";
import { problem } from "../../shared/problem";
import { type Keyset, parseKeyset, type TinkSignature, verifyTink } from "../../shared/vendors/google-health/tink";

const SHORTEST_MS = 60_000;
const LONGEST_MS = 24 * 3_600_000;
const DEFAULT_MS = 3_600_000;
const MAX_LENGTH = 1_000_000;

interface Loaded {
  readonly keys: Keyset;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Keysets of this isolate, by URL. They hold public keys and nothing of anybody. */
const cache = new Map<string, Loaded>();
const loading = new SingleFlight<Loaded>();

export interface KeysetPorts {
  readonly keysetUrl: string;
  readonly now: () => number;
  readonly fetch: (url: string) => Promise<Response>;
  /** Keeps work alive when the caller has gone. */
  readonly later: (work: Promise<unknown>) => void;
}

/**
 * Whether a signature over the exact bytes is by one of the vendor's present keys. A key that the cached set does not know makes it
 * fetch the set once more, because keys rotate; a set that cannot be fetched verifies nothing. Problem `unavailable`.
 */
export async function verifyWithKeyset(ports: KeysetPorts, signature: TinkSignature, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  let { keys, fresh } = await keysetOf(ports, false);
  if (!keys.has(signature.keyId) && !fresh) ({ keys, fresh } = await keysetOf(ports, true));
  return await verifyTink(keys, signature, bytes);
}

async function keysetOf(ports: KeysetPorts, again: boolean): Promise<{ keys: Keyset; fresh: boolean }> {
  const known = cache.get(ports.keysetUrl);
  if (known !== undefined && !again && known.until > ports.now()) return { keys: known.keys, fresh: false };
  try {
    // Callers that come while the set is on its way share it.
    const loaded = await loading.get(ports.keysetUrl, () => load(ports), ports.later);
    cache.set(ports.keysetUrl, loaded);
    return { keys: loaded.keys, fresh: true };
  } catch {
    throw problem("unavailable", "The vendor's keys could not be fetched.", { retryAfter: 10 });
  }
}

async function load(ports: KeysetPorts): Promise<Loaded> {
  const response = await ports.fetch(ports.keysetUrl);
  const text = await response.text();
  if (!response.ok || text.length > MAX_LENGTH) throw new TypeError("not a keyset");
  const age = /(?:^|[\s,])max-age=(\d{1,9})/.exec(response.headers.get("cache-control") ?? "")?.[1];
  const kept = age === undefined ? DEFAULT_MS : Math.min(LONGEST_MS, Math.max(SHORTEST_MS, Number(age) * 1000));
  return { keys: await parseKeyset(JSON.parse(text)), until: ports.now() + kept };
}
