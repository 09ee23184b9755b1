import { DoctypeSkipper } from "./doctype";
import { Tag } from "./tag";
import type { Vocabulary } from "./vocabulary";

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const DASH = 0x2d;
const BRACKET_CLOSE = 0x5d;
const FIRST_CAPACITY = 1 << 18;
/** Longer tags do not occur in any format read here; a quote that never closes must not fill the memory. */
const LONGEST_TOKEN = 1 << 20;
const INCOMPLETE = -1;
const encoder = new TextEncoder();
const COMMENT_OPEN = encoder.encode("<!--");
const CDATA_OPEN = encoder.encode("<![CDATA[");
const COMMENT_CLOSE = [DASH, DASH, GT] as const;
const CDATA_CLOSE = [BRACKET_CLOSE, BRACKET_CLOSE, GT] as const;
const INSTRUCTION_CLOSE = [QUESTION, GT] as const;

export interface XmlHandler {
  open(tag: Tag): void;
  /** `element` is an id of the vocabulary, or -1; self-closing tags have no close of their own. */
  close(element: number): void;
  /** Raw character data between two tags; leave it out where text does not matter. */
  text?(bytes: Uint8Array, start: number, end: number): void;
}

/**
 * A forgiving, non-validating scanner of XML over chunks of UTF-8. It finds start tags, end tags and text by bytes, without making a
 * string: comments, CDATA, processing instructions and the DTD are passed over, no entity is expanded, nothing is fetched. A broken
 * tag is counted and left out, and scanning goes on at the next `<`.
 */
export class XmlScanner {
  /** Broken tags passed over so far. */
  malformed = 0;
  readonly #elements: Vocabulary;
  readonly #attributes: Vocabulary;
  readonly #handler: XmlHandler;
  readonly #tag: Tag;
  #buffer = new Uint8Array(FIRST_CAPACITY);
  #from = 0;
  #to = 0;
  /** Absolute position of the buffer's first byte. */
  #base: number;
  /** The end of what is being passed over: a comment, CDATA or an instruction. */
  #until: readonly number[] | undefined;
  #doctype: DoctypeSkipper | undefined;
  /** Absolute position of what is being passed over. */
  #passedFrom = 0;

  /** `position` is where the first chunk lies in the document, when reading goes on in the middle. */
  constructor(elements: Vocabulary, attributes: Vocabulary, handler: XmlHandler, position = 0) {
    this.#elements = elements;
    this.#attributes = attributes;
    this.#handler = handler;
    this.#tag = new Tag(attributes.names.length);
    this.#base = position;
  }

  /** Where scanning can begin anew without losing or repeating anything: before a comment or the like that is still open. */
  get position(): number {
    return this.#isPassing ? this.#passedFrom : this.#base + this.#from;
  }

