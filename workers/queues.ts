import { consumeDeadSync, consumeSync } from "./connections/consume-sync";
import { workFaults } from "../shared/http/residency";
import { consoleLog, type Log } from "../shared/log";
import { buryForwards, consumeForwards } from "./fhir/consume-forward";
import { buryHooks, consumeHooks } from "./webhooks/consume";

/** Works off one batch of a domain's queue; a throw makes the platform deliver the batch again. */
export type Consumer = (batch: MessageBatch, env: Env) => Promise<void>;

/**
 * Queue name without its region → consumer. A dead-letter queue has its own entry (`sync-dlq`), so that what failed for good becomes
 * visible to the person instead of ageing out. Composition: a domain adds its line.
 */
export const CONSUMERS: Readonly<Partial<Record<string, Consumer>>> = {
  sync: consumeSync,
  "sync-dlq": consumeDeadSync,
  fhir: consumeForwards,
  "fhir-dlq": buryForwards,
  hooks: consumeHooks,
  "hooks-dlq": buryHooks,
};

/** `sync-eu` → `sync`, `fhir-us-dlq` → `fhir-dlq`. */
export function familyOf(queue: string): string {
  return queue.replace(/-(?:eu|us|ap)(?=-dlq$|$)/, "");
}

/**
 * Hands a batch to its consumer. Messages of a queue without one are asked for again, and end in its dead-letter queue; so are all where
 * the deployment must not serve.
 */
export async function dispatchBatch(batch: MessageBatch, env: Env, consumers = CONSUMERS, log: Log = consoleLog): Promise<void> {
  const family = familyOf(batch.queue);
  if (workFaults(env).length > 0) {
    log({ event: "queue", queue: batch.queue, messages: batch.messages.length, outcome: "refused" });
    batch.retryAll();
    return;
  }
  const consume = consumers[family];
  if (consume === undefined) {
    log({ event: "queue", queue: batch.queue, messages: batch.messages.length, outcome: "no_consumer" });
    batch.retryAll();
    return;
  }
  try {
    await consume(batch, env);
    log({ event: "queue", queue: batch.queue, messages: batch.messages.length, outcome: "done" });
  } catch (error) {
    log({
      event: "queue",
      queue: batch.queue,
      messages: batch.messages.length,
      outcome: "failed",
      kind: error instanceof Error ? error.name : typeof error,
    });
    throw error;
  }
}
