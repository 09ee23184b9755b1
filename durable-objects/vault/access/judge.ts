import type { PersonActor, Reader } from "../../../shared/context";
import type { Allowed } from "../../../shared/fhir/reach";
import type { EmergencyAccessId, ProgrammeId, SessionId } from "../../../shared/id";
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
import type { Role } from "../../../shared/roles";
import type { VaultState } from "../state";

/** Whose access is judged: as whom consents may name them, in which roles and how surely, and what their token is good for. */
export interface Judged {
  readonly as: readonly Grantee[];
  readonly roles: readonly Role[];
  readonly scopes: readonly Scope[];
  /** Of the session; a machine client proves itself with a key each time. */
  readonly assurance: "aal1" | "aal2";
  /** The living sessions in which an emergency access may have been opened; none of a machine client. */
  readonly sessions: readonly SessionId[];
}

/** The same, whatever the session. */
export type Unproven = Omit<Judged, "assurance">;

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

/** Persons come with tokens of the first-party client, which are good for everything of theirs. */
const SCOPES: readonly Scope[] = ["me"];

/** As whom an actor is judged: a person as themselves, a machine client as itself and as its organisation. */
export function judgedAs(actor: Reader): Judged {
  if (actor.kind === "person") {
    const { person: id, roles = ["user"], assurance = "aal1", session } = actor;
    return { as: [{ kind: "person", id }], roles, scopes: SCOPES, assurance, sessions: [session] };
  }
  const { client, organisation, roles = [], scopes } = actor;
  if (organisation === undefined) return { as: [], roles, scopes, assurance: "aal2", sessions: [] };
  const as = [
    { kind: "app", id: client },
    { kind: "organisation", id: organisation },
  ] as const;
  return { as, roles, scopes, assurance: "aal2", sessions: [] };
}

/** Decides about accesses to this vault, with what it holds: consents and emergency accesses. Logs nothing and lets nobody in. */
export class Judge {
  readonly #state: VaultState;
  readonly #consentsOf: (grantee: Grantee) => readonly Consent[];
  readonly #emergencies: Emergencies;

  /** @param consentsOf the newest versions of the consents to one grantee */
  constructor(state: VaultState, consentsOf: (grantee: Grantee) => readonly Consent[], emergencies: Emergencies) {
    this.#state = state;
    this.#consentsOf = consentsOf;
    this.#emergencies = emergencies;
  }

