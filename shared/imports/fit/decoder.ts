import { problem } from "../../problem";
import { viewOf } from "../zip/entry";
import { baseTypeOf, BYTE, sizeOf, STRING } from "./base-types";
import { fitChecksum } from "./checksum";
import { type DeveloperField, FitMessage, Layout, type Slot } from "./message";
import { FIELD_DESCRIPTION } from "./profile";

export interface FitHandler {
  /** A file begins; several may follow each other in one. */
  begin?(): void;
  message(message: FitMessage): void;
}

/** What is wrong with a file; everything before the fault has been handed on. */
export type FitFault = "truncated" | "checksum" | "header_checksum" | "undefined_message" | "trailing_bytes";

type State = "header" | "unsure" | "data" | "skip" | "checksum" | "over";

const LEAST_HEADER = 12;
const CHECKED_HEADER = 14;
const CHECKSUM_BYTES = 2;
const COMPRESSED = 0x80;
const DEFINITION = 0x40;
const WITH_DEVELOPER_FIELDS = 0x20;
const DEFINITION_HEAD = 6;
const TIME_BITS = 31;
/** In a file whose writer lost power before it could fill in the length. */
const UNKNOWN_SIZE = Number.MAX_SAFE_INTEGER;
/** Files that follow each other in one; years of a watch are kept in fewer. */
const MOST_FILES = 1_000;
const NOTHING = new Uint8Array();
const UNDESCRIBED: DeveloperField = {
  type: BYTE,
  name: "",
  units: "",
  scale: 1,
  offset: 0,
  nativeMessage: Number.NaN,
  nativeField: Number.NaN,
};

/** Whether bytes begin as a FIT file does: its header names its own length, and the format. */
export function looksLikeFit(bytes: Uint8Array): boolean {
  return (
    bytes.length >= LEAST_HEADER &&
    bytes[0]! >= LEAST_HEADER &&
    bytes[8] === 0x2e &&
    bytes[9] === 0x46 &&
    bytes[10] === 0x49 &&
    bytes[11] === 0x54
  );
}

/**
 * Decodes FIT files (Garmin, "Flexible and Interoperable Data Transfer Protocol") chunk by chunk. Messages are handed on as they are
 * complete and their fields read on demand, so memory is bounded by one message. `push` throws a Problem `file_unreadable` for what is
 * no FIT file; any other damage is a fault, and what came before it counts.
 */
export class FitDecoder {
  readonly faults = new Set<FitFault>();
  /** Data messages handed on. */
  messages = 0;
  readonly #handler: FitHandler;
  readonly #checks: boolean;
  readonly #message = new FitMessage();
  #rest: Uint8Array = NOTHING;
  #layouts: (Layout | undefined)[] = [];
  #developer = new Map<number, DeveloperField>();
  #state: State = "header";
  /** Bytes of the file's data still to come. */
  #left = 0;
  #checksum = 0;
  #lastTime = 0;
  #files = 0;

  /** Without `checks` the sums at the end of files are not compared. */
  constructor(handler: FitHandler, options: { readonly checks?: boolean } = {}) {
    this.#handler = handler;
    this.#checks = options.checks ?? true;
  }

