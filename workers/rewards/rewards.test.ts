import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import * as z from "zod";
import { newId } from "../../shared/id";
import { call, newOrganisation, type TestOrganisation } from "../../test/partners";
import { type RegisteredPerson, registerPerson } from "../../test/people";
import { regional, vaultOf } from "../regional";
import { ALL_OF_ORGANISATION, PAGE_OF_ORGANISATION, PAGE_OF_REGION } from "./offers";
import { payWon, type PayPorts } from "./pay-won";

const answerSchema = z.looseObject({ id: z.string().optional(), code: z.string().nullish(), state: z.string().optional() });
const ports: PayPorts = { env, recordsOf: (region) => regional(env, region).records, now: Date.now };

async function ask(person: RegisteredPerson, method: string, path: string, body?: unknown) {
  const response = await call(person, method, path, body);
  return { status: response.status, body: answerSchema.parse(await response.json()) };
}
async function offer({ owner, id }: TestOrganisation, more: Record<string, unknown> = {}): Promise<string> {
  const made = await ask(owner, "POST", `/v1/organisations/${id}/rewards`, {
    kind: "discount",
    title: "A tenth off",
    description: "Of any product.",
    terms: { percentOff: 10 },
    price: { unit: "coins", amount: 10 },
    ...more,
  });
  expect(made.status).toBe(201);
  return made.body.id ?? "";
}
const give = async ({ person }: RegisteredPerson, amount: number, key: string = crypto.randomUUID()) =>
  await payWon(ports, { person: person.id, key, about: "chl", prize: { unit: "coins", amount } });
async function holds(person: RegisteredPerson): Promise<Record<string, number>> {
  const { balances } = await (await person.fetch("/v1/me/wallet")).json<{ balances: { unit: string; amount: number }[] }>();
  return Object.fromEntries(balances.map(({ unit, amount }) => [unit, amount]));
}

test("a reward is bought across regions, used once by its code, and given back where it was not used", async () => {
  const gym = await newOrganisation("eu", "Gym");
  const other = await newOrganisation("eu", "Another gym");
  const ada = await registerPerson("us");
  const reward = await offer(gym, { perPerson: 2 });
  expect((await ask(ada, "POST", `/v1/rewards/${reward}/redemptions`)).body.code).toBe("insufficient_funds");
  expect(await give(ada, 25)).toBe("paid");

  const bought = await ask(ada, "POST", `/v1/rewards/${reward}/redemptions`);
  expect(bought).toMatchObject({ status: 201, body: { state: "issued", paid: { unit: "coins", amount: 10 }, terms: { percentOff: 10 } } });
  expect(await holds(ada)).toEqual({ points: 0, coins: 15, discounts: 1, free_sessions: 0 });
  const code = bought.body.code ?? "";
  const redeem = async (at: TestOrganisation, text: string) =>
    await ask(at.owner, "POST", `/v1/organisations/${at.id}/redemptions`, { code: text });
  expect((await redeem(other, code)).status).toBe(404);
  const [first, second] = await Promise.all([redeem(gym, code.toLowerCase()), redeem(gym, code)]);
  expect([first.status, second.status].toSorted((a, b) => a - b)).toEqual([201, 409]);
  expect(await ask(ada, "GET", `/v1/me/wallet/vouchers/${bought.body.id}`)).toMatchObject({ body: { state: "used", code: null } });
  expect((await ask(ada, "POST", `/v1/me/wallet/vouchers/${bought.body.id}/return`)).status).toBe(409);

  const again = await ask(ada, "POST", `/v1/rewards/${reward}/redemptions`);
  expect((await ask(ada, "POST", `/v1/rewards/${reward}/redemptions`)).body.code).toBe("conflict");
  const path = `/v1/me/wallet/vouchers/${again.body.id}/return`;
  expect([await ask(ada, "POST", path), await ask(ada, "POST", path)]).toMatchObject([
    { body: { state: "returned" } },
    { body: { state: "returned" } },
  ]);
  expect((await redeem(gym, again.body.code ?? "")).status).toBe(409);
  expect(await holds(ada)).toEqual({ points: 0, coins: 15, discounts: 0, free_sessions: 0 });
  const statement = await (await ada.fetch("/v1/me/wallet/transactions?limit=3")).json<{ items: { kind: string }[]; next: string }>();
  const rest = await (
    await ada.fetch(`/v1/me/wallet/transactions?cursor=${encodeURIComponent(statement.next)}`)
  ).json<{ items: { kind: string }[] }>();
  expect([...statement.items, ...rest.items].map(({ kind }) => kind)).toEqual([
    "refunded",
    "returned",
    "issued",
    "spent",
    "used",
    "issued",
    "spent",
    "won",
  ]);
});

