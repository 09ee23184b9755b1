import { env, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { FIXTURES } from "../../../shared/vendors/google-health/fixtures";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { BatchBuilder } from "../../../shared/health/batch";
import type { Batch } from "../../../shared/health/reading";
import { OURA_MODULE } from "../../../shared/vendors/oura/module";
import { METRIC_CODE } from "../../../shared/health/catalogue";
import { directoryKeys, regionalKeys } from "../../../shared/crypto/keys";
import { type ConnectionId, newId, type PersonId, systemRandom } from "../../../shared/id";
import { type LabBatch, NO_LABS } from "../../../shared/labs/result";
import type { VaultPointer } from "../../../shared/vendors/pointer";
import { SUMMARIES } from "../../../shared/vendors/garmin/fixtures";
import { FakeGarmin } from "../../../test/vendors/fake-garmin";
import { FakeGoogle } from "../../../test/vendors/fake-google";
import { liveVendor } from "../../../shared/vendors/vendors";
import { storesOf, vaultDoor } from "../../doors";
import { Store } from "../store/store";
import type { VaultState } from "../state";
import { Timers } from "../timers";
import { VendorClient } from "../../../shared/vendors/client";
import { LAST, LIFE, WAITING } from "./push-rows";
import { ConnectionRows, type StateListener } from "./connection-rows";
import { Connections, SPAN_OF_NIGHTS, type SyncAnswer } from "./connections";
import { LAST_READINGS, LAST_SESSIONS } from "./last-data";
import { PersonKey } from "./person-key";
import { changeWindows } from "./plan";
import type { ConnectionPorts } from "./ports";
import { Quota, type QuotaGate } from "./quota";
import { stateTeller } from "./tell";
import { TokenKeeper } from "./tokens";
import { ARRIVED, EXPIRED, NEXT_WAKE, WAITS_IN_BACKFILL, WindowRows, WITHIN_OTHERS } from "./window-rows";

const START = Date.parse("2026-06-22T12:00:00Z");
const STEPS_ONLY = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";
const ACCESS = {
  hosts: { authorize: "https://accounts.test", token: "https://token.test", api: "https://api.test" },
  credentials: { clientId: "cid", clientSecret: "secret", more: {} },
};

/** Timers that wait for the test to run them. */
class HandTimers extends Timers {
  override set(): void {}
  override setEarliest(): void {}
}

class OpenGate implements QuotaGate {
  waitMs = 0;
  /** How long the first import's share of the limits is used up. */
  pastWaitMs = 0;
  readonly reports: boolean[] = [];
  async take(limits: readonly { readonly name: string }[]) {
    const isPast = limits.some(({ name }) => name.endsWith("_backfill"));
    const waitMs = Math.max(this.waitMs, isPast ? this.pastWaitMs : 0);
    return { allowed: waitMs === 0, retryAfterMs: waitMs };
  }
  async enter() {
    return { allowed: true, retryAfterMs: 0 };
  }
  async report(_name: string, _policy: unknown, succeeded: boolean) {
    this.reports.push(succeeded);
  }
  async learn() {}
  async isBroken() {
    return false;
  }
}

/** A gate whose pushes wait for one connection, and which hands out two at a time. */
class HeldPushes {
  rows: { readonly id: number; readonly cameAt: number; readonly parts: string }[] = [];
  /** Holds back the answer to the next call, which is of the moment of the call. */
  late: Promise<void> | undefined;
  /** Calls that fail first, after the vault has what it fetched. */
  failures = 0;
  #last = 0;
  hold(parts: string, cameAt: number): void {
    this.rows.push({ id: ++this.#last, cameAt, parts });
  }
  async waitingPushes(_: string, after: number, _letters: number, only?: readonly number[]) {
    const found = this.rows.filter(({ id }) => id > after && (only?.includes(id) ?? true)).slice(0, 2);
    const { late } = this;
    this.late = undefined;
    await late;
    return found;
  }
  async donePushes(ids: readonly number[]) {
    if (this.failures-- > 0) throw new Error("the gate does not answer");
    this.rows = this.rows.filter(({ id }) => !ids.includes(id));
  }
}

interface Rig {
  /** Where what vendors sent waits. */
  readonly held: HeldPushes;
  readonly google: FakeGoogle;
  readonly garmin: FakeGarmin;
  /** Types of the events that subscribers are told. */
  readonly told: string[];
  /** Types of what the person is told, and threads of it that are read. */
  readonly news: string[];
  /** What tells of the states of connections, as of the object that was made last. */
  teller(): StateListener;
  /** Laboratory results that pushes brought. */
  readonly labs: LabBatch[];
  readonly gate: OpenGate;
  readonly person: PersonId;
  readonly rows: ConnectionRows;
  readonly sql: SqlStorage;
  readonly ports: ConnectionPorts;
  readonly record: (batch: Batch) => void;
  clock: { now: number };
  /** The object as after an eviction: everything in memory is gone. */
  evicted(): Connections;
  /** One slice of the alarm, ending after `pages`. */
  slice(connections: Connections, id: string): Promise<void>;
  /** Runs a timer of the object that was made last; returns when it wants to run again. */
  fire(kind: string, id: string, attempts?: number): Promise<number | undefined>;
}

/** Runs a test on the storage of a fresh vault, with a clock, a vendor and timers of its own. */
async function withRig(test: (rig: Rig) => Promise<void>): Promise<void> {
  const person = newId("person", "eu", Date.now());
  await runInDurableObject(vaultDoor(env, person), async (_, ctx) => {
    const clock = { now: START };
    const now = () => clock.now;
    const google = new FakeGoogle();
    google.scope = STEPS_ONLY;
    const garmin = new FakeGarmin();
    const told: string[] = [];
    const news: string[] = [];
    const labs: LabBatch[] = [];
    const gate = new OpenGate();
    const held = new HeldPushes();
    const { sql } = ctx.storage;
    const handlers = new Map<string, (id: string, attempts: number) => Promise<number | undefined>>();
    const fire = async (kind: string, id: string, attempts = 0) => await handlers.get(kind)?.(id, attempts);
    const { files, keys } = storesOf(env, "eu");
    const ports: ConnectionPorts = {
      key: new PersonKey(files, regionalKeys(keys), person, systemRandom),
      directory: directoryKeys(env.DIRECTORY_KEYS),
      client: (module) => new VendorClient(module, ACCESS, module.vendor.id === "garmin" ? garmin.fetch : google.fetch, now),
      hookUrl: (vendor) => `https://meridian.test/hooks/${vendor.id}/secret`,
      quota: (vendor) => new Quota(vendor, gate, gate, now),
      pushGate: () => held,
    };
    let teller: StateListener = () => undefined;
    const evicted = () => {
      const timers = new HandTimers(ctx.storage, now);
      const on = timers.on.bind(timers);
      timers.on = (kind, handler) => {
        handlers.set(kind, handler);
        on(kind, handler);
      };
      const store = new Store(ctx.storage, now, () => "Europe/Berlin", timers);
      const state: VaultState = {
        storage: ctx.storage,
        sql,
        env,
        person,
        region: "eu",
        now,
        random: systemRandom,
        timers,
        log: () => {},
        profile: () => ({ timeZone: "Europe/Berlin", locale: "de" }),
        record: (batch) => store.record(batch),
        notify: ({ type, thread }) => {
          news.push(`${type} ${thread}`);
          return { kind: "gone" };
        },
        readNotifications: (thread) => void news.push(`read ${thread}`),
        emit: ({ type }) => {
          told.push(type);
        },
        onRecorded: (listener) => store.onRecorded(listener),
      };
      teller = stateTeller(state);
      return new Connections(state, store.sources, async (batch) => void labs.push(batch), ports);
    };
    const slice = async (_connections: Connections, id: string) => {
      await fire("connections", id);
    };
    const record = (batch: Batch) => {
      new Store(ctx.storage, now, () => "Europe/Berlin", new HandTimers(ctx.storage, now)).record(batch);
    };
    await test({
      google,
      garmin,
      told,
      news,
      teller: () => teller,
      labs,
      fire,
      gate,
      held,
      person,
      rows: new ConnectionRows(sql),
      sql,
      ports,
      record,
      clock,
      evicted,
      slice,
    });
  });
}

/** Connects the person and returns the connection's id. */
async function connect(
  rig: Rig,
  connections = rig.evicted(),
  stateHash: string = crypto.randomUUID(),
  vendor = "google-health",
): Promise<ConnectionId> {
  await connections.begin({ vendor, state: "s", stateHash, redirectUri: "https://api.test/cb" });
  return (await connections.complete(stateHash, "code")).connection;
}

/** Runs alarms, moving the clock, until nothing is left to read. */
async function drain(rig: Rig, id: string, rounds = 60): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    const connections = rig.evicted();
    await rig.slice(connections, id);
    const [view] = connections.list().filter((row) => row.id === id);
    if (
      view === undefined ||
      rig.sql.exec("SELECT 1 FROM connection_windows WHERE connection = ? AND state = 'queued' LIMIT 1", id).toArray().length === 0
    )
      return;
    rig.clock.now += 5 * MINUTE_MS;
  }
  throw new Error("the windows were not worked off");
}

const changed = (rig: Rig, connection: ConnectionId, operation: "upsert" | "delete" = "upsert"): VaultPointer => ({
  kind: "changed",
  person: rig.person,
  connection,
  dataType: "sleep",
  operation,
  since: Date.parse("2026-06-21T20:00:00Z"),
  until: Date.parse("2026-06-22T08:00:00Z"),
});

/** The answer to one pointer. */
const told = (connections: Connections, pointer: VaultPointer): SyncAnswer => connections.sync([pointer])[0]!;

const nights = (rig: Rig): number => rig.sql.exec<{ n: number }>("SELECT count(*) AS n FROM sleeps").one().n;

describe("changes that are told together", () => {
  /** Pointers of one connection: ranges and records, new ones and old ones, some taken back between. */
  const storm = (rig: Rig, connection: ConnectionId): VaultPointer[] =>
    Array.from({ length: 40 }, (_, i): VaultPointer => {
      if (i % 13 === 12) return { kind: "asked", person: rig.person, connection, job: "no-job" };
      const since = START + (i % 7) * DAY_MS;
      const whose = { kind: "changed", person: rig.person, connection, dataType: "sleep", since, until: since + HOUR_MS } as const;
      const object = i % 3 === 0 ? { object: `night-${i % 5}` } : {};
      return { ...whose, operation: i % 9 === 8 ? "delete" : "upsert", ...object };
    });
  const windowsOf = (rig: Rig, id: string) =>
    rig.sql
      .exec(
        `SELECT resource, from_at, to_at, object, purpose, state, turn, attempts, job FROM connection_windows WHERE connection = ?
         ORDER BY resource, from_at, to_at, object`,
        id,
      )
      .toArray();

  it("ask for the same windows as one by one", async () => {
    const planned: unknown[] = [];
    for (const isTogether of [true, false]) {
      await withRig(async (rig) => {
        const id = await connect(rig);
        const pointers = storm(rig, id);
        const answers = isTogether ? rig.evicted().sync(pointers) : pointers.map((pointer) => told(rig.evicted(), pointer));
        planned.push({ answers, windows: windowsOf(rig, id) });
      });
    }
    expect(planned[0]).toEqual(planned[1]);
    expect(planned[0]).toMatchObject({
      windows: expect.arrayContaining([expect.objectContaining({ purpose: "changed", object: "night-0" })]),
    });
  });

  it("are dropped from where the connection has ended among them", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      const ended: VaultPointer = { kind: "ended", person: rig.person, connection: id };
      const outcomes = rig.evicted().sync([changed(rig, id), ended, changed(rig, id)]);
      const alone = outcomes.map(({ outcome }) => outcome);
      expect(alone[0]).toBe("done");
      expect(rig.evicted().sync([changed(rig, id)])[0]?.outcome).toBe(alone[2]);
    });
  });
});

