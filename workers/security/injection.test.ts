import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import type { LogEvent } from "../../shared/log";
import { fetchApp, freshEmail, freshPassword, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { jsonBodyOf, operationsOf, parseDocument, resolved, sample } from "../../test/refusals/document";
import { pathOf } from "../../test/refusals/request";
import { createApp } from "../app";

/** Text that means something to a header, a log, a letter, a page, a database or a parser stays text, or is refused. */
let person: RegisteredPerson;
beforeAll(async () => {
  person = await registerPerson("eu");
});
const bearer = () => ({ authorization: `Bearer ${person.accessToken}` });
const document = parseDocument(await (await fetchApp("/openapi.json")).json());
const operations = operationsOf(document);

describe("a name with characters that nobody sees", () => {
  test.each(["a\r\nb", "a\nb", "a\u0000b", "a\u0007b", "a\u001b[31mb", "a\u007fb", "a\u0085b", "\r\n", "a\u200bb", "a\u202eb", "a\u2066b"])(
    "%j is refused",
    async (name) => {
      const account = { email: freshEmail(), password: freshPassword(), name, region: "eu" };
      expect((await send("POST", "/v1/accounts", account)).status).toBe(422);
      expect((await send("PATCH", "/v1/me", { name }, bearer())).status).toBe(422);
    },
  );

  /** What is written down of somebody's health says what a document says; lists of reference are kept by those who run Meridian. */
  const OTHERS = /^\/v1\/(?:people\/|reference\/|me\/(?:allergies|conditions|immunizations|medications|procedures|lab-))/;
  const CHOSEN = ["name", "title", "label", "roomName", "pronouns", "area"];
  const fields = operations.flatMap((operation) => {
    const body = OTHERS.test(operation.template) || operation.template.startsWith("/fhir/") ? undefined : jsonBodyOf(operation);
    if (body === undefined) return [];
    const properties = z.record(z.string(), z.unknown()).default({}).parse(resolved(document, body.schema)["properties"]);
    return Object.keys(properties)
      .filter((name) => CHOSEN.includes(name))
      .map((name) => [operation.method, operation.template, name, operation] as const);
  });

  test.each(fields)("is refused by %s %s, in %s, which is named", async (_method, _path, name, operation) => {
    const { schema } = jsonBodyOf(operation) ?? {};
    const whole = schema === undefined ? {} : sample(document, schema);
    const response = await send(operation.method, pathOf(operation), { ...Object(whole), [name]: "a\u202eb" }, bearer());
    const { errors = [] } = z
      .object({ errors: z.array(z.object({ pointer: z.string(), code: z.string() })).optional() })
      .parse(await response.json());
    expect([response.status, errors]).toEqual([422, expect.arrayContaining([{ pointer: `/${name}`, code: "invisible_characters" }])]);
  });
});

describe("an address with another header in it", () => {
  test.each([
    "a@b.test\r\nbcc: c@d.test",
    "a@b.test\nsubject: x",
    "a@b.test,c@d.test",
    "a@b.test;c@d.test",
    "<a@b.test>",
    '"a\r\n"@b.test',
    "a@b.test\u0000",
    "a@b.test c@d.test",
    "a%0abcc:x@b.test\n",
    "=?utf-8?q?a?=@b.test\r\n",
  ])("%j is refused, or written to as one address", async (email) => {
    for (const [path, body] of [
      ["/v1/password-resets", { email }],
      ["/v1/accounts", { email, password: freshPassword(), name: "Ada", region: "eu" }],
    ] as const) {
      const response = await send("POST", path, body);
      expect(response.status).toBeLessThan(500);
      // What was trimmed at its ends is one address; anything within is refused.
      if (/[\r\n,;<>\u0000 ]/.test(email.trim())) expect([path, response.status]).toEqual([path, 422]);
    }
  });
});

describe("a request id of the caller", () => {
  test.each([
    "",
    "short",
    "x".repeat(65),
    "a b c d e f",
    "trace\u00e9-123456",
    '"}{"event":"error"',
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "${jndi:ldap://x}",
    "trace%0d%0ax: y",
  ])("%j is replaced", async (id) => {
    const response = await fetchApp("/v1/nothing", { headers: { "x-request-id": id } });
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-z]{26}$/);
  });
});

