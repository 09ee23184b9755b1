import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { newId, type PersonId } from "../../shared/id";
import { uploadKey } from "../../shared/imports/status";
import { appleExport, quantity } from "../../test/fixtures/apple-export";
import { bigExportStream } from "../../test/fixtures/big-export";
import { zip } from "../../test/fixtures/zip";
import { vaultOf } from "../../workers/regional";

const HEART_RATE = "HKQuantityTypeIdentifierHeartRate";

function fresh() {
  const person = newId("person", "eu", Date.now());
  const id = newId("import", "eu", Date.now());
  return { person, id, importer: env.IMPORTERS.getByName(id) };
}

async function upload(id: string, content: string | Uint8Array): Promise<void> {
  await env.FILES_EU.put(uploadKey(id), content);
}

/** Runs alarms until the import has ended. */
async function finish(importer: ReturnType<typeof fresh>["importer"], person: PersonId) {
  for (let turn = 0; turn < 50; turn++) {
    const status = await importer.status(person);
    if (status.state !== "waiting" && status.state !== "running") return status;
    await runDurableObjectAlarm(importer);
  }
  throw new Error("the import does not end");
}

/** What a call throws. Its promise is awaited here, because those of stubs are more than promises. */
async function thrownBy(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("the call did not throw");
}

function heartRates(count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const minute = String(Math.floor(i / 60) % 60).padStart(2, "0");
    const second = String(i % 60).padStart(2, "0");
    const hour = String(Math.floor(i / 3_600)).padStart(2, "0");
    return quantity("HeartRate", 60 + (i % 40), "count/min", `2026-03-01 ${hour}:${minute}:${second} +0100`);
  });
  return appleExport(lines);
}

test("an import reads the uploaded file, stores it, reports, and deletes the file", async () => {
  const { person, id, importer } = fresh();
  expect(await importer.create(person, "apple-health-export", "export.zip", 0)).toMatchObject({ state: "waiting" });
  await upload(id, zip([{ name: "apple_health_export/export.xml", content: heartRates(500) }]));
  expect(await importer.start(person)).toMatchObject({ state: "running" });
  const status = await finish(importer, person);
  expect(status).toMatchObject({
    state: "done",
    report: { byType: { [HEART_RATE]: { read: 500, accepted: 500, duplicate: 0, rejected: 0 } }, warnings: [] },
  });
  expect(status.progress.done).toBe(status.progress.total);
  expect(await env.FILES_EU.head(uploadKey(id))).toBeNull();
});

test("importing the same file again stores nothing twice", async () => {
  const { person, id, importer } = fresh();
  const second = newId("import", "eu", Date.now());
  const again = env.IMPORTERS.getByName(second);
  for (const [key, object] of [
    [id, importer],
    [second, again],
  ] as const) {
    await object.create(person, "apple-health-export", "export.xml", 0);
    await upload(key, heartRates(200));
    await finish(object, person);
  }
  expect(await again.status(person)).toMatchObject({
    state: "done",
    report: { byType: { [HEART_RATE]: { read: 200, accepted: 0, duplicate: 200 } } },
  });
});

test("an import that is evicted in the middle goes on and ends with the same report", async () => {
  const { person, id, importer } = fresh();
  const counts = { records: 0, workouts: 0, bytes: 0 };
  const bytes = new Uint8Array(await new Response(bigExportStream({ bytes: 30_000_000, seed: 7 }, counts)).arrayBuffer());
  await importer.create(person, "apple-health-export", "export.xml", 0);
  await upload(id, zip([{ name: "apple_health_export/export.xml", content: bytes }]));
  // Starting arms the alarm, which the runtime may fire by itself: evict as soon as something has been booked.
  await importer.start(person);
  let evictions = 0;
  for (;;) {
    const status = await importer.status(person);
    if (status.state === "done") break;
    if (status.state !== "running") throw new Error(JSON.stringify(status.problem));
    if (status.progress.done > 0 && evictions < 2) {
      await evictDurableObject(importer);
      evictions++;
    }
    await runDurableObjectAlarm(importer);
  }
  const { report } = await importer.status(person);
  const sum = (field: "read" | "accepted" | "duplicate" | "quarantined" | "rejected") =>
    Object.entries(report?.byType ?? {}).reduce((total, [type, count]) => (type === "Workout" ? total : total + count[field]), 0);
  expect(sum("read")).toBe(counts.records);
  expect(sum("accepted") + sum("duplicate") + sum("quarantined")).toBe(counts.records);
  expect(report?.byType["Workout"]?.read).toBe(counts.workouts);
});

