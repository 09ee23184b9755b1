import type { Period } from "../../../shared/challenges/periods";
import type { Terms } from "../../../shared/challenges/terms";
import type { FoundEffort } from "./read-efforts";

export type Ranking = "anonymous" | "public";

/** What the person takes part in, or took. Times epoch milliseconds. */
export interface Part {
  readonly challenge: string;
  readonly turn: number;
  readonly state: "active" | "left";
  readonly title: string;
  readonly terms: Terms;
  readonly alias: string;
  readonly aliasTurn: number;
  readonly ranking: Ranking;
  readonly own: number | null;
  readonly joinedAt: number;
  readonly leftAt: number | null;
  readonly receipt: string;
}

/** A round in which they take part. */
export interface Round extends Period {
  readonly challenge: string;
  readonly dirtyFrom: number | null;
  readonly dirtyTo: number | null;
  readonly score: number | null;
  readonly ranked: number | null;
  readonly at: number;
  readonly efforts: number;
  readonly version: number;
  readonly isFinal: boolean;
}

export interface StoredEffort extends FoundEffort {
  readonly isAllowed: boolean;
}

/** What a board has to be told of an alias. */
export interface Untold {
  readonly challenge: string;
  readonly opensAt: number;
  readonly alias: string;
  readonly score: number | null;
  readonly at: number;
  readonly version: number;
}

type PartRow = {
  challenge: string;
  turn: number;
  state: "active" | "left";
  title: string;
  terms: string;
  alias: string;
  alias_turn: number;
  ranking: Ranking;
  own: number | null;
  joined_at: number;
  left_at: number | null;
  receipt: string;
  version: number;
};
type RoundRow = {
  challenge: string;
  opens_at: number;
  ends_at: number;
  closes_at: number;
  dirty_from: number | null;
  dirty_to: number | null;
  score: number | null;
  ranked: number | null;
  at: number;
  efforts: number;
  version: number;
  is_final: number;
};
type EffortRow = {
  key: string;
  day: number;
  at: number;
  value: number | null;
  left_out: number;
  reason: string | null;
  is_allowed: number;
};
type OutboxRow = { challenge: string; opens_at: number; alias: string; score: number | null; at: number; version: number };

