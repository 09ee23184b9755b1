import * as z from "zod";
import type { IdentifiedSamples } from "../health/merge";
import { csvLine } from "./csv";
import { stamp } from "./records";

/** The dense samples of one metric and source in one hour, with what a vendor said of single ones beyond their value. */
export interface DenseHourRecord {
  readonly metric: string;
  readonly unit: string;
  /** `src_3` */
  readonly source: string;
  readonly samples: IdentifiedSamples;
  /** Instants with the JSON text of what is known of the sample there. */
  readonly more: readonly (readonly [at: number, body: string])[];
}

export const DENSE_COLUMNS = ["at", "value", "source", "version", "recordId", "more"] as const;

/** One line for the hour: instants and versions as runs, so that a second at a time costs little more than its value. */
export function denseLine({ metric, unit, source, samples, more }: DenseHourRecord): string {
  const { at, value, zone, version, ids } = samples;
  return `${JSON.stringify({
    metric,
    unit,
    source,
    from: stamp(at[0] ?? 0, zone[0] ?? 0),
    steps: runs(Float64Array.from(at.subarray(1), (time, i) => time - at[i]!)),
    zones: runs(zone),
    versions: runs(version),
    values: [...value],
    ...(ids !== undefined && { recordIds: ids }),
    ...(more.length > 0 && { more: more.map(([time, body]) => [time, JSON.parse(body) as unknown]) }),
  })}\n`;
}

/** The hour as lines of CSV, one for each sample. */
export function denseCsv({ source, samples, more }: DenseHourRecord): string {
  const { at, value, zone, version, ids } = samples;
  const bodies = new Map(more);
  let text = "";
  for (let i = 0; i < at.length; i++) {
    const time = at[i]!;
    const id = ids?.[i] ?? "";
    // Made by hand where nothing needs to be quoted: a year at 1 Hz has 31 million lines.
    const plain = `${stamp(time, zone[i]!)},${value[i]!},${source},${version[i]!},`;
    text +=
      id === "" && bodies.size === 0
        ? `${plain},\r\n`
        : csvLine([stamp(time, zone[i]!), value[i], source, version[i], id, bodies.get(time) ?? ""]);
  }
  return text;
}

const runsSchema = z.array(z.tuple([z.number(), z.int().min(1).max(4_000_000)])).max(4_000_000);

const denseSchema = z.object({
  metric: z.string().max(64),
  source: z.string().max(16),
  from: z.iso.datetime({ offset: true }),
  steps: runsSchema,
  zones: runsSchema,
  versions: runsSchema,
  values: z.array(z.number()).min(1).max(4_000_000),
  recordIds: z.array(z.string().max(512)).optional(),
  more: z.array(z.tuple([z.number(), z.record(z.string(), z.unknown())])).optional(),
});

/** The samples of a line, or undefined where it is none: columns of different lengths, or instants that do not rise. */
export function readDense(
  line: unknown,
): (Omit<DenseHourRecord, "unit" | "more"> & { readonly more: ReadonlyMap<number, Readonly<Record<string, unknown>>> }) | undefined {
  const parsed = denseSchema.safeParse(line);
  if (!parsed.success) return undefined;
  const { metric, source, from, steps, zones, versions, values, recordIds, more } = parsed.data;
  const n = values.length;
  const rise = spread(steps, n - 1);
  const zone = spread(zones, n);
  const version = spread(versions, n);
  if (rise === undefined || zone === undefined || version === undefined || (recordIds !== undefined && recordIds.length !== n))
    return undefined;
  const at = new Float64Array(n);
  at[0] = Date.parse(from);
  for (let i = 1; i < n; i++) {
    const step = rise[i - 1]!;
    if (!(step > 0)) return undefined;
    at[i] = at[i - 1]! + step;
  }
  const samples = { at, value: Float64Array.from(values), zone: Int32Array.from(zone), version };
  return { metric, source, samples: recordIds === undefined ? samples : { ...samples, ids: recordIds }, more: new Map(more) };
}

function runs(column: Float64Array | Int32Array): [number, number][] {
  const found: [number, number][] = [];
  for (const value of column) {
    const last = found.at(-1);
    if (last !== undefined && last[0] === value) last[1]++;
    else found.push([value, 1]);
  }
  return found;
}

function spread(list: readonly (readonly [number, number])[], n: number): Float64Array | undefined {
  const column = new Float64Array(n);
  let at = 0;
  for (const [value, count] of list) {
    if (at + count > n) return undefined;
    column.fill(value, at, at + count);
    at += count;
  }
  return at === n ? column : undefined;
}
