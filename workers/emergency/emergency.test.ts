import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { DAY_MS, HOUR_MS, MINUTE_MS, systemClock } from "../../shared/clock";
import { BatchBuilder } from "../../shared/health/batch";
import { newId, parseId, systemRandom } from "../../shared/id";
import { holdAssurance, holdRoles, signedIn, somebody, type Somebody } from "../../test/staff";
import { WATCH } from "../../test/vaults";
import { regionalKeys } from "../../shared/crypto/keys";
import { outboxPorts } from "../mail/mailer";
import { readOutbox } from "../mail/outbox";
import { regional, vaultOf } from "../regional";
import { openAccess } from "./open-access";
import { MOST_A_DAY, MOST_AN_HOUR } from "./openings";
import { type EmergencyPorts, letterPorts } from "./ports";
import { decideReview, QUEUE_QUERY, STATE_QUERY } from "./review";
import { DUE_LETTERS, sendDueLetters } from "./send-letters";

const REASON = "Found unconscious, no relatives present.";
const START = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS + 7 * HOUR_MS;
const DATE = new Date(START).toISOString().slice(0, 10);

const openedSchema = z.object({ id: z.string(), openedAt: z.string(), endsAt: z.string() });
const accessSchema = z.object({
  id: z.string(),
  clinician: z.object({ id: z.string(), name: z.string(), region: z.string() }),
  reason: z.string(),
  state: z.string(),
  openedAt: z.string(),
  endsAt: z.string(),
  reads: z.number(),
  review: z.object({ outcome: z.string(), decidedAt: z.string(), note: z.string() }).nullable(),
});
const accessesSchema = z.object({ items: z.array(accessSchema), next: z.string().nullable() });
const reviewSchema = z.object({ id: z.string(), person: z.string(), clinician: z.string(), state: z.string() });
const reviewsSchema = z.object({ items: z.array(reviewSchema), next: z.string().nullable() });
const logSchema = z.object({
  items: z.array(
    z.looseObject({
      action: z.string(),
      resource: z.string(),
      purpose: z.string(),
      outcome: z.string(),
      reason: z.string(),
      consent: z.string().optional(),
      actor: z.object({ id: z.string() }),
    }),
  ),
});

afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock. Only the date: nothing waits. */
function travel(ms: number): void {
  vi.useFakeTimers({ now: Date.now() + ms, toFake: ["Date"] });
}

const post = async (person: Somebody, path: string, body: unknown, headers: Record<string, string> = {}) =>
  await person.fetch(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } });

const open = async (clinician: Somebody, owner: Somebody, reason = REASON, headers: Record<string, string> = {}) =>
  await post(clinician, `/v1/people/${owner.person.id}/emergency-access`, { reason }, headers);

async function opened(clinician: Somebody, owner: Somebody) {
  const response = await open(clinician, owner);
  expect(response.status, await response.clone().text()).toBe(201);
  return openedSchema.parse(await response.json());
}

const statusOf = async (reader: Somebody, owner: Somebody, path = "/metrics/heart_rate") =>
  (await reader.fetch(`/v1/people/${owner.person.id}${path}`)).status;
const noticesOf = async (owner: Somebody) => accessesSchema.parse(await (await owner.fetch("/v1/me/emergency-accesses")).json()).items;
const logOf = async (owner: Somebody, query = "") => logSchema.parse(await (await owner.fetch(`/v1/me/access-log${query}`)).json()).items;
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;
const lettersTo = async ({ email }: Somebody) => await readOutbox(outboxPorts(env, systemClock), email);
const explain = async (owner: Somebody, actor: Somebody) =>
  z
    .looseObject({ allowed: z.boolean(), reason: z.string(), purpose: z.string(), obligations: z.array(z.string()) })
    .parse(await (await owner.fetch(`/v1/me/access/explain?actor=${actor.person.id}&category=vitals&action=read`)).json());

async function patient(locale = "en"): Promise<Somebody> {
  const person = await somebody("eu", { locale });
  const batch = new BatchBuilder();
  const source = batch.source(WATCH);
  for (let i = 0; i < 6; i++) batch.sample("heart_rate", source, START + i * MINUTE_MS, 60 + i, 0, 0);
  batch.interval("steps", source, START, START + 10 * MINUTE_MS, 900, 0, 0);
  await vaultOf(env, person.person.id).record(batch.take(), "test");
  return person;
}

