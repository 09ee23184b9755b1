import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { Authenticator } from "../../test/authenticator";
import { evictVault, filesIn, insertSession, type Leaver, leaver, rowsWith, storageOf } from "../../test/leaver";
import { fetchApp, freshPassword, ORIGIN, registerPerson, send } from "../../test/people";
import { intervals, samples } from "../../test/vaults";
import { answerFetch, FakeGoogle } from "../../test/vendors/fake-google";
import { HOUR_MS } from "../../shared/clock";
import { movedIds } from "../../shared/erasure/moved-ids";
import { newId, parseId, type PersonId, regionOf } from "../../shared/id";
import { MOVED_TABLES, MOVING } from "../../durable-objects/vault/moving/tables";
import { hashOf, readSlice, type Row } from "../../durable-objects/vault/moving/rows";
import { regional, vaultOf } from "../regional";
import { movePorts, type MovePorts } from "./ports";
import { runMove } from "./run-move";
import { MOVE_STEPS, type MoveStep } from "./steps";

let google: FakeGoogle;
beforeEach(() => {
  google = new FakeGoogle();
  answerFetch(google);
});
afterEach(() => vi.restoreAllMocks());

const FOR_EVER = 60_000;

function portsAt(clock: { now: number }): MovePorts {
  const ports = movePorts(env, () => clock.now);
  const quiet = { log: () => undefined, mailer: { send: async () => undefined } };
  return { ...ports, ...quiet, erasure: { ...ports.erasure, ...quiet } };
}

/** Fills what `leaver` leaves empty: every kind of reading, a connection with secrets, a target with credentials, a second consent. */
async function fill({ person, actor, friend }: Leaver): Promise<void> {
  const vault = vaultOf(env, person);
  const now = Date.now();
  const at = now - 3 * HOUR_MS;
  await vault.record(
    samples(
      "heart_rate",
      Array.from({ length: 2_500 }, (_, i) => ({ at: at + i * 1_000, value: 60 + (i % 40) })),
    ),
  );
  await vault.record(
    intervals(
      "steps",
      Array.from({ length: 300 }, (_, i) => ({ at: at - i * 60_000, end: at - i * 60_000 + 59_000, value: i + 1, id: `s-${i}` })),
    ),
  );
  const push = {
    data: {
      records: [
        {
          id: "w",
          type: "HKQuantityTypeIdentifierBodyMass",
          startDate: "2026-11-20T07:30:00Z",
          endDate: "2026-11-20T07:30:00Z",
          value: 7_000,
          unit: "kg",
        },
      ],
      sleep: [],
      workouts: [{ id: "r", type: "running", startDate: "2026-11-20T07:30:00Z", endDate: "2026-11-20T08:00:00Z" }],
    },
  };
  await vault.ingest(actor, "healthkit", await new Response(JSON.stringify(push)).arrayBuffer());
  const connection = newId("connection", regionOf(person), now);
  const place = { table: "connection_secrets", column: "sealed", row: `${connection}/tokens` };
  const tokens = await vault.seal(place, JSON.stringify({ access: "a", expiresAt: now, refresh: "r" }));
  // Written by hand: a connection that lives would go on reading meanwhile.
  await runInDurableObject(vault, (_instance, { storage: { sql } }) => {
    sql.exec("INSERT INTO connections (id, vendor, state, created_at) VALUES (?, 'google-health', 'reauth_required', ?)", connection, now);
    sql.exec("INSERT INTO connection_secrets (connection, name, sealed) VALUES (?, 'tokens', ?)", connection, tokens);
    sql.exec("INSERT INTO connection_resources (connection, resource, state, next_at) VALUES (?, 'steps', 'active', ?)", connection, now);
    sql.exec(
      "INSERT INTO connection_windows (connection, resource, from_at, to_at, purpose, state, due_at) VALUES (?, 'steps', 0, 1, 'backfill', 'done', 0)",
      connection,
    );
    sql.exec("INSERT INTO connection_jobs (id, created_at, waiting) VALUES (?, ?, 0)", newId("job", regionOf(person), now), now);
    sql.exec("INSERT INTO connection_events (connection, seq, at, kind) VALUES (?, 1, ?, 'connected')", connection, now);
  });
  await vault.createFhirTarget(actor, {
    name: "Clinic",
    baseUrl: "https://fhir.clinic.org/r4",
    auth: { kind: "bearer", token: "a-secret" },
    state: "paused",
    metrics: null,
    categories: null,
  });
  const revoked = newId("consent", regionOf(person), now);
  await vault.giveConsent(actor, revoked, { grantee: friend, role: "user", categories: ["sleep"], actions: ["read"], purpose: "personal" });
  await vault.revokeConsent(actor, revoked, undefined);
}

