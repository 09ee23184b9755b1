import { DurableObject } from "cloudflare:workers";
import initial from "../../migrations/exporter/0001_export.sql";
import { DAY_MS, MINUTE_MS, SECOND_MS, systemClock } from "../../shared/clock";
import { RunningSha256 } from "../../shared/crypto/running-sha256";
import { type AccountFacts, exportKey, type ExportState, type ExportStatus, publicExport } from "../../shared/exports/status";
import { joined } from "../../shared/bytes";
import { addPiece, beginEntry, directory, endEntry } from "../../shared/exports/zip/writer";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { keptProblem } from "../../shared/imports/status";
import { consoleLog } from "../../shared/log";
import { isProblem, notFound, problem, type Problem } from "../../shared/problem";
import { storesOf, vaultDoor } from "../doors";
import { migrate } from "../migrate";
import { Watchers } from "../watchers";
import { type ArchiveFile, Books, type Job, statusOf } from "./books";
import { pieceOf } from "./content";
import { IMPORTS, planFiles, readImports } from "./plan";

/** Work per alarm, so that cancelling, watching and moving the object never wait long. */
const SLICE_MS = 10 * SECOND_MS;
/** Parts of a multipart upload are equally long, but for the last. */
const PART_BYTES = 8 * 1024 * 1024;
/** How long the archive can be downloaded, and how long its export is listed after that. */
const KEPT_MS = 7 * DAY_MS;
const REMEMBERED_MS = 90 * DAY_MS;
const MOST_ATTEMPTS = 8;
const LONGEST_WAIT_MS = 5 * MINUTE_MS;

/** What the Worker needs to serve a finished archive. */
export interface ServedFile {
  readonly key: string;
  readonly createdAt: number;
}

/**
 * One export: asks the person's vault for everything, piece by piece, and writes it as a zip archive into the region's bucket. Works in
 * slices behind its alarm. Each step stores the bytes it adds together with where to go on, in one transaction, and only stored bytes
 * are uploaded, so that an eviction costs at most one step and never changes a byte. The archive is deleted after a week.
 */
