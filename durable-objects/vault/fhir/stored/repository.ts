import { type Fields, isFields, textAt } from "../../../../shared/fhir/r4/issue";
import { isResourceType, type ResourceType } from "../../../../shared/fhir/r4/structures";
import { checkProfiles } from "../../../../shared/fhir/r4/profiles";
import { NOT_WRITTEN } from "../../../../shared/fhir/store/served";
import { isAcceptable, validateResource } from "../../../../shared/fhir/r4/validate";
import { patientId, personOfPatientId } from "../../../../shared/fhir/ids";
import { type Interaction, limitsOf, type Reach } from "../../../../shared/fhir/reach";
import { paramsOf } from "../../../../shared/fhir/store/params";
import { applyJsonPatch, isSame, type Json } from "../../../../shared/fhir/store/json-patch";
import { isProblem, notFound, type Problem, problem } from "../../../../shared/problem";
import type { VaultState } from "../../state";
import { placeOf } from "../by-id";
import type { FhirView } from "../view";
import { Resources, type StoredVersion } from "./resources";
import { FhirSearch, type Mark } from "./search";

type Params = readonly (readonly [string, string])[];

/** One interaction of the REST API, as it crosses RPC. Resources, patches and bundles are JSON text. */
export type FhirRequest =
  | { readonly kind: "read"; readonly type: string; readonly id: string }
  | { readonly kind: "vread"; readonly type: string; readonly id: string; readonly version: string }
  | { readonly kind: "history"; readonly type: string; readonly id: string }
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

/** What a write is about: a resource by its id, or the one that a condition names. */
interface Aim {
  readonly type: string;
  readonly id?: string | undefined;
  readonly query?: Params | undefined;
  readonly ifMatch?: string | undefined;
}

/** What came of it. */
export interface FhirAnswer {
  readonly status: number;
  /** The resource, as JSON text. */
  readonly json?: string;
  /** `Type/id`. */
  readonly reference?: string;
  readonly version?: string;
  /** Epoch milliseconds. */
  readonly changedAt?: number;
  readonly page?: AnswerPage;
  readonly history?: readonly { readonly method: string; readonly answer: FhirAnswer }[];
  readonly bundle?: { readonly type: "batch" | "transaction"; readonly answers: readonly FhirAnswer[] };
  /** Of an entry of a batch that failed. */
  readonly fault?: Pick<Problem, "code" | "detail" | "errors">;
}

export interface AnswerPage {
  readonly entries: readonly { readonly reference: string; readonly json: string; readonly mode: "match" | "include" }[];
  readonly next?: Mark;
  readonly total?: number;
  readonly ignored: readonly string[];
}

const LETTERS: Readonly<Record<Exclude<FhirRequest["kind"], "bundle">, Interaction>> = {
  read: "r",
  vread: "r",
  history: "r",
  search: "s",
  create: "c",
  update: "u",
  patch: "u",
  delete: "d",
};
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
/** How ids of views begin: with the person, and the kind of what they show. */
const VIEW_ID = /^[0-9a-hjkmnp-tv-z]{26}\./;
const MOST_ENTRIES = 500;
/** Where a patch would make something larger than what can be sent. */
const LARGEST_BYTES = 1_000_000;

/** The FHIR resources of one person: what clients wrote, beside the views of readings and results, behind one reach. */
export class Repository {
  readonly #state: VaultState;
  readonly #resources: Resources;
  readonly search: FhirSearch;

  constructor(state: VaultState, view: FhirView) {
    this.#state = state;
    this.#resources = new Resources(state);
    this.search = new FhirSearch(state, this.#resources, view);
  }

  /** Answers one request. `enter` is called for each interaction before it: it decides and logs, and throws to refuse. */
  answer(request: FhirRequest, reach: Reach, enter: (kind: "read" | "write" | "delete", type: string) => void): FhirAnswer {
    if (request.kind === "bundle") return this.#bundle(request.bundle, reach, enter);
    enter(accessOf(request.kind), request.type);
    return this.#state.storage.transactionSync(() => this.#one(request, reach));
  }

  #one(request: Exclude<FhirRequest, { kind: "bundle" }>, reach: Reach, newId?: string): FhirAnswer {
    const { type, kind } = request;
    if (!isResourceType(type)) throw problem("not_found", "This type of resource is not kept here.");
    if (limitsOf(reach, type, LETTERS[kind]) === "none") {
      // An update may make what is not there yet.
      if (kind !== "update" || limitsOf(reach, type, "c") === "none") throw problem("forbidden", `This is not allowed for ${type} here.`);
    }
    switch (request.kind) {
      case "read":
        return this.#read(type, request.id, reach);
      case "vread":
        return this.#vread(type, request.id, request.version, reach);
      case "history":
        return this.#history(type, request.id, reach);
      case "search":
        return this.#search(type, request, reach);
      case "create":
        return this.#create(type, parsed(request.resource), request.ifNoneExist, reach, newId);
      case "update":
        return this.#update(type, request, reach, newId);
      case "patch":
        return this.#patch(type, request, reach);
      case "delete":
        return this.#delete(type, request, reach);
    }
  }

