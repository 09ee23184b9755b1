import type { Batch } from "../health/reading";
import { type FieldError, problem } from "../problem";
import { bridgeSections, type Section, type SectionKind } from "./bridge";
import { emitPressure } from "./correlation";
import { Delivery } from "./delivery";
import { InstantReader, WALL_CLOCK } from "./instant";
import type { Platform } from "./plan";
import { mapRecord } from "./record";
import { isObject, type Json, type Rejected } from "./reject";
import { sleepEntry } from "./sleep";
import { workoutEntry } from "./workout";

export { type Platform, PLATFORMS } from "./plan";
export { REJECT_REASONS, type Rejected, type RejectReason } from "./reject";

/** Most records, sleep entries, workouts and deletions one push may carry together. */
export const MOST_RECORDS = 10_000;
const LONGEST_CURSOR_BYTES = 4_096;

/** A push that was read. */
export interface Push {
  readonly batch: Batch;
  readonly rejected: readonly Rejected[];
  /** The client's own position, to be handed back once the batch is stored. */
  readonly cursor: string | null;
  /** Readings the push carried, each counted once: those of the batch and the refused ones. */
  readonly total: number;
}

/**
 * Reads what a phone posts: `{ provider?, sdkVersion?, syncTimestamp?, cursor?, data: { records, sleep, workouts, deleted? }, deleted? }`,
 * or one of the bridge shapes of `bridge.ts`.
 *
 * A record that cannot be understood is refused with a reason and never fails the rest. Bounds of plausibility are not checked here.
 * A record with many values (a series, a meal, a workout's samples) counts once per value; two halves of a blood pressure count once.
 *
 * @param receivedAt the present in epoch ms: nothing may lie more than a day after it.
 * @throws Problem `malformed` for text that is not JSON, `invalid` with JSON pointers for a wrong envelope. Neither repeats the input.
 */
export function parsePush(platform: Platform, body: Uint8Array | string, receivedAt: number): Push {
  const envelope = parseJson(body);
  const errors: FieldError[] = [];
  const syncedAt = readSyncTime(envelope, receivedAt, errors);
  const cursor = readCursor(envelope, errors);
  const sections = readSections(envelope, errors);
  const deleted = readDeleted(envelope, errors);
  const count = sections.reduce((n, section) => n + section.items.length, 0) + deleted.reduce((n, section) => n + section.items.length, 0);
  if (count > MOST_RECORDS) errors.push(fault("/data", "too_many", `A push may carry at most ${MOST_RECORDS} records.`));
  if (errors.length > 0) throw problem("invalid", undefined, { errors });

  const d = new Delivery(platform, receivedAt, syncedAt);
  for (const section of sections) mapSection(d, section);
  for (const section of deleted) mapDeleted(d, section);
  finishPanels(d);
  return { batch: d.builder.take(), rejected: d.rejected, cursor, total: d.total };
}

