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
export async function bringRelations(recordsOf: (region: Region) => D1Database, { to }: Mover): Promise<void> {
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

const SLICE = 50;

async function inSlices(
  statements: readonly D1PreparedStatement[],
  run: (slice: D1PreparedStatement[]) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < statements.length; at += SLICE) await run(statements.slice(at, at + SLICE));
}
