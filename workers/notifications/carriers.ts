import type { GateStanding } from "../../durable-objects/gate/rows";
import { SECOND_MS } from "../../shared/clock";
import { type Carrier, carrierGate, CARRIERS, PUSH_SERVICES } from "../../shared/notifications/breakers";
import { notificationCredentials, type NotificationEnv } from "../../shared/notifications/credentials";
import { REGIONS, type Region } from "../../shared/region";
import { withinLetGo } from "../../shared/within";
import { gateOf } from "../regional";

/** How one who brings messages stands in a region. `service`: the push service of browsers; null of others, and of services that are not known by name. */
export interface CarrierStanding {
  readonly carrier: Carrier;
  readonly service: string | null;
  readonly region: Region;
  readonly breaker: "closed" | "open" | "half_open";
  /** Failures in a row. */
  readonly failures: number;
  /** Until when nobody else calls, epoch milliseconds; 0 where anybody may. */
  readonly until: number;
}

/** As for vendors: an isolate looks at most so often, and waits no longer than that. */
const KNOWN_FOR_MS = 10 * SECOND_MS;
const PATIENCE_MS = 2 * SECOND_MS;
let known: { readonly until: number; readonly troubles: Promise<readonly CarrierStanding[]> } | undefined;

/** The breakers that are not closed. A gate that does not answer says nothing. */
export async function carrierTroubles(env: Env & NotificationEnv, now: number): Promise<readonly CarrierStanding[]> {
  if (known === undefined || known.until <= now || known.until > now + KNOWN_FOR_MS)
    known = { until: now + KNOWN_FOR_MS, troubles: lookAtAll(env, now) };
  return await known.troubles;
}

async function lookAtAll(env: Env & NotificationEnv, now: number): Promise<readonly CarrierStanding[]> {
  const all = await standings(env, async (ask) => await withinLetGo(PATIENCE_MS, ask).catch(() => undefined));
  return all.filter(({ breaker, until }) => breaker === "half_open" || (breaker === "open" && until > now));
}

/** How all stand, for operators: one line for each carrier and region, and one for each push service that was ever in trouble lately. */
export async function carrierStandings(env: Env & NotificationEnv): Promise<readonly CarrierStanding[]> {
  return await standings(env, async (ask) => await ask());
}

async function standings(
  env: Env & NotificationEnv,
  within: (ask: () => Promise<GateStanding>) => Promise<GateStanding | undefined>,
): Promise<CarrierStanding[]> {
  const { vapid, fcm, apns, sms } = notificationCredentials(env);
  // Letters always go somewhere.
  const offered = { web_push: vapid, fcm, apns, sms, mail: true };
  const found = await Promise.all(
    CARRIERS.filter((carrier) => offered[carrier] !== undefined).flatMap((carrier) =>
      REGIONS.map(async (region) => {
        const standing = await within(async () => await gateOf(env, region, carrierGate(carrier)).standing());
        return standing === undefined ? [] : standingOf(carrier, region, standing);
      }),
    ),
  );
  return found.flat();
}

/** What of a gate's counts is shown. Push services of people's own are counted as one, the worst of them. */
export function standingOf(carrier: Carrier, region: Region, { breakers }: GateStanding): CarrierStanding[] {
  const rank = { closed: 0, half_open: 1, open: 2 };
  const lines = new Map<string | null, CarrierStanding>();
  for (const { name, state: breaker, failures, until } of breakers) {
    const service = PUSH_SERVICES.find((one) => one === name) ?? null;
    const line = { carrier, service, region, breaker, failures, until };
    const before = lines.get(service);
    if (before === undefined || rank[before.breaker] < rank[breaker]) lines.set(service, line);
  }
  if (lines.size === 0) return [{ carrier, service: null, region, breaker: "closed", failures: 0, until: 0 }];
  return [...lines.values()];
}
