/** What becomes of a table of the databases when a person moves to another region. */
export type MovedRecords =
  /** Which step carries it over. */
  | { readonly step: "records" | "directory" | "relations" }
  /** Stays behind, and why. */
  | { readonly left: string };

/** Every table with persons; a test fails for one that is not here. */
export const MOVED_RECORDS: Readonly<Record<string, MovedRecords>> = {
  api_keys: { left: "name the old region" },
  challenges: { left: "over within minutes" },
  credentials: { step: "records" },
  due_connections: { step: "records" },
  emails: { step: "directory" },
  erasures: { left: "books of the old region" },
  imports: { left: "none is under way, and their readings are in the vault" },
  moves: { left: "books of the old region" },
  passkeys: { step: "records" },
  people: { step: "records" },
  recovery_codes: { step: "records" },
  sessions: { left: "name the old region" },
  shared_with: { step: "relations" },
  totp: { step: "records" },
  vendor_accounts: { step: "directory" },
  vendor_states: { left: "authorizations of ten minutes, whose callback leads to the old region" },
};