describe("connecting", () => {
  it("is completed again and again at a vendor that does not answer for it, and given up after some hours", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      // One that must be told of the person before it gives anything, and refuses to be.
      rig.google.fault("/users", 400, 9);
      rig.sql.exec("UPDATE connections SET vendor = 'polar' WHERE id = ?", id);
      const connections = rig.evicted();
      const failures = () => connections.detail(id).history.filter(({ kind }) => kind === "set_up_failed").length;
      for (const attempts of [0, 1, 22])
        await expect(rig.fire("connections-set-up", id, attempts)).rejects.toMatchObject({ code: "vendor_failed" });
      expect(failures()).toBe(0);
      expect(await rig.fire("connections-set-up", id, 23)).toBeUndefined();
      expect(failures()).toBe(1);
    });
  });

  it("asks with a challenge whose verifier the exchange then proves", async () => {
    await withRig(async (rig) => {
      const connections = rig.evicted();
      const { url } = await connections.begin({
        vendor: "google-health",
        state: "eu.s",
        stateHash: "h",
        redirectUri: "https://api.test/cb",
        areas: ["sleep", "ecg"],
      });
      const query = new URL(url).searchParams;
      expect(Object.fromEntries(query)).toMatchObject({
        response_type: "code",
        client_id: "cid",
        redirect_uri: "https://api.test/cb",
        state: "eu.s",
        code_challenge_method: "S256",
        access_type: "offline",
        prompt: "consent",
        include_granted_scopes: "true",
        scope: "https://www.googleapis.com/auth/googlehealth.sleep.readonly https://www.googleapis.com/auth/googlehealth.ecg.readonly",
      });
      await connections.complete("h", "the-code");
      const form = rig.google.calls.find(({ path }) => path === "/token")?.form;
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(form?.get("code_verifier") ?? "")));
      expect(
        btoa(String.fromCharCode(...digest))
          .replaceAll("+", "-")
          .replaceAll("/", "_")
          .replaceAll("=", ""),
      ).toBe(query.get("code_challenge"));
      expect(Object.fromEntries(form ?? [])).toMatchObject({
        grant_type: "authorization_code",
        code: "the-code",
        client_id: "cid",
        client_secret: "secret",
      });
    });
  });

  it("stores neither tokens nor the vendor's user id in the clear", async () => {
    await withRig(async (rig) => {
      await connect(rig);
      const tables = rig.sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'connection%'")
        .toArray();
      const text = JSON.stringify(tables.map(({ name }) => rig.sql.exec(`SELECT * FROM "${name}"`).toArray()));
      expect(text).toContain("v1.");
      for (const secret of ["access-", "refresh-", rig.google.userId, "ABC123"]) expect(text).not.toContain(secret);
    });
  });

  it("uses a state once, and not after ten minutes", async () => {
    await withRig(async (rig) => {
      const connections = rig.evicted();
      await connect(rig, connections, "once");
      await expect(connections.complete("once", "code")).rejects.toMatchObject({ code: "gone" });
      await connections.begin({ vendor: "google-health", state: "s", stateHash: "late", redirectUri: "https://api.test/cb" });
      rig.clock.now += 10 * MINUTE_MS;
      await expect(connections.complete("late", "code")).rejects.toMatchObject({ code: "gone" });
      expect(() => connections.refuse("never", "access_denied")).toThrow(expect.objectContaining({ code: "gone" }));
    });
  });

  it.each([
    ["a refused code", () => Response.json({ error: "invalid_grant" }, { status: 400 }), "invalid"],
    ["a broken vendor", () => new Response("", { status: 503 }), "vendor_failed"],
    ["a busy vendor", () => new Response("", { status: 429, headers: { "retry-after": "7" } }), "unavailable"],
    ["a reply without refresh token", () => Response.json({ access_token: "a", expires_in: 10 }), "vendor_failed"],
    ["a reply that is no JSON", () => new Response("<html>"), "vendor_failed"],
  ])("says what %s means and connects nothing", async (_, answer, code) => {
    await withRig(async (rig) => {
      rig.google.fault("/token", answer);
      await expect(connect(rig)).rejects.toMatchObject({ code });
      expect(rig.rows.all().map(({ state }) => state)).toEqual(["pending"]);
    });
  });

  it("takes up the connection of an account it knows and makes another one for another account", async () => {
    await withRig(async (rig) => {
      const first = await connect(rig);
      expect(await connect(rig)).toBe(first);
      rig.google.userId = "somebody-else";
      const second = await connect(rig);
      expect(second).not.toBe(first);
      expect(rig.rows.all().map(({ state }) => state)).toEqual(["active", "active"]);
    });
  });

  it("reads what was asked for and nothing else where the vendor repeats no scopes", async () => {
    await withRig(async (rig) => {
      rig.google.scope = undefined;
      const id = await connect(rig);
      expect(rig.rows.get(id)?.areas).toEqual(["activity_and_fitness", "health_metrics_and_measurements", "sleep", "nutrition"]);
      const connections = rig.evicted();
      await connections.begin({ vendor: "google-health", state: "s", stateHash: "e", redirectUri: "https://api.test/cb", areas: ["ecg"] });
      await connections.complete("e", "code");
      expect(rig.rows.get(id)?.areas).toEqual(["ecg"]);
    });
  });

  it("does not ask for special classes unless they are named, and refuses unknown areas", async () => {
    await withRig(async (rig) => {
      const connections = rig.evicted();
      const { url } = await connections.begin({ vendor: "google-health", state: "s", stateHash: "a", redirectUri: "https://api.test/cb" });
      expect(new URL(url).searchParams.get("scope")).not.toMatch(/ecg|irn|reproductive|mindfulness|symptoms/);
      await expect(
        connections.begin({ vendor: "google-health", state: "s", stateHash: "b", redirectUri: "x", areas: ["constructor"] }),
      ).rejects.toMatchObject({ code: "invalid" });
      await expect(connections.begin({ vendor: "fitbit", state: "s", stateHash: "c", redirectUri: "x" })).rejects.toMatchObject({
        code: "vendor_retired",
      });
    });
  });
});

