import * as z from "zod";
import { type Problem, PROBLEMS, type ProblemCode } from "../problem";

/** Where faults are those of OAuth: its clients know nothing of problem documents. */
export const OAUTH_PATH = "/oauth/";

/** Where clients register, and where faults are those of RFC 7591 §3.2.2. */
const REGISTER_PATH = "/oauth/register";

/** The OAuth names of problems (RFC 6749 §5.2); whatever is not here is `invalid_request`. */
const NAMES: Partial<Record<ProblemCode, string>> = {
  unauthenticated: "invalid_token",
  invalid_client: "invalid_client",
  invalid_scope: "invalid_scope",
  invalid_grant: "invalid_grant",
  unsupported_grant_type: "unsupported_grant_type",
  rate_limited: "temporarily_unavailable",
  unavailable: "temporarily_unavailable",
  internal: "server_error",
};

export const oauthErrorSchema = z
  .object({
    error: z.string(),
    error_description: z.string().optional(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]).describe("The problem that it is elsewhere"),
    instance: z.string().describe("Id of the request"),
  })
  .meta({ id: "OAuthError" });

/** What OAuth calls a problem, of a token's request or of a registration. */
export function oauthError(code: ProblemCode, ofRegistration: boolean): string {
  if (code === "invalid" && ofRegistration) return "invalid_client_metadata";
  return NAMES[code] ?? "invalid_request";
}

/** The status of a problem in OAuth, which has 400 for whatever is wrong with what was sent. */
export function oauthStatus(code: ProblemCode): number {
  const [status] = PROBLEMS[code];
  return status === 422 ? 400 : status;
}

/** A problem as OAuth says it, with the first fault of what was sent. The description is in English: the RFC allows no other letters. */
export function oauthErrorOf(found: Problem, path: string, instance: string): z.infer<typeof oauthErrorSchema> {
  const [fault] = found.errors ?? [];
  const said = fault === undefined ? (found.detail ?? PROBLEMS[found.code][1]) : `${fault.pointer}: ${fault.message}`;
  const error =
    fault?.pointer.startsWith("/redirect_uris") === true ? "invalid_redirect_uri" : oauthError(found.code, path.startsWith(REGISTER_PATH));
  return { error, error_description: said.replaceAll(UNSAYABLE, "'"), code: found.code, instance };
}

/** What a description may not hold (RFC 6749 §5.2). */
const UNSAYABLE = /[^ !#-[\]-~]/g;
