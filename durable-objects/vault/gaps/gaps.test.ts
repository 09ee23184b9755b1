import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { metric as metricOf } from "../../../shared/health/catalogue";
import { BatchBuilder } from "../../../shared/health/batch";
import type { Source } from "../../../shared/health/reading";
import { type ConnectionId, newId, systemRandom } from "../../../shared/id";
import { liveVendor } from "../../../shared/vendors/vendors";
import { PHONE, freshVault, WATCH } from "../../../test/vaults";
import { ConnectionRows } from "../connections/connection-rows";
import { Connections } from "../connections/connections";
import { openResources } from "../connections/plan";
import { connectionPorts } from "../connections/ports";
import { Quota, type QuotaGate } from "../connections/quota";
import { WindowRows } from "../connections/window-rows";
import type { VaultState } from "../state";
import { Store } from "../store/store";
import { Timers } from "../timers";
import { Gaps } from "./gaps";

/** Twelve o'clock in UTC, the person's zone. */
const NOON = Date.UTC(2026, 9, 20, 12);
const TODAY = NOON / DAY_MS - 0.5;
const STEPS = metricOf("steps")!.code;
const ALL = { from: 0, to: 30_000, limit: 100 };

class Breaker implements QuotaGate {
  broken = false;
  take = async () => ({ allowed: true, retryAfterMs: 0 });
  enter = async () => ({ allowed: true, retryAfterMs: 0 });
  report = async () => {};
  learn = async () => {};
  isBroken = async () => this.broken;
}

interface Rig {
  readonly sql: SqlStorage;
  readonly clock: { now: number };
  readonly breaker: Breaker;
  readonly store: () => Store;
  /** Parts as after an eviction. */
  readonly evicted: () => Gaps;
  readonly announced: () => number;
}

/** Runs a test on the storage of a fresh vault, with a clock of its own. */
async function withRig(test: (rig: Rig) => Promise<void>): Promise<void> {
  const { vault, person } = freshVault();
  await runInDurableObject(vault, async (_, { storage }) => {
    const clock = { now: NOON };
    const now = () => clock.now;
    const breaker = new Breaker();
    const { sql } = storage;
    let announced = 0;
    let store: Store | undefined;
    const evicted = () => {
      const timers = new Timers(storage, now);
      const fresh = new Store(storage, now, () => "UTC", timers);
      store = fresh;
      const state: VaultState = {
        storage,
        sql,
        env,
        person,
        region: "eu",
        now,
        random: systemRandom,
        timers,
        log: () => undefined,
        profile: () => ({ timeZone: "UTC", locale: "en" }),
        record: (batch) => fresh.record(batch),
        notify: () => ({ kind: "gone" }),
        readNotifications: () => undefined,
        emit: ({ type }) => {
          if (type === "gap.detected") announced++;
        },
        onRecorded: (listener) => fresh.onRecorded(listener),
      };
      const ports = { ...connectionPorts(state), quota: () => new Quota(liveVendor("google-health").vendor, breaker, breaker, now) };
      return new Gaps(state, fresh, new Connections(state, fresh.sources, async () => {}, ports));
    };
    evicted();
    await test({ sql, clock, breaker, store: () => store!, evicted, announced: () => announced });
  });
}

/** Steps at nine in the morning of each of these dates, counted from today. */
function walks(source: Source, days: readonly number[], metric = "steps") {
  const builder = new BatchBuilder();
  const index = builder.source(source);
  for (const day of days) {
    const at = (TODAY + day) * DAY_MS + 9 * HOUR_MS;
    builder.interval(metric, index, at, at + 10 * MINUTE_MS, 500, 0, 1);
  }
  return builder.take();
}

const days = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** An active connection that was read just now, and the source that it brings. */
function connected({ sql, clock }: Rig): { id: ConnectionId; source: Source; rows: ConnectionRows } {
  const id = newId("connection", "eu", clock.now);
  const rows = new ConnectionRows(sql);
  const { vendor } = liveVendor("google-health");
  rows.add(id, vendor.id, clock.now - 30 * DAY_MS);
  rows.connected(id, { hash: "h", key: "1" }, ["activity_and_fitness"], clock.now - 30 * DAY_MS);
  rows.succeeded(id, clock.now, undefined);
  new WindowRows(sql).setResources(id, openResources(vendor, ["activity_and_fitness"]), clock.now);
  return { id, rows, source: { vendor: vendor.source, connection: id, deviceName: "Pixel Watch" } };
}

