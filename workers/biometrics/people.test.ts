import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { BatchBuilder } from "../../shared/health/batch";
import { newId } from "../../shared/id";
import { holdRoles, proveSecondFactor, registerPerson, type RegisteredPerson } from "../../test/people";
import { WATCH } from "../../test/vaults";
import { vaultOf } from "../regional";

const DAY = 86_400_000;
const MINUTE = 60_000;
/** A morning some days ago, so that every default period covers it. */
const START = Math.floor(Date.now() / DAY) * DAY - 5 * DAY + 7 * 60 * MINUTE;
const DATE = new Date(START).toISOString().slice(0, 10);
const PERIOD = `from=${new Date(START - DAY).toISOString()}&to=${new Date(START + DAY).toISOString()}`;

/** Every read that exists for another person, and what it needs. */
const READS = [
  ["/metrics", "vitals"],
  ["/metrics/heart_rate", "vitals"],
  [`/metrics/heart_rate?resolution=raw&${PERIOD}`, "vitals"],
  ["/metrics/steps", "activity"],
  ["/metrics/steps/sources", "activity"],
  ["/metrics/steps/reconciliation", "activity"],
  ["/metrics/menstrual_flow", "reproductive"],
  ["/metrics/state_of_mind", "mental"],
  [`/days?from=${DATE}&to=${DATE}`, "vitals"],
  [`/days/${DATE}`, "vitals"],
  ["/sleep", "sleep"],
  ["/workouts", "activity"],
] as const;

type Answer = { readonly items: readonly Record<string, unknown>[]; readonly next: string | null };
const answerOf = async (response: Response): Promise<Answer> => await response.json();

afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock of the app. Only the date: nothing waits. */
function travel(ms: number): void {
  vi.useFakeTimers({ now: Date.now() + ms, toFake: ["Date"] });
}

async function fill(person: RegisteredPerson): Promise<void> {
  const batch = new BatchBuilder();
  const source = batch.source(WATCH);
  const at = (minutes: number) => START + minutes * MINUTE;
  for (let i = 0; i < 10; i++) batch.sample("heart_rate", source, at(i), 60 + i, 0, 0);
  batch.interval("steps", source, at(0), at(10), 900, 0, 0);
  const event = { kind: "event", source, start: at(1), end: at(1), value: null, zone: 0, version: 0 } as const;
  batch.reading({ ...event, metric: "menstrual_flow", text: "light", attributes: { note: "private canary" } });
  batch.reading({ ...event, metric: "body_weight", kind: "sample", value: 71.5, attributes: { note: "private canary" } });
  batch.sleepSession({
    source,
    start: START - 8 * 60 * MINUTE,
    end: START,
    zone: 0,
    stages: [{ start: START - 8 * 60 * MINUTE, end: START, stage: "light" }],
    attributes: { note: "private canary" },
    version: 0,
  });
  batch.workout({
    source,
    start: at(20),
    end: at(50),
    zone: 0,
    type: "running",
    totals: { distance_walk_run: 5_000, heart_rate_max: 171, unplaced_total: 3 },
    route: [[at(20), 52.5, 13.4]],
    laps: [{ heartRate: 170 }],
    attributes: { place: "private canary" },
    version: 0,
  });
  await vaultOf(env, person.person.id).record(batch.take(), "test");
}

