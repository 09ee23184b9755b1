import { createHash } from "node:crypto";
import { HOUR_MS } from "../../../shared/clock";
import { ulid } from "../../../shared/id";
import { labFileKey } from "../../../shared/labs/files";
import type { LabFile } from "../../../shared/labs/result";
import { isPdf, LARGEST_PDF } from "../../../shared/labs/files";
import { problem } from "../../../shared/problem";
import { storesOf } from "../../doors";
import type { VaultState } from "../state";

const TIMER = "lab-file";

/**
 * Files of reports, in the region's bucket below the person's own folder. A file that no report names is deleted: an upload that was cut
 * off after an hour, the file of a deleted report at once.
 */
export class LabFiles {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
    state.timers.on(TIMER, async (name) => await this.#deleteUnlessNamed(name));
  }

  /** The file's name in the bucket. */
  keyOf(name: string): string {
    return labFileKey(this.#state.person, name);
  }

  /** Stores a file that no report names yet: `keep` says when one does. Problems `invalid` for what is no PDF, `too_large`. */
  async put(bytes: Uint8Array, name: string): Promise<{ readonly key: string; readonly file: LabFile }> {
    if (bytes.length > LARGEST_PDF) throw problem("too_large", `A report may have at most ${LARGEST_PDF} bytes.`);
    if (!isPdf(bytes)) throw problem("file_unreadable", "The file is no PDF document.");
    const key = ulid(this.#state.now(), this.#state.random);
    this.#state.timers.set(TIMER, key, this.#state.now() + HOUR_MS);
    await this.#files.put(this.keyOf(key), bytes, { httpMetadata: { contentType: "application/pdf" } });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { key, file: { name, type: "application/pdf", size: bytes.length, sha256 } };
  }

  /** Part of the transaction in which a report begins to name a file. */
  keep(name: string): void {
    this.#state.timers.clear(TIMER, name);
  }

  /** Part of the transaction in which a report that named a file goes. */
  drop(name: string): void {
    this.#state.timers.set(TIMER, name, this.#state.now());
  }

  async #deleteUnlessNamed(name: string): Promise<undefined> {
    const isNamed = this.#state.sql.exec("SELECT 1 FROM lab_reports WHERE file = ?", name).toArray().length > 0;
    if (!isNamed) await this.#files.delete(this.keyOf(name));
    return undefined;
  }

  get #files(): R2Bucket {
    return storesOf(this.#state.env, this.#state.region).files;
  }
}