  /** How a decision about somebody's access would go now: by consents, else by an open emergency access. */
  access(judged: Judged, action: Action, resource: ResourceKind, category: Category, said?: Purpose): Explanation {
    const byConsent = this.#byConsents(judged, action, resource, category, said);
    // What is read for a model is read for nobody in an emergency.
    if (said !== undefined) return byConsent;
    const person = judged.as.find(({ kind }) => kind === "person");
    if (byConsent.decision.allow || person === undefined) return byConsent;
    const emergency = this.#emergencies.openTo(person.id, judged.sessions);
    if (emergency === undefined) return byConsent;
    const subject = emergencySubject(person.id, judged, emergency);
    const wanted = { owner: this.#state.person, kind: resource, category };
    return { decision: decide(subject, action, wanted, "emergency", [], SCOPES, this.#state.now()), purpose: "emergency", emergency };
  }

  /** What somebody could do with the person's FHIR resources now, by category. */
  allowed(judged: Judged): Allowed {
    const may = (action: Action) => CATEGORIES.filter((category) => this.access(judged, action, "fhir", category).decision.allow);
    return { read: may("read"), write: may("write"), advise: may("advise") };
  }

  /** The same, whatever the session, and what that session must have been opened with. */
  explain(judged: Unproven, action: Action, resource: ResourceKind, category: Category): Explanation & Pick<Judged, "assurance"> {
    const plain = this.access({ ...judged, assurance: "aal1" }, action, resource, category);
    if (plain.decision.allow) return { ...plain, assurance: "aal1" };
    return { ...this.access({ ...judged, assurance: "aal2" }, action, resource, category), assurance: "aal2" };
  }

  /** Whether somebody may break the glass, as if they read at once. `id` is that of the access that is to begin. */
  breakingGlass(actor: PersonActor, id: EmergencyAccessId): Decision {
    const wanted = { owner: this.#state.person, kind: "metric", category: "vitals" } as const;
    return decide(emergencySubject(actor.person, judgedAs(actor), id), "read", wanted, "emergency", [], SCOPES, this.#state.now());
  }

  /** Whether somebody may read or set what roles the person holds. */
  administration(actor: PersonActor, action: "read" | "manage"): Decision {
    const wanted = { owner: this.#state.person, kind: "role" } as const;
    return decide(staffSubject(actor), action, wanted, "administration", [], SCOPES, this.#state.now());
  }

  /** Whether somebody may look at or judge an emergency access of `clinician`. */
  review(actor: PersonActor, action: "read" | "manage", clinician: string): Decision {
    const wanted = { owner: this.#state.person, kind: "emergency_access", parties: [clinician] } as const;
    return decide(staffSubject(actor), action, wanted, "administration", [], SCOPES, this.#state.now());
  }

  /** What a research programme would be let in for, in an open vault. */
  programme(programme: ProgrammeId, category: Category): Decision {
    const subject: Subject = { kind: "programme", id: programme, roles: ["partner"], assurance: "aal2" };
    const wanted = { owner: this.#state.person, kind: "day", category } as const;
    return decide(subject, "read", wanted, "research", this.#consentsOf(subject), SCOPES, this.#state.now());
  }

  /** What the person may do with their own. */
  own(action: Action, resource: ResourceKind, purpose: Purpose): Decision {
    const owner = this.#state.person;
    const subject: Subject = { kind: "person", id: owner, roles: [], assurance: "aal1" };
    return decide(subject, action, { owner, kind: resource }, purpose, [], SCOPES, this.#state.now());
  }

  #byConsents(
    { as, roles, scopes, assurance }: Judged,
    action: Action,
    resource: ResourceKind,
    category: Category,
    said: Purpose | undefined,
  ): Explanation {
    const wanted = { owner: this.#state.person, kind: resource, category };
    const answers = as.flatMap((grantee): Explanation[] => {
      const subject: Subject = { ...grantee, roles, assurance };
      const consents = this.#consentsOf(grantee);
      // A read that says no purpose counts as made for one that the person agreed to.
      const purposes: Purpose[] = said === undefined ? [...new Set(consents.map(({ purpose }) => purpose))] : [said];
      return (purposes.length === 0 ? (["personal"] as const) : purposes).map((purpose) => {
        const given = consents.filter((consent) => consent.purpose === purpose);
        return { purpose, decision: decide(subject, action, wanted, purpose, given, scopes, this.#state.now()) };
      });
    });
    return answers.find(({ decision }) => decision.allow) ?? closestOf(answers);
  }
}

/** What nobody has been given anything for. */
const NOBODY: Explanation = { purpose: "personal", decision: { allow: false, reason: "no_consent" } };

/** Somebody before a decision. The reason of an emergency lies sealed in its row: that there is one is what decides. */
function emergencySubject(id: string, { roles, assurance }: Pick<Judged, "roles" | "assurance">, emergency: EmergencyAccessId): Subject {
  return { kind: "person", id, roles, assurance, justification: emergency };
}

/** An operator, with what the records say of them. */
function staffSubject({ person: id, roles = [], assurance = "aal1" }: PersonActor): Subject {
  return { kind: "person", id, roles, assurance };
}

/** Of several denials the one that came closest to an allow. */
export function closestOf(answers: readonly Explanation[]): Explanation {
  const rank = ({ decision }: Explanation) => (decision.allow ? DENIALS.length : DENIALS.indexOf(decision.reason));
  return answers.reduce((best, one) => (rank(one) > rank(best) ? one : best), answers[0] ?? NOBODY);
}
