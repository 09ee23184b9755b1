import type { HashState } from "../../shared/crypto/running-sha256";
import { type AccountFacts, EXPORT_STATES, type ExportState, type ExportStatus } from "../../shared/exports/status";
import { joined } from "../../shared/bytes";
import { type OpenEntry } from "../../shared/exports/zip/writer";
import type { ImportProblem } from "../../shared/imports/status";
import type { PersonId } from "../../shared/id";
import type { PlannedFile } from "../vault/export/exports";

/** Where the content of a file of the archive comes from. */
export type Plan =
  | { readonly from: "text"; readonly kind: string; readonly text: string }
  | { readonly from: "account"; readonly kind: string; readonly format: "ndjson" | "csv" }
  | { readonly from: "vault"; readonly file: PlannedFile }
  | { readonly from: "upload"; readonly kind: string; readonly key: string; readonly size: number }
  | { readonly from: "document"; readonly kind: string; readonly report: string; readonly size: number }
  | { readonly from: "manifest" };

/** A file of the archive, as far as it has been written. */
export interface ArchiveFile {
  readonly number: number;
  readonly name: string;
  readonly plan: Plan;
  readonly weight: number;
  readonly records: number;
  /** Where the next piece begins; undefined before the first. */
  readonly position: unknown;
  readonly entry: OpenEntry | undefined;
  readonly hash: HashState | undefined;
  /** Once it is complete. */
  readonly sha256: string | undefined;
}

export interface Job {
  readonly owner: PersonId;
  readonly state: ExportState;
  readonly done: number;
  readonly total: number;
  readonly seq: number;
  readonly attempts: number;
  readonly problem: ImportProblem | undefined;
  readonly createdAt: number;
  readonly finishedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly isOpen: boolean;
  readonly fileKept: boolean;
  readonly upload: string | undefined;
  readonly offset: number;
  readonly hash: HashState | undefined;
  readonly current: number;
  readonly kinds: string | undefined;
  readonly bytes: number | undefined;
  readonly sha256: string | undefined;
}

type Cell = string | number | null;
type JobRow = Record<string, Cell>;
type FileRow = Record<string, Cell> & { number: number; name: string; plan: string; weight: number; records: number };

/** Bytes of a stored piece: below the platform's 2 MB for a row. */
const ROW_BYTES = 1024 * 1024;

/** What one step adds to the archive. */
export interface Written {
  readonly bytes: Uint8Array;
  readonly hash: HashState;
  readonly done: number;
  readonly file: Pick<ArchiveFile, "number" | "records" | "position" | "entry" | "hash" | "sha256">;
}

/** The tables of one export. Every change of what watchers see raises `seq`. */
export class Books {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  create(owner: PersonId, facts: readonly AccountFacts[], now: number): void {
    this.#sql.exec("INSERT INTO job (one, owner, state, created_at) VALUES (1, ?, 'running', ?)", owner, Math.floor(now));
    for (const one of facts) this.#sql.exec("INSERT INTO account (kind, body) VALUES (?, ?)", one.kind, JSON.stringify(one));
  }

  job(): Job | undefined {
    const [row] = this.#sql.exec<JobRow>("SELECT * FROM job").toArray();
    if (row === undefined) return undefined;
    return {
      owner: row["owner"] as PersonId,
      state: EXPORT_STATES.find((state) => state === row["state"]) ?? "failed",
      done: Number(row["done"]),
      total: Number(row["total"]),
      seq: Number(row["seq"]),
      attempts: Number(row["attempts"]),
      problem: opened<ImportProblem>(row["problem"]),
      createdAt: Number(row["created_at"]),
      finishedAt: numberOf(row["finished_at"]),
      expiresAt: numberOf(row["expires_at"]),
      isOpen: row["is_open"] === 1,
      fileKept: row["file_kept"] === 1,
      upload: textOf(row["upload"]),
      offset: Number(row["offset"]),
      hash: opened<HashState>(row["hash"]),
      current: Number(row["current"]),
      kinds: textOf(row["kinds"]),
      bytes: numberOf(row["bytes"]),
      sha256: textOf(row["sha256"]),
    };
  }

  facts(): AccountFacts[] {
    return this.#sql
      .exec<{ body: string }>("SELECT body FROM account ORDER BY kind")
      .toArray()
      .map(({ body }) => JSON.parse(body) as AccountFacts);
  }

  setFacts(facts: AccountFacts): void {
    this.#sql.exec("INSERT OR REPLACE INTO account (kind, body) VALUES (?, ?)", facts.kind, JSON.stringify(facts));
  }

  /** Fixes what the archive consists of. */
  begin(upload: string, files: readonly { readonly name: string; readonly plan: Plan; readonly weight: number }[], kinds: unknown): void {
    this.#sql.exec("DELETE FROM files");
    for (const [number, { name, plan, weight }] of files.entries()) {
      this.#sql.exec("INSERT INTO files (number, name, plan, weight) VALUES (?, ?, ?, ?)", number, name, JSON.stringify(plan), weight);
    }
    const total = files.reduce((sum, { weight }) => sum + weight, 0);
    this.#sql.exec("UPDATE job SET upload = ?, kinds = ?, total = ?, attempts = 0, seq = seq + 1", upload, JSON.stringify(kinds), total);
  }

  file(number: number): ArchiveFile | undefined {
    return this.#sql.exec<FileRow>("SELECT * FROM files WHERE number = ?", number).toArray().map(fileOf)[0];
  }

