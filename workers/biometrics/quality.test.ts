import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { make } from "../../test/partners";
import { registerPerson } from "../../test/people";
import { samples, WATCH } from "../../test/vaults";
import { BatchBuilder } from "../../shared/health/batch";
import { vaultOf } from "../regional";

const AT = Date.UTC(2026, 10, 20, 8);
const HEADERS = { "content-type": "application/json" };

it("what was kept apart is released or discarded, one by one or by a condition", async () => {
  const person = await registerPerson("eu");
  const vault = vaultOf(env, person.person.id);
  await vault.record(
    samples(
      "heart_rate",
      [900, 901, 902, 903].map((value, i) => ({ at: AT + i * 1_000, value })),
    ),
  );
  const list = async (state: string): Promise<{ items: { id: string; value: number }[] }> =>
    await (await person.fetch(`/v1/me/quarantine?state=${state}`)).json();
  const post = async (path: string, body?: object) =>
    await person.fetch(`/v1/me/quarantine/${path}`, {
      method: "POST",
      ...(body === undefined ? {} : { headers: HEADERS, body: JSON.stringify(body) }),
    });
  const held = (await list("held")).items;
  expect(held.map(({ value }) => value)).toEqual([903, 902, 901, 900]);
  expect((await post(`${held[0]!.id}/release`)).status).toBe(204);
  expect((await post(`${held[0]!.id}/release`)).status).toBe(404);
  expect((await post(`${held[1]!.id}/discard`)).status).toBe(204);
  expect((await post("release", {})).status).toBe(422);
  const bulk = await post("release", { metric: "heart_rate", reason: "implausible_value" });
  expect(await bulk.json()).toEqual({ decided: 2, refused: 0, isMore: false });
  expect((await list("held")).items).toEqual([]);
  expect((await list("discarded")).items).toMatchObject([{ value: 902 }]);
  const raw = await person.fetch("/v1/me/metrics/heart_rate?resolution=raw&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z");
  expect(await raw.json()).toMatchObject({ items: [{ value: 900 }, { value: 901 }, { value: 903 }] });
});

it("a source's own total stands beside what its readings come to, and neither is changed", async () => {
  const person = await registerPerson("eu", { timeZone: "UTC" });
  const builder = new BatchBuilder();
  const source = builder.source(WATCH);
  builder.interval("steps", source, AT, AT + 60_000, 4_500, 0, 1);
  builder.reading({ metric: "steps", kind: "daily", source, start: AT, end: AT, value: 5_000, zone: 0, date: "2026-11-20", version: 1 });
  await vaultOf(env, person.person.id).record(builder.take());
  const answer = await person.fetch("/v1/me/metrics/steps/reconciliation?from=2026-11-20&to=2026-11-20");
  expect(await answer.json()).toMatchObject({
    days: [{ date: "2026-11-20", source: "src_1", dailyTotal: 5_000, fromReadings: 4_500, difference: 500, ratio: 0.9 }],
    sources: [{ source: "src_1", days: 1, meanDifference: 500, largestDifference: 500 }],
  });
  const reader = await registerPerson("us");
  const path = `/v1/people/${person.person.id}/metrics/steps/reconciliation?from=2026-11-20&to=2026-11-20`;
  expect((await reader.fetch(path)).status).toBe(404);
  const consent = { role: "user", categories: ["activity"], actions: ["read"], purpose: "personal" };
  await make(person, "/v1/me/consents", { grantee: { kind: "person", id: reader.person.id }, ...consent });
  expect(await (await reader.fetch(path)).json()).toMatchObject({ days: [{ dailyTotal: 5_000, fromReadings: 4_500 }] });
});
