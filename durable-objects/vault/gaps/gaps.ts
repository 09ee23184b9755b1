import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { metric as metricOf, metricByCode } from "../../../shared/health/catalogue";
import { classify, type FeedState, HABIT_DAYS, lagDays, missingOf } from "../../../shared/health/gaps";
import { dayText, localDay, offsetAt, startOfDay } from "../../../shared/health/zone";
import { notFound } from "../../../shared/problem";
import type { Connections } from "../connections/connections";
import type { Touched, VaultState } from "../state";
import type { Store } from "../store/store";
import { dailyCoverage, type DailyCoverage, isFeed, type Stream } from "./daily-coverage";
import { type Gap, type GapKey, type GapQuery, GapRows } from "./gap-rows";

export const GAPS_TIMER = "gaps";
const NIGHT = "night";
const CHECK = "check";

/** Yesterday is judged when phones have mostly synced after the night. */
const HOUR_OF_DAY = 7;
/** Dates that one run judges; older ones that were never looked at are left alone. */
const MOST_DATES = 14;
/** Gaps that one run finds, and that one check looks at: what is more comes with the next. */
const MOST_FOUND = 500;
const MOST_CHECKED = 200;
/** When the vault looks whether a repair filled the gap, and how long a repair may wait for its vendor. */
const REPAIR_CHECK_MS = HOUR_MS;
const LONGEST_REPAIR_MS = DAY_MS;
/** A phone that has not sent gets this long before its gap is reported. */
const GRACE_MS = DAY_MS;
/** Readings that arrive are looked at together. */
const SETTLE_MS = MINUTE_MS;

/** What is asked of the person's connections. */
export type Feeds = Pick<Connections, "feed" | "cadenceMs" | "repair" | "isRepairing">;

/** A date of a stream that lacks something. */
interface Suspect extends GapKey {
  readonly stream: Stream;
  readonly missing: "all" | "part";
}

/** What a run came to. */
export interface GapRun {
  readonly found: number;
  readonly repaired: number;
  readonly reported: number;
}

/**
 * Finds local dates on which a source told less than it does, has them repaired once, and says so where that did not help. Everything is
 * in storage: a run that is cut off is done again and finds what it has done already.
 */
export class Gaps {
  readonly #state: VaultState;
  readonly #store: Store;
  readonly #connections: Feeds;
  readonly #rows: GapRows;
  #isArmed = false;
  /** Between which dates each metric has gaps that readings could fill; undefined where that is not known. */
  #unfilled: Map<number, { readonly from: number; readonly to: number }> | undefined;

