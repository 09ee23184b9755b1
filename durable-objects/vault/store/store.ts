import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import type { Restore } from "../../../shared/exports/restore";
import type { Batch, Receipt } from "../../../shared/health/reading";
import type { ReadingKey } from "../../../shared/health/reading-id";
import type { SourceSettings } from "../../../shared/health/source-settings";
import type { Entry } from "../access/door";
import type { RecordedListener, Touched } from "../state";
import type { Timers } from "../timers";
import { Erasures } from "./erasures";
import { ImportMarks } from "./import-marks";
import { expireSamples } from "./expire";
import { OpenHours } from "./open-hours";
import { type Decided, discardHeld, type HeldQuery, releaseHeld } from "./quarantine";
import { recordBatch, type RecordContext } from "./record";
import { removeOne } from "./remove-one";
import { removeForBatch, type Removal, removeRange } from "./remove";
import { restoreInto } from "./restore";
import { MINUTES_KEPT_HOURS } from "./samples";
import { type Recording, Sources } from "./sources";
import { undoPiece } from "./undo-import";

const MINUTES_TIMER = "minutes";

/** A store as a reader sees it. */
export type Seen = Pick<Store, "sources">;

/** The readings of one person: every write goes through here, one transaction each. */
export class Store {
  readonly sources: Sources;
  readonly erasures: Erasures;
  readonly #marks: ImportMarks;
  readonly #storage: DurableObjectStorage;
  readonly #now: () => number;
  readonly #timeZone: () => string;
  readonly #timers: Timers;
  readonly #listeners: RecordedListener[] = [];
  readonly #afterwards: (() => void)[] = [];
  readonly #open = new OpenHours();
  /** Whether the timer that drops old minutes is known to be set. */
  #minutesAreDue = false;
  #samplesKept: number | null = null;