  get #isPassing(): boolean {
    return this.#until !== undefined || this.#doctype !== undefined;
  }

  push(chunk: Uint8Array): void {
    this.#append(chunk);
    this.#scan();
  }

  /** Ends the document. True where it stops in the middle of a tag, a comment or the like. */
  end(): boolean {
    return this.#from < this.#to || this.#isPassing;
  }

  #append(chunk: Uint8Array): void {
    const kept = this.#to - this.#from;
    if (this.#to + chunk.length > this.#buffer.length) {
      const needed = kept + chunk.length;
      const target = needed > this.#buffer.length ? new Uint8Array(Math.max(needed, this.#buffer.length * 2)) : this.#buffer;
      target.set(this.#buffer.subarray(this.#from, this.#to));
      this.#buffer = target;
      this.#base += this.#from;
      this.#from = 0;
      this.#to = kept;
    }
    this.#buffer.set(chunk, this.#to);
    this.#to += chunk.length;
  }

  #scan(): void {
    const bytes = this.#buffer;
    const end = this.#to;
    const wantsText = this.#handler.text !== undefined;
    let i = this.#from;
    for (;;) {
      if (this.#isPassing) {
        i = this.#pass(bytes, i, end);
        if (this.#isPassing) break;
      }
      let j = i;
      while (j < end && bytes[j] !== LT) j++;
      if (j > i && wantsText) {
        if (j === end && end - i < LONGEST_TOKEN) break;
        this.#handler.text!(bytes, i, j);
      }
      i = j;
      if (i + 1 >= end) break;
      const next = this.#markup(bytes, i, end);
      if (next === INCOMPLETE) {
        if (end - i < LONGEST_TOKEN) break;
        this.malformed++;
        i++;
      } else i = next;
    }
    this.#from = i;
  }

  /** Reads what begins at the `<` of `bytes[i]`; answers where to go on, or INCOMPLETE. */
  #markup(bytes: Uint8Array, i: number, end: number): number {
    const second = bytes[i + 1]!;
    this.#passedFrom = this.#base + i;
    if (second === SLASH) {
      let j = i + 2;
      while (j < end && bytes[j] !== GT) j++;
      if (j === end) return INCOMPLETE;
      let nameEnd = j;
      while (nameEnd > i + 2 && isSpace(bytes[nameEnd - 1]!)) nameEnd--;
      this.#handler.close(this.#elements.find(bytes, i + 2, nameEnd));
      return j + 1;
    }
    if (second === QUESTION) {
      this.#until = INSTRUCTION_CLOSE;
      return i + 2;
    }
    if (second === BANG) return this.#declaration(bytes, i, end);
    return this.#startTag(bytes, i, end);
  }

  #declaration(bytes: Uint8Array, i: number, end: number): number {
    const comment = begins(bytes, i, end, COMMENT_OPEN);
    if (comment === "yes") {
      this.#until = COMMENT_CLOSE;
      return i + COMMENT_OPEN.length;
    }
    const cdata = begins(bytes, i, end, CDATA_OPEN);
    if (cdata === "yes") {
      this.#until = CDATA_CLOSE;
      return i + CDATA_OPEN.length;
    }
    if (comment === "perhaps" || cdata === "perhaps") return INCOMPLETE;
    this.#doctype = new DoctypeSkipper();
    return i + 2;
  }

  /** Passes over the open comment, CDATA section, instruction or DTD. */
  #pass(bytes: Uint8Array, i: number, end: number): number {
    if (this.#doctype !== undefined) {
      const next = this.#doctype.skip(bytes, i, end);
      if (this.#doctype.done) this.#doctype = undefined;
      return next;
    }
    const until = this.#until!;
    const last = until.length - 1;
    for (let j = i; j + last < end; j++) {
      if (bytes[j + last] !== GT || bytes[j] !== until[0] || bytes[j + last - 1] !== until[last - 1]) continue;
      this.#until = undefined;
      return j + until.length;
    }
    return Math.max(i, end - last);
  }

  #startTag(bytes: Uint8Array, start: number, end: number): number {
    let i = start + 1;
    while (i < end && !endsName(bytes[i]!)) i++;
    if (i >= end) return INCOMPLETE;
    if (i === start + 1) return this.#broken(start + 1);
    const tag = this.#tag;
    tag.begin();
    tag.bytes = bytes;
    tag.element = this.#elements.find(bytes, start + 1, i);
    tag.offset = this.#base + start;
    tag.selfClosing = false;
    for (;;) {
      while (i < end && isSpace(bytes[i]!)) i++;
      if (i >= end) return INCOMPLETE;
      const c = bytes[i]!;
      if (c === GT) break;
      if (c === SLASH) {
        if (i + 1 >= end) return INCOMPLETE;
        if (bytes[i + 1] !== GT) return this.#broken(i + 1);
        tag.selfClosing = true;
        i++;
        break;
      }
      const nameStart = i;
      while (i < end && !endsName(bytes[i]!)) i++;
      const nameEnd = i;
      while (i < end && isSpace(bytes[i]!)) i++;
      if (i >= end) return INCOMPLETE;
      if (bytes[i] !== EQUALS || nameEnd === nameStart) return this.#broken(i);
      i++;
      while (i < end && isSpace(bytes[i]!)) i++;
      if (i >= end) return INCOMPLETE;
      const quote = bytes[i]!;
      if (quote !== QUOTE && quote !== APOSTROPHE) return this.#broken(i);
      const valueStart = ++i;
      let b = 0;
      while (i < end && (b = bytes[i]!) !== quote && b !== LT) i++;
      if (i >= end) return INCOMPLETE;
      if (b === LT) return this.#broken(i);
      const attribute = this.#attributes.find(bytes, nameStart, nameEnd);
      if (attribute >= 0) tag.set(attribute, valueStart, i);
      i++;
    }
    this.#handler.open(tag);
    return i + 1;
  }

  #broken(at: number): number {
    this.malformed++;
    return at;
  }
}

function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

function endsName(c: number): boolean {
  return c <= 0x20 || c === EQUALS || c === GT || c === SLASH || c === LT || c === QUOTE || c === APOSTROPHE;
}

/** Whether `bytes[i, end)` begins with a marker, or may do so once there are more bytes. */
function begins(bytes: Uint8Array, i: number, end: number, marker: Uint8Array): "yes" | "perhaps" | "no" {
  const length = Math.min(marker.length, end - i);
  for (let k = 0; k < length; k++) {
    if (bytes[i + k] !== marker[k]) return "no";
  }
  return length === marker.length ? "yes" : "perhaps";
}
