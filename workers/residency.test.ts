import { env } from "cloudflare:workers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { DAY_MS } from "../shared/clock";
import { currentKey, regionalKeys } from "../shared/crypto/keys";
import { sealRefreshToken } from "../shared/crypto/refresh-token";
import { sealCursor } from "../shared/http/cursor";
import { newId, parseId, regionOf } from "../shared/id";
import { PLACES, REGIONS, type Region } from "../shared/region";
import { syncPointerSchema } from "../shared/vendors/pointer";
import type { Deployment, Resident } from "../test/deployment";
import { formOf } from "../test/partners";
import { NAMESPACES, Recorder, rowsOf, STORES } from "../test/recorder";
import { walk } from "../test/residency-walk";
import { answerFetch, FakeGoogle } from "../test/vendors/fake-google";
import { ACCOUNT_KINDS } from "./exports/account-kinds";
import { pointerSchema as webhookPointer } from "./webhooks/consume";
import { erasurePorts } from "./erasure/ports";
import { runErasure } from "./erasure/run-erasure";

let recorder: Recorder;
let live: Deployment;

async function begin(): Promise<void> {
  const google = new FakeGoogle();
  google.scope = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";
  answerFetch(google);
  recorder = await Recorder.fresh();
  ({ live } = recorder);
}

const kindOf = (body: unknown) => webhookPointer.safeParse(body).data?.kind;

const rowsOutside = async (region: Region) =>
  await Promise.all(REGIONS.filter((one) => one !== region).map(async (other) => await rowsOf(live.records(other))));

/** One walk for each region, looked at from several sides; the last test ends it. */
describe.each(REGIONS)("a person of %s", (region) => {
  let person: Resident;
  let before: unknown;
  beforeAll(async () => {
    await begin();
    before = await rowsOutside(region);
    const isTold = () => recorder.queued.some(({ body }) => kindOf(body) === "webhook-events");
    ({ person } = await walk(live, region, isTold));
  }, 60_000);
  afterAll(() => void vi.restoreAllMocks());

  test("touches nothing outside of their region, and every object is asked for where it belongs", async () => {
    const { touched } = recorder;
    expect(touched.length).toBeGreaterThan(50);
    for (const name of [...NAMESPACES, "RECORDS", "FILES", "SYNC"]) expect(touched.map(({ store }) => store)).toContain(name);
    // The gate of a network lies where the account lies; one of an unknown address would be anywhere.
    const elsewhere = touched.filter((one) => one.region !== region);
    // The export asks the records of other regions, by the opaque id, what its person did there as clinician or reviewer.
    expect(elsewhere.map(({ store }) => store).filter((store) => store !== "RECORDS")).toEqual([]);
    expect(elsewhere.length).toBeLessThanOrEqual(
      (ACCOUNT_KINDS.filter(({ everywhere }) => everywhere === true).length + 1) * (REGIONS.length - 1),
    );
    for (const { store, jurisdiction } of touched)
      if ((NAMESPACES as readonly string[]).includes(store)) expect(jurisdiction, store).toBe(PLACES[region].jurisdiction);
    expect(await rowsOutside(region)).toEqual(before);
  });

  test("sends pointers through the queues and nothing else", () => {
    const { queued } = recorder;
    expect(queued.length).toBeGreaterThan(0);
    for (const { queue, body } of queued) {
      if (queue === `HOOKS_${region.toUpperCase()}`) {
        const pointer = webhookPointer.parse(body);
        expect(pointer).toEqual(body);
        const { kind: _, ...named } = pointer;
        const ids = Object.values(named).filter((value) => typeof value === "string");
        expect(new Set(ids.map(regionOf))).toEqual(new Set([region]));
        continue;
      }
      if (queue === `FHIR_${region.toUpperCase()}`) {
        expect(body).toEqual({ kind: "fhir-forward", person: person.id, target: expect.stringMatching(`^tgt_${region}_`) });
        continue;
      }
      expect(queue).toBe(`SYNC_${region.toUpperCase()}`);
      const pointer = syncPointerSchema.parse(body);
      expect(pointer).toEqual(body);
      expect([regionOf(pointer.person), regionOf(pointer.connection)]).toEqual([region, region]);
    }
    expect(queued.filter(({ queue }) => queue.startsWith("HOOKS_")).map(({ body }) => kindOf(body))).toEqual(
      expect.arrayContaining(["webhook-events", "webhook-delivery"]),
    );
    expect(JSON.stringify(queued)).not.toContain(person.email);
  });

  test("is in the directory as keyed hashes and opaque ids, in these columns and no others", async () => {
    const emails = await live.directory.prepare("select * from emails").all<{ person_id: string }>();
    const accounts = await live.directory.prepare("select * from vendor_accounts").all();
    const hash: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(emails.results.map(({ person_id }) => person_id)).toContain(person.id);
    for (const row of emails.results)
      expect(row).toEqual({
        email_hash: hash,
        key_version: "1",
        person_id: expect.stringMatching(new RegExp(`^per_${region}_`)),
        claimed_at: expect.any(Number),
      });
    expect(accounts.results).toEqual([
      {
        credential: null,
        account_hash: hash,
        connection_id: expect.stringMatching(new RegExp(`^con_${region}_`)),
        person_id: person.id,
        key_version: "1",
      },
    ]);
  });

  test("is erased at home; other regions are only asked for pointers to them", async () => {
    const id = await live.records(region).prepare("select id from erasures where person_id = ?").bind(person.id).first<string>("id");
    recorder.touched = [];
    const ports = erasurePorts(live.env, () => Date.now() + 60 * DAY_MS);
    expect(await runErasure(ports, region, id ?? "")).toBe(true);
    expect([...new Set(recorder.touched.filter((one) => one.region !== region).map(({ store }) => store))]).toEqual(["RECORDS"]);
    expect(await rowsOutside(region)).toEqual(before);
    expect((await live.as(person, "/v1/me")).status).toBe(401);
  });
});

