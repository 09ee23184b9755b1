import { applyChanges, type Change, packChanges, packPage, PAGE, restorePage } from "../../shared/ranking/packing";
import { Ranking } from "../../shared/ranking/ranking";
import { Records } from "../../shared/ranking/records";
import type { Outcome, Submission, Terms } from "../../shared/ranking/terms";

/** Pages of one period at most. */
const PAGES = 65_536;
/** Pages are written in turn, one for so many changes: the log never holds more than about as many changes as there are entries. */
const CHANGES_PER_PAGE = PAGE / 2;
/** What a line of the log costs at loading beyond its changes, in changes. */
const LINE = 7;

type PageRow = { id: number; upto: number; body: ArrayBuffer };
type LogRow = { seq: number; body: ArrayBuffer };
type EarlyRow = { slot: number; versions: string };

/** Lines of the log are numbered through all periods of an object; the number also tells watchers how far they are. */
export interface LogNumbers {
  next(): number;
}

/**
 * The entries of one period of a part: in memory with their order, and durable as pages of columns and a log. A batch is one line of the
 * log with what it left in its slots, so that applying a line again says the same; pages are written in turn, and lines older than every
 * page are dropped.
 */
export class Standing {
  readonly ranking: Ranking;
  readonly #sql: SqlStorage;
  readonly #period: number;
  readonly #numbers: LogNumbers;
  /** By page: the last line of the log that is in it. */
  readonly #upto: number[] = [];
  readonly #storedEarly = new Set<number>();
  #owed = 0;

  /** Loads what is stored. */
  constructor(sql: SqlStorage, period: number, terms: Terms, numbers: LogNumbers) {
    this.#sql = sql;
    this.#period = period;
    this.#numbers = numbers;
    const records = new Records();
    const first = period * PAGES;
    const { pages } = sql
      .exec<{ pages: number }>("SELECT count(*) AS pages FROM pages WHERE id >= ? AND id < ?", first, first + PAGES)
      .one();
    records.expect(pages * PAGE);
    for (const { id, upto, body } of sql.exec<PageRow>(
      "SELECT id, upto, body FROM pages WHERE id >= ? AND id < ? ORDER BY id",
      first,
      first + PAGES,
    )) {
      restorePage(records, id - first, body);
      this.#upto.push(upto);
    }
    for (const { body } of sql.exec<LogRow>("SELECT seq, body FROM log WHERE period = ? ORDER BY seq", period)) applyChanges(records, body);
    records.index();
    this.ranking = new Ranking(terms, records);
    for (const { slot, versions } of sql.exec<EarlyRow>("SELECT slot, versions FROM early WHERE period = ?", period)) {
      this.ranking.early.set(slot, new Set(JSON.parse(versions) as number[]));
      this.#storedEarly.add(slot);
    }
  }

  /** Counts a batch and keeps it; its outcomes in order. Must run in one turn: memory is ahead of the disk until it ends. */
  submit(submissions: readonly Submission[]): Outcome[] {
    const { ranking } = this;
    const changes = new Map<number, Change>();
    const outcomes = ranking.submitAll(submissions, (slot, isNew) => note(changes, slot, isNew));
    this.#keep(changes);
    return outcomes;
  }

  /** Takes entries over as they stand in another part, in the records' own terms. */
  absorb(entries: readonly Kept[]): void {
    const { ranking } = this;
    const changes = new Map<number, Change>();
    for (const { alias, key, sub, at, version, early } of entries) {
      const before = ranking.size;
      ranking.put(alias, key, sub, at, version);
      if (early.length > 0) ranking.early.set(ranking.touched, new Set(early));
      else ranking.early.delete(ranking.touched);
      note(changes, ranking.touched, ranking.size > before);
    }
    this.#keep(changes);
  }

  /** Takes aliases out; how many were there. Their bytes stay in old lines and pages until `rewrite`. */
  remove(aliases: readonly string[]): number {
    const changes = new Map<number, Change>();
    for (const alias of aliases) {
      const slot = this.ranking.remove(alias);
      if (slot !== -1) changes.set(slot, "gone");
    }
    this.#keep(changes);
    return changes.size;
  }

