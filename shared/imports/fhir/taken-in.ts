import { createHash } from "node:crypto";
import { type Fields, fieldsIn, isFields, textAt } from "../../fhir/r4/issue";
import { checkProfiles } from "../../fhir/r4/profiles";
import { isResourceType, type ResourceType } from "../../fhir/r4/structures";
import { isAcceptable, validateResource } from "../../fhir/r4/validate";
import { NOT_WRITTEN } from "../../fhir/store/served";
import { type ClinicalItem, left } from "../clinical/items";

/** A resource on its way into the person's FHIR repository, under an id that the same resource has whenever it comes again. */
export interface ResourceDraft {
  readonly type: ResourceType;
  readonly id: string;
  /** What it is called where it comes from; empty where it has no name. */
  readonly original: string;
  /** When its source changed it last; epoch milliseconds, 0 where it does not say. */
  readonly toldAt: number;
  /** The resource as it is to be stored. References that are not certain yet read `urn:meridian:link:{index}`. */
  readonly json: string;
  readonly links: readonly ResourceLink[];
  /** When what it tells of was, and its title: shown by dry runs alone. */
  readonly at?: string;
  readonly title?: string;
}

/** A reference that only the vault can settle. */
export interface ResourceLink {
  /** `Type/id` that the resource has here, once it is here. */
  readonly reference?: string;
  /** What a laboratory result or report is recognised by. */
  readonly lab?: { readonly type: "Observation" | "DiagnosticReport"; readonly identity: string };
  /** The reference as it stands in the file; absolute where the file says where it comes from. */
  readonly original: string;
}

export const LINK = "urn:meridian:link:";
/** Bytes that one resource may have. */
const LARGEST_RESOURCE = 1_000_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Elements that say whose a resource is. */
const OWNERS = ["subject", "patient", "beneficiary", "individual", "for"];

/** One resource of a file, and the URL that it has there. */
export interface Entry {
  readonly resource: Fields;
  readonly fullUrl: string | undefined;
}

/** Whose file it is, as far as it tells: `patients` are the ids under which it names the person, `others` those of other people. */
export interface Whose {
  readonly patients: ReadonlySet<string>;
  readonly others: ReadonlySet<string>;
  /** The system that the file comes from: a base URL, or what stands for the person's record in it. */
  readonly source: string;
}

/** Gathers who a file is about, from all its resources. */
export class Subjects {
  /** Ids of the Patient resources, each with the last part of its URL. */
  readonly #patients = new Map<string, string | undefined>();
  readonly #subjects = new Set<string>();
  #base: string | undefined;
  #known = "";

  add({ resource, fullUrl }: Entry): void {
    const type = textAt(resource, "resourceType");
    const id = textAt(resource, "id");
    this.#base ??= baseOf(fullUrl, type, id);
    if (type === "Patient") {
      const name = id ?? tail(fullUrl ?? "");
      this.#patients.set(name, fullUrl === undefined ? undefined : tail(fullUrl));
      this.#known ||= knownAs(resource);
      return;
    }
    for (const name of ["subject", "patient"]) {
      const reference = textAt(resource[name], "reference");
      if (reference !== undefined && isOfPatient(reference)) this.#subjects.add(tail(reference));
    }
  }

