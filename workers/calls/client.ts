import * as z from "zod";
import type { CallsConfig } from "../../shared/calls/config";
import type { IceServer } from "../../shared/calls/ice";
import { SECOND_MS } from "../../shared/clock";
import { problem } from "../../shared/problem";

/** The forwarding server itself waits up to five seconds for a connection. */
const TIMEOUT_MS = 12 * SECOND_MS;
const MAX_BYTES = 512 * 1024;

const iceSchema = z.object({
  iceServers: z.union([z.array(z.unknown()), z.unknown().transform((one) => [one])]).pipe(
    z.array(
      z.object({
        urls: z.union([z.array(z.string()), z.string().transform((url) => [url])]),
        username: z.string().optional(),
        credential: z.string().optional(),
      }),
    ),
  ),
});
const description = z.object({ type: z.enum(["offer", "answer"]), sdp: z.string() });
const track = z.looseObject({
  trackName: z.string().optional(),
  mid: z.string().nullish(),
  sessionId: z.string().optional(),
  location: z.string().optional(),
  errorCode: z.string().optional(),
});
const sessionSchema = z.object({ sessionId: z.string().min(1).max(128) });
const answerSchema = z.object({
  sessionDescription: description.optional(),
  requiresImmediateRenegotiation: z.boolean().optional(),
  tracks: z.array(track).optional(),
  errorCode: z.string().optional(),
});
export type SfuAnswer = z.infer<typeof answerSchema>;

/** A session description as it goes to the forwarding server and comes back. */
export type Description = z.infer<typeof description>;
export type SfuTrack =
  | { readonly location: "local"; readonly mid: string; readonly trackName: string }
  | { readonly location: "remote"; readonly sessionId: string; readonly trackName: string };

/** Cloudflare Realtime: short-lived credentials of its relays, and the server that forwards. Calls the configured host alone, with a time-out. */
export class RealtimeClient {
  readonly #config: CallsConfig;
  readonly #fetch: typeof fetch;

  constructor(config: CallsConfig, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#config = config;
    this.#fetch = fetcher;
  }

  /** Relays with a name and password for so many seconds. Problem `server_failed`, `server_timeout`. */
  async iceServers(ttlS: number): Promise<IceServer[]> {
    const { turnKey } = this.#config;
    if (turnKey === undefined) throw new TypeError("no key of relays is configured");
    const path = `/v1/turn/keys/${encodeURIComponent(turnKey.id)}/credentials/generate-ice-servers`;
    const { iceServers } = await this.#ask("POST", path, turnKey.token, { ttl: ttlS }, iceSchema);
    return iceServers.map(({ urls, username, credential }) => ({
      urls,
      ...(username !== undefined && { username }),
      ...(credential !== undefined && { credential }),
    }));
  }

  /** A new session at the forwarding server; its id. */
  async newSession(): Promise<string> {
    return (await this.#sfu("POST", "/sessions/new", undefined, sessionSchema)).sessionId;
  }

  /** Pushes or pulls tracks. */
  async newTracks(session: string, tracks: readonly SfuTrack[], offer: Description | undefined): Promise<SfuAnswer> {
    const body = { tracks, ...(offer !== undefined && { sessionDescription: offer }) };
    return await this.#sfu("POST", `/sessions/${encodeURIComponent(session)}/tracks/new`, body, answerSchema);
  }

  async renegotiate(session: string, answer: Description): Promise<SfuAnswer> {
    return await this.#sfu("PUT", `/sessions/${encodeURIComponent(session)}/renegotiate`, { sessionDescription: answer }, answerSchema);
  }

  async closeTracks(session: string, mids: readonly string[], offer: Description | undefined): Promise<SfuAnswer> {
    const body = {
      tracks: mids.map((mid) => ({ mid })),
      force: offer === undefined,
      ...(offer !== undefined && { sessionDescription: offer }),
    };
    return await this.#sfu("PUT", `/sessions/${encodeURIComponent(session)}/tracks/close`, body, answerSchema);
  }

  async #sfu<S extends z.ZodType>(method: string, path: string, body: unknown, schema: S): Promise<z.output<S>> {
    const { sfu } = this.#config;
    if (sfu === undefined) throw new TypeError("no forwarding server is configured");
    return await this.#ask(method, `/v1/apps/${encodeURIComponent(sfu.app)}${path}`, sfu.secret, body, schema);
  }

  async #ask<S extends z.ZodType>(method: string, path: string, token: string, body: unknown, schema: S): Promise<z.output<S>> {
    let text: string;
    let status: number;
    try {
      const response = await this.#fetch(`${this.#config.base}${path}`, {
        method,
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      ({ status } = response);
      text = await response.text();
    } catch (error) {
      if (error instanceof Error && error.name === "TimeoutError")
        throw problem("server_timeout", "The server for calls did not answer in time.");
      throw problem("server_failed", "The server for calls could not be reached.");
    }
    if (status === 429) throw problem("rate_limited", "The server for calls is asked too often.", { retryAfter: 1 });
    if (status < 200 || status >= 300 || text.length > MAX_BYTES) throw problem("server_failed", "The server for calls refused.");
    const parsed = schema.safeParse(parseJson(text));
    if (!parsed.success) throw problem("server_failed", "The server for calls answered something else.");
    return parsed.data;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
