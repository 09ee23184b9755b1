import { systemClock } from "../../clock";
import { Delivery } from "../../ingest/delivery";
import { mapRecord } from "../../ingest/record";
import type { Batch } from "../../health/reading";
import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import type { ImportReader, ImportStep } from "../import-reader";
import { isDocument } from "../look";
import type { Scratch } from "../scratch";
import { Database } from "../sqlite/database";
import { isSqlite } from "../sqlite/pages";
import type { Row, Table } from "../sqlite/table";
import { type Credit, Tally, type TallyState } from "../tally";
import { listZip } from "../zip/directory";
import type { ZipEntry } from "../zip/entry";
import { openEntry, type ZipLimits } from "../zip/open";
import { Parts } from "./parts";
import { columnsOf, type JsonRecord, type Origins, originsOf, putFields, recordOf } from "./records";
import { SESSION_PARTS, type TablePlan, TABLES } from "./tables";

/** Where reading goes on. Plain data. */
export interface HealthConnectCheckpoint {
  /** Tables that have been read. */
  readonly tables: number;
  /** The last row read of the next one. */
  readonly row: number | null;
  readonly tally: TallyState;
}

export interface HealthConnectOptions {
  readonly scratch?: Scratch | undefined;
  readonly batchSize?: number;
}

const BATCH_SIZE = 20_000;
/** A decade of a watch's seconds takes some 2 GB. Pages that are nearly empty shrink a lot. */
const LIMITS: ZipLimits = { bytes: 4 * 1024 ** 3, ratio: 500, ratioFrom: 16 * 1024 ** 2 };
/** Of one session: what the push door takes of it too. */
const MOST_PARTS = 100_000;
/** Rows of a series that are one record at once. */
const MOST_SAMPLES = 5_000;

/** Names of the file in the export, and of what else may be a database. */
const DATABASE_NAME = /(?:^|\/)health_connect_export\.db$/i;

/**
 * Reads the export of Health Connect: a database of SQLite, as it is or in the archive in which the phone puts it. Its rows become the
 * records that a phone would send, and are mapped by the same code and under the same ids: what a phone has sent already is known.
 */
export class HealthConnectReader implements ImportReader {
  readonly tally: Tally;
  readonly #source: ByteSource;
  readonly #scratch: Scratch | undefined;
  readonly #batchSize: number;
  readonly #isResumed: boolean;
  readonly #delivery = new Delivery("health-connect", systemClock(), 0);
  #open: { readonly database: Database; readonly origins: Origins } | undefined;
  #tables: number;
  #row: number;
  #rows: AsyncGenerator<readonly Row[], void> | undefined;
  /** Rows of a page that have not been read. */
  #rest: readonly Row[] = [];
  #parts: readonly (readonly [list: string, parts: Parts])[] = [];
  #lastRow: number | undefined;
  #extra = 0;

  constructor(source: ByteSource, checkpoint: HealthConnectCheckpoint | undefined, options: HealthConnectOptions) {
    this.#source = source;
    this.#scratch = options.scratch;
    this.#batchSize = options.batchSize ?? BATCH_SIZE;
    this.#isResumed = checkpoint !== undefined;
    this.tally = new Tally(checkpoint?.tally);
    this.#tables = checkpoint?.tables ?? 0;
    this.#row = checkpoint?.row ?? -Infinity;
  }

