import { regionalKeys } from "../../shared/crypto/keys";
import { isSealed, seal, sealBytes, type SealedPlace, unseal, unsealBytes } from "../../shared/crypto/sealing";
import { storesOf } from "../doors";
import { PersonKey } from "./connections/person-key";
import type { VaultState } from "./state";

/** Seals texts and files with the person's key and opens them; the key itself never leaves the vault. */
export class Sealer {
  readonly #state: VaultState;
  readonly #key: PersonKey;

  constructor(state: VaultState) {
    const { files, keys } = storesOf(state.env, state.region);
    this.#state = state;
    this.#key = new PersonKey(files, regionalKeys(keys), state.person, state.random);
  }

  /** Seals a text for its place. */
  async seal(place: SealedPlace, text: string): Promise<string> {
    return await seal(await this.#key.open(), place, text, this.#state.random);
  }

  /** Puts the key under the region's current wrapping key; see `PersonKey.rewrap`. */
  async rewrap(): Promise<string> {
    return await this.#key.rewrap();
  }

  /** Opens a text in its place; throws `SealBroken` where it was sealed for another place or person. */
  async unseal(place: SealedPlace, sealed: string): Promise<string> {
    return await unseal(await this.#key.open(), place, sealed);
  }

  /** Seals bytes for their place. */
  async sealBytes(place: SealedPlace, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    return await sealBytes(await this.#key.open(), place, new Uint8Array(bytes), this.#state.random);
  }

  /** Opens bytes in their place, or answers undefined for bytes that bear no seal; throws `SealBroken`. */
  async unsealBytes(place: SealedPlace, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return isSealed(bytes) ? await unsealBytes(await this.#key.open(), place, bytes) : undefined;
  }
}
