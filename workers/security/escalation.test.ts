import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { askToken, formOf, newKey, postForm, type TestClient } from "../../test/partners";
import { fetchApp, registerPerson, send } from "../../test/people";
import { signedIn, somebody, type Somebody } from "../../test/staff";

/** Ways to become more than one is: in an organisation, by a role, in the name of somebody else, and by forms that a foreign page posts. */
const call = async (who: Pick<Somebody, "fetch">, method: string, path: string, body?: unknown) =>
  await who.fetch(path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
const idOf = async (response: Response) => z.looseObject({ id: z.string() }).parse(await response.json()).id;
const seen = async (who: Pick<Somebody, "fetch">, path: string) => await (await who.fetch(path)).text();

interface Firm {
  readonly id: string;
  readonly owner: Somebody;
  readonly client: TestClient;
}

async function firm(): Promise<Firm> {
  const owner = await somebody("eu", { acr: "aal2" });
  const id = await idOf(await call(owner, "POST", "/v1/organisations", { name: "Clinic" }));
  const key = await newKey();
  const body = { name: "Report", scopes: ["read:vitals"], jwks: { keys: [key.jwk] } };
  return { id, owner, client: { id: await idOf(await call(owner, "POST", `/v1/organisations/${id}/clients`, body)), key, region: "eu" } };
}

let mine: Firm;
let theirs: Firm;
let member: Somebody;

beforeAll(async () => {
  [mine, theirs, member] = await Promise.all([firm(), firm(), somebody("eu", { acr: "aal2" })]);
  await call(theirs.owner, "POST", `/v1/organisations/${theirs.id}/members`, { person: member.person.id, role: "member" });
  expect((await call(member, "POST", `/v1/organisations/${theirs.id}/acceptance`)).status).toBe(200);
}, 60_000);

describe("a member of an organisation", () => {
  test.each(["admin", "owner"])("does not become its %s by their own word", async (role) => {
    const path = `/v1/organisations/${theirs.id}/members`;
    const before = await seen(theirs.owner, path);
    expect((await call(member, "PATCH", `${path}/${member.person.id}`, { role })).status).toBe(403);
    expect((await call(member, "POST", path, { person: member.person.id, role })).status).toBe(403);
    expect((await call(member, "POST", `/v1/organisations/${theirs.id}/acceptance`, { role })).status).not.toBe(500);
    expect(await seen(theirs.owner, path)).toBe(before);
  });

  test("does not register, change or revoke its clients, nor close it", async () => {
    const { jwk } = await newKey();
    const path = `/v1/organisations/${theirs.id}/clients`;
    const before = await seen(theirs.owner, path);
    const tries: [string, string, unknown?][] = [
      ["POST", path, { name: "Mine", scopes: ["read:*"], jwks: { keys: [jwk] } }],
      ["PATCH", `${path}/${theirs.client.id}`, { jwks: { keys: [jwk] } }],
      ["PATCH", `${path}/${theirs.client.id}`, { scopes: ["read:*"] }],
      ["DELETE", `${path}/${theirs.client.id}`],
      ["DELETE", `/v1/organisations/${theirs.id}`],
      ["PATCH", `/v1/organisations/${theirs.id}`, { name: "Mine" }],
    ];
    for (const [method, target, body] of tries) expect((await call(member, method, target, body)).status, `${method} ${target}`).toBe(403);
    expect(await seen(theirs.owner, path)).toBe(before);
  });
});

describe("the client of another organisation", () => {
  test("is not reached through one's own", async () => {
    const { jwk } = await newKey();
    const path = `/v1/organisations/${mine.id}/clients/${theirs.client.id}`;
    const before = await seen(theirs.owner, `/v1/organisations/${theirs.id}/clients/${theirs.client.id}`);
    expect((await mine.owner.fetch(path)).status).toBe(404);
    expect((await call(mine.owner, "PATCH", path, { jwks: { keys: [jwk] } })).status).toBe(404);
    expect((await call(mine.owner, "DELETE", path)).status).toBe(404);
    expect(await seen(theirs.owner, `/v1/organisations/${theirs.id}/clients/${theirs.client.id}`)).toBe(before);
  });

  test("is not impersonated with one's own key", async () => {
    expect((await askToken({ ...theirs.client, key: mine.client.key })).status).toBe(401);
    const { client_assertion = "" } = await formOf(mine.client, {}, { claims: { sub: theirs.client.id } });
    const form = { ...(await formOf(mine.client, { grant_type: "client_credentials" })), client_assertion };
    expect((await postForm("/oauth/token", form)).status).toBe(401);
  });

  test("is not named beside one's own proof", async () => {
    const form = await formOf(mine.client, { grant_type: "client_credentials", client_id: theirs.client.id });
    expect([400, 401]).toContain((await postForm("/oauth/token", form)).status);
  });
});

describe("a role", () => {
  test.each(["admin", "clinician", "moderator", "partner"])("%s is not taken by anybody for themselves", async (role) => {
    const person = await somebody("eu", { acr: "aal2" });
    const path = `/v1/admin/people/${person.person.id}/roles`;
    expect((await call(person, "PUT", path, { roles: ["user", role] })).status).toBe(404);
    const forced = await person.fetch(path, {
      method: "PUT",
      headers: { "content-type": "application/json", "if-match": '"user"', "x-http-method-override": "PUT", "x-role": "admin" },
      body: JSON.stringify({ roles: ["user", role] }),
    });
    expect(forced.status).toBe(404);
    expect((await call(person, "PATCH", "/v1/me", { roles: [role] })).status).toBe(422);
    expect(JSON.parse(await seen(person, "/v1/me"))).toMatchObject({ roles: ["user"] });
  });

  test("of another kind opens nothing that is an administrator's", async () => {
    const victim = await somebody("eu");
    for (const role of ["clinician", "moderator", "partner", "therapist"] as const) {
      const holder = await somebody("eu", { roles: ["user", role], acr: "aal2" });
      const path = `/v1/admin/people/${victim.person.id}/roles`;
      expect((await holder.fetch(path)).status, role).toBe(404);
      expect((await call(holder, "PUT", path, { roles: ["user", "admin"] })).status, role).toBe(404);
    }
    expect(JSON.parse(await seen(victim, "/v1/me"))).toMatchObject({ roles: ["user"] });
  });
});

describe("emergency access", () => {
  test.each([["user"], ["therapist"], ["trainer"], ["moderator"], ["admin"], ["partner"]] as const)(
    "is not opened by a %s, and opens nothing",
    async (role) => {
      const [victim, person] = await Promise.all([somebody("eu"), somebody("eu", { roles: [role], acr: "aal2" })]);
      const reason = { reason: "Found unconscious, no relatives present." };
      expect((await call(person, "POST", `/v1/people/${victim.person.id}/emergency-access`, reason)).status).toBe(404);
      expect((await person.fetch(`/v1/people/${victim.person.id}/metrics`)).status).toBe(404);
    },
  );

  test("is not decided, nor ended, by the clinician who opened it", async () => {
    const [victim, clinician] = await Promise.all([somebody("eu"), somebody("eu", { roles: ["clinician", "moderator"], acr: "aal2" })]);
    const reason = { reason: "Found unconscious, no relatives present." };
    const id = await idOf(await call(clinician, "POST", `/v1/people/${victim.person.id}/emergency-access`, reason));
    const decision = { outcome: "justified", note: "I say so." };
    expect([403, 404]).toContain((await call(clinician, "POST", `/v1/reviews/emergency-accesses/${id}/decision`, decision)).status);
    expect((await call(clinician, "DELETE", `/v1/me/emergency-accesses/${id}`)).status).toBe(404);
    expect(await seen(victim, "/v1/me/emergency-accesses")).toContain(id);
  });
});

describe("an erasure", () => {
  test("is not undone by a session or key from before it, nor by anybody else", async () => {
    const person = await registerPerson("eu");
    const before = await signedIn({ person: person.person, email: person.email }, "aal1");
    const stranger = await somebody("eu");
    expect((await person.fetch("/v1/me", { method: "DELETE" })).status).toBe(202);
    expect((await before.fetch("/v1/me/erasure", { method: "DELETE" })).status).toBe(401);
    expect((await stranger.fetch("/v1/me/erasure", { method: "DELETE" })).status).toBe(404);
    expect(JSON.parse(await seen(person, "/v1/me/erasure"))).toMatchObject({ state: "waiting" });
  });

  test("has a receipt that opens with its own secret alone", async () => {
    const [one, other] = await Promise.all([somebody("eu"), somebody("eu")]);
    const receipts = await Promise.all(
      [one, other].map(async (person) => {
        const response = await person.fetch("/v1/me", { method: "DELETE" });
        return z.looseObject({ receipt: z.object({ path: z.string(), secret: z.string() }) }).parse(await response.json()).receipt;
      }),
    );
    const [first, second] = receipts;
    const read = async (path: string, secret: string) => (await fetchApp(path, { headers: { authorization: `Bearer ${secret}` } })).status;
    expect(await read(first?.path ?? "", second?.secret ?? "")).toBe(404);
    expect(await read(first?.path ?? "", one.accessToken)).toBe(404);
    expect(await read(first?.path ?? "", first?.secret ?? "")).toBe(200);
  });
});

describe("a form that a foreign page posts", () => {
  const foreign = { origin: "https://evil.test", cookie: "session=1", "sec-fetch-site": "cross-site" };

  test.each(["/oauth/token", "/oauth/introspect", "/oauth/revoke"])("%s does nothing without a proof in the form itself", async (path) => {
    const form = { grant_type: "client_credentials", client_id: mine.client.id, token: mine.owner.accessToken };
    const response = await postForm(path, form, foreign);
    expect([400, 401]).toContain(response.status);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect((await postForm(path, form, { ...foreign, authorization: `Bearer ${mine.owner.accessToken}` })).status).not.toBe(200);
    expect((await mine.owner.fetch("/v1/me")).status).toBe(200);
  });

  test("to Apple's callback is worth nothing without the state of a flow", async () => {
    const begun = await send("POST", "/v1/sessions/providers/google", {
      challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      returnTo: "https://app.meridian.test/signed-in",
    });
    expect(begun.status, await begun.clone().text()).toBe(201);
    const { authorizeUrl } = z.looseObject({ authorizeUrl: z.string() }).parse(await begun.json());
    for (const state of ["", "x", new URL(authorizeUrl).searchParams.get("state") ?? ""]) {
      const form = { state, code: "code", id_token: "a.b.c", user: '{"name":{"firstName":"Eve"}}' };
      const response = await postForm("/v1/sign-in-providers/apple/callback", form, foreign);
      expect([400, 404, 410, 422]).toContain(response.status);
      expect(response.headers.get("location")).toBeNull();
      expect(response.headers.get("set-cookie")).toBeNull();
    }
  });
});
