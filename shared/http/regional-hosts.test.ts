import { expect, test } from "vitest";
import { regionalHosts, regionOfHost } from "./regional-hosts";

test("no setting means that every host serves every region", () => {
  expect(regionalHosts("")).toEqual({});
  expect(regionalHosts(undefined)).toEqual({});
  expect(regionOfHost({}, "api.meridian.health")).toBeUndefined();
});

test("a host serves the region it is listed for", () => {
  const hosts = regionalHosts('{"eu":"eu.api.test","us":"us.api.test"}');
  expect(regionOfHost(hosts, "us.api.test")).toBe("us");
  expect(regionOfHost(hosts, "api.test")).toBeUndefined();
});

test("a malformed setting is an error, not an open door", () => {
  expect(() => regionalHosts('{"mars":"x"}')).toThrow();
  expect(() => regionalHosts("eu.api.test")).toThrow();
});
