import { SYSTEM } from "../../health/codes";
import {
  clipped,
  type LabCoding,
  type LabDraft,
  type LabValue,
  LONGEST_NAME,
  LONGEST_TEXT,
  type ReportDraft,
  type ReportStatus,
  type ResultStatus,
} from "../../labs/result";
import { isLoinc } from "../../labs/read-result";
import { isPdf } from "../../labs/files";
import { labTestByLoinc } from "../../labs/catalogue";
import { TYPICAL_ADULT } from "../../labs/lab-test";
import { COMPARATORS, numberOf, rangeOf, type ToldRange } from "../../labs/value";
import { whenOf } from "../../labs/when";
import { type ClinicalItem, left } from "../clinical/items";
import { type VitalCode, vitalByLoinc, vitalValue } from "../clinical/vitals";

/** JSON of a resource. Nothing of it is trusted: fields are read one by one. */
export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const RESULT_STATUS: Readonly<Record<string, ResultStatus>> = {
  preliminary: "preliminary",
  unknown: "preliminary",
  final: "final",
  amended: "corrected",
  corrected: "corrected",
  cancelled: "cancelled",
  "entered-in-error": "cancelled",
};
const REPORT_STATUS: Readonly<Record<string, ReportStatus>> = {
  ...RESULT_STATUS,
  registered: "preliminary",
  partial: "preliminary",
  appended: "corrected",
};

/** Where a resource stands: in a bundle it may be part of a report that names it. */
export interface Place {
  readonly fullUrl?: string | undefined;
  readonly report?: string | undefined;
  /** Whether the report is one of a laboratory. */
  readonly isOfLaboratory?: boolean | undefined;
}

/** The type of a resource, as it is counted. */
export function typeOf(resource: Json): string {
  const type = resource["resourceType"];
  return typeof type === "string" && /^[A-Z][A-Za-z]{1,60}$/.test(type) ? type : "no resource";
}

/** What of a resource is about a person: the last part of the reference; empty where it names nobody. */
export function subjectOf(resource: Json): string {
  return (textAt(resource["subject"], "reference") ?? "").replace(/^.*[/:]/, "");
}

/** Reads an Observation: a vital sign, a laboratory result, or a reason why not. */
export function readObservation(resource: Json, place: Place = {}): ClinicalItem[] {
  const type = "Observation";
  const codings = codingsOf(resource["code"]);
  const name = nameOf(resource["code"], codings);
  if (name === undefined) return [left(type, "no_code", "")];
  const told = text(resource["status"]) ?? "unknown";
  const at = timeOf(resource);
  const vital = vitalOf(codings);
  const parts = list(resource["component"]).filter(isJson);
  const partVitals = parts.map((part) => vitalOf(codingsOf(part["code"])));
  const isVital = vital !== undefined || partVitals.some((one) => one?.component !== undefined);
  const isLab =
    place.isOfLaboratory === true ||
    categoriesOf(resource).includes("laboratory") ||
    codings.some((one) => isLoinc(one) && labTestByLoinc(one.code) !== undefined);
  if (!isVital && !isLab) return [left(type, "not_laboratory", name)];
  if (told === "registered") return [left(type, "pending", name)];
  const status = RESULT_STATUS[told] ?? "preliminary";
  if (at === undefined) return [left(type, "no_time", name)];
  return isVital
    ? vitals(resource, { type, name, status, at, vital, parts })
    : results(resource, { type, name, status, at, codings, parts, place });
}

interface Told {
  readonly type: string;
  readonly name: string;
  readonly status: ResultStatus;
  readonly at: { readonly from: string; readonly until?: string };
  readonly parts: readonly Json[];
}