/** Writes a move down as the request would. */
async function book(
  { person, region }: Pick<Leaver, "person" | "region">,
  to: "us" | "eu" | "ap",
  now: number,
): Promise<{ id: string; to: PersonId }> {
  const id = newId("move", region, now);
  const fresh = newId("person", to, now);
  const hex = () => (crypto.randomUUID() + crypto.randomUUID()).replaceAll("-", "");
  // "x" is the password hash that `leaver` writes.
  const proven = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
  const arrival = JSON.stringify({ emailHash: hex(), keyVersion: "1", passwordHash: "y", proven });
  await regional(env, region)
    .records.prepare(
      "insert into moves (id, person_id, new_person_id, state, next_at, requested_at, arrival) values (?1, ?2, ?3, 'running', ?4, ?4, ?5)",
    )
    .bind(id, person, fresh, now, arrival)
    .run();
  return { id, to: fresh };
}

/** Everything in a vault that moves, open and under the ids of `map`, by table. */
async function contents(
  person: PersonId,
  map: (text: string) => string = (text) => text,
): Promise<Record<string, { n: number; hash: string }>> {
  const vault = vaultOf(env, person);
  const tables = await runInDurableObject(vault, (_instance, { storage: { sql } }) =>
    MOVING.map((table) => {
      const rows: Row[] = [];
      for (;;) {
        const last = rows.at(-1);
        const key =
          last === undefined
            ? undefined
            : sql
                .exec<{ name: string }>("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", table)
                .toArray()
                .map(({ name }) => last[name] as string | number);
        const slice = readSlice(sql, table, { after: key });
        if (slice.length === 0) return { table, rows };
        rows.push(...slice);
      }
    }),
  );
  const entries = await Promise.all(
    tables.map(async ({ table, rows }) => {
      const how = MOVED_TABLES[table];
      if (how === undefined || "left" in how) throw new TypeError("not a table that moves");
      const open = await Promise.all(
        rows.map(async (row): Promise<Row> => {
          if (how.how === "chain") return { seq: row["seq"] ?? null, at: row["at"] ?? null, body: row["body"] ?? null };
          const { sealed } = how;
          const value = sealed === undefined ? null : row[sealed.column];
          const opened =
            sealed !== undefined && typeof value === "string" ? { [sealed.column]: await vault.unseal(sealed.place(row), value) } : {};
          const mapped = Object.fromEntries(
            Object.entries(row).map(([column, cell]) => [column, typeof cell === "string" ? map(cell) : cell]),
          );
          return { ...mapped, ...opened };
        }),
      );
      return [table, { n: open.length, hash: hashOf(open) }] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** What arrival itself adds: new versions of consents, and the log's first line. */
const WITHOUT_ARRIVAL = (tables: Record<string, { n: number; hash: string }>) => {
  const { consents: _consents, access_log: _log, ...rest } = tables;
  return rest;
};

const stateOf = async (region: "eu" | "us" | "ap", id: string) =>
  await regional(env, region).records.prepare("select state, problem, arrival, place from moves where id = ?").bind(id).first();

const NOWHERE = { tables: [], alarm: null };
const code = async (response: Response) => z.looseObject({ code: z.string() }).parse(await response.json()).code;

describe("moving to another region", () => {
  it("carries every table over, opens every seal there, and leaves nothing here", async () => {
    const one = await leaver("eu");
    await fill(one);
    const clock = { now: Date.now() };
    const { id, to } = await book(one, "us", clock.now);
    await vaultOf(env, one.person).revokeSession(newId("session", "eu", 1), 0);
    const before = await contents(one.person, movedIds(one.person, to));
    for (const table of [
      "segments",
      "readings",
      "workouts",
      "quarantine",
      "connections",
      "connection_secrets",
      "fhir_targets",
      "person_details",
      "consents",
      "access_log",
    ])
      expect(before[table]?.n, table).toBeGreaterThan(0);

    expect(await runMove(portsAt(clock), "eu", id, FOR_EVER)).toBe(true);
    expect(await stateOf("eu", id)).toEqual({ state: "done", problem: null, arrival: null, place: null });
    const after = await contents(to);
    // Waking sets what is due, and nothing else.
    expect(WITHOUT_ARRIVAL(after)).toEqual(WITHOUT_ARRIVAL(before));
    expect(after["consents"]?.n).toBe((before["consents"]?.n ?? 0) + 1);
    expect(after["access_log"]?.n).toBe((before["access_log"]?.n ?? 0) + 1);

    expect(await rowsWith(one.person)).toEqual([]);
    expect((await filesIn("eu")).filter((name) => name.includes(one.person))).toEqual([]);
    expect(await storageOf(one.person)).toEqual(NOWHERE);
    expect(google.count("revoke")).toBe(0);
  });

  it("the access log is proven there too, and says where it comes from", async () => {
    const one = await leaver("eu");
    const clock = { now: Date.now() };
    const { id, to } = await book(one, "ap", clock.now);
    await runMove(portsAt(clock), "eu", id, FOR_EVER);
    const session = newId("session", "ap", clock.now);
    await insertSession(regional(env, "ap").records, session, to, clock.now);
    const actor = { kind: "person" as const, person: to, session };
    const vault = vaultOf(env, to);
    const proven = await vault.verifyAccessLog(actor, 0, 20_000);
    expect(proven).toMatchObject({ intact: true, fault: null });
    const { items } = await vault.accessLog(actor, { actor: "region_move", limit: 10 });
    expect(items).toEqual([
      expect.objectContaining({
        action: "manage",
        about: [one.person, expect.stringMatching(/^head \d+ /), expect.stringMatching(/^statement \w+\./)],
      }),
    ]);
  });

  it("consents in both directions follow the new id", async () => {
    const one = await leaver("eu");
    const clock = { now: Date.now() };
    const friend = vaultOf(env, one.friend);
    const friendActor = { kind: "person" as const, person: one.friend, session: newId("session", "us", 1) };
    const given = newId("consent", "us", clock.now);
    await friend.giveConsent(friendActor, given, {
      grantee: one.person,
      role: "user",
      categories: ["vitals"],
      actions: ["read"],
      purpose: "personal",
    });
    await regional(env, "eu")
      .records.prepare("insert into shared_with (grantee_id, owner_id, consent_id) values (?, ?, ?)")
      .bind(one.person, one.friend, given)
      .run();
    const { id, to } = await book(one, "ap", clock.now);
    await runMove(portsAt(clock), "eu", id, FOR_EVER);

    const [newest, first] = await friend.consentHistory(friendActor, given);
    expect([newest?.version, newest?.grantee.id, first?.grantee.id]).toEqual([2, to, one.person]);
    const received = await regional(env, "ap")
      .records.prepare("select owner_id, consent_id from shared_with where grantee_id = ?")
      .bind(to)
      .all();
    expect(received.results).toEqual([{ owner_id: one.friend, consent_id: given }]);
    const shared = await regional(env, "us")
      .records.prepare("select owner_id from shared_with where grantee_id = ?")
      .bind(one.friend)
      .all();
    expect(shared.results).toEqual([{ owner_id: to }]);
    expect(await vaultOf(env, to).sharedWith({ ...friendActor, roles: ["user"] })).toMatchObject({ consents: [{ owner: to }] });
    expect(await friend.sharedWith({ kind: "person", person: to, session: newId("session", "ap", 1), roles: ["user"] })).not.toBeNull();
  });

  it("second factors, passkeys, vendors' accounts and what is due are there, under the person's new id", async () => {
    const one = await leaver("us");
    const clock = { now: Date.now() };
    const { id, to } = await book(one, "eu", clock.now);
    await runMove(portsAt(clock), "us", id, FOR_EVER);
    const { records } = regional(env, "eu");
    const count = async (table: string, column = "person_id") =>
      (await records.prepare(`select count(*) as n from ${table} where ${column} = ?`).bind(to).first<{ n: number }>())?.n;
    expect(
      await Promise.all(["credentials", "totp", "recovery_codes", "passkeys", "due_connections"].map((table) => count(table))),
    ).toEqual([1, 1, 1, 1, 1]);
    expect(await Promise.all(["sessions", "api_keys", "imports"].map((table) => count(table)))).toEqual([0, 0, 0]);
    const app = await records.prepare("select sealed_secret from totp where person_id = ?").bind(to).first<{ sealed_secret: string }>();
    const place = { table: "totp", column: "sealed_secret", row: to };
    expect(await vaultOf(env, to).unseal(place, app?.sealed_secret ?? "")).toBe("JBSWY3DPEHPK3PXP");
    const account = await env.DIRECTORY.prepare("select connection_id from vendor_accounts where person_id = ?")
      .bind(to)
      .first<{ connection_id: string }>();
    expect(account?.connection_id).toMatch(/^con_eu_/);
    expect(await env.DIRECTORY.prepare("select count(*) as n from emails where person_id = ?").bind(to).first()).toEqual({ n: 1 });
  });

  it("refuses everything at the old side with a time to come back while it is copied", async () => {
    const one = await leaver("eu");
    const clock = { now: Date.now() };
    const { id } = await book(one, "us", clock.now);
    await runMove(portsAt(clock), "eu", id, FOR_EVER, stepsCut("copy", "after"));
    const vault = vaultOf(env, one.person);
    const calls = [
      () => vault.metrics(one.actor),
      () => vault.record(samples("heart_rate", [{ at: clock.now, value: 60 }])),
      () => vault.metrics({ ...one.actor, person: one.friend }),
      () => vault.seal({ table: "t", column: "c", row: "r" }, "x"),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "unavailable", retryAfter: 60 });
    expect(await vault.sync([{ kind: "due", person: one.person, connection: newId("connection", "eu", 1) }])).toEqual([
      { outcome: "later", retryAfterS: 60 },
    ]);
  });

  it("is given up where the log is not intact, a copy differs, or the password changed, and the old side goes on", async () => {
    for (const fault of ["log_not_intact", "copies_differ", "password_changed"] as const) {
      const one = await leaver("eu");
      const clock = { now: Date.now() };
      const { id, to } = await book(one, "us", clock.now);
      if (fault === "log_not_intact")
        await runInDurableObject(
          vaultOf(env, one.person),
          (_i, { storage }) => void storage.sql.exec("UPDATE access_log SET at = at + 1 WHERE seq = 2"),
        );
      if (fault === "password_changed")
        await regional(env, "eu")
          .records.prepare("update credentials set password_hash = 'new' where person_id = ?")
          .bind(one.person)
          .run();
      const steps = MOVE_STEPS.map((step): MoveStep =>
        step.name === "compare" && fault === "copies_differ"
          ? {
              name: step.name,
              run: async (ports, job) => {
                await runInDurableObject(
                  vaultOf(env, job.to),
                  (_i, { storage }) => void storage.sql.exec("UPDATE segments SET max = max + 1"),
                );
                return await step.run(ports, job);
              },
            }
          : step,
      );
      expect(await runMove(portsAt(clock), "eu", id, FOR_EVER, steps)).toBe(true);
      expect(await stateOf("eu", id)).toMatchObject({ state: "failed", problem: fault, arrival: null });
      expect((await vaultOf(env, one.person).metrics(one.actor)).length).toBe(1);
      await nothingAt(to);
    }
  });
});

/** The steps, of which one fails, before or after it has worked. */
function stepsCut(name: string, when: "before" | "after"): MoveStep[] {
  return MOVE_STEPS.map((step) => ({
    name: step.name,
    run: async (ports, job) => {
      if (step.name !== name) return await step.run(ports, job);
      if (when === "after") await step.run(ports, job);
      throw new Error("cut");
    },
  }));
}

async function nothingAt(person: PersonId): Promise<void> {
  expect(await rowsWith(person)).toEqual([]);
  expect((await filesIn(regionOf(person))).filter((name) => name.includes(person))).toEqual([]);
  expect((await storageOf(person)).tables).toEqual([]);
}

describe("killed", () => {
  it.each(MOVE_STEPS.map(({ name }) => name))("before and after %s and run again, it comes to the same", async (name) => {
    const one = await leaver("eu");
    const clock = { now: Date.now() };
    const { id, to } = await book(one, "us", clock.now);
    const before = await contents(one.person, movedIds(one.person, to));
    for (const when of ["before", "after"] as const) {
      expect(await runMove(portsAt(clock), "eu", id, FOR_EVER, stepsCut(name, when))).toBe(false);
      // At any instant the address leads to one of the two.
      const leads = await env.DIRECTORY.prepare("select count(*) as n from emails where person_id in (?, ?)").bind(one.person, to).first();
      expect(leads).toEqual({ n: 1 });
      await evictVault(one.person);
      clock.now += HOUR_MS;
    }
    expect(await runMove(portsAt(clock), "eu", id, FOR_EVER)).toBe(true);
    expect(await stateOf("eu", id)).toMatchObject({ state: "done", arrival: null });
    expect(WITHOUT_ARRIVAL(await contents(to))).toEqual(WITHOUT_ARRIVAL(before));
    expect(await rowsWith(one.person)).toEqual([]);
    expect(await storageOf(one.person)).toEqual(NOWHERE);
  });

  const cancellable = MOVE_STEPS.slice(0, MOVE_STEPS.findIndex(({ name }) => name === "leave") + 1).map(({ name }) => name);
  it.each(cancellable)("before %s and cancelled, the old side is as it was and the new one empty", async (name) => {
    const one = await leaver("eu");
    const clock = { now: Date.now() };
    const { id, to } = await book(one, "us", clock.now);
    const before = await contents(one.person);
    const rows = await rowsWith(one.person);
    await runMove(portsAt(clock), "eu", id, FOR_EVER, stepsCut(name, "before"));
    await regional(env, "eu").records.prepare("update moves set state = 'cancelling' where id = ?").bind(id).run();
    clock.now += HOUR_MS;
    expect(await runMove(portsAt(clock), "eu", id, FOR_EVER)).toBe(true);
    expect(await stateOf("eu", id)).toMatchObject({ state: "cancelled" });
    expect(await rowsWith(one.person)).toEqual(rows);
    await nothingAt(to);
    const after = await contents(one.person);
    // Lines about the cancelling itself come after the others.
    expect(after["access_log"]?.n).toBeGreaterThanOrEqual(before["access_log"]?.n ?? 0);
    const { access_log: _before, ...rest } = before;
    expect(after).toMatchObject(rest);
  });
});

describe("over HTTP", () => {
  const json = { "content-type": "application/json" };
  const move = (person: { fetch: (path: string, init?: RequestInit) => Promise<Response> }, region: string, password: string) =>
    person.fetch("/v1/me/region", { method: "POST", headers: json, body: JSON.stringify({ region, password }) });

  it("wants the password, another region, and no import under way", async () => {
    const person = await registerPerson("eu");
    const [same, wrong] = [await move(person, "eu", person.password), await move(person, "us", freshPassword())];
    expect([same.status, await code(same)]).toEqual([422, "invalid"]);
    expect([wrong.status, await code(wrong)]).toEqual([401, "invalid_credentials"]);
    await person.fetch("/v1/imports", {
      method: "POST",
      headers: json,
      body: JSON.stringify({ kind: "apple-health-export", fileName: "e.zip", size: 10 }),
    });
    const importing = await move(person, "us", person.password);
    expect([importing.status, await code(importing)]).toEqual([409, "conflict"]);
    expect((await person.fetch("/v1/me/region-move")).status).toBe(404);
    expect((await person.fetch("/v1/me/region-move", { method: "DELETE" })).status).toBe(404);
  });

  it("the person signs in again, with password or passkey, and is in the new region; old tokens open nothing", async () => {
    const person = await registerPerson("eu");
    const { id: old } = person.person;
    const sealed = await vaultOf(env, old).seal({ table: "credentials", column: "sealed_email", row: old }, person.email);
    await regional(env, "eu").records.prepare("update credentials set sealed_email = ? where person_id = ?").bind(sealed, old).run();
    const options = z
      .looseObject({ challenge: z.string(), user: z.looseObject({ id: z.string() }) })
      .parse(await (await person.fetch("/v1/me/passkeys/challenges", { method: "POST" })).json());
    const authenticator = await Authenticator.make(ORIGIN);
    const response = await authenticator.create(options);
    expect(
      (await person.fetch("/v1/me/passkeys", { method: "POST", headers: json, body: JSON.stringify({ name: "Key", response }) })).status,
    ).toBe(201);

    const asked = await move(person, "us", person.password);
    expect(asked.status).toBe(202);
    const job = z.looseObject({ id: z.string(), state: z.string(), from: z.string(), to: z.string() }).parse(await asked.json());
    expect(job).toMatchObject({ state: "running", from: "eu", to: "us" });
    // The work that goes on after the answer may have it: past its lease it is ours.
    let hours = 0;
    await vi.waitFor(
      async () => {
        const clock = { now: Date.now() + ++hours * HOUR_MS };
        await runMove(portsAt(clock), "eu", job.id, FOR_EVER);
        expect(await stateOf("eu", job.id)).toMatchObject({ state: "done" });
      },
      { timeout: 20_000, interval: 100 },
    );

    expect((await person.fetch("/v1/me")).status).toBe(401);
    expect((await person.fetch("/v1/me/metrics")).status).toBe(401);
    expect((await send("POST", "/v1/sessions/refresh", { refreshToken: person.refreshToken })).status).toBe(401);
    const again = await send("POST", "/v1/sessions", { email: person.email, password: person.password });
    expect(again.status).toBe(201);
    const signedIn = z
      .looseObject({ person: z.looseObject({ id: z.string(), region: z.string() }), tokens: z.looseObject({ accessToken: z.string() }) })
      .parse(await again.json());
    expect(signedIn.person.region).toBe("us");
    const as = { headers: { authorization: `Bearer ${signedIn.tokens.accessToken}` } };
    expect(await (await fetchApp("/v1/me/region-move", as)).json()).toMatchObject({ state: "done", from: "eu", to: "us" });
    expect((await fetchApp("/v1/me/metrics", as)).status).toBe(200);
    expect(parseId("person", signedIn.person.id)).not.toBe(old);

    const challenge = await (await fetchApp("/v1/sessions/passkeys/challenges", { method: "POST" })).json();
    const assertion = await authenticator.get(z.looseObject({ challenge: z.string() }).parse(challenge));
    const byPasskey = await send("POST", "/v1/sessions/passkeys", { response: assertion });
    expect(await byPasskey.json()).toMatchObject({ person: { id: signedIn.person.id, region: "us" } });
  });
});
