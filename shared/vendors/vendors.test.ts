import { describe, expect, it } from "vitest";
import { GOOGLE_HEALTH_VENDOR } from "./google-health/descriptor";
import { liveVendor, VENDORS } from "./vendors";

describe("vendors", () => {
  it("lists live vendors before retired ones, each once", () => {
    expect(VENDORS.map(({ id, status }) => [id, status])).toEqual([
      ["google-health", "ga"],
      ["fitbit", "dead"],
      ["google-fit", "dead"],
    ]);
  });

  it.each(["fitbit", "google-fit"])("answers %s with where to go instead", (id) => {
    expect(() => liveVendor(id)).toThrow(
      expect.objectContaining({ code: "vendor_retired", status: 410, detail: expect.stringContaining("google-health") }),
    );
  });

  it("does not know other vendors", () => expect(() => liveVendor("constructor")).toThrow(expect.objectContaining({ code: "not_found" })));

  it("names an area it can ask for in every resource", () => {
    for (const { areas } of Object.values(GOOGLE_HEALTH_VENDOR.resources)) {
      for (const area of areas)
        expect(GOOGLE_HEALTH_VENDOR.areas[area]?.scope).toMatch(/^https:\/\/www\.googleapis\.com\/auth\/googlehealth\.[a-z_]+\.readonly$/);
    }
  });

  it("never asks a roll-up for more than Google allows", () => {
    const days = Object.entries(GOOGLE_HEALTH_VENDOR.resources)
      .filter(([, r]) => r.operation === "rollUp")
      .map(([type, r]) => [type, r.windowDays]);
    expect(Object.fromEntries(days)).toEqual({ "total-calories": 14, "active-minutes": 14, "sedentary-period": 90 });
  });
});
