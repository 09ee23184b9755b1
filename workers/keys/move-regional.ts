import { subjectPlace } from "../../shared/crypto/identity-hashes";
import { parseId } from "../../shared/id";
import type { Region } from "../../shared/region";
import { OLD_ACCOUNTS, type OldAccount, resealAccount } from "../connections";
import { addressPlace } from "../credentials";
import { resealLetter } from "../erasure";
import { OLD_SECRETS, type OldSecret, resealWebhookSecret } from "../webhooks";
import { type KeyPorts, personIn } from "./ports";
import type { Moving } from "./slice";

interface WrappedRow {
  id: string;
  key_version: string | null;
}

/** People whose key is wrapped by an older key of their region, or of whom that is not known: each vault moves its own. */
export function wrappedKeys(ports: KeyPorts, region: Region): Moving<WrappedRow> {
  return keysWrappedIn(ports, region, "wrapping", "people", async (id) => await ports.vault(personIn(id)).rewrapKey());
}

/** Research programmes whose key is sealed by an older key of their region: each object moves its own. */
export function programmeKeys(ports: KeyPorts, region: Region): Moving<WrappedRow> {
  return keysWrappedIn(ports, region, "wrapping programmes", "programmes", async (id) => {
    const programme = parseId("programme", id);
    if (programme === undefined) throw new TypeError("a row names no programme");
    return await ports.programme(programme).rewrapKey();
  });
}

/** `rewrap` lets the object of an id move its key and tells the version that it has now. */
function keysWrappedIn(
  ports: KeyPorts,
  region: Region,
  kind: string,
  table: "people" | "programmes",
  rewrap: (id: string) => Promise<string>,
): Moving<WrappedRow> {
  const { records, keys } = ports.regions[region];
  return {
    kind,
    records,
    ring: keys.wrapping,
    unknown: null,
    page: async (version, after, limit) =>
      (
        await records
          .prepare(
            `select id, key_version from ${table} where key_version ${version === null ? "is null and ?1 is null" : "= ?1"} and id > ?2 order by id limit ?3`,
          )
          .bind(version, after, limit)
          .all<WrappedRow>()
      ).results,
    keyOf: ({ id }) => id,
    async move({ id, key_version }) {
      const version = await rewrap(id);
      // The object may run with an older ring for a while; then it is asked again.
      return version === key_version ? undefined : records.prepare(`update ${table} set key_version = ? where id = ?`).bind(version, id);
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

interface IdentityRow {
  id: string;
  person_id: string;
  identity_hash: string;
  sealed_subject: string;
}

/** Accounts at sign-in providers that the region finds under an older index key. One that was never kept waits for its next sign-in. */
export function regionalIdentities(ports: KeyPorts, region: Region): Moving<IdentityRow> {
  const { records, keys } = ports.regions[region];
  return {
    kind: "index identities",
    records,
    ring: keys.index,
    page: async (version, after, limit) =>
      (
        await records
          .prepare(
            `select id, person_id, identity_hash, sealed_subject from identities
             where key_version = ? and id > ? and sealed_subject is not null order by id limit ?`,
          )
          .bind(version, after, limit)
          .all<IdentityRow>()
      ).results,
    keyOf: ({ id }) => id,
    async move({ id, person_id, identity_hash, sealed_subject }) {
      const { index } = await ports.vault(personIn(person_id)).provenHashes(subjectPlace(id), sealed_subject);
      const [current] = index;
      return current === undefined
        ? undefined
        : records
            .prepare("update or ignore identities set identity_hash = ?, key_version = ? where id = ? and identity_hash = ?")
            .bind(current.hash, current.version, id, identity_hash);
    },
  };
}

interface LetterRow {
  id: string;
  letter: string;
}

/** Last letters of erasures that wait, sealed by an older key of the region, since the person's own will be gone when they are sent. */
export function lastLetters(ports: KeyPorts, region: Region): Moving<LetterRow> {
  const { records, keys } = ports.regions[region];
  return {
    kind: "wrapping letters",
    records,
    ring: keys.wrapping,
    page: async (version, after, limit) =>
      (
        await records
          .prepare("select id, letter from erasures where letter_key = ? and id > ? order by id limit ?")
          .bind(version, after, limit)
          .all<LetterRow>()
      ).results,
    keyOf: ({ id }) => id,
    async move({ id, letter }) {
      const moved = await resealLetter(keys, id, letter, ports.random);
      if (moved === undefined) throw new TypeError("a letter does not open");
      return records.prepare("update erasures set letter = ? where id = ? and letter = ?").bind(moved, id, letter);
    },
  };
}

/** Secrets of webhooks, sealed by an older key of the region, since organisations have no keys of their own. */
export function webhookSecrets(ports: KeyPorts, region: Region): Moving<OldSecret> {
  const { records, keys } = ports.regions[region];
  return {
    kind: "wrapping webhooks",
    records,
    ring: keys.wrapping,
    page: async (version, after, limit) => (await records.prepare(OLD_SECRETS).bind(version, after, limit).all<OldSecret>()).results,
    keyOf: ({ id }) => id,
    move: async (stored) => await resealWebhookSecret(records, keys, stored, ports.random),
  };
}

/** Organisations' accounts at vendors, sealed by an older key of the region. */
export function vendorCredentials(ports: KeyPorts, region: Region): Moving<OldAccount> {
  const { records, keys } = ports.regions[region];
  return {
    kind: "wrapping vendor credentials",
    records,
    ring: keys.wrapping,
    page: async (version, after, limit) => (await records.prepare(OLD_ACCOUNTS).bind(version, after, limit).all<OldAccount>()).results,
    keyOf: ({ id }) => id,
    move: async (stored) => await resealAccount(records, keys, stored, ports.random),
  };
}
