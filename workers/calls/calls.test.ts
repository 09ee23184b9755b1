import { expect, test } from "vitest";
import { callsConfig } from "../../shared/calls/config";
import type { PersonId } from "../../shared/id";
import { connectRoom, freshRoom } from "../../test/rooms";
import { runInDurableObject } from "cloudflare:test";
import { RealtimeClient } from "./client";
import { changeTracks, closeTracks, listTracks, openSession, renegotiate } from "./forward";
import { iceServers } from "./ice-servers";
import type { CallPorts } from "./ports";

const CALLS = JSON.stringify({
  stun: ["stun:a:3478"],
  turn: ["turn:relay:3478"],
  turnKey: "key",
  sfuApp: "app",
  base: "http://realtime.test",
});
const CALLS_SECRETS = JSON.stringify({ turn: "shared", turnKey: "turn-token", sfuApp: "sfu-secret" });
const config = callsConfig({ CALLS, CALLS_SECRETS, RESIDENCY: "off" });

/** A stand-in that speaks the protocol of the forwarding server and of the relays. */
class Realtime {
  readonly sessions = new Map<string, Map<string, string>>();
  readonly asked: string[] = [];
  #n = 0;

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const { pathname } = new URL(String(input));
    const token = new Headers(init?.headers).get("authorization");
    this.asked.push(`${init?.method} ${pathname}`);
    const body = JSON.parse(typeof init?.body === "string" ? init.body : "{}") as {
      ttl?: number;
      tracks?: { location?: string; mid?: string; sessionId?: string; trackName: string }[];
    };
    if (pathname === "/v1/turn/keys/key/credentials/generate-ice-servers") {
      if (token !== "Bearer turn-token") return new Response(null, { status: 403 });
      const urls = ["stun:turn.test:3478", "turn:turn.test:53?transport=udp", "turn:turn.test:3478?transport=udp"];
      return Response.json({ iceServers: [{ urls, username: `u${body.ttl}`, credential: "c" }] }, { status: 201 });
    }
    const [, path] = /^\/v1\/apps\/app(\/.*)$/.exec(pathname) ?? [];
    if (path === undefined || token !== "Bearer sfu-secret") return new Response(null, { status: 403 });
    if (path === "/sessions/new") {
      const sessionId = `s${++this.#n}`;
      this.sessions.set(sessionId, new Map());
      return Response.json({ sessionId }, { status: 201 });
    }
    const [, id = "", verb] = /^\/sessions\/(\w+)\/(.+)$/.exec(path) ?? [];
    const session = this.sessions.get(id);
    if (session === undefined) return Response.json({ errorCode: "session_not_found" }, { status: 404 });
    if (verb === "renegotiate") return Response.json({});
    const tracks = (body.tracks ?? []).map((track) => {
      if (verb === "tracks/close") return { mid: track.mid };
      if (track.location === "remote") {
        const isThere = this.sessions.get(track.sessionId ?? "")?.has(track.trackName) === true;
        return isThere ? { ...track, mid: `r${track.trackName}` } : { ...track, errorCode: "not_found_track_error" };
      }
      if (track.trackName === "refused") return { ...track, errorCode: "empty_track_error" };
      session.set(track.trackName, track.mid ?? "");
      return track;
    });
    const isPull = body.tracks?.some(({ location }) => location === "remote") === true;
    return Response.json({
      tracks,
      requiresImmediateRenegotiation: isPull,
      sessionDescription: { type: isPull ? "offer" : "answer", sdp: "v=0" },
    });
  };
}

async function callOf(people: number) {
  const fresh = await freshRoom({ people });
  const realtime = new Realtime();
  const portsOf = (person: PersonId): CallPorts => ({
    actor: { kind: "person", person, session: "ses" as never },
    now: Date.now,
    config,
    realtime: new RealtimeClient(config, realtime.fetch),
    say: async (frame) => JSON.parse(await fresh.room.extend(person, JSON.stringify(frame))) as unknown,
  });
  await portsOf(fresh.people[0]).say({ type: "call.start", clientId: "one" });
  // The runtime of the tests has no forwarding server in its configuration.
  await runInDurableObject(
    fresh.room,
    (_, { storage }) => void storage.sql.exec(`UPDATE calls SET body = json_set(body, '$.mode', 'sfu')`),
  );
  for (const person of fresh.people.slice(0, 2)) await (await connectRoom(fresh.room, person)).ask({ type: "call.join", call: "1" });
  return { ...fresh, realtime, portsOf };
}
const codeOf = async (work: Promise<unknown>) =>
  await work.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );
