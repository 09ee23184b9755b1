import { closeBox, openBox } from "../../shared/crypto/box";
import { currentKey, keyOf, type RegionalKeys } from "../../shared/crypto/keys";
import { type RandomBytes, regionOf } from "../../shared/id";
import { type Admission, readAdmission, writeAdmission } from "../../shared/live/admission";
import { problem } from "../../shared/problem";
import { isRegion, type Region } from "../../shared/region";
import type { LivePorts } from "./ports";

/** Seconds for which a ticket is good. */
export const TICKET_S = 30;
const PURPOSE = "ticket";

export type TicketAdmission = Required<Pick<Admission, "actor" | "ticket">>;

/**
 * Closes an admission into a ticket: `region.version.box`. The box is encrypted and authenticated with the region's key, so a ticket
 * shows nothing, fits one person and session, and cannot be made or moved to another region.
 */
export async function sealTicket(keys: RegionalKeys, region: Region, admission: TicketAdmission, random: RandomBytes): Promise<string> {
  const { version, key } = currentKey(keys.refresh);
  return `${region}.${version}.${await closeBox(key, PURPOSE, region, writeAdmission(admission), random)}`;
}

/**
 * The admission in a ticket. Whether it was used before, the vault tells.
 *
 * @throws Problem `unauthenticated` for a forged, altered or expired ticket, all alike
 */
export async function openTicket(ports: Pick<LivePorts, "keys" | "now">, text: string): Promise<TicketAdmission> {
  const [region, version = "", box = "", extra] = text.split(".");
  const key = isRegion(region) && extra === undefined ? keyOf(ports.keys(region).refresh, version) : undefined;
  const opened = key === undefined || region === undefined ? undefined : await openBox(key, PURPOSE, region, box);
  const admission = opened === undefined ? undefined : readAdmission(opened);
  const ticket = admission?.ticket;
  if (admission === undefined || ticket === undefined || ticket.until <= ports.now() || regionOf(admission.actor.person) !== region) {
    throw problem("unauthenticated", "The ticket is not valid any more.");
  }
  return { actor: admission.actor, ticket };
}
