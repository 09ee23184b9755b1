import { systemRandom, ulidOf } from "../id";
import type { AppContext } from "./app-env";

const SAFE = /^[A-Za-z0-9_-]{8,64}$/;

/** Random bytes for 256 names at a time: fetching them is a call into the runtime that costs more than the rest of a name. */
const POOL = new Uint8Array(16 * 256);
let used = POOL.length;

/** Names are to be distinct, not secret. */
function newName(now: number): string {
  if (used === POOL.length) {
    systemRandom(POOL);
    used = 0;
  }
  used += 16;
  return ulidOf(now, POOL, used - 16);
}

/** Names the request: the caller's own `x-request-id` where it is short and harmless, else a new ULID. Every answer carries it. */
export function nameRequest(c: AppContext, headers: Headers, now: number): string {
  const given = headers.get("x-request-id");
  const id = given !== null && SAFE.test(given) ? given : newName(now);
  c.set("requestId", id);
  return id;
}
