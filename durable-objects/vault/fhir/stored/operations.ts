import { codeOf } from "../../../../shared/fhir/coding";
import { readEverything } from "../../../../shared/fhir/everything";
import { patientId, personOfPatientId } from "../../../../shared/fhir/ids";
import { newestOfEach, subjectCodes } from "../../../../shared/fhir/lastn";
import { readOperationBody } from "../../../../shared/fhir/operations";
import { dateRange } from "../../../../shared/fhir/r4/date-range";
import { type Fields, isFields, type Issue, textAt } from "../../../../shared/fhir/r4/issue";
import { isResourceType, type ResourceType } from "../../../../shared/fhir/r4/structures";
import { validateResource } from "../../../../shared/fhir/r4/validate";
import { limitsOf, type Reach } from "../../../../shared/fhir/reach";
import { metric as metricOf } from "../../../../shared/health/catalogue";
import { isProblem, notFound, problem } from "../../../../shared/problem";
import { SUMMARY_SECTIONS, summaryBundle } from "../../../../shared/fhir/summary";
import type { VaultState } from "../../state";
import type { Sources } from "../../store/sources";
import type { FhirView } from "../view";
import type { Repository } from "./repository";
import type { SingleRequest } from "./requests";
import type { Found, Mark } from "./search";
import { Stats } from "./stats";

type Params = readonly (readonly [string, string])[];

/** One call of an operation, as it crosses RPC. Bodies are JSON text. */
export type FhirOperation =
  | { readonly kind: "everything"; readonly id: string; readonly params: Params; readonly after?: EverythingMark | undefined }
  | { readonly kind: "lastn"; readonly params: Params }
  | { readonly kind: "stats"; readonly params: Params }
  /** `base` is that of the addresses in the document. */
  | { readonly kind: "summary"; readonly id: string; readonly params: Params; readonly base: string }
  | { readonly kind: "purge"; readonly id: string }
  | { readonly kind: "validate"; readonly type: string; readonly id?: string | undefined; readonly params: Params; readonly body: string }
  | SubscriptionOperation;

/** Those of Subscriptions; `id` of the one that the path names. */
export interface SubscriptionOperation {
  readonly kind: "status" | "events" | "get-ws-binding-token";
  readonly id?: string | undefined;
  readonly params: Params;
}

const OF_SUBSCRIPTIONS: ReadonlySet<string> = new Set(["status", "events", "get-ws-binding-token"]);

export function isOfSubscriptions(operation: FhirOperation): operation is SubscriptionOperation {
  return OF_SUBSCRIPTIONS.has(operation.kind);
}

/** What type an operation is about. */
export function typeOfOperation(operation: FhirOperation): string {
  if (operation.kind === "validate") return operation.type;
  if (isOfSubscriptions(operation)) return "Subscription";
  return operation.kind === "lastn" || operation.kind === "stats" ? "Observation" : "Patient";
}

/** Where a page of everything ended: in which type, and where in it. Travels sealed in a cursor. */
export interface EverythingMark {
  readonly type: ResourceType;
  readonly mark: Mark;
}

export interface OperationAnswer {
  readonly entries?: readonly { readonly reference: string; readonly json: string; readonly mode: "match" }[];
  readonly next?: EverythingMark;
  /** The answer as JSON text, where it is no page. */
  readonly json?: string;
  /** Subscriptions that a socket can be bound to. */
  readonly subscriptions?: readonly string[];
}

/** Of each section of a summary. */
const MOST_IN_SECTION = 100;
const SUMMARY_PARAMETERS = new Set(["_format", "_pretty"]);
const MOST_EACH = 100;
const MOST_NEWEST = 1_000;
/** Pages that are looked at for the newest of one code. */
const MOST_PAGES = 10;
const LASTN = new Set(["max", "_format", "_pretty"]);

/** The operations over one person's resources, stored and built, within a reach. */
export class Operations {
  readonly #state: VaultState;
  readonly #repository: Repository;
  readonly #view: FhirView;
  readonly #stats: Stats;

