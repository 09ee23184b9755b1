import type { PersonId, SessionId } from "./id";
import type { Role } from "./roles";

/** Who acts. More kinds (coach, app, clinic, operator) join this union as they gain routes. */
export type Actor = PersonActor | NobodyActor;

/** A signed-in person. Crosses RPC: plain data only. */
export interface PersonActor {
  readonly kind: "person";
  readonly person: PersonId;
  readonly session: SessionId;
  /** The request in which they act, for the access log. */
  readonly requestId?: string;
  /** Roles that their account holds at this moment: read from the records of their region where they act on another person's data. */
  readonly roles?: readonly Role[];
  /** With how many factors their session was opened, as the records say at this moment; read together with the roles. */
  readonly assurance?: "aal1" | "aal2";
}

/** A caller without a token, on a public route. */
export interface NobodyActor {
  readonly kind: "nobody";
}
