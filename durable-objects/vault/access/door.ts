import type { PersonActor } from "../../../shared/context";
import type { SessionId } from "../../../shared/id";
import type { Batch } from "../../../shared/health/reading";
import { metric } from "../../../shared/health/catalogue";
import { decide, type Decision, DENIALS } from "../../../shared/policy/decide";
import {
  type Action,
  CATEGORIES,
  type Category,
  type Consent,
  type Purpose,
  type ResourceKind,
  type Scope,
  type Subject,
} from "../../../shared/policy/vocabulary";
import { notFound, problem } from "../../../shared/problem";
import { type Lifecycle, moving } from "../lifecycle";
import type { RevokedSessions } from "../sessions";
import type { VaultState, Writer } from "../state";
import type { AccessEvent } from "./event";
import type { AccessLog } from "./log";

/** What somebody wants to do here. */
export interface Access {
  readonly action: Action;
  readonly resource: ResourceKind;
  /** The one category it is about; `each` where the answer consists of several and leaves out what the actor may not see. */
  readonly category?: Category | "each" | undefined;
  /** Categories of details, which are left out where the actor may not see them. */
  readonly details?: readonly Category[];
  /** Metric keys or ids for the log. */
  readonly about?: readonly string[] | undefined;
}

/** An access that was allowed and logged. */
export interface Entry {
  readonly isOwner: boolean;
  /** Whether what is answered may show a category. */
  sees(category: Category): boolean;
}

/** Whose access is judged. */
export type Reader = Pick<PersonActor, "person" | "roles">;

/** A decision, and for which purpose it was made. */
export interface Explanation {
  readonly decision: Decision;
  readonly purpose: Purpose;
}

const OWNER: Entry = { isOwner: true, sees: () => true };
/** What a person may still do who has asked for their erasure. */
const WHILE_SUSPENDED: ReadonlySet<Action> = new Set(["read", "export"]);
/** Persons come with tokens of the first-party client, which are good for everything of theirs. */
const SCOPES: readonly Scope[] = ["me"];

/** Access to one metric by its catalogue key; a key that the catalogue does not have stays out of the log. */
export function metricAccess(action: Action, key: string): Access {
  const known = metric(key);
  return { action, resource: "metric", category: known?.sensitivity, ...(known !== undefined && { about: [key] }) };
}

/** The only way to a person's data: decides and logs, in one synchronous step. */
export class Door {
  readonly #state: VaultState;
  readonly #sessions: RevokedSessions;
  readonly #log: AccessLog;
  readonly #consentsOf: (person: string) => readonly Consent[];
  readonly #life: Lifecycle;

  /** @param consentsOf the versions in force of the consents to one person */
  constructor(
    state: VaultState,
    sessions: RevokedSessions,
    log: AccessLog,
    consentsOf: (person: string) => readonly Consent[],
    life: Lifecycle,
  ) {
    this.#state = state;
    this.#life = life;
    this.#sessions = sessions;
    this.#log = log;
    this.#consentsOf = consentsOf;
  }

  /**
   * Lets an actor in for one access. Problem `session_ended`, or `not_found` for whoever may not: invisible and unknown look the same.
   * `forbidden` for changes of somebody who has asked for their erasure, `unavailable` while they are being moved.
   */
  enter(actor: PersonActor, access: Access): Entry {
    return actor.person === this.#state.person ? this.#own(actor, access) : this.#foreign(actor, access);
  }

  /** Lets nobody but the person in, and logs a refusal alone: for a call that enters later. */
  check(actor: PersonActor): void {
    if (actor.person !== this.#state.person || this.#sessions.isEnded(actor)) this.enter(actor, { action: "read", resource: "session" });
  }

  /** Logs what Meridian itself, or a stream of the person's, wrote. */
  wrote(by: Writer, batch: Batch): void {
    const about = categoriesOf(batch);
    if (about.length === 0 && batch.deleted.length === 0) return;
    if (by.kind === "person")
      this.#note(by, { action: "write", resource: "reading", about }, "personal", { outcome: "allowed", reason: "self" });
    else this.system(by.id, { action: "write", resource: "reading", about });
  }

  /** Logs that the person has signed in, into this session. */
  signedIn(session: SessionId): void {
    this.#life.assertAlive();
    const actor: PersonActor = { kind: "person", person: this.#state.person, session };
    this.#note(actor, { action: "sign_in", resource: "session", about: [session] }, "personal", { outcome: "allowed", reason: "self" });
  }

  /** Logs what Meridian does for the person without being asked in this call. */
  system(actor: string, { action, resource, about = [] }: Access): void {
    this.#life.assertAlive();
    this.#log.append({
      actorKind: "system",
      actor,
      action,
      resource,
      about,
      purpose: "personal",
      outcome: "allowed",
      reason: "system",
      onBehalfOf: this.#state.person,
    });
  }

