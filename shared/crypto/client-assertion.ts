import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import * as z from "zod";
import { type AppId, type ClientId, type Id, parseId } from "../id";
import { algorithmsOf, ASSERTION_ALGORITHMS, type ClientKey, importClientKey } from "./client-keys";
import { CLOCK_TOLERANCE_S } from "./tokens";

/** How long an assertion may be good for. */
export const ASSERTION_S = 300;
const MAX_LENGTH = 8_192;
const MAX_JTI = 255;

/** What an assertion says about itself before anybody has checked it. */
export interface AssertionClaim<Client extends string = ClientId | AppId> {
  readonly client: Client;
  readonly kid: string | undefined;
  /** Where it says that its key can be found. */
  readonly jku: string | undefined;
}

/** A proven assertion. */
export interface ProvenAssertion {
  readonly jti: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

const headerSchema = z.looseObject({
  alg: z.enum(ASSERTION_ALGORITHMS),
  kid: z.string().optional(),
  jku: z.string().optional(),
});
const claimsSchema = z.object({
  jti: z.string().min(1).max(MAX_JTI),
  aud: z.union([z.string(), z.array(z.string()).min(1)]),
  exp: z.number(),
  iat: z.number().optional(),
});

/** Reads an assertion without believing it; undefined where it cannot be one. */
export function peekAssertion<K extends "client" | "app">(text: string, kind: K): AssertionClaim<Id<K>> | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  try {
    const { kid, jku } = headerSchema.parse(decodeProtectedHeader(text));
    const client = parseId(kind, decodeJwt(text).sub ?? "");
    return client === undefined ? undefined : { client, kid, jku };
  } catch {
    return undefined;
  }
}

/**
 * Proves an assertion of RFC 7523: signed with one of the client's keys under the algorithm of that key, issuer and subject the client
 * itself, made for nobody but us, and good for at most five minutes. Undefined for everything else. That it is used once the caller sees to.
 *
 * @param audiences each of which means us
 * @param now epoch milliseconds
 */
export async function proveAssertion(
  text: string,
  { client, kid }: AssertionClaim,
  keys: readonly ClientKey[],
  audiences: readonly string[],
  now: number,
): Promise<ProvenAssertion | undefined> {
  const candidates = keys.filter((key) => kid === undefined || key.kid === kid);
  for (const key of candidates) {
    try {
      const { payload } = await jwtVerify(text, await importClientKey(key), {
        algorithms: [...algorithmsOf(key)],
        issuer: client,
        subject: client,
        audience: [...audiences],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(now),
      });
      const { jti, aud, exp, iat } = claimsSchema.parse(payload);
      const latest = now / 1000 + CLOCK_TOLERANCE_S;
      // One that is made for others too could be used by them.
      const isForUs = [aud].flat().every((one) => audiences.includes(one));
      if (isForUs && exp <= latest + ASSERTION_S && (iat ?? 0) <= latest) return { jti, expiresAt: exp };
      return undefined;
    } catch {
      // Without a kid another key may fit.
    }
  }
  return undefined;
}
