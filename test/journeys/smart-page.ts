/** What the page of the SMART journey runs: an app of patients that is built on an OpenID client of others. Bundled for the browser. */
import * as oauth from "openid-client";

// Of the browser, whose types are no part of the project's.
declare const location: { readonly origin: string; readonly href: string; assign(url: string): void };
declare const sessionStorage: { getItem(name: string): string | null; setItem(name: string, value: string): void };

interface Begun {
  readonly iss: string;
  readonly client: string;
  readonly verifier: string;
  readonly state: string;
}

const SLOT = "begun";
let config: oauth.Configuration | undefined;
let tokens: Awaited<ReturnType<typeof oauth.authorizationCodeGrant>> | undefined;

/** Finds the server behind a FHIR base, as SMART App Launch says: by its well-known address alone. */
async function discovered(iss: string, client: string): Promise<oauth.Configuration> {
  const response = await fetch(`${iss}/.well-known/smart-configuration`, { headers: { accept: "application/json" } });
  const found = new oauth.Configuration((await response.json()) as oauth.ServerMetadata, client, undefined, oauth.None());
  // The journey's server speaks HTTP, on this machine alone.
  oauth.allowInsecureRequests(found);
  return found;
}

/** Sends the browser to the server. */
async function begin(iss: string, client: string, scope: string, launch?: string): Promise<void> {
  const begun: Begun = { iss, client, verifier: oauth.randomPKCECodeVerifier(), state: oauth.randomState() };
  sessionStorage.setItem(SLOT, JSON.stringify(begun));
  const url = oauth.buildAuthorizationUrl(await discovered(iss, client), {
    redirect_uri: `${location.origin}/`,
    scope,
    aud: iss,
    state: begun.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: "S256",
    ...(launch !== undefined && { launch }),
  });
  location.assign(url.href);
}

/** Takes the code that the address has, and returns what the server said with the token. */
async function finish(): Promise<unknown> {
  const { iss, client, verifier, state } = JSON.parse(sessionStorage.getItem(SLOT) ?? "{}") as Begun;
  config = await discovered(iss, client);
  tokens = await oauth.authorizationCodeGrant(config, new URL(location.href), { pkceCodeVerifier: verifier, expectedState: state });
  return { ...tokens, claims: tokens.claims(), iss };
}

/** Takes another token by the refresh token. */
async function refresh(): Promise<unknown> {
  if (config === undefined || tokens?.refresh_token === undefined) throw new Error("there is nothing to refresh");
  tokens = await oauth.refreshTokenGrant(config, tokens.refresh_token);
  return { ...tokens };
}

/** Asks the FHIR server with the token. */
async function read(iss: string, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${iss}/${path}`, { headers: { authorization: `Bearer ${tokens?.access_token ?? ""}` } });
  return { status: response.status, body: await response.json() };
}

Object.assign(globalThis, { smart: { begin, finish, refresh, read } });
