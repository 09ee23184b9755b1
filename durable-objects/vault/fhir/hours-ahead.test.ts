import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { HOUR_MS } from "../../../shared/clock";
import { freshVault } from "../../../test/vaults";
import type { Vault } from "../vault";
import type { Entry } from "./entries";
import { HoursAhead } from "./hours-ahead";

const INSERT =
  "INSERT INTO segments (metric, hour, source, part, n, min, max, sum, first_at, last_at, version, updated_at, data) VALUES (?, ?, ?, ?, 1, 0, 0, 0, 0, 0, ?, 0, x'00')";

function entryOf(hour: number, source: number): Entry {
  const stream = { table: "segments", metric: 101, source, first: 0, last: 0, longest: HOUR_MS } as const;
  return { stream, start: hour * HOUR_MS + 5, end: hour * HOUR_MS + 5, tag: "", updatedAt: 0 };
}

/** What is told of each entry of two series that are asked for in an order: the versions of its parts, which say which they are. */
async function told(asked: (entries: readonly Entry[]) => readonly Entry[]): Promise<number[][]> {
  return await runInDurableObject<Vault, number[][]>(freshVault().vault, (_, { storage: { sql } }) => {
    const entries: Entry[] = [];
    for (let hour = 0; hour < 25; hour++)
      for (const source of [1, 2]) {
        for (const part of [0, 1]) sql.exec(INSERT, 101, hour, source, part, hour * 100 + source * 10 + part);
        entries.push(entryOf(hour, source));
      }
    const ahead = new HoursAhead(sql, entries);
    return asked(entries).map((entry) => ahead.take(entry).map(({ version }) => version));
  });
}

const wanted = ({ stream, start }: Entry) => [0, 1].map((part) => Math.floor(start / HOUR_MS) * 100 + stream.source * 10 + part);

test("each entry gets the parts of its own hour and source, in their order", async () => {
  let order: readonly Entry[] = [];
  const found = await told((entries) => (order = entries));
  expect(found).toEqual(order.map(wanted));
});

test("also where some are passed over, or asked for from behind", async () => {
  let order: readonly Entry[] = [];
  const found = await told((entries) => (order = entries.filter((_, i) => i % 7 === 3).toReversed()));
  expect(found).toEqual(order.map(wanted));
});

test("what is not there has no parts, and what was not announced is read by itself", async () => {
  const found = await told((entries) => [entryOf(99, 1), entries[4]!, entryOf(3, 2)]);
  expect(found).toEqual([[], [210, 211], [320, 321]]);
});