function vitals(
  resource: Json,
  { type, name, status, at, vital, parts }: Told & { readonly vital: VitalCode | undefined },
): ClinicalItem[] {
  if (status === "cancelled") return [left(type, "cancelled", name)];
  const id = clipped(text(resource["id"]), 64);
  const app = clipped(textAt(list(resource["performer"])[0], "display") ?? textAt(resource["device"], "display"), LONGEST_NAME);
  const common = {
    kind: "vital",
    type,
    at: at.from,
    ...(at.until !== undefined && { until: at.until }),
    version: versionOf(resource),
    ...(id !== undefined && { id }),
    ...(app !== undefined && { app }),
  } as const;
  const values = parts.flatMap((part) => {
    const code = vitalOf(codingsOf(part["code"]));
    const value = code === undefined ? undefined : vitalNumber(part, code);
    return code?.component === undefined || value === undefined ? [] : [{ code, key: code.component, value }];
  });
  const [one] = values;
  const panel = one?.code.metric ?? (vital?.metric.components === undefined ? undefined : vital.metric);
  if (panel !== undefined) {
    const found = Object.fromEntries(values.map(({ key, value }) => [key, value]));
    const isWhole = (panel.components ?? []).every(({ key, optional }) => optional === true || found[key] !== undefined);
    return isWhole ? [{ ...common, metric: panel.key, value: null, components: found }] : [left(type, "incomplete_panel", name)];
  }
  if (vital === undefined) return [left(type, "no_value", name)];
  if (vital.component !== undefined) return [left(type, "incomplete_panel", name)];
  const value = vitalNumber(resource, vital);
  if (value !== undefined) return [{ ...common, metric: vital.metric.key, value }];
  const reason = isJson(resource["valueSampledData"])
    ? "sampled_data"
    : isJson(resource["valueQuantity"])
      ? "unit_unknown"
      : isJson(resource["dataAbsentReason"])
        ? "data_absent"
        : "no_number";
  return [left(type, reason, name)];
}

function vitalNumber(holder: Json, code: VitalCode): number | undefined {
  const quantity = quantityOf(holder["valueQuantity"]);
  return quantity?.unit === undefined || quantity.comparator !== undefined ? undefined : vitalValue(code, quantity.number, quantity.unit);
}

function results(resource: Json, told: Told & { readonly codings: readonly LabCoding[]; readonly place: Place }): ClinicalItem[] {
  const { type, name, status, at, codings, parts, place } = told;
  const identity = identityOf(resource, place, codings, at.from);
  const common = {
    type,
    version: versionOf(resource),
    source: "fhir",
    status,
    at: at.from,
    ...(place.report !== undefined && { report: place.report }),
    ...labels(resource),
  } as const;
  const own = valueOf(resource);
  const draft = (
    holder: Json,
    { suffix, title, codes, value, unit }: { suffix: string; title: string; codes: readonly LabCoding[]; value: LabValue; unit?: string },
  ): ClinicalItem => {
    const flag = clipped(
      list(holder["interpretation"])
        .flatMap((one) => codingsOf(one)[0]?.code ?? textAt(one, "text") ?? [])
        .join(" "),
      32,
    );
    const result: LabDraft = {
      ...common,
      identity: identity + suffix,
      name: title,
      codings: codes,
      value,
      ...(unit !== undefined && { unit }),
      ranges: list(holder["referenceRange"]).filter(isJson).map(rangeOfJson).filter(isOfLaboratory),
      ...(flag !== undefined && { flag }),
    };
    return { kind: "result", draft: result };
  };
  const items: ClinicalItem[] = [];
  if (own.value !== undefined)
    items.push(
      draft(resource, { suffix: "", title: name, codes: codings, value: own.value, ...(own.unit !== undefined && { unit: own.unit }) }),
    );
  parts.forEach((part, i) => {
    const codes = codingsOf(part["code"]);
    const title = nameOf(part["code"], codes);
    const { value, unit } = valueOf(part);
    if (title === undefined || value === undefined) return items.push(left("Observation.component", "no_value", title ?? name));
    const item = draft(part, { suffix: `#${i}`, title, codes, value, ...(unit !== undefined && { unit }) });
    return items.push(item.kind === "result" ? { kind: "result", draft: { ...item.draft, type: "Observation.component" } } : item);
  });
  // The Observation itself is counted once, whatever its parts come to.
  if (own.value === undefined)
    items.unshift(
      status === "cancelled" && parts.length === 0
        ? draft(resource, { suffix: "", title: name, codes: codings, value: {} })
        : left(
            type,
            own.reason ?? (parts.length > 0 ? "only_components" : list(resource["hasMember"]).length > 0 ? "only_members" : "no_value"),
            name,
          ),
    );
  return items;
}