describe("tokens", () => {
  it("refreshes once for a hundred callers", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      rig.clock.now += 2 * HOUR_MS;
      const keeper = new TokenKeeper(rig.rows, rig.ports.key, () => rig.clock.now, systemRandom);
      const client = rig.ports.client(liveVendor("google-health"));
      const before = rig.google.count("/token");
      const answers = await Promise.all(Array.from({ length: 100 }, () => keeper.access(id, client)));
      expect(rig.google.count("/token") - before).toBe(1);
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(answers[0]?.kind).toBe("token");
    });
  });

  it("reads once for a hundred immediate syncs that come at a time", async () => {
    await withRig(async (rig) => {
      const connections = rig.evicted();
      const id = await connect(rig, connections);
      await drain(rig, id);
      rig.google.calls.length = 0;
      await Promise.all(Array.from({ length: 100 }, () => connections.syncNow()));
      expect(rig.google.count("/sleep/")).toBeLessThan(5);
    });
  });

  it("refreshes after a 401, and asks again once", async () => {
    await withRig(async (rig) => {
      const connections = rig.evicted();
      const id = await connect(rig, connections);
      rig.google.expire();
      await rig.slice(connections, id);
      expect(rig.google.calls.filter(({ form }) => form.get("grant_type") === "refresh_token")).toHaveLength(1);
      expect(rig.rows.get(id)?.state).toBe("active");
    });
  });

  it("wants a new consent when a fresh token is refused too", async () => {
    await withRig(async (rig) => {
      const connections = rig.evicted();
      const id = await connect(rig, connections);
      rig.google.fault("/dataTypes/", 401, 2);
      await rig.slice(connections, id);
      expect(rig.rows.get(id)).toMatchObject({ state: "reauth_required", error: { code: "invalid_token" } });
    });
  });

  it("never tries again after invalid_grant", async () => {
    await withRig(async (rig) => {
      const connections = rig.evicted();
      const id = await connect(rig, connections);
      rig.clock.now += 2 * HOUR_MS;
      rig.google.fault("/token", () => Response.json({ error: "invalid_grant" }, { status: 400 }), 1);
      await rig.slice(connections, id);
      expect(rig.rows.get(id)).toMatchObject({ state: "reauth_required", error: { code: "token_expired" } });
      const calls = rig.google.calls.length;
      rig.clock.now += 24 * HOUR_MS;
      told(rig.evicted(), changed(rig, id));
      await rig.slice(rig.evicted(), id);
      expect(rig.google.calls).toHaveLength(calls);
    });
  });

  it("waits when the token endpoint is down, and keeps the grant", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      rig.clock.now += 2 * HOUR_MS;
      rig.google.fault("/token", 503, 1);
      await rig.slice(rig.evicted(), id);
      expect(rig.rows.get(id)).toMatchObject({ state: "degraded", error: { code: "status" } });
      await drain(rig, id);
      expect(rig.rows.get(id)?.state).toBe("active");
    });
  });

  it("lets a consent given meanwhile win over a refresh that fails", async () => {
    await withRig(async (rig) => {
      const connections = rig.evicted();
      const id = await connect(rig, connections);
      rig.clock.now += 2 * HOUR_MS;
      rig.google.fault("/token", async ({ form }) => {
        if (form.get("grant_type") !== "refresh_token") return undefined;
        await connect(rig, connections);
        return Response.json({ error: "invalid_grant" }, { status: 400 });
      });
      await rig.slice(connections, id);
      expect(rig.rows.get(id)?.state).toBe("active");
    });
  });
});

describe("a refresh whose reply is lost", () => {
  const refreshes = (rig: Rig) => rig.google.calls.filter(({ form }) => form.get("grant_type") === "refresh_token");
  /** The vendor rotates the token, and its answer arrives nowhere. */
  const lose = (rig: Rig, times = 1) =>
    rig.google.fault(
      "/token",
      async ({ body }) => {
        await rig.google.fetch("https://token.test/token", { method: "POST", body });
        rig.google.calls.pop();
        throw new DOMException("late", "TimeoutError");
      },
      times,
    );

  it("is asked for again with the same token, and recovers where the vendor allows that", async () => {
    await withRig(async (rig) => {
      rig.google.rotates = "with_grace";
      const id = await connect(rig);
      await drain(rig, id);
      rig.clock.now += 8 * HOUR_MS;
      told(rig.evicted(), { kind: "due", person: rig.person, connection: id });
      lose(rig);
      await rig.slice(rig.evicted(), id);
      expect(rig.rows.get(id)).toMatchObject({ state: "degraded", error: { code: "timeout" } });
      rig.clock.now = rig.rows.get(id)?.blockedUntil ?? 0;
      await rig.slice(rig.evicted(), id);
      expect(rig.rows.get(id)?.state).toBe("active");
      expect(refreshes(rig).map(({ form }) => form.get("refresh_token"))).toEqual(Array(2).fill(`refresh-${rig.google.userId}`));
      // What the vendor gives from now on is what counts.
      rig.clock.now += 8 * HOUR_MS;
      told(rig.evicted(), { kind: "due", person: rig.person, connection: id });
      await drain(rig, id);
      expect(rig.rows.get(id)?.state).toBe("active");
      expect(new Set(refreshes(rig).map(({ form }) => form.get("refresh_token"))).size).toBe(2);
    });
  });

  it("costs exactly one more call where the vendor does not, and then the person is asked", async () => {
    await withRig(async (rig) => {
      rig.google.rotates = "at_once";
      const id = await connect(rig);
      await drain(rig, id);
      rig.clock.now += 8 * HOUR_MS;
      told(rig.evicted(), { kind: "due", person: rig.person, connection: id });
      lose(rig);
      for (let i = 0; i < 5; i++) {
        await rig.slice(rig.evicted(), id);
        told(rig.evicted(), changed(rig, id));
        await rig.evicted().syncNow();
        rig.clock.now += HOUR_MS;
      }
      expect(refreshes(rig)).toHaveLength(2);
      expect(rig.rows.get(id)).toMatchObject({ state: "reauth_required", error: { code: "token_expired" } });
      expect(await connect(rig)).toBe(id);
      await drain(rig, id);
      expect(rig.rows.get(id)).toMatchObject({ state: "active", error: undefined });
    });
  });
});

describe("the states of a connection", () => {
  it.each<[string, string, (rig: Rig, id: ConnectionId) => Promise<void> | void]>([
    [
      "rate_limited: the token endpoint is busy",
      "rate_limited",
      async (rig, id) => {
        rig.clock.now += 8 * HOUR_MS;
        told(rig.evicted(), { kind: "due", person: rig.person, connection: id });
        rig.google.fault("/token", () => new Response("", { status: 429, headers: { "retry-after": "90" } }));
        await rig.slice(rig.evicted(), id);
      },
    ],
    [
      "stale: nothing was read for two days",
      "stale",
      (rig, id) => {
        rig.clock.now += 48 * HOUR_MS + 1;
        told(rig.evicted(), { kind: "due", person: rig.person, connection: id });
      },
    ],
    ["error: a pointer was lost for good", "error", (rig, id) => rig.evicted().failSync(changed(rig, id))],
  ])("%s, until a page is read, and both are told and kept", async (_, state, trouble) => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      await trouble(rig, id);
      expect(rig.rows.get(id)?.state).toBe(state);
      expect(rig.evicted().detail(id)).toMatchObject({ state, error: { code: expect.any(String) }, nextSyncAt: expect.any(Number) });
      told(rig.evicted(), changed(rig, id));
      rig.clock.now = Math.max(rig.clock.now, rig.rows.get(id)?.blockedUntil ?? 0);
      await drain(rig, id);
      expect(rig.evicted().detail(id)).toMatchObject({ state: "active", error: undefined });
      const kinds = rig.rows.events(id, 3).map(({ kind }) => kind);
      expect(kinds.slice(0, 2)).toEqual(["recovered", state === "error" ? "sync_failed" : state]);
    });
  });

  it.each([
    ["reauth_required", "sync_failure"],
    ["stale", "sync_trouble"],
    ["error", "sync_trouble"],
    ["degraded", undefined],
    ["rate_limited", undefined],
  ] as const)(
    "%s: the person is told once of what does not pass by itself, and it is read once the connection works",
    async (state, type) => {
      await withRig(async (rig) => {
        const id = await connect(rig);
        rig.news.length = 0;
        const rows = new ConnectionRows(rig.sql, rig.teller());
        for (let turn = 0; turn < 2; turn++) rows.setState(id, state, START, "trouble");
        const told = type === undefined ? [] : [`${type} connection/${id}`];
        expect(rig.news).toEqual(told);
        rows.setState(id, "active", START, "fine");
        expect(rig.news).toEqual([...told, `read connection/${id}`]);
      });
    },
  );

  it.each(["degraded", "rate_limited", "stale", "error"] as const)("%s can be paused and ended", async (state) => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      rig.rows.setState(id, state, START, "trouble");
      expect(rig.evicted().pauseConnection(id)).toMatchObject({ state: "paused", nextSyncAt: undefined });
      expect(rig.evicted().resumeConnection(id).state).toBe("active");
      rig.rows.setState(id, state, START, "trouble");
      expect(told(rig.evicted(), { kind: "ended", person: rig.person, connection: id })).toEqual({ outcome: "dropped" });
      expect(rig.evicted().detail(id)).toMatchObject({ state: "revoked", nextSyncAt: undefined });
      expect(rig.evicted().select("google-health")).toMatchObject({ id, state: "pending" });
      expect(await connect(rig)).toBe(id);
      expect(rig.rows.get(id)).toMatchObject({ state: "active", error: undefined });
    });
  });

  it("counts every change, and tells those who come back what they have missed while it is known", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      const { seq = 0 } = rig.evicted().progress(id) ?? {};
      await drain(rig, id);
      const { seq: read = 0, view } = rig.evicted().progress(id) ?? {};
      expect(read).toBeGreaterThan(seq);
      expect(view?.backfill.done).toBe(view?.backfill.total);
      rig.evicted().pauseConnection(id);
      rig.evicted().resumeConnection(id);
      expect(
        rig
          .evicted()
          .eventsAfter(id, read)
          ?.map(({ kind }) => kind),
      ).toEqual(["paused", "resumed"]);
      for (let i = 0; i < 50; i++) {
        rig.evicted().pauseConnection(id);
        rig.evicted().resumeConnection(id);
      }
      expect(rig.evicted().eventsAfter(id, read)).toBeUndefined();
    });
  });

  it("says how far each metric goes, and looks up nothing else", async () => {
    await withRig(async (rig) => {
      rig.google.scope = `${STEPS_ONLY} https://www.googleapis.com/auth/googlehealth.health_metrics_and_measurements.readonly`;
      rig.google.pages.set("sleep", [[FIXTURES.sleep]]);
      rig.google.pages.set("weight", [[FIXTURES.weight]]);
      const id = await connect(rig);
      await drain(rig, id, 200);
      const { end } = rig.sql.exec<{ end: number }>("SELECT max(end) AS end FROM sleeps").one();
      const { at } = rig.sql
        .exec<{ at: number }>("SELECT max(start) AS at FROM readings WHERE metric = ?", METRIC_CODE.get("body_weight"))
        .one();
      expect(rig.evicted().detail(id).lastData).toEqual({ sleep: end, body_weight: at });
      for (const query of [LAST_READINGS, ...Object.values(LAST_SESSIONS)]) {
        const values = query === LAST_READINGS ? ["[1]", "[1]"] : ["[1]"];
        const plan = rig.sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...values).toArray();
        const scans = plan.filter(({ detail }) => /^SCAN (?!m |o |m$|o$)/.test(detail));
        expect(scans, JSON.stringify(plan)).toEqual([]);
        expect(plan.some(({ detail }) => detail.startsWith("SEARCH"))).toBe(true);
      }
    });
  });
});

