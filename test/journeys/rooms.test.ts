import { expect, inject, test } from "vitest";
import { runRoomChaos } from "../chaos/rooms.ts";

/** The short form; `npm run chaos:rooms` is the long one. */
const SEED = Number(process.env["CHAOS_SEED"] ?? 5);

test(`clients that reconnect, repeat themselves and lose their power agree on every message of a room (seed ${SEED})`, async () => {
  const outcome = await runRoomChaos({ seed: SEED, people: 3, clientsEach: 4, messages: 10, cuts: 1 }, inject("prepared"));
  expect(outcome.faults, `CHAOS_SEED=${SEED}`).toEqual([]);
  expect(outcome).toMatchObject({ messages: 120, deliveries: 12 * 120 });
  expect(outcome.connections).toBeGreaterThan(12);
  expect(outcome.repeated).toBeGreaterThan(0);
});
