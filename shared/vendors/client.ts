import * as z from "zod";
import { urlAt, type VendorAccess } from "./access";
import type { Meaning, VendorAccount, VendorModule, VendorRequest } from "./vendor";
import { within } from "../within";

/** The part of `fetch` that calls a vendor; the vault and the keeper of subscriptions bring it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a reply's headers say of the vendor's limits. */
export type LearnedLimits = ReturnType<NonNullable<VendorModule["limitsOf"]>>;

/**
 * How a call ended. `later`: the vendor will send the data by webhook. `down` is everything that may be better in a while: time-outs,
 * broken connections, 5xx, replies that are no JSON.
 */
export type Reply = (
  | { readonly kind: "ok"; readonly body: unknown }
  | { readonly kind: "later" }
  | { readonly kind: "unauthorized" }
  | { readonly kind: "forbidden" }
  | { readonly kind: "rejected"; readonly status: number; readonly error: string | undefined; readonly notBefore?: number }
  | { readonly kind: "limited"; readonly retryAfterMs: number }
  | { readonly kind: "down"; readonly reason: "timeout" | "network" | "status" | "not_json"; readonly retryAfterMs: number | undefined }
) & { readonly limits?: LearnedLimits };

const TIMEOUTS_MS = { data: 20_000, token: 10_000, revoke: 10_000 } as const;
/** What a limit without `Retry-After` costs. */
const DEFAULT_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 24 * 3_600_000;

const oauthErrorSchema = z.object({ error: z.string() });

/** Calls one vendor's hosts and nobody else's; the only way by which a vendor is called. Redirects are not followed. */
export class VendorClient {
  readonly #module: VendorModule;
  readonly #access: VendorAccess;
  readonly #fetch: Fetch;
  readonly #now: () => number;

