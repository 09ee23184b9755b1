import type { Source } from "../../health/reading";
import { OURA_MAPPERS } from "../../vendors/oura/module";
import { firstLine, tableObjects } from "../csv/records";
import { numberOf } from "../csv/values";
import { type Document, textOf } from "../documents/document";
import { jsonItems } from "../documents/json-items";
import { isoMoment } from "../documents/local-time";
import type { Format, FormatContext } from "../documents/reader";
import { type JsonObject, listOf, objectOf } from "../documents/shape";

const SOURCE: Source = { vendor: "oura", deviceManufacturer: "Oura", deviceType: "ring", recordingMethod: "automatic" };

/** Fields by which a table or an object tells what it holds: the first of which all are there counts. */
const SIGNATURES: readonly (readonly [resource: string, ...fields: string[]])[] = [
  ["sleep", "bedtime_start", "bedtime_end"],
  ["daily_activity", "day", "active_calories", "steps"],
  ["daily_readiness", "day", "score", "temperature_deviation"],
  ["daily_spo2", "day", "spo2_percentage"],
  ["daily_stress", "day", "stress_high"],
  ["daily_resilience", "day", "level", "contributors"],
  ["daily_cardiovascular_age", "day", "vascular_age"],
  ["vo2_max", "day", "vo2_max"],
  ["workout", "activity", "start_datetime", "end_datetime"],
  ["session", "type", "start_datetime", "end_datetime"],
  ["heartrate", "timestamp", "bpm", "source"],
  ["temperature", "timestamp", "skin_temp"],
  ["daily_sleep", "day", "score", "contributors"],
];
const RESOURCES: ReadonlySet<string> = new Set(Object.keys(OURA_MAPPERS));
/** Fields that are text, whatever they look like: rows of digits are stages. */
const TEXTS =
  /^(?:id|day|type|level|label|mood|source|activity|intensity|day_summary|timestamp|bedtime_.*|.*_datetime|.*_(?:min|sec)|sleep_algorithm_version)$/;

/**
 * An account's export of Oura: tables of the app's data (`App Data/dailysleep.csv`, `sleepmodel.csv`, `heartrate.csv`, …), cut by semicolons
 * or commas, with the fields of Oura's interface as columns and lists as JSON in their cells; and documents and pages of that interface kept
 * as JSON. Each is read by the code that reads it from Oura itself; what names there are was seen in published readers of such exports.
 */
export const OURA: Format = {
  name: "oura",
  recognise: ({ text }) => resourceOfTable(text) !== undefined || isStored(text),
  read: readOura,
};

function resourceOf(has: (field: string) => boolean): string | undefined {
  return SIGNATURES.find(([, ...fields]) => fields.every(has))?.[0];
}

function resourceOfTable(text: string): string | undefined {
  const headings = firstLine(text)?.headings ?? [];
  return headings.length < 2 ? undefined : resourceOf((field) => headings.includes(field));
}

const OWN_FIELDS =
  /"(?:bedtime_start|sleep_phase_5_min|temperature_deviation|spo2_percentage|stress_high|vascular_age|equivalent_walking_distance|daily_(?:sleep|activity|readiness)|contributors)"\s*:/;

function isStored(text: string): boolean {
  return (
    /^[\s\u{feff}]*[[{]/u.test(text) &&
    (OWN_FIELDS.test(text) || (/"start_datetime"\s*:/.test(text) && /"(?:activity|day)"\s*:/.test(text)))
  );
}

async function* readOura(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  const resource = resourceOfTable((await document.head()).text);
  if (resource !== undefined) {
    for await (const { row } of tableObjects(document)) {
      readRecord(resource, Object.fromEntries([...row].flatMap(([field, cell]) => fieldOf(field, cell))), context);
      yield;
    }
    return;
  }
  for await (const item of jsonItems(textOf(document))) {
    yield* readStored(objectOf(item), context);
    yield;
  }
}

function fieldOf(field: string, cell: string): [string, unknown][] {
  if (cell === "" || cell === "null") return [];
  if (/^[[{]/.test(cell)) return [[field, parsedCell(cell)]];
  if (TEXTS.test(field)) return [[field, cell]];
  if (cell === "true" || cell === "false") return [[field, cell === "true"]];
  return [[field, numberOf(cell, ".") ?? cell]];
}

function parsedCell(cell: string): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}

/** A document, a page of them, or an object of lists by what they hold. */
function* readStored(item: JsonObject | undefined, context: FormatContext): Generator<void, void> {
  const { emit } = context;
  if (item === undefined) return emit.reject("record", "unreadable", "Records of an unknown form.");
  const own = resourceOf((field) => field in item);
  if (own !== undefined) return readRecord(own, item, context);
  let found = false;
  for (const [key, value] of Object.entries(item)) {
    for (const one of listOf(value) ?? []) {
      const object = objectOf(one);
      const resource = object === undefined ? undefined : RESOURCES.has(key) ? key : resourceOf((field) => field in object);
      if (object === undefined || resource === undefined) continue;
      found = true;
      readRecord(resource, object, context);
      yield;
    }
  }
  if (!found) emit.warn("not_mapped", "Documents of Oura that are not read.");
}

function readRecord(resource: string, record: JsonObject, { emit, zone }: FormatContext): void {
  if (resource === "temperature") return readTemperature(record, emit, zone);
  const map = OURA_MAPPERS[resource];
  const { id } = record;
  // A file's rows may lack the id that Oura's own interface always gives.
  const key = typeof id === "string" && id !== "" ? id : keyOf(record);
  if (map !== undefined)
    emit.record(resource, SOURCE, key === undefined ? undefined : `${resource}/${key}`, (into) =>
      map({ ...record, id: key ?? resource }, into),
    );
}

function keyOf(record: JsonObject): string | undefined {
  for (const field of ["bedtime_start", "start_datetime", "day"]) {
    const told = record[field];
    if (typeof told === "string") return told.replaceAll(/[^\w.:-]/g, "_").slice(0, 60);
  }
  return undefined;
}

/** The skin's own temperature, a value a minute; degrees Celsius. */
function readTemperature(record: JsonObject, emit: FormatContext["emit"], zone: string): void {
  const { timestamp, skin_temp: value } = record;
  const moment = typeof timestamp === "string" ? isoMoment(timestamp, zone) : undefined;
  if (moment === undefined) return emit.reject("temperature", "unreadable_time", "Temperatures without a time.");
  emit.sample(
    { type: "temperature", metric: "skin_temp", source: SOURCE, value: typeof value === "number" ? value : undefined, unit: "Cel" },
    moment,
  );
}
