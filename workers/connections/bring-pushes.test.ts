import { createExecutionContext, createMessageBatch, getQueueResult, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { GatePushes } from "../../durable-objects/gate/pushes";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { directoryKeys } from "../../shared/crypto/keys";
import { type ConnectionId, newId, parseId, type PersonId } from "../../shared/id";
import type { Region } from "../../shared/region";
import { accountHashes } from "../../shared/vendors/account";
import { hookGate } from "../../shared/vendors/push";
import { SUMMARIES } from "../../shared/vendors/garmin/fixtures";
import { fetchApp, registerPerson } from "../../test/people";
import { FakeGarmin } from "../../test/vendors/fake-garmin";
import { answerFetch } from "../../test/vendors/fake-google";
import { gateOf, vaultOf } from "../regional";
import { consumeSync } from "./consume-sync";

afterEach(() => vi.restoreAllMocks());

interface Joined {
  readonly person: PersonId;
  readonly region: Region;
  readonly connection: ConnectionId;
  readonly userId: string;
  delete(): Promise<Response>;
}

/** Somebody who has connected with Garmin. */
async function joined(region: Region = "eu", garmin = new FakeGarmin()): Promise<Joined> {
  answerFetch(garmin);
  const person = await registerPerson(region);
  const begun = z.object({ authorizeUrl: z.string() }).parse(await (await person.fetch("/v1/integrations/garmin/authorize")).json());
  const state = new URL(begun.authorizeUrl).searchParams.get("state") ?? "";
  expect((await fetchApp(`/v1/integrations/garmin/callback?${new URLSearchParams({ state, code: garmin.userId })}`)).status).toBe(200);
  const { id } = await runInDurableObject(vaultOf(env, person.person.id), (_, { storage: { sql } }) =>
    sql.exec<{ id: string }>("SELECT id FROM connections").one(),
  );
  const connection = parseId("connection", id)!;
  const remove = () => person.fetch(`/v1/integrations/vendors/${connection}`, { method: "DELETE" });
  return { person: person.person.id, region, connection, userId: garmin.userId, delete: remove };
}

/** The summary of a day, so many days ago. */
const day = (ago: number) => {
  const calendarDate = new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);
  const startTimeInSeconds = Date.parse(calendarDate) / 1000;
  return JSON.stringify([{ resource: "dailies", reply: [{ ...SUMMARIES["dailies"], calendarDate, startTimeInSeconds }] }]);
};

/** Has pushes wait at the region's gate, of which the gate itself tells nobody; answers the pointer to them. */
async function held({ person, region, connection, userId }: Joined, parts: readonly string[], at = Date.now()) {
  const [account] = await accountHashes(directoryKeys(env.DIRECTORY_KEYS), "garmin", userId);
  const gate = gateOf(env, region, hookGate(region, "garmin"));
  await gate.receive([]);
  await runInDurableObject(gate, (_, { storage: { sql } }) => {
    const one = { vendor: "garmin", person, connection, account: account!.hash, credential: null };
    new GatePushes(sql).add(
      parts.map((text) => ({ ...one, parts: text })),
      at,
    );
    sql.exec("update pushes set tell_at = ? where connection = ?", Date.now() + HOUR_MS, connection);
  });
  return { kind: "pushed", person, connection, vendor: "garmin" } as const;
}

async function deliver(body: unknown) {
  const batch = createMessageBatch("sync-eu", [{ id: "m", timestamp: new Date(), body, attempts: 1 }]);
  await consumeSync(batch, env);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
  return { acknowledged: explicitAcks.length, again: retryMessages.length };
}

const DONE = { acknowledged: 1, again: 0 };
const AGAIN = { acknowledged: 0, again: 1 };

const waitingAtGate = ({ region, connection }: Joined) =>
  runInDurableObject(
    gateOf(env, region, hookGate(region, "garmin")),
    (_, { storage: { sql } }) => sql.exec<{ n: number }>("select count(*) as n from pushes where connection = ?", connection).one().n,
  );

/** Days of which a vault has something, which reads what has come within a second. */
const daysIn = ({ person }: Pick<Joined, "person">) =>
  runInDurableObject(
    vaultOf(env, person),
    (_, { storage: { sql } }) => sql.exec<{ n: number }>("SELECT count(DISTINCT date) AS n FROM daily").one().n,
  );
