import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { fetchApp, freshPassword, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { allows } from "../../shared/http/api-keys";
import { REGIONS } from "../../shared/region";
import { regional } from "../regional";

afterEach(() => {
  vi.useRealTimers();
});

const createdSchema = z.object({ id: z.string(), key: z.string(), scopes: z.array(z.string()), expiresAt: z.string() });
const listSchema = z.object({ items: z.array(z.object({ id: z.string(), name: z.string(), lastUsedAt: z.string().nullable() })) });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const later = (days: number) => vi.useFakeTimers({ now: Date.now() + days * 86_400_000, toFake: ["Date"] });
const get = async (path: string, key: string) => await fetchApp(path, { headers: bearer(key) });
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;
const PUSH = { data: { records: [], sleep: [], workouts: [] }, deleted: [] };

async function withKey(scopes: readonly string[], region: RegisteredPerson["person"]["region"] = "eu") {
  const owner = await registerPerson(region);
  const response = await send("POST", "/v1/me/api-keys", { name: "Program", scopes, expiresInDays: 30 }, bearer(owner.accessToken));
  expect(response.status).toBe(201);
  return { ...owner, ...createdSchema.parse(await response.json()) };
}

const list = async ({ fetch }: RegisteredPerson) => listSchema.parse(await (await fetch("/v1/me/api-keys")).json()).items;

describe("an API key", () => {
  it.each(REGIONS)("of %s reads its owner's data and nothing else", async (region) => {
    const { key } = await withKey(["data:read"], region);
    expect(key).toMatch(new RegExp(`^mk_${region}_`));
    expect((await get("/v1/me/metrics", key)).status).toBe(200);
    expect((await get("/fhir/r4/Observation", key)).status).toBe(200);
    for (const path of ["/v1/me", "/v1/sessions", "/v1/me/factors", "/v1/me/api-keys", "/v1/me/passkeys", "/v1/me/fhir-targets"]) {
      const refused = await get(path, key);
      expect([path, refused.status, await codeOf(refused)]).toEqual([path, 403, "forbidden"]);
    }
    expect((await send("POST", "/v1/ingest/healthkit", PUSH, bearer(key))).status).toBe(403);
    expect((await send("POST", "/v1/me/api-keys", { name: "More", scopes: ["data:write"] }, bearer(key))).status).toBe(403);
    expect((await send("PUT", "/v1/me/password", { newPassword: freshPassword() }, bearer(key))).status).toBe(403);
  });

  it("with the scope to write brings data in, and does not read or delete", async () => {
    const { key } = await withKey(["data:write"]);
    expect((await send("POST", "/v1/ingest/healthkit", PUSH, bearer(key))).status).toBe(200);
    expect((await get("/v1/me/metrics", key)).status).toBe(403);
    expect((await fetchApp("/v1/me/sources/src_1", { method: "DELETE", headers: bearer(key) })).status).toBe(403);
  });

  it("is kept as a hash, and shown once", async () => {
    const owner = await withKey(["data:read"]);
    const { results } = await regional(env, "eu").records.prepare("select * from api_keys where person_id = ?").bind(owner.person.id).all();
    expect(results).toHaveLength(1);
    expect(JSON.stringify(results)).not.toContain(owner.key.slice(6, 40));
    expect(JSON.stringify(await list(owner))).not.toContain("mk_");
  });

  it("says when it was last used, and is no session that a person would look for", async () => {
    const owner = await withKey(["data:read"]);
    expect((await list(owner)).map(({ lastUsedAt }) => lastUsedAt)).toEqual([null]);
    await get("/v1/me/days", owner.key);
    expect((await list(owner))[0]?.lastUsedAt).toEqual(expect.any(String));
    const sessions = z.object({ items: z.array(z.unknown()) }).parse(await (await owner.fetch("/v1/sessions")).json());
    expect(sessions.items).toHaveLength(1);
  });

  it("is listed with the others in pages", async () => {
    const owner = await registerPerson();
    const made: string[] = [];
    for (const name of ["One", "Two", "Three"]) {
      const response = await send("POST", "/v1/me/api-keys", { name, scopes: ["data:read"] }, bearer(owner.accessToken));
      made.push(createdSchema.parse(await response.json()).id);
    }
    const pageSchema = listSchema.extend({ next: z.string().nullable() });
    const first = pageSchema.parse(await (await owner.fetch("/v1/me/api-keys?limit=2")).json());
    const rest = pageSchema.parse(await (await owner.fetch(`/v1/me/api-keys?limit=2&cursor=${first.next ?? ""}`)).json());
    expect([first.items, rest.items].map((items) => items.length)).toEqual([2, 1]);
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(made.toSorted());
    expect(rest.next).toBeNull();
    for (const wrong of ["limit=0", "cursor=made-up", "page=2"])
      expect((await owner.fetch(`/v1/me/api-keys?${wrong}`)).status, wrong).toBe(422);
  });

  it("ends at once when it is revoked, at the vault too, by its owner alone", async () => {
    const [owner, stranger] = await Promise.all([withKey(["data:read"]), registerPerson()]);
    expect((await stranger.fetch(`/v1/me/api-keys/${owner.id}`, { method: "DELETE" })).status).toBe(404);
    expect((await get("/v1/me/metrics", owner.key)).status).toBe(200);
    expect((await owner.fetch(`/v1/me/api-keys/${owner.id}`, { method: "DELETE" })).status).toBe(204);
    const refused = await get("/v1/me/metrics", owner.key);
    expect([refused.status, await codeOf(refused)]).toEqual([401, "unauthenticated"]);
    expect(refused.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await list(owner)).toEqual([]);
  });

  it("outlives a change of the password, and not a reset of it", async () => {
    const owner = await withKey(["data:read"]);
    const change = { currentPassword: owner.password, newPassword: freshPassword() };
    expect((await send("PUT", "/v1/me/password", change, bearer(owner.accessToken))).status).toBe(204);
    expect((await get("/v1/me/metrics", owner.key)).status).toBe(200);
    await send("POST", "/v1/password-resets", { email: owner.email });
    const token = await vi.waitFor(async () => {
      const found = /rst_\w\w_[\w-]{43}/.exec(await (await fetchApp(`/v1/dev/outbox?to=${owner.email}`)).text())?.[0];
      if (found === undefined) throw new Error("no letter yet");
      return found;
    });
    expect((await send("POST", "/v1/password-resets/completions", { token, password: freshPassword() })).status).toBe(204);
    expect((await get("/v1/me/metrics", owner.key)).status).toBe(401);
  });

  it("expires", async () => {
    const { key } = await withKey(["data:read"]);
    later(31);
    expect((await get("/v1/me/metrics", key)).status).toBe(401);
  });

  it("is not accepted in the address, altered, or of another region", async () => {
    const { key } = await withKey(["data:read"]);
    expect((await fetchApp(`/v1/me/metrics?access_token=${key}`)).status).toBe(401);
    expect((await fetchApp(`/v1/me/metrics?key=${key}`)).status).toBe(401);
    for (const altered of [key.slice(0, -1), `${key}0`, key.replace("mk_eu", "mk_us"), `mk_eu_${"A".repeat(43)}_00000000`]) {
      expect((await get("/v1/me/metrics", altered)).status).toBe(401);
    }
  });

  it("wants a fresh proof, a scope that there is, and at most a year", async () => {
    const owner = await registerPerson();
    const make = async (body: unknown) => (await send("POST", "/v1/me/api-keys", body, bearer(owner.accessToken))).status;
    for (const body of [
      { name: "x", scopes: [] },
      { name: "x", scopes: ["admin"] },
      { name: "x", scopes: ["data:read"], expiresInDays: 366 },
      { name: "", scopes: ["data:read"] },
    ])
      expect(await make(body)).toBe(422);
    later(6 / 1440);
    const refreshed = await send("POST", "/v1/sessions/refresh", { refreshToken: owner.refreshToken });
    const { tokens } = z.object({ tokens: z.object({ accessToken: z.string() }) }).parse(await refreshed.json());
    const stale = await send("POST", "/v1/me/api-keys", { name: "x", scopes: ["data:read"] }, bearer(tokens.accessToken));
    expect([stale.status, await codeOf(stale)]).toEqual([403, "step_up_required"]);
  });
});

it.each([
  ["GET", "/v1/me/metrics/heart_rate", true, false],
  ["GET", "/v1/me/metricsx", false, false],
  ["GET", "/fhir/r4/Observation/x", true, false],
  ["POST", "/fhir/r4/Observation/_search", true, false],
  ["POST", "/v1/imports", false, true],
  ["DELETE", "/v1/imports/x", false, false],
  ["DELETE", "/v1/me/metrics/heart_rate", false, false],
  ["GET", "/v1/people/per_eu_x/metrics", false, false],
  ["POST", "/v1/sessions/step-up", false, false],
  ["GET", "/a/path/of/tomorrow", false, false],
])("%s %s: reading %s, writing %s", (method, path, reading, writing) => {
  expect([allows(["data:read"], method, path), allows(["data:write"], method, path)]).toEqual([reading, writing]);
});
