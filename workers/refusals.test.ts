import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { ringsOf } from "../shared/http/authenticate";
import { newId, parseId, type SessionId } from "../shared/id";
import { isRegion } from "../shared/region";
import { CLIENT_SCOPES } from "../shared/policy/scopes";
import { newClient, newOrganisation, tokenOf } from "../test/partners";
import { fetchApp, ORIGIN, registerPerson, type RegisteredPerson } from "../test/people";
import { type Document, jsonBodyOf, type Operation, operationsOf, parseDocument, resolved, sample } from "../test/refusals/document";
import { forgeries } from "../test/refusals/forgeries";
import { foreignMethods, idParametersOf, initOf, isWord, kindOfParameter, pathOf } from "../test/refusals/request";
import { idsOf, isWithinVault, neighbour, type Owner, ownerOfEverything } from "../test/refusals/victim";

/**
 * Attacks every operation of the OpenAPI document in the same ways. A new route is attacked without a line here; a route that the
 * suite cannot reach, or an answer that the document does not promise, fails it.
 */
const document: Document = parseDocument(await (await fetchApp("/openapi.json")).json());
const operations = operationsOf(document);
const covered = new Set<string>();

let victim: RegisteredPerson;

beforeAll(async () => {
  victim = await registerPerson("eu");
});

const named = (list: readonly Operation[]): [string, Operation][] =>
  list.map((operation) => [`${operation.method} ${operation.template}`, operation]);
const signedIn = operations.filter((operation) => ["person", "reader"].includes(operation["x-policy"]));
const ofMachines = operations.filter((operation) => operation["x-policy"] === "machine");
// A hook is signed: its body is not read before the signature has been checked.
const withJson = operations.filter((operation) => jsonBodyOf(operation) !== undefined && operation["x-policy"] !== "secret");

/** Who may get past the policy of an operation. */
const tokenFor = (operation: Operation, person: RegisteredPerson): Record<string, string> =>
  ["public", "secret", "assertion", "app"].includes(operation["x-policy"]) ? {} : { authorization: `Bearer ${person.accessToken}` };

const refusal = z.union([
  z.looseObject({ type: z.string(), title: z.string(), status: z.number(), code: z.string(), instance: z.string() }),
  z.looseObject({
    resourceType: z.literal("OperationOutcome"),
    issue: z.array(z.looseObject({ severity: z.string(), code: z.string() })).min(1),
  }),
  z.looseObject({ error: z.string(), code: z.string(), instance: z.string() }),
]);

