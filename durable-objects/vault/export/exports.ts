import { DAY_MS, HOUR_MS, SECOND_MS } from "../../../shared/clock";
import { recordLine } from "../../../shared/exports/records";
import type { NotReimported } from "../../../shared/exports/manifest";
import { METRIC_CODE, metricByCode } from "../../../shared/health/catalogue";
import { notFound, problem } from "../../../shared/problem";
import type { Door } from "../access/door";
import type { VaultState } from "../state";
import type { ExportContext, ExportKind, RowKey } from "./kind";
import { EXPORT_KINDS, LEFT_OUT } from "./kinds";
import { hoursOf, SAMPLES } from "./readings";

/** One file of the archive that the vault fills. */
export interface PlannedFile {
  readonly kind: string;
  readonly part: string;
  readonly format: "ndjson" | "csv";
  readonly name: string;
  /** About how many records. */
  readonly records: number;
}

export interface ExportPlan {
  readonly kinds: readonly { readonly kind: string; readonly notReimported?: NotReimported }[];
  readonly files: readonly PlannedFile[];
  readonly leftOut: Readonly<Record<string, string>>;
  /** Files of reports, by the report's id. */
  /** Of laboratory reports by their ids, and of files by `Binary/{id}`, with the media type of those. */
  readonly documents: readonly { readonly report: string; readonly size: number; readonly type?: string }[];
}

/** An hour of dense samples as it is stored: segments and record ids, part by part, and annotations. */
export interface StoredHour {
  readonly source: number;
  readonly parts: readonly { readonly n: number; readonly data: ArrayBuffer; readonly ids: ArrayBuffer | null }[];
  readonly more: readonly { readonly at: number; readonly body: string }[];
}

/** A piece of a file: text, or hours that the exporter makes text of. */
export interface ExportPage {
  readonly text: string;
  readonly hours: readonly StoredHour[];
  readonly records: number;
  readonly next: RowKey | null;
}

const MOST_A_DAY = 5;
/** An export that has not ended by then never will. */
const GIVEN_UP_MS = 3 * DAY_MS;
const PAGE_CHARACTERS = 500_000;
const PAGE_SAMPLES = 20_000;

/** The vault's side of exports: who may read, and what there is to read. */
export class Exports {
  readonly #state: VaultState;
  readonly #door: Door;
  readonly #context: ExportContext;

  constructor(context: ExportContext, door: Door) {
    this.#state = context.state;
    this.#door = door;
    this.#context = context;
  }

  /** Lets an export read from now on. Answers the one that does already, if any. Problem `rate_limited` past five a day. */
  open(id: string): { readonly running: string | null } {
    const { sql } = this.#state;
    const now = this.#state.now();
    const [running] = sql
      .exec<{ id: string }>("SELECT id FROM exports WHERE ended_at IS NULL AND begun_at > ? AND id <> ?", now - GIVEN_UP_MS, id)
      .toArray();
    if (running !== undefined) return { running: running.id };
    const begun = sql
      .exec<{ begun_at: number }>("SELECT begun_at FROM exports WHERE begun_at > ? AND id <> ? ORDER BY begun_at", now - DAY_MS, id)
      .toArray();
    if (begun.length >= MOST_A_DAY) {
      const free = (begun[0]?.begun_at ?? now) + DAY_MS;
      throw problem("rate_limited", "There can be five exports a day.", { retryAfter: Math.ceil((free - now) / SECOND_MS) });
    }
    sql.exec("INSERT OR IGNORE INTO exports (id, begun_at) VALUES (?, ?)", id, Math.floor(now));
    return { running: null };
  }

  /** Ends an export's access; done already is fine. */
  close(id: string): void {
    this.#state.sql.exec("UPDATE exports SET ended_at = ? WHERE id = ? AND ended_at IS NULL", Math.floor(this.#state.now()), id);
  }