test.each(["x-request-id", "user-agent", "accept-language", "idempotency-key", "x-file-name"])(
  "a line end cannot be put into %s: the runtime refuses it",
  (name) => {
    for (const value of ["a\r\nset-cookie: x=1", "a\nb", "a\u0000b"]) expect(() => new Headers({ [name]: value })).toThrow();
  },
);

describe("the log", () => {
  const CANARY = "canary-7c1f";
  test.each<[string, string, RequestInit]>([
    ["the path", `/v1/${CANARY}`, {}],
    ["a path parameter", `/v1/imports/${CANARY}`, {}],
    ["the query", `/v1/me?x=${CANARY}`, {}],
    [
      "a secret in the path",
      `/hooks/google-health/${CANARY}`,
      { method: "POST", headers: { "content-type": "application/json" }, body: "{}" },
    ],
    ["the token", "/v1/me", { headers: { authorization: `Bearer ${CANARY}` } }],
    [
      "the body",
      "/v1/sessions",
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ email: `${CANARY}@x.test`, password: CANARY }),
      },
    ],
    ["the device", "/v1/me", { headers: { "user-agent": `${CANARY}"}\\n{"event":"x"` } }],
    ["the address", "/v1/me", { headers: { "cf-connecting-ip": CANARY } }],
  ])("holds one event of one line, and nothing of %s", async (_where, path, init) => {
    const events: LogEvent[] = [];
    const app = createApp({ log: (event) => events.push(event) });
    const context = createExecutionContext();
    await app.request(`http://meridian.test${path}`, init, env, context);
    await waitOnExecutionContext(context);
    expect(events).toHaveLength(1);
    const line = JSON.stringify(events[0]);
    expect(line).not.toContain(CANARY);
    expect(line.split("\n")).toHaveLength(1);
  });

  test("names the caller's own request id, which is harmless, and no id of anybody", async () => {
    const events: LogEvent[] = [];
    await createApp({ log: (event) => events.push(event) }).request(
      "http://meridian.test/v1/me",
      { headers: { ...bearer(), "x-request-id": "trace-0123456789" } },
      env,
    );
    expect(events).toMatchObject([{ request: "trace-0123456789", status: 200 }]);
    expect(JSON.stringify(events)).not.toContain(person.person.id);
  });
});

describe("text in pages", () => {
  test.each(["<script>alert(1)</script>", '"><svg onload=alert(1)>', "javascript:alert(1)", "{{7*7}}"])(
    "%j is in no page of ours",
    async (text) => {
      for (const path of [
        `/problems/${encodeURIComponent(text)}`,
        `/docs?x=${encodeURIComponent(text)}`,
        `/v1/${encodeURIComponent(text)}`,
      ]) {
        const response = await fetchApp(path, { headers: { accept: "text/html", "accept-language": text } });
        const body = await response.text();
        expect(body, path).not.toContain(text);
        expect(response.headers.get("x-content-type-options")).toBe("nosniff");
        expect(response.headers.get("content-security-policy")).toMatch(/default-src 'none'/);
      }
    },
  );

  test("a problem is never HTML, whatever is asked for", async () => {
    const response = await fetchApp("/v1/<b>x</b>", { headers: { accept: "text/html" } });
    expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  });
});

