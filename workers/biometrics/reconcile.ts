import type { AskedPeriod } from "../../durable-objects/vault/asked-period";
import type { ReadPorts } from "./ports";

/** Daily totals beside what readings come to, as JSON text. */
export async function reconcile({ vault, actor }: ReadPorts, key: string, period: AskedPeriod): Promise<string> {
  return await vault.reconcile(actor, { key, period });
}
