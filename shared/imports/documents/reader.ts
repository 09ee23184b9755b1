import { isProblem, problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import type { CsvMapping } from "../csv/mapping";
import type { ImportReader, ImportStep } from "../import-reader";
import type { Head } from "../look";
import { Tally, type TallyState } from "../tally";
import { type Document, openDocuments } from "./document";
import { Emitter } from "./emitter";

/** What a format knows of the file and its person. */
export interface FormatContext {
  readonly emit: Emitter;
  /** The person's IANA zone, for wall clocks without an offset. */
  readonly zone: string;
  readonly mapping: CsvMapping | undefined;
  /** Nothing is stored: what is doubtful may be guessed and said. */
  readonly isDry: boolean;
  /** Whether a document of the file has a name like that. */
  has(name: RegExp): boolean;
  /** Says how the columns of a table are read. */
  columns(mapping: CsvMapping): void;
}

/** One form of document. */
export interface Format {
  readonly name: string;
  /** Whether a document has this form, by its name and beginning. */
  recognise(head: Head): boolean;
  /**
   * Reads a document from its beginning and yields after each record: there reading may be left, and taken up by passing over as many.
   * Throws `file_unreadable` for a document that is not what it looked like.
   */
  read(document: Document, context: FormatContext): AsyncGenerator<void, void>;
}

/** Where reading goes on. Plain data. */
export interface DocumentsCheckpoint {
  /** Documents that have been read. */
  readonly documents: number;
  /** Records of the next one that have been read. */
  readonly records: number;
  /** Documents that brought something. */
  readonly known: number;
  readonly tally: TallyState;
}

export interface DocumentsOptions {
  readonly fileName: string;
  readonly zone: string;
  readonly mapping?: CsvMapping | undefined;
  readonly isDry: boolean;
  readonly batchSize?: number;
  /** Read on after a document that is damaged. */
  readonly tolerant?: boolean;
  /** What to say where nothing in the file is of a known form. */
  readonly nothing: string;
}

const BATCH_SIZE = 20_000;
/** A reader that finds little still lets go from time to time. */
const RECORDS_AT_ONCE = 200_000;

/** Reads every document of a file that has one of some forms. */
export class DocumentsReader implements ImportReader {
  readonly tally: Tally;
  columns: CsvMapping | undefined;
  readonly #source: ByteSource;
  readonly #formats: readonly Format[];
  readonly #options: DocumentsOptions;
  readonly #emit: Emitter;
  #documents: readonly Document[] | undefined;
  #done: number;
  #records: number;
  #known: number;
  #running: AsyncGenerator<void, void> | undefined;
  /** What was asked about names: a file may have tens of thousands. */
  readonly #asked = new Map<string, boolean>();

  constructor(source: ByteSource, formats: readonly Format[], checkpoint: DocumentsCheckpoint | undefined, options: DocumentsOptions) {
    this.#source = source;
    this.#formats = formats;
    this.#options = options;
    this.tally = new Tally(checkpoint?.tally);
    this.#emit = new Emitter(this.tally);
    this.#done = checkpoint?.documents ?? 0;
    this.#records = checkpoint?.records ?? 0;
    this.#known = checkpoint?.known ?? 0;
  }

  async next(): Promise<ImportStep> {
    const documents = (this.#documents ??= await this.#open());
    const most = this.#options.batchSize ?? BATCH_SIZE;
    let read = 0;
    while (this.#done < documents.length && this.#emit.size < most && read < RECORDS_AT_ONCE) {
      const running = (this.#running ??= await this.#begin(documents[this.#done]!));
      if (running !== undefined && !(await this.#advance(running))) {
        this.#records++;
        read++;
        continue;
      }
      this.#running = undefined;
      this.#done++;
      this.#records = 0;
      read++;
    }
    const isEnd = this.#done >= documents.length;
    if (isEnd && this.#known === 0) throw problem("file_unreadable", this.#options.nothing);
    if (isEnd) this.#requireSomething();
    return this.#step(documents);
  }

  /** A file of which everything was rejected is refused as a whole: nothing of it was stored. */
  #requireSomething(): void {
    const { byType, warnings } = this.tally.state;
    const counts = Object.values(byType);
    if (counts.length === 0 || counts.some(({ read, rejected }) => read > rejected)) return;
    const why = warnings.find(({ code }) => code !== "not_mapped");
    throw problem("file_unreadable", `Nothing in the file can be used. ${why?.detail ?? ""}`.trim());
  }

  async cancel(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.return();
  }

  async #open(): Promise<readonly Document[]> {
    const { list, unsafe } = await openDocuments(this.#source, this.#options.fileName);
    if (this.#done === 0 && this.#records === 0 && unsafe > 0)
      this.tally.warn("unsafe_name", "Files whose names lead out of the archive were left out.", unsafe);
    return list;
  }

  /** Opens a document and passes over what has been read of it; undefined where it has no known form. */
  async #begin(document: Document): Promise<AsyncGenerator<void, void> | undefined> {
    const head = await this.#headOf(document);
    const format = head === undefined ? undefined : this.#formats.find((one) => one.recognise(head));
    if (format === undefined) {
      this.tally.warn("not_mapped", `Documents of a form that is not read: ${folderOf(document.name)}`);
      return undefined;
    }
    if (this.#records === 0) this.#known++;
    const running = format.read(document, {
      emit: this.#emit,
      zone: this.#options.zone,
      mapping: this.#options.mapping,
      isDry: this.#options.isDry,
      has: (name) => this.#has(name),
      columns: (mapping) => {
        this.columns = mapping;
      },
    });
    this.#emit.isMuted = true;
    try {
      for (let passed = 0; passed < this.#records; passed++) {
        if ((await running.next()).done === true) throw problem("file_unreadable", "The file has changed since the import began.");
      }
    } finally {
      this.#emit.isMuted = false;
    }
    return running;
  }

  #has(pattern: RegExp): boolean {
    let known = this.#asked.get(pattern.source);
    if (known === undefined) {
      known = this.#documents?.some(({ name }) => pattern.test(name)) ?? false;
      this.#asked.set(pattern.source, known);
    }
    return known;
  }

  async #headOf(document: Document): Promise<Head | undefined> {
    try {
      return await document.head();
    } catch (error) {
      this.#damage(error);
      return undefined;
    }
  }

  /** Reads one record; true where the document has ended. */
  async #advance(running: AsyncGenerator<void, void>): Promise<boolean> {
    try {
      return (await running.next()).done === true;
    } catch (error) {
      this.#damage(error);
      return true;
    }
  }

  /** One bad document of many is a warning; where there is no other it is the file's. */
  #damage(error: unknown): void {
    if (!isProblem(error) || error.code !== "file_unreadable") throw error;
    if ((this.#documents?.length ?? 1) <= 1 && this.#records === 0) throw error;
    if (this.#options.tolerant === false) throw error;
    this.tally.warn("damaged", error.detail ?? error.message);
  }

  #step(documents: readonly Document[]): ImportStep {
    const [done, records, known] = [this.#done, this.#records, this.#known];
    const total = documents.reduce((sum, { size }) => sum + size, 0);
    return {
      batch: this.#emit.take(),
      credits: this.tally.takeCredits(),
      checkpoint: () => ({ documents: done, records, known, tally: this.tally.state }) satisfies DocumentsCheckpoint,
      done: documents.slice(0, done).reduce((sum, { size }) => sum + size, 0),
      total,
      finished: done >= documents.length,
    };
  }
}

function folderOf(name: string): string {
  const at = name.lastIndexOf("/");
  // Names of files may hold names of people; folders are the vendor's.
  return at < 0 ? "the file itself" : name.slice(0, at).split("/").slice(-2).join("/").slice(0, 80);
}
