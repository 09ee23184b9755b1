import { indexEntries } from "../../../../shared/fhir/r4/index-entries";
import { type Fields, isFields, textAt } from "../../../../shared/fhir/r4/issue";
import { classesOf, coversClasses, maskOf } from "../../../../shared/fhir/classes";
import { toJson } from "../../../../shared/fhir/sampled-data";
import { indexedAs } from "../../../../shared/fhir/r4/search-parameters";
import { isResourceType, type ResourceType } from "../../../../shared/fhir/r4/structures";
import { type Interaction, limitsOf, type Reach } from "../../../../shared/fhir/reach";
import { Bindings, bounded, type Condition, holds, rowsOf, sqlOf, startsWithin } from "../../../../shared/fhir/store/conditions";
import { type Filter, LARGEST_COUNT, parseQuery, parseWhere, type Query } from "../../../../shared/fhir/store/query";
import { compareBy, orderSql, pastSql, SORT_COLUMNS, type SortKey, type SortValue, sortValue } from "../../../../shared/fhir/store/order";
import { SYSTEM } from "../../../../shared/health/codes";
import { URN } from "../../../../shared/fhir/systems";
import { problem } from "../../../../shared/problem";
import type { VaultState } from "../../state";
import { type BookPage, type BookPlace, Books, type BookType, isBook } from "../books";
import type { Position } from "../entries";
import { type FhirView, type Seen, type Sight, sightOf } from "../view";
import { NO_TIME, type Resources } from "./resources";
import { INDEXES } from "./search-index";

/** Where a page ended in both worlds; travels sealed in a cursor. */
export interface Mark {
  /** Resources written after the first page are not shown. */
  readonly top: number;
  readonly stored: { readonly key: number; readonly n: number } | "start" | "end";
  readonly built: Position | BookPlace | number | "start" | "end";
  /** Where the book of consents or of accesses ended when the first page was made. */
  readonly end?: number;
  /** In an order by keys: the last one's values, and its number where it is stored or its id where it is built. */
  readonly sorted?: { readonly values: readonly SortValue[]; readonly n: number | null; readonly id: string };
}

/** A resource that was found: one that is stored is its text, and read where somebody looks into it. */
export interface Found {
  /** `Type/id`. */
  readonly reference: string;
  readonly json: string;
  readonly resource: Fields;
  readonly mode: "match" | "include";
}

function storedOne(type: string, id: string, json: string): Found {
  let read: Fields | undefined;
  return {
    reference: `${type}/${id}`,
    json,
    get resource() {
      read ??= JSON.parse(json) as Fields;
      return read;
    },
    mode: "match",
  };
}

function builtOne(resource: Fields, mode: Found["mode"] = "match"): Found {
  return {
    reference: keyOf(resource),
    get json() {
      return JSON.stringify(resource);
    },
    resource,
    mode,
  };
}

function seenOne(type: string, { id, build }: Seen): Found {
  let built: Fields | undefined;
  return {
    reference: `${type}/${id}`,
    get json() {
      return toJson(this.resource);
    },
    get resource() {
      if (built !== undefined) return built;
      const one = build();
      if (!isFields(one)) throw new TypeError("a row that was just found is not there");
      return (built = one);
    },
    mode: "match",
  };
}

export interface SearchPage {
  readonly query: Query;
  readonly found: readonly Found[];
  readonly next?: Mark;
  readonly total?: number;
}

export interface Asked {
  readonly type: ResourceType;
  readonly params: readonly (readonly [string, string])[];
  readonly lenient: boolean;
  readonly after?: Mark | undefined;
}

/** What a reach leaves of a type, as filters: one of the lists must hold. */
export type Bounds = "all" | readonly (readonly Filter[])[];

const BUILT = new Set(["Observation", "DiagnosticReport", "Patient", "Device", "Consent", "AuditEvent"]);
/** What the views evaluate by themselves. */
const PUSHED =
  /^(?:_id|identifier|patient|patient:Patient|subject|subject:Patient|code|category|status|device|device:Device|date|_lastUpdated)$/;
/** So many built resources are looked at for one page, and for one total. */
const MOST_BUILT = 2_000;
const MOST_COUNTED = 20_000;
const MOST_INCLUDED = 1_000;
const MOST_PAGES_OF_A_LOG = 10;
/** What so few have is where a search begins; else it walks through the resources in their order. */
const FEW = 1_000;
/** Stands for a time that is not told where it comes last in the order of time. */
const LATEST = -NO_TIME;
/** Dates that last longer have an index of their own. */
const DAY_LONG = 86_400_000;

interface Placed {
  readonly key: number;
  readonly found: Found;
  readonly stored?: { readonly key: number; readonly n: number };
  readonly built?: Position | BookPlace | number;
}

/** Searches over what is stored and what is built from readings and results: one answer, within one reach. */
export class FhirSearch {
  readonly #state: VaultState;
  readonly #resources: Resources;
  readonly #view: FhirView;
  readonly #books: Books;

  constructor(state: VaultState, resources: Resources, view: FhirView) {
    this.#state = state;
    this.#resources = resources;
    this.#view = view;
    this.#books = new Books(state);
  }