  constructor(state: VaultState, store: Store, connections: Feeds) {
    this.#state = state;
    this.#store = store;
    this.#connections = connections;
    this.#rows = new GapRows(state.sql);
    state.timers.on(GAPS_TIMER, async (ref) => (ref === CHECK ? this.#lookAgain() : await this.#night()));
    state.onRecorded((touched) => this.#heard(touched));
  }

  page(query: GapQuery): Gap[] {
    return this.#rows.page(query);
  }

  /** Closes a gap that the person does not mind; done already is fine. Problem `not_found`. */
  dismiss(key: GapKey): Gap {
    if (this.#rows.get(key) === undefined) throw notFound("gap");
    this.#rows.set(key, "dismissed", this.#state.now(), null);
    this.#unfilled = undefined;
    return this.#rows.get(key)!;
  }

  /** Judges the dates since the last run, and looks at what is open. */
  async run(): Promise<GapRun> {
    const found = await this.#find();
    return { found, ...this.check() };
  }

  /** Looks at the gaps that are due: filled ones are closed, the others are waited for or reported. */
  check(): Omit<GapRun, "found"> {
    const { storage, sql, now } = this.#state;
    const at = now();
    const due = this.#rows.due(at, MOST_CHECKED);
    if (due.length === 0) return { repaired: 0, reported: 0 };
    const dates = due.map(({ date }) => date);
    const coverage = dailyCoverage(sql, this.#store, Math.min(...dates) - HABIT_DAYS, Math.max(...dates));
    let [repaired, reported] = [0, 0];
    storage.transactionSync(() => {
      for (const gap of due) {
        if (!this.#isStillMissing(coverage, gap)) {
          this.#rows.set(gap, "repaired", at, null);
          repaired++;
        } else if (gap.state === "repairing" && at - (gap.repairAt ?? at) < LONGEST_REPAIR_MS && this.#isRepairing(gap)) {
          this.#rows.postpone(gap, at + REPAIR_CHECK_MS);
        } else if (gap.state === "reported") {
          this.#rows.postpone(gap, null);
        } else if (gap.state === "open" && at - gap.foundAt < GRACE_MS && this.#store.sources.get(gap.source)?.connection === undefined) {
          this.#rows.postpone(gap, gap.foundAt + GRACE_MS);
        } else {
          this.#rows.set(gap, "reported", at, null);
          announceGap(this.#state, gap);
          reported++;
        }
      }
    });
    this.#unfilled = undefined;
    return { repaired, reported };
  }

  async #night(): Promise<number | undefined> {
    await this.run();
    const next = this.#nextMorning();
    this.#isArmed = this.#state.sql.exec("SELECT 1 FROM series LIMIT 1").toArray().length > 0;
    return this.#isArmed ? next : undefined;
  }

  async #find(): Promise<number> {
    const { storage, sql, now, timers } = this.#state;
    const at = now();
    const yesterday = this.#today() - 1;
    const from = Math.max((this.#rows.checkedTo ?? 0) + 1, yesterday - MOST_DATES + 1);
    if (from > yesterday) return 0;
    const coverage = dailyCoverage(sql, this.#store, from - MOST_DATES - HABIT_DAYS, yesterday);
    const suspects = this.#suspects(coverage, from, yesterday).slice(0, MOST_FOUND);
    const feeds = await this.#feedsOf(suspects);
    let found = 0;
    storage.transactionSync(() => {
      for (const suspect of suspects) {
        const feed = feeds.get(feedKey(suspect));
        if (feed === undefined) continue;
        const isDeviceSilent = !coverage.hears(suspect.source, suspect.date);
        const kind = classify({ missing: suspect.missing, isDeviceSilent, feed });
        if (!this.#rows.add(suspect, kind, at, at + GRACE_MS)) continue;
        found++;
        const connection = this.#store.sources.get(suspect.source)?.connection;
        const isPlanned =
          connection !== undefined &&
          kind !== "permission_missing" &&
          this.#connections.repair(connection, suspect.stream.metric.key, this.#rangeOf(suspect.date));
        if (isPlanned) this.#rows.set(suspect, "repairing", at, at + REPAIR_CHECK_MS);
        // Where the vendor cannot be asked, waiting changes nothing.
        else if (connection !== undefined) this.#rows.postpone(suspect, at);
      }
      this.#rows.checkedTo = yesterday;
      const next = this.#rows.nextCheck();
      if (next !== undefined) timers.setEarliest(GAPS_TIMER, CHECK, next);
    });
    this.#unfilled = undefined;
    return found;
  }

  #suspects(coverage: DailyCoverage, from: number, to: number): Suspect[] {
    const found: Suspect[] = [];
    for (const stream of coverage.streams) {
      const { metric, source } = stream;
      const told = this.#store.sources.get(source);
      if (told === undefined || !isFeed(told)) continue;
      const cadence = told.connection === undefined ? 0 : this.#connections.cadenceMs(told.connection, metric.key);
      const lag = lagDays(cadence, HOUR_OF_DAY);
      const erased = this.#store.erasures.covers(metric.code, source);
      for (let date = from - lag; date <= to - lag; date++) {
        const missing = missingOf(stream.coverage, date, isSteady(stream));
        if (missing === undefined || erased?.(date * DAY_MS + DAY_MS / 2) === true || isToldElsewhere(coverage, stream, date)) continue;
        found.push({ date, metric: metric.code, source, stream, missing });
      }
    }
    // The newest first: of too many, what is long gone matters least.
    return found.toSorted((a, b) => b.date - a.date || a.metric - b.metric || a.source - b.source);
  }

  /** How the way of each suspect does; those of connections that have ended are not in it. */
  async #feedsOf(suspects: readonly Suspect[]): Promise<Map<string, FeedState>> {
    const feeds = new Map<string, FeedState>();
    for (const suspect of suspects) {
      const key = feedKey(suspect);
      if (feeds.has(key)) continue;
      const source = this.#store.sources.get(suspect.source);
      if (source === undefined) continue;
      const over = this.#rangeOf(suspect.date).to;
      const feed =
        source.connection === undefined
          ? this.#hasSent(source.vendor, over)
          : await this.#connections.feed(source.connection, suspect.stream.metric.key, over);
      if (feed !== undefined) feeds.set(key, feed);
    }
    return feeds;
  }

  /** A phone that has sent anything of a later time has synced. */
  #hasSent(vendor: string, since: number): FeedState {
    const numbers = JSON.stringify(this.#store.sources.ofVendor(vendor));
    const { last } = this.#state.sql
      .exec<{ last: number | null }>("SELECT max(last_at) AS last FROM series WHERE source IN (SELECT value FROM json_each(?))", numbers)
      .one();
    return last !== null && last >= since ? "fine" : "failed";
  }

  #isStillMissing(coverage: DailyCoverage, { date, metric, source }: Gap): boolean {
    const stream = coverage.of(metric).find((one) => one.source === source);
    const known = metricByCode(metric);
    if (known === undefined) return false;
    // A date that was told, whole or in part, is measured by what is usual; one that was not told at all is missing whatever was usual.
    const told = stream?.coverage.has(date) ?? false;
    const isFilled = told && stream !== undefined && missingOf(stream.coverage, date, isSteady(stream)) === undefined;
    return !isFilled && !isToldElsewhere(coverage, stream ?? { metric: known, source, coverage: new Map() }, date);
  }

  #isRepairing({ date, metric, source }: Gap): boolean {
    const connection = this.#store.sources.get(source)?.connection;
    const key = metricByCode(metric)?.key;
    return connection !== undefined && key !== undefined && this.#connections.isRepairing(connection, key, this.#rangeOf(date));
  }

  /** Notes readings that may fill gaps. Runs in the transaction that writes them. */
  #heard(touched: readonly Touched[]): void {
    const { timers, now } = this.#state;
    if (!this.#isArmed) {
      this.#isArmed = true;
      timers.setEarliest(GAPS_TIMER, NIGHT, this.#nextMorning());
    }
    this.#unfilled ??= this.#rows.unfilled();
    if (this.#unfilled.size === 0) return;
    const at = now() + SETTLE_MS;
    for (const { metric, from, to } of touched) {
      const code = metricOf(metric)?.code;
      const open = code === undefined ? undefined : this.#unfilled.get(code);
      if (code === undefined || open === undefined) continue;
      const first = Math.max(open.from, Math.floor(from / DAY_MS) - 1);
      const last = Math.min(open.to, Math.floor(to / DAY_MS) + 1);
      if (first <= last && this.#rows.wake(code, first, last, at) > 0) timers.setEarliest(GAPS_TIMER, CHECK, at);
    }
  }

  #lookAgain(): number | undefined {
    this.check();
    return this.#rows.nextCheck();
  }

  #today(): number {
    const now = this.#state.now();
    return localDay(now, offsetAt(this.#state.profile().timeZone, now));
  }

  #nextMorning(): number {
    const { timeZone } = this.#state.profile();
    const today = startOfDay(timeZone, this.#today()) + HOUR_OF_DAY * HOUR_MS;
    return today > this.#state.now() ? today : startOfDay(timeZone, this.#today() + 1) + HOUR_OF_DAY * HOUR_MS;
  }

  #rangeOf(date: number): { readonly from: number; readonly to: number } {
    const { timeZone } = this.#state.profile();
    return { from: startOfDay(timeZone, date), to: startOfDay(timeZone, date + 1) };
  }
}

/** Told all the time that the device is worn. */
function isSteady({ metric }: Stream): boolean {
  return metric.storage === "segment" && metric.kind === "sample";
}

/** Whether another source tells the same metric on that date: then nothing is missing. */
function isToldElsewhere(coverage: DailyCoverage, { metric, source, coverage: own }: Stream, date: number): boolean {
  const had = own.get(date) ?? 0;
  return coverage.of(metric.code).some((other) => other.source !== source && (other.coverage.get(date) ?? 0) > had);
}

function feedKey({ date, metric, source }: GapKey): string {
  return `${date} ${metric} ${source}`;
}

/** Where subscribers of the person's events hear of a gap that stays: once per gap, in the transaction that reports it. */
function announceGap(state: VaultState, gap: Gap): void {
  state.log({ event: "gap", outcome: "reported", kind: gap.class });
  const known = metricByCode(gap.metric);
  if (known === undefined) return;
  const { timeZone } = state.profile();
  const [from, to] = [startOfDay(timeZone, gap.date), startOfDay(timeZone, gap.date + 1) - 1];
  const day = dayText(gap.date);
  state.notify({ type: "gap", key: `${day}/${gap.metric}/${gap.source}`, about: { date: day, gap: "gaps" }, thread: "gaps" });
  state.emit({ type: "gap.detected", about: known.key, categories: [known.sensitivity], from, to, facts: { class: gap.class } });
}
