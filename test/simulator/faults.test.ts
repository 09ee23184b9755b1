import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { api, connect, control, postToken } from "./flow.ts";
import { startSimulator } from "./simulator.ts";
import type { Simulator } from "./simulator.ts";

let simulator: Simulator;
let base: string;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, now: "2026-11-20T12:00:00Z", frozen: true });
  base = simulator.url;
});
afterAll(() => simulator.close());
beforeEach(() => control(base, "reset", {}));

async function statuses(access: string, path: string, times: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < times; i += 1) found.push((await api(base, access, path)).status);
  return found;
}

describe("faults", () => {
  it("hit the given path, the given number of times, with Retry-After", async () => {
    const { access_token: access } = await connect(base);
    await control(base, "faults", { path: "/v4/users/me/dataTypes/*/dataPoints", status: 429, retryAfterSeconds: 7, times: 2 });
    expect((await api(base, access, "identity")).status).toBe(200);
    const first = await api(base, access, "dataTypes/weight/dataPoints");
    expect(first.status).toBe(429);
    expect(first.headers.get("retry-after")).toBe("7");
    expect(first.body).toMatchObject({ error: { code: 429, status: "RESOURCE_EXHAUSTED" } });
    expect(await statuses(access, "dataTypes/weight/dataPoints", 2)).toEqual([429, 200]);
  });

  it("make a storm of errors that passes", async () => {
    const { access_token: access } = await connect(base);
    await control(base, "faults", { status: 503, rate: 0.5 });
    expect(await statuses(access, "identity", 6)).toEqual([200, 503, 200, 503, 200, 503]);
    await fetch(`${base}/sim/faults`, { method: "DELETE" });
    expect(await statuses(access, "identity", 2)).toEqual([200, 200]);
  });

  it("lose a token reply after the token was issued", async () => {
    const { refresh_token: refresh = "" } = await connect(base);
    await control(base, "faults", { kind: "lost-reply", path: "/token", times: 1 });
    await expect(postToken(base, { grant_type: "refresh_token", refresh_token: refresh })).rejects.toThrow();
    expect((await postToken(base, { grant_type: "refresh_token", refresh_token: refresh })).status).toBe(200);
    const { counters } = z.object({ counters: z.record(z.string(), z.number()) }).parse(await control(base, "requests"));
    expect(counters["token:refresh_token"]).toBe(2);
    expect(counters["token:authorization_code"]).toBe(1);
  });

  it("cut connections, answer nonsense, and speak OAuth at the token endpoint", async () => {
    const { access_token: access, refresh_token: refresh = "" } = await connect(base);
    await control(base, "faults", { kind: "drop", times: 1 });
    await expect(api(base, access, "identity")).rejects.toThrow();
    await control(base, "faults", { kind: "malformed", times: 1 });
    await expect(api(base, access, "identity")).rejects.toThrow();
    await control(base, "faults", { kind: "slow", delayMs: 1, times: 1 });
    expect((await api(base, access, "identity")).status).toBe(200);
    await control(base, "faults", { path: "/token", status: 400, times: 1 });
    expect((await postToken(base, { grant_type: "refresh_token", refresh_token: refresh })).body["error"]).toBe("invalid_grant");
  });

  it("are refused when misspelt", async () => {
    await expect(control(base, "faults", { stauts: 500 })).rejects.toThrow("400");
  });
});

describe("quota", () => {
  it("allows 300 calls a minute and person, then 429", async () => {
    const { access_token: access } = await connect(base, "eager");
    const other = await connect(base, "calm");
    const answers = await Promise.all(Array.from({ length: 302 }, () => api(base, access, "identity")));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(300);
    const refused = answers.find((answer) => answer.status === 429);
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await api(base, other.access_token, "identity")).status).toBe(200);
  });
});

describe("late data", () => {
  const day = { from: "2026-11-10T00:00:00Z", to: "2026-11-11T00:00:00Z" };
  const filter = new URLSearchParams({
    filter: `heart_rate.sample_time.physical_time >= "${day.from}" AND heart_rate.sample_time.physical_time < "${day.to}"`,
    pageSize: "10000",
  });
  const shape = z.object({ dataPoints: z.array(z.object({ heartRate: z.object({ beatsPerMinute: z.string() }) })).default([]) });
  const beats = async (access: string): Promise<number[]> =>
    shape
      .parse((await api(base, access, `dataTypes/heart-rate/dataPoints?${filter.toString()}`)).body)
      .dataPoints.map((point) => Number(point.heartRate.beatsPerMinute));

  it("is held back and released", async () => {
    const { access_token: access } = await connect(base);
    const before = await beats(access);
    await control(base, "late", { dataType: "heart-rate", action: "hold", ...day });
    expect(await beats(access)).toEqual([]);
    await control(base, "late", { dataType: "heart-rate", action: "release", ...day });
    expect(await beats(access)).toEqual(before);
  });

  it("is corrected in place", async () => {
    const { access_token: access } = await connect(base);
    const before = await beats(access);
    await control(base, "late", { dataType: "heart-rate", action: "correct", factor: 2, ...day });
    expect(await beats(access)).toEqual(before.map((value) => value * 2));
  });

  it("corrects structured values by a patch and keeps their names", async () => {
    const { access_token: access } = await connect(base);
    const read = async (): Promise<{ name: string; sleep: unknown } | undefined> =>
      z
        .object({ dataPoints: z.array(z.object({ name: z.string(), sleep: z.unknown() })) })
        .parse((await api(base, access, "dataTypes/sleep/dataPoints?pageSize=1")).body).dataPoints[0];
    const before = await read();
    await control(base, "late", {
      dataType: "sleep",
      action: "correct",
      patch: { metadata: { manuallyEdited: true } },
      from: "2026-11-18T12:00:00Z",
      to: "2026-11-20T12:00:00Z",
    });
    const after = await read();
    expect(after?.name).toBe(before?.name);
    expect(after?.sleep).toMatchObject({ metadata: { manuallyEdited: true, mainSleep: true } });
  });
});

describe("clock", () => {
  it("lets new data arrive as time passes", async () => {
    const { access_token: access } = await connect(base, "ada", {});
    const count = async (): Promise<number> =>
      z
        .object({ dataPoints: z.array(z.unknown()).default([]) })
        .parse(
          (
            await api(
              base,
              access,
              `dataTypes/basal-energy-burned/dataPoints?${new URLSearchParams({ filter: 'basal_energy_burned.interval.start_time >= "2026-11-20T00:00:00Z"' }).toString()}`,
            )
          ).body,
        ).dataPoints.length;
    const before = await count();
    await control(base, "clock", { advanceSeconds: 3500 });
    expect(await count()).toBeGreaterThanOrEqual(before);
    await control(base, "clock", { now: "2026-11-20T12:00:00Z" });
    expect(await control(base, "clock")).toEqual({ now: "2026-11-20T12:00:00.000Z", frozen: true });
  });

  it("refuses a second simulator on the same port with a clear message", async () => {
    await expect(startSimulator({ port: Number(new URL(base).port) })).rejects.toThrow("already in use");
  });
});
