import { indexEntries } from "../../../../shared/fhir/r4/index-entries";
import { type Fields, isFields, textAt } from "../../../../shared/fhir/r4/issue";
import { classesOf, coversClasses, maskOf } from "../../../../shared/fhir/classes";
import { isResourceType, type ResourceType } from "../../../../shared/fhir/r4/structures";
import { type Interaction, limitsOf, type Reach } from "../../../../shared/fhir/reach";
import { Bindings, holds, rowsOf, sqlOf } from "../../../../shared/fhir/store/conditions";
import { type Filter, LARGEST_COUNT, parseQuery, parseWhere, type Query } from "../../../../shared/fhir/store/query";
import { problem } from "../../../../shared/problem";
import type { VaultState } from "../../state";
import type { Position } from "../entries";
import { type FhirView, type Sight, sightOf } from "../view";
import { INDEXES, NO_TIME, type Resources } from "./resources";

/** Where a page ended in both worlds; travels sealed in a cursor. */
export interface Mark {
  /** Resources written after the first page are not shown. */
  readonly top: number;
  readonly stored: { readonly key: number; readonly n: number } | "start" | "end";
  readonly built: Position | number | "start" | "end";
}

export interface Found {
  readonly resource: Fields;
  readonly mode: "match" | "include";
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

const BUILT = new Set(["Observation", "DiagnosticReport", "Patient", "Device"]);
/** What the views evaluate by themselves. */
const PUSHED =
  /^(?:_id|identifier|patient|patient:Patient|subject|subject:Patient|code|category|status|device|device:Device|date|_lastUpdated)$/;
/** So many built resources are looked at for one page, and for one total. */
const MOST_BUILT = 2_000;
const MOST_COUNTED = 20_000;
const MOST_INCLUDED = 1_000;

interface Placed {
  readonly key: number;
  readonly resource: Fields;
  readonly stored?: { readonly key: number; readonly n: number };
  readonly built?: Position | number;
}

/** Searches over what is stored and what is built from readings and results: one answer, within one reach. */
export class FhirSearch {
  readonly #state: VaultState;
  readonly #resources: Resources;
  readonly #view: FhirView;

  constructor(state: VaultState, resources: Resources, view: FhirView) {
    this.#state = state;
    this.#resources = resources;
    this.#view = view;
  }