  /** How a decision about somebody's access would go now. Logs nothing. */
  judge(reader: Reader, action: Action, resource: ResourceKind, category: Category): Explanation {
    const subject: Subject = { kind: "person", id: reader.person, roles: reader.roles ?? ["user"], assurance: "aal1" };
    const consents = this.#consentsOf(reader.person);
    // A read says no purpose: it counts as made for one that the person agreed to.
    const purposes: Purpose[] = [...new Set(consents.map(({ purpose }) => purpose))];
    const wanted = { owner: this.#state.person, kind: resource, category };
    const answers = (purposes.length === 0 ? (["personal"] as const) : purposes).map((purpose) => {
      const given = consents.filter((consent) => consent.purpose === purpose);
      return { purpose, decision: decide(subject, action, wanted, purpose, given, SCOPES, this.#state.now()) };
    });
    return answers.find(({ decision }) => decision.allow) ?? closestOf(answers);
  }

  /** The consents in force or to come for the actor, who has thereby seen them. */
  showConsents(actor: PersonActor): Consent[] {
    if (!this.#life.isOpen) return [];
    const now = this.#state.now();
    const shown = this.#consentsOf(actor.person).filter(({ state, until }) => state === "active" && (until === null || now < until));
    const access: Access = { action: "read", resource: "consent", about: shown.map(({ id }) => id) };
    if (shown.length > 0) this.#note(actor, access, "personal", { outcome: "allowed", reason: "consent" });
    return shown;
  }

  #own(actor: PersonActor, access: Access): Entry {
    // Whoever has left has no session: nothing is written where nothing may be left.
    if (this.#life.isOver) throw problem("session_ended");
    if (this.#life.state === "frozen") throw moving();
    if (this.#sessions.isEnded(actor)) {
      this.#note(actor, access, "personal", { outcome: "denied", reason: "session_ended" });
      throw problem("session_ended");
    }
    if (!this.#life.isOpen && !WHILE_SUSPENDED.has(access.action)) {
      this.#note(actor, access, "personal", { outcome: "denied", reason: "suspended" });
      throw problem("forbidden", "The account is going to be erased. Undo that first, with DELETE /v1/me/erasure.");
    }
    this.#note(actor, access, "personal", { outcome: "allowed", reason: "self" });
    return OWNER;
  }

  #foreign(actor: PersonActor, access: Access): Entry {
    if (this.#life.isOver) throw notFound("person");
    if (this.#life.state === "frozen") throw moving();
    if (!this.#life.isOpen) {
      this.#note(actor, access, "personal", { outcome: "denied", reason: "suspended" });
      throw notFound("person");
    }
    const { action, resource, category, details = [] } = access;
    const judge = (one: Category) => ({ category: one, ...this.judge(actor, action, resource, one) });
    const answers = (category === "each" ? CATEGORIES : category === undefined ? [] : [category]).map(judge);
    const allowed = answers.filter(({ decision }) => decision.allow);
    const [first] = allowed;
    if (first === undefined) {
      const { decision, purpose = "personal" } = answers[0] ?? {};
      const reason = decision === undefined || decision.allow ? "not_shareable" : decision.reason;
      this.#note(actor, access, purpose, { outcome: "denied", reason });
      throw notFound("person");
    }
    allowed.push(...details.map(judge).filter(({ decision }) => decision.allow));
    const used = new Set(
      allowed.flatMap(({ decision }) => (decision.allow && decision.consent ? [`${decision.consent.id}/${decision.consent.version}`] : [])),
    );
    const seen = new Set(allowed.map((answer) => answer.category));
    const how = { outcome: "allowed", reason: "consent", consent: [...used].join(" ") } as const;
    this.#note(actor, { ...access, about: access.about ?? [...seen] }, first.purpose, how);
    return { isOwner: false, sees: (one) => seen.has(one) };
  }

  #note(actor: PersonActor, access: Access, purpose: Purpose, how: Pick<AccessEvent, "outcome" | "reason" | "consent">): void {
    this.#log.append({
      actorKind: "person",
      actor: actor.person,
      action: access.action,
      resource: access.resource,
      about: access.about ?? [],
      purpose,
      ...how,
      session: actor.session,
      requestId: actor.requestId,
    });
  }
}

/** Of several denials the one that came closest to an allow. */
function closestOf(answers: readonly Explanation[]): Explanation {
  const rank = ({ decision }: Explanation) => (decision.allow ? DENIALS.length : DENIALS.indexOf(decision.reason));
  return answers.reduce((best, one) => (rank(one) > rank(best) ? one : best));
}

/** The classes of what a batch writes, in order. */
function categoriesOf(batch: Batch): Category[] {
  const found = new Set<Category>();
  const add = (key: string) => {
    const known = metric(key);
    if (known !== undefined) found.add(known.sensitivity);
  };
  for (const { metric: key } of batch.series) add(key);
  for (const { metric: key } of batch.readings) add(key);
  for (const { metric: key } of batch.deletedRanges) add(key);
  for (const { metric: key } of batch.quarantined) add(key);
  if (batch.sleepStretches.length > 0 || batch.sleepSessions.length > 0) found.add("sleep");
  if (batch.workouts.length > 0) found.add("activity");
  return [...found].toSorted();
}