describe("text in queries", () => {
  const SQL = [
    "' or 1=1 --",
    "'; drop table people; --",
    '" union select * from sessions --',
    "1); attach database 'x' as y; --",
    "%",
    "_",
    "*",
    "\\",
  ];
  test.each(SQL)("%j finds nothing that is not the caller's", async (text) => {
    const value = encodeURIComponent(text);
    for (const path of [
      `/v1/me/metrics/${value}`,
      `/v1/me/workouts/${value}`,
      `/v1/me/access-log?actor=${value}`,
      `/v1/imports/${value}`,
      `/fhir/r4/Observation?code=${value}`,
      `/fhir/r4/Observation?_id=${value}`,
      `/fhir/r4/Patient/${value}`,
      `/v1/dev/outbox?to=${value}`,
    ]) {
      const response = await person.fetch(path);
      const body = await response.text();
      expect(response.status, path).toBeLessThan(500);
      expect(body).not.toMatch(/SQLITE|syntax error|near "/i);
      if (response.status === 200) expect(body, path).toMatch(/"items":\[\]|"resourceType":"Bundle"/);
      if (path.includes("Bundle")) expect(body).not.toContain('"entry"');
    }
  });

  test("a sign-in with SQL for an address or a password signs nobody in", async () => {
    for (const text of SQL) {
      expect((await send("POST", "/v1/sessions", { email: text, password: person.password })).status).not.toBe(201);
      expect((await send("POST", "/v1/sessions", { email: `${person.email}${text}`, password: person.password })).status).not.toBe(201);
    }
  });

  test.each([{ $ne: null }, { $gt: "" }, ["a", "b"], true, 0, null])("an address that is %j is refused", async (value) => {
    expect((await send("POST", "/v1/sessions", { email: value, password: "x" })).status).toBe(422);
    expect((await send("POST", "/v1/sessions", { email: person.email, password: value })).status).toBe(422);
  });
});

describe("a body that is meant to hurt its parser", () => {
  const bodies = operations.filter((operation) => jsonBodyOf(operation) !== undefined && operation["x-policy"] !== "secret");
  const post = async (operation: (typeof bodies)[number], body: string) =>
    await fetchApp(pathOf(operation), {
      method: operation.method,
      headers: { "content-type": jsonBodyOf(operation)?.mediaType ?? "", ...bearer() },
      body,
    });

  test.each<[string, () => string]>([
    ["nested a hundred thousand deep", () => `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["nested without an end", () => '{"a":'.repeat(50_000)],
    ["an object in objects", () => `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`],
    ["a million digits", () => "1".repeat(900_000)],
    ["a number beyond all", () => "1e400"],
    ["less than zero's zero", () => "-0"],
    ["one more than exact integers", () => "9007199254740993"],
    ["a hundred thousand names", () => JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`f${i}`, i])))],
    ["the same name again and again", () => `{${Array.from({ length: 20_000 }, () => '"a":1').join(",")}}`],
    ["half a pair of surrogates", () => '{"email":"\\ud800@x.test","password":"\\udfff"}'],
    ["a NUL", () => '{"a\\u0000":"\\u0000"}'],
    ["what only JavaScript reads", () => "{a:1,}"],
    ["a comment", () => "/* */{}"],
    ["nothing", () => ""],
    // One test asks every operation: so many small times make a long one on a slow machine.
  ])("%s is refused everywhere, at once", { timeout: 120_000 }, async (_what, body) => {
    const text = body();
    for (const operation of bodies) {
      const startedAt = performance.now();
      const response = await post(operation, text);
      expect([400, 401, 403, 404, 410, 413, 422], `${operation.operationId} answered ${response.status}`).toContain(response.status);
      expect(performance.now() - startedAt, operation.operationId).toBeLessThan(5_000);
      await response.body?.cancel();
    }
  });
});

describe("answers about a person", () => {
  const reads = operations.filter(({ method, "x-policy": policy }) => method === "GET" && policy === "person");
  test.each(reads.map((operation) => [operation.template, operation] as const))("%s are kept by nobody", async (_name, operation) => {
    const response = await person.fetch(pathOf(operation));
    expect(response.headers.get("cache-control")).toMatch(/no-store/);
    expect(response.headers.get("vary")).toMatch(/origin/i);
    await response.body?.cancel();
  });

  test.each(["/v1/me/x.css", "/v1/me/..%2fx.js", "/v1/me;x.png", "/v1/me/metrics.html", "/v1/me%23.css"])(
    "%s deceives no cache",
    async (path) => {
      const response = await person.fetch(path);
      expect(response.headers.get("cache-control")).toMatch(/no-store/);
      expect(await response.text()).not.toContain(person.person.id);
    },
  );

  test.each(["bytes=0-10", "bytes=-1", "bytes=0-0,2-2,4-4", `bytes=${"0-,".repeat(500)}`, "bytes=9-1"])(
    "a range of %j gives the whole, or nothing",
    async (range) => {
      const response = await person.fetch("/v1/me", { headers: { range } });
      expect(response.status).toBe(200);
      expect(z.looseObject({ id: z.string() }).parse(await response.json()).id).toBe(person.person.id);
    },
  );
});
