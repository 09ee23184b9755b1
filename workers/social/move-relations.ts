import { inRegion } from "../../shared/erasure/moved-ids";
import { type PersonId, regionOf } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";

/** Somebody who gets a new id in another region. */
export interface Mover {
  readonly from: PersonId;
  readonly to: PersonId;
  readonly home: Region;
}

type Row = Record<string, string | number | null>;

/** Tables whose rows lie with others, in whatever region, and name the person in these columns. They stay where they are, under the new id. */
const NAMED: readonly (readonly [table: string, column: string])[] = [
  ["ties", "person_id"],
  ["ties", "other_id"],
  ["social_group_members", "person_id"],
  ["social_groups_elsewhere", "person_id"],
  ["posts", "person_id"],
  ["post_comments", "person_id"],
  ["post_reactions", "person_id"],
  ["invitations", "person_id"],
  ["invitation_uses", "person_id"],
  ["reports", "subject_id"],
  ["reports", "author_id"],
  ["reports", "reporter_id"],
];

/** The statements that put the new id in place of the old one in a region. Repeating them changes nothing. */
export function movedRelations(records: D1Database, { from, to }: Mover): D1PreparedStatement[] {
  return NAMED.map(([table, column]) =>
    records.prepare(`update or ignore ${table} set ${column} = ?1 where ${column} = ?2`).bind(to, from),
  );
}

/**
 * Brings to the new region what has to be read there: the ties of the person and about them, and pointers to groups of other regions. What of
 * the ties lies in a region of neither is taken out. After `movedRelations` of every region; repeating it changes nothing.
 */
export async function bringRelations(recordsOf: (region: Region) => D1Database, mover: Mover): Promise<void> {
  const { to } = mover;
  await bringPosts(recordsOf, mover);
  const there = recordsOf(regionOf(to));
  const groups = new Set<string>();
  for (const region of REGIONS) {
    if (region === regionOf(to)) continue;
    const records = recordsOf(region);
    const [ties, members, pointers] = await records.batch<Row>([
      records.prepare("select * from ties where person_id = ?1 union select * from ties where other_id = ?1").bind(to),
      records.prepare("select group_id from social_group_members where person_id = ?").bind(to),
      records.prepare("select group_id from social_groups_elsewhere where person_id = ?").bind(to),
    ]);
    await inSlices(
      (ties?.results ?? []).map((row) => {
        const columns = Object.keys(row);
        const isNewer = columns.map((column) => `${column} = excluded.${column}`).join(", ");
        return there
          .prepare(
            `insert into ties (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})
             on conflict do update set ${isNewer} where ties.rev < excluded.rev`,
          )
          .bind(...Object.values(row));
      }),
      async (slice) => await there.batch(slice),
    );
    for (const { group_id } of [...(members?.results ?? []), ...(pointers?.results ?? [])]) groups.add(String(group_id));
    await records.batch([
      records.prepare("delete from ties where person_id = ?1 and substr(other_id, 5, 2) <> ?2").bind(to, region),
      records.prepare("delete from ties where other_id = ?1 and substr(person_id, 5, 2) <> ?2").bind(to, region),
      records.prepare("delete from social_groups_elsewhere where person_id = ?").bind(to),
    ]);
  }
  await there
    .prepare(
      "insert into social_groups_elsewhere (person_id, group_id) select ?1, value from json_each(?2) where true on conflict do nothing",
    )
    .bind(to, JSON.stringify([...groups].filter((group) => regionOf(group) !== regionOf(to))))
    .run();
}

/** A post lies in its author's region, with what others did under it: it gets an id there, under which everything of it is brought over. */
async function bringPosts(recordsOf: (region: Region) => D1Database, { to, home }: Mover): Promise<void> {
  const region = regionOf(to);
  const [old, there] = [recordsOf(home), recordsOf(region)];
  for (;;) {
    const { results: posts } = await old
      .prepare("select * from posts where person_id = ? and group_id is null order by id limit ?")
      .bind(to, POSTS)
      .all<Row>();
    const ids = JSON.stringify(posts.map(({ id }) => id));
    const [comments, reactions] = await old.batch<Row>([
      old.prepare("select * from post_comments where post_id in (select value from json_each(?))").bind(ids),
      old.prepare("select * from post_reactions where post_id in (select value from json_each(?))").bind(ids),
    ]);
    const under = (row: Row): Row => ({ ...row, post_id: inRegion(String(row["post_id"]), region) });
    const statements = [
      ...posts.map((row) => insertion(there, "posts", { ...row, id: inRegion(String(row["id"]), region) })),
      ...(comments?.results ?? []).map((row) =>
        insertion(there, "post_comments", { ...under(row), id: inRegion(String(row["id"]), region) }),
      ),
      ...(reactions?.results ?? []).map((row) => insertion(there, "post_reactions", under(row))),
    ];
    await inSlices(statements, async (slice) => await there.batch(slice));
    await old.prepare("delete from posts where id in (select value from json_each(?))").bind(ids).run();
    if (posts.length < POSTS) return;
  }
}

const POSTS = 20;

function insertion(records: D1Database, table: string, row: Row): D1PreparedStatement {
  const columns = Object.keys(row);
  return records
    .prepare(`insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")}) on conflict do nothing`)
    .bind(...Object.values(row));
}

const SLICE = 50;

async function inSlices(
  statements: readonly D1PreparedStatement[],
  run: (slice: D1PreparedStatement[]) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < statements.length; at += SLICE) await run(statements.slice(at, at + SLICE));
}
