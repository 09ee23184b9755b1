import type { Records } from "./records";

/** Fewer entries are compared with each other. */
const FEW = 2_000;
const DIGITS = 65_536;

/** The slots in use in the order of their entries, sorted by digits of sixteen bits, the least important column first. */
export function sorted(records: Records): Uint32Array {
  const used = new Uint32Array(records.size);
  let count = 0;
  for (let slot = 0; slot < records.slots; slot++) if (records.has(slot)) used[count++] = slot;
  if (count < FEW) return used.sort((a, b) => compare(records, a, b));
  const [score, at] = [records.column("score"), records.column("at")];
  const spare = new Uint32Array(count);
  let slots = byDigits(used, spare, at);
  if (records.hasSub) slots = byDigits(slots, slots === used ? spare : used, records.column("sub"));
  slots = byDigits(slots, slots === used ? spare : used, score);
  const isSame = (a: number, b: number) => score[a] === score[b] && at[a] === at[b] && records.subOf(a) === records.subOf(b);
  for (let from = 0; from < count;) {
    let to = from + 1;
    while (to < count && isSame(slots[from]!, slots[to]!)) to++;
    if (to - from > 1) slots.subarray(from, to).sort((a, b) => records.compare(a, b));
    from = to;
  }
  return slots;
}

/** Sorts by one column and keeps the order of equals; returns whichever of the two arrays holds the result. */
function byDigits(
  slots: Uint32Array<ArrayBuffer>,
  spare: Uint32Array<ArrayBuffer>,
  column: Float64Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  const halves = new Uint32Array(column.buffer, 0, column.length * 2);
  const counts = new Uint32Array(4 * DIGITS);
  for (const slot of slots) {
    const sign = halves[2 * slot + 1]! >>> 31;
    const low = sign === 0 ? halves[2 * slot]! : ~halves[2 * slot]!;
    const high = sign === 0 ? halves[2 * slot + 1]! ^ 0x80000000 : ~halves[2 * slot + 1]!;
    counts[low & 0xffff]!++;
    counts[DIGITS + (low >>> 16)]!++;
    counts[2 * DIGITS + (high & 0xffff)]!++;
    counts[3 * DIGITS + (high >>> 16)]!++;
  }
  let [from, into] = [slots, spare];
  for (let digit = 0; digit < 4; digit++) {
    const places = counts.subarray(digit * DIGITS, (digit + 1) * DIGITS);
    if (places.includes(slots.length)) continue;
    for (let d = 0, sum = 0; d < DIGITS; d++) {
      const here = places[d]!;
      places[d] = sum;
      sum += here;
    }
    const half = digit >>> 1;
    const shift = (digit & 1) * 16;
    for (let i = 0; i < from.length; i++) {
      const slot = from[i]!;
      const top = halves[2 * slot + 1]!;
      let bits = halves[2 * slot + half]!;
      if (top >>> 31 === 1) bits = ~bits;
      else if (half === 1) bits ^= 0x80000000;
      into[places[(bits >>> shift) & 0xffff]!++] = slot;
    }
    [from, into] = [into, from];
  }
  return from;
}

function compare(records: Records, a: number, b: number): number {
  return (
    records.scoreOf(a) - records.scoreOf(b) ||
    records.subOf(a) - records.subOf(b) ||
    records.atOf(a) - records.atOf(b) ||
    records.compare(a, b)
  );
}
