import { describe, expect, it } from "vitest";
import { signValues, verifyFitbit, verifyHexBody, verifyTimed } from "./signatures";

const SECRET = "test-client-secret";
const AT = 1_763_618_400_000;
const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

/** Known answers that were computed with another implementation. */
const SUUNTO = {
  body: '{"type":"WORKOUT_CREATED","username":"u1"}',
  sig: "02c1482fd764ed6059962fcf712b24fffb1e43518cdbca9ea0acbb6a7af0a800",
};
const STRAVA = {
  body: '{"aspect_type":"create","event_time":1763618400,"object_id":1360128428,"object_type":"activity","owner_id":134815,"subscription_id":120475,"updates":{}}',
  sig: "t=1763618400,v1=f25d253b1abf859525be8477644db2cff54695fbb4f5bf93d87417c3992bc32f",
};
const TERRA = {
  body: '{"type":"daily","user":{"user_id":"u1"},"data":[]}',
  sig: "t=1763618400,v1=f7c57890e77968e662ed4fc3ed0dbd62dcae24fa508c78d1111511d1881bf986",
};
const FITBIT = {
  body: '[{"collectionType":"sleep","date":"2026-09-01","ownerId":"ABC123","ownerType":"user","subscriptionId":"1"}]',
  sig: "teAI//xWEDvKNXfHjsrTL8MqPVQ=",
};

const SCHEMES = [
  ["body alone, hexadecimal", SUUNTO, (sig: string | null, body: string) => verifyHexBody(SECRET, sig, bytes(body))],
  ["time and body, as Strava", STRAVA, (sig: string | null, body: string) => verifyTimed(SECRET, sig, bytes(body), AT)],
  ["time and body, as Terra", TERRA, (sig: string | null, body: string) => verifyTimed(SECRET, sig, bytes(body), AT)],
  ["body alone, SHA-1 in base 64", FITBIT, (sig: string | null, body: string) => verifyFitbit(SECRET, sig, bytes(body))],
] as const;

describe.each(SCHEMES)("%s", (_name, { body, sig }, verify) => {
  it("takes the known answer", () => expect(verify(sig, body)).toBe("genuine"));

  it.each([
    ["one changed byte of the body", sig, body.replace("type", "tYpe").replace("Type", "type")],
    ["a space behind the body", sig, `${body} `],
    ["no signature", null, body],
    ["an empty one", "", body],
    ["a cut one", sig.slice(0, -1), body],
    ["another letter case", sig === sig.toUpperCase() ? sig.toLowerCase() : sig.toUpperCase(), body],
    ["a changed last digit", `${sig.slice(0, -2)}${sig.endsWith("0=") || sig.endsWith("00") ? "1" : "0"}${sig.slice(-1)}`, body],
  ])("refuses %s", (_what, signature, text) => expect(verify(signature, text)).toBe("forged"));
});

describe("signed times", () => {
  it.each([
    [300_000, "genuine"],
    [-300_000, "genuine"],
    [301_000, "stale"],
    [-301_000, "stale"],
  ])("are believed for five minutes: %d ms off is %s", (off, verdict) => {
    expect(verifyTimed(SECRET, TERRA.sig, bytes(TERRA.body), AT + off)).toBe(verdict);
  });

  it("cannot be changed", () => {
    expect(verifyTimed(SECRET, TERRA.sig.replace("1763618400", "1763618401"), bytes(TERRA.body), AT)).toBe("forged");
  });
});

it("never takes an empty secret", () => {
  expect(verifyHexBody("", SUUNTO.sig, bytes(SUUNTO.body))).toBe("forged");
  expect(verifyTimed("", STRAVA.sig, bytes(STRAVA.body), AT)).toBe("forged");
});

describe("signed calls of Withings", () => {
  it("sign the values in the order of their names", () => {
    const nonce = { timestamp: "1763618400", action: "getnonce", client_id: "cid" };
    expect(signValues(SECRET, nonce)).toBe("0e8f625e9aa01f837a12f63926501cb85761f50e7405698dd90ac9e1c7822020");
    const token = { nonce: "nonce-1", client_id: "cid", action: "requesttoken" };
    expect(signValues(SECRET, token)).toBe("e618a501c9a2efd25085a37ae0957f369c15f76ee9c6e83e0497d1a2187eec4d");
  });
});