/** Reads a DiagnosticReport of a laboratory. */
export function readReport(resource: Json, place: Place = {}): ClinicalItem[] {
  const type = "DiagnosticReport";
  const codings = codingsOf(resource["code"]);
  const title = nameOf(resource["code"], codings) ?? "Laboratory report";
  if (!isLaboratoryReport(resource)) return [left(type, "not_laboratory", title)];
  const at = timeOf(resource);
  if (at === undefined) return [left(type, "no_time", title)];
  const pdf = list(resource["presentedForm"])
    .map(pdfOf)
    .find((bytes) => bytes !== undefined);
  const { note: _note, ...rest } = labels(resource);
  const conclusion = clipped(text(resource["conclusion"]), LONGEST_TEXT);
  const draft: ReportDraft = {
    ...rest,
    identity: identityOf(resource, place, codings, at.from),
    type,
    version: versionOf(resource),
    source: "fhir",
    status: REPORT_STATUS[text(resource["status"]) ?? ""] ?? "preliminary",
    at: at.from,
    title,
    codings,
    ...(conclusion !== undefined && { note: conclusion }),
    ...(pdf !== undefined && { pdf }),
  };
  const others = list(resource["presentedForm"]).length - (pdf === undefined ? 0 : 1);
  const notes: ClinicalItem[] = others > 0 ? [{ kind: "note", code: "unsupported_attachment", detail: title.slice(0, 100) }] : [];
  return [{ kind: "report", draft }, ...notes];
}

/** Identity of a report, for the results that it names. */
export function reportIdentity(resource: Json, place: Place): string | undefined {
  const at = timeOf(resource);
  return at === undefined || !isLaboratoryReport(resource) ? undefined : identityOf(resource, place, codingsOf(resource["code"]), at.from);
}

function isLaboratoryReport(resource: Json): boolean {
  const categories = categoriesOf(resource);
  return categories.some((category) => category === "laboratory" || category === "lab" || LABORATORY_SECTIONS.has(category));
}

/** HL7 table 0074, as far as laboratories go, and the LOINC code that US Core gives to their reports. */
const LABORATORY_SECTIONS: ReadonlySet<string> = new Set([
  "ch",
  "hm",
  "mb",
  "imm",
  "sr",
  "tx",
  "bld",
  "bg",
  "cg",
  "ctr",
  "mcb",
  "myc",
  "vr",
  "26436-6",
]);

/** References of a report to its results. */
export function resultReferences(resource: Json): string[] {
  return list(resource["result"]).flatMap((reference) => textAt(reference, "reference") ?? []);
}

function categoriesOf(resource: Json): string[] {
  const categories = Array.isArray(resource["category"]) ? resource["category"] : [resource["category"]];
  return categories.flatMap((category) => codingsOf(category).map(({ code }) => code.toLowerCase()));
}

function identityOf(resource: Json, { fullUrl }: Place, codings: readonly LabCoding[], at: string): string {
  const [identifier] = list(resource["identifier"]).filter(isJson);
  const [system, value] = [text(identifier?.["system"]), text(identifier?.["value"])];
  const code = codings[0]?.code ?? "";
  if (value !== undefined) return JSON.stringify([system ?? "", value, code]);
  const id = text(resource["id"]) ?? fullUrl;
  if (id !== undefined) return JSON.stringify([id, subjectOf(resource), code]);
  return JSON.stringify([subjectOf(resource), code, at, valueOf(resource).value ?? null]);
}