describe("reading", () => {
  it("reads the first import newest first, through all pages, and does not read it again", async () => {
    await withRig(async (rig) => {
      rig.google.pages.set("sleep", [[FIXTURES.sleep], []]);
      const id = await connect(rig);
      await drain(rig, id);
      const asked = rig.google.calls.filter(({ path, query }) => path.includes("/sleep/") && !query.has("pageToken"));
      const ends = asked.map(({ query }) => /< "([^"]+)"/.exec(query.get("filter") ?? "")?.[1] ?? "");
      expect(ends).toEqual(ends.toSorted().toReversed());
      expect(asked.length).toBeGreaterThanOrEqual(5);
      expect(rig.google.calls.filter(({ query }) => query.get("pageToken") === "1")).toHaveLength(asked.length);
      expect(nights(rig)).toBe(1);
      const before = rig.google.calls.length;
      await rig.slice(rig.evicted(), id);
      expect(rig.google.calls).toHaveLength(before);
    });
  });

  it("goes on where it was, whenever the object ends", async () => {
    for (let stop = 0; stop < 8; stop++) {
      await withRig(async (rig) => {
        rig.google.pages.set("sleep", [[FIXTURES.sleep], [], []]);
        const id = await connect(rig);
        let calls = 0;
        rig.google.fault("/dataTypes/", () => (calls++ === stop ? Promise.reject(new Error("the object ended")) : undefined), 1_000);
        await drain(rig, id);
        expect(nights(rig)).toBe(1);
        expect(rig.rows.get(id)?.state).toBe("active");
        expect(rig.sql.exec("SELECT 1 FROM connection_windows WHERE state <> 'done'").toArray()).toEqual([]);
      });
    }
  });

  it("does not fill again what is filled when the person reconnects", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      await rig.evicted().disconnect(id, { tell: true, deleteData: false });
      rig.google.calls.length = 0;
      expect(await connect(rig)).toBe(id);
      await drain(rig, id);
      expect(rig.google.count("/sleep/")).toBe(1);
    });
  });

  it("reads a change and is not impressed by its replays", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      rig.google.pages.set("sleep", [[FIXTURES.sleep]]);
      for (let replay = 0; replay < 3; replay++) {
        expect(told(rig.evicted(), changed(rig, id))).toMatchObject({ outcome: "done" });
        await drain(rig, id);
      }
      expect(nights(rig)).toBe(1);
    });
  });

  it("deletes a range and reads it again", async () => {
    await withRig(async (rig) => {
      rig.google.pages.set("sleep", [[FIXTURES.sleep]]);
      const id = await connect(rig);
      await drain(rig, id);
      expect(nights(rig)).toBe(1);
      rig.google.pages.set("sleep", [[]]);
      told(rig.evicted(), changed(rig, id, "delete"));
      await drain(rig, id);
      expect(nights(rig)).toBe(0);
      rig.google.pages.set("sleep", [[FIXTURES.sleep]]);
      told(rig.evicted(), changed(rig, id));
      await drain(rig, id);
      expect(nights(rig)).toBe(1);
    });
  });

  it("reads a new window when a change comes while its page is under way", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      const connections = rig.evicted();
      told(connections, changed(rig, id));
      rig.google.fault("/sleep/", () => {
        told(connections, changed(rig, id));
        return undefined;
      });
      rig.google.calls.length = 0;
      await rig.slice(connections, id);
      expect(rig.google.count("/sleep/")).toBe(2);
    });
  });

  it("stores nothing of a page that arrives after the person has disconnected", async () => {
    await withRig(async (rig) => {
      const connections = rig.evicted();
      const id = await connect(rig, connections);
      rig.google.pages.set("sleep", [[FIXTURES.sleep]]);
      rig.google.fault("/sleep/", async () => {
        await connections.disconnect(id, { tell: false, deleteData: true });
        return undefined;
      });
      await rig.slice(connections, id);
      expect(nights(rig)).toBe(0);
      expect(rig.rows.get(id)?.state).toBe("revoked");
    });
  });

  it("skips a data type that the vendor forbids and reads the others", async () => {
    await withRig(async (rig) => {
      rig.google.scope = `${STEPS_ONLY} https://www.googleapis.com/auth/googlehealth.irn.readonly`;
      const id = await connect(rig);
      rig.google.fault("/sleep/", 403, 1_000);
      await drain(rig, id);
      const [detail] = rig.evicted().status("google-health");
      expect(detail?.resources.map(({ resource, state }) => [resource, state])).toEqual([
        ["irregular-rhythm-notification", "active"],
        ["sleep", "permission_missing"],
      ]);
      expect(detail?.state).toBe("active");
      expect(rig.google.count("/sleep/")).toBe(1);
    });
  });

  it("starts a window over when its page token has grown old, and gives it up in the end", async () => {
    await withRig(async (rig) => {
      rig.google.pages.set("sleep", [[FIXTURES.sleep], []]);
      const id = await connect(rig);
      rig.google.fault(
        "/sleep/",
        ({ query }) => (query.has("pageToken") ? Response.json({ error: {} }, { status: 400 }) : undefined),
        10_000,
      );
      await drain(rig, id);
      const [detail] = rig.evicted().status("google-health");
      expect(detail?.backfill).toMatchObject({ done: 0, failed: detail?.backfill.total });
      expect(detail?.history.some(({ kind, detail: text }) => kind === "window_failed" && text === "sleep: vendor_refused_400")).toBe(true);
      expect(nights(rig)).toBe(1);
    });
  });

  it("waits as long as a 429 says", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      rig.google.fault("/sleep/", () => new Response("", { status: 429, headers: { "retry-after": "90" } }));
      await rig.slice(rig.evicted(), id);
      expect(rig.rows.get(id)).toMatchObject({ state: "rate_limited", blockedUntil: START + 90_000 });
      const calls = rig.google.calls.length;
      rig.clock.now += 89_000;
      await rig.slice(rig.evicted(), id);
      expect(rig.google.calls).toHaveLength(calls);
      rig.clock.now += 1_001;
      await rig.slice(rig.evicted(), id);
      expect(rig.google.calls.length).toBeGreaterThan(calls);
      expect(rig.rows.get(id)?.state).toBe("active");
    });
  });

  it.each([
    ["5xx", () => new Response("", { status: 503 }), "status"],
    ["a broken line", () => Promise.reject(new Error("reset")), "network"],
    ["a time-out", () => Promise.reject(new DOMException("late", "TimeoutError")), "timeout"],
    ["a reply that is no JSON", () => new Response("<html>"), "not_json"],
    ["a reply that is no page", () => Response.json([]), "malformed_reply"],
    ["a redirect", () => new Response("", { status: 302, headers: { location: "https://elsewhere.test" } }), "status"],
  ])("waits longer and longer after %s, and recovers", async (_, answer, reason) => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      rig.google.fault("/sleep/", answer, 3);
      const waits: number[] = [];
      for (let i = 0; i < 3; i++) {
        await rig.slice(rig.evicted(), id);
        const { blockedUntil = 0, state, error } = rig.rows.get(id) ?? {};
        expect([state, error?.code]).toEqual(["degraded", reason]);
        waits.push(blockedUntil - rig.clock.now);
        rig.clock.now = blockedUntil;
      }
      expect(waits).toEqual(waits.toSorted((a, b) => a - b));
      expect(waits[2]).toBeGreaterThan((waits[0] ?? 0) * 3);
      await drain(rig, id);
      expect(rig.rows.get(id)?.state).toBe("active");
    });
  });

  it("tells the breaker of failures and asks the gate before every call", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      rig.google.fault("/sleep/", 503);
      await rig.slice(rig.evicted(), id);
      expect(rig.gate.reports).toEqual([false]);
      rig.clock.now += HOUR_MS / 2;
      rig.gate.waitMs = 4_000;
      const calls = rig.google.calls.length;
      rig.evicted();
      expect(await rig.fire("connections", id)).toBe(rig.clock.now + 4_000);
      expect(rig.google.calls).toHaveLength(calls);
    });
  });

  it("reads what is new while the first import waits for its share of the limits", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      rig.gate.pastWaitMs = 12 * HOUR_MS;
      rig.evicted();
      await rig.fire("connections", id);
      rig.google.calls.length = 0;
      rig.evicted();
      await rig.fire("connections", id);
      expect(rig.google.calls).toEqual([]);
      expect(told(rig.evicted(), changed(rig, id))).toMatchObject({ outcome: "done" });
      await rig.fire("connections", id);
      expect(rig.google.calls).toHaveLength(1);
      expect(rig.rows.get(id)?.state).toBe("active");
      rig.gate.pastWaitMs = 0;
      rig.clock.now += 12 * HOUR_MS;
      await drain(rig, id);
      const { backfill } = rig.evicted().list()[0] ?? fail();
      expect(backfill.done).toBe(backfill.total);
    });
  });
});

