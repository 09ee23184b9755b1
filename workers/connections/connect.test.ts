import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { REGIONS } from "../../shared/region";
import { LiveClient } from "../../test/live-client";
import { fetchApp, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { closeBreaker } from "../../test/vendors/close-breaker";
import { answerFetch, FakeGoogle } from "../../test/vendors/fake-google";
import { regional, vaultOf } from "../regional";

let google: FakeGoogle;
beforeEach(async () => {
  google = new FakeGoogle();
  google.scope = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";
  answerFetch(google);
  await Promise.all(REGIONS.map(async (region) => await closeBreaker(region, "google-health")));
});
afterEach(() => vi.restoreAllMocks());

/** Failures of vaults that other tests left behind may come late and open the vendor's breaker of a region meanwhile: it stays open for half a minute. */
const BREAKER_MS = 90_000;

const authorization = z.object({ authorizeUrl: z.string(), connection: z.string(), expiresAt: z.string() });

/** Begins an authorization and returns the state that the vendor would send back. */
async function begin(person: RegisteredPerson, query = ""): Promise<string> {
  const response = await person.fetch(`/v1/integrations/google-health/authorize${query}`);
  expect(response.status).toBe(200);
  const { authorizeUrl } = authorization.parse(await response.json());
  return new URL(authorizeUrl).searchParams.get("state") ?? "";
}

const callback = (query: Record<string, string>, headers: Record<string, string> = {}, vendor = "google-health") =>
  fetchApp(`/v1/integrations/${vendor}/callback?${new URLSearchParams(query)}`, { headers, redirect: "manual" });

async function connect(person: RegisteredPerson): Promise<string> {
  const response = await callback({ state: await begin(person), code: "c" });
  expect(response.status).toBe(200);
  return z.object({ connection: z.string() }).parse(await response.json()).connection;
}

/** Alarms of other tests' vaults call the vendor too: only exchanges belong to a test alone. */
const exchanges = () => google.calls.filter(({ form }) => form.get("grant_type") === "authorization_code").length;

const code = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;

describe("authorize and callback", () => {
  it("connects, and makes the connection findable by account and by time without naming anybody", async () => {
    const person = await registerPerson("us");
    const state = await begin(person);
    expect(state).toMatch(/^us\.[\w-]{43}$/);
    const response = await callback({ state, code: "c", scope: "x", authuser: "0" });
    expect(response.status).toBe(200);
    const { connection } = z
      .object({ connection: z.string(), vendor: z.literal("google-health"), state: z.literal("active") })
      .parse(await response.json());

    const account = await env.DIRECTORY.prepare("select * from vendor_accounts where connection_id = ?").bind(connection).first();
    expect(account).toMatchObject({ person_id: person.person.id, account_hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const due = await regional(env, "us").records.prepare("select * from due_connections where connection_id = ?").bind(connection).first();
    expect(due).toMatchObject({ person_id: person.person.id });
    const states = await regional(env, "us").records.prepare("select * from vendor_states").all();
    expect(JSON.stringify([account, due, states.results])).not.toContain(google.userId);
    expect(JSON.stringify(states.results)).not.toContain(state.slice(3));
  });

  it("lets a state work once, for its vendor only", async () => {
    const person = await registerPerson("eu");
    const state = await begin(person);
    expect((await callback({ state, code: "c" }, {}, "fitbit")).status).toBe(410);
    expect((await callback({ state, code: "c" })).status).toBe(200);
    const replay = await callback({ state, code: "c" });
    expect([replay.status, await code(replay)]).toEqual([410, "gone"]);
  });

  it("lets one of ten parallel callbacks win", async () => {
    const state = await begin(await registerPerson("eu"));
    const answers = await Promise.all(Array.from({ length: 10 }, () => callback({ state, code: "c" })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 9 }, () => 410)]);
    expect(exchanges()).toBe(1);
  });

  it.each([
    [{ state: "eu.short", code: "c" }, 400, "malformed"],
    [{ state: `mars.${"a".repeat(43)}`, code: "c" }, 400, "malformed"],
    [{ state: `eu.${"a".repeat(43)}`, code: "c" }, 410, "gone"],
    [{ code: "c" }, 422, "invalid"],
  ])("refuses %j", async (query, status, expected) => {
    const response = await callback(query as Record<string, string>);
    expect([response.status, await code(response)]).toEqual([status, expected]);
    expect(exchanges()).toBe(0);
  });

  it("says so when the person refuses, and the state is used up", async () => {
    const state = await begin(await registerPerson("eu"));
    const response = await callback({ state, error: "access_denied" });
    expect([response.status, await code(response)]).toEqual([403, "forbidden"]);
    expect((await callback({ state, code: "c" })).status).toBe(410);
    expect(exchanges()).toBe(0);
  });

  it("shows browsers a page, and sends them back to an allowed place only", async () => {
    const person = await registerPerson("eu");
    const page = await callback({ state: await begin(person), code: "c" }, { accept: "text/html,*/*" });
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(await page.text()).toContain("<h1>Connected</h1>");
    const back = await callback({ state: await begin(person, "?returnTo=https://app.meridian.test/done?tab=1"), code: "c" });
    expect(back.status).toBe(302);
    expect(back.headers.get("location")).toMatch(/^https:\/\/app\.meridian\.test\/done\?tab=1&status=connected&connection=con_eu_/);
    const denied = await callback({ state: await begin(person, "?returnTo=https://app.meridian.test/done"), error: "access_denied" });
    expect(denied.headers.get("location")).toBe("https://app.meridian.test/done?status=refused");
    for (const elsewhere of ["https://evil.test/", "javascript:alert(1)", "https://app.meridian.test.evil.test/"]) {
      expect((await person.fetch(`/v1/integrations/google-health/authorize?returnTo=${encodeURIComponent(elsewhere)}`)).status).toBe(422);
    }
  });

  it.each([
    ["fitbit", 410, "vendor_retired"],
    ["google-fit", 410, "vendor_retired"],
    ["nobody", 404, "not_found"],
  ])("answers authorize of %s with %i", async (vendor, status, expected) => {
    const person = await registerPerson("eu");
    const response = await person.fetch(`/v1/integrations/${vendor}/authorize`);
    expect([response.status, await code(response)]).toEqual([status, expected]);
  });
});

const news = z.object({
  type: z.enum(["snapshot", "progress"]),
  seq: z.number(),
  connection: z.object({ state: z.string(), backfill: z.object({ done: z.number(), total: z.number() }) }),
  events: z.array(z.object({ kind: z.string() })),
});

/** The messages of a stream of server-sent events, one by one. */
async function* eventsOf(response: Response): AsyncGenerator<z.infer<typeof news>> {
  if (response.body === null) throw new Error("no stream");
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const messages = `${text}${chunk}`.split("\n\n");
    text = messages.pop() ?? "";
    for (const message of messages) {
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (data !== undefined) yield news.parse(JSON.parse(data));
    }
  }
}

