import * as z from "zod";
import { type RegionalKeys } from "../../../shared/crypto/keys";
import { personKeyName } from "../../../shared/erasure/tombstones";
import { newPersonKey, openPersonKey, rewrapPersonKey, type SealingKey } from "../../../shared/crypto/sealing";
import type { PersonId, RandomBytes } from "../../../shared/id";

/** Another call may move the key at the same time; then it has moved. */
const REWRAP_TURNS = 10;
const storedSchema = z.object({ version: z.string(), wrapped: z.string() });

/**
 * The key that seals a person's secrets. Its wrapped form lies in the region's bucket and nowhere else: a deleted object of the bucket
 * is gone, whereas the vault's own storage can be turned back for 30 days.
 */
export class PersonKey {
  readonly #files: R2Bucket;
  readonly #ring: RegionalKeys;
  readonly #person: PersonId;
  readonly #random: RandomBytes;
  #key: Promise<SealingKey> | undefined;

  constructor(files: R2Bucket, ring: RegionalKeys, person: PersonId, random: RandomBytes) {
    this.#files = files;
    this.#ring = ring;
    this.#person = person;
    this.#random = random;
  }

  /** The key, made on first use. Throws `SealBroken` where the stored one does not open. */
  async open(): Promise<SealingKey> {
    this.#key ??= this.#load();
    try {
      return await this.#key;
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
  }

  /**
   * Puts the stored key under the region's current wrapping key; what it has sealed stays as it is. Returns the version it is under then,
   * which for somebody without a key is the one that theirs will be under. Throws `SealBroken` where the stored key's version is not in
   * the ring, as in an object that still runs with an older ring.
   */
  async rewrap(): Promise<string> {
    for (let turn = 0; turn < REWRAP_TURNS; turn++) {
      const object = await this.#files.get(this.#name);
      if (object === null) return this.#ring.wrapping.current;
      const stored = storedSchema.parse(await object.json());
      const moved = await rewrapPersonKey(this.#ring, this.#person, stored, this.#random);
      if (moved === undefined) return stored.version;
      // Only over what was read: a key that was erased meanwhile does not come back.
      if ((await this.#files.put(this.#name, JSON.stringify(moved), { onlyIf: { etagMatches: object.etag } })) !== null)
        return moved.version;
    }
    throw new TypeError("the person's key changes while it is moved");
  }

  get #name(): string {
    return personKeyName(this.#person);
  }

  async #load(): Promise<SealingKey> {
    const name = this.#name;
    const fresh = await newPersonKey(this.#ring, this.#person, this.#random);
    // Of two first uses one writes; both then read the same object.
    await this.#files.put(name, JSON.stringify(fresh), { onlyIf: { etagDoesNotMatch: "*" } });
    const object = await this.#files.get(name);
    if (object === null) throw new TypeError("the person's key is not in the bucket");
    return await openPersonKey(this.#ring, this.#person, storedSchema.parse(await object.json()));
  }
}