function parseJson(body: Uint8Array | string): Json {
  let value: unknown;
  try {
    value = JSON.parse(typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    // The parser's own sentence quotes the text.
    throw problem("malformed", "The body is not JSON in UTF-8.");
  }
  if (!isObject(value)) throw problem("invalid", undefined, { errors: [fault("", "not_an_object", "The body must be an object.")] });
  return value;
}

function fault(pointer: string, code: string, message: string): FieldError {
  return { pointer, code, message };
}

/** The delivery's own time, the version of records that tell none; 0 without one. A clock that runs ahead counts as now. */
function readSyncTime(envelope: Json, receivedAt: number, errors: FieldError[]): number {
  const stated = envelope["syncTimestamp"];
  if (stated === undefined || stated === null) return 0;
  const reader = new InstantReader();
  if (!reader.read(stated) || reader.zone === WALL_CLOCK || reader.ms < 0) {
    errors.push(fault("/syncTimestamp", "bad_date", "This must be an instant: ISO 8601 with a zone, or epoch milliseconds."));
    return 0;
  }
  return Math.min(reader.ms, receivedAt);
}

function readCursor(envelope: Json, errors: FieldError[]): string | null {
  const cursor = envelope["cursor"];
  if (cursor === undefined || cursor === null) return null;
  if (typeof cursor !== "string") errors.push(fault("/cursor", "not_text", "The cursor must be text."));
  else if (cursor.length > LONGEST_CURSOR_BYTES || new TextEncoder().encode(cursor).length > LONGEST_CURSOR_BYTES) {
    errors.push(fault("/cursor", "too_long", `The cursor may have at most ${LONGEST_CURSOR_BYTES} bytes.`));
  } else return cursor;
  return null;
}

const KINDS: readonly SectionKind[] = ["records", "sleep", "workouts"];

function readSections(envelope: Json, errors: FieldError[]): readonly Section[] {
  const bridged = bridgeSections(envelope);
  if (bridged !== undefined) return bridged;
  const data = envelope["data"];
  if (data === undefined && Array.isArray(envelope["deleted"])) return [];
  if (!isObject(data)) {
    errors.push(fault("/data", data === undefined ? "missing" : "not_an_object", "The push must carry its records in a `data` object."));
    return [];
  }
  const sections: Section[] = [];
  for (const kind of KINDS) {
    const items = data[kind];
    if (items === undefined || items === null) continue;
    if (Array.isArray(items)) sections.push({ kind, pointer: `/data/${kind}`, items });
    else errors.push(fault(`/data/${kind}`, "not_a_list", "This must be a list."));
  }
  return sections;
}

/** Deletions may stand beside `data` or inside it. */
function readDeleted(envelope: Json, errors: FieldError[]): readonly { readonly pointer: string; readonly items: readonly unknown[] }[] {
  const data = envelope["data"];
  const places: readonly (readonly [string, unknown])[] = [
    ["/deleted", envelope["deleted"]],
    ["/data/deleted", isObject(data) ? data["deleted"] : undefined],
  ];
  return places.flatMap(([pointer, items]) => {
    if (items === undefined || items === null) return [];
    if (Array.isArray(items)) return [{ pointer, items }];
    errors.push(fault(pointer, "not_a_list", "This must be a list of record ids."));
    return [];
  });
}

function mapSection(d: Delivery, { kind, pointer, items }: Section): void {
  d.section = pointer;
  d.total += items.length;
  for (let i = 0; i < items.length; i++) {
    d.index = i;
    const raw: unknown = items[i];
    if (kind === "records") mapRecord(d, raw);
    else mapEntry(d, kind, raw);
  }
}

function mapEntry(d: Delivery, kind: "sleep" | "workouts", raw: unknown): void {
  if (!isObject(raw)) {
    d.id = undefined;
    return d.reject("not_an_object");
  }
  const wrong = d.header(raw);
  if (wrong !== undefined) return d.reject(wrong);
  if (kind === "sleep") sleepEntry(d, raw);
  else workoutEntry(d, raw, mapRecord);
}

/** A deletion must beat every version of what it deletes, so it carries the time of the delivery, or of its arrival. */
function mapDeleted(d: Delivery, { pointer, items }: { readonly pointer: string; readonly items: readonly unknown[] }): void {
  d.section = pointer;
  d.total += items.length;
  const version = d.syncedAt === 0 ? d.receivedAt : d.syncedAt;
  for (let i = 0; i < items.length; i++) {
    d.index = i;
    const entry: unknown = items[i];
    const wrong = d.readId(isObject(entry) ? (entry["id"] ?? entry["uuid"]) : entry);
    if (wrong !== undefined) d.reject(wrong);
    else if (d.id === undefined) d.reject("bad_id");
    else d.builder.delete(d.vendor, d.id, version);
  }
}

/** Pairs the halves of blood pressures once all records are read. */
function finishPanels(d: Delivery): void {
  const { pairs, lone, empty, headers, repeated } = d.panels.finish();
  for (const pair of pairs) emitPressure(d, pair);
  for (const part of lone) d.rejected.push({ id: part.id ?? part.place, reason: "incomplete_panel" });
  for (const id of empty) d.rejected.push({ id, reason: "incomplete_panel" });
  // Two halves are one reading; repeats and headers of what is told elsewhere are none.
  d.total -= pairs.length + repeated + headers - empty.length;
}
