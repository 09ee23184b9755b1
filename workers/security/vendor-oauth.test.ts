import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { fetchApp, registerPerson, type RegisteredPerson } from "../../test/people";
import { answerFetch, FakeGoogle } from "../../test/vendors/fake-google";

/** Meridian as a client of vendors: state, PKCE and the way back cannot be bent. */
let person: RegisteredPerson;
let google: FakeGoogle;
beforeAll(async () => {
  person = await registerPerson("eu");
});
beforeEach(() => {
  google = new FakeGoogle();
  google.scope = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";
  answerFetch(google);
});
afterEach(() => vi.restoreAllMocks());

const begunSchema = z.object({ authorizeUrl: z.string(), connection: z.string(), expiresAt: z.string() });
const begin = async (who = person, query = "") =>
  begunSchema.parse(await (await who.fetch(`/v1/integrations/google-health/authorize${query}`)).json());
const stateOf = (url: string) => new URL(url).searchParams.get("state") ?? "";
const callback = async (query: string, headers: Record<string, string> = {}) =>
  await fetchApp(`/v1/integrations/google-health/callback?${query}`, { headers, redirect: "manual" });
const exchanges = () => google.calls.filter(({ form }) => form.get("grant_type") === "authorization_code");

describe("the way back", () => {
  test.each([
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https:/\\evil.example",
    "https://evil.example",
    "https://evil.example/https://app.meridian.test",
    "https://evil.example?https://app.meridian.test",
    "https://evil.example#https://app.meridian.test",
    "https://app.meridian.test@evil.example/",
    "https://app.meridian.test:pass@evil.example/",
    "https://app.meridian.test%40evil.example/",
    "https://app.meridian.test.evil.example/",
    "https://app.meridian.testevil.example/",
    "https://evilapp.meridian.test/",
    "https://sub.app.meridian.test/",
    "https://app.meridian.test:444/",
    "https://user:pass@app.meridian.test/",
    "https://app.meridian.test\u3002evil.example/",
    "https://app\u3002evil.example/",
    "https://app.meridian.test\u0000.evil.example/",
    "http://app.meridian.test/",
    "HTTP://app.meridian.test/",
    "javascript:alert(1)//https://app.meridian.test",
    "javascript://app.meridian.test/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "blob:https://app.meridian.test/x",
    "filesystem:https://app.meridian.test/x",
    "file:///etc/passwd",
    "about:blank",
    "intent://app.meridian.test#Intent;scheme=https;end",
    "ws://app.meridian.test/",
    "",
    "/relative",
    " https://evil.example",
    "\thttps://evil.example",
  ])("to %j is not taken", async (returnTo) => {
    const response = await person.fetch(`/v1/integrations/google-health/authorize?returnTo=${encodeURIComponent(returnTo)}`);
    expect(response.status).toBe(422);
  });

  test.each([
    "https://app.meridian.test/done",
    "https://APP.meridian.test/done",
    "https://app.meridian.test:443/done",
    "https://app.meridian.test/a/../done",
    "https://app.meridian.test\\@evil.example/",
  ])("to %s leads to the allowed origin, and there alone", async (returnTo) => {
    const { authorizeUrl } = await begin(person, `?returnTo=${encodeURIComponent(returnTo)}`);
    const back = await callback(new URLSearchParams({ state: stateOf(authorizeUrl), error: "access_denied" }).toString());
    expect(back.status).toBe(302);
    expect(new URL(back.headers.get("location") ?? "").origin).toBe("https://app.meridian.test");
  });

  test("given at the end instead of the beginning is not taken", async () => {
    const { authorizeUrl } = await begin();
    const back = await callback(`state=${encodeURIComponent(stateOf(authorizeUrl))}&error=access_denied&returnTo=https://evil.example/`);
    expect(back.headers.get("location") ?? "").not.toContain("evil");
  });

  test("tells the other page nothing but the outcome", async () => {
    const { authorizeUrl } = await begin(person, "?returnTo=https://app.meridian.test/done");
    const back = await callback(new URLSearchParams({ state: stateOf(authorizeUrl), code: "secret-code" }).toString());
    const location = back.headers.get("location") ?? "";
    expect([...new URL(location).searchParams.keys()].toSorted()).toEqual(["connection", "status"]);
    expect(location).not.toContain("secret-code");
    expect(back.headers.get("referrer-policy")).toBe("no-referrer");
  });
});

