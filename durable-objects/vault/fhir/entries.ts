import type { Clause } from "../../../shared/fhir/date-search";

/** The tables whose rows are shown as Observations, and as DiagnosticReports the last, in the order that breaks ties between equal times. */
export const TABLES = ["daily", "readings", "segments", "sleeps", "workouts", "lab_results", "lab_reports"] as const;
export type Table = (typeof TABLES)[number];

/** One table's rows of one source, and of one metric where the table holds several: a sequence in time. */
export interface Stream {
  readonly table: Table;
  /** Catalogue code; 0 for sessions. */
  readonly metric: number;
  readonly source: number;
  /** Bounds on `start`, epoch milliseconds: nothing of the stream lies outside. */
  readonly first: number;
  readonly last: number;
  /** The longest reading, milliseconds. */
  readonly longest: number;
  /** What else its rows must satisfy, as SQL, with the bindings. */
  readonly only?: Condition;
}

/** A condition on rows as SQL, with its bindings. */
export interface Condition {
  readonly where: string;
  readonly bind: readonly (number | string)[];
}

/** A row that an Observation can be made of. */
export interface Entry {
  readonly stream: Stream;
  readonly start: number;
  readonly end: number;
  readonly tag: string;
  readonly updatedAt: number;
}

/** What the order of a result knows of an entry. */
export type Placed = Omit<Entry, "stream"> & { readonly stream: Pick<Stream, "table" | "metric" | "source"> };

/** Where a page ended. Travels sealed in a cursor. */
export interface Position {
  readonly updatedAt: number;
  readonly start: number;
  readonly table: Table;
  readonly metric: number;
  readonly source: number;
  readonly end: number;
  readonly tag: string;
}

/** What is asked of each stream. */
export interface Ask {
  readonly date: readonly Clause[];
  readonly updated: readonly Clause[];
  readonly by: "date" | "updated";
  readonly descending: boolean;
  readonly after: Position | undefined;
  /** At most so many entries. */
  readonly limit: number;
}

/** The order of a result: by the asked time, then by whatever makes it total, so that paging neither repeats nor skips. */
export function compareEntries(a: Placed, b: Placed, { by, descending }: Pick<Ask, "by" | "descending">): number {
  const ascending =
    (by === "updated" ? a.updatedAt - b.updatedAt : 0) ||
    a.start - b.start ||
    compareStreams(a.stream, b.stream) ||
    a.end - b.end ||
    (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0);
  return descending ? -ascending : ascending;
}

export function compareStreams(a: Pick<Stream, "table" | "metric" | "source">, b: Pick<Stream, "table" | "metric" | "source">): number {
  return TABLES.indexOf(a.table) - TABLES.indexOf(b.table) || a.metric - b.metric || a.source - b.source;
}

export function positionOf({ stream, start, end, tag, updatedAt }: Placed): Position {
  return { updatedAt, start, table: stream.table, metric: stream.metric, source: stream.source, end, tag };
}