const windows = (sql: SqlStorage) =>
  sql.exec<{ resource: string; turn: number; state: string }>("SELECT resource, turn, state FROM connection_windows").toArray();

it("a phone's day without anything of the watch is found, waits for late readings, and is reported once", async () => {
  await withRig(async (rig) => {
    rig.store().record(walks(WATCH, [...days(-12, -2), 0]));
    expect(await rig.evicted().run()).toEqual({ found: 1, repaired: 0, reported: 0 });
    expect(rig.evicted().page(ALL)).toMatchObject([
      { date: TODAY - 1, metric: STEPS, source: 1, class: "not_worn", state: "open", repairAt: null },
    ]);
    // However often it is looked at, also by an object that remembers nothing.
    expect(await rig.evicted().run()).toEqual({ found: 0, repaired: 0, reported: 0 });
    rig.clock.now += DAY_MS + HOUR_MS;
    expect(rig.evicted().check()).toEqual({ repaired: 0, reported: 1 });
    expect(rig.evicted().check()).toEqual({ repaired: 0, reported: 0 });
    expect(rig.announced()).toBe(1);

    const gaps = rig.evicted();
    rig.store().record(walks(WATCH, [-1]));
    rig.clock.now += 2 * MINUTE_MS;
    expect(gaps.check()).toEqual({ repaired: 1, reported: 0 });
    expect(gaps.page(ALL)).toMatchObject([{ state: "repaired" }]);
    expect(rig.announced()).toBe(1);
  });
});

it("a phone that has not sent since is a failed sync, another metric of the same device a part", async () => {
  await withRig(async (rig) => {
    rig.store().record(walks(WATCH, days(-12, -2)));
    await rig.evicted().run();
    expect(rig.evicted().page(ALL)).toMatchObject([{ class: "sync_failure" }]);
  });
  await withRig(async (rig) => {
    rig.store().record(walks(WATCH, [...days(-12, -2), 0]));
    rig.store().record(walks(WATCH, [-1], "floors"));
    await rig.evicted().run();
    expect(rig.evicted().page(ALL)).toMatchObject([{ metric: STEPS, class: "partial" }]);
  });
});

it("what another source tells, what the person deleted, and what was brought by hand or file is not missing", async () => {
  await withRig(async (rig) => {
    rig.store().record(walks(WATCH, [...days(-12, -2), 0]));
    rig.store().record(walks(PHONE, [-1]));
    rig.store().record(walks({ vendor: "apple_health_export" }, days(-12, -2), "floors"));
    rig.store().record(walks({ ...PHONE, recordingMethod: "manual" }, days(-12, -2), "energy_active"));
    rig.store().record(walks(PHONE, days(-12, -1), "stand_minutes"));
    rig
      .store()
      .erase({ metric: metricOf("stand_minutes")!.code, source: 0, sources: undefined, from: (TODAY - 1) * DAY_MS, to: TODAY * DAY_MS });
    expect(await rig.evicted().run()).toMatchObject({ found: 0 });
  });
});

it("a gap of a connection is read again exactly once, then closed as repaired or reported", async () => {
  await withRig(async (rig) => {
    const { source } = connected(rig);
    const before = walks(source, [...days(-12, -3), 0]);
    rig.store().record(before);
    expect(await rig.evicted().run()).toEqual({ found: 2, repaired: 0, reported: 0 });
    const planned = windows(rig.sql);
    expect(planned).toEqual(planned.map(() => ({ resource: "steps", turn: 0, state: "queued" })));
    expect(planned).toHaveLength(2);
    await rig.evicted().run();
    rig.clock.now += 2 * HOUR_MS;
    // Not read yet: no verdict.
    expect(rig.evicted().check()).toEqual({ repaired: 0, reported: 0 });
    expect(windows(rig.sql)).toEqual(planned);

    rig.sql.exec("DELETE FROM connection_windows");
    const gaps = rig.evicted();
    rig.store().record(walks(source, [-1]));
    rig.clock.now += 2 * HOUR_MS;
    expect(gaps.check()).toEqual({ repaired: 1, reported: 1 });
    expect(gaps.page(ALL)).toMatchObject([
      { date: TODAY - 1, state: "repaired", repairAt: NOON },
      { date: TODAY - 2, state: "reported", repairAt: NOON },
    ]);
    rig.store().record(before);
    await rig.evicted().run();
    expect(windows(rig.sql)).toEqual([]);
  });
});

