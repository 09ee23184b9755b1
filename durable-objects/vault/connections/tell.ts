import { metric as metricOf } from "../../../shared/health/catalogue";
import type { Category } from "../../../shared/policy/vocabulary";
import { type EventType, sortedCategories } from "../../../shared/webhooks/events";
import { liveVendor } from "../../../shared/vendors/vendors";
import type { NotificationType } from "../../../shared/notifications/types";
import type { VaultState } from "../state";
import type { Connection, StateListener } from "./connection-rows";
import { metricsOf, openResources } from "./plan";

/** Tells subscribers of what happens to a connection. */
export function tellConnection(
  state: VaultState,
  type: EventType,
  connection: Connection,
  facts: Readonly<Record<string, string | number | null>> = {},
): void {
  const { vendor, id } = connection;
  state.emit({ type, about: id, categories: categoriesOf(connection), facts: { vendor, ...facts } });
}

/** Tells subscribers when connections come into another state. */
export function stateTeller(state: VaultState): StateListener {
  return (connection, from, reason) => {
    const to = connection.state;
    // One that was never complete is nobody's business.
    if (from === "pending" && to !== "active") return;
    notifyConnection(state, connection);
    const change = to === "reauth_required" || to === "revoked" ? to : from === "pending" ? "created" : "state_changed";
    tellConnection(state, `connection.${change}`, connection, { from, to, reason: reason ?? null });
  };
}

/** What the person is told of a state that a connection comes into. What passes by itself within hours is none of it. */
const TOLD: Readonly<Partial<Record<Connection["state"], NotificationType>>> = {
  reauth_required: "sync_failure",
  stale: "sync_trouble",
  error: "sync_trouble",
};

/** Tells the person of a connection that fails, and lets that be read once it works again. */
function notifyConnection(state: VaultState, { id, vendor: name, state: to }: Connection): void {
  const thread = `connection/${id}`;
  const type = TOLD[to];
  if (type !== undefined) {
    const { title } = liveVendor(name).vendor;
    const key = `${id}/${Math.floor(state.now())}`;
    state.notify({ type, key, about: { connection: id, vendor: name }, words: { what: title }, thread });
  } else if (to === "active" || to === "revoked") state.readNotifications(thread);
}

/** The classes of data that a connection brings. */
function categoriesOf({ vendor: name, areas }: Connection): Category[] {
  const { vendor } = liveVendor(name);
  const metrics = openResources(vendor, areas).flatMap((resource) => {
    const spec = vendor.resources[resource];
    return spec === undefined ? [] : metricsOf(spec);
  });
  return sortedCategories(metrics.map((key) => SESSIONS[key] ?? metricOf(key)?.sensitivity).filter((category) => category !== undefined));
}

const SESSIONS: Readonly<Record<string, Category>> = { sleep: "sleep", workout: "activity" };
