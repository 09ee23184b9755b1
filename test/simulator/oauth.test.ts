import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ALL_SCOPES, api, authorizeQuery, authorizeWith, connect, control, exchangeForm, postToken } from "./flow.ts";
import { startSimulator } from "./simulator.ts";
import type { Simulator } from "./simulator.ts";

let simulator: Simulator;
let base: string;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, now: "2026-11-20T12:00:00Z", frozen: true });
  base = simulator.url;
});
afterAll(() => simulator.close());

describe("authorize", () => {
  it("consents by default and echoes the state", async () => {
    const back = await authorizeWith(base);
    expect(back.get("state")).toBe("state-1");
    expect(back.get("code")).toMatch(/^4\//);
    expect(back.get("scope")).toBe(ALL_SCOPES);
  });

  it.each<[string, Record<string, string | null>, string]>([
    ["a refusal", { sim_deny: "1" }, "access_denied"],
    ["another response type", { response_type: "token" }, "unsupported_response_type"],
    ["an unknown scope", { scope: "https://www.googleapis.com/auth/googlehealth.everything" }, "invalid_scope"],
    ["no scope", { scope: null }, "invalid_request"],
    ["no state", { state: null }, "invalid_request"],
    ["a plain challenge", { code_challenge_method: "plain" }, "invalid_request"],
    ["a malformed challenge", { code_challenge: "short" }, "invalid_request"],
  ])("sends back an error for %s", async (_, overrides, error) => {
    const back = await authorizeWith(base, overrides);
    expect(back.get("error")).toBe(error);
    expect(back.get("code")).toBeNull();
  });

  it.each<[string, Record<string, string>, number]>([
    ["an unknown client", { client_id: "other" }, 401],
    ["a foreign redirect", { redirect_uri: "https://evil.example/callback" }, 400],
    ["a redirect that only looks local", { redirect_uri: "http://127.0.0.1.evil.example/" }, 400],
  ])("does not redirect for %s", async (_, overrides, status) => {
    const response = await fetch(`${base}/o/oauth2/v2/auth?${authorizeQuery(overrides).toString()}`, { redirect: "manual" });
    expect(response.status).toBe(status);
    expect(response.headers.get("location")).toBeNull();
  });

  it("shows a browser the consent page, and escapes what it shows", async () => {
    const query = authorizeQuery({ login_hint: "<script>x" });
    const response = await fetch(`${base}/o/oauth2/v2/auth?${query.toString()}`, {
      redirect: "manual",
      headers: { accept: "text/html,*/*" },
    });
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(html).toContain("Allow");
    expect(html).not.toContain("<script>x");
    query.set("sim_auto", "1");
    const auto = await fetch(`${base}/o/oauth2/v2/auth?${query.toString()}`, { redirect: "manual", headers: { accept: "text/html" } });
    expect(auto.status).toBe(302);
  });
});

describe("token", () => {
  it("exchanges a code and refreshes with a stable refresh token", async () => {
    const tokens = await connect(base, "refresher");
    expect(tokens.expires_in).toBe(3600);
    const refreshToken = tokens.refresh_token ?? "";
    for (let i = 0; i < 2; i += 1) {
      const { status, body } = await postToken(base, { grant_type: "refresh_token", refresh_token: refreshToken });
      expect(status).toBe(200);
      expect(body["refresh_token"]).toBeUndefined();
      expect((await api(base, String(body["access_token"]), "identity")).status).toBe(200);
    }
  });

  it("gives a refresh token only on the first consent or when asked to consent again", async () => {
    expect((await connect(base, "again", { prompt: null })).refresh_token).toBeDefined();
    expect((await connect(base, "again", { prompt: null })).refresh_token).toBeUndefined();
    expect((await connect(base, "again")).refresh_token).toBeDefined();
    expect((await connect(base, "online", { access_type: "online" })).refresh_token).toBeUndefined();
  });

  it("spends a code once", async () => {
    const code = (await authorizeWith(base)).get("code") ?? "";
    expect((await postToken(base, exchangeForm(code))).status).toBe(200);
    const second = await postToken(base, exchangeForm(code));
    expect(second.status).toBe(400);
    expect(second.body["error"]).toBe("invalid_grant");
  });

  it.each<[string, Record<string, string>, number, string]>([
    ["a wrong verifier", { code_verifier: "wrong" }, 400, "invalid_grant"],
    ["no verifier", { code_verifier: "" }, 400, "invalid_grant"],
    ["another redirect", { redirect_uri: "http://127.0.0.1:1/" }, 400, "redirect_uri_mismatch"],
    ["an unknown code", { code: "4/none" }, 400, "invalid_grant"],
    ["a wrong secret", { client_secret: "wrong" }, 401, "invalid_client"],
    ["an unknown client", { client_id: "other" }, 401, "invalid_client"],
    ["another grant type", { grant_type: "password" }, 400, "unsupported_grant_type"],
  ])("refuses %s", async (_, overrides, status, error) => {
    const code = (await authorizeWith(base)).get("code") ?? "";
    const answer = await postToken(base, { ...exchangeForm(code), ...overrides });
    expect(answer.status).toBe(status);
    expect(answer.body["error"]).toBe(error);
  });

  it("lets a code die after 60 s and an access token after its life", async () => {
    const code = (await authorizeWith(base)).get("code") ?? "";
    await control(base, "clock", { advanceSeconds: 60 });
    expect((await postToken(base, exchangeForm(code))).body["error"]).toBe("invalid_grant");
    const { access_token: access } = await connect(base);
    await control(base, "clock", { advanceSeconds: 3599 });
    expect((await api(base, access, "identity")).status).toBe(200);
    await control(base, "clock", { advanceSeconds: 1 });
    expect((await api(base, access, "identity")).status).toBe(401);
  });

  it("refuses forged and foreign tokens", async () => {
    const { access_token: access, refresh_token: refresh } = await connect(base, "forged");
    const forged = access.slice(0, -2) + (access.endsWith("AA") ? "BB" : "AA");
    expect((await api(base, forged, "identity")).status).toBe(401);
    expect((await api(base, refresh ?? "", "identity")).status).toBe(401);
    expect((await postToken(base, { grant_type: "refresh_token", refresh_token: access })).body["error"]).toBe("invalid_grant");
  });

  it("keeps tokens valid over a restart with the same seed", async () => {
    const { access_token: access } = await connect(base, "restart");
    const other = await startSimulator({ port: 0, now: "2026-11-20T12:00:00Z", frozen: true });
    expect((await api(other.url, access, "identity")).status).toBe(200);
    await other.close();
  });
});

describe("revocation", () => {
  it("kills access and refresh tokens of the grant at once", async () => {
    const { access_token: access, refresh_token: refresh = "" } = await connect(base, "leaver");
    const revoked = await fetch(`${base}/revoke`, { method: "POST", body: new URLSearchParams({ token: refresh }) });
    expect(revoked.status).toBe(200);
    expect((await api(base, access, "identity")).status).toBe(401);
    expect((await postToken(base, { grant_type: "refresh_token", refresh_token: refresh })).body["error"]).toBe("invalid_grant");
    const twice = await fetch(`${base}/revoke`, { method: "POST", body: new URLSearchParams({ token: refresh }) });
    expect(twice.status).toBe(400);
    expect((await api(base, (await connect(base, "leaver")).access_token, "identity")).status).toBe(200);
  });

  it("can come from the vendor's side, as can an early expiry", async () => {
    const first = await connect(base, "ended");
    await control(base, "expire", { person: "ended" });
    expect((await api(base, first.access_token, "identity")).status).toBe(401);
    const renewed = await postToken(base, { grant_type: "refresh_token", refresh_token: first.refresh_token ?? "" });
    expect((await api(base, String(renewed.body["access_token"]), "identity")).status).toBe(200);
    await control(base, "revoke", { person: "ended" });
    expect((await postToken(base, { grant_type: "refresh_token", refresh_token: first.refresh_token ?? "" })).body["error"]).toBe(
      "invalid_grant",
    );
  });
});
