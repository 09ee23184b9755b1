import { isCommonPassword } from "./common-passwords";

/** Shorter words are found in too many good passwords by chance. */
const SHORTEST_WORD = 4;
const PRODUCT = "meridian";

export interface PasswordFault {
  readonly code: "common_password" | "contains_context";
  readonly message: string;
}

/**
 * Why a password of acceptable length is still refused, or undefined: it is one of the first that a guesser tries, or it contains
 * what everybody knows about its owner (local part of the address, name, the product). There are no rules of composition (ASVS 6.2.5).
 */
export function passwordFault(password: string, about: { readonly email: string; readonly name: string }): PasswordFault | undefined {
  if (isCommonPassword(password)) return { code: "common_password", message: "This password is among the first that are guessed." };
  const plain = squeeze(password);
  const [localPart = ""] = about.email.split("@");
  for (const word of [localPart, about.name, PRODUCT].map(squeeze)) {
    if (word.length >= SHORTEST_WORD && plain.includes(word)) {
      return { code: "contains_context", message: "The password contains the name, the e-mail address or the product's name." };
    }
  }
  return undefined;
}

/** Case and spaces hide nothing. */
function squeeze(text: string): string {
  return text.normalize("NFKC").toLowerCase().replaceAll(/\s/g, "");
}
