import { describe, expect, it } from "vitest";
import { registerPerson, type RegisteredPerson } from "../../test/people";

type Json = Record<string, unknown> & { items: Record<string, unknown>[]; next: string | null };

async function push(
  person: RegisteredPerson,
  data: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const response = await person.fetch("/v1/ingest/healthkit", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ data: { records: [], sleep: [], workouts: [], ...data }, ...more }),
  });
  expect(response.status).toBe(200);
  return await response.json();
}

async function get(person: RegisteredPerson, path: string): Promise<Json> {
  const response = await person.fetch(path);
  expect(response.status, path).toBe(200);
  return await response.json();
}

const watch = { deviceName: "Watch", deviceModel: "Watch7,5", deviceType: "watch", bundleIdentifier: "com.apple.health" };
const phone = { deviceName: "iPhone", deviceModel: "iPhone15,2", deviceType: "phone", bundleIdentifier: "com.apple.health" };

function record(type: string, startDate: string, endDate: string, value: number, unit: string, source: Record<string, string> = watch) {
  return { id: crypto.randomUUID().toUpperCase(), type, startDate, endDate, value, unit, source };
}

const heartRate = (at: string, value: number) => record("HKQuantityTypeIdentifierHeartRate", at, at, value, "count/min");
const steps = (start: string, end: string, value: number, source = watch) =>
  record("HKQuantityTypeIdentifierStepCount", start, end, value, "count", source);

