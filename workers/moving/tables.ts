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
  challenge_appeals: { step: "relations" },
  challenge_invitations: { step: "relations" },
  challenge_owners: { step: "relations" },
  challenge_people: { step: "relations" },
  challenge_results: { step: "relations" },
  credentials: { step: "records" },
  due_connections: { step: "records" },
  emails: { step: "directory" },
  emergency_openings: { left: "how often they broke the glass in the old region within a day" },
  emergency_reviews: { step: "records" },
  erasures: { left: "books of the old region" },
  exports: { left: "their archives lie in the old region and are erased with it" },
  fhir_export_files: { left: "files of a day, which lie in the old region" },
  fhir_exports: { left: "over within a day" },
  fhir_group_members: { step: "relations" },
  identities: { left: "hashed with the old region's key and the provider is not there to say it again: linked anew after signing in" },
  imports: { step: "relations" },
  moves: { left: "books of the old region" },
  organisation_members: { left: "an organisation has members of its own region" },
  passkeys: { step: "records" },
  people: { step: "records" },
  programme_participants: { left: "a programme takes people of its own region: the consent to it ends" },
  programmes: { left: "research of the old region: who leads an open one is refused" },
  recovery_codes: { step: "records" },
  sessions: { left: "name the old region" },
  shared_with: { step: "relations" },
  shared_with_partners: { step: "relations" },
  sign_in_flows: { left: "ways to a provider and back, of minutes" },
  social_group_members: { step: "relations" },
  social_groups_elsewhere: { step: "relations" },
  social_profiles: { step: "records" },
  ties: { step: "relations" },
  totp: { step: "records" },
  vendor_accounts: { step: "directory" },
  webhook_deliveries: { step: "relations" },
  webhook_endpoints: { step: "records" },
  webhook_people: { step: "relations" },
  vendor_states: { left: "authorizations of ten minutes, whose callback leads to the old region" },
};
