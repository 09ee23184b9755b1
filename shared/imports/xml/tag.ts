import { decodeText } from "./text";

/**
 * The start tag that a scanner stands on. One instance is reused for every tag, and its bytes are overwritten: take what you need
 * before you return.
 */
export class Tag {
  bytes: Uint8Array = new Uint8Array();
  /** Id of the element in the vocabulary, or -1. */
  element = -1;
  selfClosing = false;
  /** Absolute position of the tag's `<` in the document. */
  offset = 0;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #seen: Int32Array;
  #turn = 0;

  constructor(attributes: number) {
    this.#starts = new Int32Array(attributes);
    this.#ends = new Int32Array(attributes);
    this.#seen = new Int32Array(attributes);
  }

  /** Forgets the attributes of the tag before. */
  begin(): void {
    this.#turn = (this.#turn + 1) | 0;
  }

  set(attribute: number, start: number, end: number): void {
    this.#starts[attribute] = start;
    this.#ends[attribute] = end;
    this.#seen[attribute] = this.#turn;
  }

  has(attribute: number): boolean {
    return this.#seen[attribute] === this.#turn;
  }

  /** Where the raw value begins; only for attributes that the tag has. */
  start(attribute: number): number {
    return this.#starts[attribute]!;
  }

  end(attribute: number): number {
    return this.#ends[attribute]!;
  }

  /** The decoded value, or undefined where the tag has no such attribute. */
  text(attribute: number): string | undefined {
    return this.has(attribute) ? decodeText(this.bytes, this.#starts[attribute]!, this.#ends[attribute]!) : undefined;
  }
}