  files(): ArchiveFile[] {
    return this.#sql.exec<FileRow>("SELECT * FROM files ORDER BY number").toArray().map(fileOf);
  }

  /** The weight of the files before one. */
  weightBefore(number: number): number {
    return this.#sql.exec<{ n: number }>("SELECT coalesce(sum(weight), 0) AS n FROM files WHERE number < ?", number).one().n;
  }

  /** Adds what a step has written. Part of the caller's transaction, so that the archive and where to go on never differ. */
  write({ bytes, hash, done, file }: Written): void {
    this.#append(bytes);
    this.#sql.exec(
      "UPDATE files SET records = ?, position = ?, entry = ?, hash = ?, sha256 = ? WHERE number = ?",
      file.records,
      JSON.stringify(file.position ?? null),
      JSON.stringify(file.entry),
      file.hash === undefined ? null : JSON.stringify(file.hash),
      file.sha256 ?? null,
      file.number,
    );
    this.#sql.exec(
      "UPDATE job SET offset = offset + ?, hash = ?, current = ?, done = max(done, ?), attempts = 0, seq = seq + 1",
      bytes.length,
      JSON.stringify(hash),
      file.sha256 === undefined ? file.number : file.number + 1,
      done,
    );
  }

  parts(): R2UploadedPart[] {
    return this.#sql
      .exec<{ number: number; etag: string }>("SELECT number, etag FROM parts ORDER BY number")
      .toArray()
      .map(({ number, etag }) => ({ partNumber: number, etag }));
  }

  /** The bytes that are in no part yet. */
  tail(): Uint8Array<ArrayBuffer> {
    return joined(
      this.#sql
        .exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM tail ORDER BY number")
        .toArray()
        .map(({ bytes }) => new Uint8Array(bytes)),
    );
  }

  /** Notes that the bucket has a part, after which `rest` is left. Part of the caller's transaction. */
  uploaded({ partNumber, etag }: R2UploadedPart, rest: Uint8Array): void {
    this.#sql.exec("INSERT OR REPLACE INTO parts (number, etag) VALUES (?, ?)", partNumber, etag);
    this.#sql.exec("DELETE FROM tail");
    this.#append(rest);
  }

  noteAttempt(): void {
    this.#sql.exec("UPDATE job SET attempts = attempts + 1");
  }

  finish(
    state: ExportState,
    now: number,
    more: { readonly bytes?: number; readonly sha256?: string; readonly expiresAt?: number; readonly problem?: ImportProblem },
  ): void {
    this.#sql.exec(
      `UPDATE job SET state = ?, finished_at = coalesce(finished_at, ?), bytes = coalesce(?, bytes), sha256 = coalesce(?, sha256),
       expires_at = coalesce(?, expires_at), problem = ?, seq = seq + 1`,
      state,
      Math.floor(now),
      more.bytes ?? null,
      more.sha256 ?? null,
      more.expiresAt ?? null,
      more.problem === undefined ? null : JSON.stringify(more.problem),
    );
    if (state === "done") this.#sql.exec("UPDATE job SET done = total");
    for (const table of ["account", "files", "parts", "tail"])
      if (state !== "done" || table !== "files") this.#sql.exec(`DELETE FROM ${table}`);
  }

  /** How many records the archive has, each counted once. */
  records(): number {
    return this.files().reduce((sum, { plan, records }) => sum + (formatOf(plan) === "ndjson" ? records : 0), 0);
  }

  closed(): void {
    this.#sql.exec("UPDATE job SET is_open = 0");
  }

  fileDeleted(): void {
    this.#sql.exec("UPDATE job SET file_kept = 0");
  }

  #append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += ROW_BYTES) {
      this.#sql.exec("INSERT INTO tail (number, bytes) SELECT coalesce(max(number), 0) + 1, ? FROM tail", bytes.slice(at, at + ROW_BYTES));
    }
  }
}

/** A job as its owner sees it. */
export function statusOf(id: string, job: Job, records: number): ExportStatus {
  const { state, done, total, createdAt, finishedAt, expiresAt, bytes, sha256, problem, seq } = job;
  return {
    id,
    state,
    progress: { done, total, unit: "{records}" },
    createdAt,
    ...(finishedAt !== undefined && { finishedAt }),
    ...(state === "done" &&
      bytes !== undefined &&
      sha256 !== undefined &&
      expiresAt !== undefined && { file: { bytes, sha256, records, expiresAt } }),
    ...(problem !== undefined && { problem }),
    seq,
  };
}

export function formatOf(plan: Plan): "ndjson" | "csv" | "file" {
  if (plan.from === "vault") return plan.file.format;
  return plan.from === "account" ? plan.format : "file";
}

function fileOf(row: FileRow): ArchiveFile {
  return {
    number: row.number,
    name: row.name,
    plan: JSON.parse(row.plan) as Plan,
    weight: row.weight,
    records: row.records,
    position: opened<unknown>(row["position"]) ?? undefined,
    entry: opened<OpenEntry>(row["entry"]),
    hash: opened<HashState>(row["hash"]),
    sha256: textOf(row["sha256"]),
  };
}

function opened<T>(text: Cell | undefined): T | undefined {
  return typeof text === "string" ? (JSON.parse(text) as T) : undefined;
}

function textOf(cell: Cell | undefined): string | undefined {
  return typeof cell === "string" ? cell : undefined;
}

function numberOf(cell: Cell | undefined): number | undefined {
  return typeof cell === "number" ? cell : undefined;
}
