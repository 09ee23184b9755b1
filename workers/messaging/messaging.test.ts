import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { patientId } from "../../shared/fhir/ids";
import { BatchBuilder } from "../../shared/health/batch";
import { parseId } from "../../shared/id";
import { fetchApp, registerPerson, type RegisteredPerson } from "../../test/people";
import { RoomClient } from "../../test/rooms";
import { somebody, type Somebody } from "../../test/staff";
import { regional, roomOf, vaultOf } from "../regional";
import { socialContext } from "../social";
import { handReport, roomPorts } from "./index";

const JSON_TYPE = { "content-type": "application/json" };
type Method = "POST" | "PATCH" | "PUT" | "DELETE";

async function call(person: Pick<RegisteredPerson, "fetch">, method: Method | "GET", path: string, body?: unknown) {
  const init = body === undefined ? { method } : { method, headers: JSON_TYPE, body: JSON.stringify(body) };
  const response = await person.fetch(path, init);
  const text = await response.text();
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Record<string, never> };
}

const idSchema = z.looseObject({ id: z.string() });

async function open(person: Pick<RegisteredPerson, "fetch">, body: unknown): Promise<string> {
  const { status, body: room } = await call(person, "POST", "/v1/rooms", body);
  expect([status, room]).toMatchObject([201, { id: expect.stringMatching(/^rom_/) }]);
  return idSchema.parse(room).id;
}

let n = 0;
const message = (text: string, more: object = {}) => ({ clientId: `m${++n}`, text, ...more });

async function socket(person: RegisteredPerson, room: string, query = ""): Promise<RoomClient> {
  const { ticket } = z.looseObject({ ticket: z.string() }).parse((await call(person, "POST", "/v1/tickets")).body);
  const response = await fetchApp(`/v1/rooms/${room}/live?ticket=${ticket}${query}`, { headers: { upgrade: "websocket" } });
  if (response.webSocket === null) throw new Error(`answered ${response.status}: ${await response.text()}`);
  return new RoomClient(response.webSocket);
}

describe("two people of two regions", () => {
  test("write to each other once both want it, in one room whoever opens it, by socket and by REST", async () => {
    const [ada, bo] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const [room, same] = await Promise.all([
      open(ada, { kind: "direct", person: bo.person.id }),
      open(ada, { kind: "direct", person: bo.person.id }),
    ]);
    expect(same).toBe(room);
    expect(await call(ada, "POST", `/v1/rooms/${room}/messages`, message("hello?"))).toMatchObject({ status: 403 });
    expect((await call(bo, "GET", "/v1/me/rooms?state=invited")).body).toMatchObject({ items: [{ id: room, own: { state: "invited" } }] });
    expect(await call(bo, "GET", `/v1/rooms/${room}/messages`)).toMatchObject({ status: 404 });
    // Asking in turn is accepting.
    expect(await open(bo, { kind: "direct", person: ada.person.id })).toBe(room);
    const client = await socket(bo, room);
    await client.nextOf("hello");
    const sent = message("hello!");
    const first = await call(ada, "POST", `/v1/rooms/${room}/messages`, sent);
    expect(first.status).toBe(201);
    expect((await call(ada, "POST", `/v1/rooms/${room}/messages`, sent)).body).toEqual(first.body);
    const { seq } = z.looseObject({ seq: z.number() }).parse(first.body);
    expect((await client.until(seq)).at(-1)).toMatchObject({
      kind: "message",
      message: { text: "hello!", author: { person: ada.person.id } },
    });
    expect((await call(bo, "GET", "/v1/me/rooms/unread")).body).toMatchObject({ rooms: 1, messages: 1 });
    await client.ask({ type: "read", seq });
    expect((await call(bo, "GET", "/v1/me/rooms")).body).toMatchObject({
      items: [{ id: room, unread: { messages: 0 }, peer: { person: ada.person.id } }],
    });
    // Signing out closes the socket at once.
    expect((await call(bo, "DELETE", "/v1/sessions/current")).status).toBe(204);
    expect(await client.closed).toMatchObject({ code: 4401 });
  });

  test("stop when one blocks the other, and go on after that", async () => {
    const [ada, bo] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
    const room = await open(ada, { kind: "direct", person: bo.person.id });
    expect((await call(bo, "POST", `/v1/rooms/${room}/membership`, { accept: true })).status).toBe(204);
    expect((await call(ada, "POST", `/v1/rooms/${room}/messages`, message("one"))).status).toBe(201);
    const client = await socket(ada, room);
    expect((await call(bo, "POST", "/v1/me/blocks", { person: ada.person.id })).status).toBe(201);
    expect(await client.ask({ type: "send", ...message("two") })).toMatchObject({ type: "error", code: "forbidden" });
    expect((await call(ada, "POST", "/v1/rooms", { kind: "direct", person: bo.person.id })).status).toBe(404);
    expect((await call(bo, "DELETE", `/v1/me/blocks/${ada.person.id}`)).status).toBe(204);
    expect(await client.ask({ type: "send", ...message("three") })).toMatchObject({ type: "ok" });
  });
});

