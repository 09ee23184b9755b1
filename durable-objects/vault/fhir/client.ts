import * as z from "zod";
import { within } from "../../../shared/within";
import type { TargetAuth } from "./targets";

/** The part of `fetch` that calls a target. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Why a target could not be reached or would not take what it was sent. Reasons are ours: a server's own words may be about a person. */
export class TargetFailure extends Error {
  override readonly name = "TargetFailure";
  readonly reason: string;
  /** Whether a later try may succeed. */
  readonly transient: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, transient: boolean, retryAfterMs?: number) {
    super(reason);
    this.reason = reason;
    this.transient = transient;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or undefined where there is none. */
  readonly body: unknown;
}

/** A server may take its time over a bundle of a hundred entries. */
const BUNDLE_TIMEOUT_MS = 60_000;
const TIMEOUT_MS = 20_000;
const LARGEST_ANSWER = 8_000_000;
const LONGEST_WAIT_MS = 3_600_000;
const FHIR_JSON = "application/fhir+json";
const EXPIRY_MARGIN_MS = 30_000;

const tokenSchema = z.object({ access_token: z.string(), expires_in: z.number().positive().optional() });

/**
 * Calls one FHIR server and, for its tokens, one token endpoint. Redirects are not followed: they could lead anywhere. The URLs were
 * checked by the caller.
 */
export class TargetClient {
  readonly #base: string;
  readonly #auth: TargetAuth;
  readonly #fetch: Fetch;
  readonly #now: () => number;
  #token: { readonly value: string; readonly until: number } | undefined;

  constructor(base: URL, auth: TargetAuth, fetch: Fetch, now: () => number) {
    this.#base = base.href.replace(/\/+$/, "");
    this.#auth = auth;
    this.#fetch = fetch;
    this.#now = now;
  }

  /** One call; throws a `TargetFailure` for everything that is no answer to the request itself. */
  async call(method: "GET" | "POST", path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const first = await this.#once(method, path, body, headers);
    if (first.status !== 401 || this.#auth.kind !== "client_credentials") return judged(first, this.#now());
    // The token may have been withdrawn before its time.
    this.#token = undefined;
    return judged(await this.#once(method, path, body, headers), this.#now());
  }

  async #once(method: string, path: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const authorization = await this.#authorization();
    return await this.#send(
      path === "" ? this.#base : `${this.#base}/${path}`,
      {
        method,
        headers: {
          accept: FHIR_JSON,
          ...(body !== undefined && { "content-type": FHIR_JSON }),
          ...(authorization !== undefined && { authorization }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      },
      path === "" ? BUNDLE_TIMEOUT_MS : TIMEOUT_MS,
    );
  }

  async #authorization(): Promise<string | undefined> {
    const auth = this.#auth;
    if (auth.kind === "none") return undefined;
    if (auth.kind === "bearer") return `Bearer ${auth.token}`;
    if (this.#token === undefined || this.#token.until <= this.#now()) this.#token = await this.#newToken(auth);
    return `Bearer ${this.#token.value}`;
  }

  /** RFC 6749 §4.4 with HTTP Basic (§2.3.1). */
  async #newToken(auth: Extract<TargetAuth, { kind: "client_credentials" }>): Promise<{ value: string; until: number }> {
    const form = new URLSearchParams({ grant_type: "client_credentials", ...(auth.scope !== undefined && { scope: auth.scope }) });
    const basic = btoa(`${encodeURIComponent(auth.clientId)}:${encodeURIComponent(auth.clientSecret)}`);
    const answer = await this.#send(auth.tokenUrl, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded", authorization: `Basic ${basic}` },
      body: form.toString(),
    });
    if (answer.status >= 500 || answer.status === 429) throw new TargetFailure("token_endpoint_unavailable", true);
    const parsed = tokenSchema.safeParse(answer.body);
    if (answer.status !== 200 || !parsed.success) throw new TargetFailure("token_refused", false);
    return { value: parsed.data.access_token, until: this.#now() + (parsed.data.expires_in ?? 60) * 1_000 - EXPIRY_MARGIN_MS };
  }

  async #send(url: string, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Answer> {
    try {
      return await within(timeoutMs, async (signal) => {
        const response = await this.#fetch(url, { ...init, redirect: "manual", signal });
        return { status: response.status, headers: response.headers, body: parsed(await boundedText(response)) };
      });
    } catch (error) {
      if (error instanceof TargetFailure) throw error;
      throw new TargetFailure(error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable", true);
    }
  }
}

/** Turns answers that mean "not now" and "not at all" into failures. */
function judged(answer: Answer, now: number): Answer {
  const { status } = answer;
  if (status === 429 || status === 408 || status >= 500) throw new TargetFailure(`http_${status}`, true, retryAfter(answer.headers, now));
  if (status === 401 || status === 403) throw new TargetFailure("unauthorized", false);
  if (status >= 300 && status < 400) throw new TargetFailure("redirected", false);
  return answer;
}

function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}

async function boundedText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > LARGEST_ANSWER) throw new TargetFailure("answer_too_large", false);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