export class Exporter extends DurableObject<Env> {
  readonly #books: Books;
  readonly #watchers: Watchers<ExportStatus>;
  #isWorking = false;
  #isReady = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#books = new Books(ctx.storage.sql);
    this.#watchers = new Watchers(ctx, (status) => ({ export: publicExport(status) }));
  }

  /** Begins an export that the vault has opened for this id. `facts` is what is known of the account outside of the vault. */
  async create(owner: PersonId, facts: readonly AccountFacts[]): Promise<ExportStatus> {
    migrate(this.ctx.storage, [["0001_export", initial]]);
    this.#isReady = true;
    if (this.#books.job() === undefined) {
      this.ctx.storage.transactionSync(() => this.#books.create(owner, facts, systemClock()));
      await this.ctx.storage.setAlarm(systemClock());
    }
    return this.#status(this.#own(owner));
  }

  /** The present state. */
  async status(person: PersonId): Promise<ExportStatus> {
    return this.#status(this.#own(person));
  }

  /** Where the archive lies; problem `conflict` while it is written, `gone` where it is not there any more. */
  async file(person: PersonId): Promise<ServedFile> {
    const job = this.#own(person);
    if (job.state === "running") throw problem("conflict", "The export has not ended yet.");
    if (job.state !== "done" || (job.expiresAt ?? 0) <= systemClock())
      throw problem("gone", "The file of this export is not there any more.");
    return { key: this.#key, createdAt: job.createdAt };
  }

  /** Stops an export, or deletes the archive of one that is done. Does nothing where that has happened. */
  async remove(person: PersonId): Promise<ExportStatus> {
    const job = this.#own(person);
    if (job.state === "running") await this.#end("cancelled");
    else if (job.state === "done") await this.#end("expired");
    return this.#status(this.#own(person));
  }

  /** Removes every trace of the export: its file, its books and itself. */
  async erase(person: PersonId): Promise<void> {
    await this.#vanish(this.#own(person));
  }

  /** Follows the export by server-sent events; `x-meridian-person` and `after` as with imports. */
  override async fetch(request: Request): Promise<Response> {
    const person = parseId("person", request.headers.get("x-meridian-person") ?? "");
    const job = person === undefined ? undefined : this.#job();
    if (job === undefined || job.owner !== person) return new Response(null, { status: 404 });
    const after = new URL(request.url).searchParams.get("after");
    return this.#watchers.events(this.#status(job), after === null || !/^\d{1,15}$/.test(after) ? undefined : Number(after));
  }

  override async alarm(): Promise<void> {
    const job = this.#job();
    if (job === undefined) return;
    if (job.state === "running") return this.#work();
    const now = systemClock();
    if (job.state === "done" && (job.expiresAt ?? 0) <= now) return this.#end("expired");
    if (job.state !== "done" && (job.finishedAt ?? 0) + REMEMBERED_MS <= now) {
      await this.ctx.storage.deleteAll();
      this.#isReady = false;
      return;
    }
    await this.#settle();
  }

  /** One slice of work. Failures are counted and tried again from the last step; progress forgives them. */
  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      const until = systemClock() + SLICE_MS;
      while (systemClock() < until) if (await this.#step()) return;
      await this.ctx.storage.setAlarm(systemClock());
    } catch (error) {
      await this.#failed(error);
    } finally {
      this.#isWorking = false;
    }
  }

  /** Adds one piece to the archive; true where the export has ended. */
  async #step(): Promise<boolean> {
    const job = this.#job();
    if (job?.state !== "running") return true;
    if (job.upload === undefined) await this.#begin(job);
    else {
      await this.#flush(job.upload);
      const file = this.#books.file(job.current);
      if (file === undefined) return this.#finish(job, job.upload);
      await this.#write(job, file);
    }
    if (this.#job()?.state !== "running") return true;
    this.#tell();
    return false;
  }

  async #begin(job: Job): Promise<void> {
    const facts = this.#books.facts();
    const imports = facts.find(({ kind }) => kind === IMPORTS);
    const read = imports === undefined ? undefined : await readImports(this.env, this.#files, job.owner, imports);
    const plan = await vaultDoor(this.env, job.owner).exportPlan(this.#id);
    const upload = await this.#files.createMultipartUpload(this.#key, { httpMetadata: { contentType: "application/zip" } });
    if (this.#job()?.state !== "running") {
      await upload.abort();
      return;
    }
    this.ctx.storage.transactionSync(() => {
      if (read !== undefined) this.#books.setFacts(read.facts);
      const { kinds, leftOut } = plan;
      this.#books.begin(upload.uploadId, planFiles(facts, plan, read?.uploads ?? []), { kinds, leftOut });
    });
  }

  async #write(job: Job, file: ArchiveFile): Promise<void> {
    const { owner } = job;
    const piece = await pieceOf(
      {
        books: this.#books,
        files: this.#files,
        region: regionOf(owner),
        page: async (planned, after) => await vaultDoor(this.env, owner).exportPage(this.#id, planned, after),
        document: async (report, offset, length) => await vaultDoor(this.env, owner).exportDocument(this.#id, report, offset, length),
      },
      job,
      file,
    );
    if (this.#job()?.state !== "running") return;
    const begun = file.entry === undefined ? beginEntry(file.name, job.offset, job.createdAt) : undefined;
    const added = addPiece(file.entry ?? begun!.entry, piece.content);
    const isLast = piece.next === undefined;
    const ended = isLast ? endEntry(added.entry) : undefined;
    const bytes = joined([...(begun === undefined ? [] : [begun.bytes]), added.bytes, ...(ended === undefined ? [] : [ended.bytes])]);
    const content = new RunningSha256(file.hash);
    content.update(piece.content);
    const whole = new RunningSha256(job.hash);
    whole.update(bytes);
    const records = file.records + piece.records;
    const before = this.#books.weightBefore(file.number);
    this.ctx.storage.transactionSync(() =>
      this.#books.write({
        bytes,
        hash: whole.state,
        done: before + (isLast ? file.weight : Math.min(file.weight, records)),
        file: {
          number: file.number,
          records,
          position: piece.next,
          entry: ended?.entry ?? added.entry,
          hash: isLast ? undefined : content.state,
          sha256: isLast ? content.hex() : undefined,
        },
      }),
    );
  }

  /** Uploads what fills whole parts. Repeating it uploads the same bytes. */
  async #flush(upload: string): Promise<void> {
    for (;;) {
      const job = this.#job();
      const number = this.#books.parts().length + 1;
      if (job?.state !== "running" || job.offset < number * PART_BYTES) return;
      const tail = this.#books.tail();
      const part = await this.#files.resumeMultipartUpload(this.#key, upload).uploadPart(number, tail.subarray(0, PART_BYTES));
      if (this.#job()?.state !== "running") return;
      this.ctx.storage.transactionSync(() => this.#books.uploaded(part, tail.subarray(PART_BYTES)));
    }
  }

  /** Ends the archive with its directory. */
  async #finish(job: Job, uploadId: string): Promise<boolean> {
    const entries = this.#books.files().flatMap(({ entry }) => entry ?? []);
    const end = directory(entries, job.offset, job.createdAt);
    const hash = new RunningSha256(job.hash);
    hash.update(end);
    const bytes = job.offset + end.length;
    const stored = await this.#files.head(this.#key);
    // Where it is there already, an eviction came between completing the upload and noting that.
    if (stored?.size !== bytes) {
      const upload = this.#files.resumeMultipartUpload(this.#key, uploadId);
      const parts = this.#books.parts();
      const rest = joined([this.#books.tail(), end]);
      for (let at = 0; at < rest.length; at += PART_BYTES) {
        parts.push(await upload.uploadPart(parts.length + 1, rest.subarray(at, at + PART_BYTES)));
      }
      if (this.#job()?.state !== "running") return true;
      await upload.complete(parts);
    }
    if (this.#job()?.state === "running") await this.#end("done", undefined, { bytes, sha256: hash.hex() });
    return true;
  }

  async #failed(error: unknown): Promise<void> {
    const job = this.#job();
    if (job?.state !== "running") return;
    if (isProblem(error) && error.code === "gone" && (await this.#isErased(job))) return this.#vanish(job);
    this.#books.noteAttempt();
    const attempts = job.attempts + 1;
    // The vault does not know the export any more, or what it was to show is gone.
    const isFinal = isProblem(error) && (error.code === "not_found" || error.code === "gone");
    if (isFinal || attempts >= MOST_ATTEMPTS) return this.#end("failed", isProblem(error) ? error : problem("internal"));
    consoleLog({ event: "export", outcome: "retry", attempts, reason: error instanceof Error ? error.name : typeof error });
    await this.ctx.storage.setAlarm(systemClock() + Math.min(SECOND_MS * 2 ** attempts, LONGEST_WAIT_MS));
  }

  async #end(
    state: Exclude<ExportState, "running">,
    why?: Problem,
    file?: { readonly bytes: number; readonly sha256: string },
  ): Promise<void> {
    const now = systemClock();
    this.ctx.storage.transactionSync(() =>
      this.#books.finish(state, now, {
        ...file,
        ...(file !== undefined && { expiresAt: now + KEPT_MS }),
        ...(why !== undefined && { problem: keptProblem(why) }),
      }),
    );
    const job = this.#job();
    consoleLog({ event: "export", outcome: state, bytes: job?.bytes, ms: now - (job?.createdAt ?? now), problem: why?.code });
    this.#tell();
    await this.#settle();
  }

  /** Tells the vault that the export has ended, and lets go of a file that is not wanted. What does not answer is asked again. */
  async #settle(): Promise<void> {
    const job = this.#job();
    if (job === undefined || job.state === "running") return;
    try {
      if (job.isOpen) {
        await vaultDoor(this.env, job.owner).closeExport(this.#id);
        this.#books.closed();
      }
      if (job.state !== "done" && job.fileKept) {
        await this.#deleteFile(job);
        this.#books.fileDeleted();
      }
      await this.ctx.storage.setAlarm(job.state === "done" ? (job.expiresAt ?? 0) : (job.finishedAt ?? 0) + REMEMBERED_MS);
    } catch {
      await this.ctx.storage.setAlarm(systemClock() + MINUTE_MS);
    }
  }

  /** Whether the person was erased while this began: then nothing of them may stay here. */
  async #isErased({ owner }: Job): Promise<boolean> {
    try {
      await vaultDoor(this.env, owner).exportPlan(this.#id);
      return false;
    } catch (error) {
      return isProblem(error) && error.code === "gone";
    }
  }

  async #vanish(job: Job): Promise<void> {
    await this.#deleteFile(job);
    await this.ctx.storage.deleteAll();
    this.#isReady = false;
  }

  async #deleteFile({ upload }: Job): Promise<void> {
    if (upload !== undefined) {
      try {
        await this.#files.resumeMultipartUpload(this.#key, upload).abort();
      } catch {
        // It was completed, or aborted before; what is not either ages out in the bucket after a week.
      }
    }
    await this.#files.delete(this.#key);
  }

  /** The job, where it belongs to the person; another's export looks like none. */
  #own(person: PersonId): Job {
    const job = this.#job();
    if (job === undefined || job.owner !== person) throw notFound("export");
    return job;
  }

  /** The job, or undefined for an id that nobody created: asking leaves no trace. */
  #job(): Job | undefined {
    this.#isReady ||= this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'job'").toArray().length > 0;
    return this.#isReady ? this.#books.job() : undefined;
  }

  #tell(): void {
    const job = this.#job();
    if (job !== undefined) this.#watchers.tell(this.#status(job));
  }

  #status(job: Job): ExportStatus {
    return statusOf(this.#id, job, job.state === "done" ? this.#books.records() : 0);
  }

  get #id(): string {
    return this.ctx.id.name ?? "";
  }

  get #key(): string {
    return exportKey(this.#id);
  }

  get #files(): R2Bucket {
    return storesOf(this.env, regionOf(this.#id)).files;
  }
}
