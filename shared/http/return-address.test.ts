import { describe, expect, test } from "vitest";
import { isAllowedReturn } from "./return-address";

const env = {
  CORS_ORIGINS: "https://app.meridian.test http://localhost:5173",
  APP_RETURNS: "org.meridian.app:/signed-in javascript:alert(1)",
};

describe("a browser is sent back", () => {
  test.each([
    "https://app.meridian.test/done",
    "https://app.meridian.test/done?tab=1",
    "http://localhost:5173/",
    "org.meridian.app:/signed-in",
    "org.meridian.app:/signed-in?flow=1",
  ])("to %s", (address) => expect(isAllowedReturn(env, address)).toBe(true));

  test.each([
    "https://evil.test/",
    "https://app.meridian.test.evil.test/",
    "https://app.meridian.test@evil.test/",
    "https://user:secret@app.meridian.test/",
    "http://app.meridian.test/",
    "https://app.meridian.test:444/",
    "https://app.meridian.test/#fragment",
    "org.meridian.app:/signed-in/other",
    "org.meridian.app:/signed-in#fragment",
    "org.evil.app:/signed-in",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.test",
    "",
  ])("never to %j", (address) => expect(isAllowedReturn(env, address)).toBe(false));

  test("nowhere where nothing is allowed", () => {
    expect(isAllowedReturn({ CORS_ORIGINS: "", APP_RETURNS: "" }, "https://app.meridian.test/")).toBe(false);
  });
});
