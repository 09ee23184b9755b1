import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../clock";
import { dayText, isoWithOffset, isTimeZone, localDay, offsetAt, parseDay, startOfDay } from "./zone";

const day = (text: string) => parseDay(text) ?? Number.NaN;
const hoursOf = (zone: string, text: string) => (startOfDay(zone, day(text) + 1) - startOfDay(zone, day(text))) / HOUR_MS;

describe("zones", () => {
  it("know the offset before and after the clocks change", () => {
    expect(offsetAt("Europe/Berlin", Date.parse("2026-10-25T00:59:59Z"))).toBe(7_200);
    expect(offsetAt("Europe/Berlin", Date.parse("2026-10-25T01:00:00Z"))).toBe(3_600);
  });

  it("give days of 23, 24 and 25 hours", () => {
    expect(hoursOf("Europe/Berlin", "2026-03-29")).toBe(23);
    expect(hoursOf("Europe/Berlin", "2026-06-01")).toBe(24);
    expect(hoursOf("Europe/Berlin", "2026-10-25")).toBe(25);
    expect(hoursOf("Australia/Lord_Howe", "2026-04-05")).toBe(24.5);
  });

  it("begin a day without a midnight at the jump", () => {
    const start = startOfDay("America/Santiago", day("2026-09-06"));
    expect(isoWithOffset(start, offsetAt("America/Santiago", start))).toBe("2026-09-06T01:00:00.000-03:00");
  });

  it("place each instant on the day that contains it", () => {
    const zone = fc.constantFrom("Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Apia", "America/Santiago", "UTC");
    fc.assert(
      fc.property(zone, fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2030, 0) }), (name, at) => {
        const date = localDay(at, offsetAt(name, at));
        expect(startOfDay(name, date)).toBeLessThanOrEqual(at);
        expect(startOfDay(name, date + 1)).toBeGreaterThan(at);
      }),
    );
  });

  it("name a date alike, whichever was written before", () => {
    const dates = fc.array(fc.integer({ min: -900_000, max: 3_000_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(dates, dates, (written, asked) => {
        for (const date of written) {
          expect(isoWithOffset(date * DAY_MS + HOUR_MS, 0)).toBe(new Date(date * DAY_MS + HOUR_MS).toISOString());
          for (const other of [date, ...asked]) expect(dayText(other)).toBe(new Date(other * DAY_MS).toISOString().split("T")[0]);
        }
      }),
    );
  });

  it("read and write dates", () => {
    expect(dayText(day("2024-02-29"))).toBe("2024-02-29");
    expect(parseDay("2023-02-29")).toBeUndefined();
    expect(parseDay("2023-2-9")).toBeUndefined();
    expect(day("1970-01-02") * DAY_MS).toBe(DAY_MS);
  });

  it("write instants with their own offset", () => {
    expect(isoWithOffset(Date.parse("2026-11-20T07:30:00Z"), -12_600)).toBe("2026-11-20T04:00:00.000-03:30");
    expect(isoWithOffset(Date.parse("2026-11-20T07:30:00Z"), 0)).toBe("2026-11-20T07:30:00.000Z");
  });

  it("refuse names that are no zone", () => {
    expect(isTimeZone("Europe/Berlin")).toBe(true);
    expect(isTimeZone("Mars/Olympus")).toBe(false);
  });
});

describe("instants with an offset", () => {
  it("are written as Date writes them, in any order of days", () => {
    const offset = fc.integer({ min: -18 * 60, max: 18 * 60 }).map((minutes) => minutes * 60);
    const span = { min: Date.UTC(1890, 0), max: Date.UTC(2110, 0), noNaN: true };
    const instant = fc.oneof(fc.integer({ min: span.min, max: span.max }), fc.double(span));
    fc.assert(
      fc.property(fc.array(fc.tuple(instant, offset), { minLength: 1, maxLength: 5 }), (list) => {
        for (const [at, offsetS] of list) {
          const text = isoWithOffset(at, offsetS);
          expect(text.slice(0, 23)).toBe(new Date(at + offsetS * 1_000).toISOString().slice(0, 23));
          // Adding zero makes the negative zero of a tiny fraction a plain one.
          expect(Date.parse(text)).toBe(Math.trunc(at + offsetS * 1_000) - offsetS * 1_000 + 0);
        }
      }),
    );
  });

  it("beyond the calendar are refused", () => {
    expect(() => isoWithOffset(Number.NaN, 0)).toThrow(RangeError);
    expect(() => isoWithOffset(8.64e15 + 1, 0)).toThrow(RangeError);
  });
});
