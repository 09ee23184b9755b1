import { classesOf, maskOf } from "../../../../shared/fhir/classes";
import { indexEntries } from "../../../../shared/fhir/r4/index-entries";
import { type Fields, isFields, textAt } from "../../../../shared/fhir/r4/issue";
import { FILE_TIMER } from "../../labs/files";
import type { VaultState } from "../../state";
import { type SearchIndex, searchIndex } from "./search-index";

/** One version of a resource. A deletion is a version without a body. */
export interface StoredVersion {
  readonly n: number;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  /** Epoch milliseconds. */
  readonly changedAt: number;
  readonly method: string;
  /** As JSON text; undefined for a deletion. */
  readonly json: string | undefined;
  readonly body: Fields | undefined;
}

/** A version, by the number of its resource. */
export type Numbered = Pick<StoredVersion, "n" | "version">;

/** What is written anew: a resource that was never there. */
export type Unwritten = Pick<StoredVersion, "type" | "id">;

/** A resource that can be removed for good. */
export interface Erasable {
  readonly n: number;
  readonly id: string;
  readonly isLive: boolean;
  /** What it is, or was before it was deleted. */
  readonly body: Fields | undefined;
}

/** A file that lies in the bucket, and that nothing names yet. */
export interface KeptFile {
  readonly key: string;
  readonly type: string;
  readonly size: number;
  readonly sha256: string;
}

export interface ChangesQuery {
  readonly since: number | undefined;
  readonly at: readonly [from: number, to: number] | undefined;
  readonly after: { readonly changedAt: number; readonly n: number; readonly version: number } | undefined;
  readonly limit: number;
}

type Row = { n: number; type: string; id: string; version: number; changed_at: number; method: string; body: string | null };

const NO_FILES: ReadonlyMap<string, KeptFile> = new Map();

/** Stands for a time that is not told: sorts before every other. */
export const NO_TIME = -8_640_000_000_000_000;

const COLUMNS = "n, type, id, version, changed_at, method, body";

/** What became of a stored resource: `body` as it is now, of a deletion as it was. */
export interface ResourceChange {
  readonly type: string;
  readonly id: string;
  readonly interaction: "create" | "update" | "delete";
  readonly body: Fields;
}

/** The FHIR resources that clients wrote, with their versions and the search index. Callers write in a transaction. */
export class Resources {
  readonly #state: VaultState;
  readonly #index: SearchIndex;
  readonly #listeners: ((change: ResourceChange) => void)[] = [];
  #files: ReadonlyMap<string, KeptFile> = NO_FILES;
  constructor(state: VaultState) {
    this.#state = state;
    this.#index = searchIndex(state.sql, () => state.profile().timeZone);
  }

  /** Registers a listener for every write: part of the writing transaction, synchronous and cheap. */
  onChanged(listener: (change: ResourceChange) => void): void {
    this.#listeners.push(listener);
  }

  /** The present version, which may be a deletion; undefined where there never was one. */
  get(type: string, id: string): StoredVersion | undefined {
    return this.#rows(`SELECT ${COLUMNS} FROM fhir_resources WHERE type = ? AND id = ?`, type, id)[0];
  }

  /** The present version of a resource by its number, in a list of at most one. */
  byNumber(n: number): StoredVersion[] {
    return this.#rows(`SELECT ${COLUMNS} FROM fhir_resources WHERE n = ?`, n);
  }

