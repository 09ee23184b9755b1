import { VENDOR_MODULES } from "./vendors";

type Policy = (typeof VENDOR_MODULES)[number]["vendor"]["policy"];

const bySource = new Map(VENDOR_MODULES.map(({ vendor }) => [vendor.source, vendor.policy]));

/** What the owner of a source's vendor demands; undefined for sources that are nobody's interface, such as files and phones. */
export function policyOfSource(vendor: string): Policy | undefined {
  return bySource.get(vendor);
}

/**
 * Whether readings of a source are for their person alone, whatever the person agrees to: its vendor says so, or wants no model to see them,
 * and what others do with what they read nobody knows.
 */
export function isForPersonAlone(vendor: string): boolean {
  const policy = policyOfSource(vendor);
  return policy?.ownDataOnly === true || policy?.noAi === true;
}

/** Whether no model may see readings of a source. */
export function isKeptFromModels(vendor: string): boolean {
  return policyOfSource(vendor)?.noAi === true;
}

/** What a source's vendor demands of whoever shows its readings, as answers tell it. */
export function demandsOf(vendor: string): { readonly attribution?: string; readonly ownDataOnly?: true } {
  const attribution = policyOfSource(vendor)?.attribution;
  return { ...(attribution !== undefined && { attribution }), ...(isForPersonAlone(vendor) && { ownDataOnly: true as const }) };
}