test("a cancelled import stops, keeps what it has stored, and deletes the file", async () => {
  const { person, id, importer } = fresh();
  await importer.create(person, "apple-health-export", "export.xml", 0);
  await upload(id, heartRates(100));
  await importer.start(person);
  expect(await importer.cancel(person)).toMatchObject({ state: "cancelled" });
  await runDurableObjectAlarm(importer);
  expect(await importer.status(person)).toMatchObject({ state: "cancelled" });
  expect(await env.FILES_EU.head(uploadKey(id))).toBeNull();
});

test.each([
  ["text", "this is no archive"],
  ["another document", "<ClinicalDocument xmlns='urn:hl7-org:v3'/>"],
  ["an archive without an export", zip([{ name: "photos/a.jpg", content: "x" }])],
  ["an archive that is damaged", zip([{ name: "export.xml", content: heartRates(3) }]).fill(0, 60, 200)],
])("%s fails with a problem, and the next import works", async (_what, content) => {
  const { person, id, importer } = fresh();
  await importer.create(person, "apple-health-export", "export.zip", 0);
  await upload(id, content);
  expect(await finish(importer, person)).toMatchObject({ state: "failed", problem: { code: "file_unreadable", status: 422 } });
  const next = fresh();
  await next.importer.create(person, "apple-health-export", "export.xml", 0);
  await upload(next.id, heartRates(5));
  expect(await finish(next.importer, person)).toMatchObject({ state: "done" });
});

test("an import is invisible to others and asking leaves no trace", async () => {
  const { person, importer } = fresh();
  const other = newId("person", "eu", Date.now());
  await importer.create(person, "apple-health-export", "export.xml", 0);
  expect(await thrownBy(() => importer.status(other))).toMatchObject({ name: "Problem", code: "not_found" });
  const nobody = fresh();
  expect(await thrownBy(() => nobody.importer.status(person))).toMatchObject({ code: "not_found" });
  await runInDurableObject(nobody.importer, (_object, state) => {
    expect(state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray()).toEqual([]);
  });
});

test("starting before the upload is a conflict", async () => {
  const { person, importer } = fresh();
  await importer.create(person, "apple-health-export", "export.xml", 10);
  expect(await thrownBy(() => importer.start(person))).toMatchObject({ code: "conflict" });
});

test("erasing removes the file and the books", async () => {
  const { person, id, importer } = fresh();
  await importer.create(person, "apple-health-export", "export.xml", 0);
  await upload(id, heartRates(5));
  await importer.erase(person);
  expect(await env.FILES_EU.head(uploadKey(id))).toBeNull();
  expect(await thrownBy(() => importer.status(person))).toMatchObject({ code: "not_found" });
});

const RANGE = { from: Date.UTC(2026, 1, 28), to: Date.UTC(2026, 2, 2), resolution: "raw", choice: "all", limit: 1_000 } as const;

async function heartRatesOf(person: PersonId): Promise<unknown[]> {
  const actor = { kind: "person", person, session: newId("session", "eu", Date.now()) } as const;
  const { items } = await vaultOf(env, person).series(actor, { key: "heart_rate", ...RANGE });
  return JSON.parse(items) as unknown[];
}

