import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LabDraft } from "../../labs/result";
import type { ClinicalItem } from "../clinical/items";
import { components, type Delimiters, escaped, messagesIn, unescaped } from "./message";
import { readOru } from "./oru";

const DEFAULT: Delimiters = { field: "|", component: "^", repetition: "~", escape: "\\", subcomponent: "&" };
const bytes = (text: string) => new TextEncoder().encode(text);
const read = (...lines: string[]) => readOru(bytes(lines.join("\r")));
const MSH = "MSH|^~\\&|LAB|City Lab|ME|HERE|20261120120000+0100||ORU^R01^ORU_R01|1|P|2.5.1";
const OBR = "OBR|1|P-1|F-1|24323-8^Metabolic panel^LN|||20261120083000+0100|||||||||||||||20261120110000+0100|||F";
const results = (items: readonly ClinicalItem[]): LabDraft[] => items.flatMap((item) => (item.kind === "result" ? [item.draft] : []));
const reasons = (items: readonly ClinicalItem[]) => items.flatMap((item) => (item.kind === "left" ? [`${item.type}: ${item.code}`] : []));
const one = (obx: string) => results(read(MSH, OBR, obx))[0];

describe("the encoding", () => {
  const delimiter = fc.uniqueArray(fc.constantFrom(...Array.from("|^~\\&#$*+!@%")), { minLength: 5, maxLength: 5 });

  test("of any text comes back, whatever the delimiters", () => {
    fc.assert(
      fc.property(
        delimiter,
        fc.string({ unit: "binary-ascii" }),
        ([field = "|", component = "^", repetition = "~", escape = "\\", subcomponent = "&"], text) => {
          const delimiters = { field, component, repetition, escape, subcomponent };
          const encoded = escaped(text, delimiters);
          for (const sign of [field, component, repetition, subcomponent, "\r", "\n"])
            expect(encoded.replaceAll(escape, "")).not.toContain(sign);
          expect(unescaped(encoded, delimiters)).toBe(text);
        },
      ),
    );
  });

  test.each([
    ["E. coli O157:H7 \\T\\ others", "E. coli O157:H7 & others"],
    ["a\\.br\\b", "a\nb"],
    ["\\H\\bold\\N\\", "bold"],
    ["5 \\XC2B5\\mol", "5 µmol"],
    ["C:\\temp", "C:\\temp"],
    ["\\E\\X41\\E\\", "\\X41\\"],
    ["\\Cabcd\\x\\Zown\\y", "xy"],
    ["lone \\", "lone \\"],
  ])("%j", (text, expected) => expect(unescaped(text, DEFAULT)).toBe(expected));

  test("is that which the message declares", () => {
    const [message] = messagesIn("MSH#*!?%#LAB###20261120##ORU*R01\nOBX#1#ST#a*b*LN##1?F?2");
    expect(message?.delimiters).toEqual({ field: "#", component: "*", repetition: "!", escape: "?", subcomponent: "%" });
    expect(components(message?.segments[1]?.fields[5], message!.delimiters)).toEqual(["1#2"]);
  });
});

