import { LAB_FILES } from "../../shared/labs/files";

/** How the rows of a table leave with their person. */
export interface PersonTable {
  /** Columns that hold a person's id, each with an index that begins with it. */
  readonly columns: readonly string[];
  /**
   * `cascade`: with the row of `people`. `unnamed`: the row stays, and the column is emptied with the row of `people`. `delete`: by these
   * columns. `everywhere`: by these columns in every region, since others' rows point to the person. `kept`: stays, and why is in
   * docs/rights.md.
   */
  readonly by: "cascade" | "unnamed" | "delete" | "everywhere" | "kept";
  /** Columns whose opaque ids stay in rows that are somebody else's; why is in docs/rights.md. */
  readonly keeps?: readonly string[];
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
  activity_types: { nobodys: "types of activities that administrators added" },
  apps: { nobodys: "apps that people may let in" },
  app_assertions: { nobodys: "numbers of assertions that apps have used, for minutes" },
  app_origins: { nobodys: "where apps run in browsers" },
  api_keys: { columns: ["person_id"], by: "cascade" },
  challenges: { columns: ["person_id"], by: "cascade" },
  challenge_appeals: { columns: ["person_id"], by: "everywhere" },
  challenge_invitations: { columns: ["person_id"], by: "everywhere" },
  // A challenge goes on without its owner, for those who take part.
  challenge_owners: { columns: ["person_id"], by: "everywhere" },
  challenge_people: { columns: ["person_id"], by: "everywhere" },
  challenge_periods: { nobodys: "rounds of challenges" },
  challenge_results: { columns: ["person_id"], by: "everywhere" },
  challenge_teams: { nobodys: "names of teams" },
  client_assertions: { nobodys: "numbers of assertions that programs have used, for minutes" },
  clients: { nobodys: "programs of organisations" },
  credentials: { columns: ["person_id"], by: "cascade" },
  due_connections: { columns: ["person_id"], by: "delete" },
  emergency_openings: { columns: ["clinician_id"], by: "cascade" },
  // Of whoever opened or reviewed an access to somebody else, the opaque id stays: that person may know for good who it was.
  emergency_reviews: { columns: ["person_id"], by: "cascade", keeps: ["clinician_id", "reviewer_id"] },
  erasures: { columns: ["person_id"], by: "kept" },
  exports: { columns: ["person_id"], by: "cascade" },
  fitness_challenges: { nobodys: "challenges; who made one stands in another table" },
  fhir_export_files: { columns: ["person_id"], by: "everywhere" },
  fhir_exports: { columns: ["person_id"], by: "everywhere" },
  guest_messages: { columns: ["person_id"], by: "cascade" },
  contact_stops: { nobodys: "keyed hashes of addresses that want no invitations" },
  fhir_group_members: { columns: ["person_id"], by: "everywhere" },
  fhir_groups: { nobodys: "groups of organisations, without a name" },
  idempotency_claims: { nobodys: "sealed, under hashes that lead to nobody, for a day" },
  identities: { columns: ["person_id"], by: "cascade" },
  imports: { columns: ["person_id"], by: "cascade" },
  lab_tests: { nobodys: "laboratory tests that administrators added" },
  moves: { columns: ["person_id", "new_person_id"], by: "kept" },
  key_moves: { nobodys: "where a rotation of keys goes on: the last id of a slice, until it has ended" },
  key_notes: { nobodys: "which versions of keys were noted" },
  notification_phones: { columns: ["person_id"], by: "cascade" },
  organisation_members: { columns: ["person_id"], by: "cascade" },
  organisations: { nobodys: "names of organisations; one without an owner is as good as closed" },
  outbox: { nobodys: "sealed, for a day; those to the person's address go with them" },
  passkeys: { columns: ["person_id"], by: "cascade" },
  people: { columns: ["id"], by: "delete" },
  programme_participants: { columns: ["person_id"], by: "cascade" },
  programmes: { columns: ["researcher_id"], by: "unnamed" },
  recovery_codes: { columns: ["person_id"], by: "cascade" },
  research_exports: { nobodys: "exports of programmes" },
  reward_claims: { nobodys: "vouchers that were given out; whose they are, nobody but their vaults know" },
  organisation_achievements: { nobodys: "what organisations give their people to achieve; who has taken it up their vaults alone know" },
  rewards: { nobodys: "what organisations offer" },
  revoked_client_tokens: { nobodys: "numbers of programs' tokens, until those would have expired" },
  security_counts: { nobodys: "counts of a day" },
  security_events: { nobodys: "a chain from which nothing can be taken; where a role was changed, with opaque ids" },
  sessions: { columns: ["person_id"], by: "cascade" },
  shared_with: { columns: ["owner_id", "grantee_id"], by: "everywhere" },
  shared_with_partners: { columns: ["owner_id"], by: "everywhere" },
  buddy_profiles: { columns: ["person_id"], by: "cascade" },
  invitation_uses: { columns: ["person_id"], by: "everywhere" },
  invitations: { columns: ["person_id"], by: "everywhere" },
  post_comments: { columns: ["person_id"], by: "everywhere" },
  post_reactions: { columns: ["person_id"], by: "everywhere" },
  posts: { columns: ["person_id"], by: "everywhere" },
  // Of whoever decided about what others reported, the opaque id stays.
  reports: { columns: ["subject_id", "author_id", "reporter_id"], by: "everywhere", keeps: ["decided_by"] },
  social_group_members: { columns: ["person_id"], by: "everywhere" },
  social_groups: { nobodys: "groups of people; one that the last member leaves is deleted" },
  social_groups_elsewhere: { columns: ["person_id"], by: "everywhere" },
  social_profiles: { columns: ["person_id"], by: "cascade" },
  ties: { columns: ["person_id", "other_id"], by: "everywhere" },
  totp: { columns: ["person_id"], by: "cascade" },
  vendor_credentials: { nobodys: "accounts of organisations at vendors, sealed" },
  vendor_states: { columns: ["person_id"], by: "delete" },
  webhook_deliveries: { columns: ["person_id"], by: "everywhere" },
  webhook_endpoints: { columns: ["person_id"], by: "cascade" },
  webhook_people: { columns: ["person_id"], by: "everywhere" },
  webhook_secrets: { nobodys: "secrets of endpoints, sealed; those of the person's go with them" },
};