describe("the state", () => {
  test("connects the account of whoever began, whoever brings it back", async () => {
    const victim = await registerPerson("us");
    const { authorizeUrl } = await begin();
    const response = await callback(new URLSearchParams({ state: stateOf(authorizeUrl), code: "c" }).toString(), {
      authorization: `Bearer ${victim.accessToken}`,
    });
    expect(response.status).toBe(200);
    expect(await (await victim.fetch("/v1/integrations/vendors")).json()).toMatchObject({ items: [] });
  });

  test.each<[string, (state: string) => string]>([
    ["of another region", (state) => state.replace(/^eu\./, "us.")],
    ["of no region", (state) => state.replace(/^eu\./, "mars.")],
    ["with one character changed", (state) => `${state.slice(0, -1)}${state.endsWith("A") ? "B" : "A"}`],
    ["cut short", (state) => state.slice(0, -1)],
    ["with a tail", (state) => `${state}A`],
    ["in upper case", (state) => state.toUpperCase()],
    ["of `__proto__`", () => "__proto__.x"],
    ["that is empty", () => ""],
    ["that is a wildcard", () => "eu.%"],
    ["that is endless", () => `eu.${"a".repeat(5_000)}`],
  ])("%s connects nobody", async (_what, change) => {
    const { authorizeUrl } = await begin();
    const response = await callback(new URLSearchParams({ state: change(stateOf(authorizeUrl)), code: "c" }).toString());
    expect([400, 410, 422]).toContain(response.status);
    expect(exchanges()).toHaveLength(0);
  });

  test("named twice is refused, or the first is what counts", async () => {
    const [mine, other] = [await begin(), await begin(await registerPerson("us"))];
    const query = `state=${encodeURIComponent(stateOf(mine.authorizeUrl))}&state=${encodeURIComponent(stateOf(other.authorizeUrl))}&code=c`;
    const response = await callback(query);
    expect([200, 400, 422]).toContain(response.status);
    if (response.status === 200) expect(await response.json()).toMatchObject({ connection: expect.stringMatching(/^con_eu_/) });
  });

  test("is no use a second time, even after the vendor refused", async () => {
    const state = stateOf((await begin()).authorizeUrl);
    expect((await callback(new URLSearchParams({ state, error: "server_error" }).toString())).status).toBe(403);
    for (const outcome of ["code=c", "error=access_denied"])
      expect((await callback(`state=${encodeURIComponent(state)}&${outcome}`)).status).toBe(410);
  });
});

describe("PKCE", () => {
  test("is asked for with S256, and the verifier is in no URL", async () => {
    const { authorizeUrl } = await begin();
    const asked = new URL(authorizeUrl).searchParams;
    expect(asked.get("code_challenge_method")).toBe("S256");
    expect(asked.get("code_challenge")).toMatch(/^[\w-]{43}$/);
    expect(asked.get("code_verifier")).toBeNull();
    expect(asked.get("response_type")).toBe("code");
  });

  test.each(["code_challenge=x", "code_challenge_method=plain", "code_verifier=x"])("cannot be weakened by %s", async (query) => {
    const response = await person.fetch(`/v1/integrations/google-health/authorize?${query}`);
    expect(response.status).toBe(422);
  });

  test("the exchange carries the verifier of the challenge", async () => {
    const { authorizeUrl } = await begin();
    expect((await callback(new URLSearchParams({ state: stateOf(authorizeUrl), code: "c" }).toString())).status).toBe(200);
    const verifier = exchanges()[0]?.form.get("code_verifier") ?? "";
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    const challenge = btoa(String.fromCharCode(...new Uint8Array(digest)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
    expect(challenge).toBe(new URL(authorizeUrl).searchParams.get("code_challenge"));
  });

  test("two beginnings share neither state nor challenge", async () => {
    const [one, other] = [new URL((await begin()).authorizeUrl), new URL((await begin()).authorizeUrl)];
    for (const name of ["state", "code_challenge"]) expect(one.searchParams.get(name)).not.toBe(other.searchParams.get(name));
  });

  test.each(["redirect_uri", "client_id", "scope"])("%s is ours, whatever the caller sends", async (name) => {
    expect((await person.fetch(`/v1/integrations/google-health/authorize?${name}=https://evil.example/`)).status).toBe(422);
  });
});

test.each(["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "access_denied\r\nx: y"])(
  "an error of the vendor that says %j is not repeated in the page",
  async (error) => {
    const { authorizeUrl } = await begin();
    const page = await callback(new URLSearchParams({ state: stateOf(authorizeUrl), error }).toString(), { accept: "text/html" });
    const text = await page.text();
    expect(text).not.toContain("<script>alert");
    expect(text).not.toContain("onerror");
    expect(page.headers.get("x")).toBeNull();
  },
);
