import type { RandomBytes } from "../id";
import { isRegion, type Region } from "../region";
import { toBase64Url } from "./base64url";

/**
 * `mfa`: half a sign-in. `reg`: a registration that waits for its mailbox. `eml`: a new address that waits for its mailbox. `rst`: a
 * password to be chosen anew. `pkr`: a passkey that is being made. `rcp`: the receipt of an erasure. `apc`: an
 * authorization code of an app (stored as `apu` once it was used, as `apr` once it was replayed). `lch`: the handle of a launch. Only the SHA-256 of a token is stored.
 */
export const TOKEN_KINDS = ["mfa", "reg", "eml", "rst", "pkr", "rcp", "apc", "lch"] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

const SHAPE = /^([a-z]{3})_([a-z]{2})_[A-Za-z0-9_-]{43}$/;

/** A token of 256 random bits that says what it is for and in which region it is known: `mfa_eu_…`. */
export function newOneTimeToken(kind: TokenKind, region: Region, random: RandomBytes): string {
  return `${kind}_${region}_${toBase64Url(random(new Uint8Array(32)))}`;
}

/** The region of a token, or undefined where the text is no token of this kind. */
export function regionOfToken(kind: TokenKind, text: string): Region | undefined {
  const [, found, region] = SHAPE.exec(text) ?? [];
  return found === kind && isRegion(region) ? region : undefined;
}