describe("a phone's push, read back", () => {
  it("shows samples raw, by minute, by hour and by day", async () => {
    const person = await registerPerson("eu", { timeZone: "Europe/Berlin" });
    await push(person, {
      records: [
        heartRate("2026-11-20T07:30:00+01:00", 61),
        heartRate("2026-11-20T07:30:30+01:00", 63),
        heartRate("2026-11-20T08:10:00+01:00", 80),
      ],
    });
    const range = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z";

    const raw = await get(person, `/v1/me/metrics/heart_rate?resolution=raw&${range}`);
    expect(raw.items.map((item) => [item["at"], item["value"]])).toEqual([
      ["2026-11-20T07:30:00.000+01:00", 61],
      ["2026-11-20T07:30:30.000+01:00", 63],
      ["2026-11-20T08:10:00.000+01:00", 80],
    ]);
    expect(raw["unit"]).toBe("/min");

    const minutes = await get(person, `/v1/me/metrics/heart_rate?resolution=minute&${range}`);
    expect(minutes.items.map((item) => [item["count"], item["mean"]])).toEqual([
      [2, 62],
      [1, 80],
    ]);

    const hours = await get(person, `/v1/me/metrics/heart_rate?resolution=hour&${range}`);
    expect(hours.items.map((item) => [item["at"], item["count"], item["min"], item["max"], item["mean"]])).toEqual([
      ["2026-11-20T07:00:00.000+01:00", 2, 61, 63, 62],
      ["2026-11-20T08:00:00.000+01:00", 1, 80, 80, 80],
    ]);

    const days = await get(person, `/v1/me/metrics/heart_rate?resolution=day&${range}`);
    expect(days.items.map((item) => [item["date"], item["count"], item["mean"]])).toEqual([["2026-11-20", 3, 68]]);
  });

  it("pages without losing or repeating a reading", async () => {
    const person = await registerPerson();
    const records = Array.from({ length: 25 }, (_, i) => heartRate(new Date(Date.UTC(2026, 10, 20, 6, i * 7)).toISOString(), 60 + i));
    await push(person, { records });
    for (const resolution of ["raw", "minute"]) {
      const seen: unknown[] = [];
      let path: string | undefined =
        `/v1/me/metrics/heart_rate?resolution=${resolution}&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z&limit=4`;
      const base = path;
      while (path !== undefined) {
        const page: Json = await get(person, path);
        seen.push(...page.items.map((item) => item["at"]));
        path = page.next === null ? undefined : `${base}&cursor=${encodeURIComponent(page.next)}`;
      }
      expect(seen).toEqual(records.map((r) => r.startDate.replace("Z", "Z")));
    }
  });

  it("never adds the steps of a watch and a phone", async () => {
    const person = await registerPerson("us", { timeZone: "UTC" });
    await push(person, {
      records: [
        steps("2026-11-20T07:00:00Z", "2026-11-20T08:00:00Z", 900, watch),
        steps("2026-11-20T07:00:00Z", "2026-11-20T08:00:00Z", 850, phone),
        steps("2026-11-20T12:00:00Z", "2026-11-20T12:30:00Z", 400, phone),
      ],
    });
    const day = await get(person, "/v1/me/days/2026-11-20");
    const metrics = day["metrics"] as Record<string, { value: number }>;
    // The watch speaks for its hour; at noon only the phone was there.
    expect(metrics["steps"]?.value).toBe(1_300);
  });

  it("answers a replay with duplicates and changes nothing", async () => {
    const person = await registerPerson();
    const data = { records: [heartRate("2026-11-20T07:30:00Z", 61), steps("2026-11-20T07:00:00Z", "2026-11-20T08:00:00Z", 900)] };
    expect(await push(person, data, { syncTimestamp: "2026-11-20T09:00:00Z", cursor: "a" })).toMatchObject({
      accepted: 2,
      duplicate: 0,
      cursor: "a",
    });
    const before = await get(person, "/v1/me/days/2026-11-20");
    expect(await push(person, data, { syncTimestamp: "2026-11-20T09:00:00Z", cursor: "a" })).toMatchObject({
      accepted: 0,
      duplicate: 2,
      cursor: "a",
    });
    expect(await get(person, "/v1/me/days/2026-11-20")).toEqual(before);
  });

  it("quarantines what is not plausible and says why", async () => {
    const person = await registerPerson();
    const bad = heartRate("2026-11-20T07:30:00Z", 900);
    const receipt = await push(person, { records: [bad, heartRate("2026-11-20T07:31:00Z", 60)] });
    expect(receipt).toMatchObject({ accepted: 1, quarantined: [{ id: bad.id, reason: "implausible_value" }] });
    const list = await get(person, "/v1/me/quarantine");
    expect(list.items).toMatchObject([{ metric: "heart_rate", value: 900, unit: "/min", reason: "implausible_value" }]);
  });

  it("lists what there is with its extent and sources", async () => {
    const person = await registerPerson();
    await push(person, { records: [heartRate("2026-11-20T07:30:00Z", 61), heartRate("2026-11-20T07:40:00Z", 64)] });
    const { items } = await get(person, "/v1/me/metrics");
    expect(items).toMatchObject([
      {
        key: "heart_rate",
        unit: "/min",
        kind: "sample",
        lastValue: 64,
        count: 2,
        firstAt: "2026-11-20T07:30:00.000Z",
        lastAt: "2026-11-20T07:40:00.000Z",
        sources: ["src_1"],
      },
    ]);
    const sources = await get(person, "/v1/me/sources");
    expect(sources.items).toMatchObject([{ id: "src_1", vendor: "healthkit", deviceName: "Watch" }]);
  });

  it("shows metrics and sources in pages that end where the lists do", async () => {
    const person = await registerPerson();
    const at = "2026-11-20T07:30:00Z";
    const weight = { id: crypto.randomUUID(), type: "HKQuantityTypeIdentifierBodyMass", value: 71, unit: "kg", startDate: at, endDate: at };
    await push(person, { records: [heartRate(at, 61), weight, steps(at, "2026-11-20T07:40:00Z", 100)] });
    for (const [path, name] of [
      ["/v1/me/metrics", "key"],
      ["/v1/me/sources", "id"],
    ] as const) {
      const all = (await get(person, path)).items.map((item) => item[name]);
      expect(all.length).toBeGreaterThan(1);
      const seen: unknown[] = [];
      for (let next: unknown = ""; next !== null;) {
        const page = await get(person, `${path}?limit=1${next === "" ? "" : `&cursor=${String(next)}`}`);
        expect(page.items).toHaveLength(1);
        seen.push(page.items[0]?.[name]);
        next = page.next;
      }
      expect(seen).toEqual(all);
      for (const wrong of ["limit=0", "limit=201", "cursor=made-up", "page=2"])
        expect((await person.fetch(`${path}?${wrong}`)).status, wrong).toBe(422);
    }
  });

  it("assembles a night from stages and shows it on the day it ends", async () => {
    const person = await registerPerson("eu", { timeZone: "UTC" });
    const stage = (name: string, startDate: string, endDate: string) => ({
      id: crypto.randomUUID(),
      stage: name,
      startDate,
      endDate,
      source: watch,
    });
    await push(person, {
      sleep: [
        stage("core", "2026-11-19T23:00:00Z", "2026-11-20T01:00:00Z"),
        stage("deep", "2026-11-20T01:00:00Z", "2026-11-20T02:00:00Z"),
        stage("awake", "2026-11-20T02:00:00Z", "2026-11-20T02:15:00Z"),
        stage("rem", "2026-11-20T02:15:00Z", "2026-11-20T03:15:00Z"),
      ],
    });
    const { items } = await get(person, "/v1/me/sleep?from=2026-11-19T00:00:00Z&to=2026-11-21T00:00:00Z");
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      date: "2026-11-20",
      summary: { asleepMin: 240, deepMin: 60, remMin: 60, lightMin: 120, awakeMin: 15, awakenings: 1 },
    });
    const day = await get(person, "/v1/me/days/2026-11-20");
    expect((day["metrics"] as Record<string, { value: number }>)["sleep_duration"]?.value).toBe(240);
    expect(day["sleep"]).toMatchObject({ date: "2026-11-20" });
  });
});

