import { joined } from "../../bytes";
import { isProblem, problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import type { PieceReader } from "../chunk-reader";
import { FIT } from "../fit/format";
import { GPX } from "../gpx/format";
import type { ImportReader, ImportStep } from "../import-reader";
import type { Tally, TallyState } from "../tally";
import { TCX } from "../tcx/format";
import { type FileSet, filesOf, type SourceFile } from "./files";
import { type FileReading, noWorkouts, type WorkoutFormat } from "./format";
import { Outlet } from "./outlet";

/** Where reading goes on. Plain data. */
export interface WorkoutCheckpoint {
  /** How many files have been read. */
  readonly files: number;
  /** Units of the file after those that have been read. */
  readonly units: number;
  readonly tally: TallyState;
}

export interface WorkoutReaderOptions {
  /** Readings per batch, about. */
  readonly batchSize?: number;
  /** Keep what was read before damage (the default), or throw: the damage may be the transport's, and gone at the next try. */
  readonly tolerant?: boolean;
}

export const WORKOUT_FORMATS: readonly WorkoutFormat[] = [FIT, TCX, GPX];

const BATCH_SIZE = 30_000;
/** A slice of a file that is read at once: bounds what a batch grows to beyond its size. */
const SLICE_BYTES = 64 * 1024;
/** Enough of a document to see its root element. */
const HEAD_BYTES = 64 * 1024;
const NOTHING = new Uint8Array();

interface Open {
  readonly reader: PieceReader;
  readonly reading: FileReading;
  /** Bytes of it that have been read already. */
  rest: Uint8Array;
  /** As unpacked. */
  position: number;
}

/** Reads workout files: one by itself, or all of an archive. Each is read by what it holds, whatever its name says. */
export class WorkoutReader implements ImportReader {
  readonly #source: ByteSource;
  /** The format that a single file must have; undefined for any. */
  readonly #wanted: WorkoutFormat | undefined;
  readonly #outlet: Outlet;
  readonly #batchSize: number;
  readonly #tolerant: boolean;
  readonly #isResumed: boolean;
  #set: FileSet | undefined;
  #index: number;
  #open: Open | undefined;

  constructor(source: ByteSource, wanted: WorkoutFormat | undefined, checkpoint?: WorkoutCheckpoint, options: WorkoutReaderOptions = {}) {
    this.#source = source;
    this.#wanted = wanted;
    this.#outlet = new Outlet(checkpoint?.tally, checkpoint?.units);
    this.#index = checkpoint?.files ?? 0;
    this.#isResumed = checkpoint !== undefined;
    this.#batchSize = options.batchSize ?? BATCH_SIZE;
    this.#tolerant = options.tolerant ?? true;
  }

  get tally(): Tally {
    return this.#outlet.tally;
  }

  async next(): Promise<ImportStep> {
    this.#set ??= await filesOf(this.#source, this.#isResumed ? undefined : this.tally);
    while (this.#outlet.size < this.#batchSize && this.#index < this.#set.files.length) {
      this.#open ??= await this.#start(this.#set.files[this.#index]!);
      if (this.#open !== undefined && (await this.#advance(this.#open))) continue;
      this.#open = undefined;
      this.#index++;
      this.#outlet.reset();
    }
    return this.#step(this.#set.files);
  }

  async cancel(): Promise<void> {
    await this.#open?.reader.cancel();
    this.#open = undefined;
  }

  /** Opens a file and learns what must be known of it; undefined where it cannot be read. */
  async #start(file: SourceFile): Promise<Open | undefined> {
    try {
      const reader = new PeekedReader(await file.open());
      await reader.peek();
      const format = WORKOUT_FORMATS.find((one) => one.looksLike(reader.head));
      this.#require(format);
      const opened = format.open();
      const { survey } = opened;
      if (survey === undefined) return { reader, reading: opened.read(this.#outlet), rest: NOTHING, position: 0 };
      for (let chunk = await reader.read(); chunk !== undefined; chunk = await this.#read(reader, false)) survey.push(chunk);
      survey.end();
      return { reader: await file.open(), reading: opened.read(this.#outlet), rest: NOTHING, position: 0 };
    } catch (error) {
      this.#passOver(error);
      return undefined;
    }
  }

  /** Reads on in a file; false at its end. */
  async #advance(open: Open): Promise<boolean> {
    try {
      if (open.rest.length === 0) {
        const chunk = await this.#read(open.reader);
        if (chunk === undefined) {
          open.reading.finish();
          return false;
        }
        open.rest = chunk;
      }
      const slice = open.rest.subarray(0, SLICE_BYTES);
      open.rest = open.rest.subarray(SLICE_BYTES);
      open.position += slice.length;
      open.reading.push(slice);
      return true;
    } catch (error) {
      await open.reader.cancel();
      this.#passOver(error);
      return false;
    }
  }

  /** The next bytes of a file. Damage ends it, where damage is believed: what came before counts. */
  async #read(reader: PieceReader, tells = true): Promise<Uint8Array | undefined> {
    try {
      return await reader.read();
    } catch (error) {
      if (!this.#tolerant || !isProblem(error)) throw error;
      if (tells) this.#outlet.warn("damaged", error.detail ?? error.message);
      return undefined;
    }
  }

  /** A single file that cannot be read is an error; one of an archive is left out. */
  #passOver(error: unknown): void {
    if (!isProblem(error) || this.#set?.isArchive !== true || !this.#tolerant) throw error;
    this.#outlet.warn("file_unreadable", "Files in the archive that could not be read were left out.");
  }

  #require(format: WorkoutFormat | undefined): asserts format is WorkoutFormat {
    const isWanted = this.#wanted === undefined || this.#set?.isArchive === true || this.#wanted === format;
    if (format !== undefined && isWanted) return;
    throw problem("file_unreadable", noWorkouts(this.#wanted === undefined ? WORKOUT_FORMATS : [this.#wanted]));
  }

  #step(files: readonly SourceFile[]): ImportStep {
    const [index, units] = [this.#index, this.#outlet.units];
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const before = files.slice(0, index).reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      batch: this.#outlet.take(),
      credits: this.tally.takeCredits(),
      checkpoint: (): WorkoutCheckpoint => ({ files: index, units, tally: this.tally.state }),
      done: Math.min(total, before + Math.min(files[index]?.bytes ?? 0, this.#open?.position ?? 0)),
      total,
      finished: index >= files.length,
    };
  }
}

/** A reader whose beginning has been looked at and is still to be read. */
class PeekedReader implements PieceReader {
  head: Uint8Array = NOTHING;
  readonly #inner: PieceReader;
  #isHeadRead = false;
  #hasEnded = false;

  constructor(inner: PieceReader) {
    this.#inner = inner;
  }

  /** Reads as much as tells what the file is. */
  async peek(): Promise<void> {
    const parts: Uint8Array[] = [];
    for (let length = 0; length < HEAD_BYTES;) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      parts.push(chunk.slice());
      length += chunk.length;
    }
    this.head = joined(parts);
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#isHeadRead) return await this.#next();
    this.#isHeadRead = true;
    return this.head;
  }

  cancel(): Promise<void> {
    return this.#inner.cancel();
  }

  /** A reader that has ended is not asked again. */
  async #next(): Promise<Uint8Array | undefined> {
    const chunk = this.#hasEnded ? undefined : await this.#inner.read();
    this.#hasEnded = chunk === undefined;
    return chunk;
  }
}
