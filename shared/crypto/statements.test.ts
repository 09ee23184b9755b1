import { compactVerify, createLocalJWKSet } from "jose";
import { expect, test } from "vitest";
import { freshSecrets } from "../../scripts/local-secrets.ts";
import { regionalKeys } from "./keys";
import { openStatement, signStatement } from "./statements";
import { createVerifier, publicKeySet } from "./tokens";

const secrets = freshSecrets();
const rings = {
  eu: regionalKeys(secrets["KEYS_EU"] ?? ""),
  us: regionalKeys(secrets["KEYS_US"] ?? ""),
  ap: regionalKeys(secrets["KEYS_AP"] ?? ""),
};
const TYPE = "probe+jws";

test("a statement is verified by anybody with the published keys, and says what it said", async () => {
  const text = await signStatement(rings.eu, TYPE, { seq: 4 });
  const { payload, protectedHeader } = await compactVerify(text, createLocalJWKSet(publicKeySet(rings)));
  expect(JSON.parse(new TextDecoder().decode(payload))).toEqual({ seq: 4 });
  expect(protectedHeader).toEqual({ alg: "ES256", typ: TYPE, kid: "local-eu-1" });
  expect(await openStatement(rings.eu, TYPE, text)).toEqual({ seq: 4 });
});

test("another type, another region's, a changed or an unsigned one is none, and none is an access token", async () => {
  const text = await signStatement(rings.eu, TYPE, { seq: 4 });
  const [head = "", body = "", signature = ""] = text.split(".");
  const unsigned = `${btoa(JSON.stringify({ alg: "none", typ: TYPE, kid: "local-eu-1" })).replaceAll("=", "")}.${body}.`;
  for (const forged of [`${head}.${body}A.${signature}`, `${head}.${body}.`, unsigned, "", "a.b.c"])
    expect(await openStatement(rings.eu, TYPE, forged), forged).toBeUndefined();
  expect(await openStatement(rings.eu, "other+jws", text)).toBeUndefined();
  expect(await openStatement(rings.us, TYPE, text)).toBeUndefined();
  await expect(createVerifier("https://api.example", rings).verify(text, Date.now())).rejects.toMatchObject({ code: "unauthenticated" });
});
