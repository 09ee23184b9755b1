import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { api, connect, control } from "./flow.ts";
import { makePerson, pointsBetween } from "./person.ts";
import { startSimulator } from "./simulator.ts";
import type { Simulator } from "./simulator.ts";

const NOW = "2026-11-20T12:00:00Z";
const interval = z.object({ startTime: z.string(), endTime: z.string() });
const stepsPage = z.object({
  dataPoints: z
    .array(
      z.object({
        dataSource: z.object({ device: z.object({ formFactor: z.string() }).optional() }).optional(),
        steps: z.object({ count: z.string(), interval }),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
});
const failure = z.object({ error: z.object({ code: z.number(), status: z.string(), message: z.string() }) });

let simulator: Simulator;
let base: string;
let access: string;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, now: NOW, frozen: true, quotaPerMinute: 10_000 });
  base = simulator.url;
  access = (await connect(base)).access_token;
});
afterAll(() => simulator.close());

async function list(type: string, filter: string, rest: Record<string, string> = {}, operation = "dataPoints") {
  return api(base, access, `dataTypes/${type}/${operation}?${new URLSearchParams({ filter, ...rest }).toString()}`);
}
async function steps(filter: string, rest: Record<string, string> = {}, operation = "dataPoints") {
  return stepsPage.parse((await list("steps", filter, rest, operation)).body);
}

describe("list", () => {
  const filter = 'steps.interval.start_time >= "2026-11-16T00:00:00Z" AND steps.interval.start_time < "2026-11-18T00:00:00Z"';

  it("pages newest first until everything was given once", async () => {
    const starts: string[] = [];
    let token: string | undefined;
    do {
      const one: z.infer<typeof stepsPage> = await steps(filter, { pageSize: "37", ...(token ? { pageToken: token } : {}) });
      starts.push(...one.dataPoints.map((point) => `${point.steps.interval.startTime} ${point.dataSource?.device?.formFactor}`));
      token = one.nextPageToken;
    } while (token);
    const expected = pointsBetween(makePerson(1, "ada"), "steps", Date.parse("2026-11-16T00:00:00Z"), Date.parse("2026-11-18T00:00:00Z"));
    expect(new Set(starts).size).toBe(starts.length);
    expect(starts.length).toBe(expected.length);
    expect(
      [...starts]
        .sort()
        .reverse()
        .map((line) => line.slice(0, 20)),
    ).toEqual(starts.map((line) => line.slice(0, 20)));
  });

  it("does not shift or repeat when data arrives between pages", async () => {
    const first = await steps(filter, { pageSize: "50" });
    await control(base, "late", {
      dataType: "steps",
      action: "add",
      origin: "manual",
      notify: false,
      points: [{ count: "999", interval: { startTime: "2026-11-17T22:30:10Z", endTime: "2026-11-17T22:31:00Z" } }],
    });
    const second = await steps(filter, { pageSize: "50", pageToken: first.nextPageToken ?? "" });
    const whole = (await steps(filter, { pageSize: "10000" })).dataPoints.filter((point) => point.steps.count !== "999");
    expect([...first.dataPoints, ...second.dataPoints]).toEqual(whole.slice(0, 100));
  });

  it("filters civil and physical time alike where they mean the same", async () => {
    const civil = await steps('steps.interval.civil_start_time >= "2026-11-14" AND steps.interval.civil_start_time < "2026-11-15T06:30"', {
      pageSize: "9000",
    });
    const physical = await steps(
      'steps.interval.start_time >= "2026-11-13T23:00:00Z" AND steps.interval.start_time < "2026-11-15T06:30:00+01:00"',
      { pageSize: "9000" },
    );
    expect(civil.dataPoints.length).toBeGreaterThan(100);
    expect(civil).toEqual(physical);
  });

  it("finds sleep by its end, 25 sessions at a time", async () => {
    const { body } = await list("sleep", 'sleep.interval.civil_end_time >= "2026-09-01" AND sleep.interval.civil_end_time < "2026-11-01"', {
      pageSize: "500",
    });
    const { dataPoints, nextPageToken } = z
      .object({ dataPoints: z.array(z.object({ name: z.string(), sleep: z.object({ interval }) })), nextPageToken: z.string() })
      .parse(body);
    expect(dataPoints).toHaveLength(25);
    expect(nextPageToken).not.toBe("");
    const one = await api(base, access, `dataTypes/sleep/dataPoints/${dataPoints[0]?.name.split("/").at(-1)}`);
    expect(one.body["name"]).toBe(dataPoints[0]?.name);
    expect(one.body["sleep"]).toMatchObject({ interval: dataPoints[0]?.sleep.interval });
  });

  it("gives an empty object when nothing matches", async () => {
    expect((await list("weight", 'weight.sample_time.physical_time >= "2030-01-01T00:00:00Z"')).body).toEqual({});
  });

  it("never shows what has not been synced", async () => {
    const { dataPoints } = await steps('steps.interval.start_time >= "2026-11-20T11:00:00Z"');
    expect(dataPoints.every((point) => point.steps.interval.endTime <= NOW)).toBe(true);
  });
});

