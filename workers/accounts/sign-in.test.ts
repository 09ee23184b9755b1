import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { fetchApp, freshAddress, freshEmail, freshPassword, registerPerson, send } from "../../test/people";
import { regionalKeys } from "../../shared/crypto/keys";
import { parseId, regionOf, type PersonId } from "../../shared/id";
import { systemRandom } from "../../shared/id";
import { NO_DETAILS } from "../../shared/person-details";
import { isProblem } from "../../shared/problem";
import { type Region, REGIONS } from "../../shared/region";
import { gateOf, regional } from "../regional";
import { requestEmailChange } from "./change-email";
import type { AccountPorts, AccountVault } from "./ports";
import { requestReset } from "./reset-password";
import { signIn } from "./sign-in";
import { beginRegistration } from "./verified-registration";
import { directoryKeys } from "../../shared/crypto/keys";

afterEach(() => {
  vi.useRealTimers();
});

const passwordOf = async (person: PersonId) =>
  await regional(env, regionOf(person))
    .records.prepare("select password_hash as hash from credentials where person_id = ?")
    .bind(person)
    .first<string>("hash");

const NO_VAULT: AccountVault = {
  setProfile: async () => undefined,
  noteRefusedSignIn: async () => undefined,
  revokeSession: async () => undefined,
  details: async () => NO_DETAILS,
  changeDetails: async () => undefined,
  seal: async (_, text) => text,
  unseal: async (_, sealed) => sealed,
};

/** The verb's ports over the real databases and objects, with some replaced. */
function ports(changes: Partial<AccountPorts> = {}): AccountPorts {
  return {
    now: Date.now,
    random: systemRandom,
    log: () => undefined,
    origin: env.ORIGIN,
    directory: { records: env.DIRECTORY, keys: directoryKeys(env.DIRECTORY_KEYS) },
    stores(region) {
      const { records, files, keys } = regional(env, region);
      return { records, files, keys: regionalKeys(keys) };
    },
    vault: () => NO_VAULT,
    gate: () => ({
      attempt: async () => ({ allowed: true, retryAfterMs: 0 }),
      take: async () => ({ allowed: true, retryAfterMs: 0 }),
      clear: async () => undefined,
      refund: async () => undefined,
    }),
    mailer: { send: async () => undefined },
    later: () => undefined,
    network: undefined,
    local: false,
    device: undefined,
    ...changes,
  };
}

