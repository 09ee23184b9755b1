import { createServer } from "node:http";
import { createHash, createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { control, REDIRECT } from "./flow.ts";
import { startSimulator } from "./simulator.ts";
import type { Simulator } from "./simulator.ts";

const NOW = "2026-11-20T12:00:00Z";
const ID = "meridian-local";
const SECRET = "meridian-local-secret";
const BASIC = `Basic ${Buffer.from(`${ID}:${SECRET}`).toString("base64")}`;
const record = z.record(z.string(), z.unknown());
const tokenReply = z.looseObject({ access_token: z.string(), refresh_token: z.string().optional() });

interface Row {
  readonly id: string;
  readonly authorize: string;
  readonly token: string;
  readonly scope: string;
  readonly basic?: true;
  readonly identity?: string;
  /** What every call carries beside the token. */
  readonly headers?: Record<string, string>;
  readonly person: string;
  /** A list of data with at least one record. */
  readonly data: string;
  readonly records: (reply: unknown) => readonly unknown[];
}

const at =
  (...names: string[]) =>
  (reply: unknown): readonly unknown[] =>
    z.array(z.unknown()).parse(names.reduce<unknown>((inner, name) => record.parse(inner)[name], reply));

const VENDORS: readonly Row[] = [
  {
    id: "oura",
    authorize: "/oauth/authorize",
    token: "/oauth/token",
    scope: "personal daily heartrate workout",
    identity: "/v2/usercollection/personal_info",
    person: "ada",
    data: "/v2/usercollection/daily_activity?start_date=2026-11-10&end_date=2026-11-18",
    records: at("data"),
  },
  {
    id: "whoop",
    authorize: "/oauth/oauth2/auth",
    token: "/oauth/oauth2/token",
    scope: "offline read:profile read:cycles read:sleep read:recovery read:workout",
    identity: "/developer/v2/user/profile/basic",
    person: "ada",
    data: "/developer/v2/cycle?start=2026-11-01T00:00:00Z&end=2026-11-18T00:00:00Z&limit=25",
    records: at("records"),
  },
  {
    id: "polar",
    authorize: "/oauth2/authorization",
    token: "/v2/oauth2/token",
    scope: "accesslink.read_all",
    basic: true,
    person: "ada",
    data: "/v3/users/activities?from=2026-11-10&to=2026-11-18&steps=true",
    records: (reply) => z.array(z.unknown()).parse(reply),
  },
  {
    id: "dexcom",
    authorize: "/v2/oauth2/login",
    token: "/v2/oauth2/token",
    scope: "offline_access",
    identity: "/v3/users/self/dataRange",
    person: "ben",
    data: "/v3/users/self/egvs?startDate=2026-11-10T00:00:00&endDate=2026-11-12T00:00:00",
    records: at("records"),
  },
  {
    id: "ultrahuman",
    authorize: "/authorise",
    token: "/api/partners/oauth/token",
    scope: "profile ring_data",
    identity: "/api/partners/v1/user_data/user_info",
    person: "ada",
    data: "/api/partners/v1/user_data/metrics?date=2026-11-18",
    records: at("data", "metric_data"),
  },
  {
    id: "suunto",
    authorize: "/oauth/authorize",
    token: "/oauth/token",
    scope: "workout",
    basic: true,
    headers: { "ocp-apim-subscription-key": "meridian-local-subscriptionKey" },
    identity: `/v3/workouts?since=${Date.parse("2026-11-17T00:00:00Z")}&until=${Date.parse("2026-11-18T00:00:00Z")}`,
    person: "ada",
    data: `/247samples/activity?from=${Date.parse("2026-11-17T00:00:00Z")}&to=${Date.parse("2026-11-18T00:00:00Z")}`,
    records: (reply) => z.array(z.unknown()).parse(reply),
  },
];

let simulator: Simulator;
const received: { body: string; headers: Record<string, string | string[] | undefined> }[] = [];
/** An endpoint that answers challenges and pings, and keeps what it gets. */
const endpoint = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://endpoint");
  const challenge = url.searchParams.get("challenge");
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
  request.on("end", () => {
    if (request.method === "POST") received.push({ body, headers: request.headers });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(challenge === null ? "{}" : JSON.stringify({ challenge }));
  });
});
let hook = "";

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, now: NOW, frozen: true, retryBaseMs: 10, retryAttempts: 2 });
  await new Promise<void>((resolve) => endpoint.listen(0, "127.0.0.1", resolve));
  const address = endpoint.address();
  hook = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/hook`;
});
afterAll(async () => {
  await simulator.close();
  endpoint.close();
});
beforeEach(async () => {
  await control(simulator.url, "reset", {});
  await control(simulator.url, "clock", { now: NOW, frozen: true });
  received.length = 0;
});

async function consent(row: Row, extra: Record<string, string> = {}): Promise<URLSearchParams> {
  const query = new URLSearchParams({
    client_id: ID,
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: row.scope,
    state: "s",
    sim_person: row.person,
    ...extra,
  });
  const response = await fetch(`${simulator.url}/${row.id}${row.authorize}?${query.toString()}`, { redirect: "manual" });
  return new URL(response.headers.get("location") ?? "http://none").searchParams;
}

async function exchange(row: Row, form: Record<string, string>): Promise<{ status: number; body: unknown }> {
  const own: Record<string, string> = row.basic ? {} : { client_id: ID, client_secret: SECRET };
  const response = await fetch(`${simulator.url}/${row.id}${row.token}`, {
    method: "POST",
    headers: row.basic ? { authorization: BASIC } : {},
    body: new URLSearchParams({ redirect_uri: REDIRECT, ...form, ...own }),
  });
  return { status: response.status, body: await response.json() };
}

async function connect(row: Row): Promise<z.infer<typeof tokenReply>> {
  const code = (await consent(row)).get("code") ?? "";
  const tokens = tokenReply.parse((await exchange(row, { grant_type: "authorization_code", code })).body);
  if (row.id === "polar") await api(row, tokens.access_token, "/v3/users", { method: "POST", body: '{"member-id":"m"}' });
  return tokens;
}

async function api(row: Row, access: string, path: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(`${simulator.url}/${row.id}${path}`, { ...init, headers: { ...row.headers, authorization: `Bearer ${access}` } });
}

describe.each(VENDORS.map((row) => [row.id, row] as const))("%s", (id, row) => {
  it("gives a code that works once, and refuses foreign scopes and people who refuse", async () => {
    const code = (await consent(row)).get("code") ?? "";
    expect((await exchange(row, { grant_type: "authorization_code", code })).status).toBe(200);
    expect(await exchange(row, { grant_type: "authorization_code", code })).toMatchObject({
      status: 400,
      body: { error: "invalid_grant" },
    });
    expect((await consent(row, { scope: "everything" })).get("error")).toBe("invalid_scope");
    expect((await consent(row, { sim_deny: "1" })).get("error")).toBe("access_denied");
  });

  it("refreshes as it does in earnest: once with each token, or not at all", async () => {
    const { refresh_token: first } = await connect(row);
    if (id === "polar") return expect(first).toBeUndefined();
    const refreshed = await exchange(row, { grant_type: "refresh_token", refresh_token: first ?? "" });
    const { access_token, refresh_token } = tokenReply.parse(refreshed.body);
    expect(refresh_token).not.toBe(first);
    expect((await api(row, access_token, row.identity ?? "")).status).toBe(200);
    expect((await exchange(row, { grant_type: "refresh_token", refresh_token: first ?? "" })).status).toBe(400);
    expect((await api(row, access_token, row.identity ?? "")).status).toBe(401);
  });

  it("answers with the person's data, the same each time, and only with a living token", async () => {
    const { access_token } = await connect(row);
    const [first, again] = [await (await api(row, access_token, row.data)).json(), await (await api(row, access_token, row.data)).json()];
    expect(row.records(first).length).toBeGreaterThan(0);
    expect(again).toEqual(first);
    expect((await api(row, "nobody", row.data)).status).toBe(401);
    await control(simulator.url, "vendors/expire", { vendor: id, person: row.person });
    expect((await api(row, access_token, row.data)).status).toBe(401);
  });

  it("fails on demand", async () => {
    const { access_token } = await connect(row);
    await control(simulator.url, "faults", { path: `/${id}/`, status: 429, retryAfterSeconds: 1, times: 1 });
    const limited = await api(row, access_token, row.data);
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "1"]);
    expect((await api(row, access_token, row.data)).status).toBe(200);
  });
});

const byId = (id: string): Row => VENDORS.find((row) => row.id === id)!;

describe("garmin", () => {
  const rest = `/garmin/wellness-api/rest`;
  const verifier = "a-verifier-of-forty-three-letters-or-more-0123456789";
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const authorize = async (extra: Record<string, string>): Promise<URLSearchParams> => {
    const query = new URLSearchParams({ client_id: ID, redirect_uri: REDIRECT, response_type: "code", state: "s", ...extra });
    const response = await fetch(`${simulator.url}/garmin/oauth2Confirm?${query.toString()}`, { redirect: "manual" });
    return new URL(response.headers.get("location") ?? "http://none").searchParams;
  };
  const tokens = async (form: Record<string, string>) =>
    await fetch(`${simulator.url}/garmin/di-oauth2-service/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({ client_id: ID, client_secret: SECRET, redirect_uri: REDIRECT, ...form }),
    });
  const proof = { code_challenge: challenge, code_challenge_method: "S256" };
  const join = async (extra: Record<string, string> = {}): Promise<string> => {
    const code = (await authorize({ ...proof, ...extra })).get("code") ?? "";
    const reply = await tokens({ grant_type: "authorization_code", code, code_verifier: verifier });
    return tokenReply.parse(await reply.json()).access_token;
  };
  const call = async (access: string, path: string, method = "GET") =>
    await fetch(`${simulator.url}${rest}${path}`, { method, headers: { authorization: `Bearer ${access}` } });
  const second = (text: string): string => String(Date.parse(text) / 1000);
  const past = (kind: string, from: string, to: string) =>
    `/backfill/${kind}?summaryStartTimeInSeconds=${second(from)}&summaryEndTimeInSeconds=${second(to)}`;
  const told = () => received.map(({ body }) => z.record(z.string(), z.array(record)).parse(JSON.parse(body)));

  it("wants a challenge and its verifier, tells who the person is and what they permit, and says 403 to a dead token", async () => {
    expect((await authorize({})).get("error")).toBe("invalid_request");
    const code = (await authorize(proof)).get("code") ?? "";
    expect((await tokens({ grant_type: "authorization_code", code, code_verifier: "another" })).status).toBe(400);
    const access = await join({ sim_scopes: "HEALTH_EXPORT" });
    expect(await (await call(access, "/user/id")).json()).toEqual({ userId: expect.stringMatching(/^garmin-/) });
    expect(await (await call(access, "/user/permissions")).json()).toEqual(["HEALTH_EXPORT"]);
    await control(simulator.url, "vendors/expire", { vendor: "garmin", person: "ada" });
    expect((await call(access, "/user/id")).status).toBe(403);
  });

  it("promises the past once, where it is permitted and not too far away, and sends it to the portal's address", async () => {
    await control(simulator.url, "vendors/hook", { vendor: "garmin", url: hook });
    const access = await join({ sim_scopes: "HEALTH_EXPORT" });
    const statuses = [];
    for (const path of [
      past("dailies", "2026-11-10T00:00:00Z", "2026-11-18T00:00:00Z"),
      past("dailies", "2026-11-10T00:00:00Z", "2026-11-18T00:00:00Z"),
      past("activities", "2026-11-10T00:00:00Z", "2026-11-18T00:00:00Z"),
      past("dailies", "2026-10-01T00:00:00Z", "2026-11-18T00:00:00Z"),
      "/backfill/dailies",
      past("nothing", "2026-11-10T00:00:00Z", "2026-11-18T00:00:00Z"),
    ])
      statuses.push((await call(access, path)).status);
    expect(statuses).toEqual([202, 409, 412, 400, 400, 404]);
    await expect.poll(() => received.length).toBe(1);
    const [{ dailies = [] } = {}] = told();
    expect(dailies.map(({ userId, steps }) => [typeof userId, typeof steps])).toContainEqual(["string", "number"]);
    expect(dailies.at(-1)).toMatchObject({ userId: "somebody-else" });
    expect(received[0]?.headers["garmin-client-id"]).toBe(ID);
  });

  it("pushes and pings, and answers a pull for the token of its ping alone", async () => {
    await control(simulator.url, "vendors/hook", { vendor: "garmin", url: hook });
    const access = await join();
    await control(simulator.url, "vendors/push", { vendor: "garmin", person: "ada" });
    expect(told().map((body) => Object.keys(body))).toEqual([["activities"], ["dailies"], ["activityDetails"]]);
    const url = new URL(String(told()[2]?.["activityDetails"]?.[0]?.["callbackURL"]));
    const pull = (token: string) => {
      url.searchParams.set("token", token);
      return call(access, url.pathname.slice("/wellness-api/rest".length) + url.search);
    };
    const pulled = await pull(url.searchParams.get("token") ?? "");
    expect(await pulled.json()).toMatchObject([{ summaryId: expect.stringMatching(/-detail$/), summary: { activityType: "WALKING" } }]);
    expect((await pull("another")).status).toBe(400);
    await control(simulator.url, "vendors/permit", { vendor: "garmin", person: "ada", scopes: [] });
    expect(await (await call(access, "/user/permissions")).json()).toEqual([]);
    expect((await call(access, "/user/registration", "DELETE")).status).toBe(204);
    expect(
      told()
        .slice(3)
        .map((body) => Object.keys(body)),
    ).toEqual([["userPermissionsChange"], ["deregistrations"]]);
    expect((await call(access, "/user/id")).status).toBe(403);
  });
});