describe("a result message", () => {
  test("brings a report with its results, their codes, units, ranges, flags, notes and times", () => {
    const items = read(
      MSH,
      "PID|1||42^^^HOSP||DOE^JANE||19800101|F",
      OBR,
      "NTE|1||Fasting.",
      "OBX|1|NM|2345-7^Glucose^LN^GLU^Zucker^L||92|mg/dL|70-99|N|||F|||20261120083500+0100|||PHOTO^Photometry",
      "NTE|1||Line one\\.br\\line two",
      "OBX|2|SN|3016-3^TSH^LN||<^0.01|m[IU]/L|0.4-4.0|LL~A|||F",
      "SPM|1|||SER^Serum",
    );
    expect(items[0]).toMatchObject({
      kind: "report",
      draft: {
        title: "Metabolic panel",
        status: "final",
        at: "2026-11-20T08:30:00+01:00",
        lab: "City Lab",
        specimen: "Serum",
        note: "Fasting.",
      },
    });
    const [glucose, tsh] = results(items);
    expect(glucose).toMatchObject({
      name: "Glucose",
      status: "final",
      at: "2026-11-20T08:35:00+01:00",
      value: { number: 92 },
      unit: "mg/dL",
      ranges: [{ low: 70, high: 99, text: "70-99" }],
      flag: "N",
      method: "Photometry",
      note: "Line one\nline two",
      codings: [
        { system: "LN", code: "2345-7" },
        { system: "L", code: "GLU", display: "Zucker" },
      ],
    });
    expect(tsh).toMatchObject({ value: { comparator: "<", number: 0.01 }, flag: "LL A", at: "2026-11-20T08:30:00+01:00" });
    expect(JSON.stringify(items)).not.toMatch(/DOE|JANE|19800101/);
  });

  test.each([
    ["OBX|1|NM|X^Y^L||<0.5||||||F", { comparator: "<", number: 0.5 }],
    ["OBX|1|NM|X^Y^L||positive||||||F", { text: "positive" }],
    ["OBX|1|SN|X^Y^L||^1^:^80||||||F", { text: "1:80" }],
    ["OBX|1|SN|X^Y^L||^10^-^20||||||F", { text: "10-20" }],
    ["OBX|1|SN|X^Y^L||>=^90||||||F", { comparator: ">=", number: 90 }],
    [
      "OBX|1|CWE|X^Y^L||260385009^Negative^SCT^^^^^^neg.||||||F",
      { coding: { system: "SCT", code: "260385009", display: "Negative" }, text: "neg." },
    ],
    ["OBX|1|TX|X^Y^L||first~second||||||F", { text: "first\nsecond" }],
    ["OBX|1|ST|X^Y^L||7,500||||||F", { number: 7_500 }],
  ])("tells a value by its type: %s", (obx, value) => expect(one(obx)?.value).toEqual(value));

  test("keeps every repetition, and the same code twice, apart", () => {
    const items = results(read(MSH, OBR, "OBX|1|NM|X^Y^L||27~25||||||F", "OBX|2|NM|X^Y^L||30||||||F"));
    expect(items.map(({ value }) => value.number)).toEqual([27, 25, 30]);
    expect(new Set(items.map(({ identity }) => identity)).size).toBe(3);
  });

  test("has the same identity in a correction and another version", () => {
    const first = one("OBX|1|NM|2345-7^Glucose^LN||92|mg/dL||N|||P");
    const [corrected] = results(read(MSH.replace("20261120120000", "20261121120000"), OBR, "OBX|7|NM|2345-7^Glucose^LN||95|mg/dL||N|||C"));
    expect(corrected?.identity).toBe(first?.identity);
    expect([first?.status, corrected?.status]).toEqual(["preliminary", "corrected"]);
    expect(corrected!.version).toBeGreaterThan(first!.version);
    expect(one("OBX|1|NM|2823-3^Potassium^LN||4|mmol/L||N|||P")?.identity).not.toBe(first?.identity);
  });

  test("names what it has no result of", () => {
    const items = read(
      MSH,
      OBR,
      "OBX|1|NM|A^A^L||||||||I",
      "OBX|2|NM|B^B^L||||||||F",
      "OBX|3|RP|C^C^L||https://x.test^^image^PICT||||||F",
      "OBX|4|ED|D^D^L||App^NS^Octet^Base64^aGVsbG8=||||||F",
      "OBX|5|NM|||5||||||F",
      "OBX|6|ZZ|E^E^L||x||||||F",
      "OBX|7|NM|F^F^L||||||||X",
    );
    expect(reasons(items)).toEqual([
      "OBX NM: pending",
      "OBX NM: no_value",
      "OBX RP: pointer_elsewhere",
      "OBX ED: unsupported_attachment",
      "OBX NM: no_code",
      "OBX ZZ: unsupported_value",
    ]);
    expect(results(items)).toMatchObject([{ status: "cancelled", value: {} }]);
  });

  test("brings vital signs as readings, a blood pressure of both its values alone", () => {
    const items = read(
      MSH,
      OBR,
      "OBX|1|NM|8867-4^Heart rate^LN||61|/min||||||F",
      "OBX|2|NM|8480-6^Sys^LN||120|mmHg||||||F",
      "OBX|3|NM|8462-4^Dia^LN||80|mmHg||||||F",
    );
    expect(items.filter(({ kind }) => kind === "vital")).toMatchObject([
      { metric: "heart_rate", value: 61 },
      { metric: "blood_pressure", value: null, components: { systolic: 120, diastolic: 80 } },
    ]);
    expect(items.some(({ kind }) => kind === "report")).toBe(false);
    expect(reasons(read(MSH, OBR, "OBX|2|NM|8480-6^Sys^LN||120|mmHg||||||F"))).toEqual(["OBX NM: incomplete_panel"]);
  });

  test("brings a PDF as the file of its report", () => {
    const pdf = btoa("%PDF-1.4\n%%EOF");
    const [report] = read(MSH, OBR, `OBX|1|ED|PDF^Report^L||LAB^AP^PDF^Base64^${pdf}||||||F`);
    expect(report?.kind === "report" && new TextDecoder().decode(report.draft.pdf)).toBe("%PDF-1.4\n%%EOF");
  });
});

