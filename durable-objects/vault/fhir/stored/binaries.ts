import { binaryFault, bytesOf } from "../../../../shared/fhir/binary";
import type { Fields } from "../../../../shared/fhir/r4/issue";
import { textAt } from "../../../../shared/fhir/r4/issue";
import { limitsOf, type Reach } from "../../../../shared/fhir/reach";
import { notFound, problem } from "../../../../shared/problem";
import type { LabFiles } from "../../labs/files";
import type { VaultState } from "../../state";
import { answerOf, type FhirAnswer } from "./answers";
import type { Repository } from "./repository";
import { Resources, type StoredVersion } from "./resources";

/** What is done with a file: it is kept, or read. */
export type BinaryRequest =
  | { readonly kind: "create"; readonly contentType: string; readonly bytes: Uint8Array; readonly context?: string | undefined }
  | { readonly kind: "read"; readonly id: string };

export interface BinaryAnswer {
  /** The resource, without its data. */
  readonly answer: FhirAnswer;
  readonly contentType: string;
  /** The resource whose reach is that of the file. */
  readonly context?: string | undefined;
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

interface FileRow extends Record<string, SqlStorageValue> {
  readonly file: string;
  readonly sha256: string;
}

const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

/** Binary resources: what they say lies in the repository, their bytes sealed in the region's bucket. */
export class Binaries {
  readonly #state: VaultState;
  readonly #repository: Repository;
  readonly #resources: Resources;
  readonly #files: LabFiles;

  constructor(state: VaultState, repository: Repository, files: LabFiles) {
    this.#state = state;
    this.#repository = repository;
    this.#resources = new Resources(state);
    this.#files = files;
  }

  /** Keeps a file. Problems `forbidden`, `invalid` for a type that is not kept or bytes of another one, and for a context that is not here. */
  async create({ contentType, bytes, context }: Extract<BinaryRequest, { kind: "create" }>, reach: Reach): Promise<BinaryAnswer> {
    if (limitsOf(reach, "Binary", "c") === "none") throw problem("forbidden", "Creating this Binary is not allowed here.");
    const fault = binaryFault(contentType, bytes);
    if (fault !== undefined) throw invalid(fault.field, fault.message);
    if (context !== undefined && !this.#isReadable(context, reach))
      throw invalid("securityContext", "The resource that the security context names is not here.");
    const { key, sha256, size } = await this.#files.store(bytes);
    const body = { resourceType: "Binary", contentType, ...(context !== undefined && { securityContext: { reference: context } }) };
    const stored = this.#state.storage.transactionSync(() => {
      const made = this.#resources.put("Binary", crypto.randomUUID(), body, "POST");
      this.#state.sql.exec(
        "INSERT INTO fhir_files (n, file, type, size, sha256) VALUES (?, ?, ?, ?, ?)",
        made.n,
        key,
        contentType,
        size,
        sha256,
      );
      this.#files.keep(key);
      return made;
    });
    return { answer: { ...answerOf(stored), status: 201 }, contentType, context };
  }

  /** A file with its bytes; problems `not_found`, `gone`. */
  async read(id: string, reach: Reach): Promise<BinaryAnswer> {
    const stored = this.#resources.get("Binary", id);
    if (stored === undefined || !this.#isWithin(stored, reach)) throw notFound("Binary");
    const { body } = stored;
    if (body === undefined) throw problem("gone", "The resource was deleted.");
    const bytes = (await this.#bytes(stored.n)) ?? bytesOf(textAt(body, "data") ?? "") ?? new Uint8Array();
    return {
      answer: answerOf(stored),
      contentType: textAt(body, "contentType") ?? "application/octet-stream",
      context: contextOf(body),
      bytes,
    };
  }

  /** The files of all Binaries, for an export. */
  documents(): { readonly report: string; readonly size: number; readonly type: string }[] {
    return this.#state.sql
      .exec<{ report: string; size: number; type: string }>(
        "SELECT 'Binary/' || r.id AS report, f.size, f.type FROM fhir_files AS f JOIN fhir_resources AS r ON r.n = f.n ORDER BY f.n",
      )
      .toArray();
  }

  /** The bytes of `Binary/{id}`, for an export; problem `not_found`. */
  async document(reference: string): Promise<Uint8Array<ArrayBuffer>> {
    const n = this.#resources.get("Binary", reference.slice("Binary/".length))?.n;
    const bytes = n === undefined ? undefined : await this.#bytes(n);
    if (bytes === undefined) throw notFound("file");
    return bytes;
  }

  async #bytes(n: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const [row] = this.#state.sql
      .exec<FileRow & { file: string; sha256: string }>("SELECT file, sha256 FROM fhir_files WHERE n = ?", n)
      .toArray();
    return row === undefined ? undefined : await this.#files.open(row.file, row);
  }

  /**
   * Whether a file may be read: as the resource of its security context may where it has one (R4 binary.html#security), else by a reach to
   * files, or because a document that names it may be read.
   */
  #isWithin({ id, body }: StoredVersion, reach: Reach): boolean {
    const context = body === undefined ? undefined : contextOf(body);
    if (context !== undefined) return this.#isReadable(context, reach);
    return limitsOf(reach, "Binary", "r") !== "none" || this.#isInDocument(id, reach);
  }

  #isInDocument(id: string, reach: Reach): boolean {
    const bases = ["", `${this.#state.env.ORIGIN}/fhir/r4/`, `${this.#state.env.ORIGIN}/fhir/R4/`];
    return this.#state.sql
      .exec<{ n: number }>(
        "SELECT DISTINCT n FROM fhir_uris WHERE param = 'DocumentReference.location' AND value IN (?, ?, ?) LIMIT 50",
        ...bases.map((base) => `${base}Binary/${id}`),
      )
      .toArray()
      .some(({ n }) => {
        const [document] = this.#resources.byNumber(n);
        return document?.body !== undefined && this.#repository.search.isWithin(document.body, reach, "r");
      });
  }

  #isReadable(reference: string, reach: Reach): boolean {
    const [, type = "", id = ""] = LOCAL.exec(reference) ?? [];
    const resource = this.#repository.search.one(type, id, reach);
    return resource !== undefined && this.#repository.search.isWithin(resource, reach, "r");
  }
}

function contextOf(body: Fields): string | undefined {
  return textAt(body["securityContext"], "reference");
}

function invalid(field: string, message: string) {
  return problem("invalid", undefined, { errors: [{ pointer: `/${field}`, code: "invalid", message }] });
}