export const DIRECTORY_TABLES: Readonly<Record<string, PersonTable | NobodysTable>> = {
  emails: { columns: ["person_id"], by: "delete" },
  handles: { columns: ["person_id"], by: "delete" },
  identities: { columns: ["person_id"], by: "delete" },
  key_moves: { nobodys: "where a rotation of keys goes on: the last hash of a slice, until it has ended" },
  passkey_challenges: { nobodys: "hashes of challenges whose person is not known yet, for five minutes" },
  sign_in_flows: { columns: ["person_id"], by: "delete" },
  vendor_accounts: { columns: ["person_id"], by: "delete" },
  vendor_subscriptions: { nobodys: "subscriptions of Meridian and of organisations at vendors" },
};

/** Columns whose opaque ids stay. */
export function keptColumns(kind: PersonTable | NobodysTable | undefined): readonly string[] {
  return kind !== undefined && "columns" in kind ? (kind.keeps ?? []) : [];
}

/** Folders of the region's bucket that hold files of one person, by their id. */
export const PERSON_FOLDERS: readonly string[] = [LAB_FILES];

/** The tables in which somebody has rows, with the columns that say so. */
export function personTables(
  tables: Readonly<Record<string, PersonTable | NobodysTable>>,
  ...by: readonly PersonTable["by"][]
): readonly { readonly table: string; readonly column: string }[] {
  return Object.entries(tables).flatMap(([table, kind]) =>
    "columns" in kind && by.includes(kind.by) ? kind.columns.map((column) => ({ table, column })) : [],
  );
}
