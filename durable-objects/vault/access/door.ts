import type { PersonActor, Reader } from "../../../shared/context";
import type { SessionId } from "../../../shared/id";
import type { Batch } from "../../../shared/health/reading";
import { metric } from "../../../shared/health/catalogue";
import { decide, type Decision, DENIALS } from "../../../shared/policy/decide";
import {
  type Action,
  CATEGORIES,
  type Category,
  type Consent,
  type Grantee,
  type Purpose,
  type ResourceKind,
  type Scope,
  type Subject,
} from "../../../shared/policy/vocabulary";
import { notFound, problem } from "../../../shared/problem";
import type { Role } from "../../../shared/roles";
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

/** Whose access is judged: as whom consents may name them, in which roles, and what their token is good for. */
export interface Judged {
  readonly as: readonly Grantee[];
  readonly roles: readonly Role[];
  readonly scopes: readonly Scope[];
}

/** A decision, and for which purpose it was made. */
export interface Explanation {
  readonly decision: Decision;
  readonly purpose: Purpose;
}

const OWNER: Entry = { isOwner: true, sees: () => true };
/** Persons come with tokens of the first-party client, which are good for everything of theirs. */
const SCOPES: readonly Scope[] = ["me"];

/** As whom an actor is judged: a person as themselves, a machine client as itself and as its organisation. */
export function judgedAs(actor: Reader): Judged {
  if (actor.kind === "person") return { as: [{ kind: "person", id: actor.person }], roles: actor.roles ?? ["user"], scopes: SCOPES };
  const { client, organisation, roles = [], scopes } = actor;
  if (organisation === undefined) return { as: [], roles, scopes };
  const as = [
    { kind: "app", id: client },
    { kind: "organisation", id: organisation },
  ] as const;
  return { as, roles, scopes };
}

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
  readonly #consentsOf: (grantee: Grantee) => readonly Consent[];

  /** @param consentsOf the versions in force of the consents to one grantee */
  constructor(state: VaultState, sessions: RevokedSessions, log: AccessLog, consentsOf: (grantee: Grantee) => readonly Consent[]) {
    this.#state = state;
    this.#sessions = sessions;
    this.#log = log;
    this.#consentsOf = consentsOf;
  }

  /** Lets an actor in for one access. Problem `session_ended`, or `not_found` for whoever may not: invisible and unknown look the same. */
  enter(actor: Reader, access: Access): Entry {
    return actor.kind === "person" && actor.person === this.#state.person ? this.#own(actor, access) : this.#foreign(actor, access);
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
    const actor: PersonActor = { kind: "person", person: this.#state.person, session };
    this.#note(actor, { action: "sign_in", resource: "session", about: [session] }, "personal", { outcome: "allowed", reason: "self" });
  }

  /** Logs what Meridian does for the person without being asked in this call. */
  system(actor: string, { action, resource, about = [] }: Access): void {
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
  judge({ as, roles, scopes }: Judged, action: Action, resource: ResourceKind, category: Category): Explanation {
    const wanted = { owner: this.#state.person, kind: resource, category };
    const answers = as.flatMap((grantee): Explanation[] => {
      const subject: Subject = { ...grantee, roles, assurance: "aal1" };
      const consents = this.#consentsOf(grantee);
      // A read says no purpose: it counts as made for one that the person agreed to.
      const purposes: Purpose[] = [...new Set(consents.map(({ purpose }) => purpose))];
      return (purposes.length === 0 ? (["personal"] as const) : purposes).map((purpose) => {
        const given = consents.filter((consent) => consent.purpose === purpose);
        return { purpose, decision: decide(subject, action, wanted, purpose, given, scopes, this.#state.now()) };
      });
    });
    return answers.find(({ decision }) => decision.allow) ?? closestOf(answers);
  }

  /** The consents in force or to come for the actor, who has thereby seen them. */
  showConsents(actor: Reader): Consent[] {
    const now = this.#state.now();
    const given = judgedAs(actor).as.flatMap((grantee) => this.#consentsOf(grantee));
    const shown = given.filter(({ state, until }) => state === "active" && (until === null || now < until));
    const access: Access = { action: "read", resource: "consent", about: shown.map(({ id }) => id) };
    if (shown.length > 0) this.#note(actor, access, "personal", { outcome: "allowed", reason: "consent" });
    return shown;
  }

  #own(actor: PersonActor, access: Access): Entry {
    if (this.#sessions.isEnded(actor)) {
      this.#note(actor, access, "personal", { outcome: "denied", reason: "session_ended" });
      throw problem("session_ended");
    }
    this.#note(actor, access, "personal", { outcome: "allowed", reason: "self" });
    return OWNER;
  }

  #foreign(actor: Reader, access: Access): Entry {
    const { action, resource, category, details = [] } = access;
    const judged = judgedAs(actor);
    const judge = (one: Category) => ({ category: one, ...this.judge(judged, action, resource, one) });
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

  #note(actor: Reader, access: Access, purpose: Purpose, how: Pick<AccessEvent, "outcome" | "reason" | "consent">): void {
    const who =
      actor.kind === "person"
        ? { actorKind: actor.kind, actor: actor.person, session: actor.session }
        : { actorKind: actor.kind, actor: actor.client, onBehalfOf: actor.organisation };
    this.#log.append({
      ...who,
      action: access.action,
      resource: access.resource,
      about: access.about ?? [],
      purpose,
      ...how,
      requestId: actor.requestId,
    });
  }
}

/** What nobody has been given anything for. */
const NOBODY: Explanation = { purpose: "personal", decision: { allow: false, reason: "no_consent" } };

/** Of several denials the one that came closest to an allow. */
function closestOf(answers: readonly Explanation[]): Explanation {
  const rank = ({ decision }: Explanation) => (decision.allow ? DENIALS.length : DENIALS.indexOf(decision.reason));
  return answers.reduce((best, one) => (rank(one) > rank(best) ? one : best), answers[0] ?? NOBODY);
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
