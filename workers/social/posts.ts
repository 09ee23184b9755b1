import * as z from "zod";
import { DAY_MS } from "../../shared/clock";
import { newId, parseId, type PersonId, type PostId, regionOf, type SocialGroupId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import {
  audienceOf,
  type PostAudience,
  type PostedKind,
  type PostKind,
  reachOf,
  type Reaction,
  REACTIONS,
} from "../../shared/social/posts";
import { requireSession, sessionGuard } from "../sessions";
import type { Card } from "./cards";
import { openAsMember } from "./groups";
import type { SocialContext, SocialPorts } from "./ports";
import { readersOf, viewOfAuthor } from "./readers";
import { areBlocked, hiddenFrom, roleIn } from "./relations";

const MOST_A_DAY = 100;

/** A few facts of what a post is about: texts and numbers with their unit. */
export const factSchema = z.strictObject({
  label: z.string().max(60),
  value: z.union([z.string().max(120), z.number()]),
  unit: z.string().max(20).optional(),
});
export const cardFactsSchema = z.strictObject({ title: z.string().max(120), facts: z.array(factSchema).max(8) });
export type CardFacts = z.output<typeof cardFactsSchema>;

export interface PostRow {
  id: PostId;
  person_id: string;
  group_id: string | null;
  kind: PostKind;
  body: string;
  card: string | null;
  reach: number;
  version: number;
  created_at: number;
  edited_at: number | null;
  removed_at: number | null;
  removed_for: string | null;
}

export const POST_COLUMNS = "id, person_id, group_id, kind, body, card, reach, version, created_at, edited_at, removed_at, removed_for";

/** A post as somebody sees it. Times epoch ms. */
export interface Post {
  readonly id: PostId;
  readonly author: Card;
  readonly kind: PostKind;
  readonly text: string;
  readonly card: CardFacts | null;
  /** Null for a post in a group. */
  readonly audience: PostAudience | null;
  readonly group: string | null;
  readonly version: number;
  readonly createdAt: number;
  readonly editedAt: number | null;
  readonly comments: number;
  readonly reactions: Readonly<Record<Reaction, number>>;
  readonly yourReaction: Reaction | null;
  /** Why a moderator took it out: for its author alone. */
  readonly removedFor: string | null;
}

export interface NewPost {
  readonly kind: PostKind;
  readonly text: string;
  readonly card: CardFacts | null;
  readonly audience: PostAudience;
}

/** Posts something: for an audience, or into a group. Problems `not_found` for a group in which the actor is not, `rate_limited`. */
export async function writePost(ports: SocialPorts, post: NewPost, group?: string): Promise<Post> {
  const { actor, records } = ports;
  const now = ports.now();
  const into = group === undefined ? undefined : (await openAsMember(ports, group)).id;
  const region = into === undefined ? ports.region : regionOf(into);
  const home = ports.recordsOf(region);
  const [guard] = await records.batch([sessionGuard(records, actor, now)]);
  requireSession(guard);
  const today = await home
    .prepare("select count(*) as n from posts where person_id = ?1 and id > ?2")
    .bind(actor.person, newId("post", region, now - DAY_MS, zeros))
    .first<number>("n");
  if ((today ?? 0) >= MOST_A_DAY) throw problem("rate_limited", "That was enough for a day.", { retryAfter: DAY_MS / 1_000 });
  const id = newId("post", region, now, ports.random);
  await insertPost(home, { id, person: actor.person, group: into, fact: null, now, ...post }).run();
  const [view] = await viewPosts(ports, [await readRow(ports, id)]);
  if (view === undefined) throw notFound("post");
  return view;
}

/** What another domain knows of somebody, to be posted if they want that. */
export interface Happening {
  readonly kind: PostedKind;
  /** Names the fact: it is posted once, however often it is told. */
  readonly key: string;
  /** What readers see: nothing of a special category, no place, no pulse. */
  readonly card: CardFacts;
  /** Into a group instead of to the audience that the person has chosen; only where they are a member. */
  readonly group?: SocialGroupId;
}

const postingSchema = z.partialRecord(z.string(), z.string());

/**
 * Posts for a person what has just happened, where they have chosen that such things are posted, to the audience they chose for it. Told again, it
 * is not posted again. Returns the post's id, or undefined where nothing was posted.
 */
export async function postToFeed(
  context: SocialContext,
  person: PersonId,
  { kind, key, card, group }: Happening,
): Promise<PostId | undefined> {
  const home = context.recordsOf(regionOf(person));
  const stored = await home.prepare("select posting from social_profiles where person_id = ?").bind(person).first<string>("posting");
  const audience = postingSchema.parse(JSON.parse(stored ?? "{}"))[kind];
  if (audience === undefined || (group !== undefined && (await roleIn(context, group, person)) === undefined)) return undefined;
  const region = group === undefined ? regionOf(person) : regionOf(group);
  const now = context.now();
  const id = newId("post", region, now);
  const facts = cardFactsSchema.parse(card);
  const reach = audience === "everybody" || audience === "followers" ? audience : "friends";
  const { meta } = await insertPost(context.recordsOf(region), {
    id,
    person,
    group,
    fact: factName(kind, key),
    now,
    kind,
    text: "",
    card: facts,
    audience: reach,
  }).run();
  return meta.changes === 1 ? id : undefined;
}

/** Takes out what was posted by itself of a fact that holds no more. Done already is fine. */
export async function takeOutOfFeed(
  context: SocialContext,
  person: PersonId,
  { kind, key }: Pick<Happening, "kind" | "key">,
): Promise<void> {
  await context
    .recordsOf(regionOf(person))
    .prepare("delete from posts where person_id = ? and fact = ?")
    .bind(person, factName(kind, key))
    .run();
}

function factName(kind: PostedKind, key: string): string {
  return `${kind} ${key}`.slice(0, 200);
}

function insertPost(
  records: D1Database,
  {
    id,
    person,
    group,
    kind,
    text,
    card,
    audience,
    fact,
    now,
  }: NewPost & {
    readonly id: PostId;
    readonly person: PersonId;
    readonly group: SocialGroupId | undefined;
    readonly fact: string | null;
    readonly now: number;
  },
): D1PreparedStatement {
  return records
    .prepare(
      `insert into posts (id, person_id, group_id, kind, body, card, reach, fact, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    )
    .bind(id, person, group ?? null, kind, text, card === null ? null : JSON.stringify(card), reachOf(audience), fact, now);
}

/** A post that the actor may see now. Problems `session_ended`, `not_found`. */
export async function openPost(ports: SocialPorts, text: string): Promise<PostRow> {
  const row = await findPost(ports, text);
  if (!(await maySee(ports, row))) throw notFound("post");
  return row;
}

/** A post of the actor's own, which stays theirs to delete wherever it stands. Problems `session_ended`, `not_found`. */
export async function openOwnPost(ports: SocialPorts, text: string): Promise<PostRow> {
  const row = await findPost(ports, text);
  if (row.person_id !== ports.actor.person) throw notFound("post");
  return row;
}

/** A post, whoever may see it. */
async function findPost(ports: SocialPorts, text: string): Promise<PostRow> {
  const { actor, records } = ports;
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  const id = parseId("post", text);
  if (id === undefined) throw notFound("post");
  return await readRow(ports, id);
}

/** Whether the actor sees a post, judged by what the author, the actor and the group say at this moment. */
async function maySee(ports: SocialPorts, row: PostRow): Promise<boolean> {
  const { actor } = ports;
  const isOwn = row.person_id === actor.person;
  const author = parseId("person", row.person_id);
  if (author === undefined || (row.removed_at !== null && !isOwn)) return false;
  const group = row.group_id === null ? undefined : parseId("socialGroup", row.group_id);
  if (group !== undefined) {
    // Whoever is out of the group sees no more of what goes on there, under their own post either.
    const [role, blocked] = await Promise.all([
      roleIn(ports, group, actor.person),
      isOwn ? false : areBlocked(ports, actor.person, author),
    ]);
    return role !== undefined && !blocked;
  }
  if (isOwn) return true;
  const [least] = await readersOf(ports, [author]);
  return least !== undefined && row.reach >= least.reach;
}

async function readRow({ recordsOf }: SocialContext, id: PostId): Promise<PostRow> {
  const row = await recordsOf(regionOf(id)).prepare(`select ${POST_COLUMNS} from posts where id = ?`).bind(id).first<PostRow>();
  if (row === null) throw notFound("post");
  return row;
}

export async function readPost(ports: SocialPorts, id: string): Promise<Post> {
  const [view] = await viewPosts(ports, [await openPost(ports, id)]);
  if (view === undefined) throw notFound("post");
  return view;
}

/** Changes the words or the audience of the actor's own post. Problems `not_found`, `precondition_failed`, `conflict` for one that was taken out. */
export async function changePost(
  ports: SocialPorts,
  text: string,
  change: { readonly text?: string | undefined; readonly audience?: PostAudience | undefined },
  version: number | undefined,
): Promise<Post> {
  const row = await openPost(ports, text);
  if (row.person_id !== ports.actor.person) throw notFound("post");
  if (row.removed_at !== null) throw problem("conflict", "A moderator has taken this post out.");
  const { meta } = await ports
    .recordsOf(regionOf(row.id))
    .prepare(
      `update posts set body = ?2, reach = ?3, version = version + 1, edited_at = case when body = ?2 then edited_at else ?4 end
       where id = ?1 and version = coalesce(?5, version)`,
    )
    .bind(
      row.id,
      change.text ?? row.body,
      change.audience === undefined ? row.reach : reachOf(change.audience),
      ports.now(),
      version ?? null,
    )
    .run();
  if (meta.changes !== 1) throw problem("precondition_failed");
  return await readPost(ports, row.id);
}

/** Deletes a post with its comments and reactions: the author's own, or in a group by its owners and administrators. Problem `not_found`, `forbidden`. */
export async function deletePost(ports: SocialPorts, text: string): Promise<void> {
  const row = await findPost(ports, text);
  if (row.person_id !== ports.actor.person) {
    if (!(await maySee(ports, row))) throw notFound("post");
    await requireHand(ports, row, row.person_id);
  }
  await ports.recordsOf(regionOf(row.id)).prepare("delete from posts where id = ?").bind(row.id).run();
}

/** Problem `forbidden` for whoever neither wrote something nor keeps order in the group where it stands. */
export async function requireHand(ports: SocialPorts, post: PostRow, author: string): Promise<void> {
  if (author === ports.actor.person) return;
  const group = post.group_id === null ? undefined : parseId("socialGroup", post.group_id);
  const role = group === undefined ? undefined : await roleIn(ports, group, ports.actor.person);
  if (role !== "owner" && role !== "admin") throw problem("forbidden", "This is somebody else's.");
}

interface Count {
  post_id: string;
  kind: Reaction | "comment";
  n: number;
  mine: number;
}

/** What is counted of posts `?1`, without what people of `?2` did, and which reaction is `?3`'s. */
export const COUNTS_QUERY = `select post_id, kind, count(*) as n, sum(person_id = ?3) as mine from post_reactions
    where post_id in (select value from json_each(?1)) and person_id not in (select value from json_each(?2)) group by post_id, kind
  union all select post_id, 'comment', count(*), 0 from post_comments
    where post_id in (select value from json_each(?1)) and person_id not in (select value from json_each(?2)) and removed_at is null group by post_id`;

/** Posts with their authors, counts and the actor's reaction, by one question to each region. What people did whom the actor does not see is not counted. */
export async function viewPosts(ports: SocialPorts, rows: readonly PostRow[]): Promise<Post[]> {
  const { actor } = ports;
  const hidden = JSON.stringify(await hiddenFrom(ports, actor.person));
  const [counts, shown] = await Promise.all([
    Promise.all(
      [...Map.groupBy(rows, ({ id }) => regionOf(id))].map(
        async ([region, list]) =>
          (
            await ports
              .recordsOf(region)
              .prepare(COUNTS_QUERY)
              .bind(JSON.stringify(list.map(({ id }) => id)), hidden, actor.person)
              .all<Count>()
          ).results,
      ),
    ),
    viewOfAuthor(ports, rows),
  ]);
  const byPost = Map.groupBy(counts.flat(), ({ post_id }) => post_id);
  return rows.map((row) => {
    const own = byPost.get(row.id) ?? [];
    const isOwn = row.person_id === actor.person;
    return {
      id: row.id,
      author: shown(row),
      kind: row.kind,
      text: row.body,
      card: row.card === null ? null : cardFactsSchema.parse(JSON.parse(row.card)),
      audience: row.group_id === null ? audienceOf(row.reach) : null,
      group: row.group_id,
      version: row.version,
      createdAt: row.created_at,
      editedAt: row.edited_at,
      comments: own.find(({ kind }) => kind === "comment")?.n ?? 0,
      reactions: reactionsIn(own),
      yourReaction: REACTIONS.find((kind) => own.some((count) => count.kind === kind && count.mine > 0)) ?? null,
      removedFor: isOwn ? row.removed_for : null,
    };
  });
}

function reactionsIn(counts: readonly Count[]): Record<Reaction, number> {
  const of = (reaction: Reaction) => counts.find(({ kind }) => kind === reaction)?.n ?? 0;
  return { like: of("like"), cheer: of("cheer"), strong: of("strong"), wow: of("wow"), support: of("support") };
}

/** Reacts to a post, in place of an earlier reaction. Problem `not_found`. */
export async function react(ports: SocialPorts, text: string, kind: Reaction): Promise<Post> {
  const row = await openPost(ports, text);
  await ports
    .recordsOf(regionOf(row.id))
    .prepare(
      `insert into post_reactions (post_id, person_id, kind, reacted_at) select id, ?2, ?3, ?4 from posts where id = ?1
       on conflict do update set kind = excluded.kind, reacted_at = excluded.reacted_at`,
    )
    .bind(row.id, ports.actor.person, kind, ports.now())
    .run();
  const author = parseId("person", row.person_id);
  if (author !== undefined && author !== ports.actor.person)
    await ports.tell(author, "reaction", `reaction ${row.id} ${ports.actor.person}`, { post: row.id });
  return await readPost(ports, row.id);
}

/** Takes the actor's reaction back; done already is fine. Problem `not_found`. */
export async function unreact(ports: SocialPorts, text: string): Promise<void> {
  const row = await openPost(ports, text);
  await ports
    .recordsOf(regionOf(row.id))
    .prepare("delete from post_reactions where post_id = ? and person_id = ?")
    .bind(row.id, ports.actor.person)
    .run();
}

function zeros(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.fill(0);
}
