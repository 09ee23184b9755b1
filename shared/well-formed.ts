/**
 * Where a JSON value has a text or a name with half a pair of surrogates, which UTF-8 cannot say; undefined where it has none. Values may be
 * nested as deep as they like.
 */
export function illFormedIn(value: unknown): string[] | undefined {
  const left: (readonly [unknown, Place | undefined])[] = [[value, undefined]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [here, place] = next;
    if (typeof here === "string" && !here.isWellFormed()) return pathOf(place);
    if (typeof here !== "object" || here === null) continue;
    for (const [name, inner] of Object.entries(here)) {
      if (!name.isWellFormed()) return pathOf({ name, within: place });
      if (typeof inner === "string" ? !inner.isWellFormed() : typeof inner === "object") left.push([inner, { name, within: place }]);
    }
  }
  return undefined;
}

/** Names are joined only where something is found: most values are well formed. */
interface Place {
  readonly name: string;
  readonly within: Place | undefined;
}

function pathOf(place: Place | undefined): string[] {
  const path: string[] = [];
  for (let at = place; at !== undefined; at = at.within) path.unshift(at.name);
  return path;
}
