import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Source } from "./reading";
import { mapSources, NO_SETTINGS, passedOver, rankOf, refusedSettings, type SourceSettings } from "./source-settings";

const SOURCES: readonly { readonly number: number; readonly source: Source }[] = [
  { number: 1, source: { vendor: "healthkit", deviceType: "watch", recordingMethod: "automatic" } },
  { number: 2, source: { vendor: "healthkit", deviceType: "phone", recordingMethod: "automatic" } },
  { number: 3, source: { vendor: "google_health", deviceType: "ring", recordingMethod: "automatic" } },
  { number: 4, source: { vendor: "manual", recordingMethod: "manual" } },
];
const STEPS = { key: "steps", sensitivity: "activity" } as const;
const DEEP = { key: "sleep_deep", sensitivity: "sleep" } as const;

function order(settings: Partial<SourceSettings>, metric: Parameters<typeof rankOf>[1] = STEPS): number[] {
  const whole = { ...NO_SETTINGS, ...settings };
  return SOURCES.map((one) => ({ number: one.number, ...rankOf(whole, metric, one) }))
    .toSorted((a, b) => a.rank - b.rank || a.number - b.number)
    .map(({ number }) => number);
}

describe("the order of sources", () => {
  it("is the usual one without a choice", () => {
    expect(order({})).toEqual([1, 3, 2, 4]);
  });

  it("is the metric's own list first, then the list for all, then the usual one", () => {
    const priorities = [
      { metric: "steps", sources: ["src_2"] },
      { metric: "*", sources: ["src_4", "src_2"] },
    ];
    expect(order({ priorities })).toEqual([2, 4, 1, 3]);
    expect(order({ priorities }, { key: "heart_rate", sensitivity: "vitals" })).toEqual([4, 2, 1, 3]);
  });

  it("takes a vendor or a kind of device for all of its sources", () => {
    expect(order({ priorities: [{ metric: "*", sources: ["device:phone", "vendor:google_health"] }] })).toEqual([2, 3, 1, 4]);
  });

  it("of a night's figures follows the list of sleep", () => {
    expect(order({ priorities: [{ metric: "sleep", sources: ["src_2"] }] }, DEEP)[0]).toBe(2);
  });

  it("says why", () => {
    const settings = { priorities: [{ metric: "steps", sources: ["src_2"] }], cutovers: [] };
    expect(SOURCES.map((one) => rankOf(settings, STEPS, one).reason)).toEqual([
      "default_order",
      "metric_priority",
      "default_order",
      "default_order",
    ]);
  });

  it("puts every listed source before every other one, in the order of the list", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4]), (listed) => {
        const found = order({ priorities: [{ metric: "steps", sources: listed.map((n) => `src_${n}`) }] });
        expect(found.slice(0, listed.length)).toEqual(listed);
      }),
    );
  });
});

describe("a choice is refused", () => {
  it.each([
    [{ priorities: [{ metric: "stepz", sources: ["src_1"] }] }, "/priorities/0/metric", "unknown_metric"],
    [{ priorities: [{ metric: "steps", sources: ["src_9"] }] }, "/priorities/0/sources/0", "unknown_source"],
    [{ priorities: [{ metric: "*", sources: ["src_1", "vendor:oura"] }] }, "/priorities/0/sources/1", "unknown_source"],
    [{ priorities: [{ metric: "*", sources: ["src_1", "src_1"] }] }, "/priorities/0/sources/1", "repeated"],
    [
      {
        priorities: [
          { metric: "*", sources: ["src_1"] },
          { metric: "*", sources: ["src_2"] },
        ],
      },
      "/priorities/1/metric",
      "repeated",
    ],
    [{ cutovers: [{ from: "oura", to: "whoop", date: 1 }] }, "/cutovers/0", "unknown_source"],
  ])("where it names what is not there, or twice: %j", (settings, pointer, code) => {
    expect(refusedSettings({ ...NO_SETTINGS, ...settings }, SOURCES)).toMatchObject([{ pointer, code }]);
  });

  it("not otherwise", () => {
    const fine = {
      priorities: [{ metric: "sleep", sources: ["src_3", "device:watch", "vendor:healthkit"] }],
      cutovers: [{ from: "fitbit", to: "google_health", date: 20_000 }],
    };
    expect(refusedSettings(fine, SOURCES)).toEqual([]);
  });
});

it("settings follow their sources to other numbers, and forget those that do not come along", () => {
  const settings = { priorities: [{ metric: "*", sources: ["src_1", "src_2", "device:ring"] }], cutovers: [] };
  expect(mapSources(settings, (id) => (id === "src_1" ? "src_7" : undefined))).toEqual({
    priorities: [{ metric: "*", sources: ["src_7", "device:ring"] }],
    cutovers: [],
  });
});

it("of two feeds of the same devices one counts on every date that either has, and changes once", () => {
  const days = fc.array(fc.record({ from: fc.boolean(), to: fc.boolean() }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(days, fc.integer({ min: -2, max: 42 }), (dates, cutover) => {
      const counting = dates.map((has, date) => {
        const passed = passedOver(date, cutover, has);
        return { from: has.from && passed !== "from", to: has.to && passed !== "to", both: has.from && has.to };
      });
      for (const [date, { from, to }] of counting.entries()) {
        expect(from && to).toBe(false);
        expect(from || to).toBe(dates[date]!.from || dates[date]!.to);
      }
      // Where both have every date, the older one counts up to the cut-over and the newer one from there on.
      const both = counting.filter((one) => one.both).map(({ to }) => to);
      expect(both).toEqual(both.toSorted((a, b) => Number(a) - Number(b)));
    }),
  );
});