describe("webhooks of the simulated vendors", () => {
  const push = (vendor: string, tamper?: string) =>
    control(simulator.url, "vendors/push", { vendor, person: "ada", ...(tamper ? { tamper } : {}) });

  it("Oura challenges, tells of single documents with an upper-case signature, and lets subscriptions expire", async () => {
    const { access_token } = await connect(byId("oura"));
    const subscribe = async (url: string): Promise<Response> =>
      fetch(`${simulator.url}/oura/v2/webhook/subscription`, {
        method: "POST",
        headers: { "x-client-id": ID, "x-client-secret": SECRET },
        body: JSON.stringify({ callback_url: url, verification_token: "t", event_type: "create", data_type: "workout" }),
      });
    expect((await subscribe("http://127.0.0.1:9/none")).status).toBe(422);
    expect((await subscribe(hook)).status).toBe(201);
    await push("oura");
    const [told] = received;
    const { object_id } = z.looseObject({ object_id: z.string() }).parse(JSON.parse(told?.body ?? ""));
    const expected = createHmac("sha256", SECRET)
      .update(`${String(told?.headers["x-oura-timestamp"])}${told?.body}`)
      .digest("hex")
      .toUpperCase();
    expect(told?.headers["x-oura-signature"]).toBe(expected);
    expect(await (await api(byId("oura"), access_token, `/v2/usercollection/workout/${object_id}`)).json()).toMatchObject({
      id: object_id,
      activity: "walking",
    });
    await control(simulator.url, "clock", { advanceSeconds: 91 * 86_400 });
    await push("oura");
    expect(received.length).toBe(1);
  });

  it("WHOOP tells of records by base 64 over milliseconds, where the portal says", async () => {
    const { access_token } = await connect(byId("whoop"));
    await push("whoop");
    expect(received).toEqual([]);
    await control(simulator.url, "vendors/hook", { vendor: "whoop", url: hook });
    await push("whoop");
    const [told] = received;
    const { id } = z.looseObject({ id: z.string() }).parse(JSON.parse(told?.body ?? ""));
    const expected = createHmac("sha256", SECRET)
      .update(`${String(told?.headers["x-whoop-signature-timestamp"])}${told?.body}`)
      .digest("base64");
    expect(told?.headers["x-whoop-signature"]).toBe(expected);
    expect((await api(byId("whoop"), access_token, `/developer/v2/activity/workout/${id}`)).status).toBe(200);
  });

  it("Suunto names the user in its token, wants the subscription's key, and signs what it tells and brings", async () => {
    const row = byId("suunto");
    const { access_token } = await connect(row);
    const claims = z
      .looseObject({ user: z.string() })
      .parse(JSON.parse(Buffer.from(access_token.split(".")[1] ?? "", "base64url").toString()));
    const keyless = await api({ ...row, headers: {} }, access_token, row.data);
    expect([keyless.status, await keyless.json()]).toMatchObject([401, { message: expect.stringContaining("subscription key") }]);
    const long = await api(row, access_token, `/247samples/sleep?from=0&to=${29 * 86_400_000}`);
    expect(long.status).toBe(400);
    await control(simulator.url, "vendors/hook", { vendor: "suunto", url: hook });
    await push("suunto");
    const told = received.map(({ body }) => z.looseObject({ type: z.string(), username: z.string() }).parse(JSON.parse(body)));
    expect(told.map(({ type, username }) => [type, username])).toEqual([
      ["WORKOUT_CREATED", claims.user],
      ["SUUNTO_247_ACTIVITY_CREATED", claims.user],
    ]);
    for (const { body, headers } of received)
      expect(headers["x-hmac-sha256-signature"]).toBe(createHmac("sha256", "meridian-local-notificationSecret").update(body).digest("hex"));
    const { workoutKey } = z.looseObject({ workoutKey: z.string() }).parse(told[0]?.["workout"]);
    const file = await api(row, access_token, `/v3/workouts/${workoutKey}/fit`);
    expect(
      Buffer.from(await file.arrayBuffer())
        .subarray(8, 12)
        .toString(),
    ).toBe(".FIT");
    expect((await api(row, access_token, `/oauth/deauthorize?client_id=${ID}`)).status).toBe(200);
    expect((await api(row, access_token, row.data)).status).toBe(401);
  });

  it("Polar wants people registered, pings before it tells its secret, and keeps one webhook", async () => {
    const row = byId("polar");
    const code = (await consent(row)).get("code") ?? "";
    const { access_token } = tokenReply.parse((await exchange(row, { grant_type: "authorization_code", code })).body);
    expect((await api(row, access_token, row.data)).status).toBe(403);
    const register = () => api(row, access_token, "/v3/users", { method: "POST", body: '{"member-id":"m"}' });
    expect([(await register()).status, (await register()).status]).toEqual([200, 409]);
    const create = () =>
      fetch(`${simulator.url}/polar/v3/webhooks`, {
        method: "POST",
        headers: { authorization: BASIC },
        body: JSON.stringify({ events: ["EXERCISE"], url: hook }),
      });
    const made = z.object({ data: z.object({ signature_secret_key: z.string() }) }).parse(await (await create()).json());
    expect([JSON.parse(received[0]?.body ?? ""), (await create()).status]).toMatchObject([{ event: "PING" }, 409]);
    await push("polar");
    const expected = createHmac("sha256", made.data.signature_secret_key)
      .update(received[1]?.body ?? "")
      .digest("hex");
    expect(received[1]?.headers["polar-webhook-signature"]).toBe(expected);
  });
});

