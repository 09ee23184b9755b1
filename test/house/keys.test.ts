import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import {
  type Counted,
  DEADLINE_MS,
  GONE_AFTER_MS,
  KNOWN_AFTER_MS,
  Refusal,
  retire,
  rotate,
  type Secrets,
  type Which,
} from "../../scripts/keys/rings.ts";
import { deploySecrets, freshSecrets } from "../../scripts/local-secrets.ts";
import { DIRECTORY_KINDS, directoryKeys, REGIONAL_KINDS, regionalKeys } from "../../shared/crypto/keys.ts";

const NOW = Date.UTC(2026, 10, 25, 12);
const KINDS: Which[] = [
  ...REGIONAL_KINDS.map((kind): Which => ({ place: "eu", kind })),
  { place: "eu", kind: "identity" },
  ...DIRECTORY_KINDS.map((kind): Which => ({ place: "directory", kind })),
];
const named = KINDS.map((which): [string, Which] => [`${which.place} ${which.kind}`, which]);

function ringOf(secrets: Secrets, { place, kind }: Which) {
  const rings: object =
    place === "directory" ? directoryKeys(secrets["DIRECTORY_KEYS"] ?? "") : regionalKeys(secrets[`KEYS_${place.toUpperCase()}`] ?? "");
  const ring = Object.entries(rings).find(([name]) => name === kind)?.[1] as { current: string; keys: Record<string, unknown> };
  return { current: ring.current, versions: Object.keys(ring.keys) };
}

/** Both halves of a rotation. */
function rotated(which: Which): Secrets {
  const added = rotate(deploySecrets({}), which, NOW, false).secrets;
  return rotate(added, which, NOW + KNOWN_AFTER_MS, false).secrets;
}

const counted = (change: Partial<Counted> = {}): Counted => ({ current: "2", versions: ["1", "2"], old: 0, waiting: 0, ...change });

describe("a rotation", () => {
  test.each(named)("of %s adds a version, and uses it once everybody knows it", (_name, which) => {
    const before = deploySecrets({});
    const first = rotate(before, which, NOW, false);
    expect(ringOf(first.secrets, which)).toEqual({ current: "1", versions: ["1", "2"] });
    expect(() => rotate(first.secrets, which, NOW + KNOWN_AFTER_MS - 1, false)).toThrow(Refusal);
    const second = rotate(first.secrets, which, NOW + KNOWN_AFTER_MS, false);
    expect(ringOf(second.secrets, which)).toEqual({ current: "2", versions: ["1", "2"] });
    // Nothing else has changed.
    for (const other of KINDS) if (other !== which) expect(ringOf(second.secrets, other)).toEqual({ current: "1", versions: ["1"] });
  });

  test("of the secrets' first form gives each kind a ring of its own", () => {
    const rings = JSON.parse(freshSecrets()["KEYS_EU"] ?? "") as Record<string, { keys: Record<string, unknown> }>;
    const together = { current: "1", keys: { 1: Object.fromEntries(REGIONAL_KINDS.map((kind) => [kind, rings[kind]?.keys["1"]])) } };
    const old = { KEYS_EU: JSON.stringify(together) };
    expect(ringOf(old, { place: "eu", kind: "pepper" })).toEqual({ current: "1", versions: ["1"] });
    const { secrets } = rotate(old, { place: "eu", kind: "pepper" }, NOW, true);
    expect(ringOf(secrets, { place: "eu", kind: "pepper" })).toEqual({ current: "2", versions: ["1", "2"] });
    expect(ringOf(secrets, { place: "eu", kind: "chain" })).toEqual({ current: "1", versions: ["1"] });
  });

  test("of a machine's own keys takes both steps at once, and they stay recognisable", () => {
    const { secrets } = rotate(freshSecrets(), { place: "us", kind: "signing" }, NOW, true);
    const { current, keys } = regionalKeys(secrets["KEYS_US"] ?? "").signing;
    expect(keys[current]?.kid).toBe("local-us-2");
  });

  test.each([
    ["nowhere", { place: "eu", kind: "nothing" }],
    ["an inherited name", { place: "eu", kind: "constructor" }],
  ] as const)("of %s is refused", (_name, which) => {
    expect(() => rotate(deploySecrets({}), which, NOW, false)).toThrow(Refusal);
  });
});

