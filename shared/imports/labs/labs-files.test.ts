import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LabDraft } from "../../labs/result";
import type { ClinicalItem } from "../clinical/items";
import { fromWrittenDate, orderOf } from "./dates";
import { looksLikeReport, readReportText } from "./report-text";
import { looksLikeLabTable, readLabTable } from "./table";

const results = (items: readonly ClinicalItem[]): LabDraft[] => items.flatMap((item) => (item.kind === "result" ? [item.draft] : []));
const reasons = (items: readonly ClinicalItem[]) => items.flatMap((item) => (item.kind === "left" ? [item.code] : []));

const REPORT = `LIPID PANEL
Collected: 2026-11-20
Laboratory: City Lab

Total Cholesterol: 212 mg/dL (Reference: <200) H
White cells: 7,500 /µL (Ref. range 4,000-11,000)
Hematocrit: 41% (Normal: 36-46%)
TSH: <0.01 mIU/L [Reference range: 0.4-4.0]
Comment: all fine (see above)`;

describe("a report as text", () => {
  test("has a line a result", () => {
    const items = readReportText(REPORT);
    expect(items[0]).toMatchObject({ kind: "report", draft: { title: "LIPID PANEL", lab: "City Lab", at: "2026-11-20" } });
    expect(results(items).map(({ name, value, unit, ranges, flag }) => [name, value, unit, ranges[0]?.text, flag])).toEqual([
      ["Total Cholesterol", { number: 212 }, "mg/dL", "<200", "H"],
      ["White cells", { number: 7_500 }, "/µL", "4,000-11,000", undefined],
      ["Hematocrit", { number: 41 }, "%", "36-46%", undefined],
      ["TSH", { comparator: "<", number: 0.01 }, "mIU/L", "0.4-4.0", undefined],
    ]);
    expect(looksLikeReport(REPORT)).toBe(true);
  });

  test("is refused without results, without a date, and with one that can be read in two ways", () => {
    expect(() => readReportText("Dear Jane,\nall is well.")).toThrow("no lines such as");
    expect(() => readReportText(REPORT.replace("Collected: 2026-11-20\n", ""))).toThrow("no line with its date");
    expect(() => readReportText(REPORT.replace("2026-11-20", "03/04/2026"))).toThrow("two ways");
    expect(results(readReportText(REPORT.replace("2026-11-20", "15/03/2026")))[0]?.at).toBe("2026-03-15");
    expect(looksLikeReport("Name: value\nDate: 2026-11-20")).toBe(false);
  });
});

describe("a table of results", () => {
  test("is read by its headings, in any order and with any delimiter", () => {
    const table =
      'Date;Test Name;Result;Units;"Reference Range";Flag;LOINC\n2026-11-20;"Glucose; fasting";92;mg/dL;70-99;;1558-6\n2026-11-20 08:30;CRP;<0.6;mg/L;<5;L;\n';
    expect(looksLikeLabTable(table)).toBe(true);
    expect(results(readLabTable(table))).toMatchObject([
      {
        name: "Glucose; fasting",
        value: { number: 92 },
        unit: "mg/dL",
        ranges: [{ low: 70, high: 99 }],
        codings: [{ code: "1558-6" }],
        at: "2026-11-20",
      },
      { name: "CRP", value: { comparator: "<", number: 0.6 }, flag: "L", at: "2026-11-20T08:30:00" },
    ]);
  });

  test("says of each row why it is not imported", () => {
    const items = readLabTable(
      "analyte,value,unit,low,high,date\n,1,g,,,2026-01-01\nA,,g,,,2026-01-01\nB,1,g,,,\nC,1,g,,,03/04/2026\nD,1,g,0,2,2026-01-01\n\n",
    );
    expect(reasons(items)).toEqual(["no_name", "no_value", "no_time", "unclear_date"]);
    expect(results(items)).toMatchObject([{ name: "D", ranges: [{ low: 0, high: 2 }] }]);
  });

  test("of several persons, or of none of its headings, is refused", () => {
    expect(() => readLabTable("patient,test,value,date\n1,A,1,2026-01-01\n2,A,1,2026-01-01")).toThrow("more than one person");
    expect(() => readLabTable("age,bmi\n30,22")).toThrow("The first line");
  });

  test("has identities that do not depend on the order of its rows", () => {
    const rows = ["A,1,g,2026-01-01", "B,2,g,2026-01-01", "A,3,g,2026-01-02"];
    const read = (list: readonly string[]) =>
      results(readLabTable(["test,value,unit,date", ...list].join("\n")))
        .map(({ identity }) => identity)
        .toSorted();
    expect(read(rows.toReversed())).toEqual(read(rows));
  });
});

describe("dates as people write them", () => {
  test.each([
    ["2026-11-20", "2026-11-20"],
    ["2026/1/5", "2026-01-05"],
    ["20261120", "2026-11-20"],
    ["15 March 2024", "2024-03-15"],
    ["Mar 15, 2024", "2024-03-15"],
    ["15-Mar-2024 2:05 pm", "2024-03-15T14:05:00"],
    ["2026-11-20T08:30:00Z", "2026-11-20T08:30:00Z"],
    ["2026-11-20 08:30:15.123+0100", "2026-11-20T08:30:15+01:00"],
    ["31.02.2026", undefined],
    ["03/04/2026", undefined],
    ["soon", undefined],
  ])("%s", (text, expected) => expect(fromWrittenDate(text, orderOf([text]))).toBe(expected));

  test("show their order together", () => {
    expect(orderOf(["03/04/2026", "15/03/2026"])).toBe("dmy");
    expect(orderOf(["03/04/2026", "03/15/2026"])).toBe("mdy");
    expect(orderOf(["15/03/2026", "03/15/2026"])).toBeUndefined();
  });
});

test("no text breaks a reader", () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom("test", "value", "date", ",", '"', "\n", "Glucose: 92 mg/dL (Reference: 70-99)", "Date: 2026-11-20"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      for (const read of [readReportText, readLabTable]) {
        try {
          read(pieces.join(""));
        } catch (error) {
          expect(error).toMatchObject({ code: "file_unreadable" });
        }
      }
    }),
  );
});
