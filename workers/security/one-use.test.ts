import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { fromBase32, stepAt, totpCode } from "../../shared/crypto/totp";
import { fetchApp, freshEmail, registerPerson, type RegisteredPerson, send } from "../../test/people";

/** Codes that work once, for one purpose and one person. */
afterEach(() => {
  vi.useRealTimers();
});

const bearer = (person: RegisteredPerson) => ({ authorization: `Bearer ${person.accessToken}` });

async function letterCode(to: string, kind: string): Promise<string> {
  const found = async () =>
    new RegExp(`${kind}_[a-z]{2}_[\\w-]{43}`).exec(await (await fetchApp(`/v1/dev/outbox?to=${encodeURIComponent(to)}`)).text())?.[0];
  return await vi.waitUntil(found, { timeout: 5_000, interval: 20 });
}

/** Each way to spell a code that is not the code. */
const BENT: readonly (readonly [string, (code: string) => string])[] = [
  ["of another region", (code) => code.replace(/_(eu|us|ap)_/, (_whole, region) => (region === "eu" ? "_us_" : "_eu_"))],
  ["of no region", (code) => code.replace(/_(eu|us|ap)_/, "_xx_")],
  ["in upper case", (code) => code.toUpperCase()],
  ["cut by one", (code) => code.slice(0, -1)],
  ["with a tail", (code) => `${code}A`],
  ["with a blank", (code) => ` ${code}`],
  ["with a NUL", (code) => `${code}\u0000`],
  ["changed by one", (code) => `${code.slice(0, -1)}${code.endsWith("A") ? "B" : "A"}`],
  ["that is empty", () => ""],
  ["that is a wildcard", (code) => `${code.slice(0, 7)}%`],
];

describe("the code for a new password", () => {
  const complete = async (token: string) =>
    await send("POST", "/v1/password-resets/completions", { token, password: `vq-${crypto.randomUUID()}-zw` });
  let owner: RegisteredPerson;
  let code: string;
  beforeAll(async () => {
    owner = await registerPerson("eu");
    await send("POST", "/v1/password-resets", { email: owner.email });
    code = await letterCode(owner.email, "rst");
  });

  test.each(BENT)("%s changes nothing", async (_how, bend) => {
    expect([410, 422]).toContain((await complete(bend(code))).status);
    expect((await owner.fetch("/v1/me")).status).toBe(200);
  });

  test.each(["eml", "reg", "mfa", "pkr"])("is none under the name of another purpose (%s)", async (kind) => {
    expect((await complete(code.replace(/^rst/, kind))).status).toBe(410);
  });

  test("does not complete a sign-in, confirm an address or a registration", async () => {
    expect((await send("POST", "/v1/sessions/challenges", { challenge: code, code: "000000" })).status).toBe(401);
    expect((await send("POST", "/v1/me/email/confirmation", { token: code }, bearer(owner))).status).toBe(410);
    expect((await send("POST", "/v1/accounts/verifications", { token: code })).status).toBe(410);
  });

  test("is not in the answer to whoever asks for it", async () => {
    const response = await send("POST", "/v1/password-resets", { email: owner.email });
    expect(await response.text()).not.toMatch(/rst_/);
  });

  test("works once, and then for nobody", async () => {
    expect((await complete(code)).status).toBe(204);
    for (let i = 0; i < 3; i++) expect((await complete(code)).status).toBe(410);
  });
});

describe("the code for a new address", () => {
  const confirm = async (person: RegisteredPerson, token: string) =>
    await send("POST", "/v1/me/email/confirmation", { token }, bearer(person));
  let owner: RegisteredPerson;
  let code: string;
  beforeAll(async () => {
    owner = await registerPerson("us");
    const email = freshEmail();
    expect((await send("POST", "/v1/me/email", { email }, bearer(owner))).status).toBe(202);
    code = await letterCode(email, "eml");
  });

  test.each(BENT)("%s changes nothing", async (_how, bend) => {
    expect([410, 422]).toContain((await confirm(owner, bend(code))).status);
  });

  test("of another person changes neither account", async () => {
    const [near, far] = await Promise.all([registerPerson("us"), registerPerson("eu")]);
    for (const stranger of [near, far]) expect((await confirm(stranger, code)).status).toBe(410);
    expect((await send("POST", "/v1/sessions", { email: owner.email, password: owner.password })).status).toBe(201);
  });

  test("works once", async () => {
    expect((await confirm(owner, code)).status).toBe(204);
    expect((await confirm(owner, code)).status).toBe(410);
  });
});

