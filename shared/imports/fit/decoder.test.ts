import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { F, FIT_TYPES, type FitField, type FitTypeName, FitWriter, fileId, fitRide, joined } from "../../../test/fixtures/fit-file";
import { isProblem } from "../../problem";
import { STRING } from "./base-types";
import { FitDecoder, type FitFault, looksLikeFit } from "./decoder";
import type { FitMessage } from "./message";
import { RECORD } from "./profile";

interface Decoded {
  readonly number: number;
  readonly time: number;
  readonly fields: readonly (readonly [number: number, values: readonly (number | string)[]])[];
}

function everything(message: FitMessage): Decoded {
  const { slots, developerSlots } = message.layout;
  return {
    number: message.number,
    time: message.time,
    fields: [...slots, ...developerSlots].map((slot) => [
      slot.number,
      slot.type === STRING ? message.texts(slot) : Array.from({ length: slot.count }, (_, i) => message.raw(slot, i)),
    ]),
  };
}

/** Decodes bytes handed over in pieces of a size. */
function decode(bytes: Uint8Array, pieceSize = bytes.length): { messages: Decoded[]; faults: FitFault[]; files: number } {
  const messages: Decoded[] = [];
  let files = 0;
  const decoder = new FitDecoder({ begin: () => files++, message: (message) => messages.push(everything(message)) });
  for (let at = 0; at < bytes.length; at += Math.max(1, pieceSize)) decoder.push(bytes.slice(at, at + Math.max(1, pieceSize)));
  decoder.end();
  return { messages, faults: [...decoder.faults], files };
}

const RANGES: Partial<Record<FitTypeName, readonly [number, number]>> = {
  enum: [0, 0xfe],
  sint8: [-0x80, 0x7e],
  uint8: [0, 0xfe],
  sint16: [-0x8000, 0x7ffe],
  uint16: [0, 0xfffe],
  sint32: [-0x8000_0000, 0x7fff_fffe],
  uint32: [0, 0xffff_fffe],
  uint8z: [1, 0xff],
  uint16z: [1, 0xffff],
  uint32z: [1, 0xffff_ffff],
  byte: [0, 0xfe],
  sint64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  uint64z: [1, Number.MAX_SAFE_INTEGER],
};

const anyField: fc.Arbitrary<FitField> = fc
  .record({ number: fc.integer({ min: 0, max: 252 }), type: fc.constantFrom(...(Object.keys(FIT_TYPES) as FitTypeName[])) })
  .chain(({ number, type }): fc.Arbitrary<FitField> => {
    if (type === "string") {
      return fc.string({ unit: "binary", maxLength: 20 }).map((text) => ({ number, type, values: text.replaceAll("\u0000", "") }));
    }
    const range = RANGES[type];
    const numbers: fc.Arbitrary<number> =
      range !== undefined
        ? fc.integer({ min: range[0], max: range[1] })
        : type === "float32"
          ? fc.float({ noNaN: true, noDefaultInfinity: true })
          : fc.double({ noNaN: true, noDefaultInfinity: true });
    return fc.array(fc.option(numbers), { minLength: 1, maxLength: 6 }).map((values) => ({ number, type, values }));
  });

const anyMessage = fc.record({
  global: fc.integer({ min: 300, max: 0xfffe }),
  fields: fc.uniqueArray(anyField, { maxLength: 8, selector: (field) => field.number }),
  local: fc.integer({ min: 0, max: 15 }),
  big: fc.boolean(),
});

function written(field: FitField): readonly (number | string)[] {
  if (typeof field.values === "string") return field.values === "" ? [] : [field.values];
  return field.values.map((value) => (value === null ? Number.NaN : Number(value)));
}

function fileOf(messages: readonly { global: number; fields: readonly FitField[]; local: number; big: boolean }[]): Uint8Array {
  const writer = new FitWriter();
  for (const { global, fields, local, big } of messages) writer.message(global, fields, { local, big });
  return writer.file();
}

test("any messages of any types and byte orders come back as they were written, in whatever pieces they arrive", () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 12 }), fc.integer({ min: 1, max: 400 }), (messages, pieceSize) => {
      const { messages: found, faults } = decode(fileOf(messages), pieceSize);
      expect(faults).toEqual([]);
      expect(found.map(({ number, fields }) => [number, fields])).toEqual(
        messages.map(({ global, fields }) => [global, fields.map((field) => [field.number, written(field)])]),
      );
    }),
    { numRuns: 100 },
  );
});

test("a file that is cut off anywhere gives the messages before the cut, or is refused", () => {
  const whole = joined(fitRide(2), fitRide(1));
  const { messages } = decode(whole);
  for (let length = 0; length < whole.length; length++) {
    try {
      const cut = decode(whole.slice(0, length), 64);
      expect(messages.slice(0, cut.messages.length)).toEqual(cut.messages);
      if (cut.files === 2 || cut.faults.length === 0) continue;
      expect(cut.faults).toEqual([length < fitRide(2).length ? "truncated" : "trailing_bytes"]);
    } catch (error) {
      if (!isProblem(error)) throw error;
      expect([error.code, length < 14]).toEqual(["file_unreadable", true]);
    }
  }
});

