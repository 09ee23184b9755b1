import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import * as z from "zod";
import { boardIdOf } from "../../shared/challenges/board";
import { DAY_MS, MINUTE_MS } from "../../shared/clock";
import { LiveClient } from "../../test/live-client";
import { fetchApp } from "../../test/people";
import { somebody, type Somebody } from "../../test/staff";
import { boardOf } from "../regional";

const createdSchema = z.looseObject({ id: z.string() });
const joinedSchema = z.looseObject({ alias: z.string() });
const entries = z.array(z.looseObject({ rank: z.number(), alias: z.string() }));
const standingsSchema = z.looseObject({
  veiled: z.boolean(),
  items: z.array(z.looseObject({ alias: z.string(), name: z.string().nullable(), score: z.number().nullable() })),
});
const messageSchema = z.looseObject({ type: z.string(), count: z.number(), top: z.unknown().optional(), me: entries.nullish() });

const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const opensAt = today - DAY_MS;

async function send(who: Somebody, path: string, body: unknown): Promise<unknown> {
  const response = await who.fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return JSON.parse(text);
}

const watch = async (who: Somebody, id: string, query = "", headers: Record<string, string> = { upgrade: "websocket" }) =>
  await who.fetch(`/v1/challenges/${id}/standings/live${query}`, { headers });

test("whoever may see a challenge watches its standings, with a token or a ticket, and nobody else", async () => {
  const [owner, runner, stranger] = await Promise.all([somebody("eu"), somebody("eu"), somebody("eu")]);
  const create = async (visibility: string) =>
    createdSchema.parse(
      await send(owner, "/v1/challenges", {
        title: "Steps of a week",
        measure: { kind: "metric", metric: "steps" },
        schedule: { timeZone: "UTC", startsAt: new Date(opensAt).toISOString(), endsAt: new Date(today + 6 * DAY_MS).toISOString() },
        state: "open",
        visibility,
      }),
    ).id;
  const id = await create("public");
  const { alias } = joinedSchema.parse(await send(runner, `/v1/challenges/${id}/participation`, {}));
  const { webSocket } = await watch(runner, id);
  if (webSocket === null) throw new Error("no socket");
  const client = new LiveClient(webSocket);
  const next = async () => messageSchema.parse(await client.next());
  expect((await next()).type).toBe("snapshot");
  const board = boardOf(env, boardIdOf(id));
  await board.submit([{ alias, score: 5, at: Date.now(), version: 1e15 }], Math.floor(opensAt / MINUTE_MS));
  let { me } = await next();
  while (me?.[0]?.alias !== alias) ({ me } = await next());
  expect(me).toMatchObject([{ rank: 1, alias, score: 5 }]);
  client.close();
  const { ticket } = z.looseObject({ ticket: z.string() }).parse(await send(stranger, "/v1/tickets", {}));
  const withTicket = async () =>
    await fetchApp(`/v1/challenges/${id}/standings/live?ticket=${encodeURIComponent(ticket)}`, { headers: { upgrade: "websocket" } });
  const guest = await withTicket();
  expect(guest.status).toBe(101);
  guest.webSocket?.accept();
  guest.webSocket?.close();
  expect((await withTicket()).status).toBe(401);
  expect((await watch(stranger, await create("private"))).status).toBe(404);
  expect((await watch(stranger, id, "", {})).status).toBe(400);
});

test("without a name among fewer than five nobody is shown to others, wherever one looks", async () => {
  const [owner, named, ...hidden] = await Promise.all([0, 1, 2, 3, 4, 5, 6].map(async () => await somebody("eu")));
  if (owner === undefined || named === undefined) throw new TypeError("nobody");
  const { id } = createdSchema.parse(
    await send(owner, "/v1/challenges", {
      title: "Steps of a week",
      measure: { kind: "metric", metric: "steps" },
      schedule: { timeZone: "UTC", startsAt: new Date(opensAt).toISOString(), endsAt: new Date(today + 6 * DAY_MS).toISOString() },
      state: "open",
      visibility: "public",
    }),
  );
  const board = boardOf(env, boardIdOf(id));
  let score = 0;
  const join = async (who: Somebody, body: object) => {
    const { alias } = joinedSchema.parse(await send(who, `/v1/challenges/${id}/participation`, body));
    await board.submit([{ alias, score: ++score, at: Date.now(), version: 1e15 }], Math.floor(opensAt / MINUTE_MS));
    return alias;
  };
  const read = async (who: Somebody, view: string) => {
    const answer: unknown = await (await who.fetch(`/v1/challenges/${id}/standings?view=${view}`)).json();
    return standingsSchema.parse(answer);
  };
  const live = async (who: Somebody) => {
    const { webSocket } = await watch(who, id);
    if (webSocket === null) throw new Error("no socket");
    const client = new LiveClient(webSocket);
    const message = messageSchema.parse(await client.next());
    client.close();
    return message;
  };
  await join(named, { ranking: "public", name: "Nora" });
  const [viewer, ...others] = hidden;
  const last = others.pop();
  if (viewer === undefined || last === undefined) throw new TypeError("nobody");
  const own = await join(viewer, {});
  for (const one of others) await join(one, {});
  for (const view of ["everyone", "around"]) {
    const { veiled, items } = await read(viewer, view);
    expect(veiled).toBe(true);
    expect(items.map(({ alias, name }) => name ?? alias)).toEqual([own, "Nora"]);
  }
  // The owner learns whom they may have to take out, and not what they have.
  expect((await read(owner, "everyone")).items.map(({ name, score: has }) => [name, has])).toEqual([
    [null, null],
    [null, null],
    [null, null],
    [null, null],
    ["Nora", 1],
  ]);
  expect(await live(viewer)).toMatchObject({ top: [], me: [{ alias: own }] });
  // The fifth makes them many enough.
  await join(last, {});
  expect(await read(viewer, "everyone")).toMatchObject({ veiled: false, items: { length: 6 } });
  expect(await live(viewer)).toMatchObject({ top: { length: 6 } });
});
