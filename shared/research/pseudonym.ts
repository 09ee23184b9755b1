import { createHmac } from "node:crypto";
import { toBase64Url } from "../crypto/base64url";

/** Dates of one person are moved by at most so many days, in either direction. */
export const MOST_SHIFT_DAYS = 183;

const VALUES = 2 * MOST_SHIFT_DAYS + 1;
/** The largest multiple of `VALUES` below 2^32: words above it are drawn again, so that every shift is equally likely. */
const FAIR = Math.floor(2 ** 32 / VALUES) * VALUES;

/**
 * The name of a person within one programme: 120 bits of HMAC-SHA-256 under the programme's key. The same in all its releases, another in
 * every other programme, and no way back without the key.
 */
export function pseudonymOf(key: Uint8Array, person: string): string {
  return `p_${toBase64Url(mac(key, "pseudonym", person).subarray(0, 15))}`;
}

/** By how many whole days all dates of a person are moved within one programme: -183 to 183, each equally likely. */
export function shiftOf(key: Uint8Array, person: string): number {
  for (let round = 0; ; round++) {
    const bytes = mac(key, `date-shift ${round}`, person);
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      const word = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
      if (word < FAIR) return (word % VALUES) - MOST_SHIFT_DAYS;
    }
  }
}

function mac(key: Uint8Array, purpose: string, person: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHmac("sha256", key).update(`${purpose}\0${person}`).digest());
}
