import { createExecutionContext, createMessageBatch, getQueueResult, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { GatePushes } from "../../durable-objects/gate/pushes";
import { HOUR_MS } from "../../shared/clock";
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

const day = (n: number) => JSON.stringify([{ resource: "dailies", reply: [{ ...SUMMARIES["dailies"], steps: n }] }]);

/** Has pushes wait at the region's gate, of which the gate itself tells nobody; answers the pointer to them. */
async function held({ person, region, connection, userId }: Joined, parts: readonly string[], at = Date.now()) {
  const [account] = await accountHashes(directoryKeys(env.DIRECTORY_KEYS), "garmin", userId);
  const gate = gateOf(env, region, hookGate(region, "garmin"));
  await gate.accept([]);
  const pushes = await runInDurableObject(gate, (_, { storage: { sql } }) => {
    const one = { vendor: "garmin", person, connection, account: account!.hash, credential: null };
    new GatePushes(sql).add(
      parts.map((text) => ({ ...one, parts: text })),
      at,
    );
    sql.exec("update pushes set tell_at = ? where connection = ?", Date.now() + HOUR_MS, connection);
    return sql
      .exec<{ id: number }>("select id from pushes where connection = ? order by id", connection)
      .toArray()
      .map(({ id }) => id);
  });
  return { kind: "pushed", person, connection, vendor: "garmin", pushes } as const;
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

/** What a vault has of pushes, read or not. */
const inVault = ({ person, connection }: Pick<Joined, "person" | "connection">) =>
  runInDurableObject(vaultOf(env, person), (_, { storage: { sql } }) => ({
    unread: sql
      .exec<{ parts: string }>("SELECT parts FROM connection_pushes WHERE connection = ? ORDER BY id", connection)
      .toArray()
      .map(({ parts }) => parts),
    stored: sql.exec<{ n: number }>("SELECT count(*) AS n FROM series").one().n,
  }));

/** Whether data have come to a vault, which reads them within a second. */
const hasCome = async (to: Pick<Joined, "person" | "connection">): Promise<boolean> => {
  const { unread, stored } = await inVault(to);
  return unread.length + stored > 0;
};

describe("data that wait at a gate", () => {
  it("are brought to their vault and then forgotten; a message that comes again changes nothing", async () => {
    const one = await joined();
    const pointer = await held(one, [day(1), day(2), day(3)]);
    expect(pointer.pushes).toHaveLength(3);
    expect(await deliver([pointer, pointer])).toEqual(DONE);
    expect(await waitingAtGate(one)).toBe(0);
    expect(await hasCome(one)).toBe(true);
    expect(await deliver(pointer)).toEqual(DONE);
  });

  it("are brought in several steps where they are long", async () => {
    const one = await joined();
    const long = day(1).replace("{", `{"filler":"${"x".repeat(190_000)}",`);
    const pointer = await held(one, Array(30).fill(long));
    expect(await deliver(pointer)).toEqual(DONE);
    expect(await waitingAtGate(one)).toBe(0);
    expect(await hasCome(one)).toBe(true);
  });

  it("wait on while the vault takes nothing, and their message comes again", async () => {
    const one = await joined();
    const pointer = await held(one, [day(1)]);
    const vault = vaultOf(env, one.person);
    await vault.freeze();
    expect(await deliver(pointer)).toEqual(AGAIN);
    expect([await waitingAtGate(one), await hasCome(one)]).toEqual([1, false]);
    await vault.resume();
    expect(await deliver(pointer)).toEqual(DONE);
    expect([await waitingAtGate(one), await hasCome(one)]).toEqual([0, true]);
  });

  it("are there before their message tells of an end", async () => {
    const one = await joined();
    const pointer = await held(one, [day(1)]);
    const { person, connection } = one;
    expect(await deliver([{ kind: "ended", person, connection }, pointer])).toEqual(DONE);
    expect(await hasCome(one)).toBe(true);
  });

  it("go where their account is connected now, and nowhere where it is not", async () => {
    const garmin = new FakeGarmin();
    const before = await joined("eu", garmin);
    const pointer = await held(before, [day(1)], Date.now() - 2 * HOUR_MS);
    const late = await held(before, [day(2)], Date.now() + HOUR_MS);
    expect((await before.delete()).status).toBe(200);
    expect(await deliver({ ...late, pushes: late.pushes.filter((id) => !pointer.pushes.includes(id)) })).toEqual(DONE);
    expect([await waitingAtGate(before), await hasCome(before)]).toEqual([1, false]);
    const now = await joined("us", garmin);
    const fresh = await held({ ...before, connection: newId("connection", "eu", Date.now()) }, [day(3)]);
    expect(await deliver(fresh)).toEqual(DONE);
    expect(await hasCome(now)).toBe(true);
  });
});