test("a ticket opens one socket of a room, for a member, from a page that may", async () => {
  const [ada, stranger] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
  const room = await open(ada, { kind: "group", name: "Sunday runs" });
  const ticketOf = async (person: RegisteredPerson) =>
    z.looseObject({ ticket: z.string() }).parse((await call(person, "POST", "/v1/tickets")).body).ticket;
  const use = async (ticket: string, headers: Record<string, string> = {}) =>
    await fetchApp(`/v1/rooms/${room}/live?ticket=${ticket}`, { headers: { upgrade: "websocket", ...headers } });
  const ticket = await ticketOf(ada);
  expect((await use(await ticketOf(ada), { origin: "https://evil.example" })).status).toBe(403);
  const opened = await use(ticket, { "x-partykit-props": "e30=", "x-meridian-admission": '["x"]' });
  expect(opened.status).toBe(101);
  opened.webSocket?.accept();
  expect((await use(ticket)).status).toBe(401);
  expect((await use(await ticketOf(stranger))).status).toBe(404);
  expect((await fetchApp(`/v1/rooms/${room}/live`, { headers: { upgrade: "websocket" } })).status).toBe(401);
  for (const path of [`/parties/rooms/${room}`, `/parties/vaults/${ada.person.id}`])
    expect((await fetchApp(path, { headers: { upgrade: "websocket" } })).status).toBe(404);
});

