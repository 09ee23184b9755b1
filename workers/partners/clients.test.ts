import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import {
  askToken,
  type Bent,
  call,
  type KeyPair,
  make,
  newClient,
  newKey,
  newOrganisation,
  type TestClient,
  tokenOf,
  withTwoFactors,
} from "../../test/partners";
import { toBase64Url } from "../../shared/crypto/base64url";
import { registerPerson } from "../../test/people";
import { keySets } from "./key-sets";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const clientSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  jwksUri: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
});
const listSchema = z.object({ items: z.array(clientSchema), next: z.string().nullable() });
const faultSchema = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string() })).default([]) });

const organisation = await newOrganisation();
const { owner } = organisation;
const PATH = `/v1/organisations/${organisation.id}/clients`;
const [key, second] = await Promise.all([newKey(), newKey()]);
const weak = { kty: "RSA", n: toBase64Url(new Uint8Array(128).fill(255)), e: "AQAB", kid: "weak" };
const body = (change: object = {}) => ({ name: "Report", scopes: ["read:vitals"], jwks: { keys: [key.jwk] }, ...change });

describe("a machine client", () => {
  test("is registered, read, listed in pages, changed and revoked", async () => {
    const own = await newOrganisation();
    const path = `/v1/organisations/${own.id}/clients`;
    const response = await call(own.owner, "POST", path, body());
    expect(response.status).toBe(201);
    const made = clientSchema.parse(await response.json());
    expect(made.id).toMatch(/^cli_eu_/);
    expect(made).toMatchObject({ name: "Report", scopes: ["read:vitals"], jwks: { keys: [key.jwk] }, jwksUri: null, lastUsedAt: null });
    expect(response.headers.get("location")).toBe(`${path}/${made.id}`);
    expect(JSON.stringify(made)).not.toMatch(/secret/i);
    expect(await (await call(own.owner, "GET", `${path}/${made.id}`)).json()).toEqual(made);

    const ids = [made.id, await make(own.owner, path, body()), await make(own.owner, path, body())];
    const first = listSchema.parse(await (await call(own.owner, "GET", `${path}?limit=2`)).json());
    const rest = listSchema.parse(await (await call(own.owner, "GET", `${path}?limit=2&cursor=${first.next ?? ""}`)).json());
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids.toSorted());

    const changed = await call(own.owner, "PATCH", `${path}/${made.id}`, { name: "Nightly", scopes: ["read:*"] });
    expect(await changed.json()).toMatchObject({ name: "Nightly", scopes: ["read:*"], jwks: { keys: [key.jwk] } });
    await tokenOf({ id: made.id, key, region: "eu" });
    expect(clientSchema.parse(await (await call(own.owner, "GET", `${path}/${made.id}`)).json()).lastUsedAt).toEqual(expect.any(String));
    expect((await call(own.owner, "DELETE", `${path}/${made.id}`)).status).toBe(204);
    for (const method of ["GET", "DELETE"]) expect((await call(own.owner, method, `${path}/${made.id}`)).status).toBe(404);
    expect((await call(own.owner, "PATCH", `${path}/${made.id}`, { name: "x" })).status).toBe(404);
  });

  test("is managed by owners and administrators with a fresh proof, and read by members", async () => {
    const { id } = await newClient(organisation);
    const person = await registerPerson();
    await call(owner, "POST", `/v1/organisations/${organisation.id}/members`, { person: person.person.id });
    await call(person, "POST", `/v1/organisations/${organisation.id}/acceptance`);
    const [member, stranger] = [await withTwoFactors(person), await withTwoFactors(await registerPerson())];
    expect((await call(member, "GET", `${PATH}/${id}`)).status).toBe(200);
    const writes: [string, string, unknown?][] = [
      ["POST", PATH, body()],
      ["PATCH", `${PATH}/${id}`, { name: "Mine" }],
      ["DELETE", `${PATH}/${id}`],
    ];
    for (const [method, path, sent] of writes) {
      expect((await call(member, method, path, sent)).status).toBe(403);
      expect((await call(stranger, method, path, sent)).status).toBe(404);
    }
    await call(owner, "PATCH", `/v1/organisations/${organisation.id}/members/${person.person.id}`, { role: "admin" });
    for (const [method, path, sent] of writes) {
      expect(faultSchema.parse(await (await call(person, method, path, sent)).json()).code).toBe("step_up_required");
    }
    const stale = await withTwoFactors(person, 301);
    expect((await call(stale, "PATCH", `${PATH}/${id}`, { name: "Mine" })).status).toBe(403);
    expect((await call(member, "PATCH", `${PATH}/${id}`, { name: "Mine" })).status).toBe(200);
  });

  test.each<[string, object]>([
    ["/jwks", { jwks: undefined }],
    ["/jwks", { jwksUri: "https://keys.partner.org/jwks.json" }],
    ["/jwks/keys", { jwks: { keys: [] } }],
    ["/jwks/keys/0/d", { jwks: { keys: [{ ...key.jwk, d: "AAAA" }] } }],
    ["/jwks/keys/0/kty", { jwks: { keys: [{ kty: "oct", k: "c2VjcmV0" }] } }],
    ["/jwks/keys/0/n", { jwks: { keys: [weak] } }],
    ["/jwks/keys/0/use", { jwks: { keys: [{ ...key.jwk, use: "enc" }] } }],
    ["/jwks/keys/0/alg", { jwks: { keys: [{ ...key.jwk, alg: "HS256" }] } }],
    ["/jwks/keys/0/crv", { jwks: { keys: [{ ...key.jwk, crv: "secp256k1" }] } }],
    ["/jwks/keys/0", { jwks: { keys: [{ ...key.jwk, y: key.jwk["x"] }] } }],
    ["/jwks", { jwks: { keys: [key.jwk, { ...second.jwk, kid: undefined }] } }],
    ["/jwks", { jwks: { keys: [key.jwk, { ...second.jwk, kid: key.kid }] } }],
    ["/scopes", { scopes: [] }],
    ["/scopes", { scopes: ["read:vitals", "read:vitals"] }],
    ["/scopes/0", { scopes: ["me"] }],
    ["/scopes/0", { scopes: ["write:vitals"] }],
    ["/scopes/0", { scopes: ["user/*.rs"] }],
    ["/secret", { secret: "x" }],
    ["/name", { name: "" }],
    ...[
      "http://keys.partner.org/jwks.json",
      "https://127.0.0.1/jwks.json",
      "https://localhost/jwks.json",
      "https://169.254.169.254/latest",
      "https://[::1]/jwks.json",
      "https://10.0.0.8/jwks.json",
      "https://keys.internal/jwks.json",
      "https://user:pass@keys.partner.org/jwks.json",
      "file:///etc/passwd",
    ].map((jwksUri): [string, object] => ["/jwksUri", { jwks: undefined, jwksUri }]),
  ])("is refused for its %s: %j", async (pointer, change) => {
    const read = vi.spyOn(globalThis, "fetch");
    const response = await call(owner, "POST", PATH, body(change));
    expect(response.status).toBe(422);
    expect(faultSchema.parse(await response.json()).errors.map((error) => error.pointer)).toContain(pointer);
    expect(read).not.toHaveBeenCalled();
  });

  test("passes from one key to the next with both in force", async () => {
    const client = await newClient(organisation);
    const next: TestClient = { ...client, key: second };
    const change = async (...keys: readonly KeyPair[]) => {
      expect((await call(owner, "PATCH", `${PATH}/${client.id}`, { jwks: { keys: keys.map(({ jwk }) => jwk) } })).status).toBe(200);
    };
    const works = async () => [(await askToken(client)).status, (await askToken(next)).status];
    expect(await works()).toEqual([200, 401]);
    await change(client.key, second);
    expect(await works()).toEqual([200, 200]);
    // Without a key id both are tried.
    expect((await askToken(next, {}, { header: { kid: undefined } as Bent["header"] })).status).toBe(200);
    await change(second);
    expect(await works()).toEqual([401, 200]);
  });
});

