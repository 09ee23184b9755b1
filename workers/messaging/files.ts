import type { PersonActor } from "../../shared/context";
import { SECOND_MS } from "../../shared/clock";
import { closeBox, openBox } from "../../shared/crypto/box";
import { currentKey, keyOf } from "../../shared/crypto/keys";
import { sniff } from "../../shared/files/sniff";
import { BARE, stripPicture } from "../../shared/files/strip";
import { newId, parseId, type PersonId, regionOf, type RoomId } from "../../shared/id";
import { parseJson } from "../../shared/live/admission";
import { attachmentKey } from "../../shared/messaging/files";
import type { AttachmentView } from "../../shared/messaging/views";
import { notFound, problem } from "../../shared/problem";
import { isRegion } from "../../shared/region";
import type { RoomPorts } from "./ports";

/** Largest attachment, in bytes. */
export const LARGEST_ATTACHMENT = 16 * 1024 * 1024;
/** Seconds for which a link to a file is good. */
export const LINK_S = 300;
const PURPOSE = "attachment link";

export interface Upload {
  readonly bytes: ArrayBuffer;
  readonly name: string;
  readonly durationMs: number | undefined;
}

/**
 * Stores a file for a room of the caller's. What it is, its bytes tell; in a sealed room they tell nothing. Of pictures goes what they
 * tell beside themselves; where people stand under aliases JPEG, PNG, WebP, GIF and plain text alone are taken, and no file's name. Problems `not_found`, `unsupported_media_type`, `file_unreadable`, `invalid`, `rate_limited`.
 */
export async function uploadAttachment(ports: RoomPorts, actor: PersonActor, room: RoomId, upload: Upload): Promise<AttachmentView> {
  await ports.vault(actor.person).enterRooms(actor);
  const stub = ports.room(room);
  const { isSealed, isAliased } = await stub.beginUpload(actor.person);
  const bytes = new Uint8Array(upload.bytes);
  if (bytes.length === 0) throw problem("invalid", "The file is empty.");
  const found = isSealed ? { type: "application/octet-stream", kind: "sealed" as const, width: null, height: null } : sniff(bytes);
  if (found === undefined) throw problem("unsupported_media_type", "Pictures, sound, films, PDF and plain text can be sent.");
  if (isAliased && !BARE.has(found.type) && found.type !== "text/plain") {
    throw problem(
      "unsupported_media_type",
      "Here JPEG, PNG, WebP and GIF pictures and plain text can be sent: other files tell who made them and where.",
    );
  }
  const stored = stripPicture(found.type, bytes);
  if (stored === undefined)
    throw problem("file_unreadable", "The picture is not whole, or nothing can be taken out of it, such as a film of HEIC or AVIF.");
  const view: AttachmentView = {
    id: newId("attachment", regionOf(room), ports.now(), ports.random),
    ...found,
    size: stored.length,
    name: upload.name === "" || isSealed || isAliased ? null : upload.name,
    durationMs: found.kind === "audio" || found.kind === "video" ? (upload.durationMs ?? null) : null,
  };
  const key = attachmentKey(room, view.id);
  const files = ports.files(regionOf(room));
  await files.put(key, stored);
  try {
    return await stub.noteUpload(actor.person, view);
  } catch (error) {
    await files.delete(key);
    throw error;
  }
}

/** A link by which the caller, and for some minutes, gets a file of a room. Problem `not_found`. */
export async function linkAttachment(
  ports: RoomPorts,
  actor: PersonActor,
  room: RoomId,
  id: string,
): Promise<{ url: string; expiresIn: number }> {
  await ports.vault(actor.person).enterRooms(actor);
  await ports.room(room).attachment(actor.person, id);
  const region = regionOf(actor.person);
  const { version, key } = currentKey(ports.keys(region).refresh);
  const text = JSON.stringify([room, id, actor.person, actor.session, ports.now() + LINK_S * SECOND_MS]);
  const token = `${region}.${version}.${await closeBox(key, PURPOSE, region, text, ports.random)}`;
  return { url: `${ports.origin}/v1/attachments/${token}`, expiresIn: LINK_S };
}

/** What a link leads to, asked again of the vault and the room: whoever has left, and a message that was deleted, have no files. */
export async function openLink(ports: RoomPorts, token: string): Promise<{ view: AttachmentView; key: string; files: R2Bucket }> {
  const [region, version = "", box = "", extra] = token.split(".");
  const key = isRegion(region) && extra === undefined ? keyOf(ports.keys(region).refresh, version) : undefined;
  const opened = key === undefined || region === undefined ? undefined : await openBox(key, PURPOSE, region, box);
  const link = linkOf(opened === undefined ? undefined : parseJson(opened));
  if (link === undefined || link.until <= ports.now()) throw notFound("file");
  await ports.vault(link.actor.person).enterRooms(link.actor);
  const view = await ports.room(link.room).attachment(link.actor.person, link.id);
  return { view, key: attachmentKey(link.room, link.id), files: ports.files(regionOf(link.room)) };
}

interface Link {
  readonly room: RoomId;
  readonly id: string;
  readonly actor: PersonActor;
  readonly until: number;
}

function linkOf(value: unknown): Link | undefined {
  if (!Array.isArray(value)) return undefined;
  const [roomText, id, personText, sessionText, until] = value as unknown[];
  const room = parseId("room", String(roomText));
  const person: PersonId | undefined = parseId("person", String(personText));
  const session = parseId("session", String(sessionText));
  if (room === undefined || person === undefined || session === undefined || typeof id !== "string" || typeof until !== "number")
    return undefined;
  return { room, id, actor: { kind: "person", person, session }, until };
}