  /** One page. Problems `malformed`, and `forbidden` where no resource of the type is within reach. */
  page({ type, params, lenient, after }: Asked, reach: Reach): SearchPage {
    const query = parseQuery(type, params, this.#setting(lenient));
    const bounds = this.bounds(reach, type, "s");
    if (bounds === undefined) throw problem("forbidden", `Searching ${type} is not allowed here.`);
    const top = after?.top ?? this.#state.sql.exec<{ top: number | null }>("SELECT max(n) AS top FROM fhir_resources").one().top ?? 0;
    const mark: Mark = after ?? { top, stored: "start", built: BUILT.has(type) ? "start" : "end" };
    const total = query.total ? { total: this.#count(type, params, query, bounds, top, reach) } : {};
    if (query.count === 0) return { query, found: [], ...total };
    const stored = this.#stored(type, query, bounds, mark, reach);
    const built = this.#built(type, params, query, bounds, mark, reach);
    const direction = query.order.isDescending ? -1 : 1;
    const merged = [...stored, ...built.placed].toSorted((a, b) => direction * (a.key - b.key));
    const { horizon } = built;
    const ready =
      horizon === undefined ? merged : merged.filter(({ key, stored: own }) => own === undefined || direction * (key - horizon) <= 0);
    const shown = ready.slice(0, query.count);
    const isMore = merged.length > shown.length || horizon !== undefined;
    const matches = shown.map(({ resource }) => resource);
    const includes = this.#included(matches, query, reach);
    return {
      query,
      found: [
        ...matches.map((resource) => ({ resource, mode: "match" as const })),
        ...includes.map((resource) => ({ resource, mode: "include" as const })),
      ],
      ...(isMore && {
        next: {
          top,
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
          return filter.ids.some((wanted) => wanted === id || (type === "Patient" && wanted.replaceAll("_", "-") === id));
        case "class":
          return coversClasses(filter.mask, maskOf(classesOf(resource)));
        case "updated": {
          const at = Date.parse(textAt(resource["meta"], "lastUpdated") ?? "");
          return holds(filter.condition, { lo: at, hi: at });
        }
        case "index": {
          const { family, name, condition, isNot } = filter;
          return rows.some((one) => one.name === name && one.family === family && holds(condition, one.row)) !== isNot;
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

  #where(type: ResourceType, filters: readonly Filter[], bounds: Bounds, bind: Bindings, reach: Reach, alias: string): string {
    const all = filters.map((filter) => this.#sql(type, filter, bind, reach, alias));
    if (bounds !== "all") {
      const any = bounds.map((list) => `(${["1", ...list.map((filter) => this.#sql(type, filter, bind, reach, alias))].join(" AND ")})`);
      all.push(`(${any.join(" OR ")})`);
    }
    return ["1", ...all].join(" AND ");
  }

  #sql(type: ResourceType, filter: Filter, bind: Bindings, reach: Reach, alias: string): string {
    switch (filter.kind) {
      case "id":
        return `${alias}.id IN (${filter.ids.map((id) => bind.add(id)).join(", ")})`;
      case "class":
        // What belongs to no class, or was not looked at yet, is nobody's but the person's.
        return `(${alias}.class > 0 AND (${alias}.class & ~${bind.add(filter.mask)}) = 0)`;
      case "updated":
        return sqlOf(filter.condition, bind, { lo: `${alias}.changed_at`, hi: `${alias}.changed_at` });
      case "index": {
        const { family, name, condition, isNot } = filter;
        const param = bind.add(`${type}.${name}`);
        return `${alias}.n ${isNot ? "NOT IN" : "IN"} (SELECT n FROM ${INDEXES[family].table} WHERE param = ${param} AND ${sqlOf(condition, bind)})`;
      }
      case "chain": {
        const param = bind.add(`${type}.${filter.name}`);
        const ways = filter.types.flatMap((target, i) => {
          const bounds = this.bounds(reach, target, "s");
          if (bounds === undefined) return [];
          const filters = filter.filters[i] ?? [];
          const inner = `${alias}t`;
          const held = bind.add(target);
          const stored = `(x.type = ${held} AND EXISTS (SELECT 1 FROM fhir_resources ${inner} WHERE ${inner}.type = x.type AND ${inner}.id = x.id AND ${inner}.body IS NOT NULL AND ${this.#where(target, filters, bounds, bind, reach, inner)}))`;
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

  /** The statement of one page of what is stored. */
  statement(type: ResourceType, query: Query, bounds: Bounds, mark: Mark, reach: Reach): { readonly sql: string; readonly json: string } {
    const bind = new Bindings();
    const { by, isDescending } = query.order;
    const key = by === "date" ? "at" : "changed_at";
    const where = this.#where(type, query.filters, bounds, bind, reach, "r");
    const past =
      typeof mark.stored === "object"
        ? `AND (r.${key}, r.n) ${isDescending ? "<" : ">"} (${bind.add(mark.stored.key)}, ${bind.add(mark.stored.n)})`
        : "";
    const way = isDescending ? "DESC" : "ASC";
    return {
      sql: `SELECT r.n, r.${key} AS key, r.body FROM fhir_resources r WHERE ${isFew(query) ? "+" : ""}r.type = ${bind.add(type)} AND r.body IS NOT NULL AND r.n <= ${bind.add(mark.top)} AND ${where} ${past} ORDER BY r.${key} ${way}, r.n ${way} LIMIT ${query.count + 1}`,
      json: bind.json,
    };
  }

  #stored(type: ResourceType, query: Query, bounds: Bounds, mark: Mark, reach: Reach): Placed[] {
    if (mark.stored === "end") return [];
    this.#resources.flush();
    const { sql, json } = this.statement(type, query, bounds, mark, reach);
    return this.#state.sql
      .exec<{ n: number; key: number; body: string }>(sql, json)
      .toArray()
      .map(({ n, key, body }) => ({ key, stored: { key, n }, resource: JSON.parse(body) as Fields }));
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
    if (type === "Patient" || type === "Device") {
      const after = typeof mark.built === "number" ? mark.built : 0;
      const placed = this.#fewFitting(type, query, bounds, reach).map((resource, i) => ({
        key: query.order.by === "date" ? NO_TIME : Date.parse(textAt(resource["meta"], "lastUpdated") ?? "1970-01-01"),
        resource,
        built: i + 1,
      }));
      return { placed: placed.slice(after, after + query.count + 1), last: "end" };
    }
    if (type !== "Observation" && type !== "DiagnosticReport") return { placed: [], last: "end" };
    const { pushed, rest } = this.#split(params, query);
    const sight = sightOf(reach);
    const isWhole = rest.length === 0 && isAllSeen(bounds, sight);
    const placed: Placed[] = [];
    let after: Position | undefined = typeof mark.built === "object" ? mark.built : undefined;
    let seen = 0;
    for (;;) {
      const size = isWhole ? query.count + 1 : LARGEST_COUNT;
      const params = [...pushed, ["_count", String(size)]] as const;
      const page = this.#view.search({ type, params, lenient: false, ...(after !== undefined && { after }) }, sight);
      for (const [i, resource] of page.resources.entries()) {
        const place = page.places?.[i];
        if (place === undefined || !isFields(resource)) continue;
        if (!this.#isInside(resource, bounds, reach) || !this.#fits(resource, rest, reach)) continue;
        placed.push({ key: query.order.by === "date" ? place.start : place.updatedAt, resource, built: place });
      }
      seen += page.resources.length;
      after = page.next;
      if (after === undefined) return { placed, last: "end" };
      if (placed.length > query.count) return { placed, last: after };
      if (seen >= MOST_BUILT) return { placed, last: after, horizon: query.order.by === "date" ? after.start : after.updatedAt };
    }
  }

  /** What the views evaluate by themselves, and the filters that are left. */
  #split(params: readonly (readonly [string, string])[], query: Query) {
    const pushed = params.filter(([name, value]) => PUSHED.test(name) && value !== "").map(([name, value]) => [name, value] as const);
    const sort = `${query.order.isDescending ? "-" : ""}${query.order.by === "date" ? "date" : "_lastUpdated"}`;
    const isLeft = (filter: Filter) => {
      if (filter.kind === "chain" || filter.kind === "has") return true;
      if (filter.kind !== "index") return false;
      return params.some(([name]) => name.split(":")[0] === filter.name && !PUSHED.test(name));
    };
    return { pushed: [...pushed, ["_sort", sort] as const], rest: query.filters.filter(isLeft) };
  }

  #fewBuilt(type: ResourceType, reach: Reach): Fields[] {
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
    top: number,
    reach: Reach,
  ): number {
    this.#resources.flush();
    const bind = new Bindings();
    const where = this.#where(type, query.filters, bounds, bind, reach, "r");
    const { n } = this.#state.sql
      .exec<{ n: number }>(
        `SELECT count(*) AS n FROM fhir_resources r WHERE r.type = ${bind.add(type)} AND r.body IS NOT NULL AND r.n <= ${bind.add(top)} AND ${where}`,
        bind.json,
      )
      .one();
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
        do {
          const params = [
            [name, keys.join(",")],
            ["_count", String(LARGEST_COUNT)],
          ] as const;
          const page = this.page({ type: source, params, lenient: false, after }, reach);
          for (const { resource } of page.found) add(resource);
          after = found.length >= MOST_INCLUDED ? undefined : page.next;
        } while (after !== undefined);
      }
    }
    return found;
  }
}

/**
 * Whether a search begins with the few resources of an identifier. Else SQLite, which knows no counts, walks all resources of the type in
 * their order and asks of each whether it is among them: right for a code that many have, wrong for what one has.
 */
function isFew({ filters }: Query): boolean {
  return filters.some((filter) => filter.kind === "index" && filter.name === "identifier" && !filter.isNot);
}

/** Whether the bounds leave all that a view shows, cut to its reader as it is. */
function isAllSeen(bounds: Bounds, { sees }: Sight): boolean {
  if (bounds === "all") return true;
  if (sees === undefined) return false;
  const shown = maskOf([...sees]);
  return bounds.some((filters) => filters.every((filter) => filter.kind === "class" && coversClasses(filter.mask, shown)));
}

function keyOf(resource: Fields): string {
  return `${textAt(resource, "resourceType")}/${textAt(resource, "id")}`;
}
