/** Faults injected on demand: errors, storms, slowness, lost and malformed replies. */
import type { Call, Reply } from "../server/http.ts";
import type { State } from "../server/state.ts";

export interface Fault {
  id: string;
  /**
   * `status`: answer with `status` instead of working. `slow`: wait, then work. `drop`: close the connection without working.
   * `lost-reply`: do the work, then close the connection without a reply. `malformed`: a 200 that is not JSON.
   */
  kind: "status" | "slow" | "drop" | "lost-reply" | "malformed";
  /** Path prefix; `*` stands for anything within a path segment. */
  path: string;
  method?: string;
  status: number;
  retryAfterSeconds?: number;
  delayMs: number;
  /** Share of matching calls that are hit; every n-th by count, so that runs repeat exactly. */
  rate: number;
  /** Remaining hits; undefined = no limit. */
  times?: number;
  /** Wall-clock end. */
  untilMs?: number;
  seen: number;
  hits: number;
}

const STATUS_NAMES: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

function matches(fault: Fault, call: Call): boolean {
  if (fault.method && fault.method !== call.method) return false;
  const pattern = fault.path
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^/]*");
  return new RegExp(`^${pattern}`).test(call.path);
}

/** The first active fault for a call; counts the hit. */
export function takeFault(state: State, call: Call): Fault | undefined {
  const wall = Date.now();
  state.faults = state.faults.filter((fault) => (fault.times ?? 1) > 0 && (fault.untilMs ?? Infinity) > wall);
  const fault = state.faults.find((candidate) => matches(candidate, call));
  if (!fault) return undefined;
  const before = Math.floor(fault.seen * fault.rate);
  fault.seen += 1;
  if (fault.rate < 1 && Math.floor(fault.seen * fault.rate) === before) return undefined;
  if (fault.times !== undefined) fault.times -= 1;
  fault.hits += 1;
  return fault;
}

/** The refusal a `status` fault answers with; the token endpoint speaks OAuth, the rest the API's form. */
export function faultReply(fault: Fault, call: Call): Reply {
  const headers: Record<string, string> = fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
  if (fault.kind === "malformed")
    return { status: 200, headers: { "content-type": "text/html" }, body: "<!doctype html><title>Sorry</title>" };
  if (call.path.endsWith("/token")) {
    const error =
      fault.status === 400
        ? "invalid_grant"
        : fault.status === 401
          ? "invalid_client"
          : fault.status === 429
            ? "rate_limit_exceeded"
            : "internal_failure";
    return { status: fault.status, headers, body: { error, error_description: "Injected fault." } };
  }
  const status = STATUS_NAMES[fault.status] ?? "UNKNOWN";
  return { status: fault.status, headers, body: { error: { code: fault.status, message: `Injected fault (${status}).`, status } } };
}
