import { env } from "cloudflare:workers";
import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { uploadKey } from "../../shared/imports/status";
import { appleExport, quantity } from "../../test/fixtures/apple-export";
import { zip } from "../../test/fixtures/zip";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { importListSchema, importSchema, startedImportSchema } from "./schemas";

const HEART_RATE = "HKQuantityTypeIdentifierHeartRate";
const problemShape = z.object({ code: z.string(), status: z.number() });

let ada: RegisteredPerson;
let bob: RegisteredPerson;

beforeAll(async () => {
  [ada, bob] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
});

function heartRates(count: number): string {
  return appleExport(
    Array.from({ length: count }, (_, i) =>
      quantity("HeartRate", 60 + i, "count/min", `2026-03-01 10:00:${String(i).padStart(2, "0")} +0100`),
    ),
  );
}

async function post(person: RegisteredPerson, body: BodyInit | null, type: string, query = "?kind=apple-health-export"): Promise<Response> {
  return await person.fetch(`/v1/imports${query}`, {
    method: "POST",
    body,
    headers: { "content-type": type, "x-file-name": "export%20%28mine%29.zip" },
  });
}

async function codeOf(response: Response): Promise<[number, string]> {
  const { status, code } = problemShape.parse(await response.json());
  return [status, code];
}

async function ended(person: RegisteredPerson, id: string): Promise<z.infer<typeof importSchema>> {
  for (let turn = 0; turn < 50; turn++) {
    const found = importSchema.parse(await (await person.fetch(`/v1/imports/${id}`)).json());
    if (!["waiting", "running", "undoing"].includes(found.state)) return found;
    await runDurableObjectAlarm(env.IMPORTERS.getByName(id));
  }
  throw new Error("the import does not end");
}

test("a posted archive is imported and its readings can be read", async () => {
  const response = await post(ada, zip([{ name: "apple_health_export/Export.xml", content: heartRates(5) }]), "application/zip");
  expect(response.status).toBe(202);
  const { id, state, fileName } = startedImportSchema.parse(await response.json());
  expect({ state, fileName }).toEqual({ state: "running", fileName: "export (mine).zip" });
  expect(response.headers.get("location")).toBe(`/v1/imports/${id}`);
  const found = await ended(ada, id);
  expect(found).toMatchObject({ state: "done", progress: { unit: "By" }, report: { byType: { [HEART_RATE]: { read: 5, accepted: 5 } } } });
  const series = await ada.fetch("/v1/me/metrics/heart_rate?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&resolution=raw");
  expect(z.object({ items: z.array(z.unknown()) }).parse(await series.json()).items).toHaveLength(5);
});

test("a body of unknown length is taken too", async () => {
  const bytes = new TextEncoder().encode(heartRates(7));
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes.subarray(0, 100));
      controller.enqueue(bytes.subarray(100));
      controller.close();
    },
  });
  const { id } = startedImportSchema.parse(await (await post(bob, body, "text/xml")).json());
  expect(await ended(bob, id)).toMatchObject({ state: "done", report: { byType: { [HEART_RATE]: { read: 7 } } } });
});

describe("what is no export is refused at once and leaves nothing", () => {
  test.each([
    ["an empty body", "", "application/zip"],
    ["text", "hello there, this is text", "application/octet-stream"],
    ["an empty archive", new Uint8Array([0x50, 0x4b, 5, 6, ...new Uint8Array(18)]), "application/zip"],
    ["another document", "<?xml version='1.0'?><ClinicalDocument/>", "text/xml"],
  ])("%s", async (_what, body, type) => {
    expect(await codeOf(await post(bob, body, type))).toEqual([422, "file_unreadable"]);
    const { id } = startedImportSchema.parse(await (await post(bob, heartRates(3), "application/xml")).json());
    expect((await ended(bob, id)).state).toBe("done");
  });

  test("a wrong content type, a missing or unknown kind", async () => {
    expect(await codeOf(await post(ada, "x", "image/png"))).toEqual([415, "unsupported_media_type"]);
    expect(await codeOf(await post(ada, heartRates(1), "text/xml", ""))).toEqual([422, "invalid"]);
    expect(await codeOf(await post(ada, heartRates(1), "text/xml", "?kind=horoscope"))).toEqual([422, "invalid"]);
  });
});

test("an announced file starts once it has been uploaded", async () => {
  const announced = await post(
    ada,
    JSON.stringify({ kind: "apple-health-export", fileName: "export.xml", size: 5_000 }),
    "application/json",
    "",
  );
  expect(announced.status).toBe(202);
  const { id, state, uploadUrl = "" } = startedImportSchema.parse(await announced.json());
  expect(state).toBe("waiting");
  const url = new URL(uploadUrl);
  expect(url.pathname).toBe(`/cdn-cgi/local/r2/s3/files-eu/imports/${id}`);
  expect(url.searchParams.get("X-Amz-Signature")).toMatch(/^[0-9a-f]{64}$/);
  expect(await codeOf(await ada.fetch(`/v1/imports/${id}/start`, { method: "POST" }))).toEqual([409, "conflict"]);
  await env.FILES_EU.put(uploadKey(id), heartRates(4));
  expect((await ada.fetch(`/v1/imports/${id}/start`, { method: "POST" })).status).toBe(202);
  expect(await ended(ada, id)).toMatchObject({ state: "done" });
});

test("a malformed or false announcement is refused", async () => {
  expect(await codeOf(await post(ada, "{", "application/json", ""))).toEqual([400, "malformed"]);
  expect(
    await codeOf(await post(ada, JSON.stringify({ kind: "apple-health-export", fileName: "x", size: 0 }), "application/json", "")),
  ).toEqual([422, "invalid"]);
});

