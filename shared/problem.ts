/**
 * The closed list of problems a client may meet: `code → [status, title]`. Every error that leaves Meridian is one of
 * these; the code is the contract, the text is for people.
 */
export const PROBLEMS = {
  malformed: [400, "The request could not be read"],
  unauthenticated: [401, "Sign in is needed"],
  invalid_client: [401, "The client could not be authenticated"],
  invalid_scope: [400, "The scope is not granted"],
  invalid_grant: [400, "The code or token of the grant does not count"],
  unsupported_grant_type: [400, "The grant type is not supported"],
  invalid_credentials: [401, "E-mail or password is wrong"],
  token_expired: [401, "The access token has expired"],
  session_ended: [401, "The session has ended"],
  invalid_signature: [401, "The signature does not match"],
  mfa_required: [401, "A second factor is needed"],
  forbidden: [403, "Not allowed"],
  step_up_required: [403, "Sign in again to do this"],
  not_found: [404, "Not found"],
  method_not_allowed: [405, "The method is not supported here"],
  not_acceptable: [406, "None of the accepted formats is available"],
  conflict: [409, "The request conflicts with the present state"],
  email_taken: [409, "The e-mail address cannot be used"],
  insufficient_funds: [409, "There is not enough in the wallet"],
  sold_out: [409, "Nothing of it is left"],
  cohort_too_small: [409, "Too few people take part"],
  budget_exhausted: [409, "The privacy budget is used up"],
  own_credentials_required: [409, "The vendor wants an account of the organisation's own"],
  idempotency_mismatch: [409, "The idempotency key was used with another request"],
  idempotency_in_flight: [409, "A request with this idempotency key is under way"],
  gone: [410, "No longer available"],
  vendor_retired: [410, "The vendor has closed this interface"],
  precondition_failed: [412, "The resource has changed"],
  too_large: [413, "The request is too large"],
  unsupported_media_type: [415, "The content type is not supported"],
  range_not_satisfiable: [416, "The file has no such range"],
  wrong_region: [421, "The data lies in another region"],
  invalid: [422, "The request is not valid"],
  unit_mismatch: [422, "The unit does not fit the metric"],
  unknown_metric: [422, "The metric is not known"],
  file_unreadable: [422, "The file could not be read"],
  locked: [429, "Too many attempts"],
  rate_limited: [429, "Too many requests"],
  internal: [500, "Something went wrong"],
  vendor_failed: [502, "The vendor did not answer as expected"],
  server_failed: [502, "The other server did not answer as expected"],
  unavailable: [503, "Temporarily unavailable"],
  server_timeout: [504, "The other server did not answer in time"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One fault in the input: where (JSON pointer), what (snake_case code), and a sentence without the value itself. */
export interface FieldError {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** What completes a sign-in that is half done. */
export interface SignInChallenge {
  readonly token: string;
  /** Kinds of second factors that complete it. */
  readonly methods: readonly string[];
  /** Seconds. */
  readonly expiresIn: number;
}

export interface ProblemExtra {
  readonly errors?: readonly FieldError[];
  /** Seconds until a new try makes sense. */
  readonly retryAfter?: number;
  /** A host that can answer, for `wrong_region`. */
  readonly host?: string;
  /** For `mfa_required`. */
  readonly challenge?: SignInChallenge;
}

/**
 * An error with a code from the closed list. Errors lose their prototype over RPC but keep `name`, `message` and own
 * properties: recognise them with `isProblem`, never with `instanceof`.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfter: number | undefined;
  readonly host: string | undefined;
  readonly challenge: SignInChallenge | undefined;

  constructor(code: ProblemCode, detail?: string, extra: ProblemExtra = {}) {
    const [status, title] = PROBLEMS[code];
    super(detail ?? title);
    this.code = code;
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = extra.errors;
    this.retryAfter = extra.retryAfter;
    this.host = extra.host;
    this.challenge = extra.challenge;
  }
}

/** Makes a problem; `detail` is shown to people and must not repeat the caller's data. */
export function problem(code: ProblemCode, detail?: string, extra?: ProblemExtra): Problem {
  return new Problem(code, detail, extra);
}

/** `notFound("import")`: unknown and invisible look the same. */
export function notFound(what: string): Problem {
  return new Problem("not_found", `No such ${what}.`);
}

/** True for problems, also for those that came over RPC and lost their prototype. */
export function isProblem(error: unknown): error is Problem {
  if (typeof error !== "object" || error === null) return false;
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === "Problem" && typeof code === "string" && Object.hasOwn(PROBLEMS, code);
}
