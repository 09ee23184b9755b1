import { DAY_MS, SECOND_MS } from "../../../shared/clock";
import { categoriesOf, touchedBy, unitOf } from "../../../shared/challenges/measures";
import { type Period, periodFrom } from "../../../shared/challenges/periods";
import { baselineOf, hasReached, rankedScore, scoreOf } from "../../../shared/challenges/score";
import { ruleOf, type Terms } from "../../../shared/challenges/terms";
import { currentKey, type RegionalKeys, regionalKeys } from "../../../shared/crypto/keys";
import { localDay, offsetAt, startOfDay } from "../../../shared/health/zone";
import { notFound, problem } from "../../../shared/problem";
import { storesOf } from "../../doors";
import { chainKey, mac } from "../access/chain";
import type { Touched, VaultState } from "../state";
import type { Store } from "../store/store";
import { type Part, PartRows, type Ranking, type Round, type StoredEffort, type Untold } from "./part-rows";
import { datesOf, datesTouched, readEfforts } from "./read-efforts";

export const CHALLENGES_TIMER = "challenges";

/** Readings that arrive are counted together. */
const SETTLE_MS = SECOND_MS / 2;
/** How long after its close a round is told of what came too late. */
const LATE_SAID_MS = 14 * DAY_MS;
/** More than anybody takes part in at once. */
const MOST_PARTS = 100;

/** Where scores go. */
export interface Boards {
  /** Has the board of a round hear of an alias; throws where it could not, and is repeated then. */
  tell(part: Part, untold: Untold): Promise<void>;
}

/** What somebody agrees to when they join. */
export interface Joining {
  readonly challenge: string;
  readonly title: string;
  readonly terms: Terms;
  readonly ranking: Ranking;
  /** Their own target, where the goal is their own. */
  readonly target: number | null;
}

/** What the records have to know of a participation. */
export interface Joined {
  readonly alias: string;
  readonly receipt: string;
  readonly own: number | null;
}

/** What somebody chooses of how they take part. */
export interface PartChange {
  readonly ranking?: Ranking | undefined;
  readonly target?: number | undefined;
}

/** A participation as its person sees it. */
export interface PartView extends Omit<Part, "terms" | "turn" | "aliasTurn"> {
  readonly metrics: readonly string[];
  readonly unit: string | null;
  readonly goal: Terms["goal"];
  readonly from: number;
  readonly until: number;
  readonly round: RoundView | null;
}

export interface RoundView extends Period {
  readonly score: number | null;
  readonly ranked: number | null;
  readonly reachedAt: number | null;
  readonly efforts: number;
  readonly hasReached: boolean | null;
  readonly isFinal: boolean;
  /** Not counted yet: something has changed since. */
  readonly isDue: boolean;
}

/** A round with what counts in it and what does not. */
export interface RoundDetail {
  readonly round: RoundView;
  readonly efforts: readonly (StoredEffort & { readonly counts: boolean })[];
  readonly late: readonly { readonly day: number; readonly at: number }[];
}

/** An alias on the board of a challenge. */
export interface OnBoard {
  readonly challenge: string;
  readonly alias: string;
}

type Heard = Map<string, { readonly part: Part; readonly round: Round }[]>;

/**
 * Counts for the challenges that the person takes part in, from what is stored here, and tells boards an alias and a score and nothing else.
 * Everything is in storage: a count that is cut off is done again, and a board that is told twice counts once.
 */
export class Challenges {
  readonly #state: VaultState;
  readonly #store: Store;
  readonly #boards: Boards;
  readonly #rows: PartRows;
  readonly #keys: RegionalKeys;
  /** Rounds of which something may be heard, by metric; undefined where that is not known. */
  #heard: Heard | undefined;

