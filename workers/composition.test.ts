import { createMessageBatch, createExecutionContext, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { LogEvent } from "../shared/log";
import { dispatchBatch, familyOf } from "./queues";
import { runJobs } from "./schedules";

const batchOf = (queue: string) => createMessageBatch(queue, [{ id: "1", timestamp: new Date(0), attempts: 1, body: {} }]);

describe("queues", () => {
  test("lose their region and keep their family", () => {
    expect(["sync-eu", "sync-us-dlq", "fhir-ap"].map(familyOf)).toEqual(["sync", "sync-dlq", "fhir"]);
  });

  test("a batch reaches its consumer", async () => {
    const seen: string[] = [];
    await dispatchBatch(batchOf("sync-eu"), env, { sync: async ({ queue }) => void seen.push(queue) }, () => undefined);
    expect(seen).toEqual(["sync-eu"]);
  });

  test("a batch nobody consumes is asked for again", async () => {
    const events: LogEvent[] = [];
    const batch = batchOf("other-eu");
    await dispatchBatch(batch, env, {}, (event) => events.push(event));
    expect((await getQueueResult(batch, createExecutionContext())).retryBatch).toEqual({ retry: true });
    expect(events).toEqual([{ event: "queue", queue: "other-eu", messages: 1, outcome: "no_consumer" }]);
  });

  test("a deployment that must not serve works nothing off", async () => {
    const events: LogEvent[] = [];
    const elsewhere = { ...env, ORIGIN: "https://api.meridian.health" };
    const batch = batchOf("sync-eu");
    await dispatchBatch(batch, elsewhere, { sync: () => Promise.reject(new Error("consumed")) }, (event) => events.push(event));
    expect((await getQueueResult(batch, createExecutionContext())).retryBatch).toEqual({ retry: true });
    await runJobs(elsewhere, 0, undefined, (event) => events.push(event));
    expect(events.map(({ event, outcome }) => [event, outcome])).toEqual([
      ["queue", "refused"],
      ["job", "refused"],
    ]);
  });

  test("a consumer's failure is logged by kind and thrown on", async () => {
    const events: LogEvent[] = [];
    const failing = dispatchBatch(batchOf("sync-eu"), env, { sync: () => Promise.reject(new RangeError("canary")) }, (event) =>
      events.push(event),
    );
    await expect(failing).rejects.toThrow(RangeError);
    expect(JSON.stringify(events)).not.toContain("canary");
  });
});

describe("jobs", () => {
  test("run when due, and one failure does not stop the next", async () => {
    const ran: string[] = [];
    const job = (name: string, everyMinutes: number, fails = false) => ({
      name,
      everyMinutes,
      run: async () => {
        ran.push(name);
        if (fails) throw new Error("x");
        return 1;
      },
    });
    const jobs = [job("broken", 5, true), job("often", 5), job("hourly", 60)];
    await runJobs(env, 5 * 60_000, jobs, () => undefined);
    expect(ran).toEqual(["broken", "often"]);
    await runJobs(env, 60 * 60_000, jobs, () => undefined);
    expect(ran).toEqual(["broken", "often", "broken", "often", "hourly"]);
  });

  test("the real jobs run against empty databases", async () => {
    const events: LogEvent[] = [];
    await runJobs(env, 0, undefined, (event) => events.push(event));
    expect(events.length).toBeGreaterThan(0);
    expect(events.filter(({ outcome }) => outcome !== "done")).toEqual([]);
  });
});
