import { type Fields, isFields, textAt } from "../../../../shared/fhir/r4/issue";
import { isResourceType, RESOURCE_TYPES, type ResourceType } from "../../../../shared/fhir/r4/structures";
import { checkProfiles } from "../../../../shared/fhir/r4/profiles";
import { NOT_WRITTEN } from "../../../../shared/fhir/store/served";
import { isAcceptable, validateResource } from "../../../../shared/fhir/r4/validate";
import { fileFault } from "../../../../shared/fhir/binary";
import { newStoredId, patientId, personOfPatientId } from "../../../../shared/fhir/ids";
import { type Grant, type Interaction, limitsOf, type Reach } from "../../../../shared/fhir/reach";
import { readHistory } from "../../../../shared/fhir/store/history";
import { readSubscription } from "../../../../shared/fhir/subscriptions/read";
import { localHostsOf } from "../../../../shared/webhooks/endpoint-url";
import { paramsOf } from "../../../../shared/fhir/store/params";
import { applyJsonPatch, isSame } from "../../../../shared/fhir/store/json-patch";
import { namesVersion } from "../../../../shared/http/etag";
import { isProblem, notFound, type Problem, problem } from "../../../../shared/problem";
import type { VaultState } from "../../state";
import { placeOf } from "../by-id";
import type { FhirView } from "../view";
import { type KeptFile, NO_TIME, type ResourceChange, Resources, type StoredVersion, type Unwritten } from "./resources";
import { answerOf, builtAnswer, faultOf, type FhirAnswer, summarised } from "./answers";
import {
  type Aim,
  type BundleEntry,
  type FhirRequest,
  type HistoryMark,
  type HistoryRequest,
  type Params,
  parsed,
  parsedJson,
  readEntry,
  type SingleRequest,
} from "./requests";
import { FhirSearch, type Mark } from "./search";

const LETTERS: Readonly<Record<SingleRequest["kind"], Interaction>> = {
  read: "r",
  vread: "r",
  history: "r",
  search: "s",
  create: "c",
  update: "u",
  patch: "u",
  delete: "d",
};
/** In what turn the entries of a transaction happen (R4 http.html#trules). */
const TURNS: readonly SingleRequest["kind"][] = ["delete", "create", "update", "patch", "read", "vread", "history", "search"];
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
/** How ids of views begin: with the person, and the kind of what they show. */
const VIEW_ID = /^[0-9a-hjkmnp-tv-z]{26}\./;
const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;
const MOST_ENTRIES = 500;
const PURGED_AT_ONCE = 500;
/** So many versions are looked at for one page of a history. */
const MOST_LOOKED_AT = 2_000;
const SUBSCRIPTION_ALONE = "A Subscription is made by POST and changed by PUT, whole and not within a Bundle.";
/** Where a patch would make something larger than what can be sent. */
const LARGEST_BYTES = 1_000_000;

