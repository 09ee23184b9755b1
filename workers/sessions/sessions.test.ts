import { env } from "cloudflare:workers";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { LiveClient } from "../../test/live-client";
import { fetchApp, ORIGIN, registerPerson, send } from "../../test/people";
import { newId, parseId } from "../../shared/id";
import { vaultOf } from "../regional";
import { keySetSchema, sessionListSchema } from "./schemas";

afterEach(() => {
  vi.useRealTimers();
});

const signedInSchema = z.object({ tokens: z.object({ accessToken: z.string(), refreshToken: z.string() }) });

async function list(accessToken: string) {
  const response = await send("GET", "/v1/sessions", undefined, { authorization: `Bearer ${accessToken}` });
  expect(response.status).toBe(200);
  return sessionListSchema.parse(await response.json()).items;
}

describe("signing out", () => {
  it("ends the session at once: its access token, its refresh token, and at the vault", async () => {
    const { person, fetch, refreshToken, accessToken } = await registerPerson();
    const [listed] = await list(accessToken);
    const session = parseId("session", listed?.id ?? "");
    if (session === undefined) throw new TypeError("not a session");
    const atVault = async (): Promise<void> => await vaultOf(env, person.id).admit({ kind: "person", person: person.id, session });
    await atVault();
    expect((await fetch("/v1/sessions/current", { method: "DELETE" })).status).toBe(204);
    expect((await fetch("/v1/me")).status).toBe(401);
    expect((await send("POST", "/v1/sessions/refresh", { refreshToken })).status).toBe(401);
    await expect(atVault()).rejects.toMatchObject({ code: "session_ended" });
  });

  it("may be repeated", async () => {
    const { fetch } = await registerPerson();
    for (let i = 0; i < 2; i++) expect((await fetch("/v1/sessions/current", { method: "DELETE" })).status).toBe(204);
  });

  it("leaves the person's other sessions alone", async () => {
    const { email, password, fetch } = await registerPerson();
    const other = signedInSchema.parse(await (await send("POST", "/v1/sessions", { email, password })).json()).tokens;
    await fetch("/v1/sessions/current", { method: "DELETE" });
    expect((await send("GET", "/v1/me", undefined, { authorization: `Bearer ${other.accessToken}` })).status).toBe(200);
  });
});

describe("the own sessions", () => {
  it("are listed newest first, with the one that asks marked, and no address in full", async () => {
    const { email, password, accessToken } = await registerPerson();
    const headers = { "user-agent": "Probe/1.0", "cf-connecting-ip": "2001:db8:aa:bb:cc:dd:ee:ff" };
    await send("POST", "/v1/sessions", { email, password }, headers);
    const [newer, older, ...rest] = await list(accessToken);
    expect(rest).toEqual([]);
    expect(newer).toMatchObject({ current: false, device: "Probe/1.0" });
    expect(newer?.network).toBe("2001:db8:aa::/48");
    expect(older).toMatchObject({ current: true });
  });

  it("are ended one by one, by their owner alone", async () => {
    const owner = await registerPerson();
    const stranger = await registerPerson();
    await send("POST", "/v1/sessions", { email: owner.email, password: owner.password });
    const [other] = await list(owner.accessToken);
    const path = `/v1/sessions/${other?.id ?? ""}`;
    expect((await stranger.fetch(path, { method: "DELETE" })).status).toBe(404);
    expect(await list(owner.accessToken)).toHaveLength(2);
    expect((await owner.fetch(path, { method: "DELETE" })).status).toBe(204);
    expect(await list(owner.accessToken)).toHaveLength(1);
  });

  it("are ended all at once: the others, or every one, with their live streams", async () => {
    const owner = await registerPerson();
    const signIn = async () =>
      signedInSchema.parse(await (await send("POST", "/v1/sessions", { email: owner.email, password: owner.password })).json()).tokens
        .accessToken;
    const [one, two] = [await signIn(), await signIn()];
    const socket = await fetchApp("/v1/me/live", { headers: { upgrade: "websocket", authorization: `Bearer ${one}` } });
    if (socket.webSocket === null) throw new Error(`the stream answered ${socket.status}`);
    const stream = new LiveClient(socket.webSocket);
    expect((await owner.fetch("/v1/sessions?except=me", { method: "DELETE" })).status).toBe(422);
    expect((await owner.fetch("/v1/sessions?except=current", { method: "DELETE" })).status).toBe(204);
    expect(await stream.closed).toMatchObject({ code: 4401 });
    for (const token of [one, two])
      for (const path of ["/v1/me", "/v1/me/metrics"])
        expect((await send("GET", path, undefined, { authorization: `Bearer ${token}` })).status, path).toBe(401);
    expect(await list(owner.accessToken)).toHaveLength(1);
    const three = await signIn();
    expect((await owner.fetch("/v1/sessions", { method: "DELETE" })).status).toBe(204);
    for (const token of [owner.accessToken, three]) {
      expect((await send("GET", "/v1/me", undefined, { authorization: `Bearer ${token}` })).status).toBe(401);
      expect((await send("GET", "/v1/me/metrics", undefined, { authorization: `Bearer ${token}` })).status).toBe(401);
    }
    expect((await send("POST", "/v1/sessions", { email: owner.email, password: owner.password })).status).toBe(201);
  });

  it.each(["nonsense", newId("session", "eu", Date.now()), newId("session", "us", Date.now()), newId("person", "eu", Date.now())])(
    "do not include %s",
    async (id) => {
      const { fetch } = await registerPerson("eu");
      expect((await fetch(`/v1/sessions/${id}`, { method: "DELETE" })).status).toBe(404);
    },
  );

  it("cannot be seen or ended by an ended one", async () => {
    const { fetch } = await registerPerson();
    await fetch("/v1/sessions/current", { method: "DELETE" });
    expect((await fetch("/v1/sessions")).status).toBe(401);
    expect((await fetch(`/v1/sessions/${newId("session", "eu", Date.now())}`, { method: "DELETE" })).status).toBe(401);
  });
});

describe("access tokens", () => {
  it("are verified by anybody with the published keys", async () => {
    const response = await fetchApp("/.well-known/jwks.json");
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
    const keys = keySetSchema.parse(await response.json());
    const { person, accessToken } = await registerPerson("ap");
    const { payload, protectedHeader } = await jwtVerify(accessToken, createLocalJWKSet(keys), {
      issuer: `${ORIGIN}/ap`,
      audience: ORIGIN,
      typ: "at+jwt",
    });
    expect(protectedHeader).toEqual({ alg: "ES256", typ: "at+jwt", kid: "local-ap-1" });
    expect(payload).toMatchObject({ sub: person.id, client_id: "meridian", scope: "me", amr: ["pwd"], acr: "aal1" });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(300);
  });

  it("expire in so many words", async () => {
    const { fetch } = await registerPerson();
    vi.useFakeTimers({ now: Date.now() + 310_000, toFake: ["Date"] });
    const response = await fetch("/v1/me");
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("invalid_token");
    expect(await response.json()).toMatchObject({ code: "token_expired" });
  });
});
