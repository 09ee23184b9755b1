import { versionIn } from "../../shared/http/if-match";
import type { LabForm } from "../../shared/labs/form";
import { labTest } from "../../shared/labs/catalogue";
import type { LabPorts } from "./ports";

/** Adds a result that somebody typed; answers it as JSON text. */
export async function addResult(
  ports: LabPorts,
  { reportId, ...form }: LabForm & { readonly reportId?: string | undefined },
): Promise<string> {
  return await ports.vault.addLabResult(ports.actor, form, reportId, await definitionOf(ports, form.test));
}

/** Replaces what a result says, or parts of it; answers it as JSON text. */
export async function changeResult(
  ports: LabPorts,
  id: string,
  change: Partial<LabForm>,
  how: { readonly isWhole: boolean; readonly ifMatch: string | undefined },
): Promise<string> {
  const key = change.test ?? (how.isWhole ? undefined : await testOf(ports, id));
  const definition = await definitionOf(ports, key);
  return await ports.vault.changeLabResult(ports.actor, id, change, {
    isWhole: how.isWhole,
    ifEdition: versionIn(how.ifMatch),
    definition,
  });
}

/** A test that the code does not have is one that the region's administrators added, or none. */
async function definitionOf(ports: LabPorts, key: string | undefined) {
  return key === undefined || labTest(key) !== undefined ? undefined : await ports.addedTest(key);
}

async function testOf({ vault, actor }: LabPorts, id: string): Promise<string | undefined> {
  const { test } = JSON.parse(await vault.labResult(actor, id, false)) as { test: string | null };
  return test ?? undefined;
}
