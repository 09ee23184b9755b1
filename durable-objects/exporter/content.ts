import { csvLine } from "../../shared/exports/csv";
import { DENSE_COLUMNS, denseCsv, denseLine } from "../../shared/exports/dense";
import { FORMAT, FORMAT_VERSION, MANIFEST, type Manifest, NOT_REIMPORTED } from "../../shared/exports/manifest";
import { recordLine } from "../../shared/exports/records";
import { metric as metricOf } from "../../shared/health/catalogue";
import { decodeIds } from "../../shared/health/record-ids";
import { decodeSegment } from "../../shared/health/segment";
import { sourceId } from "../../shared/health/source-id";
import { problem } from "../../shared/problem";
import type { ExportPage, ExportPlan, PlannedFile, StoredHour } from "../vault/export/exports";
import type { RowKey } from "../vault/export/kind";
import { EXPORT_KINDS } from "../vault/export/kinds";
import { SAMPLES } from "../vault/export/readings";
import { joinParts } from "../vault/store/segments";
import { type ArchiveFile, type Books, formatOf, type Job } from "./books";

/** The next part of a file's content; `next` is undefined at its end. */
export interface Piece {
  readonly content: Uint8Array;
  readonly records: number;
  readonly next: unknown;
}

/** Where the content of files is read. */
export interface ContentPorts {
  readonly books: Books;
  readonly files: R2Bucket;
  readonly region: string;
  page(file: PlannedFile, after: RowKey | null): Promise<ExportPage>;
  document(report: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

const UPLOAD_BYTES = 2 * 1024 * 1024;
/** Each piece is opened anew, so that there are few. */
const DOCUMENT_BYTES = 8 * 1024 * 1024;
const encoder = new TextEncoder();

/** Reads the next piece of a file of the archive. Problem `gone` where an upload has been deleted meanwhile. */
export async function pieceOf(ports: ContentPorts, job: Job, file: ArchiveFile): Promise<Piece> {
  const { plan } = file;
  switch (plan.from) {
    case "text":
      return { content: encoder.encode(plan.text), records: 0, next: undefined };
    case "account":
      return accountPiece(ports.books, plan.kind, plan.format);
    case "vault":
      return await vaultPiece(ports, plan.file, (file.position as RowKey | undefined) ?? null);
    case "upload":
      return await uploadPiece(ports.files, plan.key, plan.size, Number(file.position ?? 0));
    case "document":
      return await documentPiece(ports, plan.report, plan.size, Number(file.position ?? 0));
    case "manifest":
      return { content: encoder.encode(`${JSON.stringify(manifestOf(ports, job), undefined, 1)}\n`), records: 0, next: undefined };
  }
}

function accountPiece(books: Books, kind: string, format: "ndjson" | "csv"): Piece {
  const facts = books.facts().find((one) => one.kind === kind);
  const { columns = [], records = [] } = facts ?? {};
  const head = format === "csv" ? csvLine(columns) : "";
  return {
    content: encoder.encode(head + records.map((record) => recordLine(record, format, columns)).join("")),
    records: records.length,
    next: undefined,
  };
}

async function vaultPiece(ports: ContentPorts, file: PlannedFile, after: RowKey | null): Promise<Piece> {
  const page = await ports.page(file, after);
  const columns = file.kind === SAMPLES ? DENSE_COLUMNS : (EXPORT_KINDS.find(({ kind }) => kind === file.kind)?.columns ?? []);
  const head = after === null && file.format === "csv" ? csvLine(columns) : "";
  const body = file.kind === SAMPLES ? page.hours.map((hour) => hourText(file, hour)).join("") : page.text;
  return { content: encoder.encode(head + body), records: page.records, next: page.next ?? undefined };
}

function hourText(file: PlannedFile, { source, parts, more }: StoredHour): string {
  const samples = joinParts(
    parts.map(({ n, data, ids }) => {
      const decoded = decodeSegment(new Uint8Array(data));
      return ids === null ? decoded : { ...decoded, ids: decodeIds(new Uint8Array(ids), n) };
    }),
  );
  const [metric = ""] = file.part.split("/");
  const record = {
    metric,
    unit: metricOf(metric)?.unit ?? "",
    source: sourceId(source),
    samples,
    more: more.map(({ at, body }) => [at, body] as const),
  };
  return file.format === "csv" ? denseCsv(record) : denseLine(record);
}

async function uploadPiece(files: R2Bucket, key: string, size: number, offset: number): Promise<Piece> {
  const length = Math.min(UPLOAD_BYTES, size - offset);
  const object = length <= 0 ? null : await files.get(key, { range: { offset, length } });
  if (length > 0 && object === null) throw problem("gone", "An uploaded file was deleted while it was exported.");
  const content = object === null ? new Uint8Array() : new Uint8Array(await object.arrayBuffer());
  const end = offset + content.length;
  return { content, records: 0, next: end < size ? end : undefined };
}

async function documentPiece(ports: ContentPorts, report: string, size: number, offset: number): Promise<Piece> {
  const content = await ports.document(report, offset, Math.min(DOCUMENT_BYTES, size - offset));
  const end = offset + content.length;
  return { content, records: 0, next: end < size && content.length > 0 ? end : undefined };
}

/** What the manifest says once everything else has been written. */
function manifestOf({ books, region }: ContentPorts, job: Job): Manifest {
  const files = books.files().filter(({ plan }) => plan.from !== "manifest");
  const kindOf = ({ plan }: ArchiveFile) => (plan.from === "vault" ? plan.file.kind : plan.from === "manifest" ? MANIFEST : plan.kind);
  const { kinds, leftOut } = JSON.parse(job.kinds ?? "{}") as Pick<ExportPlan, "kinds" | "leftOut">;
  const known = new Map(kinds.map((one) => [one.kind, one]));
  const byKind = Map.groupBy(files, kindOf);
  return {
    format: FORMAT,
    version: FORMAT_VERSION,
    person: job.owner,
    region,
    createdAt: new Date(job.createdAt).toISOString(),
    kinds: [...byKind].map(([kind, list]) => {
      const why = known.has(kind) ? known.get(kind)?.notReimported : "account";
      const records = list.reduce((sum, { plan, records: n }) => sum + (formatOf(plan) === "ndjson" ? n : 0), 0);
      return { kind, records, isReimported: why === undefined, ...(why !== undefined && { reason: NOT_REIMPORTED[why] }) };
    }),
    files: files.map((file) => ({
      name: file.name,
      kind: kindOf(file),
      format: formatOf(file.plan),
      records: file.records,
      bytes: file.entry?.size ?? 0,
      sha256: file.sha256 ?? "",
    })),
    leftOut: Object.entries(leftOut).map(([what, reason]) => ({ what, reason })),
  };
}