describe("following a connection", { timeout: BREAKER_MS }, () => {
  const socketOf = async (person: RegisteredPerson, path: string): Promise<LiveClient> => {
    const response = await person.fetch(path, { headers: { upgrade: "websocket" } });
    expect(response.status).toBe(101);
    return new LiveClient(response.webSocket ?? fail());
  };

  it("tells of the first import and of each state by events and socket, and goes on where somebody was", async () => {
    const person = await registerPerson("ap");
    const id = await connect(person);
    const path = `/v1/me/connections/${id}`;
    const socket = await socketOf(person, `${path}/live`);
    const told: z.infer<typeof news>[] = [];
    do told.push(news.parse(await socket.next()));
    while (told.at(-1)?.connection.backfill.done !== told.at(-1)?.connection.backfill.total);
    const last = told.at(-1)?.seq ?? 0;

    expect(told[0]).toMatchObject({ type: "snapshot", connection: { state: "active" }, events: [] });
    await evictDurableObject(vaultOf(env, person.person.id));
    expect((await person.fetch(`/v1/integrations/vendors/${id}/pause`, { method: "POST" })).status).toBe(200);
    const paused = news.parse(await socket.next());
    expect(paused).toMatchObject({ type: "progress", connection: { state: "paused" }, events: [{ kind: "paused" }] });
    const seqs = [...told, paused].map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));

    const back = await socketOf(person, `${path}/live?after=${last}`);
    expect(news.parse(await back.next())).toEqual(paused);
    const response = await person.fetch(`${path}/events`, { headers: { "last-event-id": String(last) } });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const again = eventsOf(response);
    expect((await again.next()).value).toEqual(paused);
    const known = await socketOf(person, `${path}/live?after=${paused.seq}`);
    const ahead = await socketOf(person, `${path}/live?after=${paused.seq + 1}`);
    expect(await ahead.next()).toMatchObject({ type: "snapshot", seq: paused.seq });
    expect((await person.fetch(`/v1/integrations/vendors/${id}`, { method: "DELETE" })).status).toBe(200);
    for (const one of [(await again.next()).value, await known.next(), await ahead.next()])
      expect(one).toMatchObject({ type: "progress", connection: { state: "revoked" } });
  });

  it("ends with the session, and is for nobody else", async () => {
    const [person, stranger] = [await registerPerson("ap"), await registerPerson("ap")];
    const id = await connect(person);
    const path = `/v1/me/connections/${id}`;
    expect(await (await person.fetch(path)).json()).toMatchObject({ id, lastData: {}, nextSyncAt: expect.any(String) });
    for (const part of ["", "/events", "/live"]) expect((await stranger.fetch(`${path}${part}`)).status).toBe(404);
    const upgrade = { headers: { upgrade: "websocket" } };
    expect((await stranger.fetch(`${path}/live`, upgrade)).status).toBe(404);
    expect((await person.fetch(`${path}/live`)).status).toBe(400);
    const [events, socket] = [eventsOf(await person.fetch(`${path}/events`)), await socketOf(person, `${path}/live`)];
    await events.next();
    expect((await person.fetch("/v1/sessions/current", { method: "DELETE" })).status).toBe(204);
    expect(await socket.closed).toMatchObject({ code: 4401 });
    for await (const message of events) expect(message.connection.state).toBe("active");
    expect((await person.fetch(`${path}/live`, upgrade)).status).toBe(401);
  });

  it("lets a person have so many followers and no more", async () => {
    const person = await registerPerson("ap");
    const id = await connect(person);
    const answers = await Promise.all(
      Array.from({ length: 22 }, () => person.fetch(`/v1/me/connections/${id}/live`, { headers: { upgrade: "websocket" } })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(20).fill(101), 503, 503]);
    for (const { webSocket } of answers) webSocket?.accept();
  });
});

