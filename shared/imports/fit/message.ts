import { BYTE, readNumber, STRING } from "./base-types";

/** A field of the profile: `value = raw / scale - offset`. */
export interface Field {
  readonly number: number;
  readonly scale: number;
  readonly offset: number;
}

/** Where a field lies in the data messages of a definition. */
export interface Slot {
  /** The field's number in its message, or in its developer's application. */
  readonly number: number;
  readonly offset: number;
  readonly type: number;
  /** Elements; 0 where the size does not fit the type. Bytes for strings. */
  readonly count: number;
  readonly size: number;
  /** For fields that are not in the profile. */
  readonly developer: DeveloperField | undefined;
}

/** What a field that is not in the profile says of itself. */
export interface DeveloperField {
  readonly type: number;
  readonly name: string;
  readonly units: string;
  readonly scale: number;
  readonly offset: number;
  /** The message and field of the profile that it stands for; NaN for none. */
  readonly nativeMessage: number;
  readonly nativeField: number;
}

/** What a definition message says of the data messages after it. */
export class Layout {
  readonly message: number;
  readonly little: boolean;
  readonly slots: readonly Slot[];
  readonly developerSlots: readonly Slot[];
  /** Bytes of a data message without its header. */
  readonly size: number;
  readonly time: Slot | undefined;
  /** Whatever a reader wants to remember for messages of this form. */
  plan: unknown;

  constructor(message: number, little: boolean, slots: readonly Slot[], developerSlots: readonly Slot[], size: number) {
    this.message = message;
    this.little = little;
    this.slots = slots;
    this.developerSlots = developerSlots;
    this.size = size;
    const time = this.slot(TIMESTAMP);
    this.time = time?.count === 0 ? undefined : time;
  }

  /** The place of a field of the profile: its own, or one of a developer's application that stands for it. */
  slot(number: number): Slot | undefined {
    for (const slot of this.slots) if (slot.number === number) return slot;
    return this.developerSlots.find(({ developer }) => developer?.nativeField === number && developer.nativeMessage === this.message);
  }
}

const TIMESTAMP = 253;
const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** The data message that a decoder stands on. One instance is reused for all: take what you need before you return. */
export class FitMessage {
  layout = new Layout(0, true, [], [], 0);
  bytes: Uint8Array = new Uint8Array();
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Where its first field begins. */
  at = 0;
  /** Seconds since 1989-12-31 UTC, from its own field or its header; NaN where it has neither. */
  time = Number.NaN;

  get number(): number {
    return this.layout.message;
  }

  /** The value of a field in the profile's unit, or NaN: absent, not measured, or no number. The first one of an array. */
  value(field: Field): number {
    const slot = this.layout.slot(field.number);
    return slot === undefined ? Number.NaN : this.scaled(slot, field);
  }

  /** The value of a field at a known place. */
  scaled(slot: Slot, field: Field, index = 0): number {
    const raw = this.raw(slot, index);
    if (slot.developer !== undefined) return raw / slot.developer.scale - slot.developer.offset;
    return field.scale === 1 && field.offset === 0 ? raw : raw / field.scale - field.offset;
  }

  /** All values of a field; NaN for those not measured, none where it is absent. */
  values(field: Field): number[] {
    const slot = this.layout.slot(field.number);
    if (slot === undefined || slot.type === STRING) return [];
    return Array.from({ length: slot.count }, (_, i) => this.scaled(slot, field, i));
  }

  /** The number as stored. */
  raw(slot: Slot, index = 0): number {
    if (index >= slot.count) return Number.NaN;
    const step = slot.type === BYTE ? 1 : slot.size / slot.count;
    return readNumber(this.view, this.at + slot.offset + index * step, slot.type, this.layout.little);
  }

  /** The bytes of a field. */
  slice(slot: Slot): Uint8Array {
    return this.bytes.subarray(this.at + slot.offset, this.at + slot.offset + slot.size);
  }

  /** The text of a field, or undefined: absent, empty, or no text. */
  text(field: Field): string | undefined {
    const slot = this.layout.slot(field.number);
    return slot === undefined ? undefined : this.texts(slot)[0];
  }

  /** The texts of a field; one field may hold several, each with a NUL after it. */
  texts(slot: Slot): string[] {
    if (slot.type !== STRING) return [];
    const texts = utf8.decode(this.slice(slot)).split("\u0000");
    while (texts.at(-1) === "") texts.pop();
    return texts;
  }
}
