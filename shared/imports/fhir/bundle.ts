import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { ChunkReader } from "../chunk-reader";
import { type ClinicalItem, left } from "../clinical/items";
import { type ItemSource, type ReadItems, wholeFile } from "../clinical/reader";
import { LineReader } from "../meridian/lines";
import { isJson, type Json, list, type Place, readObservation, readReport, reportIdentity, resultReferences, typeOf } from "./resources";
import { type Entry, Subjects, TakingIn, type Target, type Whose } from "./taken-in";

const SEVERAL = "The file is about more than one person.";
const DEEPEST_BUNDLE = 8;
/** Names of the resources of a file of lines that are kept while it is read. */
const MOST_NAMES = 200_000;

/** Whose repository a file is read for: the id of the person's Patient here. */
export interface FhirContext {
  readonly self: string;
}

/**
 * Reads a resource or a bundle. Without a repository to read for, what would go there is left. Problem `file_unreadable` for what is none,
 * and for one of several persons that does not say whose it is.
 */
export function readFhir(value: unknown, { self }: Partial<FhirContext> = {}): ClinicalItem[] {
  if (!isJson(value) || typeof value["resourceType"] !== "string") throw problem("file_unreadable", "The file is no FHIR resource.");
  const entries = entriesIn(value, 0);
  const taking = new TakingIn(self, whoseOf(entries));
  const read = readEntries(entries, taking);
  for (const one of read) if (one.target !== undefined) taking.names.add(one.entry, one.target);
  // Results first: references to them are settled once they are stored.
  const others = read.flatMap(({ isTaken, items }) => (isTaken ? [] : items));
  const taken = read.filter(({ isTaken }) => isTaken).map(({ entry }) => ({ entry, item: taking.take(entry) }));
  const unsound = taken.filter(({ item }) => item.kind === "left");
  if (unsound.length === 0) return [...others, ...taken.map(({ item }) => item)];
  // What is not valid is not there: nothing leads to it.
  for (const { entry } of unsound) taking.names.delete(entry);
  return [...others, ...taken.map(({ entry, item }) => (item.kind === "left" ? item : taking.take(entry, true)))];
}

/** The resources of a bundle, and of bundles in it. */
function entriesIn(resource: Json, depth: number): Entry[] {
  if (typeOf(resource) !== "Bundle") return [{ resource, fullUrl: undefined }];
  if (depth >= DEEPEST_BUNDLE) throw problem("file_unreadable", "The bundle is too deep.");
  return list(resource["entry"]).flatMap((entry): Entry[] => {
    // A deletion or a search has no resource: it is counted as such.
    if (!isJson(entry) || !isJson(entry["resource"])) return [{ resource: {}, fullUrl: undefined }];
    const inner = entry["resource"];
    if (typeOf(inner) === "Bundle") return entriesIn(inner, depth + 1);
    return [{ resource: inner, fullUrl: typeof entry["fullUrl"] === "string" ? entry["fullUrl"] : undefined }];
  });
}

function whoseOf(entries: readonly Entry[]): Whose {
  const subjects = new Subjects();
  for (const entry of entries) subjects.add(entry);
  return sureOf(subjects);
}

function sureOf(subjects: Subjects): Whose {
  const whose = subjects.whose();
  if (whose === undefined) throw problem("file_unreadable", SEVERAL);
  return whose;
}

/** An entry, and what is read of it: items, or a resource that is taken in as it is. */
interface ReadEntry {
  readonly entry: Entry;
  readonly items: readonly ClinicalItem[];
  readonly isTaken: boolean;
  /** What references to it lead to. */
  readonly target?: Target;
}

function readEntries(entries: readonly Entry[], taking: TakingIn): ReadEntry[] {
  const reports = reportsOf(entries);
  return entries.map((entry): ReadEntry => {
    const { resource, fullUrl } = entry;
    const type = typeOf(resource);
    if (taking.isOfSomebodyElse(resource)) return { entry, items: [left(type, "other_person", type)], isTaken: false };
    const place = { fullUrl, ...reports(resource, fullUrl) };
    const items =
      type === "Observation" ? readObservation(resource, place) : type === "DiagnosticReport" ? reportItems(resource, place) : [];
    const [first] = items;
    if (first?.kind === "report")
      return { entry, items, isTaken: false, target: { lab: { type: "DiagnosticReport", identity: first.draft.identity } } };
    const result = items.find((item) => item.kind === "result");
    if (result !== undefined)
      return { entry, items, isTaken: false, target: { lab: { type: "Observation", identity: result.draft.identity } } };
    // What was withdrawn is no reading, and what has nothing else to say is kept as it is.
    const isRead = items.some((item) => item.kind === "vital" || (item.kind === "left" && item.code === "cancelled"));
    if (isRead) return { entry, items, isTaken: false };
    if (!taking.takes(resource))
      return { entry, items: items.length > 0 ? items : [left(type, "resource_not_imported", type)], isTaken: false };
    return { entry, items: [], isTaken: true, target: `${type}/${taking.idOf(entry)}` };
  });
}

