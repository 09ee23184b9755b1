import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { newId } from "../../shared/id";
import { unpackedKey } from "../../shared/imports/status";
import { bucketScratch } from "./bucket-scratch";

const PIECE = new Uint8Array(700_001).map((_, i) => i % 251);

/** Gives `count` pieces, and then fails or ends. */
function pieces(count: number, failure?: Error) {
  let given = 0;
  return {
    cancelled: false,
    read: () => {
      if (given++ < count) return Promise.resolve(PIECE);
      return failure === undefined ? Promise.resolve(undefined) : Promise.reject(failure);
    },
    cancel() {
      this.cancelled = true;
      return Promise.resolve();
    },
  };
}

test("what is kept is longer than one part and comes back by ranges, also to who asks later", async () => {
  const key = unpackedKey(newId("import", "eu", Date.now()));
  const scratch = bucketScratch(env.FILES_EU, key);
  expect(await scratch.kept()).toBeUndefined();
  const reader = pieces(13);
  const kept = await scratch.keep(reader);
  expect(reader.cancelled).toBe(true);
  expect(kept.size).toBe(13 * PIECE.length);
  const again = await bucketScratch(env.FILES_EU, key).kept();
  const [at, length] = [8 * 1024 * 1024 - 10, 20];
  const wanted = Array.from({ length }, (_, i) => PIECE[(at + i) % PIECE.length]);
  expect([...((await again?.read(at, length)) ?? [])]).toEqual(wanted);
});

test("what breaks off is not there, and the next try begins anew", async () => {
  const key = unpackedKey(newId("import", "eu", Date.now()));
  const scratch = bucketScratch(env.FILES_EU, key);
  await expect(scratch.keep(pieces(13, new Error("gone")))).rejects.toThrow("gone");
  expect(await scratch.kept()).toBeUndefined();
  expect((await scratch.keep(pieces(1))).size).toBe(PIECE.length);
});