const sidOf = (accessToken: string): string =>
  z.looseObject({ sid: z.string() }).parse(JSON.parse(atob((accessToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"))))
    .sid;

describe("signing in", () => {
  it.each(REGIONS)("gives a person of %s a session of their own region", async (region) => {
    const { person, email, password } = await registerPerson(region);
    const response = await send("POST", "/v1/sessions", { email: email.toUpperCase(), password });
    expect(response.status).toBe(201);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      person,
      tokens: { accessToken: expect.any(String), refreshToken: expect.stringMatching(new RegExp(`^rt_${region}_`)), expiresIn: 300 },
    });
  });

  it("answers an unknown address and a wrong password alike", async () => {
    const { email } = await registerPerson();
    const answers = await Promise.all(
      [email, freshEmail(), "not an address"].map((text) => send("POST", "/v1/sessions", { email: text, password: freshPassword() })),
    );
    const bodies = await Promise.all(answers.map(async (answer) => ({ ...(await answer.json<Record<string, unknown>>()), instance: "" })));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(bodies[0]).toMatchObject({ code: "invalid_credentials" });
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
  });

  it.each([{}, { email: "a@b.example" }, { email: "a@b.example", password: "x", remember: true }, { email: ["a"], password: "x" }])(
    "refuses the body %j",
    async (body) => {
      expect((await send("POST", "/v1/sessions", body)).status).toBe(422);
    },
  );

  it("hashes the password again where the pepper has changed since", async () => {
    const { person, email, password } = await registerPerson("us");
    const ring = regionalKeys(env.KEYS_US);
    const rotated = { ...ring, pepper: { current: "2", keys: { ...ring.pepper.keys, "2": btoa("p".repeat(32)) } } };
    const withRotated = ports({
      stores: (region) => ({
        records: regional(env, region).records,
        files: regional(env, region).files,
        keys: region === "us" ? rotated : regionalKeys(regional(env, region).keys),
      }),
    });
    const before = await passwordOf(person.id);
    await signIn(withRotated, { email, password });
    const after = await passwordOf(person.id);
    expect(before).toMatch(/,k=1\$/);
    expect(after).toMatch(/,k=2\$/);
    await signIn(withRotated, { email, password });
    expect(await passwordOf(person.id)).toBe(after);
  });

  it("works while the vault does not answer, and tells it the profile the next time", async () => {
    const { email, password } = await registerPerson("eu", { timeZone: "Asia/Tokyo", locale: "ja" });
    const setProfile = vi
      .fn<(profile: unknown, opened?: unknown) => Promise<void>>()
      .mockRejectedValueOnce(new Error("unreachable"))
      .mockResolvedValue(undefined);
    const withVault = ports({ vault: () => ({ ...NO_VAULT, setProfile }) });
    await signIn(withVault, { email, password });
    await signIn(withVault, { email, password });
    expect(setProfile).toHaveBeenCalledTimes(2);
    expect(setProfile).toHaveBeenLastCalledWith(
      { timeZone: "Asia/Tokyo", locale: "ja", name: "Ada Probe" },
      expect.stringMatching(/^ses_eu_/),
    );
  });

  it("is closed where the gate does not answer, before anything is hashed", async () => {
    const unreachable = async () => await Promise.reject(new Error("unreachable"));
    const closed = ports({ gate: () => ({ attempt: unreachable, take: unreachable, clear: unreachable, refund: unreachable }) });
    await expect(signIn(closed, { email: freshEmail(), password: freshPassword() })).rejects.toMatchObject({ code: "unavailable" });
  });
});

/** Ports that count the work: pepper reads are hashes, and nothing behind `later` has begun. */
function counting(changes: Partial<AccountPorts> = {}) {
  const work = { hashes: 0, queries: 0, directory: 0, gates: 0, vaults: 0, later: 0 };
  const counted = (records: D1Database, of: "queries" | "directory"): D1Database =>
    new Proxy(records, {
      get(target, name) {
        if (name === "prepare" || name === "batch") work[of]++;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  const base = ports(changes);
  const all = {
    ...base,
    directory: { ...base.directory, records: counted(base.directory.records, "directory") },
    stores: (region: Region) => {
      const { records, keys, files } = base.stores(region);
      // Each hash reads the pepper once.
      const watched: Record<string, string> = {};
      for (const [version, pepper] of Object.entries(keys.pepper.keys)) {
        Object.defineProperty(watched, version, { get: () => (work.hashes++, pepper), enumerable: true });
      }
      return { files, records: counted(records, "queries"), keys: { ...keys, pepper: { ...keys.pepper, keys: watched } } };
    },
    gate: (region: Region, name: string) => (work.gates++, base.gate(region, name)),
    vault: (person: PersonId) => (work.vaults++, base.vault(person)),
    later: () => void work.later++,
  } satisfies AccountPorts;
  return { work, ports: all };
}

describe("whether an address has an account", () => {
  const workOf = async (call: (with_: AccountPorts) => Promise<unknown>) => {
    const { work, ports: with_ } = counting();
    const outcome = await call(with_).then(
      () => "done",
      (error: unknown) => (isProblem(error) ? error.code : error),
    );
    const { later: _later, ...before } = work;
    return { outcome, ...before };
  };
  const registration = (email: string) =>
    ({ email, password: freshPassword(), name: "Ada", region: "eu", timeZone: "UTC", locale: "en" }) as const;

  it("costs a wrong password the same steps before the answer: one hash, the same reads, the same gates", async () => {
    const { email } = await registerPerson();
    const [known, unknown] = [email, freshEmail()].map((text) =>
      workOf(async (with_) => await signIn(with_, { email: text, password: freshPassword() })),
    );
    expect(await known).toEqual({ outcome: "invalid_credentials", hashes: 1, queries: 1, directory: 1, gates: 2, vaults: 0 });
    expect(await unknown).toEqual(await known);
  });

  it("costs a registration that is verified first, a reset and a change of the address the same, too", async () => {
    const [owner, asker] = await Promise.all([registerPerson(), registerPerson()]);
    const session = parseId("session", sidOf(asker.accessToken));
    if (session === undefined) throw new TypeError("no session");
    const actor = { kind: "person", person: asker.person.id, session } as const;
    const calls: ((with_: AccountPorts, email: string) => Promise<unknown>)[] = [
      async (with_, email) => await beginRegistration(with_, registration(email)),
      async (with_, email) => await requestReset(with_, email),
      async (with_, email) => await requestEmailChange(with_, actor, email),
    ];
    for (const call of calls) {
      const [known, unknown] = await Promise.all(
        [owner.email, freshEmail()].map((email) => workOf(async (with_) => await call(with_, email))),
      );
      expect(known?.outcome).toBe("done");
      expect(unknown, call.toString()).toEqual(known);
      // Nothing that depends on the address is looked up before the answer.
      expect(known?.directory).toBe(0);
    }
  });
});

describe("too many attempts", () => {
  it("of a hundred at once ten are hashed, exactly", async () => {
    const { email, person } = await registerPerson();
    const { work, ports: with_ } = counting({ gate: (region, name) => gateOf(env, region, name), network: freshAddress() });
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const network = `2001:db8:${person.id.length}:${i}`;
        return await signIn({ ...with_, network }, { email, password: "a wrong guess" }).then(
          () => "signed in",
          (error: unknown) => (isProblem(error) ? error.code : error),
        );
      }),
    );
    expect([answers.filter((code) => code === "invalid_credentials").length, answers.filter((code) => code === "locked").length]).toEqual([
      10, 90,
    ]);
    expect(work.hashes).toBe(10);
  });

  it("lock an account, for the right password in the same words", async () => {
    const { email, password } = await registerPerson();
    const wrong = await Promise.all(Array.from({ length: 12 }, () => send("POST", "/v1/sessions", { email, password: "wrong password" })));
    expect(wrong.filter(({ status }) => status === 401)).toHaveLength(10);
    const [refused, right] = await Promise.all(
      ["wrong password", password].map((text) => send("POST", "/v1/sessions", { email, password: text })),
    );
    for (const answer of [refused, right]) {
      expect(answer?.status).toBe(429);
      expect(Number(answer?.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(Number(answer?.headers.get("retry-after"))).toBeLessThanOrEqual(30);
    }
    const said = await Promise.all(
      [refused, right].map(async (answer) => ({ ...(await answer?.json<Record<string, unknown>>()), instance: "" })),
    );
    expect(said[0]).toMatchObject({ code: "locked" });
    expect(said[1]).toEqual(said[0]);

    vi.useFakeTimers({ now: Date.now() + 31_000, toFake: ["Date"] });
    expect((await send("POST", "/v1/sessions", { email, password })).status).toBe(201);
    // The success has cleared the count: there are ten free attempts again.
    const again = await Promise.all(Array.from({ length: 10 }, () => send("POST", "/v1/sessions", { email, password: "wrong password" })));
    expect(again.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 401));
  });

  it("lock an address that nobody has registered in the same way", async () => {
    const email = freshEmail();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => send("POST", "/v1/sessions", { email, password: "wrong password" })),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2);
  });

  it("lock the network first, and then no account is asked or counted", async () => {
    const home = freshAddress();
    const asked: string[] = [];
    const locked = ports({
      network: home,
      gate: (_, name) => ({
        attempt: async (kind) => {
          asked.push(`${kind} ${name.split(":")[0]}`);
          return { allowed: false, retryAfterMs: 5_000 };
        },
        take: async () => ({ allowed: true, retryAfterMs: 0 }),
        clear: async () => undefined,
        refund: async () => undefined,
      }),
    });
    await expect(signIn(locked, { email: freshEmail(), password: "x" })).rejects.toMatchObject({ code: "locked", retryAfter: 5 });
    // The account is not asked, and not counted, where its attacker's network is locked.
    expect(asked).toEqual(["address gate-network"]);
  });

  it("counts the /64 of an IPv6 address as one network", async () => {
    const names = new Set<string>();
    const watching = (network: string | undefined) =>
      ports({
        network,
        gate: (_, name) => {
          if (name.startsWith("gate-network")) names.add(name);
          return {
            attempt: async () => ({ allowed: false, retryAfterMs: 1 }),
            take: async () => ({ allowed: true, retryAfterMs: 0 }),
            clear: async () => undefined,
            refund: async () => undefined,
          };
        },
      });
    const email = freshEmail();
    for (const address of ["2001:db8:1:2", "2001:db8:1:2", "2001:db8:1:3"])
      await expect(signIn(watching(address), { email, password: "x" })).rejects.toMatchObject({ code: "locked" });
    expect(names.size).toBe(2);
    for (const name of names) expect(name).toMatch(/^gate-network:[0-9a-f]{64}$/);
  });
});

it("a route that needs a person answers 401 with a challenge to nobody", async () => {
  for (const authorization of [undefined, "", "Basic YTpi", "Bearer", "Bearer ", "Bearer a b", "Token abc"]) {
    const response = await fetchApp("/v1/me", authorization === undefined ? {} : { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer /);
    expect(await response.json()).toMatchObject({ code: "unauthenticated" });
  }
});
