/** A size with room for a quarter more. */
export function grown(least: number): number {
  return Math.max(64, least + (least >>> 2));
}

/** Copies what an array holds into a larger one. */
export function resized<A extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
