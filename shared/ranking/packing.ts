import type { Columns } from "./columns";

/** Slots of one page: what is written at once, some hundred kilobytes. */
export const PAGE = 4_096;

const HAS_SUB = 1;
const HEAD = 8;
const IS_NAMED = 0x80000000;
const IS_GONE = 0x40000000;
const SLOT = 0x00ffffff;

/**
 * A page of columns as bytes: the number of slots and flags, then scores, times, versions and subscores as 64-bit floats, then the aliases.
 * Little-endian, as everything that runs this is.
 */
export function packPage(columns: Columns, page: number): Uint8Array<ArrayBuffer> {
  const from = page * PAGE;
  const count = Math.min(PAGE, columns.slots - from);
  const hasSub = columns.sub.length > 0;
  const aliases = columns.aliases.packed(from, count);
  const kept = [columns.score, columns.at, columns.version, ...(hasSub ? [columns.sub] : [])];
  const bytes = new Uint8Array(HEAD + kept.length * count * 8 + aliases.length);
  new Uint32Array(bytes.buffer, 0, 2).set([count, hasSub ? HAS_SUB : 0]);
  for (const [i, column] of kept.entries())
    new Float64Array(bytes.buffer, HEAD + i * count * 8, count).set(column.subarray(from, from + count));
  bytes.set(aliases, HEAD + kept.length * count * 8);
  return bytes;
}

/** Takes a page in. Pages come in their order, into columns that hold nothing else yet. */
export function restorePage(columns: Columns, page: number, body: ArrayBuffer): void {
  const from = page * PAGE;
  const [count = 0, flags = 0] = new Uint32Array(body, 0, 2);
  const hasSub = (flags & HAS_SUB) !== 0;
  columns.reserve(from + count, hasSub);
  const kept = [columns.score, columns.at, columns.version, ...(hasSub ? [columns.sub] : [])];
  for (const [i, column] of kept.entries()) column.set(new Float64Array(body, HEAD + i * count * 8, count), from);
  columns.aliases.restore(from, count, new Uint8Array(body, HEAD + kept.length * count * 8));
}

/** What a batch did to a slot: another value, a new alias, or none any more. */
export type Change = "changed" | "entered" | "gone";

/** What a batch left in its slots, as bytes: applied again, in order, they say the same. */
export function packChanges(columns: Columns, changes: ReadonlyMap<number, Change>): Uint8Array<ArrayBuffer> {
  const count = changes.size;
  const hasSub = columns.sub.length > 0;
  const width = hasSub ? 4 : 3;
  const named: Uint8Array[] = [];
  let length = 0;
  for (const [slot, change] of changes) {
    if (change !== "entered") continue;
    const alias = columns.aliases.bytes(slot);
    named.push(alias);
    length += alias.length + 1;
  }
  const floats = HEAD + count * 4 + (count & 1) * 4;
  const bytes = new Uint8Array(floats + width * count * 8 + length);
  new Uint32Array(bytes.buffer, 0, 2).set([count, hasSub ? HAS_SUB : 0]);
  const slots = new Uint32Array(bytes.buffer, HEAD, count);
  const values = new Float64Array(bytes.buffer, floats, width * count);
  let i = 0;
  for (const [slot, change] of changes) {
    slots[i] = slot | (change === "entered" ? IS_NAMED : change === "gone" ? IS_GONE : 0);
    if (change !== "gone") {
      values[i] = columns.score[slot]!;
      values[count + i] = columns.at[slot]!;
      values[2 * count + i] = columns.version[slot]!;
      if (hasSub) values[3 * count + i] = columns.sub[slot]!;
    }
    i++;
  }
  let end = floats + width * count * 8;
  for (const alias of named) {
    bytes[end++] = alias.length;
    bytes.set(alias, end);
    end += alias.length;
  }
  return bytes;
}

/** Does to columns what a batch did. The columns are indexed afterwards. */
export function applyChanges(columns: Columns, body: ArrayBuffer): void {
  const [count = 0, flags = 0] = new Uint32Array(body, 0, 2);
  const hasSub = (flags & HAS_SUB) !== 0;
  const floats = HEAD + count * 4 + (count & 1) * 4;
  const slots = new Uint32Array(body, HEAD, count);
  const values = new Float64Array(body, floats, (hasSub ? 4 : 3) * count);
  const bytes = new Uint8Array(body);
  let end = floats + values.byteLength;
  for (let i = 0; i < count; i++) {
    const marked = slots[i]!;
    const slot = marked & SLOT;
    if ((marked & IS_GONE) !== 0) {
      columns.aliases.clear(slot);
      continue;
    }
    if (slot >= columns.slots) columns.reserveOne(slot);
    if ((marked & IS_NAMED) !== 0) {
      const length = bytes[end]!;
      columns.aliases.place(slot, bytes.subarray(end + 1, end + 1 + length));
      end += length + 1;
    }
    columns.write(slot, values[i]!, hasSub ? values[3 * count + i]! : 0, values[count + i]!, values[2 * count + i]!);
  }
}
