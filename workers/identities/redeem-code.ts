import { jwtVerify } from "jose";
import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  type AuthorizationServer,
  ClientSecretPost,
  customFetch,
  processAuthorizationCodeResponse,
  ResponseBodyError,
  validateAuthResponse,
} from "oauth4webapi";
import * as z from "zod";
import { type Problem, problem } from "../../shared/problem";
import { clientSecret } from "./client-secret";
import { providerFetch, providerKeys } from "./client";
import type { ProviderAccess } from "./provider-access";

/** What the provider has said of the person, after everything about it was checked. */
export interface ProviderProof {
  readonly issuer: string;
  readonly subject: string;
  /** An address that the provider has verified; undefined where it gives none or does not say so. */
  readonly email: string | undefined;
  readonly name: string | undefined;
  /** When they proved themselves there, in epoch milliseconds; undefined where the provider does not say. */
  readonly provenAt: number | undefined;
}

/** What a provider's callback brought, with what went out before it. */
export interface ProviderAnswer {
  readonly code: string;
  readonly state: string;
  /** Who answers (RFC 9207), where the provider says so. */
  readonly iss: string | undefined;
  readonly nonce: string;
  /** PKCE. */
  readonly verifier: string;
  readonly redirectUri: string;
}

const CLOCK_TOLERANCE_S = 30;
/** Google and Apple sign with it; what a token's header wishes for counts for nothing. */
const ALGORITHM = "RS256";

const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  azp: z.string().optional(),
  email: z.string().max(254).pipe(z.email()).optional().catch(undefined),
  // Apple has sent it as a text.
  email_verified: z
    .union([z.boolean(), z.enum(["true", "false"])])
    .optional()
    .catch(undefined),
  name: z.string().max(200).optional().catch(undefined),
  auth_time: z.number().int().positive().optional().catch(undefined),
});

/**
 * Exchanges a code and checks the id token: signature by a present key of the provider, issuer, audience, authorised party, times and
 * nonce. Nothing else of the answer is used or kept.
 *
 * Problems: `invalid_credentials` where the provider refuses the code or its token does not stand; `vendor_failed` where it does not
 * answer, or takes us for a stranger.
 */
export async function redeemCode(access: ProviderAccess, answer: ProviderAnswer, now: number): Promise<ProviderProof> {
  const idToken = await exchange(access, answer, now);
  let payload: unknown;
  try {
    ({ payload } = await jwtVerify(idToken, providerKeys(access), {
      algorithms: [ALGORITHM],
      issuer: access.issuer,
      audience: access.clientId,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ["sub", "iat", "exp"],
      currentDate: new Date(now),
    }));
  } catch (error) {
    throw isRefused(error) ? refused() : down();
  }
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) throw refused();
  const { sub, azp, email, email_verified: verified, name, auth_time: provenAt } = claims.data;
  if (azp !== undefined && azp !== access.clientId) throw refused();
  return {
    issuer: access.issuer,
    subject: sub,
    email: verified === true || verified === "true" ? email : undefined,
    name,
    provenAt: provenAt === undefined ? undefined : Math.min(provenAt * 1000, now),
  };
}

async function exchange(access: ProviderAccess, answer: ProviderAnswer, now: number): Promise<string> {
  const { clientId } = access;
  const server: AuthorizationServer = {
    issuer: access.issuer,
    token_endpoint: access.tokenUrl,
    id_token_signing_alg_values_supported: [ALGORITHM],
  };
  const client = { client_id: clientId };
  const options = { [customFetch]: providerFetch(access), [allowInsecureRequests]: access.local };
  const parameters = new URLSearchParams({ code: answer.code, state: answer.state });
  if (answer.iss !== undefined) parameters.set("iss", answer.iss);
  let response: Response;
  try {
    const validated = validateAuthResponse(server, client, parameters, answer.state);
    const secret = ClientSecretPost(await clientSecret(access, now));
    response = await authorizationCodeGrantRequest(server, client, secret, validated, answer.redirectUri, answer.verifier, options);
  } catch (error) {
    throw isRefused(error) ? refused() : down();
  }
  if (response.status >= 500 || (response.status >= 300 && response.status < 400) || response.status === 429) throw down();
  const text = await response.text();
  if (!isJson(text)) throw down();
  try {
    const { id_token: idToken } = await processAuthorizationCodeResponse(server, client, new Response(text, response), {
      expectedNonce: answer.nonce,
      requireIdToken: true,
    });
    if (idToken === undefined) throw refused();
    return idToken;
  } catch (error) {
    // The provider knows us no more: nothing that the person could do better.
    if (error instanceof ResponseBodyError && error.error === "invalid_client") throw down();
    throw refused();
  }
}

/** What libraries say of a key set that cannot be read: then nothing is known about the token. */
const NO_KEYS = new Set(["ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID", "ERR_JOSE_GENERIC"]);

/** Whether a library found something wrong with the answer, rather than finding no answer. */
function isRefused(error: unknown): boolean {
  const code = codeOf(error);
  return !NO_KEYS.has(code) && (code.startsWith("ERR_J") || code.startsWith("OAUTH_"));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function refused(): Problem {
  return problem("invalid_credentials", "The provider's answer was not accepted. Begin again.");
}

function down(): Problem {
  return problem("vendor_failed", "The provider did not answer. Begin again.");
}
