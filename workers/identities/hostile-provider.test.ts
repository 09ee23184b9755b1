import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SignJWT } from "jose";
import * as z from "zod";
import { toBase64Url } from "../../shared/crypto/base64url";
import { freshEmail, send } from "../../test/people";
import { agree, beginAt } from "../../test/provider-client";
import { answerProviders, type Bent, FakeProvider } from "../../test/vendors/fake-provider";

let google: FakeProvider;
beforeEach(() => {
  google = new FakeProvider("google");
  answerProviders([google]);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const encode = (value: unknown) => toBase64Url(new TextEncoder().encode(JSON.stringify(value)));
const seconds = () => Math.floor(Date.now() / 1000);
const withHeader = (change: Record<string, unknown>, signature?: string) => (genuine: string) => {
  const [, payload = "", kept = ""] = genuine.split(".");
  return `${encode({ alg: "RS256", kid: "google-1", ...change })}.${payload}.${signature ?? kept}`;
};

/** Signs in with whatever the provider has been bent to answer. */
async function attempt(bent: Bent): Promise<readonly [status: number, code: string | undefined]> {
  google.bent = bent;
  const flow = await beginAt("/v1/sessions/providers/google");
  const who = { sub: crypto.randomUUID(), email: freshEmail(), email_verified: true };
  const response = await send("POST", "/v1/sessions/providers", { handoff: await agree(google, flow, who), verifier: flow.verifier });
  return [response.status, z.object({ code: z.string().optional() }).parse(await response.json()).code];
}

describe("an id token", () => {
  it("that is genuine passes", async () => {
    expect(await attempt({})).toEqual([200, undefined]);
    expect(await attempt({ claims: { azp: "meridian-google", aud: ["meridian-google"] } })).toEqual([200, undefined]);
  });

  const forgeries: readonly (readonly [what: string, bent: Bent])[] = [
    ["is signed with a key that the provider does not publish", { forged: true }],
    ["says alg none", { idToken: withHeader({ alg: "none" }, "") }],
    ["says alg none and keeps its signature", { idToken: withHeader({ alg: "none" }) }],
    ["says alg NoNe", { idToken: withHeader({ alg: "NoNe" }, "") }],
    [
      "is signed with our own secret (HS256)",
      {
        idToken: async (genuine) =>
          await new SignJWT(
            z
              .record(z.string(), z.unknown())
              .parse(JSON.parse(atob((genuine.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")))),
          )
            .setProtectedHeader({ alg: "HS256", kid: "google-1" })
            .sign(new TextEncoder().encode(env.GOOGLE_SIGN_IN_SECRET ?? "")),
      },
    ],
    ["has lost its signature", { idToken: (genuine) => `${genuine.split(".").slice(0, 2).join(".")}.` }],
    [
      "was changed after signing",
      { idToken: (genuine) => genuine.replace(/\.[^.]+\./, `.${encode({ sub: "victim", iss: "https://accounts.google.com" })}.`) },
    ],
    ["names another issuer", { claims: { iss: "https://evil.test" } }],
    ["names no issuer", { claims: { iss: undefined } }],
    ["is for another client", { claims: { aud: "somebody-else" } }],
    [
      "is for us and another client, who is the authorised party",
      { claims: { aud: ["meridian-google", "somebody-else"], azp: "somebody-else" } },
    ],
    ["names another authorised party", { claims: { azp: "somebody-else" } }],
    ["carries another nonce", { claims: { nonce: "another" } }],
    ["carries no nonce", { claims: { nonce: undefined } }],
    ["has expired", { claims: { iat: seconds() - 7_200, exp: seconds() - 3_600 } }],
    ["never expires", { claims: { exp: undefined } }],
    ["names nobody", { claims: { sub: undefined } }],
    ["names an empty subject", { claims: { sub: "" } }],
    ["names a subject that is no text", { claims: { sub: 7 } }],
    ["names a key that nobody knows", { header: { kid: "unheard-of" } }],
    ["has a critical header", { idToken: withHeader({ crit: ["x"], x: 1 }) }],
    ["is none", { idToken: () => "not.a.token" }],
  ];
  it.each(forgeries)("that %s is refused, and nobody is signed in or registered", async (_what, bent) => {
    expect(await attempt(bent)).toEqual([401, "invalid_credentials"]);
  });
});

describe("a provider that does not answer", () => {
  const faults: readonly (readonly [what: string, bent: Bent])[] = [
    ["is down", { answer: () => new Response("no", { status: 503 }) }],
    ["wants us to wait", { answer: () => new Response("{}", { status: 429 }) }],
    ["sends us elsewhere", { answer: () => new Response(null, { status: 302, headers: { location: "https://evil.test/token" } }) }],
    [
      "takes too long",
      {
        answer: () => {
          throw new DOMException("timed out", "TimeoutError");
        },
      },
    ],
    [
      "breaks off",
      {
        answer: () => {
          throw new TypeError("connection lost");
        },
      },
    ],
    ["answers with a page", { answer: () => new Response("<html>", { headers: { "content-type": "text/html" } }) }],
    ["answers without end", { answer: () => new Response("x".repeat(300_000), { headers: { "content-type": "application/json" } }) }],
    ["does not know us", { answer: () => Response.json({ error: "invalid_client" }, { status: 401 }) }],
  ];
  it.each(faults)("because it %s fails clearly", async (_what, bent) => {
    expect(await attempt(bent)).toEqual([502, "vendor_failed"]);
    expect(google.exchanges).toHaveLength(1);
  });

  it.each([
    ["refuses the code", () => Response.json({ error: "invalid_grant" }, { status: 400 })],
    ["forgets the id token", () => Response.json({ access_token: "a", token_type: "Bearer" })],
  ])("because it %s signs nobody in", async (_what, answer) => {
    expect(await attempt({ answer })).toEqual([401, "invalid_credentials"]);
  });
});

describe("the provider's keys", () => {
  /** The isolate keeps a set for ten minutes: each test begins an hour after the one before. */
  let hours = 0;
  const anotherHour = () => vi.useFakeTimers({ now: Date.now() + ++hours * 3_600_000, toFake: ["Date"] });

  it("are read once and kept, and an unknown key has them read again at most every 30 seconds", async () => {
    anotherHour();
    expect(await attempt({})).toEqual([200, undefined]);
    expect(await attempt({})).toEqual([200, undefined]);
    expect(google.keyReads).toBe(1);
    const start = Date.now();
    for (const ms of [1_000, 5_000, 29_000]) {
      vi.setSystemTime(start + ms);
      expect(await attempt({ header: { kid: "unheard-of" } })).toEqual([401, "invalid_credentials"]);
    }
    expect(google.keyReads).toBe(1);
    vi.setSystemTime(start + 31_000);
    expect(await attempt({ header: { kid: "unheard-of" } })).toEqual([401, "invalid_credentials"]);
    expect(await attempt({ header: { kid: "unheard-of" } })).toEqual([401, "invalid_credentials"]);
    expect(google.keyReads).toBe(2);
  });

  it.each([
    ["are down", () => new Response("no", { status: 500 })],
    ["are without end", () => new Response("x".repeat(300_000))],
    ["are none", () => Response.json({ keys: "none" })],
  ])("verify nothing while they %s", async (_what, keysAnswer) => {
    anotherHour();
    google.keysAnswer = keysAnswer;
    expect(await attempt({})).toEqual([502, "vendor_failed"]);
    google.keysAnswer = undefined;
    expect(await attempt({})).toEqual([200, undefined]);
  });
});
