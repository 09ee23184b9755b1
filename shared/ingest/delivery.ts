import { DAY_MS } from "../clock";
import { BatchBuilder } from "../health/batch";
import { ZONE_UNKNOWN } from "../health/reading";
import { dayText, localDay, offsetAt } from "../health/zone";
import { InstantReader, WALL_CLOCK, zoneOffset } from "./instant";
import { PanelPairs } from "./panels";
import type { Platform } from "./plan";
import { isObject, type Json, type Rejected, type RejectReason } from "./reject";
import { SourceReader } from "./source";

const LONGEST_ID = 200;
/** 1900-01-01T00:00:00Z */
const EARLIEST_MS = -2_208_988_800_000;

/** The vendor under which each platform's readings are stored. */
export const VENDORS: Readonly<Record<Platform, string>> = {
  healthkit: "healthkit",
  "health-connect": "health_connect",
  "samsung-health": "samsung_health",
};

/** What all readings of one record share. */
export interface Header {
  readonly start: number;
  readonly end: number;
  readonly zone: number;
  readonly version: number;
  readonly source: number;
}

/**
 * One push under way: the batch that grows, the refused records, and the header of the record at hand. The header lives in fields
 * that are overwritten per record, because an object per record would cost as much as the mapping itself.
 *
 * `total` counts readings, each once: what is in the batch plus what was refused.
 */
export class Delivery {
  readonly platform: Platform;
  readonly vendor: string;
  readonly receivedAt: number;
  /** The delivery's own timestamp in ms, or 0: the version of records that tell none. */
  readonly syncedAt: number;
  readonly builder = new BatchBuilder();
  readonly sources: SourceReader;
  readonly panels = new PanelPairs();
  readonly rejected: Rejected[] = [];
  total = 0;

  id: string | undefined;
  start = 0;
  end = 0;
  zone = ZONE_UNKNOWN;
  version = 0;
  source = 0;
  metadata: Json | undefined;

  /** Where the record at hand stands: a JSON pointer and an index. */
  section = "";
  index = 0;

  readonly #instant = new InstantReader();

  constructor(platform: Platform, receivedAt: number, syncedAt: number) {
    this.platform = platform;
    this.vendor = VENDORS[platform];
    this.receivedAt = receivedAt;
    this.syncedAt = syncedAt;
    this.sources = new SourceReader(this.builder, this.vendor);
  }

  /** Refuses one reading of the record at hand. */
  reject(reason: RejectReason): void {
    this.rejected.push({ id: this.id ?? `${this.section}/${this.index}`, reason });
  }

  /**
   * Reads id, times, zone, version and source of a record into the fields. Returns the fault, or undefined.
   *
   * `parent` fills in what a nested record (a workout's sample, a correlation's part) leaves out. The zone is the record's
   * `zoneOffset` field, else the offset in its dates, else HealthKit's `HKTimeZone` at that instant, else unknown; an unreadable
   * zone counts as absent. The version is the record's own (`clientRecordVersion`, `HKSyncVersion`, or when it was last modified),
   * else the delivery's timestamp, else 0.
   */
  header(raw: Json, parent?: Header): RejectReason | undefined {
    const metadata = raw["metadata"] === undefined ? undefined : metadataOf(raw["metadata"]);
    this.metadata = metadata;
    const idFault = this.readId(raw["id"] ?? raw["uuid"] ?? metadata?.["id"]);
    if (idFault !== undefined) return idFault;
    const timeFault = this.#readTimes(raw, metadata, parent);
    if (timeFault !== undefined) return timeFault;
    this.version = this.#versionOf(raw, metadata, parent);
    const source = raw["source"] ?? raw["sourceName"];
    this.source = source === undefined && parent !== undefined ? parent.source : this.sources.read(source, metadata);
    return undefined;
  }

  /** A copy of the header at hand, for nested records and for readings that are finished later. */
  keep(): Header {
    return { start: this.start, end: this.end, zone: this.zone, version: this.version, source: this.source };
  }

  /** The local day (YYYY-MM-DD) on which the record at hand ends, or undefined where its zone is not known. */
  localDate(): string | undefined {
    return this.zone === ZONE_UNKNOWN ? undefined : dayText(localDay(this.end, this.zone));
  }

