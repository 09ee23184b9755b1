import { DurableObject } from "cloudflare:workers";
import initial from "../../migrations/importer/0001_import.sql";
import dryRunAndUndo from "../../migrations/importer/0150_dry_run_and_undo.sql";
import labTests from "../../migrations/importer/0225_lab_tests.sql";
import { DAY_MS, MINUTE_MS, SECOND_MS, systemClock } from "../../shared/clock";
import { patientId } from "../../shared/fhir/ids";
import type { Batch, Receipt } from "../../shared/health/reading";
import { type ImportId, parseId, type PersonId, regionOf } from "../../shared/id";
import type { CsvMapping } from "../../shared/imports/csv/mapping";
import type { ImportReader, ImportStep } from "../../shared/imports/import-reader";
import { type AskedKind, AUTO, type ImportKind, openImport, recogniseImport, supportedKinds } from "../../shared/imports/kinds";
import { lookAt } from "../../shared/imports/look";
import { Preview } from "../../shared/imports/preview";
import { type ImportStatus, keptProblem, publicImport, unpackedKey, uploadKey } from "../../shared/imports/status";
import { addedTestsFor } from "../../shared/labs/added";
import { consoleLog } from "../../shared/log";
import { isProblem, notFound, problem, type Problem } from "../../shared/problem";
import { importerDoor, storesOf, vaultDoor } from "../doors";
import { migrate, type Migration } from "../migrate";
import { bucketScratch } from "./bucket-scratch";
import { bucketSource } from "./bucket-source";
import { type ImportBooks, type ImportOptions, type Job, JobStore, reportOf, statusOf } from "./job";
import { Watchers } from "../watchers";

/** Work per alarm, so that cancelling, watching and moving the object never wait long. */
const SLICE_MS = 10 * SECOND_MS;
/** An upload that never came is given up after a day. */
const UPLOAD_WITHIN_MS = DAY_MS;
/** The file of a dry run waits as long to be confirmed. */
const CONFIRM_WITHIN_MS = DAY_MS;
const MOST_ATTEMPTS = 8;
/** A file that seems damaged is read again before that is believed: it may have been the transport. */
const TRUSTED_DAMAGE = 2;
const LONGEST_WAIT_MS = 5 * MINUTE_MS;

const MIGRATIONS: readonly Migration[] = [
  ["0001_import", initial],
  ["0150_dry_run_and_undo", dryRunAndUndo],
  ["0225_lab_tests", labTests],
];

/**
 * One file import: reads the uploaded file from the region's bucket, maps it, hands it to the person's vault batch by batch, and keeps
 * its own progress. Works in slices behind its alarm; every batch that the vault has stored is followed by a checkpoint, so that an
 * eviction costs at most one batch, which the vault recognises. The uploaded file is deleted when the import ends, however it ends. A dry
 * run reads and maps in the same way, stores nothing, and keeps the file for a day.
 */