  constructor(state: VaultState, store: Store, boards: Boards) {
    this.#state = state;
    this.#store = store;
    this.#boards = boards;
    this.#rows = new PartRows(state.sql);
    this.#keys = regionalKeys(storesOf(state.env, state.region).keys);
    state.timers.on(CHALLENGES_TIMER, async (challenge) => await this.run(challenge));
    state.onRecorded((touched) => this.#note(touched));
  }

  /**
   * Takes part: from now on a score is computed under an alias that nobody can link to another challenge. Joined already is fine, and changes
   * nothing. Problem `conflict` past the limit.
   */
  join({ challenge, title, terms, ranking, target }: Joining): Joined {
    const before = this.#rows.part(challenge);
    if (before?.state === "active") return before;
    const now = Math.floor(this.#state.now());
    const isOn = ({ terms: { schedule } }: Part) => schedule.endsAt + schedule.lateS * SECOND_MS > now;
    if (this.#rows.parts("active").filter(isOn).length >= MOST_PARTS)
      throw problem("conflict", "You take part in too many challenges: leave one first.");
    const own = terms.goal.kind === "custom" ? target : terms.goal.kind === "relative" ? this.#baseline(terms, now) : null;
    const turn = (before?.turn ?? 0) + 1;
    const aliasTurn = (before?.aliasTurn ?? 0) + 1;
    const part: Part = {
      challenge,
      turn,
      state: "active",
      title,
      terms,
      alias: this.#alias(challenge, aliasTurn),
      aliasTurn,
      ranking,
      own,
      joinedAt: now,
      leftAt: null,
      receipt: "",
    };
    const signed = { ...part, receipt: this.#receipt(part) };
    this.#state.storage.transactionSync(() => {
      this.#rows.put(signed);
      this.#begin(signed, now);
      this.#wake(challenge, now);
    });
    this.#heard = undefined;
    return signed;
  }

  /**
   * Stops taking part, at once: what was read is forgotten, and the board takes the alias off. Boards that do not answer are told later. Done
   * already is fine.
   */
  leave(challenge: string): { readonly alias: string } | undefined {
    const part = this.#rows.part(challenge);
    if (part === undefined) return undefined;
    if (part.state === "left") return part;
    const now = Math.floor(this.#state.now());
    this.#state.storage.transactionSync(() => {
      this.#takeOff(part, now);
      const left: Part = { ...part, state: "left", leftAt: now };
      this.#rows.put({ ...left, receipt: this.#receipt(left) });
      this.#rows.forget(challenge);
      this.#wake(challenge, now);
    });
    this.#heard = undefined;
    return part;
  }

  /**
   * Changes how the person is shown, or their own target. Whoever becomes anonymous gets another alias, since the one before is known.
   * Problems `not_found`, and `conflict` for a target once a round has begun.
   */
  change(challenge: string, change: PartChange): Joined {
    const part = this.#active(challenge);
    const now = Math.floor(this.#state.now());
    const { ranking = part.ranking, target } = change;
    if (target !== undefined) {
      if (part.terms.goal.kind !== "custom") throw problem("conflict", "The challenge sets its goal itself.");
      if (target !== part.own && this.#rows.rounds(challenge).length > 0)
        throw problem("conflict", "Your target is set once a round has begun.");
    }
    const isHiding = part.ranking === "public" && ranking === "anonymous";
    const aliasTurn = part.aliasTurn + (isHiding ? 1 : 0);
    const next: Part = {
      ...part,
      ranking,
      own: target ?? part.own,
      aliasTurn,
      alias: isHiding ? this.#alias(challenge, aliasTurn) : part.alias,
    };
    this.#state.storage.transactionSync(() => {
      if (isHiding) this.#takeOff(part, now);
      this.#rows.put({ ...next, receipt: this.#receipt(next) });
      if (isHiding) {
        for (const round of this.#rows.rounds(challenge)) {
          if (round.isFinal || round.ranked === null) continue;
          const version = this.#rows.nextVersion(challenge);
          this.#rows.tell({ challenge, opensAt: round.opensAt, alias: next.alias, score: round.ranked, at: round.at, version });
        }
      }
      this.#wake(challenge, now);
    });
    this.#heard = undefined;
    return next;
  }

  /** Participations with their present or last round. */
  list(): PartView[] {
    return this.#rows.parts().map((part) => this.#view(part));
  }

  /** One participation; problem `not_found`. */
  view(challenge: string): PartView {
    const part = this.#rows.part(challenge);
    if (part === undefined) throw notFound("challenge");
    return this.#view(part);
  }

  /** A round with its efforts, the present or last one without `opensAt`; problem `not_found`. */
  detail(challenge: string, opensAt?: number): RoundDetail {
    const part = this.#active(challenge);
    const rounds = this.#rows.rounds(challenge);
    const round = opensAt === undefined ? rounds.at(-1) : rounds.find((one) => one.opensAt === opensAt);
    if (round === undefined) throw notFound("round");
    const efforts = this.#rows.efforts(challenge, round.opensAt);
    const counted = new Set(this.#counted(part, efforts).map(({ key }) => key));
    return {
      round: roundView(part, round),
      efforts: efforts
        .filter(({ value, leftOut }) => value !== null || leftOut > 0)
        .map((effort) => ({
          ...effort,
          counts: counted.has(effort.key),
          reason: effort.value !== null && !counted.has(effort.key) ? "attempts_used" : effort.reason,
        })),
      late: this.#rows.lateDays(challenge, round.opensAt),
    };
  }

  /** An effort that does not count, or not as a whole; problem `not_found`, also for one that counts. */
  excluded(challenge: string, opensAt: number, key: string): StoredEffort {
    this.#active(challenge);
    const effort = this.#rows.efforts(challenge, opensAt).find((one) => one.key === key);
    if (effort?.reason == null || effort.isAllowed) throw notFound("effort");
    return effort;
  }

  /** Lets an effort count as a whole, or takes that back. What is final, or not there any more, changes nothing. */
  judge(challenge: string, opensAt: number, key: string, counts: boolean): void {
    const round = this.#rows.round(challenge, opensAt);
    const effort = this.#rows.efforts(challenge, opensAt).find((one) => one.key === key);
    if (round === undefined || effort === undefined || round.isFinal) return;
    this.#state.storage.transactionSync(() => {
      this.#rows.allow(challenge, opensAt, key, counts);
      this.#rows.soil(challenge, opensAt, effort.day, effort.day);
      this.#wake(challenge, this.#state.now());
    });
  }

