import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import { joined } from "../../shared/bytes";
import type { ProviderAccess } from "./provider-access";

const TIMEOUT_MS = 8_000;
const KEYS_TIMEOUT_MS = 5_000;
/** A token answer and a set of keys have a few thousand bytes. */
const MAX_BYTES = 256 * 1024;
/** An id token that names a key we have not seen makes us read the set again, but not more often than this. */
const KEYS_AGAIN_MS = 30_000;
const KEYS_KEPT_MS = 10 * 60_000;

/** The part of `fetch` that a provider is called with. */
export type ProviderFetch = (url: string, init: RequestInit) => Promise<Response>;

/** Calls a provider's token endpoint and key set and nothing else: no redirects, a time-out, a bounded body. */
export function providerFetch(access: ProviderAccess): ProviderFetch {
  const allowed = new Set([access.tokenUrl, access.keysUrl]);
  return async (url, init) => {
    if (!allowed.has(url)) throw new TypeError("not an address of the provider");
    const timeout = AbortSignal.timeout(url === access.keysUrl ? KEYS_TIMEOUT_MS : TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const response = await fetch(url, { ...init, redirect: "manual", signal });
    return new Response(await boundedBody(response), { status: response.status, headers: response.headers });
  };
}

/** Key sets of this isolate, by URL. They hold public keys and nothing of anybody. */
const keySets = new Map<string, JWTVerifyGetKey>();

/** Finds the key that signed an id token. The set is kept for ten minutes. */
export function providerKeys(access: ProviderAccess): JWTVerifyGetKey {
  let keys = keySets.get(access.keysUrl);
  if (keys === undefined) {
    keys = createRemoteJWKSet(new URL(access.keysUrl), {
      timeoutDuration: KEYS_TIMEOUT_MS,
      cooldownDuration: KEYS_AGAIN_MS,
      cacheMaxAge: KEYS_KEPT_MS,
      [customFetch]: providerFetch(access),
    });
    keySets.set(access.keysUrl, keys);
  }
  return keys;
}

async function boundedBody(response: Response): Promise<Uint8Array<ArrayBuffer> | null> {
  if (response.body === null) return null;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.byteLength;
    if (length > MAX_BYTES) throw new TypeError("the provider's answer is too long");
    chunks.push(chunk);
  }
  return joined(chunks);
}
