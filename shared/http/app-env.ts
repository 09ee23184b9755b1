import type { Context as HonoContext } from "hono";
import type { PersonActor } from "../context";

/** Hono's generic for every Meridian route. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    /** Id of this request; in the `x-request-id` header, in problems and in the log event. */
    requestId: string;
    /** Set by a route's policy; undefined on public routes. */
    actor: PersonActor | undefined;
  };
}

export type AppContext = HonoContext<AppEnv>;

/** The signed-in person of a route whose policy is `person`. */
export function personOf(c: AppContext): PersonActor {
  const actor = c.get("actor");
  if (actor === undefined) throw new TypeError("the route's policy does not sign anybody in");
  return actor;
}
