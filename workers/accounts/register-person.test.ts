import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { freshAddress, freshEmail, freshPassword, registerPerson, send } from "../../test/people";
import { directoryKeys } from "../../shared/crypto/keys";
import { newId, parseId, regionOf } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import { regional } from "../regional";
import { directoryHashes } from "./email";

const problemSchema = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string(), code: z.string() })).optional() });

function registration(changes: Record<string, unknown> = {}) {
  return { email: freshEmail(), password: freshPassword(), name: "Ada Probe", region: "eu", ...changes };
}

async function hashOf(email: string): Promise<string> {
  const [{ hash }] = await directoryHashes(directoryKeys(env.DIRECTORY_KEYS), email);
  return hash;
}

/** Leaves a claim behind, as a registration does that fails before it has written its account. */
async function abandonClaim(email: string, region: Region, claimedAt: number): Promise<string> {
  const person = newId("person", region, claimedAt);
  await env.DIRECTORY.prepare("insert into emails (email_hash, key_version, person_id, claimed_at) values (?, '1', ?, ?)")
    .bind(await hashOf(email), person, claimedAt)
    .run();
  return person;
}

/** All text of a database, row by row. */
async function dump(database: D1Database): Promise<string> {
  const tables = await database
    .prepare("select name from sqlite_master where type = 'table' and name not like '\\_cf%' escape '\\'")
    .all<{ name: string }>();
  const rows = await Promise.all(tables.results.map(({ name }) => database.prepare(`select * from "${name}"`).all()));
  return JSON.stringify(rows.map(({ results }) => results));
}

describe("registering", () => {
  it("answers with the person and a pair of tokens", async () => {
    const response = await send("POST", "/v1/accounts", registration({ timeZone: "Europe/Vienna", locale: "de-at" }));
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({
      person: { id: expect.stringMatching(/^per_eu_/), name: "Ada Probe", region: "eu" },
      tokens: { accessToken: expect.any(String), refreshToken: expect.stringMatching(/^rt_eu_/), expiresIn: 300 },
    });
  });

  it("refuses a taken address, whatever its case, spaces and region", async () => {
    const { email } = await registerPerson("eu");
    for (const region of REGIONS) {
      const response = await send("POST", "/v1/accounts", registration({ email: ` ${email.toUpperCase()} `, region }));
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code: "email_taken" });
    }
  });

  it("lets one of many parallel registrations of an address win", async () => {
    const email = freshEmail();
    const regions: Region[] = ["eu", "us", "eu", "ap"];
    const answers = await Promise.all(regions.map((region) => send("POST", "/v1/accounts", registration({ email, region }))));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409]);
  });

  it("answers a repeated call under the same idempotency key with the same person and tokens", async () => {
    const body = registration();
    const headers = { "idempotency-key": crypto.randomUUID(), "cf-connecting-ip": freshAddress() };
    const first = await send("POST", "/v1/accounts", body, headers);
    const again = await send("POST", "/v1/accounts", body, headers);
    expect(again.status).toBe(201);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await again.json()).toEqual(await first.json());
    expect((await send("POST", "/v1/accounts", { ...body, name: "Another" }, headers)).status).toBe(409);
  });

  it.each([
    ["an unknown field", { role: "admin" }, "/role"],
    ["no address", { email: "nobody" }, "/email"],
    ["a short password", { password: "a7!kd02" }, "/password"],
    ["a long password", { password: "x9".repeat(65) }, "/password"],
    ["a common password", { password: "P4ssw0rd123" }, "/password"],
    ["a password with the product's name", { password: "my-Meridian-pass" }, "/password"],
    ["a password with the person's name", { password: "xx-adaprobe-77" }, "/password"],
    ["an empty name", { name: "  " }, "/name"],
    ["a name of 101 characters", { name: "n".repeat(101) }, "/name"],
    ["a name with control characters", { name: "Ada\u0000" }, "/name"],
    ["a region that does not exist", { region: "mars" }, "/region"],
    ["a time zone that does not exist", { timeZone: "Mars/Olympus" }, "/timeZone"],
    ["an offset for a time zone", { timeZone: "+01:00" }, "/timeZone"],
    ["a malformed locale", { locale: "not_a_locale" }, "/locale"],
  ])("refuses %s and writes nothing", async (_, changes, pointer) => {
    const body = registration(changes);
    const response = await send("POST", "/v1/accounts", body);
    expect(response.status).toBe(422);
    const { code, errors } = problemSchema.parse(await response.json());
    expect(code).toBe("invalid");
    expect(errors?.map((fault) => fault.pointer)).toEqual([pointer]);
    expect(
      await env.DIRECTORY.prepare("select 1 from emails where email_hash = ?")
        .bind(await hashOf(body.email))
        .first(),
    ).toBeNull();
  });

  it("takes passwords of 8 to 128 characters as they are, spaces included", async () => {
    const email = freshEmail();
    const password = `  ${"ü ".repeat(60)}q `;
    expect((await send("POST", "/v1/accounts", registration({ email, password }))).status).toBe(201);
    expect((await send("POST", "/v1/sessions", { email, password: password.trim() })).status).toBe(401);
    expect((await send("POST", "/v1/sessions", { email, password })).status).toBe(201);
  });
});