describe("asking", () => {
  it("catches up incrementally with an overlap when it is due", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      rig.clock.now = START + 8 * HOUR_MS;
      rig.google.calls.length = 0;
      const answer = told(rig.evicted(), { kind: "due", person: rig.person, connection: id });
      expect(answer).toMatchObject({ outcome: "done", registration: { connection: id, vendor: "google-health" } });
      await drain(rig, id);
      const [call, ...rest] = rig.google.calls.filter(({ path }) => path.includes("/sleep/"));
      expect(rest).toEqual([]);
      expect(call?.query.get("filter")).toBe(
        'sleep.interval.end_time >= "2026-06-20T00:00:00.000Z" AND sleep.interval.end_time < "2026-06-23T00:00:00.000Z"',
      );
      rig.google.calls.length = 0;
      told(rig.evicted(), { kind: "due", person: rig.person, connection: id });
      await drain(rig, id);
      expect(rig.google.calls).toEqual([]);
    });
  });

  it("keeps one window that catches up, however many days nothing could be read", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      rig.google.calls.length = 0;
      for (let day = 1; day <= 10; day++) {
        rig.clock.now = START + day * DAY_MS;
        told(rig.evicted(), { kind: "due", person: rig.person, connection: id });
      }
      const waiting =
        "SELECT resource FROM connection_windows WHERE state = 'queued' AND purpose = 'incremental' GROUP BY resource HAVING count(*) > 1";
      expect(rig.sql.exec(waiting).toArray()).toEqual([]);
      await drain(rig, id);
      const [call, ...rest] = rig.google.calls.filter(({ path }) => path.includes("/sleep/"));
      expect(rest).toEqual([]);
      expect(call?.query.get("filter")).toBe(
        'sleep.interval.end_time >= "2026-06-20T00:00:00.000Z" AND sleep.interval.end_time < "2026-07-03T00:00:00.000Z"',
      );
    });
  });

  it("goes on with what somebody asked for and with what has begun, also where a longer window catches up", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      const { job } = rig.evicted().request();
      told(rig.evicted(), { kind: "asked", person: rig.person, connection: id, job: job.id });
      rig.clock.now = START + DAY_MS;
      told(rig.evicted(), { kind: "due", person: rig.person, connection: id });
      expect(rig.evicted().job(job.id)).toMatchObject({ state: "running", done: 0 });
      rig.sql.exec("UPDATE connection_windows SET page = 'begun' WHERE state = 'queued' AND purpose = 'asked'");
      const { job: next } = rig.evicted().request();
      told(rig.evicted(), { kind: "asked", person: rig.person, connection: id, job: next.id });
      expect(rig.evicted().job(job.id)).toMatchObject({ state: "running", done: 0 });
      await drain(rig, id);
      expect([job, next].map((one) => rig.evicted().job(one.id)?.state)).toEqual(["done", "done"]);
    });
  });

  it("counts what an immediate sync brings", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      rig.google.pages.set("sleep", [[FIXTURES.sleep, { sleep: {} }]]);
      const [first] = await rig.evicted().syncNow("google-health");
      expect(first).toMatchObject({ read: 2, accepted: 1, rejected: 1, left: 0, connection: { id, state: "active" } });
      const [second] = await rig.evicted().syncNow();
      expect(second).toMatchObject({ read: 2, accepted: 0, duplicate: 1, rejected: 1, left: 0 });
    });
  });

  it("follows a requested sync from waiting to done", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      const { job, connections } = rig.evicted().request();
      expect(connections).toEqual([id]);
      expect(job).toMatchObject({ state: "waiting", total: 0 });
      told(rig.evicted(), { kind: "asked", person: rig.person, connection: id, job: job.id });
      expect(rig.evicted().job(job.id)).toMatchObject({ state: "running", total: 1, done: 0 });
      await drain(rig, id);
      expect(rig.evicted().job(job.id)).toMatchObject({ state: "done", total: 1, done: 1 });
      expect(() => rig.evicted().job("job_eu_x")).toThrow(expect.objectContaining({ code: "not_found" }));
    });
  });

  it("shows a pointer that was lost for good, until the next page succeeds", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      rig.evicted().failSync(changed(rig, id));
      expect(rig.rows.get(id)).toMatchObject({ state: "error", error: { code: "sync_failed" } });
      await drain(rig, id);
      expect(rig.rows.get(id)).toMatchObject({ state: "active", error: undefined });
    });
  });
});

describe("disconnecting", () => {
  it("revokes at the vendor, destroys the tokens and keeps the readings", async () => {
    await withRig(async (rig) => {
      rig.google.pages.set("sleep", [[FIXTURES.sleep]]);
      const id = await connect(rig);
      await drain(rig, id);
      expect(await rig.evicted().disconnect(id, { tell: true, deleteData: false })).toEqual({ deleted: 0 });
      expect(rig.google.calls.find(({ path }) => path === "/revoke")?.form.get("token")).toBe(`refresh-${rig.google.userId}`);
      expect(rig.sql.exec("SELECT 1 FROM connection_secrets WHERE connection = ?", id).toArray()).toEqual([]);
      expect(nights(rig)).toBe(1);
      expect(rig.rows.get(id)?.state).toBe("revoked");
    });
  });

  it("deletes the readings where asked, and says how many", async () => {
    await withRig(async (rig) => {
      rig.google.pages.set("sleep", [[FIXTURES.sleep]]);
      const id = await connect(rig);
      await drain(rig, id);
      expect(await rig.evicted().disconnect(id, { tell: false, deleteData: true })).toMatchObject({ deleted: 1 });
      expect(nights(rig)).toBe(0);
      expect(rig.google.count("/revoke")).toBe(0);
    });
  });

  it("destroys the tokens although the vendor is down", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      rig.google.fault("/revoke", 503);
      await rig.evicted().disconnect(id, { tell: true, deleteData: false });
      expect(rig.sql.exec("SELECT 1 FROM connection_secrets WHERE connection = ?", id).toArray()).toEqual([]);
      expect(rig.rows.events(id, 5).map(({ kind }) => kind)).toContain("revoke_unconfirmed");
    });
  });
});

describe("pausing", () => {
  it("asks nothing meanwhile, and reads what was told when resumed", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      expect(rig.evicted().pauseConnection(id).state).toBe("paused");
      expect(rig.evicted().pauseConnection(id).state).toBe("paused");
      rig.google.calls.length = 0;
      rig.google.pages.set("sleep", [[FIXTURES.sleep]]);
      // Longer ago than what catches up looks back.
      const [since, until] = [START - 90 * DAY_MS, START - 89 * DAY_MS];
      expect(told(rig.evicted(), { ...changed(rig, id), since, until } as VaultPointer)).toEqual({ outcome: "done" });
      await rig.slice(rig.evicted(), id);
      expect(rig.google.calls).toEqual([]);
      expect(rig.evicted().resumeConnection(id).state).toBe("active");
      await drain(rig, id);
      const begins = rig.google.calls.map(({ query }) => /\d{4}-\d{2}-\d{2}/.exec(query.get("filter") ?? "")?.[0]);
      expect(begins).toEqual(expect.arrayContaining(["2026-03-23", "2026-06-20"]));
    });
  });

  it.each(["paused", "reauth_required"])(
    "takes away what the vendor deletes while the connection is %s, however much waits",
    async (state) => {
      await withRig(async (rig) => {
        const id = await connect(rig);
        rig.google.pages.set("sleep", [[FIXTURES.sleep]]);
        await drain(rig, id);
        expect(nights(rig)).toBe(1);
        rig.sql.exec("UPDATE connections SET state = ? WHERE id = ?", state, id);
        new WindowRows(rig.sql).plan(
          id,
          Array.from({ length: 5_000 }, (_, i) => ({ resource: "sleep", purpose: "changed", from: i, to: i + 1, object: `night-${i}` })),
          START,
        );
        expect(told(rig.evicted(), changed(rig, id))).toEqual({ outcome: "dropped" });
        expect(told(rig.evicted(), changed(rig, id, "delete"))).toEqual({ outcome: "done" });
        expect(nights(rig)).toBe(0);
      });
    },
  );

  it("is not for a connection that has ended", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await rig.evicted().disconnect(id, { tell: false, deleteData: false });
      for (const verb of ["pauseConnection", "resumeConnection", "startBackfill"] as const)
        expect(() => rig.evicted()[verb](id)).toThrow(expect.objectContaining({ code: "conflict" }));
      expect(() => rig.evicted().pauseConnection("con_eu_x")).toThrow(expect.objectContaining({ code: "not_found" }));
    });
  });
});

