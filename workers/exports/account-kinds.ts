import type { SealedPlace } from "../../shared/crypto/sealing";
import { parseId } from "../../shared/id";
import { addressPlace } from "../credentials";
import { labelPlace } from "../identities";

/** One kind of thing that the records of a region know of a person. */
export interface AccountKind {
  readonly kind: string;
  /** Every table that it shows. */
  readonly tables: readonly string[];
  /** Selects the fields of the record by their names, for the person `?1`; fields that end in `At` are epoch milliseconds. */
  readonly sql: string;
  /** Fields whose texts are JSON. */
  readonly json?: readonly string[];
  /** The rows lie in the regions of other people. */
  readonly everywhere?: boolean;
  /** Which field is sealed with the person's key, and where for: the vault opens it. */
  readonly sealed?: { readonly field: string; readonly place: (id: string) => SealedPlace };
}

/** What an export says of the account, in the order of the archive. Never a secret or what can be guessed into one. A new table joins here, or `RECORDS_LEFT_OUT`. */
export const ACCOUNT_KINDS: readonly AccountKind[] = [
  {
    kind: "account",
    tables: ["people", "credentials"],
    sealed: { field: "email", place: (id) => addressPlace(personIn(id)) },
    sql: `select people.id, people.name, credentials.sealed_email as email, credentials.email_verified_at as emailVerifiedAt, people.time_zone as timeZone,
            people.locale, people.units, people.roles, people.created_at as createdAt, people.updated_at as updatedAt
          from people left join credentials on credentials.person_id = people.id where people.id = ?1`,
    json: ["roles"],
  },
  {
    kind: "factors",
    tables: ["totp", "recovery_codes", "passkeys"],
    sql: `select 'password' as kind, null as id, null as name, changed_at as createdAt, null as lastUsedAt, null as "left"
            from credentials where person_id = ?1 and password_hash not like '!%'
          union all select 'totp', null, null, confirmed_at, null, null from totp where person_id = ?1
          union all select 'recovery_codes', null, null, null, null, count(*) from recovery_codes where person_id = ?1 and used_at is null
          union all select 'passkey', id, name, created_at, last_used_at, null from passkeys where person_id = ?1`,
  },
  {
    kind: "sign-in-providers",
    tables: ["identities"],
    sealed: { field: "label", place: labelPlace },
    sql: `select id, provider, sealed_label as label, created_at as linkedAt, last_used_at as lastUsedAt
          from identities where person_id = ?1 order by id`,
  },
  {
    kind: "sessions",
    tables: ["sessions"],
    sql: `select id, client_id as client, scope, device, address, amr, acr, auth_time as authAt, created_at as createdAt, last_used_at as lastUsedAt,
            idle_expiry as idleUntilAt, absolute_expiry as untilAt, revoked_at as endedAt, revoked_reason as reason
          from sessions where person_id = ?1 order by id`,
  },
  {
    kind: "api-keys",
    tables: ["api_keys"],
    sql: "select id, session_id as session, name, scopes, created_at as createdAt, last_used_at as lastUsedAt from api_keys where person_id = ?1 order by id",
    json: ["scopes"],
  },
  {
    kind: "webhooks",
    tables: ["webhook_endpoints"],
    sql: `select id, url, description, events, categories, metrics, content, state, disabled_reason as disabledReason, failing_since as failingSinceAt,
            last_success_at as lastSuccessAt, last_failure as lastFailure, created_at as createdAt, updated_at as updatedAt
          from webhook_endpoints where person_id = ?1 order by id`,
    json: ["events", "categories", "metrics"],
  },
  {
    kind: "webhook-deliveries",
    tables: ["webhook_deliveries"],
    everywhere: true,
    sql: `select endpoint_id as webhook, event_id as event, ordered_at as orderedAt, state, attempts, reason, created_at as createdAt, updated_at as updatedAt
          from webhook_deliveries where person_id = ?1`,
  },
  {
    kind: "webhook-filters",
    tables: ["webhook_people"],
    everywhere: true,
    sql: "select endpoint_id as webhook from webhook_people where person_id = ?1 order by endpoint_id",
  },
  {
    kind: "imports",
    tables: ["imports"],
    sql: "select id, created_at as createdAt from imports where person_id = ?1 order by id",
  },
  {
    kind: "shared-with-me",
    tables: ["shared_with"],
    sql: "select owner_id as owner, consent_id as consent from shared_with where grantee_id = ?1 order by owner_id, consent_id",
  },
  {
    kind: "organisations",
    tables: ["organisations", "organisation_members"],
    sql: `select organisations.id, organisations.name, role, invited_at as invitedAt, joined_at as joinedAt, closed_at as closedAt
          from organisation_members join organisations on organisations.id = organisation_id where person_id = ?1 order by organisations.id`,
  },
  {
    kind: "research-participations",
    tables: ["programme_participants"],
    sql: `select programme_id as programme, programmes.title, programmes.state, consent_id as consent
          from programme_participants join programmes on programmes.id = programme_id where person_id = ?1 order by programme_id, consent_id`,
  },
  {
    kind: "research-programmes",
    tables: ["programmes"],
    sql: `select id, title, purpose, categories, metrics, from_date as "from", to_date as "to", cohort, epsilon / 1000.0 as epsilon, state,
            created_at as createdAt from programmes where researcher_id = ?1 order by id`,
    json: ["categories", "metrics"],
  },
  {
    kind: "research-exports",
    tables: ["research_exports"],
    sql: `select research_exports.id, programme_id as programme, research_exports.created_at as createdAt
          from programmes join research_exports on programme_id = programmes.id where researcher_id = ?1 order by programme_id, research_exports.id`,
  },
  {
    kind: "emergency-reviews",
    tables: ["emergency_reviews"],
    everywhere: true,
    sql: `select id, 'clinician' as "as", person_id as person, opened_at as openedAt, ends_at as endsAt, state, decided_at as decidedAt
            from emergency_reviews where clinician_id = ?1
          union all select id, 'reviewer', person_id, opened_at, ends_at, state, decided_at from emergency_reviews where reviewer_id = ?1`,
  },
  {
    kind: "groups",
    tables: ["fhir_group_members"],
    everywhere: true,
    sql: "select group_id as id, added_at as addedAt from fhir_group_members where person_id = ?1 order by group_id",
  },
  {
    kind: "ties",
    tables: ["ties"],
    sql: `select other_id as person, wants_at as friendshipWantedAt, nullif(refused_at, 0) as friendshipRefusedAt, follows_at as followingSinceAt,
            admits_at as mayFollowSinceAt, nullif(follow_refused_at, 0) as followingRefusedAt, blocked_at as blockedAt, buddy_at as trainingWantedAt,
            nullif(buddy_refused_at, 0) as trainingRefusedAt, changed_at as changedAt
          from ties where person_id = ?1 order by other_id`,
  },
  {
    kind: "social-profile",
    tables: ["social_profiles"],
    sql: `select person_id as id, handle, about, pronouns, area, activities, visibility, follow_rule as following, asks as requests, posting,
            updated_at as updatedAt from social_profiles where person_id = ?1`,
    json: ["activities", "visibility", "posting"],
  },
  {
    kind: "social-groups",
    tables: ["social_groups", "social_group_members"],
    everywhere: true,
    sql: `select social_groups.id, social_groups.name, state, role, since_at as sinceAt
          from social_group_members join social_groups on social_groups.id = group_id where person_id = ?1 order by social_groups.id`,
  },
  {
    kind: "challenges-made",
    tables: ["fitness_challenges", "challenge_owners", "challenge_teams", "challenge_periods"],
    everywhere: true,
    sql: `select c.id, title, description, state, visibility, audience, joining, terms, c.created_at as createdAt,
            (select json_group_array(name) from challenge_teams t where t.challenge_id = c.id) as teams,
            (select count(*) from challenge_periods p where p.challenge_id = c.id) as rounds,
            o.called as calledInRoom
          from challenge_owners o join fitness_challenges c on c.id = o.challenge_id where o.person_id = ?1 order by c.id`,
    json: ["terms", "teams"],
  },
  {
    kind: "challenge-people",
    tables: ["challenge_people"],
    everywhere: true,
    sql: `select challenge_id as challenge, state, alias, ranking, name, team_id as team, in_room as inRoom, tells_rank as rankNews, changed_at as changedAt
          from challenge_people where person_id = ?1 order by challenge_id`,
  },
  {
    kind: "challenge-invitations",
    tables: ["challenge_invitations"],
    everywhere: true,
    sql: `select challenge_id as challenge, nullif(group_id, '') as "group", created_at as invitedAt
          from challenge_invitations where person_id = ?1 order by challenge_id`,
  },
  {
    kind: "challenge-results",
    tables: ["challenge_results"],
    everywhere: true,
    sql: `select challenge_id as challenge, opens_at as roundAt, alias, rank, score, reached from challenge_results
          where person_id = ?1 order by challenge_id, opens_at`,
  },
  {
    kind: "challenge-appeals",
    tables: ["challenge_appeals"],
    everywhere: true,
    sql: `select id, challenge_id as challenge, opens_at as roundAt, effort, reason, value, words, state, answer, created_at as createdAt, decided_at as decidedAt
          from challenge_appeals where person_id = ?1 order by id`,
  },
  {
    kind: "posts",
    tables: ["posts"],
    everywhere: true,
    sql: `select id, group_id as "group", kind, body as text, card, case reach when 1 then 'friends' when 2 then 'followers' else 'everybody' end as audience,
            created_at as createdAt, edited_at as editedAt, removed_at as removedAt, removed_for as removedFor
          from posts where person_id = ?1 order by id`,
    json: ["card"],
  },
  {
    kind: "comments",
    tables: ["post_comments"],
    everywhere: true,
    sql: `select id, post_id as post, body as text, created_at as createdAt, edited_at as editedAt, removed_at as removedAt, removed_for as removedFor
          from post_comments where person_id = ?1 order by created_at, id`,
  },
  {
    kind: "reactions",
    tables: ["post_reactions"],
    everywhere: true,
    sql: "select post_id as post, kind, reacted_at as reactedAt from post_reactions where person_id = ?1 order by post_id",
  },
  {
    kind: "invitations",
    tables: ["invitations", "invitation_uses"],
    everywhere: true,
    sql: `select id, 'made' as what, group_id as "group", via, created_at as at, expires_at as expiresAt, revoked_at as revokedAt from invitations where person_id = ?1
          union all select invitation_id, 'accepted', null, null, used_at, null, null from invitation_uses where person_id = ?1`,
  },
  {
    kind: "buddy-search",
    tables: ["buddy_profiles"],
    sql: `select person_id as id, purpose, activities, goals, languages, level, times, cell_lat / 10.0 as cellLatitude, cell_lon / 10.0 as cellLongitude,
            updated_at as updatedAt from buddy_profiles where person_id = ?1`,
    json: ["activities", "goals", "languages"],
  },
  {
    kind: "reports-made",
    tables: ["reports"],
    everywhere: true,
    sql: `select id, kind, subject_id as subject, reason, note, state, created_at as createdAt, decided_at as decidedAt
          from reports where reporter_id = ?1 order by id`,
  },
  {
    kind: "erasures",
    tables: ["erasures"],
    sql: `select id, state, requested_at as requestedAt, due_at as dueAt, finished_at as finishedAt
          from erasures where person_id = ?1 order by id`,
  },
];

