import { isProblem, problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { ChunkReader, type PieceReader, readAll } from "../chunk-reader";
import type { ImportReader, ImportStep } from "../import-reader";
import type { Tally } from "../tally";
import { listZip } from "../zip/directory";
import type { ZipEntry } from "../zip/entry";
import { openEntry } from "../zip/open";
import { ECG_LIMITS, type ExportArchive, findExport, MAIN_LIMITS, ROUTE_LIMITS, RootFinder, routeKey } from "./archive";
import { addElectrocardiogram, parseElectrocardiogram } from "./ecg";
import { ExportParser, type ParserState } from "./export-parser";
import { RouteParser } from "./route";
import { E } from "./vocabulary";
import type { RoutedWorkout, RoutePoint } from "./workout";

/** Where reading goes on. Plain data. */
export interface ExportCheckpoint {
  readonly parser: ParserState;
  /** The document has been read to its end. */
  readonly documentDone: boolean;
  /** How many electrocardiograms have been read. */
  readonly electrocardiograms: number;
}

export interface ExportReaderOptions {
  /** Readings per batch, about. */
  readonly batchSize?: number;
  /** Keep what was read before damage (the default), or throw: the damage may be the transport's, and gone at the next try. */
  readonly tolerant?: boolean;
}

const BATCH_SIZE = 30_000;
/** Route points weigh more than readings: about 80 bytes each. */
const POINTS_PER_READING = 4;
const ECG_WEIGHT = 1_000;
const ZIP_MAGIC = 0x04034b50;
const ZIP_EMPTY = 0x06054b50;

/** Reads an Apple Health export, as the archive that the phone makes or as the bare XML document. */
export class ExportReader implements ImportReader {
  readonly #source: ByteSource;
  readonly #parser: ExportParser;
  readonly #batchSize: number;
  readonly #tolerant: boolean;
  #archive: ExportArchive | undefined;
  #document: PieceReader | undefined;
  #opened = false;
  #documentDone: boolean;
  #ecgDone: number;
  #position: number;
  #weight = 0;
  #waiting: RoutedWorkout[] = [];

  constructor(source: ByteSource, checkpoint?: ExportCheckpoint, options: ExportReaderOptions = {}) {
    this.#source = source;
    this.#parser = new ExportParser(checkpoint?.parser);
    this.#position = checkpoint?.parser.position ?? 0;
    this.#documentDone = checkpoint?.documentDone ?? false;
    this.#ecgDone = checkpoint?.electrocardiograms ?? 0;
    this.#batchSize = options.batchSize ?? BATCH_SIZE;
    this.#tolerant = options.tolerant ?? true;
  }

  get tally(): Tally {
    return this.#parser.tally;
  }

  async next(): Promise<ImportStep> {
    if (!this.#opened) await this.#open();
    while (this.#size < this.#batchSize) {
      if (this.#waiting.length > 0) await this.#addWorkouts();
      else if (!this.#documentDone) await this.#readDocument();
      else if (this.#ecgDone < this.#electrocardiograms.length) await this.#readElectrocardiogram();
      else break;
    }
    return this.#step();
  }

  async cancel(): Promise<void> {
    await this.#document?.cancel();
  }

  get #size(): number {
    return this.#parser.builder.size + this.#weight;
  }

  get #electrocardiograms(): readonly ZipEntry[] {
    return this.#archive?.electrocardiograms ?? [];
  }

  get #total(): number {
    return this.#archive?.main.size ?? this.#archive?.main.compressedSize ?? this.#source.size;
  }

  #step(): ImportStep {
    this.#weight = 0;
    const isWhole = this.#waiting.length === 0;
    const finished = isWhole && this.#documentDone && this.#ecgDone >= this.#electrocardiograms.length;
    const { state } = this.#parser;
    const { documentDone, ecgDone } = { documentDone: this.#documentDone, ecgDone: this.#ecgDone };
    return {
      batch: this.#parser.builder.take(),
      credits: this.tally.takeCredits(),
      checkpoint: isWhole
        ? (): ExportCheckpoint => ({ parser: { ...state, tally: this.tally.state }, documentDone, electrocardiograms: ecgDone })
        : undefined,
      done: finished ? this.#total : Math.min(this.#position, this.#total),
      total: this.#total,
      finished,
    };
  }

  async #open(): Promise<void> {
    this.#opened = true;
    const { size } = this.#source;
    if (size === 0) throw problem("file_unreadable", "The file is empty.");
    const head = await this.#source.read(0, Math.min(4, size));
    const magic = head.length < 4 ? 0 : new DataView(head.buffer, head.byteOffset).getUint32(0, true);
    if (magic === ZIP_EMPTY) throw problem("file_unreadable", "The archive is empty.");
    if (magic === ZIP_MAGIC) await this.#openArchive();
    else await this.#openXml();
  }

  async #openArchive(): Promise<void> {
    const listing = await listZip(this.#source);
    this.#archive = await findExport(this.#source, listing);
    if (this.#position === 0) {
      if (listing.unsafe > 0) this.tally.warn("unsafe_name", "Files whose names lead out of the archive were left out.", listing.unsafe);
      if (listing.recovered) this.tally.warn("truncated_archive", "The archive has lost its directory; what could be found was read.");
      if (this.#archive.extra > 0)
        this.tally.warn("several_exports", "Only the largest export of the archive was read.", this.#archive.extra);
    }
    if (this.#documentDone) return;
    this.#document = await openEntry(this.#source, this.#archive.main, MAIN_LIMITS);
    await this.#skipTo(this.#position);
  }

  async #openXml(): Promise<void> {
    if (this.#position === 0) await this.#requireRoot();
    if (this.#documentDone) return;
    this.#document = new ChunkReader(await this.#source.stream(this.#position, this.#source.size - this.#position));
  }

  async #requireRoot(): Promise<void> {
    const root = new RootFinder();
    const length = Math.min(this.#source.size, 256 * 1024);
    root.push(await this.#source.read(0, length));
    if (root.element === E.HealthData) return;
    throw problem(
      "file_unreadable",
      root.element === undefined ? "The file is neither a zip archive nor an XML document." : "The file is no Apple Health export.",
    );
  }

  /** There is no random access to deflated data: what was done before is inflated again and thrown away. */
  async #skipTo(position: number): Promise<void> {
    let left = position;
    while (left > 0) {
      const chunk = await this.#document?.read();
      if (chunk === undefined) throw problem("file_unreadable", "The file has changed since the import began.");
      if (chunk.length > left) this.#parser.push(chunk.subarray(left));
      left -= chunk.length;
    }
    // What was pushed beyond the position counts as read.
    this.#position = position - Math.min(0, left);
    this.#waiting = this.#parser.takeWorkouts();
  }

  async #readDocument(): Promise<void> {
    let chunk: Uint8Array | undefined;
    try {
      chunk = await this.#document?.read();
    } catch (error) {
      // Damage after the beginning costs what follows it, not what was read before.
      if (!this.#tolerant || !isProblem(error) || this.#position === 0 || this.#parser.isExport !== true) throw error;
      this.tally.warn("damaged", error.detail ?? error.message);
    }
    if (chunk === undefined) {
      if (this.#parser.isExport !== true) throw problem("file_unreadable", "The file holds no Apple Health export.");
      this.#parser.finish();
      this.#documentDone = true;
    } else {
      this.#parser.push(chunk);
      this.#position += chunk.length;
      if (this.#parser.isExport === false) throw problem("file_unreadable", "The file is no Apple Health export.");
    }
    this.#waiting = this.#parser.takeWorkouts();
  }

  /** Adds waiting workouts with their routes, until the batch is full. */
  async #addWorkouts(): Promise<void> {
    while (this.#size < this.#batchSize) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const points: RoutePoint[] = [...(next.workout.route ?? [])];
      for (const path of next.routePaths) for (const point of await this.#route(path)) points.push(point);
      points.sort((a, b) => a[0] - b[0]);
      this.#parser.builder.workout(points.length === 0 ? next.workout : { ...next.workout, route: points });
      this.tally.credit("workout", ["Workout"]).n++;
      this.#weight += Math.ceil(points.length / POINTS_PER_READING);
    }
  }

  async #route(path: string): Promise<readonly RoutePoint[]> {
    const entry = this.#archive?.routes.get(routeKey(path));
    if (entry === undefined) {
      this.tally.warn("route_missing", "Workouts name route files that the upload does not hold.");
      return [];
    }
    const parser = new RouteParser();
    try {
      const reader = await openEntry(this.#source, entry, ROUTE_LIMITS);
      for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) parser.push(chunk);
    } catch (error) {
      if (!isProblem(error)) throw error;
      this.tally.warn("route_damaged", "Route files could not be read to their end.");
    }
    return parser.points;
  }

  async #readElectrocardiogram(): Promise<void> {
    const entry = this.#electrocardiograms[this.#ecgDone++]!;
    const count = this.tally.type("Electrocardiogram");
    count.read++;
    const bytes = await this.#bytesOf(entry);
    const ecg = bytes === undefined ? undefined : parseElectrocardiogram(bytes);
    if (ecg === undefined) return this.tally.reject(count, "ecg_unreadable", "Files among the electrocardiograms hold no recording.");
    addElectrocardiogram(ecg, this.#parser.builder);
    this.tally.credit("ecg", ["Electrocardiogram"]).n++;
    this.#weight += ECG_WEIGHT;
  }

  async #bytesOf(entry: ZipEntry): Promise<Uint8Array | undefined> {
    try {
      return await readAll(await openEntry(this.#source, entry, ECG_LIMITS), ECG_LIMITS.bytes);
    } catch (error) {
      if (isProblem(error)) return undefined;
      throw error;
    }
  }
}
