import { categoryOf, type Definition, DEFINITIONS, definitionOf, pointsOf, rulesMark } from "../../../shared/achievements/definitions";
import type { OrganisationDefinition } from "../../../shared/achievements/own-rules";
import { advance, type Award, BEGINNING, progressOn, type Standing } from "../../../shared/achievements/evaluate";
import type { DayFacts } from "../../../shared/achievements/facts";
import { DAY_MS, SECOND_MS } from "../../../shared/clock";
import { localDay, offsetAt } from "../../../shared/health/zone";
import { SPECIAL } from "../../../shared/policy/vocabulary";
import { notFound, problem } from "../../../shared/problem";
import type { Touched, VaultState } from "../state";
import type { Store } from "../store/store";
import type { Wallet } from "../wallet/wallet";
import { readFacts, WATCHED, WATCHED_CODES } from "./day-facts";

export const ACHIEVEMENTS_TIMER = "achievements";
/** Readings that arrive are looked at together. */
const SETTLE_MS = 2 * SECOND_MS;
/** Dates whose facts one slice takes, and slices that a reader waits for. */
const DATES_AT_ONCE = 370;
const SLICES_AT_ONCE = 12;
/** A reading's local date is at most this far from that of its instant in UTC. */
const FARTHEST_ZONE_MS = 15 * 3_600_000;
/** What was earned longer ago, as a first import of years brings, is no news. */
const NEWS_DAYS = 2;
/** Dates after each of which the standing is kept, and how many of the last dates keep theirs. */
const BLOCK_DAYS = 32;
const KEPT_LAST = 8;

/** What was not taken up by whoever writes feeds is announced again, and how many awards are handed out at once. */
const ANNOUNCED_AGAIN_MS = 10 * 60 * SECOND_MS;
const FEED_AT_ONCE = 50;
/** Achievements of organisations that one person takes up at most: each is computed of every day. */
const MOST_ADOPTED = 50;
const FEED_TIMER = "award posts";

export const VISIBILITIES = ["private", "friends", "public"] as const;
export type Visibility = (typeof VISIBILITIES)[number];

export interface AchievementSettings {
  readonly visibility: Visibility;
  /** Kept back whatever the visibility. */
  readonly keptBack: readonly string[];
}

/** One time that something was earned. Dates are days since 1970-01-01, times epoch milliseconds. */
export interface Earned {
  readonly key: string;
  readonly date: number;
  readonly at: number;
  readonly points: number;
}

/** An achievement as its person sees it. Crosses RPC: plain data only. */
export interface OwnAchievement {
  readonly id: string;
  /** Towards the next step, as of today. */
  readonly progress: number;
  /** The longest row or the best day, where the rule has one. */
  readonly best: number | null;
  /** Latest first, those that hold. */
  readonly earned: readonly Earned[];
  readonly isKeptBack: boolean;
  /** What it is, where an organisation defined it. */
  readonly definition: OrganisationDefinition | null;
}

/** An achievement as others see it. */
export interface ShownAchievement {
  readonly id: string;
  readonly earned: readonly Earned[];
}

/** What is told elsewhere of an award: nothing but which it is. */
export interface AwardNews {
  readonly achievement: string;
  readonly key: string;
  readonly date: number;
  /** Who may hear of it. */
  readonly visibility: Visibility;
  /** Whether it shows data of a special class: nothing outside the vault says so. */
  readonly isSpecial: boolean;
}

/** Called in the transaction that gives awards. Must be synchronous and cheap. */
export type AwardListener = (news: readonly AwardNews[]) => void;

type AwardRow = {
  achievement: string;
  key: string;
  date: number;
  awarded_at: number;
  taken_at: number | null;
  paid: number;
  bookings: number;
  feed: "post" | "posted" | "unpost" | null;
};

/** An award whose post is to be written or taken out. Crosses RPC: plain data only. */
export interface FeedAward {
  readonly achievement: string;
  readonly key: string;
  readonly feed: "post" | "unpost";
}

