import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import type { Arrival } from "../../durable-objects/gate/inbox";
import type { Push } from "../../durable-objects/vault/connections/push-rows";
import { directoryKeys } from "../../shared/crypto/keys";
import { newId } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import { ownCredentials, ownHookSecret } from "../../shared/vendors/access";
import { accountHashes } from "../../shared/vendors/account";
import { hookGate } from "../../shared/vendors/push";
import { SUMMARIES } from "../../shared/vendors/garmin/fixtures";
import { GARMIN_MODULE } from "../../shared/vendors/garmin/module";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { fetchApp, registerPerson, type RegisteredPerson } from "../../test/people";
import { FakeGarmin } from "../../test/vendors/fake-garmin";
import { answerFetch } from "../../test/vendors/fake-google";
import { newSigner, type TinkSigner } from "../../test/vendors/tink-signer";
import { base64Of, hmacSha256 } from "../../shared/vendors/hmac-signature";
import { WHOOP_MODULE } from "../../shared/vendors/whoop/module";
import { GOOGLE_HEALTH_MODULE } from "../../shared/vendors/google-health/module";
import type { HookPorts } from "./ports";
import { verifyWithKeyset } from "./keyset";
import { receiveHook } from "./receive-hook";
import { findConnections, registerConnection } from "./register-connection";
import type { HookCall } from "../../shared/vendors/vendor";
import { gateOf, regional, vaultOf } from "../regional";

const SECRET = "path-secret";
const AUTHORIZATION = `Bearer ${SECRET}`;
const VERIFICATION = '{"type":"verification"}';

interface Rig {
  readonly ports: HookPorts;
  readonly signer: TinkSigner;
  readonly sent: Record<Region, unknown[]>;
  readonly fetched: string[];
  readonly userId: string;
  now: number;
  keyset: unknown;
  post(body: string, headers?: Record<string, string>, secret?: string): Promise<number>;
}

/** A receiver with a key server and queues of its own. */
async function rig(): Promise<Rig> {
  const signer = await newSigner(7);
  const sent: Rig["sent"] = { eu: [], us: [], ap: [] };
  const fetched: string[] = [];
  const state = { now: 1_000_000, keyset: signer.keyset };
  const gate = `hooks:${crypto.randomUUID()}`;
  const inbox = (region: Region) => ({
    accept: async (arrival: Arrival) => {
      const [isNew] = await gateOf(env, region, `${gate}:${region}`).receive([arrival]);
      if (isNew === true) sent[region].push(...arrival.pointers.map((pointer) => JSON.parse(pointer) as unknown));
      return isNew;
    },
  });
  const keys = {
    later: () => undefined,
    now: () => state.now,
    fetch: async (url: string) => {
      fetched.push(url);
      return Response.json(state.keyset);
    },
    keysetUrl: `https://keys.test/${crypto.randomUUID()}`,
  };
  const ports: HookPorts = {
    now: () => state.now,
    verifyTink: (signature, bytes) => verifyWithKeyset(keys, signature, bytes),
    find: (hashes, credential) => findConnections(env.DIRECTORY, hashes, credential),
    directoryKeys: directoryKeys(env.DIRECTORY_KEYS),
    accounts: async () => [
      {
        credential: null,
        credentials: { clientId: "cid", clientSecret: "s", more: {} },
        pathSecret: SECRET,
        subscriptionSecrets: [],
        subscriptionIds: [],
      },
    ],
    inbox,
    vault: (person) => vaultOf(env, person),
  };
  return Object.assign(state, {
    ports,
    signer,
    sent,
    fetched,
    userId: `user-${crypto.randomUUID()}`,
    post: async (body: string, headers: Record<string, string> = {}, secret = SECRET) =>
      (await receiveHook(ports, GOOGLE_HEALTH_MODULE, secret, callOf(body, headers))).status,
  });
}

function callOf(text: string, headers: Record<string, string>): HookCall {
  return {
    method: "POST",
    headers: new Headers(headers),
    query: new URLSearchParams(),
    body: Uint8Array.from(new TextEncoder().encode(text)),
    now: Date.now(),
  };
}

