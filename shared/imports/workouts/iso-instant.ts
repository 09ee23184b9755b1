import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../clock";
import { ZONE_UNKNOWN } from "../../health/reading";

const DASH = 0x2d;
const PLUS = 0x2b;
const COLON = 0x3a;
const POINT = 0x2e;
const COMMA = 0x2c;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;
const SPACE = 0x20;

/**
 * Reads the instants of TCX and GPX files, `xsd:dateTime`, from bytes: with any fraction, with `Z`, an offset or nothing, which means
 * UTC. After `read` answers true, `at` is epoch milliseconds and `zone` the written offset in seconds; UTC says nothing about where
 * somebody is.
 */
export class IsoInstant {
  at = 0;
  zone = ZONE_UNKNOWN;
  /** The day read last, because neighbours in a file mostly share it. */
  #digits = -1;
  #day = 0;

  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < 19) return false;
    const separator = bytes[start + 10];
    if (bytes[start + 4] !== DASH || bytes[start + 7] !== DASH || bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return false;
    if (separator !== UPPER_T && separator !== SPACE) return false;
    const digits = (two(bytes, start) * 100 + two(bytes, start + 2)) * 10_000 + two(bytes, start + 5) * 100 + two(bytes, start + 8);
    if (digits !== this.#digits && !this.#setDay(digits)) return false;
    const hour = two(bytes, start + 11);
    const minute = two(bytes, start + 14);
    const second = two(bytes, start + 17);
    // NaN, from anything but digits, fails every one of these; a leap second is the next second.
    if (!(hour < 25 && minute < 60 && second < 61)) return false;
    let i = start + 19;
    let ms = 0;
    if (bytes[i] === POINT || bytes[i] === COMMA) {
      let unit = 100;
      for (i++; i < end && isDigit(bytes[i]!); i++) {
        ms += (bytes[i]! - 0x30) * unit;
        unit /= 10;
      }
    }
    const offset = this.#offset(bytes, i, end);
    if (Number.isNaN(offset)) return false;
    this.at = this.#day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + (second - offset) * SECOND_MS + Math.floor(ms);
    return true;
  }

  /** The written offset in seconds, or NaN where what follows the time is none. */
  #offset(bytes: Uint8Array, from: number, end: number): number {
    this.zone = ZONE_UNKNOWN;
    if (from === end || (from + 1 === end && bytes[from] === UPPER_Z)) return 0;
    const sign = bytes[from];
    if (sign !== PLUS && sign !== DASH) return Number.NaN;
    const minutesAt = bytes[from + 3] === COLON ? from + 4 : from + 3;
    if (minutesAt + 2 !== end) return Number.NaN;
    const offset = two(bytes, from + 1) * 3_600 + two(bytes, minutesAt) * 60;
    if (!(offset <= 18 * 3_600)) return Number.NaN;
    this.zone = sign === DASH ? -offset : offset;
    return this.zone;
  }

  #setDay(digits: number): boolean {
    if (Number.isNaN(digits)) return false;
    const year = Math.floor(digits / 10_000);
    const month = Math.floor(digits / 100) % 100;
    const day = digits % 100;
    const at = Date.UTC(year, month - 1, day);
    const back = new Date(at);
    if (year < 1900 || back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day) return false;
    this.#digits = digits;
    this.#day = at / DAY_MS;
    return true;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Two decimal digits, or NaN. */
function two(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
