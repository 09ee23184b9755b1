import type { Denial } from "../../../shared/policy/decide";
import type { Action, Purpose, ResourceKind } from "../../../shared/policy/vocabulary";

export const OUTCOMES = ["allowed", "denied"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What was wrong with an attempt to sign in. */
export type RefusedSignIn = "wrong_password" | "wrong_code";

/** One line of the access log: who, what, why and with which outcome. Ids and names of classes, never values. */
export interface AccessEvent {
  /**
   * `client`: a machine client, on its organisation's behalf. `system`: Meridian itself, on the person's. `unknown`: somebody who did not
   * prove who they are.
   */
  readonly actorKind: "person" | "client" | "system" | "unknown";
  /** A person's or client's id, or the id or name of what worked for them: `imp_eu_…`, `con_eu_…`, `forwarding`; `unknown` for nobody known. */
  readonly actor: string;
  readonly action: Action;
  readonly resource: ResourceKind;
  /** Metric keys, categories or ids. */
  readonly about: readonly string[];
  readonly purpose: Purpose;
  readonly outcome: Outcome;
  readonly reason:
    | "self"
    | "consent"
    | "role"
    | "break_glass"
    | "review"
    | "system"
    | "session_ended"
    | "suspended"
    | RefusedSignIn
    | Denial;
  readonly session?: string | undefined;
  readonly requestId?: string | undefined;
  readonly onBehalfOf?: string | undefined;
  /** `id/version` of the consents that allowed it, and the id of the emergency access. */
  readonly consent?: string | undefined;
}

/** An event in its place. */
export interface LoggedEvent extends AccessEvent {
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The event as it is chained and stored. The order is part of the format: filters and older rows rely on it. */
export function bodyOf(event: AccessEvent): string {
  return JSON.stringify([
    event.actorKind,
    event.actor,
    event.action,
    event.resource,
    event.about,
    event.purpose,
    event.outcome,
    event.reason,
    event.session ?? null,
    event.requestId ?? null,
    event.onBehalfOf ?? null,
    event.consent ?? null,
  ]);
}

type Body = [
  AccessEvent["actorKind"],
  string,
  Action,
  ResourceKind,
  string[],
  Purpose,
  Outcome,
  AccessEvent["reason"],
  string | null,
  string | null,
  string | null,
  string | null,
];

/** Positions of what can be filtered, as SQLite's JSON paths. */
export const PATH = { actor: "$[1]", action: "$[2]", resource: "$[3]", about: "$[4]", outcome: "$[6]" } as const;

/** A stored row as an event. */
export function eventOf(seq: number, at: number, body: string): LoggedEvent {
  const [actorKind, actor, action, resource, about, purpose, outcome, reason, session, requestId, onBehalfOf, consent] = JSON.parse(
    body,
  ) as Body;
  return {
    seq,
    at,
    actorKind,
    actor,
    action,
    resource,
    about,
    purpose,
    outcome,
    reason,
    ...(session !== null && { session }),
    ...(requestId !== null && { requestId }),
    ...(onBehalfOf !== null && { onBehalfOf }),
    ...(consent !== null && { consent }),
  };
}
