import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFileAs } from "../../../test/fixtures/read-import";
import { isProblem } from "../../problem";
import { inferMapping } from "./infer";
import type { CsvMapping } from "./mapping";
import { numberOf, rowTime } from "./values";

async function refused(content: string | Uint8Array, mapping?: CsvMapping): Promise<string | undefined> {
  try {
    await readFileAs(content, { kind: "csv", ...(mapping !== undefined && { mapping }) });
  } catch (error) {
    return isProblem(error) ? `${error.code}: ${error.detail}` : String(error);
  }
  return undefined;
}

const WEIGHTS =
  "Datum;Uhrzeit;Gewicht (kg);Körperfett %\r\n13.02.2025;07:30;72,4;18,5\r\n14.02.2025;07:31;1.072,4;\r\n15.02.2025;;72,1;18\r\n";

describe("a table says by itself what it holds", () => {
  test("semicolons, decimal commas, German headings and a clock in a column of its own", async () => {
    const read = await readFileAs(WEIGHTS, { zone: "Europe/Berlin" });
    expect(read.kind).toBe("csv");
    expect(read.columns).toMatchObject({ delimiter: ";", decimal: ",", dateOrder: "dmy", time: { date: "Datum", clock: "Uhrzeit" } });
    expect(read.values.map(({ metric, kind, at, value, date }) => [metric, kind, date ?? new Date(at).toISOString(), value])).toEqual([
      ["body_weight", "sample", "2025-02-13T06:30:00.000Z", 72.4],
      ["body_weight", "sample", "2025-02-14T06:31:00.000Z", 1_072.4],
      ["body_fat_pct", "sample", "2025-02-13T06:30:00.000Z", 18.5],
      ["body_weight", "daily", "2025-02-15", 72.1],
      ["body_fat_pct", "daily", "2025-02-15", 18],
    ]);
  });

  test.each([
    [
      "UTF-16 with a mark",
      (text: string) => Uint8Array.from([0xff, 0xfe, ...new Uint8Array(Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer)]),
    ],
    ["UTF-16 without one", (text: string) => new Uint8Array(Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer)],
    ["Latin-1", (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))],
    ["UTF-8 with a mark", (text: string) => new TextEncoder().encode(`\u{feff}${text}`)],
  ])("in %s", async (_name, encode) => {
    const read = await readFileAs(encode(WEIGHTS), { kind: "csv", zone: "Europe/Berlin", chunkSize: 7 });
    expect(Object.keys(read.report.byType)).toEqual(["Gewicht (kg)", "Körperfett %"]);
    expect(read.values).toHaveLength(5);
  });

  test("the unit of glucose is told by its values", () => {
    const unit = (values: string) => inferMapping(`timestamp,glucose\n${values}`)?.mapping.columns[0]?.unit;
    expect(unit("2025-01-01 08:00,5.4\n2025-01-01 09:00,11.2\n")).toBe("mmol/L");
    expect(unit("2025-01-01 08:00,98\n2025-01-01 09:00,140\n")).toBe("mg/dL");
  });

  test("two columns of pressures become one reading", async () => {
    const read = await readFileAs("Date,Time,SYS (mmHg),DIA (mmHg),Pulse\n2025-01-02,07:00,121,79,61\n2025-01-03,07:00,120,,60\n");
    expect(read.values.map(({ metric, value, reading }) => reading?.components ?? [metric, value])).toEqual([
      ["heart_rate", 61],
      ["heart_rate", 60],
      { systolic: 121, diastolic: 79 },
    ]);
    expect(read.report.byType["blood pressure"]).toMatchObject({ read: 2, rejected: 1 });
  });
});

