import { describe, expect, it } from "vitest";
import { registerPerson, type RegisteredPerson } from "../../test/people";

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly next: string | null;
}

const RANGE = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z";

async function person(): Promise<RegisteredPerson> {
  const someone = await registerPerson("eu", { timeZone: "UTC" });
  const heart = Array.from({ length: 5 }, (_, i) => ({
    type: "heart_rate",
    startDate: `2026-11-20T07:0${i}:00Z`,
    endDate: `2026-11-20T07:0${i}:00Z`,
    value: 60 + i,
    unit: "/min",
  }));
  const steps = { type: "steps", startDate: "2026-11-20T07:00:00Z", endDate: "2026-11-20T08:00:00Z", value: 900, unit: "{steps}" };
  const weight = { type: "body_weight", startDate: "2026-10-01T07:00:00Z", endDate: "2026-10-01T07:00:00Z", value: 70, unit: "kg" };
  const records = [...heart, steps, weight].map((record, i) => ({
    id: `r${i}`,
    ...record,
    source: { deviceName: "Watch", deviceType: "watch" },
  }));
  const response = await someone.fetch("/v1/ingest/health-connect", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ data: { records, sleep: [], workouts: [] } }),
  });
  expect(response.status).toBe(200);
  return someone;
}

async function page(someone: RegisteredPerson, query: string): Promise<Page> {
  const response = await someone.fetch(`/v1/health/observations?${query}`);
  expect(response.status, query).toBe(200);
  return await response.json();
}

describe("observations", () => {
  it("of one type come in the order of time, with unit and source", async () => {
    const { items, next } = await page(await person(), `type=heart_rate&${RANGE}`);
    expect(items.map((item) => item["value"])).toEqual([60, 61, 62, 63, 64]);
    expect(items[0]).toMatchObject({ metric: "heart_rate", unit: "/min", at: "2026-11-20T07:00:00.000Z", source: "src_1" });
    expect(next).toBeNull();
  });

  it("of every type come page by page, none lost and none twice, within the range", async () => {
    const someone = await person();
    const seen: string[] = [];
    let cursor = "";
    do {
      const { items, next } = await page(someone, `${RANGE}&limit=2${cursor}`);
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items.map((item) => `${String(item["metric"])} ${String(item["value"])}`));
      cursor = next === null ? "" : `&cursor=${encodeURIComponent(next)}`;
    } while (cursor !== "");
    expect(seen).toEqual(["heart_rate 60", "heart_rate 61", "heart_rate 62", "heart_rate 63", "heart_rate 64", "steps 900"]);
  });

  it("refuse an unknown type, a reversed range and another list's cursor", async () => {
    const someone = await person();
    const { next } = await page(someone, `type=heart_rate&${RANGE}&limit=1`);
    for (const [query, code] of [
      ["type=dragons", "unknown_metric"],
      ["from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z", "invalid"],
      [`type=steps&${RANGE}&cursor=${encodeURIComponent(next ?? "")}`, "invalid"],
    ] as const) {
      const response = await someone.fetch(`/v1/health/observations?${query}`);
      expect(response.status, query).toBe(422);
      expect(await response.json()).toMatchObject({ code });
    }
  });
});
