import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { REGIONS } from "../region";
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
];
/** For what pages embed. JSON is read by CORS alone, where nobody asks for this. */
const EMBEDDED = ["cross-origin-resource-policy", "cross-origin"] as const;

const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";
const CACHE_CONTROL = "no-store";

/**
 * Sets the headers of every answer: nothing may frame, sniff, script or cache it. Pages under `/docs` set their own, looser policy first.
 */
export function secureAnswer(c: AppContext, requestId: string): void {
  const headers = variedHeaders(c);
  headers.set("x-request-id", requestId);
  for (const [name, value] of SECURITY) headers.set(name, value);
  headers.set(...EMBEDDED);
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", CONTENT_SECURITY_POLICY);
  if (!headers.has("cache-control")) headers.set("cache-control", CACHE_CONTROL);
}

/**
 * What `secureAnswer` makes of an answer that says its type and nothing else, by type; an answer copies one of them as a whole, with the
 * name of its request, which the next one replaces.
 */
const SECURED = new Map<string | undefined, Headers>();

function securedHeaders(type: string | undefined): Headers {
  let headers = SECURED.get(type);
  if (headers === undefined) {
    headers = new Headers([
      ...SECURITY,
      ["content-security-policy", CONTENT_SECURITY_POLICY],
      ["cache-control", CACHE_CONTROL],
      ["vary", "Origin"],
    ]);
    if (type !== JSON_TYPE) headers.set(...EMBEDDED);
    if (type !== undefined) headers.set("content-type", type);
    SECURED.set(type, headers);
  }
  return headers;
}

/**
 * Lets `c.json` and `c.body` make an answer that has the headers of every answer from the beginning, where the route says no more than a
 * status and some headers: one copy instead of nine calls into the runtime. Everything else is left to `secureAnswer`. Of an answer that is
 * stored before it is sent the name of its request is not kept.
 *
 * @returns whether an answer has been secured in this way
 */
export function secureBeforehand(c: AppContext, requestId: string): (answer: Response) => boolean {
  let made: Response | undefined;
  const { body, header, json, status } = c;
  const secured = (data: BodyInit | null, code: number | undefined, { "content-type": type, ...more }: PlainHeaders): Response => {
    const shared = securedHeaders(type);
    // Named before it is copied: the headers of an answer that nobody looks at need not become an object of their own.
    shared.set("x-request-id", requestId);
    let headers: Headers | undefined;
    for (const name in more) (headers ??= new Headers(shared)).set(name, more[name] ?? "");
    headers ??= shared;
    made = new Response(data, { status: code, headers });
    return made;
  };
  const restore = (): void => void Object.assign(c, { body, header, json, status });
  const own: Writable = c;
  own.json = (value: unknown, code?: unknown, more?: unknown): Response => {
    const isPlain = more === undefined && (code === undefined || typeof code === "number");
    return isPlain ? secured(JSON.stringify(value), code, OF_JSON) : json(value as never, code as never, more as never);
  };
  own.body = (data: BodyInit | null, code?: unknown, more?: unknown): Response => {
    const isPlain = (code === undefined || typeof code === "number") && arePlain(more);
    return isPlain ? secured(data, code, more ?? NO_HEADERS) : body(data as never, code as never, more as never);
  };
  // Whatever is set on the context first is Hono's to put together.
  own.header = (...of: Parameters<typeof header>): void => {
    restore();
    header(...of);
  };
  own.status = (...of: Parameters<typeof status>): void => {
    restore();
    status(...of);
  };
  return (answer) => answer === made;
}

const JSON_TYPE = "application/json";
const OF_JSON: PlainHeaders = { "content-type": JSON_TYPE };
const NO_HEADERS: PlainHeaders = {};

/** Headers by their names in small letters. */
interface PlainHeaders {
  readonly "content-type"?: string | undefined;
  readonly [name: string]: string | undefined;
}

/** A context whose way to make answers is put in place of Hono's: fields and not methods there. */
interface Writable {
  json: unknown;
  body: unknown;
  header: unknown;
  status: unknown;
}

/** Headers that stand in for none of those of every answer; a name in capital letters could be one of them. */
const PLAIN: ReadonlySet<string> = new Set(["content-type", "etag", "last-modified", "location"]);

function arePlain(headers: unknown): headers is PlainHeaders | undefined {
  if (headers === undefined) return true;
  if (typeof headers !== "object" || headers === null) return false;
  const said: Readonly<Record<string, unknown>> = { ...headers };
  for (const name in said) if (!PLAIN.has(name) || typeof said[name] !== "string") return false;
  return true;
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

/** Where apps that run in browsers ask for tokens and read: their registered origins may. */
const OF_APPS = /^\/(?:fhir\/[rR]4\/|oauth\/(?:token|introspect|revoke|register)$)/;
const KNOWN_MS = 60_000;
const MOST_ORIGINS = 1_000;
/** What was found of an origin, and until when it counts. Nothing of any person. */
const origins = new Map<string, { readonly isKnown: boolean; readonly until: number }>();

async function isOriginOfApp(c: AppContext, origin: string): Promise<boolean> {
  const now = c.get("now")();
  const kept = origins.get(origin);
  if (kept !== undefined && kept.until > now) return kept.isKnown;
  const rows = await Promise.all(
    REGIONS.map(
      async (region) => await c.get("records")(region).prepare("select 1 from app_origins where origin = ? limit 1").bind(origin).first(),
    ),
  ).catch(() => []);
  const isKnown = rows.some((row) => row !== null);
  if (origins.size >= MOST_ORIGINS) origins.clear();
  origins.set(origin, { isKnown, until: now + (isKnown ? KNOWN_MS : KNOWN_MS / 12) });
  return isKnown;
}

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
    origin: async (origin, c: AppContext) => {
      if (isOpen(c.req.path)) return "*";
      const allowed: string[] = c.env.CORS_ORIGINS.split(/\s+/);
      if (origin === "") return null;
      return allowed.includes(origin) || (OF_APPS.test(c.req.path) && (await isOriginOfApp(c, origin))) ? origin : null;
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
export function asksForOrigin(c: AppContext, headers: Headers, method: string): boolean {
  return headers.has("origin") || method === "OPTIONS" || isOpen(c.req.path);
}

function isOpen(path: string): boolean {
  return OPEN.test(path);
}
