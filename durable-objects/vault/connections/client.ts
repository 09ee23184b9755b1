import { z } from "zod";
import type { LiveVendor, VendorRequest } from "../../../shared/vendors/vendor";
import { within } from "../../../shared/within";

/** The part of `fetch` that calls a vendor. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A vendor's configuration: its hosts and our credentials there. */
export interface VendorAccess {
  readonly authorize: string;
  readonly token: string;
  readonly api: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** How a call ended. `down` is everything that may be better later: time-outs, broken connections, 5xx, replies that are no JSON. */
export type Reply =
  | { readonly kind: "ok"; readonly body: unknown }
  | { readonly kind: "unauthorized" }
  | { readonly kind: "forbidden" }
  | { readonly kind: "rejected"; readonly status: number; readonly error: string | undefined }
  | { readonly kind: "limited"; readonly retryAfterMs: number }
  | { readonly kind: "down"; readonly reason: "timeout" | "network" | "status" | "not_json"; readonly retryAfterMs: number | undefined };

const TIMEOUTS_MS = { data: 20_000, token: 10_000, revoke: 10_000 } as const;
/** What a limit without `Retry-After` costs. */
const DEFAULT_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 24 * 3_600_000;

const oauthErrorSchema = z.object({ error: z.string() });

/** Calls one vendor's hosts and nobody else's; the only place of connections that fetches. Redirects are not followed. */
export class VendorClient {
  readonly #vendor: LiveVendor;
  readonly #access: VendorAccess;
  readonly #fetch: Fetch;
  readonly #now: () => number;

  constructor(vendor: LiveVendor, access: VendorAccess, fetch: Fetch, now: () => number) {
    this.#vendor = vendor;
    this.#access = access;
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Where the person agrees. */
  authorizeUrl(parameters: { state: string; challenge: string | undefined; redirectUri: string; scopes: readonly string[] }): string {
    const { auth } = this.#vendor;
    const url = new URL(auth.authorizePath, this.#access.authorize);
    const query = {
      response_type: "code",
      client_id: this.#access.clientId,
      redirect_uri: parameters.redirectUri,
      scope: parameters.scopes.join(auth.scopeSeparator === "comma" ? "," : " "),
      state: parameters.state,
      ...(parameters.challenge === undefined ? {} : { code_challenge: parameters.challenge, code_challenge_method: "S256" }),
      ...auth.authorizeParameters,
    };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.href;
  }

  /** A call to the token endpoint with our credentials. */
  async token(parameters: Readonly<Record<string, string>>): Promise<Reply> {
    const { clientId, clientSecret, token } = this.#access;
    const body = new URLSearchParams(parameters);
    const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
    if (this.#vendor.auth.clientAuth === "basic") headers["authorization"] = `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
    else {
      body.set("client_id", clientId);
      body.set("client_secret", clientSecret);
    }
    const url = new URL(this.#vendor.auth.tokenPath, token);
    return await this.#send(url, { method: "POST", headers, body: body.toString() }, "token");
  }

  /** Ends a grant at the vendor. True where the vendor says that it is ended, or that it did not know it. */
  async revoke(token: string): Promise<boolean> {
    const { revokePath } = this.#vendor.auth;
    if (revokePath === undefined) return false;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const init = { method: "POST", headers, body: new URLSearchParams({ token }).toString() };
    const reply = await this.#send(new URL(revokePath, this.#access.token), init, "revoke");
    return reply.kind === "ok" || (reply.kind === "rejected" && reply.status === 400);
  }

  /** A call for data with the person's token. */
  async call(request: VendorRequest, accessToken: string): Promise<Reply> {
    const url = new URL(request.path, this.#access.api);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const headers: Record<string, string> = { authorization: `Bearer ${accessToken}`, accept: "application/json" };
    if (request.body === undefined) return await this.#send(url, { method: request.method, headers }, "data");
    headers["content-type"] = "application/json";
    return await this.#send(url, { method: request.method, headers, body: JSON.stringify(request.body) }, "data");
  }

  async #send(url: URL, init: RequestInit, purpose: "data" | "token" | "revoke"): Promise<Reply> {
    let response: Response;
    let text: string;
    try {
      [response, text] = await within(TIMEOUTS_MS[purpose], async (signal) => {
        const answer = await this.#fetch(url.href, { ...init, redirect: "manual", signal });
        return [answer, await answer.text()] as const;
      });
    } catch (error) {
      const timedOut = error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
      return { kind: "down", reason: timedOut ? "timeout" : "network", retryAfterMs: undefined };
    }
    const { status } = response;
    if (status === 429) return { kind: "limited", retryAfterMs: this.#retryAfter(response) ?? DEFAULT_WAIT_MS };
    if (status >= 500 || (status >= 300 && status < 400))
      return { kind: "down", reason: "status", retryAfterMs: this.#retryAfter(response) };
    const body = parseJson(text);
    if (status >= 200 && status < 300)
      return body === undefined && purpose !== "revoke"
        ? { kind: "down", reason: "not_json", retryAfterMs: undefined }
        : { kind: "ok", body };
    // The token endpoint answers 400 or 401 with an error of RFC 6749 §5.2, which decides more than the status.
    if (purpose !== "data") return { kind: "rejected", status, error: oauthErrorSchema.safeParse(body).data?.error };
    if (status === 401) return { kind: "unauthorized" };
    if (status === 403) return { kind: "forbidden" };
    return { kind: "rejected", status, error: undefined };
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
