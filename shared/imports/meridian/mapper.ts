import type * as z from "zod";
import { HOUR_MS } from "../../clock";
import { readDense } from "../../exports/dense";
import type { Restore, RestoredHour } from "../../exports/restore";
import { BatchBuilder } from "../../health/batch";
import { metric as metricOf } from "../../health/catalogue";
import type { Batch, Source } from "../../health/reading";
import { sourceId } from "../../health/source-id";
import { mapSources } from "../../health/source-settings";
import { localDay, parseDay } from "../../health/zone";
import type { PersonDetails } from "../../person-details";
import type { Tally, TypeCount } from "../tally";
import type { LabBatch, LabDraft, ReportDraft } from "../../labs/result";
import * as lines from "./schemas";

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

/** Kinds that are read back, in this order: what is deleted comes before what it must not take away, nights after what they are made of. */
export const READ_ORDER = [
  "sources",
  "profile",
  "deleted-records",
  "deleted-ranges",
  "samples",
  "readings",
  "sleep-stretches",
  "sleep",
  "workouts",
  "lab-reports",
  "lab-results",
  "daily",
  "hours",
  "quarantine",
  "retention",
  "source-priorities",
] as const;
export type ReadKind = (typeof READ_ORDER)[number];

/** Turns the lines of an export into batches of readings and what goes with them. */
export class LineMapper {
  readonly #tally: Tally;
  readonly #builder = new BatchBuilder();
  readonly #sources: { readonly source: Source; readonly firstSeenAt: number }[] = [];
  /** Index of a source by the id that it had. */
  readonly #index = new Map<string, number>();
  #reports: ReportDraft[] = [];
  #results: LabDraft[] = [];
  #restore = nothing();
  /** How many things `#restore` holds, and what weighs beyond the number of readings. */
  #restored = 0;
  #extra = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** About how many readings wait. */
  get size(): number {
    return this.#builder.size + this.#restored + this.#extra + this.#reports.length + this.#results.length;
  }