/** Sends an attack; the answer must be a documented refusal in the product's own shape, and never a 5xx. */
async function refused(
  operation: Operation,
  path: string,
  init: RequestInit,
  statuses: readonly number[],
): Promise<z.infer<typeof refusal>> {
  covered.add(`${operation.method} ${operation.template}`);
  const response = await fetchApp(path, init);
  const text = await response.text();
  expect(statuses, `${init.method ?? "GET"} ${path} answered ${response.status}: ${text.slice(0, 300)}`).toContain(response.status);
  if (response.status !== 405)
    expect(Object.keys(operation.responses), "the document must promise this answer").toContain(String(response.status));
  // Clients of OAuth know its own errors alone.
  const type = ["assertion", "app"].includes(operation["x-policy"]) ? /^application\/json/ : /^application\/(problem|fhir)\+json/;
  expect(response.headers.get("content-type")).toMatch(type);
  expect(response.headers.get("x-request-id")).toBeTruthy();
  if (response.status === 401) expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
  const body = refusal.parse(JSON.parse(text));
  expect(text).not.toMatch(/SQLITE|D1_ERROR|at \w+ \(|node_modules/);
  return body;
}

test("the document has operations, and people among them", () => {
  expect(operations.length).toBeGreaterThan(10);
  expect(signedIn.length).toBeGreaterThan(0);
  expect(withJson.length).toBeGreaterThan(0);
});

describe("without a genuine token", () => {
  const guarded = named([...signedIn, ...ofMachines]);
  /** Of a score of forgeries each operation meets so many, in turn; the first of each policy meets all. */
  const EACH = 4;

  test.each(guarded.map(([name, operation], i) => [name, operation, i] as const))("%s", async (_name, operation, i) => {
    await refused(operation, pathOf(operation), initOf(document, operation), [401]);
    await refused(operation, pathOf(operation), initOf(document, operation, { authorization: "Basic dXNlcjpwYXNz" }), [401]);
    const all = Object.entries(await forged());
    const isFirst = guarded.findIndex(([, other]) => other["x-policy"] === operation["x-policy"]) === i;
    const chosen = isFirst ? all : all.filter((_, n) => (n + i * EACH) % all.length < EACH);
    const attacks = chosen.map(async ([kind, token]) => {
      const answer = await refused(operation, pathOf(operation), initOf(document, operation, { authorization: `Bearer ${token}` }), [401]);
      expect(JSON.stringify(answer), kind).not.toContain(token.slice(0, 200) || "\0");
    });
    await Promise.all(attacks);
  });

  let cache: Promise<Readonly<Record<string, string>>> | undefined;
  const forged = async () =>
    await (cache ??= forgeries(ORIGIN, ringsOf(env), { ...victim, person: victim.person.id, session: sessionOf(victim) }, Date.now()));
});

describe("with the token of a machine client", () => {
  let token: string;
  beforeAll(async () => {
    token = await tokenOf(await newClient(await newOrganisation("eu"), [...CLIENT_SCOPES]));
  });

  test.each(named(signedIn))("%s", async (_name, operation) => {
    // What is for people is closed to it; what it may read by consent does not exist without one.
    const statuses = operation["x-policy"] === "reader" ? [404] : [403];
    const init = initOf(document, operation, { authorization: `Bearer ${token}` });
    await refused(operation, pathOf(operation, ownIds(operation, victim)), init, statuses);
  });
});

test("a person gets nothing from what is for machine clients", async () => {
  expect(ofMachines.length).toBeGreaterThan(0);
  for (const operation of ofMachines) {
    const init = initOf(document, operation, { authorization: `Bearer ${victim.accessToken}` });
    await refused(operation, pathOf(operation), init, [403]);
  }
});

describe("after signing out", () => {
  let ended: RegisteredPerson;
  beforeAll(async () => {
    ended = await registerPerson("eu");
    expect((await ended.fetch("/v1/sessions/current", { method: "DELETE" })).status).toBe(204);
  });
  // Signing out again is done already, and says so.
  const others = signedIn.filter(({ method, template }) => `${method} ${template}` !== "DELETE /v1/sessions/current");
  test.each(named(others))("%s", async (_name, operation) => {
    // A body that the validator dislikes may be refused before the session is looked up; nothing is read or written either way.
    const statuses = operation.requestBody === undefined ? [401] : [401, 415, 422];
    await refused(
      operation,
      pathOf(operation, ownIds(operation, ended)),
      initOf(document, operation, tokenFor(operation, ended)),
      statuses,
    );
  });
});

describe("with another person's id", () => {
  // Every route whose path names something joins, and fails where the owner below has nothing of that name.
  const withNames = signedIn.filter(({ parameters }) => parameters.some((parameter) => parameter.in === "path" && !isWord(parameter.name)));
  let owners: [Owner, Owner];
  let attacker: RegisteredPerson;
  let before: [string, string];

  beforeAll(async () => {
    const [near, far, friend] = await Promise.all([registerPerson("eu"), registerPerson("us"), registerPerson("eu")]);
    [owners, attacker] = await Promise.all([
      Promise.all([ownerOfEverything(near, friend, sessionOf(near)), ownerOfEverything(far, friend, sessionOf(far))]),
      neighbour(),
    ]);
    before = [await owners[0].view(), await owners[1].view()];
  });

  test.each(named(withNames))("%s", async (name, operation) => {
    covered.add(name);
    for (const [i, owner] of owners.entries()) {
      const path = pathOf(operation, idsOf(operation, owner), owner.person.person.region);
      const init = initOf(document, operation, tokenFor(operation, attacker));
      if (isWithinVault(operation)) {
        // The id names something of the caller's own, or nothing: never the owner's.
        const response = await fetchApp(path, init);
        expect([200, 204, 404], `${name} answered ${response.status}`).toContain(response.status);
        expect(await response.text()).not.toContain(owner.device);
      } else {
        const answer = await refused(operation, path, init, [404]);
        expect(JSON.stringify(answer)).not.toContain(owner.device);
      }
      // Reading is looked at once, below.
      if (operation.method !== "GET")
        expect(await owner.view(), `${name} must leave everything of another person as it was`).toBe(before[i]);
    }
  });

  test("all of them together leave everything of another person as it was", async () => {
    expect([await owners[0].view(), await owners[1].view()]).toEqual(before);
  });

  test("a route whose path names something unknown does not pass by", () => {
    const [operation] = withNames;
    if (operation === undefined) throw new TypeError("no route names anything");
    const parameters = [{ name: "id", in: "path" as const, required: true }];
    expect(() => idsOf({ ...operation, template: "/v1/me/novelties/{id}", parameters }, owners[0])).toThrow(/novelties/);
  });
});

test("with a wrong secret, without a ticket or without an assertion", async () => {
  for (const operation of operations) {
    if (!["secret", "ticket", "assertion"].includes(operation["x-policy"])) continue;
    await refused(operation, pathOf(operation), initOf(document, operation), [400, 401, 403, 404, 415, 422, 426]);
  }
});

describe("with a body that is", () => {
  // Tokens last for five minutes, and a slow machine takes longer for all of this.
  beforeAll(async () => {
    victim = await registerPerson("eu");
  });
  const send = (operation: Operation, body: BodyInit, mediaType: string): RequestInit => ({
    method: operation.method,
    body,
    headers: { ...tokenFor(operation, victim), "content-type": mediaType },
  });
  const path = (operation: Operation) => pathOf(operation, ownIds(operation, victim));

  test.each(named(withJson))("malformed: %s", async (_name, operation) => {
    await refused(operation, path(operation), send(operation, '{"a":', jsonBodyOf(operation)?.mediaType ?? ""), [400]);
  });

  test.each(named(withJson))("of another type: %s", async (_name, operation) => {
    await refused(operation, path(operation), send(operation, "a=b", "application/x-www-form-urlencoded"), [415]);
  });

  const closed = withJson.filter((operation) => resolved(document, jsonBodyOf(operation)?.schema ?? {})["additionalProperties"] === false);
  test.each(named(closed))("of unknown fields: %s", async (_name, operation) => {
    const body = { ...z.looseObject({}).parse(sample(document, jsonBodyOf(operation)?.schema ?? {})), unknownField: 1 };
    const answer = await refused(
      operation,
      path(operation),
      send(operation, JSON.stringify(body), jsonBodyOf(operation)?.mediaType ?? ""),
      [422],
    );
    expect(JSON.stringify(answer)).toMatch(/unknown_field|unknownField/);
  });

  test.each(named(withJson))("of another shape: %s", async (_name, operation) => {
    for (const body of ["null", "[]", '"text"', "[[[[]]]]", '{"__proto__":{"admin":true},"constructor":1}']) {
      await refused(operation, path(operation), send(operation, body, jsonBodyOf(operation)?.mediaType ?? ""), [400, 404, 422]);
    }
  });

  const limited = operations.filter((operation) => typeof operation["x-body-limit"] === "number");
  test.each(named(limited))("too large: %s", async (_name, operation) => {
    const [mediaType = ""] = Object.keys(operation.requestBody?.content ?? {});
    const body = `"${"x".repeat(Number(operation["x-body-limit"]))}"`;
    await refused(operation, path(operation), send(operation, body, mediaType), [413]);
  });
});

describe("with another method", () => {
  test.each(named(operations))("%s", async (_name, operation) => {
    const [method] = foreignMethods(operations, pathOf(operation));
    if (method === undefined) {
      // Every method leads to an operation there, which is attacked itself.
      covered.add(_name);
      return expect(foreignMethods(operations, operation.template)).toEqual([]);
    }
    const answer = await refused(operation, pathOf(operation), { method }, [405]);
    expect(JSON.stringify(answer)).toMatch(/method_not_allowed/);
  });
});

describe("with odd parameters", () => {
  beforeAll(async () => {
    victim = await registerPerson("eu");
  });
  const ODD = [
    "",
    "-1",
    "NaN",
    "1e400",
    "9".repeat(40),
    "\u0000",
    "'; drop table x; --",
    "../../etc/passwd",
    "😀".repeat(100),
    "x".repeat(3_000),
    "__proto__",
  ];
  test.each(named(operations.filter(({ parameters, method }) => method === "GET" && parameters.length > 0)))(
    "%s",
    async (_name, operation) => {
      covered.add(`${operation.method} ${operation.template}`);
      for (const parameter of operation.parameters) {
        const attacks = ODD.filter((odd) => parameter.in !== "path" || odd !== "").map(async (odd) => {
          const given = ownIds(operation, victim);
          const target = new URL(pathOf(operation, parameter.in === "path" ? { ...given, [parameter.name]: odd } : given), ORIGIN);
          if (parameter.in === "query") target.searchParams.set(parameter.name, odd);
          const path = `${target.pathname}${target.search}`;
          const response = await fetchApp(path, { headers: tokenFor(operation, victim) });
          expect(response.status, `GET ${path}`).toBeLessThan(500);
          await response.body?.cancel();
        });
        await Promise.all(attacks);
      }
    },
  );
});

afterAll(() => {
  expect([...covered].toSorted()).toEqual(
    named(operations)
      .map(([name]) => name)
      .toSorted(),
  );
});

/** Ids for the path that belong to this person: their own, their session, and for the rest fresh ones of their region. */
function ownIds(operation: Operation, person: RegisteredPerson): Record<string, string> {
  const { region, id } = person.person;
  return Object.fromEntries(
    idParametersOf(operation).map((name) => {
      const kind = kindOfParameter(operation, name) ?? "job";
      return [
        name,
        kind === "person" ? id : kind === "session" ? sessionOf(person) : newId(kind, isRegion(region) ? region : "eu", Date.now()),
      ];
    }),
  );
}

function sessionOf({ accessToken }: RegisteredPerson): SessionId {
  const payload = (accessToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const session = parseId("session", z.object({ sid: z.string() }).parse(JSON.parse(atob(payload))).sid);
  if (session === undefined) throw new TypeError("the token names no session");
  return session;
}
