import { CATEGORIES, type Scope } from "./vocabulary";

/**
 * The scopes that a machine client may register, and what each is good for. The one table of scopes: an authorization of people would add
 * its own here. SMART's system scopes mean everything that is not special, because everything that is read is an Observation.
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

/** What scopes are good for; a name that is not in the table is good for nothing. */
export function meaningOf(scopes: readonly string[]): Scope[] {
  return [...new Set(scopes.flatMap((scope) => MEANINGS.get(scope) ?? []))];
}

/** The scopes of an OAuth parameter or claim (RFC 6749 §3.3): names parted by single spaces. */
export function scopesIn(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}

/**
 * The scopes of a new token: those asked for, or all that are registered where none is named. Undefined where one of them is not
 * registered or the text is not well formed: nothing is granted in part.
 */
export function grantedScopes(registered: readonly string[], asked: string | undefined): string[] | undefined {
  const wanted = asked === undefined ? [...registered] : scopesIn(asked);
  if (wanted.length === 0 || !wanted.every((scope) => registered.includes(scope) && MEANINGS.has(scope))) return undefined;
  return [...new Set(wanted)];
}
