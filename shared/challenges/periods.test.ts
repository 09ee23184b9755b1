import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../clock";
import { localDay, offsetAt } from "../health/zone";
import { instantOf, lastRun, nextRun, parseCron } from "./cron";
import { type Period, periodAfter, periodAt, periodFrom, type Schedule } from "./periods";

/** With changes of clocks at midnight (Cairo), of half an hour (Lord Howe), and of date-like size. */
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago"];
const at = (text: string): number => Date.parse(text);
const iso = (instant: number | undefined): string | undefined => (instant === undefined ? undefined : new Date(instant).toISOString());
const cronOf = (text: string) => parseCron(text)!;

const instants = fc.integer({ min: at("2025-01-01"), max: at("2027-01-01") }).map((ms) => Math.floor(ms / MINUTE_MS) * MINUTE_MS);
const fields = fc
  .tuple(
    fc.nat({ max: 59 }),
    fc.constantFrom("*", "0", "2", "3-5", "*/6", "1,2,23"),
    fc.constantFrom("*", "1", "28-31", "*/10"),
    fc.constantFrom("*", "3", "10", "2-11/3"),
    fc.constantFrom("*", "0", "7", "1-5"),
  )
  .map(([minute, ...rest]) => `${minute} ${rest.join(" ")}`);

describe("cron in a zone", () => {
  test("an hour that clocks leave out happens when they jump, one that they show twice happens once", () => {
    const early = cronOf("30 2 * * *");
    expect(iso(nextRun(early, "Europe/Berlin", at("2026-03-28T12:00Z")))).toBe("2026-03-29T01:00:00.000Z");
    expect(iso(nextRun(early, "Europe/Berlin", at("2026-10-24T12:00Z")))).toBe("2026-10-25T00:30:00.000Z");
    expect(iso(nextRun(early, "Europe/Berlin", at("2026-10-25T00:30Z")))).toBe("2026-10-26T01:30:00.000Z");
    // Midnight is left out.
    expect(iso(nextRun(cronOf("0 0 * * *"), "Africa/Cairo", at("2026-04-23T12:00Z")))).toBe("2026-04-23T22:00:00.000Z");
    expect(iso(nextRun(cronOf("15 2 * * *"), "Australia/Lord_Howe", at("2026-10-03T12:00Z")))).toBe("2026-10-03T15:30:00.000Z");
  });

  test("days of the month and of the week are either enough", () => {
    expect(iso(nextRun(cronOf("0 6 13 * 5"), "UTC", at("2026-11-10T00:00Z")))).toBe("2026-11-13T06:00:00.000Z");
    expect(iso(nextRun(cronOf("0 6 13 * 5"), "UTC", at("2026-11-13T06:00Z")))).toBe("2026-11-20T06:00:00.000Z");
    expect(iso(nextRun(cronOf("0 0 29 2 *"), "UTC", at("2026-01-01T00:00Z")))).toBe("2028-02-29T00:00:00.000Z");
  });

  test.each(["", "* * * * *", "1 2 3 4", "60 * * * *", "0 24 * * *", "0 0 31 2 *", "0 0 0 * *", "0 5-3 * * *", "0 */0 * * *", "a b c d e"])(
    "%j is none",
    (text) => {
      expect(parseCron(text)).toBeUndefined();
    },
  );

  test("finds what looking at every minute finds", () => {
    fc.assert(
      fc.property(fields, fc.constantFrom(...ZONES), instants, (text, zone, from) => {
        const cron = parseCron(text);
        if (cron === undefined) return;
        const until = from + 3 * DAY_MS;
        const plain: number[] = [];
        const seen = new Set<string>();
        // Local minutes that are shown for the first time, in order; those that are left out belong to the jump.
        let wall = from - 2 * HOUR_MS + offsetAt(zone, from - 2 * HOUR_MS) * 1_000;
        for (let now = from - 2 * HOUR_MS + MINUTE_MS; now <= until; now += MINUTE_MS) {
          const shown = now + offsetAt(zone, now) * 1_000;
          for (let minute = Math.max(wall, shown - 3 * HOUR_MS) + MINUTE_MS; minute <= shown; minute += MINUTE_MS) {
            const date = new Date(minute);
            const isDay = cron.isEither
              ? cron.daysOfMonth.has(date.getUTCDate()) || cron.daysOfWeek.has(date.getUTCDay())
              : cron.daysOfMonth.has(date.getUTCDate()) && cron.daysOfWeek.has(date.getUTCDay());
            const fits =
              isDay &&
              cron.months.has(date.getUTCMonth() + 1) &&
              cron.hours.includes(date.getUTCHours()) &&
              cron.minute === date.getUTCMinutes();
            if (fits && !seen.has(`${minute}`) && now > from) {
              if (plain.at(-1) !== now) plain.push(now);
            }
            if (fits) seen.add(`${minute}`);
          }
          wall = Math.max(wall, shown);
        }
        const found: number[] = [];
        for (let next = nextRun(cron, zone, from); next !== undefined && next <= until; next = nextRun(cron, zone, next)) found.push(next);
        expect(found.map(iso)).toEqual(plain.map(iso));
        for (const one of found) expect(lastRun(cron, zone, one)).toBe(one);
      }),
      { numRuns: 40 },
    );
  });
});