  push(chunk: Uint8Array): void {
    if (this.#state === "over") return;
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    this.#message.bytes = bytes;
    this.#message.view = viewOf(bytes);
    let at = 0;
    for (;;) {
      const before: State = this.#state;
      const next = this.#take(bytes, at);
      if (next === at && this.#state === before) break;
      at = next;
    }
    this.#rest = at === bytes.length ? NOTHING : bytes.slice(at);
  }

  /** Ends the input. Throws a Problem `file_unreadable` where no FIT file has begun. */
  end(): void {
    if (this.#state === "over") return;
    if (this.#files === 0) throw noFit();
    if (this.#state === "header") {
      if (this.#rest.length > 0) this.faults.add("trailing_bytes");
      return;
    }
    // A file of unknown length may still have its checksum.
    const isComplete = this.#state === "data" && this.#left > UNKNOWN_SIZE / 2 && this.#rest.length <= CHECKSUM_BYTES;
    if (!isComplete) this.faults.add("truncated");
  }

  /** Works off what it can from `at`; answers where it stopped. */
  #take(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case "header":
        return this.#header(bytes, at);
      case "unsure":
        return this.#empty(bytes, at);
      case "data":
        return this.#data(bytes, at);
      case "skip":
        return this.#skip(bytes, at);
      case "checksum":
        return this.#compare(bytes, at);
      case "over":
        return bytes.length;
    }
  }

  #header(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < LEAST_HEADER) return at;
    const size = bytes[at]!;
    if (this.#files >= MOST_FILES || !looksLikeFit(bytes.subarray(at, at + LEAST_HEADER))) {
      if (this.#files === 0) throw noFit();
      this.faults.add("trailing_bytes");
      this.#state = "over";
      return bytes.length;
    }
    if (bytes.length - at < size) return at;
    const view = this.#message.view;
    const length = view.getUint32(at + 4, true);
    if (this.#checks && size >= CHECKED_HEADER) {
      const stated = view.getUint16(at + 12, true);
      if (stated !== 0 && stated !== fitChecksum(bytes, at, at + 12)) this.faults.add("header_checksum");
    }
    this.#left = length === 0 || length === 0xffff_ffff ? UNKNOWN_SIZE : length;
    this.#checksum = fitChecksum(bytes, at, at + size);
    this.#layouts = [];
    this.#developer = new Map();
    this.#lastTime = 0;
    this.#files++;
    this.#state = length === 0 ? "unsure" : "data";
    this.#handler.begin?.();
    return at + size;
  }

  /** A length of zero is that of an empty file where its checksum follows at once, and one that was never filled in otherwise. */
  #empty(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < CHECKSUM_BYTES) return at;
    const isEmpty = this.#message.view.getUint16(at, true) === this.#checksum;
    this.#state = isEmpty ? "header" : "data";
    return isEmpty ? at + CHECKSUM_BYTES : at;
  }

  #data(bytes: Uint8Array, from: number): number {
    const end = Math.min(bytes.length, from + this.#left);
    const isLast = bytes.length - from >= this.#left;
    let at = from;
    while (at < end) {
      const next = this.#record(bytes, at, end);
      if (next === at) break;
      if (next < 0) {
        this.faults.add("undefined_message");
        this.#state = "skip";
        break;
      }
      at = next;
    }
    if (this.#checks) this.#checksum = fitChecksum(bytes, from, at, this.#checksum);
    this.#left -= at - from;
    if (this.#state === "skip") return at;
    if (this.#left === 0) this.#state = "checksum";
    else if (isLast) {
      // A message reaches beyond the stated length.
      this.faults.add("truncated");
      this.#state = "skip";
    }
    return at;
  }

  /** Reads one message; answers where the next begins, `at` where it is incomplete, -1 where it cannot be understood. */
  #record(bytes: Uint8Array, at: number, end: number): number {
    const header = bytes[at]!;
    if ((header & COMPRESSED) === 0 && (header & DEFINITION) !== 0) return this.#define(bytes, at, end, header);
    const isCompressed = (header & COMPRESSED) !== 0;
    const layout = this.#layouts[isCompressed ? (header >> 5) & 3 : header & 15];
    if (layout === undefined) return -1;
    const next = at + 1 + layout.size;
    if (next > end) return at;
    const message = this.#message;
    message.layout = layout;
    message.at = at + 1;
    if (isCompressed) {
      // Five bits of time: the instant is the next one after the last that ends in them.
      this.#lastTime += ((header & TIME_BITS) - (this.#lastTime & TIME_BITS) + 32) & TIME_BITS;
      message.time = this.#lastTime;
    } else {
      const { time } = layout;
      message.time = time === undefined ? Number.NaN : message.raw(time);
      if (message.time >= 0 && message.time < 0xffff_ffff) this.#lastTime = message.time;
    }
    if (layout.message === FIELD_DESCRIPTION.number) this.#describe(message);
    this.messages++;
    this.#handler.message(message);
    return next;
  }

  #define(bytes: Uint8Array, at: number, end: number, header: number): number {
    const fieldsAt = at + DEFINITION_HEAD;
    if (fieldsAt > end) return at;
    const little = bytes[at + 2] === 0;
    const count = bytes[at + 5]!;
    let next = fieldsAt + 3 * count;
    const developerAt = next + 1;
    if ((header & WITH_DEVELOPER_FIELDS) !== 0) {
      if (developerAt > end) return at;
      next = developerAt + 3 * bytes[next]!;
    }
    if (next > end) return at;
    const slots: Slot[] = [];
    let offset = 0;
    for (let field = fieldsAt; field < fieldsAt + 3 * count; field += 3) {
      const slot = slotOf(bytes[field]!, offset, bytes[field + 1]!, baseTypeOf(bytes[field + 2]!));
      slots.push(slot);
      offset += slot.size;
    }
    const developerSlots: Slot[] = [];
    for (let field = developerAt; field < next; field += 3) {
      const [number, size, application] = [bytes[field]!, bytes[field + 1]!, bytes[field + 2]!];
      const developer = this.#developer.get(application * 256 + number) ?? UNDESCRIBED;
      developerSlots.push(slotOf(number, offset, size, developer.type, developer));
      offset += size;
    }
    const message = this.#message.view.getUint16(at + 3, little);
    this.#layouts[header & 15] = new Layout(message, little, slots, developerSlots, offset);
    return next;
  }

  #describe(message: FitMessage): void {
    const { fields } = FIELD_DESCRIPTION;
    const application = message.value(fields.developerDataIndex);
    const number = message.value(fields.fieldDefinitionNumber);
    const type = message.value(fields.fitBaseTypeId);
    if (Number.isNaN(application) || Number.isNaN(number) || Number.isNaN(type)) return;
    this.#developer.set(application * 256 + number, {
      type: baseTypeOf(type),
      name: message.text(fields.fieldName) ?? "",
      units: message.text(fields.units) ?? "",
      scale: message.value(fields.scale) || 1,
      offset: message.value(fields.offset) || 0,
      nativeMessage: message.value(fields.nativeMesgNum),
      nativeField: message.value(fields.nativeFieldNum),
    });
  }

  /** Passes over what cannot be read: the length still says where the next file begins. */
  #skip(bytes: Uint8Array, at: number): number {
    const passed = Math.min(bytes.length - at, this.#left);
    if (this.#checks) this.#checksum = fitChecksum(bytes, at, at + passed, this.#checksum);
    this.#left -= passed;
    if (this.#left === 0) this.#state = "checksum";
    return at + passed;
  }

  #compare(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < CHECKSUM_BYTES) return at;
    if (this.#checks && this.#message.view.getUint16(at, true) !== this.#checksum) this.faults.add("checksum");
    this.#state = "header";
    return at + CHECKSUM_BYTES;
  }
}

function slotOf(number: number, offset: number, size: number, stated: number, developer?: DeveloperField): Slot {
  const step = sizeOf(stated);
  // What is no whole number of elements is kept as bytes and read as nothing.
  const type = stated === STRING || size % step === 0 ? stated : BYTE;
  return { number, offset, type, size, count: type === stated ? size / step : 0, developer };
}

function noFit(): Error {
  return problem("file_unreadable", "The file is no FIT file.");
}
