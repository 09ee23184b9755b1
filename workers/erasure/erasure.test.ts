import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { fetchApp, ORIGIN, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { copyVault, evictVault, filesIn, knownElsewhere, type Leaver, leaver, restoreVault, rowsWith, storageOf } from "../../test/leaver";
import { somebody } from "../../test/staff";
import { sessionOf } from "../../test/tokens";
import { samples } from "../../test/vaults";
import { answerFetch, FakeGoogle } from "../../test/vendors/fake-google";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { regionalKeys } from "../../shared/crypto/keys";
import { hasTombstone, personKeyName } from "../../shared/erasure/tombstones";
import { signAccessToken } from "../../shared/crypto/tokens";
import { newId, type PersonId, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { consumeSync } from "../connections/consume-sync";
import type { Mail } from "../mail/mailer";
import { FROM_LIVING_ORGANISATION } from "../partners";
import { importerOf, regional, vaultOf } from "../regional";
import { erasurePorts, type ErasurePorts } from "./ports";
import { reconcileTombstones } from "./reconcile";
import { readReceipt } from "./read-receipt";
import { DUE, runDue, runErasure } from "./run-erasure";
import { type Step, STEPS } from "./steps";

let google: FakeGoogle;
beforeEach(() => {
  google = new FakeGoogle();
  answerFetch(google);
});
afterEach(() => vi.restoreAllMocks());

const AFTER_GRACE = 15 * DAY_MS;

/** The real stores with a clock of the test's own, and letters kept. */
function portsAt(clock: { now: number }, letters: Mail[] = [], changes: Partial<ErasurePorts> = {}): ErasurePorts {
  return {
    ...erasurePorts(env, () => clock.now),
    log: () => undefined,
    mailer: { send: async (mail) => void letters.push(mail) },
    ...changes,
  };
}

/** Writes an erasure down as the request would, due now. */
async function book({ person, region }: Pick<Leaver, "person" | "region">, now: number, letter: string | null = null): Promise<string> {
  const id = newId("erasure", region, now);
  await regional(env, region)
    .records.prepare(
      "insert into erasures (id, person_id, reason, state, next_at, requested_at, due_at, letter) values (?1, ?2, 'asked', 'waiting', ?3, ?3, ?3, ?4)",
    )
    .bind(id, person, now, letter)
    .run();
  return id;
}

/** Everything that could still be of a person. */
async function traces({ person, region }: { readonly person: PersonId; readonly region: Region }) {
  const files = await filesIn(region);
  return { rows: await rowsWith(person), files: files.filter((name) => name.includes(person)), vault: await storageOf(person) };
}
const NOTHING = { rows: [], files: [], vault: { tables: [], alarm: null } };

const reportOf = async (region: Region, id: string) =>
  z
    .object({ state: z.string(), step: z.number(), letter: z.null(), report: z.string() })
    .parse(await regional(env, region).records.prepare("select state, step, letter, report from erasures where id = ?").bind(id).first());

const requestedSchema = z.object({
  id: z.string(),
  state: z.string(),
  undoUntil: z.string(),
  receipt: z.object({ path: z.string(), secret: z.string() }).optional(),
});

/** Somebody who can ask; few of them need a password. */
type Asker = Pick<RegisteredPerson, "person" | "accessToken" | "fetch">;

async function ask(person: Asker) {
  const response = await person.fetch("/v1/me", { method: "DELETE" });
  expect(response.status).toBe(202);
  return requestedSchema.parse(await response.json());
}

/** Runs the erasure of a person whose grace is over. */
async function afterGrace(person: Asker, id: string, letters: Mail[] = []): Promise<void> {
  expect(await runErasure(portsAt({ now: Date.now() + AFTER_GRACE }, letters), person.person.region, id)).toBe(true);
}

/** Brings an erasure to its end. A vendor that other tests let fail may hold the work up for some turns. */
async function erase(region: Region, id: string): Promise<void> {
  for (let turn = 0; turn < 8; turn++) {
    if (await runErasure(portsAt({ now: Date.now() + turn * HOUR_MS }), region, id)) return;
  }
}

const actorOf = (person: Asker) => ({ kind: "person" as const, person: person.person.id, session: sessionOf(person) });
const code = async (response: Response) => z.looseObject({ code: z.string() }).parse(await response.json()).code;
const refusal = async (call: Promise<unknown>) =>
  await call.then(
    () => "allowed",
    (error: unknown) => z.looseObject({ code: z.string() }).parse(error).code,
  );

async function connect(person: Asker): Promise<string> {
  const begun = await person.fetch("/v1/integrations/google-health/authorize");
  const { authorizeUrl } = z.looseObject({ authorizeUrl: z.string() }).parse(await begun.json());
  const state = new URL(authorizeUrl).searchParams.get("state") ?? "";
  const back = await fetchApp(`/v1/integrations/google-health/callback?${new URLSearchParams({ state, code: "c" })}`);
  return z.looseObject({ connection: z.string() }).parse(await back.json()).connection;
}

describe("asking for the erasure of one's account", () => {
  it("wants a fresh proof of who asks", async () => {
    const person = await somebody("eu");
    const at = Date.now() + 3 * MINUTE_MS;
    // A token that lives on, of a sign-in that lies back.
    const token = await signAccessToken(
      ORIGIN,
      regionalKeys(env.KEYS_EU),
      { ...actorOf(person), clientId: "meridian", scope: "me", authTime: Math.floor(at / 1000) - 600, amr: ["pwd"], acr: "aal1" },
      Date.now(),
      systemRandom,
    );
    const response = await fetchApp("/v1/me", { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
    expect([response.status, await code(response)]).toEqual([403, "step_up_required"]);
    expect(await rowsWith(person.person.id, [])).not.toContain("eu.erasures");
    expect((await person.fetch("/v1/me")).status).toBe(200);
  });

  it("ends every other session and every key at once, and says until when it can be undone", async () => {
    const person = await registerPerson();
    const second = z
      .looseObject({ tokens: z.looseObject({ accessToken: z.string(), refreshToken: z.string() }) })
      .parse(await (await send("POST", "/v1/sessions", { email: person.email, password: person.password })).json());
    const made = await person.fetch("/v1/me/api-keys", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Program", scopes: ["data:read"] }),
    });
    const { key } = z.looseObject({ key: z.string() }).parse(await made.json());
    const asked = await ask(person);
    expect(Date.parse(asked.undoUntil) - Date.now()).toBeGreaterThan(13.9 * DAY_MS);
    const as = (token: string) => fetchApp("/v1/me/metrics", { headers: { authorization: `Bearer ${token}` } });
    expect((await as(second.tokens.accessToken)).status).toBe(401);
    expect((await as(key)).status).toBe(401);
    expect((await send("POST", "/v1/sessions/refresh", { refreshToken: second.tokens.refreshToken })).status).toBe(401);
    expect(await (await person.fetch("/v1/me/erasure")).json()).toMatchObject({
      id: asked.id,
      state: "waiting",
      progress: { done: 0, total: STEPS.length },
    });
  });

  it("may be repeated, and shows the receipt's secret once", async () => {
    const person = await somebody("us");
    const first = await ask(person);
    const again = await ask(person);
    expect(first.receipt?.secret).toMatch(/^rcp_us_/);
    expect(again).toEqual({ ...first, receipt: undefined });
    const stored = JSON.stringify(await regional(env, "us").records.prepare("select * from erasures where id = ?").bind(first.id).first());
    expect(stored).not.toContain(first.receipt?.secret);
    expect(stored).not.toContain(person.email);
  });
});

describe("while an erasure can be undone", () => {
  it("the person may sign in and look, and change nothing", async () => {
    const person = await registerPerson();
    await ask(person);
    const again = await send("POST", "/v1/sessions", { email: person.email, password: person.password });
    expect(again.status).toBe(201);
    expect((await person.fetch("/v1/me/metrics")).status).toBe(200);
    expect((await person.fetch("/v1/me/access-log")).status).toBe(200);
    const push = { data: { records: [], sleep: [], workouts: [] } };
    const headers = { "content-type": "application/json" };
    const pushed = await person.fetch("/v1/ingest/healthkit", { method: "POST", headers, body: JSON.stringify(push) });
    expect([pushed.status, await code(pushed)]).toEqual([403, "forbidden"]);
    const key = await person.fetch("/v1/me/api-keys", {
      method: "POST",
      headers,
      body: JSON.stringify({ name: "x", scopes: ["data:read"] }),
    });
    expect(key.status).toBe(409);
  });

  it("nobody else sees anything, and vendors and servers are left alone", async () => {
    const [owner, reader] = await Promise.all([somebody("eu"), somebody("us")]);
    const connection = await connect(owner);
    const vault = vaultOf(env, owner.person.id);
    await vault.giveConsent(actorOf(owner), newId("consent", "eu", Date.now()), {
      grantee: { kind: "person", id: reader.person.id },
      role: "user",
      categories: ["vitals"],
      actions: ["read"],
      purpose: "personal",
    });
    const read = () =>
      reader.fetch(`/v1/people/${owner.person.id}/metrics/heart_rate?resolution=raw&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z`);
    expect((await read()).status).toBe(200);
    await ask(owner);
    expect((await read()).status).toBe(404);
    expect(await (await reader.fetch("/v1/me/shared-with-me")).json()).toMatchObject({ items: [] });
    const pointer = { kind: "due", person: owner.person.id, connection } as never;
    expect(await vault.sync([pointer])).toEqual([{ outcome: "dropped" }]);
    await evictDurableObject(vault);
    google.calls.length = 0;
    await runInDurableObject(vault, async (instance) => await instance.alarm());
    // Alarms of other tests' vaults call the vendor too.
    expect(google.calls.filter(({ bearer }) => bearer?.includes(google.userId))).toEqual([]);
    const log = await vault.accessLog(actorOf(owner), { actor: reader.person.id, limit: 10 });
    expect(log.items).toContainEqual(expect.objectContaining({ outcome: "denied", reason: "suspended" }));
  });

  it("the person takes it back: readers, vendors and the clock go on", async () => {
    const person = await somebody("eu");
    const connection = await connect(person);
    const asked = await ask(person);
    expect((await person.fetch("/v1/me/erasure", { method: "DELETE" })).status).toBe(204);
    expect((await person.fetch("/v1/me/erasure", { method: "DELETE" })).status).toBe(204);
    expect((await person.fetch("/v1/me/erasure")).status).toBe(404);
    const vault = vaultOf(env, person.person.id);
    const [answer] = await vault.sync([{ kind: "due", person: person.person.id, connection: connection as never }]);
    expect(answer).toMatchObject({ outcome: "done" });
    expect(await runErasure(portsAt({ now: Date.now() + AFTER_GRACE }), "eu", asked.id)).toBe(false);
    expect((await person.fetch("/v1/me/metrics")).status).toBe(200);
    const row = await regional(env, "eu").records.prepare("select letter, secret_hash from erasures where id = ?").bind(asked.id).first();
    expect(row).toEqual({ letter: null, secret_hash: null });
  });

  it("there is nothing to undo where nothing was asked for, and none once it has begun", async () => {
    const person = await somebody("eu");
    expect((await person.fetch("/v1/me/erasure", { method: "DELETE" })).status).toBe(404);
    const asked = await ask(person);
    await regional(env, "eu").records.prepare("update erasures set state = 'running' where id = ?").bind(asked.id).run();
    expect((await person.fetch("/v1/me/erasure", { method: "DELETE" })).status).toBe(409);
  });

  it("the clock leaves it alone until the grace is over", async () => {
    const person = await somebody("ap");
    const asked = await ask(person);
    expect(await runErasure(portsAt({ now: Date.now() + 13 * DAY_MS }), "ap", asked.id)).toBe(false);
    expect((await person.fetch("/v1/me")).status).toBe(200);
  });
});

describe("an erasure", () => {
  it("leaves nothing of the person in databases, files and vault", async () => {
    const one = await leaver("eu");
    const before = await traces(one);
    expect(before.rows.length).toBeGreaterThan(12);
    const folders = before.files.map((name) => name.replace(/[^/]+$/, ""));
    expect(folders.toSorted()).toEqual([personKeyName(one.person).replace(/[^/]+$/, ""), `labs/${one.person}/`].toSorted());
    expect(await knownElsewhere(one)).toEqual(expect.arrayContaining(["watching", "programme", "exporter"]));
    const kept = new Set(await filesIn("eu"));
    await erase("eu", await book(one, Date.now()));
    expect(await traces(one)).toEqual(NOTHING);
    expect(await knownElsewhere(one)).toEqual([]);
    const fresh = (await filesIn("eu")).filter((name) => !kept.has(name));
    expect(fresh.filter((name) => !name.startsWith("tombstones/") && !name.startsWith("access/"))).toEqual([]);
  });

  it("counts what there was before anything went", async () => {
    const one = await leaver("us");
    const id = await book(one, Date.now());
    await erase("us", id);
    const { counts } = z.looseObject({ counts: z.record(z.string(), z.int()) }).parse(JSON.parse((await reportOf("us", id)).report));
    expect(counts).toMatchObject({
      "records.people": 1,
      "records.sessions": 1,
      "records.shared_with": 2,
      "directory.emails": 1,
      "files.keys": 1,
      "files.uploads": 1,
      "files.labs": 1,
      "vault.lab_reports": 1,
      "vault.lab_results": 1,
      "vault.lab_result_versions": 1,
      "vault.consents": 1,
      "vault.person_details": 3,
      "vault.segments": 1,
    });
  });

  it("leaves what is others': their rows, their vaults, and the opaque id in their logs", async () => {
    const [one, other] = [await leaver("eu"), await leaver("eu")];
    const before = await rowsWith(other.person);
    await erase("eu", await book(one, Date.now()));
    expect(await rowsWith(other.person)).toEqual(before);
    expect((await vaultOf(env, other.person).metrics(other.actor)).length).toBe(1);
    // The groups that they were in together are the friend's now, and what the friend wrote is theirs.
    const groups = ["eu.social_group_members", "us.social_group_members", "us.social_groups_elsewhere"];
    const own = ["us.people", "us.posts", "us.post_comments", "us.invitations"];
    expect((await rowsWith(one.friend)).toSorted()).toEqual([...groups, ...own].toSorted());
  });

  it("leaves what they did as a clinician under their opaque id, closes their research, and stops programs without an owner", async () => {
    const one = await leaver("eu");
    const records = regional(env, "us").records;
    const id = newId("emergencyAccess", "us", Date.now());
    await records
      .prepare("insert into emergency_reviews (id, person_id, clinician_id, opened_at, ends_at) values (?, ?, ?, 1, 2)")
      .bind(id, one.friend, one.person)
      .run();
    const eu = regional(env, "eu").records;
    const programme = await eu.prepare("select id from programmes where researcher_id = ?").bind(one.person).first<string>("id");
    const organisation = await eu
      .prepare("select organisation_id as id from organisation_members where person_id = ?")
      .bind(one.person)
      .first<string>("id");
    const living = () => eu.prepare(`select 1 ${FROM_LIVING_ORGANISATION}`).bind(organisation).first();
    expect(await living()).not.toBeNull();
    await erase("eu", await book(one, Date.now()));
    expect(await rowsWith(one.person)).toEqual(["us.emergency_reviews"]);
    expect(await eu.prepare("select researcher_id, state from programmes where id = ?").bind(programme).first()).toEqual({
      researcher_id: null,
      state: "closed",
    });
    expect(await living()).toBeNull();
  });

  it("ends permissions at vendors while tokens can be opened, and leaves one that somebody else uses too", async () => {
    const [person, spouse] = await Promise.all([somebody("eu"), somebody("us")]);
    google.userId = "shared-account";
    await connect(person);
    await connect(spouse);
    google.userId = `own-${crypto.randomUUID()}`;
    await connect(person);
    const asked = await ask(person);
    google.calls.length = 0;
    await afterGrace(person, asked.id);
    expect(google.count("revoke")).toBe(1);
    expect(JSON.parse((await reportOf("eu", asked.id)).report)).toMatchObject({ vendors: { revoked: 1, shared: 1, unconfirmed: 0 } });
  });

  it("is not held for ever by a vendor that does not answer", async () => {
    const person = await somebody("eu");
    await connect(person);
    const asked = await ask(person);
    google.fault("revoke", 503, 100);
    const clock = { now: Date.now() + AFTER_GRACE };
    for (let i = 0; i < 5; i++) {
      expect(await runErasure(portsAt(clock), "eu", asked.id)).toBe(false);
      expect(await runErasure(portsAt(clock), "eu", asked.id), "not before it is due again").toBe(false);
      clock.now += HOUR_MS;
    }
    expect(await runErasure(portsAt(clock), "eu", asked.id)).toBe(true);
    expect(google.count("revoke")).toBe(6);
    expect(JSON.parse((await reportOf("eu", asked.id)).report)).toMatchObject({ vendors: { revoked: 0, unconfirmed: 1 } });
    expect(await traces({ person: person.person.id, region: "eu" })).toEqual(NOTHING);
  });

  it("takes the letters to the person's address along, and writes the last one, with what opens the receipt once", async () => {
    const person = await somebody("eu");
    const asked = await ask(person);
    const letters: Mail[] = [];
    await afterGrace(person, asked.id, letters);
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({ to: person.email, region: "eu" });
    const { path, secret } = asked.receipt ?? { path: "", secret: "" };
    expect(letters[0]?.text).toContain(`${asked.id}\n${secret}`);
    const receipt = await fetchApp(path, { headers: { authorization: `Bearer ${secret}` } });
    expect(receipt.status).toBe(200);
    const text = await receipt.text();
    expect(JSON.parse(text)).toMatchObject({ state: "done", region: "eu", erased: { "records.people": 1 }, letter: "sent" });
    for (const identity of [person.email, person.person.id, person.person.name]) expect(text).not.toContain(identity);
    const later = { ...portsAt({ now: Date.now() + HOUR_MS }) };
    expect(await refusal(readReceipt(later, asked.id, secret))).toBe("not_found");
    expect(
      (await fetchApp(path, { headers: { authorization: `Bearer ${secret.startsWith("A") ? "B" : "A"}${secret.slice(1)}` } })).status,
    ).toBe(404);
    expect((await fetchApp(path)).status).toBe(404);
  });

  it("goes on without a mail service that does not take the letter", async () => {
    const person = await somebody("eu");
    const asked = await ask(person);
    const clock = { now: Date.now() + AFTER_GRACE };
    const ports = portsAt(clock, [], { mailer: { send: async () => await Promise.reject(new Error("no")) } });
    for (let i = 0; i < 6; i++) {
      await runErasure(ports, "eu", asked.id);
      clock.now += HOUR_MS;
    }
    const { state, report } = await reportOf("eu", asked.id);
    expect([state, JSON.parse(report)]).toEqual(["done", expect.objectContaining({ letter: "not_sent" })]);
  });

  it("frees the address for a new account, under a new id", async () => {
    const person = await registerPerson("eu");
    const asked = await ask(person);
    await afterGrace(person, asked.id);
    expect((await send("POST", "/v1/sessions", { email: person.email, password: person.password })).status).toBe(401);
    const again = await send("POST", "/v1/accounts", { email: person.email, password: person.password, name: "Ada", region: "eu" });
    expect(again.status).toBe(201);
    expect(z.looseObject({ person: z.looseObject({ id: z.string() }) }).parse(await again.json()).person.id).not.toBe(person.person.id);
  });

  it("never gives the id of an erased person to a registration that comes before the directory is clear", async () => {
    const person = await registerPerson("eu");
    const asked = await ask(person);
    const upTo = STEPS.slice(
      0,
      STEPS.findIndex(({ name }) => name === "directory"),
    );
    const cut: Step = { name: "cut", run: async () => await Promise.reject(new Error("cut")) };
    await runErasure(portsAt({ now: Date.now() + AFTER_GRACE }), "eu", asked.id, [...upTo, cut]);
    const again = await send("POST", "/v1/accounts", { email: person.email, password: person.password, name: "Ada", region: "eu" });
    const fresh = z.looseObject({ person: z.looseObject({ id: z.string() }) }).parse(await again.json()).person.id;
    expect(fresh).not.toBe(person.person.id);
    await runErasure(portsAt({ now: Date.now() + AFTER_GRACE + DAY_MS }), "eu", asked.id);
    expect((await send("POST", "/v1/sessions", { email: person.email, password: person.password })).status).toBe(201);
  });

  it("is found by the clock through an index", async () => {
    const { results } = await regional(env, "eu").records.prepare(`explain query plan ${DUE}`).bind(0, 20).all<{ detail: string }>();
    expect(results.map(({ detail }) => detail).join("\n")).toMatch(/USING.* INDEX erasures_by_time/);
  });
});

/** The steps in three parts, so that each person is cut off at every third one, and goes on undisturbed in between. */
const STEPS_APART = [0, 1, 2]
  .map((part) => STEPS.map(({ name }) => name).filter((_, i) => i % 3 === part))
  .map((names) => ({ names, title: names.join(", ") }));

const stepOf = async (region: Region, id: string) => {
  const row = await regional(env, region).records.prepare("select step from erasures where id = ?").bind(id).first<{ step: number }>();
  return STEPS[row?.step ?? -1]?.name;
};

describe("killed", () => {
  /** The steps, of which one fails, before or after it has worked. */
  const cutAt = (name: string, when: "before" | "after"): Step[] =>
    STEPS.map((step) => ({
      name: step.name,
      run: async (ports, job) => {
        if (step.name !== name) return await step.run(ports, job);
        if (when === "after") await step.run(ports, job);
        throw new Error("cut");
      },
    }));

  it.each(STEPS_APART)("before and after each of $title and run again, it comes to the same", async ({ names }) => {
    const one = await leaver("eu");
    const clock = { now: Date.now() };
    const id = await book(one, clock.now);
    for (const name of names) {
      for (const when of ["before", "after"] as const) {
        expect(await runErasure(portsAt(clock), "eu", id, cutAt(name, when)), `${when} ${name}`).toBe(false);
        expect(await stepOf("eu", id), `${when} ${name}`).toBe(name);
        await evictVault(one.person);
        clock.now += HOUR_MS;
      }
    }
    expect(await runErasure(portsAt(clock), "eu", id)).toBe(true);
    expect(await traces(one)).toEqual(NOTHING);
    expect(await knownElsewhere(one)).toEqual([]);
    const { state, step, report } = await reportOf("eu", id);
    const { counts, steps } = z
      .looseObject({ counts: z.record(z.string(), z.int()), steps: z.record(z.string(), z.int()) })
      .parse(JSON.parse(report));
    expect([state, step, Object.keys(steps)]).toEqual(["done", STEPS.length, STEPS.map((each) => each.name)]);
    expect(counts).toMatchObject({
      "records.people": 1,
      "records.shared_with": 2,
      "vault.consents": 2,
      "files.keys": 1,
      "files.uploads": 1,
    });
  });

  it("a run that died holds its lease, and then another takes it up", async () => {
    const one = await leaver("ap");
    const clock = { now: Date.now() };
    const id = await book(one, clock.now);
    // Dies without a word: nothing is noted but the lease.
    await regional(env, "ap")
      .records.prepare("update erasures set state = 'running', next_at = ? where id = ?")
      .bind(clock.now + 10 * MINUTE_MS, id)
      .run();
    expect(await runErasure(portsAt(clock), "ap", id)).toBe(false);
    clock.now += 10 * MINUTE_MS;
    expect(await runErasure(portsAt(clock), "ap", id)).toBe(true);
    expect(await traces(one)).toEqual(NOTHING);
  });

  it("two runs at once do not get in each other's way", async () => {
    const one = await leaver("eu");
    const id = await book(one, Date.now());
    const done = await Promise.all([1, 2, 3].map(async () => await runErasure(portsAt({ now: Date.now() }), "eu", id)));
    expect(done.toSorted()).toEqual([false, false, true]);
    expect(await traces(one)).toEqual(NOTHING);
  });
});

describe("an erased person", () => {
  it("leaves nothing behind when stragglers call, and those are told that nobody is there", async () => {
    const one = await leaver("eu");
    await erase("eu", await book(one, Date.now()));
    for (const evicted of [false, true]) {
      const vault = vaultOf(env, one.person);
      if (evicted) await evictVault(one.person);
      const connection = newId("connection", "eu", Date.now());
      expect(await refusal(vault.metrics(one.actor))).toBe("session_ended");
      expect(await refusal(vault.metrics({ ...one.actor, person: one.friend, roles: ["user"] }))).toBe("not_found");
      expect(await refusal(vault.record(samples("heart_rate", [{ at: Date.now(), value: 60 }])))).toBe("gone");
      expect(await refusal(vault.seal({ table: "t", column: "c", row: "r" }, "text"))).toBe("gone");
      expect(await vault.sync([{ kind: "due", person: one.person, connection }])).toEqual([{ outcome: "dropped" }]);
      expect(await vault.forwardFhir(newId("target", "eu", Date.now()))).toEqual({});
      await vault.failSync({ kind: "due", person: one.person, connection });
      await vault.buryFhir(newId("target", "eu", Date.now()));
      await vault.revokeSession(one.actor.session, Date.now() + 1_000);
      expect(await vault.sharedWith({ ...one.actor, person: one.friend })).toBeNull();
      await runInDurableObject(vault, async (instance) => await instance.alarm());
      expect(await traces(one)).toEqual(NOTHING);
    }
  });

  it("is dropped quietly from the queues", async () => {
    const one = await leaver("eu");
    await erase("eu", await book(one, Date.now()));
    const settled: string[] = [];
    const message = {
      id: "1",
      timestamp: new Date(),
      attempts: 1,
      body: { kind: "due", person: one.person, connection: newId("connection", "eu", Date.now()) },
      ack: () => void settled.push("ack"),
      retry: () => void settled.push("retry"),
    };
    await consumeSync({ queue: "sync-eu", messages: [message] } as never, env);
    expect(settled).toEqual(["ack"]);
    expect(await traces(one)).toEqual(NOTHING);
  });

  it("has no import any more", async () => {
    const one = await leaver("eu");
    const row = await regional(env, "eu")
      .records.prepare("select id from imports where person_id = ?")
      .bind(one.person)
      .first<{ id: string }>();
    const id = (row?.id ?? "") as ReturnType<typeof newId<"import">>;
    await erase("eu", await book(one, Date.now()));
    expect(await refusal(importerOf(env, id).status(one.person))).toBe("not_found");
    expect((await filesIn("eu")).filter((name) => name.includes(id))).toEqual([]);
  });

  it("does not come back with an old copy of the records, the vault and the key", async () => {
    // A region in which hardly any erasure of other tests waits: the clock runs them all.
    const person = await registerPerson("ap");
    const { records, files, keys } = regional(env, "ap");
    const { id } = person.person;
    const vault = vaultOf(env, id);
    await vault.record(samples("heart_rate", [{ at: Date.now() - 60_000, value: 61 }]));
    await vault.seal({ table: "t", column: "c", row: "r" }, "text");
    const copy = await copyVault(id);
    const copies = {
      people: await records.prepare("select * from people where id = ?").bind(id).first(),
      credentials: await records.prepare("select * from credentials where person_id = ?").bind(id).first(),
      sessions: await records.prepare("select * from sessions where person_id = ?").bind(id).first(),
    };
    const email = await env.DIRECTORY.prepare("select * from emails where person_id = ?").bind(id).first();
    const key = await (await files.get(personKeyName(id)))?.text();
    const asked = await ask(person);
    await afterGrace(person, asked.id);

    // The copies come back, and with them a vault that knows nothing of its end.
    for (const [table, row] of Object.entries(copies)) await insert(records, table, row);
    await insert(env.DIRECTORY, "emails", email);
    await files.put(personKeyName(id), key ?? "");
    await restoreVault(id, copy);
    await runInDurableObject(vault, (_instance, ctx) => void ctx.storage.sql.exec("UPDATE lifecycle SET asked_at = 0"));
    await evictDurableObject(vault);

    expect((await send("POST", "/v1/sessions", { email: person.email, password: person.password })).status).toBe(401);
    expect((await send("POST", "/v1/sessions/refresh", { refreshToken: person.refreshToken })).status).toBe(401);
    expect(await refusal(vault.metrics(actorOf(person)))).toBe("session_ended");
    expect(await storageOf(id)).toEqual({ tables: [], alarm: null });
    expect(await files.head(personKeyName(id))).toBeNull();

    const ports = portsAt({ now: Date.now() + AFTER_GRACE });
    expect(await reconcileTombstones(ports, "ap")).toBe(1);
    expect(await reconcileTombstones(ports, "ap"), "one erasure at a time").toBe(0);
    expect(await runDue(ports, "ap", 100)).toBeGreaterThan(0);
    expect(await traces({ person: id, region: "ap" })).toEqual(NOTHING);
    expect(await hasTombstone(files, regionalKeys(keys), id)).toBe(true);
    expect(await reconcileTombstones(ports, "ap"), "and then it is done").toBe(0);
  });
});

async function insert(database: D1Database, table: string, row: Record<string, unknown> | null): Promise<void> {
  // What is computed is not inserted.
  const { pepper_version: _pepper, ...values } = row ?? {};
  const columns = Object.keys(values);
  await database
    .prepare(`insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`)
    .bind(...Object.values(values))
    .run();
}
