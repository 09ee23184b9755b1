import { offsetAt } from "../../health/zone";
import type { Tally } from "../tally";
import type { Tag } from "../xml/tag";
import { decodeText } from "../xml/text";
import { ByteCache } from "./byte-cache";
import { parseDecimal } from "./decimal";
import { type Device, parseDevice } from "./device";
import { InstantReader } from "./instant";
import { isAnnotation, keepMetadata, TIME_ZONE_KEY, USER_ENTERED_KEY } from "./metadata";
import { planFor, type RecordPlan } from "./record-plan";
import { A } from "./vocabulary";

/** What is wrong with a record; codes of the report. */
export type Fault = "bad_date" | "ends_before_start" | "not_a_number" | "unit_mismatch" | "incomplete";

/** A record as read. Reused for every top-level record, so that millions of them make no garbage. */
export class RecordDraft {
  plan!: RecordPlan;
  app = "";
  device: Device | undefined;
  start = 0;
  end = 0;
  zone = 0;
  version = 0;
  /** In the canonical unit; NaN for records that carry no number. */
  value = Number.NaN;
  /** The raw value of a category record. */
  text = "";
  fault: Fault | undefined;
  isManual = false;
  metadata: Record<string, string> | undefined;
  /** Beat-to-beat rates of a heart rate variability record, per minute. */
  beats: number[] | undefined;
  beatTimes: string[] | undefined;
}

const MOST_BEATS = 1_000;
const KEEPS_METADATA: ReadonlySet<string> = new Set(["event", "mood", "sleep"]);

/** Reads the start tags of records and their children into drafts. */
export class RecordReader {
  readonly #instant = new InstantReader();
  readonly #plans: ByteCache<RecordPlan>;
  readonly #apps = new ByteCache((bytes, start, end) => decodeText(bytes, start, end));
  readonly #devices = new ByteCache((bytes, start, end) => parseDevice(decodeText(bytes, start, end)));

  constructor(tally: Tally) {
    this.#plans = new ByteCache((bytes, start, end) => planFor(decodeText(bytes, start, end), tally));
  }

  /** Fills a draft from a `Record` tag. Reading goes on after a fault, so that the record is counted under its type. */
  read(tag: Tag, draft: RecordDraft): void {
    const { bytes } = tag;
    draft.plan = tag.has(A.type) ? this.#plans.get(bytes, tag.start(A.type), tag.end(A.type)) : this.#plans.get(UNTYPED, 0, UNTYPED.length);
    draft.isManual = false;
    draft.metadata = undefined;
    draft.beats = undefined;
    draft.beatTimes = undefined;
    draft.text = "";
    draft.value = Number.NaN;
    draft.fault = this.#readOrigin(tag, draft);
    if (draft.fault === undefined) draft.fault = readValue(tag, draft);
  }

  /** The app, the device and the times that records, correlations and workouts share. */
  readOrigin(tag: Tag, into: RecordDraft): Fault | undefined {
    return this.#readOrigin(tag, into);
  }

  #readOrigin(tag: Tag, draft: RecordDraft): Fault | undefined {
    const { bytes } = tag;
    draft.app = tag.has(A.sourceName) ? this.#apps.get(bytes, tag.start(A.sourceName), tag.end(A.sourceName)) : "";
    draft.device = tag.has(A.device) ? this.#deviceOf(bytes, tag.start(A.device), tag.end(A.device)) : undefined;
    const instant = this.#instant;
    draft.version = tag.has(A.creationDate) && instant.read(bytes, tag.start(A.creationDate), tag.end(A.creationDate)) ? instant.at : 0;
    if (!tag.has(A.startDate)) return "incomplete";
    if (!instant.read(bytes, tag.start(A.startDate), tag.end(A.startDate))) return "bad_date";
    draft.start = instant.at;
    draft.zone = instant.zone;
    draft.end = draft.start;
    if (tag.has(A.endDate)) {
      if (!instant.read(bytes, tag.start(A.endDate), tag.end(A.endDate))) return "bad_date";
      draft.end = instant.at;
    }
    return draft.end < draft.start ? "ends_before_start" : undefined;
  }

  /**
   * The description begins with the address of an object in the phone's memory, which differs between records of one device: the
   * cache is keyed by what follows it.
   */
  #deviceOf(bytes: Uint8Array, start: number, end: number): Device | undefined {
    let from = start;
    while (from < end && bytes[from] !== COMMA) from++;
    return this.#devices.get(bytes, from < end ? from : start, end);
  }
}

const COMMA = 0x2c;
const UNTYPED = new TextEncoder().encode("untyped");

function readValue(tag: Tag, draft: RecordDraft): Fault | undefined {
  const { plan } = draft;
  const isNumber = plan.shape === "sample" || plan.shape === "interval" || plan.shape === "daily" || plan.shape === "pressure";
  if (!isNumber) {
    draft.text = tag.text(A.value) ?? "";
    if (tag.has(A.unit)) draft.value = parseDecimal(tag.bytes, tag.start(A.value), tag.end(A.value));
    return undefined;
  }
  if (!tag.has(A.value)) return "incomplete";
  const raw = parseDecimal(tag.bytes, tag.start(A.value), tag.end(A.value));
  if (Number.isNaN(raw)) return "not_a_number";
  const conversion = tag.has(A.unit) ? plan.units.get(tag.bytes, tag.start(A.unit), tag.end(A.unit)) : plan.unitless;
  if (conversion === undefined) return "unit_mismatch";
  draft.value = conversion(raw);
  return undefined;
}

/** Applies a `MetadataEntry` to the record that it belongs to. */
export function applyMetadata(tag: Tag, draft: RecordDraft): void {
  const key = tag.text(A.key);
  const value = tag.text(A.value);
  if (key === undefined || value === undefined) return;
  if (key === USER_ENTERED_KEY) draft.isManual = value === "1" || value === "true";
  else if (key === TIME_ZONE_KEY) draft.zone = zoneOffset(value, draft.start) ?? draft.zone;
  else if (KEEPS_METADATA.has(draft.plan.shape) || isAnnotation(key)) keepMetadata((draft.metadata ??= {}), key, value);
}

/** Applies an `InstantaneousBeatsPerMinute` to its record. */
export function applyBeat(tag: Tag, draft: RecordDraft): void {
  if (!tag.has(A.bpm)) return;
  const bpm = parseDecimal(tag.bytes, tag.start(A.bpm), tag.end(A.bpm));
  draft.beats ??= [];
  draft.beatTimes ??= [];
  if (Number.isNaN(bpm) || draft.beats.length >= MOST_BEATS) return;
  draft.beats.push(bpm);
  draft.beatTimes.push(tag.text(A.time) ?? "");
}

/** Seconds east of UTC of an IANA zone at an instant, or undefined for a zone that the runtime does not know. */
export function zoneOffset(zone: string, at: number): number | undefined {
  try {
    return offsetAt(zone, at);
  } catch {
    return undefined;
  }
}
