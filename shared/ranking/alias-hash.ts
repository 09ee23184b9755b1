/** The hash by which aliases are found and spread over parts. */
export function hashOf(alias: string): number {
  let hash = SEED;
  for (let i = 0; i < alias.length; i++) hash = Math.imul(hash ^ alias.charCodeAt(i), PRIME);
  return mixed(hash);
}

/** The same of an alias that lies in bytes. */
export function hashOfBytes(bytes: Uint8Array, from: number, length: number): number {
  let hash = SEED;
  for (let i = from; i < from + length; i++) hash = Math.imul(hash ^ bytes[i]!, PRIME);
  return mixed(hash);
}

const SEED = 0x811c9dc5;
const PRIME = 0x01000193;

function mixed(of: number): number {
  let hash = of;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
