import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Region } from "../../shared/region";
import { gateOf } from "../../workers/regional";

/**
 * Closes the circuit breaker of a vendor in a region. Alarms of other tests' vaults go on when their vendor has been taken away: their
 * failures would keep a test waiting that has nothing to do with them.
 */
export async function closeBreaker(region: Region, vendor: string): Promise<void> {
  const gate = gateOf(env, region, `vendor:${vendor}`);
  if ((await gate.standing()).breakers.length === 0) return;
  await runInDurableObject(gate, (_gate, { storage }) => {
    storage.sql.exec("delete from breakers");
  });
}
