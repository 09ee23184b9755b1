import * as z from "zod";
import { MINUTE_MS } from "../../../shared/clock";
import { toBase64Url } from "../../../shared/crypto/base64url";
import { sha256Base64Url } from "../../../shared/crypto/sha256";
import type { SealedPlace } from "../../../shared/crypto/sealing";
import { type ConnectionId, newId } from "../../../shared/id";
import { problem } from "../../../shared/problem";
import { type AccountHash, accountHashes } from "../../../shared/vendors/account";
import type { LiveVendor, VendorAccount, VendorModule } from "../../../shared/vendors/vendor";
import type { OwnAccount } from "../../../shared/vendors/own-account";
import { liveVendor } from "../../../shared/vendors/vendors";
import type { VaultState } from "../state";
import type { Reply, VendorClient } from "../../../shared/vendors/client";
import type { Connection, ConnectionRows } from "./connection-rows";
import type { OwnAccounts } from "./own-accounts";
import type { ConnectionPorts } from "./ports";
import { secretPlace, type TokenKeeper, type Tokens, tokensOf } from "./tokens";

const accountSchema = z.object({ userId: z.string(), legacyUserId: z.string().optional() });

/** How long an authorization may take. */
export const GRANT_MS = 10 * MINUTE_MS;

export interface BeginInput {
  readonly vendor: string;
  /** Opaque value that comes back with the callback, and its hash: only the hash is stored. */
  readonly state: string;
  readonly stateHash: string;
  readonly redirectUri: string;
  /** Areas to ask for; all that are no special class where left out. */
  readonly areas?: readonly string[] | undefined;
  /** Where the person's browser goes afterwards; checked by the caller. */
  readonly returnTo?: string | undefined;
  /** The account of the organisation on whose behalf it is; Meridian's own where left out. The caller says whether it may be used. */
  readonly own?: OwnAccount | undefined;
}

/** What an authorization came to. */
export interface Completed {
  readonly connection: ConnectionId;
  readonly returnTo: string | undefined;
}

interface ConnectorParts {
  readonly state: VaultState;
  readonly ports: ConnectionPorts;
  readonly rows: ConnectionRows;
  readonly tokens: TokenKeeper;
  readonly owns: OwnAccounts;
}

/** Begins, completes and ends grants at vendors. */
export class Connector {
  readonly #parts: ConnectorParts;

  constructor(parts: ConnectorParts) {
    this.#parts = parts;
  }

  /** The person's connection to a vendor through an account there: the latest one, or a new one. */
  select(vendor: LiveVendor, own?: OwnAccount): Connection {
    const { state, rows } = this.#parts;
    const known = rows.all(vendor.id).filter(({ behalf }) => behalf?.credential === own?.credential);
    const usable = known.findLast((row) => row.state !== "revoked") ?? known.at(-1);
    if (usable !== undefined && usable.state !== "revoked") return usable;
    const id = usable?.id ?? newId("connection", state.region, state.now(), state.random);
    if (usable === undefined) rows.add(id, vendor.id, state.now(), own);
    else rows.setState(id, "pending", state.now());
    rows.addEvent(id, "selected", state.now());
    return rows.get(id) ?? fail();
  }

  /**
   * Starts an authorization: returns the URL where the person agrees. Problems: `vendor_retired`, `not_found`, `invalid` for unknown areas,
   * `own_credentials_required` where the vendor lets nobody connect through an account that is not the organisation's own.
   */
  async begin(input: BeginInput): Promise<{ connection: ConnectionId; url: string }> {
    const { state, ports, rows, tokens } = this.#parts;
    const module = liveVendor(input.vendor);
    const { vendor } = module;
    if (vendor.policy.byoRequired && input.own === undefined) throw problem("own_credentials_required");
    const areas = wantedAreas(vendor, input.areas);
    const client = ports.client(module, input.own);
    const connection = this.select(vendor, input.own).id;
    const verifier = toBase64Url(state.random(new Uint8Array(32)));
    const challenge = await sha256Base64Url(verifier);
    const sealed = await tokens.seal(verifierPlace(input.stateHash), verifier);
    const { redirectUri, returnTo } = input;
    rows.addGrant(input.stateHash, { connection, verifier: sealed, redirectUri, returnTo, areas }, state.now() + GRANT_MS, state.now());
    const url = client.authorizeUrl({
      state: input.state,
      challenge: vendor.auth.pkce === "absent" ? undefined : challenge,
      redirectUri,
      scopes: scopesOf(vendor, areas),
    });
    return { connection, url };
  }

  /** The person did not agree, or the vendor reported an error. */
  refuse(stateHash: string, error: string): { returnTo: string | undefined } {
    const { state, rows } = this.#parts;
    const grant = rows.takeGrant(stateHash, state.now());
    if (grant === undefined) throw used();
    rows.addEvent(grant.connection, "refused", state.now(), error.slice(0, 64));
    return { returnTo: grant.returnTo };
  }

