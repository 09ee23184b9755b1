import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { expect, test } from "vitest";
import { freshVault } from "../../../test/vaults";
import { BOOKING_KINDS, BOOKINGS, UNITS, type WalletUnit } from "../../../shared/wallet/wallet";
import { newId } from "../../../shared/id";
import { isProblem } from "../../../shared/problem";
import { DUE_LOTS, Ledger, NEXT_LOT, STATEMENT, STATEMENT_OF_UNIT } from "./ledger";
import { OPEN_VOUCHERS, VOUCHER_PAGE } from "./wallet";

/** What the ledger says against what its entries add up to. */
function audit(sql: SqlStorage): void {
  expect(sql.exec("SELECT seq FROM wallet_entries GROUP BY seq HAVING sum(amount) <> 0 OR count(*) <> 2").toArray()).toEqual([]);
  const sums = "SELECT unit, sum(amount) AS amount FROM wallet_entries WHERE account = 'own' GROUP BY unit ORDER BY unit";
  expect(sql.exec("SELECT unit, amount FROM wallet_balances ORDER BY unit").toArray()).toEqual(sql.exec(sums).toArray());
  const lots = "SELECT unit, sum(remaining) AS amount FROM wallet_lots GROUP BY unit ORDER BY unit";
  expect(sql.exec("SELECT unit, amount FROM wallet_balances WHERE amount > 0 ORDER BY unit").toArray()).toEqual(sql.exec(lots).toArray());
  expect(sql.exec("SELECT 1 FROM wallet_transactions WHERE balance < 0").toArray()).toEqual([]);
}

const booking = fc.record({
  key: fc.integer({ min: 0, max: 40 }).map(String),
  kind: fc.constantFrom(...BOOKING_KINDS.filter((kind) => kind !== "expired")),
  unit: fc.constantFrom(...UNITS),
  amount: fc.integer({ min: 1, max: 50 }),
  at: fc.integer({ min: 0, max: 20 }),
  lasts: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
});

test("whatever is booked in whatever order, nothing falls below nothing, a key counts once, and balances are the sums of their entries", async () => {
  const { vault } = freshVault();
  await runInDurableObject(vault, (_, { storage }) => {
    const ledger = new Ledger(storage.sql);
    // The tables are only added to: each run begins where the one before ended, under keys of its own.
    let run = 0;
    let clock = 0;
    fc.assert(
      fc.property(fc.array(booking, { maxLength: 40 }), (bookings) => {
        run++;
        const model = new Map<WalletUnit, number>(UNITS.map((unit) => [unit, ledger.balance(unit)]));
        const done = new Set<string>();
        for (const { key, kind, unit, amount, at, lasts } of bookings) {
          clock += at;
          storage.transactionSync(() => ledger.expire(clock));
          for (const one of UNITS) {
            // Time takes away, and never adds.
            expect(ledger.balance(one)).toBeLessThanOrEqual(model.get(one) ?? 0);
            model.set(one, ledger.balance(one));
          }
          const signed = BOOKINGS[kind].sign * amount;
          const had = model.get(unit) ?? 0;
          try {
            const about = `${key}`;
            const expiresAt = lasts === undefined ? undefined : clock + lasts;
            storage.transactionSync(() => ledger.book({ key: `${run} ${key}`, kind, unit, amount, about, expiresAt }, clock));
            if (!done.has(key)) model.set(unit, had + signed);
            done.add(key);
          } catch (error) {
            if (!isProblem(error)) throw error;
            expect(error.code).toBe(done.has(key) ? "conflict" : "insufficient_funds");
            if (!done.has(key)) expect(had + signed).toBeLessThan(0);
          }
          expect(ledger.balance(unit)).toBe(model.get(unit));
        }
        audit(storage.sql);
      }),
      { numRuns: 25 },
    );
    for (const change of ["UPDATE wallet_entries SET amount = 1", "DELETE FROM wallet_transactions", "DELETE FROM wallet_entries"])
      expect(() => storage.sql.exec(change)).toThrow(/only added to/);
  });
});

test("what expires first is spent first, and what is left of it goes at its time", async () => {
  const { vault } = freshVault();
  await runInDurableObject(vault, (_, { storage: { sql } }) => {
    const ledger = new Ledger(sql);
    const book = (key: string, kind: "won" | "spent", amount: number, now: number, expiresAt?: number) =>
      ledger.book({ key, kind, unit: "coins", amount, about: "", expiresAt }, now);
    book("a", "won", 10, 0);
    book("b", "won", 10, 0, 100);
    book("c", "spent", 6, 1);
    expect(ledger.nextExpiry()).toBe(100);
    ledger.expire(99);
    expect(ledger.balance("coins")).toBe(14);
    expect(book("d", "won", 1, 100).balance).toBe(11);
    expect(ledger.page("coins", 1_000, 10).map(({ kind, amount, at }) => [kind, amount, at])).toEqual([
      ["won", 1, 100],
      ["expired", -4, 100],
      ["spent", -6, 1],
      ["won", 10, 0],
      ["won", 10, 0],
    ]);
    audit(sql);
  });
});

test("coins go to somebody else's wallet once, also where many send at once, and come back where nobody takes them", async () => {
  const [ada, bob] = [freshVault(), freshVault("us")];
  await ada.vault.payWon({ key: "chl 1", unit: "coins", amount: 30, about: "chl" });
  await ada.vault.payWon({ key: "chl 1", unit: "coins", amount: 30, about: "chl" });
  const id = () => newId("transfer", "eu", Date.now());
  const same = id();
  const sent = await Promise.allSettled(
    [same, same, id(), id(), id()].map(async (one) => await ada.vault.sendCoins(ada.actor, one, bob.person, 10)),
  );
  expect(sent.filter(({ status }) => status === "fulfilled").length).toBe(4);
  const coins = async ({ vault, actor }: ReturnType<typeof freshVault>) =>
    (await vault.wallet(actor)).find(({ unit }) => unit === "coins")?.amount;
  expect([await coins(ada), await coins(bob)]).toEqual([0, 30]);
  expect(await bob.vault.receiveCoins({ id: same, from: ada.person, amount: 10 })).toBe(true);
  expect(await coins(bob)).toBe(30);
  await bob.vault.close();
  await ada.vault.payWon({ key: "chl 2", unit: "coins", amount: 5, about: "chl" });
  expect((await ada.vault.sendCoins(ada.actor, id(), bob.person, 5)).state).toBe("returned");
  expect(await coins(ada)).toBe(5);
});

test("pages, lots and open vouchers are found by their indexes", async () => {
  const { vault } = freshVault();
  const plans = await runInDurableObject(vault, (_, { storage: { sql } }) =>
    [STATEMENT, STATEMENT_OF_UNIT, NEXT_LOT, DUE_LOTS, VOUCHER_PAGE, OPEN_VOUCHERS].map((query) =>
      sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...Array.from({ length: query.split("?").length - 1 }, () => 1))
        .toArray()
        .map(({ detail }) => detail)
        .join(),
    ),
  );
  expect(plans).toEqual([
    expect.stringContaining("USING INTEGER PRIMARY KEY"),
    expect.stringContaining("USING INDEX wallet_transactions_by_unit"),
    expect.stringContaining("wallet_lots_by_expiry"),
    expect.stringContaining("USING INDEX wallet_lots_due"),
    expect.stringContaining("USING INDEX wallet_vouchers_by_time"),
    expect.stringContaining("wallet_vouchers_open"),
  ]);
  for (const plan of plans) expect(plan).not.toContain("TEMP B-TREE");
});