test("a file is what its bytes say, and is read by members alone, by links of their own, as long as its message is there", async () => {
  const [ada, stranger] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
  const room = await open(ada, { kind: "group", name: "Photos" });
  const chunk = (name: string, content: readonly number[]) => [
    0,
    0,
    0,
    content.length,
    ...new TextEncoder().encode(name),
    ...content,
    1,
    2,
    3,
    4,
  ];
  const begin = [0x89, 0x50, 0x4e, 0x47, 13, 10, 0x1a, 10, ...chunk("IHDR", [0, 0, 0, 4, 0, 0, 0, 3, 8, 6, 0, 0, 0])];
  const end = [...chunk("IDAT", [7, 7]), ...chunk("IEND", [])];
  const png = Uint8Array.from([...begin, ...end]);
  const taken = Uint8Array.from([...begin, ...chunk("tEXt", [...new TextEncoder().encode("GPS\0 51.5 N")]), ...end]);
  const upload = async (person: RegisteredPerson, bytes: Uint8Array<ArrayBuffer>, type = "text/html") =>
    await person.fetch(`/v1/rooms/${room}/attachments`, {
      method: "POST",
      headers: { "content-type": type, "x-file-name": "ma%C3%9F.png" },
      body: bytes,
    });
  // What it tells beside itself is not kept, and what is no whole picture is not taken.
  const answer = await upload(ada, taken);
  expect(answer.status).toBe(201);
  expect((await upload(ada, taken.slice(0, -4))).status).toBe(422);
  const file = z.looseObject({ id: z.string() }).parse(await answer.json());
  expect(file).toMatchObject({ type: "image/png", kind: "image", width: 4, height: 3, size: png.length, name: "maß.png" });
  expect((await upload(ada, Uint8Array.from(new TextEncoder().encode("<script>alert(1)</script>")), "image/png")).status).toBe(415);
  expect((await upload(stranger, png)).status).toBe(404);
  const sent = await call(ada, "POST", `/v1/rooms/${room}/messages`, { clientId: "photo", attachments: [file.id] });
  expect(sent.status).toBe(201);
  // One message brings it, and no other.
  expect((await call(ada, "POST", `/v1/rooms/${room}/messages`, { clientId: "again", attachments: [file.id] })).status).toBe(422);
  const link = await call(ada, "POST", `/v1/rooms/${room}/attachments/${file.id}/link`);
  const { pathname } = new URL(z.looseObject({ url: z.string() }).parse(link.body).url);
  const got = await fetchApp(pathname);
  expect([got.status, got.headers.get("content-type"), got.headers.get("content-security-policy")]).toEqual([
    200,
    "image/png",
    "default-src 'none'; sandbox",
  ]);
  expect(new Uint8Array(await got.arrayBuffer())).toEqual(png);
  const part = await fetchApp(pathname, { headers: { range: "bytes=1-3" } });
  expect([part.status, new Uint8Array(await part.arrayBuffer())]).toEqual([206, png.slice(1, 4)]);
  expect((await call(stranger, "POST", `/v1/rooms/${room}/attachments/${file.id}/link`)).status).toBe(404);
  expect((await fetchApp(`${pathname}x`)).status).toBe(404);
  const { seq } = z.looseObject({ seq: z.number() }).parse(sent.body);
  expect((await call(ada, "DELETE", `/v1/rooms/${room}/messages/${seq}`)).status).toBe(200);
  expect((await fetchApp(pathname)).status).toBe(404);
});

test("a text is downloaded as UTF-8, whole or in part, as the document says, under a name without paths", async () => {
  const ada = await registerPerson("eu");
  const room = await open(ada, { kind: "group", name: "Runs" });
  const uploaded = await ada.fetch(`/v1/rooms/${room}/attachments`, {
    method: "POST",
    headers: { "content-type": "text/plain", "x-file-name": "..%2Fplan%00.txt" },
    body: "süß",
  });
  const file = z.looseObject({ id: z.string(), name: z.string() }).parse(await uploaded.json());
  expect(file.name).toBe("plan.txt");
  const link = await call(ada, "POST", `/v1/rooms/${room}/attachments/${file.id}/link`);
  const { pathname } = new URL(z.looseObject({ url: z.string() }).parse(link.body).url);
  const [whole, part] = [await fetchApp(pathname), await fetchApp(pathname, { headers: { range: "bytes=0-0" } })];
  expect([whole.headers.get("content-type"), await whole.text(), await part.text()]).toEqual(["text/plain; charset=utf-8", "süß", "s"]);
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(await (await fetchApp("/openapi.json")).json());
  const content = { "*/*": { schema: { type: "string" } } };
  expect(paths["/v1/attachments/{token}"]?.["get"]).toMatchObject({
    responses: { [whole.status]: { content }, [part.status]: { content } },
  });
});

