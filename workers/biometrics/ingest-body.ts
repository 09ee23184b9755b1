import { problem } from "../../shared/problem";

/** Largest body as it travels, in bytes. */
export const PUSH_LIMIT = 5_000_000;
/** Largest body after inflation, in bytes: gzip can make five megabytes out of five gigabytes. */
export const INFLATED_LIMIT = 20_000_000;

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/** What a push's headers say about its body. */
export interface PushHeaders {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

/**
 * The JSON text of a push as bytes, inflated where it is gzip. Nothing is parsed: that happens in the person's own region.
 *
 * Throws `unsupported_media_type` for anything but JSON and for encodings but gzip, `too_large` past the limits, `malformed` for
 * an empty body and for gzip that is damaged or cut short.
 */
export async function readPushBody(headers: PushHeaders, body: ArrayBuffer): Promise<ArrayBuffer> {
  if (headers.contentType === undefined || !JSON_TYPE.test(headers.contentType)) {
    throw problem("unsupported_media_type", "A push is application/json.");
  }
  if (body.byteLength === 0) throw problem("malformed", "The body is empty.");
  if (body.byteLength > PUSH_LIMIT) throw problem("too_large", `A push may have at most ${PUSH_LIMIT} bytes.`);
  const encoding = (headers.contentEncoding ?? "identity").trim().toLowerCase();
  if (encoding === "identity" || encoding === "") return body;
  if (encoding !== "gzip") throw problem("unsupported_media_type", "A push may be sent plain or with gzip encoding.");
  return inflate(body);
}

async function inflate(body: ArrayBuffer): Promise<ArrayBuffer> {
  const reader = new Response(body).body?.pipeThrough(new DecompressionStream("gzip")).getReader();
  if (reader === undefined) throw problem("malformed", "The body is empty.");
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await nextChunk(reader);
    if (done) break;
    size += value.byteLength;
    if (size > INFLATED_LIMIT) {
      await reader.cancel();
      throw problem("too_large", `A push may have at most ${INFLATED_LIMIT} bytes after inflation.`);
    }
    chunks.push(value);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.byteLength;
  }
  return out.buffer;
}

async function nextChunk(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch {
    throw problem("malformed", "The gzip stream is damaged.");
  }
}