  /** The order of sources, or what they are, has changed: everything that is not over is counted again. */
  recountAll(): void {
    const { storage, now } = this.#state;
    storage.transactionSync(() => {
      for (const part of this.#rows.parts("active")) {
        for (const round of this.#rows.rounds(part.challenge)) {
          const [from, to] = datesOf({ terms: part.terms, period: round });
          this.#rows.soil(part.challenge, round.opensAt, from, to);
        }
        this.#wake(part.challenge, now());
      }
    });
  }

  /** Every participation gets a receipt of this region: its person has another id now. What waits goes on. */
  renew(): void {
    for (const part of this.#rows.parts("all")) this.#rows.put({ ...part, receipt: this.#receipt(part) });
    for (const { challenge } of this.#rows.parts()) this.#wake(challenge, this.#state.now());
    this.#heard = undefined;
  }

  /** Under which aliases the person stands on which boards, or may still be on their way there. */
  standings(): OnBoard[] {
    return this.#rows.aliases();
  }

  /** Whether a receipt proves that the person agreed to this participation, as it is stored. */
  proves(challenge: string, receipt: string): boolean {
    const [version = ""] = receipt.split(".");
    return this.#rows.parts("all").some((part) => part.challenge === challenge && this.#receipt(part, version) === receipt);
  }

  /** Counts what is due of a challenge and tells its boards; returns when there is something to do again. */
  async run(challenge: string): Promise<number | undefined> {
    const part = this.#rows.part(challenge);
    if (part === undefined) return undefined;
    if (part.state === "active") this.count(challenge);
    for (const untold of this.#rows.untold(challenge)) {
      await this.#boards.tell(part, untold);
      this.#rows.told(untold);
    }
    return this.#next(challenge);
  }

  /** Begins rounds that are due, counts what has changed, and ends those that are closed. One transaction. */
  count(challenge: string): void {
    const part = this.#active(challenge);
    const now = Math.floor(this.#state.now());
    this.#state.storage.transactionSync(() => {
      this.#begin(part, now);
      for (const round of this.#rows.rounds(challenge)) {
        if (!round.isFinal && (round.dirtyFrom !== null || now >= round.closesAt)) this.#count(part, round, now);
      }
    });
    this.#heard = undefined;
  }

  #count(part: Part, round: Round, now: number): void {
    const { challenge, opensAt } = round;
    const { terms } = part;
    if (round.dirtyFrom !== null && round.dirtyTo !== null) {
      const [first, last] = datesOf({ terms, period: round });
      const [from, to] = [Math.max(first, round.dirtyFrom), Math.min(last, round.dirtyTo)];
      const allowed = new Set(this.#rows.efforts(challenge, opensAt, from, to).flatMap(({ key, isAllowed }) => (isAllowed ? [key] : [])));
      const found = from > to ? [] : readEfforts(this.#state.sql, this.#store.sources, { terms, period: round, from, to, allowed });
      if (from <= to) this.#rows.replaceEfforts(challenge, opensAt, from, to, found);
    }
    const score = scoreOf(this.#counted(part, this.#rows.efforts(challenge, opensAt)), ruleOf(terms));
    const ranked = score === undefined ? undefined : rankedScore(score.score, terms.goal, part.own);
    const isFinal = now >= round.closesAt;
    const next = { score: score?.score ?? null, ranked: ranked ?? null, at: score?.at ?? round.opensAt, efforts: score?.efforts ?? 0 };
    const isNews = next.ranked !== round.ranked || (next.ranked !== null && next.at !== round.at);
    const version = isNews ? this.#rows.nextVersion(challenge) : round.version;
    this.#rows.counted({ challenge, opensAt, ...next, version, isFinal });
    if (isNews) this.#rows.tell({ challenge, opensAt, alias: part.alias, score: next.ranked, at: next.at, version });
  }

  /** Efforts that count, in the order in which attempts are used up. */
  #counted(part: Part, efforts: readonly StoredEffort[]) {
    const counting = efforts
      .flatMap(({ key, day, at, value }) => (value === null ? [] : [{ key, day, at, value }]))
      .toSorted((a, b) => a.day - b.day || a.at - b.at || (a.key < b.key ? -1 : 1));
    const { attempts } = part.terms;
    return attempts === null ? counting : counting.slice(0, attempts);
  }

  /** Adds the round that is under way, where there is one. */
  #begin({ challenge, terms }: Part, now: number): void {
    const period = periodFrom(terms.schedule, now);
    if (period === undefined || period.opensAt > now) return;
    this.#rows.addRound(challenge, period, ...datesOf({ terms, period }));
  }

  /** When something is to be done again: a round opens or closes, or something is due. */
  #next(challenge: string): number | undefined {
    const part = this.#rows.part(challenge);
    if (part === undefined) return undefined;
    if (this.#rows.untold(challenge).length > 0) return this.#state.now();
    if (part.state === "left") return undefined;
    const now = this.#state.now();
    const open = this.#rows.rounds(challenge).filter(({ isFinal }) => !isFinal);
    if (open.some(({ dirtyFrom }) => dirtyFrom !== null)) return now + SETTLE_MS;
    const latest = this.#rows.rounds(challenge).at(-1);
    const next = periodFrom(part.terms.schedule, Math.max(latest?.endsAt ?? now, now));
    const times = [...open.map(({ closesAt }) => closesAt), ...(next === undefined ? [] : [Math.max(next.opensAt, now)])];
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Has the board take an alias off, in all rounds at once. Told for the last one, so that scores still under way come before. */
  #takeOff({ challenge, alias }: Part, now: number): void {
    const last = this.#rows.rounds(challenge).at(-1);
    if (last === undefined) return;
    this.#rows.tell({ challenge, opensAt: last.opensAt, alias, score: null, at: now, version: this.#rows.nextVersion(challenge) });
  }

  /** Notes what was written of what counts somewhere. Runs in the writing transaction; costs nothing where nobody takes part. */
  #note(touched: readonly Touched[]): void {
    const heard = this.#listening();
    if (heard.size === 0) return;
    const now = Math.floor(this.#state.now());
    for (const { metric, from, to } of touched) {
      for (const { part, round } of heard.get(metric) ?? []) {
        if (to < round.opensAt - DAY_MS || from >= round.endsAt + DAY_MS) continue;
        const [first, last] = datesOf({ terms: part.terms, period: round });
        const [begin, end] = datesTouched(part.terms.schedule.zone, from, to);
        const [firstDay, lastDay] = [Math.max(first, begin), Math.min(last, end)];
        if (firstDay > lastDay) continue;
        if (now >= round.closesAt) {
          const exact = this.#datesIn(part, round, from, to);
          if (exact !== undefined) this.#rows.noteLate(part.challenge, round.opensAt, exact[0], exact[1], now);
        } else {
          this.#rows.soil(part.challenge, round.opensAt, firstDay, lastDay);
          this.#wake(part.challenge, now + SETTLE_MS);
        }
      }
    }
  }

  /** The dates of a round that lie between two instants. */
  #datesIn({ terms }: Part, round: Round, from: number, to: number): readonly [number, number] | undefined {
    const [begin, end] = [Math.max(from, round.opensAt), Math.min(to, round.endsAt - 1)];
    if (begin > end) return undefined;
    const { zone } = terms.schedule;
    return [localDay(begin, offsetAt(zone, begin)), localDay(end, offsetAt(zone, end))];
  }