describe("the app and its codes", () => {
  /** A person with an app whose first step is used; time stands in the middle of a step. */
  async function withApp() {
    vi.useFakeTimers({ now: Math.floor(Date.now() / 30_000) * 30_000 + 15_000, toFake: ["Date"] });
    const owner = await registerPerson("eu");
    const begun = await owner.fetch("/v1/me/totp", { method: "POST" });
    const { secret } = z.object({ secret: z.string(), uri: z.string() }).parse(await begun.json());
    const code = async (steps: number) => await totpCode(fromBase32(secret) ?? new Uint8Array(), stepAt(Date.now()) + steps);
    const confirmed = await send("POST", "/v1/me/totp/confirmation", { code: await code(-1) }, bearer(owner));
    const { recoveryCodes } = z.object({ recoveryCodes: z.array(z.string()) }).parse(await confirmed.json());
    const stepUp = async (proof: Record<string, string>) =>
      await send("POST", "/v1/sessions/step-up", { password: owner.password, ...proof }, bearer(owner));
    return { owner, code, recoveryCodes, stepUp };
  }

  test.each([-1, -2, -3, -10, 1, 2, 10])("a code of step %i is refused while the present one is not", async (steps) => {
    const { code, stepUp } = await withApp();
    // The step before is right in itself, but was used by the confirmation.
    expect((await stepUp({ code: await code(steps) })).status).toBe(401);
    expect((await stepUp({ code: await code(0) })).status).toBe(200);
  });

  test("a code is spent by the first use, also where another call asks", async () => {
    const { owner, code, stepUp } = await withApp();
    const right = await code(0);
    expect((await stepUp({ code: right })).status).toBe(200);
    expect((await stepUp({ code: right })).status).toBe(401);
    const half = await send("POST", "/v1/sessions", { email: owner.email, password: owner.password });
    const { challenge } = z.looseObject({ challenge: z.string() }).parse(await half.json());
    expect((await send("POST", "/v1/sessions/challenges", { challenge, code: right })).status).toBe(401);
  });

  test.each(["12345", "1234567", "12345a", "１２３４５６", " 123456", "123456\n", "-12345", "1e5", ""])(
    "%j is no code, and is refused before it counts",
    async (code) => {
      const { stepUp } = await withApp();
      expect((await stepUp({ code })).status).toBe(422);
    },
  );

  test("a recovery code works once, however it is typed the second time", async () => {
    const { recoveryCodes, stepUp } = await withApp();
    const [first = "", second = ""] = recoveryCodes;
    expect((await stepUp({ recoveryCode: first })).status).toBe(200);
    for (const again of [first, first.toLowerCase(), first.toUpperCase(), first.replaceAll("-", " ")])
      expect((await stepUp({ recoveryCode: again })).status).toBe(401);
    expect((await stepUp({ recoveryCode: second })).status).toBe(200);
  });

  test("a recovery code of one person is none of another", async () => {
    const [one, other] = [await withApp(), await withApp()];
    expect((await other.stepUp({ recoveryCode: one.recoveryCodes[3] ?? "" })).status).toBe(401);
    expect((await one.stepUp({ recoveryCode: one.recoveryCodes[3] ?? "" })).status).toBe(200);
  });

  test("both proofs at once are refused, and neither is spent", async () => {
    const { code, recoveryCodes, stepUp } = await withApp();
    expect((await stepUp({ code: await code(0), recoveryCode: recoveryCodes[0] ?? "" })).status).toBe(422);
    expect((await stepUp({ code: await code(0) })).status).toBe(200);
  });
});

describe("what a person has seen before they signed in", () => {
  test("is not theirs afterwards: a sign-in opens a session of its own (no fixation)", async () => {
    const owner = await registerPerson("eu");
    const sid = (token: string) =>
      z.looseObject({ sid: z.string() }).parse(JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")))).sid;
    const headers = { cookie: `sid=${sid(owner.accessToken)}`, "x-session-id": sid(owner.accessToken), ...bearer(owner) };
    const again = await send("POST", "/v1/sessions", { email: owner.email, password: owner.password }, headers);
    const { tokens } = z.looseObject({ tokens: z.looseObject({ accessToken: z.string() }) }).parse(await again.json());
    expect(sid(tokens.accessToken)).not.toBe(sid(owner.accessToken));
    expect((await send("POST", "/v1/sessions", { email: owner.email, password: owner.password, sid: "x" })).status).toBe(422);
  });

  test.each(["POST /v1/sessions", "POST /v1/password-resets"])(
    "%s says the same of an address that has an account and one that has none",
    async (call) => {
      const owner = await registerPerson("eu");
      const path = call.split(" ")[1] ?? "";
      const body = (email: string) => (path.endsWith("sessions") ? { email, password: "not-the-password" } : { email });
      const shown = async (email: string) => {
        const response = await send("POST", path, body(email));
        const { instance: _instance, ...rest } = z.looseObject({}).parse(await response.json());
        return { status: response.status, rest, headers: [...response.headers.keys()].toSorted() };
      };
      expect(await shown(owner.email)).toEqual(await shown(freshEmail()));
    },
  );
});