describe("keys behind an address", () => {
  const at = () => `https://keys.partner.org/${crypto.randomUUID()}.json`;

  /** The place of keys answers like this, one answer after the other, the last one for good. */
  function place(...answers: readonly (() => Response)[]) {
    let calls = 0;
    return vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
      const answer = answers[Math.min(calls++, answers.length - 1)];
      await Promise.resolve();
      if (answer === undefined) throw new TypeError("no answer");
      return answer();
    });
  }
  const set =
    (keys: readonly unknown[], headers: Record<string, string> = {}) =>
    () =>
      Response.json({ keys }, { headers });

  async function remote(jwksUri: string): Promise<TestClient> {
    const id = await make(owner, PATH, body({ jwks: undefined, jwksUri }));
    return { id, key, region: "eu" };
  }

  const statusOf = async (client: TestClient, bent: Bent = {}) => (await askToken(client, {}, bent)).status;
  const travel = (seconds: number) => vi.useFakeTimers({ now: Date.now() + seconds * 1_000, toFake: ["Date"] });

  test("are read once, without following redirects, and kept as long as their answer says", async () => {
    const uri = at();
    const client = await remote(uri);
    const read = place(
      set([{ kty: "oct", k: "x" }, weak, { ...key.jwk, use: "sig", x5c: ["x"] }], { "cache-control": "public, max-age=120" }),
    );
    expect(await statusOf(client)).toBe(200);
    expect(await statusOf(client, { header: { jku: uri } })).toBe(200);
    expect(read).toHaveBeenCalledTimes(1);
    expect(read.mock.calls[0]?.[0]).toBe(uri);
    expect(read.mock.calls[0]?.[1]).toMatchObject({ redirect: "manual" });
    travel(121);
    expect(await statusOf(client)).toBe(200);
    expect(read).toHaveBeenCalledTimes(2);
    expect(await statusOf(client, { header: { jku: "https://keys.partner.org/other.json" } })).toBe(401);
  });

  test("are read every time where their answer forbids to keep them", async () => {
    const client = await remote(at());
    const read = place(set([key.jwk], { "cache-control": "no-store" }));
    for (let i = 0; i < 3; i++) expect(await statusOf(client)).toBe(200);
    expect(read).toHaveBeenCalledTimes(3);
  });

  test("are read again for an unknown key, at most every half minute", async () => {
    const client = await remote(at());
    const read = place(
      set([second.jwk], { "cache-control": "max-age=3600" }),
      set([second.jwk, key.jwk], { "cache-control": "max-age=3600" }),
    );
    for (let i = 0; i < 3; i++) expect(await statusOf(client)).toBe(401);
    expect(read).toHaveBeenCalledTimes(1);
    travel(31);
    expect(await statusOf(client)).toBe(200);
    expect(read).toHaveBeenCalledTimes(2);
  });

  test.each<[string, () => Response]>([
    ["redirects", () => new Response(null, { status: 302, headers: { location: "https://169.254.169.254/" } })],
    ["fails", () => new Response("{}", { status: 500 })],
    ["answers with something else", () => new Response("<html>")],
    ["answers with no set", () => Response.json({ keys: "x" })],
    ["answers endlessly", () => new Response(`{"keys":[],"x":"${"x".repeat(70_000)}"}`)],
  ])("are none where their place %s, and it is left alone for a while", async (_name, answer) => {
    const client = await remote(at());
    const read = place(answer);
    expect(await statusOf(client)).toBe(401);
    expect(await statusOf(client)).toBe(401);
    expect(read).toHaveBeenCalledTimes(1);
  });

  test("of a thousand places at most are kept", async () => {
    for (let i = keySets.size; i < 1_000; i++) keySets.set(`https://filled.example/${i}`, { keys: [], readAt: 0, until: 0 });
    const client = await remote(at());
    place(set([key.jwk]));
    expect(await statusOf(client)).toBe(200);
    expect(keySets.size).toBe(1_000);
    keySets.clear();
  });
});
