import { BatchBuilder } from "../../health/batch";
import type { LabDraft, ReportDraft } from "../../labs/result";
import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { ChunkReader, readAll } from "../chunk-reader";
import type { FhirContext } from "../fhir/bundle";
import type { ResourceDraft } from "../fhir/taken-in";
import type { ImportReader, ImportStep } from "../import-reader";
import { Tally, type TallyState } from "../tally";
import type { ClinicalItem, VitalItem } from "./items";
import { putVital } from "./put-vital";

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
export type ItemSource = (source: ByteSource, context: FhirContext) => AsyncGenerator<ReadItems>;

const AT_ONCE = 500;
/** Letters of resources that go to the vault at once. */
const LETTERS_AT_ONCE = 4_000_000;

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
  constructor(source: ByteSource, vendor: string, read: ItemSource, context: FhirContext, checkpoint?: ClinicalCheckpoint) {
    this.#source = source;
    this.#vendor = vendor;
    this.#read = read(source, context);
    this.tally = new Tally(checkpoint?.tally);
    this.#stored = checkpoint?.items ?? 0;
    this.#passed = this.#stored;
  }

  async next(): Promise<ImportStep> {
    while (this.#waiting.length < AT_ONCE && !this.#isAtEnd) await this.#fill();
    const items = this.#waiting.splice(0, atOnce(this.#waiting));
    const reports: ReportDraft[] = [];
    const results: LabDraft[] = [];
    const resources: ResourceDraft[] = [];
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
        case "resource":
          this.tally.type(item.draft.type).read++;
          resources.push(item.draft);
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
      ...((resources.length > 0 || (finished && this.#vendor === "fhir")) && { resources: { drafts: resources, isEnd: finished } }),
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

  #vital(item: VitalItem): void {
    const { type, also = [], metric: key } = item;
    const types = [type, ...also];
    for (const one of types) this.tally.type(one).read++;
    const put = putVital(this.#builder, { vendor: this.#vendor }, item);
    if (put.reason !== undefined) {
      for (const one of types) this.tally.reject(this.tally.type(one), put.reason, key);
      return;
    }
    if (!put.isZoneKnown) this.tally.warn("zone_unknown", key);
    this.tally.credit(key, types).n++;
  }
}

/** How many of the items go on at once: the next few hundred, fewer where they are large. */
function atOnce(items: readonly ClinicalItem[]): number {
  let letters = 0;
  for (const [i, item] of items.slice(0, AT_ONCE).entries()) {
    letters += item.kind === "resource" ? item.draft.json.length : 0;
    if (i > 0 && letters > LETTERS_AT_ONCE) return i;
  }
  return AT_ONCE;
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
