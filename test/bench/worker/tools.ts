import { Hono } from "hono";
import * as z from "zod";
import { DAY_MS } from "../../../shared/clock";
import { directoryKeys, regionalKeys } from "../../../shared/crypto/keys";
import { FIRST_PARTY, signAccessToken } from "../../../shared/crypto/tokens";
import { newId, parseId, type PersonId, systemRandom } from "../../../shared/id";
import { uploadKey } from "../../../shared/imports/status";
import { accountHashes } from "../../../shared/vendors/account";
import { keepSubscription } from "../../../workers/connections/subscriptions";
import { registerConnection } from "../../../workers/connections/register-connection";
import { BOARD_WORK } from "./bench-board";
import type { BenchEnv } from "./bench-env";
import { FHIR_READS, READS } from "./bench-vault";

/** The door through which the benchmark prepares people and repeats work inside their vaults. */
export const toolsApp = new Hono<{ Bindings: BenchEnv }>()
  .onError((error, c) => c.text(`${error.message} ${JSON.stringify(error)}`, 500))
  .get("/person", async (c) => {
    const now = Date.now();
    const person = newId("person", "eu", now);
    await c.env.VAULTS.getByName(person).setProfile({ timeZone: "UTC", locale: "en" });
    return c.json({ person });
  })
  .get("/token/:person", async (c) => {
    const now = Date.now();
    const claims = {
      person: personOf(c.req.param("person")),
      session: newId("session", "eu", now),
      clientId: FIRST_PARTY,
      scope: "",
      authTime: Math.floor(now / 1_000),
      amr: ["pwd"],
      acr: "aal1",
    } as const;
    return c.json({ token: await signAccessToken(c.env.ORIGIN, regionalKeys(c.env.KEYS_EU), claims, now, systemRandom) });
  })
  .post("/fill/:person", async (c) => {
    const { from, days } = spanSchema.parse(c.req.query());
    return c.json({ accepted: await c.env.VAULTS.getByName(c.req.param("person")).fillDays(from, days) });
  })
  .post("/make/:person", async (c) => {
    const { from, days } = spanSchema.parse(c.req.query());
    return c.json({ made: await c.env.VAULTS.getByName(c.req.param("person")).makeDays(from, days) });
  })
  .get("/read/:person", async (c) => {
    const { read, to, times } = readSchema.parse(c.req.query());
    const actor = actorOf(c.req.param("person"));
    return c.json({ size: await c.env.VAULTS.getByName(actor.person).repeatRead(actor, read, to, times) });
  })
  .post("/fhir-fill/:person", async (c) => {
    const { first, length, count: all, end } = fhirFillSchema.parse(c.req.query());
    await c.env.VAULTS.getByName(c.req.param("person")).fillFhir(actorOf(c.req.param("person")), first, length, all, end);
    return c.json({ ok: true });
  })
  .get("/fhir-read/:person", async (c) => {
    const { read, end, times } = fhirReadSchema.parse(c.req.query());
    const shown = await c.env.VAULTS.getByName(c.req.param("person")).repeatFhir(actorOf(c.req.param("person")), read, end, times);
    return c.json({ shown });
  })
  .post("/connect/:person", async (c) => {
    const person = personOf(c.req.param("person"));
    const { user, vendor } = z.object({ user: z.string(), vendor: z.string() }).parse(c.req.query());
    const [account] = await accountHashes(directoryKeys(c.env.DIRECTORY_KEYS), vendor, user);
    const connection = newId("connection", "eu", Date.now());
    await c.env.VAULTS.getByName(person).connectVendor(connection, vendor, account);
    await registerConnection(c.env.DIRECTORY, c.env.RECORDS_EU, person, {
      connection,
      vendor,
      account,
      credential: null,
      dueAt: Date.now() + DAY_MS,
    });
    return c.json({ connection });
  })
  .post("/subscribe/:vendor", async (c) => {
    const { secret } = z.object({ secret: z.string() }).parse(c.req.query());
    const subscription = { id: "bench", key: "bench", url: c.env.ORIGIN, secret };
    await keepSubscription(
      c.env.DIRECTORY,
      directoryKeys(c.env.DIRECTORY_KEYS),
      { vendor: c.req.param("vendor"), credential: undefined },
      subscription,
      Date.now(),
    );
    return c.json({ ok: true });
  })
  .post("/vendor-pages/:person", async (c) => {
    const { from, pages, store } = pagesSchema.parse(c.req.query());
    return c.json({ accepted: await c.env.VAULTS.getByName(c.req.param("person")).vendorPages(from, pages, store === 1) });
  })
  .post("/import-year/:person", async (c) => {
    const person = personOf(c.req.param("person"));
    const { accepted, calls } = await c.env.VAULTS.getByName(person).importYear(person);
    return c.json({ accepted, calls: calls.length });
  })
  .post("/answer-year/:person", async (c) => c.json({ bytes: await c.env.VAULTS.getByName(c.req.param("person")).answerYear() }))
  .post("/upload/:person", async (c) => {
    const { body } = c.req.raw;
    const length = Number(c.req.header("content-length"));
    const id = newId("import", "eu", Date.now());
    await c.env.IMPORTERS.getByName(id).create(personOf(c.req.param("person")), "apple-health-export", "export.xml", length);
    await c.env.FILES_EU.put(uploadKey(id), body);
    return c.json({ id });
  })
  .post("/log/:person", async (c) => {
    await c.env.VAULTS.getByName(c.req.param("person")).switchLog(c.req.query("on") === "1");
    return c.json({ ok: true });
  })
  .post("/board", async (c) => {
    const board = newId("board", "eu", Date.now());
    await c.env.BOARDS.getByName(board).fill(count.parse(c.req.query("count")));
    return c.json({ board });
  })
  .post("/board/:board/settle", async (c) => {
    await c.env.BOARDS.getByName(c.req.param("board")).settleStore();
    return c.json({ ok: true });
  })
  .post("/board/:board/:work", async (c) => {
    const { work, times } = z.object({ work: z.enum(BOARD_WORK), times: count }).parse({ ...c.req.param(), ...c.req.query() });
    return c.json({ sum: await c.env.BOARDS.getByName(c.req.param("board")).repeat(work, times) });
  })
  .get("/size/:person", async (c) => c.json({ bytes: await c.env.VAULTS.getByName(c.req.param("person")).databaseBytes() }));

const count = z.coerce.number().int();
const pagesSchema = z.object({ from: count, pages: count, store: count });
const spanSchema = z.object({ from: count, days: count });
const readSchema = z.object({ read: z.enum(READS), to: count, times: count });
const fhirFillSchema = z.object({ first: count, length: count, count, end: count });
const fhirReadSchema = z.object({ read: z.enum(FHIR_READS), end: count, times: count });

function actorOf(person: string) {
  return { kind: "person", person: personOf(person), session: newId("session", "eu", Date.now()) } as const;
}

function personOf(text: string): PersonId {
  const id = parseId("person", text);
  if (id === undefined) throw new TypeError("not a person");
  return id;
}