  /** What waits. `withSources`: also where there is nothing else, so that sources count as they did. */
  take(withSources: boolean): { readonly batch: Batch; readonly restore: Restore | undefined; readonly labs: LabBatch | undefined } {
    const isNeeded = withSources || this.#restored > 0;
    const restore = isNeeded ? { ...this.#restore, sources: this.#sources } : undefined;
    this.#restore = nothing();
    this.#restored = 0;
    this.#extra = 0;
    const labs = this.#reports.length + this.#results.length > 0 ? { reports: this.#reports, results: this.#results } : undefined;
    this.#reports = [];
    this.#results = [];
    return { batch: this.#builder.take(), restore, labs };
  }

  labReport(line: unknown): boolean {
    const parsed = lines.labReportLine.safeParse(line);
    if (!parsed.success) return false;
    const { identity, ...draft } = parsed.data;
    this.#tally.type("lab-reports").read++;
    this.#reports.push(withoutGaps({ ...draft, identity: `sha256:${identity}`, type: "lab-reports" }));
    return true;
  }

  labResult(line: unknown): boolean {
    const parsed = lines.labResultLine.safeParse(line);
    if (!parsed.success) return false;
    const { identity, reportIdentity, ...draft } = parsed.data;
    this.#tally.type("lab-results").read++;
    const report = reportIdentity === null ? undefined : `sha256:${reportIdentity}`;
    this.#results.push(withoutGaps({ ...draft, report, identity: `sha256:${identity}`, type: "lab-results" }));
    return true;
  }

  /** Learns a source, which must come before what names it. */
  source(line: unknown): boolean {
    const parsed = lines.sourceLine.safeParse(line);
    if (!parsed.success || this.#index.has(parsed.data.id)) return false;
    const { id, firstSeenAt, ...source } = parsed.data;
    // The builder keeps its sources, so an index is good for every batch that it gives.
    const index = this.#builder.source(source as Source);
    this.#index.set(id, index);
    if (index === this.#sources.length) this.#sources.push({ source: source as Source, firstSeenAt });
    return true;
  }

  /** Takes a line of a kind; one that is not what it should be is rejected and counted. */
  line(kind: ReadKind, text: string): void {
    const line = jsonOf(text);
    const isTaken = MAPPERS[kind](this, line);
    if (isTaken) return;
    const count = this.#tally.type(kind);
    count.read++;
    this.#tally.reject(count, "unreadable_line", kind);
  }

  samples(line: unknown): boolean {
    const hour = readDense(line);
    const source = this.#sourceOf(hour?.source);
    if (hour === undefined || source === undefined) return false;
    const { samples, more, metric } = hour;
    const count = this.#count(metric, samples.at.length);
    if (count === undefined) return true;
    for (let i = 0; i < samples.at.length; i++) {
      const at = samples.at[i]!;
      const id = samples.ids?.[i] ?? "";
      const body = more.get(at);
      const [value, zone, version] = [samples.value[i]!, samples.zone[i]!, samples.version[i]!];
      if (body === undefined) this.#builder.sample(metric, source, at, value, zone, version, id);
      else this.#builder.reading({ metric, kind: "sample", source, start: at, end: at, value, ...body, zone, version, ...idOf(id) });
    }
    return true;
  }

  reading(line: unknown): boolean {
    const parsed = lines.readingLine.safeParse(line);
    const source = this.#sourceOf(parsed.data?.source);
    if (!parsed.success || source === undefined) return false;
    const { metric, kind, at, endAt, value, zone, date, recordId, version, more } = parsed.data;
    if (this.#count(metric, 1) === undefined) return true;
    const isPlain = value !== null && more === null && parseDay(date) === localDay(at, zone);
    if (isPlain && kind === "interval") this.#builder.interval(metric, source, at, endAt, value, zone, version, recordId ?? "");
    else if (isPlain && kind === "sample" && at === endAt) this.#builder.sample(metric, source, at, value, zone, version, recordId ?? "");
    else
      this.#builder.reading({
        metric,
        kind,
        source,
        start: at,
        end: endAt,
        value,
        ...bodyOf(more),
        zone,
        date,
        version,
        ...idOf(recordId),
      });
    return true;
  }

  daily(line: unknown): boolean {
    const parsed = lines.dailyLine.safeParse(line);
    const source = this.#sourceOf(parsed.data?.source);
    if (!parsed.success || source === undefined) return false;
    const { metric, date, value, zone, recordId, version, more } = parsed.data;
    // Figures of a night are computed from it.
    if (more?.derivedFrom !== undefined) return true;
    if (this.#count(metric, 1) === undefined) return true;
    const start = (parseDay(date) ?? 0) * 24 * HOUR_MS - zone * 1_000;
    const end = start + 24 * HOUR_MS;
    this.#builder.reading({ metric, kind: "daily", source, start, end, value, ...bodyOf(more), zone, date, version, ...idOf(recordId) });
    return true;
  }

  stretch(line: unknown): boolean {
    const parsed = lines.stretchLine.safeParse(line);
    const source = this.#sourceOf(parsed.data?.source);
    if (!parsed.success || source === undefined) return false;
    const { startAt, endAt, stage, zone, recordId, version } = parsed.data;
    this.#count("sleep", 1);
    this.#builder.sleepStretch({ source, start: startAt, end: endAt, stage, zone, version, ...idOf(recordId) });
    return true;
  }

  sleep(line: unknown): boolean {
    const parsed = lines.sleepLine.safeParse(line);
    const source = this.#sourceOf(parsed.data?.source);
    if (!parsed.success || source === undefined) return false;
    const { startAt, endAt, date, nap, assembled, zone, recordId, version, stages, attributes } = parsed.data;
    // It is assembled again from its stretches.
    if (assembled) return true;
    this.#count("sleep", 1);
    this.#builder.sleepSession({
      source,
      start: startAt,
      end: endAt,
      zone,
      date,
      nap,
      stages: stages.map((one) => ({ start: one.startAt, end: one.endAt, stage: one.stage })),
      version,
      ...(attributes !== undefined && { attributes }),
      ...idOf(recordId),
    });
    return true;
  }

  workout(line: unknown): boolean {
    const parsed = lines.workoutLine.safeParse(line);
    const source = this.#sourceOf(parsed.data?.source);
    if (!parsed.success || source === undefined) return false;
    const { type, startAt, endAt, zone, recordId, version, more, route } = parsed.data;
    this.#count("workout", 1);
    const workout = {
      source,
      start: startAt,
      end: endAt,
      zone,
      type,
      ...more,
      version,
      ...(route !== undefined && { route }),
      ...idOf(recordId),
    };
    this.#builder.workout(workout as Batch["workouts"][number]);
    // Points weigh about as much as a quarter of a reading.
    this.#extra += Math.floor((route?.length ?? 0) / 4);
    return true;
  }

  hour(line: unknown): boolean {
    const parsed = lines.hourLine.safeParse(line);
    const source = this.#sourceOf(parsed.data?.source);
    const date = parseDay(parsed.data?.date ?? "");
    if (!parsed.success || source === undefined || date === undefined || metricOf(parsed.data.metric) === undefined) return false;
    const { hour, ...rest } = parsed.data;
    const restored: RestoredHour = { ...rest, hour: Math.floor(hour / HOUR_MS), source, date };
    return this.#add("hours", this.#restore.hours, restored, "accepted");
  }

  quarantined(line: unknown): boolean {
    const parsed = lines.quarantineLine.safeParse(line);
    const source = this.#sourceOf(parsed.data?.source);
    if (!parsed.success || source === undefined) return false;
    const { recordId, ...rest } = parsed.data;
    return this.#add("quarantine", this.#restore.quarantined, { ...rest, source, id: recordId ?? "" }, "quarantined");
  }

  deletedRecord(line: unknown): boolean {
    const parsed = lines.deletedRecordLine.safeParse(line);
    if (!parsed.success) return false;
    const { vendor, recordId, version, deletedAt } = parsed.data;
    return this.#add("deleted-records", this.#restore.deletedRecords, { vendor, id: recordId, version, at: deletedAt }, "accepted");
  }

  deletedRange(line: unknown): boolean {
    const parsed = lines.deletedRangeLine.safeParse(line);
    if (!parsed.success) return false;
    const { metric, from, to, deletedAt } = parsed.data;
    const source = parsed.data.source === null ? null : this.#sourceOf(parsed.data.source);
    if (source === undefined || (metric !== null && metricOf(metric) === undefined)) return false;
    return this.#add("deleted-ranges", this.#restore.deletedRanges, { metric, source, from, to, at: deletedAt }, "accepted");
  }

  profile(line: unknown): boolean {
    const parsed = lines.profileLine.safeParse(line);
    if (!parsed.success) return false;
    const known = Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== null)) as Partial<PersonDetails>;
    if (Object.keys(known).length === 0) return true;
    this.#restore.details = known;
    this.#restored++;
    return true;
  }