/** A Bundle that is read already, or its text. */
interface BundleRequest {
  readonly kind: "bundle";
  readonly bundle: string | Fields;
}

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

  /** Places in classes what was stored before there were any; before anybody but the person looks. */
  classify(): void {
    this.#resources.classify();
  }

  /** Indexes what is stored and waits for that: dates without a zone are read in the person's of this moment. */
  index(): void {
    this.#resources.flush();
  }

  /** Answers one request. `enter` is called for each interaction before it: it decides and logs, and throws to refuse. */
  answer(
    request: FhirRequest | BundleRequest,
    reach: Reach,
    enter: (kind: "read" | "write" | "delete", type: string) => void,
    files?: ReadonlyMap<string, KeptFile>,
  ): FhirAnswer {
    if (request.kind === "bundle") {
      const { bundle } = request;
      if (files === undefined) return this.#bundle(bundle, reach, enter);
      return this.#resources.withFiles(files, () => this.#bundle(bundle, reach, enter));
    }
    enter(accessOf(request.kind), request.type);
    return this.#whole(() => this.#one(request, reach));
  }

  /** Removes what lies within reach of deleting, with all versions; answers how much. Problem `forbidden` where nothing may be deleted. */
  purge(reach: Reach): number {
    const types = RESOURCE_TYPES.filter((type) => this.search.bounds(reach, type, "d") !== undefined);
    if (types.length === 0) throw problem("forbidden", "Deleting is not allowed here.");
    return this.#whole(() => {
      let removed = 0;
      for (const type of types) {
        const isAll = this.search.bounds(reach, type, "d") === "all";
        for (let after = 0; ;) {
          const found = this.#resources.batch(type, after, PURGED_AT_ONCE);
          const within = found.filter(({ body }) => isAll || (body !== undefined && this.search.isWithin(body, reach, "d")));
          this.#resources.erase(type, within);
          removed += within.length;
          after = found.at(-1)?.n ?? after;
          if (found.length < PURGED_AT_ONCE) break;
        }
      }
      return removed;
    });
  }

  /** What happens as a whole or not at all. */
  #whole<T>(work: () => T): T {
    const done = this.#transacted(work);
    this.#resources.relieve();
    return done;
  }

  #transacted<T>(work: () => T): T {
    try {
      return this.#state.storage.transactionSync(() => {
        const done = work();
        this.#resources.settle();
        return done;
      });
    } catch (error) {
      this.#resources.forget();
      throw error;
    }
  }

  /** Registers a listener for every write; see `Resources.onChanged`. */
  onChanged(listener: (change: ResourceChange) => void): void {
    this.#resources.onChanged(listener);
  }

  /** One write of a Subscription, whose values the caller has taken out. Part of the caller's transaction. */
  writeSubscription(request: SingleRequest & { readonly type: "Subscription" }, reach: Reach, newId?: string): FhirAnswer {
    return this.#whole(() => this.#one(request, reach, newId, true));
  }

  /** Whether a resource could be stored as it is; problem `invalid`. */
  require(type: ResourceType, resource: Fields): void {
    this.#require(type, resource);
  }

  /** Keeps what the server itself says of a resource: a next version of one that is there. Part of the caller's transaction. */
  amend(type: ResourceType, id: string, change: (resource: Fields) => Fields): void {
    const before = this.#resources.get(type, id);
    if (before?.body === undefined) return;
    const { body } = before;
    this.#whole(() => this.#next({ ...before, body }, change(body), "PUT"));
  }

  #one(request: SingleRequest, reach: Reach, newId?: string, isPrepared = false): FhirAnswer {
    const { type, kind } = request;
    if (request.kind === "history" && request.id === undefined) return this.#histories(request, reach);
    if (!isResourceType(type)) throw problem("not_found", "This type of resource is not kept here.");
    if (type === "Subscription" && isWrite(request) && !isPrepared) throw problem("method_not_allowed", SUBSCRIPTION_ALONE);
    if (limitsOf(reach, type, LETTERS[kind]) === "none") throw problem("forbidden", `This is not allowed for ${type} here.`);
    if (type === "Binary" && (kind === "update" || kind === "patch"))
      throw problem("method_not_allowed", "A Binary does not change: create another one, and refer to that.");
    switch (request.kind) {
      case "read":
        return this.#read(type, request.id, reach);
      case "vread":
        return this.#vread(type, request.id, request.version, reach);
      case "history":
        return this.#history(type, request.id ?? "", request, reach);
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
      const built = this.search.built(type, id, reach);
      if (built === undefined || !this.search.isWithin(built, reach, "r")) throw notFound(type);
      return builtAnswer(built);
    }
    if (stored.body === undefined) throw this.#isHidden(stored, reach) ? notFound(type) : problem("gone", "The resource was deleted.");
    const isWithin = type === "Binary" ? this.mayReadFile(id, stored.body, reach) : this.search.isWithin(stored.body, reach, "r");
    if (!isWithin) throw notFound(type);
    return answerOf(stored);
  }

  /**
   * Whether a file may be read: as the resource of its security context may where it has one (R4 binary.html#security), else by a reach to
   * it, or because a document that names it may be read. Whoever may read everything may read it anyhow.
   */
  mayReadFile(id: string, binary: Fields, reach: Reach): boolean {
    const context = textAt(binary["securityContext"], "reference");
    if (context !== undefined && this.mayRead(context, reach)) return true;
    if (context !== undefined) return reach.sees === undefined && reach.grants.some(isWhole);
    return this.search.isWithin(binary, reach, "r") || this.#isInDocument(id, reach);
  }

  /** Whether what a reference names is here, and within reach. */
  mayRead(reference: string, reach: Reach): boolean {
    const [, type = "", id = ""] = LOCAL.exec(reference) ?? [];
    const resource = this.search.one(type, id, reach);
    return resource !== undefined && this.search.isWithin(resource, reach, "r");
  }

  #isInDocument(id: string, reach: Reach): boolean {
    this.#resources.flush();
    const bases = ["", `${this.#state.env.ORIGIN}/fhir/r4/`, `${this.#state.env.ORIGIN}/fhir/R4/`];
    return this.#state.sql
      .exec<{ n: number }>(
        "SELECT DISTINCT n FROM fhir_uris WHERE param = 'DocumentReference.location' AND value IN (?, ?, ?) LIMIT 50",
        ...bases.map((base) => `${base}Binary/${id}`),
      )
      .toArray()
      .some(({ n }) => {
        const [document] = this.#resources.byNumber(n);
        return document?.body !== undefined && this.search.isWithin(document.body, reach, "r");
      });
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

  #history(type: ResourceType, id: string, { params = [], after }: HistoryRequest, reach: Reach): FhirAnswer {
    const { count, since = NO_TIME, at } = readHistory(params, this.#state.profile().timeZone);
    const versions = this.#resources.versions(type, id);
    const [first] = versions;
    if (first === undefined) return { status: 200, history: [{ method: "PUT", answer: this.#read(type, id, reach) }] };
    const now = first.body ?? versions.find(({ body }) => body !== undefined)?.body;
    if (now === undefined || !this.search.isWithin(now, reach, "r")) throw notFound(type);
    const wanted = versions.filter(({ changedAt, version }, i) => {
      if (changedAt < since || (after !== undefined && version >= after.version)) return false;
      return at === undefined || (changedAt <= at[1] && (versions[i - 1]?.changedAt ?? Number.POSITIVE_INFINITY) > at[0]);
    });
    const shown = wanted.filter(({ body }) => body === undefined || this.search.isWithin(body, reach, "r"));
    return historyAnswer(shown.slice(0, count), shown.length > count);
  }

  /** The versions of a type, or of all types within reach, those made last first. Views have none. */
  #histories({ type, params = [], after }: HistoryRequest, reach: Reach): FhirAnswer {
    if (type !== "" && !isResourceType(type)) throw problem("not_found", "This type of resource is not kept here.");
    const query = readHistory(params, this.#state.profile().timeZone);
    const types = RESOURCE_TYPES.filter((one) => (type === "" || one === type) && this.search.bounds(reach, one, "s") !== undefined);
    if (types.length === 0) throw problem("forbidden", `This is not allowed ${type === "" ? "" : `for ${type} `}here.`);
    const shown: StoredVersion[] = [];
    let mark = after;
    for (let looked = 0; ;) {
      const found = types
        .flatMap((one) => this.#resources.changes(one, { ...query, after: mark, limit: query.count + 1 }))
        .toSorted((a, b) => b.changedAt - a.changedAt || b.n - a.n || b.version - a.version)
        .slice(0, query.count + 1);
      for (const version of found) {
        if (shown.length === query.count) return historyAnswer(shown, true);
        if (this.#isShown(version, reach)) shown.push(version);
        mark = version;
      }
      looked += found.length;
      if (found.length <= query.count) return historyAnswer(shown, false);
      // Where little of much is within reach, the page ends early and says where it goes on.
      if (looked >= MOST_LOOKED_AT && mark !== undefined) return { ...historyAnswer(shown, false), following: markOf(mark) };
    }
  }

  #isShown(version: StoredVersion, reach: Reach): boolean {
    const { type } = version;
    if (isResourceType(type) && this.search.bounds(reach, type, "s") === "all") return true;
    const body = version.body ?? this.#resources.versions(type, version.id).find((one) => one.body !== undefined)?.body;
    return body !== undefined && this.search.isWithin(body, reach, "s");
  }

  #search(
    type: ResourceType,
    { params, lenient, after }: { params: Params; lenient: boolean; after?: Mark | undefined },
    reach: Reach,
  ): FhirAnswer {
    const { query, found, next, total } = this.search.page({ type, params, lenient, after }, reach);
    const isWhole = (query.summary === "false" || query.summary === "count") && query.elements === undefined;
    const entries = found.map((one) => ({
      reference: one.reference,
      json: isWhole || one.mode === "include" ? one.json : JSON.stringify(summarised(one.resource, query.summary, query.elements)),
      mode: one.mode,
    }));
    const page = { entries, ignored: query.ignored, ...(next !== undefined && { next }), ...(total !== undefined && { total }) };
    return { status: 200, page, asked: { type, query: new URLSearchParams(params.map(([name, value]) => [name, value])).toString() } };
  }

  #create(type: ResourceType, resource: Fields, ifNoneExist: Params | undefined, reach: Reach, id?: string): FhirAnswer {
    this.#require(type, resource);
    if (type === "Binary" && !this.#resources.isFile(resource)) {
      const fault = fileFault(resource);
      if (fault !== undefined) throw invalid(`/${fault.field}`, fault.message);
    }
    if (ifNoneExist !== undefined) {
      const [first, second] = this.search.few(type, ifNoneExist, reach);
      if (second !== undefined) throw problem("precondition_failed", "The condition names several resources.");
      if (first !== undefined) {
        const stored = this.#resources.get(type, textAt(first, "id") ?? "");
        return stored?.body === undefined ? builtAnswer(first) : answerOf(stored);
      }
    }
    return this.#make({ type, id: id ?? this.#newId() }, resource, { method: "POST", by: ifNoneExist, reach });
  }

  #newId(): string {
    return newStoredId(this.#state.person, this.#state.now());
  }

  /** A first version. One that is made by an update needs the letter of updates (SMART App Launch 2.2 §3.0.2.1). */
  #make(
    before: StoredVersion | Unwritten,
    resource: Fields,
    { method, by, reach }: { readonly method: "POST" | "PUT"; readonly by?: Params | undefined; readonly reach: Reach },
  ): FhirAnswer {
    if (!this.search.isWithin({ ...resource, id: before.id }, reach, method === "POST" ? "c" : "u"))
      throw problem("forbidden", `Creating this ${before.type} is not allowed here.`);
    const stored = this.#resources.write(before, resource, method);
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

  #isThere(type: ResourceType, id: string, reach: Reach): boolean {
    return this.#resources.get(type, id) !== undefined || this.search.built(type, id, reach) !== undefined;
  }

  #update(type: ResourceType, request: Extract<SingleRequest, { kind: "update" }>, reach: Reach, newId?: string): FhirAnswer {
    // What looks like a view of somebody else's is nothing here, and nothing is made under its name.
    if (request.id !== undefined && VIEW_ID.test(request.id) && !this.#isThere(type, request.id, reach)) throw notFound(type);
    const resource = parsed(request.resource);
    const said = textAt(resource, "id");
    const aimed = request.id ?? this.#aimed(type, request.query, reach);
    if (request.id !== undefined && said !== request.id) throw invalid("/id", "The id of the resource is not that of the URL.");
    if (request.id === undefined && said !== undefined && aimed !== undefined && said !== aimed)
      throw invalid("/id", "The condition names a resource with another id.");
    const id = aimed ?? said ?? newId ?? this.#newId();
    if (!ID.test(id)) throw invalid("/id", "An id is of 1 to 64 letters, digits, hyphens and dots.");
    this.#require(type, resource);
    this.#refuseBuilt(type, id, reach);
    const before = this.#resources.get(type, id);
    if (before?.body !== undefined && !this.search.isWithin(before.body, reach, "u")) {
      throw this.search.isWithin(before.body, reach, "r") ? problem("forbidden", `This ${type} may not be changed here.`) : notFound(type);
    }
    this.#match(request.ifMatch, before);
    if (before?.body === undefined) return this.#make(before ?? { type, id }, resource, { method: "PUT", by: request.query, reach });
    if (!this.search.isWithin({ ...resource, id }, reach, "u")) throw problem("forbidden", `This ${type} may not become that here.`);
    return this.#next(before, resource, "PUT");
  }

  /** A next version; none where nothing changes. */
  #next(before: StoredVersion, resource: Fields, method: string): FhirAnswer {
    if (isSame(comparable(before.body ?? {}), comparable({ ...resource, id: before.id }))) return answerOf(before);
    return answerOf(this.#resources.write(before, resource, method));
  }

  #patch(type: ResourceType, request: Extract<FhirRequest, { kind: "patch" }>, reach: Reach): FhirAnswer {
    const patch = parsedJson(request.patch);
    const before = this.#present(type, request, reach, "u");
    const patched = applyJsonPatch(before.body, patch);
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
      const built = this.search.built(type, id, reach);
      if (built !== undefined && this.search.isWithin(built, reach, "r")) this.#refuseBuilt(type, id, reach);
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

  /** `If-Match` (RFC 9110 §13.1.1). */
  #match(ifMatch: string | undefined, before: StoredVersion | undefined): void {
    if (ifMatch === undefined) return;
    const current = before?.body === undefined ? undefined : String(before.version);
    if (current === undefined || !namesVersion(ifMatch, current)) throw problem("precondition_failed");
  }

  /** Views are changed where their data is: as readings, laboratory results, or the profile. */
  #refuseBuilt(type: ResourceType, id: string, reach: Reach): void {
    const elsewhere = NOT_WRITTEN[type];
    if (elsewhere !== undefined) throw problem("method_not_allowed", elsewhere);
    const isBuilt =
      ((type === "Observation" || type === "DiagnosticReport") && placeOf(this.#state.person, id) !== undefined) ||
      (this.#resources.get(type, id) === undefined && this.search.built(type, id, reach) !== undefined);
    if (isBuilt) throw problem("method_not_allowed", "This resource is a view of data that is kept elsewhere: change it there.");
  }

  /** Whether a resource may be stored as it is. */
  #require(type: ResourceType, resource: Fields): void {
    if (resource["resourceType"] !== type) throw invalid("/resourceType", "The type of the resource is not that of the URL.");
    const elsewhere = NOT_WRITTEN[type];
    if (elsewhere !== undefined) throw problem("method_not_allowed", elsewhere);
    const structure = validateResource(resource);
    if (type === "Subscription" && isAcceptable(structure)) this.#requireSubscription(resource);
    // Codes and units are looked at where the structure holds.
    const issues = isAcceptable(structure) ? checkProfiles(resource) : structure;
    if (!isAcceptable(issues)) {
      const errors = issues
        .filter(({ severity }) => severity === "error")
        .slice(0, 50)
        .map(({ expression, code, diagnostics }) => ({ pointer: expression, code: code.replaceAll("-", "_"), message: diagnostics }));
      throw problem("invalid", "The resource is not valid.", { errors });
    }
    const own = patientId(this.#state.person);
    for (const reference of referencesIn(resource)) {
      const id = /(?:^|\/)Patient\/([^/]+)/.exec(reference)?.[1];
      if (id !== undefined && id !== own && personOfPatientId(id) !== this.#state.person)
        throw invalid("/subject", `The resource is about another person. The Patient here is ${own}.`);
    }
  }

  /** Whether a Subscription asks for something that there is; problem `invalid`. */
  #requireSubscription(resource: Fields): void {
    const { env, now } = this.#state;
    const read = readSubscription(resource, localHostsOf(env), { timeZone: this.#state.profile().timeZone, now: now(), lenient: false });
    if ("faults" in read) throw problem("invalid", "The Subscription cannot be kept.", { errors: read.faults });
  }

  #bundle(text: string | Fields, reach: Reach, enter: (kind: "read" | "write" | "delete", type: string) => void): FhirAnswer {
    const bundle = parsed(text);
    const type = textAt(bundle, "type");
    const list = bundle["entry"] ?? [];
    if (bundle["resourceType"] !== "Bundle" || (type !== "batch" && type !== "transaction") || !Array.isArray(list))
      throw problem("invalid", "Send a Bundle of type batch or transaction.");
    if (list.length > MOST_ENTRIES) throw problem("too_large", `A Bundle has at most ${MOST_ENTRIES} entries.`);
    // One line of the log says that something was done with a type, however often.
    const met = new Set<string>();
    const entered = (request: SingleRequest) => {
      const access = accessOf(request.kind);
      if (met.has(`${access} ${request.type}`)) return;
      enter(access, request.type);
      met.add(`${access} ${request.type}`);
    };
    if (type === "batch") {
      const answers = list.map((entry: unknown) => {
        try {
          const { request } = readEntry(entry);
          entered(request);
          return this.#whole(() => this.#one(request, reach));
        } catch (error) {
          if (!isProblem(error)) throw error;
          return faultOf(error);
        }
      });
      return { status: 200, bundle: { type, answers } };
    }
    const entries = list.map((entry: unknown) => readEntry(entry));
    for (const { request } of entries) entered(request);
    return { status: 200, bundle: { type, answers: this.#whole(() => this.#transaction(entries, reach)) } };
  }

  /** All or nothing. */
  #transaction(entries: readonly BundleEntry[], reach: Reach): FhirAnswer[] {
    const identities = new Set<string>();
    const places = new Map<string, string>();
    const steps = entries.map((entry) => ({ ...entry, newId: this.#newId() }));
    const meet = (identity: string) => {
      if (identities.has(identity)) throw problem("invalid", "Two entries of the transaction are about the same resource.");
      identities.add(identity);
    };
    for (const step of steps) {
      const { request, fullUrl } = step;
      if (!isResourceType(request.type) || !isWrite(request)) continue;
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
    // Most texts are no address of an entry, and most are not even as long as one.
    const lengths = new Set([...places.keys()].map(({ length }) => length));
    const placed = (text: string) => (lengths.has(text.length) ? places.get(text) : undefined);
    const answers: FhirAnswer[] = [];
    const inTurn = [...steps.entries()].toSorted(([, a], [, b]) => TURNS.indexOf(a.request.kind) - TURNS.indexOf(b.request.kind));
    for (const [i, { request, newId }] of inTurn) answers[i] = this.#one(this.#resolved(request, placed, reach), reach, newId);
    return answers;
  }

  /** A request whose resource refers to what the other entries become. */
  #resolved(request: SingleRequest, placed: (address: string) => string | undefined, reach: Reach): SingleRequest {
    if (request.kind !== "create" && request.kind !== "update") return request;
    const resource = replaced(parsed(request.resource), "", (key, value) => {
      const place = placed(value);
      if (place !== undefined) return place;
      const condition = key === "reference" && value.includes("?") ? /^([A-Z][A-Za-z]+)\?(.+)$/.exec(value) : null;
      if (condition === null) return value;
      const [, type = "", query = ""] = condition;
      const id = isResourceType(type) ? this.#aimed(type, paramsOf(query), reach) : undefined;
      if (id === undefined) throw problem("precondition_failed", "A conditional reference names no resource.");
      return `${type}/${id}`;
    });
    return { ...request, resource: isFields(resource) ? resource : request.resource };
  }
}

/** A value from JSON with other texts in it; the very same where none changes. */
function replaced(value: unknown, key: string, by: (key: string, text: string) => string): unknown {
  if (typeof value === "string") return by(key, value);
  if (Array.isArray(value)) {
    const items: unknown[] = value.map((item: unknown) => replaced(item, key, by));
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (!isFields(value)) return value;
  let changed: Record<string, unknown> | undefined;
  for (const name in value) {
    const inner = replaced(value[name], name, by);
    if (inner !== value[name]) (changed ??= { ...value })[name] = inner;
  }
  return changed ?? value;
}

function historyAnswer(shown: readonly StoredVersion[], isMore: boolean): FhirAnswer {
  const last = shown.at(-1);
  return {
    status: 200,
    history: shown.map((one) => ({
      method: one.method,
      answer: one.json === undefined ? { ...answerOf(one), status: 410 } : answerOf(one),
    })),
    ...(isMore && last !== undefined && { following: markOf(last) }),
  };
}

function markOf({ changedAt, n, version }: HistoryMark): HistoryMark {
  return { changedAt, n, version };
}

function accessOf(kind: SingleRequest["kind"]): "read" | "write" | "delete" {
  return kind === "delete" ? "delete" : kind === "create" || kind === "update" || kind === "patch" ? "write" : "read";
}

function isWrite(request: SingleRequest): request is Extract<SingleRequest, { kind: "create" | "update" | "patch" | "delete" }> {
  return accessOf(request.kind) !== "read";
}

/** A resource without what is set here. */
function comparable({ meta, ...rest }: Fields): Fields {
  const { versionId: _version, lastUpdated: _at, ...kept } = isFields(meta) ? meta : {};
  return { ...rest, ...(Object.keys(kept).length > 0 && { meta: kept }) };
}

/** All literal references in a value from JSON, in their order. */
function referencesIn(value: unknown, found: string[] = []): string[] {
  if (Array.isArray(value)) for (const one of value) referencesIn(one, found);
  else if (isFields(value)) {
    for (const name in value) {
      const inner = value[name];
      if (name === "reference" && typeof inner === "string") found.push(inner);
      else if (typeof inner === "object") referencesIn(inner, found);
    }
  }
  return found;
}

function invalid(pointer: string, message: string): Problem {
  return problem("invalid", undefined, { errors: [{ pointer, code: "invalid", message }] });
}

function isWhole({ type, interactions, where = [] }: Grant): boolean {
  return type === "*" && interactions.includes("r") && where.length === 0;
}