  /** One page. Problems `malformed`, and `forbidden` where no resource of the type is within reach. */
  page({ type, params, lenient, after }: Asked, reach: Reach): SearchPage {
    const query = parseQuery(type, params, this.#setting(lenient));
    const bounds = this.bounds(reach, type, "s");
    if (bounds === undefined) throw problem("forbidden", `Searching ${type} is not allowed here.`);
    const top = after?.top ?? this.#state.sql.exec<{ top: number | null }>("SELECT max(n) AS top FROM fhir_resources").one().top ?? 0;
    const mark: Mark = {
      ...(after ?? { top, stored: "start", built: BUILT.has(type) ? "start" : "end" }),
      ...(isBook(type) && { end: after?.end ?? this.#books.end(type) }),
    };
    const total = query.total ? { total: this.#count(type, params, query, bounds, mark, reach) } : {};
    if (query.count === 0) return { query, found: [], ...total };
    const { order } = query;
    if (order.by === "keys") return { ...this.#sorted(type, params, query, order.keys, bounds, mark, reach), ...total };
    const stored = this.#stored(type, query, bounds, mark, reach);
    const built = this.#built(type, params, query, bounds, mark, reach);
    const direction = order.isDescending ? -1 : 1;
    const merged = [...stored, ...built.placed].toSorted((a, b) => direction * (a.key - b.key));
    const { horizon } = built;
    const ready =
      horizon === undefined ? merged : merged.filter(({ key, stored: own }) => own === undefined || direction * (key - horizon) <= 0);
    const shown = ready.slice(0, query.count);
    const isMore = merged.length > shown.length || horizon !== undefined;
    return {
      query,
      found: this.#withIncluded(
        shown.map(({ found }) => found),
        query,
        reach,
      ),
      ...(isMore && {
        next: {
          top,
          ...(mark.end !== undefined && { end: mark.end }),
          stored: shown.findLast(({ stored: own }) => own !== undefined)?.stored ?? mark.stored,
          // Where all that was built is shown and there is more of it, the search goes on behind what was looked at.
          built:
            horizon !== undefined && built.placed.every((one) => shown.includes(one))
              ? built.last
              : (shown.findLast(({ built: own }) => own !== undefined)?.built ?? mark.built),
        },
      }),
      ...total,
    };
  }

  /**
   * The newest stored Observations about each code, `max` of each, that fit a search and lie within reach: one statement. It goes from code to
   * code by the key of their index, lists what few have, and looks for what many have in the order of time. An Observation is about its LOINC
   * codes, else about its other standard ones, else about those of vendors and Meridian (`subjectCodes`).
   */
  newestOfCodes(params: readonly (readonly [string, string])[], max: number, reach: Reach): Found[] {
    const type = "Observation";
    const query = parseQuery(type, params, this.#setting(false));
    const bounds = this.bounds(reach, type, "s");
    if (bounds === undefined) throw problem("forbidden", `Searching ${type} is not allowed here.`);
    this.#resources.flush();
    const bind = new Bindings();
    const [param, loinc] = [bind.add(`${type}.code`), bind.add(SYSTEM.loinc)];
    const own = (system: string) =>
      `(${system} IN (${bind.add(URN.metric)}, ${bind.add(SYSTEM.appleHealthKit)}) OR substr(${system}, 1, ${URN.vendor.length}) = ${bind.add(URN.vendor)})`;
    const about = `t.param = ${param} AND t.code = c.k ->> 0 AND t.system = c.k ->> 1`;
    const isSubject = `(c.k ->> 1 = ${loinc} OR NOT EXISTS (SELECT 1 FROM fhir_tokens y WHERE y.n = r.n AND y.param = ${param}
      AND CASE WHEN ${own("c.k ->> 1")} THEN NOT ${own("y.system")} ELSE y.system = ${loinc} END))`;
    const top = { top: Number.MAX_SAFE_INTEGER };
    const newest = `AND ${isSubject} ORDER BY r.at DESC, r.n DESC LIMIT ${bind.add(max)}`;
    const walked = `SELECT r.n AS n ${this.#from(type, query, bounds, bind, top, reach)} AND EXISTS (SELECT 1 FROM fhir_tokens t WHERE t.n = r.n AND ${about}) ${newest}`;
    const listed = `SELECT r.n AS n ${this.#from(type, query, bounds, bind, top, reach, true)} AND r.n IN (SELECT t.n FROM fhir_tokens t WHERE ${about}) ${newest}`;
    return this.#state.sql
      .exec<{ id: string; body: string }>(
        `WITH RECURSIVE c (k) AS (
           SELECT (SELECT json_array(t.code, t.system) FROM fhir_tokens t WHERE t.param = ${param} ORDER BY t.code, t.system LIMIT 1)
           UNION ALL SELECT coalesce(
             (SELECT json_array(t.code, t.system) FROM fhir_tokens t WHERE t.param = ${param} AND t.code = c.k ->> 0 AND t.system > c.k ->> 1 ORDER BY t.system LIMIT 1),
             (SELECT json_array(t.code, t.system) FROM fhir_tokens t WHERE t.param = ${param} AND t.code > c.k ->> 0 ORDER BY t.code, t.system LIMIT 1)) FROM c WHERE c.k IS NOT NULL),
         s AS MATERIALIZED (SELECT CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM fhir_tokens t WHERE ${about} LIMIT ${FEW + 1})) > ${FEW}
           THEN (SELECT json_group_array(n) FROM (${walked})) ELSE (SELECT json_group_array(n) FROM (${listed})) END AS ns FROM c WHERE c.k IS NOT NULL)
         SELECT b.id, b.body FROM (SELECT DISTINCT value AS n FROM s, json_each(s.ns)) k CROSS JOIN fhir_resources b ON b.n = k.n`,
        bind.json,
      )
      .toArray()
      .map(({ id, body }) => storedOne(type, id, body));
  }

  /** The resources that a condition names: at most two, to tell none, one and several apart. */
  few(type: ResourceType, params: readonly (readonly [string, string])[], reach: Reach): Fields[] {
    const asked = params.filter(([name]) => !name.startsWith("_") || name === "_id" || name === "_lastUpdated" || name === "_tag");
    if (asked.length === 0 || asked.length !== params.length) throw problem("malformed", "The condition names no resource.");
    const found: Fields[] = [];
    let after: Mark | undefined;
    do {
      const page = this.page({ type, params: [...asked, ["_count", "2"]], lenient: false, after }, reach);
      found.push(...page.found.map(({ resource }) => resource));
      after = page.next;
    } while (after !== undefined && found.length < 2);
    return found;
  }

  /** The bounds of a reach as filters; undefined where nothing of the type is within it. */
  bounds(reach: Reach, type: ResourceType, interaction: Interaction): Bounds | undefined {
    const limits = limitsOf(reach, type, interaction);
    if (limits === "none") return undefined;
    if (limits === "all") return "all";
    const lists = limits.flatMap((where) => {
      const filters = parseWhere(type, where, this.#setting(false));
      return filters === undefined ? [] : [filters];
    });
    return lists.length === 0 ? undefined : lists;
  }

  /** Whether a resource lies within a reach. */
  isWithin(resource: Fields, reach: Reach, interaction: Interaction): boolean {
    const type = textAt(resource, "resourceType") ?? "";
    const bounds = isResourceType(type) ? this.bounds(reach, type, interaction) : undefined;
    return bounds !== undefined && this.#isInside(resource, bounds, reach);
  }

  /** The present form of a resource, stored or built; the caller sees to what is within reach. */
  one(type: string, id: string, reach: Reach): Fields | undefined {
    const stored = this.#resources.get(type, id);
    return stored === undefined ? this.built(type, id, reach) : stored.body;
  }

  /** A resource that is built from readings, results or the profile, as it is seen from a reach. */
  built(type: string, id: string, reach: Reach): Fields | undefined {
    if (isBook(type)) return isOwn(reach) ? this.#books.find(type, id) : undefined;
    if (type !== "Observation" && type !== "DiagnosticReport" && type !== "Patient" && type !== "Device") return undefined;
    const found = this.#view.find(type, id, sightOf(reach));
    return isFields(found) ? found : undefined;
  }

  #setting(lenient: boolean) {
    return { timeZone: this.#state.profile().timeZone, now: this.#state.now(), lenient };
  }

  #isInside(resource: Fields, bounds: Bounds, reach: Reach): boolean {
    return bounds === "all" || bounds.some((filters) => this.#fits(resource, filters, reach));
  }

  #fits(resource: Fields, filters: readonly Filter[], reach: Reach): boolean {
    if (filters.length === 0) return true;
    const rows = rowsOf(indexEntries(resource, this.#state.profile().timeZone));
    const id = textAt(resource, "id") ?? "";
    const type = textAt(resource, "resourceType") ?? "";
    return filters.every((filter) => {
      switch (filter.kind) {
        case "id":
          return filter.ids.some((wanted) => wanted === id || (type === "Patient" && wanted.replaceAll("_", "-") === id)) !== filter.isNot;
        case "class":
          return coversClasses(filter.mask, maskOf(classesOf(resource)));
        case "updated": {
          const at = Date.parse(textAt(resource["meta"], "lastUpdated") ?? "");
          return holds(filter.condition, { lo: at, hi: at });
        }
        case "index": {
          const { family, condition, isNot } = filter;
          const names = isResourceType(type) ? indexedAs(type, filter.name) : [];
          return rows.some((one) => one.family === family && names.includes(one.name) && holds(condition, one.row)) !== isNot;
        }
        case "chain":
          return rows.some(({ family, name, row }) => {
            const at = family === "reference" && name === filter.name ? filter.types.findIndex((one) => one === row["type"]) : -1;
            const target = at < 0 ? undefined : this.one(String(row["type"]), String(row["id"]), reach);
            return target !== undefined && this.isWithin(target, reach, "s") && this.#fits(target, filter.filters[at] ?? [], reach);
          });
        case "has": {
          if (this.bounds(reach, filter.type, "s") === undefined) return false;
          const params = [[filter.reference, `${type}/${id}`], filter.query, ["_count", "1"]] as const;
          return this.page({ type: filter.type, params, lenient: false }, reach).found.length > 0;
        }
      }
    });
  }

  #withIncluded(matches: readonly Found[], query: Query, reach: Reach): Found[] {
    if (query.includes.length === 0 && query.revincludes.length === 0) return [...matches];
    const included = this.#included(
      matches.map(({ resource }) => resource),
      query,
      reach,
    );
    return [...matches, ...included.map((resource) => builtOne(resource, "include"))];
  }

  /** One page in an order by keys. What is built is sorted here: there must not be too much of it. */
  #sorted(
    type: ResourceType,
    params: readonly (readonly [string, string])[],
    query: Query,
    keys: readonly SortKey[],
    bounds: Bounds,
    mark: Mark,
    reach: Reach,
  ): SearchPage {
    const zone = this.#state.profile().timeZone;
    const last = mark.sorted;
    const stored = this.#storedByKeys(type, query, keys, bounds, mark, reach);
    const built = this.#builtAtAll(type, params, query, bounds, mark, reach).flatMap((resource) => {
      const id = textAt(resource, "id") ?? "";
      const updated = Date.parse(textAt(resource["meta"], "lastUpdated") ?? "1970-01-01");
      const rows = keys.some(({ by }) => by === "index") ? rowsOf(indexEntries(resource, zone)) : [];
      const values = keys.map((key) => sortValue(type, key, rows, { id, updated }));
      const way = last === undefined ? 1 : compareBy(keys, values, last.values);
      // Among the same values what is stored stands first.
      return way > 0 || (way === 0 && id > (last?.id ?? "")) ? [{ values, n: null, id, found: builtOne(resource) }] : [];
    });
    const all = [...stored, ...built].toSorted(
      (a, b) => compareBy(keys, a.values, b.values) || (a.n ?? Infinity) - (b.n ?? Infinity) || (a.id < b.id ? -1 : 1),
    );
    const shown = all.slice(0, query.count);
    const end = shown.at(-1);
    const found = this.#withIncluded(
      shown.map((one) => one.found),
      query,
      reach,
    );
    if (all.length <= shown.length || end === undefined) return { query, found };
    return { query, found, next: { ...mark, sorted: { values: end.values, n: end.n, id: end.id } } };
  }

  #storedByKeys(type: ResourceType, query: Query, keys: readonly SortKey[], bounds: Bounds, mark: Mark, reach: Reach) {
    this.#resources.flush();
    const bind = new Bindings();
    const inner = this.#from(type, query, bounds, bind, mark, reach);
    const values = keys.map((key, i) => {
      if (key.by !== "index") return `r.${key.by === "id" ? "id" : "changed_at"} AS k${i}`;
      return `(SELECT ${key.isDescending ? "max" : "min"}(${SORT_COLUMNS[key.family]}) FROM ${INDEXES[key.family].table} WHERE n = r.n AND ${ofParameter(type, key.name, bind)}) AS k${i}`;
    });
    const past = mark.sorted === undefined ? "1" : pastSql(keys, mark.sorted, (value) => bind.add(value));
    const order = orderSql(keys);
    const rows = this.#state.sql.exec<Record<string, string | number | null>>(
      `WITH s AS MATERIALIZED (SELECT r.n AS n, ${values.join(", ")} ${inner}), t AS (SELECT * FROM s WHERE ${past} ORDER BY ${order} LIMIT ${query.count + 1}) SELECT t.*, b.id, b.body FROM t JOIN fhir_resources b ON b.n = t.n ORDER BY ${order.replace(/\bn$/, "t.n")}`,
      bind.json,
    );
    return [...rows].map((row) => ({
      values: keys.map((_, i) => row[`k${i}`] ?? null),
      n: Number(row["n"]),
      id: "",
      found: storedOne(type, String(row["id"]), String(row["body"])),
    }));
  }

  /** Everything that is built and fits, in no order. Problem `invalid` where it is too much. */
  #builtAtAll(
    type: ResourceType,
    params: readonly (readonly [string, string])[],
    query: Query,
    bounds: Bounds,
    mark: Mark,
    reach: Reach,
  ): Fields[] {
    if (isBook(type)) {
      const { placed, horizon } = this.#booked(type, { ...query, count: MOST_BUILT }, bounds, mark, reach);
      if (horizon !== undefined) throw problem("invalid", "There is too much to put into this order: narrow the search by date.");
      return placed.map(({ found }) => found.resource);
    }
    if (type !== "Observation" && type !== "DiagnosticReport") return this.#fewFitting(type, query, bounds, reach);
    const { pushed, rest } = this.#split(params, query);
    const found: Fields[] = [];
    let seen = 0;
    let after: Position | undefined;
    do {
      const asked = { type, params: [...pushed, ["_count", String(LARGEST_COUNT)] as const], lenient: false };
      const page = this.#view.search({ ...asked, ...(after !== undefined && { after }) }, sightOf(reach));
      for (const resource of page.resources)
        if (isFields(resource) && this.#isInside(resource, bounds, reach) && this.#fits(resource, rest, reach)) found.push(resource);
      seen += page.resources.length;
      after = page.next;
      if (after !== undefined && seen >= MOST_BUILT)
        throw problem("invalid", "There is too much to put into this order: narrow the search by code, category or date.");
    } while (after !== undefined);
    return found;
  }

  #where(
    type: ResourceType,
    filters: readonly Filter[],
    bounds: Bounds,
    bind: Bindings,
    reach: Reach,
    alias: string,
    first?: Filter,
  ): string {
    const all = filters.map((filter) => this.#sql(type, filter, bind, reach, alias, first));
    if (bounds !== "all") {
      const any = bounds.map(
        (list) => `(${["1", ...list.map((filter) => this.#sql(type, filter, bind, reach, alias, first))].join(" AND ")})`,
      );
      all.push(`(${any.join(" OR ")})`);
    }
    return ["1", ...all].join(" AND ");
  }

  /** `first` is the filter that the search begins with: its few resources are listed, the others asked of each. */
  #sql(type: ResourceType, filter: Filter, bind: Bindings, reach: Reach, alias: string, first?: Filter): string {
    switch (filter.kind) {
      case "id":
        return `${alias}.id ${filter.isNot ? "NOT " : ""}IN (${filter.ids.map((id) => bind.add(id)).join(", ")})`;
      case "class":
        // What belongs to no class, or was not looked at yet, is nobody's but the person's.
        return `(${alias}.class > 0 AND (${alias}.class & ~${bind.add(filter.mask)}) = 0)`;
      case "updated":
        return sqlOf(filter.condition, bind, { lo: `${alias}.changed_at`, hi: `${alias}.changed_at` });
      case "index": {
        const { family, name, isNot } = filter;
        const { table } = INDEXES[family];
        const holding = `${ofParameter(type, name, bind)} AND ${sqlOf(this.#condition(type, filter), bind)}`;
        if (filter === first) return `${alias}.n IN (SELECT n FROM ${table} WHERE ${holding})`;
        return `${isNot ? "NOT " : ""}EXISTS (SELECT 1 FROM ${table} WHERE n = ${alias}.n AND ${holding})`;
      }
      case "chain": {
        const param = bind.add(`${type}.${filter.name}`);
        const ways = filter.types.flatMap((target, i) => {
          const bounds = this.bounds(reach, target, "s");
          if (bounds === undefined) return [];
          const filters = filter.filters[i] ?? [];
          const inner = `${alias}t`;
          const held = bind.add(target);
          const begin = this.#begin(target, filters, bounds);
          const stored = `(x.type = ${held} AND x.id IN (SELECT ${inner}.id FROM fhir_resources ${inner} WHERE ${begin === undefined ? "" : "+"}${inner}.type = ${held} AND ${inner}.body IS NOT NULL AND ${this.#where(target, filters, bounds, bind, reach, inner, begin)}))`;
          const ids = this.#fewBuilt(target, reach)
            .filter((one) => this.#isInside(one, bounds, reach) && this.#fits(one, filters, reach))
            .map((one) => bind.add(textAt(one, "id") ?? ""));
          return ids.length === 0 ? [stored] : [stored, `(x.type = ${held} AND x.id IN (${ids.join(", ")}))`];
        });
        return `${alias}.n IN (SELECT x.n FROM fhir_references x WHERE x.param = ${param} AND (${["0", ...ways].join(" OR ")}))`;
      }
      case "has": {
        const bounds = this.bounds(reach, filter.type, "s");
        if (bounds === undefined) return "0";
        const inner = `${alias}h`;
        return `EXISTS (SELECT 1 FROM fhir_references x JOIN fhir_resources ${inner} ON ${inner}.n = x.n WHERE x.param = ${bind.add(`${filter.type}.${filter.reference}`)} AND x.type = ${alias}.type AND x.id = ${alias}.id AND ${inner}.body IS NOT NULL AND ${this.#where(filter.type, filter.filters, bounds, bind, reach, inner)})`;
      }
    }
  }

  /** The condition of a filter, of dates with what follows for their beginnings: those are what the index is sorted by. */
  #condition(type: ResourceType, { family, name, condition }: Extract<Filter, { kind: "index" }>): Condition {
    return family === "date" ? bounded(condition, this.#longest(type, name)) : condition;
  }

  /** How long the longest time lasts that a parameter is found by, in milliseconds. */
  #longest(type: ResourceType, name: string): number {
    const [row] = this.#state.sql
      .exec<{ span: number }>(
        `SELECT hi - lo AS span FROM fhir_dates WHERE param = +? AND hi - lo > ${DAY_LONG} ORDER BY hi - lo DESC LIMIT 1`,
        `${type}.${name}`,
      )
      .toArray();
    return row?.span ?? DAY_LONG;
  }

  /**
   * The filter that a search begins with: of those that few resources fit the one that fewest do. SQLite, which knows no counts, cannot
   * tell a code that all have from an identifier that one has.
   */
  #begin(type: ResourceType, filters: readonly Filter[], bounds: Bounds): Filter | undefined {
    let best: { readonly filter: Filter; readonly n: number } | undefined;
    for (const filter of [...filters, ...(bounds !== "all" && bounds.length === 1 ? (bounds[0] ?? []) : [])]) {
      if (filter.kind === "id" && !filter.isNot) return undefined;
      if (filter.kind !== "index" || filter.isNot || best?.n === 0) continue;
      const bind = new Bindings();
      const { n } = this.#state.sql
        .exec<{ n: number }>(
          `SELECT count(*) AS n FROM (SELECT 1 FROM ${INDEXES[filter.family].table} WHERE ${ofParameter(type, filter.name, bind)} AND ${sqlOf(this.#condition(type, filter), bind)} LIMIT ${FEW + 1})`,
          bind.json,
        )
        .one();
      if (n <= FEW && n < (best?.n ?? Number.POSITIVE_INFINITY)) best = { filter, n };
    }
    return best?.filter;
  }

  /** `FROM … WHERE` of all that fits, with the time of `date` as bounds of the walk; `isListed` where the caller says which numbers to look at. */
  #from(
    type: ResourceType,
    query: Query,
    bounds: Bounds,
    bind: Bindings,
    { top }: Pick<Mark, "top">,
    reach: Reach,
    isListed = false,
  ): string {
    const begin = isListed ? undefined : this.#begin(type, query.filters, bounds);
    const parts = [
      `${begin === undefined && !isListed ? "" : "+"}r.type = ${bind.add(type)}`,
      "r.body IS NOT NULL",
      `r.n <= ${bind.add(top)}`,
      this.#where(type, query.filters, bounds, bind, reach, "r", begin),
    ];
    for (const filter of query.filters) {
      if (filter.kind !== "index" || filter.name !== "date" || filter.family !== "date" || filter.isNot) continue;
      const [from, to] = startsWithin(filter.condition, this.#longest(type, "date"));
      if (Number.isFinite(from)) parts.push(`r.at >= ${bind.add(from)}`);
      if (Number.isFinite(to)) parts.push(`r.at <= ${bind.add(to)}`);
    }
    return `FROM fhir_resources r WHERE ${parts.join(" AND ")}`;
  }

  /** What of the stored ones stands behind a mark, in the order of one of the two times. */
  #stored(type: ResourceType, query: Query, bounds: Bounds, mark: Mark, reach: Reach): Placed[] {
    if (mark.stored === "end" || query.order.by === "keys") return [];
    this.#resources.flush();
    const { by, isDescending } = query.order;
    if (by === "updated" || isDescending)
      return this.#walk(type, query, bounds, mark, reach, by === "date" ? "at" : "changed_at", "", query.count);
    // What tells no time comes last here as well.
    const isLate = typeof mark.stored === "object" && mark.stored.key === LATEST;
    const timed = isLate ? [] : this.#walk(type, query, bounds, mark, reach, "at", `AND r.at > ${NO_TIME}`, query.count);
    if (timed.length > query.count) return timed;
    const rest = { ...mark, stored: isLate && typeof mark.stored === "object" ? { ...mark.stored, key: NO_TIME } : ("start" as const) };
    const untimed = this.#walk(type, query, bounds, rest, reach, "at", `AND r.at = ${NO_TIME}`, query.count - timed.length);
    return [...timed, ...untimed.map((one) => ({ ...one, key: LATEST, stored: { key: LATEST, n: one.stored?.n ?? 0 } }))];
  }

  #walk(
    type: ResourceType,
    query: Query,
    bounds: Bounds,
    mark: Mark,
    reach: Reach,
    key: "at" | "changed_at",
    more: string,
    count: number,
  ): Placed[] {
    const bind = new Bindings();
    const isDescending = query.order.by !== "keys" && query.order.isDescending;
    const from = this.#from(type, query, bounds, bind, mark, reach);
    const past =
      typeof mark.stored === "object"
        ? `AND (r.${key}, r.n) ${isDescending ? "<" : ">"} (${bind.add(mark.stored.key)}, ${bind.add(mark.stored.n)})`
        : "";
    const way = isDescending ? "DESC" : "ASC";
    return this.#state.sql
      .exec<{ n: number; key: number; id: string; body: string }>(
        `SELECT k.n, k.key, b.id, b.body FROM (SELECT r.n AS n, r.${key} AS key ${from} ${more} ${past} ORDER BY r.${key} ${way}, r.n ${way} LIMIT ${count + 1}) k JOIN fhir_resources b ON b.n = k.n ORDER BY k.key ${way}, k.n ${way}`,
        bind.json,
      )
      .toArray()
      .map(({ n, key: at, id, body }) => ({ key: at, stored: { key: at, n }, found: storedOne(type, id, body) }));
  }

  #built(
    type: ResourceType,
    params: readonly (readonly [string, string])[],
    query: Query,
    bounds: Bounds,
    mark: Mark,
    reach: Reach,
  ): { readonly placed: Placed[]; readonly last: Mark["built"]; readonly horizon?: number } {
    if (mark.built === "end") return { placed: [], last: "end" };
    if (isBook(type)) return this.#booked(type, query, bounds, mark, reach);
    if (type === "Patient" || type === "Device") {
      const after = typeof mark.built === "number" ? mark.built : 0;
      const placed = this.#fewFitting(type, query, bounds, reach).map((resource, i) => ({
        key: query.order.by === "date" ? NO_TIME : Date.parse(textAt(resource["meta"], "lastUpdated") ?? "1970-01-01"),
        found: builtOne(resource),
        built: i + 1,
      }));
      return { placed: placed.slice(after, after + query.count + 1), last: "end" };
    }
    if (type !== "Observation" && type !== "DiagnosticReport") return { placed: [], last: "end" };
    const { pushed, rest } = this.#split(params, query);
    const sight = sightOf(reach);
    const isWhole = rest.length === 0 && isAllSeen(bounds, sight);
    const placed: Placed[] = [];
    let after: Position | undefined = typeof mark.built === "object" && "table" in mark.built ? mark.built : undefined;
    let seen = 0;
    for (;;) {
      // Where most fit, the first few are enough: building all that may be looked at would cost more than the rest of the search.
      const size = isWhole || seen === 0 ? Math.min(query.count + 1, LARGEST_COUNT) : LARGEST_COUNT;
      const params = [...pushed, ["_count", String(size)]] as const;
      const page = this.#view.seek({ type, params, lenient: false, ...(after !== undefined && { after }) }, sight);
      for (const one of page.found) {
        const { place } = one;
        const found = seenOne(type, one);
        // What all of it fits is built where it is shown alone.
        if (!isWhole && (!this.#isInside(found.resource, bounds, reach) || !this.#fits(found.resource, rest, reach))) continue;
        placed.push({ key: query.order.by === "date" ? place.start : place.updatedAt, found, built: place });
      }
      seen += page.found.length;
      after = page.next;
      if (after === undefined) return { placed, last: "end" };
      if (placed.length > query.count) return { placed, last: after };
      if (seen >= MOST_BUILT) return { placed, last: after, horizon: query.order.by === "date" ? after.start : after.updatedAt };
    }
  }

  /** What a book has behind a mark. Nobody's but the person's: others have no class of it, and are not looked at. */
  #booked(
    type: BookType,
    query: Query,
    bounds: Bounds,
    mark: Mark,
    reach: Reach,
  ): { readonly placed: Placed[]; readonly last: Mark["built"]; readonly horizon?: number } {
    const { times, rest } = timesOf(type, query.filters);
    const { by, isDescending } = query.order.by === "keys" ? { by: "date" as const, isDescending: true } : query.order;
    const isWhole = rest.length === 0 && bounds === "all";
    const placed: Placed[] = [];
    let after = typeof mark.built === "object" && !("table" in mark.built) ? mark.built : undefined;
    for (let seen = 0; isOwn(reach);) {
      const limit = isWhole || seen === 0 ? Math.min(query.count + 1, LARGEST_COUNT) : LARGEST_COUNT;
      const page: BookPage = this.#books.page(type, { by, isDescending, after, limit, end: mark.end ?? this.#books.end(type), times });
      for (const { resource, place } of page.items) {
        if (!this.#isInside(resource, bounds, reach) || !this.#fits(resource, rest, reach)) continue;
        placed.push({ key: place.key, found: builtOne(resource), built: place });
      }
      seen += page.items.length;
      after = page.next;
      if (after === undefined) break;
      if (placed.length > query.count) return { placed, last: after };
      if (seen >= MOST_BUILT) return { placed, last: after, horizon: after.key };
    }
    return { placed, last: "end" };
  }

  /** What the views evaluate by themselves, and the filters that are left. */
  #split(params: readonly (readonly [string, string])[], query: Query) {
    const pushed = params.filter(([name, value]) => PUSHED.test(name) && value !== "").map(([name, value]) => [name, value] as const);
    const { order } = query;
    const sort = order.by === "keys" ? "-date" : `${order.isDescending ? "-" : ""}${order.by === "date" ? "date" : "_lastUpdated"}`;
    const isLeft = (filter: Filter) => {
      if (filter.kind === "chain" || filter.kind === "has") return true;
      if (filter.kind !== "index") return false;
      return params.some(([name]) => name.split(":")[0] === filter.name.split(":")[0] && !PUSHED.test(name));
    };
    return { pushed: [...pushed, ["_sort", sort] as const], rest: query.filters.filter(isLeft) };
  }

  #fewBuilt(type: ResourceType, reach: Reach): Fields[] {
    if (type === "Consent") {
      const ask = { by: "date", isDescending: true, limit: MOST_BUILT, end: this.#books.end(type) } as const;
      return isOwn(reach) ? this.#books.page(type, ask).items.map(({ resource }) => resource) : [];
    }
    return type === "Patient" || type === "Device"
      ? this.#view.page(type, undefined, LARGEST_COUNT, sightOf(reach)).resources.flatMap((one) => (isFields(one) ? [one] : []))
      : [];
  }

  #fewFitting(type: ResourceType, query: Query, bounds: Bounds, reach: Reach): Fields[] {
    return this.#fewBuilt(type, reach).filter((one) => this.#isInside(one, bounds, reach) && this.#fits(one, query.filters, reach));
  }

  #count(
    type: ResourceType,
    params: readonly (readonly [string, string])[],
    query: Query,
    bounds: Bounds,
    mark: Mark,
    reach: Reach,
  ): number {
    this.#resources.flush();
    const bind = new Bindings();
    const from = this.#from(type, query, bounds, bind, mark, reach);
    const { n } = this.#state.sql.exec<{ n: number }>(`SELECT count(*) AS n ${from}`, bind.json).one();
    if (isBook(type)) return n + this.#countBooked(type, query, bounds, mark, reach);
    if (type === "Patient" || type === "Device") return n + this.#fewFitting(type, query, bounds, reach).length;
    if (type !== "Observation" && type !== "DiagnosticReport") return n;
    const { pushed, rest } = this.#split(params, query);
    const sight = sightOf(reach);
    if (rest.length === 0 && isAllSeen(bounds, sight)) {
      const counted = [...pushed, ["_count", "0"], ["_total", "accurate"]] as const;
      const view = this.#view.search({ type, params: counted, lenient: false }, sight);
      return n + (view.total ?? 0);
    }
    let [count, seen] = [n, 0];
    let after: Position | undefined;
    do {
      const many = [...pushed, ["_count", String(LARGEST_COUNT)]] as const;
      const page = this.#view.search({ type, params: many, lenient: false, ...(after !== undefined && { after }) }, sight);
      for (const resource of page.resources)
        if (isFields(resource) && this.#isInside(resource, bounds, reach) && this.#fits(resource, rest, reach)) count++;
      seen += page.resources.length;
      if (seen > MOST_COUNTED) throw problem("invalid", "There is too much to count: narrow the search by code, category or date.");
      after = page.next;
    } while (after !== undefined);
    return count;
  }

  #countBooked(type: BookType, query: Query, bounds: Bounds, mark: Mark, reach: Reach): number {
    if (!isOwn(reach)) return 0;
    const { times, rest } = timesOf(type, query.filters);
    const end = mark.end ?? this.#books.end(type);
    if (type === "AuditEvent" && rest.length === 0 && bounds === "all") return this.#books.countLines({ end, times });
    let [count, seen] = [0, 0];
    let at: Mark["built"] = "start";
    do {
      const page = this.#booked(type, { ...query, count: LARGEST_COUNT - 1 }, bounds, { ...mark, built: at }, reach);
      count += page.placed.length;
      seen += MOST_BUILT;
      at = page.last;
      if (at !== "end" && seen >= MOST_COUNTED) throw problem("invalid", "There is too much to count: narrow the search by date.");
    } while (at !== "end");
    return count;
  }

  /** What the matches refer to, and what refers to them, as far as asked and within reach. */
  #included(matches: readonly Fields[], { includes, revincludes }: Query, reach: Reach): Fields[] {
    if (matches.length === 0 || (includes.length === 0 && revincludes.length === 0)) return [];
    const zone = this.#state.profile().timeZone;
    const known = new Set(matches.map(keyOf));
    const found: Fields[] = [];
    const add = (resource: Fields) => {
      if (known.has(keyOf(resource)) || found.length >= MOST_INCLUDED) return;
      known.add(keyOf(resource));
      found.push(resource);
    };
    for (const resource of matches) {
      const rows = includes.length === 0 ? [] : rowsOf(indexEntries(resource, zone));
      for (const { type, name, target } of includes) {
        for (const { row } of rows.filter((one) => one.family === "reference" && one.name === name && resource["resourceType"] === type)) {
          if (row["id"] === "" || (target !== undefined && row["type"] !== target)) continue;
          const other = this.one(String(row["type"]), String(row["id"]), reach);
          if (other !== undefined && this.isWithin(other, reach, "s")) add(other);
        }
      }
    }
    for (const { type, name } of revincludes) {
      const source = isResourceType(type) ? type : undefined;
      if (source === undefined || this.bounds(reach, source, "s") === undefined) continue;
      for (let i = 0; i < matches.length; i += 25) {
        const keys = matches.slice(i, i + 25).map(keyOf);
        let after: Mark | undefined;
        let pages = 0;
        do {
          const params = [
            [name, keys.join(",")],
            ["_count", String(LARGEST_COUNT)],
          ] as const;
          const page = this.page({ type: source, params, lenient: false, after }, reach);
          for (const { resource } of page.found) add(resource);
          // A log may be long, and say nothing of what was found.
          const isEnough = found.length >= MOST_INCLUDED || (source === "AuditEvent" && ++pages >= MOST_PAGES_OF_A_LOG);
          after = isEnough ? undefined : page.next;
        } while (after !== undefined);
      }
    }
    return found;
  }
}

