import { HOUR_MS } from "../../shared/clock";
import { type Page, type PageQuery, paged } from "../../shared/http/page";
import { type CommentId, newId, parseId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { Card } from "./cards";
import type { SocialPorts } from "./ports";
import { openPost, type PostRow, requireHand } from "./posts";
import { viewOfAuthor } from "./readers";
import { hiddenFrom } from "./relations";

const MOST_AN_HOUR = 100;

/** What somebody wrote under a post. Times epoch ms. */
export interface Comment {
  readonly id: CommentId;
  readonly author: Card;
  readonly text: string;
  readonly createdAt: number;
  readonly editedAt: number | null;
}

interface Row {
  id: CommentId;
  person_id: string;
  body: string;
  created_at: number;
  edited_at: number | null;
}

/** The comments of a post `?1`, oldest first, after the id `?2`, so many (`?3`), without those of people of `?4`. */
export const COMMENTS_QUERY = `select id, person_id, body, created_at, edited_at from post_comments where post_id = ?1 and id > ?2 and removed_at is null
  and person_id not in (select value from json_each(?4)) order by id limit ?3`;

/** The comments of a post that the actor sees. Those of whom they block, or who block them, are not among them. */
export async function listComments(ports: SocialPorts, post: string, query: PageQuery): Promise<Page<Comment>> {
  const on = await openPost(ports, post);
  const hidden = JSON.stringify(await hiddenFrom(ports, ports.actor.person));
  const { items, next } = await paged<Row, string>(
    ports,
    `comments ${on.id}`,
    query,
    async (after, limit) =>
      (
        await ports
          .recordsOf(regionOf(on.id))
          .prepare(COMMENTS_QUERY)
          .bind(on.id, after ?? "", limit, hidden)
          .all<Row>()
      ).results,
    ({ id }) => id,
  );
  return { items: await viewsOf(ports, on, items), next };
}

/** Writes under a post. Problems `not_found`, `rate_limited`. */
export async function writeComment(ports: SocialPorts, post: string, text: string): Promise<Comment> {
  const on = await openPost(ports, post);
  const records = ports.recordsOf(regionOf(on.id));
  const now = ports.now();
  const lately = await records
    .prepare("select count(*) as n from post_comments where person_id = ? and created_at > ?")
    .bind(ports.actor.person, now - HOUR_MS)
    .first<number>("n");
  if ((lately ?? 0) >= MOST_AN_HOUR) throw problem("rate_limited", "That was enough for an hour.", { retryAfter: HOUR_MS / 1_000 });
  const id = newId("comment", regionOf(on.id), now, ports.random);
  const { meta } = await records
    .prepare("insert into post_comments (post_id, id, person_id, body, created_at) select id, ?2, ?3, ?4, ?5 from posts where id = ?1")
    .bind(on.id, id, ports.actor.person, text, now)
    .run();
  if (meta.changes !== 1) throw notFound("post");
  const author = parseId("person", on.person_id);
  if (author !== undefined && author !== ports.actor.person)
    await ports.tell(author, "comment", `comment ${id}`, { post: on.id, comment: id });
  return await viewOf(ports, on, { id, person_id: ports.actor.person, body: text, created_at: now, edited_at: null });
}

/** Changes the actor's own words. Problem `not_found`. */
export async function changeComment(ports: SocialPorts, post: string, id: string, text: string): Promise<Comment> {
  const on = await openPost(ports, post);
  const row = await ports
    .recordsOf(regionOf(on.id))
    .prepare(
      `update post_comments set body = ?4, edited_at = ?5 where post_id = ?1 and id = ?2 and person_id = ?3 and removed_at is null
       returning id, person_id, body, created_at, edited_at`,
    )
    .bind(on.id, parseId("comment", id) ?? "", ports.actor.person, text, ports.now())
    .first<Row>();
  if (row === null) throw notFound("comment");
  return await viewOf(ports, on, row);
}

/** Deletes a comment: the actor's own, one under their post, or in a group one by its owners and administrators. Problems `not_found`, `forbidden`. */
export async function deleteComment(ports: SocialPorts, post: string, id: string): Promise<void> {
  const on = await openPost(ports, post);
  const records = ports.recordsOf(regionOf(on.id));
  const comment = parseId("comment", id) ?? "";
  const author = await records
    .prepare("select person_id from post_comments where post_id = ? and id = ? and removed_at is null")
    .bind(on.id, comment)
    .first<string>("person_id");
  if (author === null) throw notFound("comment");
  if (on.person_id !== ports.actor.person) await requireHand(ports, on, author);
  await records.prepare("delete from post_comments where post_id = ? and id = ?").bind(on.id, comment).run();
}

async function viewOf(ports: SocialPorts, on: PostRow, row: Row): Promise<Comment> {
  const [view] = await viewsOf(ports, on, [row]);
  if (view === undefined) throw notFound("comment");
  return view;
}

async function viewsOf(ports: SocialPorts, on: PostRow, rows: readonly Row[]): Promise<Comment[]> {
  const placed = rows.map(({ person_id }) => ({ person_id, group_id: on.group_id }));
  const shown = await viewOfAuthor(ports, placed);
  return rows.map(({ id, person_id, body, created_at, edited_at }) => ({
    id,
    author: shown({ person_id, group_id: on.group_id }),
    text: body,
    createdAt: created_at,
    editedAt: edited_at,
  }));
}
