import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { decodeProtectedHeader } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { PersonKey } from "../../durable-objects/vault/connections/person-key";
import { freshKey, freshSigningKey, freshIdentityKey } from "../../scripts/local-secrets";
import { directoryHashes } from "../../shared/crypto/email-hashes";
import { openBox } from "../../shared/crypto/box";
import { directoryHashesOf, type Identity, identityText, regionalHashesOf, subjectPlace } from "../../shared/crypto/identity-hashes";
import { directoryKeys, keyOf, type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { seal, unseal } from "../../shared/crypto/sealing";
import { hasTombstone, putTombstone } from "../../shared/erasure/tombstones";
import { newId, systemRandom } from "../../shared/id";
import { openSecret, sealSecret } from "../../shared/webhooks/secret-box";
import { newWebhookSecret } from "../../shared/webhooks/signing";
import { openOwnSecrets, sealOwnSecrets } from "../../shared/vendors/own-account";
import { DAY_MS } from "../../shared/clock";
import { Deployment, type Resident, type Rings, type Settled, type Tokens } from "../../test/deployment";
import { freshPassword } from "../../test/people";
import { answerFetch, FakeGoogle } from "../../test/vendors/fake-google";
import type { ProgrammeTerms } from "../../durable-objects/programme/terms";
import { claimEmail } from "../accounts/directory";
import { erasurePorts } from "../erasure";
import { openLetter, sealLetter } from "../erasure/last-letter";
import { reconcileTombstones } from "../erasure/reconcile";
import { claimIdentity, findIdentityClaim } from "../identities/directory";
import { programmeOf, vaultOf } from "../regional";
import { listSecurityEvents } from "../security";
import { COUNTS, countOld } from "./count-old";
import { moveKeys, moveNow } from "./move-all";
import { directoryAddresses } from "./move-directory";
import { moveTombstones, tombstonePartsLeft } from "./move-tombstones";
import { type KeyPorts, keyPorts } from "./ports";

/** A password is hashed in every step: a busy machine needs its time. */
vi.setConfig({ testTimeout: 120_000 });

let live: Deployment;
let google: FakeGoogle;
beforeEach(async () => {
  live = await Deployment.fresh();
  google = new FakeGoogle();
  google.scope = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";
  answerFetch(google);
});
afterEach(() => vi.restoreAllMocks());

const freshOf = (kind: string) => {
  if (kind === "signing") return freshSigningKey(`local-${crypto.randomUUID()}-2`);
  return kind === "identity" ? freshIdentityKey(`local-${crypto.randomUUID()}-id-2`) : freshKey();
};
/** The first half of a rotation: the new version is known everywhere and used nowhere. */
const add = (rings: Rings): void => {
  for (const [kind, ring] of Object.entries(rings)) ring.keys["2"] = freshOf(kind);
};
/** The second half: new values are made with it. */
const use = (rings: Rings): void => {
  for (const ring of Object.values(rings)) ring.current = "2";
};
/** The end: the old version is gone. Chains keep theirs, since what they prove is never made anew. */
const retire = (rings: Rings): void => {
  for (const [kind, ring] of Object.entries(rings)) if (kind !== "chain") delete ring.keys["1"];
};
const everywhere = (change: (rings: Rings) => void): void => {
  for (const place of ["eu", "us", "ap", "directory"] as const) live.change(place, change);
};
const ports = (): KeyPorts =>
  keyPorts(
    live.env,
    () => live.now(),
    () => undefined,
  );
const kidOf = ({ accessToken }: Tokens) => decodeProtectedHeader(accessToken).kid;

async function refreshed({ refreshToken }: Tokens): Promise<Tokens> {
  const response = await live.send("POST", "/v1/sessions/refresh", { refreshToken });
  expect(response.status, await response.clone().text()).toBe(200);
  return ((await response.json()) as { tokens: Tokens }).tokens;
}

async function signIn({ email, password }: Pick<Resident, "email" | "password">): Promise<Response> {
  return await live.send("POST", "/v1/sessions", { email, password });
}

async function connect(person: Resident): Promise<string> {
  const begun = z
    .object({ authorizeUrl: z.string() })
    .parse(await (await live.as(person, "/v1/integrations/google-health/authorize")).json());
  const state = new URL(begun.authorizeUrl).searchParams.get("state") ?? "";
  const done = await live.fetch(`/v1/integrations/google-health/callback?${new URLSearchParams({ state, code: "c" })}`);
  return z.object({ connection: z.string() }).parse(await done.json()).connection;
}

/** Everything that hangs on a key, for one person. */
async function usesEverything(person: Resident, tokens: Tokens): Promise<void> {
  const me = await live.as({ tokens }, "/v1/me");
  expect(await me.json()).toMatchObject({ id: person.id, birthDate: "1990-04-01" });
  expect((await live.as({ tokens }, "/v1/integrations/google-health/status")).status).toBe(200);
  const signedIn = await signIn(person);
  expect(signedIn.status).toBe(201);
}

async function resident(region: Resident["region"]): Promise<Resident> {
  const person = await live.register(region);
  const change = await live.as(person, "/v1/me", { method: "PATCH", body: JSON.stringify({ birthDate: "1990-04-01" }) });
  expect(change.status).toBe(200);
  return person;
}

test("rotating every key signs nobody out, moves everything, and the old keys can go", async () => {
  const ada = await resident("eu");
  const ben = await resident("us");
  const connection = await connect(ada);
  expect((await countOld(ports())).regions.eu.wrapping).toEqual({ current: "1", versions: ["1"], old: 0, waiting: 0, counted: "rows" });

  everywhere(add);
  expect(kidOf(await refreshed(ben.tokens))).toBe("local-us-1");
  const published = z
    .object({ keys: z.array(z.object({ kid: z.string() })) })
    .parse(await (await live.fetch("/.well-known/jwks.json")).json());
  expect(published.keys, "of tokens and of id tokens").toHaveLength(12);

  everywhere(use);
  // What was issued before is good, and what is issued now is of the new version.
  await usesEverything(ada, ada.tokens);
  const next = await refreshed(ada.tokens);
  expect(kidOf(next)).toMatch(/-2$/);
  expect(published.keys.map(({ kid }) => kid)).toContain(kidOf(next));
  expect(await refreshed(ada.tokens), "the answer may have been lost").toMatchObject({ refreshToken: next.refreshToken });
  const before = await countOld(ports());
  // One address, and sixteen parts of the marks of erased persons that nobody has gone through.
  expect(before.regions.us).toMatchObject({
    wrapping: { old: 1 },
    index: { old: 17, waiting: 0 },
    pepper: { old: 1 },
    refresh: { old: 1 },
    identity: { current: "2", versions: ["1", "2"], old: null, counted: "time" },
  });
  expect(before.directory).toMatchObject({ email: { old: 1 }, vendor: { old: 1 } });
  expect(before.regions.eu.pepper.old, "rehashed at the sign-in").toBe(0);

  expect(await moveKeys(ports())).toMatchObject({ failed: 0 });
  expect((await signIn(ben)).status).toBe(201);
  // The second is of the session that the move at the beginning refreshed under the old key.
  live.now = () => Date.now() + 15 * DAY_MS;
  await moveKeys(ports());
  const after = await countOld(ports());
  live.now = Date.now;
  for (const region of ["eu", "us", "ap"] as const)
    for (const kind of ["wrapping", "index", "pepper", "refresh"] as const)
      expect(after.regions[region][kind].old, `${region} ${kind}`).toBe(0);
  expect([after.directory.email.old, after.directory.vendor.old]).toEqual([0, 0]);

  everywhere(retire);
  await usesEverything(ada, next);
  await usesEverything(ben, ((await (await signIn(ben)).json()) as { tokens: Tokens }).tokens);
  expect((await live.as({ tokens: next }, `/v1/integrations/vendors/${connection}`, { method: "DELETE" })).status).toBe(200);
  const log = await live.as({ tokens: next }, "/v1/me/access-log/verify");
  expect(await log.json()).toMatchObject({ intact: true });
  expect((await live.as(ada, "/v1/me")).status, "a token under a retired key").toBe(401);
});

describe("a move", () => {
  test("that is cut off goes on where it was, and one that cannot move does not hold up the others", async () => {
    const people = [await live.register("eu"), await live.settle("eu"), await live.settle("eu")];
    everywhere(add);
    everywhere(use);
    const broken = people[1]?.id;
    const ports_ = ports();
    const stubborn: KeyPorts = {
      ...ports_,
      vault: (person) => {
        if (person === broken) throw new Error("unreachable");
        return ports_.vault(person);
      },
    };
    const left = async () => (await countOld(ports())).regions.eu.wrapping.old;
    expect(await left()).toBe(3);
    let failed = 0;
    for (let turn = 0; turn < 6; turn++) failed += (await moveKeys(stubborn, 2)).failed;
    expect(failed).toBeGreaterThan(0);
    expect(await left()).toBe(1);
    expect((await countOld(ports())).directory.email.old).toBe(1);
    for (let turn = 0; turn < 3; turn++) await moveKeys(ports(), 2);
    expect(await left()).toBe(0);
    expect((await countOld(ports())).directory.email.old).toBe(0);
    const found = await live.directory.prepare("select distinct person_id from emails where key_version = '2'").all();
    expect(found.results).toHaveLength(3);
    expect((await signIn(people[0] as Resident)).status).toBe(201);
  });

  test("whose write is lost changes nothing for anybody, and is made again", async () => {
    const person = await resident("eu");
    everywhere(add);
    everywhere(use);
    const cut = {
      prepare: (sql: string) => live.records("eu").prepare(sql),
      batch: () => Promise.reject(new Error("cut")),
    };
    const whole = ports();
    const lost: KeyPorts = { ...whole, regions: { ...whole.regions, eu: { ...whole.regions.eu, records: cut as unknown as D1Database } } };
    await expect(moveKeys(lost)).rejects.toThrow("cut");
    // The vault has wrapped its key anew already; the records do not know it.
    expect((await countOld(ports())).regions.eu.wrapping.old).toBe(1);
    await usesEverything(person, person.tokens);
    expect((await moveNow(ports())).status.regions.eu.wrapping.old).toBe(0);
  });

  test("does not count a vault that still runs with the older ring as moved", async () => {
    await live.settle("eu");
    everywhere(add);
    const older = ports();
    everywhere(use);
    await moveKeys({ ...ports(), vault: (person) => older.vault(person) });
    expect((await countOld(ports())).regions.eu.wrapping.old).toBe(1);
    await moveKeys(ports());
    expect((await countOld(ports())).regions.eu.wrapping.old).toBe(0);
  });

  test("leaves an address that was never kept until its person signs in", async () => {
    const person = await live.register("eu");
    await live.records("eu").prepare("update credentials set sealed_email = null").run();
    everywhere(add);
    everywhere(use);
    await moveKeys(ports());
    expect((await countOld(ports())).regions.eu.index).toMatchObject({ old: 1, waiting: 1 });
    expect((await signIn(person)).status).toBe(201);
    expect((await countOld(ports())).regions.eu.index.old).toBe(0);
    expect((await countOld(ports())).directory.email.old).toBe(0);
  });

  test("drops claims that have led to no account for a day, and none that somebody takes up", async () => {
    const email = `half-${crypto.randomUUID()}@people.test`;
    const region = live.records("eu");
    live.overrides = {
      RECORDS_EU: {
        prepare: (sql: string) => region.prepare(sql),
        batch: () => Promise.reject(new Error("cut")),
      } as unknown as D1Database,
    };
    const input = { email, password: freshPassword(), name: "Half", region: "eu" };
    expect((await live.send("POST", "/v1/accounts", input)).status).toBe(500);
    live.overrides = {};
    everywhere(add);
    everywhere(use);
    await moveKeys(ports());
    expect((await countOld(ports())).directory.email.old, "young").toBe(1);
    live.now = () => Date.now() + 2 * DAY_MS;
    await moveKeys(ports());
    expect((await countOld(ports())).directory.email.old).toBe(0);
    live.now = Date.now;
    expect((await live.send("POST", "/v1/accounts", input)).status).toBe(201);
    expect((await signIn(input)).status).toBe(201);
  });

  test("does not drop a claim that somebody takes up while it is looked at", async () => {
    const input = { email: `late-${crypto.randomUUID()}@people.test`, password: freshPassword(), name: "Late", region: "eu" };
    const [hash] = await directoryHashes(directoryKeys(live.secrets["DIRECTORY_KEYS"] ?? ""), input.email);
    await claimEmail(live.directory, [hash], newId("person", "eu", Date.now()), Date.now() - 2 * DAY_MS);
    everywhere(add);
    everywhere(use);
    const moving = directoryAddresses(ports());
    const [row] = await moving.page("1", "", 10);
    if (row === undefined) throw new TypeError("no claim");
    const drop = await moving.move(row);
    expect((await live.send("POST", "/v1/accounts", input)).status).toBe(201);
    expect((await drop?.run())?.meta.changes).toBe(0);
    expect((await signIn(input)).status).toBe(201);
  });

  test("reads old rows by an index and looks at no others", async () => {
    for (const [kind, statements] of Object.entries(COUNTS)) {
      const database = kind === "email" || kind === "vendor" ? live.directory : live.records("eu");
      for (const sql of statements) {
        const statement = database.prepare(`explain query plan ${sql}`);
        const { results } = await (kind === "refresh" ? statement.bind("2", 0) : statement.bind("2")).all<{ detail: string }>();
        expect(results.map(({ detail }) => detail).join("\n"), kind).not.toMatch(
          /SCAN (people|vendor_credentials|credentials|sessions|emails|vendor_accounts|identities|programmes|erasures)/,
        );
      }
    }
  });
});

/** An account at a provider, linked as the routes link one. */
async function link(person: Settled): Promise<{ identity: Identity; id: string }> {
  const identity = { issuer: "https://accounts.google.com", subject: crypto.randomUUID() };
  const id = newId("identity", person.region, live.now());
  const all = await directoryHashesOf(directoryKeys(live.secrets["DIRECTORY_KEYS"] ?? ""), identity);
  await claimIdentity(live.directory, all, { provider: "google", person: person.id, now: live.now() });
  const [mine] = await regionalHashesOf(ports().regions[person.region].keys, identity);
  const sealed = await vaultOf(live.env, person.id).seal(subjectPlace(id), identityText(identity));
  await live
    .records(person.region)
    .prepare(
      `insert into identities (id, person_id, provider, identity_hash, key_version, sealed_subject, created_at)
       values (?, ?, 'google', ?, ?, ?, ?)`,
    )
    .bind(id, person.id, mine.hash, mine.version, sealed, live.now())
    .run();
  return { identity, id };
}

describe("what else hangs on a key", () => {
  const old = async () => {
    const { regions, directory } = await countOld(ports());
    return { ...Object.fromEntries(Object.entries(regions.eu).map(([kind, state]) => [kind, state.old])), email: directory.email.old };
  };
  const rotate = () => {
    everywhere(add);
    everywhere(use);
  };

  test("an account at a sign-in provider is found by both sides when the old keys are gone", async () => {
    const person = await live.settle("eu");
    const { identity } = await link(person);
    rotate();
    expect(await old()).toMatchObject({ index: 18, email: 2 });
    await moveKeys(ports());
    expect(await old()).toMatchObject({ index: 0, email: 0 });
    everywhere(retire);
    const claim = await findIdentityClaim(
      live.directory,
      await directoryHashesOf(directoryKeys(live.secrets["DIRECTORY_KEYS"] ?? ""), identity),
    );
    expect(claim?.person).toBe(person.id);
    const [mine] = await regionalHashesOf(ports().regions.eu.keys, identity);
    const found = await live.records("eu").prepare("select person_id from identities where identity_hash = ?").bind(mine.hash).first();
    expect(found).toEqual({ person_id: person.id });
  });

  test("an account at a provider that was never kept is counted until its person signs in", async () => {
    await link(await live.settle("eu"));
    await live.records("eu").prepare("update identities set sealed_subject = null").run();
    rotate();
    for (let turn = 0; turn < 2; turn++) await moveKeys(ports());
    expect((await countOld(ports())).regions.eu.index).toMatchObject({ old: 1, waiting: 1 });
    expect(await old()).toMatchObject({ email: 1 });
  });

  test("a claim on an account at a provider that led to no link goes after a day, and no link moves it", async () => {
    const person = await live.settle("eu");
    const other = { issuer: "https://accounts.google.com", subject: "left behind" };
    const all = await directoryHashesOf(directoryKeys(live.secrets["DIRECTORY_KEYS"] ?? ""), other);
    await claimIdentity(live.directory, all, { provider: "google", person: person.id, now: live.now() });
    await link(person);
    rotate();
    await moveKeys(ports());
    expect(await old()).toMatchObject({ email: 1 });
    live.now = () => Date.now() + 2 * DAY_MS;
    await moveKeys(ports());
    expect(await old()).toMatchObject({ email: 0 });
    expect(await live.directory.prepare("select count(*) as n from identities").first("n")).toBe(1);
  });

  test("a programme keeps its key, also where an object of the old deployment is asked", async () => {
    const id = newId("programme", "eu", live.now());
    const terms = { id, categories: ["activity"], metrics: ["steps"], fromDay: 1, toDay: 2, cohort: 11, epsilon: 1_000 } as ProgrammeTerms;
    const before = programmeOf(live.env, id);
    expect(await before.establish(terms)).toBe("1");
    await live
      .records("eu")
      .prepare(
        `insert into programmes (id, title, purpose, categories, metrics, from_date, to_date, cohort, epsilon, state, created_at)
         values (?, 't', 'p', '[]', '[]', '', '', 11, 1000, 'draft', 1)`,
      )
      .bind(id)
      .run();
    const sealed = async () =>
      await runInDurableObject(
        programmeOf(env, id),
        (_object, { storage }) => storage.sql.exec<{ sealed_key: string }>("SELECT sealed_key FROM programme").one().sealed_key,
      );
    const opened = async (ring: RegionalKeys) => {
      const [version = "", box = ""] = (await sealed()).split(".");
      return await openBox(keyOf(ring.wrapping, version) ?? "", "programme key", id, box);
    };
    const key = await opened(ports().regions.eu.keys);
    everywhere(add);
    const older = ports();
    everywhere(use);
    expect(await old()).toMatchObject({ wrapping: 1 });
    await moveKeys({ ...ports(), programme: (one) => older.programme(one) });
    expect(await old(), "it said that it is still under the old one").toMatchObject({ wrapping: 1 });
    await moveKeys(ports());
    expect(await old()).toMatchObject({ wrapping: 0 });
    everywhere(retire);
    expect(await opened(ports().regions.eu.keys)).toBe(key);
    expect(await programmeOf(live.env, id).rewrapKey()).toBe("2");
  });

  test("an organisation's account at a vendor opens when the old key is gone, and only in its own row", async () => {
    const [organisation, id] = [newId("organisation", "eu", live.now()), newId("vendorCredential", "eu", live.now())];
    const secrets = { clientSecret: "a secret of the clinic", more: {}, pathSecret: `${id}.path` };
    const { sealed, version } = await sealOwnSecrets(ports().regions.eu.keys, id, secrets);
    const records = live.records("eu");
    await records.batch([
      records.prepare("insert into organisations (id, name, created_at, updated_at) values (?, 'Clinic', 1, 1)").bind(organisation),
      records
        .prepare(
          `insert into vendor_credentials (id, organisation_id, vendor, vendor_client, sealed, key_version, created_at, updated_at)
           values (?, ?, 'whoop', 'c', ?, ?, 1, 1)`,
        )
        .bind(id, organisation, sealed, version),
    ]);
    rotate();
    expect(await old()).toMatchObject({ wrapping: 1 });
    await moveKeys(ports());
    expect(await old()).toMatchObject({ wrapping: 0 });
    everywhere(retire);
    const kept = await records.prepare("select sealed from vendor_credentials where id = ?").bind(id).first<string>("sealed");
    const { keys } = ports().regions.eu;
    expect(await openOwnSecrets(keys, { id, sealed: kept ?? "" })).toEqual(secrets);
    expect(await openOwnSecrets(keys, { id: newId("vendorCredential", "eu", live.now()), sealed: kept ?? "" })).toBeUndefined();
  });

  test("the secret of a webhook signs the same when the old key is gone", async () => {
    const person = await live.settle("eu");
    const [endpoint, id] = [newId("webhook", "eu", live.now()), newId("webhookSecret", "eu", live.now())];
    const secret = newWebhookSecret(systemRandom);
    const { sealed, version } = await sealSecret(ports().regions.eu.keys, id, secret);
    const records = live.records("eu");
    await records.batch([
      records
        .prepare(
          `insert into webhook_endpoints (id, person_id, url, description, content, assurance, state, created_at, updated_at)
           values (?, ?, 'https://hooks.example.com/in', '', 'pointer', 'aal1', 'enabled', 1, 1)`,
        )
        .bind(endpoint, person.id),
      records
        .prepare("insert into webhook_secrets (id, endpoint_id, sealed, key_version, created_at) values (?, ?, ?, ?, 1)")
        .bind(id, endpoint, sealed, version),
    ]);
    rotate();
    expect(await old(), "the person's key and the secret").toMatchObject({ wrapping: 2 });
    await moveKeys(ports());
    expect(await old()).toMatchObject({ wrapping: 0 });
    everywhere(retire);
    const kept = await records.prepare("select sealed from webhook_secrets where id = ?").bind(id).first<string>("sealed");
    expect(kept).not.toBe(sealed);
    expect(await openSecret(ports().regions.eu.keys, { id, sealed: kept ?? "" })).toBe(secret);
  });

  test("the last letter of an erasure that waits opens when the old key is gone", async () => {
    const id = newId("erasure", "eu", live.now());
    const written = { to: "someone@people.test", locale: "en", secret: "s" };
    const letter = await sealLetter(ports().regions.eu.keys, id, written, systemRandom);
    await live
      .records("eu")
      .prepare(
        `insert into erasures (id, person_id, reason, state, next_at, requested_at, due_at, letter) values (?, ?, 'asked', 'waiting', ?3, 1, ?3, ?4)`,
      )
      .bind(id, newId("person", "eu", live.now()), 9e15, letter)
      .run();
    rotate();
    expect(await old()).toMatchObject({ wrapping: 1 });
    await moveKeys(ports());
    expect(await old()).toMatchObject({ wrapping: 0 });
    everywhere(retire);
    const kept = await live.records("eu").prepare("select letter from erasures where id = ?").bind(id).first<string>("letter");
    expect(await openLetter(ports().regions.eu.keys, id, kept)).toEqual(written);
  });

  test("an erased person whom a copy brings back is noticed when the old keys are gone", async () => {
    const person = await live.settle("eu");
    const { files } = ports().regions.eu;
    await putTombstone(files, ports().regions.eu.keys, person.id);
    rotate();
    expect(await old(), "the parts of the marks count until they were gone through").toMatchObject({ index: 17 });
    await moveKeys(ports());
    expect(await old()).toMatchObject({ index: 0 });
    everywhere(retire);
    expect(await hasTombstone(files, ports().regions.eu.keys, person.id)).toBe(true);
    const shard = erasurePorts(live.env, live.now);
    expect(await reconcileTombstones(shard, "eu")).toBe(1);
    const begun = await live.records("eu").prepare("select reason from erasures where person_id = ?").bind(person.id).first("reason");
    expect(begun).toBe("restored");
  });

  test("a mark that is put under the old key behind the sweep is found by the next one, before the key may go", async () => {
    const late = newId("person", "eu", live.now());
    everywhere(add);
    const before = ports().regions.eu;
    everywhere(use);
    await moveKeys(ports());
    await putTombstone(before.files, before.keys, late);
    live.now = () => Date.now() + 25 * 3_600_000;
    expect(await old(), "what was gone through a day ago counts no more").toMatchObject({ index: 16 });
    await moveKeys(ports());
    expect(await old()).toMatchObject({ index: 0 });
    everywhere(retire);
    expect(await hasTombstone(before.files, ports().regions.eu.keys, late)).toBe(true);
  });

  test("marks are gone through in slices that can be cut off", async () => {
    const { files, keys } = ports().regions.eu;
    const people = Array.from({ length: 12 }, () => newId("person", "eu", live.now()));
    for (const person of people) await putTombstone(files, keys, person);
    rotate();
    for (let turn = 0; turn < 400 && (await tombstonesLeft()) > 0; turn++) await moveTombstones(ports(), ports().regions.eu, 5);
    expect(await tombstonesLeft()).toBe(0);
    everywhere(retire);
    const found = await Promise.all(people.map(async (person) => await hasTombstone(files, ports().regions.eu.keys, person)));
    expect(found.every(Boolean)).toBe(true);
  });

  const tombstonesLeft = async () => await tombstonePartsLeft(live.records("eu"), "2", live.now());
});

describe("a person's key", () => {
  test("is one, whoever makes and moves it first", async () => {
    const person = newId("person", "eu", Date.now());
    const older = regionalKeys(live.secrets["KEYS_EU"] ?? "");
    live.change("eu", add);
    const both = regionalKeys(live.secrets["KEYS_EU"] ?? "");
    live.change("eu", use);
    const newer = regionalKeys(live.secrets["KEYS_EU"] ?? "");
    const place = { table: "t", column: "c", row: "r" };
    const keys = [older, both, newer, both, newer].map(
      (ring) => new PersonKey(env.FILES_EU, ring === older ? both : ring, person, systemRandom),
    );
    const sealed = await Promise.all(
      keys.map(async (key, i) => {
        const text = await seal(await key.open(), place, String(i));
        await key.rewrap();
        return text;
      }),
    );
    expect(await new PersonKey(env.FILES_EU, newer, person, systemRandom).rewrap()).toBe("2");
    const one = await new PersonKey(env.FILES_EU, newer, person, systemRandom).open();
    expect(await Promise.all(sealed.map((text) => unseal(one, place, text)))).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("that was erased while it was moved does not come back", async () => {
    const person = newId("person", "eu", Date.now());
    live.change("eu", add);
    await new PersonKey(env.FILES_EU, regionalKeys(live.secrets["KEYS_EU"] ?? ""), person, systemRandom).open();
    live.change("eu", use);
    const files = {
      get: async (name: string) => {
        const found = await env.FILES_EU.get(name);
        await env.FILES_EU.delete(name);
        return found;
      },
      put: (...parameters: Parameters<R2Bucket["put"]>) => env.FILES_EU.put(...parameters),
    };
    await new PersonKey(files as unknown as R2Bucket, regionalKeys(live.secrets["KEYS_EU"] ?? ""), person, systemRandom).rewrap();
    expect(await env.FILES_EU.head(`person-keys/${person}`)).toBeNull();
  });
});

describe("passwords", () => {
  test("of two sign-ins at once are hashed anew once, and both succeed", async () => {
    const person = await live.register("ap");
    live.change("ap", add);
    live.change("ap", use);
    const answers = await Promise.all([signIn(person), signIn(person)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect((await countOld(ports())).regions.ap.pepper).toMatchObject({ old: 0 });
  });

  test("whose pepper was retired are chosen anew by a letter", async () => {
    const person = await live.register("eu");
    live.change("eu", add);
    live.change("eu", use);
    expect((await countOld(ports())).regions.eu.pepper).toMatchObject({ old: 1, waiting: 1 });
    live.change("eu", ({ pepper }) => void delete pepper?.keys["1"]);
    expect((await signIn(person)).status).toBe(401);
    expect((await live.as(person, "/v1/me")).status, "the session lives on").toBe(200);
    await live.send("POST", "/v1/password-resets", { email: person.email });
    const outbox = await live.fetch(`/v1/dev/outbox?to=${encodeURIComponent(person.email)}`);
    const token = /rst_[\w-]+/.exec(await outbox.text())?.[0];
    const password = freshPassword();
    expect((await live.send("POST", "/v1/password-resets/completions", { token, password })).status).toBe(204);
    expect((await signIn({ ...person, password })).status).toBe(201);
  });
});

test("a write that is repeated after a rotation of the index key runs once", async () => {
  const person = await live.register("eu");
  const headers = { "idempotency-key": crypto.randomUUID() };
  const write = async (name = "Clinic") => {
    const body = JSON.stringify({ name, baseUrl: "https://fhir.clinic.org/r4", auth: { kind: "none" } });
    return await live.as(person, "/v1/me/fhir-targets", { method: "POST", headers, body });
  };
  const first = await write();
  expect(first.status).toBe(201);
  live.change("eu", add);
  live.change("eu", use);
  const again = await write();
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(await again.json()).toEqual(await first.json());
  expect((await write("Other")).status).toBe(409);
});

test("an account that two people have connected counts as shared under whichever key each was registered", async () => {
  const ada = await live.register("eu");
  const ben = await live.register("us");
  const connection = await connect(ada);
  everywhere(add);
  everywhere(use);
  await connect(ben);
  expect(await connect(ada), "the account is known again").toBe(connection);
  const revoked = () => google.calls.filter(({ path }) => path.includes("revoke")).length;
  expect((await live.as(ada, `/v1/integrations/vendors/${connection}`, { method: "DELETE" })).status).toBe(200);
  expect(revoked()).toBe(0);
});

describe("the operator", () => {
  const operator = () => ({ authorization: `Bearer ${live.secrets["OPERATIONS_SECRET"]}` });

  test("sees versions and counts, moves a slice, and it is written down without anybody's id", async () => {
    const person = await live.settle("eu");
    everywhere(add);
    everywhere(use);
    const status = await live.fetch("/v1/operations/keys", { headers: operator() });
    const text = await status.text();
    expect(JSON.parse(text)).toMatchObject({ regions: { eu: { wrapping: { current: "2", old: 1 } } }, directory: { email: { old: 1 } } });
    expect(text).not.toContain(person.id.slice(7));
    const moved = await live.fetch("/v1/operations/keys/moves", { method: "POST", headers: operator() });
    expect(await moved.json()).toMatchObject({ failed: 0, status: { regions: { eu: { wrapping: { old: 0 } } } } });
    await live.fetch("/v1/operations/keys/moves", { method: "POST", headers: operator() });
    const events = await listSecurityEvents(ports().regions.eu, undefined, 100);
    const noted = events.map(({ kind, detail }) => `${kind} ${detail["key"]} ${detail["version"]}`);
    expect(noted).toEqual(expect.arrayContaining(["key_current wrapping 2", "keys_moved wrapping 2", "keys_moved email 2"]));
    expect(new Set(noted).size, "once each").toBe(noted.length);
    const shown = await live.fetch("/v1/operations/security-events?region=eu&limit=2", { headers: operator() });
    expect(await shown.json()).toMatchObject({
      items: [{ seq: events[0]?.seq }, { seq: (events[0]?.seq ?? 0) - 1 }],
      next: expect.any(Number),
    });
    const proof = await live.fetch("/v1/operations/security-events/verify?region=eu", { headers: operator() });
    expect(await proof.json()).toMatchObject({ intact: true, proven: events.length });
  });

  test.each(["", "Bearer ", "Bearer wrong", "Basic b3BlcmF0b3I6"])("is nobody with %j", async (authorization) => {
    for (const [method, path] of [
      ["GET", "/v1/operations/keys"],
      ["POST", "/v1/operations/keys/moves"],
      ["GET", "/v1/operations/security-events?region=eu"],
      ["GET", "/v1/operations/security-events/verify?region=eu"],
    ] as const)
      expect((await live.fetch(path, { method, headers: { authorization } })).status, path).toBe(401);
  });

  test("is nobody where there is no secret", async () => {
    live.secrets["OPERATIONS_SECRET"] = "";
    expect((await live.fetch("/v1/operations/keys", { headers: { authorization: "Bearer " } })).status).toBe(401);
  });
});
