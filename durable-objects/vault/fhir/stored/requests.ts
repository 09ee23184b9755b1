import { type Fields, isFields, textAt } from "../../../../shared/fhir/r4/issue";
import { paramsOf } from "../../../../shared/fhir/store/params";
import { problem } from "../../../../shared/problem";
import type { Mark } from "./search";

export type Params = readonly (readonly [string, string])[];

/** One interaction of the REST API, as it crosses RPC. Resources, patches and bundles are JSON text. */
export type FhirRequest =
  | { readonly kind: "read"; readonly type: string; readonly id: string }
  | { readonly kind: "vread"; readonly type: string; readonly id: string; readonly version: string }
  | HistoryRequest
  | {
      readonly kind: "search";
      readonly type: string;
      readonly params: Params;
      readonly lenient: boolean;
      readonly after?: Mark | undefined;
    }
  | { readonly kind: "create"; readonly type: string; readonly resource: string; readonly ifNoneExist?: Params | undefined }
  | ({ readonly kind: "update"; readonly resource: string } & Aim)
  | ({ readonly kind: "patch"; readonly patch: string } & Aim)
  | ({ readonly kind: "delete" } & Aim)
  | { readonly kind: "bundle"; readonly bundle: string };

/** The versions of one resource, or of all of a type; of everything where the type is empty. */
export interface HistoryRequest {
  readonly kind: "history";
  readonly type: string;
  readonly id?: string | undefined;
  readonly params?: Params | undefined;
  readonly after?: HistoryMark | undefined;
}

/** The version that a page ended with; travels sealed in a cursor. */
export interface HistoryMark {
  readonly changedAt: number;
  readonly n: number;
  readonly version: number;
}

/** What a write is about: a resource by its id, or the one that a condition names. */
export interface Aim {
  readonly type: string;
  readonly id?: string | undefined;
  readonly query?: Params | undefined;
  readonly ifMatch?: string | undefined;
}

/** A request that is no Bundle of others. Resources of entries are read already. */
export type SingleRequest = Read<Exclude<FhirRequest, { kind: "bundle" }>>;

type Read<Request> = Request extends { readonly resource: string }
  ? Omit<Request, "resource"> & { readonly resource: string | Fields }
  : Request;

export interface BundleEntry {
  readonly request: SingleRequest;
  readonly fullUrl: string | undefined;
}

/** Reads one entry of a batch or transaction. */
export function readEntry(entry: unknown): BundleEntry {
  const asked = isFields(entry) ? entry["request"] : undefined;
  const method = textAt(asked, "method");
  const [path = "", query] = (textAt(asked, "url") ?? "").split(/\?(.*)/s);
  const [type = "", id, history, version, ...rest] = path.replace(/^\//, "").split("/");
  const params = query === undefined || query === "" ? undefined : paramsOf(query);
  const body = isFields(entry) ? entry["resource"] : undefined;
  const ifMatch = textAt(asked, "ifMatch");
  const fullUrl = textAt(entry, "fullUrl");
  const resource = isFields(body) ? body : JSON.stringify(body ?? null);
  const unread = () => problem("invalid", "The request of an entry cannot be read.");
  // A history of many goes by pages, which an entry has no links for.
  if (type === "" || id === "_history" || rest.length > 0 || (history !== undefined && history !== "_history")) throw unread();
  switch (method) {
    case "GET":
    case "HEAD":
      if (version !== undefined && id !== undefined) return { fullUrl, request: { kind: "vread", type, id, version } };
      if (history !== undefined && id !== undefined) return { fullUrl, request: { kind: "history", type, id } };
      if (id !== undefined) return { fullUrl, request: { kind: "read", type, id } };
      return { fullUrl, request: { kind: "search", type, params: params ?? [], lenient: false } };
    case "POST": {
      const condition = textAt(asked, "ifNoneExist");
      if (id === "_search") return { fullUrl, request: { kind: "search", type, params: params ?? [], lenient: false } };
      if (id !== undefined) throw unread();
      return {
        fullUrl,
        request: { kind: "create", type, resource, ifNoneExist: condition === undefined ? undefined : paramsOf(condition) },
      };
    }
    case "PUT":
      if (id === undefined && params === undefined) throw unread();
      return { fullUrl, request: { kind: "update", type, id, query: params, resource, ifMatch } };
    case "PATCH":
      if (id === undefined && params === undefined) throw unread();
      return { fullUrl, request: { kind: "patch", type, id, query: params, patch: patchIn(body), ifMatch } };
    case "DELETE":
      if (id === undefined && params === undefined) throw unread();
      return { fullUrl, request: { kind: "delete", type, id, query: params, ifMatch } };
    default:
      throw unread();
  }
}

/** A JSON Patch travels in a bundle as a Binary. */
function patchIn(binary: unknown): string {
  const data = textAt(binary, "data");
  if (textAt(binary, "resourceType") !== "Binary" || data === undefined) throw problem("invalid", "A patch in a Bundle is a Binary.");
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)));
  } catch {
    throw problem("invalid", "The data of a patch is not base64.");
  }
}

/** The text of a resource. Problem `malformed`. */
export function parsed(text: string | Fields): Fields {
  const value = typeof text === "string" ? parsedJson(text) : text;
  if (!isFields(value)) throw problem("malformed", "The body is no resource.");
  return value;
}

export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw problem("malformed", "The body is not JSON.");
  }
}
