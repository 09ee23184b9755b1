import { toBase64Url } from "../../shared/crypto/base64url";
import { sha256Base64Url } from "../../shared/crypto/sha256";
import { parseId, type PersonId, type RandomBytes, type VendorCredentialId } from "../../shared/id";
import { isRegion, type Region } from "../../shared/region";

/** An opaque value that travels with an authorization. It carries the region in clear, so that the callback finds the region's store. */
export interface AuthorizationState {
  readonly text: string;
  readonly hash: string;
}

const FORM = /^(eu|us|ap)\.[A-Za-z0-9_-]{43}$/;

/** A fresh state: 256 random bits. */
export async function newState(region: Region, random: RandomBytes): Promise<AuthorizationState> {
  const text = `${region}.${toBase64Url(random(new Uint8Array(32)))}`;
  return { text, hash: await hashOf(text) };
}

/** Reads a state that came back; undefined where it is not one of ours. */
export async function readState(text: string): Promise<{ readonly region: Region; readonly hash: string } | undefined> {
  const region = FORM.exec(text)?.[1];
  return isRegion(region) ? { region, hash: await hashOf(text) } : undefined;
}

/** Remembers whose a state is. Expired ones are cleared on the way. */
export async function keepState(
  records: D1Database,
  hash: string,
  person: PersonId,
  vendor: string,
  credential: string | undefined,
  expiresAt: number,
  now: number,
): Promise<void> {
  await records.batch([
    records.prepare("delete from vendor_states where expires_at <= ?").bind(now),
    records
      .prepare("insert into vendor_states (state_hash, person_id, vendor, credential, expires_at) values (?, ?, ?, ?, ?)")
      .bind(hash, person, vendor, credential ?? null, expiresAt),
  ]);
}

/** Whose an authorization is, and the organisation's account at the vendor that it goes through. */
export interface TakenState {
  readonly person: PersonId;
  readonly credential: VendorCredentialId | undefined;
}

/** Takes a state out, in one statement: of any number of callbacks one learns whose it is. */
export async function takeState(records: D1Database, hash: string, vendor: string, now: number): Promise<TakenState | undefined> {
  const row = await records
    .prepare("delete from vendor_states where state_hash = ? and vendor = ? and expires_at > ? returning person_id, credential")
    .bind(hash, vendor, now)
    .first<{ person_id: string; credential: string | null }>();
  const person = row === null ? undefined : parseId("person", row.person_id);
  if (row === null || person === undefined) return undefined;
  return { person, credential: row.credential === null ? undefined : parseId("vendorCredential", row.credential) };
}

/** A state has enough entropy of its own: a plain hash hides it. */
async function hashOf(text: string): Promise<string> {
  return await sha256Base64Url(text);
}
