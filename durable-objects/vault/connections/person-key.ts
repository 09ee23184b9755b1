import { z } from "zod";
import { type RegionalKeys } from "../../../shared/crypto/keys";
import { personKeyName } from "../../../shared/erasure/tombstones";
import { newPersonKey, openPersonKey, type SealingKey } from "../../../shared/crypto/sealing";
import type { PersonId, RandomBytes } from "../../../shared/id";

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

  async #load(): Promise<SealingKey> {
    const name = personKeyName(this.#person);
    const fresh = await newPersonKey(this.#ring, this.#person, this.#random);
    // Of two first uses one writes; both then read the same object.
    await this.#files.put(name, JSON.stringify(fresh), { onlyIf: { etagDoesNotMatch: "*" } });
    const object = await this.#files.get(name);
    if (object === null) throw new TypeError("the person's key is not in the bucket");
    return await openPersonKey(this.#ring, this.#person, storedSchema.parse(await object.json()));
  }
}