  constructor(module: VendorModule, access: VendorAccess, fetch: Fetch, now: () => number) {
    this.#module = module;
    this.#access = access;
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Where the person agrees. */
  authorizeUrl(parameters: { state: string; challenge: string | undefined; redirectUri: string; scopes: readonly string[] }): string {
    const { auth } = this.#module.vendor;
    const query = {
      response_type: "code",
      client_id: this.#access.credentials.clientId,
      redirect_uri: parameters.redirectUri,
      ...(auth.withoutScopes === true ? {} : { scope: parameters.scopes.join(auth.scopeSeparator === "comma" ? "," : " ") }),
      state: parameters.state,
      ...(parameters.challenge === undefined ? {} : { code_challenge: parameters.challenge, code_challenge_method: "S256" }),
      ...auth.authorizeParameters,
    };
    return urlAt(this.#access.hosts.authorize, auth.authorizePath, query).href;
  }

  /** A call to the token endpoint with our credentials. The body is the reply of RFC 6749 §5.1, whatever the vendor wraps it in. */
  async token(parameters: Readonly<Record<string, string>>): Promise<Reply> {
    const { auth } = this.#module.vendor;
    const { credentials, hosts } = this.#access;
    const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
    const body = new URLSearchParams({ ...(this.#module.tokenParameters?.(parameters, credentials) ?? parameters) });
    if (auth.clientAuth === "basic") headers["authorization"] = basicAuthorization(credentials);
    else {
      body.set("client_id", credentials.clientId);
      body.set("client_secret", credentials.clientSecret);
    }
    const reply = await this.#send(urlAt(hosts.token, auth.tokenPath), { method: "POST", headers, body: body.toString() }, "token");
    return reply.kind === "ok" ? { ...reply, body: this.#module.tokenReply?.(reply.body) ?? reply.body } : reply;
  }

  /** Ends a grant at the vendor. True where the vendor says that it is ended, or that it did not know it. */
  async revoke(
    account: VendorAccount | undefined,
    tokens: { readonly access: string; readonly refresh: string | undefined },
  ): Promise<boolean> {
    const { credentials, hosts } = this.#access;
    if (this.#module.revoke !== undefined) {
      if (account === undefined) return false;
      const call = async (request: VendorRequest): Promise<unknown> => {
        const reply = await this.call(request, tokens.access);
        return reply.kind === "ok" ? (reply.body ?? {}) : undefined;
      };
      return await this.#module.revoke(account, tokens, credentials, call, this.#now());
    }
    const { revokePath } = this.#module.vendor.auth;
    if (revokePath === undefined) return false;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const init = { method: "POST", headers, body: new URLSearchParams({ token: tokens.refresh ?? tokens.access }).toString() };
    const reply = await this.#send(urlAt(hosts.token, revokePath), init, "revoke");
    return reply.kind === "ok" || (reply.kind === "rejected" && reply.status === 400);
  }

  /** A call for data, with the person's token but for calls that prove us otherwise. */
  async call(request: VendorRequest, accessToken: string): Promise<Reply> {
    const { credentials, hosts } = this.#access;
    const url = urlAt(hosts[request.host ?? "api"], request.path, request.query);
    const headers: Record<string, string> = { accept: "application/json", ...this.#module.headers?.(credentials), ...request.headers };
    if (request.auth !== "none") headers["authorization"] = `Bearer ${accessToken}`;
    const init: RequestInit = { method: request.method, headers };
    if (request.form !== undefined) init.body = new URLSearchParams({ ...request.form });
    if (request.body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(request.body);
    }
    return await this.#send(url, init, "data", request.binary);
  }

  async #send(url: URL, init: RequestInit, purpose: "data" | "token" | "revoke", binary?: true): Promise<Reply> {
    let response: Response;
    let content: string | Uint8Array;
    try {
      [response, content] = await within(TIMEOUTS_MS[purpose], async (signal) => {
        const answer = await this.#fetch(url.href, { ...init, redirect: "manual", signal });
        const isFile = binary === true && answer.ok;
        return [answer, isFile ? new Uint8Array(await answer.arrayBuffer()) : await answer.text()] as const;
      });
    } catch (error) {
      const timedOut = error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
      return { kind: "down", reason: timedOut ? "timeout" : "network", retryAfterMs: undefined };
    }
    const limits = this.#module.limitsOf?.(response.headers, this.#now());
    const reply: Reply = typeof content === "string" ? this.#read(response, content, purpose) : { kind: "ok", body: content };
    return limits === undefined ? reply : { ...reply, limits };
  }

  #read(response: Response, text: string, purpose: "data" | "token" | "revoke"): Reply {
    const { status } = response;
    const body = parseJson(text);
    const meaning = this.#module.meaningOf?.(status, body);
    if (meaning !== undefined) return this.#meant(meaning, response, body);
    if (status === 429) return { kind: "limited", retryAfterMs: this.#retryAfter(response) ?? DEFAULT_WAIT_MS };
    if (status >= 500 || (status >= 300 && status < 400))
      return { kind: "down", reason: "status", retryAfterMs: this.#retryAfter(response) };
    if (status >= 200 && status < 300) {
      // Nothing to say is said without a body.
      const isNothing = text.trim() === "" || purpose === "revoke";
      return body === undefined && !isNothing ? { kind: "down", reason: "not_json", retryAfterMs: undefined } : { kind: "ok", body };
    }
    // The token endpoint answers 400 or 401 with an error of RFC 6749 §5.2, which decides more than the status.
    if (purpose !== "data") return { kind: "rejected", status, error: oauthErrorSchema.safeParse(body).data?.error };
    if (status === 401) return { kind: "unauthorized" };
    if (status === 403) return { kind: "forbidden" };
    return { kind: "rejected", status, error: undefined };
  }

  #meant(meaning: Meaning, response: Response, body: unknown): Reply {
    switch (meaning.kind) {
      case "ok":
        return { kind: "ok", body };
      case "limited":
        return { kind: "limited", retryAfterMs: meaning.retryAfterMs ?? this.#retryAfter(response) ?? DEFAULT_WAIT_MS };
      case "rejected":
        return {
          kind: "rejected",
          status: response.status,
          error: meaning.error,
          ...(meaning.notBefore === undefined ? {} : { notBefore: meaning.notBefore }),
        };
      case "down":
        return { kind: "down", reason: "status", retryAfterMs: this.#retryAfter(response) };
      default:
        return meaning;
    }
  }

  /** Seconds or an HTTP date (RFC 9110 §10.2.3), never longer than a day. */
  #retryAfter(response: Response): number | undefined {
    const value = response.headers.get("retry-after");
    if (value === null) return undefined;
    const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - this.#now();
    return Number.isFinite(ms) ? Math.min(Math.max(ms, 1000), LONGEST_WAIT_MS) : undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The `Authorization` of RFC 7617 for our own credentials. */
function basicAuthorization({ clientId, clientSecret }: VendorAccess["credentials"]): string {
  return `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
}
