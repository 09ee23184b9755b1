import { scrypt, timingSafeEqual } from "node:crypto";
import type { RandomBytes } from "../id";
import { toBase64Url, fromBase64Url } from "./base64url";
import { hmac } from "./hmac";
import { currentKey, keyOf, type RegionalKeys } from "./keys";

/**
 * Passwords are stored as `$scrypt$ln=14,r=8,p=5,k=<pepper version>$<salt>$<hash>`: HMAC-SHA-256 under a regional pepper, then scrypt
 * (RFC 7914) with N=16384, r=8, p=5, the strongest OWASP setting that fits an isolate's memory and the platform's cost cap. The
 * pepper keeps a leaked table from being guessed at; its version allows a new one beside the old.
 *
 * One hash occupies its isolate for 0.15–0.25 s: callers run their limits first.
 */
const LOG2_N = 14;
const BLOCK = 8;
const PARALLEL = 5;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** No hash begins with it. */
const NO_PASSWORD = "!";
const STORED = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2}),k=([A-Za-z0-9.-]{1,32})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

/** The part of a region's key ring that passwords need. */
export type PepperRing = Pick<RegionalKeys, "pepper">;

/** Hashes a password under the ring's current pepper. The text is taken as it is: never cut, trimmed, folded or normalised. */
export async function hashPassword(password: string, ring: PepperRing, random: RandomBytes): Promise<string> {
  const { version, key } = currentKey(ring.pepper);
  const salt = random(new Uint8Array(SALT_BYTES));
  const hash = await derive(password, key, salt, { ln: LOG2_N, r: BLOCK, p: PARALLEL });
  return format(version, salt, hash);
}

/** What stands in place of a hash for somebody who has no password. It differs every time, so that what is bound to a hash is bound to it. */
export function noPassword(random: RandomBytes): string {
  return `${NO_PASSWORD}${toBase64Url(random(new Uint8Array(SALT_BYTES)))}`;
}

/** Whether a stored text is that of a password, and not of none. */
export function isPassword(stored: string): boolean {
  return !stored.startsWith(NO_PASSWORD);
}

export interface PasswordCheck {
  readonly matches: boolean;
  /** True where the stored text was made with an older pepper or other parameters: hash again and store. */
  readonly stale: boolean;
}

/**
 * Compares in constant time. A stored text that cannot be read is an error and not a wrong password. One whose pepper has been retired
 * matches nothing any more, after the same work: its owner chooses a new password. Where there is no password every one is wrong, after
 * the same work.
 */
export async function checkPassword(password: string, stored: string, ring: PepperRing): Promise<PasswordCheck> {
  if (!isPassword(stored)) {
    await checkNobodysPassword(password, ring);
    return { matches: false, stale: false };
  }
  const [, ln, r, p, version, saltText, hashText] = STORED.exec(stored) ?? [];
  const salt = fromBase64Url(saltText ?? "");
  const expected = fromBase64Url(hashText ?? "");
  if (salt === undefined || expected === undefined || version === undefined) throw new TypeError("a stored password cannot be read");
  const key = keyOf(ring.pepper, version);
  if (key === undefined) {
    await checkNobodysPassword(password, ring);
    return { matches: false, stale: false };
  }
  const parameters = { ln: Number(ln), r: Number(r), p: Number(p) };
  const hash = await derive(password, key, salt, parameters);
  const stale = version !== ring.pepper.current || parameters.ln !== LOG2_N || parameters.r !== BLOCK || parameters.p !== PARALLEL;
  return { matches: timingSafeEqual(hash, expected), stale };
}

/** Does the work of `checkPassword` for an account that does not exist, so that the time tells nothing. */
export async function checkNobodysPassword(password: string, ring: PepperRing): Promise<void> {
  await checkPassword(password, format(ring.pepper.current, new Uint8Array(SALT_BYTES), new Uint8Array(HASH_BYTES)), ring);
}

function format(version: string, salt: Uint8Array, hash: Uint8Array): string {
  return `$scrypt$ln=${LOG2_N},r=${BLOCK},p=${PARALLEL},k=${version}$${toBase64Url(salt)}$${toBase64Url(hash)}`;
}

async function derive(
  password: string,
  pepper: string,
  salt: Uint8Array,
  { ln, r, p }: { ln: number; r: number; p: number },
): Promise<Uint8Array> {
  const peppered = await hmac(pepper, "password", password);
  return await new Promise((resolve, reject) => {
    scrypt(peppered, salt, HASH_BYTES, { N: 2 ** ln, r, p }, (error, hash) =>
      error === null ? resolve(new Uint8Array(hash)) : reject(error),
    );
  });
}
