/**
 * Hashed randomness: every draw is a pure function of a key and a few labels, so any part of a person's life can be
 * asked for in any order and always comes out the same. There is no generator state to advance.
 */

/** 32-bit mix of a key and labels (FNV-1a over the labels, finished with the murmur3 avalanche). */
export function hash(key: number, ...labels: (string | number)[]): number {
  let h = (key ^ 0x811c9dc5) >>> 0;
  for (const label of labels) {
    if (typeof label === "number") {
      let rest = label;
      for (let i = 0; i < 2; i += 1) {
        h = Math.imul(h ^ (rest >>> 0), 0x01000193);
        h ^= h >>> 15;
        rest = Math.floor(rest / 4294967296);
      }
    } else {
      for (let i = 0; i < label.length; i += 1) h = Math.imul(h ^ label.charCodeAt(i), 0x01000193);
    }
    h = Math.imul(h ^ (h >>> 13), 0x5bd1e995);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Uniform draw in [0, 1). */
export function unit(key: number, ...labels: (string | number)[]): number {
  return hash(key, ...labels) / 4294967296;
}

/** Uniform draw in [low, high). */
export function between(low: number, high: number, key: number, ...labels: (string | number)[]): number {
  return low + (high - low) * unit(key, ...labels);
}

/** True with the given probability. */
export function chance(probability: number, key: number, ...labels: (string | number)[]): boolean {
  return unit(key, ...labels) < probability;
}

/** Roughly normal draw (sum of three uniforms), mean 0, standard deviation 1, never beyond ±3. */
export function bell(key: number, ...labels: (string | number)[]): number {
  return 2 * (unit(key, ...labels, 1) + unit(key, ...labels, 2) + unit(key, ...labels, 3)) - 3;
}

/** One element of a list. */
export function pick<const T extends readonly [unknown, ...unknown[]]>(list: T, key: number, ...labels: (string | number)[]): T[number] {
  return list[hash(key, ...labels) % list.length] ?? list[0];
}

/** Smooth noise in [-1, 1]: random values every `period` units, joined by a cosine. Continuous in `t`. */
export function drift(t: number, period: number, key: number, label: string): number {
  const cell = Math.floor(t / period);
  const along = t / period - cell;
  const left = unit(key, label, cell);
  const right = unit(key, label, cell + 1);
  const weight = (1 - Math.cos(Math.PI * along)) / 2;
  return 2 * (left + (right - left) * weight) - 1;
}
