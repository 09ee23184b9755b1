import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { metric } from "../../../shared/health/catalogue";
import { GARMIN_VENDOR } from "../../../shared/vendors/garmin/descriptor";
import { GOOGLE_HEALTH_VENDOR as VENDOR } from "../../../shared/vendors/google-health/descriptor";
import {
  askedRange,
  backfillWindows,
  catchUpWindows,
  changeWindows,
  erasedRange,
  metricsOf,
  missedWindows,
  openResources,
  siblings,
} from "./plan";

const RESOURCES = Object.keys(VENDOR.resources);
const moments = fc.integer({ min: Date.parse("2024-01-01T00:00:00Z"), max: Date.parse("2028-01-01T00:00:00Z") });
const resources = fc.constantFrom(...RESOURCES);

/** Newest first, without holes and overlaps, none longer than the resource allows. */
function isChain(windows: readonly { from: number; to: number }[], longest: number): boolean {
  return windows.every((w, i) => w.from < w.to && w.to - w.from <= longest && (i === 0 || w.to === windows[i - 1]?.from));
}

const longestOf = (resource: string): number => (VENDOR.resources[resource]?.windowDays ?? 0) * DAY_MS;

describe("windows", () => {
  it("of the first import reach from now to the beginning of the history, newest first", () => {
    fc.assert(
      fc.property(resources, moments, (resource, now) => {
        const windows = backfillWindows(VENDOR, resource, now);
        expect(isChain(windows, longestOf(resource))).toBe(true);
        expect(windows[0]?.to).toBeGreaterThan(now);
        expect(windows.at(-1)?.from).toBeLessThanOrEqual(now - VENDOR.history.maxDays * DAY_MS);
      }),
    );
  });

  it("of the first import are the same ones on another day, but for new and old ends", () => {
    fc.assert(
      fc.property(resources, moments, fc.integer({ min: 0, max: 30 }), (resource, now, days) => {
        const key = ({ from, to }: { from: number; to: number }) => `${from} ${to}`;
        const before = new Set(backfillWindows(VENDOR, resource, now).map(key));
        const [oldest] = backfillWindows(VENDOR, resource, now)
          .map(({ to }) => to)
          .toSorted((a, b) => b - a);
        const after = backfillWindows(VENDOR, resource, now + days * DAY_MS).filter(({ to }) => to <= (oldest ?? 0));
        expect(after.every((window) => before.has(key(window)))).toBe(true);
      }),
    );
  });

  it("that catch up reach back over the overlap and forward over now", () => {
    fc.assert(
      fc.property(resources, moments, fc.integer({ min: -DAY_MS, max: 500 * DAY_MS }), (resource, now, ago) => {
        const windows = catchUpWindows(VENDOR, resource, now - ago, now, "incremental");
        expect(isChain(windows, longestOf(resource))).toBe(true);
        expect(windows[0]?.to).toBeGreaterThanOrEqual(now);
        const wanted = Math.max(now - VENDOR.history.maxDays * DAY_MS, now - Math.max(0, ago) - VENDOR.history.overlapHours * HOUR_MS);
        expect(windows.at(-1)?.from).toBeLessThanOrEqual(wanted);
      }),
    );
  });

  it("of a change read at least what a deletion takes away", () => {
    fc.assert(
      fc.property(resources, moments, fc.integer({ min: 1, max: 200 * DAY_MS }), (resource, from, length) => {
        const spec = VENDOR.resources[resource];
        if (spec === undefined) throw new TypeError("not a resource");
        const windows = changeWindows(VENDOR, resource, { from, to: from + length });
        const erased = erasedRange(spec, { from, to: from + length });
        expect(isChain(windows, longestOf(resource))).toBe(true);
        expect(windows.at(-1)?.from).toBeLessThanOrEqual(erased.from);
        expect(windows[0]?.to).toBeGreaterThanOrEqual(erased.to);
      }),
    );
  });

  it("are not asked for beyond tomorrow", () => {
    const now = Date.parse("2026-06-22T12:00:00Z");
    expect(askedRange({ from: 0, to: now + 90 * DAY_MS }, now)).toEqual({ from: 0, to: Date.parse("2026-06-24T00:00:00Z") });
  });
});

describe("windows of a vendor that sends everything itself", () => {
  it("reach back as far as the vendor gives, and are the same ones whenever the person reconnects", () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 0, max: 300 * DAY_MS }), (first, later) => {
        for (const resource of ["dailies", "activities"]) {
          const windows = backfillWindows(GARMIN_VENDOR, resource, first, first);
          expect(isChain(windows, (GARMIN_VENDOR.resources[resource]?.windowDays ?? 0) * DAY_MS)).toBe(true);
          expect(windows.at(-1)?.from).toBe(Math.floor(first / DAY_MS) * DAY_MS - 30 * DAY_MS);
          const again = backfillWindows(GARMIN_VENDOR, resource, first + later, first);
          expect(again).toEqual(expect.arrayContaining(windows));
        }
        expect(backfillWindows(GARMIN_VENDOR, "manuallyUpdatedActivities", first, first)).toEqual([]);
      }),
    );
  });

  it("are planned for what was missed alone, and not asked for beyond now", () => {
    const now = Date.parse("2026-06-22T12:00:00Z");
    expect(catchUpWindows(GARMIN_VENDOR, "dailies", now, now, "asked")).toEqual([]);
    expect(missedWindows(GARMIN_VENDOR, "dailies", now - 5 * DAY_MS, now)).toEqual([
      { resource: "dailies", purpose: "incremental", from: Date.parse("2026-06-15T00:00:00Z"), to: Date.parse("2026-06-23T00:00:00Z") },
    ]);
    expect(missedWindows(VENDOR, "steps", now - 5 * DAY_MS, now)).toEqual([]);
    expect(askedRange({ from: now - DAY_MS, to: now + DAY_MS }, now, "asynchronous")).toEqual({ from: now - DAY_MS, to: now });
  });
});

describe("resources", () => {
  it("are those that the granted areas open", () => {
    expect(openResources(VENDOR, ["sleep"])).toEqual(["sleep"]);
    expect(openResources(VENDOR, [])).toEqual([]);
    expect(openResources(VENDOR, Object.keys(VENDOR.areas))).toEqual(RESOURCES);
  });

  it("that share a metric are read again together", () => {
    expect(siblings(VENDOR, "daily-oxygen-saturation")).toEqual(["oxygen-saturation", "daily-oxygen-saturation"]);
    expect(siblings(VENDOR, "sleep")).toEqual(["sleep"]);
  });

  it("write their metrics out, all of them in the catalogue", () => {
    const keys = Object.values(VENDOR.resources).flatMap(metricsOf);
    expect(keys.filter((key) => metric(key) === undefined)).toEqual([]);
    expect(keys).toEqual(expect.arrayContaining(["nutrient.sodium", "symptom.headache", "meal"]));
  });
});
