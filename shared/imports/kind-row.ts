import type { ByteSource } from "./byte-source";
import type { CsvMapping } from "./csv/mapping";
import type { ImportReader } from "./import-reader";
import type { Look } from "./look";
import type { Scratch } from "./scratch";

export interface OpenOptions {
  /** Keep what was read before damage in the file, instead of failing. */
  readonly tolerant: boolean;
  /** The file's own name, where it was told. */
  readonly fileName: string;
  /** The person's IANA zone, for wall clocks that tell none. */
  readonly zone: string;
  /** Id of the person's Patient resource, to which what a file tells of them leads. */
  readonly patient: string;
  /** Nothing is stored: what is doubtful may be guessed and said. */
  readonly isDry: boolean;
  /** How the columns of a table are to be read, as the person has said. */
  readonly mapping?: CsvMapping | undefined;
  /** Room for what a packed file holds; absent where there is none. */
  readonly scratch?: Scratch | undefined;
}

/** One kind of file. Adding one is adding a row. */
export interface KindRow {
  readonly kind: string;
  /** What people call such a file. */
  readonly title: string;
  /** Whether a file is of this kind, as far as its look tells. Rows are asked in their order, so the most telling come first. */
  recognise(look: Look): boolean;
  /** What is wrong with a file that somebody says is of this kind, told from its first bytes; undefined where it may be one. */
  refuse?(head: Uint8Array): string | undefined;
  /** Opens a file at its beginning, or where a checkpoint of the same kind left off. */
  open(source: ByteSource, checkpoint: unknown, options: OpenOptions): ImportReader;
}