describe("deletion", () => {
  it("removes a range for good", async () => {
    const person = await registerPerson();
    const records = [heartRate("2026-11-20T07:30:00Z", 61), heartRate("2026-11-20T08:30:00Z", 62)];
    await push(person, { records });
    const response = await person.fetch("/v1/me/metrics/heart_rate?from=2026-11-20T07:00:00Z&to=2026-11-20T08:00:00Z", {
      method: "DELETE",
    });
    expect(await response.json()).toEqual({ deleted: 1 });
    const receipt = await push(person, { records });
    expect(receipt).toMatchObject({ accepted: 0, duplicate: 1, rejected: [{ id: records[0]?.id, reason: "deleted_by_person" }] });
    const raw = await get(person, "/v1/me/metrics/heart_rate?resolution=raw&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z");
    expect(raw.items.map((item) => item["value"])).toEqual([62]);
  });

  it("removes one reading by its id and corrects the sums", async () => {
    const person = await registerPerson("eu", { timeZone: "UTC" });
    await push(person, {
      records: [steps("2026-11-20T07:00:00Z", "2026-11-20T07:30:00Z", 100), steps("2026-11-20T07:30:00Z", "2026-11-20T08:00:00Z", 50)],
    });
    const raw = await get(person, "/v1/me/metrics/steps?resolution=raw&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z");
    const id = String(raw.items[0]?.["id"]);
    expect((await person.fetch(`/v1/me/readings/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await person.fetch(`/v1/me/readings/${id}`, { method: "DELETE" })).status).toBe(404);
    const day = await get(person, "/v1/me/days/2026-11-20");
    expect((day["metrics"] as Record<string, { value: number }>)["steps"]?.value).toBe(50);
  });

  it("removes a source and lets it go on", async () => {
    const person = await registerPerson();
    await push(person, { records: [heartRate("2026-11-20T07:30:00Z", 61), heartRate("2026-11-20T07:31:00Z", 900)] });
    expect(await (await person.fetch("/v1/me/sources/src_1", { method: "DELETE" })).json()).toEqual({ deleted: 2 });
    for (const list of ["metrics", "quarantine", "sources"]) expect((await get(person, `/v1/me/${list}`)).items, list).toEqual([]);
    for (const id of ["src_9", "src_0", "nonsense"])
      expect((await person.fetch(`/v1/me/sources/${id}`, { method: "DELETE" })).status, id).toBe(404);
  });

  it("lists a source for as long as something of it is here", async () => {
    const person = await registerPerson();
    const at = "2026-11-20T07:30:00Z";
    const workout = {
      id: crypto.randomUUID(),
      type: "running",
      startDate: at,
      endDate: "2026-11-20T08:00:00Z",
      source: { deviceName: "Bike", bundleIdentifier: "com.apple.health" },
    };
    await push(person, { records: [heartRate(at, 61), steps(at, "2026-11-20T07:40:00Z", 100, phone)], workouts: [workout] });
    const named = async () => (await get(person, "/v1/me/sources")).items.map((item) => item["deviceName"]);
    const all = await get(person, "/v1/me/sources");
    expect(await named()).toHaveLength(3);
    for (const { id, deviceName } of all.items) {
      const before = await named();
      expect((await person.fetch(`/v1/me/sources/${String(id)}`, { method: "DELETE" })).status).toBe(200);
      expect(await named()).toEqual(before.filter((name) => name !== deviceName));
    }
    expect(await named()).toEqual([]);
    await push(person, { records: [heartRate(new Date().toISOString(), 61)] });
    expect(await named()).toEqual(["Watch"]);
    await push(person, { records: [steps(at, "2026-11-20T07:45:00Z", -5, phone)] });
    expect((await get(person, "/v1/me/quarantine")).items).toHaveLength(1);
    expect(await named()).toEqual(["Watch", "iPhone"]);
  });

  it("follows the deletions that a device reports, also before it has the record", async () => {
    const person = await registerPerson();
    const [a, b] = [heartRate("2026-11-20T07:30:00Z", 61), heartRate("2026-11-20T07:31:00Z", 62)];
    await push(person, { records: [a] }, { syncTimestamp: "2026-11-20T08:00:00Z" });
    expect(await push(person, {}, { deleted: [a.id, b.id], syncTimestamp: "2026-11-20T09:00:00Z" })).toMatchObject({ deleted: 2 });
    expect(await push(person, { records: [a, b] }, { syncTimestamp: "2026-11-20T08:00:00Z" })).toMatchObject({ accepted: 0, duplicate: 2 });
    expect((await get(person, "/v1/me/metrics")).items).toEqual([]);
  });
});

describe("bad questions", () => {
  it("name the fault and nothing else", async () => {
    const person = await registerPerson();
    expect((await person.fetch("/v1/me/metrics/blood_of_dragons")).status).toBe(404);
    for (const path of [
      "/v1/me/metrics/steps?resolution=week",
      "/v1/me/metrics/steps?from=yesterday",
      "/v1/me/metrics/steps?from=2026-11-20T00:00:00Z&to=2026-11-19T00:00:00Z",
      "/v1/me/metrics/steps?cursor=forged",
      "/v1/me/metrics/steps?source=watch",
      "/v1/me/days/2026-02-30",
      "/v1/me/days?from=2026-11-20",
      "/v1/me/sleep?limit=0",
    ]) {
      const response = await person.fetch(path);
      expect(response.status, path).toBe(422);
      expect(await response.json()).toMatchObject({ code: "invalid" });
    }
  });
});
