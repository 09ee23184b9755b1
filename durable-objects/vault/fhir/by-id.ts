import type { Token } from "../../../shared/fhir/coding";
import { observationId, parseObservationId, type Place } from "../../../shared/fhir/ids";
import { reportOfFhirId, resultOfFhirId } from "../../../shared/fhir/labs";
import type { Search } from "../../../shared/fhir/search";
import { URN } from "../../../shared/fhir/systems";
import type { DiagnosticReport, Observation } from "../../../shared/fhir/types";
import type { PersonId } from "../../../shared/id";
import { compareEntries, type Placed, type Position, positionOf } from "./entries";
import type { RowContext } from "./rows";
import { type Point, pointOf, spanOf } from "./select";

/** No record of a vendor makes more Observations than this in one table; bounds what one search reads. */
const MOST_OF_A_RECORD = 1_000;

/** The ids that a search names by `_id` and `identifier`; undefined where it names none. They need not exist. */
export function namedIds(ctx: RowContext, { ids, identifiers }: Search): readonly string[] | undefined {
  const lists = identifiers.map((tokens) => tokens.flatMap((token) => idsBearing(ctx, token)));
  const [first, ...rest] = ids === undefined ? lists : [ids, ...lists];
  return first?.filter((id) => rest.every((list) => list.includes(id)));
}

/** One page of resources, in the order and from the position that is asked for. */
export function pageOfFew<R extends Observation | DiagnosticReport>(
  person: PersonId,
  found: readonly R[],
  { sort, count }: Search,
  after: Position | undefined,
  timeZone: string,
): { readonly shown: readonly R[]; readonly places: readonly Position[]; readonly next?: Position } {
  const order = { by: sort.endsWith("date") ? "date" : "updated", descending: sort.startsWith("-") } as const;
  const reached = after === undefined ? undefined : { ...after, stream: after };
  const placed = found
    .flatMap((resource) => placedOf(person, resource, timeZone))
    .filter((one) => reached === undefined || compareEntries(one, reached, order) > 0)
    .toSorted((a, b) => compareEntries(a, b, order));
  const last = placed.length > count ? placed[count - 1] : undefined;
  return {
    shown: placed.slice(0, count).map(({ resource }) => resource),
    places: placed.slice(0, count).map(positionOf),
    ...(last !== undefined && { next: positionOf(last) }),
  };
}

function placedOf<R extends Observation | DiagnosticReport>(
  person: PersonId,
  resource: R,
  timeZone: string,
): (Placed & { readonly resource: R })[] {
  const found = placeOf(person, resource.id);
  if (found === undefined) return [];
  const updatedAt = Date.parse(resource.meta?.lastUpdated ?? "");
  return [{ resource, ...found, ...spanOf(resource, timeZone), updatedAt }];
}

/** The stream and the tag of a row whose Observation or DiagnosticReport has an id. */
export function placeOf(person: PersonId, id: string): { readonly stream: Point; readonly tag: string } | undefined {
  const result = resultOfFhirId(id);
  if (result !== undefined) return { stream: { table: "lab_results", metric: 0, source: 0 }, tag: result };
  const report = reportOfFhirId(id);
  if (report !== undefined) return { stream: { table: "lab_reports", metric: 0, source: 0 }, tag: report };
  const place = parseObservationId(person, id);
  return place === undefined ? undefined : { stream: pointOf(place), tag: "tag" in place ? place.tag : "" };
}

/** Ids of the Observations that bear an identifier: Meridian's own, which says the id itself, or that of a vendor's record. */
function idsBearing(ctx: RowContext, { system, code = "" }: Token): string[] {
  const own = system === undefined || system === URN.observation || system === URN.report ? [code] : [];
  if (code === "" || (system !== undefined && !system.startsWith(URN.source))) return own;
  const vendor = system?.slice(URN.source.length);
  const sources = ctx.sources.all().flatMap(({ number, source }) => (vendor === undefined || source.vendor === vendor ? [number] : []));
  return [...own, ...placesOfRecord(ctx.sql, code, sources).map((place) => observationId(ctx.person, place))];
}

function placesOfRecord(sql: SqlStorage, record: string, sources: readonly number[]): Place[] {
  const query = <T extends Record<string, SqlStorageValue>>(columns: string, table: string): T[] =>
    sql
      .exec<T>(
        `SELECT ${columns} FROM ${table} WHERE record_id = ? AND record_id <> '' AND source IN (SELECT value FROM json_each(?)) LIMIT ?`,
        record,
        JSON.stringify(sources),
        MOST_OF_A_RECORD,
      )
      .toArray();
  type Spanned = { source: number; start: number; end: number; tag: string };
  return [
    ...query<Spanned & { metric: number }>("metric, source, start, end, tag", "readings").map((row) => ({
      kind: "reading" as const,
      ...row,
    })),
    ...query<{ metric: number; source: number; date: number }>("metric, source, date", "daily").map((row) => ({
      kind: "daily" as const,
      ...row,
    })),
    ...query<{ source: number; start: number }>("source, start", "sleeps").map((row) => ({ kind: "sleep" as const, ...row })),
    ...query<Spanned>("source, start, end, type AS tag", "workouts").map((row) => ({ kind: "workout" as const, ...row })),
  ];
}
