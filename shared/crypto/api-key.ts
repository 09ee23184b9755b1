import { crc32 } from "node:zlib";
import type { RandomBytes } from "../id";
import { isRegion, type Region } from "../region";
import { toBase64Url } from "./base64url";

/** What every key begins with, so that scanners for leaked secrets know one. */
export const API_KEY_PREFIX = "mk_";

const SHAPE = /^(mk_([a-z]{2})_[A-Za-z0-9_-]{43})_([0-9a-f]{8})$/;

/** A fresh key: `mk_<region>_<256 random bits>_<CRC-32>`. The checksum tells a typo from a stranger without asking anybody. */
export function newApiKey(region: Region, random: RandomBytes): string {
  const body = `${API_KEY_PREFIX}${region}_${toBase64Url(random(new Uint8Array(32)))}`;
  return `${body}_${checksum(body)}`;
}

/** The region of a key, or undefined where the text is none. */
export function regionOfApiKey(text: string): Region | undefined {
  const [, body, region, sum] = SHAPE.exec(text) ?? [];
  return body !== undefined && isRegion(region) && sum === checksum(body) ? region : undefined;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