test("a card shows each reader what they may see, and nothing to the others", async () => {
  const [ada, bo] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
  const [start, end] = ["2026-11-20T07:30:00Z", "2026-11-20T08:00:00Z"];
  await call(ada, "POST", "/v1/ingest/healthkit", {
    data: { records: [], sleep: [], workouts: [{ id: "w1", type: "running", startDate: start, endDate: end }] },
  });
  const list = await call(ada, "GET", `/v1/me/workouts?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z`);
  const [workout] = z.looseObject({ items: z.array(idSchema) }).parse(list.body).items;
  const room = await open(ada, { kind: "group", name: "Runs", people: [bo.person.id] });
  await call(bo, "POST", `/v1/rooms/${room}/membership`, { accept: true });
  const sent = await call(ada, "POST", `/v1/rooms/${room}/messages`, {
    clientId: "run",
    text: "Look!",
    card: { kind: "workout", id: workout?.id },
  });
  const { seq } = z.looseObject({ seq: z.number() }).parse(sent.body);
  const card = async (person: RegisteredPerson) => (await call(person, "GET", `/v1/rooms/${room}/messages/${seq}/card`)).body;
  expect(await card(ada)).toMatchObject({ state: "shown", data: { type: "running" } });
  expect(await card(bo)).toMatchObject({ state: "not_shared", data: null });
  await call(ada, "POST", "/v1/me/consents", {
    grantee: { kind: "person", id: bo.person.id },
    role: "user",
    categories: ["activity"],
    actions: ["read"],
    purpose: "personal",
  });
  expect(await card(bo)).toMatchObject({ state: "shown", data: { type: "running" } });
});

test("a card of a meal or of a plan shows what a consent opens of it, without what an app attached; an invoice is nowhere yet", async () => {
  const [ada, bo] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
  const at = Date.parse("2026-11-20T12:00:00Z");
  const batch = new BatchBuilder();
  batch.reading({
    metric: "meal",
    kind: "event",
    source: batch.source({ vendor: "healthkit", app: "Food diary" }),
    start: at,
    end: at,
    value: null,
    zone: 0,
    version: 1,
    attributes: { name: "Lentil soup", mealType: "lunch", nutrients: { dietary_energy: 420, none: 1 }, metadata: { note: "felt sick" } },
  });
  await vaultOf(env, ada.person.id).record(batch.take(), "test");
  const series = await call(ada, "GET", "/v1/me/metrics/meal?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z&resolution=raw");
  const [meal] = z.looseObject({ items: z.array(idSchema) }).parse(series.body).items;
  const patient = patientId(ada.person.id);
  const made = await ada.fetch("/fhir/r4/CarePlan", {
    method: "POST",
    headers: { "content-type": "application/fhir+json" },
    body: JSON.stringify({
      resourceType: "CarePlan",
      status: "active",
      intent: "plan",
      title: "Ten kilometres",
      category: [{ coding: [{ system: "urn:meridian:category", code: "activity" }] }],
      subject: { reference: `Patient/${patient}` },
      period: { start: "2026-11-01", end: "2026-12-24" },
      activity: [{ detail: { status: "scheduled", description: "Run twice a week" } }],
      note: [{ text: "between us" }],
    }),
  });
  const plan = idSchema.parse(await made.json());
  const room = await open(ada, { kind: "group", name: "Table", people: [bo.person.id] });
  await call(bo, "POST", `/v1/rooms/${room}/membership`, { accept: true });
  const send = async (kind: string, id: string | undefined) => {
    const sent = await call(ada, "POST", `/v1/rooms/${room}/messages`, { clientId: `card-${++n}`, card: { kind, id } });
    const { seq } = z.looseObject({ seq: z.number() }).parse(sent.body);
    return async (person: RegisteredPerson) => (await call(person, "GET", `/v1/rooms/${room}/messages/${seq}/card`)).body;
  };
  const [ofMeal, ofPlan, ofInvoice, ofNothing, ofOther] = [
    await send("meal", meal?.id),
    await send("plan", plan.id),
    await send("invoice", "1"),
    await send("plan", "nothing/here"),
    await send("meal", meal?.id.replace(/^r[^.]+/, "r1")),
  ];
  const [shownMeal, shownPlan] = [
    { state: "shown", data: { name: "Lentil soup", mealType: "lunch", nutrients: [{ key: "dietary_energy", value: 420, unit: "kcal" }] } },
    { state: "shown", data: { title: "Ten kilometres", start: "2026-11-01", steps: [{ text: "Run twice a week", status: "scheduled" }] } },
  ];
  expect([await ofMeal(ada), await ofPlan(ada)]).toMatchObject([shownMeal, shownPlan]);
  expect(JSON.stringify([await ofMeal(ada), await ofPlan(ada)])).not.toMatch(/felt sick|between us/);
  const hidden = { state: "not_shared", data: null };
  expect([await ofMeal(bo), await ofPlan(bo), await ofInvoice(ada), await ofNothing(ada), await ofOther(ada)]).toMatchObject(
    Array.from({ length: 5 }, () => hidden),
  );
  const consent = { grantee: { kind: "person", id: bo.person.id }, role: "user", actions: ["read"], purpose: "personal" };
  await call(ada, "POST", "/v1/me/consents", { ...consent, categories: ["nutrition"] });
  expect([await ofMeal(bo), await ofPlan(bo)]).toMatchObject([shownMeal, hidden]);
  await call(ada, "POST", "/v1/me/consents", { ...consent, categories: ["activity"] });
  expect(await ofPlan(bo)).toMatchObject(shownPlan);
});

