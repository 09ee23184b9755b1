import { DurableObject } from "cloudflare:workers";
import initial from "../../migrations/programme/0080_programme.sql";
import { DAY_MS, systemClock } from "../../shared/clock";
import { closeBox, openBox } from "../../shared/crypto/box";
import { fromBase64Url, toBase64Url } from "../../shared/crypto/base64url";
import { currentKey, keyOf, regionalKeys } from "../../shared/crypto/keys";
import { parseId, type PersonId, type ProgrammeId, regionOf, type ResearchExportId, systemRandom } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { MOST_SHIFT_DAYS } from "../../shared/research/pseudonym";
import { storesOf } from "../doors";
import { migrate } from "../migrate";
import { Timers } from "../vault/timers";
import { Answers, type Answered, type Question } from "./answers";
import { Exporter } from "./exporter";
import { type ExportStatus, ExportRows, type ReleasedTo } from "./export-rows";
import type { ProgrammeTerms } from "./terms";

const PURPOSE = "programme key";

/**
 * One research programme, pinned to its region: the key of its pseudonyms and shifts, its exports and its budget. People's data come here
 * from their vaults, by their consent, and leave it as a release or with noise. Methods that concern an export or a budget are for the
 * programme's researchers; the Worker has checked that.
 */
export class Programme extends DurableObject<Env> {
  readonly #id: ProgrammeId;
  readonly #rows: ExportRows;
  readonly #exporter: Exporter;
  readonly #timers: Timers;
  #isReady = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const id = parseId("programme", ctx.id.name ?? "");
    if (id === undefined) throw new TypeError("a programme is opened by its id");
    this.#id = id;
    this.#timers = new Timers(ctx.storage, systemClock);
    this.#rows = new ExportRows(ctx.storage.sql, systemClock);
    this.#exporter = new Exporter({
      env,
      rows: this.#rows,
      timers: this.#timers,
      now: systemClock,
      files: storesOf(env, regionOf(id)).files,
      terms: () => this.#terms(),
      key: async () => await this.#key(),
    });
  }

  override async alarm(): Promise<void> {
    if (this.#exists()) await this.#timers.run();
  }

  /** Keeps the terms, for good, and makes the key; done already is fine. Returns the version of the region's key that seals it. */
  async establish(terms: ProgrammeTerms): Promise<string> {
    migrate(this.ctx.storage, [["0080_programme", initial]]);
    const key = toBase64Url(systemRandom(new Uint8Array(32)));
    const { version, key: wrapping } = currentKey(this.#wrapping());
    const sealed = `${version}.${await closeBox(wrapping, PURPOSE, this.#id, key)}`;
    this.ctx.storage.sql.exec(
      "INSERT INTO programme (one, terms, sealed_key) VALUES (1, ?, ?) ON CONFLICT DO NOTHING",
      JSON.stringify(terms),
      sealed,
    );
    this.#isReady = true;
    return versionIn(this.#sealedKey());
  }

  /**
   * Puts the programme's key under the region's current wrapping key; pseudonyms and shifts stay as they are. Returns the version it is
   * under then. Throws where its version is not in the ring, as in an object that still runs with an older ring.
   */
  async rewrapKey(): Promise<string> {
    if (!this.#exists()) throw notFound("programme");
    const { version, key: wrapping } = currentKey(this.#wrapping());
    const before = this.#sealedKey();
    if (versionIn(before) === version) return version;
    const text = await this.#open(before);
    const sealed = `${version}.${await closeBox(wrapping, PURPOSE, this.#id, text)}`;
    // Only over what was read: of two calls at once one writes.
    this.ctx.storage.sql.exec("UPDATE programme SET sealed_key = ? WHERE sealed_key = ?", sealed, before);
    return versionIn(this.#sealedKey());
  }

  /**
   * Begins an export of the days of the terms that everybody could give by now: a date may be moved by half a year, so the last half year is
   * not asked for. Problem `conflict` where that leaves no day.
   */
  async beginExport(id: ResearchExportId): Promise<ExportStatus> {
    const { fromDay, toDay } = this.#terms();
    const newest = Math.floor(systemClock() / DAY_MS) - MOST_SHIFT_DAYS - 1;
    if (newest < fromDay) throw problem("conflict", "The days of this programme cannot be exported yet: they must lie half a year back.");
    this.#rows.create(id, fromDay, Math.min(toDay, newest));
    return this.#rows.status(id);
  }

  /** Adds people to an export that is being enlisted; again changes nothing. */
  async enlist(id: ResearchExportId, people: readonly PersonId[]): Promise<void> {
    this.#terms();
    if (this.#rows.status(id).state === "enlisting") this.#rows.enlist(id, people);
  }

  /** Begins to ask whoever was enlisted; done already is fine. */
  async startExport(id: ResearchExportId): Promise<void> {
    this.#terms();
    this.ctx.storage.transactionSync(() => {
      if (this.#rows.start(id)) this.#timers.set("export", id, systemClock());
    });
  }

  /** How an export goes; problem `not_found`. */
  async exportStatus(id: ResearchExportId): Promise<ExportStatus> {
    this.#terms();
    return this.#rows.status(id);
  }

  /** The release of an export; problems `not_found` where it is not done, `gone` past its time. */
  async release(id: ResearchExportId): Promise<ReadableStream> {
    this.#terms();
    return await this.#exporter.read(id);
  }

  /** Takes a person out of whatever is not released yet. */
  async withdraw(person: PersonId): Promise<void> {
    if (this.#exists()) this.#rows.withdraw(person);
  }

  /** Forgets a person who is erased: releases keep what they hold of them, and nothing says any more who that was. */
  async forget(person: PersonId): Promise<void> {
    if (this.#exists()) this.#rows.forget(person);
  }

  /** Releases that a person's data are in. */
  async releasesOf(person: PersonId): Promise<ReleasedTo[]> {
    return this.#exists() ? this.#rows.releasesOf(person) : [];
  }

  /** Answers a question about the people with noise; see `Answers.ask`. */
  async ask(question: Question, people: readonly PersonId[]): Promise<Answered> {
    const terms = this.#terms();
    return await this.#answers().ask(terms, question, people);
  }

  /** What was answered, latest first, below a number. */
  async answered(before: number | undefined, limit: number): Promise<Answered[]> {
    this.#terms();
    return this.#answers().page(before, limit);
  }

  /** What was spent, in thousandths. */
  async spent(): Promise<number> {
    return this.#exists() ? this.#answers().spent() : 0;
  }

  #answers(): Answers {
    return new Answers(this.ctx.storage.sql, this.env, systemClock, systemRandom);
  }

  #terms(): ProgrammeTerms {
    if (!this.#exists()) throw notFound("programme");
    const { terms } = this.ctx.storage.sql.exec<{ terms: string }>("SELECT terms FROM programme").one();
    return JSON.parse(terms) as ProgrammeTerms;
  }

  /** Whether the programme was established: asking an id that nobody made leaves no trace. */
  #exists(): boolean {
    this.#isReady ||= this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'programme'").toArray().length > 0;
    return this.#isReady;
  }

  #wrapping() {
    return regionalKeys(storesOf(this.env, regionOf(this.#id)).keys).wrapping;
  }

  async #key(): Promise<Uint8Array> {
    const key = fromBase64Url(await this.#open(this.#sealedKey()));
    if (key === undefined) throw new TypeError("the programme's key is none");
    return key;
  }

  #sealedKey(): string {
    return this.ctx.storage.sql.exec<{ sealed_key: string }>("SELECT sealed_key FROM programme").one().sealed_key;
  }

  async #open(sealed: string): Promise<string> {
    const version = versionIn(sealed);
    const wrapping = keyOf(this.#wrapping(), version);
    const text = wrapping === undefined ? undefined : await openBox(wrapping, PURPOSE, this.#id, sealed.slice(version.length + 1));
    if (text === undefined) throw new TypeError("the programme's key does not open");
    return text;
  }
}

function versionIn(sealed: string): string {
  return sealed.slice(0, sealed.indexOf("."));
}
