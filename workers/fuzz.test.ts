import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { fuzzSpoiled, fuzzValid, type Run } from "../test/fuzz/fuzz";
import { Judge } from "../test/fuzz/judge";
import { Tally } from "../test/fuzz/tally";
import type { Send } from "../test/fuzz/wire";
import { World } from "../test/fuzz/world";
import { fetchApp, ORIGIN } from "../test/people";
import { isRegion } from "../shared/region";
import { regional } from "./regional";
import { operationsOf, parseDocument } from "../test/refusals/document";

/**
 * A few requests for every operation of the document, right and wrong ones, and every answer judged: documented, of its schema, with the
 * headers of the house, and never a fault of ours. `npm run fuzz` sends twenty thousand.
 */
const document = parseDocument(await (await fetchApp("/openapi.json")).json());
const operations = operationsOf(document);

const sendOnce: Send = async ({ method, target, headers, body }) => {
  const sent = new Headers();
  for (const [name, value] of headers) sent.append(name, value);
  const response = await fetchApp(target, {
    method,
    headers: sent,
    redirect: "manual",
    ...(body === undefined ? {} : { body: body.slice().buffer }),
  });
  response.webSocket?.accept();
  response.webSocket?.close(1000);
  const endless = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  if (endless) await response.body?.cancel();
  return { status: response.status, headers: response.headers, text: endless ? "" : await response.text() };
};

const isMoving = ({ status, text }: Awaited<ReturnType<Send>>): boolean =>
  status === 503 && text.includes("The account is being moved to another region.");

/** An account that moves to another region refuses everything for the moments it takes; who asks then asks again, as the answer says. */
const send: Send = async (request) => {
  let answer = await sendOnce(request);
  await vi.waitFor(
    async () => {
      if (isMoving(answer)) answer = await sendOnce(request);
      expect(isMoving(answer)).toBe(false);
    },
    { timeout: 20_000, interval: 100 },
  );
  return answer;
};

const unreachable = { consent: async () => `${ORIGIN}/`, signHook: () => "" };
const run: Run = {
  world: new World({
    document,
    operations,
    send,
    origin: ORIGIN,
    secrets: Object.fromEntries(Object.entries(env).filter((one): one is [string, string] => typeof one[1] === "string")),
    change: async (region, sql, ...values) => {
      if (!isRegion(region)) throw new TypeError(region);
      await regional(env, region)
        .records.prepare(sql)
        .bind(...values)
        .run();
    },
    ...unreachable,
  }),
  judge: new Judge(document, operations),
  tally: new Tally(),
  seed: 20_261_125,
};

beforeAll(async () => {
  await run.world.settle(2);
}, 60_000);

describe("requests made from the document", () => {
  const named = operations.map((operation) => [`${operation.method} ${operation.template}`, operation] as const);

  test.each(named)("%s", async (_name, operation) => {
    expect(await fuzzValid(run, operation, 1)).toBeUndefined();
    expect(await fuzzSpoiled(run, operation, 2)).toBeUndefined();
  });

  test("reach every operation, and the greater part of them with success", () => {
    for (const operation of operations) expect(run.tally.met(operation), operation.operationId).toBeGreaterThan(0);
    expect(operations.filter((operation) => run.tally.succeeded(operation)).length).toBeGreaterThan(operations.length / 2);
  });
});

describe("the judge", () => {
  const [me] = operations.filter(({ operationId }) => operationId === "getV1Me");
  // The runs above end sessions.
  beforeAll(async () => {
    await run.world.revive(run.world.personOf(0));
  }, 60_000);
  const judged = async (change: (text: string) => string, status = 200) => {
    const answer = await send({
      method: "GET",
      target: "/v1/me",
      headers: [["authorization", `Bearer ${run.world.personOf(0).accessToken}`]],
    });
    return run.judge.faults({ method: "GET", target: "/v1/me", headers: [] }, { ...answer, status, text: change(answer.text) }, [
      "a-secret-word",
    ]);
  };

  test.each<[string, (text: string) => string, number, RegExp]>([
    ["a fault of ours", (text) => text, 500, /answered 500/],
    ["an answer that is not promised", (text) => text, 418, /418 is not documented/],
    ["a field that is not documented", (text) => text.replace("{", '{"secretField":1,'), 200, /does not fit its schema/],
    ["a field of another type", (text) => text.replace(/"name":"[^"]*"/, '"name":7'), 200, /does not fit its schema/],
    ["a field that is missing", (text) => text.replace(/"name":"[^"]*",/, ""), 200, /does not fit its schema/],
    ["a body that is no JSON", () => "<html>", 200, /no JSON/],
    ["the words of a driver", (text) => text.replace(/"name":"[^"]*"/, '"name":"D1_ERROR: no such table"'), 200, /says "D1_ERROR"/],
    ["a secret of the request", (text) => text.replace(/"name":"[^"]*"/, '"name":"a-secret-word"'), 200, /repeats a secret/],
  ])("sees %s", async (_what, change, status, fault) => {
    expect(me).toBeDefined();
    expect((await judged(change, status)).join("\n")).toMatch(fault);
  });

  test("sees nothing wrong with what is right", async () => {
    expect(await judged((text) => text)).toEqual([]);
  });
});