describe("the first import", () => {
  it("can be left out half-way and taken up again, and reads nothing twice", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await rig.slice(rig.evicted(), id);
      const { backfill: before } = rig.evicted().list()[0] ?? fail();
      const { backfill: cancelled } = rig.evicted().cancelBackfill(id);
      expect(cancelled).toMatchObject({ done: before.done, skipped: before.total - before.done, total: before.total });
      await drain(rig, id);
      expect(rig.evicted().list()[0]?.backfill.done).toBe(before.done);
      const asked = rig.google.calls.length;
      rig.evicted().startBackfill(id);
      await drain(rig, id);
      const { backfill: after } = rig.evicted().list()[0] ?? fail();
      expect(after).toMatchObject({ done: before.total, skipped: 0 });
      expect(rig.google.calls.length - asked).toBeLessThanOrEqual(before.total - before.done + 2);
    });
  });

  it("leaves what is to be read anyhow, also where the first import had the same window", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      const windows = new WindowRows(rig.sql);
      const window = { resource: "sleep", from: START, to: START + DAY_MS } as const;
      windows.plan(id, [{ ...window, purpose: "backfill" }], START);
      windows.plan(id, [{ ...window, purpose: "incremental" }], START);
      rig.evicted().cancelBackfill(id);
      expect(windows.queued(id)).toBe(1);
      // Who agrees again plans the same first import again.
      windows.plan(id, [{ ...window, purpose: "backfill" }], START);
      rig.evicted().cancelBackfill(id);
      expect(windows.next(id, START)).toMatchObject({ ...window, purpose: "incremental" });
    });
  });

  it("is over where what is left of it is read as something new", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      rig.told.length = 0;
      const [window] = changeWindows(liveVendor("google-health").vendor, "sleep", { from: START, to: START + 1 });
      new WindowRows(rig.sql).plan(id, [{ ...window!, purpose: "backfill" }], START);
      told(rig.evicted(), { ...changed(rig, id), since: START, until: START + 1 } as VaultPointer);
      expect(rig.told).toEqual(["backfill.completed"]);
      await drain(rig, id);
      expect(rig.told.filter((type) => type === "backfill.completed")).toEqual(["backfill.completed"]);
    });
  });
});

describe("a permission that was taken back at the vendor", () => {
  it("ends the connection, its tokens and its reading, once and for all", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      for (let i = 0; i < 2; i++)
        expect(told(rig.evicted(), { kind: "ended", person: rig.person, connection: id })).toEqual({ outcome: "dropped" });
      expect(rig.rows.get(id)).toMatchObject({ state: "revoked", error: { code: "revoked_at_vendor" } });
      expect(rig.sql.exec("SELECT 1 FROM connection_secrets WHERE connection = ?", id).toArray()).toEqual([]);
      expect(rig.sql.exec("SELECT 1 FROM connection_windows WHERE connection = ? AND state = 'queued'", id).toArray()).toEqual([]);
    });
  });
});

/** Connects with Garmin. */
const connectGarmin = (rig: Rig): Promise<ConnectionId> => connect(rig, rig.evicted(), crypto.randomUUID(), "garmin");

/** A push as the receiver hands it on: summaries of one kind, the first of which begins at an instant. */
const pushed = (resource: string, at: number, ...more: readonly object[]): string => {
  const summary = { ...SUMMARIES[resource], startTimeInSeconds: at / 1000, calendarDate: new Date(at).toISOString().slice(0, 10) };
  return JSON.stringify([{ resource, reply: [summary, ...more.map((one) => ({ ...summary, ...one }))] }]);
};

/** Has a push kept that came now, or so long ago; whether it was taken. */
const keep = async (rig: Rig, id: ConnectionId, parts: string, agoMs = 0): Promise<boolean> =>
  await rig.evicted().push(id, { cameAt: rig.clock.now - agoMs, parts }, () => undefined);

/** Has a push read at once; the laboratory results that it brought, undefined where nobody takes it. */
const take = async (rig: Rig, id: ConnectionId, parts: string): Promise<LabBatch | undefined> => {
  rig.labs.length = 0;
  if (!(await keep(rig, id, parts))) return undefined;
  await rig.fire("connections-pushes", id);
  return rig.labs[0] ?? NO_LABS;
};

/** What is stored by the day, without what differs between two vaults. */
const storedIn = (rig: Rig) =>
  rig.sql
    .exec<{ metric: number; date: number; value: number }>(
      "SELECT metric, date, value FROM daily UNION ALL SELECT metric, date, value FROM readings ORDER BY 1, 2, 3",
    )
    .toArray();

const statesOf = (rig: Rig, resource: string): string[] =>
  rig.sql
    .exec<{ state: string }>("SELECT state FROM connection_windows WHERE resource = ? ORDER BY from_at DESC", resource)
    .toArray()
    .map(({ state }) => state);

const permissionOf = (rig: Rig, resource: string): string | undefined =>
  rig
    .evicted()
    .status("garmin")[0]
    ?.resources.find((one) => one.resource === resource)?.state;

