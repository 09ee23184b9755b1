import * as z from "zod";
import { seal, type SealedPlace, unseal } from "../../../shared/crypto/sealing";
import type { Clock } from "../../../shared/clock";
import type { RandomBytes } from "../../../shared/id";
import type { VendorClient } from "../../../shared/vendors/client";
import type { ConnectionRows } from "./connection-rows";
import type { PersonKey } from "./person-key";

const tokensSchema = z.object({ access: z.string(), expiresAt: z.number(), refresh: z.string().optional(), scope: z.string().optional() });
export type Tokens = z.infer<typeof tokensSchema>;

/** A reply of the token endpoint (RFC 6749 §5.1). */
const replySchema = z.object({
  access_token: z.string().min(1).max(8192),
  expires_in: z.coerce.number().int().positive().default(3600),
  refresh_token: z.string().min(1).max(8192).optional(),
  scope: z.string().optional(),
});

/** What asking for a usable token came to. */
export type TokenAnswer =
  | { readonly kind: "token"; readonly access: string }
  | { readonly kind: "reauth" }
  | { readonly kind: "later"; readonly reason: string; readonly retryAfterMs: number | undefined };

/** A token is not used in its last minute: the call it goes with takes time. */
const MARGIN_MS = 60_000;

/** The tokens of a reply, or undefined where it is not one. `previous` keeps a refresh token that the vendor does not repeat. */
export function tokensOf(body: unknown, now: number, previous?: Tokens): Tokens | undefined {
  const reply = replySchema.safeParse(body);
  if (!reply.success) return undefined;
  const { access_token: access, expires_in, refresh_token, scope } = reply.data;
  return { access, expiresAt: now + expires_in * 1000, refresh: refresh_token ?? previous?.refresh, scope: scope ?? previous?.scope };
}

/** Where a secret of a connection is sealed for. */
export function secretPlace(connection: string, name: string): SealedPlace {
  return { table: "connection_secrets", column: "sealed", row: `${connection}/${name}` };
}

/**
 * The only place that opens, refreshes and stores tokens. A vault is one thread, so one promise per connection makes every refresh a
 * single flight: however many callers wait, the vendor sees one call.
 */
export class TokenKeeper {
  readonly #rows: ConnectionRows;
  readonly #key: PersonKey;
  readonly #now: Clock;
  readonly #random: RandomBytes;
  readonly #flights = new Map<string, Promise<TokenAnswer>>();

  constructor(rows: ConnectionRows, key: PersonKey, now: Clock, random: RandomBytes) {
    this.#rows = rows;
    this.#key = key;
    this.#now = now;
    this.#random = random;
  }

  async read(connection: string): Promise<Tokens | undefined> {
    const sealed = this.#rows.secret(connection, "tokens");
    if (sealed === undefined) return undefined;
    return tokensSchema.parse(JSON.parse(await this.unseal(secretPlace(connection, "tokens"), sealed)));
  }

  /** Seals a text for its place under the person's key. */
  async seal(place: SealedPlace, text: string): Promise<string> {
    return await seal(await this.#key.open(), place, text, this.#random);
  }

  async unseal(place: SealedPlace, sealed: string): Promise<string> {
    return await unseal(await this.#key.open(), place, sealed);
  }

  /** A usable access token. `refused` is one that the vendor has just refused: another one is returned, or none. */
  async access(connection: string, client: VendorClient, refused?: string): Promise<TokenAnswer> {
    const tokens = await this.read(connection);
    if (tokens === undefined) return { kind: "reauth" };
    if (tokens.access !== refused && tokens.expiresAt - MARGIN_MS > this.#now()) return { kind: "token", access: tokens.access };
    let flight = this.#flights.get(connection);
    if (flight === undefined) {
      flight = this.#refresh(connection, client, refused).finally(() => this.#flights.delete(connection));
      this.#flights.set(connection, flight);
    }
    return await flight;
  }

  async #refresh(connection: string, client: VendorClient, refused: string | undefined): Promise<TokenAnswer> {
    // Read again: between the caller's look and this flight another one may have landed.
    const before = await this.read(connection);
    if (before === undefined) return { kind: "reauth" };
    if (before.access !== refused && before.expiresAt - MARGIN_MS > this.#now()) return { kind: "token", access: before.access };
    if (before.refresh === undefined) return { kind: "reauth" };
    const reply = await client.token({ grant_type: "refresh_token", refresh_token: before.refresh });
    switch (reply.kind) {
      case "ok": {
        const fresh = tokensOf(reply.body, this.#now(), before);
        if (fresh === undefined) return { kind: "later", reason: "malformed_token_reply", retryAfterMs: undefined };
        const sealed = await this.seal(secretPlace(connection, "tokens"), JSON.stringify(fresh));
        // The person may have disconnected or agreed anew meanwhile; what they did stands.
        if (!(await this.#unchanged(connection, before))) return await this.#current(connection);
        // Written before anybody uses it: the platform holds back the next call until this write is durable.
        this.#rows.putSecret(connection, "tokens", sealed);
        return { kind: "token", access: fresh.access };
      }
      case "rejected": {
        if (reply.error !== "invalid_grant") return { kind: "later", reason: "token_rejected", retryAfterMs: undefined };
        return (await this.#unchanged(connection, before)) ? { kind: "reauth" } : await this.#current(connection);
      }
      case "limited":
        return { kind: "later", reason: "rate_limited", retryAfterMs: reply.retryAfterMs };
      case "down":
        return { kind: "later", reason: reply.reason, retryAfterMs: reply.retryAfterMs };
      default:
        return { kind: "later", reason: reply.kind, retryAfterMs: undefined };
    }
  }

  async #unchanged(connection: string, before: Tokens): Promise<boolean> {
    const now = await this.read(connection);
    return now !== undefined && now.refresh === before.refresh && now.access === before.access;
  }

  /** What is stored now, after somebody else has changed it. */
  async #current(connection: string): Promise<TokenAnswer> {
    const tokens = await this.read(connection);
    return tokens === undefined ? { kind: "reauth" } : { kind: "token", access: tokens.access };
  }
}
