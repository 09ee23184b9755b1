import { SYSTEM } from "../../health/codes";
import {
  clipped,
  type LabCoding,
  type LabDraft,
  type LabValue,
  LONGEST_NAME,
  LONGEST_TEXT,
  type ReportDraft,
  type ResultStatus,
} from "../../labs/result";
import { isLoinc } from "../../labs/read-result";
import { decimal, numberOf, rangeOf, type ToldRange } from "../../labs/value";
import { fromHl7Time, whenOf } from "../../labs/when";
import { problem } from "../../problem";
import { type ClinicalItem, left } from "../clinical/items";
import { PanelParts, vitalByLoinc, vitalValue } from "../clinical/vitals";
import { childOf, childrenOf, outermost, treeOf, TreeVocabulary, wholeText, type XmlNode } from "../xml/tree";

const VOCABULARY = new TreeVocabulary(
  [
    "ClinicalDocument",
    "recordTarget",
    "custodian",
    "representedCustodianOrganization",
    "name",
    "component",
    "structuredBody",
    "section",
    "code",
    "title",
    "text",
    "entry",
    "organizer",
    "observation",
    "id",
    "statusCode",
    "effectiveTime",
    "low",
    "high",
    "center",
    "value",
    "numerator",
    "denominator",
    "translation",
    "originalText",
    "interpretationCode",
    "referenceRange",
    "observationRange",
    "methodCode",
    "specimen",
    "specimenRole",
    "specimenPlayingEntity",
    "performer",
    "assignedEntity",
    "representedOrganization",
    "entryRelationship",
  ],
  [
    "code",
    "codeSystem",
    "displayName",
    "value",
    "unit",
    "nullFlavor",
    "root",
    "extension",
    "inclusive",
    "xsi:type",
    "negationInd",
    "moodCode",
    "mediaType",
    "representation",
  ],
);

/** Sections that hold laboratory results, by LOINC. */
const RESULTS: ReadonlySet<string> = new Set([
  "30954-2",
  "26436-6",
  "18719-5",
  "18720-3",
  "18723-7",
  "18725-2",
  "18727-8",
  "18729-4",
  "11502-2",
]);
const VITALS: ReadonlySet<string> = new Set(["8716-3"]);

const STATUS: Readonly<Record<string, ResultStatus>> = {
  completed: "final",
  active: "preliminary",
  held: "preliminary",
  suspended: "preliminary",
  aborted: "cancelled",
  cancelled: "cancelled",
  nullified: "cancelled",
};

const SYSTEMS: Readonly<Record<string, string>> = { "2.16.840.1.113883.6.1": SYSTEM.loinc, "2.16.840.1.113883.6.96": SYSTEM.snomed };

/** The whole document, as far as its results need it. */
interface Frame {
  readonly id: string;
  readonly version: number;
  readonly at: string | undefined;
  readonly custodian: string | undefined;
}

/**
 * Reads results and vital signs of a clinical document (CDA R2, C-CDA). What stands in its narrative alone is named and not guessed at. Problem
 * `file_unreadable` for what is no such document, and for one about several persons.
 */
export function readCda(bytes: Uint8Array): ClinicalItem[] {
  const root = treeOf(bytes, VOCABULARY);
  const document = childOf(root, "ClinicalDocument") ?? root;
  const sections = outermost(document, "section").flatMap(withInner);
  if (document === root && sections.length === 0) throw problem("file_unreadable", "The file is no clinical document.");
  if (childrenOf(document, "recordTarget").length > 1) throw problem("file_unreadable", "The document is about more than one person.");
  const at = timeOf(childOf(document, "effectiveTime"));
  const frame: Frame = {
    id: idOf(childOf(document, "id")),
    version: (at === undefined ? undefined : whenOf(at, "UTC")?.at) ?? 0,
    at,
    custodian: clipped(
      wholeText(outermost(document, "representedCustodianOrganization").flatMap((one) => childOf(one, "name") ?? [])[0]),
      LONGEST_NAME,
    ),
  };
  return sections.flatMap((section) => readSection(section, frame));
}

