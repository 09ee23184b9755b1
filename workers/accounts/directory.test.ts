import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { freshEmail } from "../../test/people";
import { directoryKeys } from "../../shared/crypto/keys";
import { newId } from "../../shared/id";
import { claimEmail, findClaim, replaceClaim } from "./directory";
import { directoryHashes, normaliseEmail } from "./email";

const KEYS = directoryKeys(env.DIRECTORY_KEYS);
const ROTATED = { ...KEYS, email: { current: "2", keys: { ...KEYS.email.keys, "2": btoa("e".repeat(32)) } } };
const NOW = Date.now();

describe("the directory", () => {
  it("gives an address to the first that claims it", async () => {
    const hashes = await directoryHashes(KEYS, freshEmail());
    const people = Array.from({ length: 10 }, () => newId("person", "eu", NOW));
    const claims = await Promise.all(people.map((person) => claimEmail(env.DIRECTORY, hashes, person, NOW)));
    expect(new Set(claims.map(({ person }) => person)).size).toBe(1);
    expect(await findClaim(env.DIRECTORY, hashes)).toEqual(claims[0]);
  });

  it("knows an address under an older key, refuses a second claim, and moves the row to the new key when it is used", async () => {
    const email = freshEmail();
    const person = newId("person", "eu", NOW);
    await claimEmail(env.DIRECTORY, await directoryHashes(KEYS, email), person, NOW);
    const both = await directoryHashes(ROTATED, email);
    expect(await claimEmail(env.DIRECTORY, both, newId("person", "us", NOW), NOW)).toEqual({ person, claimedAt: NOW });
    expect(await findClaim(env.DIRECTORY, both)).toEqual({ person, claimedAt: NOW });
    const [current] = both;
    expect(await findClaim(env.DIRECTORY, [current])).toEqual({ person, claimedAt: NOW });
    expect(await findClaim(env.DIRECTORY, await directoryHashes(KEYS, email))).toBeUndefined();
  });

  it("replaces only the claim that was seen", async () => {
    const hashes = await directoryHashes(KEYS, freshEmail());
    const claim = await claimEmail(env.DIRECTORY, hashes, newId("person", "us", NOW), NOW);
    const other = newId("person", "eu", NOW);
    expect(await replaceClaim(env.DIRECTORY, { ...claim, claimedAt: NOW - 1 }, other, NOW + 1)).toBe(false);
    expect(await replaceClaim(env.DIRECTORY, claim, other, NOW + 1)).toBe(true);
    expect(await replaceClaim(env.DIRECTORY, claim, other, NOW + 1)).toBe(false);
    expect(await findClaim(env.DIRECTORY, hashes)).toEqual({ person: other, claimedAt: NOW + 1 });
  });

  it("uses hashes of its own key and purpose", async () => {
    const email = freshEmail();
    const [one] = await directoryHashes(KEYS, email);
    expect(one.hash).toMatch(/^[0-9a-f]{64}$/);
    const [other] = await directoryHashes(ROTATED, email);
    expect(other.hash).not.toBe(one.hash);
  });
});

it.each([
  [" Ada@Example.ORG ", "ada@example.org"],
  ["ａｄａ@example.org", "ada@example.org"],
])("%j is found as %j", (written, found) => {
  expect(normaliseEmail(written)).toBe(found);
});
