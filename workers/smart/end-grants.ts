import { DAY_MS } from "../../shared/clock";
import { parseId } from "../../shared/id";
import { isProblem } from "../../shared/problem";
import { REGIONS, type Region } from "../../shared/region";
import { endSession, type SessionPorts } from "../sessions";

/** So many are ended at once in a region; the clock sees to the rest. */
const AT_ONCE = 100;
/** Apps that were removed longer ago have nothing left. */
const LOOKED_BACK_MS = 30 * DAY_MS;

/** What people gave to apps of this region's sessions, as the index of living ones has it. */
export const GRANTS_QUERY = `select id, person_id from sessions
  where revoked_at is null and client_id >= 'app_' and client_id in (select value from json_each(?1)) limit ${AT_ONCE}`;
/** Apps of a region that were removed lately. */
export const REMOVED_QUERY = "select id from apps where revoked_at is not null and revoked_at > ?1";

/** Ends what people gave to apps that were removed, a hundred in each region; returns how many. What is left gets no further token all the same. */
export async function endGrantsOf(ports: SessionPorts, apps: readonly string[]): Promise<number> {
  if (apps.length === 0) return 0;
  const counts = await Promise.all(REGIONS.map(async (region) => await endIn(ports, region, apps)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Goes on with it, for every app that was removed lately. */
export async function sweepGrants(ports: SessionPorts): Promise<number> {
  const removed = await Promise.all(
    REGIONS.map(async (region) => {
      const query = ports
        .stores(region)
        .records.prepare(REMOVED_QUERY)
        .bind(ports.now() - LOOKED_BACK_MS);
      return (await query.all<{ id: string }>()).results.map(({ id }) => id);
    }),
  );
  return await endGrantsOf(ports, removed.flat());
}

async function endIn(ports: SessionPorts, region: Region, apps: readonly string[]): Promise<number> {
  const query = ports.stores(region).records.prepare(GRANTS_QUERY).bind(JSON.stringify(apps));
  const { results } = await query.all<{ id: string; person_id: string }>();
  await Promise.all(
    results.map(async ({ id, person_id }) => {
      const [session, person] = [parseId("session", id), parseId("person", person_id)];
      if (session === undefined || person === undefined) return;
      try {
        await endSession(ports, person, session, "app_removed");
      } catch (error) {
        // The session has ended in the records; a vault that does not answer takes its access token until that runs out.
        if (!isProblem(error)) throw error;
      }
    }),
  );
  return results.length;
}
