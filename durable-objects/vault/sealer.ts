import { regionalKeys } from "../../shared/crypto/keys";
import { seal, type SealedPlace, unseal } from "../../shared/crypto/sealing";
import { storesOf } from "../doors";
import { PersonKey } from "./connections/person-key";
import type { VaultState } from "./state";

/** Seals texts with the person's key and opens them; the key itself never leaves the vault. */
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
}