describe("what was issued in one region", () => {
  beforeEach(begin);
  afterEach(() => vi.restoreAllMocks());

  test.each([
    ["eu", "us"],
    ["us", "ap"],
    ["ap", "eu"],
  ] as const)("of %s changes nothing in %s", async (home, other) => {
    // Somebody else, because whoever has walked has asked for their erasure.
    const walked = await walk(live, home);
    const person = await live.register(home);
    const local = await live.register(other);
    const { session } = sessionOf(person);
    const rings = (region: Region) => regionalKeys(live.secrets[`KEYS_${region.toUpperCase()}`] ?? "");
    const moved = (id: string) => id.replace(`_${home}_`, `_${other}_`);
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const apiKey = z
      .object({ key: z.string() })
      .parse(
        await (
          await live.as(person, "/v1/me/api-keys", { method: "POST", body: JSON.stringify({ name: "P", scopes: ["data:read"] }) })
        ).json(),
      ).key;
    const ticket = z.object({ ticket: z.string() }).parse(await (await live.as(person, "/v1/tickets", { method: "POST" })).json()).ticket;
    const elsewhere = parseId("session", moved(session));
    if (elsewhere === undefined) throw new TypeError("not an id");
    const cursor = await sealCursor(rings(home), local.id, "api-keys", "x");
    const foreignClient = { ...walked.client, id: moved(walked.client.id), region: other };
    const form = new URLSearchParams(await formOf(foreignClient, { grant_type: "client_credentials" })).toString();
    const reason = JSON.stringify({ reason: "Found unconscious, no relatives present." });
    const join = { method: "POST", body: JSON.stringify({ categories: ["body"] }) };
    const stranger = { method: "POST", body: reason };
    const everything = async () => await Promise.all(REGIONS.map(async (region) => await rowsOf(live.records(region))));
    const before = [await everything(), await rowsOf(live.directory)];
    const attempts: [string, Promise<Response>, readonly number[]][] = [
      [
        "a refresh token under the other region's name",
        live.send("POST", "/v1/sessions/refresh", { refreshToken: moved(person.tokens.refreshToken).replace(`rt_${home}`, `rt_${other}`) }),
        [401],
      ],
      [
        "a refresh token of the other region's session under this key",
        live.send("POST", "/v1/sessions/refresh", { refreshToken: await sealRefreshToken(rings(home), elsewhere, 0) }),
        [401],
      ],
      [
        "a program's key under the other region's name",
        live.fetch("/v1/me/metrics", { headers: bearer(apiKey.replace(`mk_${home}`, `mk_${other}`)) }),
        [401],
      ],
      [
        "a ticket under the other region's name",
        live.fetch(`/v1/me/live?ticket=${encodeURIComponent(ticket.replace(`${home}.`, `${other}.`))}`, {
          headers: { upgrade: "websocket" },
        }),
        [401],
      ],
      ["a cursor", live.as(local, `/v1/me/metrics/heart_rate?resolution=raw&cursor=${encodeURIComponent(cursor)}`), [422]],
      ["a session's id", live.as(local, `/v1/sessions/${session}`, { method: "DELETE" }), [404, 204]],
      ["a person's id", live.as(local, `/v1/people/${person.id}/metrics`), [404]],
      ["an import's id", live.as(local, `/v1/imports/${newId("import", home, Date.now())}`), [404]],
      ["an export's id", live.as(local, `/v1/me/exports/${walked.export}`), [404]],
      ["an export's id under the other region's name", live.as(local, `/v1/me/exports/${moved(walked.export)}/file`), [404]],
      ["an organisation's id", live.as(local, `/v1/organisations/${walked.organisation}`), [404]],
      ["an organisation's id under the other region's name", live.as(local, `/v1/organisations/${moved(walked.organisation)}`), [404]],
      ["a programme's id", live.as(local, `/v1/programmes/${walked.programme}/participation`, join), [404]],
      ["a programme's id under the other region's name", live.as(local, `/v1/programmes/${moved(walked.programme)}`), [404]],
      ["a release", live.as(local, `/v1/programmes/${moved(walked.programme)}/exports/${moved(walked.release)}/file`), [404]],
      ["an emergency access", live.as(local, `/v1/me/emergency-accesses/${walked.emergency}`, { method: "DELETE" }), [404]],
      ["an emergency in another region", live.as(local, `/v1/people/${moved(person.id)}/emergency-access`, stranger), [403, 404]],
      [
        "a client's proof under the other region's name",
        live.fetch("/oauth/token", { method: "POST", body: form, headers: { "content-type": "application/x-www-form-urlencoded" } }),
        [401],
      ],
      ["a state of an authorization", live.fetch(`/v1/integrations/google-health/callback?state=${other}.${"a".repeat(43)}&code=c`), [410]],
    ];
    for (const [what, answer, statuses] of attempts)
      expect(statuses, `${what} answered ${(await answer).status}`).toContain((await answer).status);
    expect([await everything(), await rowsOf(live.directory)]).toEqual(before);
    expect((await live.as(person, "/v1/me")).status, "and its owner goes on").toBe(200);
    expect((await live.as(local, "/v1/me")).status).toBe(200);
  });

  test("keys of two regions have nothing in common", () => {
    const texts = REGIONS.flatMap((region) => {
      const { signing, identity, ...rings } = regionalKeys(live.secrets[`KEYS_${region.toUpperCase()}`] ?? "");
      return [
        currentKey(signing).key.d,
        identity === undefined ? "" : currentKey(identity).key.d,
        ...Object.values(rings).map((ring) => currentKey(ring).key),
      ];
    });
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe("with hosts for the regions", () => {
  beforeEach(begin);
  afterEach(() => vi.restoreAllMocks());

  const HOSTS = { eu: "eu.meridian.test", us: "us.meridian.test" } as const;

  test.each([
    ["eu", "us"],
    ["us", "eu"],
  ] as const)("a person of %s is sent home from %s, and nothing is touched there", async (home, wrong) => {
    live.overrides = { ...live.overrides, REGIONAL_HOSTS: JSON.stringify(HOSTS) };
    const person = await live.register(home);
    recorder.touched = [];
    for (const [method, path] of [
      ["GET", "/v1/me"],
      ["GET", "/v1/me/metrics"],
      ["POST", "/v1/ingest/healthkit"],
      ["GET", "/fhir/r4/Observation"],
    ] as const) {
      const response = await live.as(person, `http://${HOSTS[wrong]}${path}`, { method, ...(method === "POST" && { body: "{}" }) });
      expect(response.status, path).toBe(421);
      expect(await response.text()).toContain(HOSTS[home]);
    }
    expect(recorder.touched).toEqual([]);
    expect((await live.as(person, `http://${HOSTS[home]}/v1/me`)).status).toBe(200);
  });
});

function sessionOf({ tokens }: Resident): { session: string } {
  const payload = (tokens.accessToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return { session: z.object({ sid: z.string() }).parse(JSON.parse(atob(payload))).sid };
}

test("these doors are the ones that the Worker opens", () => {
  expect(
    Object.keys(env)
      .filter((name) => /^(RECORDS|FILES|SYNC|FHIR|HOOKS)_/.test(name))
      .toSorted(),
  ).toEqual(STORES.flatMap((store) => REGIONS.map((region) => `${store}_${region.toUpperCase()}`)).toSorted());
});
