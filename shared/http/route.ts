import type { MiddlewareHandler } from "hono";
import { resolver } from "hono-openapi";
import type * as z from "zod";
import { problem, PROBLEMS, type ProblemCode } from "../problem";
import type { Region } from "../region";
import type { AppEnv } from "./app-env";
import { idOf } from "../context";
import { authenticate, authenticateReader } from "./authenticate";
import { DEFAULT_BODY_LIMIT, limitBody } from "./body-limit";
import { documented } from "./documented";
import { idempotently } from "./idempotency";
import { oauthError, oauthErrorSchema, oauthStatus } from "./oauth-errors";
import { problemSchema } from "./problem-schema";
import { refuseWrongHost } from "./regional-hosts";

/**
 * Who may call a route. `public`: anybody. `person`: a signed-in person, for their own data; the token is checked here and the vault
 * or the records check the rest where the data is. `secret`: the path or the bearer token carries a secret which the route's own handlers
 * compare. `ticket`: a one-use ticket in the query, redeemed by the handler (WebSockets of browsers), or a bearer token. `reader`: a
 * signed-in person or a machine client, for another person's data, by consent. `machine`: a machine client with its access token.
 * `assertion`: a machine client or an app that proves itself in the form (RFC 7523), which the handler checks. `app`: the browser of somebody
 * who lets an app in, with a form and a cookie of that page, or an app that registers itself; the handler checks. Faults of both are OAuth's.
 */
export type Policy = "public" | "person" | "reader" | "machine" | "secret" | "ticket" | "assertion" | "app";

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
  /** Whether its faults are those of a client's registration (RFC 7591). */
  readonly ofRegistration?: boolean;
  /** Media type of a raw body without validator, for the document. */
  readonly rawBody?: { readonly mediaType: string; readonly description: string } | undefined;
}

const POLICY = Symbol("policy");
/** Policies that want an access token. */
const BEARERS: ReadonlySet<Policy> = new Set(["person", "reader", "machine"]);
const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Declares a route: enforces its policy and documents it. The first handler of every route; start-up fails without it. */
export function route(spec: RouteSpec): MiddlewareHandler<AppEnv> {
  const middleware: MiddlewareHandler<AppEnv> = async (c, next) => {
    c.set("policy", spec.policy);
    if (BEARERS.has(spec.policy)) {
      const asked = spec.policy === "person" ? authenticate(c) : authenticateReader(c);
      const actor = asked instanceof Promise ? await asked : asked;
      if (spec.policy === "machine" && actor.kind !== "client") throw problem("forbidden", "This call is for machine clients.");
      c.set("actor", actor);
      refuseWrongHost(c, idOf(actor));
    }
    // Of a read nobody reads a body.
    if (c.get("isRead") ?? !WRITES.has(c.req.method)) return next();
    if (spec.bodyLimit !== "stream") limitBody(c, spec.bodyLimit ?? DEFAULT_BODY_LIMIT);
    if (spec.idempotency === "off") return next();
    return idempotently(c, { regionOfBody: spec.idempotency, streamed: spec.bodyLimit === "stream" }, next);
  };
  return documented(Object.assign(middleware, { [POLICY]: spec.policy }), () => ({ spec: operation(spec) }));
}

/** A route in the OpenAPI document. */
function operation(spec: RouteSpec) {
  const extension: Record<`x-${string}`, unknown> = {
    "x-policy": spec.policy,
    "x-body-limit": spec.bodyLimit ?? DEFAULT_BODY_LIMIT,
    "x-idempotent": takesKey(spec),
  };
  return {
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
  };
}

/** The policy a handler declares, or undefined where it is not a `route(…)`. */
export function policyOf(handler: unknown): Policy | undefined {
  return typeof handler === "function" && POLICY in handler ? (handler[POLICY] as Policy) : undefined;
}

/** Whether `Idempotency-Key` has a meaning, should the route be a write: without a region there is nowhere to keep the claim. */
function takesKey(spec: RouteSpec): boolean {
  return spec.idempotency !== "off" && (BEARERS.has(spec.policy) || spec.idempotency !== undefined);
}

function security(policy: Policy): Record<string, string[]>[] {
  if (BEARERS.has(policy)) return [{ bearer: [] }];
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

const SIGNED_IN = ["unauthenticated", "token_expired", "session_ended", "wrong_region", "gone"] as const satisfies readonly ProblemCode[];

function failures(spec: RouteSpec): Record<string, Body> {
  const signedIn = BEARERS.has(spec.policy) || spec.policy === "ticket";
  // An API key gets no further than its scopes, and a machine client not to what is for people.
  const ofKeys: ProblemCode[] = BEARERS.has(spec.policy) ? ["forbidden"] : [];
  const codes: ProblemCode[] = [
    ...(spec.problems ?? []),
    ...(signedIn ? SIGNED_IN : []),
    ...ofKeys,
    "rate_limited",
    "internal",
    "unavailable",
  ];
  const isOAuth = spec.policy === "assertion" || spec.policy === "app";
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const status = isOAuth ? oauthStatus(code) : PROBLEMS[code][0];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const out: Record<string, Body> = {};
  for (const [status, list] of byStatus) {
    out[status] = isOAuth
      ? {
          description: list.map((code) => `\`${oauthError(code, spec.ofRegistration ?? false)}\`: ${PROBLEMS[code][1]}`).join("; "),
          content: {
            "application/json": { schema: resolver(oauthErrorSchema) },
            // People in a browser get a page that says the same.
            ...(spec.policy === "app" && { "text/html": { schema: { type: "string" } } }),
          },
        }
      : {
          description: list.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join("; "),
          content: { "application/problem+json": { schema: resolver(problemSchema) } },
        };
  }
  return out;
}
