import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { registerPerson } from "../../test/people";
import { intervals, WATCH } from "../../test/vaults";
import { vaultOf } from "../regional";

const DAY = 86_400_000;

it("missing days are found, listed by page and filter, and dismissed", async () => {
  const person = await registerPerson("eu", { timeZone: "UTC" });
  const today = Math.floor(Date.now() / DAY) * DAY;
  const walks = [0, ...Array.from({ length: 11 }, (_, i) => i + 3)].map((ago) => ({
    at: today - ago * DAY,
    end: today - ago * DAY + 60_000,
    value: 100,
  }));
  await vaultOf(env, person.person.id).record(intervals("steps", walks, WATCH));
  const check = async () => await (await person.fetch("/v1/me/gaps/check", { method: "POST" })).json();
  expect(await check()).toEqual({ found: 2, repaired: 0, reported: 0 });
  expect(await check()).toEqual({ found: 0, repaired: 0, reported: 0 });

  type Page = { items: { id: string; date: string; metric: string; class: string; state: string }[]; next: string | null };
  const list = async (query: string): Promise<Page> => await (await person.fetch(`/v1/me/gaps?${query}`)).json();
  const dates = [1, 2].map((ago) => new Date(today - ago * DAY).toISOString().slice(0, 10));
  const first = await list("limit=1&metric=steps&state=open");
  expect(first.items).toMatchObject([{ date: dates[0], metric: "steps", source: "src_1", class: "not_worn", repairAt: null }]);
  const second = await list(`limit=1&metric=steps&state=open&cursor=${encodeURIComponent(first.next ?? "")}`);
  expect(second).toMatchObject({ items: [{ date: dates[1] }], next: null });
  expect((await list(`from=${dates[0]}&to=${dates[0]}`)).items).toHaveLength(1);
  expect((await list("class=partial")).items).toEqual([]);
  expect((await person.fetch("/v1/me/gaps?metric=stepz")).status).toBe(404);

  const dismissed = await person.fetch(`/v1/me/gaps/${first.items[0]!.id}/dismiss`, { method: "POST" });
  expect(await dismissed.json()).toMatchObject({ id: first.items[0]!.id, state: "dismissed" });
  expect((await list("state=open")).items).toHaveLength(1);
  for (const id of ["g1.501.1", "nothing"]) expect((await person.fetch(`/v1/me/gaps/${id}/dismiss`, { method: "POST" })).status).toBe(404);
});
