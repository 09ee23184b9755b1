import * as z from "zod";

export const DELIMITERS = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** Order in which a date of numbers has its parts. `epoch_s` and `epoch_ms` are counted since 1970. */
export const DATE_ORDERS = ["ymd", "dmy", "mdy", "epoch_s", "epoch_ms"] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

/** A column by its heading; the n-th of the same heading is `heading#n`. */
const column = z.string().min(1).max(256);

/** How the columns of a table are read. Every name is a heading of the table. */
export const csvMapping = z
  .strictObject({
    delimiter: z.enum(DELIMITERS),
    decimal: z.enum([".", ","]).describe("What separates the fraction of a number"),
    headerLine: z.int().min(1).max(100).describe("The line with the headings, counted from 1; what stands before it is passed over"),
    dateOrder: z.enum(DATE_ORDERS),
    zone: z.string().max(64).optional().describe("IANA zone of times without an offset; the person's own where it is not given"),
    time: z.strictObject({ date: column, clock: column.optional(), end: column.optional() }).describe("Columns with the instant"),
    columns: z
      .array(
        z.strictObject({
          column,
          metric: z.string().min(1).max(64),
          unit: z.string().max(32).optional().describe("As the column states its values; the metric's own where it is not given"),
          daily: z.boolean().optional().describe("The value belongs to the day, not to an instant"),
        }),
      )
      .max(100),
    headings: z
      .array(z.string().max(256))
      .max(200)
      .optional()
      .describe("The headings of the table; told, and ignored where it is given back"),
  })
  .meta({ id: "CsvMapping" });

/** How one column is read. */
export interface ColumnMapping {
  readonly column: string;
  readonly metric: string;
  readonly unit?: string | undefined;
  readonly daily?: boolean | undefined;
}

export interface CsvMapping {
  readonly delimiter: Delimiter;
  readonly decimal: "." | ",";
  readonly headerLine: number;
  readonly dateOrder: DateOrder;
  readonly zone?: string | undefined;
  readonly time: { readonly date: string; readonly clock?: string | undefined; readonly end?: string | undefined };
  readonly columns: readonly ColumnMapping[];
  /** The headings of the table, for whoever corrects a proposal. */
  readonly headings?: readonly string[] | undefined;
}
