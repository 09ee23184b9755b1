import type { PersonActor, Reader } from "../../../shared/context";
import type { EmergencyAccessId, ProgrammeId, SessionId } from "../../../shared/id";
import type { Batch } from "../../../shared/health/reading";
import { metric } from "../../../shared/health/catalogue";
import type { Denial } from "../../../shared/policy/decide";
import { type Action, CATEGORIES, type Category, type Consent, type Purpose, type ResourceKind } from "../../../shared/policy/vocabulary";
import { notFound, problem } from "../../../shared/problem";
import type { Consents } from "../consents/consents";
import { type Lifecycle, moving } from "../lifecycle";
import type { RevokedSessions } from "../sessions";
import type { VaultState, Writer } from "../state";
import { type Subscriber, subscriberActor } from "../webhooks/subscriber";
import type { AccessEvent, RefusedSignIn } from "./event";
import { closestOf, type Emergencies, type Explanation, Judge, type Judged, judgedAs } from "./judge";
import type { AccessLog } from "./log";
import type { Readers } from "./readers";

/** What somebody wants to do here. */
export interface Access {
  readonly action: Action;
  readonly resource: ResourceKind;
  /** The category it is about; several or `each` where the answer consists of them and leaves out what the actor may not see. */
  readonly category?: Category | "each" | readonly Category[] | undefined;
  /** Why, where the caller says so: a read for a model. */
  readonly purpose?: "guidance" | undefined;
  /** Categories of details, which are left out where the actor may not see them. */
  readonly details?: readonly Category[];
  /** Metric keys or ids for the log. */
  readonly about?: readonly string[] | undefined;
}

/** An access that was allowed and logged. */
export interface Entry {
  readonly isOwner: boolean;
  /** A model reads: what vendors keep from models is left out. */
  readonly isForModels?: boolean;
  /** Whether what is answered may show a category. */
  sees(category: Category): boolean;
}

/** What a door stands between. */
interface DoorParts {
  readonly sessions: RevokedSessions;
  readonly log: AccessLog;
  readonly consents: Consents;
  readonly emergencies: Emergencies;
  readonly life: Lifecycle;
  readonly readers: Readers;
}

/** What is said to somebody who would be let in with a second factor. */
const SECOND_FACTOR_HINT =
  "In this role a session needs a second factor: set up an authenticator app or a passkey, and sign in or prove yourself with it.";

const NOT_SHAREABLE: Explanation = { decision: { allow: false, reason: "not_shareable" }, purpose: "personal" };
const OWNER: Entry = { isOwner: true, sees: () => true };
const OWNER_FOR_MODELS: Entry = { ...OWNER, isForModels: true };
/** What a person may still do who has asked for their erasure. */
const WHILE_SUSPENDED: ReadonlySet<Action> = new Set(["read", "export"]);

/** Access to one metric by its catalogue key; a key that the catalogue does not have stays out of the log. */
export function metricAccess(action: Action, key: string, purpose?: Access["purpose"]): Access {
  const known = metric(key);
  return { action, resource: "metric", category: known?.sensitivity, purpose, ...(known !== undefined && { about: [key] }) };
}

/** The only way to a person's data: decides and logs, in one synchronous step. */
export class Door {
  readonly #state: VaultState;
  readonly #sessions: RevokedSessions;
  readonly #log: AccessLog;
  readonly #life: Lifecycle;
  readonly #emergencies: Emergencies;
  readonly #consents: Consents;
  readonly #readers: Readers;
  /** What it goes by; asks whatever would be decided, and lets nobody in. */
  readonly judge: Judge;

  constructor(state: VaultState, parts: DoorParts) {
    this.#state = state;
    this.#sessions = parts.sessions;
    this.#log = parts.log;
    this.#life = parts.life;
    this.#emergencies = parts.emergencies;
    this.#consents = parts.consents;
    this.#readers = parts.readers;
    this.judge = new Judge(state, (grantee) => parts.consents.to(grantee), parts.emergencies);
  }

  /**
   * Lets an actor in for one access. Problem `session_ended`, or `not_found` for whoever may not: invisible and unknown look the same.
   * `forbidden` for changes of somebody who has asked for their erasure, `unavailable` while they are being moved.
   */
  enter(actor: Reader, access: Access): Entry {
    return actor.kind === "person" && actor.person === this.#state.person ? this.#own(actor, access) : this.#foreign(actor, access);
  }

  /** Lets nobody but the person in, and logs a refusal alone: for a call that enters later. */
  check(actor: PersonActor): void {
    const isIn =
      actor.person === this.#state.person && !this.#sessions.isEnded(actor) && !this.#life.isOver && this.#life.state !== "frozen";
    if (!isIn) this.enter(actor, { action: "read", resource: "session" });
  }

