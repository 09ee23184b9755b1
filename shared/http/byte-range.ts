import { problem } from "../problem";

/** The part of a file that is wanted; `to` is inclusive. */
interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** The one range that a header asks for; undefined where it asks for none, for several, or cannot be read: then the whole is right. */
function rangeOf(header: string | undefined, size: number): ByteRange | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < from) return undefined;
  if (from >= size) throw problem("range_not_satisfiable", `The file has ${size} bytes.`);
  return { from, to };
}

/** What a client asks of a file: one range of it, and only while it is the one that they know. */
export interface RangeHeaders {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/**
 * A file as an answer, whole or in part (RFC 9110 §14); null where it is not there. `own` are headers beside those of its length. Problem
 * `range_not_satisfiable`.
 */
export async function answerFile(
  files: R2Bucket,
  key: string,
  asked: RangeHeaders,
  own: Readonly<Record<string, string>>,
): Promise<Response | null> {
  const head = await files.head(key);
  if (head === null) return null;
  // A file that has changed since the first part is sent whole.
  const range = asked.ifRange !== undefined && asked.ifRange !== head.httpEtag ? undefined : rangeOf(asked.range, head.size);
  const body = await files.get(key, range === undefined ? {} : { range: { offset: range.from, length: range.to - range.from + 1 } });
  if (body === null) return null;
  return new Response(body.body, {
    status: range === undefined ? 200 : 206,
    headers: {
      ...own,
      "content-length": String(range === undefined ? head.size : range.to - range.from + 1),
      "accept-ranges": "bytes",
      etag: head.httpEtag,
      ...(range !== undefined && { "content-range": `bytes ${range.from}-${range.to}/${head.size}` }),
    },
  });
}