  /** The files of the archive, in their order. */
  plan(id: string): ExportPlan {
    this.#require(id);
    const files = EXPORT_KINDS.flatMap((kind) => this.#filesOf(kind));
    return {
      kinds: EXPORT_KINDS.map(({ kind, notReimported }) => ({ kind, ...(notReimported !== undefined && { notReimported }) })),
      files,
      leftOut: LEFT_OUT,
      documents: [...this.#context.labs.documents(), ...this.#context.binaries.documents()],
    };
  }

  /** A piece of the file of a report, opened. Logged with the first one. */
  async document(id: string, report: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    this.#require(id);
    const isBinary = report.startsWith("Binary/");
    if (offset === 0)
      this.#door.system(id, { action: "export", resource: isBinary ? "fhir" : "lab_report", about: [isBinary ? "Binary" : "documents"] });
    const bytes = isBinary ? await this.#context.binaries.document(report) : (await this.#context.labs.file(report)).bytes;
    return bytes.slice(offset, offset + length);
  }

  /** The next piece of a file. Logged with the first one. */
  async page(id: string, file: PlannedFile, after: RowKey | null): Promise<ExportPage> {
    this.#require(id);
    const kind = EXPORT_KINDS.find((one) => one.kind === file.kind);
    if (kind === undefined) throw notFound("kind");
    if (after === null) {
      const [metric = ""] = file.part.split("/");
      const about = METRIC_CODE.has(metric) ? [file.kind, metric] : [file.kind];
      this.#door.system(id, { action: "export", resource: kind.resource, about });
    }
    return kind.kind === SAMPLES ? this.#hours(file, after) : await this.#records(kind, file, after);
  }

  #filesOf(kind: ExportKind): PlannedFile[] {
    const parts = kind.parts?.(this.#context) ?? [{ part: "", records: 1 }];
    return parts.flatMap(({ part, records }) =>
      (kind.formats ?? (["ndjson", "csv"] as const)).map((format) => ({
        kind: kind.kind,
        part,
        format,
        name: `${part === "" ? kind.kind : `${kind.kind}/${part}`}.${format}`,
        records,
      })),
    );
  }

  async #records(kind: ExportKind, file: PlannedFile, after: RowKey | null): Promise<ExportPage> {
    let text = "";
    let records = 0;
    let waiting = "";
    let waitingRecords = 0;
    for (const [key, record] of await kind.rows(this.#context, after ?? undefined, file.part)) {
      waiting += recordLine(record, file.format, kind.columns);
      waitingRecords++;
      // A row without a key belongs to a page with those after it.
      if (key.length === 0) continue;
      text += waiting;
      records += waitingRecords;
      [waiting, waitingRecords] = ["", 0];
      if (text.length >= PAGE_CHARACTERS) return { text, hours: [], records, next: key };
    }
    return { text, hours: [], records, next: null };
  }

  #hours(file: PlannedFile, after: RowKey | null): ExportPage {
    const [key = "", year = ""] = file.part.split("/");
    const metric = metricByCode(METRIC_CODE.get(key) ?? Number(key.replace("metric_", "")))?.code ?? Number(key.replace("metric_", ""));
    const bounds = hoursOf(Number(year));
    const [hour, source] = after ?? [bounds.from, -1];
    const { sql } = this.#state;
    type Row = { hour: number; source: number; n: number; data: ArrayBuffer; ids: ArrayBuffer | null };
    const rows = sql.exec<Row>(
      `SELECT s.hour, s.source, s.n, s.data, i.ids FROM segments s
       LEFT JOIN segment_ids i ON i.hour = s.hour AND i.metric = s.metric AND i.source = s.source AND i.part = s.part
       WHERE s.metric = ? AND s.hour >= ? AND s.hour < ? AND (s.hour, s.source) > (?, ?) ORDER BY s.hour, s.source, s.part`,
      metric,
      hour ?? 0,
      bounds.to,
      hour ?? 0,
      source ?? 0,
    );
    const hours: (StoredHour & { readonly hour: number; readonly parts: StoredHour["parts"][number][] })[] = [];
    let records = 0;
    let next: RowKey | null = null;
    for (const row of rows) {
      let last = hours.at(-1);
      if (last === undefined || last.hour !== row.hour || last.source !== row.source) {
        if (last !== undefined && records >= PAGE_SAMPLES) {
          next = [last.hour, last.source];
          break;
        }
        last = { hour: row.hour, source: row.source, parts: [], more: moreOf(sql, metric, row.hour, row.source) };
        hours.push(last);
      }
      last.parts.push({ n: row.n, data: row.data, ids: row.ids });
      records += row.n;
    }
    return { text: "", hours, records, next };
  }

  /** The export may read: the person has begun it, and it has not ended. */
  #require(id: string): void {
    const found = this.#state.sql
      .exec("SELECT 1 FROM exports WHERE id = ? AND ended_at IS NULL AND begun_at > ?", id, this.#state.now() - GIVEN_UP_MS)
      .toArray();
    if (found.length === 0) throw notFound("export");
  }
}

function moreOf(sql: SqlStorage, metric: number, hour: number, source: number): { at: number; body: string }[] {
  return sql
    .exec<{ at: number; body: string }>(
      "SELECT at, body FROM annotations WHERE metric = ? AND at >= ? AND at < ? AND source = ?",
      metric,
      hour * HOUR_MS,
      (hour + 1) * HOUR_MS,
      source,
    )
    .toArray();
}
