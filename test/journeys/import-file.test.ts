import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { eventsOf } from "./events.ts";
import { type AppleExport, appleExportOf } from "./exports.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { messagesOf, openSocket } from "./socket.ts";
import { bucketSeries, day, metrics, sessions } from "./wire.ts";

const counts = z.object({ read: z.number(), accepted: z.number(), duplicate: z.number(), quarantined: z.number(), rejected: z.number() });
const job = z.object({
  id: z.string(),
  state: z.enum(["waiting", "running", "done", "failed", "cancelled"]),
  progress: z.object({ done: z.number(), total: z.number(), unit: z.string() }),
  report: z.object({ byType: z.record(z.string(), counts), warnings: z.array(z.unknown()) }).optional(),
  problem: z.object({ code: z.string() }).optional(),
  uploadUrl: z.string().optional(),
});
type Job = z.output<typeof job>;
const message = z.object({ type: z.enum(["snapshot", "progress", "end"]), seq: z.number(), import: job });
type Message = z.output<typeof message>;

const RANGE = "from=2024-01-01T00:00:00%2B01:00&to=2025-01-01T00:00:00%2B01:00";

let meridian: Meridian;
let ada: Client;
let file: AppleExport;

beforeAll(async () => {
  // Made before anything is connected: it takes seconds in which this process hears nothing, and a line that the server has closed
  // meanwhile would be taken for an open one.
  file = appleExportOf(48 << 20, "2024-01-01");
  meridian = await Meridian.start();
  ada = await Client.register(meridian);
});
afterAll(async () => await meridian.dispose());

async function upload(client: Client, body: Uint8Array<ArrayBuffer>): Promise<Job> {
  const headers = { "content-type": "application/zip", "x-file-name": "export.zip" };
  const response = await client.fetch("/v1/imports?kind=apple-health-export", { method: "POST", body, headers });
  expect(response.status).toBe(202);
  return job.parse(await response.json());
}

/** Announces a file that will be put into the bucket itself. */
async function announce(client: Client, size: number): Promise<{ readonly id: string; readonly uploadUrl: string }> {
  const { status, body } = await client.call("POST", "/v1/imports", { kind: "apple-health-export", fileName: "export.zip", size });
  const { id, state, uploadUrl = "" } = job.parse(body);
  expect([status, state]).toEqual([202, "waiting"]);
  return { id, uploadUrl };
}

/** Follows an import over a WebSocket from the first message to the last. */
async function followed(client: Client, id: string): Promise<Message[]> {
  const socket = openSocket(`${meridian.origin}/v1/imports/${id}/live`, { authorization: `Bearer ${client.accessToken}` });
  const messages: Message[] = [];
  for await (const one of messagesOf(socket)) {
    const next = message.parse(one);
    messages.push(next);
    // The local runtime says goodbye at once but keeps the line open for seconds; an app hangs up.
    if (next.type === "end" || !["waiting", "running"].includes(next.import.state)) socket.close();
  }
  return messages;
}

async function ended(client: Client, id: string): Promise<Job> {
  const messages = await followed(client, id);
  expect(messages.length).toBeGreaterThan(0);
  return await client.get(`/v1/imports/${id}`, job);
}

function readOf({ report }: Job): Record<string, number> {
  return Object.fromEntries(Object.entries(report?.byType ?? {}).map(([type, { read }]) => [type, read]));
}

function total({ report }: Job): z.output<typeof counts> {
  const sum = { read: 0, accepted: 0, duplicate: 0, quarantined: 0, rejected: 0 };
  for (const one of Object.values(report?.byType ?? {})) for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += one[key];
  return sum;
}

