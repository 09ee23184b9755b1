/** What a wallet holds: points are earned, coins are won and can be given on, the other two count vouchers. */
export const UNITS = ["points", "coins", "discounts", "free_sessions"] as const;
export type WalletUnit = (typeof UNITS)[number];

/** What something can cost, and what a challenge can pay. */
export const CURRENCIES = ["points", "coins"] as const satisfies readonly WalletUnit[];
export type Currency = (typeof CURRENCIES)[number];

/** Why something was booked, the account on the other side, and whether it comes in or goes out. */
export const BOOKINGS = {
  earned: { against: "achievements", sign: 1 },
  taken_back: { against: "achievements", sign: -1 },
  won: { against: "challenges", sign: 1 },
  spent: { against: "rewards", sign: -1 },
  refunded: { against: "rewards", sign: 1 },
  sent: { against: "people", sign: -1 },
  received: { against: "people", sign: 1 },
  sent_back: { against: "people", sign: 1 },
  expired: { against: "expiry", sign: -1 },
  issued: { against: "vouchers", sign: 1 },
  used: { against: "vouchers", sign: -1 },
  lapsed: { against: "vouchers", sign: -1 },
  returned: { against: "vouchers", sign: -1 },
} as const;
export type BookingKind = keyof typeof BOOKINGS;
export const BOOKING_KINDS = Object.keys(BOOKINGS) as [BookingKind, ...BookingKind[]];

export const REWARD_KINDS = ["discount", "free_session"] as const;
export type RewardKind = (typeof REWARD_KINDS)[number];

/** What a voucher gives. Money in the smallest unit of a currency (ISO 4217). */
export type RewardTerms =
  | { readonly percentOff: number }
  | { readonly amountOff: number; readonly currency: string }
  | { readonly sessions: number };

/** Which account counts the vouchers of a kind. */
export function unitOfVouchers(kind: RewardKind): WalletUnit {
  return kind === "discount" ? "discounts" : "free_sessions";
}

export const VOUCHER_STATES = ["held", "issued", "used", "returned", "expired", "void"] as const;
export type VoucherState = (typeof VOUCHER_STATES)[number];

/** No times lie beyond this. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** The most that one booking can move; far below what adds up to an inexact number. */
export const MOST_AT_ONCE = 1_000_000;

/** Characters that nobody mistakes for one another (Crockford's base 32). */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH = 16;

/** A fresh code of 80 bits, in four groups that can be read aloud. */
export function newCode(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): string {
  const letters = Array.from(random(new Uint8Array(CODE_LENGTH)), (byte) => ALPHABET[byte & 31]).join("");
  return letters.replace(/(.{4})(?=.)/g, "$1-");
}

/** A code as it was made, however it was typed: case, hyphens, spaces, and letters that look like digits; undefined for what is none. */
export function readCode(text: string): string | undefined {
  const letters = text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  if (!/^[0-9A-HJKMNP-TV-Z]{16}$/.test(letters)) return undefined;
  return letters.replace(/(.{4})(?=.)/g, "$1-");
}
