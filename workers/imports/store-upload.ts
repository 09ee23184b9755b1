import { isProblem, problem } from "../../shared/problem";
import { LARGEST_FILE } from "./schemas";

/** R2's single PUT ends below 5 GiB; beyond that, and for unknown lengths, parts are used. */
const LARGEST_PUT = 4 * 1024 ** 3;
/** Parts are kept in memory one at a time. 10,000 of them are more than the largest file. */
const PART_BYTES = 8 * 1024 ** 2;

/** A body whose first bytes have been looked at. */
export interface PeekedBody {
  readonly first: Uint8Array;
  readonly rest: ReadableStreamDefaultReader<Uint8Array>;
}

/** Reads at least `least` bytes of a body, unless it ends before, without losing them. */
export async function peek(body: ReadableStream<Uint8Array>, least: number): Promise<PeekedBody> {
  const rest = body.getReader();
  let first = new Uint8Array();
  while (first.length < least) {
    const { done, value } = await rest.read();
    if (done) break;
    const joined = new Uint8Array(first.length + value.length);
    joined.set(first);
    joined.set(value, first.length);
    first = joined;
  }
  return { first, rest };
}

/**
 * Streams a body into the bucket and answers its size. Memory is bounded by one part, whatever the length. Throws `too_large` past the
 * limit and `malformed` where the body breaks off; nothing is left behind then.
 */
export async function storeUpload(files: R2Bucket, key: string, body: PeekedBody, length: number | undefined): Promise<number> {
  if (length !== undefined && length > LARGEST_FILE) throw tooLarge();
  return length !== undefined && length < LARGEST_PUT ? await putWhole(files, key, body, length) : await putParts(files, key, body);
}

async function putWhole(files: R2Bucket, key: string, { first, rest }: PeekedBody, length: number): Promise<number> {
  const { readable, writable } = new FixedLengthStream(length);
  const stored = files.put(key, readable);
  const [copied, put] = await Promise.allSettled([copy(writable, first, rest), stored]);
  if (copied.status === "rejected") throw problem("malformed", "The body ended before its announced length.");
  if (put.status === "rejected") throw put.reason;
  return length;
}

async function copy(writable: WritableStream<Uint8Array>, first: Uint8Array, rest: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const writer = writable.getWriter();
  try {
    await writer.write(first);
    for (let piece = await rest.read(); !piece.done; piece = await rest.read()) await writer.write(piece.value);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
    throw error;
  }
}

async function putParts(files: R2Bucket, key: string, { first, rest }: PeekedBody): Promise<number> {
  const upload = await files.createMultipartUpload(key);
  try {
    const parts: R2UploadedPart[] = [];
    let part = new Uint8Array(PART_BYTES);
    let filled = 0;
    let size = 0;
    const add = async (bytes: Uint8Array): Promise<void> => {
      for (let at = 0; at < bytes.length;) {
        const taken = Math.min(bytes.length - at, PART_BYTES - filled);
        part.set(bytes.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < PART_BYTES) continue;
        parts.push(await upload.uploadPart(parts.length + 1, part));
        part = new Uint8Array(PART_BYTES);
        filled = 0;
      }
      size += bytes.length;
      if (size > LARGEST_FILE) throw tooLarge();
    };
    await add(first);
    for (let piece = await rest.read(); !piece.done; piece = await rest.read()) await add(piece.value);
    if (filled > 0 || parts.length === 0) parts.push(await upload.uploadPart(parts.length + 1, part.subarray(0, filled)));
    await upload.complete(parts);
    return size;
  } catch (error) {
    await upload.abort();
    throw isProblem(error) ? error : problem("malformed", "The body could not be read to its end.");
  }
}

function tooLarge() {
  return problem("too_large", `A file may have at most ${LARGEST_FILE} bytes.`);
}
