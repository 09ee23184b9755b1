import { describe, expect, it } from "vitest";
import { hostsOf, limitsOf, type VendorConfiguration } from "./access";
import { DEXCOM_VENDOR } from "./dexcom/descriptor";
import { SUUNTO_VENDOR } from "./suunto/descriptor";

const environment = (region: string | undefined, bases = ""): VendorConfiguration => ({
  RESIDENCY: bases === "" ? "on" : "off",
  VENDOR_CREDENTIALS: JSON.stringify({
    dexcom: { clientId: "c", clientSecret: "s", hookSecret: "a-secret-of-the-path", ...(region === undefined ? {} : { region }) },
  }),
  VENDOR_BASES: bases,
  GOOGLE_AUTH_BASE: "",
  GOOGLE_TOKEN_BASE: "",
  GOOGLE_HEALTH_BASE: "",
  GOOGLE_CLIENT_ID: "",
  GOOGLE_CLIENT_SECRET: "",
  GOOGLE_WEBHOOK_SECRET: "",
});

describe("hosts of a vendor", () => {
  it.each([
    [undefined, "https://api.dexcom.com"],
    ["eu", "https://api.dexcom.eu"],
    ["jp", "https://api.dexcom.jp"],
    ["sandbox", "https://sandbox-api.dexcom.com"],
    ["mars", "https://api.dexcom.com"],
  ])("are those of the account's region %s", (region, host) => {
    expect(hostsOf(environment(region), DEXCOM_VENDOR)).toEqual({ authorize: host, token: host, api: host });
  });

  it("are a stand-in in local runs alone", () => {
    const bases = JSON.stringify({ dexcom: "http://127.0.0.1:1/dexcom" });
    expect(hostsOf(environment("eu", bases), DEXCOM_VENDOR).api).toBe("http://127.0.0.1:1/dexcom");
    expect(hostsOf({ ...environment("eu", bases), RESIDENCY: "on" }, DEXCOM_VENDOR).api).toBe("https://api.dexcom.eu");
  });
});

describe("limits of a vendor", () => {
  const of = (callsPerMinute: string): VendorConfiguration => ({
    ...environment(undefined),
    VENDOR_CREDENTIALS: JSON.stringify({
      suunto: { clientId: "c", clientSecret: "s", hookSecret: "a-secret-of-the-path", callsPerMinute },
    }),
  });

  it.each([
    ["120", 120],
    ["0", 10],
    ["1e9", 10],
    ["-5", 10],
    ["many", 10],
  ])("are what the account's subscription allows: %s", (text, n) => {
    expect(limitsOf(of(text), SUUNTO_VENDOR)).toEqual([{ scope: "app", n, windowS: 60, align: false }]);
  });

  it("are the vendor's where the account says nothing", () => {
    expect(limitsOf(environment(undefined), DEXCOM_VENDOR)).toEqual(DEXCOM_VENDOR.limits);
  });
});
