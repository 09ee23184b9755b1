import { Hono } from "hono";
import { regionalKeys } from "../../../shared/crypto/keys";
import { hashPassword } from "../../../shared/crypto/password";
import type { Submission } from "../../../shared/ranking/terms";
import { systemRandom } from "../../../shared/id";
import type { BenchEnv } from "./bench-env";

/** The bare platform: one Hono route each, no middleware, no authentication. */
export const bareApp = new Hono<{ Bindings: BenchEnv }>()
  .get("/nothing", (c) => c.json({ ok: true }))
  .post("/insert/:name", async (c) => {
    const { type, at, value } = await c.req.json<{ type: string; at: number; value: number }>();
    await c.env.BARE_ROWS.getByName(c.req.param("name")).insert(type, at, value);
    return c.json({ ok: true });
  })
  .post("/bulk/:name", async (c) => {
    const stored = await c.env.BARE_ROWS.getByName(c.req.param("name")).bulk(await c.req.arrayBuffer());
    return c.json({ stored });
  })
  .post("/keep/:name", async (c) => {
    const id = await c.env.BARE_ROWS.getByName(c.req.param("name")).keep(await c.req.text());
    return c.json({ id }, 201);
  })
  .post("/keep-all/:name", async (c) => {
    const stored = await c.env.BARE_ROWS.getByName(c.req.param("name")).keepAll(await c.req.text());
    return c.json({ stored });
  })
  .get("/page/:name", async (c) => {
    const { code = "", from, to, times } = c.req.query();
    const length = await c.env.BARE_ROWS.getByName(c.req.param("name")).repeatPage(code, Number(from), Number(to), Number(times));
    return c.json({ length });
  })
  .post("/hash", async (c) => {
    const { password } = await c.req.json<{ password: string }>();
    return c.json({ length: (await hashPassword(password, regionalKeys(c.env.KEYS_EU), systemRandom)).length });
  })
  .post("/hook", async (c) => {
    await c.req.text();
    return c.body(null, 204);
  })
  .post("/notify", async (c) => c.body(null, (await isSigned(c.env, c.req.raw.headers, await c.req.text())) ? 204 : 401))
  .post("/notify/:name", async (c) => {
    const body = await c.req.text();
    if (!(await isSigned(c.env, c.req.raw.headers, body))) return c.body(null, 401);
    await c.env.BARE_ROWS.getByName(c.req.param("name")).note(JSON.parse(body));
    return c.body(null, 204);
  })
  .get("/board/:name", async (c) => await scored(c.env.BOARDS.getByName(c.req.param("name")), c.req.query()))
  .get("/bare-board/:name", async (c) => await scored(c.env.BARE_BOARDS.getByName(c.req.param("name")), c.req.query()))
  .get("/board-rank/:name", async (c) => await ranked(c.env.BOARDS.getByName(c.req.param("name")), c.req.query()))
  .get("/bare-board-rank/:name", async (c) => await ranked(c.env.BARE_BOARDS.getByName(c.req.param("name")), c.req.query()))
  .get("/board-live/:name", (c) => c.env.BOARDS.getByName(c.req.param("name")).fetch(c.req.raw))
  .get("/room/:name", (c) => c.env.BARE_ROOMS.getByName(c.req.param("name")).fetch(c.req.raw));

interface Scored {
  submit(submissions: readonly Submission[]): Promise<unknown>;
  rank(alias: string): Promise<unknown>;
}

const encoder = new TextEncoder();
let notifier: CryptoKey | undefined;

/** Whether a call is signed as Oura signs. */
async function isSigned(env: BenchEnv, headers: Headers, body: string): Promise<boolean> {
  const { oura } = JSON.parse(env.VENDOR_CREDENTIALS ?? "{}") as { oura: { clientSecret: string } };
  notifier ??= await crypto.subtle.importKey("raw", encoder.encode(oura.clientSecret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signed = await crypto.subtle.sign("HMAC", notifier, encoder.encode((headers.get("x-oura-timestamp") ?? "") + body));
  return headers.get("x-oura-signature") === new Uint8Array(signed).toHex().toUpperCase();
}

let versions = 2e9;

/** Takes one score. */
async function scored(board: Scored, { alias = "", score, version }: Record<string, string>): Promise<Response> {
  const given = score === undefined ? ++versions % 100_000 : Number(score);
  return Response.json(await board.submit([{ alias, score: given, at: Date.now(), version: Number(version ?? ++versions) }]));
}

/** Where somebody stands. */
async function ranked(board: Scored, { alias = "" }: Record<string, string>): Promise<Response> {
  return Response.json(await board.rank(alias));
}
