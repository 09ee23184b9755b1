import { DAY_MS } from "../../../shared/clock";
import { sourceKey } from "../../../shared/health/batch";
import type { Metric } from "../../../shared/health/catalogue";
import { type Trust, unfitness } from "../../../shared/challenges/trust";
import type { Source } from "../../../shared/health/reading";
import { sourceId } from "../../../shared/health/source-id";
import { isForPersonAlone, isKeptFromModels, policyOfSource } from "../../../shared/vendors/source-policy";
import { HANDOVERS, type Handover, type Rank, rankOf, type SourceSettings } from "../../../shared/health/source-settings";
import { readSettings, type VersionedSettings, writeSettings } from "./source-settings";

/** Typed in by somebody, or measured. */
export const RECORDINGS = ["manual", "automatic"] as const;
export type Recording = (typeof RECORDINGS)[number];

export interface StoredSource {
  /** Number of the source in this vault; `src_<number>` on the wire. */
  readonly number: number;
  readonly source: Source;
}

/** A source that an answer leaves out, and why: its vendor lets no model see what it measured. */
export interface Withheld {
  readonly source: string;
  readonly vendor: string;
  readonly reason: "no_ai";
}

/** Two feeds of the same devices that both brought something, by the numbers of their sources. */
export interface OpenHandover extends Handover {
  readonly older: ReadonlySet<number>;
  readonly newer: ReadonlySet<number>;
}

/** Each question ends at the first row that it finds; `series` has a row per metric, and quarantine is asked last. */
const WITH_READINGS = `SELECT id FROM sources WHERE
  EXISTS (SELECT 1 FROM series WHERE source = sources.id)
  OR EXISTS (SELECT 1 FROM sleeps WHERE source = sources.id)
  OR EXISTS (SELECT 1 FROM sleep_stretches WHERE source = sources.id)
  OR EXISTS (SELECT 1 FROM workouts WHERE source = sources.id)
  OR EXISTS (SELECT 1 FROM quarantine WHERE source = sources.id)`;

/** What a reader is to see of the sources. */
interface View {
  /** Somebody else looks. */
  readonly isForOthers: boolean;
  /** A model reads. */
  readonly isForModels?: boolean;
  /** One way of recording alone was asked for. */
  readonly recording?: Recording;
  /** Sources alone that are believed at least so far, and whose readings others may see: what counts in a challenge. */
  readonly trust?: Trust;
}

const EVERYTHING: View = { isForOthers: false };

/** The vault's sources: few, so they are all kept in memory. */
export class Sources {
  readonly #sql: SqlStorage;
  readonly #byKey: Map<string, number>;
  readonly #byNumber: Map<number, Source>;
  readonly #view: View;
  #settings: VersionedSettings = { version: 0, settings: { priorities: [], cutovers: [] } };
  #handovers: readonly OpenHandover[] | undefined;

  constructor(sql: SqlStorage, of?: Sources, view: View = EVERYTHING) {
    this.#sql = sql;
    this.#view = view;
    this.#byKey = of === undefined ? new Map<string, number>() : of.#byKey;
    this.#byNumber = of === undefined ? new Map<number, Source>() : of.#byNumber;
    if (of === undefined) this.reload();
    else this.#settings = of.#settings;
  }

