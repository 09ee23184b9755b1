import type { SyncJob } from "../../durable-objects/vault/connections/job-rows";
import { problem } from "../../shared/problem";
import type { SyncPointer } from "../../shared/vendors/pointer";
import type { OwnPorts } from "./ports";

/** Queues a sync of the person's connections, or of those to one vendor. Problems: `not_found`, `vendor_retired`, `unavailable`. */
export async function requestSync({ vault, actor, queue }: OwnPorts, vendor: string | undefined): Promise<SyncJob> {
  const { job, connections } = await vault.requestSync(actor, vendor);
  const pointers = connections.map((connection): SyncPointer => ({ kind: "asked", person: actor.person, connection, job: job.id }));
  try {
    if (pointers.length > 0) await queue.sendBatch(pointers.map((body) => ({ body })));
  } catch {
    throw problem("unavailable", "The sync could not be queued.", { retryAfter: 5 });
  }
  return job;
}
