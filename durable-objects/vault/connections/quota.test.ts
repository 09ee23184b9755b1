import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../../shared/clock";
import { REGIONS } from "../../../shared/region";
import type { LiveVendor } from "../../../shared/vendors/vendor";
import { liveVendor } from "../../../shared/vendors/vendors";
import { newId, systemRandom } from "../../../shared/id";
import { gateDoor, vaultDoor } from "../../doors";
import type { VaultState } from "../state";
import { connectionPorts } from "./ports";
import { Quota } from "./quota";

/** The beginning of a day, so that no window ends under a test. */
const NOW = Math.ceil(Date.now() / DAY_MS) * DAY_MS;

/** A vendor that allows so many calls a minute, with gates of its own. */
function rig(n: number, align = true) {
  const clock = { now: NOW };
  const limits: LiveVendor["limits"] = [{ scope: "app", n: n * REGIONS.length, windowS: 60, align }];
  const vendor: LiveVendor = { ...liveVendor("google-health").vendor, limits };
  const gate = (name: string) => gateDoor(env, "eu", `${name}:${crypto.randomUUID()}`);
  return { clock, quota: new Quota(vendor, gate("vendor"), gate("account"), () => clock.now) };
}

const asked = async (quota: Quota, times: number, isBackfill: boolean): Promise<number[]> =>
  await Promise.all(Array.from({ length: times }, () => quota.ask(isBackfill)));
const allowed = (waits: readonly number[]) => waits.filter((ms) => ms === 0).length;

describe("a vendor's limits", () => {
  it("leave two fifths to those who wait, however much of the past is read", async () => {
    const { quota } = rig(50);
    expect(allowed(await asked(quota, 80, true))).toBe(30);
    expect(allowed(await asked(quota, 80, false))).toBe(20);
  });

  it("let the past wait for the next window, and nobody else for the past", async () => {
    const { quota, clock } = rig(50);
    expect(allowed(await asked(quota, 50, false))).toBe(50);
    expect(await quota.ask(true)).toBe(MINUTE_MS);
    clock.now += MINUTE_MS;
    expect(allowed(await asked(quota, 80, true))).toBe(30);
    expect(await quota.ask(false)).toBe(0);
  });

  it("let the past be read too where they are a few calls a minute", async () => {
    const { quota, clock } = rig(3, false);
    expect(await quota.ask(true)).toBe(0);
    expect(await quota.ask(true)).toBe(MINUTE_MS);
    clock.now += MINUTE_MS / 2;
    expect(await quota.ask(false)).toBe(0);
    clock.now += MINUTE_MS / 2;
    expect(await quota.ask(true)).toBe(0);
  });
});

describe("an organisation's account at a vendor", () => {
  it("has limits of its own, beside the house's and another's, and a breaker of its own", async () => {
    const limits: LiveVendor["limits"] = [
      { scope: "app", n: 2 * REGIONS.length, windowS: 86_400, align: true },
      { scope: "user", n: 1, windowS: 86_400, align: true },
    ];
    const vendor: LiveVendor = { ...liveVendor("google-health").vendor, id: `vendor-${crypto.randomUUID()}`, limits };
    const person = newId("person", "eu", Date.now());
    await runInDurableObject(vaultDoor(env, person), async (_, { storage }) => {
      const state = { env, region: "eu", person, now: () => NOW, random: systemRandom, storage } as VaultState;
      const { quota } = connectionPorts(state);
      const account = crypto.randomUUID();
      const waits = async (of: string, credential?: string) => await quota(vendor, of, credential).ask(false);
      expect([await waits(account), await waits(account)]).toEqual([0, DAY_MS]);
      // The same person there, through another application.
      expect([await waits(account, "vcr_one"), await waits(account, "vcr_one")]).toEqual([0, DAY_MS]);
      expect([await waits("b", "vcr_one"), await waits("c", "vcr_one")]).toEqual([0, DAY_MS]);
      expect([await waits(account, "vcr_other"), await waits("d")]).toEqual([0, 0]);
      for (let i = 0; i < 5; i++) await quota(vendor, account, "vcr_other").report(false);
      expect([await quota(vendor, account, "vcr_other").isBroken(), await quota(vendor, account).isBroken()]).toEqual([true, false]);
    });
  });
});

describe("a vendor that fails", () => {
  it("is left alone after five failures in a row, then asked by exactly one, whose answer decides", async () => {
    const { quota, clock } = rig(1_000);
    for (let i = 0; i < 5; i++) {
      expect(await quota.ask(false)).toBe(0);
      await quota.report(false);
    }
    expect(await quota.isBroken()).toBe(true);
    expect(await quota.ask(false)).toBe(30 * SECOND_MS);
    clock.now += 30 * SECOND_MS;
    expect(allowed(await asked(quota, 20, false))).toBe(1);
    await quota.report(false);
    expect(await quota.ask(false)).toBe(MINUTE_MS);
    clock.now += MINUTE_MS;
    expect(allowed(await asked(quota, 20, false))).toBe(1);
    await quota.report(true);
    expect(await quota.isBroken()).toBe(false);
    expect(allowed(await asked(quota, 20, false))).toBe(20);
  });
});
