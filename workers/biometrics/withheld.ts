import type { ReadPorts } from "./ports";

/** Why somebody reads their own data: `guidance` where a model reads it for them. */
export type ReadPurpose = "personal" | "guidance" | undefined;

/** What the vault is told of it. */
export function saidPurpose(purpose: ReadPurpose): "guidance" | undefined {
  return purpose === "guidance" ? purpose : undefined;
}

/** The last member of an answer that a model reads, as JSON text: which sources it leaves out, and why. Nothing for every other read. */
export async function withheldMember({ vault, actor }: ReadPorts, purpose: ReadPurpose): Promise<string> {
  if (purpose !== "guidance" || actor.kind !== "person") return "";
  return `,"withheld":${JSON.stringify(await vault.withheldFromModels(actor))}`;
}