/** SQL condition for rows of the index that stand for a parameter of a type. */
function ofParameter(type: ResourceType, name: string, bind: Bindings): string {
  const params = indexedAs(type, name).map((one) => bind.add(`${type}.${one}`));
  return params.length === 1 ? `param = ${params[0]}` : `param IN (${params.join(", ")})`;
}

/** Whether the bounds leave all that a view shows, cut to its reader as it is. */
function isAllSeen(bounds: Bounds, { sees }: Sight): boolean {
  if (bounds === "all") return true;
  if (sees === undefined) return false;
  const shown = maskOf([...sees]);
  return bounds.some((filters) => filters.every((filter) => filter.kind === "class" && coversClasses(filter.mask, shown)));
}

/** Whether a reach is the person's, or of an app of theirs. */
function isOwn({ sees }: Reach): boolean {
  return sees === undefined;
}

/** What a log evaluates by itself, and the filters that are left. */
function timesOf(type: BookType, filters: readonly Filter[]) {
  const times: Condition[] = [];
  const rest: Filter[] = [];
  for (const filter of filters) {
    const isTime = filter.kind === "updated" || (filter.kind === "index" && filter.name === "date" && !filter.isNot);
    if (type === "AuditEvent" && isTime) times.push(filter.condition);
    else rest.push(filter);
  }
  return { times, rest };
}

function keyOf(resource: Fields): string {
  return `${textAt(resource, "resourceType")}/${textAt(resource, "id")}`;
}
