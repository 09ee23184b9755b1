import { type ClientKey, usableKeys } from "../../shared/crypto/client-keys";
import { checkTargetUrl } from "../../shared/fhir/target-url";

const TIMEOUT_MS = 5_000;
const LARGEST_SET = 65_536;
const DEFAULT_AGE_S = 300;
const LONGEST_AGE_S = 3_600;

/** A set of keys as its place answered, and for how many seconds it may be kept. */
export interface ReadKeySet {
  readonly keys: readonly ClientKey[];
  readonly maxAgeS: number;
}

/**
 * Reads the public keys of a client from where its organisation says they are; the only place of this domain that fetches. It is a request
 * on a stranger's behalf: https to a public host, no redirects, at most 64 KB and five seconds. Rejects for anything else.
 */
export async function readKeySet(uri: string): Promise<ReadKeySet> {
  const url = checkTargetUrl(uri, [], "/jwksUri");
  const init = { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS), headers: { accept: "application/json" } } as const;
  const response = await fetch(url.href, init);
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new TypeError("the place of the keys did not answer with them");
  }
  const keys = usableKeys(JSON.parse(await boundedText(response)));
  if (keys === undefined) throw new TypeError("not a set of keys");
  return { keys, maxAgeS: ageOf(response.headers.get("cache-control") ?? "") };
}

/** Never longer than the answer allows. */
function ageOf(control: string): number {
  if (/(?:^|[\s,])(?:no-store|no-cache)(?:$|[\s,])/i.test(control)) return 0;
  const age = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(control)?.[1];
  return age === undefined ? DEFAULT_AGE_S : Math.min(LONGEST_AGE_S, Number(age));
}

async function boundedText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > LARGEST_SET) throw new TypeError("the set of keys is too large");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
