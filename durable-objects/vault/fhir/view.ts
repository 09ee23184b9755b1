import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { deviceOf, patientOf } from "../../../shared/fhir/actors";
import { categoryMatches, codeMatches } from "../../../shared/fhir/coding";
import { observationId, parseDeviceId, parseObservationId, personOfPatientId } from "../../../shared/fhir/ids";
import { labFhirId } from "../../../shared/fhir/labs";
import { satisfies } from "../../../shared/fhir/date-search";
import type { Fields } from "../../../shared/fhir/r4/issue";
import { parseSearch, type Search, type SearchableType } from "../../../shared/fhir/search";
import type { Device, DiagnosticReport, Observation, Patient, Resource } from "../../../shared/fhir/types";
import { type Kind, metricByCode } from "../../../shared/health/catalogue";
import type { Reach } from "../../../shared/fhir/reach";
import type { Category } from "../../../shared/policy/vocabulary";
import { notFound } from "../../../shared/problem";
import type { VaultState } from "../state";
import type { Sources } from "../store/sources";
import { namedIds, pageOfFew, placeOf } from "./by-id";
import { type Ask, type Entry, type Position, positionOf, type Stream } from "./entries";
import { type Gone, outlineOf, takeGone } from "./gone";
import { LabView } from "./labs";
import { HoursAhead } from "./hours-ahead";
import {
  dailyObservation,
  hourObservation,
  hourOf,
  readingObservation,
  type RowContext,
  sleepObservation,
  workoutObservation,
} from "./rows";
import { dateAt, exists, isFinal, isNamed, merged, metricOfPoint, type Point, pointOf, shortened, spanOf } from "./select";
import { countOf } from "./streams";

/** A search as it crosses RPC: the query as it was written. */
export interface SearchRequest {
  readonly type: SearchableType;
  readonly params: readonly (readonly [string, string])[];
  readonly lenient: boolean;
  readonly after?: Position;
}

/** What somebody sees: the person everything, others by consent what belongs to some categories, and files of reports where they may. */
export interface Sight {
  readonly part: "everything" | "labs";
  readonly files: boolean;
  /** Of whoever is not the person. */
  readonly sees?: ReadonlySet<Category>;
}

/** One that was found, built where somebody looks at it. */
export interface Seen {
  readonly id: string;
  readonly place: Position;
  readonly build: () => Observation | DiagnosticReport | undefined;
}

export interface SearchResult {
  readonly resources: readonly Resource[];
  /** Of each Observation or DiagnosticReport, where it stands in the order. */
  readonly places?: readonly Position[];
  /** Where the next page begins; absent on the last. */
  readonly next?: Position;
  readonly total?: number;
  readonly ignored: readonly string[];
}

const WHOLE: Sight = { part: "everything", files: true };

/** What is seen from a reach. */
export function sightOf({ sees }: Reach): Sight {
  return sees === undefined ? WHOLE : { part: "everything", files: sees.includes("documents"), sees: new Set(sees) };
}

const NOTHING: SearchResult = { resources: [], ignored: [] };
/** Nights and workouts beyond this length are found by their start alone. */
const LONGEST_SESSION_MS = 31 * DAY_MS;

/** What a search asks beyond its parameters. */
interface Asked {
  readonly type: SearchableType;
  readonly sight: Sight;
  readonly after: Position | undefined;
  readonly timeZone: string;
}

/** The person's compartment as FHIR resources: nothing is stored for it, every Observation is a view of what the tables hold. */
export class FhirView {
  readonly #state: VaultState;
  readonly #rows: RowContext;
  readonly #sources: Sources;
  readonly #labs: LabView;

  constructor(state: VaultState, sources: Sources) {
    this.#state = state;
    this.#sources = sources;
    this.#rows = { sql: state.sql, sources, person: state.person };
    this.#labs = new LabView(state);
  }

  /** One resource by type and id; problem `not_found` for what is not in this compartment. */
  read(type: SearchableType, id: string, sight = WHOLE): Resource {
    const found = this.#one(type, id, sight);
    if (found === undefined) throw notFound(type);
    return found;
  }

  /** One resource by type and id, or undefined. */
  find(type: SearchableType, id: string, sight = WHOLE): Resource | undefined {
    return this.#one(type, id, sight);
  }

