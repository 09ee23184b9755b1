import { describe, expect, it } from "vitest";
import { pageRequest } from "./requests";

const RANGE = { from: Date.parse("2026-06-01T00:00:00Z"), to: Date.parse("2026-06-08T00:00:00Z") };

describe("requests", () => {
  it.each([
    [
      "steps",
      "/v4/users/me/dataTypes/steps/dataPoints",
      'steps.interval.start_time >= "2026-06-01T00:00:00.000Z" AND steps.interval.start_time < "2026-06-08T00:00:00.000Z"',
    ],
    [
      "floors",
      "/v4/users/me/dataTypes/floors/dataPoints:reconcile",
      'floors.interval.start_time >= "2026-06-01T00:00:00.000Z" AND floors.interval.start_time < "2026-06-08T00:00:00.000Z"',
    ],
    [
      "heart-rate",
      "/v4/users/me/dataTypes/heart-rate/dataPoints",
      'heart_rate.sample_time.physical_time >= "2026-06-01T00:00:00.000Z" AND heart_rate.sample_time.physical_time < "2026-06-08T00:00:00.000Z"',
    ],
    [
      "daily-vo2-max",
      "/v4/users/me/dataTypes/daily-vo2-max/dataPoints",
      'daily_vo2_max.date >= "2026-06-01" AND daily_vo2_max.date < "2026-06-08"',
    ],
    [
      "exercise",
      "/v4/users/me/dataTypes/exercise/dataPoints",
      'exercise.interval.civil_start_time >= "2026-05-31" AND exercise.interval.civil_start_time < "2026-06-09"',
    ],
    [
      "sleep",
      "/v4/users/me/dataTypes/sleep/dataPoints",
      'sleep.interval.end_time >= "2026-06-01T00:00:00.000Z" AND sleep.interval.end_time < "2026-06-08T00:00:00.000Z"',
    ],
    [
      "electrocardiogram",
      "/v4/users/me/dataTypes/electrocardiogram/dataPoints",
      'electrocardiogram.interval.start_time >= "2026-06-01T00:00:00.000Z"',
    ],
  ])("%s is filtered as its record type demands", (type, path, filter) => {
    expect(pageRequest(type, RANGE, undefined)).toMatchObject({ method: "GET", path, query: { filter } });
  });

  it("asks roll-ups for whole civil days", () => {
    expect(pageRequest("total-calories", { from: RANGE.from, to: RANGE.to - 1 }, "t")).toMatchObject({
      method: "POST",
      path: "/v4/users/me/dataTypes/total-calories/dataPoints:dailyRollUp",
      body: {
        range: { start: { date: { year: 2026, month: 6, day: 1 } }, end: { date: { year: 2026, month: 6, day: 8 } } },
        windowSizeDays: 1,
        pageToken: "t",
      },
    });
  });

  it("takes sessions 25 at a time and carries the page token", () => {
    expect(pageRequest("sleep", RANGE, "next")).toMatchObject({ query: { pageSize: "25", pageToken: "next" } });
  });
});