  /**
   * Exchanges the code, asks who the person is there, and stores the sealed tokens. An account that the person had connected before takes
   * its old connection up again; another account of the same vendor becomes a connection of its own. Problems: `gone` for a state that
   * was used or has expired, `invalid` for a code the vendor refuses, `vendor_failed`, `unavailable`.
   *
   * @param own the account that it began with, as it is now
   * @param told the scopes that came with the code, which count where the tokens' reply tells none
   */
  async complete(stateHash: string, code: string, own?: OwnAccount, told?: string): Promise<Completed> {
    const { state, ports, rows, tokens, owns } = this.#parts;
    const grant = rows.takeGrant(stateHash, state.now());
    const chosen = grant === undefined ? undefined : rows.get(grant.connection);
    if (grant === undefined || chosen === undefined) throw used();
    if (chosen.behalf?.credential !== own?.credential)
      throw problem("own_credentials_required", "The organisation has taken its account back.");
    const module = liveVendor(chosen.vendor);
    const client = ports.client(module, own);
    const verifier = await tokens.unseal(verifierPlace(stateHash), grant.verifier);
    const { fresh, reply } = await this.#exchange(client, module.vendor, {
      code,
      redirect_uri: grant.redirectUri,
      code_verifier: verifier,
    });
    const account = await this.#identify(module, client, fresh, reply);
    const hashes = await accountHashes(ports.directory, module.vendor.id, account.userId);
    const [hash] = hashes;

    const id = this.#place(chosen, new Set(hashes.map((one) => one.hash)));
    const sealedTokens = await tokens.seal(secretPlace(id, "tokens"), JSON.stringify(fresh));
    const sealedAccount = await tokens.seal(secretPlace(id, "account"), JSON.stringify(account));
    if (own !== undefined) await owns.keep(id, own);
    rows.putSecret(id, "tokens", sealedTokens);
    rows.putSecret(id, "account", sealedAccount);
    rows.connected(id, { hash: hash.hash, key: hash.version }, grantedAreas(module.vendor, fresh.scope ?? told, grant.areas), state.now());
    rows.addEvent(id, "connected", state.now());
    return { connection: id, returnTo: grant.returnTo };
  }

  /** Makes the calls that complete a connection at the vendor, all of which may be repeated. False where one did not succeed. */
  async setUp(connection: Connection): Promise<boolean> {
    const { state, ports, tokens, owns } = this.#parts;
    const module = liveVendor(connection.vendor);
    const account = await this.account(connection.id);
    if (account === undefined) return true;
    const client = await owns.clientFor(module, connection);
    if (client === undefined) return false;
    const url = ports.hookUrl(module.vendor, await owns.read(connection.id));
    for (const request of module.connectRequests?.(account, url) ?? []) {
      const token = await tokens.access(connection.id, client);
      if (token.kind !== "token") return false;
      const reply = await client.call(request, token.access);
      if (reply.kind !== "ok" && reply.kind !== "later") {
        state.log({ event: "vendor_set_up", vendor: module.vendor.id, outcome: reply.kind });
        return false;
      }
    }
    return true;
  }

  /**
   * The scopes that the person permits at the vendor now. `over`: the vendor knows no grant any more. `later`: it could not be asked.
   * Only for vendors that can be asked.
   */
  async permitted(
    connection: Connection,
  ): Promise<{ readonly kind: "scopes"; readonly scopes: readonly string[] } | { readonly kind: "over" | "later" }> {
    const { tokens, owns } = this.#parts;
    const module = liveVendor(connection.vendor);
    if (module.permissions === undefined) return { kind: "later" };
    const client = await owns.clientFor(module, connection);
    if (client === undefined) return { kind: "later" };
    let token = await tokens.access(connection.id, client);
    for (let tries = 0; token.kind === "token" && tries < 2; tries++) {
      const reply = await client.call(module.permissions.request, token.access);
      if (reply.kind === "ok") return { kind: "scopes", scopes: module.permissions.read(reply.body) };
      if (reply.kind !== "unauthorized") return { kind: "later" };
      if (tries === 0) token = await tokens.access(connection.id, client, token.access);
    }
    return { kind: token.kind === "later" ? "later" : "over" };
  }

  /**
   * Ends a grant: nothing is asked any more from this moment, then the vendor is told, then the tokens are destroyed whatever it said.
   *
   * @param tell false where another connection of ours uses the same account, which a revocation would end too
   */
  async end(connection: Connection, tell: boolean): Promise<void> {
    const { state, rows, tokens, owns } = this.#parts;
    rows.setState(connection.id, "revoked", state.now());
    const held = await tokens.read(connection.id).catch(() => undefined);
    if (tell && held !== undefined) {
      const account = await this.account(connection.id).catch(() => undefined);
      const client = await owns.clientFor(liveVendor(connection.vendor), connection).catch(() => undefined);
      const revoked = (await client?.revoke(account, { access: held.access, refresh: held.refresh })) ?? false;
      if (!revoked) rows.addEvent(connection.id, "revoke_unconfirmed", state.now());
    }
    rows.dropSecrets(connection.id);
    rows.addEvent(connection.id, "disconnected", state.now());
  }

  async #exchange(
    client: VendorClient,
    vendor: LiveVendor,
    parameters: { code: string; redirect_uri: string; code_verifier: string },
  ): Promise<{ fresh: Tokens; reply: unknown }> {
    const { code_verifier, ...plain } = parameters;
    const proof: Readonly<Record<string, string>> = vendor.auth.pkce === "absent" ? {} : { code_verifier };
    const reply = await client.token({ grant_type: "authorization_code", ...plain, ...proof });
    if (reply.kind === "rejected" && reply.error === "invalid_grant")
      throw problem("invalid", "The vendor did not accept the authorization code. Start again.");
    const body = accepted(reply);
    const fresh = tokensOf(body, this.#parts.state.now());
    if (fresh === undefined) throw problem("vendor_failed", "The vendor's reply holds no tokens.");
    if (fresh.refresh === undefined && vendor.auth.withoutRefresh !== true)
      throw problem("vendor_failed", "The vendor gave no lasting permission. Remove Meridian at the vendor and connect again.");
    return { fresh, reply: body };
  }

  async #identify(module: VendorModule, client: VendorClient, tokens: Tokens, reply: unknown): Promise<VendorAccount> {
    const { identityRequest } = module;
    return module.readIdentity(identityRequest === undefined ? reply : accepted(await client.call(identityRequest, tokens.access)));
  }

  /** The person's account at the vendor; undefined where there is none. */
  async account(id: string): Promise<VendorAccount | undefined> {
    const { rows, tokens } = this.#parts;
    const sealed = rows.secret(id, "account");
    if (sealed === undefined) return undefined;
    const { userId, legacyUserId } = accountSchema.parse(JSON.parse(await tokens.unseal(secretPlace(id, "account"), sealed)));
    return legacyUserId === undefined ? { userId } : { userId, legacyUserId };
  }

  /**
   * The keyed hashes of a connection's account, the current one first; undefined where it has none. Keeps the current one.
   */
  async rehash(connection: Connection): Promise<readonly [AccountHash, ...AccountHash[]] | undefined> {
    const { ports, rows } = this.#parts;
    const account = await this.account(connection.id);
    if (account === undefined || connection.accountHash === undefined) return undefined;
    const hashes = await accountHashes(ports.directory, connection.vendor, account.userId);
    rows.rehashed(connection.id, connection.accountHash, hashes[0]);
    return hashes;
  }

  /** The connection that this account belongs to, whatever key it was hashed with, among those that go the same way. */
  #place(chosen: Connection, hashes: ReadonlySet<string>): ConnectionId {
    const { state, rows } = this.#parts;
    const known = rows
      .all(chosen.vendor)
      .filter(({ behalf }) => behalf?.credential === chosen.behalf?.credential)
      .find((row) => row.accountHash !== undefined && hashes.has(row.accountHash));
    if (known !== undefined) {
      if (known.id !== chosen.id && chosen.accountHash === undefined) rows.remove(chosen.id);
      return known.id;
    }
    if (chosen.accountHash === undefined) return chosen.id;
    // The other account's connection was ended before this one began.
    if (chosen.state === "pending") rows.setState(chosen.id, "revoked", state.now());
    const id = newId("connection", state.region, state.now(), state.random);
    rows.add(id, chosen.vendor, state.now(), chosen.behalf);
    return id;
  }
}

