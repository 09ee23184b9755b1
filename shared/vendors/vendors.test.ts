import { describe, expect, it } from "vitest";
import { metric } from "../health/catalogue";
import { GOOGLE_HEALTH_VENDOR } from "./google-health/descriptor";
import type { LiveVendor } from "./vendor";
import { liveVendor, VENDORS } from "./vendors";

const LIVE = VENDORS.filter((vendor): vendor is LiveVendor => vendor.status !== "dead");

describe("vendors", () => {
  it("lists live vendors before retired ones, each once", () => {
    const dead = VENDORS.map(({ status }) => status === "dead");
    expect(dead).toEqual(dead.toSorted((a, b) => Number(a) - Number(b)));
    expect(VENDORS.filter(({ status }) => status === "dead").map(({ id }) => id)).toEqual(["fitbit", "google-fit"]);
    expect(new Set(VENDORS.map(({ id }) => id)).size).toBe(VENDORS.length);
    expect(new Set(LIVE.map(({ source }) => source)).size).toBe(LIVE.length);
  });

  it.each(["fitbit", "google-fit"])("answers %s with where to go instead", (id) => {
    expect(() => liveVendor(id)).toThrow(
      expect.objectContaining({ code: "vendor_retired", status: 410, detail: expect.stringContaining("google-health") }),
    );
  });

  it("does not know other vendors", () => expect(() => liveVendor("constructor")).toThrow(expect.objectContaining({ code: "not_found" })));
});

describe.each(LIVE.map((vendor) => [vendor.id, vendor] as const))("%s", (id, vendor) => {
  const module = liveVendor(id);

  it("names its readings after its id", () => expect(vendor.source).toBe(id.replaceAll("-", "_")));

  it("has an area to ask for behind every resource, and a use for every area", () => {
    const used = new Set(Object.values(vendor.resources).flatMap(({ areas }) => areas));
    expect([...used].filter((name) => !Object.hasOwn(vendor.areas, name))).toEqual([]);
    expect(Object.keys(vendor.areas).filter((name) => !used.has(name))).toEqual([]);
    expect(Object.values(vendor.areas).some(({ special }) => !special)).toBe(true);
  });

  it("announces metrics of the catalogue alone", () => {
    const names = Object.values(vendor.resources).flatMap(({ metrics }) => metrics);
    expect(names.filter((name) => !name.endsWith("*") && metric(name) === undefined)).toEqual([]);
  });

  it("asks for a page of every resource at a path of its own host", () => {
    const range = { from: Date.parse("2026-06-22T00:00:00Z"), to: Date.parse("2026-06-23T00:00:00Z") };
    for (const resource of Object.keys(vendor.resources))
      expect(new URL(module.pageRequest(resource, range, undefined).path, vendor.auth.hosts.api).origin).toBe(
        new URL(vendor.auth.hosts.api).origin,
      );
  });

  it("receives webhooks where its descriptor says so, and wants subscriptions for what it reads", () => {
    expect(module.hook !== undefined).toBe(vendor.webhook !== undefined);
    expect(new Set(module.subscriptions?.wanted).size).toBe(module.subscriptions?.wanted.length ?? 0);
    for (const { notified } of Object.values(vendor.resources)) expect(notified && vendor.webhook === undefined).toBe(false);
  });

  it("names where the person's id comes from", () => {
    const { userIdSource } = vendor.auth;
    expect(module.identityRequest !== undefined).toBe(userIdSource === "call" || userIdSource === "data_reply");
  });
});

describe("Google Health", () => {
  it("asks for scopes that only read", () => {
    for (const { scope } of Object.values(GOOGLE_HEALTH_VENDOR.areas))
      expect(scope).toMatch(/^https:\/\/www\.googleapis\.com\/auth\/googlehealth\.[a-z_]+\.readonly$/);
  });

  it("never asks a roll-up for more than Google allows", () => {
    const days = Object.entries(GOOGLE_HEALTH_VENDOR.resources)
      .filter(([, r]) => r.operation === "rollUp")
      .map(([type, r]) => [type, r.windowDays]);
    expect(Object.fromEntries(days)).toEqual({ "total-calories": 14, "active-minutes": 14, "sedentary-period": 90 });
  });
});