  #read(type: ResourceType, id: string, reach: Reach): FhirAnswer {
    const stored = this.#resources.get(type, id);
    if (stored === undefined) {
      const built = this.search.built(type, id);
      if (built === undefined || !this.search.isWithin(built, reach, "r")) throw notFound(type);
      return builtAnswer(built);
    }
    if (stored.body === undefined) throw this.#isHidden(stored, reach) ? notFound(type) : problem("gone", "The resource was deleted.");
    if (!this.search.isWithin(stored.body, reach, "r")) throw notFound(type);
    return answerOf(stored);
  }

  /** Whether a deleted resource was out of reach while it was there. */
  #isHidden({ type, id }: StoredVersion, reach: Reach): boolean {
    const last = this.#resources.versions(type, id).find(({ body }) => body !== undefined)?.body;
    return last === undefined || !this.search.isWithin(last, reach, "r");
  }

  #vread(type: ResourceType, id: string, version: string, reach: Reach): FhirAnswer {
    const found = this.#resources.versions(type, id).find((one) => String(one.version) === version);
    if (found === undefined) {
      const answer = this.#resources.get(type, id) === undefined ? this.#read(type, id, reach) : undefined;
      if (answer?.version === version) return answer;
      throw notFound("version");
    }
    if (found.body === undefined) throw this.#isHidden(found, reach) ? notFound(type) : problem("gone", "This version is the deletion.");
    if (!this.search.isWithin(found.body, reach, "r")) throw notFound("version");
    return answerOf(found);
  }

  #history(type: ResourceType, id: string, reach: Reach): FhirAnswer {
    const versions = this.#resources.versions(type, id);
    const [first] = versions;
    if (first === undefined) return { status: 200, history: [{ method: "PUT", answer: this.#read(type, id, reach) }] };
    const now = first.body ?? versions.find(({ body }) => body !== undefined)?.body;
    if (now === undefined || !this.search.isWithin(now, reach, "r")) throw notFound(type);
    const shown = versions.filter(({ body }) => body === undefined || this.search.isWithin(body, reach, "r"));
    return {
      status: 200,
      history: shown.map((one) => ({
        method: one.method,
        answer: one.body === undefined ? { ...answerOf(one), status: 410 } : answerOf(one),
      })),
    };
  }

  #search(
    type: ResourceType,
    { params, lenient, after }: { params: Params; lenient: boolean; after?: Mark | undefined },
    reach: Reach,
  ): FhirAnswer {
    const { query, found, next, total } = this.search.page({ type, params, lenient, after }, reach);
    const entries = found.map(({ resource, mode }) => ({
      reference: `${textAt(resource, "resourceType")}/${textAt(resource, "id")}`,
      json: JSON.stringify(mode === "match" ? summarised(resource, query.summary, query.elements) : resource),
      mode,
    }));
    const page = { entries, ignored: query.ignored, ...(next !== undefined && { next }), ...(total !== undefined && { total }) };
    return { status: 200, page };
  }

  #create(type: ResourceType, resource: Fields, ifNoneExist: Params | undefined, reach: Reach, id?: string): FhirAnswer {
    this.#require(type, resource);
    if (ifNoneExist !== undefined) {
      const [first, second] = this.search.few(type, ifNoneExist, reach);
      if (second !== undefined) throw problem("precondition_failed", "The condition names several resources.");
      if (first !== undefined) {
        const stored = this.#resources.get(type, textAt(first, "id") ?? "");
        return stored?.body === undefined ? builtAnswer(first) : answerOf(stored);
      }
    }
    return this.#make(type, id ?? crypto.randomUUID(), resource, { method: "POST", by: ifNoneExist, reach });
  }

  #make(
    type: ResourceType,
    id: string,
    resource: Fields,
    { method, by, reach }: { readonly method: string; readonly by?: Params | undefined; readonly reach: Reach },
  ): FhirAnswer {
    if (limitsOf(reach, type, "c") === "none" || !this.search.isWithin({ ...resource, id }, reach, "c"))
      throw problem("forbidden", `Creating this ${type} is not allowed here.`);
    const stored = this.#resources.put(type, id, resource, method);
    this.#claim(stored, by);
    return { ...answerOf(stored), status: 201 };
  }

  /** What a condition by one identifier made is the only one that such a condition finds. */
  #claim({ type, n, body }: StoredVersion, by: Params | undefined): void {
    for (const [name, value] of by ?? []) {
      const bar = value.indexOf("|");
      if (name !== "identifier" || bar <= 0 || value.includes(",")) continue;
      const [system, code] = [value.slice(0, bar), value.slice(bar + 1)];
      const own = [body?.["identifier"]].flat();
      if (!own.some((one) => textAt(one, "system") === system && textAt(one, "value") === code)) continue;
      if (!this.#resources.claim(type, system, code, n))
        throw problem("precondition_failed", "Another resource was made under this identifier.");
    }
  }

  #update(type: ResourceType, request: Extract<FhirRequest, { kind: "update" }>, reach: Reach, newId?: string): FhirAnswer {
    // What looks like a view of somebody else's is nothing here, and nothing is made under its name.
    if (request.id !== undefined && VIEW_ID.test(request.id) && this.search.built(type, request.id) === undefined) throw notFound(type);
    const resource = parsed(request.resource);
    const said = textAt(resource, "id");
    const aimed = request.id ?? this.#aimed(type, request.query, reach);
    if (request.id !== undefined && said !== request.id) throw invalid("/id", "The id of the resource is not that of the URL.");
    if (request.id === undefined && said !== undefined && aimed !== undefined && said !== aimed)
      throw invalid("/id", "The condition names a resource with another id.");
    const id = aimed ?? said ?? newId ?? crypto.randomUUID();
    if (!ID.test(id)) throw invalid("/id", "An id is of 1 to 64 letters, digits, hyphens and dots.");
    this.#require(type, resource);
    this.#refuseBuilt(type, id);
    const before = this.#resources.get(type, id);
    if (before?.body !== undefined && !this.search.isWithin(before.body, reach, "u")) {
      throw this.search.isWithin(before.body, reach, "r") ? problem("forbidden", `This ${type} may not be changed here.`) : notFound(type);
    }
    this.#match(request.ifMatch, before);
    if (before?.body === undefined) return this.#make(type, id, resource, { method: "PUT", by: request.query, reach });
    if (!this.search.isWithin({ ...resource, id }, reach, "u")) throw problem("forbidden", `This ${type} may not become that here.`);
    return this.#next(before, resource, "PUT");
  }

  /** A next version; none where nothing changes. */
  #next(before: StoredVersion, resource: Fields, method: string): FhirAnswer {
    if (isSame(comparable(before.body ?? {}), comparable({ ...resource, id: before.id }))) return answerOf(before);
    return answerOf(this.#resources.put(before.type, before.id, resource, method));
  }

  #patch(type: ResourceType, request: Extract<FhirRequest, { kind: "patch" }>, reach: Reach): FhirAnswer {
    const patch = parsedJson(request.patch);
    const before = this.#present(type, request, reach, "u");
    const patched = applyJsonPatch(before.body as unknown as Json, patch);
    if (!isFields(patched)) throw problem("invalid", "What the patch leaves is no resource.");
    if (textAt(patched, "id") !== before.id || patched["resourceType"] !== type)
      throw invalid("/id", "A patch changes neither id nor type.");
    if (JSON.stringify(patched).length > LARGEST_BYTES) throw problem("too_large");
    this.#require(type, patched);
    if (!this.search.isWithin(patched, reach, "u")) throw problem("forbidden", `This ${type} may not become that here.`);
    return this.#next(before, patched, "PATCH");
  }

  #delete(type: ResourceType, request: Extract<FhirRequest, { kind: "delete" }>, reach: Reach): FhirAnswer {
    if (request.id === undefined && this.#aimed(type, request.query, reach) === undefined) return { status: 204 };
    const stored = request.id === undefined ? undefined : this.#resources.get(type, request.id);
    // What is deleted already stays so.
    if (stored !== undefined && stored.body === undefined) {
      if (this.#isHidden(stored, reach)) throw notFound(type);
      return { status: 204, reference: `${type}/${stored.id}`, version: String(stored.version) };
    }
    const removed = this.#resources.remove(this.#present(type, request, reach, "d"));
    return { status: 204, reference: `${type}/${removed.id}`, version: String(removed.version), changedAt: removed.changedAt };
  }

  /** The resource that a write is about, as it is. */
  #present(type: ResourceType, { id: given, query, ifMatch }: Aim, reach: Reach, letter: "u" | "d"): StoredVersion & { body: Fields } {
    const id = given ?? this.#aimed(type, query, reach);
    if (id === undefined) throw notFound(type);
    const found = this.#resources.get(type, id);
    if (found === undefined) {
      const built = this.search.built(type, id);
      if (built !== undefined && this.search.isWithin(built, reach, "r")) this.#refuseBuilt(type, id);
      throw notFound(type);
    }
    const { body } = found;
    if (body === undefined) throw this.#isHidden(found, reach) ? notFound(type) : problem("gone", "The resource was deleted.");
    if (!this.search.isWithin(body, reach, letter)) {
      throw this.search.isWithin(body, reach, "r") ? problem("forbidden", `This ${type} may not be changed here.`) : notFound(type);
    }
    this.#match(ifMatch, found);
    return { ...found, body };
  }

  /** The id of the one resource that a condition names; undefined for none. */
  #aimed(type: ResourceType, query: Params | undefined, reach: Reach): string | undefined {
    const [first, second] = this.search.few(type, query ?? [], reach);
    if (second !== undefined) throw problem("precondition_failed", "The condition names several resources.");
    return textAt(first, "id");
  }

  /** `If-Match` (RFC 9110 §13.1.1), also of several tags; weak ones count as they are FHIR's own. */
  #match(ifMatch: string | undefined, before: StoredVersion | undefined): void {
    if (ifMatch === undefined) return;
    const current = before?.body === undefined ? undefined : String(before.version);
    const tags = ifMatch.split(",").map((tag) => tag.trim().replace(/^W\//, "").replaceAll('"', ""));
    if (current === undefined || !tags.some((tag) => tag === "*" || tag === current)) throw problem("precondition_failed");
  }

  /** Views are changed where their data is: as readings, laboratory results, or the profile. */
  #refuseBuilt(type: ResourceType, id: string): void {
    const elsewhere = NOT_WRITTEN[type];
    if (elsewhere !== undefined) throw problem("method_not_allowed", elsewhere);
    const isBuilt =
      ((type === "Observation" || type === "DiagnosticReport") && placeOf(this.#state.person, id) !== undefined) ||
      (this.#resources.get(type, id) === undefined && this.search.built(type, id) !== undefined);
    if (isBuilt) throw problem("method_not_allowed", "This resource is a view of data that is kept elsewhere: change it there.");
  }

  /** Whether a resource may be stored as it is. */
  #require(type: ResourceType, resource: Fields): void {
    if (resource["resourceType"] !== type) throw invalid("/resourceType", "The type of the resource is not that of the URL.");
    if (NOT_WRITTEN[type] !== undefined) this.#refuseBuilt(type, "");
    const structure = validateResource(resource);
    // Codes and units are looked at where the structure holds.
    const issues = isAcceptable(structure) ? checkProfiles(resource) : structure;
    if (!isAcceptable(issues)) {
      const errors = issues
        .filter(({ severity }) => severity === "error")
        .slice(0, 50)
        .map(({ expression, code, diagnostics }) => ({ pointer: expression, code: code.replaceAll("-", "_"), message: diagnostics }));
      throw problem("invalid", "The resource is not valid.", { errors });
    }
    for (const reference of referencesIn(resource)) {
      const id = /(?:^|\/)Patient\/([^/]+)/.exec(reference)?.[1];
      if (id !== undefined && personOfPatientId(id) !== this.#state.person)
        throw invalid("/subject", `The resource is about another person. The Patient here is ${patientId(this.#state.person)}.`);
    }
  }

  #bundle(text: string, reach: Reach, enter: (kind: "read" | "write" | "delete", type: string) => void): FhirAnswer {
    const bundle = parsed(text);
    const type = textAt(bundle, "type");
    const list = bundle["entry"] ?? [];
    if (bundle["resourceType"] !== "Bundle" || (type !== "batch" && type !== "transaction") || !Array.isArray(list))
      throw problem("invalid", "Send a Bundle of type batch or transaction.");
    if (list.length > MOST_ENTRIES) throw problem("too_large", `A Bundle has at most ${MOST_ENTRIES} entries.`);
    const entered = (request: Exclude<FhirRequest, { kind: "bundle" }>) => enter(accessOf(request.kind), request.type);
    if (type === "batch") {
      const answers = list.map((entry: unknown) => {
        try {
          const { request } = entryOf(entry);
          entered(request);
          return this.#state.storage.transactionSync(() => this.#one(request, reach));
        } catch (error) {
          if (!isProblem(error)) throw error;
          return faultOf(error);
        }
      });
      return { status: 200, bundle: { type, answers } };
    }
    const entries = list.map((entry: unknown) => entryOf(entry));
    for (const { request } of entries) entered(request);
    return { status: 200, bundle: { type, answers: this.#state.storage.transactionSync(() => this.#transaction(entries, reach)) } };
  }

  /** All or nothing: deletions first, then creations, then changes, then reads (http.html#trules). */
  #transaction(entries: readonly BundleEntry[], reach: Reach): FhirAnswer[] {
    const identities = new Set<string>();
    const places = new Map<string, string>();
    const steps = entries.map((entry) => ({ ...entry, newId: crypto.randomUUID() as string }));
    const meet = (identity: string) => {
      if (identities.has(identity)) throw problem("invalid", "Two entries of the transaction are about the same resource.");
      identities.add(identity);
    };
    for (const step of steps) {
      const { request, fullUrl } = step;
      if (
        !isResourceType(request.type) ||
        request.kind === "read" ||
        request.kind === "vread" ||
        request.kind === "history" ||
        request.kind === "search"
      )
        continue;
      const { type } = request;
      const condition = request.kind === "create" ? request.ifNoneExist : request.query;
      if (condition !== undefined) meet(`${type}?${new URLSearchParams(condition.map(([name, value]) => [name, value])).toString()}`);
      const given = request.kind === "create" ? undefined : request.id;
      const said = request.kind === "update" ? textAt(parsed(request.resource), "id") : undefined;
      const id = given ?? (condition === undefined ? undefined : this.#aimed(type, condition, reach)) ?? said;
      if (id !== undefined) meet(`${type}/${id}`);
      if (fullUrl !== undefined && (request.kind === "create" || request.kind === "update")) {
        if (places.has(fullUrl)) throw problem("invalid", "Two entries of the transaction have the same fullUrl.");
        places.set(fullUrl, `${type}/${id ?? step.newId}`);
      }
    }
    const order = ["delete", "create", "update", "patch", "read", "vread", "history", "search"];
    const answers: FhirAnswer[] = [];
    const sequence = [...steps.keys()].toSorted(
      (a, b) => order.indexOf(steps[a]?.request.kind ?? "") - order.indexOf(steps[b]?.request.kind ?? ""),
    );
    for (const i of sequence) {
      const step = steps[i];
      if (step === undefined) continue;
      answers[i] = this.#one(this.#resolved(step.request, places, reach), reach, step.newId);
    }
    return answers;
  }

  /** A request whose resource refers to what the other entries become. */
  #resolved(request: BundleEntry["request"], places: ReadonlyMap<string, string>, reach: Reach): BundleEntry["request"] {
    if (request.kind !== "create" && request.kind !== "update") return request;
    const resource = JSON.stringify(parsed(request.resource), (key, value: unknown) => {
      if (typeof value !== "string") return value;
      const place = places.get(value);
      if (place !== undefined) return place;
      const condition = key === "reference" ? /^([A-Z][A-Za-z]+)\?(.+)$/.exec(value) : null;
      if (condition === null) return value;
      const [, type = "", query = ""] = condition;
      const id = isResourceType(type) ? this.#aimed(type, paramsOf(query), reach) : undefined;
      if (id === undefined) throw problem("precondition_failed", "A conditional reference names no resource.");
      return `${type}/${id}`;
    });
    return { ...request, resource };
  }
}

interface BundleEntry {
  readonly request: Exclude<FhirRequest, { kind: "bundle" }>;
  readonly fullUrl: string | undefined;
}

/** Reads one entry of a batch or transaction. */
function entryOf(entry: unknown): BundleEntry {
  const asked = isFields(entry) ? entry["request"] : undefined;
  const method = textAt(asked, "method");
  const [path = "", query] = (textAt(asked, "url") ?? "").split(/\?(.*)/s);
  const [type = "", id, history, version, ...rest] = path.replace(/^\//, "").split("/");
  const params = query === undefined || query === "" ? undefined : paramsOf(query);
  const body = isFields(entry) ? entry["resource"] : undefined;
  const ifMatch = textAt(asked, "ifMatch");
  const fullUrl = textAt(entry, "fullUrl");
  const resource = JSON.stringify(body ?? null);
  const unread = problem("invalid", "The request of an entry cannot be read.");
  if (type === "" || rest.length > 0 || (history !== undefined && history !== "_history")) throw unread;
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
      if (id !== undefined) throw unread;
      return {
        fullUrl,
        request: { kind: "create", type, resource, ifNoneExist: condition === undefined ? undefined : paramsOf(condition) },
      };
    }
    case "PUT":
      if (id === undefined && params === undefined) throw unread;
      return { fullUrl, request: { kind: "update", type, id, query: params, resource, ifMatch } };
    case "PATCH":
      if (id === undefined && params === undefined) throw unread;
      return { fullUrl, request: { kind: "patch", type, id, query: params, patch: patchIn(body), ifMatch } };
    case "DELETE":
      if (id === undefined && params === undefined) throw unread;
      return { fullUrl, request: { kind: "delete", type, id, query: params, ifMatch } };
    default:
      throw unread;
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

function accessOf(kind: Exclude<FhirRequest["kind"], "bundle">): "read" | "write" | "delete" {
  return kind === "delete" ? "delete" : kind === "create" || kind === "update" || kind === "patch" ? "write" : "read";
}

function faultOf({ status, code, detail, errors }: Problem): FhirAnswer {
  return { status, fault: { code, detail, errors } };
}

function answerOf({ type, id, version, changedAt, body }: StoredVersion): FhirAnswer {
  return {
    status: 200,
    ...(body !== undefined && { json: JSON.stringify(body) }),
    reference: `${type}/${id}`,
    version: String(version),
    changedAt,
  };
}

function builtAnswer(resource: Fields): FhirAnswer {
  const meta = resource["meta"];
  const changedAt = Date.parse(textAt(meta, "lastUpdated") ?? "");
  return {
    status: 200,
    json: JSON.stringify(resource),
    reference: `${textAt(resource, "resourceType")}/${textAt(resource, "id")}`,
    version: textAt(meta, "versionId") ?? "0",
    ...(!Number.isNaN(changedAt) && { changedAt }),
  };
}

/** A resource without what is set here. */
function comparable({ meta, ...rest }: Fields): Json {
  const { versionId: _version, lastUpdated: _at, ...kept } = isFields(meta) ? meta : {};
  return { ...rest, ...(Object.keys(kept).length > 0 && { meta: kept }) } as unknown as Json;
}

const SUBSETTED = { system: "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", code: "SUBSETTED" };
const ALWAYS: ReadonlySet<string> = new Set(["resourceType", "id", "meta", "status", "code", "subject", "patient"]);

/** A resource as `_summary` and `_elements` want it, marked where something was left out. */
function summarised(resource: Fields, summary: string, elements: readonly string[] | undefined): Fields {
  const keeps =
    elements !== undefined
      ? (name: string) => ALWAYS.has(name) || elements.some((one) => one.split(".").at(-1) === name || one.split(".")[0] === name)
      : summary === "text"
        ? (name: string) => ALWAYS.has(name) || name === "text"
        : summary === "true" || summary === "data"
          ? (name: string) => name !== "text" && (summary === "data" || name !== "contained")
          : undefined;
  if (keeps === undefined) return resource;
  const meta = isFields(resource["meta"]) ? resource["meta"] : {};
  const tags = Array.isArray(meta["tag"]) ? meta["tag"] : [];
  const kept = Object.fromEntries(Object.entries(resource).filter(([name]) => keeps(name)));
  return { ...kept, meta: { ...meta, tag: [...tags, SUBSETTED] } };
}

function* referencesIn(value: unknown): Iterable<string> {
  if (Array.isArray(value)) for (const one of value) yield* referencesIn(one);
  else if (isFields(value)) {
    for (const [name, inner] of Object.entries(value)) {
      if (name === "reference" && typeof inner === "string") yield inner;
      else yield* referencesIn(inner);
    }
  }
}

function parsed(text: string): Fields {
  const value = parsedJson(text);
  if (!isFields(value)) throw problem("malformed", "The body is no resource.");
  return value;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw problem("malformed", "The body is not JSON.");
  }
}

function invalid(pointer: string, message: string): Problem {
  return problem("invalid", undefined, { errors: [{ pointer, code: "invalid", message }] });
}
