import * as z from "zod";
import { closeBox, openBox } from "../../shared/crypto/box";
import { hmac } from "../../shared/crypto/hmac";
import { currentKey, keyOf } from "../../shared/crypto/keys";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { NOTIFICATION_TYPE_NAMES, type NotificationType } from "../../shared/notifications/types";
import { notFound } from "../../shared/problem";
import { isRegion, type Region } from "../../shared/region";
import type { NotificationPorts } from "./ports";

const PURPOSE = "unsubscribe";
const contentSchema = z.union([
  z.object({ person: z.string(), type: z.enum([...NOTIFICATION_TYPE_NAMES, "digest"]) }),
  z.object({ contact: z.string() }),
]);

/** Of which letters a link unsubscribes: those of a type, or all that are gathered. */
export interface Unsubscription {
  readonly person: PersonId;
  readonly type: NotificationType | "digest";
}

/** Whoever has the address wants no invitations. */
export interface ContactStop {
  readonly contact: string;
}

/** The link of an invitation by mail, for whoever may not be here. */
export async function stopUrl(ports: NotificationPorts, region: Region, contact: string): Promise<string> {
  return await linkOf(ports, region, { contact });
}

/** The link of a letter: sealed with the region's key, good for as long as that is in the ring, and for nothing else. */
export async function unsubscribeUrl(ports: NotificationPorts, { person, type }: Unsubscription): Promise<string> {
  return await linkOf(ports, regionOf(person), { person, type });
}

async function linkOf(ports: NotificationPorts, region: Region, content: Unsubscription | ContactStop): Promise<string> {
  const { version, key } = currentKey(ports.stores(region).keys.refresh);
  const text = JSON.stringify(content);
  // The nonce comes from what is sealed: a letter that is sent again is the same letter, which a mail service insists on under one id.
  const nonce = await hmac(key, "unsubscribe-nonce", `${region}|${text}`);
  const box = await closeBox(key, PURPOSE, region, text, (bytes) => {
    bytes.set(nonce.subarray(0, bytes.length));
    return bytes;
  });
  return `${ports.origin}/v1/unsubscribe/${region}.${version}.${box}`;
}

/** What a link says; problem `not_found` for one that is none of ours. */
export async function readUnsubscription(ports: NotificationPorts, token: string): Promise<Unsubscription | ContactStop> {
  const [region = "", version = "", box = "", extra] = token.split(".");
  if (!isRegion(region) || extra !== undefined) throw notFound("link");
  const key = keyOf(ports.stores(region).keys.refresh, version);
  const text = key === undefined ? undefined : await openBox(key, PURPOSE, region, box);
  if (text === undefined) throw notFound("link");
  const content = contentSchema.parse(JSON.parse(text));
  if ("contact" in content) return content;
  const { person, type } = content;
  const id = parseId("person", person);
  if (id === undefined) throw notFound("link");
  return { person: id, type };
}
