import * as z from "zod";
import { hmacHex } from "../../shared/crypto/hmac";
import { type DirectoryKeys, versionsOf } from "../../shared/crypto/keys";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { FollowRule } from "../../shared/social/ties";
import { areFriends, following } from "../../shared/social/ties";
import type { PostAudience, PostedKind } from "../../shared/social/posts";
import { type Visibility, visibleFields } from "../../shared/social/visibility";
import { requireSession, sessionGuard } from "../sessions";
import { visibilityOf } from "./cards";
import type { SocialPorts } from "./ports";
import { friendsOf, groupsOf, relationTo } from "./relations";
import { exactPair } from "./ties";

/** How the actor shows themselves, as they set it. */
export interface OwnProfile {
  readonly handle: string | null;
  readonly about: string | null;
  readonly pronouns: string | null;
  readonly area: string | null;
  readonly activities: readonly string[];
  readonly visibility: Visibility;
  readonly following: FollowRule;
  readonly requests: "everybody" | "nobody";
  readonly posting: Readonly<Partial<Record<PostedKind, PostAudience>>>;
  readonly version: number;
}

/** What of somebody a viewer sees; null is what they do not see, or what is not there. */
export interface SeenProfile {
  readonly id: PersonId;
  readonly name: string | null;
  readonly handle: string | null;
  readonly about: string | null;
  readonly pronouns: string | null;
  readonly area: string | null;
  readonly activities: readonly string[] | null;
  readonly friends: number | null;
  readonly groups: number | null;
  readonly relation: "self" | "friend" | "groupmate" | "stranger";
  readonly following: "none" | "waiting" | "active";
}

interface Row {
  name: string;
  handle: string | null;
  about: string | null;
  pronouns: string | null;
  area: string | null;
  activities: string | null;
  visibility: string | null;
  follow_rule: FollowRule | null;
  asks: "everybody" | "nobody" | null;
  posting: string | null;
  version: number | null;
}

export type ProfileChange = {
  readonly [K in keyof Omit<OwnProfile, "version" | "visibility" | "posting">]?: OwnProfile[K] | undefined;
} & {
  readonly visibility?: Partial<Visibility> | undefined;
  readonly posting?: Readonly<Partial<Record<PostedKind, PostAudience | "nobody">>> | undefined;
};

/** Where handles lead: the directory. */
export interface HandlePorts {
  readonly directory: D1Database;
  readonly handleKeys: DirectoryKeys;
}

const SELECT = `select people.name, handle, about, pronouns, area, activities, visibility, follow_rule, asks, posting, version
  from people left join social_profiles on person_id = people.id where people.id = ?1`;

const listSchema = z.array(z.string());
const postingSchema = z.record(z.string(), z.string());

/** How the actor shows themselves. Problem `session_ended`. */
export async function readOwnProfile(ports: SocialPorts): Promise<OwnProfile> {
  const { actor, records } = ports;
  const [guard, rows] = await records.batch<Row>([sessionGuard(records, actor, ports.now()), records.prepare(SELECT).bind(actor.person)]);
  requireSession(guard);
  const row = rows?.results[0];
  if (row === undefined) throw problem("session_ended");
  return profileOf(row);
}

/**
 * Changes how the actor shows themselves. What becomes less visible is hidden at once: everything is judged when it is read. A handle belongs to one
 * person of all regions; taking it out frees it. Problems `conflict` for a handle that somebody has, `precondition_failed`.
 */
export async function changeProfile(
  ports: SocialPorts & HandlePorts,
  change: ProfileChange,
  version: number | undefined,
): Promise<OwnProfile> {
  const { actor, records } = ports;
  const before = await readOwnProfile(ports);
  if (version !== undefined && version !== before.version) throw problem("precondition_failed");
  const after = {
    ...before,
    ...definedOf(change),
    visibility: { ...before.visibility, ...definedOf(change.visibility ?? {}) },
    posting: postingOf(before, change),
  };
  if (after.handle !== before.handle && after.handle !== null) await claimHandle(ports, after.handle);
  const now = ports.now();
  const { meta } = await records
    .prepare(
      `insert into social_profiles (person_id, handle, about, pronouns, area, activities, visibility, follow_rule, asks, posting, version, updated_at)
       values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 + 1, ?12)
       on conflict do update set handle = excluded.handle, about = excluded.about, pronouns = excluded.pronouns, area = excluded.area,
         activities = excluded.activities, visibility = excluded.visibility, follow_rule = excluded.follow_rule, asks = excluded.asks,
         posting = excluded.posting, version = excluded.version, updated_at = excluded.updated_at where social_profiles.version = ?11`,
    )
    .bind(
      actor.person,
      after.handle,
      after.about,
      after.pronouns,
      after.area,
      JSON.stringify(after.activities),
      JSON.stringify(after.visibility),
      after.following,
      after.requests,
      JSON.stringify(after.posting),
      before.version,
      now,
    )
    .run();
  if (meta.changes !== 1) {
    // The handle leads to whom it stands with: what was claimed for nothing goes back to what is there.
    const { handle } = await readOwnProfile(ports);
    if (handle === null) await freeHandle(ports);
    else if (handle !== after.handle) await claimHandle(ports, handle);
    throw problem("precondition_failed", "The profile was changed in the same moment.");
  }
  if (after.handle === null && before.handle !== null) await freeHandle(ports);
  return { ...after, version: before.version + 1 };
}

