import type { Clock } from "../../shared/clock";
import { sha256Hex } from "../../shared/crypto/sha256";
import type { PersonId, RandomBytes } from "../../shared/id";
import { problem } from "../../shared/problem";
import { binOf } from "../../shared/research/budget";
import { discreteLaplace, type MilliEpsilon } from "../../shared/research/discrete-laplace";
import { vaultDoor } from "../doors";
import type { Given, ProgrammeTerms } from "./terms";

/** In how many people the mean of a metric's days lies in each of the bins. Each person is in one bin at most. */
export interface Question {
  readonly metric: string;
  /** Rising edges; n + 1 of them make n bins. */
  readonly edges: readonly number[];
  readonly epsilon: MilliEpsilon;
}

export interface Answered {
  readonly seq: number;
  readonly at: number;
  readonly question: Question;
  /** Noisy counts of the bins, in order; they may be negative. */
  readonly counts: readonly number[];
  readonly spent: MilliEpsilon;
}

type Row = { seq: number; spec: string; at: number; epsilon: number; answer: string };

const AT_ONCE = 20;

/** Answers with noise, and the ledger of what they cost. */
export class Answers {
  readonly #sql: SqlStorage;
  readonly #env: Env;
  readonly #now: Clock;
  readonly #random: RandomBytes;

  constructor(sql: SqlStorage, env: Env, now: Clock, random: RandomBytes) {
    this.#sql = sql;
    this.#env = env;
    this.#now = now;
    this.#random = random;
  }

  /**
   * Answers a question about the people whose vaults say that they take part. A question that was asked before gets the answer of then and
   * costs nothing. The answer and its price are one conditional insert, so that questions at the same time cannot spend more than there is.
   * Problem `budget_exhausted`; nothing is spent where anything fails.
   */
  async ask(terms: ProgrammeTerms, question: Question, people: readonly PersonId[]): Promise<Answered> {
    const spec = JSON.stringify([question.metric, question.edges, question.epsilon]);
    const hash = await sha256Hex(spec);
    const known = this.#find(hash);
    if (known !== undefined) return known;
    if (this.spent() + question.epsilon > terms.epsilon) throw exhausted();
    const counts = await this.#count(terms, question, people);
    const noisy = counts.map((count) => count + discreteLaplace(question.epsilon, this.#random));
    this.#sql.exec(
      `INSERT INTO answers (question, spec, at, epsilon, answer) SELECT ?1, ?2, ?3, ?4, ?5
       WHERE (SELECT coalesce(sum(epsilon), 0) FROM answers) + ?4 <= ?6 ON CONFLICT DO NOTHING`,
      hash,
      JSON.stringify(question),
      Math.floor(this.#now()),
      question.epsilon,
      JSON.stringify(noisy),
      terms.epsilon,
    );
    const stored = this.#find(hash);
    if (stored === undefined) throw exhausted();
    return stored;
  }

  /** The ledger, latest first, below a number. */
  page(before: number | undefined, limit: number): Answered[] {
    return this.#read("WHERE seq < ? ORDER BY seq DESC LIMIT ?", before ?? Number.MAX_SAFE_INTEGER, limit);
  }

  /** In thousandths. */
  spent(): MilliEpsilon {
    return this.#sql.exec<{ spent: number }>("SELECT coalesce(sum(epsilon), 0) AS spent FROM answers").one().spent;
  }

  async #count({ id: programme, fromDay, toDay }: ProgrammeTerms, question: Question, people: readonly PersonId[]): Promise<number[]> {
    const counts = Array.from({ length: question.edges.length - 1 }, () => 0);
    for (let at = 0; at < people.length; at += AT_ONCE) {
      const given = await Promise.all(
        people
          .slice(at, at + AT_ONCE)
          .map(async (person) => await vaultDoor(this.#env, person).contribute({ programme, metrics: [question.metric], fromDay, toDay })),
      );
      for (const one of given) {
        const mean = one === null ? undefined : meanOf(one, question.metric);
        const bin = mean === undefined ? undefined : binOf(question.edges, mean);
        if (bin !== undefined) counts[bin] = (counts[bin] ?? 0) + 1;
      }
    }
    return counts;
  }

  #find(hash: string): Answered | undefined {
    return this.#read("WHERE question = ?", hash)[0];
  }

  #read(condition: string, ...values: (string | number)[]): Answered[] {
    return this.#sql
      .exec<Row>(`SELECT seq, spec, at, epsilon, answer FROM answers ${condition}`, ...values)
      .toArray()
      .map(({ seq, spec, at, epsilon, answer }) => ({
        seq,
        at,
        question: JSON.parse(spec) as Question,
        counts: JSON.parse(answer) as number[],
        spent: epsilon,
      }));
  }
}

function exhausted() {
  return problem("budget_exhausted", "This answer would cost more than is left of the programme's privacy budget.");
}

function meanOf({ days }: Given, key: string): number | undefined {
  const values = days.map(({ values: of }) => of[key]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