  async next(): Promise<ImportStep> {
    const { database, origins } = (this.#open ??= await this.#begin());
    // A batch has records of one table only, so that what becomes of them is theirs alone.
    let plan = TABLES[this.#tables];
    while (plan !== undefined && !(await this.#read(plan, database, origins))) plan = TABLES[this.#tables];
    if (this.#tables >= TABLES.length) this.#requireSomething();
    return this.#step(plan);
  }

  async cancel(): Promise<void> {
    const rows = this.#rows;
    this.#rows = undefined;
    await rows?.return();
  }

  async #begin(): Promise<{ readonly database: Database; readonly origins: Origins }> {
    const database = await Database.open(await this.#file());
    const known = TABLES.filter(({ table }) => database.table(table) !== undefined);
    if (known.length === 0 || database.table("application_info_table") === undefined)
      throw problem("file_unreadable", "The database is no export of Health Connect.");
    if (!this.#isResumed) await this.#nameOthers(database);
    return { database, origins: await originsOf(database) };
  }

  /** The database as a file that can be read anywhere: what is packed is unpacked once, into the scratch. */
  async #file(): Promise<ByteSource> {
    if (isSqlite(await this.#source.read(0, Math.min(16, this.#source.size)))) return this.#source;
    const { entries } = await listZip(this.#source);
    const files = entries.filter(isDocument);
    const entry = files.find(({ name }) => DATABASE_NAME.test(name)) ?? files.find(({ name }) => /\.(?:db|sqlite3?)$/i.test(name));
    if (entry === undefined) throw problem("file_unreadable", "The archive holds no database of Health Connect.");
    if (!this.#isResumed && files.length > 1)
      this.tally.warn("other_files", "Files of other kinds in the archive were left out.", files.length - 1);
    return await this.#unpacked(entry);
  }

  async #unpacked(entry: ZipEntry): Promise<ByteSource> {
    if (this.#scratch === undefined) throw problem("file_unreadable", "There is no room to unpack the database.");
    return (await this.#scratch.kept()) ?? (await this.#scratch.keep(await openEntry(this.#source, entry, LIMITS)));
  }

  /** Tells which records of the export nobody reads. */
  async #nameOthers(database: Database): Promise<void> {
    const read = new Set(TABLES.flatMap(({ table, series }) => [table, series?.table ?? table]).map((name) => name.toLowerCase()));
    for (const table of database.tables) {
      const name = table.name.toLowerCase();
      if (read.has(name) || !/_record_table$|^medical_resource_table$/.test(name) || (await table.lastRowid()) === undefined) continue;
      this.tally.warn("not_mapped", `Records that are not read: ${name.replace(/_table$/, "").slice(0, 60)}`);
    }
  }

  /** Reads on in a table; true where a batch is to be handed on, and false where the next table follows at once. */
  async #read(plan: TablePlan, database: Database, origins: Origins): Promise<boolean> {
    const table = database.table(plan.series?.table ?? plan.table);
    const parent = database.table(plan.table);
    if (table !== undefined && parent !== undefined) {
      await this.#start(plan, table, database);
      const isEnd =
        plan.series === undefined ? await this.#records(plan, origins) : await this.#samples(plan, plan.series, parent, origins);
      if (!isEnd) return true;
    }
    await this.cancel();
    this.#rest = [];
    this.#parts = [];
    this.#tables++;
    this.#row = -Infinity;
    return this.#delivery.builder.size > 0 || this.#tables >= TABLES.length;
  }

  async #start(plan: TablePlan, table: Table, database: Database): Promise<void> {
    if (this.#rows !== undefined) return;
    const columns =
      plan.series === undefined ? columnsOf(plan) : ["parent_key", ...plan.series.fields.map(({ column }) => column), "epoch_millis"];
    this.#rows = table.scan(columns, this.#row);
    this.#rest = [];
    this.#lastRow = await table.lastRowid();
    const parts: (readonly [string, Parts])[] = [];
    for (const [list, name, fields] of SESSION_PARTS[plan.record] ?? []) {
      const of = database.table(name);
      if (of !== undefined) parts.push([list, await Parts.of(of, fields)]);
    }
    this.#parts = parts;
  }

  /** The next rows of the table: at least one, or none at its end. */
  async #page(): Promise<readonly Row[]> {
    if (this.#rest.length > 0) return this.#rest;
    const next = await this.#rows?.next();
    return next?.done === false ? next.value : [];
  }

  /** Plain records; true at the end of the table. */
  async #records(plan: TablePlan, origins: Origins): Promise<boolean> {
    for (let page = await this.#page(); page.length > 0; page = await this.#page()) {
      let at = 0;
      for (; at < page.length && this.#weight < this.#batchSize; at++) {
        const { rowid, values } = page[at]!;
        const record = recordOf(plan, values, origins);
        for (const [list, parts] of this.#parts) {
          const found = await parts.of(rowid, MOST_PARTS);
          this.#extra += Math.floor(found.length / 4);
          if (found.length > 0) record[list] = found;
        }
        this.#map(plan, record);
        this.#row = rowid;
      }
      this.#rest = page.slice(at);
      if (this.#weight >= this.#batchSize) return false;
    }
    return true;
  }

  /** Values of series, each run of one record as one; true at the end of the table. */
  async #samples(plan: TablePlan, series: NonNullable<TablePlan["series"]>, parents: Table, origins: Origins): Promise<boolean> {
    const columns = columnsOf(plan);
    for (let page = await this.#page(); page.length > 0; page = await this.#page()) {
      let at = 0;
      while (at < page.length && this.#weight < this.#batchSize) {
        const parent = page[at]!.values[0];
        const samples: JsonRecord[] = [];
        for (; at < page.length && page[at]!.values[0] === parent && samples.length < MOST_SAMPLES; at++) {
          const { rowid, values } = page[at]!;
          const sample: JsonRecord = { time: values.at(-1) ?? undefined };
          putFields(sample, series.fields, values, 1);
          samples.push(sample);
          this.#row = rowid;
        }
        const found = typeof parent === "number" ? await parents.get(parent, columns) : undefined;
        if (found === undefined) this.#orphans(plan, samples.length);
        else this.#map(plan, { ...recordOf(plan, found.values, origins), [series.list]: samples });
      }
      this.#rest = page.slice(at);
      if (this.#weight >= this.#batchSize) return false;
    }
    return true;
  }

  get #weight(): number {
    return this.#delivery.builder.size + this.#extra;
  }

  #orphans(plan: TablePlan, count: number): void {
    const type = this.tally.type(plan.record);
    type.read += count;
    for (let i = 0; i < count; i++) this.tally.reject(type, "no_record", `Values of ${plan.record} whose record is not there.`);
  }

  #map(plan: TablePlan, record: JsonRecord): void {
    const { builder, rejected } = this.#delivery;
    const before = builder.size;
    mapRecord(this.#delivery, record);
    const count = this.tally.type(plan.record);
    count.read += builder.size - before + rejected.length;
    for (const { reason } of rejected) this.tally.reject(count, reason, `${plan.record}: ${reason.replaceAll("_", " ")}`);
    rejected.length = 0;
    for (const { unit } of [...plan.fields, ...(plan.series?.fields ?? [])])
      if (unit !== undefined && unit !== "{steps}") this.tally.unit(plan.record, unit);
  }

  /** A file of which nothing could be used is refused as a whole. */
  #requireSomething(): void {
    const counts = Object.values(this.tally.state.byType);
    if (counts.some(({ read, rejected }) => read > rejected)) return;
    throw problem("file_unreadable", counts.length === 0 ? "The export of Health Connect is empty." : "Nothing in the export can be used.");
  }

  #step(plan: TablePlan | undefined): ImportStep {
    const [tables, row] = [this.#tables, this.#row];
    const batch = this.#delivery.builder.take();
    this.#extra = 0;
    const credits: Credit[] = [...countsOf(batch)].map(([metric, n]) => ({ metric, types: plan === undefined ? [] : [plan.record], n }));
    const inside =
      row === -Infinity || this.#lastRow === undefined || this.#lastRow <= 0 ? 0 : Math.min(1, Math.max(0, row / this.#lastRow));
    const isEnd = tables >= TABLES.length;
    return {
      batch,
      credits,
      checkpoint: (): HealthConnectCheckpoint => ({ tables, row: row === -Infinity ? null : row, tally: this.tally.state }),
      done: isEnd ? this.#source.size : Math.floor((this.#source.size * (tables + inside)) / TABLES.length),
      total: this.#source.size,
      finished: isEnd,
    };
  }
}

/** How many readings of each metric a batch has. */
function countsOf({ series, readings, sleepSessions, workouts }: Batch): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const add = (metric: string, n: number): void => void (n > 0 && counts.set(metric, (counts.get(metric) ?? 0) + n));
  for (const { metric, start } of series) add(metric, start.length);
  for (const { metric } of readings) add(metric, 1);
  add("sleep", sleepSessions.length);
  add("workout", workouts.length);
  return counts;
}
