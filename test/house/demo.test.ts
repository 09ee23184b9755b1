import { expect, test } from "vitest";
import { demoDay } from "../../scripts/demo-data.ts";
import { parsePush } from "../../shared/ingest/push";

const MIDNIGHT = Date.parse("2026-11-10T23:00:00Z");
const NEXT_WEEK = MIDNIGHT + 7 * 86_400_000;

test("the demo person's days are accepted whole", () => {
  for (let day = 0; day < 6; day++) {
    const { batch, rejected, total } = parsePush(
      "healthkit",
      JSON.stringify({ data: demoDay(MIDNIGHT + day * 86_400_000, NEXT_WEEK) }),
      NEXT_WEEK,
    );
    expect(rejected).toEqual([]);
    expect(total).toBeGreaterThan(300);
    expect(batch.sleepStretches.length).toBeGreaterThan(8);
  }
});

test("the same day is the same data, and none of it lies in the future", () => {
  expect(demoDay(MIDNIGHT, NEXT_WEEK)).toEqual(demoDay(MIDNIGHT, NEXT_WEEK));
  const noon = MIDNIGHT + 12 * 3_600_000;
  const { records } = demoDay(MIDNIGHT, noon);
  expect(records.length).toBeGreaterThan(100);
  expect(JSON.stringify(records)).not.toContain("2026-11-11T12:");
});