/** Epoch milliseconds of the last change that the resource tells. */
function versionOf(resource: Json): number {
  const changed = textAt(resource["meta"], "lastUpdated") ?? text(resource["issued"]);
  return (changed === undefined ? undefined : whenOf(changed, "UTC")?.at) ?? 0;
}

function timeOf(resource: Json): { readonly from: string; readonly until?: string } | undefined {
  const period = resource["effectivePeriod"];
  const from =
    text(resource["effectiveDateTime"]) ??
    text(resource["effectiveInstant"]) ??
    textAt(period, "start") ??
    textAt(period, "end") ??
    text(resource["issued"]);
  if (from === undefined || whenOf(from, "UTC") === undefined) return undefined;
  const until = textAt(period, "end");
  const isAfter = until !== undefined && (whenOf(until, "UTC")?.at ?? 0) > (whenOf(from, "UTC")?.at ?? 0);
  return { from, ...(isAfter && { until }) };
}

function labels(resource: Json): Pick<LabDraft, "issuedAt" | "specimen" | "method" | "lab" | "note"> {
  const issuedAt = text(resource["issued"]);
  const specimens = Array.isArray(resource["specimen"]) ? resource["specimen"] : [resource["specimen"]];
  const specimen = clipped(textAt(specimens[0], "display"), LONGEST_NAME);
  const method = clipped(nameOf(resource["method"], codingsOf(resource["method"])), LONGEST_NAME);
  const lab = clipped(textAt(list(resource["performer"])[0], "display"), LONGEST_NAME);
  const note = clipped(
    list(resource["note"])
      .flatMap((one) => textAt(one, "text") ?? [])
      .join("\n"),
    LONGEST_TEXT,
  );
  return {
    ...(issuedAt !== undefined && whenOf(issuedAt, "UTC") !== undefined && { issuedAt }),
    ...(specimen !== undefined && { specimen }),
    ...(method !== undefined && { method }),
    ...(lab !== undefined && { lab }),
    ...(note !== undefined && { note }),
  };
}

/** What a `value[x]` says. */
function valueOf(holder: Json): { readonly value?: LabValue; readonly unit?: string; readonly reason?: string } {
  const quantity = quantityOf(holder["valueQuantity"]);
  if (quantity !== undefined)
    return {
      value: { number: quantity.number, ...(quantity.comparator !== undefined && { comparator: quantity.comparator }) },
      ...(quantity.unit !== undefined && { unit: quantity.unit }),
    };
  const concept = holder["valueCodeableConcept"];
  if (isJson(concept)) {
    const [coding] = codingsOf(concept);
    const words = clipped(text(concept["text"]), LONGEST_TEXT);
    return coding === undefined && words === undefined
      ? { reason: "no_value" }
      : { value: { ...(coding !== undefined && { coding }), ...(words !== undefined && { text: words }) } };
  }
  const written = clipped(text(holder["valueString"]), LONGEST_TEXT);
  if (written !== undefined) {
    const told = numberOf(written);
    return {
      value:
        told === undefined ? { text: written } : { number: told.number, ...(told.comparator !== null && { comparator: told.comparator }) },
    };
  }
  if (typeof holder["valueInteger"] === "number") return { value: { number: holder["valueInteger"] } };
  if (typeof holder["valueBoolean"] === "boolean") return { value: { text: String(holder["valueBoolean"]) } };
  const moment = text(holder["valueDateTime"]) ?? text(holder["valueTime"]);
  if (moment !== undefined) return { value: { text: moment.slice(0, LONGEST_NAME) } };
  const range = holder["valueRange"];
  if (isJson(range)) {
    const [low, high] = [quantityOf(range["low"]), quantityOf(range["high"])];
    const unit = low?.unit ?? high?.unit;
    return { value: { text: `${low?.number ?? ""}-${high?.number ?? ""}` }, ...(unit !== undefined && { unit }) };
  }
  const ratio = holder["valueRatio"];
  if (isJson(ratio)) {
    const [over, under] = [quantityOf(ratio["numerator"]), quantityOf(ratio["denominator"])];
    if (over !== undefined && under !== undefined) return { value: { text: `${over.number}:${under.number}` } };
  }
  if (isJson(holder["valueSampledData"])) return { reason: "sampled_data" };
  return isJson(holder["dataAbsentReason"]) ? { reason: "data_absent" } : {};
}

