import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { intervals, PHONE, WATCH } from "../../test/vaults";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { vaultOf } from "../regional";

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 10, 20, 12);
const PRIORITIES = "/v1/me/source-priorities";

/** A person whose watch (src_1) and phone (src_2) counted steps at noon, and the phone alone an hour later. */
async function walker(): Promise<RegisteredPerson> {
  const person = await registerPerson("eu", { timeZone: "UTC" });
  const vault = vaultOf(env, person.person.id);
  await vault.record(intervals("steps", [{ at: NOON, end: NOON + HOUR, value: 900 }], WATCH));
  await vault.record(
    intervals(
      "steps",
      [
        { at: NOON, end: NOON + HOUR, value: 850 },
        { at: NOON + HOUR, end: NOON + HOUR + HOUR / 2, value: 400 },
      ],
      PHONE,
    ),
  );
  return person;
}

const put = async (person: RegisteredPerson, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  await person.fetch(PRIORITIES, {
    method: "PUT",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

async function stepsOf(person: RegisteredPerson): Promise<unknown> {
  const day: { metrics: Record<string, unknown> } = await (await person.fetch("/v1/me/days/2026-11-20")).json();
  return day.metrics["steps"];
}

describe("the order of sources", () => {
  it("is the person's to choose, counts at once, and is reset", async () => {
    const person = await walker();
    expect(await stepsOf(person)).toMatchObject({ value: 1_300, source: "src_1" });
    const before = await person.fetch(`${PRIORITIES}?metric=steps`);
    expect(before.headers.get("etag")).toBe('"0"');
    expect(await before.json()).toMatchObject({
      priorities: [],
      order: [
        { source: "src_1", reason: "default_order" },
        { source: "src_2", reason: "default_order" },
      ],
    });

    const body = { priorities: [{ metric: "steps", sources: ["device:phone"] }], cutovers: [] };
    const changed = await put(person, body, { "if-match": '"0"' });
    expect(changed.status).toBe(200);
    expect(changed.headers.get("etag")).toBe('"1"');
    expect(await stepsOf(person)).toMatchObject({ value: 1_250, source: "src_2" });
    // The same again changes nothing, what was read is fit to be sent, and another version is not overwritten.
    const { priorities, cutovers }: Record<string, unknown> = await changed.json();
    expect((await put(person, { priorities, cutovers })).headers.get("etag")).toBe('"1"');
    expect((await put(person, body, { "if-match": '"0"' })).status).toBe(412);

    expect((await person.fetch(PRIORITIES, { method: "DELETE" })).status).toBe(204);
    expect(await stepsOf(person)).toMatchObject({ value: 1_300, source: "src_1" });
  });

  it("names only sources and metrics that there are, as a whole or not at all", async () => {
    const person = await walker();
    const response = await put(person, {
      priorities: [
        { metric: "steps", sources: ["src_2"] },
        { metric: "stepz", sources: ["src_3"] },
      ],
    });
    expect(response.status).toBe(422);
    const { errors }: { errors: { pointer: string; code: string }[] } = await response.json();
    expect(errors.map(({ pointer, code }) => [pointer, code])).toEqual([
      ["/priorities/1/metric", "unknown_metric"],
      ["/priorities/1/sources/0", "unknown_source"],
    ]);
    expect(await stepsOf(person)).toMatchObject({ source: "src_1" });
  });
});

describe("sources side by side", () => {
  it("show what each tells, which is chosen by date, and why", async () => {
    const person = await walker();
    const answer = await person.fetch("/v1/me/metrics/steps/sources?from=2026-11-19&to=2026-11-20");
    expect(await answer.json()).toEqual({
      key: "steps",
      unit: "{steps}",
      from: "2026-11-19",
      to: "2026-11-20",
      timeZone: "UTC",
      sources: [
        {
          source: "src_1",
          place: 1,
          reason: "default_order",
          count: 1,
          days: 1,
          coverage: 0.0208,
          min: 900,
          max: 900,
          mean: 900,
          total: 900,
          chosenDays: 1,
        },
        {
          source: "src_2",
          place: 2,
          reason: "default_order",
          count: 2,
          days: 1,
          coverage: 0.0313,
          min: 400,
          max: 850,
          mean: 625,
          total: 1_250,
          chosenDays: 1,
        },
      ],
      days: [
        {
          date: "2026-11-20",
          chosen: { source: "src_1", value: 1_300, why: "default_order", hours: { src_1: 1, src_2: 1 } },
          sources: {
            src_1: { value: 900, count: 1, coverage: 0.0417, dailyTotal: false },
            src_2: { value: 1_250, count: 2, coverage: 0.0625, dailyTotal: false },
          },
        },
      ],
    });
  });

  it.each([
    ["from=2026-11-20&to=2026-11-19", 422],
    ["from=2020-01-01&to=2026-11-19", 422],
    ["from=yesterday", 422],
    ["from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z", 200],
  ])("take dates or instants, at most a year: %s", async (query, status) => {
    const person = await registerPerson("eu");
    expect((await person.fetch(`/v1/me/metrics/steps/sources?${query}`)).status).toBe(status);
  });
});
