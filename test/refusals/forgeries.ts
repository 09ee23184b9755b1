import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import * as z from "zod";
import { toBase64Url } from "../../shared/crypto/base64url";
import { currentKey, type RegionalKeys } from "../../shared/crypto/keys";
import { issuerOf } from "../../shared/crypto/tokens";
import { newId, type PersonId, regionOf, type SessionId } from "../../shared/id";
import type { Region } from "../../shared/region";

const encoder = new TextEncoder();
const encode = (value: unknown): string => toBase64Url(encoder.encode(JSON.stringify(value)));

export interface Victim {
  readonly person: PersonId;
  readonly session: SessionId;
  /** A genuine, living token of theirs. */
  readonly accessToken: string;
  readonly refreshToken: string;
}

type Rings = Readonly<Record<Region, RegionalKeys>>;

/**
 * Tokens that look like the victim's and are not: the classes that broke other token checks (algorithm confusion, key injection,
 * altered or missing signatures, tokens made for another use), each under its own name. Every one must be refused with 401.
 */
export async function forgeries(origin: string, rings: Rings, victim: Victim, now: number): Promise<Readonly<Record<string, string>>> {
  const region = regionOf(victim.person);
  const other: Region = region === "eu" ? "us" : "eu";
  const [header = "", payload = "", signature = ""] = victim.accessToken.split(".");
  const { key: signing } = currentKey(rings[region].signing);
  const { key: foreignRegional } = currentKey(rings[other].signing);
  const own = await generateKeyPair("ES256", { extractable: true });
  const ownJwk = await exportJWK(own.publicKey);
  const genuine = await privateKey(signing);
  const seconds = Math.floor(now / 1000);
  const claims = z.looseObject({}).parse(JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))));
  const publicJwk = JSON.stringify({ kty: "EC", crv: "P-256", x: signing.x, y: signing.y });

  const base: JWTHeaderParameters = { alg: "ES256", typ: "at+jwt", kid: signing.kid };
  const signed = async (head: JWTHeaderParameters, key: CryptoKey, changes: Record<string, unknown> = {}) =>
    await new SignJWT({ ...claims, ...changes }).setProtectedHeader(head).sign(key);
  const hs256 = async (secret: string) =>
    await new SignJWT(claims).setProtectedHeader({ ...base, alg: "HS256" }).sign(encoder.encode(secret));

  return {
    "alg none": `${encode({ ...base, alg: "none" })}.${payload}.`,
    "alg NoNe": `${encode({ ...base, alg: "NoNe" })}.${payload}.`,
    "alg none with the signature kept": `${encode({ ...base, alg: "none" })}.${payload}.${signature}`,
    "HS256 keyed with the public PEM": await hs256(await pemOf(signing)),
    "HS256 keyed with the public JWK": await hs256(publicJwk),
    "own key in the header": await signed({ ...base, jwk: ownJwk }, own.privateKey),
    "own key behind a URL": await signed({ ...base, jku: "https://evil.example/jwks.json" }, own.privateKey),
    "own certificate behind a URL": await signed({ ...base, x5u: "https://evil.example/cert.pem" }, own.privateKey),
    "a path as kid, own key": await signed({ ...base, kid: "../../../dev/null" }, own.privateKey),
    "a prototype's name as kid": await signed({ ...base, kid: "__proto__" }, own.privateKey),
    "no kid, own key": await signed({ alg: "ES256", typ: "at+jwt" }, own.privateKey),
    "genuine kid, own key": await signed(base, own.privateKey),
    "signature stripped": `${header}.${payload}.`,
    "signature left out": `${header}.${payload}`,
    "payload changed": `${header}.${encode({ ...claims, scope: "admin" })}.${signature}`,
    "an id token": await signed({ ...base, typ: "JWT" }, genuine),
    "no type": await signed({ alg: "ES256", kid: signing.kid }, genuine),
    "an unknown critical header": await critical(base, payload, genuine),
    "a signature of zeros": `${header}.${payload}.${toBase64Url(new Uint8Array(64))}`,
    "an extra part": `${victim.accessToken}.x`,
    "the refresh token": victim.refreshToken,
    "another region's key": await signed({ ...base, kid: foreignRegional.kid }, await privateKey(foreignRegional)),
    "another region's key and issuer": await signed({ ...base, kid: foreignRegional.kid }, await privateKey(foreignRegional), {
      iss: issuerOf(origin, other),
    }),
    "another region's issuer": await signed(base, genuine, { iss: issuerOf(origin, other) }),
    "another audience": await signed(base, genuine, { aud: "https://evil.example" }),
    "no audience": await signed(base, genuine, { aud: undefined }),
    expired: await signed(base, genuine, { iat: seconds - 3_600, exp: seconds - 3_300 }),
    "not yet valid": await signed(base, genuine, { nbf: seconds + 600 }),
    "no expiry": await signed(base, genuine, { exp: undefined }),
    "a machine client's name and a person's session": await signed(base, genuine, { sub: newId("client", region, now) }),
    "a machine client that speaks for another": await signed(base, genuine, {
      sub: newId("client", region, now),
      client_id: newId("client", region, now),
      sid: undefined,
    }),
    "no session": await signed(base, genuine, { sid: undefined }),
    "a person that is none": await signed(base, genuine, { sub: "per_eu_admin" }),
    "not a token": "null",
    "far too long": "a".repeat(8_000),
  };
}

async function privateKey(jwk: JsonWebKey): Promise<CryptoKey> {
  return await crypto.subtle.importKey(
    "jwk",
    { kty: "EC", crv: "P-256", x: jwk.x ?? "", y: jwk.y ?? "", d: jwk.d ?? "" },
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
}

async function pemOf(jwk: JsonWebKey): Promise<string> {
  const key = await crypto.subtle.importKey(
    "jwk",
    { kty: "EC", crv: "P-256", x: jwk.x ?? "", y: jwk.y ?? "" },
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["verify"],
  );
  const spki = await crypto.subtle.exportKey("spki", key);
  if (!(spki instanceof ArrayBuffer)) throw new TypeError("spki is bytes");
  const lines = btoa(String.fromCharCode(...new Uint8Array(spki))).match(/.{1,64}/g) ?? [];
  return `-----BEGIN PUBLIC KEY-----\n${lines.join("\n")}\n-----END PUBLIC KEY-----\n`;
}

/** Signed by hand: the library refuses to make one. */
async function critical(base: JWTHeaderParameters, payload: string, key: CryptoKey): Promise<string> {
  const input = `${encode({ ...base, crit: ["x-meridian"], "x-meridian": true })}.${payload}`;
  const bytes = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, encoder.encode(input));
  return `${input}.${toBase64Url(new Uint8Array(bytes))}`;
}
