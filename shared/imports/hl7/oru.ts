import { isPdf } from "../../labs/files";
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
import { COMPARATORS, numberOf, rangeOf, type ToldRange } from "../../labs/value";
import { fromHl7Time, whenOf } from "../../labs/when";
import { problem } from "../../problem";
import { type ClinicalItem, left } from "../clinical/items";
import { PanelParts, vitalByLoinc, vitalValue } from "../clinical/vitals";
import { components, type Delimiters, first, type Message, messagesIn, repetitions, type Segment, textOf } from "./message";

/** What each status of a result means here (HL7 table 0085); those that are not here carry no result yet. */
const RESULT_STATUS: Readonly<Record<string, ResultStatus>> = {
  F: "final",
  U: "final",
  P: "preliminary",
  R: "preliminary",
  S: "preliminary",
  C: "corrected",
  D: "cancelled",
  W: "cancelled",
  X: "cancelled",
};
const WITHOUT_RESULT: Readonly<Record<string, string>> = { I: "pending", O: "order_without_result", N: "not_asked" };
/** HL7 table 0123. */
const REPORT_STATUS: Readonly<Record<string, ReportStatus>> = {
  F: "final",
  C: "corrected",
  X: "cancelled",
  P: "preliminary",
  R: "preliminary",
  S: "preliminary",
  A: "preliminary",
  I: "preliminary",
};

/** One order with what was observed for it. */
interface Group {
  readonly obr: Segment | undefined;
  readonly observations: { readonly obx: Segment; readonly notes: string[] }[];
  readonly notes: string[];
  specimen?: Segment;
}

/**
 * Reads the results of a file of messages. Who it is about is not imported: it is looked at only to see that it is one person. Problem
 * `file_unreadable` for what is no such file, for other messages alone, and for several persons.
 */
export function readOru(bytes: Uint8Array): ClinicalItem[] {
  const messages = messagesIn(textOf(bytes));
  if (messages.length === 0) throw problem("file_unreadable", "The file has no HL7 version 2 message.");
  const results = messages.filter((message) => typeOf(message).startsWith("ORU"));
  if (results.length === 0) throw problem("file_unreadable", refusalOf(messages) ?? "The file has no results.");
  if (new Set(results.map(personOf).filter((person) => person !== "")).size > 1)
    throw problem("file_unreadable", "The file has results of more than one person.");
  return messages.flatMap((message) => {
    const type = typeOf(message);
    return type.startsWith("ORU") ? readMessage(message) : [left(type, "unsupported_message", type)];
  });
}

/** Why messages cannot be imported, where none of them brings results. */
export function refusalOf(messages: readonly Message[]): string | undefined {
  const types = [...new Set(messages.map(typeOf))].slice(0, 3).join(", ");
  return messages.some((message) => typeOf(message).startsWith("ORU"))
    ? undefined
    : `The messages are ${types}: only results (ORU) are imported.`;
}

function typeOf({ segments: [header], delimiters }: Message): string {
  const [kind = "", event = ""] = components(header?.fields[9], delimiters);
  const type = [kind, event].filter((part) => /^\w{1,8}$/.test(part)).join("^");
  return type === "" ? "unknown" : type;
}

/** What tells persons apart; empty where a message does not say. */
function personOf({ segments, delimiters }: Message): string {
  const pid = segments.find(({ name }) => name === "PID");
  return first(pid?.fields[3], delimiters) || [first(pid?.fields[5], delimiters), first(pid?.fields[7], delimiters)].join(" ").trim();
}

function readMessage({ segments, delimiters }: Message): ClinicalItem[] {
  const [header] = segments;
  const sentAt = fromHl7Time(first(header?.fields[7], delimiters));
  const facility = components(header?.fields[4], delimiters)[0]?.trim() ?? "";
  return groupsIn(segments, delimiters).flatMap((group) => new GroupReader(group, delimiters, sentAt, facility).read());
}

function groupsIn(segments: readonly Segment[], delimiters: Delimiters): Group[] {
  const groups: Group[] = [];
  let group: Group = { obr: undefined, observations: [], notes: [] };
  const close = () => {
    if (group.obr !== undefined || group.observations.length > 0) groups.push(group);
  };
  for (const segment of segments) {
    if (segment.name === "OBR") {
      close();
      group = { obr: segment, observations: [], notes: [] };
    } else if (segment.name === "OBX") group.observations.push({ obx: segment, notes: [] });
    else if (segment.name === "SPM") group.specimen ??= segment;
    else if (segment.name === "NTE") {
      const text = repetitions(segment.fields[3], delimiters)
        .map((one) => components(one, delimiters).join(" "))
        .join("\n");
      (group.observations.at(-1)?.notes ?? group.notes).push(text);
    }
  }
  close();
  return groups;
}