describe("a vendor that sends the past later", () => {
  it("is asked once for each kind, as far back as it gives, and waited for", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      await drain(rig, id);
      const asked = rig.garmin.backfills("dailies").map(({ query }) => [...query.values()].map((text) => Number(text) * 1000));
      expect(Math.min(...asked.flat())).toBe(Date.parse("2026-05-23T00:00:00Z"));
      expect(Math.max(...asked.flat())).toBeLessThanOrEqual(rig.clock.now);
      expect(rig.garmin.backfills("manuallyUpdated")).toEqual([]);
      expect(rig.garmin.backfills("mct")).toEqual([]);
      const [view] = rig.evicted().list();
      expect(view?.backfill).toMatchObject({ done: 0, failed: 0, waiting: view?.backfill.total });
      const calls = rig.garmin.calls.length;
      await rig.slice(rig.evicted(), id);
      expect(rig.garmin.calls.length).toBe(calls);
      expect(rig.told).not.toContain("backfill.completed");
    });
  });

  it("ends a window's waiting with data of its time, and not with what the device measures now", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      await drain(rig, id);
      const [newest, ...older] = statesOf(rig, "dailies");
      expect(new Set([newest, ...older])).toEqual(new Set(["waiting_vendor"]));
      expect(await take(rig, id, pushed("dailies", START - 2 * HOUR_MS))).toEqual(NO_LABS);
      expect(statesOf(rig, "dailies")[0]).toBe("waiting_vendor");
      for (let replay = 0; replay < 2; replay++) await take(rig, id, pushed("dailies", START - 3 * DAY_MS));
      expect(statesOf(rig, "dailies")[0]).toBe("done");
      expect(statesOf(rig, "sleeps")[0]).toBe("waiting_vendor");
      expect(await take(rig, id, pushed("dailies", START - 29 * DAY_MS))).toEqual(NO_LABS);
      expect(new Set(statesOf(rig, "dailies"))).toEqual(new Set(["done"]));
    });
  });

  it("is not waited for longer than a day: what did not come was not there", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      await drain(rig, id);
      const again = await rig.fire("connections", id);
      expect(again).toBeGreaterThan(START + 23 * HOUR_MS);
      rig.clock.now = (again ?? 0) + HOUR_MS;
      await rig.slice(rig.evicted(), id);
      const [view] = rig.evicted().list();
      expect(view?.backfill).toMatchObject({ waiting: 0, failed: 0, done: view?.backfill.total });
      expect(rig.told.filter((type) => type === "backfill.completed")).toEqual(["backfill.completed"]);
      expect(await rig.fire("connections", id)).toBeUndefined();
    });
  });

  it("is asked for nothing twice, wherever the object ends between", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      for (let i = 0; i < 40; i++) await rig.slice(rig.evicted(), id);
      const asked = rig.garmin.backfills().map(({ path, query }) => `${path} ${query.toString()}`);
      expect(new Set(asked).size).toBe(asked.length);
    });
  });

  it("is waited for without a look at every window", async () => {
    await withRig(async (rig) => {
      for (const [query, ...values] of [
        [NEXT_WAKE, "c"],
        [EXPIRED, "c", 1],
        [WITHIN_OTHERS, "c", "[]"],
        [WAITS_IN_BACKFILL, "c", "[]"],
        [ARRIVED, 1, "c", "[]", 1, 2, 3],
      ] as const) {
        const plan = rig.sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...values).toArray();
        const [first] = plan.map(({ detail }) => detail).filter((detail) => detail.includes("connection_windows"));
        expect(first).toMatch(/^SEARCH connection_windows USING .*connection=\? AND (state|resource)=\?/);
      }
    });
  });

  it("waits for what another authorization has asked for already", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      await drain(rig, id);
      rig.sql.exec("UPDATE connection_windows SET state = 'queued', due_at = 0");
      rig.clock.now = START;
      await drain(rig, id);
      expect(new Set(statesOf(rig, "dailies"))).toEqual(new Set(["waiting_vendor"]));
    });
  });

  it("is asked again from where its past begins, and for no window before that", async () => {
    await withRig(async (rig) => {
      rig.garmin.minStart = START - 12 * DAY_MS + 345;
      const id = await connectGarmin(rig);
      await drain(rig, id);
      const last = rig.garmin.backfills("dailies").at(-1);
      const asked = rig.garmin.backfills("activities").map(({ query }) => Number(query.get("summaryStartTimeInSeconds")));
      expect(asked).toContain(Math.ceil(rig.garmin.minStart / 1000));
      expect(last).toBeDefined();
      const [view] = rig.evicted().list();
      expect(view?.backfill).toMatchObject({ failed: 0, skipped: 0 });
      expect(new Set([...statesOf(rig, "dailies"), ...statesOf(rig, "activities")])).toEqual(new Set(["waiting_vendor", "done"]));
    });
  });

  it("is asked after a pause for what was missed, and for nothing of the first import again", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      await drain(rig, id);
      await take(rig, id, pushed("dailies", START - 3 * DAY_MS));
      rig.clock.now = START + 2 * DAY_MS;
      await rig.slice(rig.evicted(), id);
      await take(rig, id, pushed("dailies", START + DAY_MS));
      rig.evicted().pauseConnection(id);
      rig.clock.now += 1;
      expect(await take(rig, id, pushed("dailies", START + DAY_MS))).toBeUndefined();
      rig.clock.now = START + 10 * DAY_MS;
      rig.garmin.calls.length = 0;
      rig.evicted().resumeConnection(id);
      rig.garmin.expire();
      await drain(rig, id);
      const [missed, ...rest] = rig.garmin.backfills("dailies");
      expect(rest.map(({ query }) => query.toString()).filter((text) => text !== missed?.query.toString())).toEqual([]);
      expect(Number(missed?.query.get("summaryStartTimeInSeconds")) * 1000).toBe(Date.parse("2026-06-22T00:00:00Z"));
      await take(rig, id, pushed("dailies", START + 5 * DAY_MS));
      expect(statesOf(rig, "dailies")).not.toContain("waiting_vendor");
    });
  });

  it("is kept as it came and read a moment later, many together as if one by one, with the last version of each", async () => {
    const sent = Array.from({ length: 12 }, (_, i) =>
      pushed("dailies", START - (3 + (i % 4)) * DAY_MS).replace('"steps":9001', `"steps":${1_000 + i}`),
    );
    const oneByOne: unknown[] = [];
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      for (const parts of sent) {
        await take(rig, id, parts);
        rig.clock.now += 1;
      }
      oneByOne.push(...storedIn(rig));
    });
    expect(oneByOne.length).toBeGreaterThan(12);
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      for (const parts of sent) expect(await keep(rig, id, parts)).toBe(true);
      expect(storedIn(rig)).toEqual([]);
      rig.evicted();
      expect(await rig.fire("connections-pushes", id)).toBeUndefined();
      expect(storedIn(rig)).toEqual(oneByOne);
      expect(rig.sql.exec("SELECT 1 FROM connection_pushes").toArray()).toEqual([]);
    });
  });

  it("is kept for a connection that lives, and read also where it was paused or ended since", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      await keep(rig, id, pushed("dailies", START - 3 * DAY_MS));
      rig.evicted().pauseConnection(id);
      rig.clock.now += 1;
      expect(await keep(rig, id, pushed("dailies", START - 4 * DAY_MS))).toBe(false);
      await rig.evicted().disconnect(id, { tell: false, deleteData: false });
      await rig.fire("connections-pushes", id);
      expect(new Set(storedIn(rig).map(({ date }) => date)).size).toBe(1);
      expect(rig.evicted().detail(id).state).toBe("revoked");
      await rig.evicted().disconnect(id, { tell: false, deleteData: true });
      expect(storedIn(rig)).toEqual([]);
    });
  });

  describe("where it waited at the gate", () => {
    const DAY = START - 3 * DAY_MS;
    const steps = (n: number) => pushed("dailies", DAY).replace('"steps":9001', `"steps":${n}`);
    const stays = (): void => undefined;
    const from = (rig: Rig, connection: ConnectionId) => ({ kind: "pushed", person: rig.person, connection, vendor: "garmin" }) as const;
    const stepsOf = async (rig: Rig, id: string): Promise<readonly number[]> => {
      await rig.fire("connections-pushes", id);
      return storedIn(rig).flatMap(({ metric, value }) => (metric === METRIC_CODE.get("steps") ? [value] : []));
    };

    it("is fetched whole and in order, and the gate forgets it", async () => {
      await withRig(async (rig) => {
        const id = await connectGarmin(rig);
        for (let n = 1; n <= 7; n++) rig.held.hold(steps(n), rig.clock.now);
        expect(await rig.evicted().fetchPushes(id, from(rig, id), stays)).toEqual([]);
        expect(rig.held.rows).toEqual([]);
        expect(await stepsOf(rig, id)).toEqual([7]);
      });
    });

    it("leaves the latest version, also where the gate did not hear that it was fetched and it comes again after a later one", async () => {
      await withRig(async (rig) => {
        const id = await connectGarmin(rig);
        rig.held.hold(steps(1), rig.clock.now);
        rig.held.failures = 1;
        await expect(rig.evicted().fetchPushes(id, from(rig, id), stays)).rejects.toThrow();
        expect(await stepsOf(rig, id)).toEqual([1]);
        rig.held.hold(steps(2), rig.clock.now + 1);
        expect(await rig.evicted().fetchPushes(id, from(rig, id), stays)).toEqual([]);
        expect(await stepsOf(rig, id)).toEqual([2]);
      });
    });

    it("leaves the latest version where several fetch at once", async () => {
      await withRig(async (rig) => {
        const id = await connectGarmin(rig);
        const connections = rig.evicted();
        rig.held.hold(steps(1), rig.clock.now);
        const { promise, resolve } = Promise.withResolvers<void>();
        rig.held.late = promise;
        const first = connections.fetchPushes(id, from(rig, id), stays);
        rig.held.hold(steps(2), rig.clock.now);
        const second = connections.fetchPushes(id, from(rig, id), stays);
        // Time enough for the second to overtake the first, if it may.
        for (let turn = 0; turn < 100; turn++) await Promise.resolve();
        resolve();
        await Promise.all([first, second]);
        expect(await stepsOf(rig, id)).toEqual([2]);
      });
    });

    it("is read before one that was too long to wait and came later", async () => {
      await withRig(async (rig) => {
        const id = await connectGarmin(rig);
        rig.held.hold(steps(1), rig.clock.now);
        expect(await keep(rig, id, `${steps(2)}${" ".repeat(700_000)}`)).toBe(true);
        expect(rig.held.rows).toEqual([]);
        expect(await stepsOf(rig, id)).toEqual([2]);
      });
    });

    it("stays there where the vault is about to leave", async () => {
      await withRig(async (rig) => {
        const id = await connectGarmin(rig);
        rig.held.hold(steps(1), rig.clock.now);
        const leaves = (): void => {
          throw new Error("about to leave");
        };
        await expect(rig.evicted().fetchPushes(id, from(rig, id), leaves)).rejects.toThrow("about to leave");
        expect([rig.held.rows.length, await stepsOf(rig, id)]).toEqual([1, []]);
      });
    });

    it("is answered where nobody takes it, and let go where the person had it removed", async () => {
      await withRig(async (rig) => {
        const id = await connectGarmin(rig);
        rig.held.hold(steps(1), rig.clock.now);
        rig.clock.now += MINUTE_MS;
        await rig.evicted().disconnect(id, { tell: false, deleteData: true });
        rig.held.hold(steps(2), rig.clock.now + MINUTE_MS);
        expect(await rig.evicted().fetchPushes(id, from(rig, id), stays)).toEqual([2]);
        expect(rig.held.rows.map((push) => push.id)).toEqual([2]);
        expect(await stepsOf(rig, id)).toEqual([]);
      });
    });

    it("is fetched for another connection where that was there when it came, which the gate hears of from others", async () => {
      await withRig(async (rig) => {
        const id = await connectGarmin(rig);
        const other = newId("connection", "eu", START);
        rig.held.hold(steps(1), rig.clock.now - HOUR_MS);
        rig.held.hold(steps(2), rig.clock.now);
        rig.held.hold(steps(3), rig.clock.now);
        expect(await rig.evicted().fetchPushes(id, from(rig, other), stays, [1, 2])).toEqual([1]);
        expect(rig.held.rows).toHaveLength(3);
        expect(await stepsOf(rig, id)).toEqual([2]);
      });
    });
  });

  it("may be late: what came while the connection lived is the person's, unless they had its data removed since", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      rig.clock.now += HOUR_MS;
      rig.evicted().pauseConnection(id);
      rig.clock.now += HOUR_MS;
      expect(await keep(rig, id, pushed("dailies", START - 3 * DAY_MS), 90 * MINUTE_MS)).toBe(true);
      expect(await keep(rig, id, pushed("dailies", START - 4 * DAY_MS), 30 * MINUTE_MS)).toBe(false);
      await rig.evicted().disconnect(id, { tell: false, deleteData: false });
      expect(await keep(rig, id, pushed("dailies", START - 3 * DAY_MS), 90 * MINUTE_MS)).toBe(true);
      await rig.fire("connections-pushes", id);
      expect(new Set(storedIn(rig).map(({ date }) => date)).size).toBe(1);
      await rig.evicted().disconnect(id, { tell: false, deleteData: true });
      expect(await keep(rig, id, pushed("dailies", START - 3 * DAY_MS), 90 * MINUTE_MS)).toBe(false);
      expect(await keep(rig, id, pushed("dailies", START - 3 * DAY_MS))).toBe(false);
      expect(storedIn(rig)).toEqual([]);
    });
  });

  it("does not bring back what the person had removed, also where they have connected again", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      rig.clock.now += HOUR_MS;
      await rig.evicted().disconnect(id, { tell: false, deleteData: true });
      rig.clock.now += HOUR_MS;
      rig.sql.exec("UPDATE connections SET state = 'active' WHERE id = ?", id);
      expect(await keep(rig, id, pushed("dailies", START - 3 * DAY_MS), 90 * MINUTE_MS)).toBe(false);
      expect(await keep(rig, id, pushed("dailies", START - 3 * DAY_MS))).toBe(true);
    });
  });

  it("is read again after a failure, and what cannot be read is set aside without holding up the rest", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      await keep(rig, id, "[{}]");
      await keep(rig, id, pushed("dailies", START - 3 * DAY_MS));
      rig.evicted();
      for (let attempts = 0; attempts < 3; attempts++) await expect(rig.fire("connections-pushes", id, attempts)).rejects.toThrow();
      expect(storedIn(rig)).toEqual([]);
      expect(await rig.fire("connections-pushes", id, 3)).toBeUndefined();
      expect(storedIn(rig)).not.toEqual([]);
      expect(rig.sql.exec("SELECT failed_at FROM connection_pushes").toArray()).toEqual([{ failed_at: rig.clock.now }]);
      expect(
        rig
          .evicted()
          .detail(id)
          .history.map(({ kind }) => kind),
      ).toContain("malformed_push");
    });
  });

  it("is read at once where it is too long to be kept, after what came before", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      await keep(rig, id, pushed("dailies", START - 3 * DAY_MS));
      await keep(rig, id, `${pushed("dailies", START - 4 * DAY_MS)}${" ".repeat(700_000)}`);
      expect(rig.sql.exec("SELECT 1 FROM connection_pushes").toArray()).toEqual([]);
      expect(new Set(storedIn(rig).map(({ date }) => date)).size).toBeGreaterThan(1);
    });
  });

  it("is found by an index while it waits", async () => {
    await withRig(async (rig) => {
      for (const [query, ...values] of [
        [WAITING, "c", 1],
        [LAST, "c"],
        [LIFE, "c"],
      ] as const) {
        const plan = rig.sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...values).toArray();
        const details = plan.map(({ detail }) => detail);
        expect(details).toContainEqual(expect.stringMatching(/^SEARCH connection(_pushe)?s USING (PRIMARY KEY|(COVERING )?INDEX)/));
        expect(details.filter((detail) => /SCAN (?!CONSTANT|json_each)/.test(detail))).toEqual([]);
      }
    });
  });

  it("brings what the person has chosen here, and nothing else, whatever is permitted there", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      expect(await take(rig, id, pushed("mct", START))).toEqual(NO_LABS);
      expect(rig.sql.exec("SELECT 1 FROM readings").toArray()).toEqual([]);
      expect(await take(rig, id, pushed("bloodPressures", START, { systolic: "high" }))).toEqual(NO_LABS);
      expect(rig.sql.exec("SELECT 1 FROM readings").toArray()).toHaveLength(1);
      const resources = rig.evicted().status("garmin")[0]?.resources;
      expect(resources?.find(({ resource }) => resource === "bloodPressures")).toMatchObject({ read: 2, rejected: 1 });
    });
  });

  it("is pulled for what a ping names, with a token that lives, and not where it asks for something that we do not read", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      await drain(rig, id);
      rig.garmin.pulls.set("bloodPressures", [SUMMARIES["bloodPressures"]]);
      rig.garmin.expire();
      const ping = { ...changed(rig, id), dataType: "bloodPressures", object: "1782000000-1782086400-T1" } as VaultPointer;
      for (let replay = 0; replay < 2; replay++) expect(told(rig.evicted(), ping)).toMatchObject({ outcome: "done" });
      expect(told(rig.evicted(), { ...ping, dataType: "activityFiles" } as VaultPointer)).toMatchObject({ outcome: "done" });
      await drain(rig, id);
      const pulls = rig.garmin.calls.filter(({ path }) => path === "/wellness-api/rest/bloodPressures");
      expect(pulls.map(({ query }) => query.get("token"))).toEqual(["T1", "T1"]);
      expect(rig.sql.exec("SELECT 1 FROM readings").toArray()).toHaveLength(1);
      expect(rig.garmin.calls.filter(({ form }) => form.get("grant_type") === "refresh_token")).toHaveLength(1);
    });
  });
});

