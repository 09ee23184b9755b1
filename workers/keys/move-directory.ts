import { DAY_MS } from "../../shared/clock";
import { subjectPlace } from "../../shared/crypto/identity-hashes";
import { regionOf } from "../../shared/id";
import { addressPlace } from "../credentials";
import { handleHashes } from "../social";
import { type KeyPorts, personIn } from "./ports";
import type { Moving } from "./slice";

interface EmailRow {
  email_hash: string;
  person_id: string;
  claimed_at: number;
}

/** A claim that has led to no account for so long was left behind by a registration that failed half-way. */
const ABANDONED_MS = DAY_MS;

/** Addresses that the directory finds under an older key. The vault of each person opens and hashes theirs. */
export function directoryAddresses(ports: KeyPorts): Moving<EmailRow> {
  const { records, keys } = ports.directory;
  return {
    kind: "email",
    records,
    ring: keys.email,
    page: async (version, after, limit) =>
      (
        await records
          .prepare(
            "select email_hash, person_id, claimed_at from emails where key_version = ? and email_hash > ? order by email_hash limit ?",
          )
          .bind(version, after, limit)
          .all<EmailRow>()
      ).results,
    keyOf: ({ email_hash }) => email_hash,
    async move({ email_hash, person_id, claimed_at }) {
      const person = personIn(person_id);
      const credential = await ports.regions[regionOf(person)].records
        .prepare("select sealed_email from credentials where person_id = ?")
        .bind(person)
        .first<{ sealed_email: string | null }>();
      if (credential === null) {
        // A registration that takes the claim up changes its time first.
        return claimed_at > ports.now() - ABANDONED_MS
          ? undefined
          : records.prepare("delete from emails where email_hash = ? and claimed_at = ?").bind(email_hash, claimed_at);
      }
      if (credential.sealed_email === null) return undefined;
      const { email } = await ports.vault(person).addressHashes(addressPlace(person), credential.sealed_email);
      return records
        .prepare("update or ignore emails set email_hash = ?, key_version = ? where email_hash = ? and person_id = ?")
        .bind(email.hash, email.version, email_hash, person);
    },
  };
}

interface IdentityRow {
  identity_hash: string;
  person_id: string;
  provider: string;
  claimed_at: number;
}

/** Accounts at sign-in providers that the directory finds under an older key. A claim that has led to no link for a day is taken out. */
export function directoryIdentities(ports: KeyPorts): Moving<IdentityRow> {
  const { records, keys } = ports.directory;
  return {
    kind: "email identities",
    records,
    ring: keys.email,
    page: async (version, after, limit) =>
      (
        await records
          .prepare(
            `select identity_hash, person_id, provider, claimed_at from identities
             where key_version = ? and identity_hash > ? order by identity_hash limit ?`,
          )
          .bind(version, after, limit)
          .all<IdentityRow>()
      ).results,
    keyOf: ({ identity_hash }) => identity_hash,
    async move({ identity_hash, person_id, provider, claimed_at }) {
      const person = personIn(person_id);
      const linked = await ports.regions[regionOf(person)].records
        .prepare("select id, sealed_subject from identities where person_id = ? and provider = ?")
        .bind(person, provider)
        .first<{ id: string; sealed_subject: string | null }>();
      // Not kept yet: whether the claim is of what is linked, nobody can say before the next sign-in.
      if (linked !== null && linked.sealed_subject === null) return undefined;
      const sealed = linked?.sealed_subject ?? undefined;
      const hashes =
        linked === null || sealed === undefined ? [] : (await ports.vault(person).provenHashes(subjectPlace(linked.id), sealed)).email;
      const [current] = hashes;
      if (current === undefined || !hashes.some(({ hash }) => hash === identity_hash)) {
        // A call that takes the claim up changes its time first.
        return claimed_at > ports.now() - ABANDONED_MS
          ? undefined
          : records.prepare("delete from identities where identity_hash = ? and claimed_at = ?").bind(identity_hash, claimed_at);
      }
      return records
        .prepare("update or ignore identities set identity_hash = ?, key_version = ? where identity_hash = ? and person_id = ?")
        .bind(current.hash, current.version, identity_hash, person);
    },
  };
}

interface AccountRow {
  account_hash: string;
  connection_id: string;
  person_id: string;
}

/** Vendors' accounts that the directory finds under an older key. A connection that is gone in its vault is taken out. */
export function vendorAccounts(ports: KeyPorts): Moving<AccountRow> {
  const { records, keys } = ports.directory;
  return {
    kind: "vendor",
    records,
    ring: keys.vendor,
    page: async (version, after, limit) =>
      (
        await records
          .prepare(
            "select account_hash, connection_id, person_id from vendor_accounts where key_version = ? and connection_id > ? order by connection_id limit ?",
          )
          .bind(version, after, limit)
          .all<AccountRow>()
      ).results,
    keyOf: ({ connection_id }) => connection_id,
    async move({ account_hash, connection_id, person_id }) {
      const [current] = (await ports.vault(personIn(person_id)).accountHashes(connection_id)) ?? [];
      return current === undefined
        ? records.prepare("delete from vendor_accounts where connection_id = ? and account_hash = ?").bind(connection_id, account_hash)
        : records
            .prepare("update vendor_accounts set account_hash = ?, key_version = ? where connection_id = ? and account_hash = ?")
            .bind(current.hash, current.version, connection_id, account_hash);
    },
  };
}

interface HandleRow {
  handle_hash: string;
  person_id: string;
}

/** Handles that the directory finds under an older key, hashed anew from what their people show. One that nobody shows any more is taken out. */
export function directoryHandles(ports: KeyPorts): Moving<HandleRow> {
  const { records, keys } = ports.directory;
  return {
    kind: "handles",
    records,
    ring: keys.email,
    page: async (version, after, limit) =>
      (
        await records
          .prepare("select handle_hash, person_id from handles where key_version = ? and handle_hash > ? order by handle_hash limit ?")
          .bind(version, after, limit)
          .all<HandleRow>()
      ).results,
    keyOf: ({ handle_hash }) => handle_hash,
    async move({ handle_hash, person_id }) {
      const person = personIn(person_id);
      const handle = await ports.regions[regionOf(person)].records
        .prepare("select handle from social_profiles where person_id = ?")
        .bind(person)
        .first<string | null>("handle");
      if (handle === null) return records.prepare("delete from handles where handle_hash = ?").bind(handle_hash);
      const [current] = await handleHashes(keys, handle);
      if (current === undefined) return undefined;
      return records
        .prepare("update or ignore handles set handle_hash = ?, key_version = ? where handle_hash = ? and person_id = ?")
        .bind(current.hash, current.version, handle_hash, person);
    },
  };
}
