/** How the rows of a table leave with their person. */
export interface PersonTable {
  /** Columns that hold a person's id, each with an index that begins with it. */
  readonly columns: readonly string[];
  /**
   * `cascade`: with the row of `people`. `delete`: by these columns. `everywhere`: by these columns in every region, since others' rows
   * point to the person. `kept`: stays, and why is in docs/rights.md.
   */
  readonly by: "cascade" | "delete" | "everywhere" | "kept";
}

/** A table without persons, and why it needs no erasure. */
export interface NobodysTable {
  readonly nobodys: string;
}

/**
 * Every table of the databases. Tests read the real schema and fail for a table that is not here, or has a person's column that is not:
 * a new table adds its line.
 */
export const REGIONAL_TABLES: Readonly<Record<string, PersonTable | NobodysTable>> = {
  api_keys: { columns: ["person_id"], by: "cascade" },
  challenges: { columns: ["person_id"], by: "cascade" },
  credentials: { columns: ["person_id"], by: "cascade" },
  due_connections: { columns: ["person_id"], by: "delete" },
  erasures: { columns: ["person_id"], by: "kept" },
  idempotency_claims: { nobodys: "sealed, under hashes that lead to nobody, for a day" },
  imports: { columns: ["person_id"], by: "cascade" },
  moves: { columns: ["person_id", "new_person_id"], by: "kept" },
  outbox: { nobodys: "sealed, for a day; those to the person's address go with them" },
  passkeys: { columns: ["person_id"], by: "cascade" },
  people: { columns: ["id"], by: "delete" },
  recovery_codes: { columns: ["person_id"], by: "cascade" },
  sessions: { columns: ["person_id"], by: "cascade" },
  shared_with: { columns: ["owner_id", "grantee_id"], by: "everywhere" },
  totp: { columns: ["person_id"], by: "cascade" },
  vendor_states: { columns: ["person_id"], by: "delete" },
};

export const DIRECTORY_TABLES: Readonly<Record<string, PersonTable | NobodysTable>> = {
  emails: { columns: ["person_id"], by: "delete" },
  passkey_challenges: { nobodys: "hashes of challenges whose person is not known yet, for five minutes" },
  vendor_accounts: { columns: ["person_id"], by: "delete" },
};

/** Folders of the region's bucket that hold files of one person, by their id. */
export const PERSON_FOLDERS: readonly string[] = [];

/** The tables in which somebody has rows, with the columns that say so. */
export function personTables(
  tables: Readonly<Record<string, PersonTable | NobodysTable>>,
  ...by: readonly PersonTable["by"][]
): readonly { readonly table: string; readonly column: string }[] {
  return Object.entries(tables).flatMap(([table, kind]) =>
    "columns" in kind && by.includes(kind.by) ? kind.columns.map((column) => ({ table, column })) : [],
  );
}