describe("a night that the vendor deletes", () => {
  it("goes with what was measured in it, and what a stream tells of that time is read again", async () => {
    await withRig(async (rig) => {
      const id = await connect(rig);
      await drain(rig, id);
      rig.sql.exec("UPDATE connections SET vendor = 'oura' WHERE id = ?", id);
      for (const resource of ["sleep", "heartrate"])
        rig.sql.exec(
          "INSERT OR REPLACE INTO connection_resources (connection, resource, state, next_at) VALUES (?, ?, 'active', 9e15)",
          id,
          resource,
        );
      const read = (resource: string, reply: unknown) => {
        const into = new BatchBuilder();
        OURA_MODULE.readPage(resource, reply, into, { connection: id, syncedAt: rig.clock.now, timeZone: "UTC" });
        rig.record(into.take());
      };
      const night = {
        id: "n1",
        day: "2026-06-22",
        bedtime_start: "2026-06-21T22:00:00+00:00",
        bedtime_end: "2026-06-22T06:00:00+00:00",
        type: "long_sleep",
        heart_rate: { interval: 300, items: Array.from({ length: 96 }, (_, i) => 50 + (i % 9)), timestamp: "2026-06-21T22:00:00+00:00" },
      };
      const beats = () => rig.sql.exec<{ n: number }>("SELECT coalesce(sum(n), 0) AS n FROM segments").one().n;
      const before = nights(rig);
      read("sleep", { data: [night] });
      read("heartrate", { data: [{ bpm: 61, timestamp: "2026-06-22T03:02:00+00:00", source: "awake" }] });
      expect([nights(rig), beats()]).toEqual([before + 1, 97]);
      const gone = { ...changed(rig, id, "delete"), object: "n1" } as VaultPointer;
      for (let replay = 0; replay < 2; replay++) expect(told(rig.evicted(), gone)).toMatchObject({ outcome: "done" });
      expect([nights(rig), beats()]).toEqual([before, 1]);
      const planned = rig.sql
        .exec("SELECT from_at, to_at FROM connection_windows WHERE connection = ? AND resource = 'heartrate' AND purpose = 'changed'", id)
        .toArray();
      expect(planned).toEqual([{ from_at: Date.parse("2026-06-21T22:00:00Z"), to_at: Date.parse("2026-06-22T06:00:00Z") + 1 }]);
      const [plan] = rig.sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${SPAN_OF_NIGHTS}`, "[]").toArray();
      expect(plan?.detail).toContain("sleeps_by_record");
    });
  });
});

describe("a permission that changes at the vendor", () => {
  it("is asked there: what is closed is read no more, what opens is asked for again", async () => {
    await withRig(async (rig) => {
      rig.garmin.permissions = ["HEALTH_EXPORT"];
      const id = await connectGarmin(rig);
      expect(await rig.fire("connections-permissions", id)).toBe(START + 7 * DAY_MS);
      await drain(rig, id);
      expect([permissionOf(rig, "dailies"), permissionOf(rig, "activities")]).toEqual(["active", "permission_missing"]);
      expect(rig.garmin.backfills("activities")).toEqual([]);
      rig.garmin.permissions = ["ACTIVITY_EXPORT", "MCT_EXPORT"];
      expect(told(rig.evicted(), { kind: "permissions", person: rig.person, connection: id })).toMatchObject({ outcome: "done" });
      await rig.fire("connections-permissions", id);
      await drain(rig, id);
      expect([permissionOf(rig, "dailies"), permissionOf(rig, "activities")]).toEqual(["permission_missing", "active"]);
      expect(new Set(statesOf(rig, "activities"))).toEqual(new Set(["waiting_vendor"]));
      expect(statesOf(rig, "dailies")).not.toContain("waiting_vendor");
      expect(permissionOf(rig, "mct")).toBeUndefined();
    });
  });

  it("shows by what comes, too", async () => {
    await withRig(async (rig) => {
      rig.garmin.permissions = ["ACTIVITY_EXPORT"];
      const id = await connectGarmin(rig);
      await drain(rig, id);
      expect(permissionOf(rig, "dailies")).toBe("permission_missing");
      rig.garmin.permissions = ["ACTIVITY_EXPORT", "HEALTH_EXPORT"];
      await take(rig, id, pushed("dailies", START - HOUR_MS));
      await drain(rig, id);
      expect(permissionOf(rig, "dailies")).toBe("active");
      expect(new Set(statesOf(rig, "dailies"))).toEqual(new Set(["waiting_vendor"]));
    });
  });

  it("ends the connection where the vendor says so when asked, and not by a word that comes late", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      const leave = async () => {
        told(rig.evicted(), { kind: "ended", person: rig.person, connection: id });
        return await rig.fire("connections-ending", id);
      };
      expect(await leave()).toBeUndefined();
      expect(rig.rows.get(id)?.state).toBe("active");
      rig.garmin.isOver = true;
      expect(await leave()).toBeUndefined();
      expect(rig.rows.get(id)).toMatchObject({ state: "revoked", error: { code: "revoked_at_vendor" } });
      expect(rig.sql.exec("SELECT 1 FROM connection_secrets WHERE connection = ?", id).toArray()).toEqual([]);
      rig.clock.now += 1;
      expect(await take(rig, id, pushed("dailies", START))).toBeUndefined();
    });
  });

  it("wants a new consent where nobody said that it was taken back", async () => {
    await withRig(async (rig) => {
      const id = await connectGarmin(rig);
      rig.garmin.isOver = true;
      expect(await rig.fire("connections-permissions", id)).toBeUndefined();
      expect(rig.rows.get(id)).toMatchObject({ state: "reauth_required", error: { code: "token_expired" } });
    });
  });
});

function fail(): never {
  throw new TypeError("there is no connection");
}