describe("a file of messages", () => {
  test("may hold several, in blocks of MLLP or with the line ends of an editor", () => {
    const message = [MSH, OBR, "OBX|1|NM|2345-7^Glucose^LN||92|mg/dL||N|||F"];
    const other = message.map((line) => line.replace("F-1", "F-2"));
    for (const text of [
      `\u000b${message.join("\r")}\r\u001c\r\u000b${other.join("\r")}\r\u001c\r`,
      `\ufeffFHS|^~\\&\r\n${[...message, ...other].join("\r\n")}\r\nFTS|1`,
      [...message, "", ...other].join("\n"),
    ]) {
      const found = results(readOru(bytes(text)));
      expect(found.map(({ identity }) => identity).length).toBe(2);
      expect(new Set(found.map(({ identity }) => identity)).size).toBe(2);
    }
  });

  test("is read in Windows-1252 where it is no UTF-8", () => {
    const latin = Uint8Array.from([MSH, OBR, "OBX|1|ST|X^M\u00fcller^L||\u00b5||||||F"].join("\r"), (character) => character.charCodeAt(0));
    expect(results(readOru(latin))).toMatchObject([{ name: "Müller", value: { text: "µ" } }]);
  });

  test("without results is refused with its reason; beside results other messages are counted", () => {
    const adt = "MSH|^~\\&|A|B|C|D|20261120||ADT^A04^ADT_A01|1|P|2.5";
    expect(() => read(adt)).toThrow("The messages are ADT^A04: only results (ORU) are imported.");
    expect(() => read("hello")).toThrow("no HL7 version 2 message");
    expect(reasons(read(adt, MSH, OBR, "OBX|1|ST|X^Y^L||1||||||F"))).toEqual(["ADT^A04: unsupported_message"]);
  });

  test("about two persons is refused", () => {
    const of = (id: string) => [MSH, `PID|1||${id}^^^HOSP`, OBR, "OBX|1|ST|X^Y^L||1||||||F"];
    expect(() => read(...of("1"), ...of("2"))).toThrow("more than one person");
    expect(results(read(...of("1"), ...of("1")))).toHaveLength(2);
  });

  test("that is cut off or damaged anywhere never breaks the reader", () => {
    const whole = bytes(
      [MSH, "PID|1||42", OBR, "OBX|1|CWE|2345-7^Glu\\T\\^LN||1^a&b^SCT~2|mg/dL^x|<5|H~A|||C|||20261120", "NTE|1||x", "SPM|1|||SER"].join(
        "\r",
      ),
    );
    const tolerant = (input: Uint8Array) => {
      try {
        readOru(input);
      } catch (error) {
        expect(error).toMatchObject({ code: "file_unreadable" });
      }
    };
    for (let end = 0; end <= whole.length; end++) tolerant(whole.slice(0, end));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 20 }), (changes) => {
        const damaged = whole.slice();
        for (const [at, value] of changes) damaged[at] = value;
        tolerant(damaged);
      }),
    );
  });
});
