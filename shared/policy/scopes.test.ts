import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCoveredBy } from "../fhir/client-scopes";
import { CLIENT_SCOPES, grantedScopes, meaningOf, scopesIn } from "./scopes";
import { CATEGORIES, SPECIAL } from "./vocabulary";

describe("scopes of machine clients", () => {
  test("read, and name each category", () => {
    for (const category of CATEGORIES) expect(meaningOf([`read:${category}`])).toEqual([`read:${category}`]);
    expect(CLIENT_SCOPES.filter((scope) => !/^(?:read:|system\/)/.test(scope))).toEqual([]);
  });

  test("of SMART mean what is not special", () => {
    for (const scope of ["system/*.rs", "system/*.read", "system/Observation.rs", "system/Observation.read"])
      expect(meaningOf([scope])).toEqual(["read:*"]);
    for (const category of SPECIAL) expect(meaningOf(["read:*", "system/*.rs"])).not.toContain(`read:${category}`);
  });

  test("that nobody knows mean nothing", () => {
    for (const scope of ["me", "write:*", "system/*.cruds", "user/*.rs", "patient/*.rs", "openid", "__proto__", ""])
      expect(meaningOf([scope])).toEqual([]);
  });

  test("are granted as registered, all or none", () => {
    const registered = ["read:vitals", "read:sleep"];
    expect(grantedScopes(registered, undefined)).toEqual(registered);
    expect(grantedScopes(registered, "read:sleep read:sleep")).toEqual(["read:sleep"]);
    for (const asked of ["", "read:labs", "read:vitals read:labs", "read:vitals  read:sleep", "read:*"])
      expect(grantedScopes(registered, asked), asked).toBeUndefined();
    expect(grantedScopes([], undefined)).toBeUndefined();
    expect(grantedScopes(["me"], "me")).toBeUndefined();
  });
});

test("taking a scope away never grants or means more", () => {
  const some = fc.subarray([...CLIENT_SCOPES, "me", "write:*"]);
  fc.assert(
    fc.property(some, fc.option(some, { nil: undefined }), fc.nat(), (registered, asked, at) => {
      const text = asked?.join(" ");
      const granted = grantedScopes(registered, text) ?? [];
      expect(granted.every((scope) => isCoveredBy(registered, scope))).toBe(true);
      const less = registered.filter((_scope, i) => i !== at % Math.max(registered.length, 1));
      const grantedLess = grantedScopes(less, text) ?? [];
      for (const scope of meaningOf(grantedLess)) expect(meaningOf(registered)).toContain(scope);
      if (asked !== undefined) for (const scope of grantedLess) expect(granted).toContain(scope);
      expect(scopesIn(granted.join(" "))).toEqual(granted);
    }),
  );
});