/** The tables of challenges. Methods are synchronous: callers make them one transaction. */
export class PartRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The newest participation in each challenge, or all of them, in order of the challenge. */
  parts(which: "newest" | "active" | "all" = "newest"): Part[] {
    const condition = {
      newest: "turn = (SELECT max(turn) FROM challenge_parts AS other WHERE other.challenge = one.challenge)",
      active: "state = 'active'",
      all: "true",
    }[which];
    return this.#sql
      .exec<PartRow>(`SELECT * FROM challenge_parts AS one WHERE ${condition} ORDER BY challenge, turn`)
      .toArray()
      .map(partOf);
  }

  /** The newest participation in a challenge. */
  part(challenge: string): Part | undefined {
    const [row] = this.#sql
      .exec<PartRow>("SELECT * FROM challenge_parts WHERE challenge = ? ORDER BY turn DESC LIMIT 1", challenge)
      .toArray();
    return row === undefined ? undefined : partOf(row);
  }

  put(part: Part): void {
    this.#sql.exec(
      `INSERT INTO challenge_parts (challenge, turn, state, title, terms, alias, alias_turn, ranking, own, joined_at, left_at, receipt, version)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, coalesce((SELECT max(version) FROM challenge_parts WHERE challenge = ?1), 0))
       ON CONFLICT DO UPDATE SET state = excluded.state, title = excluded.title, terms = excluded.terms, alias = excluded.alias,
         alias_turn = excluded.alias_turn, ranking = excluded.ranking, own = excluded.own, left_at = excluded.left_at, receipt = excluded.receipt`,
      part.challenge,
      part.turn,
      part.state,
      part.title,
      JSON.stringify(part.terms),
      part.alias,
      part.aliasTurn,
      part.ranking,
      part.own,
      part.joinedAt,
      part.leftAt,
      part.receipt,
    );
  }

  /** The next version of what boards are told of a challenge. */
  nextVersion(challenge: string): number {
    return this.#sql
      .exec<{ version: number }>(
        `UPDATE challenge_parts SET version = version + 1
         WHERE challenge = ?1 AND turn = (SELECT max(turn) FROM challenge_parts WHERE challenge = ?1) RETURNING version`,
        challenge,
      )
      .one().version;
  }

  rounds(challenge: string): Round[] {
    return this.#sql
      .exec<RoundRow>("SELECT * FROM challenge_rounds WHERE challenge = ? ORDER BY opens_at", challenge)
      .toArray()
      .map(roundOf);
  }

  round(challenge: string, opensAt: number): Round | undefined {
    const [row] = this.#sql
      .exec<RoundRow>("SELECT * FROM challenge_rounds WHERE challenge = ? AND opens_at = ?", challenge, opensAt)
      .toArray();
    return row === undefined ? undefined : roundOf(row);
  }

  /** Rounds that close after an instant: those of which something that arrives has to be looked at. */
  roundsSince(closesAfter: number): Round[] {
    return this.#sql.exec<RoundRow>("SELECT * FROM challenge_rounds WHERE closes_at > ?", closesAfter).toArray().map(roundOf);
  }

  /** Adds a round whose days are all to be counted; there already is fine. */
  addRound(challenge: string, { opensAt, endsAt, closesAt }: Period, from: number, to: number): void {
    this.#sql.exec(
      `INSERT INTO challenge_rounds (challenge, opens_at, ends_at, closes_at, dirty_from, dirty_to, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?2)
       ON CONFLICT DO NOTHING`,
      challenge,
      opensAt,
      endsAt,
      closesAt,
      from,
      to,
    );
  }

  /** Has days of a round counted again. */
  soil(challenge: string, opensAt: number, from: number, to: number): void {
    this.#sql.exec(
      `UPDATE challenge_rounds SET dirty_from = min(coalesce(dirty_from, ?3), ?3), dirty_to = max(coalesce(dirty_to, ?4), ?4)
       WHERE challenge = ?1 AND opens_at = ?2 AND is_final = 0`,
      challenge,
      opensAt,
      from,
      to,
    );
  }

  /** Keeps what was counted of a round. */
  counted(round: Pick<Round, "challenge" | "opensAt" | "score" | "ranked" | "at" | "efforts" | "version" | "isFinal">): void {
    this.#sql.exec(
      `UPDATE challenge_rounds SET dirty_from = NULL, dirty_to = NULL, score = ?3, ranked = ?4, at = ?5, efforts = ?6, version = ?7, is_final = ?8
       WHERE challenge = ?1 AND opens_at = ?2`,
      round.challenge,
      round.opensAt,
      round.score,
      round.ranked,
      round.at,
      round.efforts,
      round.version,
      round.isFinal ? 1 : 0,
    );
  }

  efforts(challenge: string, opensAt: number, from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER): StoredEffort[] {
    return this.#sql
      .exec<EffortRow>(
        "SELECT * FROM challenge_efforts WHERE challenge = ? AND opens_at = ? AND day >= ? AND day <= ? ORDER BY key",
        challenge,
        opensAt,
        from,
        to,
      )
      .toArray()
      .map(({ left_out: leftOut, is_allowed, key, day, at, value, reason }) => ({
        key,
        day,
        at,
        value,
        leftOut,
        reason,
        isAllowed: is_allowed === 1,
      }));
  }

  /** Puts what was found of some days in the place of what was there; what somebody allowed stays allowed. */
  replaceEfforts(challenge: string, opensAt: number, from: number, to: number, found: readonly FoundEffort[]): void {
    const keys = JSON.stringify(found.map(({ key }) => key));
    this.#sql.exec(
      `DELETE FROM challenge_efforts WHERE challenge = ?1 AND opens_at = ?2 AND day >= ?3 AND day <= ?4 AND is_allowed = 0
         AND key NOT IN (SELECT value FROM json_each(?5))`,
      challenge,
      opensAt,
      from,
      to,
      keys,
    );
    this.#sql.exec(
      `UPDATE challenge_efforts SET value = NULL, left_out = 0, reason = NULL WHERE challenge = ?1 AND opens_at = ?2 AND day >= ?3 AND day <= ?4
         AND key NOT IN (SELECT value FROM json_each(?5))`,
      challenge,
      opensAt,
      from,
      to,
      keys,
    );
    this.#sql.exec(
      `INSERT INTO challenge_efforts (challenge, opens_at, key, day, at, value, left_out, reason)
       SELECT ?1, ?2, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM json_each(?3) WHERE true
       ON CONFLICT DO UPDATE SET day = excluded.day, at = excluded.at, value = excluded.value, left_out = excluded.left_out, reason = excluded.reason`,
      challenge,
      opensAt,
      JSON.stringify(found.map(({ key, day, at, value, leftOut, reason }) => [key, day, at, value, leftOut, reason])),
    );
  }

  /** Lets an effort count as a whole, or takes that back. */
  allow(challenge: string, opensAt: number, key: string, isAllowed: boolean): void {
    this.#sql.exec(
      "UPDATE challenge_efforts SET is_allowed = ? WHERE challenge = ? AND opens_at = ? AND key = ?",
      isAllowed ? 1 : 0,
      challenge,
      opensAt,
      key,
    );
  }

  /** Days of a round of which something came too late, and when. */
  lateDays(challenge: string, opensAt: number): { readonly day: number; readonly at: number }[] {
    return this.#sql
      .exec<{ day: number; at: number }>(
        "SELECT day, at FROM challenge_late WHERE challenge = ? AND opens_at = ? ORDER BY day",
        challenge,
        opensAt,
      )
      .toArray();
  }

  noteLate(challenge: string, opensAt: number, from: number, to: number, at: number): void {
    const days = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    this.#sql.exec(
      "INSERT INTO challenge_late (challenge, opens_at, day, at) SELECT ?1, ?2, value, ?4 FROM json_each(?3) WHERE true ON CONFLICT DO NOTHING",
      challenge,
      opensAt,
      JSON.stringify(days),
      at,
    );
  }

  /** Has a board told of an alias; what it has not heard before of it is forgotten. */
  tell({ challenge, opensAt, alias, score, at, version }: Untold): void {
    this.#sql.exec(
      `INSERT INTO challenge_outbox (challenge, opens_at, alias, score, at, version) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET score = excluded.score, at = excluded.at, version = excluded.version`,
      challenge,
      opensAt,
      alias,
      score,
      at,
      version,
    );
  }

  untold(challenge: string): Untold[] {
    return this.#sql
      .exec<OutboxRow>("SELECT * FROM challenge_outbox WHERE challenge = ? ORDER BY opens_at, alias", challenge)
      .toArray()
      .map(({ opens_at: opensAt, ...rest }) => ({ ...rest, opensAt }));
  }

  /** A board has heard; what it should hear since then stays. */
  told({ challenge, opensAt, alias, version }: Untold): void {
    this.#sql.exec(
      "DELETE FROM challenge_outbox WHERE challenge = ? AND opens_at = ? AND alias = ? AND version = ?",
      challenge,
      opensAt,
      alias,
      version,
    );
  }

  /** Every alias that a board has, or is to hear of. */
  aliases(): { challenge: string; alias: string }[] {
    return this.#sql
      .exec<{ challenge: string; alias: string }>(
        "SELECT challenge, alias FROM challenge_parts UNION SELECT challenge, alias FROM challenge_outbox ORDER BY challenge, alias",
      )
      .toArray();
  }

  /** Forgets what was read of the person's data for a challenge. */
  forget(challenge: string): void {
    this.#sql.exec("DELETE FROM challenge_efforts WHERE challenge = ?", challenge);
    this.#sql.exec("DELETE FROM challenge_late WHERE challenge = ?", challenge);
    this.#sql.exec("DELETE FROM challenge_rounds WHERE challenge = ?", challenge);
  }
}

function partOf({ alias_turn: aliasTurn, joined_at: joinedAt, left_at: leftAt, terms, version: _version, ...rest }: PartRow): Part {
  return { ...rest, aliasTurn, joinedAt, leftAt, terms: JSON.parse(terms) as Terms };
}

function roundOf(row: RoundRow): Round {
  const { opens_at: opensAt, ends_at: endsAt, closes_at: closesAt, dirty_from: dirtyFrom, dirty_to: dirtyTo, is_final, ...rest } = row;
  return { ...rest, opensAt, endsAt, closesAt, dirtyFrom, dirtyTo, isFinal: is_final === 1 };
}
