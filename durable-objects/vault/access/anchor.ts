import { sameBytes } from "../../../shared/crypto/hmac";
import type { RegionalKeys } from "../../../shared/crypto/keys";
import type { PersonId } from "../../../shared/id";
import { chainKey, mac } from "./chain";

/** The last line that was removed from the beginning of a log: what is kept must follow it. */
export type Anchor = { readonly seq: number; readonly at: number; readonly hash: string; readonly key: string; readonly signature: string };

const encoder = new TextEncoder();

/** The anchor of a log; undefined where it still begins with its first line. */
export function readAnchor(sql: SqlStorage): Anchor | undefined {
  return sql.exec<Anchor>("SELECT seq, at, hash, key, signature FROM access_anchor").toArray()[0];
}

/** Replaces the anchor. Part of the transaction that removes the lines up to it. */
export function writeAnchor(sql: SqlStorage, { seq, at, hash, key, signature }: Anchor): void {
  sql.exec(
    "INSERT OR REPLACE INTO access_anchor (one, seq, at, hash, key, signature) VALUES (1, ?, ?, ?, ?, ?)",
    seq,
    at,
    hash,
    key,
    signature,
  );
}

/** The signature of an anchor under the chain key of a version; undefined where the ring does not have it. */
export function signAnchor(
  keys: RegionalKeys,
  version: string,
  person: PersonId,
  { seq, at, hash }: Pick<Anchor, "seq" | "at" | "hash">,
): string | undefined {
  const key = chainKey(keys, version);
  return key === undefined ? undefined : mac(key, "access-anchor", `${person}|${seq}|${at}|${hash}`);
}

/** Whether nobody but the holder of the key has made the anchor. */
export function isGenuine(keys: RegionalKeys, person: PersonId, anchor: Anchor): boolean {
  const expected = signAnchor(keys, anchor.key, person, anchor);
  return expected !== undefined && sameBytes(encoder.encode(anchor.signature), encoder.encode(expected));
}
