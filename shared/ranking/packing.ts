import type { Field, Records } from "./records";

/** Slots of one page: what is written at once, some hundred kilobytes. */
export const PAGE = 4_096;

const HAS_SUB = 1;
const HEAD = 8;
const IS_NAMED = 0x80000000;
const IS_GONE = 0x40000000;
const SLOT = 0x00ffffff;

/**
 * A page of records as bytes: the number of slots and flags, then scores, times, versions and subscores as 64-bit floats, then the aliases.
 * Little-endian, as everything that runs this is.
 */
export function packPage(records: Records, page: number): Uint8Array<ArrayBuffer> {
  const from = page * PAGE;
  const count = Math.min(PAGE, records.slots - from);
  const fields = fieldsOf(records.hasSub);
  const aliases = records.packed(from, count);
  const bytes = new Uint8Array(HEAD + fields.length * count * 8 + aliases.length);
  new Uint32Array(bytes.buffer, 0, 2).set([count, records.hasSub ? HAS_SUB : 0]);
  const values = new Float64Array(bytes.buffer, HEAD, fields.length * count);
  for (const [i, field] of fields.entries()) values.set(records.column(field, from, count), i * count);
  bytes.set(aliases, HEAD + values.byteLength);
  return bytes;
}

/** Takes a page in. Pages come in their order, into records that hold nothing else yet. */
export function restorePage(records: Records, page: number, body: ArrayBuffer): void {
  const from = page * PAGE;
  const [count = 0, flags = 0] = new Uint32Array(body, 0, 2);
  const hasSub = (flags & HAS_SUB) !== 0;
  const values = new Float64Array(body, HEAD, fieldsOf(hasSub).length * count);
  records.restore(from, count, new Uint8Array(body, HEAD + values.byteLength));
  for (let i = 0; i < count; i++)
    records.write(from + i, values[i]!, hasSub ? values[3 * count + i]! : 0, values[count + i]!, values[2 * count + i]!);
}

function fieldsOf(hasSub: boolean): readonly Field[] {
  return hasSub ? ["score", "at", "version", "sub"] : ["score", "at", "version"];
}

/** What a batch did to a slot: another value, a new alias, or none any more. */
export type Change = "changed" | "entered" | "gone";

/** What a batch left in its slots, as bytes: applied again, in order, they say the same. */
export function packChanges(records: Records, changes: ReadonlyMap<number, Change>): Uint8Array<ArrayBuffer> {
  const count = changes.size;
  const { hasSub } = records;
  const width = hasSub ? 4 : 3;
  const named: Uint8Array[] = [];
  let length = 0;
  for (const [slot, change] of changes) {
    if (change !== "entered") continue;
    const alias = records.bytes(slot);
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
      values[i] = records.scoreOf(slot);
      values[count + i] = records.atOf(slot);
      values[2 * count + i] = records.versionOf(slot);
      if (hasSub) values[3 * count + i] = records.subOf(slot);
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

/** Does to records what a batch did. The records are indexed afterwards. */
export function applyChanges(records: Records, body: ArrayBuffer): void {
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
      records.clear(slot);
      continue;
    }
    if ((marked & IS_NAMED) !== 0) {
      const length = bytes[end]!;
      records.place(slot, bytes, end + 1, length);
      end += length + 1;
    }
    records.write(slot, values[i]!, hasSub ? values[3 * count + i]! : 0, values[count + i]!, values[2 * count + i]!);
  }
}