  /** Whose file it is; undefined where it is about several persons and does not say which of them it is of. */
  whose(): Whose | undefined {
    const [patient] = this.#patients;
    const main =
      this.#patients.size === 1 && patient !== undefined
        ? new Set([patient[0], patient[1] ?? patient[0]])
        : this.#subjects.size === 1
          ? this.#subjects
          : undefined;
    if (main === undefined && this.#subjects.size + this.#patients.size > 0) return undefined;
    const record = this.#known === "" ? [...(main ?? [])][0] : this.#known;
    const all = [...this.#subjects, ...[...this.#patients].flatMap(([id, url]) => [id, url ?? id])];
    const others = new Set(all.filter((name) => main?.has(name) !== true));
    return { patients: main ?? new Set(), others, source: this.#base ?? `urn:meridian:record:${digest(record ?? "").slice(0, 22)}` };
  }
}

/** Names of what a file holds, as references of it say them, and what they lead to here. */
export class Names {
  readonly #targets = new Map<string, Target>();

  add({ resource, fullUrl }: Entry, target: Target): void {
    const [type, id] = [textAt(resource, "resourceType") ?? "", textAt(resource, "id")];
    if (fullUrl !== undefined) this.#targets.set(fullUrl, target);
    if (id !== undefined) this.#targets.set(`${type}/${id}`, target);
    for (const identifier of fieldsIn(resource["identifier"] ?? [])) {
      const [system, value] = [textAt(identifier, "system"), textAt(identifier, "value")];
      if (value !== undefined) this.#targets.set(`${type}?identifier=${system ?? ""}|${value}`, target);
    }
  }

  /** What a reference leads to; a version of a resource leads to the resource. */
  get(reference: string, source: string): Target | undefined {
    const plain = reference.replace(/\/_history\/[^/]*$/, "");
    return this.#targets.get(plain) ?? this.#targets.get(relative(plain, source));
  }

  delete({ resource, fullUrl }: Entry): void {
    const [type, id] = [textAt(resource, "resourceType") ?? "", textAt(resource, "id")];
    if (fullUrl !== undefined) this.#targets.delete(fullUrl);
    if (id !== undefined) this.#targets.delete(`${type}/${id}`);
  }
}

/** `Type/id` here, or what has to be looked up. */
export type Target = string | Omit<ResourceLink, "original">;

/** Takes resources into the repository of one person: gives them ids, leads their references, and says what is wrong with them. */
export class TakingIn {
  readonly #self: string | undefined;
  readonly #whose: Whose;
  readonly names = new Names();

  /** @param self id of the person's Patient here; undefined where there is no repository */
  constructor(self: string | undefined, whose: Whose) {
    this.#self = self;
    this.#whose = whose;
  }

  /** Whether a resource of the file would be stored as what it is. */
  takes(resource: Fields): boolean {
    const type = textAt(resource, "resourceType") ?? "";
    return this.#self !== undefined && isResourceType(type) && NOT_WRITTEN[type] === undefined;
  }

  /** The id that a resource gets. UUIDs stay: nobody else has the same. */
  idOf({ resource, fullUrl }: Entry): string {
    const type = textAt(resource, "resourceType") ?? "";
    const said = textAt(resource, "id") ?? (fullUrl === undefined ? undefined : tail(fullUrl));
    if (said !== undefined && UUID.test(said)) return said.toLowerCase();
    const source = baseOf(fullUrl, type, said) ?? this.#whose.source;
    const name = said ?? JSON.stringify(resource);
    const hex = createHash("sha256").update(`${source}\0${type}\0${name}`).digest("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  /** The resource as it is to be stored, or why it is not. `isSound` where that has been looked at. */
  take(entry: Entry, isSound = false): ClinicalItem {
    const { resource } = entry;
    const type = textAt(resource, "resourceType") ?? "";
    if (!isResourceType(type) || !this.takes(resource)) return left(shownType(type), "resource_not_imported", shownType(type));
    const draft = this.#draft(type, entry);
    if (isSound) return { kind: "resource", draft };
    if (draft.json.length > LARGEST_RESOURCE) return left(type, "resource_too_large", type);
    const taken = JSON.parse(draft.json) as Fields;
    const structure = validateResource(taken);
    const issues = isAcceptable(structure) ? checkProfiles(taken) : structure;
    const [first, ...more] = issues.filter(({ severity }) => severity === "error");
    if (first === undefined) return { kind: "resource", draft };
    const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
    return left(type, "resource_invalid", `${first.expression}: ${first.diagnostics}${others}`);
  }

  /** Whether a resource is about a person whose file it is not. */
  isOfSomebodyElse(resource: Fields): boolean {
    if (textAt(resource, "resourceType") === "Patient") return !this.#isSelf(textAt(resource, "id") ?? "");
    return OWNERS.some((name) => fieldsIn(resource[name] ?? []).some((one) => this.#isOther(textAt(one, "reference") ?? "")));
  }

  /** Whether a reference leads to another person than the one whose file it is. */
  #isOther(reference: string): boolean {
    if (reference.startsWith("urn:")) return this.#whose.others.has(tail(reference));
    const patient = /(?:^|\/)Patient\/([^/?#]+)/.exec(reference)?.[1];
    return patient !== undefined && !this.#isSelf(patient);
  }

  #isSelf(id: string): boolean {
    return this.#whose.patients.has(id);
  }

  #draft(type: ResourceType, entry: Entry): ResourceDraft {
    const { resource, fullUrl } = entry;
    const source = baseOf(fullUrl, type, textAt(resource, "id")) ?? this.#whose.source;
    const links: ResourceLink[] = [];
    const { resourceType: _type, id, meta, ...rest } = this.#led(resource, source, links);
    const { versionId: _version, lastUpdated, ...kept } = isFields(meta) ? meta : {};
    const toldAt = typeof lastUpdated === "string" ? Date.parse(lastUpdated) : Number.NaN;
    const json = JSON.stringify({ resourceType: type, id: this.idOf(entry), meta: { ...kept, source }, ...rest });
    const [at, title] = [timeOf(resource), titleOf(resource)];
    return {
      type,
      id: this.idOf(entry),
      original: typeof id === "string" ? id : "",
      toldAt: Number.isNaN(toldAt) ? 0 : toldAt,
      json,
      links,
      ...(at !== undefined && { at }),
      ...(title !== undefined && { title }),
    };
  }

  /** A copy whose references lead to what is here. */
  #led(resource: Fields, source: string, links: ResourceLink[]): Fields {
    const led = (value: unknown, name: string): unknown => {
      if (Array.isArray(value)) return value.map((one) => led(one, name));
      if (!isFields(value)) return value;
      const copy = Object.fromEntries(Object.entries(value).map(([inner, one]) => [inner, led(one, inner)]));
      const reference = textAt(value, "reference");
      if (reference !== undefined && !reference.startsWith("#")) {
        const { reference: _reference, ...holder } = copy;
        return { ...holder, ...this.#reference(value, reference, source, links) };
      }
      const url = name === "attachment" || name === "content" || name === "presentedForm" ? textAt(value, "url") : undefined;
      const target = url === undefined ? undefined : this.names.get(url, source);
      return typeof target === "string" ? { ...copy, url: target } : copy;
    };
    return led(resource, "") as Fields;
  }

  #reference(holder: Fields, reference: string, source: string, links: ResourceLink[]): Fields {
    const patient = /(?:^|\/)Patient\/([^/?#]+)/.exec(reference)?.[1];
    if (this.#isSelf(patient ?? "") || (reference.startsWith("urn:") && this.#isSelf(tail(reference))))
      return { reference: `Patient/${this.#self}` };
    // Others may have a part in it, and are no resources here.
    if (this.#isOther(reference)) return asIdentifier(holder, "Patient", undefined, reference);
    const target = this.names.get(reference, source);
    if (typeof target === "string") return { reference: target };
    const local = relative(reference, source);
    const [, type, id] = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/.*)?$/.exec(local) ?? [];
    const isAbsolute = /^https?:/.test(reference);
    const original = isAbsolute || !/^https?:/.test(source) || type === undefined ? reference : `${source}/${reference}`;
    const query = /^([A-Z][A-Za-z]+)\?identifier=([^&|]*)\|?([^&]*)$/.exec(reference);
    if (target === undefined && query !== null)
      return asIdentifier(holder, query[1], query[3] === "" ? undefined : query[2], query[3] || query[2]);
    const known =
      type === undefined || id === undefined || !isResourceType(type)
        ? undefined
        : `${type}/${this.idOf({ resource: { resourceType: type, id }, fullUrl: /^https?:/.test(source) ? `${source}/${type}/${id}` : undefined })}`;
    links.push({ ...(target ?? (known !== undefined && { reference: known })), original });
    return { reference: `${LINK}${links.length - 1}` };
  }
}

/** A draft with its links settled: `find` says where one leads, or undefined where to nothing that is here. */
export function settled({ json, links }: Pick<ResourceDraft, "json" | "links">, find: (link: ResourceLink) => string | undefined): Fields {
  const resource = JSON.parse(json) as Fields;
  if (links.length === 0) return resource;
  const at = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(at);
    if (!isFields(value)) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, at(one)]));
    const { reference, ...rest } = copy;
    const link = typeof reference === "string" && reference.startsWith(LINK) ? links[Number(reference.slice(LINK.length))] : undefined;
    if (link === undefined) return copy;
    const found = find(link);
    if (found !== undefined) return { reference: found, ...rest };
    if (/^https?:/.test(link.original)) return { reference: link.original, ...rest };
    const type = /^([A-Z][A-Za-z]+)\//.exec(link.original)?.[1];
    return asIdentifier(rest, type, type === undefined ? "urn:ietf:rfc:3986" : undefined, link.original);
  };
  return at(resource) as Fields;
}

/** A reference to what is not here, by its name elsewhere. */
function asIdentifier(
  { identifier, reference: _reference, ...holder }: Fields,
  type: string | undefined,
  system: string | undefined,
  value = "",
): Fields {
  return {
    ...holder,
    ...(type !== undefined && { type }),
    identifier: identifier ?? { ...(system !== undefined && system !== "" && { system }), value },
  };
}

function isOfPatient(reference: string): boolean {
  return /(?:^|\/)Patient\/|^urn:/.test(reference) || !/[/?#]/.test(reference);
}

/** The last part of a reference. */
function tail(reference: string): string {
  return reference.replace(/^.*[/:]/, "");
}

/** The base of a URL that ends with type and id. */
function baseOf(fullUrl: string | undefined, type: string | undefined, id: string | undefined): string | undefined {
  if (fullUrl === undefined || !/^https?:\/\//.test(fullUrl)) return undefined;
  const end = `/${type}/${id ?? tail(fullUrl)}`;
  return fullUrl.endsWith(end) && fullUrl.length - end.length < 500 ? fullUrl.slice(0, -end.length) : undefined;
}

function relative(reference: string, source: string): string {
  return reference.startsWith(`${source}/`) ? reference.slice(source.length + 1) : reference;
}

/** What a Patient is known by where it comes from. */
function knownAs(patient: Fields): string {
  const [identifier] = fieldsIn(patient["identifier"] ?? []);
  const value = textAt(identifier, "value");
  return value === undefined ? (textAt(patient, "id") ?? "") : `${textAt(identifier, "system") ?? ""}|${value}`;
}

const TIMES = [
  "onsetDateTime",
  "occurrenceDateTime",
  "performedDateTime",
  "effectiveDateTime",
  "authoredOn",
  "recordedDate",
  "dateAsserted",
  "startDate",
  "date",
  "created",
  "recorded",
  "sent",
  "issued",
];
const PERIODS = ["period", "performedPeriod", "onsetPeriod", "effectivePeriod", "occurrencePeriod"];

function timeOf(resource: Fields): string | undefined {
  const told = TIMES.map((name) => textAt(resource, name)).find((one) => one !== undefined);
  return told ?? PERIODS.map((name) => textAt(resource[name], "start")).find((one) => one !== undefined);
}

/** What a resource is of, in its own words. */
function titleOf(resource: Fields): string | undefined {
  for (const name of ["code", "vaccineCode", "medicationCodeableConcept", "type", "description"]) {
    const [concept] = fieldsIn(resource[name] ?? []);
    const [coding] = fieldsIn(concept?.["coding"] ?? []);
    const title = textAt(concept, "text") ?? textAt(coding, "display");
    if (title !== undefined) return title.slice(0, 100);
  }
  return textAt(resource, "title")?.slice(0, 100);
}

function shownType(type: string): string {
  return /^[A-Z][A-Za-z]{1,60}$/.test(type) ? type : "no resource";
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