describe("an Apple Health export", () => {
  test("goes on by itself after a power cut in the middle, and ends with the right report", async () => {
    const { id, uploadUrl } = await announce(ada, file.zip.length);
    const events = await ada.fetch(`/v1/imports/${id}/events`);
    expect(events.headers.get("content-type")).toBe("text/event-stream");
    expect((await fetch(uploadUrl, { method: "PUT", body: file.zip })).status).toBe(200);
    expect((await ada.call("POST", `/v1/imports/${id}/start`)).status).toBe(202);
    let last: Message | undefined;
    for await (const one of eventsOf(events)) {
      last = message.parse(one);
      if (last.import.progress.done === 0) continue;
      await meridian.kill();
      // What was sent before the cut took effect says nothing of what survived it.
      break;
    }
    // The import must have been under way, or this journey proves nothing.
    expect(last?.import).toMatchObject({ state: "running", progress: { unit: "By", total: expect.any(Number) } });
    expect(last?.import.progress.done).toBeLessThan(last?.import.progress.total ?? 0);

    await meridian.restart();
    const messages = await followed(ada, id);
    const seqs = messages.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
    // What was booked before the cut is not read again.
    expect(messages[0]?.import.progress.done).toBeGreaterThanOrEqual(last?.import.progress.done ?? 0);

    const done = await ada.get(`/v1/imports/${id}`, job);
    expect(done).toMatchObject({ state: "done", progress: { done: done.progress.total } });
    expect(readOf(done)).toEqual(file.byType);
    const { read, accepted, duplicate, quarantined, rejected } = total(done);
    expect({ quarantined, rejected, settled: accepted + duplicate }).toEqual({ quarantined: 0, rejected: 0, settled: read });
    // At most the one batch between the vault's commit and the checkpoint was met twice.
    expect(duplicate).toBeLessThan(read / 4);
  });

  test("is all there, day by day", async () => {
    const shown = await ada.get(`/v1/me/metrics/heart_rate?resolution=day&${RANGE}`, bucketSeries);
    const expected = [...file.pulses].map(([date, values]) => [date, values.length, Math.min(...values), Math.max(...values)]);
    expect(shown.items.map(({ at, count, min, max }) => [at.slice(0, 10), count, min, max])).toEqual(expected);

    const workouts = await ada.get(`/v1/me/workouts?limit=200&${RANGE}`, sessions);
    expect(workouts.items).toHaveLength(file.byType["Workout"] ?? 0);
    const first = await ada.get("/v1/me/days/2024-01-02", day);
    expect(first.workouts).toHaveLength(1);
    expect(first.metrics["steps"]?.value).toBeGreaterThan(0);
  });

  test("changes nothing when it comes again", async () => {
    const before = await ada.call("GET", "/v1/me/metrics");
    const again = await ended(ada, (await upload(ada, file.zip)).id);
    expect(again.state).toBe("done");
    expect(total(again)).toMatchObject({ accepted: 0, quarantined: 0, rejected: 0 });
    expect(total(again).duplicate).toBe(total(again).read);
    expect((await ada.call("GET", "/v1/me/metrics")).body).toEqual(before.body);
  });
});

describe("an import", () => {
  test("stays cancelled, whatever happens then", async () => {
    const ben = await Client.register(meridian, "us");
    const uploaded = async (): Promise<string> => {
      const { id, uploadUrl } = await announce(ben, file.zip.length);
      expect((await fetch(uploadUrl, { method: "PUT", body: file.zip })).status).toBe(200);
      return id;
    };
    const cancel = async (id: string): Promise<string> => job.parse((await ben.call("DELETE", `/v1/imports/${id}`)).body).state;

    const [waiting, running] = [await uploaded(), await uploaded()];
    expect(await cancel(waiting)).toBe("cancelled");
    expect((await ben.call("POST", `/v1/imports/${running}/start`)).status).toBe(202);
    // A fast machine may have read all of it by then; what the answer says must hold all the same.
    const answered = await cancel(running);
    expect(["cancelled", "done"]).toContain(answered);
    const kept = (await ben.call("GET", "/v1/me/metrics")).body;

    await meridian.cutPower();
    for (const [id, state] of [
      [waiting, "cancelled"],
      [running, answered],
    ]) {
      expect((await ben.call("POST", `/v1/imports/${id}/start`)).body).toMatchObject({ state });
      expect(await cancel(id ?? "")).toBe(state);
    }
    expect((await ben.call("GET", "/v1/me/metrics")).body).toEqual(kept);
  });

  test("waits for a file that goes to the bucket itself, over a power cut", async () => {
    const cem = await Client.register(meridian);
    const small = appleExportOf(1 << 18, "2024-05-01");
    const { id, uploadUrl } = await announce(cem, small.zip.length);
    expect((await cem.call("POST", `/v1/imports/${id}/start`)).status).toBe(409);

    const put = await fetch(uploadUrl, { method: "PUT", body: small.zip });
    expect(put.status).toBe(200);
    await meridian.cutPower();
    const started = await cem.call("POST", `/v1/imports/${id}/start`);
    expect(started.status).toBe(202);
    const done = await ended(cem, id);
    expect([done.state, readOf(done)]).toEqual(["done", small.byType]);
  });

  test("of a damaged file fails, leaves nothing, and the next one works", async () => {
    const dee = await Client.register(meridian);
    const small = appleExportOf(1 << 18, "2024-05-01");
    const refused = await dee.fetch("/v1/imports?kind=apple-health-export", {
      method: "POST",
      body: "These are no readings at all.",
      headers: { "content-type": "application/zip" },
    });
    expect([refused.status, await refused.json()]).toEqual([422, expect.objectContaining({ code: "file_unreadable" })]);

    const damaged = new Uint8Array(small.zip);
    damaged.fill(0xff, 200, 4_000);
    const failed = await ended(dee, (await upload(dee, damaged)).id);
    expect(failed).toMatchObject({ state: "failed", problem: { code: "file_unreadable" } });
    expect((await dee.get("/v1/me/metrics", metrics)).items).toEqual([]);

    const done = await ended(dee, (await upload(dee, small.zip)).id);
    expect([done.state, readOf(done)]).toEqual(["done", small.byType]);
  });

  test("is nobody else's business", async () => {
    const eve = await Client.register(meridian);
    const { id } = await upload(ada, appleExportOf(1 << 16, "2024-06-01").zip);
    for (const path of [`/v1/imports/${id}`, `/v1/imports/${id}/events`]) expect((await eve.call("GET", path)).status).toBe(404);
    expect((await eve.call("DELETE", `/v1/imports/${id}`)).status).toBe(404);
    expect((await ended(ada, id)).state).toBe("done");
  });
});
