import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { DAY_MS, HOUR_MS } from "../../shared/clock";
import { RunningSha256 } from "../../shared/crypto/running-sha256";
import { exportKey } from "../../shared/exports/status";
import { uploadKey } from "../../shared/imports/status";
import { newId, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";
import { archiveOf, beginExport, filesOf } from "../../test/exports";
import { everythingIn } from "../../test/fixtures/everything";
import { freshVault, samples } from "../../test/vaults";
import { regional } from "../../workers/regional";

/** Imports an archive into a fresh account. */
async function imported(bytes: Uint8Array, region: Region, each: (importer: DurableObjectStub) => Promise<void> = async () => undefined) {
  const one = freshVault(region);
  await one.vault.setProfile({ timeZone: "Europe/Berlin", locale: "de", name: "Ada" });
  const id = newId("import", region, Date.now());
  const importer = env.IMPORTERS.getByName(id);
  await importer.create(one.person, "meridian-export", "export.zip", bytes.length);
  await regional(env, region).files.put(uploadKey(id), bytes);
  for (let turn = 0; turn < 500; turn++) {
    const status = await importer.status(one.person);
    if (status.state !== "waiting" && status.state !== "running") return { one, status };
    await each(importer);
    await runDurableObjectAlarm(importer);
  }
  throw new Error("the import does not end");
}

/** The lines of every kind that an import brings back. What is computed from other lines says when: that is left out. */
async function contentOf(bytes: Uint8Array): Promise<Readonly<Record<string, readonly string[]>>> {
  const { files, manifest } = await filesOf(bytes);
  const kinds = new Set(manifest.kinds.filter(({ isReimported }) => isReimported).map(({ kind }) => kind));
  return Object.fromEntries(
    manifest.files
      .filter(({ kind, format }) => (kinds.has(kind) || kind === "days") && format === "ndjson")
      .map(({ name }) => [
        name,
        (files.get(name) ?? "").split("\n").map((line) => {
          // Figures of a night get the time of their computation for a version, settings that of their import.
          if (line.includes('"derivedFrom"')) return line.replace(/"version":\d+/, '"version":0');
          return name === "retention.ndjson" || name === "source-priorities.ndjson" ? line.replace(/"changedAt":"[^"]+"/, "") : line;
        }),
      ]),
  );
}

/** What the person sees of days, nights, workouts and series. */
async function seenIn({ vault, actor }: ReturnType<typeof freshVault>) {
  const window = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2027, 0, 1), choice: "all", limit: 500 } as const;
  const { items: workouts } = await vault.workouts(actor, window);
  const ids = (JSON.parse(workouts) as { id: string }[]).map(({ id }) => id);
  const series = async (key: string, resolution: "raw" | "hour" | "day") =>
    (await vault.series(actor, { key, ...window, resolution, limit: 5_000 })).items;
  return {
    days: await vault.days(actor, { from: window.from / DAY_MS, to: window.to / DAY_MS, every: false }),
    sleep: (await vault.sleep(actor, window)).items,
    workouts,
    routes: await Promise.all(ids.map(async (id) => await vault.workout(actor, id))),
    series: await Promise.all(
      ["heart_rate", "steps", "body_weight", "blood_pressure", "resting_heart_rate"].flatMap((key) => [
        series(key, "raw"),
        series(key, "hour"),
        series(key, "day"),
      ]),
    ),
    details: await vault.details(actor),
  };
}