const offer = { type: "offer", sdp: "v=0" } as const;

test("a session belongs to whoever opened it, and tracks are pulled within the same call alone", async () => {
  const one = await callOf(3);
  const [ada, bob, eve] = one.people.map(one.portsOf) as [CallPorts, CallPorts, CallPorts];
  const [adas, bobs] = [await openSession(ada, "1"), await openSession(bob, "1")];
  expect(await codeOf(openSession(eve, "1"))).toBe("conflict");
  const pushed = await changeTracks(ada, "1", adas, {
    push: [
      { mid: "0", name: "camera" },
      { mid: "1", name: "refused" },
    ],
    pull: [],
    offer,
  });
  expect(pushed.sessionDescription).toEqual({ type: "answer", sdp: "v=0" });
  // What the server took counts, and what it refused does not.
  expect(await listTracks(bob, "1")).toEqual([{ session: adas, name: "camera", member: 1 }]);
  const before = one.realtime.asked.length;
  for (const work of [
    changeTracks(bob, "1", adas, { push: [{ mid: "0", name: "fake" }], pull: [], offer }),
    renegotiate(bob, "1", adas, { type: "answer", sdp: "v=0" }),
    closeTracks(bob, "1", adas, ["0"], undefined),
    changeTracks(bob, "1", bobs, { push: [], pull: [{ session: adas, name: "screen" }] }),
    changeTracks(bob, "1", bobs, { push: [], pull: [{ session: "another-calls", name: "camera" }] }),
  ])
    expect(await codeOf(work)).toBe("not_found");
  // Nothing of that was asked of the server.
  expect(one.realtime.asked.length).toBe(before);
  const pulled = await changeTracks(bob, "1", bobs, { push: [], pull: [{ session: adas, name: "camera" }] });
  expect(pulled).toMatchObject({ requiresImmediateRenegotiation: true, sessionDescription: { type: "offer" } });
  await renegotiate(bob, "1", bobs, { type: "answer", sdp: "v=0" });
  await closeTracks(ada, "1", adas, ["0"], undefined);
  expect(await listTracks(bob, "1")).toEqual([]);
  await ada.say({ type: "call.end", call: "1" });
  expect(await codeOf(renegotiate(bob, "1", bobs, { type: "answer", sdp: "v=0" }))).toBe("conflict");
});

test("relays come from the provider with a time, else from an own one by its secret, else there are none; what does not answer is said", async () => {
  const one = await callOf(2);
  const ports = one.portsOf(one.people[0]);
  expect(await iceServers(ports)).toMatchObject({
    relayed: true,
    iceServers: [{ urls: ["stun:turn.test:3478", "turn:turn.test:3478?transport=udp"], username: "u14400", credential: "c" }],
  });
  const { turnKey: _, ...own } = config;
  const byOwn = await iceServers({ ...ports, config: { ...own, turnKey: undefined } });
  expect(byOwn).toMatchObject({
    relayed: true,
    iceServers: [{ urls: ["stun:a:3478"] }, { urls: ["turn:relay:3478"], username: expect.stringMatching(/^\d{10}:/) as unknown }],
  });
  expect(JSON.stringify(byOwn)).not.toContain(one.people[0]);
  expect(await iceServers({ ...ports, config: callsConfig({ CALLS: "", RESIDENCY: "on" }) })).toMatchObject({ relayed: false });
  const broken = (answer: () => Promise<Response>) => codeOf(new RealtimeClient(config, answer).iceServers(60));
  expect(await broken(async () => new Response("{}", { status: 200 }))).toBe("server_failed");
  expect(await broken(async () => new Response(null, { status: 500 }))).toBe("server_failed");
  expect(await broken(async () => new Response(null, { status: 429 }))).toBe("rate_limited");
  expect(await broken(async () => await Promise.reject(new DOMException("late", "TimeoutError")))).toBe("server_timeout");
});
