export { cleanPhones, deliverNotification } from "./deliver";
export { type CarrierStanding, carrierTroubles } from "./carriers";
export { dropGuestMessage, keepGuestMessage, sendGuestMessage, sweepGuestMessages } from "./guests";
export { notificationPorts, type NotificationPorts } from "./ports";

import type { PersonId } from "../../shared/id";
import type { News, Noted } from "../../shared/notifications/types";
import { vaultOf } from "../regional";

export type { News, Noted, NotificationType, Words } from "../../shared/notifications/types";

/** What a domain tells a person. */
export interface PersonalNews extends News {
  readonly person: PersonId;
}

/**
 * Tells a person something, once: the same type and key again change nothing, so a caller that may be cut off repeats it. Lies in the person's vault
 * and goes out by whatever channels they have chosen. Never health data in `words`; ids alone in `key`, `about`, `thread` and
 * `conversation`. Throws `unavailable` while the person is being moved to another region.
 */
export async function notify(env: Env, { person, ...news }: PersonalNews): Promise<Noted> {
  return await vaultOf(env, person).notify(news);
}

/** The person has seen what a thread is about (`room/…`), where it belongs: what they were told of it is read. */
export async function readThread(env: Env, person: PersonId, thread: string): Promise<void> {
  await vaultOf(env, person).readNotificationsOf(thread);
}
