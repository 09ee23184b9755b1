import type { AskedPeriod } from "../../durable-objects/vault/asked-period";
import type { ReadPorts } from "./ports";

/** The sources of a metric side by side, as JSON text. */
export async function compareSources({ vault, actor }: ReadPorts, key: string, period: AskedPeriod): Promise<string> {
  return await vault.compareSources(actor, { key, period });
}