  constructor(state: VaultState, repository: Repository, view: FhirView, sources: Sources) {
    this.#state = state;
    this.#repository = repository;
    this.#view = view;
    this.#stats = new Stats(state, repository, view, sources);
  }

  run(operation: Exclude<FhirOperation, SubscriptionOperation>, reach: Reach): OperationAnswer {
    switch (operation.kind) {
      case "everything":
        return this.#everything(operation, reach);
      case "lastn":
        return { entries: this.#lastn(operation.params, reach).map(entryOf) };
      case "stats":
        return { json: JSON.stringify(this.#stats.run(operation.params, reach)) };
      case "summary":
        return { json: JSON.stringify(this.#summary(operation, reach)) };
      case "purge":
        return { json: JSON.stringify(this.#purge(operation.id, reach)) };
      case "validate":
        return { json: JSON.stringify(asOutcome(this.#validate(operation, reach))) };
    }
  }

  /** A page over all types, one type after the other; what is written after the first page is left out. */
  #everything({ id, params, after }: Extract<FhirOperation, { kind: "everything" }>, reach: Reach): OperationAnswer {
    this.#requireOwn(id);
    const query = readEverything(params);
    const types = query.types.filter((type) => limitsOf(reach, type, "s") !== "none");
    if (types.length === 0) throw problem("forbidden", "Nothing of this is within reach.");
    const top = after?.mark.top ?? this.#state.sql.exec<{ top: number | null }>("SELECT max(n) AS top FROM fhir_resources").one().top ?? 0;
    const found: Found[] = [];
    const begin = after === undefined ? 0 : Math.max(0, types.indexOf(after.type));
    for (const type of types.slice(begin)) {
      let mark: Mark | undefined = after?.type === type ? after.mark : { top, stored: "start", built: "start" };
      // A grant that cannot be evaluated gives nothing.
      if (this.#repository.search.bounds(reach, type, "s") === undefined) continue;
      while (mark !== undefined) {
        const room = query.count - found.length;
        if (room === 0) return { entries: found.map(shown), next: { type, mark } };
        const asked: Params = [...query.paramsOf(type), ["_count", String(room)]];
        const page = this.#repository.search.page({ type, params: asked, lenient: false, after: mark }, reach);
        found.push(...page.found.filter((one) => !query.isLimited || query.isFit(one.resource)));
        mark = page.next;
      }
    }
    return { entries: found.map(shown) };
  }

  /** What is within reach of each section, as a document; what may not be seen is said to be withheld. */
  #summary({ id, params, base }: Extract<FhirOperation, { kind: "summary" }>, reach: Reach): Fields {
    this.#requireOwn(id);
    if (params.some(([name]) => !SUMMARY_PARAMETERS.has(name))) throw problem("malformed", "$summary takes no parameters here.");
    const patient = this.#repository.search.built("Patient", patientId(this.#state.person), reach);
    if (patient === undefined || !this.#repository.search.isWithin(patient, reach, "r")) throw notFound("Patient");
    const found = SUMMARY_SECTIONS.map(({ from }) => {
      const within = from.filter(({ type }) => this.#repository.search.bounds(reach, type, "s") !== undefined);
      if (within.length === 0) return undefined;
      return within.flatMap(({ type, params: asked, newestOfEach: isNewest = false }) => {
        if (isNewest) return this.#lastn(asked, reach).slice(0, MOST_IN_SECTION);
        const page = this.#repository.search.page({ type, params: [["_count", String(MOST_IN_SECTION)], ...asked], lenient: false }, reach);
        return page.found.map(({ resource }) => resource);
      });
    });
    return summaryBundle({ patient, found, base, id: crypto.randomUUID(), at: this.#state.now() });
  }

  #purge(id: string, reach: Reach): Fields {
    this.#requireOwn(id);
    const removed = this.#repository.purge(reach);
    const diagnostics = `${removed} resources were removed with all their versions. Readings and laboratory results are no stored resources: they are erased where they lie.`;
    return {
      resourceType: "OperationOutcome",
      issue: [{ severity: "information", code: "informational", details: { text: "success" }, diagnostics }],
    };
  }

  /** The newest Observations of each code: of what is stored by one statement, of readings by a search of each code that metrics have. */
  #lastn(params: Params, reach: Reach): Fields[] {
    const text = params.findLast(([name]) => name === "max")?.[1] ?? "1";
    const max = Number(text);
    if (!/^\d{1,4}$/.test(text) || max < 1 || max > MOST_EACH) throw problem("malformed", `max is a number from 1 to ${MOST_EACH}.`);
    const asked = params.filter(([name]) => !LASTN.has(name));
    if (asked.some(([name]) => name.startsWith("_") && name !== "_id" && name !== "_lastUpdated"))
      throw problem("malformed", "$lastn takes max and the search parameters of Observation.");
    const found = new Map<string, Fields>();
    for (const { resource } of this.#repository.search.newestOfCodes(asked, max, reach)) found.set(textAt(resource, "id") ?? "", resource);
    for (const token of ["", ...this.#codes()]) {
      for (const one of this.#newest(asked, token, max, reach)) found.set(textAt(one, "id") ?? "", one);
      if (found.size > MOST_NEWEST * 2) throw problem("invalid", "There is too much: ask for fewer codes or a smaller max.");
    }
    const newest = newestOfEach([...found.values()], max, (one) => this.#timeOf(one));
    if (newest.length > MOST_NEWEST) throw problem("invalid", "There is too much: ask for fewer codes or a smaller max.");
    return newest;
  }

  /** The newest readings about a code (`system|code`); all that is of laboratories where it is empty. */
  #newest(asked: Params, token: string, max: number, reach: Reach): Fields[] {
    const narrowed: Params = token === "" ? [["category", "laboratory"]] : [["code", escaped(token)]];
    const size = token === "" ? 200 : max;
    const kept: Fields[] = [];
    // What is stored has been found already, but for results of laboratories without a code.
    let after: Mark | undefined = token === "" ? undefined : { top: 0, stored: "end", built: "start" };
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const params: Params = [...asked, ...narrowed, ["_sort", "-date"], ["_count", String(size)]];
      const page = this.#repository.search.page({ type: "Observation", params, lenient: false, after }, reach);
      for (const { resource } of page.found) if (token === "" || subjectCodes(resource).includes(token)) kept.push(resource);
      after = page.next;
      if (after === undefined || (token !== "" && kept.length >= max)) break;
    }
    return token === "" ? kept : kept.slice(0, max);
  }

  /** What there are readings about. */
  #codes(): Set<string> {
    const codes = new Set<string>();
    for (const { metric: key } of this.#view.extents()) {
      const metric = metricOf(key);
      if (metric === undefined) continue;
      for (const kind of [metric.kind, "daily"] as const) for (const code of subjectCodes({ code: codeOf(metric, kind) })) codes.add(code);
    }
    return codes;
  }

  #timeOf(observation: Fields): number {
    const period = observation["effectivePeriod"];
    const text = textAt(observation, "effectiveDateTime") ?? textAt(observation, "effectiveInstant") ?? textAt(period, "start");
    const range = text === undefined ? undefined : dateRange(text, this.#state.profile().timeZone);
    return range?.[0] ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether a resource could be created, updated or deleted. Nothing is written. */
  #validate({ type, id, params, body }: Extract<FhirOperation, { kind: "validate" }>, reach: Reach): Issue[] {
    if (!isResourceType(type)) throw problem("not_found", "This type of resource is not kept here.");
    const input = readOperationBody(body);
    const present = id === undefined ? undefined : this.#repository.answer({ kind: "read", type, id }, reach, () => undefined);
    if (input.resource !== undefined && textAt(input.resource, "resourceType") === undefined)
      throw problem("malformed", "The body is no resource.");
    const given = new Map([...params, ...input.params]);
    const mode = given.get("mode");
    if (mode !== undefined && !["create", "update", "delete", "profile"].includes(mode))
      throw problem("malformed", "mode is one of create, update, delete and profile.");
    if (mode === "delete" || (mode === "update" && id === undefined && input.resource?.["id"] === undefined)) {
      if (id === undefined) throw problem("malformed", `For the mode ${mode} name the resource by its id.`);
    }
    if (mode === "delete") return this.#tried({ kind: "delete", type, id: id ?? "" }, reach);
    const resource = input.resource ?? (present?.json === undefined ? undefined : (JSON.parse(present.json) as Fields));
    if (!isFields(resource)) throw problem("malformed", "Send the resource, or Parameters with a parameter resource.");
    const issues = validateResource(resource);
    if (resource["resourceType"] !== type)
      issues.push({
        severity: "error",
        code: "invalid",
        expression: "resourceType",
        diagnostics: "The type of the resource is not that of the URL.",
      });
    for (const profile of (given.get("profile") ?? "").split(",")) {
      if (profile === "" || profile === `http://hl7.org/fhir/StructureDefinition/${type}`) continue;
      issues.push({
        severity: "warning",
        code: "not-supported",
        expression: type,
        diagnostics: "The profile is not known here: only R4 itself was checked.",
      });
    }
    if (issues.some(({ severity }) => severity === "error") || mode === undefined || mode === "profile") return issues;
    const text = JSON.stringify(resource);
    const request =
      mode === "create"
        ? ({ kind: "create", type, resource: text } as const)
        : ({ kind: "update", type, id: id ?? textAt(resource, "id") ?? "", resource: text } as const);
    return [...issues, ...this.#tried(request, reach)];
  }

  /** What would come of a write: it is done, and taken back. */
  #tried(request: Parameters<Repository["answer"]>[0], reach: Reach): Issue[] {
    const done = new Error("taken back");
    try {
      this.#state.storage.transactionSync(() => {
        if (request.kind !== "bundle" && isAboutSubscription(request)) this.#repository.writeSubscription(request, reach);
        else this.#repository.answer(request, reach, () => undefined);
        throw done;
      });
    } catch (error) {
      if (error === done) return [];
      return [issueOf(error)];
    }
    return [];
  }

  #requireOwn(id: string): void {
    if (personOfPatientId(id) !== this.#state.person && id !== patientId(this.#state.person)) throw notFound("Patient");
  }
}

function isAboutSubscription(request: SingleRequest): request is SingleRequest & { readonly type: "Subscription" } {
  return request.type === "Subscription";
}

function issueOf(error: unknown): Issue {
  if (!isProblem(error)) throw error;
  const { detail, code, errors } = error;
  const [first] = errors ?? [];
  return {
    severity: "error",
    code: "business-rule",
    expression: first?.pointer ?? "",
    diagnostics: first?.message ?? detail ?? `It would be refused: ${code}.`,
  };
}

/** Issues as an OperationOutcome; one that says so where there are none. */
function asOutcome(issues: readonly Issue[]): Fields {
  const good = { severity: "information", code: "informational", diagnostics: "Nothing is wrong with this." };
  const issue = issues.map(({ severity, code, expression, diagnostics }) => ({
    severity,
    code,
    diagnostics,
    ...(expression !== "" && { expression: [expression] }),
  }));
  return { resourceType: "OperationOutcome", issue: issue.length === 0 ? [good] : issue };
}

function shown({ reference, json }: Found) {
  return { reference, json, mode: "match" as const };
}

function entryOf(resource: Fields) {
  const reference = `${textAt(resource, "resourceType")}/${textAt(resource, "id")}`;
  return { reference, json: JSON.stringify(resource), mode: "match" as const };
}

/** A token as a search reads it: commas, dollar signs and backslashes stand for themselves. The bar between system and code stays. */
function escaped(token: string): string {
  return token.replaceAll(/[\\,$]/g, (char) => `\\${char}`);
}
