import type { Binaries } from "../fhir/stored/binaries";
import type { ExportRecord } from "../../../shared/exports/records";
import type { NotReimported } from "../../../shared/exports/manifest";
import { metricByCode } from "../../../shared/health/catalogue";
import type { ResourceKind } from "../../../shared/policy/vocabulary";
import type { Details } from "../details";
import type { EmergencyAccesses } from "../emergency/accesses";
import type { FhirView } from "../fhir/view";
import type { Labs } from "../labs/labs";
import type { Addresses } from "../notifications/addresses";
import type { VaultState } from "../state";

/** What the kinds of an export read from. */
export interface ExportContext {
  readonly state: VaultState;
  readonly details: Details;
  readonly emergencies: EmergencyAccesses;
  readonly labs: Labs;
  readonly addresses: Addresses;
  readonly binaries: Binaries;
  readonly fhir: FhirView;
}

/** Where a page ended: the key of its last row. */
export type RowKey = readonly (string | number)[];

/** One kind of thing in an export: which tables it shows, and how a row of it becomes a record. */
export interface ExportKind {
  readonly kind: string;
  /** Every table that this kind shows. */
  readonly tables: readonly string[];
  readonly resource: ResourceKind;
  /** Fields of a record, in the order of the columns of a table. */
  readonly columns: readonly string[];
  /** Why an import of the archive does not bring it back; absent where it does. */
  readonly notReimported?: NotReimported;
  /** `ndjson` and `csv` where absent. */
  readonly formats?: readonly ("ndjson" | "csv")[];
  /** Records beyond a key, in order. Read lazily: the caller stops when it has enough. */
  rows(
    ctx: ExportContext,
    after: RowKey | undefined,
    part: string,
  ): Iterable<readonly [RowKey, ExportRecord]> | Promise<Iterable<readonly [RowKey, ExportRecord]>>;
  /** The files of the kind where it has more than one: a name each, and about how many records. */
  parts?(ctx: ExportContext): readonly { readonly part: string; readonly records: number }[];
}

type Row = Record<string, string | number | null>;

export interface TableKind extends Omit<ExportKind, "rows"> {
  /** The table that is read, row by row of its key. */
  readonly from: string;
  readonly key: readonly string[];
  /** A condition with one `?` for the part. */
  readonly where?: string;
  readonly bind?: (part: string) => readonly (string | number)[];
  readonly record: (row: Row, ctx: ExportContext) => ExportRecord;
}

/** A kind that shows one table: keyset pages over its key, so that a page costs what it shows. */
export function tableKind({ from, key, where = "true", bind = () => [], record, ...kind }: TableKind): ExportKind {
  return {
    ...kind,
    *rows(ctx, after, part) {
      const past = after === undefined ? "" : `AND (${key.join(", ")}) > (${key.map(() => "?").join(", ")})`;
      const query = `SELECT * FROM ${from} WHERE ${where} ${past} ORDER BY ${key.join(", ")}`;
      for (const row of ctx.state.sql.exec<Row>(query, ...bind(part), ...(after ?? []))) {
        yield [key.map((column) => row[column] as string | number), record(row, ctx)] as const;
      }
    },
  };
}

/** The catalogue key of a metric's code; codes that the catalogue has lost keep their number. */
export function metricKey(code: unknown): string {
  return metricByCode(Number(code))?.key ?? `metric_${String(code)}`;
}

/** What a column of JSON holds, or null. */
export function parsed(text: unknown): unknown {
  return typeof text === "string" && text !== "" ? (JSON.parse(text) as unknown) : null;
}

/** Null for an empty text. */
export function filled(text: unknown): unknown {
  return text === "" ? null : text;
}