const notification = (healthUserId: string, extra: object = {}) => ({
  data: {
    version: "1",
    clientProvidedSubscriptionName: "s",
    healthUserId,
    operation: "UPSERT",
    dataType: "steps",
    intervals: [{ physicalTimeInterval: { startTime: "2026-11-20T00:00:00Z", endTime: "2026-11-20T01:00:00Z" } }],
    ...extra,
  },
});

/** Connects an account for a fresh person and returns whose it is. */
async function connected(userId: string, region: Region, vendor = "google-health") {
  const person = newId("person", region, Date.now());
  const connection = newId("connection", region, Date.now());
  const [account] = await accountHashes(directoryKeys(env.DIRECTORY_KEYS), vendor, userId);
  await registerConnection(env.DIRECTORY, regional(env, region).records, person, {
    connection,
    vendor,
    account,
    credential: null,
    dueAt: 0,
  });
  return { person, connection };
}

async function signed(at: Rig, body: string, header = "google-health-api-signature"): Promise<Record<string, string>> {
  return { authorization: AUTHORIZATION, [header]: await at.signer.sign(body) };
}

describe("verification", () => {
  it("answers the call with the right authorization with 201 and the one without with 401", async () => {
    const at = await rig();
    expect(await at.post(VERIFICATION, { authorization: AUTHORIZATION })).toBe(201);
    await expect(at.post(VERIFICATION)).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(at.post(VERIFICATION, { authorization: "Bearer wrong" })).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(at.post(VERIFICATION, { authorization: AUTHORIZATION }, "wrong")).rejects.toMatchObject({ code: "not_found" });
  });

  it("goes through the app", async () => {
    const path = `/hooks/google-health/${env.GOOGLE_WEBHOOK_SECRET}`;
    const authorization = `Bearer ${env.GOOGLE_WEBHOOK_SECRET}`;
    const post = (to: string, headers: Record<string, string>) => fetchApp(to, { method: "POST", body: VERIFICATION, headers });
    expect((await post(path, { authorization })).status).toBe(201);
    expect((await post(path, {})).status).toBe(401);
    expect((await post("/hooks/google-health/wrong", { authorization })).status).toBe(404);
    expect((await fetchApp(path, { method: "POST", body: "{}", headers: { authorization } })).status).toBe(401);
    expect((await fetchApp(path)).status).toBe(401);
  });
});

