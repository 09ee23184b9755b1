import fc from "fast-check";
import { SaxesParser } from "saxes";
import { expect, test } from "vitest";
import { appleExport, category, metadata, quantity, WATCH } from "../../../test/fixtures/apple-export";
import { flat, importFile } from "../../../test/fixtures/import-file";
import { zip } from "../../../test/fixtures/zip";

const UNITS: Readonly<Record<string, string>> = { HeartRate: "count/min", BodyMass: "kg" };

test("random exports give the same readings however they are cut, batched and resumed, and as many as a parser sees", async () => {
  const instant = fc.integer({ min: 0, max: 86_399 }).map((s) => `2026-03-01 ${new Date(s * 1_000).toISOString().slice(11, 19)} +0100`);
  const source = fc.constantFrom("Robin’s Watch", "iPhone & Co", "<Scale>", "心拍計");
  const children = fc.constantFrom<string[]>(
    [],
    [metadata("HKTimeZone", "Asia/Tokyo")],
    [metadata("HKWasUserEntered", "1"), metadata("note", `a "quoted" <b>`)],
  );
  const line = fc.oneof(
    fc
      .tuple(
        fc.constantFrom("HeartRate", "StepCount", "BodyMass", "Mystery"),
        fc.double({ min: 0, max: 300, noNaN: true }),
        instant,
        source,
        children,
      )
      .map(([type, value, at, sourceName, inner]) =>
        quantity(type, value, UNITS[type] ?? "count", at, { sourceName, device: WATCH }, inner),
      ),
    fc.tuple(fc.constantFrom("SleepAnalysis", "Headache"), instant).map(([type, at]) => category(type, "1", at, at)),
    instant.map((at) => quantity("BloodPressureSystolic", 120, "mmHg", at)),
    instant.map((at) => quantity("BloodPressureDiastolic", 80, "mmHg", at)),
    fc.constant("<!-- <Record type='x'/> -->"),
    fc.constant(`<Unknown><Deeper type="HKQuantityTypeIdentifierHeartRate"/></Unknown>`),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 60 }),
      fc.integer({ min: 1, max: 900 }),
      fc.integer({ min: 1, max: 20 }),
      async (lines, chunkSize, batchSize) => {
        const xml = appleExport(lines);
        const whole = await importFile(xml);
        const cut = await importFile(xml, { chunkSize, batchSize, resumeEveryBatch: true });
        const zipped = await importFile(zip([{ name: "export.xml", content: xml }]), {
          chunkSize: chunkSize + 30,
          batchSize,
          resumeEveryBatch: true,
        });
        expect(flat(cut.batches)).toEqual(flat(whole.batches));
        expect(flat(zipped.batches)).toEqual(flat(whole.batches));
        expect(cut.report.byType).toEqual(whole.report.byType);
        expect(Object.fromEntries(Object.entries(whole.report.byType).map(([type, { read: count }]) => [type, count]))).toEqual(
          topLevelTypes(xml),
        );
      },
    ),
    { numRuns: 150 },
  );
});

/** Records below the root by type, as a conforming parser counts them. */
function topLevelTypes(xml: string): Record<string, number> {
  const counts: Record<string, number> = {};
  let depth = 0;
  const parser = new SaxesParser();
  parser.on("opentag", ({ name, attributes }) => {
    if (depth === 1 && name === "Record") counts[String(attributes["type"])] = (counts[String(attributes["type"])] ?? 0) + 1;
    depth++;
  });
  parser.on("closetag", () => depth--);
  parser.write(xml).close();
  return counts;
}