/** A section and the sections in it, each without those. */
function withInner(section: XmlNode): XmlNode[] {
  return [section, ...childrenOf(section, "component").flatMap((part) => childrenOf(part, "section").flatMap(withInner))];
}

function readSection(section: XmlNode, frame: Frame): ClinicalItem[] {
  const code = childOf(section, "code")?.attributes["code"] ?? "";
  const title =
    clipped(childOf(section, "title")?.text ?? childOf(section, "code")?.attributes["displayName"] ?? code, 60) ?? "Section without title";
  const entries = childrenOf(section, "entry");
  const isVitals = VITALS.has(code);
  if (!RESULTS.has(code) && !isVitals) return entries.map(() => left(title, "section_not_imported", title));
  if (entries.length === 0)
    return wholeText(childOf(section, "text")) === "" ? [] : [{ kind: "note", code: "narrative_only", detail: title }];
  const reader = new SectionReader(isVitals ? "Vital signs" : "Results", isVitals, frame);
  return entries.flatMap((entry) => reader.entry(entry));
}

class SectionReader {
  readonly #type: string;
  readonly #isVitals: boolean;
  readonly #frame: Frame;
  readonly #seen = new Map<string, number>();
  readonly #panels = new PanelParts();

  constructor(type: string, isVitals: boolean, frame: Frame) {
    this.#type = type;
    this.#isVitals = isVitals;
    this.#frame = frame;
  }