test("a dry run recognises the file, reports what it would become, stores nothing, and is confirmed without another upload", async () => {
  const { person, id, importer } = fresh();
  await importer.create(person, "auto", "export.zip", 0, { dryRun: true });
  await upload(id, zip([{ name: "apple_health_export/export.xml", content: heartRates(90) }]));
  const preview = await finish(importer, person);
  expect(preview).toMatchObject({
    state: "previewed",
    kind: "apple-health-export",
    dryRun: true,
    report: {
      byType: { [HEART_RATE]: { read: 90, accepted: 0 } },
      mapping: [{ types: [HEART_RATE], metric: "heart_rate", unit: "/min", count: 90, firstAt: "2026-02-28T23:00:00.000Z" }],
    },
  });
  expect(await heartRatesOf(person)).toEqual([]);
  expect(await env.FILES_EU.head(uploadKey(id))).not.toBeNull();
  await importer.start(person);
  expect(await finish(importer, person)).toMatchObject({
    state: "done",
    dryRun: false,
    report: { byType: { [HEART_RATE]: { accepted: 90 } } },
  });
  expect(await heartRatesOf(person)).toHaveLength(90);
});

test("a dry run that nobody confirms ends after a day, and one that is cancelled ends at once; both files go", async () => {
  for (const end of ["expire", "cancel"] as const) {
    const { person, id, importer } = fresh();
    await importer.create(person, "apple-health-export", "export.xml", 0, { dryRun: true });
    await upload(id, heartRates(3));
    expect(await finish(importer, person)).toMatchObject({ state: "previewed" });
    if (end === "cancel") await importer.cancel(person);
    else {
      await runInDurableObject(importer, (_object, { storage }) => {
        storage.sql.exec("UPDATE job SET kept_until = 1");
      });
      await runDurableObjectAlarm(importer);
    }
    expect(await importer.status(person)).toMatchObject({ state: "cancelled" });
    expect(await env.FILES_EU.head(uploadKey(id))).toBeNull();
    expect(await heartRatesOf(person)).toEqual([]);
  }
});

test("an import is taken back exactly: what a second import of an overlapping file brought too stays until that one is taken back", async () => {
  const { person, id, importer } = fresh();
  const second = newId("import", "eu", Date.now());
  const other = env.IMPORTERS.getByName(second);
  for (const [key, object, count] of [
    [id, importer, 200],
    [second, other, 120],
  ] as const) {
    await object.create(person, "apple-health-export", "export.xml", 0);
    await upload(key, heartRates(count));
    await finish(object, person);
  }
  await importer.undo(person);
  expect(await undone(importer, person)).toMatchObject({ state: "undone", undone: { removed: 80 } });
  expect(await heartRatesOf(person)).toHaveLength(120);
  await importer.undo(person);
  expect(await importer.status(person)).toMatchObject({ state: "undone", undone: { removed: 80 } });
  await other.undo(person);
  await evictDurableObject(other);
  expect(await undone(other, person)).toMatchObject({ state: "undone", undone: { removed: 120 } });
  expect(await heartRatesOf(person)).toEqual([]);
});

test("what has not ended cannot be taken back, and what is no dry run cannot be mapped", async () => {
  const { person, importer } = fresh();
  await importer.create(person, "apple-health-export", "export.xml", 10);
  expect(await thrownBy(() => importer.undo(person))).toMatchObject({ code: "conflict" });
  const mapping = {
    delimiter: ",",
    decimal: ".",
    headerLine: 1,
    dateOrder: "ymd",
    time: { date: "a" },
    columns: [{ column: "b", metric: "body_weight" }],
  } as const;
  expect(await thrownBy(() => importer.remap(person, mapping))).toMatchObject({ code: "conflict" });
});

test("a file that looks like nothing known fails with what would be read", async () => {
  const { person, id, importer } = fresh();
  await importer.create(person, "auto", "photos.zip", 0);
  await upload(id, zip([{ name: "photos/a.jpg", content: "x" }]));
  const { problem } = await finish(importer, person);
  expect(problem).toMatchObject({ code: "file_unreadable", detail: expect.stringContaining("Apple Health export") as string });
});

async function undone(importer: ReturnType<typeof fresh>["importer"], person: PersonId) {
  for (let turn = 0; turn < 50; turn++) {
    const status = await importer.status(person);
    if (status.state === "undone") return status;
    await runDurableObjectAlarm(importer);
  }
  throw new Error("the import is not taken back");
}