test("random bytes after a header, and single bytes altered, never do more than spoil what follows", () => {
  const whole = fitRide(4);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 300 }), (at, value, noise) => {
      const altered = whole.slice();
      altered[at] = value;
      for (const bytes of [altered, new FitWriter().raw(...noise).file(), joined(whole, noise)]) {
        try {
          decode(bytes, 50);
        } catch (error) {
          if (!isProblem(error)) throw error;
        }
      }
    }),
    { numRuns: 150 },
  );
});

describe("the header", () => {
  test("may have 12 or 14 bytes", () => {
    const writer = new FitWriter().message(0, fileId(4));
    for (const headerBytes of [12, 14] as const) expect(decode(writer.file({ headerBytes })).messages).toHaveLength(1);
  });

  test("is what tells a FIT file", () => {
    expect(looksLikeFit(fitRide(1))).toBe(true);
    expect(looksLikeFit(fitRide(1).slice(0, 11))).toBe(false);
    expect(looksLikeFit(new TextEncoder().encode("<?xml version='1.0'?>"))).toBe(false);
    expect(() => decode(new TextEncoder().encode("this is no such file at all"))).toThrow("The file is no FIT file.");
    expect(() => decode(new Uint8Array())).toThrow("The file is no FIT file.");
  });

  test("of a device that lost power states no length: the file is read to its end", () => {
    const file = new FitWriter()
      .message(0, fileId(4))
      .message(20, [F.u8(3, 120)], { local: 1 })
      .file({ length: 0 });
    expect(decode(file.slice(0, -2))).toMatchObject({ messages: { length: 2 }, faults: [] });
  });
});

test("a wrong checksum is a fault and costs nothing", () => {
  const file = new FitWriter()
    .message(0, fileId(4))
    .message(20, [F.u8(3, 120)], { local: 1 })
    .file({ checksum: 1 });
  expect(decode(file)).toMatchObject({ messages: { length: 2 }, faults: ["checksum"] });
});

test("files that follow each other are read one after the other, each with definitions of its own", () => {
  const first = new FitWriter().message(20, [F.u8(3, 100)]).file();
  const second = new FitWriter().message(20, [F.u16(7, 250)]).file();
  const found = decode(joined(first, second), 5);
  expect(found).toMatchObject({ files: 2, faults: [] });
  expect(found.messages.map(({ fields }) => fields)).toEqual([[[3, [100]]], [[7, [250]]]]);
});

test("a file made of countless empty files is not read to its end", () => {
  const many = new Uint8Array(Array.from({ length: 1_100 }, () => [...new FitWriter().file()]).flat());
  expect(decode(many)).toMatchObject({ files: 1_000, faults: ["trailing_bytes"] });
});

test("a message without a definition ends its file, and the next file is still read", () => {
  const broken = new FitWriter()
    .message(20, [F.u8(3, 100)])
    .raw(5, 1, 2, 3)
    .file();
  const found = decode(joined(broken, fitRide(1)), 9);
  expect(found.files).toBe(2);
  expect(found.faults).toEqual(["undefined_message"]);
  expect(found.messages).toHaveLength(1 + decode(fitRide(1)).messages.length);
});

test("times in headers count on from the last time, across their five bits", () => {
  const writer = new FitWriter().message(20, [F.u32(253, 1_000_000_030), F.u8(3, 100)]);
  for (const time of [1_000_000_031, 1_000_000_032, 1_000_000_032, 1_000_000_060, 1_000_000_070]) {
    writer.message(20, [F.u8(3, 101)], { local: 1, time });
  }
  expect(decode(writer.file()).messages.map(({ time }) => time)).toEqual([
    1_000_000_030, 1_000_000_031, 1_000_000_032, 1_000_000_032, 1_000_000_060, 1_000_000_070,
  ]);
});

test("a field of a developer is read by its own description, and stands in for the field of the profile that it names", () => {
  const describe = [
    F.u8(0, 3),
    F.u8(1, 9),
    F.u8(2, FIT_TYPES.uint16.number),
    F.text(3, "Leistung"),
    F.text(8, "W"),
    F.u8(6, 10),
    F.u16(14, RECORD.number),
    F.u8(15, RECORD.fields.power.number),
  ];
  const record: FitField[] = [F.u8(3, 140), { number: 9, type: "uint16", values: [2_505], developer: 3 }];
  const file = new FitWriter()
    .message(206, describe)
    .message(20, record, { local: 1 })
    .message(20, [F.u8(3, 141)], { local: 2 })
    .file();
  const powers: number[] = [];
  const decoder = new FitDecoder({
    message: (message) => {
      if (message.number === RECORD.number) powers.push(message.value(RECORD.fields.power), message.value(RECORD.fields.heartRate));
    },
  });
  decoder.push(file);
  decoder.end();
  expect(powers).toEqual([250.5, 140, Number.NaN, 141]);
});

test("a field whose size does not fit its type is passed over", () => {
  // heart_rate as a uint16 of three bytes, then power.
  const file = new FitWriter().raw(0x40, 0, 0, 20, 0, 2, 3, 3, 0x84, 7, 2, 0x84).raw(0, 1, 2, 3, 0xfa, 0).file();
  const found: number[] = [];
  const decoder = new FitDecoder({ message: (m) => found.push(m.value(RECORD.fields.heartRate), m.value(RECORD.fields.power)) });
  decoder.push(file);
  decoder.end();
  expect(found).toEqual([Number.NaN, 250]);
});