const haveCome = async (to: Pick<Joined, "person">, days: number): Promise<void> =>
  await vi.waitFor(async () => expect(await daysIn(to)).toBe(days), { timeout: 15_000 });
/** What a vault has not read yet. */
const unreadIn = ({ person }: Pick<Joined, "person">) =>
  runInDurableObject(
    vaultOf(env, person),
    (_, { storage: { sql } }) => sql.exec<{ n: number }>("SELECT count(*) AS n FROM connection_pushes").one().n,
  );

describe("data that wait at a gate", () => {
  it("are brought to their vault and then forgotten; a message that comes again changes nothing", async () => {
    const one = await joined();
    const pointer = await held(one, [day(3), day(4), day(5)]);
    expect(await deliver([pointer, pointer])).toEqual(DONE);
    expect(await waitingAtGate(one)).toBe(0);
    await haveCome(one, 3);
    expect(await deliver(pointer)).toEqual(DONE);
    expect([await unreadIn(one), await daysIn(one)]).toEqual([0, 3]);
  });

  it("are brought in several steps where they are long", async () => {
    const one = await joined();
    const long = (ago: number) => day(ago).replace("{", `{"filler":"${"x".repeat(190_000)}",`);
    const pointer = await held(
      one,
      Array.from({ length: 30 }, (_, i) => long(3 + i)),
    );
    expect(await deliver(pointer)).toEqual(DONE);
    expect(await waitingAtGate(one)).toBe(0);
    await haveCome(one, 30);
  });

  it("wait on while the vault takes nothing, and their message comes again", async () => {
    const one = await joined();
    const pointer = await held(one, [day(3)]);
    const vault = vaultOf(env, one.person);
    await vault.freeze();
    expect(await deliver(pointer)).toEqual(AGAIN);
    expect([await waitingAtGate(one), await unreadIn(one), await daysIn(one)]).toEqual([1, 0, 0]);
    await vault.resume();
    expect(await deliver(pointer)).toEqual(DONE);
    expect(await waitingAtGate(one)).toBe(0);
    await haveCome(one, 1);
  });

  it("are kept unread by the vault of a person who has asked for their erasure, should they take that back", async () => {
    const one = await joined();
    const pointer = await held(one, [day(3)]);
    const vault = vaultOf(env, one.person);
    await vault.suspend();
    expect(await deliver(pointer)).toEqual(DONE);
    expect([await waitingAtGate(one), await unreadIn(one), await daysIn(one)]).toEqual([0, 1, 0]);
    await vault.resume();
    await haveCome(one, 1);
  });

  it("are there before their message tells of an end", async () => {
    const one = await joined();
    const pointer = await held(one, [day(3)]);
    const { person, connection } = one;
    expect(await deliver([{ kind: "ended", person, connection }, pointer])).toEqual(DONE);
    await haveCome(one, 1);
  });

  it("go where their account is connected now where they came after the end here, and nowhere where it is not", async () => {
    const garmin = new FakeGarmin();
    const before = await joined("eu", garmin);
    expect((await before.delete()).status).toBe(200);
    expect(await deliver(await held(before, [day(3)], Date.now() + MINUTE_MS))).toEqual(DONE);
    expect([await waitingAtGate(before), await unreadIn(before), await daysIn(before)]).toEqual([0, 0, 0]);
    const now = await joined("us", garmin);
    expect(await deliver(await held(before, [day(4)], Date.now() + MINUTE_MS))).toEqual(DONE);
    expect(await waitingAtGate(before)).toBe(0);
    await haveCome(now, 1);
    expect([await unreadIn(before), await daysIn(before)]).toEqual([0, 0]);
  });

  it("go to nobody who connected the account after they came", async () => {
    const garmin = new FakeGarmin();
    const now = await joined("us", garmin);
    const nobody = {
      ...now,
      region: "eu",
      person: newId("person", "eu", Date.now()),
      connection: newId("connection", "eu", Date.now()),
    } as const;
    expect(await deliver(await held(nobody, [day(3)], Date.now() - HOUR_MS))).toEqual(DONE);
    expect([await waitingAtGate(nobody), await unreadIn(now), await daysIn(now)]).toEqual([0, 0, 0]);
  });
});
