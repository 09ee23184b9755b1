import { problem } from "../../problem";
import { parseBody } from "../hmac-signature";
import type { HookCall, HookSecrets, VendorHook } from "../vendor";
import { sameText } from "../same-text";
import { isVerification, readChanges } from "./notification";
import { parseSignature } from "./tink";

const SIGNATURE_HEADERS = ["google-health-api-signature", "x-healthapi-signature"] as const;

/** The `Authorization` value that the subscriber is registered with. */
export function authorizationOf(pathSecret: string): string {
  return `Bearer ${pathSecret}`;
}

/**
 * Notifications of Google Health: the `Authorization` value of the registration, then an ECDSA signature over the raw bytes by a key of
 * Google's public set. Google checks an endpoint with two unsigned calls, one with the value that it was registered with, and one without.
 */
export const GOOGLE_HEALTH_HOOK: VendorHook = {
  handshake(call, secrets) {
    if (signatureOf(call) !== undefined || !isVerification(parseBody(call.body))) return undefined;
    assertAuthorized(call, secrets);
    return { status: 201 };
  },
  async verify(call, secrets) {
    assertAuthorized(call, secrets);
    const signature = parseSignature(signatureOf(call) ?? "");
    return signature !== undefined && (await secrets.verifyTink(signature, call.body)) ? "genuine" : "forged";
  },
  read(call) {
    const json = parseBody(call.body);
    return isVerification(json) ? { changes: [], status: 201 } : { changes: readChanges(json) };
  },
};

function assertAuthorized({ headers }: HookCall, { pathSecret }: HookSecrets): void {
  if (!sameText(headers.get("authorization") ?? "", authorizationOf(pathSecret)))
    throw problem("unauthenticated", "The authorization value is missing or wrong.");
}

function signatureOf({ headers }: HookCall): string | undefined {
  return SIGNATURE_HEADERS.map((name) => headers.get(name)).find((value) => value !== null) ?? undefined;
}
