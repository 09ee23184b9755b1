import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { registerPerson, send } from "../../test/people";
import { DAY_MS } from "../../shared/clock";
import { regionalKeys } from "../../shared/crypto/keys";
import { sealRefreshToken } from "../../shared/crypto/refresh-token";
import { newId, parseId, regionOf, type SessionId } from "../../shared/id";
import { regional } from "../regional";

const answerSchema = z.object({ tokens: z.object({ accessToken: z.string(), refreshToken: z.string(), expiresIn: z.literal(300) }) });
const refresh = async (refreshToken: string): Promise<Response> => await send("POST", "/v1/sessions/refresh", { refreshToken });

async function refreshed(refreshToken: string): Promise<z.infer<typeof answerSchema>["tokens"]> {
  const response = await refresh(refreshToken);
  expect(response.status).toBe(200);
  return answerSchema.parse(await response.json()).tokens;
}

async function refusal(refreshToken: string): Promise<unknown> {
  const response = await refresh(refreshToken);
  expect(response.status).toBe(401);
  return (await response.json<{ code: string }>()).code;
}

function sessionOf(refreshToken: string): SessionId {
  const [, region = "", rest = ""] = refreshToken.split("_");
  const session = parseId("session", `ses_${region}_${rest.split(".")[0] ?? ""}`);
  if (session === undefined) throw new TypeError("not a refresh token");
  return session;
}

const rowOf = async (session: SessionId) =>
  await regional(env, regionOf(session)).records.prepare("select * from sessions where id = ?").bind(session).first();

/** Moves the clock of the app. Only the date: nothing waits. */
function travel(ms: number): void {
  vi.useFakeTimers({ now: Date.now() + ms, toFake: ["Date"] });
}

afterEach(() => {
  vi.useRealTimers();
});

describe("refreshing", () => {
  it("exchanges a token for the next pair, which works", async () => {
    const { refreshToken } = await registerPerson("us");
    const next = await refreshed(refreshToken);
    expect(next.refreshToken).toContain(".1.");
    const response = await send("GET", "/v1/me", undefined, { authorization: `Bearer ${next.accessToken}` });
    expect(response.status).toBe(200);
    expect((await refreshed(next.refreshToken)).refreshToken).toContain(".2.");
  });

  it("gives 20 parallel calls one successor and no error", async () => {
    const { refreshToken } = await registerPerson();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refreshed(refreshToken)));
    expect(new Set(answers.map((tokens) => tokens.refreshToken)).size).toBe(1);
    expect(await rowOf(sessionOf(refreshToken))).toMatchObject({ n: 1, revoked_at: null });
  });

  it("gives the same successor again within ten seconds", async () => {
    const { refreshToken } = await registerPerson();
    const first = await refreshed(refreshToken);
    travel(9_000);
    expect((await refreshed(refreshToken)).refreshToken).toBe(first.refreshToken);
    await refreshed(first.refreshToken);
  });

  it("ends the session when a token comes back later", async () => {
    const { refreshToken, fetch } = await registerPerson();
    const next = await refreshed(refreshToken);
    travel(11_000);
    expect(await refusal(refreshToken)).toBe("session_ended");
    expect(await refusal(next.refreshToken)).toBe("session_ended");
    expect((await fetch("/v1/me")).status).toBe(401);
    expect(await rowOf(sessionOf(refreshToken))).toMatchObject({ revoked_reason: "refresh_replayed" });
  });

  it("ends the session when a token comes back that is two behind, within ten seconds too", async () => {
    const { refreshToken } = await registerPerson();
    const last = await refreshed((await refreshed(refreshToken)).refreshToken);
    expect(await refusal(refreshToken)).toBe("session_ended");
    expect(await refusal(last.refreshToken)).toBe("session_ended");
  });

  it("touches nothing for a forged MAC, a foreign region or a wrong counter", async () => {
    const { refreshToken } = await registerPerson("eu");
    const before = await rowOf(sessionOf(refreshToken));
    const forged = [
      `${refreshToken.slice(0, -1)}${refreshToken.endsWith("A") ? "E" : "A"}`,
      refreshToken.replace("rt_eu_", "rt_us_"),
      refreshToken.replace(".0.", ".1."),
      await sealRefreshToken(regionalKeys(env.KEYS_US), sessionOf(refreshToken), 0),
      refreshToken.split(".").slice(0, 2).join("."),
    ];
    for (const text of forged) expect(await refusal(text)).toBe("unauthenticated");
    expect(await rowOf(sessionOf(refreshToken))).toEqual(before);
  });

  it("refuses genuine tokens of sessions that are unknown, or ahead of the records, and ends nothing", async () => {
    const keys = regionalKeys(env.KEYS_EU);
    expect(await refusal(await sealRefreshToken(keys, newId("session", "eu", Date.now()), 0))).toBe("session_ended");
    const { refreshToken } = await registerPerson();
    expect(await refusal(await sealRefreshToken(keys, sessionOf(refreshToken), 5))).toBe("session_ended");
    await refreshed(refreshToken);
  });

  it("does not take an access token", async () => {
    const { accessToken } = await registerPerson();
    expect((await refresh(accessToken)).status).not.toBe(200);
  });

  it("ends after 14 days without use", async () => {
    const { refreshToken } = await registerPerson();
    travel(14 * DAY_MS + 1_000);
    expect(await refusal(refreshToken)).toBe("session_ended");
  });

  it("ends 90 days after the sign-in, however often it was used", async () => {
    let { refreshToken } = await registerPerson();
    for (let i = 0; i < 6; i++) {
      travel(13 * DAY_MS);
      ({ refreshToken } = await refreshed(refreshToken));
    }
    travel(11 * DAY_MS);
    ({ refreshToken } = await refreshed(refreshToken));
    travel(1.1 * DAY_MS);
    expect(await refusal(refreshToken)).toBe("session_ended");
  });

  it.each([{}, { refreshToken: 1 }, { refreshToken: "x".repeat(300) }, { refreshToken: "x", more: 1 }])(
    "refuses the body %j",
    async (body) => {
      expect((await send("POST", "/v1/sessions/refresh", body)).status).toBe(422);
    },
  );
});