/** The areas to ask for; special classes of data are asked for by name only. Throws `invalid` for an area that the vendor does not have. */
function wantedAreas(vendor: LiveVendor, named: readonly string[] | undefined): readonly string[] {
  const areas = named ?? Object.entries(vendor.areas).flatMap(([name, { special }]) => (special ? [] : [name]));
  if (!areas.every((name) => Object.hasOwn(vendor.areas, name)))
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/areas", code: "unknown_area", message: "The vendor has no such area." }],
    });
  return areas;
}

function scopesOf(vendor: LiveVendor, areas: readonly string[]): string[] {
  return [...new Set([...(vendor.auth.baseScopes ?? []), ...areas.flatMap((name) => vendor.areas[name]?.scope ?? [])])];
}

/** The areas that the granted scopes open. A vendor that repeats no scopes has granted what was asked for (RFC 6749 §5.1). */
function grantedAreas(vendor: LiveVendor, scope: string | undefined, asked: readonly string[]): readonly string[] {
  if (scope === undefined) return asked;
  const granted = new Set(scope.split(vendor.auth.scopeSeparator === "comma" ? "," : /\s+/));
  return Object.keys(vendor.areas).filter((name) => granted.has(vendor.areas[name]?.scope ?? ""));
}

function verifierPlace(stateHash: string): SealedPlace {
  return { table: "connection_grants", column: "verifier", row: stateHash };
}

function accepted(reply: Reply): unknown {
  if (reply.kind === "ok") return reply.body;
  if (reply.kind === "limited") throw problem("unavailable", "The vendor is busy.", { retryAfter: Math.ceil(reply.retryAfterMs / 1000) });
  throw problem("vendor_failed");
}

function used() {
  return problem("gone", "This authorization has been used or has expired. Start again.");
}

function fail(): never {
  throw new TypeError("a connection that was just written is not there");
}
