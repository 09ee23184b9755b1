import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { systemRandom, newId } from "../../shared/id";
import { ringsOf } from "../../shared/http/authenticate";
import { ADMISSION_HEADER, writeAdmission } from "../../shared/live/admission";
import { LiveClient } from "../../test/live-client";
import { fetchApp, registerPerson, type RegisteredPerson } from "../../test/people";
import { createApp } from "../app";
import { vaultOf } from "../regional";
import { issueTicket } from "./issue-ticket";
import { openTicket } from "./ticket";

const UPGRADE = { upgrade: "websocket" };
const problemOf = async (response: Response) => z.looseObject({ status: z.number(), code: z.string() }).parse(await response.json());

async function open(response: Response): Promise<LiveClient> {
  if (response.webSocket === null) throw new Error(`answered ${response.status}: ${await response.text()}`);
  expect(response.status).toBe(101);
  expect(response.headers.get("x-request-id")).toBeTruthy();
  return new LiveClient(response.webSocket);
}

async function ticketOf(person: RegisteredPerson): Promise<string> {
  const response = await person.fetch("/v1/tickets", { method: "POST" });
  expect(response.status).toBe(200);
  const { ticket, expiresIn } = z.strictObject({ ticket: z.string(), expiresIn: z.number() }).parse(await response.json());
  expect(expiresIn).toBe(30);
  return ticket;
}

describe("GET /v1/me/live", () => {
  test("streams what one socket publishes to the other, and a push as well", async () => {
    const person = await registerPerson("us");
    const watch = await open(await person.fetch("/v1/me/live", { headers: UPGRADE }));
    const phone = await open(await person.fetch("/v1/me/live?metrics=heart_rate", { headers: UPGRADE }));
    await phone.nextOf("hello");
    const at = new Date().toISOString();
    watch.send({ type: "publish", ref: "1", items: [{ metric: "heart_rate", at, value: 66 }] });
    expect(await watch.nextOf("ack")).toMatchObject({ ref: "1", accepted: 1 });
    expect((await phone.next()).items).toMatchObject([{ metric: "heart_rate", at, value: 66 }]);
    const pushed = await person.fetch("/v1/ingest/healthkit", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        data: {
          records: [{ id: "r1", type: "HKQuantityTypeIdentifierHeartRate", startDate: at, endDate: at, value: 67, unit: "count/min" }],
          sleep: [],
          workouts: [],
        },
        deleted: [],
      }),
    });
    expect(pushed.status).toBe(200);
    expect((await phone.next()).items).toMatchObject([{ metric: "heart_rate", value: 67 }]);
  });

  test("answers a plain request with a problem", async () => {
    const person = await registerPerson();
    const plain = await person.fetch("/v1/me/live");
    expect(plain.status).toBe(400);
    expect(await problemOf(plain)).toMatchObject({ code: "malformed" });
    // Straight into the app: on the way through the runtime an upgrade becomes a GET, whatever it was.
    const headers = { ...UPGRADE, authorization: `Bearer ${person.accessToken}` };
    const head = await createApp().request("http://meridian.test/v1/me/live", { method: "HEAD", headers }, env, createExecutionContext());
    expect(head.status).toBe(400);
    expect((await fetchApp("/v1/me/live")).status).toBe(401);
    expect((await fetchApp("/v1/me/live", { headers: UPGRADE })).status).toBe(401);
  });

  test.each(["?metrics=mood_ring", "?after=-1", "?after=x", "?role=admin"])("refuses %s", async (query) => {
    const person = await registerPerson();
    expect((await person.fetch(`/v1/me/live${query}`, { headers: UPGRADE })).status).toBe(422);
  });

  test("opens for pages of the configured origins and our own, and for no others", async () => {
    const person = await registerPerson();
    const from = (origin: string) => person.fetch("/v1/me/live", { headers: { ...UPGRADE, origin } });
    await open(await from("https://app.meridian.test"));
    await open(await from("http://meridian.test"));
    for (const origin of ["https://evil.example", "null", "https://app.meridian.test.evil.example"]) {
      const refused = await from(origin);
      expect([origin, refused.status]).toEqual([origin, 403]);
      expect(refused.webSocket).toBeNull();
    }
  });

  test("lets no client say who it is", async () => {
    const [person, other] = [await registerPerson(), await registerPerson()];
    const admission = writeAdmission({ actor: { kind: "person", person: other.person.id, session: newId("session", "eu", Date.now()) } });
    expect((await fetchApp("/v1/me/live", { headers: { ...UPGRADE, [ADMISSION_HEADER]: admission } })).status).toBe(401);
    const client = await open(await person.fetch("/v1/me/live", { headers: { ...UPGRADE, [ADMISSION_HEADER]: admission } }));
    client.send({ type: "publish", ref: "1", items: [{ metric: "heart_rate", at: new Date().toISOString(), value: 66 }] });
    await client.nextOf("ack");
    const metrics = async (who: RegisteredPerson) =>
      z.object({ items: z.array(z.unknown()) }).parse(await (await who.fetch("/v1/me/metrics")).json()).items;
    expect([(await metrics(person)).length, (await metrics(other)).length]).toEqual([1, 0]);
  });

  test("closes when the person signs out, and does not open again", async () => {
    const person = await registerPerson();
    const ticket = await ticketOf(person);
    const client = await open(await person.fetch("/v1/me/live", { headers: UPGRADE }));
    await client.nextOf("hello");
    expect((await person.fetch("/v1/sessions/current", { method: "DELETE" })).status).toBe(204);
    expect(await client.closed).toMatchObject({ code: 4401 });
    expect(await problemOf(await person.fetch("/v1/me/live", { headers: UPGRADE }))).toMatchObject({ code: "session_ended" });
    expect(await problemOf(await fetchApp(`/v1/me/live?ticket=${ticket}`, { headers: UPGRADE }))).toMatchObject({ code: "session_ended" });
    expect((await person.fetch("/v1/tickets", { method: "POST" })).status).toBe(401);
  });
});