describe("an export and its import", () => {
  test.each(["eu", "us"] as const)("bring everything of the person into a fresh account of %s", async (region) => {
    const origin = freshVault("eu");
    await everythingIn(origin);
    const archive = await archiveOf(origin.person, origin.actor);
    const { files, manifest } = await filesOf(archive);
    for (const { kind, records } of manifest.kinds.filter(({ isReimported }) => isReimported)) expect(records, kind).toBeGreaterThan(0);
    expect(files.get("samples/heart_rate/2026.csv")).toContain("+02:00");

    const { one, status } = await imported(archive, region);
    expect(status).toMatchObject({ state: "done", report: { warnings: [] } });
    const again = await archiveOf(one.person, one.actor);
    expect(await contentOf(again)).toEqual(await contentOf(archive));
    expect(await seenIn(one)).toEqual(await seenIn(origin));
    // What was deleted stays deleted there too.
    const late = await one.vault.record(samples("body_weight", [{ at: Date.UTC(2026, 2, 10, 7), value: 70, zone: 3_600 }]));
    expect(late.rejected).toMatchObject([{ reason: "deleted_by_person" }]);
  });

  test("an import that is evicted after every slice, and one that is repeated, end the same", async () => {
    const origin = freshVault("eu");
    await everythingIn(origin);
    const archive = await archiveOf(origin.person, origin.actor);
    const { one, status } = await imported(archive, "eu", async (importer) => await evictDurableObject(importer));
    expect(status).toMatchObject({ state: "done" });
    expect(await seenIn(one)).toEqual(await seenIn(origin));
    const id = newId("import", "eu", Date.now());
    const importer = env.IMPORTERS.getByName(id);
    await importer.create(one.person, "meridian-export", "again.zip", archive.length);
    await env.FILES_EU.put(uploadKey(id), archive);
    while (["waiting", "running"].includes((await importer.status(one.person)).state)) await runDurableObjectAlarm(importer);
    expect(await seenIn(one)).toEqual(await seenIn(origin));
  });
});

