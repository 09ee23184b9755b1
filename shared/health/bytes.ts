/** A growing byte buffer with variable-length integers (LEB128) and zigzag for signed ones. Numbers stay exact below 2^53. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** A non-negative integer. */
  varint(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A signed integer. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  bytes(value: Uint8Array): void {
    if (this.#length + value.length > this.#bytes.length) this.#grow(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** The bytes written so far, in a buffer of exactly their size. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(needed: number): void {
    const wide = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + needed));
    wide.set(this.#bytes);
    this.#bytes = wide;
  }
}

/** Reads what `ByteWriter` wrote. Throws a RangeError where the bytes end too early. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new RangeError("the bytes end too early");
    return value;
  }

  varint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (;;) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
      scale *= 0x80;
    }
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /**
   * Fills a column with the running sums of signed integers, each divided by `divisor`. A day at 1 Hz has 86,400 of them, nearly all of
   * one byte, so the loop keeps its state in locals. It does not divide: most columns have no decimals.
   */
  runningSums(into: Float64Array, divisor: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let sum = 0;
    for (let i = 0; i < into.length; i++) {
      const first = bytes[at];
      if (first !== undefined && first < 0x80) {
        at++;
        sum += (first >>> 1) ^ -(first & 1);
      } else {
        this.#at = at;
        sum += this.zigzag();
        at = this.#at;
      }
      into[i] = sum;
    }
    this.#at = at;
    if (divisor !== 1) for (let i = 0; i < into.length; i++) into[i]! /= divisor;
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("the bytes end too early");
    const value = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return value;
  }
}