  #listening(): Heard {
    if (this.#heard !== undefined) return this.#heard;
    const heard: Heard = new Map();
    const parts = new Map(this.#rows.parts("active").map((part) => [part.challenge, part]));
    for (const round of parts.size === 0 ? [] : this.#rows.roundsSince(this.#state.now() - LATE_SAID_MS)) {
      const part = parts.get(round.challenge);
      if (part === undefined) continue;
      for (const key of touchedBy(part.terms.measure)) heard.set(key, [...(heard.get(key) ?? []), { part, round }]);
    }
    this.#heard = heard;
    return heard;
  }

  /** What the person did on the days before, for as long as a round is. */
  #baseline(terms: Terms, now: number): number | null {
    const { goal, schedule } = terms;
    if (goal.kind !== "relative") return null;
    const { zone } = schedule;
    const today = localDay(now, offsetAt(zone, now));
    const [from, to] = [today - goal.baselineDays, today - 1];
    const period = { opensAt: startOfDay(zone, from), endsAt: startOfDay(zone, today) };
    const found = readEfforts(this.#state.sql, this.#store.sources, { terms, period, from, to, allowed: new Set() });
    const byDay = Map.groupBy(
      found.filter(({ value }) => value !== null),
      ({ day }) => day,
    );
    const values = [...byDay.values()].map((efforts) => efforts.reduce((sum, { value }) => sum + (value ?? 0), 0));
    const round = periodFrom(schedule, Math.max(now, schedule.startsAt));
    const days = round === undefined ? 1 : Math.max(1, Math.round((round.endsAt - round.opensAt) / DAY_MS));
    return baselineOf(values, days, ruleOf(terms)) ?? null;
  }

  #active(challenge: string): Part {
    const part = this.#rows.part(challenge);
    if (part === undefined || part.state !== "active") throw notFound("participation");
    return part;
  }