  /** Logs that somebody was shown what the person shows to them by their own choice. */
  visited(actor: PersonActor, access: Access): void {
    this.#note(actor, access, "personal", { outcome: "allowed", reason: "consent" });
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

  /** Logs that somebody tried to sign in as the person and could not prove it. */
  signInRefused(reason: RefusedSignIn): void {
    // Nobody is there whom it could tell.
    if (this.#life.isOver) return;
    this.#life.assertAlive();
    this.#log.append({
      actorKind: "unknown",
      actor: "unknown",
      action: "sign_in",
      resource: "session",
      about: [],
      purpose: "personal",
      outcome: "denied",
      reason,
    });
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

  /**
   * Decides whether somebody may break the glass, as if they read at once, and logs it. Problem `not_found` for whoever may not.
   *
   * @param id of the access that is to begin, for the log
   */
  breakGlass(actor: PersonActor, id: EmergencyAccessId): void {
    const access: Access = { action: "manage", resource: "emergency_access", about: [id] };
    this.#requireOpen(actor, access, "emergency");
    const decision = this.judge.breakingGlass(actor, id);
    // One's own data needs no emergency.
    const isAllowed = decision.allow && decision.reason === "break_glass";
    const reason = decision.allow ? (isAllowed ? decision.reason : "not_shareable") : decision.reason;
    this.#note(actor, access, "emergency", { outcome: isAllowed ? "allowed" : "denied", reason });
    if (!isAllowed) throw notFound("person");
  }

  /**
   * Lets a reviewer at an emergency access and logs it. Problems `not_found` for whoever is no reviewer, `forbidden` for a party. While the person waits for their erasure, reviews go
   * on.
   */
  review(actor: PersonActor, action: "read" | "manage", id: EmergencyAccessId, clinicianOf: (id: EmergencyAccessId) => string): void {
    if (this.#life.isOver) throw notFound("emergency access");
    this.#life.assertAlive();
    const decision = this.judge.review(actor, action, clinicianOf(id));
    const access: Access = { action, resource: "emergency_access", about: [id] };
    this.#note(actor, access, "emergency", { outcome: decision.allow ? "allowed" : "denied", reason: decision.reason });
    if (decision.allow) return;
    if (decision.reason === "not_shareable") throw problem("forbidden", "Nobody reviews an access that they had a part in.");
    throw notFound("emergency access");
  }

  /**
   * Lets an administrator read or set what roles the person holds. Problems `not_found` for everybody else, as if nobody were registered
   * here; `step_up_required` without a second factor.
   */
  administer(actor: PersonActor, action: "read" | "manage", about: readonly string[]): void {
    if (this.#life.isOver) throw notFound("person");
    this.#life.assertAlive();
    const access: Access = { action, resource: "role", about };
    const decision = this.judge.administration(actor, action);
    if (decision.allow) return this.#note(actor, access, "administration", { outcome: "allowed", reason: decision.reason });
    this.#refuse(actor, access, "administration", decision.reason);
  }

  /**
   * Lets a research programme have what the person contributes, and logs it as an export; undefined where they do not, or do not any more,
   * which is logged too.
   */
  contribute(programme: ProgrammeId, metrics: readonly string[]): Entry | undefined {
    const answers = CATEGORIES.map((category) => ({ category, decision: this.judge.programme(programme, category) }));
    const seen = new Set(answers.filter(({ decision }) => decision.allow).map(({ category }) => category));
    const used = new Set(
      answers.flatMap(({ decision }) => (decision.allow && decision.consent ? [`${decision.consent.id}/${decision.consent.version}`] : [])),
    );
    const denied = answers.map(({ decision }) => (decision.allow ? undefined : decision.reason)).find((reason) => reason !== undefined);
    const about = metrics.filter((key) => seen.has(metric(key)?.sensitivity ?? "location"));
    const isAllowed = this.#life.isOpen && about.length > 0;
    // Nothing is written where nothing may be left.
    if (!this.#life.isOpen && this.#life.state !== "suspended") return undefined;
    this.#log.append({
      actorKind: "system",
      actor: programme,
      action: "export",
      resource: "day",
      about,
      purpose: "research",
      outcome: isAllowed ? "allowed" : "denied",
      reason: isAllowed ? "consent" : this.#life.isOpen ? (denied ?? "category_not_granted") : "suspended",
      ...(isAllowed && { consent: [...used].join(" ") }),
    });
    return isAllowed ? { isOwner: false, sees: (category) => seen.has(category) } : undefined;
  }

  /** The consents in force or to come for the actor, who has thereby seen them. */
  showConsents(actor: Reader): Consent[] {
    if (!this.#life.isOpen) return [];
    const now = this.#state.now();
    const given = judgedAs(actor).as.flatMap((grantee) => this.#consents.to(grantee));
    const shown = given.filter(({ state, until }) => state === "active" && (until === null || now < until));
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
    const { purpose = "personal" } = access;
    const decision = this.judge.own(access.action, access.resource, purpose);
    if (!decision.allow) return this.#refuse(actor, access, purpose, decision.reason);
    this.#note(actor, access, purpose, { outcome: "allowed", reason: decision.reason });
    return decision.obligations.includes("leave_out_no_ai") ? OWNER_FOR_MODELS : OWNER;
  }

  #foreign(actor: Reader, access: Access): Entry {
    this.#requireOpen(actor, access, "personal");
    if (actor.kind === "person" && this.#sessions.isEnded(actor)) {
      this.#note(actor, access, "personal", { outcome: "denied", reason: "session_ended" });
      throw problem("session_ended");
    }
    const { action, resource, category, details = [] } = access;
    const judged = judgedAs(actor);
    const judge = (one: Category) => ({ category: one, ...this.judge.access(judged, action, resource, one, access.purpose) });
    const answers = (category === "each" ? CATEGORIES : [category ?? []].flat()).map(judge);
    const allowed = answers.filter(({ decision }) => decision.allow);
    const [first] = allowed;
    if (first === undefined) {
      const { decision, purpose } = answers.length === 0 ? NOT_SHAREABLE : closestOf(answers);
      const reason = decision.allow ? "not_shareable" : decision.reason;
      return this.#refuse(actor, access, purpose, reason);
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
      this.#met(actor);
    } else {
      this.#note(actor, line, "emergency", { outcome: "allowed", reason: "break_glass", consent: [...used, emergency].join(" ") });
      this.#emergencies.countRead(emergency);
    }
    return { isOwner: false, sees: (one) => seen.has(one) };
  }

  /**
   * Lets a subscriber have what an event tells, by the consents of this moment, and logs it like any read of somebody else's data; undefined
   * for one who may not, or not any more, which is logged too. No emergency counts here.
   */
  tell(subscriber: Subscriber, { category, details = [], ...access }: Access): Entry | undefined {
    // Nothing is written where nothing may be left.
    if (!this.#life.isOpen && this.#life.state !== "suspended") return undefined;
    const judged: Judged = { ...subscriber.judged, sessions: [] };
    const judge = (one: Category) => ({ category: one, ...this.judge.access(judged, access.action, access.resource, one) });
    const answers = (category === "each" ? CATEGORIES : [category ?? []].flat()).map(judge);
    const allowed = this.#life.isOpen ? answers.filter(({ decision }) => decision.allow) : [];
    const [first] = allowed;
    const line = { ...access, about: access.about ?? [] };
    const who = subscriberActor(subscriber);
    if (first === undefined) {
      const { decision, purpose } = answers.length === 0 ? NOT_SHAREABLE : closestOf(answers);
      const reason = !this.#life.isOpen ? "suspended" : decision.allow ? "not_shareable" : decision.reason;
      this.#append(who, line, purpose, { outcome: "denied", reason });
      return undefined;
    }
    allowed.push(...details.map(judge).filter(({ decision }) => decision.allow));
    const used = new Set(
      allowed.flatMap(({ decision }) => (decision.allow && decision.consent ? [`${decision.consent.id}/${decision.consent.version}`] : [])),
    );
    const seen = new Set(allowed.map((answer) => answer.category));
    this.#append(who, line, first.purpose, { outcome: "allowed", reason: "consent", consent: [...used].join(" ") });
    return { isOwner: false, sees: (one) => seen.has(one) };
  }

  /** The person hears of whoever is here for the first time. */
  #met(actor: Reader): void {
    if (actor.kind === "person") return this.#readers.met("person", actor.person);
    const { organisation } = actor;
    this.#readers.met(organisation === undefined ? "client" : "organisation", organisation ?? actor.client);
  }

  /** Nobody but the person gets anywhere while the vault is not open. Problems `not_found`, `unavailable`. */
  #requireOpen(actor: Reader, access: Access, purpose: Purpose): void {
    if (this.#life.isOver) throw notFound("person");
    if (this.#life.state === "frozen") throw moving();
    if (this.#life.isOpen) return;
    this.#note(actor, access, purpose, { outcome: "denied", reason: "suspended" });
    throw notFound("person");
  }

  /** Logs a refusal and says as little as can be: a second factor is asked of those alone whom it would let in. */
  #refuse(actor: Reader, access: Access, purpose: Purpose, reason: Denial): never {
    this.#note(actor, access, purpose, { outcome: "denied", reason });
    if (reason === "second_factor_missing") throw problem("step_up_required", SECOND_FACTOR_HINT);
    throw notFound("person");
  }

  #note(actor: Reader, access: Access, purpose: Purpose, how: Pick<AccessEvent, "outcome" | "reason" | "consent">): void {
    const who =
      actor.kind === "person"
        ? { actorKind: actor.kind, actor: actor.person, session: actor.session }
        : { actorKind: actor.kind, actor: actor.client, onBehalfOf: actor.organisation };
    this.#append({ ...who, requestId: actor.requestId }, access, purpose, how);
  }

  #append(
    who: Pick<AccessEvent, "actorKind" | "actor" | "session" | "onBehalfOf" | "requestId">,
    access: Access,
    purpose: Purpose,
    how: Pick<AccessEvent, "outcome" | "reason" | "consent">,
  ): void {
    this.#log.append({
      ...who,
      action: access.action,
      resource: access.resource,
      about: access.about ?? [],
      purpose,
      ...how,
    });
  }
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