function quantityOf(
  quantity: unknown,
): { readonly number: number; readonly unit?: string; readonly comparator?: (typeof COMPARATORS)[number] } | undefined {
  if (!isJson(quantity) || typeof quantity["value"] !== "number" || !Number.isFinite(quantity["value"])) return undefined;
  const [code, unit] = [text(quantity["code"]), text(quantity["unit"])];
  // A code of UCUM is the unit; a code of another system is that system's, and the words beside it are the unit.
  const written = clipped(text(quantity["system"]) === SYSTEM.ucum ? (code ?? unit) : (unit ?? code), 64);
  const comparator = COMPARATORS.find((known) => known === quantity["comparator"]);
  return { number: quantity["value"], ...(written !== undefined && { unit: written }), ...(comparator !== undefined && { comparator }) };
}

function rangeOfJson(range: Json): ToldRange {
  const [low, high] = [quantityOf(range["low"]), quantityOf(range["high"])];
  const unit = low?.unit ?? high?.unit;
  const words = clipped(text(range["text"]), 500);
  const meaning = codingsOf(range["type"])[0]?.code ?? textAt(range["type"], "text");
  // FHIR's ends are included. Where the words say of the same number that it is not, they are right.
  const said = words === undefined ? undefined : rangeOf(words);
  return {
    ...(low !== undefined && { low: low.number }),
    ...(high !== undefined && { high: high.number }),
    ...(low !== undefined && said?.low === low.number && said.isLowExcluded === true && { isLowExcluded: true as const }),
    ...(high !== undefined && said?.high === high.number && said.isHighExcluded === true && { isHighExcluded: true as const }),
    ...(unit !== undefined && { unit }),
    ...(words !== undefined && { text: words }),
    ...(meaning !== undefined && { meaning: meaning.slice(0, 32) }),
  };
}

/** A typical range that Meridian has shown beside a result is none of the laboratory's. */
function isOfLaboratory({ text: words }: ToldRange): boolean {
  return words !== TYPICAL_ADULT;
}

function pdfOf(attachment: unknown): Uint8Array | undefined {
  const data = textAt(attachment, "data");
  if (data === undefined || textAt(attachment, "contentType") !== "application/pdf") return undefined;
  try {
    const bytes = Uint8Array.from(atob(data.replace(/\s+/g, "")), (character) => character.charCodeAt(0));
    return isPdf(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function vitalOf(codings: readonly LabCoding[]): VitalCode | undefined {
  return codings
    .filter(isLoinc)
    .map(({ code }) => vitalByLoinc(code))
    .find((found) => found !== undefined);
}

/** Codings of a concept, those of LOINC first. */
function codingsOf(concept: unknown): LabCoding[] {
  if (!isJson(concept)) return [];
  const codings = list(concept["coding"])
    .filter(isJson)
    .flatMap((coding): LabCoding[] => {
      const [system, code, display] = [text(coding["system"]), text(coding["code"]), text(coding["display"])];
      if (code === undefined || code === "") return [];
      return [
        {
          ...(system !== undefined && { system: system.slice(0, 100) }),
          code: code.slice(0, 64),
          ...(display !== undefined && display !== "" && { display: display.slice(0, LONGEST_NAME) }),
        },
      ];
    });
  return codings.toSorted((a, b) => Number(isLoinc(b)) - Number(isLoinc(a)));
}

function nameOf(concept: unknown, codings: readonly LabCoding[]): string | undefined {
  return clipped(
    textAt(concept, "text") ?? codings.find(({ display }) => display !== undefined)?.display ?? codings[0]?.code,
    LONGEST_NAME,
  );
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textAt(value: unknown, field: string): string | undefined {
  return isJson(value) ? text(value[field]) : undefined;
}

/** A list, or nothing where there is none. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
