import * as z from "zod";
import { MINUTE_MS } from "../../shared/clock";
import { fromBase64Url, toBase64Url } from "../../shared/crypto/base64url";
import { sha256Hex } from "../../shared/crypto/sha256";
import type { CredentialPorts } from "./ports";

export const PASSKEY_CHALLENGE_MS = 5 * MINUTE_MS;
const clientDataSchema = z.object({ challenge: z.string() });

/** Writes a challenge for a sign-in whose person is not known yet. */
export async function newSignInChallenge(ports: CredentialPorts): Promise<string> {
  const token = toBase64Url(ports.random(new Uint8Array(32)));
  await ports.directory.records
    .prepare("insert into passkey_challenges (token_hash, expires_at) values (?, ?)")
    .bind(await sha256Hex(token), ports.now() + PASSKEY_CHALLENGE_MS)
    .run();
  return token;
}

/** Takes a challenge: of any number of answers to it one counts. */
export async function takeSignInChallenge(ports: CredentialPorts, token: string): Promise<boolean> {
  const row = await ports.directory.records
    .prepare("delete from passkey_challenges where token_hash = ? and expires_at > ? returning 1")
    .bind(await sha256Hex(token), ports.now())
    .first();
  return row !== null;
}

/** Deletes the challenges that nobody answered in time; returns how many. `now` is epoch milliseconds. */
export async function cleanSignInChallenges(directory: D1Database, now: number): Promise<number> {
  const { meta } = await directory.prepare("delete from passkey_challenges where expires_at <= ?").bind(now).run();
  return meta.changes;
}

/** The challenge that a passkey's answer says it answers, as text; undefined where it says none. Proves nothing yet. */
export function challengeIn(clientDataJSON: string): string | undefined {
  const bytes = fromBase64Url(clientDataJSON);
  if (bytes === undefined) return undefined;
  try {
    const { challenge } = clientDataSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const text = fromBase64Url(challenge);
    return text === undefined ? undefined : new TextDecoder().decode(text);
  } catch {
    return undefined;
  }
}
