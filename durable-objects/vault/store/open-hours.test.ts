import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshVault, samples } from "../../../test/vaults";
import { HOUR_MS } from "../../../shared/clock";
import type { Resolution } from "../answers";
import { OpenHours } from "./open-hours";

/** Two hours before a midnight in UTC; recent, so that minutes are kept. */
const BASE = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 2 * HOUR_MS;
const SPAN_MS = 8 * HOUR_MS;

type Vaulted = ReturnType<typeof freshVault>;

async function page({ vault, actor }: Vaulted, resolution: Resolution): Promise<Record<string, unknown>[]> {
  const { items } = await vault.series(actor, {
    key: "heart_rate",
    from: BASE - HOUR_MS,
    to: BASE + SPAN_MS + HOUR_MS,
    resolution,
    choice: "best",
    limit: 10_000,
  });
  return JSON.parse(items) as Record<string, unknown>[];
}

const zoneOf = (at: number) => (at % 7 === 0 ? 7_200 : 0);

describe("a stream into an object that stays awake", () => {
  it("ends with the summaries of the same samples in one delivery, whatever is deleted or comes late in between", async () => {
    const step = fc.record({
      // Mostly forward in small groups, across hours, a midnight and changes of zone; sometimes back or away.
      kind: fc.constantFrom("on", "on", "on", "on", "back", "erase"),
      advance: fc.integer({ min: 1, max: 400 }),
      count: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        const streamed = freshVault();
        let at = BASE;
        for (const { kind, advance, count } of steps) {
          if (kind === "erase") {
            await streamed.vault.erase(streamed.actor, { key: "heart_rate", source: undefined, from: at - advance * 1_000, to: at });
            continue;
          }
          const from = kind === "back" ? Math.max(BASE, at - advance * 2_000) : at + advance * 1_000;
          const rows = Array.from({ length: count }, (_, i) => from + i * 1_000).map((t) => ({
            at: t,
            value: 50 + (t % 90),
            zone: zoneOf(t),
          }));
          await streamed.vault.record(samples("heart_rate", rows));
          at = Math.max(at, from + count * 1_000);
        }
        const kept = (await page(streamed, "raw")).map((item) => {
          const t = Date.parse(String(item["at"]));
          return { at: t, value: Number(item["value"]), zone: zoneOf(t) };
        });
        const whole = freshVault();
        await whole.vault.record(samples("heart_rate", kept));
        for (const resolution of ["raw", "hour", "day", "minute"] as const) {
          expect(await page(streamed, resolution), resolution).toEqual(await page(whole, resolution));
        }
        const overview = async ({ vault, actor }: Vaulted) =>
          (await vault.metrics(actor)).map(({ count, lastAt, lastValue }) => ({ count, lastAt, lastValue }));
        expect(await overview(streamed)).toEqual(await overview(whole));
      }),
      { numRuns: 12 },
    );
  });
});

describe("remembered hours", () => {
  const open = { hour: 5, parts: 1, nextPart: 1, latest: 0, slots: new Map<number, number>(), hasMinutes: false };

  it("are the last of each series, and few", () => {
    const hours = new OpenHours();
    for (let source = 0; source < 100; source++) hours.set(101, source, open);
    expect(hours.get(101, 0, 5)).toBeUndefined();
    expect(hours.get(101, 99, 5)).toEqual(open);
    expect(hours.get(101, 99, 6)).toBeUndefined();
    hours.forget(101, 99);
    expect(hours.get(101, 99, 5)).toBeUndefined();
    hours.clear();
    expect(hours.get(101, 98, 5)).toBeUndefined();
  });
});
