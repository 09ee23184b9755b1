import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { registerPerson, send } from "../../test/people";
import { regional, vaultOf } from "../regional";

const JSON_HEADERS = { "content-type": "application/json" };

describe("the own profile", () => {
  it("says who the person is and where their data lies", async () => {
    const { person, fetch } = await registerPerson("us", { timeZone: "America/New_York", locale: "en-us" });
    const response = await fetch("/v1/me");
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      ...person,
      timeZone: "America/New_York",
      locale: "en-US",
      units: "imperial",
      roles: ["user"],
      birthDate: null,
      sex: null,
      height: null,
    });
  });

  it("has defaults for what was not said", async () => {
    const { fetch } = await registerPerson("ap");
    expect(await (await fetch("/v1/me")).json()).toMatchObject({ region: "ap", timeZone: "UTC", locale: "en", units: "metric" });
  });

  it("changes in the given parts alone", async () => {
    const { fetch } = await registerPerson("eu", { timeZone: "Europe/Vienna", locale: "de-AT" });
    const response = await fetch("/v1/me", {
      method: "PATCH",
      headers: JSON_HEADERS,
      body: JSON.stringify({ units: "imperial", timeZone: "Asia/Tokyo" }),
    });
    expect(response.status).toBe(200);
    const me = await response.json();
    expect(me).toMatchObject({ name: "Ada Probe", timeZone: "Asia/Tokyo", locale: "de-AT", units: "imperial" });
    expect(await (await fetch("/v1/me")).json()).toEqual(me);
  });

  it.each([
    [{ roles: ["admin"] }, "/roles"],
    [{ region: "us" }, "/region"],
    [{ id: "per_eu_01" }, "/id"],
    [{ timeZone: "Nowhere" }, "/timeZone"],
    [{ units: "furlongs" }, "/units"],
    [{ name: "" }, "/name"],
    [{ birthDate: "2999-01-01" }, "/birthDate"],
    [{ birthDate: "1890-01-01" }, "/birthDate"],
    [{ birthDate: "2001-02-30" }, "/birthDate"],
    [{ sex: "yes" }, "/sex"],
    [{ height: { value: 1.7, unit: "cm" } }, "/height"],
    [{ height: { value: 170 } }, "/height/unit"],
  ])("refuses %j and changes nothing", async (change, pointer) => {
    const { fetch } = await registerPerson();
    const before = await (await fetch("/v1/me")).json();
    const response = await fetch("/v1/me", { method: "PATCH", headers: JSON_HEADERS, body: JSON.stringify(change) });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer }] });
    expect(await (await fetch("/v1/me")).json()).toEqual(before);
  });

  it("keeps birth date, sex and height sealed in the vault, and forgets them one by one", async () => {
    const { person, fetch } = await registerPerson("eu");
    const patch = async (body: unknown) => await fetch("/v1/me", { method: "PATCH", headers: JSON_HEADERS, body: JSON.stringify(body) });
    await patch({ birthDate: "1915-12-10", height: { value: 68, unit: "[in_i]" } });
    const all = await patch({ sex: "female" });
    expect(await all.json()).toMatchObject({ birthDate: "1915-12-10", sex: "female", height: { value: 172.7, unit: "cm" } });
    const rows = await runInDurableObject(vaultOf(env, person.id), (_, { storage }) =>
      storage.sql.exec<{ name: string; sealed: string }>("select name, sealed from person_details").toArray(),
    );
    expect(rows.map(({ name }) => name)).toEqual(["birthDate", "heightCm", "sex"]);
    expect(rows.filter(({ sealed }) => !sealed.startsWith("v1."))).toEqual([]);
    await patch({ birthDate: null });
    expect(await (await fetch("/v1/me")).json()).toMatchObject({ birthDate: null, sex: "female", height: { value: 172.7 } });
  });

  it("is closed from the next call on once the session has ended, for reading and writing", async () => {
    const { person, fetch } = await registerPerson();
    expect((await fetch("/v1/sessions/current", { method: "DELETE" })).status).toBe(204);
    const read = await fetch("/v1/me");
    expect(read.status).toBe(401);
    expect(await read.json()).toMatchObject({ code: "session_ended" });
    expect((await fetch("/v1/me", { method: "PATCH", headers: JSON_HEADERS, body: JSON.stringify({ name: "Changed" }) })).status).toBe(401);
    expect(await regional(env, "eu").records.prepare("select name from people where id = ?").bind(person.id).first("name")).toBe(
      "Ada Probe",
    );
  });

  it("of two people are two", async () => {
    const [one, other] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
    expect(await (await one.fetch("/v1/me")).json()).toMatchObject({ id: one.person.id });
    expect(await (await other.fetch("/v1/me")).json()).toMatchObject({ id: other.person.id });
    expect((await send("GET", "/v1/me", undefined)).status).toBe(401);
  });
});
