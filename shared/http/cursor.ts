import { closeBox, openBox } from "../crypto/box";
import { currentKey, keyOf, type RegionalKeys } from "../crypto/keys";
import type { ClientId, PersonId } from "../id";
import { problem } from "../problem";

const PURPOSE = "cursor";
const MAX_LENGTH = 2_048;

/**
 * Seals where a list goes on. The cursor opens for the same reader and scope alone (`scope` names the list and the filters that must
 * not change between pages) and shows nothing of the value. `version.box`, fit for a URL.
 *
 * @param value anything JSON can hold; keep it small, it travels in URLs
 */
export async function sealCursor(keys: RegionalKeys, reader: PersonId | ClientId, scope: string, value: unknown): Promise<string> {
  const { version, key } = currentKey(keys.refresh);
  return `${version}.${await closeBox(key, PURPOSE, about(reader, scope), JSON.stringify(value))}`;
}

/**
 * The value of a cursor. Problem `invalid` where it is forged, altered, or belongs to another reader or list. Its type is the caller's
 * promise, kept by the seal: only `sealCursor` with the same scope can have made it.
 */
export async function openCursor<T>(keys: RegionalKeys, reader: PersonId | ClientId, scope: string, text: string): Promise<T> {
  const dot = text.indexOf(".");
  const version = text.slice(0, Math.max(0, dot));
  const key = text.length <= MAX_LENGTH ? keyOf(keys.refresh, version) : undefined;
  const opened = key === undefined ? undefined : await openBox(key, PURPOSE, about(reader, scope), text.slice(dot + 1));
  if (opened === undefined) {
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/cursor", code: "invalid_cursor", message: "This cursor does not belong to this list." }],
    });
  }
  return JSON.parse(opened) as T;
}

function about(reader: PersonId | ClientId, scope: string): string {
  return `${reader}\0${scope}`;
}
