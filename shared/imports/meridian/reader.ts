import type { ByteSource } from "../byte-source";
import type { ImportReader, ImportStep } from "../import-reader";
import { Tally, type TallyState } from "../tally";
import { type MeridianArchive, type MeridianFile, openArchive, openFile, proveFile } from "./archive";
import { LineReader } from "./lines";
import { LineMapper, READ_ORDER, type ReadKind } from "./mapper";

/** Where reading goes on. Plain data. */
export interface MeridianCheckpoint {
  /** How many files have been proven, and read. */
  readonly proven: number;
  readonly read: number;
  /** Lines of the file after those that have been read. */
  readonly lines: number;
  readonly tally: TallyState;
}

export interface MeridianReaderOptions {
  /** Readings per batch, about. */
  readonly batchSize?: number;
}

const BATCH_SIZE = 20_000;

/**
 * Reads an export of Meridian. Every file is compared with the manifest before the first line is stored, so that an archive which was
 * damaged or altered changes nothing; then the files are read in the order in which their content depends on each other.
 */
export class MeridianReader implements ImportReader {
  readonly tally: Tally;
  readonly #source: ByteSource;
  readonly #batchSize: number;
  readonly #mapper: LineMapper;
  #archive: MeridianArchive | undefined;
  #files: readonly MeridianFile[] = [];
  #lines: LineReader | undefined;
  #proven: number;
  #read: number;
  #linesRead: number;
  #bytes = 0;

  constructor(source: ByteSource, checkpoint?: MeridianCheckpoint, options: MeridianReaderOptions = {}) {
    this.#source = source;
    this.#batchSize = options.batchSize ?? BATCH_SIZE;
    this.tally = new Tally(checkpoint?.tally);
    this.#mapper = new LineMapper(this.tally);
    this.#proven = checkpoint?.proven ?? 0;
    this.#read = checkpoint?.read ?? 0;
    this.#linesRead = checkpoint?.lines ?? 0;
  }

  async next(): Promise<ImportStep> {
    if (this.#archive === undefined) await this.#open();
    const unproven = this.#files[this.#proven];
    if (unproven !== undefined) {
      await proveFile(this.#source, unproven);
      this.#proven++;
      return this.#step(false);
    }
    const isFirst = this.#read === 0;
    while (this.#mapper.size < this.#batchSize && this.#read < this.#files.length) {
      // Summaries are stored before the readings of their step, and must find those that they summarise.
      if (this.#files[this.#read]?.kind === "hours" && this.#linesRead === 0 && this.#mapper.size > 0) break;
      await this.#readFile();
    }
    return this.#step(isFirst);
  }

  async cancel(): Promise<void> {
    await this.#lines?.cancel();
    this.#lines = undefined;
  }

  async #open(): Promise<void> {
    this.#archive = await openArchive(this.#source);
    const order = (file: MeridianFile) => READ_ORDER.indexOf(file.kind as ReadKind);
    this.#files = this.#archive.files.filter((file) => order(file) >= 0).toSorted((a, b) => order(a) - order(b));
    // Sources are named by everything else, so they are read whenever reading begins or goes on.
    for (const file of this.#files.filter(({ kind }) => kind === "sources")) {
      await proveFile(this.#source, file);
      const lines = new LineReader(await openFile(this.#source, file));
      for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
        if (!this.#mapper.source(jsonOf(line.text))) this.tally.warn("unreadable_line", "sources");
      }
    }
  }

  /** Reads lines of the file that is next, until it ends or the batch is full. */
  async #readFile(): Promise<void> {
    const file = this.#files[this.#read]!;
    this.#lines ??= await this.#reopen(file);
    while (this.#mapper.size < this.#batchSize) {
      const line = await this.#lines.next();
      if (line === undefined) {
        this.#lines = undefined;
        this.#read++;
        this.#linesRead = 0;
        this.#bytes = 0;
        return;
      }
      this.#linesRead++;
      this.#bytes += line.bytes;
      this.#mapper.line(file.kind as ReadKind, line.text);
    }
  }

  /** Opens a file where it was left: what comes before is inflated again and passed over. */
  async #reopen(file: MeridianFile): Promise<LineReader> {
    const lines = new LineReader(await openFile(this.#source, file));
    this.#bytes = 0;
    for (let passed = 0; passed < this.#linesRead; passed++) this.#bytes += (await lines.next())?.bytes ?? 0;
    return lines;
  }

  #step(withSources: boolean): ImportStep {
    const { batch, restore, labs } = this.#mapper.take(withSources);
    const [proven, read, lines] = [this.#proven, this.#read, this.#linesRead];
    const sizes = this.#files.map(({ bytes }) => bytes);
    const before = (n: number) => sizes.slice(0, n).reduce((sum, bytes) => sum + bytes, 0);
    return {
      batch,
      ...(restore !== undefined && { restore }),
      ...(labs !== undefined && { labs }),
      credits: this.tally.takeCredits(),
      checkpoint: () => ({ proven, read, lines, tally: this.tally.state }) satisfies MeridianCheckpoint,
      done: before(proven) + before(read) + this.#bytes,
      total: 2 * before(sizes.length),
      finished: proven === sizes.length && read === sizes.length,
    };
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
