import type { Clock } from "./clock";
import type { PersonId, RandomBytes, SessionId } from "./id";
import type { Log } from "./log";
import type { Region } from "./region";
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
}

/** A caller without a token, on a public route. */
export interface NobodyActor {
  readonly kind: "nobody";
}

/**
 * What a verb may know of the request: who acts, when, and which request it is. Domain ports (records, vault, files, queue) are
 * added by composition; verbs never read `env` or Hono's `c`.
 */
export interface Context<A extends Actor = Actor> {
  readonly actor: A;
  readonly requestId: string;
  /** Epoch milliseconds. */
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** The context of a signed-in person, with the region their data lies in. */
export interface PersonContext extends Context<PersonActor> {
  readonly region: Region;
}