class GroupReader {
  readonly #group: Group;
  readonly #delimiters: Delimiters;
  readonly #sentAt: string | undefined;
  readonly #facility: string;
  readonly #version: number;
  readonly #identity: string;
  readonly #panels = new PanelParts();
  readonly #seen = new Map<string, number>();
  #pdf: Uint8Array | undefined;

  constructor(group: Group, delimiters: Delimiters, sentAt: string | undefined, facility: string) {
    this.#group = group;
    this.#delimiters = delimiters;
    this.#sentAt = sentAt;
    this.#facility = facility;
    const { obr } = group;
    this.#version = (sentAt === undefined ? undefined : whenOf(sentAt, "UTC")?.at) ?? 0;
    const order =
      this.#whole(obr?.fields[3]) ||
      this.#whole(obr?.fields[2]) ||
      `at ${first(obr?.fields[7], delimiters) || first(obr?.fields[22], delimiters) || (sentAt ?? "")}`;
    this.#identity = JSON.stringify([facility, order, first(obr?.fields[4], delimiters)]);
  }

  read(): ClinicalItem[] {
    const items = this.#group.observations.flatMap(({ obx, notes }) => this.#observation(obx, notes));
    const { whole, broken } = this.#panels.take();
    for (const panel of whole) {
      const [half] = panel;
      if (half === undefined) continue;
      const { at, metric, version, app } = half;
      const also = panel.slice(1).map((one) => one.type);
      items.push({
        kind: "vital",
        type: half.type,
        also,
        metric: metric.key,
        at,
        value: null,
        components: Object.fromEntries(panel.map((one) => [one.component, one.value])),
        version,
        ...(app !== undefined && { app }),
      });
    }
    for (const half of broken.flat()) items.push(left(half.type, "incomplete_panel", half.metric.key));
    const isNeeded = this.#pdf !== undefined || items.some(({ kind }) => kind === "result");
    return isNeeded ? [{ kind: "report", draft: this.#report() }, ...items] : items;
  }

  #report(): ReportDraft {
    const { obr, notes } = this.#group;
    const codings = this.#codings(obr?.fields[4]);
    const issuedAt = fromHl7Time(first(obr?.fields[22], this.#delimiters));
    const status = REPORT_STATUS[first(obr?.fields[25], this.#delimiters).toUpperCase()] ?? "preliminary";
    const note = clipped(notes.join("\n"), LONGEST_TEXT);
    const lab = clipped(this.#facility, LONGEST_NAME);
    return {
      identity: this.#identity,
      type: "OBR",
      version: this.#version,
      source: "hl7v2",
      status,
      at: this.#collectedAt() ?? issuedAt ?? this.#sentAt ?? "",
      ...(issuedAt !== undefined && { issuedAt }),
      title: clipped(codings[0]?.display ?? codings[0]?.code, LONGEST_NAME) ?? "Laboratory report",
      codings,
      ...(lab !== undefined && { lab }),
      ...this.#specimen(),
      ...(note !== undefined && { note }),
      ...(this.#pdf !== undefined && { pdf: this.#pdf }),
    };
  }

  #observation(obx: Segment, notes: readonly string[]): ClinicalItem[] {
    const delimiters = this.#delimiters;
    const valueType = first(obx.fields[2], delimiters).toUpperCase();
    const type = `OBX ${/^[A-Z]{2,3}$/.test(valueType) ? valueType : "without type"}`;
    const codings = this.#codings(obx.fields[3]);
    const name = clipped(codings.find(({ display }) => display !== undefined)?.display ?? codings[0]?.code, LONGEST_NAME);
    const state = first(obx.fields[11], delimiters).toUpperCase();
    const reason = WITHOUT_RESULT[state];
    const values = repetitions(obx.fields[5], delimiters).filter((value) => value.trim() !== "" && value !== '""');
    if (valueType === "ED") return this.#attachment(type, name ?? "", values);
    if (reason !== undefined) return [left(type, reason, name ?? "")];
    if (name === undefined) return [left(type, "no_code", "")];
    const status = RESULT_STATUS[state] ?? statusOfReport(REPORT_STATUS[first(this.#group.obr?.fields[25], delimiters).toUpperCase()]);
    if (values.length === 0 && status !== "cancelled") return [left(type, "no_value", name)];
    const read = valuesOf(valueType, values, delimiters);
    if (read === undefined) return [left(type, valueType === "RP" ? "pointer_elsewhere" : "unsupported_value", name)];
    const at =
      fromHl7Time(first(obx.fields[14], delimiters)) ??
      this.#collectedAt() ??
      fromHl7Time(first(this.#group.obr?.fields[22], delimiters)) ??
      this.#sentAt;
    if (at === undefined || whenOf(at, "UTC") === undefined) return [left(type, "no_time", name)];
    return read.flatMap((value, i) => this.#valued(obx, { type, name, codings, status, at, value, notes, i }));
  }

  #valued(
    obx: Segment,
    {
      type,
      name,
      codings,
      status,
      at,
      value,
      notes,
      i,
    }: {
      type: string;
      name: string;
      codings: readonly LabCoding[];
      status: ResultStatus;
      at: string;
      value: LabValue;
      notes: readonly string[];
      i: number;
    },
  ): ClinicalItem[] {
    const delimiters = this.#delimiters;
    const unit = unitOf(obx.fields[6], delimiters);
    const vital = codings
      .filter(isLoinc)
      .map(({ code }) => vitalByLoinc(code))
      .find((found) => found !== undefined);
    if (vital !== undefined) {
      if (status === "cancelled") return [left(type, "cancelled", name)];
      const number = value.comparator === undefined ? value.number : undefined;
      const converted = number === undefined || unit === undefined ? undefined : vitalValue(vital, number, unit);
      if (converted === undefined) return [left(type, number === undefined ? "no_number" : "unit_unknown", name)];
      const common = { type, at, version: this.#version, ...(this.#facility !== "" && { app: this.#facility.slice(0, LONGEST_NAME) }) };
      if (vital.component === undefined)
        return vital.metric.components === undefined
          ? [{ kind: "vital", metric: vital.metric.key, value: converted, ...common }]
          : [left(type, "no_number", name)];
      this.#panels.add("", { ...common, metric: vital.metric, component: vital.component, value: converted });
      return [];
    }
    const place = `${codings[0]?.code ?? name}|${first(obx.fields[4], delimiters)}`;
    const n = this.#seen.get(place) ?? 0;
    this.#seen.set(place, n + 1);
    const flags = repetitions(obx.fields[8], delimiters)
      .map((flag) => components(flag, delimiters)[0]?.trim() ?? "")
      .filter((flag) => flag !== "" && flag !== '""');
    const method = clipped(methodIn(components(repetitions(obx.fields[17], delimiters)[0], delimiters)), LONGEST_NAME);
    const lab =
      clipped(components(obx.fields[23], delimiters)[0], LONGEST_NAME) ??
      clipped(components(obx.fields[15], delimiters)[1] ?? "", LONGEST_NAME) ??
      clipped(this.#facility, LONGEST_NAME);
    const note = clipped(notes.join("\n"), LONGEST_TEXT);
    const range = rangeOf(components(obx.fields[7], delimiters).join("^"));
    const issuedAt = fromHl7Time(first(this.#group.obr?.fields[22], delimiters));
    const draft: LabDraft = {
      identity: JSON.stringify([this.#identity, place, n, i]),
      report: this.#identity,
      type,
      version: this.#version,
      source: "hl7v2",
      status,
      at,
      ...(issuedAt !== undefined && { issuedAt }),
      name,
      codings,
      value,
      ...(unit !== undefined && { unit }),
      ranges: range === undefined ? [] : [clippedRange(range)],
      ...(flags.length > 0 && { flag: flags.join(" ").slice(0, 32) }),
      ...this.#specimen(),
      ...(method !== undefined && { method }),
      ...(lab !== undefined && { lab }),
      ...(note !== undefined && { note }),
    };
    return [{ kind: "result", draft }];
  }

  /** A document inside; only one PDF becomes the report's. */
  #attachment(type: string, name: string, values: readonly string[]): ClinicalItem[] {
    const [value] = values;
    const parts = value === undefined ? [] : components(value, this.#delimiters);
    const bytes =
      parts[3]?.toLowerCase() === "base64" || parts.length === 1 ? base64Of((parts[4] ?? parts[0] ?? "").replace(/\s+/g, "")) : undefined;
    if (bytes === undefined || bytes.length === 0 || !isPdf(bytes)) return [left(type, "unsupported_attachment", name)];
    if (this.#pdf !== undefined) return [left(type, "second_attachment", name)];
    this.#pdf = bytes;
    return [];
  }

  #collectedAt(): string | undefined {
    return (
      fromHl7Time(first(this.#group.obr?.fields[7], this.#delimiters)) ??
      fromHl7Time(first(this.#group.specimen?.fields[17], this.#delimiters))
    );
  }

  #specimen(): { specimen?: string } {
    const [code = "", text = ""] = components(this.#group.specimen?.fields[4] ?? this.#group.obr?.fields[15], this.#delimiters);
    const specimen = clipped(text.trim() === "" ? code : text, LONGEST_NAME);
    return specimen === undefined ? {} : { specimen };
  }

  /** Code and alternate code of a coded element. */
  #codings(field: string | undefined): LabCoding[] {
    const parts = components(repetitions(field, this.#delimiters)[0], this.#delimiters).map((part) => part.trim());
    return [codingOf(parts.slice(0, 3)), codingOf(parts.slice(3, 6))].filter((coding) => coding !== undefined);
  }

  #whole(field: string | undefined): string {
    return components(field, this.#delimiters).join("^").replace(/\^+$/, "").trim();
  }
}

/** Where a result does not say its own status. */
function statusOfReport(status: ReportStatus | undefined): ResultStatus {
  return status === "final" || status === "corrected" || status === "cancelled" ? status : "preliminary";
}

function codingOf([code = "", display = "", system = ""]: readonly string[]): LabCoding | undefined {
  if (code === "" && display === "") return undefined;
  return {
    ...(system !== "" && { system: system.slice(0, 100) }),
    code: (code || display).slice(0, 64),
    ...(display !== "" && { display: display.slice(0, LONGEST_NAME) }),
  };
}

/** The values of a field; undefined for types that are not read. Lines of a text are one value. */
function valuesOf(type: string, values: readonly string[], delimiters: Delimiters): LabValue[] | undefined {
  const plain = (value: string) => components(value, delimiters).join("^").trim();
  switch (type) {
    case "NM":
    case "ST":
      return values.length === 0 ? [{}] : values.map((value) => numberOrText(plain(value)));
    case "SN":
      return values.length === 0 ? [{}] : values.map((value) => structured(components(value, delimiters)));
    case "CE":
    case "CWE":
    case "CNE":
    case "CF":
    case "IS":
    case "ID":
      return values.length === 0 ? [{}] : values.map((value) => coded(components(value, delimiters)));
    case "TX":
    case "FT":
    case "DT":
    case "TM":
    case "TS":
    case "DTM":
    case "":
      return values.length === 0
        ? [{}]
        : [{ text: clipped(values.map((value) => components(value, delimiters).join("^")).join("\n"), LONGEST_TEXT) ?? "" }];
    default:
      return undefined;
  }
}

function numberOrText(text: string): LabValue {
  const told = numberOf(text);
  if (told === undefined) return { text: clipped(text, LONGEST_TEXT) ?? "" };
  return { ...(told.comparator !== null && { comparator: told.comparator }), number: told.number };
}

/** A structured number: comparator, number, separator, second number (HL7 v2.5.1, 2.A.68). */
function structured([sign = "", one = "", separator = "", two = ""]: readonly string[]): LabValue {
  const text = [sign, one, separator, two].map((part) => part.trim()).join("");
  const comparator = COMPARATORS.find((known) => known === sign.trim());
  const told = numberOf(one.trim());
  const isPlain = separator.trim() === "" && two.trim() === "" && (sign.trim() === "" || sign.trim() === "=" || comparator !== undefined);
  if (!isPlain || told === undefined || told.comparator !== null) return { text: text.slice(0, LONGEST_NAME) };
  return { ...(comparator !== undefined && { comparator }), number: told.number };
}

function coded(parts: readonly string[]): LabValue {
  const trimmed = parts.map((part) => part.trim());
  const coding = codingOf(trimmed.slice(0, 3)) ?? codingOf(trimmed.slice(3, 6));
  const text = clipped(trimmed[8], LONGEST_TEXT);
  return { ...(coding !== undefined && { coding }), ...(text !== undefined && { text }) };
}

function methodIn([code = "", text = ""]: readonly string[]): string {
  return text.trim() === "" ? code : text;
}

function unitOf(field: string | undefined, delimiters: Delimiters): string | undefined {
  const [code = "", text = ""] = components(repetitions(field, delimiters)[0], delimiters);
  return clipped(code.trim() === "" ? text : code, 64);
}

function clippedRange(range: ToldRange): ToldRange {
  return range.text === undefined ? range : { ...range, text: range.text.slice(0, 500) };
}

function base64Of(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
