import { closeBox, openBox } from "../crypto/box";
import { hmac } from "../crypto/hmac";
import { toBase64Url } from "../crypto/base64url";
import { currentKey, keyOf, type RegionalKeys } from "../crypto/keys";
import { parseId, type PersonId } from "../id";

/**
 * Marks of erased persons in the region's bucket, which keeps no history that could be turned back. The name is a keyed hash of the
 * opaque id; the id itself lies in the object's metadata, sealed under the same version of the region's index key, so that a sweep can
 * look for what came back. A bucket lock on the prefix keeps marks from being removed or replaced: when the key is rotated, a second mark is
 * put beside the first. Marks are looked for under every version of the ring.
 */
export const TOMBSTONES = "tombstones/";
const PURPOSE = "tombstone";

/** Where the wrapped key of a person lies. */
export function personKeyName(person: string): string {
  return `person-keys/${person}`;
}

/** Marks a person as erased, under the current key. Idempotent; true where the mark was not there yet. */
export async function putTombstone(files: R2Bucket, { index }: Pick<RegionalKeys, "index">, person: PersonId): Promise<boolean> {
  const { version, key } = currentKey(index);
  const name = await nameOf(key, person);
  const sealed = `${version}.${await closeBox(key, PURPOSE, name, person)}`;
  // A lock refuses to replace what is there; it says the same.
  return (await files.put(name, null, { onlyIf: { etagDoesNotMatch: "*" }, customMetadata: { person: sealed } })) !== null;
}

/** Whether a person has been erased in this region, or is being erased. */
export async function hasTombstone(files: R2Bucket, ring: Pick<RegionalKeys, "index">, person: string): Promise<boolean> {
  const names = await Promise.all(Object.values(ring.index.keys).map(async (key) => await nameOf(key, person)));
  const found = await Promise.all(names.map(async (name) => await files.head(name)));
  return found.some((object) => object !== null);
}

/** Digits a name may begin with: parts in which the marks can be gone through. */
export const SHARDS: readonly string[] = Array.from({ length: 16 }, (_, digit) => digit.toString(16));

/** The erased persons of one shard, a page at a time. Somebody with marks under two keys is in it twice. */
export async function* erasedPersons(
  files: R2Bucket,
  ring: Pick<RegionalKeys, "index">,
  shard: string,
): AsyncGenerator<readonly PersonId[]> {
  let after = "";
  for (;;) {
    const page = await tombstonesOf(files, ring, shard, after, PAGE);
    yield page.marks.flatMap(({ person }) => person ?? []);
    if (page.last === undefined) return;
    after = page.last;
  }
}

/** Marks as many as R2 lists at once. */
const PAGE = 1_000;

/** A mark, and the key version it was made under; without a person where that key is gone. */
export interface Tombstone {
  readonly version: string;
  readonly person: PersonId | undefined;
}

/** Marks of one shard behind a name, and the last name where there may be more. */
export async function tombstonesOf(
  files: R2Bucket,
  ring: Pick<RegionalKeys, "index">,
  shard: string,
  after: string,
  limit: number,
): Promise<{ readonly marks: readonly Tombstone[]; readonly last: string | undefined }> {
  const page = await files.list({
    prefix: `${TOMBSTONES}${shard}`,
    include: ["customMetadata"],
    limit,
    ...(after !== "" && { startAfter: after }),
  });
  const marks = await Promise.all(page.objects.map(async ({ key, customMetadata }) => await opened(ring, key, customMetadata?.["person"])));
  return { marks, last: page.truncated ? page.objects.at(-1)?.key : undefined };
}

async function opened(ring: Pick<RegionalKeys, "index">, name: string, sealed = ""): Promise<Tombstone> {
  const version = sealed.slice(0, Math.max(0, sealed.indexOf(".")));
  const key = keyOf(ring.index, version);
  const text = key === undefined ? undefined : await openBox(key, PURPOSE, name, sealed.slice(version.length + 1));
  return { version, person: text === undefined ? undefined : parseId("person", text) };
}

async function nameOf(key: string, person: string): Promise<string> {
  const mac = await hmac(key, PURPOSE, person);
  return `${TOMBSTONES}${((mac[0] ?? 0) & 15).toString(16)}/${toBase64Url(mac)}`;
}
