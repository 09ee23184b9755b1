/**
 * Time-based one-time passwords (RFC 6238 over RFC 4226): HMAC-SHA-1, six digits, 30 seconds, which is what every authenticator app
 * understands.
 */
export const STEP_S = 30;
const DIGITS = 6;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Length of a secret in bytes: that of the hash (RFC 4226 §4). */
export const SECRET_BYTES = 20;

/** Number of the time step at `now` (epoch milliseconds). */
export function stepAt(now: number): number {
  return Math.floor(now / 1000 / STEP_S);
}

/** The code of a time step. */
export async function totpCode(secret: Uint8Array<ArrayBuffer>, step: number, digits = DIGITS): Promise<string> {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, counter));
  const offset = mac.getUint8(mac.byteLength - 1) & 0xf;
  return String((mac.getUint32(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}

/**
 * The time step whose code this is, or undefined. The present step counts and the one before it, for clocks that are late and people
 * who type slowly (a deviation from ASVS 6.5.5, which wants 30 seconds).
 */
export async function matchingStep(secret: Uint8Array<ArrayBuffer>, code: string, now: number): Promise<number | undefined> {
  const present = stepAt(now);
  for (const step of [present, present - 1]) if ((await totpCode(secret, step)) === code) return step;
  return undefined;
}

/** Base 32 without padding (RFC 4648 §6). */
export function toBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31] ?? "";
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + (BASE32[(held << (5 - bits)) & 31] ?? "");
}

/** The bytes of a base 32 text without padding, or undefined where it is none. */
export function fromBase32(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    const value = BASE32.indexOf(letter);
    if (value < 0) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
      held &= (1 << bits) - 1;
    }
  }
  return Uint8Array.from(bytes);
}

/** What an authenticator app reads from a picture (Key URI Format). */
export function totpUri(issuer: string, label: string, secret: string): string {
  const name = `${encodeURIComponent(issuer)}:${encodeURIComponent(label)}`;
  return `otpauth://totp/${name}?secret=${secret}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_S}`;
}
