import type { Fields } from "../r4/issue";
import type { PayloadContent } from "./read";
import { PROFILES } from "./read";
import type { Interaction } from "./topics";

export type NotificationType = "handshake" | "heartbeat" | "event-notification" | "query-status" | "query-event";

/** One event under its number, and what may be shown of it now: nothing of a resource that is out of reach. */
export interface ShownEvent {
  readonly number: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly interaction: Interaction;
  /** `Type/id`, where it may be seen. */
  readonly focus: string | undefined;
  /** As it is now; undefined for one that is gone. */
  readonly resource: Fields | undefined;
  /** Further resources that it is about. */
  readonly context: readonly { readonly reference: string; readonly resource: Fields | undefined }[];
}

/** What a notification says of its Subscription. */
export interface SubscriptionState {
  readonly id: string;
  /** Address that references are relative to. */
  readonly base: string;
  readonly topic: string | undefined;
  readonly status: string;
  readonly error?: string | undefined;
  /** Events since it began to work. */
  readonly events: number;
}

/** The SubscriptionStatus of R4: Parameters by the profile of the backport. */
export function statusOf(
  { id, base, topic, status, error, events }: SubscriptionState,
  type: NotificationType,
  shown: readonly ShownEvent[],
  content: PayloadContent,
): Fields {
  return {
    resourceType: "Parameters",
    meta: { profile: [`${PROFILES}backport-subscription-status-r4`] },
    parameter: [
      { name: "subscription", valueReference: { reference: `${base}/Subscription/${id}` } },
      ...(topic === undefined ? [] : [{ name: "topic", valueCanonical: topic }]),
      { name: "status", valueCode: status },
      { name: "type", valueCode: type },
      { name: "events-since-subscription-start", valueString: String(events) },
      ...shown.map(({ number, at, focus, context }) => ({
        name: "notification-event",
        part: [
          { name: "event-number", valueString: String(number) },
          { name: "timestamp", valueInstant: new Date(at).toISOString() },
          ...(content === "empty" || focus === undefined ? [] : [{ name: "focus", valueReference: { reference: `${base}/${focus}` } }]),
          ...(content === "empty"
            ? []
            : context.map(({ reference }) => ({ name: "additional-context", valueReference: { reference: `${base}/${reference}` } }))),
        ],
      })),
      ...(error === undefined ? [] : [{ name: "error", valueCodeableConcept: { text: error } }]),
    ],
  };
}

/** A notification: a Bundle of type history that begins with the status. */
export function notificationBundle(
  state: SubscriptionState,
  type: NotificationType,
  shown: readonly ShownEvent[],
  content: PayloadContent,
  now: number,
): Fields {
  const { base, id } = state;
  const status = statusOf(state, type, shown, content);
  const entries = content === "empty" ? [] : shown.flatMap((event) => entriesOf(event, base, content));
  // The same resource several times is told once, as it is now.
  const once = [...new Map(entries.map((entry) => [entry.fullUrl, entry])).values()];
  return {
    resourceType: "Bundle",
    meta: { profile: [`${PROFILES}backport-subscription-notification-r4`] },
    type: "history",
    timestamp: new Date(now).toISOString(),
    entry: [
      {
        fullUrl: `${base}/Subscription/${id}/$status`,
        resource: status,
        request: { method: "GET", url: `Subscription/${id}/$status` },
        response: { status: "200" },
      },
      ...once,
    ],
  };
}

function entriesOf({ focus, resource, interaction, context }: ShownEvent, base: string, content: PayloadContent) {
  const own = focus === undefined ? [] : [entryOf(focus, resource, interaction, base, content)];
  return [...own, ...context.map((one) => entryOf(one.reference, one.resource, interaction, base, content))];
}

function entryOf(reference: string, resource: Fields | undefined, interaction: Interaction, base: string, content: PayloadContent) {
  const isGone = interaction === "delete" || resource === undefined;
  const request = isGone
    ? { method: "DELETE", url: reference }
    : interaction === "create"
      ? { method: "POST", url: reference.split("/")[0] }
      : { method: "PUT", url: reference };
  return {
    fullUrl: `${base}/${reference}`,
    ...(content === "full-resource" && !isGone && { resource }),
    request,
    response: { status: isGone ? "204" : interaction === "create" ? "201" : "200" },
  };
}
