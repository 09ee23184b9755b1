import { ID_KINDS, type IdKind, type PersonId, regionOf } from "../id";
import type { Region } from "../region";

/** Kinds of ids that name somebody or something else, which stays where it is. */
const OTHERS: ReadonlySet<string> = new Set<IdKind>([
  "person",
  "session",
  "organisation",
  "client",
  "programme",
  "researchExport",
  "webhook",
  "room",
  "attachment",
  "challenge",
  "team",
  "appeal",
  "socialGroup",
  "invitation",
  "report",
]);
/** Kinds of ids that belong to the person in whose vault they stand. */
const OWN = Object.entries(ID_KINDS).flatMap(([kind, prefix]) => (OTHERS.has(kind) ? [] : [prefix]));

/**
 * How texts change when a person moves. The person gets a fresh id, so that somebody who comes back does not meet their own tombstone;
 * everything that is theirs keeps its kind and its ULID and names the new region. Ids of other persons stay as they are.
 */
export function movedIds(from: PersonId, to: PersonId): (text: string) => string {
  const before = regionOf(from);
  const after = regionOf(to);
  // FHIR ids have hyphens for underscores, and those of readings begin with the ULID alone.
  const own = new RegExp(`\\b(${OWN.join("|")})([_-])${before}\\2([0-7][0-9a-hjkmnp-tv-z]{25})\\b`, "g");
  const person = [
    [from, to],
    [from.replaceAll("_", "-"), to.replaceAll("_", "-")],
    [ulidOf(from), ulidOf(to)],
  ] as const;
  return (text) => {
    if (text.length < 26) return text;
    let moved = text.replaceAll(own, `$1$2${after}$2$3`);
    for (const [old, fresh] of person) moved = moved.replaceAll(old, fresh);
    return moved;
  };
}

/** One id in another region, with its kind and ULID. */
export function inRegion<T extends string>(id: T, region: Region): T {
  return id.replace(/^([a-z]{3})_[a-z]{2}_/, `$1_${region}_`) as T;
}

function ulidOf(person: PersonId): string {
  return person.slice(7);
}