function personIn(id: string) {
  const person = parseId("person", id);
  if (person === undefined) throw new TypeError("not a person");
  return person;
}

/** Tables of a region's records and of the directory that no export shows, and why. */
export const RECORDS_LEFT_OUT: Readonly<Record<string, string>> = {
  fhir_exports: "Exports of FHIR resources, for a day; what they hold is in this one.",
  fhir_export_files: "Places of files of such exports, for a day.",
  fhir_groups: "Groups of organisations, which have no name: they belong to these.",
  lab_tests: "Laboratory tests that administrators added; nothing of the person.",
  activity_types: "Types of activities that administrators added; nothing of the person.",
  guest_messages: "Keyed hashes of whom invitations went to, of a month; the invitations are in the export.",
  contact_stops: "Keyed hashes of addresses that want no invitations; whose they are, nobody knows.",
  notification_phones: "A keyed hash of the number that the export shows, to hear a STOP from it by.",
  d1_migrations: "Names of the schema's versions; nothing of the person.",
  challenges: "Steps that were begun and wait for the other half, for minutes, as hashes.",
  outbox: "Letters under way, sealed, for a day; names nobody.",
  idempotency_claims: "Sealed answers for a day, under hashes; names nobody.",
  vendor_states: "Authorizations under way, as hashes, for ten minutes.",
  due_connections: "When each connection is asked again; the connections are in the export.",
  exports: "Ids of the exports; the vault's own list of them is in the export.",
  emergency_openings: "How often a clinician tried within the last day, for a limit; what was opened is in the export.",
  shared_with_partners: "Pointers to the consents that were given to partners; the consents are in the export.",
  apps: "Apps that anybody may let in; whom the person has let in stands in their sessions.",
  app_assertions: "Numbers of assertions that apps have used, for minutes; names nobody.",
  app_origins: "Where apps run in browsers; names nobody.",
  clients: "Programs of organisations: they belong to these.",
  client_assertions: "Numbers of assertions that programs have used, for minutes; names nobody.",
  revoked_client_tokens: "Numbers of programs' tokens; names nobody.",
  handles: "A keyed hash of the handle, which leads to the region; the handle is in the export.",
  social_groups_elsewhere: "In which regions groups of the person may lie; the groups are in the export.",
  key_moves: "Where a rotation of keys goes on.",
  moves: "Moves to another region, under way or done, as ids and steps; the person sees theirs where they asked for it.",
  key_notes: "Which versions of keys were noted.",
  organisation_achievements: "What organisations define: it belongs to these; what the person has taken up is in the export.",
  rewards: "What organisations offer: it belongs to these.",
  reward_claims: "Vouchers that were given out, which name nobody; the person's own are in the export.",
  security_counts: "Counts of a day; names nobody.",
  security_events: "What happens to the deployment. What an administrator did with the person's roles is in their access log too.",
  webhook_secrets: "Secrets that sign messages, sealed: whoever reads the archive must not speak for Meridian.",
  sign_in_flows: "Ways to a provider and back, as hashes, for minutes.",
  emails: "A keyed hash of the address, which leads to the region; the address is in the export.",
  passkey_challenges: "Sign-ins under way, as hashes; names nobody.",
  vendor_credentials: "Accounts of organisations at vendors, sealed: they belong to these.",
  vendor_subscriptions: "Subscriptions of Meridian and of organisations at vendors; names nobody.",
  vendor_accounts: "Keyed hashes of accounts at vendors, which lead to the connections; those are in the export.",
};
