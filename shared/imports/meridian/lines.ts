import { problem } from "../../problem";
import type { PieceReader } from "../chunk-reader";

/** A workout with a day of route at a point a second is a tenth of that. */
const LONGEST_LINE = 32 * 1024 * 1024;
const NEWLINE = 10;

/** The lines of a file, one after the other. */
export class LineReader {
  readonly #reader: PieceReader;
  readonly #decoder = new TextDecoder();
  #bytes: Uint8Array = new Uint8Array();
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(reader: PieceReader) {
    this.#reader = reader;
  }

  /** The next line without its end, and its length in bytes with it; undefined after the last. Problem `file_unreadable`. */
  async next(): Promise<{ readonly text: string; readonly bytes: number } | undefined> {
    for (;;) {
      const at = this.#bytes.indexOf(NEWLINE);
      if (at >= 0) {
        const line = this.#take(this.#bytes.subarray(0, at));
        this.#bytes = this.#bytes.subarray(at + 1);
        return line;
      }
      this.#keep(this.#bytes);
      const piece = await this.#reader.read();
      this.#bytes = piece ?? new Uint8Array();
      if (piece === undefined) return this.#length === 0 ? undefined : this.#take(new Uint8Array());
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  #keep(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > LONGEST_LINE) throw problem("file_unreadable", "A line of the archive is too long.");
    // A copy: the reader may write over what it has handed out.
    if (bytes.length > 0) this.#parts.push(bytes.slice());
  }

  #take(rest: Uint8Array): { readonly text: string; readonly bytes: number } {
    const bytes = this.#length + rest.length + 1;
    const parts = [...this.#parts, rest];
    const text = parts.map((part) => this.#decoder.decode(part, { stream: true })).join("") + this.#decoder.decode();
    this.#parts = [];
    this.#length = 0;
    return { text, bytes };
  }
}
