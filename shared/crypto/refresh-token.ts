import { parseId, regionOf, type SessionId } from "../id";
import { isRegion, type Region } from "../region";
import { fromBase64Url, toBase64Url } from "./base64url";
import { hmac, sameBytes } from "./hmac";
import { currentKey, type RegionalKeys, versionsOf } from "./keys";

/**
 * Refresh tokens are `rt_<region>_<session ulid>.<n>.<mac>`, the MAC over `region|session|n` under a regional key. The session row
 * holds only the counter, so there is no table of tokens: a leaked database yields none, and the successor of a token is the same
 * however often it is asked for.
 */
const SHAPE = /^rt_([a-z]{2})_([0-9a-z]{26})\.(0|[1-9]\d{0,8})\.([A-Za-z0-9_-]{43})$/;
const PREFIX = "refresh";

/** The part of a region's key ring that refresh tokens need. */
export type RefreshRing = Pick<RegionalKeys, "refresh">;

export interface RefreshToken {
  readonly region: Region;
  readonly session: SessionId;
  /** How often the session had been refreshed when this token was issued. */
  readonly n: number;
}

/** The token for the `n`-th generation of a session. */
export async function sealRefreshToken(ring: RefreshRing, session: SessionId, n: number): Promise<string> {
  const mac = await hmac(currentKey(ring.refresh).key, PREFIX, signed(session, n));
  return `rt_${regionOf(session)}_${session.slice(7)}.${n}.${toBase64Url(mac)}`;
}

/** The content of a genuine token, or undefined for any other text. Every key version of the token's region is tried. */
export async function openRefreshToken(ringOf: (region: Region) => RefreshRing, text: string): Promise<RefreshToken | undefined> {
  const [, region, rest, counter, macText] = SHAPE.exec(text) ?? [];
  if (!isRegion(region)) return undefined;
  const session = parseId("session", `ses_${region}_${rest}`);
  const mac = fromBase64Url(macText ?? "");
  if (session === undefined || mac === undefined) return undefined;
  const n = Number(counter);
  for (const { key } of versionsOf(ringOf(region).refresh)) {
    if (sameBytes(await hmac(key, PREFIX, signed(session, n)), mac)) return { region, session, n };
  }
  return undefined;
}

function signed(session: SessionId, n: number): string {
  return `${regionOf(session)}|${session}|${n}`;
}
