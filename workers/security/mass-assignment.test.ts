import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { fetchApp, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { freshEmail, freshPassword } from "../../test/people";
import { jsonBodyOf, operationsOf, parseDocument, resolved, sample } from "../../test/refusals/document";
import { pathOf } from "../../test/refusals/request";

/** Fields that decide who somebody is and what they may do are set by the product alone: every body of the document is tried. */
const document = parseDocument(await (await fetchApp("/openapi.json")).json());
const writes = operationsOf(document).filter(
  (operation) =>
    jsonBodyOf(operation) !== undefined &&
    operation["x-policy"] !== "secret" &&
    resolved(document, jsonBodyOf(operation)?.schema ?? {})["additionalProperties"] === false,
);
const FIELDS: readonly (readonly [string, unknown])[] = [
  ["roles", ["admin"]],
  ["role_names", ["admin"]],
  ["isAdmin", true],
  ["person_id", "per_eu_01kad7wjcm0000000000000000"],
  ["personId", "per_eu_01kad7wjcm0000000000000000"],
  ["createdAt", "1970-01-01T00:00:00Z"],
  ["email_verified_at", 1],
  ["__proto__", { roles: ["admin"] }],
  ["constructor", { prototype: { roles: ["admin"] } }],
];

let person: RegisteredPerson;
beforeAll(async () => {
  person = await registerPerson("eu");
});

describe("no write takes a field that is not its own", () => {
  test.each(writes.map((operation) => [`${operation.method} ${operation.template}`, operation] as const))(
    "%s",
    async (_name, operation) => {
      const body = jsonBodyOf(operation);
      const before = await (await person.fetch("/v1/me")).text();
      const valid = z.looseObject({}).parse(sample(document, body?.schema ?? {}));
      for (const [name, value] of FIELDS) {
        // As text: in an object literal `__proto__` would set the prototype and not be sent.
        const text = `${JSON.stringify(valid).slice(0, -1)}${Object.keys(valid).length === 0 ? "" : ","}${JSON.stringify(name)}:${JSON.stringify(value)}}`;
        const headers = { "content-type": body?.mediaType ?? "", authorization: `Bearer ${person.accessToken}` };
        const response = await fetchApp(pathOf(operation), { method: operation.method, headers, body: text });
        // `__proto__` may be left out by the validator; then the rest decides, and nothing has been gained.
        if (name !== "__proto__") expect(response.status, `${name}: ${await response.clone().text()}`).toBe(422);
        expect(response.status).toBeLessThan(500);
        await response.body?.cancel();
        expect(({} as Record<string, unknown>)["roles"]).toBeUndefined();
      }
      expect(await (await person.fetch("/v1/me")).text()).toBe(before);
    },
  );
});

describe("what a person is, is not what they say", () => {
  test.each(["id", "region", "roles", "email", "createdAt"])("PATCH /v1/me does not change %s", async (name) => {
    const response = await send("PATCH", "/v1/me", { [name]: "us" }, { authorization: `Bearer ${person.accessToken}` });
    expect(response.status).toBe(422);
  });

  test("a registration with `__proto__` gives no role", async () => {
    const fields = { email: freshEmail(), password: freshPassword(), name: "Ada", region: "eu" };
    const text = `${JSON.stringify(fields).slice(0, -1)},"__proto__":{"roles":["admin"]}}`;
    const response = await fetchApp("/v1/accounts", { method: "POST", headers: { "content-type": "application/json" }, body: text });
    expect([201, 422]).toContain(response.status);
    if (response.status !== 201) return;
    const { tokens } = z.looseObject({ tokens: z.looseObject({ accessToken: z.string() }) }).parse(await response.json());
    const me = await fetchApp("/v1/me", { headers: { authorization: `Bearer ${tokens.accessToken}` } });
    expect(await me.json()).toMatchObject({ roles: ["user"] });
  });
});