describe("a registration that failed half-way", () => {
  it("is completed by the next one with the same address, under the same id", async () => {
    const email = freshEmail();
    const person = await abandonClaim(email, "eu", Date.now());
    const password = freshPassword();
    expect((await send("POST", "/v1/sessions", { email, password })).status).toBe(401);
    const response = await send("POST", "/v1/accounts", registration({ email, password }));
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ person: { id: person } });
    expect((await send("POST", "/v1/sessions", { email, password })).status).toBe(201);
  });

  it("may be completed in another region once it is a minute old", async () => {
    const fresh = freshEmail();
    await abandonClaim(fresh, "us", Date.now());
    expect((await send("POST", "/v1/accounts", registration({ email: fresh }))).status).toBe(409);

    const old = freshEmail();
    const person = await abandonClaim(old, "us", Date.now() - 61_000);
    const response = await send("POST", "/v1/accounts", registration({ email: old }));
    expect(response.status).toBe(201);
    const { id } = z.object({ person: z.object({ id: z.string() }) }).parse(await response.json()).person;
    expect(id).not.toBe(person);
    expect(regionOf(id)).toBe("eu");
  });
});

describe("residency", () => {
  it.each(REGIONS)("keeps a person of %s in that region alone", async (region) => {
    const { person, accessToken, refreshToken } = await registerPerson(region);
    expect(parseId("person", person.id)).toBe(person.id);
    expect(regionOf(person.id)).toBe(region);
    expect(refreshToken.startsWith(`rt_${region}_`)).toBe(true);
    expect(accessToken.split(".")).toHaveLength(3);
    for (const other of REGIONS) {
      const text = await dump(regional(env, other).records);
      expect(text.includes(person.id)).toBe(other === region);
    }
  });

  it("leaves nothing in the directory but hashes and opaque ids, and nobody's address in clear anywhere", async () => {
    const name = `Canary ${crypto.randomUUID()}`;
    const address = freshAddress();
    const body = registration({ name });
    expect((await send("POST", "/v1/accounts", body, { "cf-connecting-ip": address })).status).toBe(201);
    const { results } = await env.DIRECTORY.prepare("select * from emails").all<Record<string, unknown>>();
    for (const row of results) {
      expect(row).toEqual({
        email_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        key_version: "1",
        person_id: expect.stringMatching(/^per_(?:eu|us|ap)_[0-9a-z]{26}$/),
        claimed_at: expect.any(Number),
      });
    }
    expect(await dump(env.DIRECTORY)).not.toContain(name);
    for (const database of [env.DIRECTORY, ...REGIONS.map((region) => regional(env, region).records)]) {
      const text = await dump(database);
      const [localPart = ""] = body.email.split("@");
      expect(text).not.toContain(localPart);
      expect(text).not.toContain(body.password);
      expect(text).not.toContain(address);
    }
  });
});
