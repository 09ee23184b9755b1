import type { Restore } from "../exports/restore";
import type { Batch } from "../health/reading";
import type { CsvMapping } from "./csv/mapping";
import type { ResourceDraft } from "./fhir/taken-in";
import type { LabBatch } from "../labs/result";
import type { Credit, Tally } from "./tally";

/** Something to store, and where to go on once it is stored. */
export interface ImportStep {
  readonly batch: Batch;
  /** What an export of Meridian brings beyond readings; stored before the batch. */
  readonly restore?: Restore;
  /** Laboratory reports and results; stored beside the batch. */
  readonly labs?: LabBatch;
  /** Resources for the person's FHIR repository; stored after the laboratory's. `isEnd` with the last of the file. */
  readonly resources?: { readonly drafts: readonly ResourceDraft[]; readonly isEnd: boolean };
  /** Accounts to settle with the receipt of `batch`. */
  readonly credits: readonly Credit[];
  /** Plain data to go on from, valid once the receipt is settled; undefined between the parts of one unit. */
  readonly checkpoint: (() => unknown) | undefined;
  /** Bytes of the file worked off, and their sum. */
  readonly done: number;
  readonly total: number;
  readonly finished: boolean;
}

/** Reads a file as a sequence of batches. Reading throws a Problem `file_unreadable` for what is no such file. */
export interface ImportReader {
  readonly tally: Tally;
  /** How the columns of a table are read, known once reading has begun; absent for files that need no such thing. */
  readonly columns?: CsvMapping | undefined;
  next(): Promise<ImportStep>;
  /** Lets go of the file. */
  cancel(): Promise<void>;
}