const registerClinician = async (region: "eu" | "us" = "eu") =>
  await somebody(region, { roles: ["clinician"], acr: "aal2", name: "Dr Ines Moor" });

/** The ports of a clinician's request, outside of one. */
function portsOf({ person, session }: Somebody, changes: Partial<EmergencyPorts> = {}): EmergencyPorts {
  return {
    ...letterPorts(env, systemClock),
    actor: { kind: "person", person: person.id, session },
    keys: regionalKeys(regional(env, person.region).keys),
    random: systemRandom,
    recordsOf: (region) => regional(env, region).records,
    later: (work) => void work,
    ...changes,
  };
}

const failing = <T>(value: T, methods: readonly string[]): T =>
  new Proxy(value as object, {
    get(target, name) {
      if (typeof name === "string" && methods.includes(name)) {
        return () => {
          throw new Error("out of order");
        };
      }
      const found: unknown = Reflect.get(target, name);
      return typeof found === "function" ? (...given: unknown[]): unknown => Reflect.apply(found, target, given) : found;
    },
  }) as T;

const outcomeOf = async (work: Promise<unknown>) =>
  await work.then(
    () => "allowed",
    (error: unknown) => z.object({ code: z.string() }).parse(error).code,
  );

describe("a clinician who breaks the glass", () => {
  test("reads what the owner may show others, from another region too, and each read is marked", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician("us")]);
    expect(await statusOf(clinician, owner)).toBe(404);
    const { id, openedAt, endsAt } = await opened(clinician, owner);
    expect(Date.parse(endsAt) - Date.parse(openedAt)).toBe(60 * MINUTE_MS);
    for (const path of ["/metrics", "/metrics/heart_rate", "/metrics/menstrual_flow", `/days/${DATE}`, "/sleep", "/workouts"])
      expect(await statusOf(clinician, owner, path), path).toBe(200);
    for (const path of ["/sources", "/quarantine", "/access-log", "/consents"]) expect(await statusOf(clinician, owner, path)).toBe(404);
    const lines = await logOf(owner, `?actor=${clinician.person.id}&outcome=allowed`);
    expect(lines).toHaveLength(7);
    expect(lines.every((line) => line.purpose === "emergency" && line.reason === "break_glass")).toBe(true);
    expect(lines.filter((line) => line.action === "read").every((line) => line.consent === id)).toBe(true);
    expect(lines.at(-1)).toMatchObject({ action: "manage", resource: "emergency_access", about: [id] });
    expect(await (await owner.fetch("/v1/me/access-log/verify")).json()).toMatchObject({ intact: true });
  });

  test("only reads: everything else in the vault stays closed", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    await opened(clinician, owner);
    const vault = vaultOf(env, owner.person.id);
    const actor = { ...portsOf(clinician).actor, roles: ["clinician"], assurance: "aal2" } as const;
    for (const call of [
      async () => await vault.erase(actor, { from: 0, to: 1 }),
      async () => await vault.ingest(actor, "healthkit", new ArrayBuffer(2)),
      async () => await vault.sources(actor),
      async () => await vault.consents(actor, undefined, 10),
      async () => await vault.emergencies(actor, undefined, 10),
      async () => await vault.accessLog(actor, { limit: 1 }),
      async () => await vault.details(actor),
    ])
      expect(await outcomeOf(call()), call.toString()).toBe("not_found");
    const { decision } = await vault.explainAccess(
      { ...portsOf(owner).actor },
      { as: [{ kind: "person", id: clinician.person.id }], sessions: [actor.session], roles: ["clinician"], scopes: ["me"] },
      "write",
      "vitals",
    );
    expect(decision).toEqual({ allow: false, reason: "emergency_reads_only" });
  });

  test("reads by a consent where one suffices, and says so", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    const { id } = await opened(clinician, owner);
    const grantee = { kind: "person", id: clinician.person.id };
    await post(owner, "/v1/me/consents", { grantee, role: "clinician", categories: ["vitals"], actions: ["read"], purpose: "care" });
    expect(await statusOf(clinician, owner)).toBe(200);
    expect((await logOf(owner))[1]).toMatchObject({ reason: "consent", purpose: "care" });
    expect(await statusOf(clinician, owner, "/metrics/steps")).toBe(200);
    expect((await logOf(owner))[1]).toMatchObject({ reason: "break_glass", purpose: "emergency", consent: id });
    expect(await statusOf(clinician, owner, "/metrics")).toBe(200);
    expect((await logOf(owner))[1]).toMatchObject({ reason: "break_glass", consent: expect.stringMatching(/^cns_\S+\/1 emg_/) });
  });

  test("gets one access for one idempotency key", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    const headers = { "idempotency-key": newId("ticket", "eu", Date.now()) };
    const first = await open(clinician, owner, REASON, headers);
    const again = await open(clinician, owner, REASON, headers);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await again.json()).toEqual(await first.json());
    expect(await noticesOf(owner)).toHaveLength(1);
    expect((await open(clinician, owner, "Another reason, which is long.", headers)).status).toBe(409);
  });

  test.each<[string, unknown]>([
    ["too short", { reason: "Because " }],
    ["too long", { reason: "x".repeat(501) }],
    ["blank", { reason: " ".repeat(40) }],
    ["missing", {}],
    ["with a time of its own", { reason: REASON, endsAt: "2030-01-01T00:00:00Z" }],
  ])("is refused for a reason that is %s, and nothing is left", async (_what, body) => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    expect((await post(clinician, `/v1/people/${owner.person.id}/emergency-access`, body)).status).toBe(422);
    expect(await noticesOf(owner)).toEqual([]);
    expect(await statusOf(clinician, owner)).toBe(404);
  });

  test("cannot do so to their own data", async () => {
    const clinician = await registerClinician();
    expect((await open(clinician, clinician)).status).toBe(404);
    expect(await noticesOf(clinician)).toEqual([]);
  });
});

