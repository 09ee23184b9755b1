import { inRegion } from "../../shared/erasure/moved-ids";
import { parseId, regionOf } from "../../shared/id";
import { isProblem } from "../../shared/problem";
import { REGIONS } from "../../shared/region";
import type { MoveJob } from "./job";
import { bringRelations, movedRelations } from "../social";
import type { MovePorts } from "./ports";

const ROOMS_AT_ONCE = 20;
/** Challenges stay in their region, and know their people of whatever region by id. */
const CHALLENGE_TABLES = [
  "challenge_owners",
  "challenge_people",
  "challenge_invitations",
  "challenge_results",
  "challenge_appeals",
] as const;

/** Lets what points to the person follow: pointers to what they share, and the consents that others have given them. */
export async function moveRelations(ports: MovePorts, job: MoveJob): Promise<void> {
  const { from, to, home } = job;
  const region = regionOf(to);
  await Promise.all(
    REGIONS.map(async (one) => {
      const { records } = ports.stores(one);
      const pointers = (table: "shared_with" | "shared_with_partners", more = "") =>
        records
          .prepare(
            `insert into ${table} (grantee_id, owner_id, consent_id${more})
             select grantee_id, ?1, replace(consent_id, ?3, ?4)${more} from ${table} where owner_id = ?2 on conflict do nothing`,
          )
          .bind(to, from, `_${home}_`, `_${region}_`);
      await records.batch([
        pointers("shared_with"),
        pointers("shared_with_partners", ", ends_at"),
        records.prepare("delete from shared_with_partners where owner_id = ?").bind(from),
        // What waits to be sent is sent by the new vault, which has the events.
        records
          .prepare("update or ignore webhook_deliveries set person_id = ?1, event_id = replace(event_id, ?3, ?4) where person_id = ?2")
          .bind(to, from, `_${home}_`, `_${region}_`),
        records.prepare("update or ignore fhir_group_members set person_id = ?1 where person_id = ?2").bind(to, from),
        ...movedRelations(records, job),
        ...CHALLENGE_TABLES.map((table) =>
          records.prepare(`update or ignore ${table} set person_id = ?1 where person_id = ?2`).bind(to, from),
        ),
        records.prepare("update or ignore webhook_people set person_id = ?1 where person_id = ?2").bind(to, from),
      ]);
    }),
  );
  await bringRelations((one) => ports.stores(one).records, job);
  // Conversations stay where they are, and know the person by the new id.
  const rooms = await ports.vault(to).allRooms();
  for (let i = 0; i < rooms.length; i += ROOMS_AT_ONCE)
    await Promise.all(rooms.slice(i, i + ROOMS_AT_ONCE).map(async (room) => await ports.room(room).follow(from, to)));
  const { results } = await ports
    .stores(home)
    .records.prepare("select owner_id, consent_id from shared_with where grantee_id = ?")
    .bind(from)
    .all<{ owner_id: string; consent_id: string }>();
  for (const { owner_id, consent_id } of results) await follow(ports, { from, to, owner_id, consent_id });
}

async function follow(
  ports: MovePorts,
  { from, to, owner_id, consent_id }: Pick<MoveJob, "from" | "to"> & { readonly owner_id: string; readonly consent_id: string },
): Promise<void> {
  const owner = parseId("person", owner_id);
  const consent = parseId("consent", consent_id);
  if (owner === undefined || consent === undefined) return;
  const { records } = ports.stores(regionOf(owner));
  const [there, moved] = await records.batch<{ new_person_id: string }>([
    records.prepare("select 1 from people where id = ?").bind(owner),
    records.prepare("select new_person_id from moves where person_id = ? and state in ('switching', 'done')").bind(owner),
  ]);
  if (there?.results[0] === undefined) {
    // Somebody who was erased gives nothing any more. One who has moved since the pointers were read is where they went.
    const next = parseId("person", moved?.results[0]?.new_person_id ?? "");
    if (next !== undefined) await follow(ports, { from, to, owner_id: next, consent_id: inRegion(consent, regionOf(next)) });
    return;
  }
  try {
    if (!(await ports.vault(owner).regrant(consent, from, to))) return;
  } catch (error) {
    if (isProblem(error) && error.code === "gone") return;
    throw error;
  }
  await ports
    .stores(regionOf(to))
    .records.prepare(
      "insert into shared_with (grantee_id, owner_id, consent_id) select id, ?2, ?3 from people where id = ?1 on conflict do nothing",
    )
    .bind(to, owner, consent)
    .run();
}