describe("withings", () => {
  const base = () => `${simulator.url}/withings`;
  const reply = z.object({ status: z.number(), body: record.optional(), error: z.string().optional() });
  const post = async (path: string, form: Record<string, string>, access?: string) => {
    const headers = new Headers(access === undefined ? [] : [["authorization", `Bearer ${access}`]]);
    const response = await fetch(`${base()}${path}`, { method: "POST", headers, body: new URLSearchParams(form) });
    expect(response.status).toBe(200);
    return reply.parse(await response.json());
  };
  const exchange = (form: Record<string, string>) =>
    post("/v2/oauth2", { action: "requesttoken", client_id: ID, client_secret: SECRET, redirect_uri: REDIRECT, ...form });
  const code = async (extra: Record<string, string> = {}) => {
    const scope = "user.info,user.metrics,user.activity";
    const query = new URLSearchParams({ client_id: ID, redirect_uri: REDIRECT, response_type: "code", state: "s", scope, ...extra });
    const response = await fetch(`${base()}/oauth2_user/authorize2?${query.toString()}`, { redirect: "manual" });
    return new URL(response.headers.get("location") ?? "http://none").searchParams.get("code") ?? "";
  };
  const join = async (extra: Record<string, string> = {}) =>
    z
      .looseObject({ access_token: z.string(), refresh_token: z.string(), userid: z.string() })
      .parse((await exchange({ grant_type: "authorization_code", code: await code(extra) })).body);
  const second = (text: string) => String(Date.parse(text) / 1000);
  const signed = (form: Record<string, string>) => {
    const text = Object.keys(form)
      .toSorted()
      .map((name) => form[name])
      .join(",");
    return { ...form, signature: createHmac("sha256", SECRET).update(text).digest("hex") };
  };

  it("says every refusal in the body, lets codes die soon and refresh tokens rotate", async () => {
    const late = await code();
    await control(simulator.url, "clock", { now: "2026-11-20T12:00:31Z", frozen: true });
    expect(await exchange({ grant_type: "authorization_code", code: late })).toMatchObject({
      status: 503,
      error: expect.stringMatching(/invalid code/),
    });
    const { refresh_token: refresh } = await join();
    expect((await exchange({ grant_type: "refresh_token", refresh_token: refresh })).status).toBe(0);
    expect(await exchange({ grant_type: "refresh_token", refresh_token: refresh })).toMatchObject({
      status: 503,
      error: expect.stringMatching(/refresh_token/),
    });
    expect(await exchange({ grant_type: "refresh_token", refresh_token: refresh, client_secret: "x" })).toMatchObject({
      error: expect.stringMatching(/client/),
    });
    expect((await post("/measure", { action: "getmeas" }, "dead")).status).toBe(401);
    expect((await post("/measure", { action: "dance" })).status).toBe(2554);
    const { access_token: part } = await join({ sim_scopes: "user.info,user.metrics" });
    expect((await post("/v2/measure", { action: "getactivity", startdateymd: "2026-11-18", enddateymd: "2026-11-19" }, part)).status).toBe(
      277,
    );
  });

  it("gives lists in parts, and no intraday beyond a day", async () => {
    const { access_token: access } = await join();
    const range = { action: "getmeas", startdate: second("2026-08-20T00:00:00Z"), enddate: second("2026-11-20T00:00:00Z") };
    const first = await post("/measure", range, access);
    expect(first.body).toMatchObject({ more: 1, offset: 100 });
    const next = await post("/measure", { ...range, offset: "100" }, access);
    const ids = [first, next].flatMap(({ body }) =>
      z
        .array(z.looseObject({ grpid: z.number() }))
        .parse(body?.["measuregrps"])
        .map(({ grpid }) => grpid),
    );
    expect(new Set(ids).size).toBe(ids.length);
    const day = { action: "getintradayactivity", startdate: second("2026-11-18T00:00:00Z") };
    expect((await post("/v2/measure", { ...day, enddate: second("2026-11-19T00:00:00Z") }, access)).status).toBe(0);
    expect((await post("/v2/measure", { ...day, enddate: second("2026-11-19T00:00:01Z") }, access)).status).toBe(503);
  });

  it("subscribes an address that answers, tells it by a form, and ends everything by a call that is signed with a nonce of one use", async () => {
    const { access_token: access, userid } = await join();
    const subscribe = (appli: string, callbackurl: string) => post("/notify", { action: "subscribe", appli, callbackurl }, access);
    expect((await subscribe("16", "http://127.0.0.1:1/nobody")).status).toBe(503);
    expect((await subscribe("16", hook)).status).toBe(0);
    expect((await subscribe("16", hook)).status).toBe(0);
    const profiles = async () => (await post("/notify", { action: "list" }, access)).body?.["profiles"];
    expect(await profiles()).toMatchObject([{ appli: 16, callbackurl: hook }]);
    await control(simulator.url, "vendors/push", { vendor: "withings", person: "ada" });
    expect(received.map(({ body, headers }) => [body, headers["content-type"]])).toEqual([
      [`userid=${userid}&appli=16&date=2026-11-20`, "application/x-www-form-urlencoded"],
    ]);
    const nonceOf = async () => {
      const form = signed({ action: "getnonce", client_id: ID, timestamp: second(NOW) });
      return String((await post("/v2/signature", form)).body?.["nonce"]);
    };
    expect((await post("/v2/signature", { action: "getnonce", client_id: ID, timestamp: second(NOW), signature: "0" })).status).toBe(503);
    const nonce = await nonceOf();
    const ending = { ...signed({ action: "revoke", client_id: ID, nonce }), userid };
    expect((await post("/v2/oauth2", ending)).status).toBe(0);
    expect((await post("/v2/oauth2", ending)).status).toBe(503);
    expect((await post("/notify", { action: "list" }, access)).status).toBe(401);
    received.length = 0;
    await control(simulator.url, "vendors/push", { vendor: "withings", person: "ada" });
    expect(received).toEqual([]);
  });
});
