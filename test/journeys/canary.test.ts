import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { CANARY, formsOf, leaksIn, NAME_CANARY } from "./canaries.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";

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

const created = z.object({ key: z.string() });
const totp = z.looseObject({ secret: z.string() });

/** The walk itself is short: every other journey is searched in the same way where it ends. */
test("nothing that is sealed or hashed is left in clear by a person who uses every kind of secret", async () => {
  const meridian = await Meridian.start();
  const more: Record<string, string> = {};
  try {
    const ada = await Client.register(meridian);
    const reply = await ada.call("POST", "/v1/me/totp", {});
    expect(reply.status, JSON.stringify(reply.body)).toBeLessThan(300);
    more["the secret of an authenticator app"] = totp.parse(reply.body).secret;
    const key = await ada.call(
      "POST",
      "/v1/me/api-keys",
      { name: "Program", scopes: ["data:read"] },
      { "idempotency-key": crypto.randomUUID() },
    );
    more["a program's key"] = created.parse(key.body).key;
    more["a birth date"] = "1931-07-19";
    expect((await ada.call("PATCH", "/v1/me", { birthDate: "1931-07-19", height: { value: 171.3, unit: "cm" } })).status).toBe(200);
    const secret = `credential-${crypto.randomUUID()}`;
    more["the credentials of a FHIR server"] = secret;
    const target = { name: "Clinic", baseUrl: "https://fhir.clinic.org/r4", auth: { kind: "bearer", token: secret } };
    expect((await ada.call("POST", "/v1/me/fhir-targets", target)).status).toBe(201);
    const address = `new-${crypto.randomUUID()}.${CANARY}@people.test`;
    more["a new address"] = address;
    expect((await ada.call("POST", "/v1/me/email", { email: address })).status).toBeLessThan(300);
    const ticket = z.object({ ticket: z.string() }).parse((await ada.call("POST", "/v1/tickets", {})).body).ticket;
    more["a ticket"] = ticket;
    await fetch(`${meridian.origin}/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: `unknown.${CANARY}@people.test`, password: `${CANARY}-wrong` }),
    });
    await fetch(`${meridian.origin}/v1/me?token=${CANARY}`, { headers: { authorization: `Bearer ${CANARY}` } });
    await ada.refresh();
    expect(meridian.events().length, "the log is there to be searched").toBeGreaterThan(5);
  } finally {
    await meridian.dispose(more);
  }
});
