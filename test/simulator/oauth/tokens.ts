/**
 * Tokens carry their own meaning, sealed with a key derived from the seed: a restart of the simulator does not log
 * anybody out. Revocations and forced expiry are remembered in the running state.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { Grant, State } from "../server/state.ts";
import { randomId } from "../server/state.ts";

const claims = z.object({
  use: z.enum(["access", "refresh"]),
  person: z.string(),
  client: z.string(),
  scopes: z.array(z.string()),
  grant: z.string(),
  /** Simulator time of expiry, access tokens only. */
  expiresAtMs: z.number().optional(),
  /** Rising number of issue. */
  order: z.number(),
});
export type Claims = z.infer<typeof claims>;
export type Holder = Pick<Claims, "person" | "client" | "grant">;

const PREFIX = { access: "ya29.", refresh: "1//" } as const;
let lastOrder = 0;

function nextOrder(): number {
  lastOrder = Math.max(lastOrder + 1, Date.now() * 1000);
  return lastOrder;
}

function mac(state: State, body: string): Buffer {
  return createHmac("sha256", `simulator tokens ${state.settings.seed}`).update(body).digest();
}

function seal(state: State, content: Claims): string {
  const body = Buffer.from(JSON.stringify(content)).toString("base64url");
  return `${PREFIX[content.use]}${body}.${mac(state, body).toString("base64url")}`;
}

/** Opens a token of either use; undefined when it was not issued here. */
export function openToken(state: State, token: string): Claims | undefined {
  const use = token.startsWith(PREFIX.access) ? "access" : token.startsWith(PREFIX.refresh) ? "refresh" : undefined;
  if (!use) return undefined;
  const [body, tag] = token.slice(PREFIX[use].length).split(".");
  if (!body || !tag) return undefined;
  const expected = mac(state, body);
  const given = Buffer.from(tag, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const parsed = claims.safeParse(JSON.parse(Buffer.from(body, "base64url").toString("utf8")));
  return parsed.success && parsed.data.use === use ? parsed.data : undefined;
}

/** True when the grant behind a token still stands; re-learns grants made before a restart. */
export function isStanding(state: State, token: Claims): boolean {
  if (state.revokedGrants.has(token.grant)) return false;
  const id = `${token.client}|${token.person}`;
  if (token.person && !state.grants.has(id)) {
    state.grants.set(id, { id: token.grant, clientId: token.client, person: token.person, scopes: new Set(token.scopes) });
  }
  return true;
}

/** The grant of client and person, widened by newly consented scopes. */
export function grantFor(state: State, clientId: string, person: string, scopes: readonly string[]): { grant: Grant; isNew: boolean } {
  const id = `${clientId}|${person}`;
  const known = state.grants.get(id);
  const grant = known ?? { id: randomId(), clientId, person, scopes: new Set<string>() };
  for (const scope of scopes) grant.scopes.add(scope);
  state.grants.set(id, grant);
  return { grant, isNew: known === undefined };
}

/** Ends a grant: its refresh and access tokens die at once. */
export function revokeGrant(state: State, clientId: string, person: string, grantId: string): void {
  state.revokedGrants.add(grantId);
  const id = `${clientId}|${person}`;
  if (state.grants.get(id)?.id === grantId) state.grants.delete(id);
}

/** Issues an access token for a grant. */
export function issueAccess(state: State, { person, client, grant }: Holder, scopes: string[]): string {
  const expiresAtMs = state.clock.now() + state.settings.tokenLifeSeconds * 1000;
  return seal(state, { use: "access", person, client, grant, scopes, expiresAtMs, order: nextOrder() });
}

/** Issues a refresh token for a grant. */
export function issueRefresh(state: State, { person, client, grant }: Holder, scopes: string[]): string {
  return seal(state, { use: "refresh", person, client, grant, scopes, order: nextOrder() });
}

/** Makes every access token issued so far to a person invalid, as an early expiry would. */
export function expireAccess(state: State, person: string): void {
  state.expiredUpTo.set(person, nextOrder());
}
