import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { AppContext, AppEnv } from "./app-env";

/**
 * What an API's answers need (OWASP REST Security Cheat Sheet), and no more: each header is a call into the runtime, and the legacy
 * ones that general middleware adds (download options, DNS prefetch, cross-domain policies, XSS filters) mean nothing for them.
 */
const SECURITY: readonly (readonly [string, string])[] = [
  ["strict-transport-security", "max-age=63072000; includeSubDomains"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "cross-origin"],
];

/**
 * Sets the headers of every answer: nothing may frame, sniff, script or cache it. Pages under `/docs` set their own, looser policy first.
 */
export function secureAnswer(c: AppContext, requestId: string): void {
  const headers = variedHeaders(c);
  headers.set("x-request-id", requestId);
  for (const [name, value] of SECURITY) headers.set(name, value);
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
}

/**
 * The headers of the answer, which by now depends on the origin. Those that an object or a bucket made are immutable: their answer is
 * copied.
 */
function variedHeaders(c: AppContext): Headers {
  try {
    vary(c.res.headers);
  } catch {
    const copy = new Response(c.res.body, c.res);
    // Assigning over an answer would merge its headers into the copy once more.
    c.res = undefined;
    c.res = copy;
    vary(c.res.headers);
  }
  return c.res.headers;
}

function vary(headers: Headers): void {
  const present = headers.get("vary");
  if (present === null) headers.set("vary", "Origin");
  else if (!/\borigin\b/i.test(present)) headers.set("vary", `${present}, Origin`);
}

/** Documents about the service itself, which any web page may read. */
const OPEN = /^\/(?:fhir\/[rR]4\/(?:metadata$|\.well-known\/)|\.well-known\/)/;

const EXPOSED = [
  "x-request-id",
  "etag",
  "location",
  "last-modified",
  "link",
  "retry-after",
  "ratelimit",
  "idempotency-replayed",
  "content-language",
];

/** Answers browsers of the configured origins, never with credentials: tokens travel in the `authorization` header alone. */
export function allowOrigins(): MiddlewareHandler<AppEnv> {
  return cors({
    origin: (origin, c) => {
      if (isOpen(c.req.path)) return "*";
      const allowed: string[] = c.env.CORS_ORIGINS.split(/\s+/);
      return origin !== "" && allowed.includes(origin) ? origin : null;
    },
    allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: [
      "authorization",
      "content-type",
      "accept",
      "accept-language",
      "idempotency-key",
      "if-match",
      "if-none-match",
      "if-none-exist",
      "prefer",
      "range",
      "x-file-name",
      "x-request-id",
      // What clients of FHIR and of fetch send of their own accord; a preflight that leaves one out fails their request.
      "cache-control",
      "if-modified-since",
      "x-medplum",
      "x-requested-with",
    ],
    exposeHeaders: EXPOSED,
    maxAge: 600,
  });
}

/** Whether the answer must say who may read it. Programs and apps name no origin: all they need is the `vary` of every answer. */
export function asksForOrigin(c: AppContext): boolean {
  return c.req.header("origin") !== undefined || c.req.method === "OPTIONS" || isOpen(c.req.path);
}

function isOpen(path: string): boolean {
  return OPEN.test(path);
}