test("another person's import is not there, and neither is nonsense", async () => {
  const { id } = startedImportSchema.parse(await (await post(ada, heartRates(2), "text/xml")).json());
  for (const [method, path] of [
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/start"],
    ["POST", "/undo"],
    ["GET", "/events"],
    ["GET", "/live"],
  ] as const) {
    // What is no id at all is as unknown.
    for (const named of [id, "nonsense"])
      expect(await codeOf(await bob.fetch(`/v1/imports/${named}${path}`, { method }))).toEqual([404, "not_found"]);
  }
});

test("the list has one's own imports, newest first, page by page", async () => {
  const eve = await registerPerson("eu");
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.unshift(startedImportSchema.parse(await (await post(eve, heartRates(1), "text/xml")).json()).id);
  const list = async (query: string) => importListSchema.parse(await (await eve.fetch(`/v1/imports${query}`)).json());
  const first = await list("?limit=2");
  const rest = await list(`?limit=2&cursor=${encodeURIComponent(first.next ?? "")}`);
  expect([...first.items, ...rest.items].map((item) => item.id)).toEqual([...ids].sort().reverse());
  expect(rest.next).toBeNull();
});

test("cancelling answers with the cancelled import", async () => {
  const announced = await post(ada, JSON.stringify({ kind: "apple-health-export", fileName: "x.zip", size: 9 }), "application/json", "");
  const { id } = startedImportSchema.parse(await announced.json());
  const response = await ada.fetch(`/v1/imports/${id}`, { method: "DELETE" });
  expect(importSchema.parse(await response.json()).state).toBe("cancelled");
  expect(importSchema.parse(await (await ada.fetch(`/v1/imports/${id}`)).json()).state).toBe("cancelled");
});

const message = z.object({ type: z.enum(["snapshot", "progress", "end"]), seq: z.number(), import: importSchema });

test("an import is followed by server-sent events until it ends", async () => {
  const announced = await post(ada, JSON.stringify({ kind: "apple-health-export", fileName: "x.xml", size: 9 }), "application/json", "");
  const { id } = startedImportSchema.parse(await announced.json());
  const events = await ada.fetch(`/v1/imports/${id}/events`);
  expect(events.headers.get("content-type")).toContain("text/event-stream");
  await env.FILES_EU.put(uploadKey(id), heartRates(3));
  const [text] = await Promise.all([events.text(), ended(ada, id)]);
  const messages = text
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => message.parse(JSON.parse(line.slice(6))));
  expect(messages[0]).toMatchObject({ type: "snapshot", import: { state: "waiting" } });
  expect(messages.at(-1)).toMatchObject({ type: "end", import: { state: "done" } });
  const seqs = messages.map(({ seq }) => seq);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
});

test("an import is followed over a WebSocket; a returning watcher is not told what it knows", async () => {
  const announced = await post(ada, JSON.stringify({ kind: "apple-health-export", fileName: "x.xml", size: 9 }), "application/json", "");
  const { id } = startedImportSchema.parse(await announced.json());
  const connect = async (query: string) => {
    const response = await ada.fetch(`/v1/imports/${id}/live${query}`, { headers: { upgrade: "websocket" } });
    expect(response.status).toBe(101);
    const socket = response.webSocket;
    if (socket === null) throw new Error("no socket");
    const got: z.infer<typeof message>[] = [];
    const closed = new Promise<void>((resolve) => socket.addEventListener("close", () => resolve()));
    socket.addEventListener("message", ({ data }) => {
      got.push(message.parse(JSON.parse(String(data))));
    });
    socket.accept();
    return { got, closed };
  };
  const first = await connect("");
  const known = await connect("?after=0");
  await env.FILES_EU.put(uploadKey(id), heartRates(3));
  await ended(ada, id);
  await Promise.all([first.closed, known.closed]);
  expect(first.got[0]?.type).toBe("snapshot");
  expect(known.got[0]?.type).toBe("progress");
  for (const { got } of [first, known]) expect(got.at(-1)).toMatchObject({ type: "end", import: { state: "done" } });
});

test("an ordinary request to the live address is refused", async () => {
  const { id } = startedImportSchema.parse(await (await post(ada, heartRates(2), "text/xml")).json());
  expect(await codeOf(await ada.fetch(`/v1/imports/${id}/live`))).toEqual([400, "malformed"]);
});

test("a file is tried, confirmed and taken back over HTTP", async () => {
  const eve = await registerPerson("us");
  const { id } = startedImportSchema.parse(await (await post(eve, heartRates(6), "text/xml", "?kind=auto&dryRun=true")).json());
  const preview = await ended(eve, id);
  expect(preview).toMatchObject({
    state: "previewed",
    kind: "apple-health-export",
    report: { mapping: [{ metric: "heart_rate", count: 6 }] },
  });
  expect(Date.parse(preview.keptUntil ?? "")).toBeGreaterThan(Date.now());
  expect((await eve.fetch(`/v1/imports/${id}/start`, { method: "POST" })).status).toBe(202);
  expect(await ended(eve, id)).toMatchObject({ state: "done", report: { byType: { [HEART_RATE]: { accepted: 6 } } } });
  expect((await eve.fetch(`/v1/imports/${id}/undo`, { method: "POST" })).status).toBe(202);
  expect(await ended(eve, id)).toMatchObject({ state: "undone", undone: { removed: 6 } });
});

test("what nobody could read is refused at once, with what can be", async () => {
  const response = await post(ada, "dear diary", "text/plain", "?kind=auto");
  expect(response.status).toBe(422);
  expect(await response.text()).toContain("Apple Health export");
});
