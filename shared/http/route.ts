import type { MiddlewareHandler } from "hono";
import { describeRoute, resolver } from "hono-openapi";
import type { z } from "zod";
import { PROBLEMS, type ProblemCode } from "../problem";
import type { AppEnv } from "./app-env";
import { authenticate } from "./authenticate";
import { problemSchema } from "./problem-schema";

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
}

const POLICY = Symbol("policy");

/** Declares a route: enforces its policy and documents it. The first handler of every route; start-up fails without it. */
export function route(spec: RouteSpec): MiddlewareHandler<AppEnv> {
  const describe = describeRoute({
    summary: spec.summary,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    tags: [...spec.tags],
    security: spec.policy === "person" || spec.policy === "ticket" ? [{ bearer: [] }] : [],
    responses: { ...successes(spec), ...failures(spec) },
    // oxlint-disable-next-line -- extension field of OpenAPI, read by the refusal suite
    ...({ "x-policy": spec.policy } as object),
  });
  const middleware: MiddlewareHandler<AppEnv> = async (c, next) => {
    if (spec.policy === "person") c.set("actor", await authenticate(c));
    await next();
  };
  return Object.assign(middleware, describe, { [POLICY]: spec.policy });
}

/** The policy a handler declares, or undefined where it is not a `route(…)`. */
export function policyOf(handler: unknown): Policy | undefined {
  return typeof handler === "function" && POLICY in handler ? (handler[POLICY] as Policy) : undefined;
}

function successes(spec: RouteSpec) {
  const out: Record<string, { description: string; content?: Record<string, { schema: ReturnType<typeof resolver> | { type: "string" } }> }> = {};
  for (const [status, body] of Object.entries(spec.responses)) {
    if (body === null) out[status] = { description: "Done" };
    else if ("mediaType" in body) out[status] = { description: body.description, content: { [body.mediaType]: { schema: { type: "string" } } } };
    else out[status] = { description: "Success", content: { "application/json": { schema: resolver(body) } } };
  }
  return out;
}

function failures(spec: RouteSpec) {
  const codes: ProblemCode[] = [...(spec.problems ?? []), ...(spec.policy === "person" || spec.policy === "ticket" ? (["unauthenticated"] as const) : []), "rate_limited", "internal"];
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const [status] = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const out: Record<string, { description: string; content: Record<string, { schema: ReturnType<typeof resolver> }> }> = {};
  for (const [status, list] of byStatus) {
    out[status] = { description: list.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join("; "), content: { "application/problem+json": { schema: resolver(problemSchema) } } };
  }
  return out;
}
