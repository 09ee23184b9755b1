/**
 * The id of one stored reading says where it lies, so that no index is needed: metric code, source number, start, length and, where
 * several records share an instant, a hash of the record's own tag; numbers in base 36. Opaque to clients. Ids of sleep sessions and
 * workouts have the same form.
 */
export interface ReadingKey {
  readonly kind: "reading" | "daily" | "sleep" | "workout";
  /** Catalogue code; 0 for sleep and workouts. */
  readonly metric: number;
  readonly source: number;
  /** Epoch milliseconds; for daily values the local date (days since 1970-01-01). */
  readonly start: number;
  readonly end: number;
  /** `tagHash` of the record's tag (a workout's type), or empty. */
  readonly tag: string;
}

const LETTERS = { reading: "r", daily: "d", sleep: "s", workout: "w" } as const;
const KINDS: Readonly<Record<string, ReadingKey["kind"]>> = { r: "reading", d: "daily", s: "sleep", w: "workout" };
const FORM = /^([rdsw])([0-9a-z]{1,4})\.([0-9a-z]{1,6})\.(-?[0-9a-z]{1,9})\.([0-9a-z]{1,9})(?:\.([0-9a-f]{8}))?$/;

/** Writes the id of a reading. */
export function readingId(key: ReadingKey): string {
  const numbers = [key.source, key.start, key.end - key.start].map((n) => n.toString(36)).join(".");
  return `${LETTERS[key.kind]}${key.metric.toString(36)}.${numbers}${key.tag === "" ? "" : `.${key.tag}`}`;
}

/** Reads an id back, or undefined where the text is none. */
export function parseReadingId(id: string): ReadingKey | undefined {
  const [, letter = "", metric = "", source = "", start = "", length = "", tag = ""] = FORM.exec(id) ?? [];
  const kind = KINDS[letter];
  if (kind === undefined) return undefined;
  const from = Number.parseInt(start, 36);
  const key = {
    kind,
    metric: Number.parseInt(metric, 36),
    source: Number.parseInt(source, 36),
    start: from,
    end: from + Number.parseInt(length, 36),
    tag,
  };
  return readingId(key) === id ? key : undefined;
}

/** FNV-1a, 32 bits, as eight hex digits: tells apart the few records of one instant. Empty for an empty tag. */
export function tagHash(tag: string): string {
  if (tag === "") return "";
  let hash = 0x811c9dc5;
  for (let i = 0; i < tag.length; i++) hash = Math.imul(hash ^ tag.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
