/** Builds notifications for changed windows and hands them to delivery, one body per subscriber. */
import type { Person } from "../person.ts";
import { civilOf } from "../person/civil.ts";
import { civilDateTime, civilIso, instant } from "../person/wire.ts";
import type { JsonObject } from "../person/wire.ts";
import type { State } from "../server/state.ts";
import { deliver } from "./delivery.ts";
import type { Delivery, Tamper } from "./delivery.ts";
import { listeners } from "./subscriptions.ts";
import type { Subscriber } from "./subscribers.ts";

export interface Change {
  type: string;
  operation: "UPSERT" | "DELETE";
  fromMs: number;
  toMs: number;
}
export interface NotifyOptions {
  tamper?: Tamper;
  /** A bare object instead of an array, as the vendor sends for a lone notification. */
  single?: boolean;
}

function notification(person: Person, change: Change, subscriptionName: string): JsonObject {
  const start = civilOf(person.zone, change.fromMs);
  const end = civilOf(person.zone, change.toMs);
  return {
    data: {
      version: "1",
      clientProvidedSubscriptionName: subscriptionName,
      healthUserId: person.healthUserId,
      operation: change.operation,
      dataType: change.type,
      intervals: [
        {
          physicalTimeInterval: { startTime: instant(change.fromMs), endTime: instant(change.toMs) },
          civilDateTimeInterval: { startDateTime: civilDateTime(start), endDateTime: civilDateTime(end) },
          civilIso8601TimeInterval: { startTime: civilIso(start), endTime: civilIso(end) },
        },
      ],
    },
  };
}

/** Tells every subscriber that listens; resolves after the first attempt of each delivery. */
export async function notify(state: State, person: Person, changes: readonly Change[], options: NotifyOptions = {}): Promise<Delivery[]> {
  const bodies = new Map<Subscriber, { items: JsonObject[]; types: string[] }>();
  for (const change of changes) {
    for (const { subscriber, subscriptionName } of listeners(state, person, change.type)) {
      const body = bodies.get(subscriber) ?? { items: [], types: [] };
      body.items.push(notification(person, change, subscriptionName));
      body.types.push(change.type);
      bodies.set(subscriber, body);
    }
  }
  const sending: Promise<Delivery>[] = [];
  for (const [subscriber, { items, types }] of bodies) {
    const packets: { content: JsonObject | JsonObject[] | undefined; of: string[] }[] = options.single
      ? items.map((item, i) => ({ content: item, of: types.slice(i, i + 1) }))
      : [{ content: items, of: types }];
    for (const { content, of } of packets) sending.push(deliver(state, subscriber, JSON.stringify(content), of, options.tamper));
  }
  return Promise.all(sending);
}
