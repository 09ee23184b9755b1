import { createHash } from "node:crypto";
import { HOUR_MS } from "../../../shared/clock";
import { ulid } from "../../../shared/id";
import { labFileKey } from "../../../shared/labs/files";
import type { LabFile } from "../../../shared/labs/result";
import { isPdf, LARGEST_PDF } from "../../../shared/labs/files";
import { problem } from "../../../shared/problem";
import { storesOf } from "../../doors";
import { SealBroken, type SealedPlace } from "../../../shared/crypto/sealing";
import type { Sealer } from "../sealer";
import type { VaultState } from "../state";

/** The timer that deletes a file which nothing names. */
export const FILE_TIMER = "lab-file";

/**
 * Files of reports and of Binary resources, in the region's bucket below the person's own folder, sealed with the person's key for their name alone. A file that no report names is deleted: an upload that was cut
 * off after an hour, the file of a deleted report at once.
 */
export class LabFiles {
  readonly #state: VaultState;
  readonly #sealer: Sealer;

  constructor(state: VaultState, sealer: Sealer) {
    this.#state = state;
    this.#sealer = sealer;
    state.timers.on(FILE_TIMER, async (name) => await this.#deleteUnlessNamed(name));
  }

  /**
   * What a file holds; problem `gone` where it is not in the bucket. A file from before files were sealed is taken for what it is where it has
   * the SHA-256 that its report names; throws `SealBroken` for any other, and for one that was sealed for another place.
   */
  async open(name: string, { sha256 }: Pick<LabFile, "sha256">): Promise<Uint8Array<ArrayBuffer>> {
    const object = await this.#files.get(this.#keyOf(name));
    if (object === null) throw problem("gone", "The file of this report is not there any more.");
    const stored = new Uint8Array(await object.arrayBuffer());
    const opened = await this.#sealer.unsealBytes(this.#placeOf(name), stored);
    if (opened === undefined && hashOf(stored) !== sha256) throw new SealBroken("not the file of this report");
    return opened ?? stored;
  }

  /** Stores a file of a report under the name that it has already, for a person who arrives from another region. */
  async take(name: string, bytes: Uint8Array): Promise<void> {
    await this.#write(name, bytes);
  }

  /** Whether a file is in the bucket. */
  async has(name: string): Promise<boolean> {
    return (await this.#files.head(this.#keyOf(name))) !== null;
  }

  /** Stores a file that no report names yet: `keep` says when one does. Problems `invalid` for what is no PDF, `too_large`. */
  async put(bytes: Uint8Array, name: string): Promise<{ readonly key: string; readonly file: LabFile }> {
    if (bytes.length > LARGEST_PDF) throw problem("too_large", `A report may have at most ${LARGEST_PDF} bytes.`);
    if (!isPdf(bytes)) throw problem("file_unreadable", "The file is no PDF document.");
    const { key, size, sha256 } = await this.store(bytes);
    return { key, file: { name, type: "application/pdf", size, sha256 } };
  }

  /** Stores a file of any kind that nothing names yet. */
  async store(bytes: Uint8Array): Promise<{ readonly key: string; readonly size: number; readonly sha256: string }> {
    const key = ulid(this.#state.now(), this.#state.random);
    this.#state.timers.set(FILE_TIMER, key, this.#state.now() + HOUR_MS);
    await this.#write(key, bytes);
    return { key, size: bytes.length, sha256: hashOf(bytes) };
  }

  /** Part of the transaction in which a report begins to name a file. */
  keep(name: string): void {
    this.#state.timers.clear(FILE_TIMER, name);
  }

  /** Part of the transaction in which a report that named a file goes. */
  drop(name: string): void {
    this.#state.timers.set(FILE_TIMER, name, this.#state.now());
  }

  async #deleteUnlessNamed(name: string): Promise<undefined> {
    const named = "SELECT 1 FROM lab_reports WHERE file = ?1 UNION ALL SELECT 1 FROM fhir_files WHERE file = ?1";
    const isNamed = this.#state.sql.exec(named, name).toArray().length > 0;
    if (!isNamed) await this.#files.delete(this.#keyOf(name));
    return undefined;
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const sealed = await this.#sealer.sealBytes(this.#placeOf(name), bytes);
    await this.#files.put(this.#keyOf(name), sealed, { httpMetadata: { contentType: "application/octet-stream" } });
  }

  #keyOf(name: string): string {
    return labFileKey(this.#state.person, name);
  }

  #placeOf(name: string): SealedPlace {
    return { table: "lab_reports", column: "file", row: this.#keyOf(name) };
  }

  get #files(): R2Bucket {
    return storesOf(this.#state.env, this.#state.region).files;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