  #wake(challenge: string, at: number): void {
    this.#state.timers.setEarliest(CHALLENGES_TIMER, challenge, at);
  }

  /** HMAC of challenge and person under a key of the region: whoever has two aliases cannot tell that they are one person's. */
  #alias(challenge: string, turn: number): string {
    const key = chainKey(this.#keys, currentKey(this.#keys.chain).version);
    if (key === undefined) throw new TypeError("the key ring has no current key");
    return mac(key, "challenge-alias", `${challenge} ${this.#state.person} ${turn}`).slice(0, 22);
  }

  /** Proves what the person agreed to: challenge, metrics, window, purpose and time, `key version.HMAC` under the region's chain key. */
  #receipt(part: Part, version = currentKey(this.#keys.chain).version): string {
    const key = chainKey(this.#keys, version);
    if (key === undefined) return "";
    const { challenge, turn, state, terms, ranking, own, joinedAt, leftAt } = part;
    const agreed = [this.#state.person, "challenge", challenge, turn, state, terms, ranking, own, joinedAt, leftAt];
    return `${version}.${mac(key, "challenge-receipt", JSON.stringify(agreed))}`;
  }

  #view(part: Part): PartView {
    const { terms, turn: _turn, aliasTurn: _aliasTurn, ...rest } = part;
    const round = this.#rows.rounds(part.challenge).at(-1);
    return {
      ...rest,
      metrics: touchedBy(terms.measure),
      unit: unitOf(terms.measure) ?? null,
      goal: terms.goal,
      from: terms.schedule.startsAt,
      until: terms.schedule.endsAt,
      round: round === undefined ? null : roundView(part, round),
    };
  }
}

function roundView({ terms }: Part, round: Round): RoundView {
  const { opensAt, endsAt, closesAt, score, ranked, at, efforts, isFinal, dirtyFrom } = round;
  return {
    opensAt,
    endsAt,
    closesAt,
    score,
    ranked,
    reachedAt: ranked === null ? null : at,
    efforts,
    hasReached: ranked === null ? null : hasReached(ranked, terms.goal, terms.order === "ascending"),
    isFinal,
    isDue: dirtyFrom !== null,
  };
}

/** For the access log: which classes of data a participation reads. */
export function readOf(terms: Terms): readonly string[] {
  return categoriesOf(terms.measure);
}
