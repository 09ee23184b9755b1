import { describe, expect, it } from "vitest";
import { fetchApp, type RegisteredPerson, registerPerson } from "../../test/people";
import { INFLATED_LIMIT, PUSH_LIMIT, readPushBody } from "./ingest-body";

const JSON_HEADERS = { contentType: "application/json", contentEncoding: undefined };

const bytes = (text: string): ArrayBuffer => Uint8Array.from(new TextEncoder().encode(text)).buffer;

async function gzip(body: ArrayBuffer): Promise<ArrayBuffer> {
  const stream = new Response(body).body?.pipeThrough(new CompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

describe("a push's body", () => {
  it("is passed on as it came", async () => {
    const body = bytes('{"data":{}}');
    expect(await readPushBody({ ...JSON_HEADERS, contentType: "Application/JSON; charset=utf-8" }, body)).toBe(body);
  });

  it("is inflated where it is gzip", async () => {
    const text = JSON.stringify({ data: { records: Array.from({ length: 500 }, (_, id) => ({ id })) } });
    const read = await readPushBody({ ...JSON_HEADERS, contentEncoding: "GZIP" }, await gzip(bytes(text)));
    expect(new TextDecoder().decode(read)).toBe(text);
  });

  it("may not inflate past its limit", async () => {
    const bomb = await gzip(new ArrayBuffer(INFLATED_LIMIT + 1));
    expect(bomb.byteLength).toBeLessThan(PUSH_LIMIT);
    await expect(readPushBody({ ...JSON_HEADERS, contentEncoding: "gzip" }, bomb)).rejects.toMatchObject({ code: "too_large" });
  });

  it.each([
    ["no type", undefined, undefined, "{}", "unsupported_media_type"],
    ["another type", "text/plain", undefined, "{}", "unsupported_media_type"],
    ["a type that only begins like JSON", "application/jsonlines", undefined, "{}", "unsupported_media_type"],
    ["another encoding", "application/json", "br", "{}", "unsupported_media_type"],
    ["nothing in it", "application/json", undefined, "", "malformed"],
    ["gzip that is none", "application/json", "gzip", "{}", "malformed"],
  ])("is refused with %s", async (_, contentType, contentEncoding, text, code) => {
    await expect(readPushBody({ contentType, contentEncoding }, bytes(text))).rejects.toMatchObject({ code });
  });

  it("is refused where its gzip is cut short", async () => {
    const whole = await gzip(bytes(JSON.stringify(Array.from({ length: 2_000 }, () => Math.random()))));
    await expect(readPushBody({ ...JSON_HEADERS, contentEncoding: "gzip" }, whole.slice(0, whole.byteLength / 2))).rejects.toMatchObject({
      code: "malformed",
    });
  });
});

const record = (id: string, value: unknown) => ({
  id,
  type: "HKQuantityTypeIdentifierHeartRate",
  startDate: "2026-11-19T07:30:00Z",
  value,
  unit: "count/min",
});

async function post(
  person: RegisteredPerson,
  body: BodyInit,
  headers: Record<string, string> = {},
  platform = "healthkit",
): Promise<Response> {
  return person.fetch(`/v1/ingest/${platform}`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

describe("POST /v1/ingest/{platform}", () => {
  it("answers what became of every reading, and the cursor", async () => {
    const person = await registerPerson();
    const push = JSON.stringify({ cursor: "c1", data: { records: [record("a", 61), record("b", "fast")] }, deleted: [] });
    const first = await post(person, push);
    expect(first.status).toBe(200);
    const rejected = [{ id: "b", reason: "bad_value" }];
    expect(await first.json()).toEqual({ accepted: 1, duplicate: 0, updated: 0, deleted: 0, quarantined: [], rejected, cursor: "c1" });
    const again = await post(person, await gzip(bytes(push)), { "content-encoding": "gzip" });
    expect(await again.json()).toEqual({ accepted: 0, duplicate: 1, updated: 0, deleted: 0, quarantined: [], rejected, cursor: "c1" });
  });

  it("refuses a wrong envelope by its place, and unknown platforms", async () => {
    const person = await registerPerson();
    const wrong = await post(person, JSON.stringify({ data: { records: 7 } }));
    expect(wrong.status).toBe(422);
    expect(await wrong.json()).toMatchObject({ code: "invalid", errors: [{ pointer: "/data/records", code: "not_a_list" }] });
    expect((await post(person, "{")).status).toBe(400);
    expect((await post(person, "{}", {}, "fax")).status).toBe(422);
    expect((await post(person, "{}", { "content-type": "text/plain" })).status).toBe(415);
  });

  it("refuses bodies past five megabytes", async () => {
    const person = await registerPerson();
    expect((await post(person, new Uint8Array(PUSH_LIMIT + 1))).status).toBe(413);
  });

  it("is closed without a token", async () => {
    expect(
      (await fetchApp("/v1/ingest/healthkit", { method: "POST", body: "{}", headers: { "content-type": "application/json" } })).status,
    ).toBe(401);
  });
});
