import { plainName } from "../../labs/catalogue";
import { clipped, type LabDraft, LONGEST_NAME, type ReportDraft } from "../../labs/result";
import { numberOf, rangeOf } from "../../labs/value";
import { problem } from "../../problem";
import { type ClinicalItem, left } from "../clinical/items";
import { fromWrittenDate, orderOf } from "./dates";

/** `Hemoglobin: 13.5 g/dL (Reference: 12.0-15.5) H` and its like: a name, a value, a unit, a range that says that it is one. */
const LINE =
  /^(?<name>[^:]{2,80}?)\s*[:=]\s*(?<value>[<>\u2264\u2265]?=?\s*[-+]?[\d.,]+)\s*(?<unit>[^\s([]\S{0,30})?\s*[([](?:reference(?:\s+(?:range|interval))?|ref\.?(?:\s+range)?|normal(?:\s+range)?|range)\s*[:=]?\s*(?<range>[^)\]]{1,80})[)\]]\s*(?<flag>[A-Z]{1,2}|High|Low|Normal|Abnormal)?\s*\*?$/iu;
const DATE =
  /^(?:(?:collection|collected|report|reported|sample|specimen|test|drawn)\s*(?:date|on)?|date(?:\s+(?:collected|of\s+collection|reported))?)\s*[:=]\s*(?<date>.+)$/i;
const LAB = /^(?:laboratory|lab|facility|performed by)\s*[:=]\s*(?<lab>.+)$/i;

/** How many lines of results a text must have to be taken for a report. */
const FEWEST = 2;

/** Whether a text is a report of this form. */
export function looksLikeReport(text: string): boolean {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => LINE.test(line)).length >= FEWEST && lines.some((line) => DATE.test(line));
}

/**
 * Reads a plain report: a line a result, each with its range. Lines without a range are words, and are not taken for results. Problem
 * `file_unreadable` for what is no such report, or where nobody can tell its date.
 */
export function readReportText(text: string): ClinicalItem[] {
  const lines = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .map((line) => line.trim());
  const found = lines.map((line) => LINE.exec(line)?.groups).filter((groups) => groups !== undefined);
  if (found.length < FEWEST) throw problem("file_unreadable", 'The text has no lines such as "Glucose: 92 mg/dL (Reference: 70-99)".');
  const dates = lines.flatMap((line) => DATE.exec(line)?.groups?.["date"] ?? []);
  const at = dates.map((date) => fromWrittenDate(date, orderOf(dates))).find((date) => date !== undefined);
  if (at === undefined) {
    const why =
      dates.length === 0 ? "The report has no line with its date." : "The date of the report can be read in two ways, or in none.";
    throw problem("file_unreadable", `${why} Write it as 2026-11-20.`);
  }
  const lab = clipped(lines.flatMap((line) => LAB.exec(line)?.groups?.["lab"] ?? [])[0], LONGEST_NAME);
  const title = clipped(
    lines.find((line) => line !== "" && !line.includes(":") && line.length < 100),
    LONGEST_NAME,
  );
  const identity = JSON.stringify(["text", at, lab ?? "", title ?? ""]);
  const common = { version: 0, source: "text", status: "final", at, ...(lab !== undefined && { lab }) } as const;
  const report: ReportDraft = { ...common, identity, type: "report", title: title ?? "Laboratory report", codings: [] };
  const seen = new Map<string, number>();
  const results = found.map((groups): ClinicalItem => {
    const name = clipped(groups["name"], LONGEST_NAME) ?? "";
    const told = numberOf(groups["value"] ?? "");
    const range = rangeOf(groups["range"] ?? "");
    if (told === undefined) return left("line", "no_number", name);
    const n = seen.get(plainName(name)) ?? 0;
    seen.set(plainName(name), n + 1);
    const draft: LabDraft = {
      ...common,
      identity: JSON.stringify([identity, plainName(name), n]),
      report: identity,
      type: "line",
      name,
      codings: [],
      value: { number: told.number, ...(told.comparator !== null && { comparator: told.comparator }) },
      ...(groups["unit"] !== undefined && { unit: groups["unit"] }),
      ranges: range === undefined ? [] : [range],
      ...(groups["flag"] !== undefined && groups["flag"] !== "" && { flag: groups["flag"] }),
    };
    return { kind: "result", draft };
  });
  return [{ kind: "report", draft: report }, ...results];
}
