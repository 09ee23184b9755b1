import * as z from "zod";
import { type Problem, PROBLEMS, type ProblemCode } from "../problem";

/** Where faults are those of OAuth: its clients know nothing of problem documents. */
export const OAUTH_PATH = "/oauth/";

/** The OAuth names of problems (RFC 6749 §5.2, of registrations RFC 7591 §3.2.2); whatever is not here is `invalid_request`. */
const NAMES: Partial<Record<ProblemCode, string>> = {
  unauthenticated: "invalid_token",
  invalid: "invalid_client_metadata",
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

/** What OAuth calls a problem. */
export function oauthError(code: ProblemCode): string {
  return NAMES[code] ?? "invalid_request";
}

/** A problem as OAuth says it, with the first fault of what was sent. The description is in English: the RFC allows no other letters. */
export function oauthErrorOf(found: Problem, instance: string): z.infer<typeof oauthErrorSchema> {
  const [fault] = found.errors ?? [];
  const said = fault === undefined ? (found.detail ?? PROBLEMS[found.code][1]) : `${fault.pointer}: ${fault.message}`;
  const error = fault?.pointer.startsWith("/redirect_uris") === true ? "invalid_redirect_uri" : oauthError(found.code);
  return { error, error_description: said.replaceAll(UNSAYABLE, "'"), code: found.code, instance };
}

/** What a description may not hold (RFC 6749 §5.2). */
const UNSAYABLE = /[^ !#-[\]-~]/g;
