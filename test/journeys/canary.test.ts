import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { CANARY, formsOf, leaksIn, NAME_CANARY } from "./canaries.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { addSecondFactor, made } from "./second-factor.ts";

describe("what looks for canaries", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "meridian-canary-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const planted = (name: string, bytes: Uint8Array | string): readonly string[] => {
    const place = join(folder, crypto.randomUUID());
    mkdirSync(join(place, name, ".."), { recursive: true });
    writeFileSync(join(place, name), bytes);
    return leaksIn(place, "").map(({ where }) => where);
  };

  test.each(formsOf(CANARY).map((form, i): [number, Buffer] => [i, form]))("finds one in a file in form %i", (_i, form) => {
    expect(planted("v3/r2/blobs/1", Buffer.concat([Buffer.from("before"), form, Buffer.from("after")]))).toEqual(["v3/r2/blobs/1"]);
  });

  test("finds one in base 64, wherever it begins", () => {
    for (const before of ["", "a", "ab", "abc"]) {
      expect(planted("x", Buffer.from(`${before}${CANARY}@people.test`).toString("base64url")), before).toEqual(["x"]);
    }
  });

  test.each(["d1/a.sqlite", "do/a.sqlite", "queues/a.sqlite"])("finds one that is torn over pages of %s", (name) => {
    const place = join(folder, crypto.randomUUID());
    mkdirSync(join(place, name, ".."), { recursive: true });
    const database = new DatabaseSync(join(place, name));
    database.exec("create table t (body)");
    const insert = database.prepare("insert into t values (?)");
    // At one of these lengths the text lies across the end of a page.
    for (let n = 3_900; n < 4_200; n += 7) insert.run(`${"x".repeat(n)}${CANARY}${"y".repeat(5_000)}`);
    database.close();
    expect(leaksIn(place, "").map(({ where }) => where)).toContain(`rows of ${name}`);
  });

  test("allows a name where a profile lies, and nowhere else", () => {
    for (const name of ["v3/d1/meridian-D1DatabaseObject/a.sqlite", "v3/do/meridian-Vault/a.sqlite-wal"])
      expect(planted(name, `Ada ${NAME_CANARY}`), name).toEqual([]);
    for (const name of [
      "v3/r2/blobs/1",
      "v3/do/meridian-Importer/a.sqlite",
      "v3/do/meridian-Gate/a.sqlite",
      "v3/queues/1",
      "v3/observability/1",
    ])
      expect(planted(name, `Ada ${NAME_CANARY}`), name).toEqual([name]);
    expect(planted("v3/d1/meridian-D1DatabaseObject/a.sqlite", `Ada ${NAME_CANARY} ${CANARY}`)).toHaveLength(1);
    expect(leaksIn(folder, `{"name":"${NAME_CANARY}"}`).map(({ where }) => where)).toContain("log");
  });

  test("finds one in the name of a file, in a log, and tokens by how they begin", () => {
    expect(planted(`v3/r2/${CANARY}`, "")).toEqual([`name v3/r2/${CANARY}`]);
    expect(leaksIn(folder, `{"event":"x","email":"${CANARY}"}`).map(({ where }) => where)).toContain("log");
    expect(planted("x", "rt_eu_01kad7")).toEqual(["x"]);
    expect(planted("x", `ya29.${Buffer.from('{"use":"access"').toString("base64url")}`)).toEqual(["x"]);
    expect(planted("x", "nothing of the kind")).toEqual([]);
  });
});

const withId = z.looseObject({ id: z.string() });

/** A program of a clinic proves itself; answers its proof and its token. */
async function signInProgram(meridian: Meridian, owner: Client): Promise<Record<string, string>> {
  const { id: organisation } = await made(owner, "/v1/organisations", { name: "Clinic" }, withId);
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "one" };
  const { id } = await made(
    owner,
    `/v1/organisations/${organisation}/clients`,
    { name: "Report", scopes: ["read:*"], jwks: { keys: [jwk] } },
    withId,
  );
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({ iss: id, sub: id, aud: `${meridian.origin}/eu`, jti: crypto.randomUUID(), iat: now, exp: now + 60 })
    .setProtectedHeader({ alg: "ES256", kid: "one" })
    .sign(privateKey);
  const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
  const body = new URLSearchParams({ grant_type: "client_credentials", client_assertion_type, client_assertion: assertion });
  const response = await fetch(`${meridian.origin}/oauth/token`, { method: "POST", body });
  expect(response.status).toBe(200);
  const { access_token } = z.looseObject({ access_token: z.string() }).parse(await response.json());
  return { "a client's assertion": assertion, "a client's token": access_token };
}

/** The walk itself is short: every other journey is searched in the same way where it ends. */
test("nothing that is sealed or hashed is left in clear by people who use every kind of secret", async () => {
  const meridian = await Meridian.start();
  const more: Record<string, string> = {};
  try {
    const [ada, doctor, reviewer] = await Promise.all([Client.register(meridian), Client.register(meridian), Client.register(meridian)]);
    await meridian.giveRoles({ [doctor.id]: "clinician", [reviewer.id]: "moderator" });
    for (const one of [ada, doctor, reviewer]) Object.assign(more, await addSecondFactor(one));
    Object.assign(more, await signInProgram(meridian, ada));

    more["the reason of an emergency"] = `found unconscious ${crypto.randomUUID()}`;
    more["the note of a review"] = `confirmed with the ward ${crypto.randomUUID()}`;
    const reason = more["the reason of an emergency"];
    const { id } = await made(doctor, `/v1/people/${ada.id}/emergency-access`, { reason }, withId);
    expect((await doctor.call("GET", `/v1/people/${ada.id}/metrics`)).status).toBe(200);
    await made(
      reviewer,
      `/v1/reviews/emergency-accesses/${id}/decision`,
      { outcome: "justified", note: more["the note of a review"] },
      z.unknown(),
    );
    const heard = JSON.stringify((await ada.call("GET", "/v1/me/emergency-accesses")).body);
    for (const text of [reason, more["the note of a review"]]) expect(heard, "it is there to be found").toContain(text);

    const program = { name: "Program", scopes: ["data:read"] };
    more["a program's key"] = (await made(ada, "/v1/me/api-keys", program, z.object({ key: z.string() }))).key;
    more["a birth date"] = "1931-07-19";
    expect((await ada.call("PATCH", "/v1/me", { birthDate: "1931-07-19", height: { value: 171.3, unit: "cm" } })).status).toBe(200);
    const secret = `credential-${crypto.randomUUID()}`;
    more["the credentials of a FHIR server"] = secret;
    await made(
      ada,
      "/v1/me/fhir-targets",
      { name: "Clinic", baseUrl: "https://fhir.clinic.org/r4", auth: { kind: "bearer", token: secret } },
      withId,
    );
    more["a new address"] = `new-${crypto.randomUUID()}.${CANARY}@people.test`;
    await made(ada, "/v1/me/email", { email: more["a new address"] }, z.unknown());
    more["a ticket"] = (await made(ada, "/v1/tickets", {}, z.object({ ticket: z.string() }))).ticket;
    await fetch(`${meridian.origin}/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: `unknown.${CANARY}@people.test`, password: `${CANARY}-wrong` }),
    });
    await fetch(`${meridian.origin}/v1/me?token=${CANARY}`, { headers: { authorization: `Bearer ${CANARY}` } });
    await ada.refresh();
    expect((await doctor.call("DELETE", "/v1/me")).status, "its receipt has a secret").toBe(202);
    expect(meridian.events().length, "the log is there to be searched").toBeGreaterThan(5);
  } finally {
    await meridian.dispose(more);
  }
});
