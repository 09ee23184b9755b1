import * as z from "zod";
import { toBase64Url } from "../crypto/base64url";
import type { RegionalKeys } from "../crypto/keys";
import { openInRegion, type RegionalBox, resealInRegion, type Sealed, sealInRegion } from "../crypto/regional-box";
import { parseId, type RandomBytes, type VendorCredentialId } from "../id";
import type { LiveVendor } from "./vendor";

const PURPOSE = "vendor-credential";

/** The secret half of an organisation's account at a vendor. */
const secretsSchema = z.object({
  clientSecret: z.string(),
  /** What else the vendor's portal gives, by the vendor's name for it. */
  more: z.record(z.string(), z.string()),
  /** The secret of the path of the account's webhooks: it names the account, so that a call finds it. */
  pathSecret: z.string(),
  /** What was rotated away: the vendor's webhooks may be signed with it until then (epoch milliseconds). */
  before: z.object({ clientSecret: z.string(), more: z.record(z.string(), z.string()), until: z.number() }).optional(),
});
export type OwnSecrets = z.infer<typeof secretsSchema>;

/** An organisation's account at a vendor, in the form in which vaults keep it for their connections. */
export const ownAccountSchema = secretsSchema.omit({ before: true }).extend({
  credential: z.string(),
  organisation: z.string(),
  /** Rises with every change: of two, the higher one is true. */
  revision: z.number().int(),
  clientId: z.string(),
});
export type OwnAccount = z.infer<typeof ownAccountSchema>;

/** Seals the secrets of an account for its row. */
export async function sealOwnSecrets(keys: RegionalKeys, id: string, secrets: OwnSecrets, random?: RandomBytes): Promise<Sealed> {
  return await sealInRegion(keys, PURPOSE, id, JSON.stringify(secrets), random);
}

/** The secrets, or undefined where they were sealed for another row or their key is gone. */
export async function openOwnSecrets(keys: RegionalKeys, stored: RegionalBox): Promise<OwnSecrets | undefined> {
  const text = await openInRegion(keys, PURPOSE, stored);
  return text === undefined ? undefined : secretsSchema.parse(JSON.parse(text));
}

/** The same secrets under the current key; undefined where they do not open. */
export async function resealOwnSecrets(keys: RegionalKeys, stored: RegionalBox, random?: RandomBytes): Promise<Sealed | undefined> {
  return await resealInRegion(keys, PURPOSE, stored, random);
}

/** A fresh secret of a webhook's path: the account's id and 256 random bits. */
export function newPathSecret(id: VendorCredentialId, random: RandomBytes): string {
  return `${id}.${toBase64Url(random(new Uint8Array(32)))}`;
}

/** The account that a path's secret names; undefined for a secret of another form, such as that of Meridian's own account. */
export function credentialOfPath(secret: string): VendorCredentialId | undefined {
  const dot = secret.indexOf(".");
  return dot < 0 ? undefined : parseId("vendorCredential", secret.slice(0, dot));
}

/** Names of what an account at a vendor consists of beside id and secret: those it must have, and those it may. */
export function moreFieldsOf({ auth }: LiveVendor): { readonly required: readonly string[]; readonly optional: readonly string[] } {
  return { required: auth.moreCredentials ?? [], optional: auth.regionalHosts === undefined ? [] : ["region"] };
}
