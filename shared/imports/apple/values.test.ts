import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ecgCsv } from "../../../test/fixtures/apple-export";
import { categoryText } from "./categories";
import { parseDecimal } from "./decimal";
import { parseDevice } from "./device";
import { parseElectrocardiogram } from "./ecg";
import { InstantReader } from "./instant";
import { RouteParser } from "./route";
import { packWaveform, unpackWaveform } from "../../health/waveform";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("decimals", () => {
  test("are what Number makes of them", () => {
    const decimal = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.tuple(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.nat(999_999_999)).map(([whole, part]) => `${whole}.${part}`),
      fc.stringMatching(/^[+-]?[0-9]{1,25}\.[0-9]{0,25}$/),
    );
    fc.assert(
      fc.property(decimal, (text) => {
        expect(parseDecimal(bytesOf(text), 0, text.length)).toBe(Number(text));
      }),
    );
  });

  test.each(["", "-", ".", "NaN", "Infinity", "-inf", "1e999", "0x10", "1,5", "12a", "1.2.3"])("%j is none", (text) => {
    expect(parseDecimal(bytesOf(text), 0, text.length)).toBeNaN();
  });
});

describe("instants", () => {
  const read = (text: string): [number, number] | undefined => {
    const reader = new InstantReader();
    return reader.read(bytesOf(text), 0, text.length) ? [reader.at, reader.zone] : undefined;
  };

  test("are the same as the calendar's", () => {
    const date = fc.date({ min: new Date("1900-01-02T00:00:00Z"), max: new Date("2199-12-30T00:00:00Z"), noInvalidDate: true });
    fc.assert(
      fc.property(date, fc.integer({ min: -48, max: 56 }), (at, quarters) => {
        const instant = Math.floor(at.getTime() / 1_000) * 1_000;
        const wall = new Date(instant + quarters * 900_000).toISOString();
        const minutes = Math.abs(quarters) * 15;
        const zone = `${quarters < 0 ? "-" : "+"}${String(Math.floor(minutes / 60)).padStart(2, "0")}${String(minutes % 60).padStart(2, "0")}`;
        expect(read(`${wall.slice(0, 10)} ${wall.slice(11, 19)} ${zone}`)).toEqual([instant, quarters * 900]);
      }),
    );
  });

  test.each([
    ["2024-06-15T10:00:10Z", Date.UTC(2024, 5, 15, 10, 0, 10), 0],
    ["2024-06-15T10:00:10.250+02:00", Date.UTC(2024, 5, 15, 8, 0, 10, 250), 7_200],
  ])("%s is read", (text, at, zone) => {
    expect(read(text)).toEqual([at, zone]);
  });

  test.each([
    "2024-02-30 10:00:00 +0100",
    "2024-13-01 10:00:00 +0100",
    "2024-01-01 25:00:00 +0100",
    "2024-01-01 10:00:00 01000",
    "2024-01-01",
    "x".repeat(25),
    "",
  ])("%j is none", (text) => {
    expect(read(text)).toBeUndefined();
  });
});

test.each([
  ["SymptomSeverity", "HKCategoryValueSeverityMild", ["not_present", "mild"], "mild"],
  ["HKCategoryTypeIdentifierHeadache", "3", ["unspecified", "not_present", "mild", "moderate", "severe"], "moderate"],
  ["HKCategoryTypeIdentifierCervicalMucusQuality", "HKCategoryValueCervicalMucusQualityEggWhite", ["dry", "egg_white"], "egg_white"],
  ["HKCategoryTypeIdentifierMenstrualFlow", "HKCategoryValueVaginalBleedingLight", ["light", "heavy"], "light"],
  ["HKCategoryTypeIdentifierMenstrualFlow", "4", ["unspecified", "light", "medium", "heavy", "none"], "heavy"],
  ["HKCategoryTypeIdentifierMoodChanges", "HKCategoryValuePresenceNotPresent", ["present", "not_present"], "not_present"],
  ["HKCategoryTypeIdentifierHighHeartRateEvent", "HKCategoryValueNotApplicable", undefined, undefined],
  ["HKCategoryTypeIdentifierLowCardioFitnessEvent", "HKCategoryValueLowCardioFitnessEventLowFitness", undefined, "low_fitness"],
])("%s %s is %s", (type, value, values, text) => {
  expect(categoryText(type, value, values)).toBe(text);
});

