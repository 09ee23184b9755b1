import { ByteReader, ByteWriter } from "./bytes";

/**
 * Vendor record ids of a segment's samples, in sample order. Where records bring many samples, each id is told once for its run; else UUIDs
 * take 16 bytes and other ids their UTF-8 text. Kept beside the samples, because dense streams have none.
 */
const UPPER_UUIDS = 1;
const LOWER_UUIDS = 2;
const TEXTS = 3;
const RUNS = 4;

const text = new TextEncoder();
const untext = new TextDecoder();

/** Encodes ids, or null where all are empty. */
export function encodeIds(ids: readonly string[]): Uint8Array<ArrayBuffer> | null {
  if (ids.every((id) => id === "")) return null;
  const runs = runsOf(ids);
  if (runs.length * 2 <= ids.length) return encodeRuns(runs);
  return encodeUuids(ids) ?? encodeTexts(ids);
}

/** The `n` ids of a segment; all empty for null. */
export function decodeIds(bytes: Uint8Array | null, n: number): string[] {
  if (bytes === null) return Array.from({ length: n }, () => "");
  const input = new ByteReader(bytes);
  const mode = input.byte();
  const ids: string[] = [];
  if (mode === RUNS) {
    while (ids.length < n) {
      const times = input.varint();
      const id = untext.decode(input.bytes(input.varint()));
      if (times === 0 || times > n - ids.length) throw new RangeError("a run of ids is longer than its segment");
      for (let i = 0; i < times; i++) ids.push(id);
    }
    return ids;
  }
  for (let i = 0; i < n; i++) {
    ids.push(mode === TEXTS ? untext.decode(input.bytes(input.varint())) : uuidText(input.bytes(16), mode === UPPER_UUIDS));
  }
  return ids;
}

/** Equal neighbours, and how many. */
function runsOf(ids: readonly string[]): { readonly id: string; times: number }[] {
  const runs: { id: string; times: number }[] = [];
  for (const id of ids) {
    const last = runs.at(-1);
    if (last?.id === id) last.times++;
    else runs.push({ id, times: 1 });
  }
  return runs;
}

function encodeRuns(runs: readonly { readonly id: string; readonly times: number }[]): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(runs.length * 40);
  out.byte(RUNS);
  for (const { id, times } of runs) {
    const bytes = text.encode(id);
    out.varint(times);
    out.varint(bytes.length);
    out.bytes(bytes);
  }
  return out.finish();
}

/** Uuids as 16 bytes each, where all ids are UUIDs of one letter case; otherwise undefined. */
function encodeUuids(ids: readonly string[]): Uint8Array<ArrayBuffer> | undefined {
  const out = new Uint8Array(1 + ids.length * 16);
  let upper = false;
  let lower = false;
  let at = 1;
  for (const id of ids) {
    if (id.length !== 36) return undefined;
    for (let i = 0; i < 36; i++) {
      const c = id.charCodeAt(i);
      if (i === 8 || i === 13 || i === 18 || i === 23) {
        if (c !== 45) return undefined;
        continue;
      }
      const high = nibble(c);
      const next = id.charCodeAt(++i);
      const low = nibble(next);
      if (high < 0 || low < 0) return undefined;
      if ((c > 64 && c < 71) || (next > 64 && next < 71)) upper = true;
      if (c > 96 || next > 96) lower = true;
      out[at++] = high * 16 + low;
    }
  }
  if (upper && lower) return undefined;
  out[0] = upper ? UPPER_UUIDS : LOWER_UUIDS;
  return out;
}

function encodeTexts(ids: readonly string[]): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(ids.length * 24);
  out.byte(TEXTS);
  for (const id of ids) {
    const bytes = text.encode(id);
    out.varint(bytes.length);
    out.bytes(bytes);
  }
  return out.finish();
}

function nibble(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  if (c >= 65 && c <= 70) return c - 55;
  if (c >= 97 && c <= 102) return c - 87;
  return -1;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function uuidText(bytes: Uint8Array, upper: boolean): string {
  let id = "";
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) id += "-";
    id += HEX[bytes[i]!];
  }
  return upper ? id.toUpperCase() : id;
}
