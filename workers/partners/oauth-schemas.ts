import * as z from "zod";
import { ASSERTION_ALGORITHMS } from "../../shared/crypto/client-keys";
import { issuerOf } from "../../shared/crypto/tokens";
import { CLIENT_SCOPES } from "../../shared/policy/scopes";
import type { Region } from "../../shared/region";
import { tokenEndpoint } from "./oauth-ports";

export const tokenSchema = z
  .object({ access_token: z.string(), token_type: z.literal("Bearer"), expires_in: z.int().describe("Seconds"), scope: z.string() })
  .meta({ id: "ClientToken" });
export type TokenAnswer = z.infer<typeof tokenSchema>;

export const introspectionSchema = z
  .object({
    active: z.boolean(),
    scope: z.string().optional(),
    client_id: z.string().optional(),
    sub: z.string().optional(),
    token_type: z.literal("Bearer").optional(),
    iss: z.string().optional(),
    aud: z.string().optional(),
    iat: z.int().optional(),
    exp: z.int().optional(),
    jti: z.string().optional(),
  })
  .meta({ id: "Introspection" });
export type Introspection = z.infer<typeof introspectionSchema>;

export const issuerParam = z.strictObject({ region: z.enum(["eu", "us", "ap"]).meta({ example: "eu" }) });

export const metadataSchema = z
  .object({
    issuer: z.string(),
    token_endpoint: z.string(),
    introspection_endpoint: z.string(),
    revocation_endpoint: z.string(),
    jwks_uri: z.string(),
    scopes_supported: z.array(z.string()),
    response_types_supported: z.array(z.string()),
    grant_types_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    token_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
    introspection_endpoint_auth_methods_supported: z.array(z.string()),
    introspection_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
    revocation_endpoint_auth_methods_supported: z.array(z.string()),
    revocation_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
  })
  .meta({ id: "AuthorizationServer" });

const METHODS = ["private_key_jwt"];

/** What clients find out by themselves (RFC 8414). There is one issuer a region; all answer at the same endpoints. */
export function metadataOf(origin: string, region: Region): z.infer<typeof metadataSchema> {
  const algorithms = [...ASSERTION_ALGORITHMS];
  return {
    issuer: issuerOf(origin, region),
    token_endpoint: tokenEndpoint(origin),
    introspection_endpoint: `${origin}/oauth/introspect`,
    revocation_endpoint: `${origin}/oauth/revoke`,
    jwks_uri: `${origin}/.well-known/jwks.json`,
    scopes_supported: [...CLIENT_SCOPES],
    response_types_supported: [],
    grant_types_supported: ["client_credentials"],
    token_endpoint_auth_methods_supported: METHODS,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint_auth_methods_supported: METHODS,
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint_auth_methods_supported: METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
  };
}
