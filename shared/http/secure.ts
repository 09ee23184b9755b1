import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import type { AppEnv } from "./app-env";

const HSTS = "max-age=63072000; includeSubDomains";

/** Headers of every answer: nothing may frame, sniff, script or cache it. Pages under `/docs` set their own, looser policy first. */
export function securityHeaders(): MiddlewareHandler<AppEnv> {
  const secure = secureHeaders({
    strictTransportSecurity: HSTS,
    xFrameOptions: "DENY",
    referrerPolicy: "no-referrer",
    xContentTypeOptions: "nosniff",
    crossOriginResourcePolicy: "cross-origin",
  });
  return async (c, next) => {
    await secure(c, next);
    const { headers } = c.res;
    if (!headers.has("content-security-policy")) headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  };
}

/** Documents about the service itself, which any web page may read. */
const OPEN = [/^\/fhir\/[rR]4\/metadata$/, /^\/fhir\/[rR]4\/\.well-known\//, /^\/\.well-known\//];

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
      if (OPEN.some((path) => path.test(c.req.path))) return "*";
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
    ],
    exposeHeaders: EXPOSED,
    maxAge: 600,
  });
}
