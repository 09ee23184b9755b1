/** What one simulated vendor is, beside Google: its routes below a path of its own, and what it remembers. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Person } from "../person.ts";
import type { Json, JsonObject } from "../person/wire.ts";
import type { Call, Reply } from "../server/http.ts";
import type { State } from "../server/state.ts";

/** A workout that the control plane lets a device bring now. */
export interface Extra {
  startMs: number;
  endMs: number;
}

export interface Subscription {
  id: string;
  topic: string;
  url: string;
  token: string;
  secret: string;
  expiresAtMs: number;
  active: boolean;
}

export interface IssuedToken {
  person: string;
  scopes: string[];
  use: "access" | "refresh";
  /** What came of one consent; ends as a whole. */
  grant: string;
  expiresAtMs: number;
  /** A single-use refresh token that was used. */
  spent: boolean;
}

/** What a simulated vendor remembers. */
export interface VendorStore {
  codes: Map<string, { person: string; scopes: string[]; redirectUri: string; expiresAtMs: number; challenge?: string }>;
  tokens: Map<string, IssuedToken>;
  /** Users that our app has registered, with when. */
  registered: Map<string, number>;
  subscriptions: Map<string, Subscription>;
  /** Webhook address that was entered in the vendor's portal. */
  dashboardUrl?: string;
  extras: Map<string, Extra[]>;
}

/** A spoilt webhook, to see it refused. */
export type HookTamper = "signature" | "body" | "stale" | "no-signature";

export interface SimulatedVendor {
  readonly id: string;
  /** Answers a call whose path has lost the vendor's prefix. */
  route(state: State, call: Call): Reply | Promise<Reply>;
  /** Headers that the vendor puts on replies of a status. */
  headers?(state: State, status: number): Record<string, string>;
  /** Tells subscribers of a workout; resolves after the first attempts. */
  notify?(state: State, person: Person, workout: Extra, tamper: HookTamper | undefined): Promise<void>;
  /** Lets the person permit exactly these scopes from now on, and tells subscribers. */
  permit?(state: State, person: string, scopes: readonly string[]): Promise<void>;
}

/** A refusal in the vendor's own form. */
export class Refusal extends Error {
  readonly reply: Reply;
  constructor(status: number, body: JsonObject | string = {}, headers: Record<string, string> = {}) {
    super(`refused with ${status}`);
    this.reply = { status, body, headers };
  }
}

/** What a vendor remembers, made on first use. */
export function storeOf(state: State, vendor: string): VendorStore {
  let store = state.vendors.get(vendor);
  if (!store) {
    store = { codes: new Map(), tokens: new Map(), registered: new Map(), subscriptions: new Map(), extras: new Map() };
    state.vendors.set(vendor, store);
  }
  return store;
}

/** Compares secrets. */
export function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Adds the app's own credentials to nothing: true where a `Basic` header holds them. */
export function isOurBasic(state: State, call: Call): boolean {
  const { id, secret } = state.settings.client;
  return same(call.headers["authorization"] ?? "", `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`);
}

/** True where a form or a query holds the app's own credentials. */
export function isOurForm(state: State, form: URLSearchParams): boolean {
  const { id, secret } = state.settings.client;
  return same(form.get("client_id") ?? "", id) && same(form.get("client_secret") ?? "", secret);
}

/** A list as a JSON body, which the HTTP layer takes as text. */
export function listReply(list: readonly Json[]): Reply {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(list) };
}

/** The part of a list from an opaque token on, and the token of the next part. */
export function paged<T>(list: readonly T[], size: number, token: string | null): { part: readonly T[]; next: string | null } {
  const from = token === null ? 0 : Number(Buffer.from(token, "base64url").toString("utf8"));
  if (!Number.isInteger(from) || from < 0) throw new Refusal(400, { error: "invalid next token" });
  const next = from + size < list.length ? Buffer.from(String(from + size)).toString("base64url") : null;
  return { part: list.slice(from, from + size), next };
}