export class Importer extends DurableObject<Env> {
  readonly #jobs: JobStore;
  readonly #watchers: Watchers<ImportStatus>;
  #reader: ImportReader | undefined;
  #preview: Preview | undefined;
  #isWorking = false;
  #isReady = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#jobs = new JobStore(ctx.storage.sql);
    this.#watchers = new Watchers(ctx, (status) => ({ import: publicImport(status) }));
  }

  /** Prepares an import that waits for its file. `size` is what the uploader announces, 0 where it does not know. */
  async create(owner: PersonId, kind: AskedKind, fileName: string, size: number, options: ImportOptions = {}): Promise<ImportStatus> {
    migrate(this.ctx.storage, MIGRATIONS);
    this.#isReady = true;
    if (this.#jobs.read() === undefined) {
      this.#jobs.create(owner, kind, fileName, size, systemClock(), options);
      await this.ctx.storage.setAlarm(systemClock() + UPLOAD_WITHIN_MS);
    }
    return this.#status(this.#own(owner));
  }

  /**
   * Begins to read the uploaded file, or confirms a dry run, whose file is then read again and stored; does nothing where that has begun.
   * Throws `conflict` where no file has arrived.
   */
  async start(person: PersonId): Promise<ImportStatus> {
    const job = this.#own(person);
    if (job.state === "waiting" && !(await this.#startIfUploaded())) throw problem("conflict", "The file has not been uploaded yet.");
    if (job.state === "previewed") await this.#begin({ dryRun: false });
    return this.#status(this.#own(person));
  }

  /** Reads a table's dry run again with other columns. Throws `conflict` where the import is no dry run that waits. */
  async remap(person: PersonId, mapping: CsvMapping): Promise<ImportStatus> {
    if (this.#own(person).state !== "previewed") throw problem("conflict", "Only a dry run that waits to be confirmed can be mapped anew.");
    await this.#begin({ dryRun: true, mapping });
    return this.#status(this.#own(person));
  }

  /**
   * Takes back what the import brought, and nothing that came from elsewhere too. Does nothing where that has begun. Throws `conflict`
   * for an import that has not ended.
   */
  async undo(person: PersonId): Promise<ImportStatus> {
    const job = this.#own(person);
    if (job.state === "waiting" || job.state === "running" || job.state === "previewed")
      throw problem("conflict", "The import has not ended: cancel it first.");
    if (job.state !== "undoing" && job.state !== "undone") {
      await this.#deleteFile();
      this.#jobs.undo();
      this.#tell();
      await this.ctx.storage.setAlarm(systemClock());
    }
    return this.#status(this.#own(person));
  }

  /** The present state. An upload that has arrived in the meantime starts the import. */
  async status(person: PersonId): Promise<ImportStatus> {
    if (this.#own(person).state === "waiting") await this.#startIfUploaded();
    return this.#status(this.#own(person));
  }

  /** Stops the import. What has been stored stays. Does nothing where it has ended. */
  async cancel(person: PersonId): Promise<ImportStatus> {
    const job = this.#own(person);
    if (job.state === "waiting" || job.state === "running" || job.state === "previewed") await this.#end("cancelled");
    return this.#status(this.#own(person));
  }

  /**
   * Follows the person to another region: hands the books to the object of the new id, which can take back there what the import brought.
   * False where the import has not ended, or is not the person's. Repeating it changes nothing.
   */
  async follow(person: PersonId, to: ImportId, owner: PersonId): Promise<boolean> {
    if (this.#job()?.owner !== person) return false;
    const books = this.#jobs.books();
    if (books === undefined) return false;
    await importerDoor(this.env, to).arrive(owner, books);
    return true;
  }

  /** Takes the books of an import that follows its person; called by the object of the old id alone. */
  async arrive(owner: PersonId, books: ImportBooks): Promise<void> {
    migrate(this.ctx.storage, MIGRATIONS);
    this.#isReady = true;
    if (this.#jobs.read() !== undefined) return;
    this.#jobs.arrive(owner, books);
    if (books.state === "undoing") await this.ctx.storage.setAlarm(systemClock());
  }

  /** Removes every trace of the import: its file, its books and itself. */
  async erase(person: PersonId): Promise<void> {
    this.#own(person);
    await this.#letGo();
    await this.#files.delete(this.#keys);
    await this.ctx.storage.deleteAll();
    this.#isReady = false;
  }

  /**
   * Follows the import: a WebSocket upgrade, or server-sent events otherwise. The Worker has checked who asks and names the owner in
   * `x-meridian-person`; `after` in the query is the last `seq` seen.
   */
  override async fetch(request: Request): Promise<Response> {
    const person = parseId("person", request.headers.get("x-meridian-person") ?? "");
    const job = person === undefined ? undefined : this.#job();
    if (job === undefined || job.owner !== person) return new Response(null, { status: 404 });
    const after = new URL(request.url).searchParams.get("after");
    const seen = after === null || !/^\d{1,15}$/.test(after) ? undefined : Number(after);
    const status = this.#status(job);
    return request.headers.get("upgrade")?.toLowerCase() === "websocket"
      ? this.#watchers.socket(status, seen)
      : this.#watchers.events(status, seen);
  }

  /** Watchers have nothing to say; what they send is ignored. */
  override webSocketMessage(): void {}

  override webSocketClose(socket: WebSocket): void {
    socket.close();
  }

  override async alarm(): Promise<void> {
    const job = this.#job();
    if (job === undefined) return;
    if (job.state === "running") return this.#work();
    if (job.state === "undoing") return this.#takeBack();
    if (job.state === "previewed") return this.#expire(job);
    if (job.state !== "waiting") return this.#deleteFile();
    if (await this.#startIfUploaded()) return;
    if (systemClock() - job.createdAt < UPLOAD_WITHIN_MS) await this.ctx.storage.setAlarm(job.createdAt + UPLOAD_WITHIN_MS);
    else await this.#end("failed", problem("gone", "The file was not uploaded in time."));
  }

  async #startIfUploaded(): Promise<boolean> {
    const file = await this.#files.head(this.#key);
    if (this.#job()?.state !== "waiting") return true;
    if (file === null) return false;
    this.#jobs.start(file.size, systemClock());
    await this.ctx.storage.setAlarm(systemClock());
    this.#tell();
    return true;
  }

  async #begin(next: { readonly dryRun: boolean; readonly mapping?: CsvMapping }): Promise<void> {
    await this.#letGo();
    this.#jobs.begin(next);
    this.#tell();
    await this.ctx.storage.setAlarm(systemClock());
  }

  async #expire(job: Job): Promise<void> {
    const until = job.keptUntil ?? 0;
    if (systemClock() < until) await this.ctx.storage.setAlarm(until);
    else await this.#end("cancelled", problem("gone", "The dry run was not confirmed in time."));
  }

  /** One slice of taking back. Each call removes a piece and forgets that it was there, so that a repetition costs nothing. */
  async #takeBack(): Promise<void> {
    const until = systemClock() + SLICE_MS;
    try {
      for (let isMore = true; isMore;) {
        const job = this.#job();
        if (job?.state !== "undoing") return;
        const taken = await vaultDoor(this.env, job.owner).undoImport(this.#id);
        this.#jobs.removed(taken.removed);
        isMore = taken.isMore;
        if (isMore && systemClock() >= until) return await this.ctx.storage.setAlarm(systemClock());
      }
      await this.#end("undone");
    } catch (error) {
      this.#jobs.noteAttempt();
      const attempts = this.#job()?.attempts ?? 0;
      consoleLog({ event: "import", outcome: "undo_retry", attempts, reason: error instanceof Error ? error.name : typeof error });
      await this.ctx.storage.setAlarm(systemClock() + Math.min(SECOND_MS * 2 ** Math.min(attempts, 10), LONGEST_WAIT_MS));
    }
  }

  /** One slice of work. Failures are counted and tried again from the last checkpoint; progress forgives them. */
  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      const until = systemClock() + SLICE_MS;
      while (systemClock() < until) {
        if (await this.#step()) return;
      }
      await this.ctx.storage.setAlarm(systemClock());
    } catch (error) {
      await this.#failed(error);
    } finally {
      this.#isWorking = false;
    }
  }

  /** Reads, stores and books one batch; true where the import has ended. */
  async #step(): Promise<boolean> {
    const job = this.#job();
    if (job?.state !== "running") return true;
    const reader = (this.#reader ??= await this.#open(job));
    const step = await reader.next();
    if (this.#job()?.state !== "running") return true;
    const receipt = job.dryRun ? undefined : await this.#store(job.owner, reader, step);
    if (this.#job()?.state !== "running") return true;
    this.#book(reader, step, receipt, job.dryRun);
    if (step.finished && job.dryRun) await this.#previewed();
    else if (step.finished) await this.#end("done");
    else this.#tell();
    return step.finished;
  }

  async #store(owner: PersonId, reader: ImportReader, step: ImportStep): Promise<Receipt | undefined> {
    if (step.restore !== undefined) await vaultDoor(this.env, owner).restore(step.restore, this.#id);
    if (this.#job()?.state !== "running") return undefined;
    if (step.labs !== undefined) {
      const added = addedTestsFor(step.labs.results, this.#jobs.labTests());
      reader.tally.settleLabs(await vaultDoor(this.env, owner).recordLabs(step.labs, this.#id, added));
    }
    if (step.resources !== undefined && this.#job()?.state === "running") {
      const { fileName } = this.#own(owner);
      reader.tally.settleLabs(await vaultDoor(this.env, owner).recordResources(step.resources, this.#id, fileName));
    }
    if (this.#job()?.state !== "running" || isEmpty(step.batch)) return undefined;
    return await this.#record(owner, step.batch);
  }

  async #open(job: Job): Promise<ImportReader> {
    const file = await this.#files.head(this.#key);
    if (file === null) throw problem("file_unreadable", "The uploaded file is gone.");
    const source = bucketSource(this.#files, this.#key, file.size);
    const kind = job.kind === AUTO ? await this.#recognise(source, job.fileName) : job.kind;
    const checkpoint = this.#jobs.checkpoint();
    this.#preview = job.dryRun ? new Preview(this.#jobs.preview()) : undefined;
    const { fileName, mapping, dryRun: isDry } = job;
    const zone = await vaultDoor(this.env, job.owner).timeZone();
    const scratch = bucketScratch(this.#files, unpackedKey(this.#id));
    const patient = patientId(job.owner);
    return openImport(kind, source, checkpoint, {
      tolerant: job.attempts >= TRUSTED_DAMAGE,
      fileName,
      mapping,
      zone,
      patient,
      isDry,
      scratch,
    });
  }

  async #recognise(source: ReturnType<typeof bucketSource>, fileName: string): Promise<ImportKind> {
    const kind = recogniseImport(await lookAt(fileName, source));
    if (kind === undefined) throw problem("file_unreadable", supportedKinds());
    this.#jobs.recognised(kind);
    return kind;
  }

  async #record(owner: PersonId, batch: Batch): Promise<Receipt> {
    return await vaultDoor(this.env, owner).record(batch, this.#id);
  }

  #book(reader: ImportReader, step: ImportStep, receipt: Receipt | undefined, isDry: boolean): void {
    if (isDry) this.#preview?.add(step);
    if (receipt !== undefined) reader.tally.settle(step.credits, receipt);
    const preview = isDry ? this.#preview?.state : undefined;
    const mapping = isDry && step.finished ? this.#preview?.rows(reader.tally.state) : undefined;
    const report = reportOf(reader.tally.state, reader.columns, mapping);
    this.ctx.storage.transactionSync(() => this.#jobs.advance(step.done, step.total, report, step.checkpoint?.(), preview));
  }

  /** Ends a dry run, and keeps its file for a while. */
  async #previewed(): Promise<void> {
    const until = systemClock() + CONFIRM_WITHIN_MS;
    // The state last: whoever confirms at once sets an alarm of their own.
    await this.#letGo();
    await this.ctx.storage.setAlarm(until);
    this.#jobs.previewed(until);
    this.#tell();
  }

  async #failed(error: unknown): Promise<void> {
    const job = this.#job();
    await this.#letGo();
    if (job?.state !== "running") return;
    this.#jobs.noteAttempt();
    const attempts = job.attempts + 1;
    // The columns of a table are asked for once.
    if (isProblem(error) && error.code === "invalid") return this.#end("failed", error);
    const isFault = isProblem(error) && error.code === "file_unreadable";
    if (isFault && attempts > TRUSTED_DAMAGE) return this.#end("failed", error);
    if (attempts >= MOST_ATTEMPTS) return this.#end("failed", isProblem(error) ? error : problem("internal"));
    consoleLog({ event: "import", outcome: "retry", kind: job.kind, attempts, reason: error instanceof Error ? error.name : typeof error });
    const wait = isFault ? 0 : Math.min(SECOND_MS * 2 ** attempts, LONGEST_WAIT_MS);
    await this.ctx.storage.setAlarm(systemClock() + wait);
  }

  async #end(state: "done" | "failed" | "cancelled" | "undone", why?: Problem): Promise<void> {
    this.#jobs.finish(state, systemClock(), why === undefined ? undefined : keptProblem(why));
    const job = this.#job();
    if (job !== undefined) {
      consoleLog({
        event: "import",
        outcome: state,
        kind: job.kind,
        bytes: job.done,
        ms: systemClock() - job.createdAt,
        problem: why?.code,
      });
    }
    this.#tell();
    await this.#letGo();
    await this.#deleteFile();
  }

  /** The raw file is not needed any more. A bucket that does not answer is asked again later. */
  async #deleteFile(): Promise<void> {
    if (this.#job()?.fileKept !== true) return;
    try {
      await this.#files.delete(this.#keys);
      this.#jobs.fileDeleted();
      await this.ctx.storage.deleteAlarm();
    } catch {
      await this.ctx.storage.setAlarm(systemClock() + MINUTE_MS);
    }
  }

  async #letGo(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#preview = undefined;
    await reader?.cancel();
  }

  /** The job, where it belongs to the person; another's import looks like none. */
  #own(person: PersonId): Job {
    const job = this.#job();
    if (job === undefined || job.owner !== person) throw notFound("import");
    return job;
  }

  /** The job, or undefined for an id that nobody created: asking leaves no trace. */
  #job(): Job | undefined {
    if (!this.#isReady && this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'job'").toArray().length > 0) {
      migrate(this.ctx.storage, MIGRATIONS);
      this.#isReady = true;
    }
    return this.#isReady ? this.#jobs.read() : undefined;
  }

  #tell(): void {
    const job = this.#job();
    if (job !== undefined) this.#watchers.tell(this.#status(job));
  }

  #status(job: Job): ImportStatus {
    return statusOf(this.#id, job);
  }

  get #id(): string {
    return this.ctx.id.name ?? "";
  }

  get #key(): string {
    return uploadKey(this.#id);
  }

  /** The upload, and what was unpacked of it. */
  get #keys(): string[] {
    return [this.#key, unpackedKey(this.#id)];
  }

  get #files(): R2Bucket {
    return storesOf(this.env, regionOf(this.#id)).files;
  }
}

function isEmpty(batch: Batch): boolean {
  return (
    batch.series.length === 0 &&
    batch.readings.length === 0 &&
    batch.sleepStretches.length === 0 &&
    batch.sleepSessions.length === 0 &&
    batch.workouts.length === 0 &&
    batch.quarantined.length === 0
  );
}
