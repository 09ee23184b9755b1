import { REGIONS, type Region } from "../../shared/region";

/** Deletes used assertions and revoked tokens that have expired by themselves; returns how many. `now` is epoch milliseconds. */
export async function cleanPartners(records: (region: Region) => D1Database, now: number): Promise<number> {
  const counts = await Promise.all(
    REGIONS.map(async (region) => {
      const results = await records(region).batch(
        ["client_assertions", "revoked_client_tokens", "app_assertions"].map((table) =>
          records(region).prepare(`delete from ${table} where expires_at <= ?`).bind(now),
        ),
      );
      return results.reduce((sum, { meta }) => sum + meta.changes, 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
