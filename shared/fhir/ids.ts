import { type PersonId, parseId } from "../id";

/**
 * Logical ids. FHIR allows `[A-Za-z0-9\-.]{1,64}`, so ids name the place where the reading lies instead of pointing into an index:
 * `{ulid of the person}.{letter}{metric}.{source}.{start}[.{duration}[.{tag}]]`, numbers in base 36. They are unique on the whole
 * server and stay the same when the reading is corrected.
 */

/** What an Observation is a view of. */
export type Place =
  | {
      readonly kind: "reading";
      readonly metric: number;
      readonly source: number;
      readonly start: number;
      readonly end: number;
      readonly tag: string;
    }
  | { readonly kind: "daily"; readonly metric: number; readonly source: number; readonly date: number }
  | { readonly kind: "segment"; readonly metric: number; readonly source: number; readonly hour: number }
  | { readonly kind: "sleep"; readonly source: number; readonly start: number }
  | { readonly kind: "workout"; readonly source: number; readonly start: number; readonly end: number; readonly tag: string };

export const LETTERS = { reading: "r", daily: "d", segment: "h", sleep: "n", workout: "w", device: "v", line: "l" } as const;

const NUMBER = /^-?[0-9a-z]{1,10}$/;
const TAG = /^[0-9a-f]{8}$/;

/** The Patient id of a person: ids of FHIR know no underscore. */
export function patientId(person: PersonId): string {
  return person.replaceAll("_", "-");
}

/** The id of a resource that is stored for a person: it names them as ids of views do. `unique` is of hexadecimal digits. */
export function storedId(person: PersonId, unique: string): string {
  return `${ownerPart(person)}.s${unique}`;
}

/**
 * A new id of a resource that is stored for a person: its millisecond and then chance, so that what comes together lies together in the
 * trees that are sorted by ids.
 */
export function newStoredId(person: PersonId, now: number): string {
  const chance = crypto.randomUUID().replaceAll("-", "").slice(12);
  return storedId(person, `${Math.floor(now).toString(16).padStart(12, "0")}${chance}`);
}

/** The person a Patient id names, written either way, or undefined. */
export function personOfPatientId(text: string): PersonId | undefined {
  return parseId("person", text.replaceAll("-", "_"));
}

/** The id of the Observation that shows a place in a person's vault. `tag` is shortened with `tagHash`. */
export function observationId(person: PersonId, place: Place): string {
  const head = `${ownerPart(person)}.${LETTERS[place.kind]}`;
  switch (place.kind) {
    case "reading":
    case "workout": {
      const metric = place.kind === "reading" ? n(place.metric) : "";
      const tail = place.tag === "" ? "" : `.${tagHash(place.tag)}`;
      const duration = place.end === place.start && tail === "" ? "" : `.${n(place.end - place.start)}`;
      return `${head}${metric}.${n(place.source)}.${n(place.start)}${duration}${tail}`;
    }
    case "daily":
      return `${head}${n(place.metric)}.${n(place.source)}.${n(place.date)}`;
    case "segment":
      return `${head}${n(place.metric)}.${n(place.source)}.${n(place.hour)}`;
    case "sleep":
      return `${head}.${n(place.source)}.${n(place.start)}`;
  }
}

/** The place an id names in this person's vault, with `tag` still shortened; undefined for any other text or another person's id. */
export function parseObservationId(person: PersonId, id: string): Place | undefined {
  const [owner, head = "", ...rest] = id.split(".");
  if (owner !== ownerPart(person) || rest.length < 2 || rest.length > 4) return undefined;
  const letter = head.slice(0, 1);
  const metric = number(head.slice(1));
  const [source, start, duration] = rest.slice(0, 3).map(number);
  const tag = rest[3] ?? "";
  if (source === undefined || start === undefined || (tag !== "" && !TAG.test(tag))) return undefined;
  if (rest.length > 2 && duration === undefined) return undefined;
  const end = start + (duration ?? 0);
  const place = placeOf(letter, { metric, source, start, end, tag });
  // Only the one canonical spelling of an id is an id.
  return place !== undefined && spelled(person, place, tag) === id ? place : undefined;
}

/** The id of the Device that stands for a source. */
export function deviceId(person: PersonId, source: number): string {
  return `${ownerPart(person)}.${LETTERS.device}.${n(source)}`;
}

/** The source number a Device id names in this person's vault, or undefined. */
export function parseDeviceId(person: PersonId, id: string): number | undefined {
  const source = number(id.split(".")[2] ?? "");
  return source !== undefined && deviceId(person, source) === id ? source : undefined;
}

/** The id of the AuditEvent that shows a line of a person's access log. */
export function auditEventId(person: PersonId, seq: number): string {
  return `${ownerPart(person)}.${LETTERS.line}.${n(seq)}`;
}

/** The number of the line that an AuditEvent id names in this person's log, or undefined. */
export function parseAuditEventId(person: PersonId, id: string): number | undefined {
  const seq = number(id.split(".")[2] ?? "");
  return seq !== undefined && auditEventId(person, seq) === id ? seq : undefined;
}

/** Eight hex digits (FNV-1a): they tell apart the few readings which share metric, source and times, and versions of a short text. */
export function tagHash(tag: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < tag.length; i++) hash = Math.imul(hash ^ tag.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

interface Numbers {
  readonly metric: number | undefined;
  readonly source: number;
  readonly start: number;
  readonly end: number;
  readonly tag: string;
}

function placeOf(letter: string, { metric, source, start, end, tag }: Numbers): Place | undefined {
  if (letter === LETTERS.sleep) return { kind: "sleep", source, start };
  if (letter === LETTERS.workout) return { kind: "workout", source, start, end, tag };
  if (metric === undefined) return undefined;
  if (letter === LETTERS.reading) return { kind: "reading", metric, source, start, end, tag };
  if (letter === LETTERS.daily) return { kind: "daily", metric, source, date: start };
  if (letter === LETTERS.segment) return { kind: "segment", metric, source, hour: start };
  return undefined;
}

function spelled(person: PersonId, place: Place, tag: string): string {
  if (!("tag" in place) || tag === "") return observationId(person, place);
  const plain = observationId(person, { ...place, tag: "" });
  return place.start === place.end ? `${plain}.0.${tag}` : `${plain}.${tag}`;
}

function ownerPart(person: PersonId): string {
  return person.slice(person.lastIndexOf("_") + 1);
}

const n = (value: number): string => value.toString(36);

function number(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const value = Number.parseInt(text, 36);
  return Number.isSafeInteger(value) ? value : undefined;
}