export const TO_FEED = "SELECT achievement, key, feed FROM achievement_awards WHERE feed IN ('post', 'unpost') LIMIT ?";
export const AWARDS_FROM = "SELECT * FROM achievement_awards WHERE date >= ? AND taken_at IS NULL";
export const STANDING_BEFORE = "SELECT date, body FROM achievement_standings WHERE date < ? ORDER BY date DESC LIMIT 1";
export const DAYS_AFTER = "SELECT facts FROM achievement_days WHERE date > ? ORDER BY date";

/**
 * What the person has achieved. A write marks the dates that it changes; a moment later their facts are taken anew and the evaluation goes
 * on from the standing before them. An award that does not follow from the days any more is taken back, with its points as far as they
 * are still there; one that follows again is given again. Callers decide who may.
 */
export class Achievements {
  readonly #state: VaultState;
  readonly #store: Pick<Store, "sources">;
  readonly #wallet: Wallet;
  readonly #listeners: AwardListener[] = [];
  #known: readonly OrganisationDefinition[] | undefined;

  constructor(state: VaultState, store: Pick<Store, "sources">, wallet: Wallet, announce: () => Promise<unknown>) {
    this.#state = state;
    this.#store = store;
    this.#wallet = wallet;
    state.timers.on(ACHIEVEMENTS_TIMER, async () => (this.settle() ? state.now() + SECOND_MS : undefined));
    state.timers.on(FEED_TIMER, async () => {
      if (this.forFeed().length === 0) return undefined;
      await announce();
      return state.now() + ANNOUNCED_AGAIN_MS;
    });
    state.onRecorded((touched) => this.#heard(touched));
  }

  /** Awards whose posts are to be written or taken out. */
  forFeed(): FeedAward[] {
    return this.#state.sql
      .exec<FeedAward & { [column: string]: string }>(TO_FEED, FEED_AT_ONCE)
      .toArray()
      .map(({ achievement, key, feed }) => ({ achievement, key, feed }));
  }

  /** Notes that a post was written (or not, where the person wants none) or taken out. False where the opposite is wanted by now. */
  fed({ achievement, key, feed }: FeedAward): boolean {
    const { sql } = this.#state;
    const next = feed === "post" ? "posted" : null;
    const noted = sql.exec(
      "UPDATE achievement_awards SET feed = ? WHERE achievement = ? AND key = ? AND feed = ? RETURNING 1",
      next,
      achievement,
      key,
      feed,
    );
    if (noted.toArray().length > 0) return true;
    const [row] = sql.exec<AwardRow>("SELECT * FROM achievement_awards WHERE achievement = ? AND key = ?", achievement, key).toArray();
    return (row?.feed === "post" || row?.feed === "posted") === (feed === "post");
  }

  onAwarded(listener: AwardListener): void {
    this.#listeners.push(listener);
  }

  /** Every achievement that the person may know of: hidden ones once they are earned. */
  list(): OwnAchievement[] {
    this.settle();
    const standing = this.#standing(Number.MAX_SAFE_INTEGER);
    const today = this.#today();
    const { keptBack } = this.settings();
    const earned = this.#earned();
    const adopted = this.#adopted();
    const all = [...DEFINITIONS.filter(({ id, isHidden }) => isHidden !== true || earned.has(id)), ...adopted];
    return all.map((definition): OwnAchievement => {
      const { id, rule } = definition;
      const progress = standing.of[id];
      return {
        id,
        progress: progressOn(rule, progress, today),
        best:
          rule.kind === "streak" || rule.kind === "weekends"
            ? (progress?.longest ?? 0)
            : rule.kind === "record"
              ? (progress?.n ?? null)
              : null,
        earned: earned.get(id) ?? [],
        isKeptBack: keptBack.includes(id),
        definition: adopted.find((one) => one.id === id) ?? null,
      };
    });
  }

  /** Takes up an organisation's achievement: it is computed from now on, of all days. Done already is fine. Problem `conflict` past the limit. */
  adopt(definition: OrganisationDefinition): void {
    const { sql, storage, now } = this.#state;
    storage.transactionSync(() => {
      const held = this.#adopted();
      if (held.some(({ id }) => id === definition.id)) return;
      if (held.length >= MOST_ADOPTED) throw problem("conflict", `At most ${MOST_ADOPTED} achievements of organisations: drop one first.`);
      sql.exec(
        "INSERT INTO achievement_adopted (id, organisation, definition, adopted_at) VALUES (?, ?, ?, ?)",
        definition.id,
        definition.organisation,
        JSON.stringify(definition),
        Math.floor(now()),
      );
      this.#known = undefined;
    });
    this.settle();
  }

  /** Drops one, with what was earned by it. Done already is fine. */
  drop(id: string): void {
    const { sql, storage } = this.#state;
    const dropped = storage.transactionSync(() => {
      const rows = sql.exec("DELETE FROM achievement_adopted WHERE id = ? RETURNING 1", id).toArray();
      if (rows.length > 0) sql.exec("DELETE FROM achievement_awards WHERE achievement = ?", id);
      this.#known = undefined;
      return rows.length > 0;
    });
    if (dropped) this.settle();
  }

  /** What organisations defined and the person has taken up, in order of their ids. */
  #adopted(): readonly OrganisationDefinition[] {
    this.#known ??= this.#state.sql
      .exec<{ definition: string }>("SELECT definition FROM achievement_adopted ORDER BY id")
      .toArray()
      .map(({ definition }) => JSON.parse(definition) as OrganisationDefinition);
    return this.#known;
  }

