import { metric as metricOf } from "../health/catalogue";
import type { Batch } from "../health/reading";
import { labTest } from "../labs/catalogue";
import { testOf } from "../labs/read-result";
import { whenOf } from "../labs/when";
import type { ImportStep } from "./import-reader";
import type { TallyState } from "./tally";

/** What types of a file would become, counted by a dry run. Times ISO 8601. */
export interface MappingRow {
  /** Types as the file names them. Several where the file does not keep them apart in what it brings. */
  readonly types: readonly string[];
  /** Key of the catalogue, or `sleep`, `workout`; of a laboratory test `lab:` and its key, or `lab:unmatched`; of a resource `fhir:` and its type. */
  readonly metric: string;
  /** Canonical UCUM unit; empty where there is no number. */
  readonly unit: string;
  /** Units that the file states; empty where it states none. */
  readonly fileUnits: readonly string[];
  readonly count: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  /** The first few, in canonical units. */
  readonly examples: readonly { readonly at: string | null; readonly value: number | null; readonly text?: string }[];
}

interface Example {
  /** Undefined for what tells no time. */
  readonly at: number | undefined;
  readonly value: number | null;
  readonly text?: string | undefined;
}

interface Row {
  readonly types: string[];
  readonly metric: string;
  count: number;
  first: number | null;
  last: number | null;
  readonly examples: Example[];
}

/** Plain data from which a preview goes on. */
export type PreviewState = readonly Row[];

/** Before the type of a resource. */
const FHIR = "fhir:";
/** Before the key of a laboratory test: some have the name of a metric. */
const LAB = "lab:";
const MOST_EXAMPLES = 3;
const MOST_ROWS = 1_000;

/** Looks at what a reader hands on, and keeps the books of what would be stored. */
export class Preview {
  readonly #rows = new Map<string, Row>();

  constructor(state?: PreviewState) {
    for (const row of state ?? [])
      this.#rows.set(keyOf(row.metric, row.types), { ...row, types: [...row.types], examples: [...row.examples] });
  }

  get state(): PreviewState {
    return [...this.#rows.values()];
  }

  add({ batch, credits, labs, resources }: Pick<ImportStep, "batch" | "credits" | "labs" | "resources">): void {
    for (const { type, at, title } of resources?.drafts ?? [])
      this.#row(`${FHIR}${type}`, [type], at === undefined ? undefined : whenOf(at, "UTC")?.at, null, title);
    for (const result of labs?.results ?? []) {
      const { number, text, coding } = result.value;
      const key = `${LAB}${testOf(result)?.key ?? "unmatched"}`;
      this.#row(key, [result.type], whenOf(result.at, "UTC")?.at ?? 0, number ?? null, text ?? coding?.display);
    }
    const typesOf = new Map<string, readonly string[]>();
    for (const { metric, types } of credits) typesOf.set(metric, [...new Set([...(typesOf.get(metric) ?? []), ...types])].toSorted());
    for (const { metric, at, value, text } of readingsOf(batch)) this.#row(metric, typesOf.get(metric) ?? [], at, value, text);
  }

  /** The rows as they are shown. */
  rows({ units = {} }: TallyState): MappingRow[] {
    return [...this.#rows.values()].map(({ types, metric, count, first, last, examples }) => ({
      types,
      metric,
      unit: metricOf(metric)?.unit ?? labTest(metric.slice(LAB.length))?.unit ?? "",
      fileUnits: [...new Set(types.flatMap((type) => units[type] ?? []))],
      count,
      firstAt: iso(first),
      lastAt: iso(last),
      examples: examples.map(({ at, value, text }) => ({ at: iso(at), value, ...(text !== undefined && { text }) })),
    }));
  }

  /** `at` is undefined for what tells no time. */
  #row(metric: string, types: readonly string[], at: number | undefined, value: number | null, text: string | undefined): void {
    const key = keyOf(metric, types);
    let row = this.#rows.get(key);
    if (row === undefined) {
      if (this.#rows.size >= MOST_ROWS) return;
      row = { types: [...types], metric, count: 0, first: null, last: null, examples: [] };
      this.#rows.set(key, row);
    }
    row.count++;
    if (at !== undefined) {
      row.first = Math.min(row.first ?? at, at);
      row.last = Math.max(row.last ?? at, at);
    }
    if (row.examples.length < MOST_EXAMPLES) row.examples.push({ at, value, text });
  }
}

function* readingsOf(batch: Batch): Generator<Example & { readonly metric: string; readonly at: number }> {
  for (const { metric, start, value } of batch.series)
    for (let i = 0; i < start.length; i++) yield { metric, at: start[i]!, value: value[i]! };
  for (const { metric, start, value, text } of batch.readings) yield { metric, at: start, value, text };
  for (const { start, stage } of batch.sleepStretches) yield { metric: "sleep", at: start, value: null, text: stage };
  for (const { start } of batch.sleepSessions) yield { metric: "sleep", at: start, value: null };
  for (const { start, type } of batch.workouts) yield { metric: "workout", at: start, value: null, text: type };
}

function keyOf(metric: string, types: readonly string[]): string {
  return [metric, ...types].join("\n");
}

function iso(at: number | null | undefined): string | null {
  return typeof at === "number" && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : null;
}
