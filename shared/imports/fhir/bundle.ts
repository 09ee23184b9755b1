import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { ChunkReader } from "../chunk-reader";
import { type ClinicalItem, left } from "../clinical/items";
import { type ItemSource, type ReadItems, wholeFile } from "../clinical/reader";
import { LineReader } from "../meridian/lines";
import {
  isJson,
  type Json,
  list,
  type Place,
  readObservation,
  readReport,
  reportIdentity,
  resultReferences,
  subjectOf,
  typeOf,
} from "./resources";

const SEVERAL = "The file is about more than one person.";
const DEEPEST_BUNDLE = 8;

/** Reads a resource or a bundle. Problem `file_unreadable` for what is none, and for results of several persons. */
export function readFhir(value: unknown): ClinicalItem[] {
  if (!isJson(value) || typeof value["resourceType"] !== "string") throw problem("file_unreadable", "The file is no FHIR resource.");
  const entries = entriesIn(value, 0);
  if (subjectsOf(entries.map(({ resource }) => resource)).size > 1) throw problem("file_unreadable", SEVERAL);
  const reports = reportsOf(entries);
  return entries.flatMap(({ resource, fullUrl }) => readOne(resource, { fullUrl, ...reports(resource, fullUrl) }));
}

interface Entry {
  readonly resource: Json;
  readonly fullUrl: string | undefined;
}

/** The resources of a bundle, of bundles in it, and what is contained in its reports. */
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

function readOne(resource: Json, place: Place): ClinicalItem[] {
  const type = typeOf(resource);
  if (type === "Observation") return readObservation(resource, place);
  if (type !== "DiagnosticReport") return [left(type, "resource_not_imported", type)];
  const items = readReport(resource, place);
  const [first] = items;
  const report = first?.kind === "report" ? first.draft.identity : undefined;
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
      { report, isOfLaboratory: report !== undefined },
    ),
  );
  return [...items, ...inner];
}

/** Whose results are in resources, as far as they say. */
function subjectsOf(resources: readonly Json[]): Set<string> {
  const types = new Set(["Observation", "DiagnosticReport"]);
  return new Set(
    resources
      .filter((resource) => types.has(typeOf(resource)))
      .map(subjectOf)
      .filter((subject) => subject !== ""),
  );
}

/** Reads a file of one resource or bundle, or of one a line; lines are read one by one, whatever the size of the file. */
export function fhirItems(isLines: (head: string) => boolean): ItemSource {
  return async function* (source) {
    const head = new TextDecoder().decode(await source.read(0, Math.min(HEAD_BYTES, source.size)));
    if (isLines(head)) yield* lineItems(source);
    else yield { items: readFhir(jsonOf(new TextDecoder().decode(await wholeFile(source)))), done: source.size };
  };
}

const HEAD_BYTES = 32 * 1024;

/** Whether a file has a resource a line: its first line is whole JSON, and there is another one. */
export function isNdjson(head: string): boolean {
  const trimmed = head.trimStart().replace(/^\ufeff/, "");
  const end = trimmed.indexOf("\n");
  return end > 0 && trimmed.slice(end).trimStart().startsWith("{") && jsonOrNothing(trimmed.slice(0, end)) !== undefined;
}

async function* lineItems(source: ByteSource): AsyncGenerator<ReadItems> {
  await assertOnePerson(source);
  const lines = new LineReader(new ChunkReader(await source.stream(0, source.size)));
  let done = 0;
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    done += line.bytes;
    if (line.text.trim() === "") continue;
    const value = jsonOrNothing(line.text);
    const items =
      isJson(value) && typeof value["resourceType"] === "string"
        ? readFhir(value)
        : [left("unreadable line", "unreadable_line", "no resource")];
    yield { items, done };
  }
}

/** Before anything of such a file is stored, it is known to be of one person. */
async function assertOnePerson(source: ByteSource): Promise<void> {
  const lines = new LineReader(new ChunkReader(await source.stream(0, source.size)));
  const subjects = new Set<string>();
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    if (!line.text.includes('"subject"')) continue;
    const value = jsonOrNothing(line.text);
    if (!isJson(value)) continue;
    for (const subject of subjectsOf(entriesIn(value, 0).map(({ resource }) => resource))) subjects.add(subject);
    if (subjects.size > 1) throw problem("file_unreadable", SEVERAL);
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