  entry(entry: XmlNode): ClinicalItem[] {
    const organizer = childOf(entry, "organizer");
    const observations =
      organizer === undefined ? childrenOf(entry, "observation") : organizersIn(organizer).flatMap((one) => observationsIn(one));
    if (observations.length === 0) return [left(this.#type, "unsupported_entry", this.#type)];
    const report = organizer === undefined || this.#isVitals ? undefined : this.#report(organizer);
    const items = observations.flatMap((observation) => this.#observation(observation, organizer, report));
    const { whole, broken } = this.#panels.take();
    for (const panel of whole) {
      const [half] = panel;
      if (half === undefined) continue;
      const { metric, at, version, app } = half;
      const also = panel.slice(1).map((one) => one.type);
      items.push({
        kind: "vital",
        type: this.#type,
        also,
        metric: metric.key,
        at,
        value: null,
        components: Object.fromEntries(panel.map((one) => [one.component, one.value])),
        version,
        ...(app !== undefined && { app }),
      });
    }
    for (const half of broken.flat()) items.push(left(this.#type, "incomplete_panel", half.metric.key));
    return report !== undefined && items.some(({ kind }) => kind === "result") ? [{ kind: "report", draft: report }, ...items] : items;
  }

  #report(organizer: XmlNode): ReportDraft {
    const codings = codingsOf(childOf(organizer, "code"));
    const at =
      timeOf(childOf(organizer, "effectiveTime")) ??
      observationsIn(organizer)
        .map((one) => timeOf(childOf(one, "effectiveTime")))
        .find((time) => time !== undefined) ??
      this.#frame.at ??
      "";
    const lab = performerOf(organizer) ?? this.#frame.custodian;
    const status = STATUS[childOf(organizer, "statusCode")?.attributes["code"] ?? ""] ?? "final";
    return {
      identity: JSON.stringify([idOf(childOf(organizer, "id")) || this.#frame.id, codings[0]?.code ?? "", at]),
      type: "Result organizer",
      version: this.#frame.version,
      source: "cda",
      status,
      at,
      title: clipped(codings[0]?.display ?? codings[0]?.code, LONGEST_NAME) ?? "Laboratory report",
      codings,
      ...(lab !== undefined && { lab }),
      ...specimenOf(organizer),
    };
  }

  #observation(observation: XmlNode, organizer: XmlNode | undefined, report: ReportDraft | undefined): ClinicalItem[] {
    const type = this.#type;
    const code = childOf(observation, "code");
    const codings = codingsOf(code);
    const name =
      clipped(codings.find(({ display }) => display !== undefined)?.display ?? wholeText(childOf(code, "originalText")), LONGEST_NAME) ??
      codings[0]?.code;
    if (name === undefined) return [left(type, "no_code", "")];
    const mood = observation.attributes["moodCode"] ?? "EVN";
    if (mood !== "EVN" || observation.attributes["negationInd"] === "true")
      return [left(type, mood === "EVN" ? "negated" : "not_observed", name)];
    const told = childOf(observation, "statusCode")?.attributes["code"];
    const status = told === undefined ? "final" : (STATUS[told] ?? "preliminary");
    const { value, unit, reason } = valueOf(childrenOf(observation, "value")[0]);
    if (value === undefined && status !== "cancelled") return [left(type, told === "active" ? "pending" : (reason ?? "no_value"), name)];
    const at = timeOf(childOf(observation, "effectiveTime")) ?? timeOf(childOf(organizer, "effectiveTime")) ?? this.#frame.at;
    if (at === undefined || whenOf(at, "UTC") === undefined) return [left(type, "no_time", name)];
    const vital = codings
      .filter(isLoinc)
      .map((one) => vitalByLoinc(one.code))
      .find((found) => found !== undefined);
    if (vital !== undefined) {
      const number = value?.comparator === undefined ? value?.number : undefined;
      const converted = number === undefined || unit === undefined ? undefined : vitalValue(vital, number, unit);
      if (converted === undefined || status === "cancelled") return [left(type, number === undefined ? "no_number" : "unit_unknown", name)];
      const common = { type, at, version: this.#frame.version, ...(this.#frame.custodian !== undefined && { app: this.#frame.custodian }) };
      if (vital.component === undefined)
        return vital.metric.components === undefined
          ? [{ kind: "vital", metric: vital.metric.key, value: converted, ...common }]
          : [left(type, "no_number", name)];
      this.#panels.add("", { ...common, metric: vital.metric, component: vital.component, value: converted });
      return [];
    }
    if (this.#isVitals) return [left(type, "unsupported_code", name)];
    const place = JSON.stringify([idOf(childOf(observation, "id")) || this.#frame.id, codings[0]?.code ?? name, at]);
    const n = this.#seen.get(place) ?? 0;
    this.#seen.set(place, n + 1);
    const flag = childrenOf(observation, "interpretationCode")
      .map(({ attributes }) => attributes["code"] ?? attributes["displayName"] ?? "")
      .filter((one) => one !== "")
      .join(" ");
    const method = clipped(childOf(observation, "methodCode")?.attributes["displayName"], LONGEST_NAME);
    const lab = performerOf(observation) ?? report?.lab ?? this.#frame.custodian;
    const specimen = { ...(report?.specimen !== undefined && { specimen: report.specimen }), ...specimenOf(observation) };
    const draft: LabDraft = {
      identity: JSON.stringify([place, n]),
      ...(report !== undefined && { report: report.identity }),
      type,
      version: this.#frame.version,
      source: "cda",
      status,
      at,
      name,
      codings,
      value: value ?? {},
      ...(unit !== undefined && { unit }),
      ranges: childrenOf(observation, "referenceRange").flatMap((range) => rangeIn(childOf(range, "observationRange"))),
      ...(flag !== "" && { flag: flag.slice(0, 32) }),
      ...specimen,
      ...(method !== undefined && { method }),
      ...(lab !== undefined && { lab }),
    };
    return [{ kind: "result", draft }];
  }
}

function organizersIn(organizer: XmlNode): XmlNode[] {
  return [organizer, ...childrenOf(organizer, "component").flatMap((part) => childrenOf(part, "organizer").flatMap(organizersIn))];
}

function observationsIn(organizer: XmlNode): XmlNode[] {
  return childrenOf(organizer, "component").flatMap((part) => [...childrenOf(part, "observation")]);
}

interface ReadValue {
  readonly value?: LabValue;
  readonly unit?: string;
  readonly reason?: string;
}

/** What a value says by its type; a null flavour is no value, save where a translation of it has one. */
function valueOf(node: XmlNode | undefined): ReadValue {
  if (node === undefined) return { reason: "no_value" };
  const type = (node.attributes["xsi:type"] ?? "").replace(/^.*:/, "");
  switch (type) {
    case "PQ":
    case "INT":
    case "REAL":
    case "MO": {
      const quantity = quantityOf(node);
      return quantity === undefined
        ? { reason: nullReason(node) }
        : { value: { number: quantity.number }, ...(quantity.unit !== undefined && { unit: quantity.unit }) };
    }
    case "IVL_PQ":
    case "IVL_REAL":
    case "IVL_INT":
      return interval(node);
    case "CD":
    case "CE":
    case "CV":
    case "CO":
    case "CS": {
      const [coding] = codingsOf(node);
      const text = clipped(wholeText(childOf(node, "originalText")), LONGEST_TEXT);
      return coding === undefined && text === undefined
        ? { reason: nullReason(node) }
        : { value: { ...(coding !== undefined && { coding }), ...(text !== undefined && { text }) } };
    }
    case "BL":
      return node.attributes["value"] === undefined
        ? { reason: nullReason(node) }
        : { value: { text: node.attributes["value"] === "true" ? "true" : "false" } };
    case "RTO":
    case "RTO_PQ_PQ": {
      const [over, under] = [childOf(node, "numerator"), childOf(node, "denominator")].map((part) => part?.attributes["value"]);
      return over === undefined || under === undefined
        ? { reason: nullReason(node) }
        : { value: { text: `${over}:${under}`.slice(0, LONGEST_NAME) } };
    }
    case "TS":
      return node.attributes["value"] === undefined
        ? { reason: nullReason(node) }
        : { value: { text: node.attributes["value"].slice(0, LONGEST_NAME) } };
    case "ST":
    case "ED":
    case "": {
      if (node.attributes["representation"] === "B64") return { reason: "unsupported_attachment" };
      const text = clipped(wholeText(node), LONGEST_TEXT);
      if (text === undefined) return { reason: nullReason(node) };
      const told = type === "ST" ? numberOf(text) : undefined;
      return {
        value: told === undefined ? { text } : { number: told.number, ...(told.comparator !== null && { comparator: told.comparator }) },
      };
    }
    default:
      return { reason: "unsupported_value" };
  }
}

function nullReason(node: XmlNode): string {
  const flavour = node.attributes["nullFlavor"] ?? "";
  return /^[A-Z]{2,5}$/.test(flavour) ? `null_${flavour.toLowerCase()}` : "no_value";
}

/** A number with its unit: the value itself, or what it was translated from. */
function quantityOf(node: XmlNode | undefined): { readonly number: number; readonly unit?: string } | undefined {
  if (node === undefined) return undefined;
  const own = decimal(node.attributes["value"] ?? "");
  if (own !== undefined) return { number: own, ...unitIn(node.attributes["unit"]) };
  for (const translation of childrenOf(node, "translation")) {
    const number = decimal(translation.attributes["value"] ?? "");
    const written =
      wholeText(childOf(translation, "originalText")) ||
      (translation.attributes["unit"] ?? translation.attributes["code"] ?? translation.attributes["displayName"]);
    if (number !== undefined) return { number, ...unitIn(written) };
  }
  return undefined;
}

function unitIn(text: string | undefined): { unit?: string } {
  const unit = clipped(text, 64);
  return unit === undefined ? {} : { unit };
}

/** A value that is an interval is one bounded on one side; on both it is words. */
function interval(node: XmlNode): ReadValue {
  const [low, high] = [quantityOf(childOf(node, "low")), quantityOf(childOf(node, "high"))];
  const isOpen = (end: "low" | "high") => childOf(node, end)?.attributes["inclusive"] === "false";
  const unit = low?.unit ?? high?.unit;
  const rest = unit === undefined ? {} : { unit };
  if (low !== undefined && high !== undefined) return { value: { text: `${low.number}-${high.number}` }, ...rest };
  if (low !== undefined) return { value: { comparator: isOpen("low") ? ">" : ">=", number: low.number }, ...rest };
  if (high !== undefined) return { value: { comparator: isOpen("high") ? "<" : "<=", number: high.number }, ...rest };
  return { reason: nullReason(node) };
}

function rangeIn(range: XmlNode | undefined): ToldRange[] {
  const value = childOf(range, "value");
  const meaning = childOf(range, "interpretationCode")?.attributes["code"];
  const text = clipped(wholeText(childOf(range, "text")), 500);
  const common = { ...(text !== undefined && { text }), ...(meaning !== undefined && { meaning: meaning.slice(0, 32) }) };
  if (value === undefined) return text === undefined ? [] : [{ ...rangeOf(text), ...common }];
  const [low, high] = [quantityOf(childOf(value, "low")), quantityOf(childOf(value, "high"))];
  if (low !== undefined || high !== undefined) {
    const unit = low?.unit ?? high?.unit;
    return [
      {
        ...(low !== undefined && { low: low.number }),
        ...(high !== undefined && { high: high.number }),
        ...(childOf(value, "low")?.attributes["inclusive"] === "false" && { isLowExcluded: true as const }),
        ...(childOf(value, "high")?.attributes["inclusive"] === "false" && { isHighExcluded: true as const }),
        ...(unit !== undefined && { unit }),
        ...common,
      },
    ];
  }
  const words = clipped(value.attributes["displayName"] ?? wholeText(value), 500);
  return words === undefined ? (text === undefined ? [] : [common]) : [{ ...rangeOf(words), ...common }];
}

function codingsOf(node: XmlNode | undefined): LabCoding[] {
  return (node === undefined ? [] : [node, ...childrenOf(node, "translation")]).flatMap(({ attributes }) => {
    const { code, codeSystem, displayName } = attributes;
    if (code === undefined || code === "") return [];
    const system = codeSystem === undefined ? undefined : (SYSTEMS[codeSystem] ?? `urn:oid:${codeSystem}`.slice(0, 100));
    return [
      {
        ...(system !== undefined && { system }),
        code: code.slice(0, 64),
        ...(displayName !== undefined && displayName !== "" && { display: displayName.slice(0, LONGEST_NAME) }),
      },
    ];
  });
}

/** An instant, or the beginning of an interval. */
function timeOf(node: XmlNode | undefined): string | undefined {
  for (const one of [node, childOf(node, "low"), childOf(node, "center"), childOf(node, "high")]) {
    const time = fromHl7Time(one?.attributes["value"] ?? "");
    if (time !== undefined) return time;
  }
  return undefined;
}

function idOf(node: XmlNode | undefined): string {
  const { root = "", extension = "" } = node?.attributes ?? {};
  return root === "" && extension === "" ? "" : `${root}|${extension}`;
}

function performerOf(node: XmlNode): string | undefined {
  const names = childrenOf(node, "performer").flatMap((one) =>
    outermost(one, "representedOrganization").flatMap((organisation) => childOf(organisation, "name") ?? []),
  );
  return clipped(wholeText(names[0]), LONGEST_NAME);
}

function specimenOf(node: XmlNode): { specimen?: string } {
  const code = childrenOf(node, "specimen").flatMap((one) =>
    outermost(one, "specimenPlayingEntity").flatMap((entity) => childOf(entity, "code") ?? []),
  )[0];
  const specimen = clipped(code?.attributes["displayName"] ?? code?.attributes["code"], LONGEST_NAME);
  return specimen === undefined ? {} : { specimen };
}
