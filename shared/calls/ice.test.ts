import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { callsConfig } from "./config";
import { forBrowsers, relayCredential } from "./ice";

test("a credential for a relay is the one that coturn computes from the secret it shares", async () => {
  const { username, credential } = await relayCredential("north", 1_700_000_000, "guest");
  expect(username).toBe("1700000000:guest");
  expect(credential).toBe(createHmac("sha1", "north").update(username).digest("base64"));
});

test("port 53 is left out, since browsers wait for it in vain", () => {
  const urls = ["stun:a:3478", "turn:a:53?transport=udp", "turn:a:3478?transport=udp", "turns:a:443?transport=tcp"];
  expect(forBrowsers([{ urls }, { urls: ["stun:a:53"] }])).toEqual([{ urls: [urls[0], urls[2], urls[3]] }]);
});

test("what is not configured in whole is not there, and a stand-in counts on a developer's machine alone", () => {
  const none = callsConfig({ CALLS: "", RESIDENCY: "on" });
  expect([none.stun.length, none.relay, none.turnKey, none.sfu, none.base]).toEqual([
    1,
    undefined,
    undefined,
    undefined,
    "https://rtc.live.cloudflare.com",
  ]);
  const CALLS = JSON.stringify({ turn: ["turn:a"], turnKey: "k", sfuApp: "a", base: "http://127.0.0.1:1" });
  expect(callsConfig({ CALLS, RESIDENCY: "on" }).sfu).toBeUndefined();
  const CALLS_SECRETS = JSON.stringify({ turn: "s", turnKey: "t", sfuApp: "u" });
  expect(callsConfig({ CALLS, CALLS_SECRETS, RESIDENCY: "on" })).toMatchObject({
    relay: { secret: "s" },
    turnKey: { id: "k", token: "t" },
    base: "https://rtc.live.cloudflare.com",
  });
  expect(callsConfig({ CALLS, CALLS_SECRETS, RESIDENCY: "off" }).base).toBe("http://127.0.0.1:1");
});