  /** All that is computed. */
  #definitions(): readonly Definition[] {
    return [...DEFINITIONS, ...this.#adopted()];
  }

  #definitionOf(id: string): Definition | undefined {
    return definitionOf(id) ?? this.#adopted().find((one) => one.id === id);
  }

  /** One achievement; problem `not_found`, for hidden ones that are not earned too. */
  one(id: string): OwnAchievement {
    const found = this.list().find((achievement) => achievement.id === id);
    if (found === undefined) throw notFound("achievement");
    return found;
  }

  /** What somebody else is shown: what is earned, of no special class, and not kept back; nothing where the person shows it to nobody. */
  shownTo(relation: "friend" | "stranger"): ShownAchievement[] | undefined {
    const { visibility, keptBack } = this.settings();
    if (visibility === "private" || (visibility === "friends" && relation !== "friend")) return undefined;
    this.settle();
    const earned = this.#earned();
    return DEFINITIONS.filter((one) => isShowable(one) && !keptBack.includes(one.id) && earned.has(one.id)).map(({ id }) => ({
      id,
      earned: earned.get(id) ?? [],
    }));
  }

  settings(): AchievementSettings {
    const [row] = this.#state.sql
      .exec<{ visibility: Visibility; kept_back: string }>("SELECT visibility, kept_back FROM achievement_settings")
      .toArray();
    return { visibility: row?.visibility ?? "private", keptBack: row === undefined ? [] : (JSON.parse(row.kept_back) as string[]) };
  }

  /** Changes what others see. */
  change({ visibility, keptBack }: Partial<AchievementSettings>): AchievementSettings {
    const before = this.settings();
    const after = { visibility: visibility ?? before.visibility, keptBack: [...new Set(keptBack ?? before.keptBack)] };
    this.#state.sql.exec(
      `INSERT INTO achievement_settings (one, visibility, kept_back, changed_at) VALUES (1, ?, ?, ?)
       ON CONFLICT DO UPDATE SET visibility = excluded.visibility, kept_back = excluded.kept_back, changed_at = excluded.changed_at`,
      after.visibility,
      JSON.stringify(after.keptBack),
      Math.floor(this.#state.now()),
    );
    for (const id of after.keptBack) if (!before.keptBack.includes(id)) this.#unpost("achievement = ?", id);
    return after;
  }

  /** Takes all facts anew and evaluates from the beginning. True where that goes on behind the clock. */
  recompute(): boolean {
    this.changeAll();
    return this.settle();
  }

  /** Marks every date: other sources come first from now on, or the rules have changed. */
  changeAll(): void {
    const { sql, storage } = this.#state;
    storage.transactionSync(() => {
      const { from, to } = sql
        .exec<{ from: number | null; to: number | null }>(
          `SELECT min(low) AS "from", max(high) AS "to" FROM (
             SELECT min(first_at) AS low, max(last_at) AS high FROM series WHERE metric IN (SELECT value FROM json_each(?1))
             UNION ALL SELECT min(start), max(start) FROM workouts
             UNION ALL SELECT min(end), max(end) FROM sleeps
             UNION ALL SELECT min(date) * ?2, max(date) * ?2 FROM achievement_days
             UNION ALL SELECT min(date) * ?2, max(date) * ?2 FROM daily WHERE metric IN (SELECT value FROM json_each(?1)))`,
          JSON.stringify(WATCHED_CODES),
          DAY_MS,
        )
        .one();
      if (from !== null && to !== null) this.#mark(from, to);
    });
  }

  /** Brings everything up to date, as far as a reader can wait; true where more is left for the clock. */
  settle(): boolean {
    this.#followRules();
    for (let slices = 0; slices < SLICES_AT_ONCE; slices++) if (!this.#slice()) return false;
    return true;
  }

  /** Goes on with what was marked when the person came from another region. */
  wake(): void {
    this.#known = undefined;
    this.#state.timers.setEarliest(ACHIEVEMENTS_TIMER, "", this.#state.now());
    if (this.forFeed().length > 0) this.#state.timers.setEarliest(FEED_TIMER, "", this.#state.now());
  }

  #heard(touched: readonly Touched[]): void {
    for (const { metric, from, to } of touched) if (WATCHED.has(metric)) this.#mark(from, to);
  }

  #mark(from: number, to: number): void {
    const dates = [from - FARTHEST_ZONE_MS, to + FARTHEST_ZONE_MS].map((at) => Math.floor(at / DAY_MS));
    const { sql, timers, now } = this.#state;
    const isNew =
      sql.exec("INSERT OR IGNORE INTO achievement_changes (from_date, to_date) VALUES (?, ?) RETURNING 1", ...dates).toArray().length > 0;
    if (isNew) timers.setEarliest(ACHIEVEMENTS_TIMER, "", now() + SETTLE_MS);
  }

  /** Takes in some of what has changed, in one transaction; true where more is left. */
  #slice(): boolean {
    const { sql, storage } = this.#state;
    return storage.transactionSync(() => {
      const [change] = sql
        .exec<{ from_date: number; to_date: number }>(
          "SELECT from_date, to_date FROM achievement_changes ORDER BY from_date, to_date LIMIT 1",
        )
        .toArray();
      if (change === undefined) return false;
      const from = change.from_date;
      // What overlaps is taken together; nothing before `from` is left.
      const { last } = sql
        .exec<{ last: number }>("SELECT max(to_date) AS last FROM achievement_changes WHERE from_date <= ?", from + DATES_AT_ONCE)
        .one();
      const to = Math.min(last, from + DATES_AT_ONCE - 1);
      sql.exec("DELETE FROM achievement_changes WHERE to_date <= ?", to);
      sql.exec("UPDATE OR REPLACE achievement_changes SET from_date = ?1 WHERE from_date < ?1", to + 1);
      this.#takeFacts(from, to);
      this.#evaluate(from);
      return true;
    });
  }

  #takeFacts(from: number, to: number): void {
    const { sql } = this.#state;
    sql.exec("DELETE FROM achievement_days WHERE date >= ? AND date <= ?", from, to);
    const rows = readFacts(sql, this.#store.sources, from, to).map((facts) => [facts.date, JSON.stringify(facts)]);
    sql.exec("INSERT INTO achievement_days (date, facts) SELECT value->>0, value->>1 FROM json_each(?)", JSON.stringify(rows));
  }

  /** Goes on from the standing before a date, and gives and takes back what follows. */
  #evaluate(from: number): void {
    const { sql } = this.#state;
    sql.exec("DELETE FROM achievement_standings WHERE date >= ?", from);
    let standing = this.#standing(from);
    const awards: Award[] = [];
    const kept: Standing[] = [];
    const definitions = this.#definitions();
    for (const { facts } of sql.exec<{ facts: string }>(DAYS_AFTER, standing.date).toArray()) {
      const day = JSON.parse(facts) as DayFacts;
      if (Math.floor(day.date / BLOCK_DAYS) !== Math.floor(standing.date / BLOCK_DAYS)) kept.push(standing);
      const step = advance(standing, day, definitions);
      standing = step.standing;
      awards.push(...step.awards);
      kept.push(standing);
      if (kept.length > 2 * KEPT_LAST) this.#thin(kept);
    }
    const rows = kept.filter(({ date }) => date >= from).map((one) => [one.date, JSON.stringify(one)]);
    sql.exec(
      "INSERT OR REPLACE INTO achievement_standings (date, body) SELECT value->>0, value->>1 FROM json_each(?)",
      JSON.stringify(rows),
    );
    this.#forgetOld(standing.date);
    this.#reconcile(
      from,
      awards.filter(({ date }) => date >= from),
    );
  }

  /** Leaves out of a list of standings those that are neither among the last nor the last of their block. */
  #thin(kept: Standing[]): void {
    const last = kept.slice(-KEPT_LAST);
    const older = kept.slice(0, -KEPT_LAST).filter((one, i, all) => blockOf(one.date) !== blockOf(all[i + 1]?.date ?? last[0]?.date ?? 0));
    kept.splice(0, kept.length, ...older, ...last);
  }

  /** The same for those in storage, near the end, where days come one by one. */
  #forgetOld(newest: number): void {
    this.#state.sql.exec(
      `DELETE FROM achievement_standings WHERE date > ?1 AND date < ?2 AND EXISTS (
         SELECT 1 FROM achievement_standings AS later WHERE later.date > achievement_standings.date AND later.date <= ?2
           AND later.date / ${BLOCK_DAYS} = achievement_standings.date / ${BLOCK_DAYS})`,
      newest - 3 * BLOCK_DAYS,
      newest - KEPT_LAST,
    );
  }

  #reconcile(from: number, due: readonly Award[]): void {
    const { sql } = this.#state;
    const now = Math.floor(this.#state.now());
    const held = new Map(
      sql
        .exec<AwardRow>(AWARDS_FROM, from)
        .toArray()
        .map((row) => [nameOf(row), row]),
    );
    const news: AwardNews[] = [];
    const { visibility, keptBack } = this.settings();
    const newest = this.#today() - NEWS_DAYS;
    for (const award of due) {
      const row = held.get(nameOf(award));
      held.delete(nameOf(award));
      if (row !== undefined) {
        if (row.date !== award.date)
          sql.exec("UPDATE achievement_awards SET date = ? WHERE achievement = ? AND key = ?", award.date, award.achievement, award.key);
        continue;
      }
      const { first, paid, bookings } = this.#give(award, now);
      this.#pay(award, award.points - paid, bookings);
      const definition = this.#definitionOf(award.achievement);
      const isSpecial = definition === undefined || !isShowable(definition);
      // Those of organisations are the person's own: they would tell to whom somebody belongs.
      const isOpen = !isSpecial && definitionOf(award.achievement) !== undefined && !keptBack.includes(award.achievement);
      if (isOpen && award.date >= newest) this.#feed("post", "achievement = ? AND key = ?", award.achievement, award.key);
      if (first && award.date >= newest)
        news.push({
          achievement: award.achievement,
          key: award.key,
          date: award.date,
          visibility: isOpen ? visibility : "private",
          isSpecial,
        });
    }
    for (const row of held.values()) this.#take(row, now);
    if (news.length > 0) for (const listener of this.#listeners) listener(news);
  }

  #give({ achievement, key, date }: Award, now: number): { readonly first: boolean; readonly paid: number; readonly bookings: number } {
    const { sql } = this.#state;
    const [before] = sql.exec<AwardRow>("SELECT * FROM achievement_awards WHERE achievement = ? AND key = ?", achievement, key).toArray();
    sql.exec(
      `INSERT INTO achievement_awards (achievement, key, date, awarded_at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET date = excluded.date, taken_at = NULL`,
      achievement,
      key,
      date,
      now,
    );
    return { first: before === undefined, paid: before?.paid ?? 0, bookings: before?.bookings ?? 0 };
  }

  /** Points that an award has not been paid for yet; what was taken back and could not be is not paid twice. */
  #pay({ achievement, key }: Award, points: number, bookings: number): void {
    if (points <= 0) return;
    const n = bookings + 1;
    this.#wallet.book("earned", "points", points, `earned ${achievement} ${key} ${n}`, `${achievement}/${key}`);
    this.#state.sql.exec(
      "UPDATE achievement_awards SET paid = paid + ?, bookings = ? WHERE achievement = ? AND key = ?",
      points,
      n,
      achievement,
      key,
    );
  }

  #take({ achievement, key, paid, bookings }: AwardRow, now: number): void {
    const { sql } = this.#state;
    const back = Math.min(paid, this.#wallet.ledger.balance("points"));
    const n = bookings + 1;
    if (back > 0) this.#wallet.book("taken_back", "points", back, `taken_back ${achievement} ${key} ${n}`, `${achievement}/${key}`);
    sql.exec(
      "UPDATE achievement_awards SET taken_at = ?, paid = paid - ?, bookings = ? WHERE achievement = ? AND key = ?",
      now,
      back,
      n,
      achievement,
      key,
    );
    this.#unpost("achievement = ? AND key = ?", achievement, key);
  }

  #unpost(which: string, ...values: readonly string[]): void {
    this.#feed("unpost", `feed IN ('post', 'posted') AND ${which}`, ...values);
  }

  #feed(what: FeedAward["feed"], which: string, ...values: readonly string[]): void {
    const { sql, timers, now } = this.#state;
    const changed = sql.exec(`UPDATE achievement_awards SET feed = ? WHERE ${which} RETURNING 1`, what, ...values).toArray();
    if (changed.length > 0) timers.setEarliest(FEED_TIMER, "", now());
  }

  #earned(): Map<string, Earned[]> {
    const rows = this.#state.sql.exec<AwardRow>("SELECT * FROM achievement_awards WHERE taken_at IS NULL").toArray();
    const earned = new Map<string, Earned[]>();
    for (const { achievement, key, date, awarded_at } of rows.toSorted((a, b) => b.date - a.date || (a.key < b.key ? 1 : -1))) {
      const definition = this.#definitionOf(achievement);
      if (definition === undefined) continue;
      const list = earned.get(achievement) ?? [];
      list.push({ key, date, at: awarded_at, points: pointsOf(definition, key) });
      earned.set(achievement, list);
    }
    return earned;
  }

  /** Where the evaluation stood before a date. */
  #standing(before: number): Standing {
    const [row] = this.#state.sql.exec<{ body: string }>(STANDING_BEFORE, before).toArray();
    return row === undefined ? BEGINNING : (JSON.parse(row.body) as Standing);
  }

  /** Marks every date where other rules hold than those by which they were computed, or where nothing ever was. */
  #followRules(): void {
    const { sql, storage, now } = this.#state;
    const [row] = sql.exec<{ rules: string }>("SELECT rules FROM achievement_settings").toArray();
    const adopted = this.#adopted();
    const mark = adopted.length === 0 ? MARK : rulesMark(this.#definitions());
    if (row?.rules === mark) return;
    storage.transactionSync(() => {
      this.changeAll();
      sql.exec(
        `INSERT INTO achievement_settings (one, visibility, kept_back, rules, changed_at) VALUES (1, 'private', '[]', ?1, ?2)
         ON CONFLICT DO UPDATE SET rules = excluded.rules`,
        mark,
        Math.floor(now()),
      );
    });
  }

  #today(): number {
    const at = this.#state.now();
    return localDay(at, offsetAt(this.#state.profile().timeZone, at));
  }
}

const MARK = rulesMark(DEFINITIONS);

function isShowable(definition: Definition): boolean {
  return !SPECIAL.has(categoryOf(definition));
}

function blockOf(date: number): number {
  return Math.floor(date / BLOCK_DAYS);
}

function nameOf({ achievement, key }: { readonly achievement: string; readonly key: string }): string {
  return `${achievement} ${key}`;
}
