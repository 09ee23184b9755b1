import * as z from "zod";
import { closeBox, openBox } from "../../shared/crypto/box";
import { currentKey, keyOf } from "../../shared/crypto/keys";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { NOTIFICATION_TYPE_NAMES, type NotificationType } from "../../shared/notifications/types";
import { notFound } from "../../shared/problem";
import { isRegion } from "../../shared/region";
import type { NotificationPorts } from "./ports";

const PURPOSE = "unsubscribe";
const contentSchema = z.object({ person: z.string(), type: z.enum([...NOTIFICATION_TYPE_NAMES, "digest"]) });

/** Of which letters a link unsubscribes: those of a type, or all that are gathered. */
export interface Unsubscription {
  readonly person: PersonId;
  readonly type: NotificationType | "digest";
}

/** The link of a letter: sealed with the region's key, good for as long as that is in the ring, and for nothing else. */
export async function unsubscribeUrl(ports: NotificationPorts, { person, type }: Unsubscription): Promise<string> {
  const region = regionOf(person);
  const { version, key } = currentKey(ports.stores(region).keys.refresh);
  const box = await closeBox(key, PURPOSE, region, JSON.stringify({ person, type }), ports.random);
  return `${ports.origin}/v1/unsubscribe/${region}.${version}.${box}`;
}

/** What a link says; problem `not_found` for one that is none of ours. */
export async function readUnsubscription(ports: NotificationPorts, token: string): Promise<Unsubscription> {
  const [region = "", version = "", box = "", extra] = token.split(".");
  if (!isRegion(region) || extra !== undefined) throw notFound("link");
  const key = keyOf(ports.stores(region).keys.refresh, version);
  const text = key === undefined ? undefined : await openBox(key, PURPOSE, region, box);
  if (text === undefined) throw notFound("link");
  const { person, type } = contentSchema.parse(JSON.parse(text));
  const id = parseId("person", person);
  if (id === undefined) throw notFound("link");
  return { person: id, type };
}
