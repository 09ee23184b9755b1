import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { sha256Hex } from "../../shared/crypto/sha256";
import { exportKey } from "../../shared/exports/status";
import { regionalKeys } from "../../shared/crypto/keys";
import { signAccessToken } from "../../shared/crypto/tokens";
import { newId, systemRandom } from "../../shared/id";
import { filesOf } from "../../test/exports";
import { leaver } from "../../test/leaver";
import { fetchApp, ORIGIN, registerPerson, type RegisteredPerson } from "../../test/people";
import { regional, vaultOf } from "../regional";
import { exportListSchema, exportSchema } from "./schemas";

const problemShape = z.object({ code: z.string(), status: z.number() });

async function codeOf(response: Response): Promise<[number, string]> {
  const { status, code } = problemShape.parse(await response.json());
  return [status, code];
}

type Caller = Pick<RegisteredPerson, "fetch">;
const begin = async (person: Caller) => await person.fetch("/v1/me/exports", { method: "POST" });
const read = async (person: Caller, id: string) => exportSchema.parse(await (await person.fetch(`/v1/me/exports/${id}`)).json());

async function ended(person: Caller, id: string): Promise<z.infer<typeof exportSchema>> {
  for (let turn = 0; turn < 50; turn++) {
    const found = await read(person, id);
    if (found.state !== "running") return found;
    await runDurableObjectAlarm(env.EXPORTERS.getByName(id));
  }
  throw new Error("the export does not end");
}

async function exported(person: Caller) {
  const response = await begin(person);
  expect(response.status, await response.clone().text()).toBe(202);
  const { id } = exportSchema.parse(await response.json());
  return await ended(person, id);
}

async function push(person: RegisteredPerson): Promise<void> {
  const at = "2026-11-20T07:30:00+01:00";
  const response = await person.fetch("/v1/ingest/healthkit", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      data: {
        records: [
          { id: crypto.randomUUID(), type: "HKQuantityTypeIdentifierBodyMass", startDate: at, endDate: at, value: 71.25, unit: "kg" },
        ],
      },
    }),
  });
  expect(response.status).toBe(200);
}

