import type { PersonActor } from "../../../shared/context";
import type { EmergencyAccessId, ProgrammeId, SessionId } from "../../../shared/id";
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

/** Whose access is judged, in which of their living sessions. */
export interface Reader extends Pick<PersonActor, "person" | "roles" | "assurance"> {
  readonly sessions: readonly SessionId[];
}

/** A decision, and for which purpose it was made. */
export interface Explanation {
  readonly decision: Decision;
  readonly purpose: Purpose;
  /** The emergency access that was asked, where consents did not suffice. */
  readonly emergency?: EmergencyAccessId;
}

/** What the door asks of the emergency accesses to this person. */
export interface Emergencies {
  openTo(person: string, sessions: readonly string[]): EmergencyAccessId | undefined;
  countRead(id: EmergencyAccessId): void;
}

const OWNER: Entry = { isOwner: true, sees: () => true };
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
  readonly #consentsOf: (grantee: Grantee) => readonly Consent[];
  readonly #emergencies: Emergencies;

  /** @param consentsOf the newest versions of the consents to somebody */
  constructor(
    state: VaultState,
    sessions: RevokedSessions,
    log: AccessLog,
    consentsOf: (grantee: Grantee) => readonly Consent[],
    emergencies: Emergencies,
  ) {
    this.#state = state;
    this.#sessions = sessions;
    this.#log = log;
    this.#consentsOf = consentsOf;
    this.#emergencies = emergencies;
  }

  /** Lets an actor in for one access. Problem `session_ended`, or `not_found` for whoever may not: invisible and unknown look the same. */
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

  /**
   * Decides whether somebody may break the glass, as if they read at once, and logs it. Problem `not_found` for whoever may not.
   *
   * @param id of the access that is to begin, for the log
   */
  breakGlass(actor: PersonActor, id: EmergencyAccessId): void {
    const wanted = { owner: this.#state.person, kind: "metric", category: "vitals" } as const;
    const decision = decide(subjectOf(actor, id), "read", wanted, "emergency", [], SCOPES, this.#state.now());
    const access: Access = { action: "manage", resource: "emergency_access", about: [id] };
    // One's own data needs no emergency.
    const isAllowed = decision.allow && decision.reason === "break_glass";
    const reason = decision.allow ? (isAllowed ? decision.reason : "not_shareable") : decision.reason;
    this.#note(actor, access, "emergency", { outcome: isAllowed ? "allowed" : "denied", reason });
    if (!isAllowed) throw notFound("person");
  }

  /**
   * Lets a reviewer at an emergency access and logs it. Reviewers see what was done and never health data; nobody reviews what they had a
   * part in. Problems `not_found` for whoever is no reviewer, `forbidden` for a party.
   */
  review(actor: PersonActor, action: "read" | "manage", id: EmergencyAccessId, clinician: string): void {
    const access: Access = { action, resource: "emergency_access", about: [id] };
    const mayReview = actor.assurance === "aal2" && (actor.roles ?? []).some((role) => role === "moderator" || role === "admin");
    const isParty = actor.person === clinician || actor.person === this.#state.person;
    const isAllowed = mayReview && !(isParty && action === "manage");
    const reason = isAllowed ? "review" : mayReview ? "not_shareable" : "role_not_held";
    this.#note(actor, access, "emergency", { outcome: isAllowed ? "allowed" : "denied", reason });
    if (!mayReview) throw notFound("emergency access");
    if (!isAllowed) throw problem("forbidden", "Nobody reviews an access that they had a part in.");
  }

  /** How a decision about somebody's access would go now: by consents, else by an open emergency access. Logs nothing. */
  judge(reader: Reader, action: Action, resource: ResourceKind, category: Category): Explanation {
    const byConsent = this.#judgeConsents(reader, action, resource, category);
    if (byConsent.decision.allow) return byConsent;
    const emergency = this.#emergencies.openTo(reader.person, reader.sessions);
    if (emergency === undefined) return byConsent;
    const wanted = { owner: this.#state.person, kind: resource, category };
    const decision = decide(subjectOf(reader, emergency), action, wanted, "emergency", [], SCOPES, this.#state.now());
    return { decision, purpose: "emergency", emergency };
  }

  #judgeConsents(reader: Reader, action: Action, resource: ResourceKind, category: Category): Explanation {
    const subject = subjectOf(reader);
    const consents = this.#consentsOf(subject);
    // A read says no purpose: it counts as made for one that the person agreed to.
    const purposes: Purpose[] = [...new Set(consents.map(({ purpose }) => purpose))];
    const wanted = { owner: this.#state.person, kind: resource, category };
    const answers = (purposes.length === 0 ? (["personal"] as const) : purposes).map((purpose) => {
      const given = consents.filter((consent) => consent.purpose === purpose);
      return { purpose, decision: decide(subject, action, wanted, purpose, given, SCOPES, this.#state.now()) };
    });
    return answers.find(({ decision }) => decision.allow) ?? closestOf(answers);
  }

  /** What a research programme would be let in for at this moment. Logs nothing. */
  judgeProgramme(programme: ProgrammeId, category: Category): Decision {
    const subject: Subject = { kind: "programme", id: programme, roles: ["partner"], assurance: "aal2" };
    const wanted = { owner: this.#state.person, kind: "day", category } as const;
    return decide(subject, "read", wanted, "research", this.#consentsOf(subject), SCOPES, this.#state.now());
  }

  /**
   * Lets a research programme have what the person contributes, and logs it as an export; undefined where they do not, or do not any more,
   * which is logged too.
   */
  contribute(programme: ProgrammeId, metrics: readonly string[]): Entry | undefined {
    const answers = CATEGORIES.map((category) => ({ category, decision: this.judgeProgramme(programme, category) }));
    const seen = new Set(answers.filter(({ decision }) => decision.allow).map(({ category }) => category));
    const used = new Set(
      answers.flatMap(({ decision }) => (decision.allow && decision.consent ? [`${decision.consent.id}/${decision.consent.version}`] : [])),
    );
    const denied = answers.map(({ decision }) => (decision.allow ? undefined : decision.reason)).find((reason) => reason !== undefined);
    const about = metrics.filter((key) => seen.has(metric(key)?.sensitivity ?? "location"));
    const isAllowed = about.length > 0;
    this.#log.append({
      actorKind: "system",
      actor: programme,
      action: "export",
      resource: "day",
      about,
      purpose: "research",
      outcome: isAllowed ? "allowed" : "denied",
      reason: isAllowed ? "consent" : (denied ?? "category_not_granted"),
      ...(isAllowed && { consent: [...used].join(" ") }),
    });
    return isAllowed ? { isOwner: false, sees: (category) => seen.has(category) } : undefined;
  }

  /** The consents in force or to come for the actor, who has thereby seen them. */
  showConsents(actor: PersonActor): Consent[] {
    const now = this.#state.now();
    const shown = this.#consentsOf({ kind: "person", id: actor.person }).filter(
      ({ state, until }) => state === "active" && (until === null || now < until),
    );
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

  #foreign(actor: PersonActor, access: Access): Entry {
    const { action, resource, category, details = [] } = access;
    const reader: Reader = { ...actor, sessions: [actor.session] };
    const judge = (one: Category) => ({ category: one, ...this.judge(reader, action, resource, one) });
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
    const emergency = allowed.find((answer) => answer.emergency !== undefined)?.emergency;
    const used = new Set(
      allowed.flatMap(({ decision }) => (decision.allow && decision.consent ? [`${decision.consent.id}/${decision.consent.version}`] : [])),
    );
    const seen = new Set(allowed.map((answer) => answer.category));
    const line = { ...access, about: access.about ?? [...seen] };
    if (emergency === undefined) {
      this.#note(actor, line, first.purpose, { outcome: "allowed", reason: "consent", consent: [...used].join(" ") });
    } else {
      this.#note(actor, line, "emergency", { outcome: "allowed", reason: "break_glass", consent: [...used, emergency].join(" ") });
      this.#emergencies.countRead(emergency);
    }
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

/** Somebody before a decision. The reason of an emergency lies sealed in its row: that there is one is what decides. */
function subjectOf(reader: Pick<PersonActor, "person" | "roles" | "assurance">, emergency?: EmergencyAccessId): Subject {
  const { person: id, roles = ["user"], assurance = "aal1" } = reader;
  return { kind: "person", id, roles, assurance, ...(emergency !== undefined && { justification: emergency }) };
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