test("what is reported between two people goes to moderators, with what was there, once; who reads it is written down, and what they decide is done", async () => {
  const [ada, bo, moderator, member] = await Promise.all([
    somebody("eu"),
    somebody("us"),
    somebody("eu", { roles: ["user", "moderator"], acr: "aal2" }),
    somebody("eu", { roles: ["user", "moderator"] }),
  ]);
  const room = await open(ada, { kind: "direct", person: bo.person.id });
  await open(bo, { kind: "direct", person: ada.person.id });
  const { seq } = z
    .looseObject({ seq: z.number() })
    .parse((await call(bo, "POST", `/v1/rooms/${room}/messages`, message("I know where you live"))).body);
  const report = { reason: "harassment", note: "again" };
  for (let turn = 0; turn < 2; turn++)
    expect((await call(ada, "POST", `/v1/rooms/${room}/messages/${seq}/report`, report)).status).toBeLessThan(300);
  // Its author takes it back: what was there is still known.
  expect((await call(bo, "PATCH", `/v1/rooms/${room}/messages/${seq}`, { text: "Hello" })).status).toBe(200);
  const stub = roomOf(env, parseId("room", room)!);
  const [ports, context] = [roomPorts(env), socialContext(env, Date.now)];
  await Promise.all([1, 2].map(async () => await handReport(ports, context, parseId("room", room)!, 1)));
  await handReport(ports, context, parseId("room", room)!, 1);
  const kept = await runInDurableObject(stub, (_room, { storage }) =>
    storage.sql.exec("SELECT evidence, handed_at IS NULL AS open FROM reports").toArray(),
  );
  expect(kept).toEqual([{ evidence: null, open: 0 }]);
  const queue = async (as: Somebody, region = "eu") => await call(as, "GET", `/v1/moderation/reports?region=${region}&limit=200`);
  const itemSchema = z.looseObject({ id: z.string(), subject: z.string() });
  const listed = z
    .object({ items: z.array(itemSchema) })
    .parse((await queue(moderator)).body)
    .items.filter(({ subject }) => subject.startsWith(room));
  expect(listed).toMatchObject([
    { kind: "message", author: bo.person.id, reporter: ada.person.id, reason: "harassment", note: "again", quote: "I know where you live" },
  ]);
  expect((await queue(member)).status).toBe(403);
  const { results } = await regional(env, "eu")
    .records.prepare("select body from security_events order by seq desc limit 5")
    .all<{ body: string }>();
  expect(results.map(({ body }) => body)).toContainEqual(expect.stringMatching(new RegExp(`reports_read.*${moderator.person.id}`)));
  expect(JSON.stringify(results)).not.toContain("where you live");
  const decide = async (outcome: string) =>
    await call(moderator, "POST", `/v1/moderation/reports/${listed[0]?.id}/decision`, { outcome, note: "" });
  expect([(await decide("removed")).status, (await decide("removed")).status, (await decide("kept")).status]).toEqual([200, 200, 409]);
  expect((await call(ada, "GET", `/v1/rooms/${room}/messages`)).body).toMatchObject({
    items: [expect.objectContaining({ seq, text: null })],
  });
});
