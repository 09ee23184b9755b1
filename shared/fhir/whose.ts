import { type PersonId, parseId } from "../id";
import { REGIONS } from "../region";
import { personOfPatientId } from "./ids";
import { URN } from "./systems";

/** Whom an interaction is about, as far as it says so: a person by their id, or by the part of it that ids of their resources begin with. */
export type Named = { readonly person: PersonId } | { readonly ulid: string };

/** What an interaction says: what its path names, its parameters, and the text of its body. */
export interface Said {
  readonly type?: string | undefined;
  readonly id?: string | undefined;
  readonly params?: readonly (readonly [string, string])[] | undefined;
  readonly body?: string | undefined;
}

const OWNED = /^([0-7][0-9a-hjkmnp-tv-z]{25})\./;
/** The parameters by which resources belong to a person, with a modifier or without. */
const ABOUT = /^(?:patient|subject|individual|member)(?::Patient)?$/;
const REFERENCE = /"(?:reference|url)"\s*:\s*"(?:[^"?]{0,500}\/)?Patient\/([A-Za-z0-9_-]{1,64})(?=["/?])/g;
/** Whom the criteria of a Subscription name. */
const IN_CRITERIA = /"(?:criteria|valueString)"\s*:\s*"[^"]{0,2000}?[?&](?:patient|subject)=(?:Patient\/)?([A-Za-z0-9_-]{1,64})(?=["&])/g;
const URL_OF_ENTRY = /"url"\s*:\s*"([^"]{1,2000})"/g;

/** Everybody whom an interaction names, each once. */
export function namedIn({ type = "", id = "", params = [], body = "" }: Said): Named[] {
  const found = new Map<string, Named>();
  const add = (one: Named | undefined) => {
    if (one !== undefined) found.set("person" in one ? one.person : one.ulid, one);
  };
  add(byId(type, id));
  for (const [name, value] of params) {
    for (const one of value.split(",")) {
      if (ABOUT.test(name)) add(byId("Patient", one.slice(one.lastIndexOf("/") + 1)));
      else if (name === "_id") add(byId(type, one));
      else if (name === "identifier" && type === "Patient") add(byId("Patient", one.replace(`${URN.person}|`, "")));
    }
  }
  for (const patient of firstsOf(body, REFERENCE)) add(byId("Patient", patient));
  if (body.includes('"Subscription"')) for (const patient of firstsOf(body, IN_CRITERIA)) add(byId("Patient", patient));
  if (body.includes('"Bundle"')) {
    for (const url of firstsOf(body, URL_OF_ENTRY)) {
      const [path = "", query = ""] = url.split("?", 2);
      const [kind = "", inner = ""] = path.replace(/^\//, "").split("/");
      for (const one of namedIn({ type: kind, id: inner, params: [...new URLSearchParams(query)] })) add(one);
    }
  }
  const people = [...found.values()].flatMap((one) => ("person" in one ? [one.person] : []));
  return [...found.values()].filter((one) => "person" in one || !people.some((person) => person.endsWith(`_${one.ulid}`)));
}

/** What the first group of a pattern finds, each once: in a Bundle most entries say the same. */
function firstsOf(text: string, pattern: RegExp): Set<string> {
  const found = new Set<string>();
  for (const [, first = ""] of text.matchAll(pattern)) found.add(first);
  return found;
}

/** The ids that a person with this part of one can have: it says no region. */
export function candidatesOf(named: Named): PersonId[] {
  if ("person" in named) return [named.person];
  return REGIONS.flatMap((region) => parseId("person", `per_${region}_${named.ulid}`) ?? []);
}

function byId(type: string, id: string): Named | undefined {
  if (type === "Patient") {
    const person = personOfPatientId(id);
    return person === undefined ? undefined : { person };
  }
  const ulid = OWNED.exec(id)?.[1];
  return ulid === undefined ? undefined : { ulid };
}
