/** The state of a SHA-256 between two pieces of its input: plain data, so that it can lie in a checkpoint. */
export interface HashState {
  readonly words: readonly number[];
  /** Input that does not fill a block yet. */
  readonly rest: readonly number[];
  /** Bytes taken so far. */
  readonly length: number;
}

const BLOCK = 64;
const FIRST = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19] as const;
const K = roundConstants();
const schedule = new Int32Array(64);

/**
 * SHA-256 (FIPS 180-4) of input that comes in pieces over days and evictions. The platform's digests cannot be stopped and taken up
 * again; this one can. It protects nothing secret: it is the checksum of a file.
 */
export class RunningSha256 {
  readonly #words: Int32Array;
  #rest: Uint8Array;
  #length: number;

  constructor(state?: HashState) {
    this.#words = Int32Array.from(state?.words ?? FIRST);
    this.#rest = Uint8Array.from(state?.rest ?? []);
    this.#length = state?.length ?? 0;
  }

  get state(): HashState {
    return { words: [...this.#words], rest: [...this.#rest], length: this.#length };
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#rest.length > 0) {
      at = Math.min(BLOCK - this.#rest.length, bytes.length);
      const joined = new Uint8Array(this.#rest.length + at);
      joined.set(this.#rest);
      joined.set(bytes.subarray(0, at), this.#rest.length);
      this.#rest = joined;
      if (joined.length < BLOCK) return;
      compress(this.#words, joined, 0);
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) compress(this.#words, bytes, at);
    this.#rest = bytes.slice(at);
  }

  /** The digest in lower-case hex. The state stays as it is. */
  hex(): string {
    const words = this.#words.slice();
    const padded = new Uint8Array(this.#rest.length < BLOCK - 8 ? BLOCK : 2 * BLOCK);
    padded.set(this.#rest);
    padded[this.#rest.length] = 0x80;
    new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(this.#length) * 8n);
    for (let at = 0; at < padded.length; at += BLOCK) compress(words, padded, at);
    return Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

function compress(h: Int32Array, bytes: Uint8Array, at: number): void {
  const w = schedule;
  for (let i = 0, p = at; i < 16; i++, p += 4) w[i] = (bytes[p]! << 24) | (bytes[p + 1]! << 16) | (bytes[p + 2]! << 8) | bytes[p + 3]!;
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let a = h[0]!;
  let b = h[1]!;
  let c = h[2]!;
  let d = h[3]!;
  let e = h[4]!;
  let f = h[5]!;
  let g = h[6]!;
  let last = h[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (last + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    last = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  h[0] = h[0]! + a;
  h[1] = h[1]! + b;
  h[2] = h[2]! + c;
  h[3] = h[3]! + d;
  h[4] = h[4]! + e;
  h[5] = h[5]! + f;
  h[6] = h[6]! + g;
  h[7] = h[7]! + last;
}

/** The first 32 bits of the fractions of the cube roots of the first 64 primes. */
function roundConstants(): Int32Array {
  const constants = new Int32Array(64);
  for (let n = 2, i = 0; i < 64; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
    if (!isPrime) continue;
    // floor(cbrt(n) * 2^32), by whole numbers: a double has too few digits.
    const target = BigInt(n) << 96n;
    let low = 0n;
    let high = 1n << 36n;
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle * middle * middle <= target) low = middle;
      else high = middle;
    }
    constants[i++] = Number(BigInt.asIntN(32, low));
  }
  return constants;
}