test("a device's description is taken apart, its software left out", () => {
  expect(
    parseDevice("<<HKDevice: 0x28>, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch7,5, software:11.1>"),
  ).toEqual({
    deviceName: "Apple Watch",
    deviceManufacturer: "Apple Inc.",
    deviceModel: "Watch7,5",
    deviceType: "watch",
  });
  expect(parseDevice("Polar H10")).toEqual({ deviceName: "Polar H10", deviceType: "chest_strap" });
  expect(parseDevice("<<HKDevice: 0x0>>")).toEqual({});
});

describe("electrocardiograms", () => {
  test("are read in English", () => {
    expect(parseElectrocardiogram(bytesOf(ecgCsv({ samples: ["0.000", "-12.5", "1198.171"] })))).toMatchObject({
      at: Date.UTC(2026, 8, 5, 13, 30),
      zone: -14_400,
      classification: "Sinus Rhythm",
      samplingHz: 512,
      samplesUv: [0, -12.5, 1198.171],
      device: "Watch7,5",
      lead: "Lead I",
    });
  });

  test("are read with translated names, semicolons and decimal commas", () => {
    const names = [
      "Name",
      "Geburtsdatum",
      "Aufgezeichnet am",
      "Klassifizierung",
      "Symptome",
      "Softwareversion",
      "Gerät",
      "Messrate",
      "Ableitung",
      "Einheit",
    ];
    const csv = ecgCsv({ samples: ["0,012", "-3,5"], separator: ";", names, rate: "512 Hertz", unit: "mV" });
    expect(parseElectrocardiogram(bytesOf(csv))).toMatchObject({
      samplingHz: 512,
      samplesUv: [12, expect.closeTo(-3_500, 6)],
      lead: "Lead I",
    });
  });

  test.each([
    ["a table of something else", "leadI,value\n0,0.01\n1,0.02\n"],
    ["no samples", ecgCsv({ samples: [] })],
    ["broken samples", ecgCsv({ samples: ["1.0", "x", "2.0"] })],
    ["nothing", ""],
  ])("%s is none", (_what, csv) => {
    expect(parseElectrocardiogram(bytesOf(csv))).toBeUndefined();
  });

  test("a waveform comes back within half a step", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2_000, max: 2_000, noNaN: true }), { maxLength: 2_000 }), (samples) => {
        const packed = packWaveform(samples, 8_000);
        if (packed === undefined) return;
        expect(packed.data.length).toBeLessThanOrEqual(8_000);
        const back = unpackWaveform(packed);
        expect(back).toHaveLength(samples.length);
        for (const [i, sample] of samples.entries())
          expect(Math.abs((back?.[i] ?? Number.NaN) - sample)).toBeLessThanOrEqual(packed.stepUv / 2 + 1e-9);
      }),
      { numRuns: 50 },
    );
  });

  test("three decimals come back exactly", () => {
    const samples = Array.from({ length: 15_360 }, (_, i) => Math.round(Math.sin(i / 40) * 1_198_171) / 1_000);
    const packed = packWaveform(samples, 60_000);
    expect(packed?.stepUv).toBe(0.001);
    expect(packed === undefined ? [] : unpackWaveform(packed)).toEqual(samples);
  });
});

test("a route has its timed points, whatever the chunks and the order of attributes", () => {
  const xml = bytesOf(
    `<?xml version="1.0"?><gpx><metadata><time>2020-01-01T00:00:00Z</time></metadata><trk><trkseg>
     <trkpt lat="47.1" lon="15.4"><ele> 350.5 </ele><time>2026-01-01T10:00:00Z</time><extensions><speed>1</speed></extensions></trkpt>
     <trkpt lon='15.5' lat='47.2'><time>2026-01-01T10:00:01Z</time></trkpt>
     <trkpt lat="47.3" lon="15.6"/><trkpt lat="95" lon="15.6"><time>2026-01-01T10:00:02Z</time></trkpt></trkseg></trk></gpx>`,
  );
  for (const size of [1, 7, 64, xml.length]) {
    const parser = new RouteParser();
    for (let at = 0; at < xml.length; at += size) parser.push(xml.slice(at, at + size));
    expect(parser.points).toEqual([
      [Date.UTC(2026, 0, 1, 10), 47.1, 15.4, 350.5],
      [Date.UTC(2026, 0, 1, 10, 0, 1), 47.2, 15.5],
    ]);
  }
});
