import type { MiddlewareHandler } from "hono";
import { describeRoute, resolver } from "hono-openapi";
import type { z } from "zod";
import { PROBLEMS, type ProblemCode } from "../problem";
import type { Region } from "../region";
import type { AppEnv } from "./app-env";
import { authenticate } from "./authenticate";
import { DEFAULT_BODY_LIMIT, limitBody } from "./body-limit";
import { idempotently } from "./idempotency";
import { problemSchema } from "./problem-schema";
import { refuseWrongHost } from "./regional-hosts";

/**
 * Who may call a route. `public`: anybody. `person`: a signed-in person, for their own data; the token is checked here and the vault
 * or the records check the rest where the data is. `secret`: the path carries a secret which the handler compares itself. `ticket`:
 * a one-use ticket in the query, redeemed by the handler (WebSockets of browsers), or a bearer token.
 */
export type Policy = "public" | "person" | "secret" | "ticket";

export interface RouteSpec {
  readonly policy: Policy;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly [string, ...string[]];
  /** Success responses: status → body schema, or null for none, or a media type for bodies that are not JSON. */
  readonly responses: Readonly<Record<number, z.ZodType | null | { readonly mediaType: string; readonly description: string }>>;
  /** Problems beyond those that follow from the policy and the validators. */
  readonly problems?: readonly ProblemCode[];
  /** Largest body in bytes (default 1 MB); `stream` for routes that consume the body as a stream and bound it themselves. */
  readonly bodyLimit?: number | "stream";
  /**
   * How `Idempotency-Key` works here. Default: on for writes of a person, keyed by person, method, path and key; a streamed body is
   * told apart by its length, type and name. `off`: the header is ignored. On a public route, a function that reads the region whose
   * database keeps the claim out of the parsed JSON body.
   */
  readonly idempotency?: "off" | ((body: unknown) => Region | undefined);
  /** Media type of a raw body without validator, for the document. */
  readonly rawBody?: { readonly mediaType: string; readonly description: string };
}

const POLICY = Symbol("policy");
const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Declares a route: enforces its policy and documents it. The first handler of every route; start-up fails without it. */
export function route(spec: RouteSpec): MiddlewareHandler<AppEnv> {
  const extension: Record<`x-${string}`, unknown> = {
    "x-policy": spec.policy,
    "x-body-limit": spec.bodyLimit ?? DEFAULT_BODY_LIMIT,
    "x-idempotent": takesKey(spec),
  };
  const describe = describeRoute({
    summary: spec.summary,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    tags: [...spec.tags],
    security: security(spec.policy),
    ...(spec.rawBody === undefined
      ? {}
      : {
          requestBody: {
            description: spec.rawBody.description,
            content: { [spec.rawBody.mediaType]: { schema: { type: "string" as const } } },
          },
        }),
    responses: { ...successes(spec), ...failures(spec) },
    ...extension,
  });
  const middleware: MiddlewareHandler<AppEnv> = async (c, next) => {
    c.set("policy", spec.policy);
    if (spec.policy === "person") {
      const asked = authenticate(c);
      const actor = asked instanceof Promise ? await asked : asked;
      c.set("actor", actor);
      refuseWrongHost(c, actor.person);
    }
    if (spec.bodyLimit !== "stream") limitBody(c, spec.bodyLimit ?? DEFAULT_BODY_LIMIT);
    if (!WRITES.has(c.req.method) || spec.idempotency === "off") return next();
    return idempotently(c, { regionOfBody: spec.idempotency, streamed: spec.bodyLimit === "stream" }, next);
  };
  return Object.assign(middleware, describe, { [POLICY]: spec.policy });
}

/** The policy a handler declares, or undefined where it is not a `route(…)`. */
export function policyOf(handler: unknown): Policy | undefined {
  return typeof handler === "function" && POLICY in handler ? (handler[POLICY] as Policy) : undefined;
}

/** Whether `Idempotency-Key` has a meaning, should the route be a write: without a region there is nowhere to keep the claim. */
function takesKey(spec: RouteSpec): boolean {
  return spec.idempotency !== "off" && (spec.policy === "person" || spec.idempotency !== undefined);
}

function security(policy: Policy): Record<string, string[]>[] {
  if (policy === "person") return [{ bearer: [] }];
  return policy === "ticket" ? [{ bearer: [] }, {}] : [];
}

type Body = { description: string; content?: Record<string, { schema: ReturnType<typeof resolver> | { type: "string" | "object" } }> };

function successes(spec: RouteSpec): Record<string, Body> {
  const out: Record<string, Body> = {};
  for (const [status, body] of Object.entries(spec.responses)) {
    if (body === null) out[status] = { description: "Done" };
    else if ("mediaType" in body)
      out[status] = { description: body.description, content: { [body.mediaType]: { schema: { type: typeOf(body.mediaType) } } } };
    else out[status] = { description: "Success", content: { "application/json": { schema: resolver(body) } } };
  }
  return out;
}

/** JSON that another standard describes is an object; everything else is text. */
function typeOf(mediaType: string): "string" | "object" {
  return /[/+]json$/.test(mediaType) ? "object" : "string";
}

const SIGNED_IN = ["unauthenticated", "token_expired", "session_ended", "wrong_region"] as const satisfies readonly ProblemCode[];

function failures(spec: RouteSpec): Record<string, Body> {
  const signedIn = spec.policy === "person" || spec.policy === "ticket";
  // An API key gets no further than its scopes.
  const ofKeys: ProblemCode[] = spec.policy === "person" ? ["forbidden"] : [];
  const codes: ProblemCode[] = [
    ...(spec.problems ?? []),
    ...(signedIn ? SIGNED_IN : []),
    ...ofKeys,
    "rate_limited",
    "internal",
    "unavailable",
  ];
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const [status] = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const out: Record<string, Body> = {};
  for (const [status, list] of byStatus) {
    out[status] = {
      description: list.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join("; "),
      content: { "application/problem+json": { schema: resolver(problemSchema) } },
    };
  }
  return out;
}