  #one(type: SearchableType, id: string, sight: Sight): Resource | undefined {
    const { part, files } = sight;
    switch (type) {
      case "Observation":
        return part === "labs" ? this.#labs.result(id) : this.#observation(id, sight);
      case "DiagnosticReport":
        return seesLabs(sight) ? this.#labs.report(id, files) : undefined;
      case "Device":
        return part === "labs" ? undefined : this.#device(id, sight);
      case "Patient":
        return part === "labs" ? undefined : this.#patient(id, sight);
    }
  }

  /** What rows are made of, as somebody sees it. */
  #rowsFor({ sees }: Sight): RowContext {
    return sees === undefined ? this.#rows : { ...this.#rows, sources: this.#sources.forOthers(), sees };
  }

  /** Whether somebody sees readings of a stream. What a vendor shows to its person alone is not there for others. */
  #isSeen(stream: Point, { sees }: Sight): boolean {
    if (sees === undefined) return true;
    const category = metricOfPoint(stream)?.sensitivity;
    return category !== undefined && sees.has(category) && this.#sources.forOthers().shows(stream.source);
  }

  /** Sources of which somebody sees readings: the name of an app can tell what it is for. */
  #sourcesSeen(sight: Sight): number[] {
    const all = this.#sources.all().map(({ number }) => number);
    if (sight.sees === undefined) return all;
    const seen = new Set(this.#streams(sight).map(({ source }) => source));
    return all.filter((number) => seen.has(number));
  }

  /** Searches the compartment; problem `malformed` for a search that cannot be read. */
  search({ type, params, lenient, after }: SearchRequest, sight = WHOLE): SearchResult {
    const { timeZone } = this.#state.profile();
    const search = parseSearch(type, params, { timeZone, now: this.#state.now(), lenient });
    const empty = { ...NOTHING, ignored: search.ignored, ...(search.total && { total: 0 }) };
    if (!search.patients.every((ids) => ids.some((id) => personOfPatientId(id) === this.#state.person))) return empty;
    if (type === "Patient" || type === "Device") return this.#few(search, this.#actors(type, sight));
    const ids = namedIds(this.#rows, search);
    const asked: Asked = { type, sight, after, timeZone };
    return ids === undefined ? this.#page(search, asked) : this.#byId(search, ids, asked);
  }

  /**
   * One page of a search for Observations or DiagnosticReports as `search` answers it, each to be built where somebody looks at it:
   * of what is merged with other things little may be shown.
   */
  seek(request: SearchRequest, sight = WHOLE): { readonly found: readonly Seen[]; readonly next?: Position } {
    const { timeZone } = this.#state.profile();
    const { type, after } = request;
    const search = parseSearch(type, request.params, { timeZone, now: this.#state.now(), lenient: request.lenient });
    const isOwn = search.patients.every((ids) => ids.some((id) => personOfPatientId(id) === this.#state.person));
    if (isOwn && namedIds(this.#rows, search) === undefined) {
      const { shown, next } = this.#entries(search, { type, sight, after, timeZone });
      const ahead = new HoursAhead(this.#state.sql, shown);
      return { found: shown.map((entry) => this.#seen(entry, sight, ahead)), ...(next !== undefined && { next }) };
    }
    const { resources, places = [], next } = this.search(request, sight);
    const found = resources.flatMap((resource, i) => {
      const place = places[i];
      const isOne = resource.resourceType === "Observation" || resource.resourceType === "DiagnosticReport";
      return place === undefined || !isOne ? [] : [{ id: resource.id, place, build: () => resource }];
    });
    return { found, ...(next !== undefined && { next }) };
  }

  #seen(entry: Entry, sight: Sight, ahead: HoursAhead): Seen {
    return {
      id: this.#idOf(entry),
      place: positionOf(entry),
      build: () => this.#labs.load(entry, sight.files) ?? this.#load(entry, sight, ahead),
    };
  }

  #idOf({ stream: { table, metric, source }, start, end, tag }: Entry): string {
    const { person } = this.#state;
    switch (table) {
      case "readings":
        return observationId(person, { kind: "reading", metric, source, start, end, tag });
      case "daily":
        return observationId(person, { kind: "daily", metric, source, date: dateAt(start, this.#state.profile().timeZone) });
      case "segments":
        return observationId(person, { kind: "segment", metric, source, hour: Math.floor(start / HOUR_MS) });
      case "sleeps":
        return observationId(person, { kind: "sleep", source, start });
      case "workouts":
        return observationId(person, { kind: "workout", source, start, end, tag });
      case "lab_results":
      case "lab_reports":
        return labFhirId(tag);
    }
  }

  /** The Observations of one metric and source whose time overlaps [from, to], by start: the first ones after a position. */
  window(
    metric: string,
    source: number,
    from: number,
    to: number,
    after: Position | undefined,
    limit: number,
  ): { readonly observations: Observation[]; readonly last?: Position } {
    const { timeZone } = this.#state.profile();
    const streams = this.#streams(WHOLE).filter((stream) => stream.source === source && metricOfPoint(stream)?.key === metric);
    const date: Ask["date"] = [[{ field: "end", op: ">=", value: from }], [{ field: "start", op: "<", value: to + 1 }]];
    const entries = merged(this.#state.sql, streams, { date, updated: [], by: "date", descending: false, after, limit }, timeZone);
    const last = entries.at(-1);
    const ahead = new HoursAhead(this.#state.sql, entries);
    return {
      observations: entries.flatMap((entry) => this.#load(entry, WHOLE, ahead) ?? []),
      ...(last !== undefined && { last: positionOf(last) }),
    };
  }

  /** The Observations of which the transaction under way has removed rows, newest first; called once at its end. */
  takeGone(): Gone[] {
    return takeGone(this.#rows);
  }

  /** What the id of an Observation or DiagnosticReport says of it, whether it is there or not; undefined where it names no reading or result. */
  outline(type: string, id: string): Fields | undefined {
    return outlineOf(this.#rows, type, id);
  }

  /** All resources of a type, a page after the other. */
  page(type: SearchableType, after: Position | undefined, limit: number, sight = WHOLE): Pick<SearchResult, "resources" | "next"> {
    if (type === "Patient" || type === "Device") return { resources: this.#actors(type, sight) };
    return this.search({ type, params: [["_count", String(limit)]], lenient: false, ...(after !== undefined && { after }) }, sight);
  }

  #actors(type: "Patient" | "Device", sight: Sight): (Patient | Device)[] {
    return type === "Patient" ? [this.#patientResource(sight)] : this.#sourcesSeen(sight).flatMap((number) => this.#deviceOf(number) ?? []);
  }

  /** What there is: metric, source, and the bounds of its times. */
  extents(): { readonly metric: string; readonly source: number; readonly from: number; readonly to: number }[] {
    return this.#streams(WHOLE).flatMap((stream) => {
      const metric = metricOfPoint(stream)?.key;
      return metric === undefined ? [] : [{ metric, source: stream.source, from: stream.first, to: stream.last + stream.longest }];
    });
  }

  /** Whether an Observation of this id still exists. */
  has(id: string): boolean {
    const place = parseObservationId(this.#state.person, id);
    return place !== undefined && exists(this.#state.sql, place);
  }

  /** The Patient resource of the person. */
  patient(): Patient {
    return this.#patientResource(WHOLE);
  }

  /** The Device of a source, or undefined. */
  device(source: number): Device | undefined {
    return this.#deviceOf(source);
  }

  #page(search: Search, asked: Asked): SearchResult {
    const { shown, next, total } = this.#entries(search, asked);
    const ahead = new HoursAhead(this.#state.sql, shown);
    const loaded = shown.flatMap((entry) => {
      const { place, build } = this.#seen(entry, asked.sight, ahead);
      const resource = build();
      return resource === undefined ? [] : [{ resource, place }];
    });
    return {
      resources: loaded.map(({ resource }) => resource),
      places: loaded.map(({ place }) => place),
      ...(next !== undefined && { next }),
      ...(total !== undefined && { total }),
      ignored: search.ignored,
    };
  }

  /** The rows that a page shows, and where the next one begins. */
  #entries(
    search: Search,
    { type, sight, after, timeZone }: Asked,
  ): { readonly shown: readonly Entry[]; readonly next?: Position; readonly total?: number } {
    const { sql } = this.#state;
    const streams = [
      ...(type === "Observation" && sight.part === "everything"
        ? this.#streams(sight).filter((stream) => this.#selects(search, stream))
        : []),
      ...(seesLabs(sight) ? this.#labs.streams(type, search) : []),
    ];
    const by = search.sort.endsWith("date") ? "date" : "updated";
    const ask: Ask = {
      date: search.date,
      updated: search.updated,
      by,
      descending: search.sort.startsWith("-"),
      after,
      limit: search.count + 1,
    };
    const total = search.total ? { total: streams.reduce((sum, stream) => sum + countOf(sql, stream, ask, timeZone), 0) } : {};
    if (search.count === 0) return { shown: [], ...total };
    const entries = merged(sql, streams, ask, timeZone);
    const shown = entries.slice(0, search.count);
    const last = shown.at(-1);
    return { shown, ...(entries.length > search.count && last !== undefined && { next: positionOf(last) }), ...total };
  }

  /** What the tables hold, as sequences, as far as somebody sees it. */
  #streams(sight: Sight): Stream[] {
    return this.#allStreams().filter((stream) => this.#isSeen(stream, sight));
  }

  #allStreams(): Stream[] {
    const { sql } = this.#state;
    type SeriesRow = {
      metric: number;
      source: number;
      dense: number;
      rows: number;
      daily: number;
      first_at: number;
      last_at: number;
      longest: number;
    };
    const series = sql
      .exec<SeriesRow>(
        `SELECT metric, source, max(kind = 'sample') AS dense, max(kind <> 'daily') AS rows, max(kind = 'daily') AS daily,
           min(first_at) AS first_at, max(last_at) AS last_at, max(longest) AS longest
         FROM series GROUP BY metric, source`,
      )
      .toArray();
    const streams: Stream[] = series.flatMap(({ metric, source, dense, rows, daily, first_at, last_at, longest }) => {
      // A day begins in the person's present zone, which may differ from the one it was recorded in.
      const stream = { metric, source, first: first_at - DAY_MS, last: last_at + DAY_MS, longest };
      const segmented = dense === 1 && metricByCode(metric)?.storage === "segment";
      return [
        ...(daily === 1 ? [{ ...stream, table: "daily" as const }] : []),
        ...(rows === 1 ? [{ ...stream, table: "readings" as const }] : []),
        ...(segmented ? [{ ...stream, table: "segments" as const, longest: 3_600_000 }] : []),
      ];
    });
    for (const { number } of this.#sources.all()) {
      for (const table of ["sleeps", "workouts"] as const) {
        const [extent] = sql
          .exec<{ first: number | null; last: number | null }>(
            `SELECT (SELECT start FROM ${table} WHERE source = +?1 ORDER BY start LIMIT 1) AS first, (SELECT start FROM ${table} WHERE source = +?1 ORDER BY start DESC LIMIT 1) AS last`,
            number,
          )
          .toArray();
        if (extent === undefined || extent.first === null || extent.last === null) continue;
        streams.push({ table, metric: 0, source: number, first: extent.first, last: extent.last, longest: LONGEST_SESSION_MS });
      }
    }
    return streams;
  }

  #selects(search: Search, stream: Point): boolean {
    const metric = metricOfPoint(stream);
    const source = this.#sources.get(stream.source);
    if (metric === undefined || source === undefined) return false;
    const kind: Kind = stream.table === "daily" ? "daily" : metric.kind === "daily" ? "sample" : metric.kind;
    return (
      search.codes.every((tokens) => tokens.some((token) => codeMatches(metric, kind, source.vendor, token))) &&
      search.categories.every((tokens) => tokens.some((token) => categoryMatches(metric, token))) &&
      search.devices.every((ids) => ids.some((id) => parseDeviceId(this.#state.person, id) === stream.source)) &&
      search.statuses.every((tokens) => tokens.some(isFinal))
    );
  }

  #byId(search: Search, ids: readonly string[], { type, sight, after, timeZone }: Asked): SearchResult {
    const found = [...new Set(ids)].flatMap((id) => {
      const one = this.#one(type, id, sight);
      return (one?.resourceType === "Observation" || one?.resourceType === "DiagnosticReport") && this.#fits(search, one, timeZone)
        ? [one]
        : [];
    });
    const { shown, places, next } = pageOfFew(this.#state.person, found, search, after, timeZone);
    return {
      resources: shown,
      places,
      ignored: search.ignored,
      ...(next !== undefined && { next }),
      ...(search.total && { total: found.length }),
    };
  }

  /** Whether a resource found by id also satisfies the rest of the search. */
  #fits(search: Search, resource: Observation | DiagnosticReport, timeZone: string): boolean {
    const stream = placeOf(this.#state.person, resource.id)?.stream;
    const isSelected =
      stream !== undefined &&
      (stream.table === "lab_results" || stream.table === "lab_reports"
        ? this.#labs.selects(search, resource)
        : this.#selects(search, stream));
    if (!isSelected) return false;
    const updatedAt = Date.parse(resource.meta?.lastUpdated ?? "");
    const { start, end } = spanOf(resource, timeZone);
    return satisfies(search.date, start, end) && satisfies(search.updated, updatedAt, updatedAt);
  }

  /** A list short enough to be made whole. */
  #few(search: Search, all: readonly (Patient | Device)[]): SearchResult {
    const found = all.filter(
      ({ id, identifier }) =>
        (search.ids === undefined || search.ids.some((wanted) => wanted === id || wanted.replaceAll("_", "-") === id)) &&
        search.identifiers.every((tokens) => tokens.some((token) => identifier.some((one) => isNamed(one, token)))),
    );
    return { resources: found.slice(0, search.count), ignored: search.ignored, ...(search.total && { total: found.length }) };
  }

  #load(entry: Entry, sight: Sight, ahead: HoursAhead): Observation | undefined {
    const { stream, start, end, tag } = entry;
    const { metric, source } = stream;
    const rows = this.#rowsFor(sight);
    switch (stream.table) {
      case "readings":
        return readingObservation(rows, metric, source, start, end, (candidate) => candidate === tag);
      case "daily":
        return dailyObservation(rows, metric, source, dateAt(start, this.#state.profile().timeZone));
      case "segments":
        return hourOf(rows, metric, source, ahead.take(entry));
      case "sleeps":
        return sleepObservation(rows, source, start);
      case "workouts":
        return workoutObservation(rows, source, start, end, (candidate) => candidate === tag);
      case "lab_results":
      case "lab_reports":
        return undefined;
    }
  }

  #observation(id: string, sight: Sight): Observation | undefined {
    const place = parseObservationId(this.#state.person, id);
    if (place !== undefined && !this.#isSeen(pointOf(place), sight)) return undefined;
    const rows = this.#rowsFor(sight);
    switch (place?.kind) {
      case undefined:
        return seesLabs(sight) ? this.#labs.result(id) : undefined;
      case "reading":
        return readingObservation(rows, place.metric, place.source, place.start, place.end, (tag) => shortened(tag) === place.tag);
      case "daily":
        return dailyObservation(rows, place.metric, place.source, place.date);
      case "segment":
        return hourObservation(rows, place.metric, place.source, place.hour);
      case "sleep":
        return sleepObservation(rows, place.source, place.start);
      case "workout":
        return workoutObservation(rows, place.source, place.start, place.end, (type) => shortened(type) === place.tag);
    }
  }

  #patient(id: string, sight: Sight): Patient | undefined {
    return personOfPatientId(id) === this.#state.person ? this.#patientResource(sight) : undefined;
  }

  /** No category covers a name: others know the person by the id that they were given. */
  #patientResource({ sees }: Sight): Patient {
    return patientOf(this.#state.person, sees === undefined ? this.#state.profile().name : undefined);
  }

  #device(id: string, sight: Sight): Device | undefined {
    const number = parseDeviceId(this.#state.person, id);
    return number === undefined || !this.#sourcesSeen(sight).includes(number) ? undefined : this.#deviceOf(number);
  }

  #deviceOf(number: number): Device | undefined {
    const source = this.#sources.get(number);
    if (source === undefined) return undefined;
    const { first_seen } = this.#state.sql.exec<{ first_seen: number }>("SELECT first_seen FROM sources WHERE id = ?", number).one();
    return deviceOf(this.#state.person, number, source, first_seen);
  }
}

function seesLabs({ sees }: Sight): boolean {
  return sees === undefined || sees.has("labs");
}