  constructor(storage: DurableObjectStorage, now: () => number, timeZone: () => string, timers: Timers) {
    this.#storage = storage;
    this.#now = now;
    this.#timeZone = timeZone;
    this.#timers = timers;
    this.sources = new Sources(storage.sql);
    this.erasures = new Erasures(storage.sql);
    this.#marks = new ImportMarks(storage.sql);
    timers.on(MINUTES_TIMER, async () => this.#dropOldMinutes());
  }

  /**
   * What there is to read for somebody: everything for the person, less where a model reads for them, for others what may be shown to them;
   * of one way of recording alone where asked.
   */
  seenBy({ isOwner, isForModels }: Pick<Entry, "isOwner" | "isForModels">, recording?: Recording): Seen {
    const own = isForModels === true ? this.sources.forModels() : this.sources;
    const shown = isOwner ? own : own.forOthers();
    return { sources: recording === undefined ? shown : shown.recordedBy(recording) };
  }

  onRecorded(listener: RecordedListener): void {
    this.#listeners.push(listener);
  }

  /** Registers what is done at the end of every transaction of the store, as a part of it, after those who hear what was recorded. */
  onWritten(listener: () => void): void {
    this.#afterwards.push(listener);
  }

  /**
   * Stores a batch: its deletions, then its content. All or nothing; a replay changes nothing. `by` is the import that brings it, where
   * one does.
   */
  record(batch: Batch, by?: string): Receipt {
    const receipt: Receipt = { accepted: 0, duplicate: 0, updated: 0, deleted: 0, quarantined: [], rejected: [], byMetric: {} };
    this.#write((ctx) => {
      const removed = removeForBatch(ctx, batch, receipt);
      if (removed.length > 0) ctx.open.clear();
      this.#marks.note(ctx, batch, by);
      return [...removed, ...recordBatch(ctx, batch, receipt)];
    });
    return receipt;
  }

  /** Stores what an import of an export brings back beyond readings. A replay changes nothing. */
  restore(restore: Restore, by: string): void {
    this.#write((ctx) => restoreInto(ctx, restore, (numbers) => this.#marks.noteRestored(restore, numbers, by)));
  }

  /** Takes back a piece of what an import brought, and nothing that came from elsewhere too; idempotent. */
  undo(by: string): { readonly removed: number; readonly isMore: boolean } {
    let undone = { removed: 0, isMore: false };
    this.#write((ctx) => {
      ctx.open.clear();
      const { touched, ...done } = undoPiece(ctx, this.#marks, by);
      undone = done;
      return touched;
    });
    return undone;
  }

  /** Deletes for the person, and keeps what was deleted from coming back by a later sync of the same past. */
  erase(removal: Removal & { readonly source: number }): { deleted: number } {
    let deleted = 0;
    this.#write((ctx) => {
      ctx.open.clear();
      const removed = removeRange(ctx, removal);
      deleted = removed.count;
      ctx.erasures.erase(removal.metric, removal.source, removal.from, removal.to, ctx.now);
      return removed.touched;
    });
    return { deleted };
  }

  /** Deletes one reading, sleep session or workout for the person; false where there is none. */
  eraseOne(key: ReadingKey): boolean {
    let found = false;
    this.#write((ctx) => {
      ctx.open.clear();
      const touched = removeOne(ctx, key);
      found = touched !== undefined;
      return touched ?? [];
    });
    return found;
  }

  /** Stores readings that are held, after all. */
  release(query: HeldQuery): Decided {
    let decided: Decided = { decided: 0, refused: 0, isMore: false };
    this.#write((ctx) => {
      const { done, touched } = releaseHeld(ctx, query);
      decided = done;
      return touched;
    });
    return decided;
  }

  /** Lets readings that are held go for good. */
  discard(query: HeldQuery): Decided {
    return this.#storage.transactionSync(() => discardHeld(this.#storage.sql, query, this.#now()));
  }

  /** Keeps which sources the person puts first; what was stored stays as it is. */
  choose(settings: SourceSettings): void {
    this.sources.choose(settings, this.#now());
  }

  /** Dense samples older than so many days are not taken; null takes all. */
  keepSamplesFor(days: number | null): void {
    this.#samplesKept = days;
  }

  /** Removes dense samples before an hour, a piece at a time. */
  expire(beforeHour: number, keepsSummaries: boolean): { readonly removed: number; readonly isMore: boolean } {
    let expired = { removed: 0, isMore: false };
    this.#write((ctx) => {
      ctx.open.clear();
      const { touched, ...done } = expireSamples(ctx, beforeHour, keepsSummaries);
      expired = done;
      return touched;
    });
    return expired;
  }

  /** Deletes without a lasting mark: what a vendor's disconnect with deletion asks for. */
  remove(removal: Removal): { deleted: number } {
    let deleted = 0;
    this.#write((ctx) => {
      ctx.open.clear();
      const removed = removeRange(ctx, removal);
      deleted = removed.count;
      return removed.touched;
    });
    return { deleted };
  }

  /** Forgets what was learned of the tables, after they have changed by another way. */
  reload(): void {
    this.sources.reload();
    this.erasures.reload();
    this.#marks.reload();
    this.#open.clear();
    this.#minutesAreDue = false;
  }

  #write(work: (ctx: RecordContext) => Touched[]): void {
    try {
      this.#storage.transactionSync(() => {
        this.#tell(work(this.#context()));
        for (const listener of this.#afterwards) listener();
      });
    } catch (error) {
      // A rolled-back transaction may have taught the caches what is not stored.
      this.reload();
      throw error;
    }
  }

  #tell(touched: readonly Touched[]): void {
    if (touched.length === 0) return;
    if (!this.#minutesAreDue) this.#timers.setEarliest(MINUTES_TIMER, "", this.#now() + DAY_MS);
    this.#minutesAreDue = true;
    for (const listener of this.#listeners) listener(touched);
  }

  #context(): RecordContext {
    return {
      sql: this.#storage.sql,
      sources: this.sources,
      erasures: this.erasures,
      open: this.#open,
      now: this.#now(),
      // Whole hours, so that no hour is kept in half.
      keptFrom:
        this.#samplesKept === null ? Number.NEGATIVE_INFINITY : Math.floor((this.#now() - this.#samplesKept * DAY_MS) / HOUR_MS) * HOUR_MS,
      timeZone: this.#timeZone(),
    };
  }

  #dropOldMinutes(): number | undefined {
    const { sql } = this.#storage;
    sql.exec("DELETE FROM minutes WHERE hour < ?", Math.floor(this.#now() / HOUR_MS) - MINUTES_KEPT_HOURS);
    const left = sql.exec("SELECT 1 FROM minutes LIMIT 1").toArray().length > 0;
    this.#minutesAreDue = left;
    return left ? this.#now() + DAY_MS : undefined;
  }
}
