import { problem } from "../../problem";

/** The largest value that is read at once. A payload of a month at one value a second takes some 20 MB. */
const LONGEST_VALUE = 48 * 1024 * 1024;

/**
 * The values of a JSON document, one after the other: the elements of a top-level array, each value of a file of JSON lines, or the one
 * value that there is. Memory is bounded by the largest of them. Problem `file_unreadable` for what is no JSON.
 */
export async function* jsonItems(text: AsyncIterable<string>): AsyncGenerator<unknown, void> {
  const splitter = new JsonSplitter();
  for await (const piece of text) for (const item of splitter.push(piece)) yield item;
  for (const item of splitter.finish()) yield item;
}

const SPACE = /^[\s\u{feff}]*$/u;

/** Cuts JSON text into its top-level values; an array at the top is opened. */
class JsonSplitter {
  /** Unfinished text of the value that is being read. */
  #parts: string[] = [];
  #length = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Whether the document is an array, and whether it has ended. */
  #isArray: boolean | undefined;
  #closed = false;

  push(piece: string): unknown[] {
    const items: unknown[] = [];
    let from = 0;
    for (let i = 0; i < piece.length; i++) {
      const code = piece.charCodeAt(i);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === 0x5c) this.#escaped = true;
        else if (code === 0x22) this.#inString = false;
        continue;
      }
      if (this.#isArray === undefined) {
        if (code <= 0x20 || code === 0xfeff) continue;
        this.#isArray = code === 0x5b;
        from = this.#isArray ? i + 1 : i;
        if (this.#isArray) continue;
      }
      if (code === 0x22) this.#inString = true;
      else if (code === 0x7b || code === 0x5b) this.#depth++;
      else if (code === 0x7d || code === 0x5d) {
        this.#depth--;
        if (this.#depth < 0) {
          if (this.#isArray !== true || this.#closed || code !== 0x5d) throw broken();
          this.#take(piece.slice(from, i), items);
          from = i + 1;
          this.#closed = true;
          this.#depth = 0;
        } else if (this.#depth === 0 && this.#isArray !== true) {
          this.#take(piece.slice(from, i + 1), items);
          from = i + 1;
        }
      } else if (code === 0x2c && this.#depth === 0 && this.#isArray === true) {
        this.#take(piece.slice(from, i), items, true);
        from = i + 1;
      }
    }
    if (from < piece.length && this.#isArray !== undefined) this.#keep(piece.slice(from));
    return items;
  }

  finish(): unknown[] {
    if (this.#isArray === undefined) throw broken();
    if (this.#isArray && !this.#closed) throw problem("file_unreadable", "The JSON document was cut off.");
    const items: unknown[] = [];
    this.#take("", items);
    return items;
  }

  #take(rest: string, items: unknown[], isNeeded = false): void {
    this.#keep(rest);
    const text = this.#parts.join("");
    this.#parts = [];
    this.#length = 0;
    if (SPACE.test(text)) {
      if (isNeeded) throw broken();
      return;
    }
    if (this.#closed) throw broken();
    try {
      items.push(JSON.parse(text));
    } catch {
      throw broken();
    }
  }

  #keep(text: string): void {
    this.#length += text.length;
    if (this.#length > LONGEST_VALUE) throw problem("file_unreadable", "A value of the JSON document is too large.");
    if (text !== "") this.#parts.push(text);
  }
}

function broken() {
  return problem("file_unreadable", "The document is no valid JSON.");
}