  /** Entries of slots from one on, as far as an alias is among those asked for; `next` is undefined behind the last slot. */
  export(
    from: number,
    limit: number,
    isWanted: (hash: number) => boolean,
  ): { readonly entries: Kept[]; readonly next: number | undefined } {
    const { records, early } = this.ranking;
    const to = Math.min(records.slots, from + limit);
    const entries: Kept[] = [];
    for (let slot = from; slot < to; slot++) {
      if (!records.has(slot) || !isWanted(records.hash(slot))) continue;
      entries.push({
        alias: records.text(slot),
        key: records.scoreOf(slot),
        sub: records.subOf(slot),
        at: records.atOf(slot),
        version: records.versionOf(slot),
        early: [...(early.get(slot) ?? [])],
      });
    }
    return { entries, next: to < records.slots ? to : undefined };
  }

  /** Writes every page and drops the log: nothing stays of what was changed or taken out. */
  rewrite(): void {
    const pages = Math.ceil(this.ranking.records.slots / PAGE);
    for (let page = 0; page < pages; page++) this.#write(page);
    this.#owed = 0;
    this.#trim();
  }

  #keep(changes: ReadonlyMap<number, Change>): void {
    if (changes.size === 0) return;
    const { records, early } = this.ranking;
    const seq = this.#numbers.next();
    this.#sql.exec("INSERT INTO log (seq, period, body) VALUES (?, ?, ?)", seq, this.#period, packChanges(records, changes));
    if (early.size > 0 || this.#storedEarly.size > 0) for (const slot of changes.keys()) this.#keepEarly(slot, early.get(slot));
    this.#owed += changes.size + LINE;
    const pages = Math.ceil(records.slots / PAGE);
    if (this.#owed < CHANGES_PER_PAGE) return;
    for (let left = pages; left > 0 && this.#owed >= CHANGES_PER_PAGE; left--) {
      this.#owed -= CHANGES_PER_PAGE;
      this.#write(this.#oldest(pages), seq);
    }
    this.#owed %= CHANGES_PER_PAGE;
    this.#trim();
  }

  #keepEarly(slot: number, versions: ReadonlySet<number> | undefined): void {
    if (versions !== undefined) {
      this.#sql.exec(
        "INSERT INTO early (period, slot, versions) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET versions = excluded.versions",
        this.#period,
        slot,
        JSON.stringify([...versions]),
      );
      this.#storedEarly.add(slot);
    } else if (this.#storedEarly.delete(slot)) {
      this.#sql.exec("DELETE FROM early WHERE period = ? AND slot = ?", this.#period, slot);
    }
  }

  /** The page that was written longest ago, or never. */
  #oldest(pages: number): number {
    let oldest = 0;
    for (let page = 0; page < pages; page++) {
      if (this.#upto[page] === undefined) return page;
      if (this.#upto[page]! < this.#upto[oldest]!) oldest = page;
    }
    return oldest;
  }

  #write(page: number, upto = this.#last()): void {
    this.#sql.exec(
      "INSERT INTO pages (id, upto, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET upto = excluded.upto, body = excluded.body",
      this.#period * PAGES + page,
      upto,
      packPage(this.ranking.records, page),
    );
    this.#upto[page] = upto;
  }

  #last(): number {
    return this.#sql.exec<{ seq: number }>("SELECT coalesce(max(seq), 0) AS seq FROM log").one().seq;
  }

  /** Drops lines that are in every page; the very last line stays, since the next one's number follows it. */
  #trim(): void {
    const pages = Math.ceil(this.ranking.records.slots / PAGE);
    let least = Number.POSITIVE_INFINITY;
    for (let page = 0; page < pages; page++) least = Math.min(least, this.#upto[page] ?? 0);
    if (least === 0 || !Number.isFinite(least)) return;
    this.#sql.exec("DELETE FROM log WHERE period = ? AND seq <= ? AND seq < (SELECT max(seq) FROM log)", this.#period, least);
  }
}

/** An entry as it is kept: scores in the order of the records, and the numbers that were counted early. */
export interface Kept {
  readonly alias: string;
  readonly key: number;
  readonly sub: number;
  readonly at: number;
  readonly version: number;
  readonly early: readonly number[];
}

function note(changes: Map<number, Change>, slot: number, isNew: boolean): void {
  if (isNew) changes.set(slot, "entered");
  else if (!changes.has(slot)) changes.set(slot, "changed");
}
