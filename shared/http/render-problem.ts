import { HTTPException } from "hono/http-exception";
import type { Log } from "../log";
import { isProblem, type Problem, problem, PROBLEMS, type ProblemCode } from "../problem";
import type { AppContext } from "./app-env";
import { OAUTH_PATH, oauthErrorOf, oauthStatus } from "./oauth-errors";
import { languageOf, problemTitle } from "./texts";

/** Turns whatever was thrown into an answer. Unknown errors become `internal`; only their kind is logged, never their text. */
export function renderError(c: AppContext, error: unknown, log: Log): Response {
  const known = asProblem(c, error);
  if (known !== undefined) return renderProblem(c, known);
  log({ event: "error", request: c.get("requestId"), kind: error instanceof Error ? error.name : typeof error, where: placeOf(error) });
  return renderProblem(c, problem("internal"));
}

/** Renders a problem as RFC 9457 problem details, as an OperationOutcome under `/fhir`, or as an OAuth error under `/oauth`. */
export function renderProblem(c: AppContext, found: Problem): Response {
  const [status] = PROBLEMS[found.code];
  const language = languageOf(c.req.header("accept-language"));
  const headers = new Headers({ "content-language": language, vary: "accept-language" });
  if (status === 401) headers.set("www-authenticate", challenge(found.code));
  if (status === 429 || found.retryAfter !== undefined) {
    const seconds = Math.max(1, Math.ceil(found.retryAfter ?? DEFAULT_RETRY_SECONDS));
    headers.set("retry-after", String(seconds));
    if (status === 429) headers.set("ratelimit", `"${found.code}";r=0;t=${seconds}`);
  }
  const title = problemTitle(found.code, language);
  const { pathname } = new URL(c.req.url);
  if (pathname.startsWith(OAUTH_PATH)) {
    headers.set("content-type", "application/json; charset=utf-8");
    headers.set("pragma", "no-cache");
    headers.set("content-language", "en");
    return new Response(JSON.stringify(oauthErrorOf(found, pathname, c.get("requestId"))), { status: oauthStatus(found.code), headers });
  }
  if (pathname.startsWith("/fhir/")) {
    headers.set("content-type", "application/fhir+json; charset=utf-8");
    return new Response(JSON.stringify(operationOutcome(found, title)), { status, headers });
  }
  headers.set("content-type", "application/problem+json; charset=utf-8");
  const body = {
    type: new URL(`/problems/${found.code}`, c.env.ORIGIN || c.req.url).href,
    title,
    status,
    code: found.code,
    detail: found.detail,
    instance: c.get("requestId"),
    errors: found.errors,
    host: found.host,
    challenge: found.challenge?.token,
    methods: found.challenge?.methods,
    expiresIn: found.challenge?.expiresIn,
  };
  return new Response(JSON.stringify(body), { status, headers });
}

const DEFAULT_RETRY_SECONDS = 60;

/** RFC 6750 §3: a request without a token gets the bare challenge, a refused token says so. */
function challenge(code: ProblemCode): string {
  const refused = code === "token_expired" || code === "session_ended";
  return refused ? 'Bearer realm="meridian", error="invalid_token"' : 'Bearer realm="meridian"';
}

function asProblem(c: AppContext, error: unknown): Problem | undefined {
  if (c.get("bodyTooLarge") === true) return problem("too_large");
  if (isProblem(error)) return error;
  if (error instanceof HTTPException)
    return HTTP_PROBLEMS[error.status] === undefined ? undefined : problem(HTTP_PROBLEMS[error.status] ?? "internal", detailOf(error));
  if (isOutage(error)) return problem("unavailable", undefined, { retryAfter: 1 });
  return undefined;
}

/** What the framework's own words for a body mean, which are told to nobody as they are. */
function detailOf({ message }: HTTPException): string | undefined {
  return message.startsWith("Malformed JSON") ? "The body is not JSON." : undefined;
}

/** Failures that pass by themselves: an object that is overloaded or restarting, a database that is out of reach. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("retryable" in error || "overloaded" in error) return true;
  return /^D1_.*(?:network connection lost|overloaded|timed out|timeout|reset|exceeded)/i.test(error.message) || isOutage(error.cause);
}

/** What the framework itself throws. */
const HTTP_PROBLEMS: Partial<Record<number, ProblemCode>> = {
  400: "malformed",
  404: "not_found",
  413: "too_large",
  415: "unsupported_media_type",
};

/** The innermost frame of our own code: a place in the source, never a value. */
function placeOf(error: unknown): string | undefined {
  const frame = error instanceof Error ? error.stack?.split("\n").find((line) => /^\s+at /.test(line)) : undefined;
  return frame === undefined ? undefined : (/at (?:async )?([\w.$<>]+) /.exec(frame)?.[1] ?? undefined);
}

/** Codes of http://hl7.org/fhir/R4/valueset-issue-type.html that say the same. */
const ISSUE_TYPES: Readonly<Record<ProblemCode, string>> = {
  malformed: "structure",
  unauthenticated: "login",
  invalid_client: "login",
  invalid_scope: "forbidden",
  invalid_grant: "forbidden",
  unsupported_grant_type: "not-supported",
  invalid_credentials: "login",
  token_expired: "expired",
  session_ended: "expired",
  invalid_signature: "security",
  mfa_required: "login",
  forbidden: "forbidden",
  step_up_required: "forbidden",
  not_found: "not-found",
  method_not_allowed: "not-supported",
  not_acceptable: "not-supported",
  conflict: "conflict",
  email_taken: "conflict",
  own_credentials_required: "business-rule",
  idempotency_mismatch: "conflict",
  insufficient_funds: "business-rule",
  sold_out: "business-rule",
  cohort_too_small: "conflict",
  budget_exhausted: "conflict",
  idempotency_in_flight: "lock-error",
  gone: "deleted",
  vendor_retired: "not-supported",
  precondition_failed: "conflict",
  too_large: "too-long",
  unsupported_media_type: "not-supported",
  range_not_satisfiable: "value",
  wrong_region: "processing",
  invalid: "invalid",
  unit_mismatch: "value",
  unknown_metric: "code-invalid",
  file_unreadable: "structure",
  locked: "throttled",
  rate_limited: "throttled",
  internal: "exception",
  vendor_failed: "transient",
  server_failed: "exception",
  unavailable: "transient",
  server_timeout: "timeout",
};

/** The FHIR R4 form of a problem: one issue for the whole, or one for each fault of the input. */
export function operationOutcome(found: Problem, title: string) {
  const code = ISSUE_TYPES[found.code];
  const severity = "error";
  const details = { coding: [{ system: "https://meridian.health/problems", code: found.code }], text: title };
  const issues =
    found.errors === undefined || found.errors.length === 0
      ? [{ severity, code, details, ...(found.detail === undefined ? {} : { diagnostics: found.detail }) }]
      : found.errors.map(({ pointer, message }) => ({
          severity,
          code,
          details,
          // What is no JSON pointer is the FHIRPath of an element.
          ...(pointer.startsWith("/") ? { diagnostics: `${pointer}: ${message}` } : { diagnostics: message, expression: [pointer] }),
        }));
  return { resourceType: "OperationOutcome", issue: issues };
}
