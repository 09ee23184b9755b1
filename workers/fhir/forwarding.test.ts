import { createExecutionContext, createMessageBatch, getQueueResult, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TargetSettings } from "../../durable-objects/vault/fhir/targets";
import type { PersonActor } from "../../shared/context";
import { BatchBuilder } from "../../shared/health/batch";
import { newId, type PersonId } from "../../shared/id";
import { FhirServer } from "../../test/fixtures/fhir-server";
import { registerPerson } from "../../test/people";
import { dispatchBatch } from "../queues";
import { vaultOf } from "../regional";

const HOUR = Date.UTC(2026, 10, 20, 7);
const BASE = "http://127.0.0.1:8790/fhir";
const OPEN: TargetSettings = { name: "Clinic", baseUrl: BASE, auth: { kind: "none" }, metrics: null, categories: null, state: "active" };

let server: FhirServer;
let token: (request: Request) => Response | undefined;

beforeEach(() => {
  server = new FhirServer(BASE);
  token = () => undefined;
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    return (await server.handle(request.clone())) ?? token(request) ?? Response.error();
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A fresh person's vault, one target, and a way to send what is due. */
async function forwarder(settings: Partial<TargetSettings> = {}) {
  const person: PersonId = newId("person", "eu", Date.now());
  const actor: PersonActor = { kind: "person", person, session: newId("session", "eu", Date.now()) };
  const vault = vaultOf(env, person);
  const target = await vault.createFhirTarget(actor, { ...OPEN, ...settings });
  return {
    person,
    actor,
    vault,
    id: target.id,
    target: async () => (await vault.fhirTargets(actor))[0],
    deliveries: async () => await vault.fhirDeliveries(actor, target.id, undefined, undefined, 200),
    send: async () => await vault.forwardFhir(target.id),
    /** Delivers a pointer through the queue's consumer. */
    deliver: async (queue: string, body: unknown = { kind: "fhir-forward", person, target: target.id }) => {
      const batch = createMessageBatch(queue, [{ id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body }]);
      await dispatchBatch(batch, env, undefined, () => undefined);
      return await getQueueResult(batch, createExecutionContext());
    },
  };
}

function weights(n: number, value = 70) {
  const batch = new BatchBuilder();
  const scale = batch.source({ vendor: "withings", deviceName: "Scale" });
  for (let i = 0; i < n; i++) batch.sample("body_weight", scale, HOUR + i * 60_000, value, 3_600, value, `w-${i}`);
  return batch.take();
}

describe("forwarding", () => {
  test("sends what was recorded as Observations of the person's Patient and Device there", async () => {
    const { vault, send, person, target } = await forwarder();
    await vault.record(weights(3));
    expect(await send()).toEqual({});
    const [patient] = server.all("Patient");
    const [device] = server.all("Device");
    expect(patient?.identifier).toEqual([{ system: "urn:meridian:person", value: person }]);
    expect(server.all("Observation")).toHaveLength(3);
    expect(server.all("Observation")[0]).toMatchObject({
      subject: { reference: `Patient/${patient?.id}` },
      device: { reference: `Device/${device?.id}` },
      valueQuantity: { value: 70, code: "kg" },
    });
    expect(await target()).toMatchObject({ sent: 3, refused: 0, open: 0, dead: 0, lastFailure: null });
  });

  test("replays, corrections and retries leave one Observation a reading, and send nothing twice", async () => {
    const { vault, send } = await forwarder();
    await vault.record(weights(3));
    await send();
    const bundles = () => server.received.filter(({ entries }) => entries > 0).length;
    await vault.record(weights(3));
    await send();
    expect(bundles()).toBe(1);
    await vault.record(weights(1, 71));
    await send();
    expect([bundles(), server.received.at(-1)?.entries]).toEqual([2, 1]);
    expect(
      server
        .all("Observation")
        .map(({ valueQuantity }) => (valueQuantity as { value: number }).value)
        .toSorted(),
    ).toEqual([70, 70, 71]);
  });

  test("sends bundles of at most a hundred entries, and goes on where it stopped", async () => {
    const { vault, send, target } = await forwarder();
    await vault.record(weights(2_350));
    while ((await target())?.open !== 0) await send();
    expect(server.all("Observation")).toHaveLength(2_350);
    const sizes = server.received.map(({ entries }) => entries).filter((n) => n > 0);
    expect(Math.max(...sizes)).toBe(100);
    expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(2_350);
  });

  test("removes there what was deleted here", async () => {
    const { vault, send, actor } = await forwarder();
    await vault.record(weights(3));
    await send();
    await vault.erase(actor, { key: "body_weight", source: undefined, from: HOUR, to: HOUR + 60_000 });
    await send();
    expect(server.all("Observation").length).toBeLessThan(3);
    const here = await vault.searchFhir(actor, { type: "Observation", params: [], lenient: false });
    expect(server.all("Observation")).toHaveLength(here.resources.length);
  });

  test("an hour of samples that grows stays one Observation", async () => {
    const { vault, send } = await forwarder();
    for (const minute of [0, 1, 2]) {
      const batch = new BatchBuilder();
      const watch = batch.source({ vendor: "healthkit" });
      batch.sample("heart_rate", watch, HOUR + minute * 60_000, 60 + minute, 3_600, 1);
      await vault.record(batch.take());
      vi.setSystemTime(Date.now() + 1_000);
      await send();
    }
    expect(server.all("Observation")).toHaveLength(1);
    expect(server.all("Observation")[0]).toMatchObject({ valueSampledData: { period: 60_000, data: "60 61 62" } });
  });

  test("is asked for again where its message or its run got lost, until all is sent", async () => {
    const { vault, send, actor, id } = await forwarder();
    const due = async () =>
      await runInDurableObject(
        vault,
        (_, { storage }) =>
          storage.sql.exec<{ due_at: number }>("SELECT due_at FROM timers WHERE kind = 'fhir-forward'").toArray()[0]?.due_at,
      );
    await vault.record(weights(1));
    server.breaks(() => 503);
    for (let lost = 0; lost < 3; lost++) {
      vi.setSystemTime((await due()) ?? 0);
      await runDurableObjectAlarm(vault);
      expect(await due()).toBeGreaterThan(Date.now());
    }
    server.works();
    vi.setSystemTime((await due()) ?? 0);
    await send();
    expect(server.all("Observation")).toHaveLength(1);
    await runDurableObjectAlarm(vault);
    expect(await due()).toBeUndefined();

    await vault.changeFhirTarget(actor, id, { state: "paused" });
    await vault.record(weights(2));
    expect(await due()).toBeUndefined();
  });

  test("a night brings its figures along", async () => {
    const { vault, send } = await forwarder({ metrics: ["sleep", "sleep_duration"] });
    const batch = new BatchBuilder();
    const ring = batch.source({ vendor: "oura" });
    batch.sleepSession({
      source: ring,
      start: HOUR - 8 * 3_600_000,
      end: HOUR,
      zone: 0,
      stages: [{ start: HOUR - 8 * 3_600_000, end: HOUR, stage: "deep" }],
      version: 1,
    });
    await vault.record(batch.take());
    await send();
    expect(server.all("Observation").map(({ valueQuantity }) => (valueQuantity as { value?: number } | undefined)?.value)).toEqual(
      expect.arrayContaining([480, undefined]),
    );
  });

  test("forwards only what the filters name", async () => {
    const { vault, send } = await forwarder({ categories: ["activity"] });
    await vault.record(weights(2));
    const batch = new BatchBuilder();
    batch.interval("steps", batch.source({ vendor: "healthkit" }), HOUR, HOUR + 60_000, 100, 0, 1);
    await vault.record(batch.take());
    await send();
    expect(server.all("Observation")).toHaveLength(1);
  });

  test("creates conditionally where the server cannot update so", async () => {
    server.announces({ conditionalCreate: true, conditionalUpdate: false });
    const { vault, send, actor, id } = await forwarder();
    await vault.record(weights(2));
    await send();
    await vault.replayFhir(actor, id, "all");
    await send();
    expect(server.all("Observation")).toHaveLength(2);
  });

  test("a paused target gets nothing, and everything when it goes on", async () => {
    const { vault, send, actor, id } = await forwarder({ state: "paused" });
    await vault.record(weights(2));
    await send();
    expect(server.received).toEqual([]);
    await vault.changeFhirTarget(actor, id, { state: "active" });
    await send();
    expect(server.all("Observation")).toHaveLength(2);
  });

  test("all that there is can be sent to a new target", async () => {
    const { vault, send, actor, id } = await forwarder({ state: "paused", metrics: ["steps"] });
    await vault.record(weights(4));
    await vault.changeFhirTarget(actor, id, { state: "active", metrics: null });
    expect(await vault.replayFhir(actor, id, "all")).toBeGreaterThan(0);
    await send();
    expect(server.all("Observation")).toHaveLength(4);
  });
});

describe("when a target fails", () => {
  test.each([500, 503, 429, 408])(
    "%i is tried again later, with growing attempts, and then given up where the person sees it",
    async (status) => {
      const { vault, send, target, deliveries, actor, id } = await forwarder();
      await vault.record(weights(2));
      server.breaks(({ path }) => (path === "" ? status : undefined));
      for (let attempt = 1; attempt < 6; attempt++) {
        const { retryAfterMs = 0 } = await send();
        expect(retryAfterMs).toBeGreaterThanOrEqual(1_000);
        expect((await deliveries())[0]).toMatchObject({ state: "sending", attempts: attempt, reason: `http_${status}` });
        vi.setSystemTime(Date.now() + retryAfterMs);
      }
      await send();
      expect((await deliveries())[0]).toMatchObject({ state: "dead", attempts: 6 });
      expect(await target()).toMatchObject({ dead: 1, open: 0, lastFailure: `http_${status}` });

      server.works();
      expect(await vault.replayFhir(actor, id, "failed")).toBe(1);
      await send();
      expect(server.all("Observation")).toHaveLength(2);
      expect(await target()).toMatchObject({ dead: 0, open: 0, lastFailure: null });
    },
  );

  test("Retry-After is honoured", async () => {
    const { vault, send } = await forwarder();
    await vault.record(weights(1));
    server.breaks(() => new Response(null, { status: 503, headers: { "retry-after": "120" } }));
    expect((await send()).retryAfterMs).toBeGreaterThanOrEqual(120_000);
  });

  test("entries that it refuses are named and do not hold up the others", async () => {
    const { vault, send, deliveries, target } = await forwarder();
    await vault.record(weights(3));
    let n = 0;
    server.breaks((_, entry) => (entry !== undefined && n++ === 1 ? 422 : undefined));
    expect(await send()).toEqual({});
    expect(server.all("Observation")).toHaveLength(2);
    const [delivery] = await deliveries();
    expect(delivery).toMatchObject({ state: "done", sent: 2, refused: 1 });
    expect(JSON.parse(delivery?.reason ?? "[]")).toEqual([{ observation: expect.any(String), status: 422, code: "invalid" }]);
    expect(await target()).toMatchObject({ sent: 2, refused: 1 });
  });

  test("entries that fail for now are tried again alone", async () => {
    const { vault, send } = await forwarder();
    await vault.record(weights(3));
    let n = 0;
    server.breaks((_, entry) => (entry !== undefined && n++ === 1 ? 500 : undefined));
    const { retryAfterMs = 0 } = await send();
    expect(server.all("Observation")).toHaveLength(2);
    vi.setSystemTime(Date.now() + retryAfterMs);
    await send();
    expect(server.all("Observation")).toHaveLength(3);
    expect(server.received.at(-1)?.entries).toBe(1);
  });

  test.each([
    ["redirected", 307],
    ["unauthorized", 401],
    ["unauthorized", 403],
    ["http_400", 400],
  ])("%s (%i) is not tried again", async (reason, status) => {
    const { vault, send, deliveries } = await forwarder();
    await vault.record(weights(1));
    server.breaks(({ path }) =>
      path === "" ? new Response(null, { status, headers: { location: "http://169.254.169.254/" } }) : undefined,
    );
    expect(await send()).toEqual({});
    expect((await deliveries())[0]).toMatchObject({ state: "dead", reason });
    expect(server.received.every(({ path }) => !path.includes("169.254"))).toBe(true);
  });

  test("a URL that may not be called any more is not called", async () => {
    const { vault, send, deliveries, id } = await forwarder();
    await vault.record(weights(1));
    await runInDurableObject(vault, (_, { storage }) => {
      storage.sql.exec("UPDATE fhir_targets SET base_url = 'https://10.0.0.1/fhir' WHERE id = ?", id);
    });
    await send();
    expect((await deliveries())[0]).toMatchObject({ state: "dead", reason: "url_not_allowed" });
    expect(server.received).toEqual([]);
  });
});

describe("signing in at a target", () => {
  test("with a bearer token, which is sealed at rest", async () => {
    const { vault, send } = await forwarder({ auth: { kind: "bearer", token: "very-secret-token" } });
    await vault.record(weights(1));
    await send();
    expect(server.received.at(-1)?.headers.get("authorization")).toBe("Bearer very-secret-token");
    const stored = await runInDurableObject(vault, (_, { storage }) =>
      JSON.stringify(storage.sql.exec("SELECT * FROM fhir_targets").toArray()),
    );
    expect(stored).not.toContain("very-secret-token");
  });

  test("with client credentials, renewing a token that was withdrawn", async () => {
    const { vault, send } = await forwarder({
      auth: {
        kind: "client_credentials",
        tokenUrl: "http://127.0.0.1:8791/token",
        clientId: "meridian",
        clientSecret: "s",
        scope: "system/Observation.cud",
      },
    });
    let issued = 0;
    token = (request) =>
      request.url.endsWith("/token") ? Response.json({ access_token: `t${++issued}`, token_type: "Bearer", expires_in: 3_600 }) : undefined;
    server.breaks(({ headers, path }) => (path === "" && headers.get("authorization") === "Bearer t1" ? 401 : undefined));
    await vault.record(weights(1));
    await send();
    expect(issued).toBe(2);
    expect(server.all("Observation")).toHaveLength(1);
  });
});

describe("the queue", () => {
  test("a pointer sends what is due", async () => {
    const { vault, deliver } = await forwarder();
    await vault.record(weights(2));
    expect((await deliver("fhir-eu")).explicitAcks).toHaveLength(1);
    expect(server.all("Observation")).toHaveLength(2);
  });

  test("comes back when the target wants time", async () => {
    const { vault, deliver } = await forwarder();
    await vault.record(weights(2));
    server.breaks(() => 503);
    expect((await deliver("fhir-eu")).retryMessages).toHaveLength(1);
  });

  test("dead letters become visible in the vault", async () => {
    const { vault, deliver, deliveries } = await forwarder();
    await vault.record(weights(2));
    expect((await deliver("fhir-eu-dlq")).explicitAcks).toHaveLength(1);
    expect((await deliveries())[0]).toMatchObject({ state: "dead", reason: "gave_up" });
  });

  test.each([{}, { kind: "fhir-forward", person: "per_eu_x", target: "y" }, "text", null])("drops what is no pointer: %j", async (body) => {
    const { deliver } = await forwarder();
    expect((await deliver("fhir-eu", body)).explicitAcks).toHaveLength(1);
  });
});

describe("the targets' door", () => {
  test("adds, lists, changes and removes, and never shows a secret", async () => {
    const ada = await registerPerson();
    const post = async (body: unknown) =>
      await ada.fetch("/v1/me/fhir-targets", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const made = await post({
      name: "Clinic",
      baseUrl: "https://fhir.clinic.org/r4",
      auth: { kind: "bearer", token: "very-secret-token" },
      categories: ["vital-signs"],
    });
    expect(made.status).toBe(201);
    const text = await made.text();
    expect(text).not.toContain("very-secret-token");
    const { id } = JSON.parse(text) as { id: string };
    const patched = await ada.fetch(`/v1/me/fhir-targets/${id}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ state: "paused", categories: null }),
    });
    expect(await patched.json()).toMatchObject({ id, name: "Clinic", state: "paused", categories: null, auth: { kind: "bearer" } });
    expect(await (await ada.fetch("/v1/me/fhir-targets")).json()).toMatchObject({ items: [{ id }], next: null });
    expect(await (await ada.fetch(`/v1/me/fhir-targets/${id}/deliveries`)).json()).toEqual({ items: [], next: null });
    const replayed = await ada.fetch(`/v1/me/fhir-targets/${id}/replay`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect([replayed.status, await replayed.json()]).toEqual([202, { windows: 0 }]);
    const eve = await registerPerson();
    expect((await eve.fetch(`/v1/me/fhir-targets/${id}/deliveries`)).status).toBe(404);
    expect((await ada.fetch(`/v1/me/fhir-targets/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await ada.fetch(`/v1/me/fhir-targets/${id}`, { method: "DELETE" })).status).toBe(404);
  });

  test.each([
    [{ name: "x", baseUrl: "http://fhir.clinic.org" }, "/baseUrl"],
    [{ name: "x", baseUrl: "https://10.0.0.1" }, "/baseUrl"],
    [
      {
        name: "x",
        baseUrl: "https://fhir.clinic.org",
        auth: { kind: "client_credentials", tokenUrl: "https://localhost/t", clientId: "a", clientSecret: "b" },
      },
      "/auth/tokenUrl",
    ],
    [{ name: "x", baseUrl: "https://fhir.clinic.org", metrics: ["nonsense"] }, "/metrics/0"],
    [{ name: "x", baseUrl: "https://fhir.clinic.org", secret: 1 }, "/secret"],
  ])("refuses %j at %s", async (body, pointer) => {
    const ada = await registerPerson();
    const response = await ada.fetch("/v1/me/fhir-targets", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer }] });
  });
});
