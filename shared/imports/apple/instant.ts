import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../clock";

const DASH = 0x2d;
const PLUS = 0x2b;
const COLON = 0x3a;
const SPACE = 0x20;
const decoder = new TextDecoder();
const ISO = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))? ?(Z|[+-]\d{2}:?\d{2})$/;

/**
 * Reads the dates of an export, `yyyy-MM-dd HH:mm:ss Z` with an offset such as `+0200`, from bytes. ISO 8601 variants that other
 * writers use are read too. After `read` answers true, `at` is epoch milliseconds and `zone` the written offset in seconds.
 */
export class InstantReader {
  at = 0;
  zone = 0;
  /** The day read last, because neighbours in a file mostly share it: its digits and its number since 1970-01-01. */
  #digits = -1;
  #day = 0;

  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start !== 25 || bytes[start + 10] !== SPACE || bytes[start + 19] !== SPACE) return this.#readOther(bytes, start, end);
    if (bytes[start + 4] !== DASH || bytes[start + 7] !== DASH || bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return false;
    const digits = (two(bytes, start) * 100 + two(bytes, start + 2)) * 10_000 + two(bytes, start + 5) * 100 + two(bytes, start + 8);
    if (digits !== this.#digits && !this.#setDay(digits)) return false;
    const hour = two(bytes, start + 11);
    const minute = two(bytes, start + 14);
    const second = two(bytes, start + 17);
    const sign = bytes[start + 20];
    const zoneHour = two(bytes, start + 21);
    const zoneMinute = two(bytes, start + 23);
    // NaN, from anything but digits, fails every one of these.
    if (!(hour < 24 && minute < 60 && second < 60 && zoneHour < 19 && zoneMinute < 60)) return false;
    if (sign !== PLUS && sign !== DASH) return false;
    this.zone = (zoneHour * 3_600 + zoneMinute * 60) * (sign === DASH ? -1 : 1);
    this.at = this.#day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + (second - this.zone) * SECOND_MS;
    return true;
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

  #readOther(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < 20 || end - start > 40) return false;
    const parts = ISO.exec(decoder.decode(bytes.subarray(start, end)));
    if (parts === null) return false;
    const [, year, month, day, hour, minute, second, fraction, zone = "Z"] = parts;
    if (!this.#setDay(Number(year) * 10_000 + Number(month) * 100 + Number(day))) return false;
    if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return false;
    const offset = zone === "Z" ? 0 : (Number(zone.slice(1, 3)) * 3_600 + Number(zone.slice(-2)) * 60) * (zone.startsWith("-") ? -1 : 1);
    const ms = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1_000);
    this.zone = offset;
    this.at = this.#day * DAY_MS + Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS + (Number(second) - offset) * SECOND_MS + ms;
    return true;
  }
}

/** Two decimal digits, or NaN. */
function two(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
