/** The thin HTTP layer: a parsed call, a reply, and the vendor's error form. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { JsonObject } from "../person/wire.ts";

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | undefined>;
  body: string;
}
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  /** Objects are sent as JSON, strings and bytes as they are. */
  body?: JsonObject | string | Uint8Array;
}

/** A refusal by the API, rendered as `{ error: { code, message, status, details? } }`. */
export class ApiError extends Error {
  readonly reply: Reply;

  constructor(code: number, status: string, message: string, extra: { reason?: string; headers?: Record<string, string> } = {}) {
    super(message);
    this.name = "ApiError";
    const details = extra.reason
      ? { details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: extra.reason, domain: "health.googleapis.com" }] }
      : {};
    this.reply = {
      status: code,
      ...(extra.headers ? { headers: extra.headers } : {}),
      body: { error: { code, message, status, ...details } },
    };
  }
}

/** 400 INVALID_ARGUMENT. */
export function invalidArgument(message: string, reason?: string): ApiError {
  return new ApiError(400, "INVALID_ARGUMENT", message, reason ? { reason } : {});
}

/** 404 NOT_FOUND. */
export function notFound(message: string): ApiError {
  return new ApiError(404, "NOT_FOUND", message);
}

const MAX_BODY = 4 * 1024 * 1024;

/** Reads a request whole; bodies above 4 MiB are refused. */
export async function readCall(request: IncomingMessage): Promise<Call> {
  const url = new URL(request.url ?? "/", "http://simulator");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > MAX_BODY) throw new ApiError(413, "INVALID_ARGUMENT", "Request payload size exceeds the limit.");
    chunks.push(bytes);
  }
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    throw invalidArgument("Malformed request path.");
  }
  return { method: request.method ?? "GET", path, query: url.searchParams, headers, body: Buffer.concat(chunks).toString("utf8") };
}

/** Parses a JSON body; an empty body counts as `{}`. */
export function jsonBody(call: Call): unknown {
  if (!call.body.trim()) return {};
  try {
    return JSON.parse(call.body);
  } catch {
    throw invalidArgument("Invalid JSON payload received.");
  }
}

/** Sends a reply. */
export function send(response: ServerResponse, reply: Reply): void {
  const { body = "" } = reply;
  const json = typeof body === "object" && !(body instanceof Uint8Array);
  response.writeHead(reply.status, {
    "cache-control": "private",
    ...(json ? { "content-type": "application/json; charset=UTF-8" } : {}),
    ...reply.headers,
  });
  response.end(json ? JSON.stringify(body) : body);
}
