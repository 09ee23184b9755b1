/** An OpenID provider that is not ours (oidc-provider), under the paths of Google or of Apple, over real HTTP. */
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createLocalJWKSet, type JWK, jwtVerify } from "jose";
import Provider, { type Context } from "oidc-provider";
import { PROVIDERS, type ProviderId } from "../../workers/identities/providers.ts";
import { freePort, HOST } from "./ports.ts";

export interface Client {
  readonly id: string;
  /** For Google. */
  readonly secret?: string;
  /** For Apple: who signs the secrets, and the public key. */
  readonly signer?: { readonly team: string; readonly keyId: string; readonly key: JWK };
  readonly redirectUri: string;
}

/** Whoever signs in as `ada` has the subject and address of ada. */
export const addressOf = (login: string) => `${login}@people.test`;

export class IdentityProvider {
  readonly origin: string;
  readonly #server: Server;

  private constructor(origin: string, server: Server) {
    this.origin = origin;
    this.#server = server;
  }

  /** Serves one provider with one client on a free port. */
  static async start(id: ProviderId, client: (origin: string) => Client): Promise<IdentityProvider> {
    const port = await freePort();
    const origin = `http://${HOST}:${port}`;
    const provider = make(id, origin, client(origin));
    const server = createServer(provider.callback()).listen(port, HOST);
    await once(server, "listening");
    return new IdentityProvider(origin, server);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function make(id: ProviderId, origin: string, client: Client): Provider {
  const path = (url: string) => new URL(url).pathname;
  const { authorizeUrl, tokenUrl, keysUrl, scopes } = PROVIDERS[id];
  const signing = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  // Apple's secret is a fresh JWT each time; behind the check of it stands a fixed one.
  const fixed = client.secret ?? randomUUID();
  const provider = new Provider(origin, {
    clients: [
      {
        client_id: client.id,
        client_secret: fixed,
        redirect_uris: [client.redirectUri],
        token_endpoint_auth_method: "client_secret_post",
        id_token_signed_response_alg: "RS256",
      },
    ],
    jwks: { keys: [{ ...signing, kid: "journey", use: "sig", alg: "RS256" }] },
    routes: { authorization: path(authorizeUrl), token: path(tokenUrl), jwks: path(keysUrl) },
    cookies: { keys: [randomUUID()] },
    pkce: { required: () => true },
    scopes: [...scopes],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: false,
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, email: addressOf(sub), email_verified: true, name: `Journey ${sub}` }),
    }),
  });
  provider.use(async (context, next) => {
    if (client.signer !== undefined && context.path === path(tokenUrl)) await exchangeSecret(context, client, origin, fixed);
    await next();
    if (id === "apple" && context.method !== "HEAD" && typeof context.body === "string" && context.body.includes(client.redirectUri)) {
      context.body = context.body.replace("</form>", `<input type="hidden" name="user" value="${APPLE_USER}"/></form>`);
    }
  });
  return provider;
}

/** What Apple's form brings beside the code at the first sign-in, as an attribute of HTML. */
const APPLE_USER = JSON.stringify({ name: { firstName: "Ada", lastName: "Lovelace" }, email: "somebody-else@people.test" }).replaceAll(
  '"',
  "&quot;",
);

/** Checks a client's JWT as Apple documents it, and puts the fixed secret in its place. */
async function exchangeSecret(context: Context, { id, signer }: Client, origin: string, fixed: string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of context.req) chunks.push(Buffer.from(chunk));
  const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
  let secret = "not the secret";
  if (signer !== undefined) {
    const keys = createLocalJWKSet({ keys: [{ ...signer.key, kid: signer.keyId, alg: "ES256", use: "sig" }] });
    const checks = { issuer: signer.team, subject: id, audience: origin, algorithms: ["ES256"], requiredClaims: ["exp", "iat"] };
    secret = await jwtVerify(form["client_secret"] ?? "", keys, checks).then(
      () => fixed,
      () => "not the secret",
    );
  }
  context.req.body = { ...form, client_secret: secret };
}
