import fc from "fast-check";
import { expect, test } from "vitest";
import { newId } from "../id";
import { CATEGORIES, SHARED_ACTIONS } from "../policy/vocabulary";
import { consentFhirId, consentOfFhirId, consentResource, consentUpdatedAt, type ShownConsent } from "./consent";
import { indexEntries } from "./r4/index-entries";
import { validateResource } from "./r4/validate";

const DAY = 86_400_000;
const consent: ShownConsent = {
  id: newId("consent", "eu", 1_780_000_000_000),
  version: 2,
  owner: newId("person", "eu", 1_780_000_000_000),
  grantee: { kind: "organisation", id: "org_eu_b" },
  role: "clinician",
  categories: ["vitals", "labs"],
  actions: ["read", "advise"],
  purpose: "care",
  from: 10 * DAY,
  until: 20 * DAY,
  state: "active",
  givenAt: 9 * DAY,
  changedAt: 11 * DAY,
};

test("every consent is a valid Consent", () => {
  const consents = fc.record({
    grantee: fc.record({
      kind: fc.constantFrom("person", "organisation", "app", "programme"),
      id: fc.constantFrom("per_eu_a", "org_eu_b"),
    }),
    categories: fc.subarray([...CATEGORIES]),
    actions: fc.subarray([...SHARED_ACTIONS], { minLength: 1 }),
    purpose: fc.constantFrom("personal", "coaching", "care", "research"),
    until: fc.constantFrom(null, 20 * DAY),
    state: fc.constantFrom("active", "revoked"),
  } as const);
  fc.assert(
    fc.property(consents, fc.constantFrom(12 * DAY, 30 * DAY), (change, now) => {
      const issues = validateResource(consentResource({ ...consent, ...change }, now));
      expect(issues.filter(({ severity }) => severity === "error")).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("it is active until its end, and shown as another version from then on", () => {
  const before = consentResource(consent, 15 * DAY);
  const after = consentResource(consent, 20 * DAY);
  expect([before.status, after.status]).toEqual(["active", "inactive"]);
  expect(after.meta.versionId).not.toBe(before.meta.versionId);
  expect([consentUpdatedAt(consent, 15 * DAY), consentUpdatedAt(consent, 25 * DAY)]).toEqual([11 * DAY, 20 * DAY]);
  expect(consentResource({ ...consent, state: "revoked", version: 3 }, 15 * DAY)).toMatchObject({
    status: "inactive",
    meta: { versionId: "3" },
  });
});

test("it is found by whom it is for, what it allows, why and when", () => {
  const entries = indexEntries(consentResource(consent, 15 * DAY), "UTC");
  const found = (name: string) => entries.flatMap(({ param, value }) => (param === name ? [value] : []));
  expect(found("actor")).toMatchObject([{ type: "Organization", id: "org-eu-b", identifier: { value: "org_eu_b" } }]);
  expect(found("action").map((one) => ("code" in one ? one.code : ""))).toEqual(["access", "read", "advise"]);
  expect(found("purpose")).toMatchObject([{ code: "TREAT" }, { code: "care" }]);
  expect(found("date")).toMatchObject([{ lo: 9 * DAY, hi: 9 * DAY }]);
  expect(found("period")).toMatchObject([{ lo: 10 * DAY, hi: 20 * DAY }]);
  expect(found("status")).toMatchObject([{ code: "active" }]);
});

test("its id leads back to it", () => {
  expect(consentOfFhirId(consentFhirId(consent.id))).toBe(consent.id);
  expect(consentOfFhirId(consent.id)).toBeUndefined();
  expect(consentOfFhirId("cns-eu-x")).toBeUndefined();
});