describe("an export", () => {
  /** A vault with readings of a few hours, and an upload of several parts that do not compress. */
  async function large() {
    const one = freshVault("eu");
    for (let hour = 0; hour < 3; hour++) {
      const at = Date.UTC(2026, 4, 1) + hour * HOUR_MS;
      await one.vault.record(
        samples(
          "heart_rate",
          Array.from({ length: 3_600 }, (_, i) => ({ at: at + i * 1_000, value: 60 + (i % 7) / 3 })),
        ),
      );
    }
    const upload = newId("import", "eu", Date.now());
    const bytes = new Uint8Array(9 * 1024 * 1024);
    for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    await env.FILES_EU.put(uploadKey(upload), bytes);
    return { one, bytes, name: `uploads/${upload}`, facts: [{ kind: "imports", columns: ["id"], records: [{ id: upload }] }] };
  }

  test("that begins when its person has just been erased takes itself away", async () => {
    const { person, actor, vault } = freshVault("eu");
    const id = newId("export", "eu", Date.now());
    await vault.openExport(actor, id);
    await vault.close();
    const exporter = env.EXPORTERS.getByName(id);
    await exporter.create(person, [{ kind: "account", columns: ["id"], records: [{ id: person }] }]);
    const state = async () =>
      await exporter.status(person).then(
        (status) => status.state,
        (error: unknown) => z.looseObject({ code: z.string() }).parse(error).code,
      );
    // The alarm may have come by itself, and be at work.
    for (let turn = 0; turn < 50 && (await state()) === "running"; turn++) await runDurableObjectAlarm(exporter);
    expect(await state()).toBe("not_found");
    const tables = await runInDurableObject(exporter, (_instance, ctx) =>
      ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
  });

  test("that stops after every step and is evicted goes on, and is a whole file of several parts", async () => {
    const { one, bytes, name, facts } = await large();
    const { id, exporter } = await beginExport(one.person, one.actor, facts);
    // A clock that leaps: every slice ends after one step.
    let now = Date.now();
    const clock = vi.spyOn(Date, "now").mockImplementation(() => (now += 6_000));
    let [last, steps] = [-1, 0];
    try {
      for (; steps < 400; steps++) {
        const { state, progress } = await exporter.status(one.person);
        if (state !== "running") break;
        expect(progress.done).toBeGreaterThanOrEqual(last);
        last = progress.done;
        if (steps % 3 === 0) await evictDurableObject(exporter);
        await runDurableObjectAlarm(exporter);
      }
    } finally {
      clock.mockRestore();
    }
    const { state, file } = await exporter.status(one.person);
    expect([state, steps > 60]).toEqual(["done", true]);
    const archive = new Uint8Array((await (await env.FILES_EU.get(exportKey(id)))?.arrayBuffer()) ?? new ArrayBuffer(0));
    expect(archive.length).toBe(file?.bytes);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", archive));
    expect(Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")).toBe(file?.sha256);
    const { files, manifest } = await filesOf(archive);
    expect(files.get("samples/heart_rate/2026.csv")?.split("\r\n")).toHaveLength(3 * 3_600 + 2);
    const hash = new RunningSha256();
    hash.update(bytes);
    expect(manifest.files.find((one) => one.name === name)).toMatchObject({ bytes: bytes.length, sha256: hash.hex() });
  }, 120_000);

  test("leaves a line in the access log for every kind", async () => {
    const one = freshVault("eu");
    await one.vault.record(samples("heart_rate", [{ at: Date.now(), value: 60 }]));
    await archiveOf(one.person, one.actor);
    const { items } = await one.vault.accessLog(one.actor, { limit: 200, action: "export" });
    expect(items.at(-1)).toMatchObject({ actor: one.person, resource: "export", reason: "self" });
    expect(items.map(({ about }) => about.join(" "))).toEqual(
      expect.arrayContaining(["samples heart_rate", "consents", "access-log", "fhir-observation"]),
    );
    expect(items.filter(({ actorKind }) => actorKind === "system").every(({ actor }) => actor.startsWith("exp_eu_"))).toBe(true);
  });

  test("reads nothing that the person did not begin, or that has ended", async () => {
    const one = freshVault("eu");
    const read = async (id: string) => {
      try {
        await one.vault.exportPlan(id);
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return "read";
    };
    expect(await read(newId("export", "eu", Date.now()))).toBe("not_found");
    const { id, exporter } = await beginExport(one.person, one.actor);
    expect(await read(id)).toBe("read");
    await exporter.remove(one.person);
    expect(await read(id)).toBe("not_found");
  });

  test("that is cancelled leaves nothing in the bucket, and an upload that is there is part of one", async () => {
    const one = freshVault("eu");
    const upload = newId("import", "eu", Date.now());
    await env.IMPORTERS.getByName(upload).create(one.person, "apple-health-export", "late.xml", 0);
    await env.FILES_EU.put(uploadKey(upload), "<HealthData/>".repeat(400_000));
    const facts = [{ kind: "imports", columns: ["id"], records: [{ id: upload }] }];
    const cancelled = await beginExport(one.person, one.actor, facts);
    await runDurableObjectAlarm(cancelled.exporter);
    await cancelled.exporter.remove(one.person);
    expect(await env.FILES_EU.head(exportKey(cancelled.id))).toBeNull();
    expect((await env.FILES_EU.list({ prefix: exportKey(cancelled.id) })).objects).toEqual([]);
  });

  test("expires after a week, and is forgotten after three months", async () => {
    const one = freshVault("eu");
    const { id, exporter } = await beginExport(one.person, one.actor);
    while ((await exporter.status(one.person)).state === "running") await runDurableObjectAlarm(exporter);
    const move = async (statement: string) => {
      await runInDurableObject(exporter, async (_, ctx) => {
        ctx.storage.sql.exec(statement);
        await ctx.storage.setAlarm(Date.now() + HOUR_MS);
      });
      await runDurableObjectAlarm(exporter);
    };
    await move("UPDATE job SET expires_at = 1");
    expect(await exporter.status(one.person)).toMatchObject({ state: "expired" });
    expect(await env.FILES_EU.head(exportKey(id))).toBeNull();
    await move("UPDATE job SET finished_at = 1");
    await runInDurableObject(exporter, (_, ctx) => {
      expect(ctx.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'job'").toArray()).toEqual([]);
    });
    expect(regionOf(id)).toBe("eu");
  });
});
