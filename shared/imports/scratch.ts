import type { ByteSource } from "./byte-source";
import type { PieceReader } from "./chunk-reader";

/** A place for what a packed file holds, while it is read here and there instead of from beginning to end. It ends with the import. */
export interface Scratch {
  /** What was kept before; undefined where nothing was, or not to its end. */
  kept(): Promise<ByteSource | undefined>;
  /** Keeps everything that the reader gives. Memory is bounded by one part, whatever the length. */
  keep(reader: PieceReader): Promise<ByteSource>;
}