describe("notifications", () => {
  it.each(["google-health-api-signature", "x-healthapi-signature"])(
    "become pointers without user and data, by the header %s",
    async (header) => {
      const at = await rig();
      const { person, connection } = await connected(at.userId, "us");
      const body = JSON.stringify([notification(at.userId)]);
      expect(await at.post(body, await signed(at, body, header))).toBe(204);
      expect(at.sent.us).toEqual([
        {
          kind: "changed",
          person,
          connection,
          dataType: "steps",
          operation: "upsert",
          since: Date.parse("2026-11-20T00:00:00Z"),
          until: Date.parse("2026-11-20T01:00:00Z"),
        },
      ]);
      expect(JSON.stringify(at.sent)).not.toContain(at.userId);
      expect(JSON.stringify(at.sent.us[0]).length).toBeLessThan(1024);
    },
  );

  it("reach every connection of a shared account, each in its region", async () => {
    const at = await rig();
    for (const region of REGIONS) await connected(at.userId, region);
    await connected(at.userId, "eu");
    const body = JSON.stringify(notification(at.userId, { operation: "DELETE" }));
    await at.post(body, await signed(at, body));
    expect(REGIONS.map((region) => at.sent[region].length)).toEqual([2, 1, 1]);
    expect(at.sent.ap[0]).toMatchObject({ operation: "delete" });
  });

  it("of unknown people and of types that are not read are taken and dropped", async () => {
    const at = await rig();
    await connected(at.userId, "eu");
    const body = JSON.stringify([notification("nobody"), notification(at.userId, { dataType: "activity-level" })]);
    expect(await at.post(body, await signed(at, body))).toBe(204);
    expect(at.sent).toEqual({ eu: [], us: [], ap: [] });
  });

  it("are not acknowledged until they are kept", async () => {
    const at = await rig();
    await connected(at.userId, "eu");
    const body = JSON.stringify(notification(at.userId));
    const ports = { ...at.ports, inbox: () => ({ accept: () => Promise.reject(new Error("down")) }) };
    const call = callOf(body, await signed(at, body));
    await expect(receiveHook(ports, GOOGLE_HEALTH_MODULE, SECRET, call)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("of one call may be many", async () => {
    const at = await rig();
    await connected(at.userId, "eu");
    const body = JSON.stringify(Array.from({ length: 250 }, () => notification(at.userId)));
    await at.post(body, await signed(at, body));
    expect(at.sent.eu).toHaveLength(250);
  });
});

describe("an exact repetition of a signed call", () => {
  /** A call of WHOOP's, signed at a time. */
  async function whoop(userId: number, signedAt: number, id = "ecfc6a15-4661-442f-a9a4-f160dd7afae8"): Promise<HookCall> {
    const body = JSON.stringify({ user_id: userId, id, type: "workout.updated", trace_id: "e369c784-5100-49e8-8098-75d35c47b31b" });
    const signature = base64Of(hmacSha256("s", String(signedAt), body));
    return { ...callOf(body, { "x-whoop-signature": signature, "x-whoop-signature-timestamp": String(signedAt) }), now: signedAt };
  }

  it("is acknowledged and does nothing, in whatever order, at once or later; one that is signed anew is another", async () => {
    const at = await rig();
    const userId = Math.floor(Math.random() * 1e9);
    for (const region of ["eu", "us"] as const) await connected(String(userId), region, "whoop");
    const now = Date.now();
    const calls = await Promise.all([0, 1, 2, 3, 4].map((i) => whoop(userId, now + i)));
    const delivered = [...calls, ...calls.toReversed(), ...calls];
    const receive = async (call: HookCall) => (await receiveHook(at.ports, WHOOP_MODULE, SECRET, call)).status;
    expect(new Set(await Promise.all(delivered.map(receive)))).toEqual(new Set([204]));
    expect([at.sent.eu.length, at.sent.us.length]).toEqual([calls.length, calls.length]);
    expect(await receive(calls[2] ?? delivered[0]!)).toBe(204);
    expect(at.sent.eu).toHaveLength(calls.length);
    await receive(await whoop(userId, now, "93c5cc76-0a11-4f2c-9f8b-1f9b2b0a7a21"));
    expect(at.sent.eu).toHaveLength(calls.length + 1);
  });

  it("that was not kept the first time is taken", async () => {
    const at = await rig();
    const userId = Math.floor(Math.random() * 1e9);
    await connected(String(userId), "eu", "whoop");
    const call = await whoop(userId, Date.now());
    const down = { ...at.ports, inbox: () => ({ accept: () => Promise.reject(new Error("down")) }) };
    await expect(receiveHook(down, WHOOP_MODULE, SECRET, call)).rejects.toMatchObject({ code: "unavailable" });
    await receiveHook(at.ports, WHOOP_MODULE, SECRET, call);
    expect(at.sent.eu).toHaveLength(1);
  });

  it("is a change of its own where the signature names no moment", async () => {
    const at = await rig();
    await connected(at.userId, "eu");
    const body = JSON.stringify(notification(at.userId));
    const headers = await signed(at, body);
    for (let i = 0; i < 2; i++) await at.post(body, headers);
    expect(at.sent.eu).toHaveLength(2);
  });
});

describe("refusals", () => {
  const BODY = JSON.stringify(notification("somebody"));
  const cases: readonly [string, (at: Rig) => Promise<{ body?: string; headers: Record<string, string>; secret?: string }>, string][] = [
    ["a wrong path secret", async (at) => ({ headers: await signed(at, BODY), secret: "path-secreT" }), "not_found"],
    ["an empty path secret", async (at) => ({ headers: await signed(at, BODY), secret: "" }), "not_found"],
    ["no authorization", async (at) => ({ headers: { "google-health-api-signature": await at.signer.sign(BODY) } }), "unauthenticated"],
    [
      "a wrong authorization",
      async (at) => ({ headers: { ...(await signed(at, BODY)), authorization: "Bearer nope" } }),
      "unauthenticated",
    ],
    ["no signature", async () => ({ headers: { authorization: AUTHORIZATION } }), "invalid_signature"],
    [
      "an empty signature",
      async () => ({ headers: { authorization: AUTHORIZATION, "google-health-api-signature": "" } }),
      "invalid_signature",
    ],
    ["a changed byte", async (at) => ({ headers: await signed(at, BODY), body: BODY.replace("steps", "steqs") }), "invalid_signature"],
    ["an added space", async (at) => ({ headers: await signed(at, BODY), body: `${BODY} ` }), "invalid_signature"],
    [
      "a signature of another key under the same id",
      async () => ({ headers: { authorization: AUTHORIZATION, "google-health-api-signature": await (await newSigner(7)).sign(BODY) } }),
      "invalid_signature",
    ],
    [
      "an unknown key id",
      async () => ({ headers: { authorization: AUTHORIZATION, "google-health-api-signature": await (await newSigner(8)).sign(BODY) } }),
      "invalid_signature",
    ],
    [
      "a truncated signature",
      async (at) => ({
        headers: { authorization: AUTHORIZATION, "google-health-api-signature": (await at.signer.sign(BODY)).slice(0, -8) },
      }),
      "invalid_signature",
    ],
    ["a signed body that is no notification", async (at) => ({ headers: await signed(at, '{"a":1}'), body: '{"a":1}' }), "malformed"],
    ["a signed body that is no JSON", async (at) => ({ headers: await signed(at, "hello"), body: "hello" }), "malformed"],
    [
      "a verification with something beside it",
      async () => ({ headers: { authorization: AUTHORIZATION }, body: '[{"type":"verification"}]' }),
      "invalid_signature",
    ],
  ];

  it.each(cases)("refuses %s and queues nothing", async (_, make, code) => {
    const at = await rig();
    await connected("somebody", "eu");
    const { body = BODY, headers, secret } = await make(at);
    await expect(at.post(body, headers, secret)).rejects.toMatchObject({ code });
    expect(at.sent).toEqual({ eu: [], us: [], ap: [] });
  });
});

describe("keys", () => {
  it("are fetched once, again for a key that is new, and again when they have grown old", async () => {
    const at = await rig();
    const body = JSON.stringify(notification("nobody"));
    await at.post(body, await signed(at, body));
    await at.post(body, await signed(at, body));
    expect(at.fetched).toHaveLength(1);
    const next = await newSigner(9);
    at.keyset = next.keyset;
    const headers = { authorization: AUTHORIZATION, "google-health-api-signature": await next.sign(body) };
    await at.post(body, headers);
    expect(at.fetched).toHaveLength(2);
    at.now += 3_600_001;
    await at.post(body, headers);
    expect(at.fetched).toHaveLength(3);
  });

  it("verify nothing while they cannot be had, and are asked for again afterwards", async () => {
    const at = await rig();
    const body = JSON.stringify(notification("nobody"));
    const headers = await signed(at, body);
    at.keyset = "no keyset";
    await expect(at.post(body, headers)).rejects.toMatchObject({ code: "unavailable" });
    at.keyset = at.signer.keyset;
    expect(await at.post(body, headers)).toBe(204);
  });

  it("are not fetched for a caller who does not know the secrets", async () => {
    const at = await rig();
    await expect(at.post("{}", { "google-health-api-signature": "AQAAAAcw" })).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(at.post("{}", await signed(at, "{}"), "x")).rejects.toMatchObject({ code: "not_found" });
    expect(at.fetched).toEqual([]);
  });
});

describe("data that a vendor sends itself", () => {
  const accounts: FakeGarmin[] = [];
  beforeEach(() => {
    accounts.length = 0;
    // Codes and tokens say whose they are: vaults go on by themselves while others connect.
    answerFetch({
      fetch: async (url, init) => {
        const said = `${typeof init.body === "string" ? init.body : ""} ${new Headers(init.headers).get("authorization")}`;
        return (await accounts.find(({ userId }) => said.includes(userId))?.fetch(url, init)) ?? new Response(null, { status: 503 });
      },
    });
  });
  afterEach(() => vi.restoreAllMocks());

  const { clientId } = ownCredentials(env, "garmin") ?? { clientId: "" };
  const push = async (body: unknown, id = clientId, secret = ownHookSecret(env, "garmin") ?? "") =>
    (
      await fetchApp(`/hooks/garmin/${secret}`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "garmin-client-id": id, "content-type": "application/json" },
      })
    ).status;

  /** A person who has connected with Garmin, and their id there. */
  async function joined(region: Region): Promise<{ readonly person: RegisteredPerson; readonly userId: string }> {
    const garmin = new FakeGarmin();
    accounts.push(garmin);
    const person = await registerPerson(region);
    const begun = await person.fetch("/v1/integrations/garmin/authorize");
    const { authorizeUrl } = z.object({ authorizeUrl: z.string() }).parse(await begun.json());
    const { searchParams } = new URL(authorizeUrl);
    expect([searchParams.has("scope"), searchParams.get("code_challenge_method")]).toEqual([false, "S256"]);
    const state = searchParams.get("state") ?? "";
    expect((await fetchApp(`/v1/integrations/garmin/callback?${new URLSearchParams({ state, code: garmin.userId })}`)).status).toBe(200);
    return { person, userId: garmin.userId };
  }

  async function countsOf({ person }: { readonly person: RegisteredPerson }): Promise<Readonly<Record<string, number>>> {
    const { items } = z
      .object({ items: z.array(z.object({ key: z.string(), count: z.number() })) })
      .parse(await (await person.fetch("/v1/me/metrics")).json());
    return Object.fromEntries(items.map(({ key, count }) => [key, count]));
  }

  /** Lets a vault that has left memory read what was pushed, once the region's gate has brought it, however soon that would be. */
  async function readPushes({ person }: { readonly person: RegisteredPerson }): Promise<void> {
    const vault = vaultOf(env, person.person.id);
    const gate = gateOf(env, person.person.region, hookGate(person.person.region, "garmin"));
    await vi.waitFor(
      async () => {
        const left = await runInDurableObject(gate, (_, { storage }) =>
          storage.sql.exec<{ n: number }>("select count(*) as n from pushes where person = ?", person.person.id).one(),
        );
        expect(left.n).toBe(0);
      },
      { timeout: 20_000 },
    );
    await evictDurableObject(vault);
    await runInDurableObject(vault, (_, { storage }) => {
      storage.sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'connections-pushes'");
    });
    await runDurableObjectAlarm(vault);
  }

  it("is kept in each person's region when the call is answered, and read in nobody else's vault, however often it comes", async () => {
    const [a, b] = [await joined("eu"), await joined("us")];
    const body = {
      hrv: [
        { ...SUMMARIES["hrv"], userId: a.userId },
        { ...SUMMARIES["hrv"], userId: "a-stranger" },
      ],
      skinTemp: [{ ...SUMMARIES["skinTemp"], userId: b.userId }, { userId: b.userId, avgDeviationCelsius: "warm" }, 7],
      mct: [{ ...SUMMARIES["mct"], userId: a.userId }],
    };
    for (const id of ["", "another", `${clientId} `.repeat(2)]) expect(await push(body, id)).toBe(401);
    expect(await push(body, clientId, "wrong-secret-of-the-path")).toBe(404);
    expect([await countsOf(a), await countsOf(b)]).toEqual([{}, {}]);
    for (let replay = 0; replay < 2; replay++) {
      expect(await push(body)).toBe(200);
      await Promise.all([a, b].map(readPushes));
      expect([await countsOf(a), await countsOf(b)]).toEqual([{ hrv_rmssd: 3 }, { skin_temp_deviation: 1 }]);
    }
    expect(await push("no push")).toBe(400);
  });

  it("becomes pointers where it is told of only: pings, permissions and people who left, without anybody's id there", async () => {
    const at = await rig();
    const { person, connection } = await connected(at.userId, "ap", "garmin");
    const callbackURL =
      "https://apis.garmin.com/wellness-api/rest/sleeps?uploadStartTimeInSeconds=1782000000&uploadEndTimeInSeconds=1782086400&token=T1";
    const { userId } = at;
    const body = {
      sleeps: [
        { userId, callbackURL },
        { userId, callbackURL: callbackURL.replace("apis.garmin.com", "169.254.169.254") },
        { userId: "a-stranger", callbackURL },
      ],
      userPermissionsChange: [{ userId, permissions: [] }],
      deregistrations: [{ userId }],
    };
    const call = callOf(JSON.stringify(body), { "garmin-client-id": "cid" });
    expect((await receiveHook(at.ports, GARMIN_MODULE, SECRET, call)).status).toBe(200);
    expect(at.sent.ap).toEqual([
      {
        kind: "changed",
        person,
        connection,
        dataType: "sleeps",
        operation: "upsert",
        since: expect.any(Number),
        until: expect.any(Number),
        object: "1782000000-1782086400-T1",
      },
      { kind: "permissions", person, connection },
      { kind: "ended", person, connection },
    ]);
    expect(JSON.stringify(at.sent)).not.toContain(userId);
  });

  it("waits at the gate as far as one call may fill it, and the rest goes straight to the vaults", async () => {
    const at = await rig();
    const users = Array.from({ length: 12 }, (_, i) => `${at.userId}-${i}`);
    await Promise.all(users.map((user) => connected(user, "eu", "garmin")));
    const held: number[] = [];
    const long: number[] = [];
    const inbox = () => ({ accept: async ({ pushes = [] }: Arrival) => void held.push(...pushes.map(({ parts }) => parts.length)) });
    const takeInline = async (_: unknown, { parts }: Push): Promise<boolean> => long.push(parts.length) > 0;
    const ports = { ...at.ports, inbox, vault: () => ({ takeInline }) } as unknown as HookPorts;
    const dailies = users.map((userId) => ({ userId, filler: "x".repeat(190_000) }));
    await receiveHook(ports, GARMIN_MODULE, SECRET, callOf(JSON.stringify({ dailies }), { "garmin-client-id": "cid" }));
    expect([held.length, long.length]).toEqual([10, 2]);
  });

  it("goes straight to a vault where it is long, in parts that it can take, in order, and is sent again where one was not taken", async () => {
    const at = await rig();
    await connected(at.userId, "eu", "garmin");
    const filler = "x".repeat(1_500_000);
    const body = JSON.stringify({ dailies: Array.from({ length: 9 }, (_, n) => ({ userId: at.userId, n, filler })) });
    const call = callOf(body, { "garmin-client-id": "cid" });
    const taken: string[] = [];
    const takeInline = async (_: unknown, { parts }: Push): Promise<boolean> => taken.push(parts) > 0;
    const ports = { ...at.ports, vault: () => ({ takeInline }) } as unknown as HookPorts;
    await receiveHook(ports, GARMIN_MODULE, SECRET, call);
    expect(taken.length).toBeGreaterThan(1);
    expect(Math.max(...taken.map((text) => text.length))).toBeLessThan(9_000_000);
    const order = taken.flatMap((text) => z.array(z.object({ reply: z.array(z.object({ n: z.number() })) })).parse(JSON.parse(text)));
    expect(order.flatMap(({ reply }) => reply.map(({ n }) => n))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const down = { ...at.ports, vault: () => ({ takeInline: () => Promise.reject(new Error("down")) }) } as unknown as HookPorts;
    await expect(receiveHook(down, GARMIN_MODULE, SECRET, call)).rejects.toMatchObject({ code: "unavailable" });
  });
});
