import { describe, expect, test } from "vitest";
import { deploySecrets, freshSecrets } from "../../scripts/local-secrets.ts";
import { type DeploymentEnv, deploymentFaults } from "./deployment";

/** A deployment as it should be, with changes. */
function deployment(changes: Partial<Record<string, string>> = {}): DeploymentEnv {
  const { KEYS_EU = "", KEYS_US = "", KEYS_AP = "", ...rest } = { ...deploySecrets({}), RESIDENCY: "on", ...changes };
  return { KEYS_EU, KEYS_US, KEYS_AP, ...rest };
}

const found = (env: DeploymentEnv) => deploymentFaults(env).map(({ check, detail }) => `${check}: ${detail}`);
/** The rings of a region with one key replaced. */
function withKey(name: string, kind: string, key: unknown): Record<string, string> {
  const rings = JSON.parse(deploySecrets({})[name] ?? "") as Record<string, { current: string; keys: Record<string, unknown> }>;
  return { [name]: JSON.stringify({ ...rings, [kind]: { current: "1", keys: { 1: key } } }) };
}

describe("a deployment", () => {
  test("with pinning and keys of its own has no faults, and needs no secrets of what it does not use", () => {
    expect(found(deployment())).toEqual([]);
  });

  test("without pinning has one", () => {
    expect(found(deployment({ RESIDENCY: "off" }))).toEqual(["residency: RESIDENCY is off."]);
  });

  test.each([
    ["KEYS_EU", ""],
    ["KEYS_AP", "not JSON"],
    ["KEYS_US", '{"wrapping":{}}'],
    ["DIRECTORY_KEYS", ""],
    ["GOOGLE_WEBHOOK_SECRET", ""],
    ["GOOGLE_WEBHOOK_SECRET", "short"],
    ["OPERATIONS_SECRET", ""],
    ["OPERATIONS_SECRET", "short"],
    ["VENDOR_CREDENTIALS", "not JSON"],
    ["VENDOR_CREDENTIALS", '{"oura":{"clientId":"x","clientSecret":"y","hookSecret":"short"}}'],
  ])("with %s as %j says that it is missing or malformed, and no value", (name, value) => {
    expect(found(deployment({ [name]: value }))).toEqual([`secrets: Missing or malformed: ${name}.`]);
  });

  test("whose current version is not in the ring has malformed secrets", () => {
    const rings = JSON.parse(deploySecrets({})["KEYS_EU"] ?? "") as Record<string, { current: string }>;
    const gone = { ...rings, pepper: { ...rings["pepper"], current: "2" } };
    expect(found(deployment({ KEYS_EU: JSON.stringify(gone) }))).toEqual(["secrets: Missing or malformed: KEYS_EU."]);
  });

  test("needs the secrets of what it uses", () => {
    expect(found(deployment({ GOOGLE_CLIENT_ID: "client", R2_ACCOUNT: "account" }))).toEqual([
      "secrets: Missing or malformed: GOOGLE_CLIENT_SECRET, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY.",
    ]);
    const { R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY, GOOGLE_CLIENT_SECRET } = freshSecrets();
    const local = { GOOGLE_CLIENT_ID: "client", R2_ACCOUNT: "account", R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY, GOOGLE_CLIENT_SECRET };
    expect(found(deployment(local))).toEqual([
      "keys: Made for local runs or tests: GOOGLE_CLIENT_SECRET, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY.",
    ]);
  });

  test.each(["KEYS_EU", "KEYS_US", "KEYS_AP", "OPERATIONS_SECRET", "VENDOR_CREDENTIALS"])(
    "with %s of a laptop has keys that are not its own",
    (name) => {
      expect(found(deployment({ [name]: freshSecrets()[name] }))).toEqual([`keys: Made for local runs or tests: ${name}.`]);
    },
  );

  test.each([btoa("e".repeat(32)), btoa("correct-horse-battery-staple....".slice(0, 8).repeat(4)), btoa("\0".repeat(32))])(
    "with a key that somebody typed (%s) has keys that are not random",
    (key) => {
      expect(found(deployment(withKey("KEYS_EU", "pepper", key)))).toEqual(["keys: Made for local runs or tests: KEYS_EU."]);
    },
  );

  test("whose regions share a ring, or a single key, is refused", () => {
    const secrets = deploySecrets({});
    expect(found(deployment({ ...secrets, KEYS_US: secrets["KEYS_EU"] }))).toEqual([
      "keys: A key of another place stands again in: KEYS_US.",
    ]);
    const rings = JSON.parse(secrets["KEYS_EU"] ?? "") as Record<string, { keys: Record<string, unknown> }>;
    const copied = withKey("KEYS_AP", "chain", rings["chain"]?.keys["1"]);
    expect(found(deployment({ ...secrets, ...copied }))).toEqual(["keys: A key of another place stands again in: KEYS_AP."]);
  });
});
