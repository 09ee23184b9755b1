/** Webhooks of ledgers: told late, twice and in any order, as vendors do. */
import { createHmac } from "node:crypto";
import { personOf, type State } from "../server/state.ts";
import { sendHook } from "../vendors/send.ts";
import { storeOf } from "../vendors/vendor.ts";
import type { Ledger } from "./ledger.ts";
import { changedBetween } from "./tell.ts";

/**
 * Tells what changed in a span, or the deletions of it alone; a vendor tries again by itself until it is heard. Resolves after the first
 * attempts.
 */
export async function notifyLedger(
  state: State,
  name: string,
  ledger: Ledger,
  fromMs: number,
  toMs: number,
  isOnlyDeleted = false,
): Promise<number> {
  const changes = changedBetween(ledger, fromMs, toMs).filter(({ deleted }) => deleted || !isOnlyDeleted);
  const told = changes
    .flatMap((change) => (ledger.random() < 0.2 ? [change, change] : [change]))
    .map((change) => ({ change, at: ledger.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ change }) => change);
  const { healthUserId } = personOf(state, name);
  for (const { record, deleted, isFirst } of told) {
    if (record.vendor === "whoop") {
      const url = storeOf(state, "whoop").dashboardUrl;
      const topic = `${record.kind === "workout" ? "workout" : "recovery"}.${deleted ? "deleted" : "updated"}`;
      if (url === undefined) continue;
      await sendHook(state, {
        vendor: "whoop",
        url,
        body: JSON.stringify({ user_id: Number(healthUserId) % 1_000_000_000, id: record.id, type: topic, trace_id: record.id }),
        topic,
        tamper: undefined,
        sign: (bytes, nowMs) => ({
          "x-whoop-signature-timestamp": String(nowMs),
          "x-whoop-signature": createHmac("sha256", state.settings.client.secret).update(`${nowMs}${bytes}`).digest("base64"),
        }),
      });
      continue;
    }
    const event = deleted ? "delete" : isFirst ? "create" : "update";
    const subscription = [...storeOf(state, "oura").subscriptions.values()].find(({ topic }) => topic === `workout.${event}`);
    if (subscription === undefined) continue;
    await sendHook(state, {
      vendor: "oura",
      url: subscription.url,
      body: JSON.stringify({
        event_type: event,
        data_type: "workout",
        object_id: record.id,
        event_time: new Date(state.clock.now()).toISOString(),
        user_id: `oura-${healthUserId}`,
      }),
      topic: subscription.topic,
      tamper: undefined,
      sign(bytes, nowMs) {
        const ts = String(Math.floor(nowMs / 1000));
        const signature = createHmac("sha256", state.settings.client.secret).update(`${ts}${bytes}`).digest("hex").toUpperCase();
        return { "x-oura-timestamp": ts, "x-oura-signature": signature };
      },
    });
  }
  return told.length;
}