async function give(owner: RegisteredPerson, grantee: RegisteredPerson, change: object = {}): Promise<string> {
  const terms = {
    grantee: { kind: "person", id: grantee.person.id },
    role: "user",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
    ...change,
  };
  const headers = { "content-type": "application/json" };
  const response = await owner.fetch("/v1/me/consents", { method: "POST", headers, body: JSON.stringify(terms) });
  expect(response.status).toBe(201);
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

const take = async (owner: RegisteredPerson, id: string) => {
  expect((await owner.fetch(`/v1/me/consents/${id}`, { method: "DELETE" })).status).toBe(204);
};

const read = async (reader: RegisteredPerson, owner: RegisteredPerson, path: string) =>
  await reader.fetch(`/v1/people/${owner.person.id}${path}`);
const statusOf = async (reader: RegisteredPerson, owner: RegisteredPerson, path: string) => (await read(reader, owner, path)).status;

const [owner, reader, near, away] = await Promise.all([
  registerPerson("eu"),
  registerPerson("us"),
  registerPerson("eu"),
  registerPerson("us"),
]);
await fill(owner);
await proveSecondFactor(away);

describe.each(READS)("GET /v1/people/{personId}%s, which needs %s", (path, category) => {
  const other = category === "sleep" ? "body" : "sleep";
  const fresh = async () => await registerPerson("us");
  const expectAll = async (who: RegisteredPerson, status: number) => expect(await statusOf(who, owner, path)).toBe(status);

  test("is not found without a consent", async () => {
    await expectAll(near, 404);
  });

  test("is answered with one, from another region too, and not found again once it is taken back", async () => {
    const id = await give(owner, away, { categories: [category] });
    await expectAll(away, 200);
    await take(owner, id);
    await expectAll(away, 404);
  });

  test("is not found with a consent for something else, or by somebody else", async () => {
    const id = await give(owner, away, { categories: [other] });
    // Lists of several categories show what there is of the other one, and nothing of this.
    const isMixed = path === "/metrics" || path.startsWith("/days");
    await expectAll(away, isMixed ? 200 : 404);
    const text = await (await read(away, owner, path)).text();
    expect(text).not.toContain("heart_rate");
    await expectAll(near, 404);
    await take(owner, id);
  });

  test("is not found with a consent to another action", async () => {
    await holdRoles(away, ["user", "clinician"]);
    const id = await give(owner, away, { role: "clinician", purpose: "care", categories: [category], actions: ["advise"] });
    await expectAll(away, 404);
    await take(owner, id);
  });

  test("is not found before the consent begins and after it has ended", async () => {
    const until = new Date(Date.now() + MINUTE).toISOString();
    const from = new Date(Date.now() + 2 * MINUTE).toISOString();
    const ending = await give(owner, away, { categories: [category], until });
    await expectAll(away, 200);
    travel(MINUTE + 1_000);
    await expectAll(away, 404);
    vi.useRealTimers();
    await take(owner, ending);
    const coming = await give(owner, away, { categories: [category], from });
    await expectAll(away, 404);
    travel(2 * MINUTE + 1_000);
    await expectAll(away, 200);
    vi.useRealTimers();
    await take(owner, coming);
  });

  test("is not found in a role that the reader does not hold any more", async () => {
    await holdRoles(away, ["user"]);
    const id = await give(owner, away, { role: "clinician", purpose: "care", categories: [category] });
    await expectAll(away, 404);
    await holdRoles(away, ["user", "clinician"]);
    await expectAll(away, 200);
    await holdRoles(away, ["user"]);
    await expectAll(away, 404);
    await take(owner, id);
  });

  test("in a role that works with other people's data needs a second factor, as the records know it", async () => {
    const who = await fresh();
    await holdRoles(who, ["user", "clinician"]);
    const id = await give(owner, who, { role: "clinician", purpose: "care", categories: [category] });
    const refused = await read(who, owner, path);
    expect([refused.status, await refused.json()]).toMatchObject([
      403,
      { code: "step_up_required", detail: expect.stringContaining("second factor") },
    ]);
    // Whoever has no consent learns nothing of it.
    await holdRoles(near, ["user", "clinician"]);
    await expectAll(near, 404);
    await holdRoles(near, ["user"]);
    await proveSecondFactor(who);
    await expectAll(who, 200);
    await proveSecondFactor(who, "aal1");
    await expectAll(who, 403);
    const denied = await answerOf(await owner.fetch(`/v1/me/access-log?actor=${who.person.id}&outcome=denied`));
    expect(denied.items.map(({ reason }) => reason)).toEqual(["second_factor_missing", "second_factor_missing"]);
    await take(owner, id);
    await expectAll(who, 404);
  });

  test("looks the same for who may not see it and for who does not exist", async () => {
    const bodyOf = async (id: string) => {
      const { instance: _instance, ...rest } = z.looseObject({}).parse(await (await near.fetch(`/v1/people/${id}${path}`)).json());
      return rest;
    };
    const nobody = newId("person", "eu", Date.now());
    expect(await bodyOf(nobody)).toEqual(await bodyOf(owner.person.id));
    expect(await bodyOf("per_eu_x")).toEqual(await bodyOf(owner.person.id));
  });

  test("is refused after the reader has signed out", async () => {
    const who = await fresh();
    await give(owner, who, { categories: [category] });
    await who.fetch("/v1/sessions/current", { method: "DELETE" });
    await expectAll(who, 401);
  });

  test("is in the owner's log once, with reader, purpose and consent", async () => {
    const who = await fresh();
    const id = await give(owner, who, { categories: [category] });
    await read(who, owner, path);
    const log = await answerOf(await owner.fetch(`/v1/me/access-log?actor=${who.person.id}`));
    expect(log.items).toHaveLength(1);
    expect(log.items[0]).toMatchObject({ action: "read", outcome: "allowed", reason: "consent", purpose: "personal", consent: `${id}/1` });
    expect(log.items[0]?.["requestId"]).toEqual(expect.any(String));
    await take(owner, id);
    await read(who, owner, path);
    const denied = await answerOf(await owner.fetch(`/v1/me/access-log?actor=${who.person.id}&outcome=denied`));
    expect(denied.items.map(({ reason }) => reason)).toEqual(["consent_revoked"]);
  });
});

describe("what is shown", () => {
  test("of mixed lists is what was granted", async () => {
    const who = await registerPerson("eu");
    await give(owner, who, { categories: ["vitals"] });
    const metrics = await answerOf(await read(who, owner, "/metrics"));
    expect(metrics.items.map(({ key }) => key)).toEqual(["heart_rate"]);
    const day = z
      .looseObject({ metrics: z.record(z.string(), z.unknown()), workouts: z.array(z.unknown()) })
      .parse(await (await read(who, owner, `/days/${DATE}`)).json());
    expect(Object.keys(day.metrics)).toEqual(["heart_rate"]);
    expect(day.workouts).toEqual([]);
    expect(day["sleep"]).toBeUndefined();
    await give(owner, who, { categories: ["sleep", "body", "activity"] });
    const more = z
      .looseObject({ metrics: z.record(z.string(), z.unknown()), workouts: z.array(z.unknown()), sleep: z.looseObject({}) })
      .parse(await (await read(who, owner, `/days/${DATE}`)).json());
    expect(Object.keys(more.metrics).toSorted()).toEqual(expect.arrayContaining(["body_weight", "heart_rate", "steps"]));
    expect(Object.keys(more.metrics)).not.toContain("menstrual_flow");
    expect(more.workouts).toHaveLength(1);
  });

  test("of days without anything visible is nothing", async () => {
    const who = await registerPerson("eu");
    await give(owner, who, { categories: ["labs"] });
    expect((await answerOf(await read(who, owner, `/days?from=${DATE}&to=${DATE}`))).items).toEqual([]);
    expect(await (await read(who, owner, `/days/${DATE}`)).json()).toMatchObject({ date: DATE, metrics: {}, workouts: [] });
  });

  test("of a workout has no route, no laps, nothing attached, and no totals of another category", async () => {
    const who = await registerPerson("eu");
    await give(owner, who, { categories: ["activity"] });
    const [workout] = (await answerOf(await read(who, owner, "/workouts"))).items;
    expect(workout).toMatchObject({ type: "running", totals: { distance_walk_run: 5_000 } });
    expect(Object.keys(workout ?? {}).toSorted()).toEqual(["durationS", "endAt", "id", "source", "sources", "startAt", "totals", "type"]);
    await give(owner, who, { categories: ["vitals"] });
    const [more] = (await answerOf(await read(who, owner, "/workouts"))).items;
    expect(more?.["totals"]).toEqual({ distance_walk_run: 5_000, heart_rate_max: 171 });
  });

  test("never has what vendors attached", async () => {
    const who = await registerPerson("eu");
    await give(owner, who, { categories: ["reproductive", "body", "sleep", "activity", "vitals", "location"] });
    const paths = ["/metrics/menstrual_flow", "/metrics/body_weight", "/sleep", "/workouts", `/days/${DATE}`];
    for (const path of paths) {
      const isMetric = path.startsWith("/metrics");
      const text = await (await read(who, owner, isMetric ? `${path}?resolution=raw&${PERIOD}` : path)).text();
      expect(text, path).toContain(isMetric ? '"source"' : "startAt");
      expect(text, path).not.toContain("canary");
    }
    const own = await (await owner.fetch(`/v1/me/metrics/body_weight?resolution=raw&${PERIOD}`)).text();
    expect(own).toContain("canary");
  });

  test("of oneself is everything", async () => {
    expect(await (await read(owner, owner, "/metrics")).json()).toEqual(await (await owner.fetch("/v1/me/metrics")).json());
    expect(await statusOf(owner, owner, "/metrics/menstrual_flow")).toBe(200);
  });
});

describe("no way around", () => {
  test("a cursor of one's own list, of another person's or of another reader's", async () => {
    const other = await registerPerson("eu");
    await Promise.all([fill(reader), fill(other)]);
    await Promise.all([give(owner, reader), give(other, reader), give(owner, near)]);
    const list = `/metrics/heart_rate?resolution=raw&${PERIOD}&limit=3`;
    const cursorFrom = async (response: Response) => encodeURIComponent((await answerOf(response)).next ?? "none");
    const own = await cursorFrom(await reader.fetch(`/v1/me${list}`));
    const others = await cursorFrom(await read(reader, other, list));
    const nears = await cursorFrom(await read(near, owner, list));
    const mine = await cursorFrom(await read(reader, owner, list));
    expect(await statusOf(reader, owner, `${list}&cursor=${mine}`)).toBe(200);
    for (const cursor of [own, others, nears]) expect(await statusOf(reader, owner, `${list}&cursor=${cursor}`)).toBe(422);
    expect((await reader.fetch(`/v1/me${list}&cursor=${mine}`)).status).toBe(422);
  });

  test("a list goes on no further once the consent is taken back", async () => {
    const who = await registerPerson("us");
    const id = await give(owner, who);
    const list = `/metrics/heart_rate?resolution=raw&${PERIOD}&limit=4`;
    const first = await answerOf(await read(who, owner, list));
    expect(first.items).toHaveLength(4);
    const second = await answerOf(await read(who, owner, `${list}&cursor=${encodeURIComponent(first.next ?? "")}`));
    expect(second.items).toHaveLength(4);
    await take(owner, id);
    expect(await statusOf(who, owner, `${list}&cursor=${encodeURIComponent(second.next ?? "")}`)).toBe(404);
  });

  test("a consent changed to less counts from the next page", async () => {
    const who = await registerPerson("us");
    const id = await give(owner, who, { categories: ["vitals", "activity"] });
    expect(await statusOf(who, owner, "/metrics/steps")).toBe(200);
    const headers = { "content-type": "application/json" };
    await owner.fetch(`/v1/me/consents/${id}`, { method: "PATCH", headers, body: JSON.stringify({ categories: ["vitals"] }) });
    expect(await statusOf(who, owner, "/metrics/steps")).toBe(404);
    expect(await statusOf(who, owner, "/metrics/heart_rate")).toBe(200);
  });

  test("what was typed in alone, or what was measured, with cursors that are good for the one that was asked for", async () => {
    const typed = await registerPerson("eu");
    const batch = new BatchBuilder();
    const [watch, diary] = [batch.source(WATCH), batch.source({ vendor: "healthkit", app: "diary", recordingMethod: "manual" })];
    for (let hour = 0; hour < 4; hour++) {
      const span = { start: START + hour * 60 * MINUTE, end: START + (hour * 60 + 30) * MINUTE, zone: 0, version: 0, totals: {} };
      batch.workout({ ...span, source: hour % 2 === 0 ? watch : diary, type: "running" });
    }
    await vaultOf(env, typed.person.id).record(batch.take(), "test");
    await give(typed, reader, { categories: ["activity"] });
    for (const [who, root] of [
      [reader, `/v1/people/${typed.person.id}`],
      [typed, "/v1/me"],
    ] as const) {
      const ask = async (path: string) => await answerOf(await who.fetch(`${root}${path}`));
      const first = await ask("/workouts?recording=manual&limit=1");
      const second = await ask(`/workouts?recording=manual&limit=1&cursor=${first.next}`);
      expect([...first.items, ...second.items].map(({ source }) => source)).toEqual(["src_2", "src_2"]);
      expect(second.next).toBeNull();
      expect((await who.fetch(`${root}/workouts?recording=automatic&limit=1&cursor=${first.next}`)).status).toBe(422);
      expect((await ask(`/days?from=${DATE}&to=${DATE}&recording=automatic`)).items).toMatchObject([
        { workouts: [{ source: "src_1" }, { source: "src_1" }] },
      ]);
      const day = await who.fetch(`${root}/days/${DATE}?recording=manual`);
      expect(await day.json()).toMatchObject({ workouts: [{ source: "src_2" }, { source: "src_2" }] });
      expect((await who.fetch(`${root}/sleep?recording=guessed`)).status).toBe(422);
    }
  });

  test("of vendors that want words beside it with these words, and for a model without what is kept from models", async () => {
    const rider = await registerPerson("eu");
    const batch = new BatchBuilder();
    const [strava, garmin] = [batch.source({ vendor: "strava" }), batch.source({ vendor: "garmin" })];
    for (const source of [strava, garmin]) {
      batch.sample("heart_rate", source, START + source * MINUTE, 90 + source, 0, 0);
      batch.workout({ source, start: START, end: START + 30 * MINUTE, zone: 0, type: "cycling", totals: {}, version: 0 });
    }
    await vaultOf(env, rider.person.id).record(batch.take(), "test");
    await give(rider, reader, { categories: ["vitals", "activity"] });
    const ask = async (who: RegisteredPerson, path: string) => z.looseObject({}).parse(await (await who.fetch(path)).json());
    const [own, theirs] = ["/v1/me", `/v1/people/${rider.person.id}`];
    const paths = [
      `/metrics/heart_rate?resolution=raw&source=all&${PERIOD}`,
      `/days?from=${DATE}&to=${DATE}`,
      `/days/${DATE}?`,
      "/sleep?",
      "/workouts?",
    ];
    for (const path of paths) {
      const answer = await ask(rider, `${own}${path}&purpose=guidance`);
      expect(answer, path).toMatchObject({ withheld: [{ source: "src_1", vendor: "strava", reason: "no_ai" }] });
      expect(JSON.stringify({ ...answer, withheld: [] })).not.toContain("src_1");
      expect(await ask(rider, `${own}${path}`), path).not.toHaveProperty("withheld");
      // Nobody else gets it, whatever they read for, and need not say.
      expect((await reader.fetch(`${theirs}${path}&purpose=guidance`)).status).toBe(422);
    }
    expect(await ask(rider, `${own}${paths[0]}`)).toMatchObject({ attributions: { src_1: "Powered by Strava", src_2: "Garmin" } });
    for (const path of paths.slice(0, 3))
      expect(JSON.stringify(await ask(reader, `${theirs}${path}`))).toContain('"attributions":{"src_2":"Garmin"}');
    expect(await ask(reader, `${theirs}/metrics/heart_rate/sources`)).toMatchObject({
      sources: [{ source: "src_2", attribution: "Garmin" }],
    });
    expect(await ask(reader, `${theirs}/metrics`)).toMatchObject({ items: [{ attributions: { src_2: "Garmin" } }] });
    const log = await ask(rider, "/v1/me/access-log?limit=20");
    expect(log["items"]).toContainEqual(expect.objectContaining({ resource: "workout", purpose: "guidance", outcome: "allowed" }));
  });

  test("unknown metrics, sources and other routes", async () => {
    const who = await registerPerson("eu");
    await give(owner, who, { categories: ["vitals"] });
    for (const path of ["/metrics/__proto__", "/metrics/nothing", "/metrics/steps?source=all", "/metrics/menstrual_flow?source=src_1"])
      expect(await statusOf(who, owner, path), path).toBe(404);
    for (const path of ["/sources", "/quarantine", "/access-log", "/consents", "/workouts/x", "/connections"])
      expect(await statusOf(who, owner, path), path).toBe(404);
    for (const query of [`?patient=${owner.person.id}`, `?patient=Patient/${owner.person.id}`, ""])
      expect(await (await who.fetch(`/fhir/r4/Observation${query}`)).text(), query).not.toContain("valueQuantity");
    const page = z
      .looseObject({ total: z.number().optional() })
      .safeParse(await (await who.fetch("/fhir/r4/Observation?_summary=count")).json());
    expect(page.data?.total ?? 0).toBe(0);
  });

  test("what the vault's other calls would do is refused there", async () => {
    const who = await registerPerson("eu");
    await give(owner, who, { categories: ["vitals", "activity"] });
    const vault = vaultOf(env, owner.person.id);
    const actor = { kind: "person", person: who.person.id, session: newId("session", "eu", Date.now()), roles: ["user"] } as const;
    const calls: (() => Promise<unknown>)[] = [
      async () => await vault.sources(actor),
      async () => await vault.quarantined(actor, { state: "held", limit: 10 }),
      async () => await vault.workout(actor, "x"),
      async () => await vault.erase(actor, { from: 0, to: 1 }),
      async () => await vault.eraseOne(actor, "x"),
      async () => await vault.ingest(actor, "healthkit", new ArrayBuffer(2)),
      async () => await vault.searchFhir(actor, { type: "Observation", params: [], limit: 1 } as never),
      async () => await vault.connections(actor),
      async () => await vault.fhirTargets(actor),
      async () => await vault.consents(actor, undefined, 10),
      async () => await vault.accessLog(actor, { limit: 1 }),
      async () => await vault.verifyAccessLog(actor, 0, 1),
      async () => await vault.admit(actor),
    ];
    for (const one of calls) {
      const outcome = await one().then(
        () => "allowed",
        (error: unknown) => z.object({ code: z.string() }).parse(error).code,
      );
      expect(outcome, one.toString()).toBe("not_found");
    }
  });

  test("an id that nobody is registered under opens no vault", async () => {
    const nobody = newId("person", "eu", Date.now());
    expect((await near.fetch(`/v1/people/${nobody}/metrics`)).status).toBe(404);
  });
});
