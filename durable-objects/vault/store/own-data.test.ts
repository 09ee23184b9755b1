import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PersonActor } from "../../../shared/context";
import { BatchBuilder } from "../../../shared/health/batch";
import { newId } from "../../../shared/id";
import { writeAdmission } from "../../../shared/live/admission";
import { LiveClient, upgradeVault } from "../../../test/live-client";
import { freshVault } from "../../../test/vaults";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** An hour ago, in a whole hour. */
const START = Math.floor(Date.now() / HOUR) * HOUR - HOUR;
const DATE = Math.floor(START / DAY);
const PERIOD = { from: START - DAY, to: START + DAY } as const;

/** Somebody who rides with Strava and a watch, a friend who may read it all, and a programme that may too. */
async function shared(watch = true) {
  const owner = freshVault();
  const person = newId("person", "us", Date.now());
  const friend: PersonActor = { kind: "person", person, session: newId("session", "us", Date.now()), roles: ["user"], assurance: "aal1" };
  const programme = newId("programme", "eu", Date.now());
  const categories = ["vitals", "activity"] as const;
  const consent = { categories, actions: ["read"], purpose: "personal" } as const;
  await owner.vault.giveConsent(owner.actor, newId("consent", "eu", Date.now()), {
    ...consent,
    grantee: { kind: "person", id: person },
    role: "user",
  });
  await owner.vault.giveConsent(owner.actor, newId("consent", "eu", Date.now()), {
    ...consent,
    grantee: { kind: "programme", id: programme },
    role: "partner",
    purpose: "research",
  });
  const batch = new BatchBuilder();
  const strava = batch.source({ vendor: "strava", connection: "con_eu_01k00000000000000000000000", deviceName: "Edge 540" });
  const sources = watch ? [strava, batch.source({ vendor: "healthkit", deviceType: "watch" })] : [strava];
  for (const source of sources) {
    const rate = source === strava ? 150 : 90;
    for (let minute = 0; minute < 10; minute++) batch.sample("heart_rate", source, START + minute * 60_000, rate, 0, 0);
    batch.reading({
      metric: "steps",
      kind: "daily",
      source,
      start: DATE * DAY,
      end: (DATE + 1) * DAY,
      zone: 0,
      date: dateText(),
      value: rate,
      version: 0,
    });
    const totals = { distance_cycling: rate * 100 };
    batch.workout({ source, id: "ride", start: START, end: START + HOUR, zone: 0, type: "cycling", totals, version: 0 });
  }
  await owner.vault.record(batch.take(), "test");
  return { ...owner, friend, programme };
}

const dateText = () => new Date(DATE * DAY).toISOString().slice(0, 10);

/** Every way in which somebody reads what is not theirs, as text. */
async function everything({ vault }: Awaited<ReturnType<typeof shared>>, reader: PersonActor): Promise<Record<string, string>> {
  const series = (key: string, resolution: "raw" | "minute" | "hour" | "day", choice: "best" | "all" | number) =>
    vault.series(reader, { key, ...PERIOD, resolution, choice, limit: 1_000 });
  const found: Record<string, string> = {};
  for (const choice of ["best", "all", 1] as const) {
    for (const resolution of ["raw", "minute", "hour", "day"] as const)
      found[`heart_rate ${resolution} ${choice}`] = (await series("heart_rate", resolution, choice)).items;
    found[`steps day ${choice}`] = (await series("steps", "day", choice)).items;
    found[`workouts ${choice}`] = (await vault.workouts(reader, { ...PERIOD, choice, limit: 100 })).items;
  }
  for (const resolution of ["raw", "hour", "day"] as const) {
    const query = { key: "heart_rate", ...PERIOD, resolution, choice: "all", recording: "automatic", limit: 1_000 } as const;
    found[`heart_rate ${resolution} automatic`] = (await vault.series(reader, query)).items;
  }
  found["metrics"] = JSON.stringify(await vault.metrics(reader));
  found["days"] = await vault.days(reader, { from: DATE, to: DATE, every: true });
  const period = { from: { date: DATE }, to: { date: DATE } };
  found["compared"] = await vault.compareSources(reader, { key: "steps", period });
  found["reconciled"] = await vault.reconcile(reader, { key: "steps", period });
  return found;
}