function fail(): never {
  throw new Error("no socket");
}

describe("a person's connections", () => {
  it("selects, lists, tells the status, and disconnects", async () => {
    const person = await registerPerson("eu");
    const selected = await person.fetch("/v1/integrations/vendors/select", {
      method: "POST",
      body: JSON.stringify({ vendor: "google-health" }),
      headers: { "content-type": "application/json" },
    });
    expect(await selected.json()).toMatchObject({ vendor: "google-health", state: "pending", active: false });
    const id = await connect(person);
    expect(await (await person.fetch("/v1/integrations/vendors")).json()).toMatchObject({
      items: [{ id, state: "active", active: true, areas: ["sleep"] }],
      next: null,
    });
    expect(await (await person.fetch("/v1/integrations/google-health/status")).json()).toMatchObject({
      vendor: "google-health",
      connected: true,
      items: [
        {
          id,
          resources: [{ resource: "sleep", state: "active" }],
          history: expect.arrayContaining([expect.objectContaining({ kind: "connected" })]),
        },
      ],
    });
    const ended = await person.fetch(`/v1/integrations/vendors/${id}?deleteData=true`, { method: "DELETE" });
    expect(await ended.json()).toEqual({ id, state: "revoked", deleted: 0 });
    expect(google.count("/revoke")).toBe(1);
    expect(await env.DIRECTORY.prepare("select 1 from vendor_accounts where connection_id = ?").bind(id).first()).toBeNull();
    expect(await (await person.fetch("/v1/integrations/vendors")).json()).toMatchObject({
      items: [{ id, state: "revoked", active: false }],
    });
    const again = await person.fetch("/v1/integrations/vendors/select", {
      method: "POST",
      body: JSON.stringify({ vendor: "google-health" }),
      headers: { "content-type": "application/json" },
    });
    expect(await again.json()).toMatchObject({ id, state: "pending" });
  });

  it("does not revoke at the vendor while somebody else uses the same account", async () => {
    const [one, other] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const [first, second] = [await connect(one), await connect(other)];
    expect((await one.fetch(`/v1/integrations/vendors/${first}`, { method: "DELETE" })).status).toBe(200);
    expect(google.count("/revoke")).toBe(0);
    expect((await other.fetch(`/v1/integrations/vendors/${second}`, { method: "DELETE" })).status).toBe(200);
    expect(google.count("/revoke")).toBe(1);
  });

  it("does not let anybody touch another person's connection", async () => {
    const [one, other, far] = await Promise.all([registerPerson("eu"), registerPerson("eu"), registerPerson("us")]);
    const id = await connect(one);
    for (const stranger of [other, far])
      expect((await stranger.fetch(`/v1/integrations/vendors/${id}`, { method: "DELETE" })).status).toBe(404);
    expect(await (await one.fetch("/v1/integrations/vendors")).json()).toMatchObject({ items: [{ id, state: "active" }] });
  });

  it("queues a sync as a job, and syncs at once", { timeout: BREAKER_MS }, async () => {
    // The breaker of a vendor counts for a region, and other tests let the vendor fail in Europe.
    const person = await registerPerson("ap");
    const json = { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${person.accessToken}` } };
    const empty = await send("POST", "/v1/health/sync", {}, json.headers);
    expect(empty.status).toBe(202);
    expect(await empty.json()).toMatchObject({ state: "done", progress: { done: 0, total: 0, unit: "window" } });
    await connect(person);
    const queued = await send("POST", "/v1/health/sync", { vendor: "google-health" }, json.headers);
    expect(queued.status).toBe(202);
    const location = queued.headers.get("location") ?? "";
    const running = async () => await (await person.fetch(location)).json();
    await vi.waitFor(async () => expect(await running()).toMatchObject({ state: "done", progress: { done: 1, total: 1 } }), {
      timeout: BREAKER_MS - 10_000,
      interval: 100,
    });
    const now = await send("POST", "/v1/health/sync/immediate", {}, json.headers);
    expect(await now.json()).toMatchObject({ items: [{ connection: { vendor: "google-health" }, rejected: 0 }] });
    expect((await send("POST", "/v1/health/sync", { vendor: "fitbit" }, json.headers)).status).toBe(410);
    expect((await person.fetch("/v1/health/sync/job_eu_x")).status).toBe(404);
  });
});
