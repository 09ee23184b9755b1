import { type ChainRow, linkHash as link } from "../../../shared/crypto/chain";
import type { PersonId } from "../../../shared/id";

export { type ChainRow, chainKey, mac } from "../../../shared/crypto/chain";

/** The hash before the first row: ties the chain to its person. */
export function genesis(person: PersonId): string {
  return person;
}

/** The hash of a row of the access log. */
export function linkHash(key: Uint8Array, row: Omit<ChainRow, "hash">, before: string): string {
  return link(key, "access-log", row, before);
}
