import type { Context as HonoContext } from "hono";
import type { Clock } from "../clock";
import type { ClientActor, PersonActor, Reader } from "../context";
import type { Region } from "../region";
import type { IdempotencyStore } from "./idempotency";
import type { Policy } from "./route";

/** Hono's generic for every Meridian route. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    /** Id of this request; in the `x-request-id` header, in problems and in the log event. */
    requestId: string;
    /** Set by a route's policy; undefined on public routes. */
    actor: Reader | undefined;
    /** Epoch milliseconds; set by composition. */
    now: Clock;
    /** Policy of the matched route, for the log; undefined where no route matched. */
    policy: Policy | undefined;
    /** Database of a region, for the keys of programs; set by composition. */
    records: (region: Region) => D1Database;
    /** Where stored answers of a region lie; set by composition. */
    idempotency: (region: Region) => IdempotencyStore;
    /** Whether the method only reads; asked once, as each question is a call into the runtime. */
    isRead: boolean | undefined;
    /** True once a streamed body grew past its limit, whatever error the reader saw. */
    bodyTooLarge: boolean | undefined;
  };
}

export type AppContext = HonoContext<AppEnv>;

/** The signed-in person of a route whose policy is `person`, in this request. */
export function personOf(c: AppContext): PersonActor {
  const actor = readerOf(c);
  if (actor.kind !== "person") throw new TypeError("the route's policy does not sign a person in");
  return actor;
}

/** The machine client of a route whose policy is `machine`, in this request. */
export function clientOf(c: AppContext): ClientActor {
  const actor = readerOf(c);
  if (actor.kind !== "client") throw new TypeError("the route's policy does not let a machine client in");
  return actor;
}

/** The person or machine client of a route whose policy is `reader`, in this request. */
export function readerOf(c: AppContext): Reader {
  const actor = c.get("actor");
  if (actor === undefined) throw new TypeError("the route's policy does not sign anybody in");
  return { ...actor, requestId: c.get("requestId") };
}
