import fc from "fast-check";
import { expect, test } from "vitest";
import { newId, parseId } from "../id";
import { ACTIONS, PURPOSES, RESOURCES } from "../policy/vocabulary";
import { type AuditLine, auditEvent } from "./audit-event";
import { auditEventId, parseAuditEventId } from "./ids";
import { indexEntries } from "./r4/index-entries";
import { validateResource } from "./r4/validate";

const person = newId("person", "eu", 1_780_000_000_000);
const line: AuditLine = {
  seq: 7,
  at: Date.parse("2026-05-06T07:08:09.010Z"),
  actorKind: "person",
  actor: person,
  action: "read",
  resource: "metric",
  about: ["heart_rate"],
  purpose: "personal",
  outcome: "allowed",
  reason: "self",
  session: "ses_eu_x",
  requestId: "req-1",
};
const found = (one: AuditLine, name: string) =>
  indexEntries(auditEvent(person, one), "UTC").flatMap(({ param, value }) => (param === name ? [value] : []));

test("every line is a valid AuditEvent, whoever did whatever", () => {
  const lines = fc.record({
    seq: fc.integer({ min: 1, max: 10_000_000 }),
    at: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    actorKind: fc.constantFrom("person", "client", "system", "unknown"),
    actor: fc.constantFrom(person, "cli_eu_x", "forwarding", "unknown"),
    action: fc.constantFrom(...ACTIONS),
    resource: fc.constantFrom(...RESOURCES),
    about: fc.array(fc.constantFrom("heart_rate", "labs"), { maxLength: 3 }),
    purpose: fc.constantFrom(...PURPOSES),
    outcome: fc.constantFrom("allowed", "denied"),
    reason: fc.constantFrom("self", "consent", "wrong_password"),
    session: fc.option(fc.constant("ses_eu_x"), { nil: undefined }),
    onBehalfOf: fc.option(fc.constantFrom(person, "org_eu_x"), { nil: undefined }),
    consent: fc.option(fc.constantFrom("cns_eu_x/1", "cns_eu_x/1 cns_eu_y/3 emg_eu_z"), { nil: undefined }),
  } satisfies Record<keyof Omit<AuditLine, "requestId">, fc.Arbitrary<unknown>>);
  fc.assert(
    fc.property(lines, (one) => {
      expect(validateResource(auditEvent(person, one)).filter(({ severity }) => severity === "error")).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("it is found by what happened, by whom, and about whom", () => {
  expect(found(line, "action")).toMatchObject([{ code: "R" }]);
  expect(found(line, "outcome")).toMatchObject([{ code: "0" }]);
  expect(found(line, "type")).toMatchObject([{ code: "110110" }]);
  expect(found(line, "subtype")).toMatchObject([{ code: "read" }, { code: "metric" }]);
  expect(found(line, "agent")).toMatchObject([{ type: "Patient", id: person.replaceAll("_", "-") }]);
  expect(found(line, "entity-name")).toMatchObject([{ exact: "metric" }]);
  expect(found(line, "date")).toMatchObject([{ lo: line.at, hi: line.at }]);
  expect(found({ ...line, action: "sign_in", resource: "session" }, "subtype")).toMatchObject([
    { code: "110122" },
    { code: "sign_in" },
    { code: "session" },
  ]);
});

test("a program is named with its organisation, and with the consent that let it in", () => {
  const read = {
    ...line,
    actorKind: "client",
    actor: "cli_eu_a",
    onBehalfOf: "org_eu_b",
    consent: "cns_eu_c/2",
    reason: "consent",
  } as const;
  expect(found(read, "agent")).toMatchObject([{ identifier: { value: "cli_eu_a" } }, { type: "Organization", id: "org-eu-b" }]);
  expect(found(read, "entity").map((one) => ("id" in one ? one.id : ""))).toContain("cns-eu-c");
  expect(found(read, "policy")).toMatchObject([{ uri: "urn:meridian:policy:cns_eu_c/2" }]);
});

test("its id names its line, and that of nobody else", () => {
  const other = parseId(
    "person",
    person.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
  );
  expect(parseAuditEventId(person, auditEventId(person, 123_456))).toBe(123_456);
  expect(other === undefined ? undefined : parseAuditEventId(other, auditEventId(person, 1))).toBeUndefined();
  expect(parseAuditEventId(person, "x")).toBeUndefined();
});