/**
 * What of somebody the actor sees. Who shows nothing to the actor, is blocked either way, or is not registered, looks the same. Problem `not_found`.
 */
export async function readProfile(ports: SocialPorts, text: string): Promise<SeenProfile> {
  const { actor, records } = ports;
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  const person = parseId("person", text);
  if (person === undefined) throw notFound("person");
  const [row, relation, { own, theirs }] = await Promise.all([
    ports.recordsOf(regionOf(person)).prepare(SELECT).bind(person).first<Row>(),
    relationTo(ports, actor.person, person),
    exactPair(ports, actor.person, person),
  ]);
  if (row === null || relation === "blocked") throw notFound("person");
  const profile = profileOf(row);
  const fields = visibleFields(profile.visibility, relation);
  // A friend is no secret, and a handle is there to be found by.
  const isKnown = relation === "self" || areFriends(own, theirs) || fields.has("name") || profile.handle !== null;
  const isShown = isKnown || ["about", "pronouns", "area", "activities", "friends", "groups"].some((field) => fields.has(field as "about"));
  if (!isShown) throw notFound("person");
  const shown = <T>(field: Parameters<typeof fields.has>[0], value: T) => (fields.has(field) ? value : null);
  return {
    id: person,
    name: shown("name", row.name),
    handle: profile.handle,
    about: shown("about", profile.about),
    pronouns: shown("pronouns", profile.pronouns),
    area: shown("area", profile.area),
    activities: shown("activities", profile.activities),
    friends: fields.has("friends") ? (await friendsOf(ports, person)).length : null,
    groups: fields.has("groups") ? (await groupsOf(ports, person)).length : null,
    relation,
    following: relation === "self" ? "none" : following(own, theirs, profile.following),
  };
}

/** Who has a handle; what the actor may see of them. The whole handle finds, no part of it. Problem `not_found`, also for whoever is blocked. */
export async function findByHandle(ports: SocialPorts & HandlePorts, handle: string): Promise<SeenProfile> {
  const { actor, records } = ports;
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  const row = await ports.directory
    .prepare("select person_id from handles where handle_hash in (select value from json_each(?))")
    .bind(JSON.stringify((await handleHashes(ports.handleKeys, handle)).map(({ hash }) => hash)))
    .first<{ person_id: string }>();
  const person = row === null ? undefined : parseId("person", row.person_id);
  if (person === undefined) throw notFound("person");
  const profile = await readProfile(ports, person);
  // The directory is told of a change after the records.
  if (profile.handle?.toLowerCase() !== handle.toLowerCase()) throw notFound("person");
  return profile;
}

/** The keyed hashes of a handle, the present key's first; case counts for nothing. */
export async function handleHashes(
  keys: DirectoryKeys,
  handle: string,
): Promise<readonly { readonly hash: string; readonly version: string }[]> {
  return await Promise.all(
    versionsOf(keys.email).map(async ({ version, key }) => ({ version, hash: await hmacHex(key, "handle", handle.toLowerCase()) })),
  );
}

async function claimHandle(ports: SocialPorts & HandlePorts, handle: string): Promise<void> {
  const { directory, actor } = ports;
  const hashes = await handleHashes(ports.handleKeys, handle);
  const all = JSON.stringify(hashes.map(({ hash }) => hash));
  const [current] = hashes;
  if (current === undefined) throw new TypeError("a directory without a key");
  const [, written] = await directory.batch<{ person_id: string }>([
    directory
      .prepare(
        `delete from handles where person_id = ?1 and not exists (select 1 from handles where person_id <> ?1 and handle_hash in (select value from json_each(?2)))`,
      )
      .bind(actor.person, all),
    directory
      .prepare(
        `insert into handles (handle_hash, key_version, person_id, claimed_at) select ?1, ?2, ?3, ?4
         where not exists (select 1 from handles where handle_hash in (select value from json_each(?5))) on conflict do nothing`,
      )
      .bind(current.hash, current.version, actor.person, ports.now(), all),
  ]);
  if (written?.meta.changes !== 1) throw problem("conflict", "Somebody has this handle.");
}

async function freeHandle({ directory, actor }: SocialPorts & HandlePorts): Promise<void> {
  await directory.prepare("delete from handles where person_id = ?").bind(actor.person).run();
}

function profileOf(row: Row): OwnProfile {
  return {
    handle: row.handle,
    about: row.about,
    pronouns: row.pronouns,
    area: row.area,
    activities: listSchema.parse(JSON.parse(row.activities ?? "[]")),
    visibility: visibilityOf(row.visibility),
    following: row.follow_rule ?? "nobody",
    requests: row.asks ?? "everybody",
    posting: postingSchema.parse(JSON.parse(row.posting ?? "{}")),
    version: row.version ?? 0,
  };
}

function postingOf({ posting }: OwnProfile, change: ProfileChange): OwnProfile["posting"] {
  return Object.fromEntries(
    Object.entries({ ...posting, ...definedOf(change.posting ?? {}) }).filter(([, audience]) => audience !== "nobody"),
  );
}

function definedOf<T extends object>(of: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