describe("retiring", () => {
  test.each(named.filter(([, { kind }]) => kind !== "chain"))("%s removes what nothing needs", (_name, which) => {
    const used = NOW + KNOWN_AFTER_MS;
    const gone = used + (GONE_AFTER_MS[which.kind] ?? 0);
    const secrets = rotated(which);
    expect(() => retire(secrets, which, counted(), gone - 1, false), "too early").toThrow(/may live until/);
    expect(() => retire(secrets, which, counted({ old: 1 }), gone, false), "something is left").toThrow(/still made/);
    expect(() => retire(secrets, which, counted({ old: 1 }), gone, true), "and nobody is left behind").toThrow(/still made/);
    expect(() => retire(secrets, which, counted({ current: "1" }), gone, false), "not uploaded").toThrow(/upload/);
    const done = retire(secrets, which, counted(["signing", "identity"].includes(which.kind) ? { old: null } : {}), gone, false);
    expect(ringOf(done.secrets, which)).toEqual({ current: "2", versions: ["2"] });
    // A version is never named twice.
    expect(ringOf(rotate(done.secrets, which, gone, false).secrets, which).versions).toEqual(["2", "3"]);
  });

  test("a pepper leaves those behind who have not signed in for 90 days, where the operator says so", () => {
    const which: Which = { place: "eu", kind: "pepper" };
    const late = NOW + KNOWN_AFTER_MS + DEADLINE_MS;
    const secrets = rotated(which);
    expect(() => retire(secrets, which, counted({ old: 3 }), late - 1, true)).toThrow(/may be left behind/);
    expect(() => retire(secrets, which, counted({ old: 3 }), late, false)).toThrow(/--leave-behind/);
    expect(retire(secrets, which, counted({ old: 3 }), late, true).done).toContain("3 people");
  });

  test("is refused for chains, within a rotation, and where there is one version", () => {
    const eu = (kind: string): Which => ({ place: "eu", kind });
    expect(() => retire(rotated(eu("chain")), eu("chain"), counted({ old: null }), NOW + 1e12, true)).toThrow(/kept/);
    expect(() => retire(deploySecrets({}), eu("index"), counted({ current: "1" }), NOW + 1e12, false)).toThrow(/one version/);
    const begun = rotate(rotated(eu("index")), eu("index"), NOW + 1e11, false).secrets;
    expect(() => retire(begun, eu("index"), counted(), NOW + 1e12, false)).toThrow(/begun/);
  });
});

test("the command writes the next file for its owner alone, keeps the one before, and says no in words", () => {
  const folder = mkdtempSync(join(tmpdir(), "meridian-keys-"));
  const file = join(folder, "secrets.json");
  const keys = (...parameters: string[]) =>
    spawnSync(process.execPath, ["scripts/keys.ts", ...parameters, "--secrets", file], { encoding: "utf8" });
  try {
    const before = JSON.stringify(deploySecrets({}));
    writeFileSync(file, before);
    const first = keys("rotate", "--region", "ap", "--kind", "signing");
    expect(first.stdout).toContain("Added version 2 of ap signing");
    expect(readFileSync(`${file}.before`, "utf8")).toBe(before);
    const early = keys("rotate", "--region", "ap", "--kind", "signing");
    expect([early.status, early.stderr]).toEqual([1, expect.stringContaining("Refused. Version 2")]);
    expect(keys("retire", "--region", "ap", "--kind", "signing").stderr).toContain("--origin");
    expect(keys().stderr).toContain("npm run keys -- rotate");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the command asks the service about the key of id tokens, and removes the old one once its tokens have run out", async () => {
  const folder = mkdtempSync(join(tmpdir(), "meridian-keys-"));
  const file = join(folder, "secrets.json");
  const asked: (string | undefined)[] = [];
  let current = "1";
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    const identity = { current, versions: ["1", "2"], old: null, waiting: 0, counted: "time" };
    response.end(JSON.stringify({ regions: { eu: { identity }, us: {}, ap: {} }, directory: {} }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const keys = async (...parameters: string[]) =>
    await promisify(execFile)(process.execPath, ["scripts/keys.ts", ...parameters, "--secrets", file, "--origin", origin]).catch(
      (error: { stderr: string }) => ({ stdout: "", stderr: error.stderr }),
    );
  const which: Which = { place: "eu", kind: "identity" };
  const retiring = ["retire", "--region", "eu", "--kind", "identity"];
  try {
    const before = Date.now() - KNOWN_AFTER_MS - 1;
    const added = rotate({ ...deploySecrets({}), OPERATIONS_SECRET: "s" }, which, before - KNOWN_AFTER_MS, false).secrets;
    writeFileSync(file, JSON.stringify(rotate(added, which, before, false).secrets));
    expect((await keys(...retiring)).stderr).toContain("The service uses version 1 of eu identity");
    current = "2";
    expect((await keys("status")).stdout).toMatch(/eu\s+identity\s+uses 2 of 1, 2\s+not counted: see retire/);
    expect((await keys(...retiring)).stdout).toContain("Removed version 1 of eu identity");
    expect(ringOf(JSON.parse(readFileSync(file, "utf8")) as Secrets, which)).toEqual({ current: "2", versions: ["2"] });
    expect(new Set(asked)).toEqual(new Set(["Bearer s"]));
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