  /** All versions, the newest first. */
  versions(type: string, id: string): StoredVersion[] {
    const current = this.get(type, id);
    if (current === undefined) return [];
    const older = this.#rows(
      "SELECT n, ? AS type, ? AS id, version, changed_at, method, body FROM fhir_versions WHERE n = ? ORDER BY version DESC",
      type,
      id,
      current.n,
    );
    return [current, ...older];
  }

  /** The versions of a type, those made last first, that were made before `after`; `at` leaves those that were current in it. */
  changes(type: string, { since, at, after, limit }: ChangesQuery): StoredVersion[] {
    const from = Math.max(since ?? NO_TIME, NO_TIME);
    const next = `coalesce((SELECT l.changed_at FROM fhir_versions AS l WHERE l.n = v.n AND l.version > v.version ORDER BY l.version LIMIT 1), r.changed_at)`;
    const past = (alias: string) => `(${alias}.changed_at, ${alias}.n, ${alias}.version) < (?3, ?4, ?5)`;
    return this.#rows(
      `SELECT ${COLUMNS} FROM (
         SELECT * FROM (
           SELECT r.n, r.type, r.id, r.version, r.changed_at, r.method, r.body FROM fhir_resources AS r
           WHERE r.type = ?1 AND r.changed_at >= ?2 AND ${past("r")} AND r.changed_at <= ?7
           ORDER BY r.changed_at DESC, r.n DESC LIMIT ?6)
         UNION ALL SELECT * FROM (
           SELECT v.n, v.type, r.id, v.version, v.changed_at, v.method, v.body FROM fhir_versions AS v JOIN fhir_resources AS r ON r.n = v.n
           WHERE v.type = ?1 AND v.changed_at >= ?2 AND ${past("v")} AND v.changed_at <= ?7 AND (?8 IS NULL OR ${next} > ?8)
           ORDER BY v.changed_at DESC, v.n DESC, v.version DESC LIMIT ?6)
       ) ORDER BY changed_at DESC, n DESC, version DESC LIMIT ?6`,
      type,
      from,
      after?.changedAt ?? Number.MAX_SAFE_INTEGER,
      after?.n ?? 0,
      after?.version ?? 0,
      limit,
      at?.[1] ?? Number.MAX_SAFE_INTEGER,
      at?.[0] ?? null,
    );
  }

  /** Stores a version, the first of a resource or the next, with its index. */
  put(type: string, id: string, resource: Fields, method: string): StoredVersion {
    try {
      const stored = this.write(this.get(type, id) ?? { type, id }, resource, method);
      this.settle();
      this.relieve();
      return stored;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /**
   * Stores a version: the first of a resource, or the one after `before`. Its `meta` says which and when. The caller ends its transaction
   * with `settle`, and calls `relieve` behind it.
   */
  write(before: StoredVersion | Unwritten, resource: Fields, method: string): StoredVersion {
    const { sql } = this.#state;
    const { type, id } = before;
    const version = ("version" in before ? before.version : 0) + 1;
    if ("n" in before) this.#retire(before);
    const changedAt = this.#state.now();
    const meta = {
      ...(isFields(resource["meta"]) ? resource["meta"] : {}),
      versionId: String(version),
      lastUpdated: new Date(changedAt).toISOString(),
    };
    const file = type === "Binary" ? this.#files.get(textAt(resource, "data") ?? "") : undefined;
    const body = named(file === undefined ? resource : withoutData(resource), id, meta);
    const json = JSON.stringify(body);
    const classes = maskOf(classesOf(body));
    const entries = indexEntries(body, this.#state.profile().timeZone);
    let at = Number.POSITIVE_INFINITY;
    for (const { param, value } of entries) if (value.kind === "date" && param === "date") at = Math.min(at, value.lo);
    at = at === Number.POSITIVE_INFINITY ? NO_TIME : Math.max(NO_TIME, at);
    let n: number;
    if ("n" in before) {
      n = before.n;
      sql.exec(
        "UPDATE fhir_resources SET version = ?, changed_at = ?, at = ?, method = ?, class = ?, body = ? WHERE n = ?",
        version,
        changedAt,
        at,
        method,
        classes,
        json,
        n,
      );
      this.#index.change(n, { type, entries });
    } else {
      n = this.#index.nextNumber();
      const insert =
        "INSERT INTO fhir_resources (n, type, id, version, changed_at, at, method, class, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
      sql.exec(insert, n, type, id, version, changedAt, at, method, classes, json);
      this.#index.add(n, { type, entries });
    }
    if (file !== undefined) this.nameFile({ n, version }, file);
    const interaction = "body" in before && before.body !== undefined ? "update" : "create";
    for (const listener of this.#listeners) listener({ type, id, interaction, body });
    return { n, type, id, version, changedAt, method, json, body };
  }

  /** Indexes what was stored: before the next look into the index. */
  flush(): void {
    this.#index.flush();
  }

  /** Ends a transaction that has stored something. */
  settle(): void {
    this.#index.settle();
  }

  /** Keeps what waits for the index from becoming much; behind a transaction that has stored something. */
  relieve(): void {
    this.#index.relieve();
  }

  /** Forgets what was stored in a transaction that is taken back. */
  forget(): void {
    this.#index.forget();
  }

  /** Says of what was stored before there were classes to which it belongs. Until then nobody but the person finds it. */
  classify(): void {
    const { sql } = this.#state;
    const next = "SELECT n, body FROM fhir_resources WHERE class IS NULL AND body IS NOT NULL LIMIT 500";
    for (;;) {
      const rows = sql.exec<{ n: number; body: string }>(next).toArray();
      for (const { n, body } of rows)
        sql.exec("UPDATE fhir_resources SET class = ? WHERE n = ?", maskOf(classesOf(JSON.parse(body) as Fields)), n);
      if (rows.length === 0) return;
    }
  }

  /** Notes a deletion: the versions before it stay readable. */
  remove(before: StoredVersion): StoredVersion {
    this.#retire(before);
    const { sql } = this.#state;
    const changedAt = this.#state.now();
    const version = before.version + 1;
    sql.exec("DELETE FROM fhir_identities WHERE n = ?", before.n);
    if (before.type === "Binary") this.#dropFile(before.n);
    sql.exec(
      "UPDATE fhir_resources SET version = ?, changed_at = ?, method = 'DELETE', body = NULL WHERE n = ?",
      version,
      changedAt,
      before.n,
    );
    const { type, id, body } = before;
    if (body !== undefined) for (const listener of this.#listeners) listener({ type, id, interaction: "delete", body });
    return { ...before, version, changedAt, method: "DELETE", json: undefined, body: undefined };
  }

  /** Runs work in which the data of Binaries stand for files that are kept already: `files` by that text. */
  withFiles<T>(files: ReadonlyMap<string, KeptFile>, work: () => T): T {
    this.#files = files;
    try {
      return work();
    } finally {
      this.#files = NO_FILES;
    }
  }

  /** Whether the data of a Binary stand for a file that is kept already. */
  isFile(binary: Fields): boolean {
    return this.#files.has(textAt(binary, "data") ?? "");
  }

  /** The file of a version of a Binary; undefined where it has none. */
  fileOf({ n, version }: Numbered): KeptFile | undefined {
    return this.#state.sql
      .exec<{ key: string; type: string; size: number; sha256: string }>(
        "SELECT file AS key, type, size, sha256 FROM fhir_files WHERE n = ? AND version = ?",
        n,
        version,
      )
      .toArray()[0];
  }

  /** A Binary without its data, where they stand for the bytes that a version of it has; any other as it is. */
  withoutSameFile(of: Numbered, resource: Fields): Fields {
    const file = this.#files.get(textAt(resource, "data") ?? "");
    return file !== undefined && file.sha256 === this.fileOf(of)?.sha256 ? withoutData(resource) : resource;
  }

  /**
   * Makes a file that of a version of a Binary. Part of the caller's transaction. Throws where the file is being deleted, or may be: who
   * tries again stores it anew.
   */
  nameFile({ n, version }: Numbered, { key, type, size, sha256 }: KeptFile): void {
    const { sql, timers, now } = this.#state;
    const there =
      "SELECT 1 FROM fhir_files WHERE file = ?1 UNION ALL SELECT 1 FROM timers WHERE kind = ?2 AND ref = ?1 AND due_at > ?3 AND attempts = 0";
    if (sql.exec(there, key, FILE_TIMER, now()).toArray().length === 0) throw new Error("a file went before it was named");
    const insert = "INSERT INTO fhir_files (n, version, file, type, size, sha256) VALUES (?, ?, ?, ?, ?, ?)";
    sql.exec(insert, n, version, key, type, size, sha256);
    timers.clear(FILE_TIMER, key);
  }

  /** Gives a version of a Binary that says nothing of its bytes the file of another. Part of the caller's transaction. */
  shareFile(of: Numbered, version: StoredVersion): void {
    const file = version.body === undefined || version.body["data"] !== undefined ? undefined : this.fileOf(of);
    if (file !== undefined && this.fileOf(version) === undefined)
      this.nameFile(version, { ...file, type: textAt(version.body, "contentType") ?? file.type });
  }

  /** Removes a version from the history, and its file. */
  forgetVersion({ n, version }: Numbered): void {
    this.#state.sql.exec("DELETE FROM fhir_versions WHERE n = ? AND version = ?", n, version);
    this.#letGo("DELETE FROM fhir_files WHERE n = ? AND version = ? RETURNING file", n, version);
  }

  /** The bytes of a Binary go with it, also from its history. */
  #dropFile(n: number): void {
    this.#letGo("DELETE FROM fhir_files WHERE n = ? RETURNING file", n);
  }

  /** Has files deleted that a statement says; those that another version has stay. */
  #letGo(statement: string, ...bind: number[]): void {
    const { sql, timers, now } = this.#state;
    for (const { file } of sql.exec<{ file: string }>(statement, ...bind).toArray()) timers.set(FILE_TIMER, file, now());
  }

  /** Resources of a type after a number, in their order, with what they are, or were before they were deleted. */
  batch(type: string, after: number, limit: number): Erasable[] {
    return this.#state.sql
      .exec<{ n: number; id: string; live: number; body: string | null }>(
        `SELECT r.n, r.id, r.body IS NOT NULL AS live, coalesce(r.body, (SELECT v.body FROM fhir_versions AS v WHERE v.n = r.n AND v.body IS NOT NULL ORDER BY v.version DESC LIMIT 1)) AS body
         FROM fhir_resources AS r WHERE r.type = ? AND r.n > ? ORDER BY r.n LIMIT ?`,
        type,
        after,
        limit,
      )
      .toArray()
      .map(({ n, id, live, body }) => ({
        n,
        id,
        isLive: live === 1,
        body: body === null ? undefined : (JSON.parse(body) as Fields),
      }));
  }

  /** Removes resources of a type with all their versions, as if they had never been. */
  erase(type: string, resources: readonly Erasable[]): void {
    for (const { n, id, isLive, body } of resources) {
      if (type === "Binary") this.#dropFile(n);
      if (isLive && body !== undefined) for (const listener of this.#listeners) listener({ type, id, interaction: "delete", body });
    }
    const numbers = resources.map(({ n }) => n);
    this.#index.remove(numbers);
    for (const table of ["fhir_versions", "fhir_identities", "fhir_imports", "fhir_resources"])
      this.#state.sql.exec(`DELETE FROM ${table} WHERE n IN (SELECT value FROM json_each(?))`, JSON.stringify(numbers));
    this.#index.erased();
  }

  /** Claims an identifier for a resource; false where another resource of the type has it. */
  claim(type: string, system: string, value: string, n: number): boolean {
    const { sql } = this.#state;
    sql.exec("INSERT OR IGNORE INTO fhir_identities (type, system, value, n) VALUES (?, ?, ?, ?)", type, system, value, n);
    const key = "SELECT n FROM fhir_identities WHERE type = ? AND system = ? AND value = ?";
    return sql.exec<{ n: number }>(key, type, system, value).one().n === n;
  }

  #retire({ n }: StoredVersion): void {
    const { sql } = this.#state;
    sql.exec(
      "INSERT INTO fhir_versions (n, type, version, changed_at, method, body) SELECT n, type, version, changed_at, method, body FROM fhir_resources WHERE n = ?",
      n,
    );
    this.#index.remove([n]);
  }

  #rows(query: string, ...bind: (string | number | null)[]): StoredVersion[] {
    return this.#state.sql
      .exec<Row>(query, ...bind)
      .toArray()
      .map(versionOf);
  }
}

function versionOf({ n, type, id, version, changed_at, method, body }: Row): StoredVersion {
  let read: Fields | undefined;
  return {
    n,
    type,
    id,
    version,
    changedAt: changed_at,
    method,
    json: body ?? undefined,
    get body() {
      return body === null ? undefined : (read ??= JSON.parse(body) as Fields);
    },
  };
}

/**
 * A resource under its id and `meta`, which come first, as FHIR has them. Copied name by name: what the rest of a destructured object
 * becomes takes V8 twice as long to write as JSON.
 */
function named(resource: Fields, id: string, meta: Fields): Fields {
  const made: Record<string, unknown> = { resourceType: resource["resourceType"], id, meta };
  for (const name in resource) if (name !== "resourceType" && name !== "id" && name !== "meta") made[name] = resource[name];
  return made;
}

function withoutData({ data: _data, ...resource }: Fields): Fields {
  return resource;
}