/** Finds the report that names a resource. */
function reportsOf(entries: readonly Entry[]): (resource: Json, fullUrl: string | undefined) => Pick<Place, "report" | "isOfLaboratory"> {
  const byReference = new Map<string, string>();
  for (const { resource, fullUrl } of entries) {
    if (typeOf(resource) !== "DiagnosticReport") continue;
    const identity = reportIdentity(resource, { fullUrl });
    if (identity !== undefined) for (const reference of resultReferences(resource)) byReference.set(reference, identity);
  }
  return (resource, fullUrl) => {
    const id = typeof resource["id"] === "string" ? `${typeOf(resource)}/${resource["id"]}` : undefined;
    const report = (fullUrl === undefined ? undefined : byReference.get(fullUrl)) ?? (id === undefined ? undefined : byReference.get(id));
    return report === undefined ? {} : { report, isOfLaboratory: true };
  };
}

/** A laboratory's report with the results in it, or why it is none. */
function reportItems(resource: Json, place: Place): ClinicalItem[] {
  const items = readReport(resource, place);
  const [first] = items;
  if (first?.kind !== "report") return items;
  const contained = list(resource["contained"])
    .filter(isJson)
    .filter((one) => typeOf(one) === "Observation");
  // What is contained has no life of its own: its id counts within the report.
  const inner = contained.flatMap((one) =>
    readObservation(
      {
        ...one,
        id: JSON.stringify([resource["id"] ?? place.fullUrl ?? "", one["id"] ?? ""]),
        subject: one["subject"] ?? resource["subject"],
      },
      { report: first.draft.identity, isOfLaboratory: true },
    ),
  );
  return [...items, ...inner];
}

/** Reads a file of one resource or bundle, or of one a line; lines are read one by one, whatever the size of the file. */
export function fhirItems(isLines: (head: string) => boolean): ItemSource {
  return async function* (source, { self }) {
    const head = new TextDecoder().decode(await source.read(0, Math.min(HEAD_BYTES, source.size)));
    if (isLines(head)) yield* lineItems(source, self);
    else yield { items: readFhir(jsonOf(new TextDecoder().decode(await wholeFile(source))), { self }), done: source.size };
  };
}

const HEAD_BYTES = 32 * 1024;

/** Whether a file has a resource a line: its first line is whole JSON, and there is another one. */
export function isNdjson(head: string): boolean {
  const trimmed = head.trimStart().replace(/^\ufeff/, "");
  const end = trimmed.indexOf("\n");
  return end > 0 && trimmed.slice(end).trimStart().startsWith("{") && jsonOrNothing(trimmed.slice(0, end)) !== undefined;
}

async function* lineItems(source: ByteSource, self: string): AsyncGenerator<ReadItems> {
  const taking = await lookedThrough(source, self);
  for await (const { value, done } of valuesIn(source)) {
    if (value === undefined) yield { items: [left("unreadable line", "unreadable_line", "no resource")], done };
    else {
      const read = readEntries(entriesIn(value, 0), taking);
      yield { items: read.flatMap(({ entry, items, isTaken }) => (isTaken ? [taking.take(entry)] : items)), done };
    }
  }
}

/** Before anything of such a file is stored, it is known whose it is, and what its resources are called. */
async function lookedThrough(source: ByteSource, self: string): Promise<TakingIn> {
  const subjects = new Subjects();
  const named: Entry[] = [];
  for await (const { value } of valuesIn(source)) {
    for (const entry of value === undefined ? [] : entriesIn(value, 0)) {
      subjects.add(entry);
      // Whether these become resources is only told when they are read: references to them are settled by the vault.
      if (NAMED_LATER.has(typeOf(entry.resource)) || named.length >= MOST_NAMES) continue;
      const { resourceType, id, identifier } = entry.resource;
      named.push({ resource: { resourceType, id, identifier }, fullUrl: entry.fullUrl });
    }
  }
  const taking = new TakingIn(self, sureOf(subjects));
  for (const entry of named) if (taking.takes(entry.resource)) taking.names.add(entry, `${typeOf(entry.resource)}/${taking.idOf(entry)}`);
  return taking;
}

const NAMED_LATER: ReadonlySet<string> = new Set(["Observation", "DiagnosticReport"]);

/** The resources of a file of lines; undefined for a line that has none. */
async function* valuesIn(source: ByteSource): AsyncGenerator<{ readonly value: Json | undefined; readonly done: number }> {
  const lines = new LineReader(new ChunkReader(await source.stream(0, source.size)));
  let done = 0;
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    done += line.bytes;
    if (line.text.trim() === "") continue;
    const value = jsonOrNothing(line.text);
    yield { value: isJson(value) && typeof value["resourceType"] === "string" ? value : undefined, done };
  }
}

function jsonOf(text: string): unknown {
  const value = jsonOrNothing(text.replace(/^\ufeff/, ""));
  if (value === undefined) throw problem("file_unreadable", "The file is no JSON.");
  return value;
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
