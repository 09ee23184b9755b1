import { joined } from "../bytes";

/**
 * All bytes of a request's body, read chunk by chunk and no further than its declared length. What the runtime makes for `arrayBuffer()` keeps the
 * whole request in memory until the next full collection, which then stops the isolate twice as long: this is for routes that are called very often.
 */
export async function bodyBytes({ body, headers }: Pick<Request, "body" | "headers">): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null) return joined([]);
  const declared = Number(headers.get("content-length") ?? Number.NaN);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  while (length !== declared) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.byteLength;
  }
  return joined(chunks);
}