const schedules: fc.Arbitrary<Schedule> = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    startsAt: instants,
    days: fc.integer({ min: 1, max: 60 }),
    repeat: fc.oneof(
      fc.constantFrom("once" as const, "daily" as const, "weekly" as const),
      fields.map((cron) => ({ cron })),
    ),
    windowS: fc.option(fc.integer({ min: 1, max: 200 }).map((hours) => hours * 3_600)),
    lateS: fc.nat({ max: 48 }).map((hours) => hours * 3_600),
  })
  .filter(({ repeat }) => typeof repeat === "string" || parseCron(repeat.cron) !== undefined)
  .map(({ days, ...rest }) => ({ ...rest, endsAt: rest.startsAt + days * DAY_MS }));

function allOf(schedule: Schedule): Period[] {
  const found: Period[] = [];
  for (let one = periodFrom(schedule, 0); one !== undefined && found.length < 50; one = periodAfter(schedule, one)) found.push(one);
  return found;
}

describe("periods", () => {
  test("follow each other without overlap, inside of the challenge, and are found from any instant within", () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        let before = schedule.startsAt;
        for (const period of allOf(schedule)) {
          expect(period.opensAt).toBeGreaterThanOrEqual(before);
          expect(period.endsAt).toBeGreaterThan(period.opensAt);
          expect(period.endsAt).toBeLessThanOrEqual(schedule.endsAt);
          expect(period.closesAt - period.endsAt).toBe(schedule.lateS * 1_000);
          if (schedule.windowS !== null) expect(period.endsAt - period.opensAt).toBeLessThanOrEqual(schedule.windowS * 1_000);
          expect(periodAt(schedule, period.opensAt)).toEqual(period);
          expect(periodFrom(schedule, period.endsAt - 1)).toEqual(period);
          before = period.endsAt;
        }
      }),
      { numRuns: 60 },
    );
  });

  test("without a window leave nothing out between the start and the end", () => {
    fc.assert(
      fc.property(schedules, (any) => {
        const schedule = { ...any, windowS: null };
        let before = schedule.startsAt;
        const periods = allOf(schedule);
        for (const period of periods) {
          expect(period.opensAt).toBe(before);
          before = period.endsAt;
        }
        if (periods.length < 50) expect(before).toBe(schedule.endsAt);
      }),
      { numRuns: 60 },
    );
  });

  test("of a day begin at the same time of day, on days of 23, 24 and 25 hours", () => {
    const schedule: Schedule = {
      zone: "Europe/Berlin",
      startsAt: at("2026-03-27T23:00Z"),
      endsAt: at("2026-03-30T22:00Z"),
      repeat: "daily",
      windowS: null,
      lateS: 0,
    };
    expect(allOf(schedule).map(({ opensAt, endsAt }) => (endsAt - opensAt) / HOUR_MS)).toEqual([24, 23, 24]);
    const autumn = { ...schedule, startsAt: at("2026-10-24T22:00Z"), endsAt: at("2026-10-26T23:00Z") };
    expect(allOf(autumn).map(({ opensAt, endsAt }) => (endsAt - opensAt) / HOUR_MS)).toEqual([25, 24]);
  });

  test("of which the first lies inside a cycle last as long as the rest of its window", () => {
    const schedule: Schedule = {
      zone: "UTC",
      startsAt: at("2026-11-18T12:00Z"),
      endsAt: at("2026-12-01T00:00Z"),
      repeat: { cron: "0 0 * * 1" },
      windowS: 5 * 86_400,
      lateS: 0,
    };
    expect(allOf(schedule).map(({ opensAt, endsAt }) => [iso(opensAt)?.slice(0, 13), iso(endsAt)?.slice(0, 13)])).toEqual([
      ["2026-11-18T12", "2026-11-21T00"],
      ["2026-11-23T00", "2026-11-28T00"],
      ["2026-11-30T00", "2026-12-01T00"],
    ]);
    // A start after the window waits for the next reset.
    expect(iso(periodFrom({ ...schedule, startsAt: at("2026-11-21T12:00Z") }, 0)?.opensAt)).toBe("2026-11-23T00:00:00.000Z");
  });

  test("that reset weekly keep the day of the week and the time of day of the start", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instants, (zone, startsAt) => {
        const schedule: Schedule = { zone, startsAt, endsAt: startsAt + 60 * DAY_MS, repeat: "weekly", windowS: null, lateS: 0 };
        const day = localDay(startsAt, offsetAt(zone, startsAt));
        const time = startsAt + offsetAt(zone, startsAt) * 1_000 - day * DAY_MS;
        allOf(schedule).forEach(({ opensAt }, k) => {
          if (k > 0) expect(opensAt).toBe(instantOf(zone, day + 7 * k, time));
        });
      }),
      { numRuns: 40 },
    );
  });
});