it("what stands in the way is the class: a missing permission is not asked for again, an outage is", async () => {
  await withRig(async (rig) => {
    const { id, source, rows } = connected(rig);
    rows.setState(id, "reauth_required", NOON, "token_expired");
    rig.store().record(walks(source, [...days(-12, -2), 0]));
    expect(await rig.evicted().run()).toEqual({ found: 1, repaired: 0, reported: 1 });
    expect(rig.evicted().page(ALL)).toMatchObject([{ class: "permission_missing", state: "reported", repairAt: null }]);
    expect(windows(rig.sql)).toEqual([]);
  });
  await withRig(async (rig) => {
    const { source } = connected(rig);
    rig.breaker.broken = true;
    rig.store().record(walks(source, [...days(-12, -2), 0]));
    await rig.evicted().run();
    expect(rig.evicted().page(ALL)).toMatchObject([{ class: "vendor_outage", state: "repairing" }]);
    // A repair that its vendor never lets through ends after a day.
    rig.clock.now += DAY_MS + HOUR_MS;
    expect(rig.evicted().check()).toEqual({ repaired: 0, reported: 1 });
  });
  await withRig(async (rig) => {
    const { id, source, rows } = connected(rig);
    rows.setState(id, "revoked", NOON);
    rig.store().record(walks(source, [...days(-12, -2), 0]));
    expect(await rig.evicted().run()).toMatchObject({ found: 0 });
  });
});

it("are listed by page and filter, and stay dismissed whatever comes", async () => {
  await withRig(async (rig) => {
    rig.store().record(walks(WATCH, [...days(-12, -3), 0]));
    await rig.evicted().run();
    const gaps = rig.evicted();
    const [first] = gaps.page({ ...ALL, limit: 1 });
    expect(gaps.page({ ...ALL, after: first })).toMatchObject([{ date: TODAY - 2 }]);
    expect(gaps.page({ ...ALL, metric: STEPS, class: "not_worn", state: "open", to: TODAY - 2 })).toHaveLength(1);
    expect(gaps.page({ ...ALL, class: "partial" })).toEqual([]);
    expect(gaps.dismiss(first!)).toMatchObject({ state: "dismissed" });
    expect(() => gaps.dismiss({ date: 1, metric: 1, source: 1 })).toThrow("No such gap");
    rig.store().record(walks(WATCH, [-1, -2]));
    rig.clock.now += 2 * MINUTE_MS;
    expect(gaps.check()).toEqual({ repaired: 1, reported: 0 });
    expect(gaps.page(ALL).map(({ state }) => state)).toEqual(["dismissed", "repaired"]);
  });
});

it("every morning the vault's own alarm does it", async () => {
  await withRig(async (rig) => {
    rig.evicted();
    rig.store().record(walks(WATCH, [0]));
    const timers = rig.sql.exec<{ ref: string; due_at: number }>("SELECT ref, due_at FROM timers WHERE kind = 'gaps'").toArray();
    expect(timers).toEqual([{ ref: "night", due_at: NOON + 19 * HOUR_MS }]);
    const plans = [
      "SELECT date FROM gaps WHERE check_at <= 1 ORDER BY check_at LIMIT 1",
      "SELECT date FROM gaps WHERE date >= 1 AND date <= 2 AND (NULL IS NULL OR metric = NULL) ORDER BY date DESC, metric, source LIMIT 1",
      "UPDATE gaps SET check_at = 1 WHERE date >= 2 AND date <= 3 AND metric = 4 AND state IN ('open', 'repairing', 'reported')",
      "SELECT metric, source, date, slots FROM days WHERE date >= 1 AND date <= 2",
      "SELECT metric, source, date FROM daily WHERE date >= 1 AND date <= 2 AND value IS NOT NULL",
      "SELECT source, date, start, end FROM sleeps WHERE date >= 1 AND date <= 2 AND nap = 0",
    ].map((query) =>
      rig.sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
        .toArray()
        .map(({ detail }) => detail),
    );
    for (const plan of plans) expect(plan.join("; ")).toMatch(/^SEARCH/);
  });
});
