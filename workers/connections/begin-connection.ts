import type { PersonActor } from "../../shared/context";
import { MINUTE_MS } from "../../shared/clock";
import { isAllowedReturn } from "../../shared/http/return-address";
import { parseId, regionOf } from "../../shared/id";
import { notFound, type Problem, problem } from "../../shared/problem";
import type { OwnAccount } from "../../shared/vendors/own-account";
import { liveVendor } from "../../shared/vendors/vendors";
import type { ConnectPorts } from "./ports";
import type { Authorization } from "./schemas";
import { accountFor } from "./own-accounts";
import { accountIsFull } from "./register-connection";
import { keepState, newState } from "./states";

/** The vault forgets its half after the same time. */
const STATE_MS = 10 * MINUTE_MS;

export interface BeginConnection {
  readonly actor: PersonActor;
  readonly vendor: string;
  readonly areas?: readonly string[] | undefined;
  readonly returnTo?: string | undefined;
  /** The organisation on whose behalf, through its account at the vendor; Meridian's own where left out. */
  readonly organisation?: string | undefined;
}

/**
 * Starts connecting a vendor: makes a one-use state bound to person and vendor, lets the vault make the challenge, and returns the URL
 * where the person agrees. Problems: `vendor_retired`, `not_found`, `invalid`, `conflict` for an account that has all people it may have, `unavailable` where this
 * deployment has no account at the vendor, `own_credentials_required` where the organisation has none or the vendor wants one of its own.
 */
export async function beginConnection(ports: ConnectPorts, input: BeginConnection): Promise<Authorization> {
  const { vendor } = liveVendor(input.vendor);
  const own = await ownAccount(ports, input, vendor.id);
  if (own === undefined && vendor.policy.byoRequired) {
    throw problem("own_credentials_required", "Name an organisation that has registered an account of its own at this vendor.");
  }
  if (own === undefined && !ports.isOffered(vendor.id)) throw problem("unavailable", "This vendor is not set up here.");
  const { mostPeople } = vendor.policy;
  if (await accountIsFull(ports.directory, own?.credential, input.actor.person, mostPeople)) throw fullAccount(mostPeople);
  const { returnTo } = input;
  if (returnTo !== undefined && !isAllowedReturn(ports.returns, returnTo)) {
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/returnTo", code: "origin_not_allowed", message: "It is not among the allowed addresses." }],
    });
  }
  const { person } = input.actor;
  const region = regionOf(person);
  const state = await newState(region, ports.random);
  const begun = await ports.vault(person).beginConnection(input.actor, {
    vendor: vendor.id,
    state: state.text,
    stateHash: state.hash,
    redirectUri: redirectUri(ports, vendor.id),
    areas: input.areas,
    returnTo,
    own,
  });
  const now = ports.now();
  await keepState(ports.records(region), state.hash, person, vendor.id, own?.credential, now + STATE_MS, now);
  return { authorizeUrl: begun.url, connection: begun.connection, expiresAt: new Date(now + STATE_MS).toISOString() };
}

/** The account of the named organisation. Problem `not_found` for whoever has nothing to do with it. */
async function ownAccount(ports: ConnectPorts, input: BeginConnection, vendor: string): Promise<OwnAccount | undefined> {
  if (input.organisation === undefined) return undefined;
  const organisation = parseId("organisation", input.organisation);
  if (organisation === undefined) throw notFound("organisation");
  const found = await accountFor(ports.stores, organisation, input.actor.person, vendor);
  if (found === "stranger") throw notFound("organisation");
  if (found === "none") throw problem("own_credentials_required", "The organisation has registered no account at this vendor.");
  return found;
}

/** The vendor lets an account of an app have so many people, and it has them. */
export function fullAccount(most: number | undefined): Problem {
  return problem("conflict", `The vendor lets the organisation's account have ${most} people, and it has as many.`);
}

/** Where the vendor sends the browser back to. */
export function redirectUri(ports: Pick<ConnectPorts, "origin">, vendor: string): string {
  return new URL(`/v1/integrations/${vendor}/callback`, ports.origin).href;
}
