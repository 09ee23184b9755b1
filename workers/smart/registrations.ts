import { sha256Hex } from "../../shared/crypto/sha256";
import { type AppId, parseId, regionOf } from "../../shared/id";
import { type Problem, problem } from "../../shared/problem";
import type { Region } from "../../shared/region";
import type { Registration, RegisteredApp } from "./app-schemas";
import { newSecret, originsOf, registerApp, removeApp, requireUsable, type Row, ROW_COLUMNS, scopeOf } from "./apps";
import { endGrantsOf } from "./end-grants";
import { recordsOf, type SmartPorts } from "./ports";

/** Where an app looks after its registration, below the origin. */
const PLACE = "/oauth/register";

/** What a registration may be: problem `invalid`. */
function methodOf(body: Registration): Row["method"] {
  if (/(?:^| )system\//.test(body.scope ?? "")) throw problem("invalid", "system/ scopes are for machine clients of organisations.");
  const method = body.token_endpoint_auth_method === "client_secret_post" ? "client_secret_basic" : body.token_endpoint_auth_method;
  const hasKeys = body.jwks !== undefined || body.jwks_uri !== undefined;
  if ((method === "private_key_jwt") !== hasKeys || (body.jwks !== undefined && body.jwks_uri !== undefined)) {
    throw problem("invalid", "Keys, in one place, belong to private_key_jwt.");
  }
  return method;
}

/** Registers an app of nobody in particular (RFC 7591), with a token that manages it: that is told here, and its SHA-256 kept. */
export async function register(ports: SmartPorts, region: Region, body: Registration): Promise<RegisteredApp> {
  const method = methodOf(body);
  const token = newSecret(ports.random);
  const { row, secret } = await registerApp(
    { records: ports.stores(region).records, region, now: ports.now, random: ports.random },
    {
      name: body.client_name,
      home: body.client_uri,
      launchUri: body.initiate_login_uri,
      redirectUris: body.redirect_uris,
      scope: body.scope,
      jwks: body.jwks,
      jwksUri: body.jwks_uri,
      method,
    },
    { manageHash: await sha256Hex(token) },
  );
  return viewOf(ports, row, { token, secret, said: body.token_endpoint_auth_method });
}

/** The registration that a token manages (RFC 7592 §2.1). Problem `unauthenticated` for every other token, and where there is no such app. */
export async function readRegistration(ports: SmartPorts, id: string, authorization: string | undefined): Promise<RegisteredApp> {
  const { row, token } = await managed(ports, id, authorization);
  return viewOf(ports, row, { token });
}

/**
 * Replaces a registration (RFC 7592 §2.2): what is left out is nothing. The token is another one from then on, and so is the secret where there was
 * none. Problems `unauthenticated`, `invalid`.
 */
export async function changeRegistration(
  ports: SmartPorts,
  id: string,
  authorization: string | undefined,
  body: Registration & { readonly client_id: string; readonly client_secret?: string | undefined },
): Promise<RegisteredApp> {
  const { app, row: before, hash } = await managed(ports, id, authorization);
  if (body.client_id !== app) throw problem("invalid", "client_id is that of the address.");
  if (body.client_secret !== undefined && (await sha256Hex(body.client_secret)) !== before.secret_hash)
    throw problem("invalid", "client_secret is the one that was given: another is not chosen.");
  const method = methodOf(body);
  await requireUsable({ jwks: body.jwks, jwksUri: body.jwks_uri });
  const isNew = method === "client_secret_basic" && before.secret_hash === null;
  const [token, secret] = [newSecret(ports.random), isNew ? newSecret(ports.random) : undefined];
  const kept = method === "client_secret_basic" ? before.secret_hash : null;
  const records = recordsOf(ports, app);
  const [written] = await records.batch<Row>([
    records
      .prepare(
        `update apps set name = ?3, home = ?4, launch_uri = ?5, method = ?6, secret_hash = ?7, jwks = ?8, jwks_uri = ?9, redirect_uris = ?10,
           scope = ?11, manage_hash = ?12, updated_at = ?13
         where id = ?1 and manage_hash = ?2 and revoked_at is null returning ${ROW_COLUMNS}`,
      )
      .bind(
        app,
        hash,
        body.client_name,
        body.client_uri ?? null,
        body.initiate_login_uri ?? null,
        method,
        secret === undefined ? kept : await sha256Hex(secret),
        body.jwks === undefined ? null : JSON.stringify(body.jwks),
        body.jwks_uri ?? null,
        JSON.stringify(body.redirect_uris),
        scopeOf(body.scope),
        await sha256Hex(token),
        ports.now(),
      ),
    // Of two changes at once one counts: the other has lost its token, and touches nothing.
    records
      .prepare("delete from app_origins where app_id = ?1 and exists (select 1 from apps where id = ?1 and manage_hash = ?2)")
      .bind(app, await sha256Hex(token)),
    ...originsOf(records, app, body.redirect_uris, await sha256Hex(token)),
  ]);
  const row = written?.results[0];
  if (row === undefined) throw refused();
  return viewOf(ports, row, { token, secret, said: body.token_endpoint_auth_method });
}

/** Removes a registration for good, with all that people gave to the app (RFC 7592 §2.3). Problem `unauthenticated`. */
export async function removeRegistration(ports: SmartPorts, id: string, authorization: string | undefined): Promise<void> {
  const { app } = await managed(ports, id, authorization);
  await removeApp(recordsOf(ports, app), app, ports.now());
  await endGrantsOf(ports, [app]);
}

interface Managed {
  readonly app: AppId;
  readonly row: Row;
  readonly token: string;
  readonly hash: string;
}

/** The app that a token manages. Apps of organisations have no such token. */
async function managed(ports: SmartPorts, id: string, authorization = ""): Promise<Managed> {
  const token = /^bearer +([A-Za-z0-9_-]{43})$/i.exec(authorization)?.[1];
  const app = parseId("app", id);
  if (token === undefined || app === undefined) throw refused();
  const hash = await sha256Hex(token);
  const row = await ports
    .stores(regionOf(app))
    .records.prepare(`select ${ROW_COLUMNS} from apps where id = ? and manage_hash = ? and revoked_at is null`)
    .bind(app, hash)
    .first<Row>();
  if (row === null) throw refused();
  return { app, row, token, hash };
}

function refused(): Problem {
  return problem("unauthenticated", "This is not the token of a registration.");
}

interface Told {
  readonly token: string;
  readonly secret?: string | undefined;
  /** The method as it was said: two words for one. */
  readonly said?: string;
}

function viewOf({ origin }: SmartPorts, row: Row, { token, secret, said }: Told): RegisteredApp {
  const uris: unknown = JSON.parse(row.redirect_uris);
  return {
    client_id: row.id,
    client_id_issued_at: Math.floor(row.created_at / 1000),
    registration_access_token: token,
    registration_client_uri: `${origin}${PLACE}/${row.id}`,
    ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 as const }),
    client_name: row.name,
    redirect_uris: Array.isArray(uris) ? uris.map(String) : [],
    token_endpoint_auth_method: said ?? row.method,
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    ...(row.scope !== null && { scope: row.scope }),
    ...(row.home !== null && { client_uri: row.home }),
    ...(row.launch_uri !== null && { initiate_login_uri: row.launch_uri }),
    ...(row.jwks !== null && { jwks: JSON.parse(row.jwks) as NonNullable<RegisteredApp["jwks"]> }),
    ...(row.jwks_uri !== null && { jwks_uri: row.jwks_uri }),
  };
}
