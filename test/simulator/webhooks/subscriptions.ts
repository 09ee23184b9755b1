/** Per-user subscriptions of a subscriber with a MANUAL policy, and the choice of who hears about a change. */
import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { Person } from "../person.ts";
import type { JsonObject } from "../person/wire.ts";
import { typeInfo } from "../points/catalogue.ts";
import { ApiError, invalidArgument, jsonBody, notFound } from "../server/http.ts";
import type { Call, Reply } from "../server/http.ts";
import { findPerson } from "../server/state.ts";
import type { State } from "../server/state.ts";
import type { Subscriber } from "./subscribers.ts";

const payload = z.object({ user: z.string().regex(/^users\/[A-Za-z0-9-]{1,63}$/), dataTypes: z.array(z.string()).default([]) });

type Subscription = Subscriber["subscriptions"] extends Map<string, infer S> ? S : never;

function wire(subscriber: Subscriber, subscription: Subscription): JsonObject {
  return {
    name: `${subscriber.name}/subscriptions/${subscription.id}`,
    user: `users/${subscription.healthUserId}`,
    dataTypes: subscription.dataTypes,
  };
}

function policyTypes(subscriber: Subscriber, policy: "AUTOMATIC" | "MANUAL"): string[] {
  return subscriber.configs.filter((config) => config.subscriptionCreatePolicy === policy).flatMap((config) => config.dataTypes);
}

/** `…/subscriptions[/{id}]`: create, list, patch, delete. */
export function routeSubscriptions(state: State, subscriber: Subscriber, id: string | undefined, call: Call): Reply {
  if (!id) {
    if (call.method === "GET")
      return { status: 200, body: { subscriptions: [...subscriber.subscriptions.values()].map((one) => wire(subscriber, one)) } };
    const input = payload.safeParse(jsonBody(call));
    if (!input.success) throw invalidArgument("Invalid subscription.");
    const allowed = policyTypes(subscriber, "MANUAL");
    const refused = input.data.dataTypes.find((type) => !allowed.includes(type));
    if (refused || !allowed.length)
      throw new ApiError(400, "FAILED_PRECONDITION", `Subscriber has no MANUAL policy for ${refused ?? "any data type"}.`);
    const healthUserId = input.data.user.slice("users/".length);
    if (!findPerson(state, healthUserId)) throw notFound(`User ${input.data.user} not found.`);
    const chosen = call.query.get("subscriptionId") ?? randomUUID();
    if (subscriber.subscriptions.has(chosen)) throw new ApiError(409, "ALREADY_EXISTS", "Subscription already exists.");
    const made = { id: chosen, healthUserId, dataTypes: input.data.dataTypes.length ? input.data.dataTypes : allowed, automatic: false };
    subscriber.subscriptions.set(chosen, made);
    return { status: 200, body: wire(subscriber, made) };
  }
  const subscription = subscriber.subscriptions.get(id);
  if (!subscription) throw notFound("Subscription not found.");
  if (call.method === "DELETE") {
    subscriber.subscriptions.delete(id);
    return { status: 200, body: {} };
  }
  if (call.method !== "PATCH") throw new ApiError(405, "UNIMPLEMENTED", "Method not allowed.");
  const input = z.object({ dataTypes: z.array(z.string()).min(1) }).safeParse(jsonBody(call));
  if (!input.success) throw invalidArgument("Invalid subscription.");
  subscription.dataTypes = input.data.dataTypes;
  return { status: 200, body: wire(subscriber, subscription) };
}

function consented(state: State, person: Person, type: string): boolean {
  const area = typeInfo(type)?.area;
  const scope = `https://www.googleapis.com/auth/googlehealth.${area}.readonly`;
  return [...state.grants.values()].some((grant) => grant.person === person.name && grant.scopes.has(scope));
}

/**
 * Which active subscribers hear about a type of a person, and under which subscription name. AUTOMATIC needs the
 * person's consent; its subscription is made here, with an opaque name.
 */
export function listeners(state: State, person: Person, type: string): { subscriber: Subscriber; subscriptionName: string }[] {
  const found: { subscriber: Subscriber; subscriptionName: string }[] = [];
  if (!consented(state, person, type)) return found;
  for (const subscriber of state.subscribers.values()) {
    if (subscriber.state !== "ACTIVE") continue;
    const mine = [...subscriber.subscriptions.values()].filter((one) => one.healthUserId === person.healthUserId);
    const manual = mine.find((one) => !one.automatic && one.dataTypes.includes(type) && policyTypes(subscriber, "MANUAL").includes(type));
    if (manual) {
      found.push({ subscriber, subscriptionName: manual.id });
      continue;
    }
    const automaticTypes = policyTypes(subscriber, "AUTOMATIC");
    if (!automaticTypes.includes(type)) continue;
    let automatic = mine.find((one) => one.automatic);
    if (!automatic) {
      automatic = { id: randomUUID(), healthUserId: person.healthUserId, dataTypes: automaticTypes, automatic: true };
      subscriber.subscriptions.set(automatic.id, automatic);
    }
    found.push({ subscriber, subscriptionName: automatic.id });
  }
  return found;
}