test("many at once get no more than there is, and whoever comes too late has paid nothing", async () => {
  const gym = await newOrganisation();
  const reward = await offer(gym, { stock: 2, perPerson: 9 });
  const ada = await registerPerson();
  await give(ada, 50);
  const asked = await Promise.all(Array.from({ length: 5 }, async () => await ask(ada, "POST", `/v1/rewards/${reward}/redemptions`)));
  expect(asked.map(({ status, body }) => (status === 201 ? "bought" : body.code)).toSorted()).toEqual([
    "bought",
    "bought",
    "sold_out",
    "sold_out",
    "sold_out",
  ]);
  expect(await holds(ada)).toMatchObject({ coins: 30, discounts: 2 });
  expect(await ask(ada, "GET", `/v1/rewards/${reward}`)).toMatchObject({ body: { left: 0 } });
  // The database itself refuses.
  const oversold = env.RECORDS_EU.prepare("update rewards set taken = taken + 1 where id = ?").bind(reward).run();
  await expect(oversold).rejects.toThrow(/CHECK/);
  expect(await ask(gym.owner, "PATCH", `/v1/organisations/${gym.id}/rewards/${reward}`, { stock: 1 })).toMatchObject({ status: 409 });
});

test("a purchase that was cut off is settled by the next look at the wallet, once, whichever side had come further", async () => {
  const gym = await newOrganisation();
  const reward = await offer(gym, { perPerson: 9 });
  const ada = await registerPerson();
  await give(ada, 20);
  const vault = vaultOf(env, ada.person.id);
  const session = newId("session", "eu", Date.now());
  const actor = { kind: "person", person: ada.person.id, session } as const;
  const terms = {
    reward,
    organisation: gym.id,
    kind: "discount",
    title: "A tenth off",
    terms: { percentOff: 10 },
    unit: "coins",
    price: 10,
    perPerson: 9,
    validDays: 9,
  } as const;
  const [lost, taken] = [newId("voucher", "eu", Date.now()), newId("voucher", "eu", Date.now())];
  await vault.holdVoucher(actor, lost, terms);
  const held = await vault.holdVoucher(actor, taken, terms);
  await env.RECORDS_EU.prepare(
    "insert into reward_claims (id, reward_id, code_hash, state, created_at, expires_at) values (?, ?, ?, 'issued', ?, ?)",
  )
    .bind(taken, reward, held.codeHash, held.createdAt, held.expiresAt)
    .run();
  // One is under way still.
  expect(await holds(ada)).toMatchObject({ coins: 0, discounts: 1 });
  await runInDurableObject(
    vault,
    (_, { storage }) => void storage.sql.exec("UPDATE wallet_vouchers SET created_at = 1 WHERE id = ?", lost),
  );
  expect(await holds(ada)).toMatchObject({ coins: 10, discounts: 1 });
  expect(await holds(ada)).toMatchObject({ coins: 10, discounts: 1 });
  expect(await ask(ada, "GET", `/v1/me/wallet/vouchers/${lost}`)).toMatchObject({ body: { state: "void", code: null } });
});

test("what was won is paid exactly once for its key, an amount as well as a reward from an organisation's stock", async () => {
  const gym = await newOrganisation();
  const reward = await offer(gym, { stock: 1, kind: "free_session", terms: { sessions: 2 } });
  const [ada, bob] = [await registerPerson("us"), await registerPerson()];
  const key = `chl_eu_1/${crypto.randomUUID()}`;
  expect(await Promise.all([1, 2, 3].map(async () => await give(ada, 7, key)))).toEqual(["paid", "paid", "paid"]);
  const won = async (person: RegisteredPerson) => await payWon(ports, { person: person.person.id, key, about: "chl", prize: { reward } });
  expect([await won(ada), await won(ada), await won(bob)]).toEqual(["paid", "paid", "sold_out"]);
  expect([await holds(ada), await holds(bob)]).toMatchObject([
    { coins: 7, free_sessions: 1 },
    { coins: 0, free_sessions: 0 },
  ]);
  await expect(give(ada, 8, key)).rejects.toMatchObject({ code: "conflict" });
});

test("rewards are managed by those who may, and listed by index", async () => {
  const gym = await newOrganisation();
  const stranger = await registerPerson();
  const [first, second] = [await offer(gym), await offer(gym)];
  expect((await ask(stranger, "POST", `/v1/organisations/${gym.id}/redemptions`, { code: "7H2K-QW9D-M4TX-3ZRB" })).status).toBe(404);
  const bent = { kind: "free_session", title: "x", description: "x", terms: { percentOff: 5 }, price: { unit: "points", amount: 1 } };
  expect((await ask(gym.owner, "POST", `/v1/organisations/${gym.id}/rewards`, bent)).status).toBe(422);
  expect((await call(gym.owner, "DELETE", `/v1/organisations/${gym.id}/rewards/${first}`)).status).toBe(204);
  const ids = async (path: string) => (await (await stranger.fetch(path)).json<{ items: { id: string }[] }>()).items.map(({ id }) => id);
  expect(await ids(`/v1/rewards?organisation=${gym.id}`)).toEqual([second]);
  expect((await ask(stranger, "GET", `/v1/rewards/${first}`)).status).toBe(404);
  for (const query of [PAGE_OF_REGION, PAGE_OF_ORGANISATION, ALL_OF_ORGANISATION]) {
    const values = query.includes("?3") ? ["~", 5, gym.id] : ["~", 5];
    const { results } = await env.RECORDS_EU.prepare(`explain query plan ${query}`)
      .bind(...values)
      .all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail).join("\n");
    expect(plan).toMatch(/SEARCH rewards/);
    expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  }
});