describe("what is in doubt is asked for", () => {
  test.each([
    ["the order of a date", "date,weight (kg)\n01/02/2025,70\n02/02/2025,71\n", "Day and month"],
    ["the unit of a weight", "date,weight\n2025-01-13,70\n2025-01-14,71\n", "unit"],
    ["what a table is about", "date,mood\n2025-01-13,7\n2025-01-14,8\n", "known quantity"],
    ["when it was", "name,weight (kg)\nA,7\nB,8\n", "date"],
  ])("%s", async (_what, content, words) => {
    expect(await refused(content)).toMatch(new RegExp(`^invalid: .*${words}`));
    const tried = await readFileAs(content, { kind: "csv", isDry: true });
    expect(tried.columns?.headings).toEqual(content.split("\n")[0]?.split(","));
    expect(tried.report.warnings.length).toBeGreaterThan(0);
  });

  const mapping: CsvMapping = {
    delimiter: ",",
    decimal: ".",
    headerLine: 1,
    dateOrder: "mdy",
    zone: "America/Chicago",
    time: { date: "date" },
    columns: [{ column: "weight", metric: "body_weight", unit: "[lb_av]" }],
  };

  test("a mapping answers", async () => {
    const { values } = await readFileAs("date,weight\n01/02/2025 08:00,150\n", { kind: "csv", mapping });
    expect(values.map(({ at, value }) => [new Date(at).toISOString(), value])).toEqual([
      ["2025-01-02T14:00:00.000Z", expect.closeTo(150 * 0.45359237, 9)],
    ]);
  });

  test.each([
    ["a column that is not there", { ...mapping, time: { date: "when" } }, "/mapping/time/date"],
    ["a metric that is not known", { ...mapping, columns: [{ column: "weight", metric: "horoscope" }] }, "/mapping/columns/0/metric"],
    [
      "a unit that does not fit",
      { ...mapping, columns: [{ column: "weight", metric: "body_weight", unit: "km" }] },
      "/mapping/columns/0/unit",
    ],
    ["a zone that is none", { ...mapping, zone: "Europe/Atlantis" }, "/mapping/zone"],
    ["no column at all", { ...mapping, columns: [] }, "/mapping/columns"],
  ])("a mapping with %s is refused", async (_what, wrong, pointer) => {
    expect(await refused("date,weight\n01/02/2025 08:00,150\n", wrong)).toContain(pointer);
  });
});

test("rows that cannot be read are named by line and column, without their values", async () => {
  const read = await readFileAs("date,weight (kg)\n2025-01-13,71\n2025-01-14,secret\n2025-13-15,72\n2025-01-16,=1+1\n2025-01-17,'73\n");
  expect(read.values.map(({ value }) => value)).toEqual([71, 73]);
  const details = read.report.warnings.map(({ detail }) => detail);
  expect(details).toEqual([
    "Line 3, weight (kg): the value is no number.",
    "Line 4, weight (kg): the time cannot be read.",
    "Line 5, weight (kg): the value is no number.",
  ]);
});

test("mg/dL that look like mmol/L are pointed out", async () => {
  const read = await readFileAs("time stamp,blood glucose (mg/dL)\n2025-01-13 08:00,5.5\n2025-01-13 09:00,6.5\n");
  expect(read.report.warnings).toContainEqual(expect.objectContaining({ code: "unit_suspect", count: 2 }));
});

test("numbers are read as they were written", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 999 }), (whole, fraction) => {
      const text = `${whole}.${String(fraction).padStart(3, "0")}`;
      const value = Number(text);
      expect(numberOf(text, ".")).toBe(value);
      expect(numberOf(text.replace(".", ","), ",")).toBe(value);
      expect(numberOf(value.toLocaleString("de-DE", { minimumFractionDigits: 3 }), ",")).toBe(value);
      expect(numberOf(` ${value.toLocaleString("en-US", { minimumFractionDigits: 3 })} kg`, ".")).toBe(value);
    }),
  );
  for (const text of ["", "-", "1.2.3", "1,23", "NaN", "12e", "=1+1"])
    expect([text, numberOf(text, ".")]).toEqual([text, text === "12e" ? 12 : undefined]);
});

test("clocks of people are read in their zone, and dates that there are not are none", () => {
  const at = (date: string, order: "dmy" | "mdy" | "ymd", clock?: string) => {
    const time = rowTime(date, clock, order, "Europe/Berlin");
    return time === undefined ? undefined : new Date(time.at).toISOString();
  };
  expect(at("31.3.2025 14:05", "dmy")).toBe("2025-03-31T12:05:00.000Z");
  expect(at("3/31/2025 2:05:06 PM", "mdy")).toBe("2025-03-31T12:05:06.000Z");
  expect(at("2025-01-31", "ymd", "12:00 am")).toBe("2025-01-30T23:00:00.000Z");
  expect(at("31 Jan 2025, 08:00", "dmy")).toBe("2025-01-31T07:00:00.000Z");
  expect(at("2025-01-31T08:00:00-05:00", "ymd")).toBe("2025-01-31T13:00:00.000Z");
  for (const wrong of ["30.2.2025", "1.13.2025", "soon", "12:00"]) expect(at(wrong, "dmy")).toBeUndefined();
});