describe("an export", () => {
  let ada: RegisteredPerson;
  beforeAll(async () => {
    ada = await registerPerson("eu", { name: "=Ada", timeZone: "Europe/Berlin" });
    await push(ada);
  });

  test("is written in the background, downloaded, and holds what the manifest says", async () => {
    const begun = await begin(ada);
    expect(begun.status).toBe(202);
    const { id, state } = exportSchema.parse(await begun.json());
    expect(begun.headers.get("location")).toBe(`/v1/me/exports/${id}`);
    expect(state).toBe("running");
    const done = await ended(ada, id);
    expect(done).toMatchObject({ state: "done", progress: { unit: "{records}" } });
    expect(done.progress.done).toBe(done.progress.total);

    const response = await ada.fetch(done.result?.url ?? "");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/zip");
    expect(response.headers.get("content-disposition")).toBe(`attachment; filename="${done.result?.name ?? ""}"`);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes.length).toBe(done.result?.bytes);

    const { files, manifest } = await filesOf(bytes);
    expect(manifest).toMatchObject({ format: "meridian-export", version: 1, person: ada.person.id, region: "eu" });
    expect([...files.keys()].filter((name) => name !== "manifest.json")).toEqual(manifest.files.map(({ name }) => name));
    for (const { name, bytes: size, sha256, records, format } of manifest.files) {
      const content = files.get(name) ?? "";
      expect([name, new TextEncoder().encode(content).length, await sha256Hex(content)]).toEqual([name, size, sha256]);
      if (format === "ndjson") expect(content.split("\n").length - 1, name).toBe(records);
    }
    expect(files.get("readings/body_weight.ndjson")).toContain('"value":71.25,"unit":"kg"');
    expect(files.get("readings/body_weight.ndjson")).toContain('"at":"2026-11-20T07:30:00.000+01:00"');
    expect(files.get("account.ndjson")).toContain(ada.email);
    expect(files.get("profile.csv")).toContain("'=Ada");
    expect(files.get("fhir-observation.ndjson")).toContain('"resourceType":"Observation"');
    expect(files.get("access-log.ndjson")).toContain('"action":"export"');
    expect(files.get("sessions.ndjson")).toContain('"acr":"aal1"');
    // Nothing that lets anybody in.
    const everything = [...files.values()].join("\n");
    for (const secret of ["password_hash", "scrypt", ada.password, ada.refreshToken]) expect(everything).not.toContain(secret);
  });

  test("says what the parts of trust know: providers, organisations, research, emergencies", async () => {
    const one = await leaver("eu");
    const { records, keys } = regional(env, "eu");
    const review = (id: string, owner: string, clinician: string, reviewer: string | null, database = records) =>
      database
        .prepare(
          "insert into emergency_reviews (id, person_id, clinician_id, opened_at, ends_at, state, reviewer_id, decided_at) values (?, ?, ?, 1, 2, 'justified', ?, 3)",
        )
        .bind(id, owner, clinician, reviewer);
    // Its file is no archive, and goes while the export runs.
    await records.prepare("delete from imports where person_id = ?").bind(one.person).run();
    // They worked for somebody of another region, too.
    const [asClinician, asReviewer] = [newId("emergencyAccess", "us", Date.now()), newId("emergencyAccess", "eu", Date.now())];
    await review(asClinician, one.friend, one.person, null, regional(env, "us").records).run();
    await review(asReviewer, ada.person.id, one.friend, one.person).run();
    const identity = await records.prepare("select id from identities where person_id = ?").bind(one.person).first<string>("id");
    const vault = vaultOf(env, one.person);
    const label = await vault.seal({ table: "identities", column: "sealed_label", row: identity ?? "" }, "ada@provider.test");
    await records.prepare("update identities set sealed_label = ? where id = ?").bind(label, identity).run();
    await records.prepare("update credentials set password_hash = '!none' where person_id = ?").bind(one.person).run();
    await records.prepare("update sessions set acr = 'aal2' where person_id = ?").bind(one.person).run();
    const access = newId("emergencyAccess", "eu", Date.now());
    const doctor = { kind: "person", person: one.friend, session: one.friendSession, roles: ["clinician"], assurance: "aal2" } as const;
    await vault.prepareEmergency(doctor, access, "Grace", "Found unconscious.");
    await vault.openEmergency(access);
    const claims = { ...one.actor, clientId: "meridian", scope: "me", amr: ["pwd", "otp"], acr: "aal2" } as const;
    const authTime = Math.floor(Date.now() / 1_000);
    const token = await signAccessToken(ORIGIN, regionalKeys(keys), { ...claims, authTime }, Date.now(), systemRandom);
    const self = {
      fetch: async (path: string, init: RequestInit = {}) =>
        await fetchApp(path, { ...init, headers: { authorization: `Bearer ${token}` } }),
    };
    const { state, result } = await exported(self);
    expect(state).toBe("done");
    const { files } = await filesOf(new Uint8Array(await (await self.fetch(result?.url ?? "")).arrayBuffer()));
    const lines = (kind: string) =>
      (files.get(`${kind}.ndjson`) ?? "")
        .trim()
        .split("\n")
        .map((line): unknown => JSON.parse(line));
    expect(lines("sign-in-providers")).toMatchObject([{ provider: "google", label: "ada@provider.test" }]);
    expect(files.get("factors.ndjson")).not.toContain('"password"');
    expect(lines("organisations")).toMatchObject([{ name: "Clinic", role: "owner" }]);
    expect(lines("research-participations")).toMatchObject([{ title: "Study", state: "open" }]);
    expect(lines("research-programmes")).toMatchObject([{ title: "Study", purpose: "To learn." }]);
    expect(lines("emergency-reviews")).toMatchObject([
      { id: asReviewer, as: "reviewer", person: ada.person.id, state: "justified" },
      { id: asClinician, as: "clinician", person: one.friend },
    ]);
    expect(lines("emergency-accesses")).toMatchObject([
      { id: access, clinician: one.friend, clinicianName: "Grace", reason: "Found unconscious.", state: "open", outcome: null },
    ]);
    expect(files.get("consents.ndjson")).toContain('"granteeKind":"programme"');
  });

  test("is downloaded in parts that make the whole", async () => {
    const done = await exported(ada);
    const url = done.result?.url ?? "";
    const whole = new Uint8Array(await (await ada.fetch(url)).arrayBuffer());
    const first = await ada.fetch(url, { headers: { range: "bytes=0-999" } });
    expect(first.status).toBe(206);
    expect(first.headers.get("content-range")).toBe(`bytes 0-999/${whole.length}`);
    const etag = first.headers.get("etag") ?? "";
    const rest = await ada.fetch(url, { headers: { range: "bytes=1000-", "if-range": etag } });
    expect(rest.status).toBe(206);
    expect([...new Uint8Array(await first.arrayBuffer()), ...new Uint8Array(await rest.arrayBuffer())]).toEqual([...whole]);
    const tail = await ada.fetch(url, { headers: { range: "bytes=-22" } });
    expect(new Uint8Array(await tail.arrayBuffer())).toEqual(whole.subarray(-22));
    const changed = await ada.fetch(url, { headers: { range: "bytes=1000-", "if-range": '"another"' } });
    expect([changed.status, (await changed.arrayBuffer()).byteLength]).toEqual([200, whole.length]);
    expect(await codeOf(await ada.fetch(url, { headers: { range: `bytes=${whole.length}-` } }))).toEqual([416, "range_not_satisfiable"]);
  });

  test("is listed, newest first, in pages", async () => {
    const page = exportListSchema.parse(await (await ada.fetch("/v1/me/exports?limit=1")).json());
    expect(page.items).toHaveLength(1);
    const next = exportListSchema.parse(await (await ada.fetch(`/v1/me/exports?limit=1&cursor=${page.next ?? ""}`)).json());
    expect((next.items[0]?.id ?? "") < (page.items[0]?.id ?? "")).toBe(true);
  });

  test("is followed by events that end with it", async () => {
    const { id } = exportListSchema.parse(await (await ada.fetch("/v1/me/exports")).json()).items[0] ?? { id: "" };
    const response = await ada.fetch(`/v1/me/exports/${id}/events`);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const text = await response.text();
    expect(text).toMatch(/^id: \d+\nevent: snapshot\ndata: /);
    expect(text).toContain(`"export":{"id":"${id}"`);
  });

  test("that is deleted is gone from the bucket, and says so", async () => {
    const { id, result } = exportListSchema.parse(await (await ada.fetch("/v1/me/exports")).json()).items[0] ?? { id: "" };
    expect(await env.FILES_EU.head(exportKey(id))).not.toBeNull();
    const removed = await ada.fetch(`/v1/me/exports/${id}`, { method: "DELETE" });
    expect(exportSchema.parse(await removed.json()).state).toBe("expired");
    expect(await env.FILES_EU.head(exportKey(id))).toBeNull();
    expect(await codeOf(await ada.fetch(result?.url ?? ""))).toEqual([410, "gone"]);
  });
});

