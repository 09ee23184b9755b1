import * as z from "zod";
import { MINUTE_MS } from "../../shared/clock";
import { parseId } from "../../shared/id";
import { REGIONS } from "../../shared/region";
import { handReport, roomPorts } from "../messaging";
import { deliverNotification, notificationPorts } from "../notifications";
import { socialContext } from "../social";
import { deliver } from "./deliver";
import { cleanWebhooks } from "./manage-endpoints";
import { sendNotice } from "./notify";
import { postAwards } from "../rewards";
import { type WebhookPorts, webhookPorts } from "./ports";
import { type DeliveryPointer, queueDeliveries, routeEvents } from "./route-events";

const idOf = <K extends "person" | "webhook" | "event" | "notificationSend" | "room">(kind: K) =>
  z.string().transform((text, context) => parseId(kind, text) ?? (context.addIssue("not an id of its kind"), z.NEVER));

/** What the queue carries: ids alone. */
export const pointerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("webhook-events"), person: idOf("person") }),
  z.strictObject({ kind: z.literal("award-posts"), person: idOf("person") }),
  z.strictObject({ kind: z.literal("notification"), person: idOf("person"), send: idOf("notificationSend") }),
  z.strictObject({ kind: z.literal("room-report"), room: idOf("room"), no: z.int() }),
  z.strictObject({ kind: z.literal("webhook-delivery"), webhook: idOf("webhook"), event: idOf("event"), person: idOf("person") }),
]);

const LONGEST_DELAY_S = 600;
/** Deliveries whose message got lost: a tick of one region takes up so many. */
const LOST_AT_ONCE = 1_000;
/** A message is taken for lost when its delivery has waited so long beyond its time. */
const LOST_AFTER_MS = 2 * MINUTE_MS;
const NOTICES_AT_ONCE = 100;

export const LOST_DELIVERIES = `select endpoint_id, event_id, person_id from webhook_deliveries
  where state = 'waiting' and due_at <= ?1 and lease_until <= ?2 and person_id is not null order by due_at limit ?3`;

/** Works off pointers: events are handed to whoever wants them, deliveries are tried. */
export async function consumeHooks(batch: MessageBatch, env: Env): Promise<void> {
  const ports = webhookPorts(env, Date.now);
  await Promise.all(
    batch.messages.map(async (message) => {
      const pointer = pointerSchema.safeParse(message.body);
      // A message that is no pointer will never become one.
      if (!pointer.success) return message.ack();
      try {
        await work(env, ports, pointer.data);
        message.ack();
      } catch {
        message.retry({ delaySeconds: Math.min(2 ** message.attempts, LONGEST_DELAY_S) });
      }
    }),
  );
}

async function work(env: Env, ports: WebhookPorts, pointer: z.output<typeof pointerSchema>): Promise<void> {
  switch (pointer.kind) {
    case "webhook-events":
      return await routeEvents(ports, pointer.person);
    case "webhook-delivery":
      return await deliver(ports, pointer);
    case "award-posts":
      return await postAwards(env, ports.now, pointer.person);
    case "room-report":
      return await handReport(roomPorts(env, ports.now), socialContext(env, ports.now), pointer.room, pointer.no);
    case "notification":
      return await deliverNotification(notificationPorts(env, ports.now), pointer.person, pointer.send);
  }
}

/** What ran out of attempts needs no burial: the vault announces its events again, and the clock finds deliveries that wait. */
export async function buryHooks(batch: MessageBatch): Promise<void> {
  batch.ackAll();
}

/** Takes up deliveries whose message got lost, and letters that are owed; returns how many. For the clock. */
export async function sweepWebhooks(ports: WebhookPorts): Promise<number> {
  const counts = await Promise.all(
    REGIONS.map(async (region) => {
      const { records } = ports.stores(region);
      const now = ports.now();
      const [lost, owed] = await records.batch<{ endpoint_id: string; event_id: string; person_id: string }>([
        records.prepare(LOST_DELIVERIES).bind(now - LOST_AFTER_MS, now, LOST_AT_ONCE),
        records
          .prepare("select id as endpoint_id from webhook_endpoints where notice_at <= ? order by notice_at limit ?")
          .bind(now, NOTICES_AT_ONCE),
      ]);
      const pointers = (lost?.results ?? []).flatMap((row): DeliveryPointer[] => {
        const found = pointerSchema.safeParse({
          kind: "webhook-delivery",
          webhook: row.endpoint_id,
          event: row.event_id,
          person: row.person_id,
        });
        return found.success && found.data.kind === "webhook-delivery" ? [found.data] : [];
      });
      await queueDeliveries(ports, pointers);
      for (const { endpoint_id } of owed?.results ?? []) await sendNotice(ports, endpoint_id);
      return pointers.length + (owed?.results.length ?? 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Deletes in all regions what is too old; returns how many rows. For the clock. */
export async function cleanAllWebhooks(ports: WebhookPorts): Promise<number> {
  const counts = await Promise.all(REGIONS.map(async (region) => await cleanWebhooks(ports.stores(region).records, ports.now())));
  return counts.reduce((sum, count) => sum + count, 0);
}