  /** The sources as somebody else sees them, for one read. */
  forOthers(): Sources {
    return new Sources(this.#sql, this, { ...this.#view, isForOthers: true });
  }

  /** The sources as a model may see them, for one read. */
  forModels(): Sources {
    return new Sources(this.#sql, this, { ...this.#view, isForModels: true });
  }

  /** These sources as far as they recorded in one way, for one read: `manual` was typed in, everything else counts as `automatic`. */
  recordedBy(recording: Recording): Sources {
    return new Sources(this.#sql, this, { ...this.#view, recording });
  }

  /** These sources as far as they count in a challenge that asks for some trust. */
  believed(trust: Trust): Sources {
    return new Sources(this.#sql, this, { ...this.#view, trust });
  }

  /** Whether the reader sees what a source tells: who asks may be somebody else, and may have asked for one way of recording alone. */
  shows(number: number): boolean {
    const { isForOthers, isForModels, recording, trust } = this.#view;
    if (isForOthers && this.isForPersonAlone(number)) return false;
    if (isForModels === true && isKeptFromModels(this.#byNumber.get(number)?.vendor ?? "")) return false;
    const source = trust === undefined ? undefined : this.#byNumber.get(number);
    if (trust !== undefined && (source === undefined || unfitness(source, trust) !== undefined)) return false;
    return recording === undefined || this.recordingOf(number) === recording;
  }

  /** Whether the vendor of a source shows its readings to their person alone. */
  isForPersonAlone(number: number): boolean {
    const source = this.#byNumber.get(number);
    return source !== undefined && isForPersonAlone(source.vendor);
  }

  /** Reads the sources anew, after a transaction was rolled back. */
  reload(): void {
    this.#byKey.clear();
    this.#byNumber.clear();
    this.#settings = readSettings(this.#sql);
    this.#handovers = undefined;
    for (const row of this.#sql.exec<{ id: number; key: string; body: string }>("SELECT id, key, body FROM sources")) {
      this.#byKey.set(row.key, row.id);
      this.#byNumber.set(row.id, JSON.parse(row.body) as Source);
    }
  }

  /** Words that must stand where readings of a source are shown, where its vendor wants any. */
  attribution(number: number): string | undefined {
    const source = this.#byNumber.get(number);
    return source === undefined ? undefined : policyOfSource(source.vendor)?.attribution;
  }

  /** The words that stand for some sources, by their ids; nothing where none of their vendors wants any. */
  attributions(numbers: Iterable<number>): { readonly attributions?: Readonly<Record<string, string>> } {
    const words = [...new Set(numbers)].flatMap((number) => {
      const found = this.attribution(number);
      return found === undefined ? [] : [[sourceId(number), found] as const];
    });
    return words.length === 0 ? {} : { attributions: Object.fromEntries(words) };
  }

  /** What is here and left out of what a model reads. */
  withheldFromModels(): Withheld[] {
    return this.withReadings()
      .filter(({ source }) => isKeptFromModels(source.vendor))
      .map(({ number, source }) => ({ source: sourceId(number), vendor: source.vendor, reason: "no_ai" }));
  }

  /** Numbers of the sources whose readings are shown to their person alone. */
  forPersonAlone(): number[] {
    return [...this.#byNumber.keys()].filter((number) => this.isForPersonAlone(number));
  }

  /** The number of a source, added when it is new. */
  number(source: Source, now: number): number {
    const key = sourceKey(source);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const row = this.#sql
      .exec<{ id: number }>("INSERT INTO sources (key, body, first_seen) VALUES (?, ?, ?) RETURNING id", key, JSON.stringify(source), now)
      .one();
    this.#byKey.set(key, row.id);
    this.#byNumber.set(row.id, source);
    this.#handovers = undefined;
    return row.id;
  }

  /** Which sources the person puts first, and the version of that. */
  get settings(): VersionedSettings {
    return this.#settings;
  }

  /** Keeps other settings; they count from the next read on. */
  choose(settings: SourceSettings, now: number): void {
    writeSettings(this.#sql, settings, now);
    this.#settings = readSettings(this.#sql);
  }

  /** How a source is ranked for a metric; undefined for a source that is not there. */
  rank(metric: Pick<Metric, "key" | "sensitivity">, number: number): Rank | undefined {
    const source = this.#byNumber.get(number);
    return source === undefined ? undefined : rankOf(this.#settings.settings, metric, { number, source });
  }

  /** Handovers of which both feeds are here: mostly none. */
  handovers(): readonly OpenHandover[] {
    this.#handovers ??= HANDOVERS.flatMap((handover) => {
      const older = new Set(this.ofVendor(handover.from));
      const newer = new Set(this.ofVendor(handover.to));
      return older.size === 0 || newer.size === 0 ? [] : [{ ...handover, older, newer }];
    });
    return this.#handovers;
  }

  /** From which local date on the newer feed counts: as the person says, else the day after its first reading. */
  cutoverOf({ from, to, newer }: OpenHandover): number {
    const chosen = this.#settings.settings.cutovers.find((one) => one.from === from && one.to === to);
    return chosen?.date ?? this.#firstWholeDay(newer);
  }

  #firstWholeDay(numbers: ReadonlySet<number>): number {
    const { first } = this.#sql
      .exec<{ first: number | null }>(
        `SELECT min(at) AS first FROM (
           SELECT first_at AS at FROM series WHERE source IN (SELECT value FROM json_each(?1))
           UNION ALL SELECT start FROM sleeps WHERE source IN (SELECT value FROM json_each(?1))
           UNION ALL SELECT start FROM workouts WHERE source IN (SELECT value FROM json_each(?1)))`,
        JSON.stringify([...numbers]),
      )
      .one();
    // The first day may be there in part only; the older feed has it whole.
    return first === null ? Number.POSITIVE_INFINITY : Math.floor(first / DAY_MS) + 1;
  }

  /** How a source records. */
  recordingOf(number: number): Recording {
    const source = this.#byNumber.get(number);
    return source?.recordingMethod === "manual" || source?.vendor === "manual" ? "manual" : "automatic";
  }

  get(number: number): Source | undefined {
    return this.#byNumber.get(number);
  }

  all(): StoredSource[] {
    return [...this.#byNumber].map(([number, source]) => ({ number, source }));
  }

  /** Those of which something is still here; a source whose readings were all deleted keeps its number and is not among them. */
  withReadings(): StoredSource[] {
    const rows = this.#sql.exec<{ id: number }>(WITH_READINGS).toArray();
    const kept = new Set(rows.map(({ id }) => id));
    return this.all().filter(({ number }) => kept.has(number));
  }

  /** Numbers of the sources of a vendor, or of one of its connections. */
  ofVendor(vendor: string, connection?: string): number[] {
    return this.all()
      .filter(({ source }) => source.vendor === vendor && (connection === undefined || source.connection === connection))
      .map(({ number }) => number);
  }
}
