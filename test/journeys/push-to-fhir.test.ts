import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { healthConnectPush, healthKitPush, HEART_RATES, NIGHT, PULSES, RUN, STEPS } from "./pushes.ts";
import { bucketSeries, bundle, day, metrics, rawSeries, receipt, sessions } from "./wire.ts";

const DAY = "2026-03-10";
const RANGE = "from=2026-03-09T00:00:00Z&to=2026-03-11T00:00:00Z";

let meridian: Meridian;
let ada: Client;

beforeAll(async () => {
  meridian = await Meridian.start();
  ada = await Client.register(meridian);
});
afterAll(async () => await meridian.dispose());

async function push(client: Client, platform: string, body: unknown) {
  const reply = await client.call("POST", `/v1/ingest/${platform}`, body);
  expect(reply.status, JSON.stringify(reply.body)).toBe(200);
  return receipt.parse(reply.body);
}

/** Everything the person can read, as one value to compare. */
async function everything(client: Client): Promise<unknown> {
  const paths = [
    "/v1/me/metrics",
    `/v1/me/metrics/heart_rate?resolution=raw&source=all&${RANGE}`,
    `/v1/me/metrics/steps?resolution=day&${RANGE}`,
    `/v1/me/days/${DAY}`,
    `/v1/me/sleep?${RANGE}`,
    `/v1/me/workouts?${RANGE}`,
    "/v1/me/sources",
  ];
  return await Promise.all(paths.map(async (path) => (await client.call("GET", path)).body));
}

describe("a phone's push", () => {
  test("is all there after a power cut right behind the receipt", async () => {
    const sent = healthKitPush();
    const got = await push(ada, "healthkit", sent);
    await meridian.kill();

    expect(got).toMatchObject({ duplicate: 0, updated: 0, quarantined: [], rejected: [], cursor: "anchor-1" });
    expect(got.accepted).toBe(sent.data.records.length + sent.data.sleep.length + sent.data.workouts.length);

    await meridian.restart();
    const series = await ada.get(`/v1/me/metrics/heart_rate?resolution=raw&${RANGE}`, rawSeries);
    expect(series.items.map(({ at, value }) => [Date.parse(at), value])).toEqual(HEART_RATES.map(({ at, value }) => [at, value]));
    const hours = await ada.get(`/v1/me/metrics/heart_rate?resolution=hour&${RANGE}`, bucketSeries);
    expect(hours.items.reduce((sum, { count }) => sum + count, 0)).toBe(HEART_RATES.length);
  });

  test("shows in the day, the night and the workout", async () => {
    const shown = await ada.get(`/v1/me/days/${DAY}`, day);
    expect(shown).toMatchObject({ date: DAY, timeZone: "Europe/Berlin" });
    expect(shown.metrics["steps"]).toEqual(
      expect.objectContaining({ value: STEPS.reduce((sum, { value }) => sum + value, 0), unit: "{steps}" }),
    );
    expect(shown.metrics["body_weight"]).toEqual(expect.objectContaining({ value: 72.5, unit: "kg" }));

    const nights = await ada.get(`/v1/me/sleep?${RANGE}`, sessions);
    expect(nights.items.map(({ startAt, endAt }) => [Date.parse(startAt), Date.parse(endAt)])).toEqual([[NIGHT.start, NIGHT.end]]);
    expect(shown.sleep?.id).toBe(nights.items[0]?.id);

    const workouts = await ada.get(`/v1/me/workouts?${RANGE}`, sessions);
    expect(workouts.items).toEqual([
      expect.objectContaining({ type: "running", totals: expect.objectContaining({ distance_walk_run: RUN.metres }) }),
    ]);
    expect(shown.workouts.map(({ id }) => id)).toEqual(workouts.items.map(({ id }) => id));
  });

  test("changes nothing when it comes again", async () => {
    const before = await everything(ada);
    const sent = healthKitPush();
    const again = await push(ada, "healthkit", sent);
    expect(again).toMatchObject({ accepted: 0, updated: 0, deleted: 0, quarantined: [], rejected: [], cursor: "anchor-1" });
    expect(again.duplicate).toBe(sent.data.records.length + sent.data.sleep.length + sent.data.workouts.length);
    expect(await everything(ada)).toEqual(before);
  });

  test("reads as FHIR, every value of it", async () => {
    const patient = ada.id.replaceAll("_", "-");
    const found = await ada.get(`/fhir/r4/Observation?patient=${patient}&code=http://loinc.org|8867-4&_sort=date&_count=200`, bundle);
    const values = (found.entry ?? []).flatMap(({ resource }) =>
      resource.valueQuantity === undefined
        ? (resource.valueSampledData?.data.split(" ").map(Number) ?? [])
        : [resource.valueQuantity.value],
    );
    expect(values.toSorted((a, b) => a - b)).toEqual(HEART_RATES.map(({ value }) => value).toSorted((a, b) => a - b));

    const pressures = await ada.get(`/fhir/r4/Observation?patient=${patient}&code=http://loinc.org|85354-9`, bundle);
    expect(pressures.entry?.map(({ resource }) => resource.component?.map((part) => part.valueQuantity?.value))).toEqual([[121, 79]]);

    const first = found.entry?.[0]?.resource;
    await meridian.cutPower();
    const read = await ada.call("GET", `/fhir/r4/Observation/${first?.id ?? ""}`);
    expect([read.status, read.body]).toEqual([200, first]);
  });

  test("may be cut off anywhere: what was acknowledged stays, and repeating all of it completes the rest once", async () => {
    const ben = await Client.register(meridian, "us");
    const pushes = Array.from({ length: 24 }, (_, hour) => healthConnectPush(hour));
    const total = pushes.length * PULSES;

    const running = pushes.map((body) => ben.call("POST", "/v1/ingest/health-connect", body));
    await Promise.race(running);
    await meridian.kill();
    const settled = await Promise.allSettled(running);
    const acknowledged = settled.flatMap((one, hour) => (one.status === "fulfilled" && one.value.status === 200 ? [hour] : []));
    expect(acknowledged.length).toBeGreaterThan(0);

    await meridian.restart();
    const kept = await ben.get(`/v1/me/metrics/heart_rate?resolution=hour&${RANGE}`, bucketSeries);
    const hours = new Set(kept.items.map(({ at }) => new Date(at).getUTCHours()));
    for (const hour of acknowledged) expect(hours).toContain(hour);
    // A push is stored whole or not at all, whether its receipt arrived or not.
    expect(new Set(kept.items.map(({ count }) => count))).toEqual(new Set([PULSES]));

    let accepted = 0;
    let duplicate = 0;
    for (const body of pushes) {
      const got = await push(ben, "health-connect", body);
      accepted += got.accepted;
      duplicate += got.duplicate;
      expect(got).toMatchObject({ updated: 0, quarantined: [], rejected: [] });
    }
    expect({ accepted, duplicate }).toEqual({ accepted: total - hours.size * PULSES, duplicate: hours.size * PULSES });
    const all = await ben.get("/v1/me/metrics", metrics);
    expect(all.items).toEqual([expect.objectContaining({ key: "heart_rate", unit: "/min", count: total })]);
  });

  test("belongs to its person alone", async () => {
    const eve = await Client.register(meridian);
    expect((await eve.get("/v1/me/metrics", metrics)).items).toEqual([]);
    const found = await eve.call("GET", `/fhir/r4/Observation?patient=${ada.id.replaceAll("_", "-")}&code=http://loinc.org|8867-4`);
    expect(found.status === 200 ? (bundle.parse(found.body).entry ?? []) : []).toEqual([]);
  });
});
