import { BatchBuilder } from "../../health/batch";
import { metric as metricOf } from "../../health/catalogue";
import { ZONE_UNKNOWN } from "../../health/reading";
import type { LabDraft, ReportDraft } from "../../labs/result";
import { whenOf } from "../../labs/when";
import { HOUR_MS } from "../../clock";
import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { ChunkReader, readAll } from "../chunk-reader";
import type { ImportReader, ImportStep } from "../import-reader";
import { Tally, type TallyState } from "../tally";
import type { ClinicalItem, VitalItem } from "./items";

/** Where reading goes on. Plain data. */
export interface ClinicalCheckpoint {
  /** Items that have been stored. */
  readonly items: number;
  readonly tally: TallyState;
}

/** Items as they are read, and the bytes of the file worked off with them. */
export interface ReadItems {
  readonly items: readonly ClinicalItem[];
  readonly done: number;
}

/** Reads a clinical file as a sequence of items. Throws a Problem `file_unreadable` for what is no such file. */
export type ItemSource = (source: ByteSource) => AsyncGenerator<ReadItems>;

const AT_ONCE = 500;
const NOON_MS = 12 * HOUR_MS;

/**
 * Turns the items of a clinical file into batches: vital signs are readings, the rest goes to the laboratory's tables. Where reading goes on
 * after an interruption, the file is parsed again and what was stored is passed over.
 */
export class ClinicalReader implements ImportReader {
  readonly tally: Tally;
  readonly #source: ByteSource;
  readonly #vendor: string;
  readonly #read: AsyncGenerator<ReadItems>;
  readonly #builder = new BatchBuilder();
  #waiting: ClinicalItem[] = [];
  #passed: number;
  #stored: number;
  #done = 0;
  #isAtEnd = false;

  /** @param vendor the door, as the source of readings */
  constructor(source: ByteSource, vendor: string, read: ItemSource, checkpoint?: ClinicalCheckpoint) {
    this.#source = source;
    this.#vendor = vendor;
    this.#read = read(source);
    this.tally = new Tally(checkpoint?.tally);
    this.#stored = checkpoint?.items ?? 0;
    this.#passed = this.#stored;
  }

  async next(): Promise<ImportStep> {
    while (this.#waiting.length < AT_ONCE && !this.#isAtEnd) await this.#fill();
    const items = this.#waiting.splice(0, AT_ONCE);
    const reports: ReportDraft[] = [];
    const results: LabDraft[] = [];
    for (const item of items) {
      switch (item.kind) {
        case "report":
          this.tally.type(item.draft.type).read++;
          reports.push(item.draft);
          break;
        case "result":
          this.tally.type(item.draft.type).read++;
          results.push(item.draft);
          break;
        case "vital":
          this.#vital(item);
          break;
        case "left": {
          const count = this.tally.type(item.type);
          count.read++;
          this.tally.reject(count, item.code, item.detail);
          break;
        }
        case "note":
          this.tally.warn(item.code, item.detail);
          break;
      }
    }
    this.#stored += items.length;
    const stored = this.#stored;
    const finished = this.#isAtEnd && this.#waiting.length === 0;
    return {
      batch: this.#builder.take(),
      ...(reports.length + results.length > 0 && { labs: { reports, results } }),
      credits: this.tally.takeCredits(),
      checkpoint: () => ({ items: stored, tally: this.tally.state }) satisfies ClinicalCheckpoint,
      done: finished ? this.#source.size : Math.min(this.#done, this.#source.size),
      total: this.#source.size,
      finished,
    };
  }

  async cancel(): Promise<void> {
    this.#isAtEnd = true;
    await this.#read.return(undefined);
  }

  async #fill(): Promise<void> {
    const { value, done } = await this.#read.next();
    if (done === true) {
      this.#isAtEnd = true;
      return;
    }
    const passed = Math.min(this.#passed, value.items.length);
    this.#passed -= passed;
    this.#waiting.push(...value.items.slice(passed));
    this.#done = value.done;
  }

  #vital({ type, also = [], metric: key, at, until, value, components, id, version, app }: VitalItem): void {
    const types = [type, ...also];
    for (const one of types) this.tally.type(one).read++;
    const reject = (code: string) => {
      for (const one of types) this.tally.reject(this.tally.type(one), code, key);
    };
    const metric = metricOf(key);
    const start = whenOf(at, "UTC");
    const end = until === undefined ? start : whenOf(until, "UTC");
    if (metric === undefined || start === undefined || end === undefined || end.at < start.at) return reject("no_time");
    if (start.precision === "month" || start.precision === "year") return reject("time_too_vague");
    const isDay = start.precision === "day";
    // A date has no instant: noon keeps it on that date in most zones, and the date itself is said beside it.
    const from = isDay ? start.at + NOON_MS : start.at;
    const to = until === undefined ? from : end.at;
    const zone = zoneOf(at);
    if (zone === ZONE_UNKNOWN) this.tally.warn("zone_unknown", key);
    const source = this.#builder.source({ vendor: this.#vendor, ...(app !== undefined && { app }) });
    this.tally.credit(key, types).n++;
    const isInterval = to > from && metric.kinds.includes("interval");
    if (isInterval && value !== null) return this.#builder.interval(key, source, from, to, value, zone, version, id);
    if (metric.storage === "segment" && value !== null) return this.#builder.sample(key, source, from, value, zone, version, id);
    this.#builder.reading({
      metric: key,
      kind: "sample",
      source,
      start: from,
      end: from,
      value,
      ...(components !== undefined && { components }),
      zone,
      ...(isDay && { date: at }),
      ...(id !== undefined && { id }),
      version,
    });
  }
}

/** Seconds east of UTC that an instant tells. */
function zoneOf(at: string): number {
  const zone = /T.*(Z|[+-]\d{2}:\d{2})$/.exec(at)?.[1];
  if (zone === undefined) return ZONE_UNKNOWN;
  if (zone === "Z") return 0;
  return (zone.startsWith("-") ? -60 : 60) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
}

/** Bytes that a document may have which is read as a whole. */
export const LARGEST_DOCUMENT = 32 * 1024 * 1024;

/** A whole document; problem `file_unreadable` past the limit. */
export async function wholeFile(source: ByteSource): Promise<Uint8Array> {
  const bytes =
    source.size > LARGEST_DOCUMENT ? undefined : await readAll(new ChunkReader(await source.stream(0, source.size)), LARGEST_DOCUMENT);
  if (bytes === undefined) throw problem("file_unreadable", `A document of this kind may have at most ${LARGEST_DOCUMENT} bytes.`);
  return bytes;
}

/** A document that is parsed at once. */
export function documentItems(parse: (bytes: Uint8Array) => readonly ClinicalItem[]): ItemSource {
  return async function* (source) {
    yield { items: parse(await wholeFile(source)), done: source.size };
  };
}
