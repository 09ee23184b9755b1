import { importPKCS8, SignJWT } from "jose";
import type { ProviderAccess } from "./provider-access";

/** Apple takes up to six months; one call needs seconds. */
const LIFE_S = 300;

/** What this deployment proves itself with at the provider: the text, or an ES256 JWT made for this call. `now` is epoch milliseconds. */
export async function clientSecret({ secret, issuer, clientId }: ProviderAccess, now: number): Promise<string> {
  if (secret.kind === "text") return secret.text;
  const issuedAt = Math.floor(now / 1000);
  // A secret that was pasted into one line carries its line breaks as \n.
  const key = await importPKCS8(secret.key.replaceAll("\\n", "\n"), "ES256");
  return await new SignJWT()
    .setProtectedHeader({ alg: "ES256", kid: secret.keyId })
    .setIssuer(secret.team)
    .setSubject(clientId)
    .setAudience(issuer)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFE_S)
    .sign(key);
}
