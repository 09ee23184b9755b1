import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import type { Batch, Receipt } from "../../shared/health/reading";
import type { PersonId, RandomBytes } from "../../shared/id";
import type { Log } from "../../shared/log";
import type { News, Noted } from "../../shared/notifications/types";
import type { Region } from "../../shared/region";
import type { Happening } from "../../shared/webhooks/events";
import type { Timers } from "./timers";

/** What the vault knows of its person beyond readings. */
export interface Profile {
  /** IANA zone, used where a reading does not tell its own. */
  readonly timeZone: string;
  readonly locale: string;
  readonly name?: string;
}

/** One metric's window that a write touched, per stored source. Times epoch milliseconds, `to` inclusive. */
export interface Touched {
  /** Catalogue key; `sleep` and `workout` for sessions. */
  readonly metric: string;
  /** Number of the source in this vault. */
  readonly source: number;
  readonly from: number;
  readonly to: number;
  /** What was written, where it was numeric; absent for deletions and sessions. */
  readonly written?: { readonly at: Float64Array; readonly value: Float64Array; readonly end?: Float64Array | undefined };
  /** True where everything in `written` is new: nothing in it repeats or corrects what was stored. */
  readonly fresh?: boolean;
  /** True where the vault computed it from what was written beside it. */
  readonly isDerived?: boolean;
  /** How many readings are new, and how many were corrected; absent where something was deleted. */
  readonly counts?: { readonly created: number; readonly updated: number };
}

/** Something that subscribers may hear of. Events of one type about one thing that follow each other closely become one. */
export interface VaultEvent extends Happening {
  /** The window that it is about, both ends included; epoch milliseconds. */
  readonly from?: number;
  readonly to?: number;
  /** Readings, where it counts them: the counts of what becomes one add up. */
  readonly n?: number;
  /** What else it says, of the machinery alone and never a reading's value. `from` stays that of the first, all else becomes the last's. */
  readonly facts?: Readonly<Record<string, string | number | null>>;
}

/** Called inside the writing transaction, with what it touched. Must be synchronous and cheap. */
export type RecordedListener = (touched: readonly Touched[]) => void;

/** Who brought readings: the person, or what worked for them, by its id. */
export type Writer = PersonActor | { readonly kind: "system"; readonly id: string };

/** What the parts of a vault share. */
export interface VaultState {
  readonly storage: DurableObjectStorage;
  readonly sql: SqlStorage;
  readonly env: Env;
  readonly person: PersonId;
  readonly region: Region;
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly timers: Timers;
  readonly log: Log;
  profile(): Profile;
  /** Stores a batch in one transaction, idempotently, and logs who brought it. */
  record(batch: Batch, by: Writer): Receipt;
  /** Tells subscribers of an event, once it may be told. Part of the caller's transaction; cheap where nobody listens. */
  emit(event: VaultEvent): void;
  /** Tells the person something, once, in their notifications. Part of the caller's transaction. */
  notify(news: News): Noted;
  /** What the person is told of a thread is read: they know. */
  readNotifications(thread: string): void;
  /** Registers a listener for every write of readings, by whatever path. */
  onRecorded(listener: RecordedListener): void;
}
