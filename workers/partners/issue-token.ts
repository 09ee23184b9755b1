import { ACCESS_TOKEN_S, signClientToken } from "../../shared/crypto/tokens";
import { grantedScopes } from "../../shared/policy/scopes";
import { problem } from "../../shared/problem";
import { authenticateClient } from "./authenticate-client";
import { required } from "./form";
import type { OAuthPorts } from "./oauth-ports";
import type { TokenAnswer } from "./oauth-schemas";

/**
 * An access token for a machine client (RFC 6749 §4.4). The scopes are the registered ones, or those of them that are asked for: one that
 * is not registered refuses all. Problems `malformed`, `unsupported_grant_type`, `invalid_scope`, and those of `authenticateClient`.
 */
export async function issueToken(
  ports: OAuthPorts,
  form: ReadonlyMap<string, string>,
  authorization: string | undefined,
): Promise<TokenAnswer> {
  if (required(form, "grant_type") !== "client_credentials") throw problem("unsupported_grant_type");
  const { client, region, scopes } = await authenticateClient(ports, form, authorization);
  const granted = grantedScopes(scopes, form.get("scope"));
  if (granted === undefined) throw problem("invalid_scope", "Ask for scopes that the client has registered.");
  const scope = granted.join(" ");
  const accessToken = await signClientToken(ports.origin, ports.stores(region).keys, { client, scope }, ports.now(), ports.random);
  return { access_token: accessToken, token_type: "Bearer", expires_in: ACCESS_TOKEN_S, scope };
}
