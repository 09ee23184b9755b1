import { createHash } from "node:crypto";
import { base64Of, binaryFault, bytesOf, LARGEST_BINARY } from "../../../../shared/fhir/binary";
import { newStoredId } from "../../../../shared/fhir/ids";
import { type Fields, isFields, textAt } from "../../../../shared/fhir/r4/issue";
import { limitsOf, permits, type Reach } from "../../../../shared/fhir/reach";
import type { ResourceDraft } from "../../../../shared/imports/fhir/taken-in";
import { notFound, problem } from "../../../../shared/problem";
import type { LabFiles } from "../../labs/files";
import type { VaultState } from "../../state";
import { answerOf, type FhirAnswer } from "./answers";
import type { Repository } from "./repository";
import { parsedJson } from "./requests";
import { type KeptFile, type Numbered, Resources } from "./resources";

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

/** A Bundle as it is worked off: with texts in place of the files that are kept for it. */
export interface TakenBundle {
  readonly bundle: string | Fields;
  readonly files: ReadonlyMap<string, KeptFile>;
}

const FILE_BEGINS = '{"resourceType":"Binary"';

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
    if (context !== undefined && !this.#repository.mayRead(context, reach))
      throw invalid("securityContext", "The resource that the security context names is not here.");
    const body = { resourceType: "Binary", contentType, ...(context !== undefined && { securityContext: { reference: context } }) };
    if (!this.#repository.search.isWithin(body, reach, "c")) throw problem("forbidden", "Creating this Binary is not allowed here.");
    const kept = await this.#files.store(bytes);
    const stored = this.#state.storage.transactionSync(() => {
      // The id says whose it is, so that others find it who may.
      const made = this.#resources.put("Binary", newStoredId(this.#state.person, this.#state.now()), body, "POST");
      this.#resources.nameFile(made, { ...kept, type: contentType });
      return made;
    });
    return { answer: { ...answerOf(stored), status: 201 }, contentType, context };
  }

  /** A file with its bytes; problems `not_found`, `gone`. */
  async read(id: string, reach: Reach): Promise<BinaryAnswer> {
    const stored = this.#resources.get("Binary", id);
    if (stored === undefined) throw notFound("Binary");
    const { body } = stored;
    if (body === undefined) throw permits(reach, "Binary", "r") ? problem("gone", "The resource was deleted.") : notFound("Binary");
    if (!this.#repository.mayReadFile(id, body, reach)) throw notFound("Binary");
    const bytes = bytesOf(textAt(body, "data") ?? "");
    return {
      answer: answerOf(stored),
      contentType: textAt(body, "contentType") ?? "application/octet-stream",
      context: contextOf(body),
      bytes: bytes !== undefined && bytes.length > 0 ? bytes : ((await this.#bytes(stored)) ?? new Uint8Array()),
    };
  }

  /**
   * Puts the files that come in a Bundle into the bucket, and texts that stand for them in their place. What is not to be kept is
   * left as it is, with why. Whatever ends it in between, a file that nothing names is deleted after an hour.
   */
  async taken(text: string, reach: Reach): Promise<TakenBundle> {
    const bundle = text.includes('"Binary"') && permits(reach, "Binary", "c") ? bundleIn(text) : undefined;
    const files = new Map<string, KeptFile>();
    if (bundle === undefined) return { bundle: text, files };
    const entry: unknown[] = [];
    for (const one of bundle.entry) {
      const resource = isFields(one) ? one["resource"] : undefined;
      const isMade = isFields(one) && textAt(one["request"], "method") === "POST" && textAt(resource, "resourceType") === "Binary";
      const kept = isMade && isFields(resource) ? await this.#taken(resource, files) : undefined;
      entry.push(kept === undefined || !isFields(one) ? one : { ...one, resource: kept });
    }
    return { bundle: { ...bundle.fields, entry }, files };
  }

  /** The same of resources that an import brings; what is here already with these bytes has no file anew. */
  async takenIn(
    drafts: readonly ResourceDraft[],
  ): Promise<{ readonly drafts: readonly ResourceDraft[]; readonly files: ReadonlyMap<string, KeptFile> }> {
    const files = new Map<string, KeptFile>();
    const ready: ResourceDraft[] = [];
    for (const draft of drafts) {
      const resource = draft.type === "Binary" ? parsedJson(draft.json) : undefined;
      const kept = isFields(resource) ? await this.#takenIn(draft.id, resource, files) : undefined;
      ready.push(kept === undefined ? draft : { ...draft, json: JSON.stringify(kept) });
    }
    return { drafts: ready, files };
  }

  /** Lets go of files that nothing names after all. */
  settle(files: ReadonlyMap<string, KeptFile>): void {
    for (const { key } of files.values())
      if (this.#state.sql.exec("SELECT 1 FROM fhir_files WHERE file = ?", key).toArray().length === 0) this.#files.drop(key);
  }

  /**
   * Answers of a Bundle with the data of the files that they show; past 20 MiB without, and so where a file is gone or cannot be read now: what
   * the Bundle wrote is written, and whoever wants the data reads them by themselves.
   */
  async filled(answer: FhirAnswer, reach: Reach): Promise<FhirAnswer> {
    if (answer.bundle === undefined) return answer;
    let left = LARGEST_BINARY;
    const answers: FhirAnswer[] = [];
    for (const one of answer.bundle.answers) {
      const isFile = one.status === 200 && one.json?.startsWith(FILE_BEGINS) === true;
      const resource = isFile ? parsedJson(one.json ?? "") : undefined;
      const id = textAt(resource, "id");
      const bytes =
        isFields(resource) && id !== undefined && resource["data"] === undefined && this.#sizeOf(id) <= left
          ? (await this.read(id, reach).catch(() => undefined))?.bytes
          : undefined;
      left -= bytes?.length ?? 0;
      answers.push(bytes === undefined ? one : { ...one, json: JSON.stringify({ ...(resource as Fields), data: base64Of(bytes) }) });
    }
    return { ...answer, bundle: { ...answer.bundle, answers } };
  }

  /** Bytes of the file of a Binary; none where there is none. */
  #sizeOf(id: string): number {
    const stored = this.#resources.get("Binary", id);
    if (stored === undefined) return 0;
    return this.#resources.fileOf(stored)?.size ?? 0;
  }

  async #takenIn(id: string, resource: Fields, files: Map<string, KeptFile>): Promise<Fields | undefined> {
    const stored = this.#resources.get("Binary", id);
    const file = stored === undefined ? undefined : this.#resources.fileOf(stored);
    const bytes = bytesOf(textAt(resource, "data") ?? "");
    if (file === undefined || bytes === undefined || hashOf(bytes) !== file.sha256) return await this.#taken(resource, files);
    return standIn(resource, { ...file, type: textAt(resource, "contentType") ?? "" }, files);
  }

  /** A Binary whose data stand for a file that is in the bucket now; undefined for one without, or whose file is not to be kept. */
  async #taken(resource: Fields, files: Map<string, KeptFile>): Promise<Fields | undefined> {
    const bytes = bytesOf(textAt(resource, "data") ?? "");
    const type = textAt(resource, "contentType") ?? "";
    if (bytes === undefined || binaryFault(type, bytes) !== undefined || bytes.length > LARGEST_BINARY) return undefined;
    return standIn(resource, { ...(await this.#files.store(bytes)), type }, files);
  }

  /** The files of all Binaries, for an export. */
  documents(): { readonly report: string; readonly size: number; readonly type: string }[] {
    return this.#state.sql
      .exec<{ report: string; size: number; type: string }>(
        "SELECT 'Binary/' || r.id AS report, f.size, f.type FROM fhir_files AS f JOIN fhir_resources AS r ON r.n = f.n AND r.version = f.version ORDER BY f.n",
      )
      .toArray();
  }

  /** The bytes of `Binary/{id}`, for an export; problem `not_found`. */
  async document(reference: string): Promise<Uint8Array<ArrayBuffer>> {
    const stored = this.#resources.get("Binary", reference.slice("Binary/".length));
    const bytes = stored === undefined ? undefined : await this.#bytes(stored);
    if (bytes === undefined) throw notFound("file");
    return bytes;
  }

  async #bytes(version: Numbered): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = this.#resources.fileOf(version);
    return file === undefined ? undefined : await this.#files.open(file.key, file);
  }
}

/** A Binary whose data stand for a file. */
function standIn(resource: Fields, file: KeptFile, files: Map<string, KeptFile>): Fields {
  // Base64 that nobody can guess.
  const data = btoa(file.key);
  files.set(data, file);
  return { ...resource, data };
}

function bundleIn(text: string): { readonly fields: Fields; readonly entry: readonly unknown[] } | undefined {
  const fields = parsedJson(text);
  return isFields(fields) && Array.isArray(fields["entry"]) ? { fields, entry: fields["entry"] } : undefined;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function contextOf(body: Fields): string | undefined {
  return textAt(body["securityContext"], "reference");
}

function invalid(field: string, message: string) {
  return problem("invalid", undefined, { errors: [{ pointer: `/${field}`, code: "invalid", message }] });
}
