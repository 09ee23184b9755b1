import type { Region } from "../../shared/region";
import { addressPlace } from "../credentials";
import { type KeyPorts, personIn } from "./ports";
import type { Moving } from "./slice";

interface PersonRow {
  id: string;
  key_version: string | null;
}

/** People whose key is wrapped by an older key of their region, or of whom that is not known: each vault moves its own. */
export function wrappedKeys(ports: KeyPorts, region: Region): Moving<PersonRow> {
  const { records, keys } = ports.regions[region];
  return {
    kind: "wrapping",
    records,
    ring: keys.wrapping,
    unknown: null,
    page: async (version, after, limit) =>
      (
        await records
          .prepare(
            `select id, key_version from people where key_version ${version === null ? "is null and ?1 is null" : "= ?1"} and id > ?2 order by id limit ?3`,
          )
          .bind(version, after, limit)
          .all<PersonRow>()
      ).results,
    keyOf: ({ id }) => id,
    async move({ id, key_version }) {
      const version = await ports.vault(personIn(id)).rewrapKey();
      // The vault may run with an older ring for a while; then it is asked again.
      return version === key_version ? undefined : records.prepare("update people set key_version = ? where id = ?").bind(version, id);
    },
  };
}

interface CredentialRow {
  person_id: string;
  email_hash: string;
  sealed_email: string;
}

/** Addresses that the region finds under an older index key. One that was never kept waits until its person signs in. */
export function regionalAddresses(ports: KeyPorts, region: Region): Moving<CredentialRow> {
  const { records, keys } = ports.regions[region];
  return {
    kind: "index",
    records,
    ring: keys.index,
    page: async (version, after, limit) =>
      (
        await records
          .prepare(
            `select person_id, email_hash, sealed_email from credentials
             where key_version = ? and person_id > ? and sealed_email is not null order by person_id limit ?`,
          )
          .bind(version, after, limit)
          .all<CredentialRow>()
      ).results,
    keyOf: ({ person_id }) => person_id,
    async move({ person_id, email_hash, sealed_email }) {
      const person = personIn(person_id);
      const { index } = await ports.vault(person).addressHashes(addressPlace(person), sealed_email);
      return records
        .prepare("update or ignore credentials set email_hash = ?, key_version = ? where person_id = ? and email_hash = ?")
        .bind(index.hash, index.version, person, email_hash);
    },
  };
}
