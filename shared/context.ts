import type { Reach } from "./fhir/reach";
import type { ClientId, OrganisationId, PersonId, SessionId } from "./id";
import type { Scope } from "./policy/vocabulary";
import type { Role } from "./roles";

/** Who acts. More kinds (operator) join this union as they gain routes. */
export type Actor = PersonActor | ClientActor | NobodyActor;

/** Who may ask for another person's data: by consent, decided in that person's vault. */
export type Reader = PersonActor | ClientActor;

/** A signed-in person. Crosses RPC: plain data only. */
export interface PersonActor {
  readonly kind: "person";
  readonly person: PersonId;
  readonly session: SessionId;
  /** The request in which they act, for the access log. */
  readonly requestId?: string;
  /** Roles that their account holds at this moment: read from the records of their region where they act on another person's data. */
  readonly roles?: readonly Role[];
  /** With what their session was opened, read where the roles are. A token's own word counts for nothing there. */
  readonly assurance?: "aal1" | "aal2";
  /** What an app may do in whose session the person acts; undefined where they act themselves, with all that is theirs. */
  readonly reach?: Reach;
  /** The same in other people's compartments, within what they consent to; nothing where an app has a reach and not this. */
  readonly reachOfOthers?: Reach;
}

/** A machine client of an organisation, with an access token of its own. Crosses RPC: plain data only. */
export interface ClientActor {
  readonly kind: "client";
  readonly client: ClientId;
  /** `jti` of the token, by which it can be revoked alone. */
  readonly token: string;
  /** What the token is good for. */
  readonly scopes: readonly Scope[];
  /** The names of the token's scopes, as far as they are still registered. */
  readonly names?: readonly string[];
  readonly requestId?: string;
  /**
   * Whose client it is, and the roles that consents may name for it: read from the records of its region, with the check that neither the
   * client was revoked nor the organisation closed. Without it no vault lets the client in.
   */
  readonly organisation?: OrganisationId;
  readonly roles?: readonly Role[];
}

/** A caller without a token, on a public route. */
export interface NobodyActor {
  readonly kind: "nobody";
}

/** The id of who acts; its region is theirs. */
export function idOf(actor: Reader): PersonId | ClientId {
  return actor.kind === "person" ? actor.person : actor.client;
}