describe("exports", () => {
  test("run one at a time, and five a day", async () => {
    const bob = await registerPerson("us");
    const { id } = exportSchema.parse(await (await begin(bob)).json());
    // The alarm may have ended it already; while it runs, another one is refused.
    const second = await begin(bob);
    if (second.status === 409) expect(await codeOf(second)).toEqual([409, "conflict"]);
    await bob.fetch(`/v1/me/exports/${id}`, { method: "DELETE" });
    let status = 0;
    for (let n = 0; n < 6 && status !== 429; n++) {
      const response = await begin(bob);
      status = response.status;
      if (status !== 202) {
        expect(response.headers.get("retry-after")).toMatch(/^\d+$/);
        expect(await codeOf(response)).toEqual([429, "rate_limited"]);
      } else await bob.fetch(`/v1/me/exports/${exportSchema.parse(await response.json()).id}`, { method: "DELETE" });
    }
    expect(status).toBe(429);
  });

  test("want a fresh proof, of both factors where there are two", async () => {
    const eve = await registerPerson("eu");
    await env.RECORDS_EU.prepare("insert into totp (person_id, sealed_secret, created_at, confirmed_at) values (?, 'v1.x', 1, 1)")
      .bind(eve.person.id)
      .run();
    expect(await codeOf(await begin(eve))).toEqual([403, "step_up_required"]);
    await env.RECORDS_EU.prepare("update sessions set acr = 'aal2' where person_id = ?").bind(eve.person.id).run();
    expect((await begin(eve)).status).toBe(202);
  });

  test("of another person look like none, wherever they lie", async () => {
    const [near, far, thief] = await Promise.all([registerPerson("eu"), registerPerson("us"), registerPerson("eu")]);
    for (const owner of [near, far]) {
      const done = await exported(owner);
      for (const path of ["", "/file", "/events"]) {
        expect(await codeOf(await thief.fetch(`/v1/me/exports/${done.id}${path}`))).toEqual([404, "not_found"]);
      }
      expect(await codeOf(await thief.fetch(`/v1/me/exports/${done.id}`, { method: "DELETE" }))).toEqual([404, "not_found"]);
      expect((await owner.fetch(done.result?.url ?? "")).status).toBe(200);
    }
  });
});