describe("a ticket", () => {
  const use = (ticket: string, headers: Record<string, string> = {}) =>
    fetchApp(`/v1/me/live?ticket=${encodeURIComponent(ticket)}`, { headers: { ...UPGRADE, ...headers } });

  test("opens one socket, and a plain request does not use it up", async () => {
    const person = await registerPerson("eu");
    const ticket = await ticketOf(person);
    expect((await fetchApp(`/v1/me/live?ticket=${ticket}`)).status).toBe(400);
    await (await open(await use(ticket, { origin: "https://app.meridian.test" }))).nextOf("hello");
    const again = await use(ticket);
    expect(again.status).toBe(401);
    expect(await problemOf(again)).toMatchObject({ code: "unauthenticated" });
  });

  test("used by many at once opens one socket", async () => {
    const ticket = await ticketOf(await registerPerson("eu"));
    const answers = await Promise.all(Array.from({ length: 8 }, () => use(ticket)));
    expect(answers.filter(({ status }) => status === 101)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(7);
    for (const { webSocket } of answers) webSocket?.accept();
  });

  test("altered, of another region or of another kind opens nothing", async () => {
    const person = await registerPerson("eu");
    const ticket = await ticketOf(person);
    const [region = "", version = "", box = ""] = ticket.split(".");
    expect(region).toBe("eu");
    expect(ticket).not.toContain(person.person.id);
    const flipped = `${box.slice(0, 30)}${box[30] === "A" ? "B" : "A"}${box.slice(31)}`;
    for (const forged of [
      `us.${version}.${box}`,
      `eu.9.${box}`,
      `eu.__proto__.${box}`,
      `eu.${version}.${flipped}`,
      `${ticket}.x`,
      "x",
      person.accessToken.slice(0, 900),
      person.refreshToken,
    ]) {
      expect([forged, (await use(forged)).status]).toEqual([forged, 401]);
    }
    expect((await use(ticket, { authorization: `Bearer ${person.accessToken}` })).status).toBe(422);
  });

  test("is worth nothing after 30 seconds", async () => {
    const person = await registerPerson("eu");
    const session = newId("session", "eu", Date.now());
    const rings = ringsOf(env);
    let now = Date.now();
    const ports = {
      now: () => now,
      random: systemRandom,
      keys: (region: "eu" | "us" | "ap") => rings[region],
      vault: (id: typeof person.person.id) => vaultOf(env, id),
    };
    const { ticket } = await issueTicket(ports, { kind: "person", person: person.person.id, session });
    now += 29_999;
    expect((await openTicket(ports, ticket)).actor).toEqual({ kind: "person", person: person.person.id, session });
    now += 1;
    await expect(openTicket(ports, ticket)).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