describe("reconcile", () => {
  it("merges the phone into the watch, so that nothing is counted twice", async () => {
    const filter = 'steps.interval.start_time >= "2026-11-16T00:00:00Z" AND steps.interval.start_time < "2026-11-17T00:00:00Z"';
    const raw = await steps(filter, { pageSize: "9000" });
    const merged = await steps(filter, { pageSize: "9000" }, "dataPoints:reconcile");
    const starts = merged.dataPoints.map((point) => point.steps.interval.startTime);
    expect(raw.dataPoints.some((point) => point.dataSource?.device?.formFactor === "PHONE")).toBe(true);
    expect(new Set(starts).size).toBe(starts.length);
    expect(merged.dataPoints.length).toBeLessThan(raw.dataPoints.length);
    expect(merged.dataPoints[0]?.dataSource).toBeUndefined();
    const own = await steps(filter, { dataSourceFamily: "users/me/dataSourceFamilies/self-sources" }, "dataPoints:reconcile");
    expect(own.dataPoints).toEqual([]);
  });
});

describe("roll-ups", () => {
  const daily = (startDay: number, endDay: number) => ({
    range: { start: { date: { year: 2026, month: 11, day: startDay } }, end: { date: { year: 2026, month: 11, day: endDay } } },
  });

  it("sum the reconciled points of each civil day, newest day first", async () => {
    const { body } = await api(base, access, "dataTypes/steps/dataPoints:dailyRollUp", daily(12, 14));
    const days = z
      .object({
        rollupDataPoints: z.array(
          z.object({ civilStartTime: z.object({ date: z.object({ day: z.number() }) }), steps: z.object({ countSum: z.string() }) }),
        ),
      })
      .parse(body).rollupDataPoints;
    expect(days.map((day) => day.civilStartTime.date.day)).toEqual([13, 12]);
    const points = await steps(
      'steps.interval.civil_start_time >= "2026-11-13" AND steps.interval.civil_start_time < "2026-11-14"',
      { pageSize: "9000" },
      "dataPoints:reconcile",
    );
    expect(Number(days[0]?.steps.countSum)).toBe(points.dataPoints.reduce((sum, point) => sum + Number(point.steps.count), 0));
  });

  it("page by window", async () => {
    const request = { range: { startTime: "2026-11-16T00:00:00Z", endTime: "2026-11-18T00:00:00Z" }, windowSize: "3600s", pageSize: 10 };
    const shape = z.object({
      rollupDataPoints: z.array(z.object({ startTime: z.string() })).default([]),
      nextPageToken: z.string().optional(),
    });
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const one = shape.parse(
        (await api(base, access, "dataTypes/total-calories/dataPoints:rollUp", { ...request, ...(token ? { pageToken: token } : {}) }))
          .body,
      );
      seen.push(...one.rollupDataPoints.map((point) => point.startTime));
      token = one.nextPageToken;
    } while (token);
    expect(seen).toHaveLength(48);
    expect(new Set(seen).size).toBe(48);
  });

  it("refuse ranges beyond the limit of the type", async () => {
    expect((await api(base, access, "dataTypes/total-calories/dataPoints:dailyRollUp", daily(1, 16))).status).toBe(400);
    expect((await api(base, access, "dataTypes/steps/dataPoints:dailyRollUp", daily(1, 16))).status).toBe(200);
  });
});

describe("refusals", () => {
  it.each<[string, string, string | undefined, number, string]>([
    ["listing floors", "dataTypes/floors/dataPoints", undefined, 400, "INVALID_ARGUMENT"],
    ["listing total calories", "dataTypes/total-calories/dataPoints", undefined, 400, "INVALID_ARGUMENT"],
    ["reconciling ECGs", "dataTypes/electrocardiogram/dataPoints:reconcile", undefined, 400, "INVALID_ARGUMENT"],
    ["an unknown type", "dataTypes/nothing/dataPoints", undefined, 400, "INVALID_ARGUMENT"],
    [
      "another type's member",
      "dataTypes/steps/dataPoints",
      'weight.sample_time.physical_time >= "2026-11-01T00:00:00Z"',
      400,
      "INVALID_ARGUMENT",
    ],
    [
      "physical time of a workout",
      "dataTypes/exercise/dataPoints",
      'exercise.interval.start_time >= "2026-11-01T00:00:00Z"',
      400,
      "INVALID_ARGUMENT",
    ],
    ["another operator", "dataTypes/steps/dataPoints", 'steps.interval.start_time <= "2026-11-01T00:00:00Z"', 400, "INVALID_ARGUMENT"],
    [
      "a civil literal in physical time",
      "dataTypes/steps/dataPoints",
      'steps.interval.start_time >= "2026-11-01"',
      400,
      "INVALID_ARGUMENT",
    ],
    ["a foreign page token", "dataTypes/steps/dataPoints?pageToken=abc", undefined, 400, "INVALID_ARGUMENT"],
    ["a lost resource", "nothing", undefined, 404, "NOT_FOUND"],
  ])("%s", async (_, path, filter, status, name) => {
    const answer = await api(base, access, filter ? `${path}?${new URLSearchParams({ filter }).toString()}` : path);
    expect(answer.status).toBe(status);
    expect(failure.parse(answer.body).error).toMatchObject({ code: status, status: name });
  });

  it("no token, and a token without the scope of the type", async () => {
    expect(failure.parse((await api(base, "none", "identity")).body).error.status).toBe("UNAUTHENTICATED");
    const narrow = (await connect(base, "narrow", { sim_scopes: "https://www.googleapis.com/auth/googlehealth.sleep.readonly" }))
      .access_token;
    expect((await api(base, narrow, "dataTypes/sleep/dataPoints")).status).toBe(200);
    expect(failure.parse((await api(base, narrow, "dataTypes/steps/dataPoints")).body).error.status).toBe("PERMISSION_DENIED");
    expect((await api(base, narrow, "settings")).status).toBe(403);
  });
});
