import type { Clock } from "../../shared/clock";
import { ID_KINDS, type PersonId, regionOf, type VoucherId } from "../../shared/id";
import type { Region } from "../../shared/region";
import type { Currency } from "../../shared/wallet/wallet";
import { vaultOf } from "../regional";
import { offerOf, readOffer } from "./offers";
import { claim } from "./take-reward";

/** What a challenge pays: an amount, or a reward of an organisation, from its stock. */
export type Prize = { readonly unit: Currency; readonly amount: number; readonly expiresAt?: number } | { readonly reward: string };

/** Somebody to be paid. */
export interface Won {
  readonly person: PersonId;
  /** Names what is paid for, once for ever: the challenge's id, the period and the place. */
  readonly key: string;
  /** The challenge, for the statement. */
  readonly about: string;
  readonly prize: Prize;
}

/** What paying needs from outside. */
export interface PayPorts {
  readonly env: Env;
  readonly recordsOf: (region: Region) => D1Database;
  readonly now: Clock;
}

/**
 * Pays what somebody has won, once for its key however often it is called. `sold_out` where the organisation's stock is used up, `gone`
 * where the person or the reward is not there any more: both are final. Throws where it is to be tried again.
 */
export async function payWon({ env, recordsOf }: PayPorts, { person, key, about, prize }: Won): Promise<"paid" | "sold_out" | "gone"> {
  const vault = vaultOf(env, person);
  try {
    if ("amount" in prize) {
      await vault.payWon({ key, about, unit: prize.unit, amount: prize.amount, expiresAt: prize.expiresAt });
      return "paid";
    }
    const offer = await readOffer(recordsOf, prize.reward);
    const held = await vault.holdWonVoucher(await voucherFor(offer.id, person, key), offerOf(offer));
    return (await claim(recordsOf, vault, held)) ? "paid" : "sold_out";
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "gone" || code === "not_found") return "gone";
    throw error;
  }
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** The same id for the same prize of the same person: in the reward's region, with a hash where other ids have chance. */
async function voucherFor(reward: string, person: PersonId, key: string): Promise<VoucherId> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${person}\0${key}\0${reward}`)));
  // As ULIDs of the beginning of time: the first digits are nothing, so they come last in lists.
  const digits = Array.from(bytes.subarray(0, 24), (byte) => ALPHABET[byte & 31]).join("");
  return `${ID_KINDS.voucher}_${regionOf(reward)}_00${digits}` as VoucherId;
}