describe("what a vendor shows to its person alone", () => {
  it("is read by the person, with the words that must stand beside it", async () => {
    const one = await shared(false);
    const all = await everything(one, one.actor);
    expect(all["heart_rate raw best"]).toContain('"value":150');
    expect(JSON.parse(all["workouts best"] ?? "")).toMatchObject([
      { totals: { distance_cycling: 15_000 }, sources: [{ source: "src_1", attribution: "Powered by Strava" }] },
    ]);
  });

  it("is read by nobody else, by consent to everything and by any choice of the source", async () => {
    const one = await shared();
    const own = Object.entries(await everything(one, one.actor)).filter(([name]) => !name.includes("reconciled"));
    expect(
      own
        .filter(([, text]) => !text.includes("src_1"))
        .map(([name]) => name)
        .filter((name) => name.endsWith("1") || name.endsWith("all")),
    ).toEqual([]);
    const seen = Object.entries(await everything(one, one.friend));
    expect(seen.filter(([, text]) => text.includes("src_1") || /\b150(00)?\b/.test(text))).toEqual([]);
    const told = Object.fromEntries(seen);
    expect(told["heart_rate hour best"]).toContain('"mean":90');
    expect(JSON.parse(told["workouts best"] ?? "")).toMatchObject([
      { source: "src_2", sources: [{ source: "src_2" }], totals: { distance_cycling: 9_000 } },
    ]);
  });

  it("leaves no trace in lists where there is nothing else", async () => {
    const one = await shared(false);
    const seen = await everything(one, one.friend);
    expect(JSON.parse(seen["metrics"] ?? "")).toEqual([]);
    expect(JSON.parse(seen["days"] ?? "")).toMatchObject([{ metrics: {}, workouts: [] }]);
    expect(
      new Set(Object.entries(seen).flatMap(([name, text]) => (/raw|minute|hour|workouts|steps day/.test(name) ? [text] : []))),
    ).toEqual(new Set(["[]"]));
  });

  it("is not given to research", async () => {
    const one = await shared();
    const ask = { programme: one.programme, metrics: ["heart_rate", "steps"], fromDay: DATE, toDay: DATE };
    expect((await one.vault.contribute(ask))?.days).toEqual([{ day: DATE, values: { heart_rate: 90, steps: 90 } }]);
  });

  it("is not there for a model that reads for the person, whatever else there is, and the answer says so", async () => {
    const VENDORS = ["strava", "garmin", "healthkit"] as const;
    const told = fc.record({ vendor: fc.constantFrom(...VENDORS), minute: fc.nat(59), value: fc.integer({ min: 50, max: 180 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(told, { minLength: 1, maxLength: 12 }), async (rows) => {
        const [whole, without] = [freshVault(), freshVault()];
        for (const { vault } of [whole, without]) {
          const batch = new BatchBuilder();
          // The same numbers of sources in both, so that answers can be compared.
          const sources = VENDORS.map((vendor) => batch.source({ vendor, connection: "con_eu_01k00000000000000000000000" }));
          batch.sample("body_temperature", sources[0] ?? 0, START - 9 * DAY, 36.6, 0, 0);
          for (const source of sources.slice(1)) batch.sample("body_temperature", source, START - 9 * DAY, 36.6, 0, 0);
          for (const { vendor, minute, value } of rows) {
            if (vendor === "strava" && vault === without.vault) continue;
            const source = sources[VENDORS.indexOf(vendor)] ?? 0;
            const at = START + minute * 60_000;
            batch.sample("heart_rate", source, at, value, 0, 0);
            batch.workout({
              source,
              id: `${vendor} ${minute}`,
              start: at,
              end: at + HOUR,
              zone: 0,
              type: "cycling",
              totals: { steps: value },
              version: 0,
            });
          }
          await vault.record(batch.take(), "test");
        }
        const read = async ({ vault, actor }: Pick<typeof whole, "vault" | "actor">, purpose?: "guidance") => {
          const found: unknown[] = [await vault.days(actor, { from: DATE - 1, to: DATE + 1, every: true, purpose })];
          for (const choice of ["best", "all"] as const) {
            for (const resolution of ["raw", "minute", "hour", "day"] as const) {
              const query = { key: "heart_rate", ...PERIOD, resolution, choice, purpose, limit: 1_000 } as const;
              const { items, attributions } = await vault.series(actor, query);
              found.push([items, attributions]);
            }
            const { items } = await vault.workouts(actor, { ...PERIOD, choice, purpose, limit: 100 });
            found.push(items);
          }
          return found;
        };
        expect(await read(whole, "guidance")).toEqual(await read(without));
        expect(await whole.vault.withheldFromModels(whole.actor)).toEqual([{ source: "src_1", vendor: "strava", reason: "no_ai" }]);
      }),
      { numRuns: 12 },
    );
  });

  it("is not shown to somebody who watches", async () => {
    const one = await shared();
    const admission = writeAdmission({ actor: one.friend, sessionEnds: Date.now() + HOUR });
    const response = await upgradeVault(one.vault, admission, "?metrics=heart_rate,steps&after=999999");
    const client = new LiveClient(response.webSocket!);
    const snapshot = JSON.stringify(await client.nextOf("snapshot"));
    expect(snapshot).toContain("src_2");
    expect(snapshot).not.toContain("src_1");
    const late = new BatchBuilder();
    const strava = { vendor: "strava", connection: "con_eu_01k00000000000000000000000", deviceName: "Edge 540" };
    late.sample("heart_rate", late.source(strava), START + 30 * 60_000, 155, 0, 0);
    await one.vault.record(late.take(), "test");
    expect(JSON.stringify(await client.nextOf("changed"))).not.toContain("155");
  });
});