  /** An instant within the record at hand (a sample, a stage, a lap), in ms; a wall clock is read in the record's zone. Undefined when unreadable. */
  instant(value: unknown): number | undefined {
    const reader = this.#instant;
    if (!reader.read(value)) return undefined;
    if (reader.zone !== WALL_CLOCK) return this.#plausible(reader.ms);
    return this.zone === ZONE_UNKNOWN ? undefined : this.#plausible(reader.ms - this.zone * 1_000);
  }

  #plausible(at: number): number | undefined {
    return at >= EARLIEST_MS && at <= this.receivedAt + DAY_MS ? at : undefined;
  }

  /** Takes an id into the header; the fault, or undefined. No id is no fault. */
  readId(id: unknown): RejectReason | undefined {
    this.id = undefined;
    if (typeof id === "string") {
      if (id.length > LONGEST_ID) return "id_too_long";
      // No store keeps half a character: two such ids would become one.
      if (!id.isWellFormed()) return "bad_id";
      if (id !== "") this.id = id;
      return undefined;
    }
    if (id === undefined || id === null) return undefined;
    if (typeof id !== "number" || !Number.isSafeInteger(id)) return "bad_id";
    this.id = String(id);
    return undefined;
  }

  #readTimes(raw: Json, metadata: Json | undefined, parent: Header | undefined): RejectReason | undefined {
    const first = raw["startDate"] ?? raw["startTime"] ?? raw["time"] ?? raw["date"];
    if (first === undefined && parent !== undefined) {
      this.start = parent.start;
      this.end = parent.end;
      this.zone = parent.zone;
      return undefined;
    }
    const reader = this.#instant;
    if (!reader.read(first)) return "bad_date";
    let start = reader.ms;
    let zone = reader.zone;
    const wallStart = zone === WALL_CLOCK;
    let end = start;
    let wallEnd = wallStart;
    const last = raw["endDate"] ?? raw["endTime"];
    if (last !== undefined && last !== null && last !== first) {
      if (!reader.read(last)) return "bad_date";
      end = reader.ms;
      wallEnd = reader.zone === WALL_CLOCK;
    }
    const told = raw["zoneOffset"] ?? raw["startZoneOffset"];
    if (told !== undefined) {
      const offset = zoneOffset(told);
      if (offset !== ZONE_UNKNOWN) zone = offset;
    }
    if (zone === ZONE_UNKNOWN || zone === WALL_CLOCK) zone = zoneOfName(metadata?.["HKTimeZone"], start);
    if (wallStart || wallEnd) {
      if (zone === ZONE_UNKNOWN) return "zone_missing";
      if (wallStart) start -= zone * 1_000;
      if (wallEnd) end -= zone * 1_000;
    }
    if (end < start) return "end_before_start";
    if (start < EARLIEST_MS) return "too_old";
    if (end > this.receivedAt + DAY_MS) return "future";
    this.start = start;
    this.end = end;
    this.zone = zone;
    return undefined;
  }

  #versionOf(raw: Json, metadata: Json | undefined, parent: Header | undefined): number {
    const counted = raw["clientRecordVersion"] ?? metadata?.["clientRecordVersion"] ?? metadata?.["HKSyncVersion"];
    // 0 is Health Connect's way of saying that the writer counts no versions.
    if (typeof counted === "number" && counted > 0 && counted <= Number.MAX_SAFE_INTEGER) return Math.trunc(counted);
    const modified = raw["lastModifiedTime"] ?? metadata?.["lastModifiedTime"];
    // A clock that runs ahead must not make a version that no later correction can beat.
    if (modified !== undefined && this.#instant.read(modified) && this.#instant.ms > 0) return Math.min(this.#instant.ms, this.receivedAt);
    return parent?.version ?? this.syncedAt;
  }
}

/** HealthKit bridges write metadata as an object or as a list of `{ key, value }` with Apple's constant names. */
function metadataOf(value: unknown): Json | undefined {
  if (!Array.isArray(value)) return isObject(value) ? value : undefined;
  const entries: [string, unknown][] = [];
  for (const entry of value) {
    if (isObject(entry) && typeof entry["key"] === "string") entries.push([entry["key"].replace(/^HKMetadataKey/, "HK"), entry["value"]]);
  }
  return Object.fromEntries(entries);
}

/** The offset of an IANA zone at an instant, or unknown for names the runtime does not have. */
function zoneOfName(name: unknown, at: number): number {
  if (typeof name !== "string" || name.length > 64 || Math.abs(at) > 8e15) return ZONE_UNKNOWN;
  try {
    return offsetAt(name, at);
  } catch {
    return ZONE_UNKNOWN;
  }
}
