import { isCoveredBy, systemScope } from "../fhir/client-scopes";
import { CATEGORIES, type Scope } from "./vocabulary";

/**
 * The scopes that a machine client may register, and what each is good for. SMART's system scopes mean everything that is not
 * special here, where everything that is read is a reading; what they mean in the FHIR API, `shared/fhir/client-scopes.ts` says.
 */
const MEANINGS: ReadonlyMap<string, Scope> = new Map<string, Scope>([
  ["read:*", "read:*"],
  ...CATEGORIES.map((category): [string, Scope] => [`read:${category}`, `read:${category}`]),
  ...["system/*.rs", "system/*.read", "system/Observation.rs", "system/Observation.read"].map((smart): [string, Scope] => [
    smart,
    "read:*",
  ]),
]);

export const CLIENT_SCOPES: readonly string[] = [...MEANINGS.keys()];

/** Whether a machine client may register a scope: one of these, or any of SMART's about types of resources, for the FHIR API alone. */
export function isClientScope(scope: string): boolean {
  return MEANINGS.has(scope) || systemScope(scope) !== undefined;
}

/** What scopes are good for beside the FHIR API; a name that is not in the table is good for nothing. */
export function meaningOf(scopes: readonly string[]): Scope[] {
  return [...new Set(scopes.flatMap((scope) => MEANINGS.get(scope) ?? []))];
}

/** The scopes of an OAuth parameter or claim (RFC 6749 §3.3): names parted by single spaces. */
export function scopesIn(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}

/**
 * The scopes of a new token: those asked for, or all that are registered where none is named. Undefined where one of them is neither
 * registered nor part of what is, or the text is not well formed: nothing is granted in part.
 */
export function grantedScopes(registered: readonly string[], asked: string | undefined): string[] | undefined {
  const wanted = asked === undefined ? [...registered] : scopesIn(asked);
  if (wanted.length === 0 || !wanted.every((scope) => isClientScope(scope) && isCoveredBy(registered, scope))) return undefined;
  return [...new Set(wanted)];
}
