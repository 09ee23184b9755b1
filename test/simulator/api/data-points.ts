/** `dataTypes/{type}/dataPoints`: list, reconcile, get and batchDelete. */
import * as z from "zod";
import { accessTo } from "../oauth/authenticate.ts";
import type { Caller } from "../oauth/authenticate.ts";
import type { Person, Point } from "../person.ts";
import { dayOf } from "../person/civil.ts";
import type { JsonObject } from "../person/wire.ts";
import { typeInfo } from "../points/catalogue.ts";
import type { Operation, TypeInfo } from "../points/catalogue.ts";
import { dataSource, resourceId } from "../points/point.ts";
import { ApiError, invalidArgument, jsonBody, notFound } from "../server/http.ts";
import type { Call, Reply } from "../server/http.ts";
import { overlayOf, visibleOn } from "../server/overlay.ts";
import { randomId } from "../server/state.ts";
import type { State } from "../server/state.ts";
import { parseFilter } from "./filter.ts";
import { fingerprint, page, parseFamily } from "./query.ts";

/** The type of a path segment. 400 when the vendor does not know it. */
export function knownType(name: string): TypeInfo {
  const info = typeInfo(name);
  if (!info) throw invalidArgument(`Invalid data type: ${name}.`, "INVALID_DATA_TYPE");
  return info;
}

/** 400 when the type does not offer the operation. */
export function requireOperation(info: TypeInfo, operation: Operation): void {
  if (info.operations.includes(operation)) return;
  throw invalidArgument(`Operation ${operation} is not supported for data type ${info.name}.`, "UNSUPPORTED_OPERATION_FOR_DATA_TYPE");
}

/** Page size: 1440 by default and 10 000 at most; 25 and 25 for exercise and sleep. */
export function pageSizeOf(text: string | number | null | undefined, info: TypeInfo): number {
  const small = info.name === "exercise" || info.name === "sleep";
  const most = small ? 25 : 10_000;
  if (text === null || text === undefined || text === "") return small ? 25 : 1440;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 0) throw invalidArgument("Invalid value at 'page_size'.");
  return size === 0 ? (small ? 25 : 1440) : Math.min(size, most);
}

function nameOf(person: Person, info: TypeInfo, point: Point): string {
  return `users/${person.healthUserId}/dataTypes/${info.name}/dataPoints/${resourceId(person, info.name, point.id)}`;
}

/** A raw DataPoint. Only identifiable types carry a name. */
export function dataPoint(person: Person, info: TypeInfo, point: Point): JsonObject {
  const name = info.operations.includes("get") ? { name: nameOf(person, info, point) } : {};
  return { ...name, dataSource: dataSource(person, point.origin), [info.field]: point.value };
}

function reconciledPoint(person: Person, info: TypeInfo, point: Point): JsonObject {
  const name = info.operations.includes("get") ? { dataPointName: nameOf(person, info, point) } : {};
  return { ...name, [info.field]: point.value };
}

/** `GET …/dataPoints` and `GET …/dataPoints:reconcile`. */
export function readPoints(state: State, caller: Caller, info: TypeInfo, call: Call, operation: "list" | "reconcile"): Reply {
  requireOperation(info, operation);
  const access = accessTo(caller, info.area);
  const { query } = call;
  const asked = operation === "reconcile" ? parseFamily(query.get("dataSourceFamily")) : "all-sources";
  if (access === "own" && query.has("dataSourceFamily") && asked !== "self-sources") {
    throw new ApiError(403, "PERMISSION_DENIED", "Only self-sources can be read with write scopes.");
  }
  const filterText = query.get("filter");
  const filter = parseFilter(filterText, info);
  const size = pageSizeOf(query.get("pageSize"), info);
  const family = access === "own" ? "self-sources" : asked;
  const print = fingerprint(caller.person.name, info.name, operation, filterText ?? "", family);
  const { points, next } = page(
    state,
    { person: caller.person, info, filter, reconcile: operation === "reconcile", family },
    size,
    query.get("pageToken"),
    print,
  );
  const wire = operation === "list" ? dataPoint : reconciledPoint;
  // Empty fields are left out of the vendor's JSON.
  const list = points.length ? { dataPoints: points.map((point) => wire(caller.person, info, point)) } : {};
  return { status: 200, body: { ...list, ...(next ? { nextPageToken: next } : {}) } };
}

function findByResourceId(state: State, person: Person, info: TypeInfo, id: string): Point | undefined {
  for (let day = dayOf(person.zone, state.clock.now()); day >= person.memberSince; day -= 1) {
    const found = visibleOn(state, person, info, day).find((point) => resourceId(person, info.name, point.id) === id);
    if (found) return found;
  }
  return undefined;
}

/** `GET …/dataPoints/{id}`. */
export function getPoint(state: State, caller: Caller, info: TypeInfo, id: string): Reply {
  requireOperation(info, "get");
  const access = accessTo(caller, info.area);
  const point = access === "full" ? findByResourceId(state, caller.person, info, id) : undefined;
  if (!point) throw notFound(`Data point ${id} not found.`);
  return { status: 200, body: dataPoint(caller.person, info, point) };
}

const deletion = z.object({ names: z.array(z.string()).min(1).max(10_000) });

/** `POST …/dataPoints:batchDelete`; needs the write scope. */
export function batchDelete(state: State, caller: Caller, info: TypeInfo, call: Call): Reply {
  requireOperation(info, "get");
  if (!caller.scopes.has(`https://www.googleapis.com/auth/googlehealth.${info.area}.writeonly`))
    throw new ApiError(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", {
      reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    });
  const input = deletion.safeParse(jsonBody(call));
  if (!input.success) throw invalidArgument("Invalid value at 'names'.");
  const points = input.data.names.map((name) => {
    const [, , , type, , id] = name.split("/");
    const point = type === info.name && id ? findByResourceId(state, caller.person, info, id) : undefined;
    if (!point) throw notFound(`Data point ${name} not found.`);
    return point;
  });
  const overlay = overlayOf(state, caller.person, info.name);
  for (const point of points) overlay.deletedIds.add(point.id);
  overlay.added = overlay.added.filter((point) => !overlay.deletedIds.has(point.id));
  return {
    status: 200,
    body: { name: `operations/${randomId(12)}`, done: true, response: { "@type": "type.googleapis.com/google.protobuf.Empty" } },
  };
}
