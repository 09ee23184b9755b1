import { closeBox, openBox } from "../crypto/box";
import { hmac } from "../crypto/hmac";
import { toBase64Url } from "../crypto/base64url";
import { currentKey, keyOf, type RegionalKeys } from "../crypto/keys";
import { parseId, type PersonId } from "../id";

/**
 * Marks of erased persons in the region's bucket, which keeps no history that could be turned back. The name is a keyed hash of the
 * opaque id; the id itself lies in the object's metadata, sealed with the region's key, so that a sweep can look for what came back.
 * A bucket lock on the prefix keeps marks from being removed. Marks are looked for under every key version of the ring: an old version
 * stays in it as long as copies from its time can be restored.
 */
export const TOMBSTONES = "tombstones/";
const PURPOSE = "tombstone";

/** Where the wrapped key of a person lies. */
export function personKeyName(person: string): string {
  return `person-keys/${person}`;
}

/** Marks a person as erased. Idempotent. */
export async function putTombstone(files: R2Bucket, ring: RegionalKeys, person: PersonId): Promise<void> {
  const { version, key } = currentKey(ring.wrapping);
  const name = await nameOf(currentKey(ring.index).key, person);
  const sealed = `${version}.${await closeBox(key, PURPOSE, name, person)}`;
  // A lock refuses to replace what is there; it says the same.
  await files.put(name, null, { onlyIf: { etagDoesNotMatch: "*" }, customMetadata: { person: sealed } });
}

/** Whether a person has been erased in this region, or is being erased. */
export async function hasTombstone(files: R2Bucket, ring: RegionalKeys, person: string): Promise<boolean> {
  const names = await Promise.all(Object.values(ring.index.keys).map(async (key) => await nameOf(key, person)));
  const found = await Promise.all(names.map(async (name) => await files.head(name)));
  return found.some((object) => object !== null);
}

/** Digits a name may begin with: parts in which the marks can be gone through. */
export const SHARDS: readonly string[] = Array.from({ length: 16 }, (_, digit) => digit.toString(16));

/** The erased persons of one shard, a page at a time. */
export async function* erasedPersons(files: R2Bucket, ring: RegionalKeys, shard: string): AsyncGenerator<PersonId[]> {
  let cursor: string | undefined;
  do {
    const page: R2Objects = await files.list({
      prefix: `${TOMBSTONES}${shard}`,
      include: ["customMetadata"],
      ...(cursor !== undefined && { cursor }),
    });
    const persons = await Promise.all(
      page.objects.map(async ({ key, customMetadata }) => await opened(ring, key, customMetadata?.["person"])),
    );
    yield persons.filter((person) => person !== undefined);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
}

async function opened(ring: RegionalKeys, name: string, sealed = ""): Promise<PersonId | undefined> {
  const dot = sealed.indexOf(".");
  const key = keyOf(ring.wrapping, sealed.slice(0, Math.max(0, dot)));
  const text = key === undefined ? undefined : await openBox(key, PURPOSE, name, sealed.slice(dot + 1));
  return text === undefined ? undefined : parseId("person", text);
}

async function nameOf(key: string, person: string): Promise<string> {
  const mac = await hmac(key, PURPOSE, person);
  return `${TOMBSTONES}${((mac[0] ?? 0) & 15).toString(16)}/${toBase64Url(mac)}`;
}