describe("an emergency access ends", () => {
  test("after sixty minutes to the millisecond, and needs a new reason then", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    travel(0);
    const { endsAt } = await opened(clinician, owner);
    // The token is good for five minutes: the vault is asked itself.
    const actor = { ...portsOf(clinician).actor, roles: ["clinician"], assurance: "aal2" } as const;
    const read = async () => await outcomeOf(vaultOf(env, owner.person.id).metrics(actor));
    vi.useFakeTimers({ now: Date.parse(endsAt) - 1, toFake: ["Date"] });
    expect(await read()).toBe("allowed");
    vi.useFakeTimers({ now: Date.parse(endsAt), toFake: ["Date"] });
    expect(await read()).toBe("not_found");
    vi.useRealTimers();
    travel(0);
    await opened(clinician, owner);
    expect(await read()).toBe("allowed");
    expect(await noticesOf(owner)).toHaveLength(2);
  });

  test("when the role is lost, at the next read", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    await opened(clinician, owner);
    expect(await explain(owner, clinician)).toMatchObject({ allowed: true, reason: "break_glass", purpose: "emergency" });
    await holdRoles(clinician, ["user"]);
    expect(await statusOf(clinician, owner)).toBe(404);
    expect(await explain(owner, clinician)).toMatchObject({ allowed: false, reason: "emergency_role_missing" });
    expect((await logOf(owner, "?outcome=denied"))[0]).toMatchObject({ reason: "emergency_role_missing", purpose: "emergency" });
    await holdRoles(clinician, ["clinician"]);
    expect(await statusOf(clinician, owner)).toBe(200);
  });

  test("when the session in which it was opened ends; another session of the clinician's does not have it", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    await opened(clinician, owner);
    const elsewhere = await signedIn(clinician, "aal2");
    expect(await statusOf(elsewhere, owner)).toBe(404);
    expect(await statusOf(clinician, owner)).toBe(200);
    expect((await clinician.fetch("/v1/sessions/current", { method: "DELETE" })).status).toBe(204);
    expect(await statusOf(clinician, owner)).toBe(401);
    expect(await statusOf(elsewhere, owner)).toBe(404);
    expect(await explain(owner, clinician)).toMatchObject({ allowed: false, reason: "no_consent" });
  });

  test("when the records no longer say that the session has a second factor, whatever the token says", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    await opened(clinician, owner);
    await holdAssurance(clinician, "aal1");
    expect(await statusOf(clinician, owner)).toBe(404);
  });

  test("when the person ends it, in the middle of a list", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    const { id } = await opened(clinician, owner);
    const span = `from=${new Date(START).toISOString()}&to=${new Date(START + DAY_MS).toISOString()}`;
    const list = `/v1/people/${owner.person.id}/metrics/heart_rate?resolution=raw&${span}&limit=2`;
    const { next } = z.object({ next: z.string() }).parse(await (await clinician.fetch(list)).json());
    expect((await owner.fetch(`/v1/me/emergency-accesses/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await clinician.fetch(`${list}&cursor=${encodeURIComponent(next)}`)).status).toBe(404);
    expect((await owner.fetch(`/v1/me/emergency-accesses/${id}`, { method: "DELETE" })).status).toBe(204);
    expect(await noticesOf(owner)).toMatchObject([{ id, state: "ended", reads: 1 }]);
    expect((await clinician.fetch(`/v1/me/emergency-accesses/${id}`, { method: "DELETE" })).status).toBe(404);
  });
});

describe("the person", () => {
  test("is told at once: by a letter without health data in their language, and by a notice that lasts", async () => {
    const [owner, clinician] = await Promise.all([patient("de"), registerClinician("us")]);
    const { id, openedAt, endsAt } = await opened(clinician, owner);
    await vi.waitFor(async () => expect(await lettersTo(owner)).toHaveLength(1));
    const [sent] = await lettersTo(owner);
    expect(sent?.subject).toBe("Meridian: Notfallzugriff auf Ihre Daten");
    expect(`${sent?.subject}${sent?.text}`).not.toMatch(/unconscious|Moor|heart|per_/);
    await clinician.fetch(`/v1/people/${owner.person.id}/metrics`);
    const who = { id: clinician.person.id, name: "Dr Ines Moor", region: "us" };
    expect(await noticesOf(owner)).toEqual([
      { id, clinician: who, reason: REASON, state: "open", openedAt, endsAt, reads: 1, review: null },
    ]);
  });

  test("pages through the notices, latest first", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await opened(clinician, owner)).id);
    const page = accessesSchema.parse(await (await owner.fetch("/v1/me/emergency-accesses?limit=2")).json());
    const rest = accessesSchema.parse(await (await owner.fetch(`/v1/me/emergency-accesses?limit=2&cursor=${page.next}`)).json());
    expect([...page.items, ...rest.items].map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(rest.next).toBeNull();
  });

  test("has the reason sealed: neither the records nor the vault hold it in the clear", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    const { id } = await opened(clinician, owner);
    const row = await regional(env, "eu").records.prepare("select * from emergency_reviews where id = ?").bind(id).first();
    expect(JSON.stringify(row)).not.toMatch(/unconscious|Moor/);
    const { runInDurableObject } = await import("cloudflare:test");
    await runInDurableObject(vaultOf(env, owner.person.id), (_vault, state) => {
      const [stored] = state.storage.sql.exec("SELECT * FROM emergency_accesses WHERE id = ?", id).toArray();
      expect(JSON.stringify(stored)).not.toMatch(/unconscious|Moor/);
      expect(stored?.["sealed_reason"]).toMatch(/^v1\./);
    });
  });

  test("gets the letter later where it could not be sent, and once", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    const broken = { send: async () => await Promise.reject(new Error("no mail today")) };
    await openAccess(portsOf(clinician, { mailer: broken }), owner.person.id, REASON);
    travel(5 * MINUTE_MS);
    expect(await lettersTo(owner)).toHaveLength(0);
    await sendDueLetters(letterPorts(env, systemClock));
    await sendDueLetters(letterPorts(env, systemClock));
    expect(await lettersTo(owner)).toHaveLength(1);
  });
});

describe("nothing can be read before notice and review are written down:", () => {
  test.each(["prepareEmergency", "openEmergency"])("the vault fails at %s", async (method) => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    const ports = portsOf(clinician, { vault: (person) => failing(vaultOf(env, person), [method]) });
    expect(await outcomeOf(openAccess(ports, owner.person.id, REASON))).toBe("unavailable");
    expect(await statusOf(clinician, owner)).toBe(404);
    expect((await noticesOf(owner)).every(({ state }) => state === "not_opened")).toBe(true);
  });

  test("the row of the review cannot be written", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician("us")]);
    let isReview = false;
    const recordsOf: EmergencyPorts["recordsOf"] = (region) => {
      const { records } = regional(env, region);
      return new Proxy(records, {
        get(target, name) {
          if (name === "batch") return target.batch.bind(target);
          return (sql: string) => {
            isReview ||= sql.includes("insert into emergency_reviews");
            if (sql.includes("insert into emergency_reviews")) throw new Error("out of order");
            return target.prepare(sql);
          };
        },
      });
    };
    expect(await outcomeOf(openAccess(portsOf(clinician, { recordsOf }), owner.person.id, REASON))).toBe("unavailable");
    expect(isReview).toBe(true);
    expect(await statusOf(clinician, owner)).toBe(404);
    expect(await noticesOf(owner)).toMatchObject([{ state: "not_opened", reads: 0 }]);
    expect(await lettersTo(owner)).toEqual([]);
    // What failed through no fault of theirs does not count against them.
    for (let i = 0; i < MOST_AN_HOUR; i++) expect((await open(clinician, owner)).status).toBe(201);
  });
});

describe("whoever may not", () => {
  test("gets the same answer for a person who exists and for one who does not", async () => {
    const [owner, clinician, trainer] = await Promise.all([
      patient(),
      registerClinician(),
      somebody("eu", { roles: ["trainer"], acr: "aal2" }),
    ]);
    const nobody = newId("person", "eu", Date.now());
    const answerOf = async (who: Somebody, id: string) => {
      const response = await post(who, `/v1/people/${id}/emergency-access`, { reason: REASON });
      const { instance: _instance, ...body } = z.looseObject({ instance: z.string() }).parse(await response.json());
      return [response.status, body];
    };
    expect(await answerOf(trainer, owner.person.id)).toEqual(await answerOf(trainer, nobody));
    expect(await answerOf(trainer, owner.person.id)).toMatchObject([404, { code: "not_found" }]);
    await holdAssurance(clinician, "aal1");
    expect(await answerOf(clinician, owner.person.id)).toEqual(await answerOf(clinician, nobody));
    expect(await answerOf(clinician, owner.person.id)).toMatchObject([403, { code: "forbidden" }]);
    const denied = await logOf(owner, "?outcome=denied");
    expect(new Set(denied.map((line) => line.reason))).toEqual(new Set(["emergency_second_factor_missing", "emergency_role_missing"]));
    expect(await noticesOf(owner)).toEqual([]);
  });

  test("finds out no more than a few ids an hour: tries at unknown ones count", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    for (let i = 0; i < MOST_AN_HOUR; i++)
      expect((await post(clinician, `/v1/people/${newId("person", "us", Date.now())}/emergency-access`, { reason: REASON })).status).toBe(
        404,
      );
    const refused = await open(clinician, owner);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3_500);
    expect(await codeOf(refused)).toBe("rate_limited");
  });

  test("opens no more at once than the limit, in parallel too", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    const answers = await Promise.all(Array.from({ length: MOST_AN_HOUR + 4 }, async () => (await open(clinician, owner)).status));
    expect(answers.filter((status) => status === 201)).toHaveLength(MOST_AN_HOUR);
    expect(answers.filter((status) => status === 429)).toHaveLength(4);
  });

  test("opens no more in a day than the limit", async () => {
    const [owner, clinician] = await Promise.all([patient(), registerClinician()]);
    const ports = portsOf(clinician);
    const outcomes: string[] = [];
    travel(0);
    for (let i = 0; i <= MOST_A_DAY; i++) {
      outcomes.push(await outcomeOf(openAccess(ports, owner.person.id, REASON)));
      travel(HOUR_MS / MOST_AN_HOUR);
    }
    expect(outcomes.slice(0, MOST_A_DAY).every((outcome) => outcome === "allowed")).toBe(true);
    expect(outcomes[MOST_A_DAY]).toBe("rate_limited");
    travel(DAY_MS);
    expect(await outcomeOf(openAccess(ports, owner.person.id, REASON))).toBe("allowed");
  });
});

describe("a reviewer", () => {
  const queue = async (reviewer: Somebody, query = "") =>
    reviewsSchema.parse(await (await reviewer.fetch(`/v1/reviews/emergency-accesses${query}`)).json());
  const decide = async (reviewer: Somebody, id: string, outcome: string, note = "Confirmed with the ward.") =>
    await post(reviewer, `/v1/reviews/emergency-accesses/${id}/decision`, { outcome, note });
  const whole = async (reviewer: Somebody, state?: string) => {
    const all: z.infer<typeof reviewSchema>[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: z.infer<typeof reviewsSchema> = await queue(
        reviewer,
        `?limit=200${state === undefined ? "" : `&state=${state}`}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      all.push(...page.items);
      cursor = page.next;
    }
    return all;
  };

  test("sees ids, times and states, and the reason where they ask for it; never data", async () => {
    const [owner, clinician, moderator] = await Promise.all([
      patient(),
      registerClinician("us"),
      somebody("eu", { roles: ["moderator"], acr: "aal2" }),
    ]);
    const { id } = await opened(clinician, owner);
    await clinician.fetch(`/v1/people/${owner.person.id}/metrics`);
    const found = (await whole(moderator)).find((item) => item.id === id);
    expect(found).toMatchObject({ person: owner.person.id, clinician: clinician.person.id, state: "open" });
    const one = await moderator.fetch(`/v1/reviews/emergency-accesses/${id}`);
    expect(accessSchema.parse(await one.json())).toMatchObject({ id, reason: REASON, reads: 1, state: "open" });
    expect((await logOf(owner, `?actor=${moderator.person.id}`))[0]).toMatchObject({ resource: "emergency_access", reason: "review" });
    for (const path of ["/metrics", "/metrics/heart_rate", `/days/${DATE}`, "/sleep", "/workouts"])
      expect(await statusOf(moderator, owner, path)).toBe(404);
  });

  test("decides once; the person sees it, and is written where it was not justified, which ends the access", async () => {
    const [owner, clinician, admin, other] = await Promise.all([
      patient(),
      registerClinician(),
      somebody("eu", { roles: ["admin"], acr: "aal2" }),
      somebody("us", { roles: ["moderator"], acr: "aal2" }),
    ]);
    const [first, second] = [await opened(clinician, owner), await opened(clinician, owner)];
    await vi.waitFor(async () => expect(await lettersTo(owner)).toHaveLength(2));
    expect(await (await decide(admin, first.id, "justified")).json()).toMatchObject({ state: "justified", reviewer: admin.person.id });
    expect(await statusOf(clinician, owner)).toBe(200);
    expect((await decide(other, second.id, "unjustified", "Nobody was in danger.")).status).toBe(200);
    expect(await statusOf(clinician, owner)).toBe(200);
    await vi.waitFor(async () => expect(await lettersTo(owner)).toHaveLength(3));
    expect((await lettersTo(owner))[0]?.subject).toBe("Meridian: An emergency access was not justified");
    const notices = await noticesOf(owner);
    expect(notices.find(({ id }) => id === first.id)).toMatchObject({ state: "open", review: { outcome: "justified" } });
    expect(notices.find(({ id }) => id === second.id)).toMatchObject({
      state: "ended",
      review: { outcome: "unjustified", note: "Nobody was in danger." },
    });
    await owner.fetch(`/v1/me/emergency-accesses/${first.id}`, { method: "DELETE" });
    expect(await statusOf(clinician, owner)).toBe(404);
    expect((await decide(admin, first.id, "justified")).status).toBe(200);
    expect(await codeOf(await decide(admin, first.id, "unjustified"))).toBe("conflict");
    expect(await codeOf(await decide(other, first.id, "justified"))).toBe("conflict");
    expect((await whole(admin, "unjustified")).map(({ id }) => id)).toContain(second.id);
    expect((await whole(admin, "open")).map(({ id }) => id)).not.toContain(first.id);
  });

  test("completes by repeating a decision that was cut off after the vault had kept it", async () => {
    const [owner, clinician, admin] = await Promise.all([
      patient(),
      registerClinician(),
      somebody("eu", { roles: ["admin"], acr: "aal2" }),
    ]);
    const { id } = await opened(clinician, owner);
    const access = parseId("emergencyAccess", id) ?? newId("emergencyAccess", "eu", 1);
    const actor = { ...portsOf(admin).actor, roles: ["admin"], assurance: "aal2" } as const;
    await vaultOf(env, owner.person.id).decideEmergency(actor, access, "unjustified", "Not needed.");
    expect((await whole(admin, "open")).map((item) => item.id)).toContain(id);
    await decideReview(portsOf(admin), id, { outcome: "unjustified", note: "Not needed." });
    expect((await whole(admin, "unjustified")).map((item) => item.id)).toContain(id);
    await vi.waitFor(async () =>
      expect((await lettersTo(owner)).map(({ subject }) => subject)).toContain("Meridian: An emergency access was not justified"),
    );
  });

  test("does not review an access of their own, or to their own data", async () => {
    const [owner, clinician] = await Promise.all([patient(), somebody("eu", { roles: ["clinician", "admin"], acr: "aal2" })]);
    const { id } = await opened(clinician, owner);
    expect(await codeOf(await decide(clinician, id, "justified"))).toBe("forbidden");
    await holdRoles(owner, ["user", "moderator"]);
    await holdAssurance(owner, "aal2");
    expect(await codeOf(await decide(owner, id, "unjustified"))).toBe("forbidden");
    expect(await noticesOf(owner)).toMatchObject([{ review: null }]);
  });

  test("has the role now and a second factor in the session; everybody else finds nothing", async () => {
    const [owner, clinician, moderator] = await Promise.all([
      patient(),
      registerClinician(),
      somebody("eu", { roles: ["moderator"], acr: "aal2" }),
    ]);
    const { id } = await opened(clinician, owner);
    const attempts = async (who: Somebody) => [
      (await who.fetch("/v1/reviews/emergency-accesses")).status,
      (await who.fetch(`/v1/reviews/emergency-accesses/${id}`)).status,
      (await decide(who, id, "justified")).status,
    ];
    expect(await attempts(clinician)).toEqual([403, 404, 404]);
    await holdAssurance(moderator, "aal1");
    expect(await attempts(moderator)).toEqual([403, 404, 404]);
    await holdAssurance(moderator, "aal2");
    await holdRoles(moderator, ["user"]);
    expect(await attempts(moderator)).toEqual([403, 404, 404]);
    expect((await moderator.fetch("/v1/reviews/emergency-accesses/emg_eu_nothing")).status).toBe(404);
  });

  test("sees what waits for longer than 72 hours as overdue, and can ask for that alone", async () => {
    const [owner, clinician, admin] = await Promise.all([
      patient(),
      registerClinician(),
      somebody("eu", { roles: ["admin"], acr: "aal2" }),
    ]);
    const { id } = await opened(clinician, owner);
    const states = async () => {
      const ports = portsOf(admin);
      const { listReviews } = await import("./review");
      const found: string[] = [];
      for (const state of ["overdue", "open"] as const) {
        let cursor: string | undefined;
        do {
          const page = await listReviews(ports, { limit: 200, state, ...(cursor !== undefined && { cursor }) });
          found.push(...page.items.filter((item) => item.id === id).map((item) => item.state));
          cursor = page.next ?? undefined;
        } while (cursor !== undefined);
      }
      return found;
    };
    expect(await states()).toEqual(["open"]);
    travel(72 * HOUR_MS + 1);
    expect(await states()).toEqual(["overdue", "overdue"]);
  });

  test("pages through the queue of one region, oldest first, with a cursor that is nobody else's", async () => {
    const [owner, clinician, admin, other] = await Promise.all([
      patient(),
      registerClinician(),
      somebody("us", { roles: ["admin"], acr: "aal2" }),
      somebody("eu", { roles: ["admin"], acr: "aal2" }),
    ]);
    for (let i = 0; i < 3; i++) await opened(clinician, owner);
    const first = await queue(admin, "?region=eu&limit=2");
    expect(first.items).toHaveLength(2);
    const next = encodeURIComponent(first.next ?? "");
    const second = await queue(admin, `?region=eu&limit=2&cursor=${next}`);
    const ids = [...first.items, ...second.items].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect((await other.fetch(`/v1/reviews/emergency-accesses?region=eu&limit=2&cursor=${next}`)).status).toBe(422);
    expect((await admin.fetch(`/v1/reviews/emergency-accesses?region=eu&state=open&limit=2&cursor=${next}`)).status).toBe(422);
    expect((await queue(admin)).items.every(({ id }) => id.startsWith("emg_us_"))).toBe(true);
  });
});

test.each([
  ["the queue", QUEUE_QUERY, [0, "", 1, 1], "emergency_reviews_by_time"],
  ["one state of it", STATE_QUERY, [0, "", 1, 1, "open"], "emergency_reviews_by_state"],
  ["letters that are owed", DUE_LETTERS, [1, 1], "emergency_reviews_by_letter"],
] as const)("%s is read by an index, without a sort", async (_what, query, values, index) => {
  const { results } = await regional(env, "eu")
    .records.prepare(`explain query plan ${query}`)
    .bind(...values)
    .all<{ detail: string }>();
  const plan = results.map(({ detail }) => detail).join("\n");
  expect(plan).toContain(index);
  expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
});