  retention(line: unknown): boolean {
    const parsed = lines.retentionLine.safeParse(line);
    return parsed.success && this.#add("retention", this.#restore.retention, parsed.data, "accepted");
  }

  sourceSettings(line: unknown): boolean {
    const parsed = lines.sourceSettingsLine.safeParse(line);
    if (!parsed.success) return false;
    const settings = mapSources(parsed.data, (id) => {
      const index = this.#index.get(id);
      return index === undefined ? undefined : sourceId(index + 1);
    });
    return this.#add("source-priorities", this.#restore.sourceSettings, settings, "accepted");
  }

  #add<T>(kind: ReadKind, list: readonly T[], item: T, as: "accepted" | "quarantined"): true {
    (list as T[]).push(item);
    const count = this.#tally.type(kind);
    count.read++;
    count[as]++;
    this.#restored++;
    return true;
  }

  /** Opens the account of readings of a metric; undefined, and all rejected, where the catalogue does not know it. */
  #count(metric: string, n: number): TypeCount | undefined {
    const count = this.#tally.type(metric);
    count.read += n;
    if (metric !== "sleep" && metric !== "workout" && metricOf(metric) === undefined) {
      for (let i = 0; i < n; i++) this.#tally.reject(count, "unknown_metric", metric);
      return undefined;
    }
    this.#tally.credit(metric, [metric]).n += n;
    return count;
  }

  /** Index of a source in the batch. */
  #sourceOf(id: string | undefined): number | undefined {
    return id === undefined ? undefined : this.#index.get(id);
  }
}

const MAPPERS: Readonly<Record<ReadKind, (mapper: LineMapper, line: unknown) => boolean>> = {
  sources: () => true,
  profile: (mapper, line) => mapper.profile(line),
  "deleted-records": (mapper, line) => mapper.deletedRecord(line),
  "deleted-ranges": (mapper, line) => mapper.deletedRange(line),
  samples: (mapper, line) => mapper.samples(line),
  readings: (mapper, line) => mapper.reading(line),
  "sleep-stretches": (mapper, line) => mapper.stretch(line),
  sleep: (mapper, line) => mapper.sleep(line),
  workouts: (mapper, line) => mapper.workout(line),
  "lab-reports": (mapper, line) => mapper.labReport(line),
  "lab-results": (mapper, line) => mapper.labResult(line),
  daily: (mapper, line) => mapper.daily(line),
  hours: (mapper, line) => mapper.hour(line),
  quarantine: (mapper, line) => mapper.quarantined(line),
  retention: (mapper, line) => mapper.retention(line),
  "source-priorities": (mapper, line) => mapper.sourceSettings(line),
};

/** Without fields that are not there. */
function withoutGaps<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function nothing(): Writable<Omit<Restore, "sources">> {
  return { deletedRecords: [], deletedRanges: [], hours: [], quarantined: [], details: undefined, retention: [], sourceSettings: [] };
}

function bodyOf(more: z.output<typeof lines.readingLine>["more"]) {
  const { derivedFrom: _derived, ...body } = more ?? {};
  return body as { text?: string; components?: Record<string, number>; attributes?: Record<string, unknown> };
}

function idOf(id: string | null | undefined): { id?: string } {
  return id === null || id === undefined || id === "" ? {} : { id };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
