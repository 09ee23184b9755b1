import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isResourceType } from "../r4/structures";
import { isAcceptable, validateResource } from "../r4/validate";
import { parseWhere } from "../store/query";
import { notificationBundle, type ShownEvent } from "./notification";
import { BACKPORT, CONTENTS, KEPT, readSubscription, shownSubscription } from "./read";
import { TOPICS } from "./topics";

const SETTING = { timeZone: "UTC", now: Date.UTC(2026, 10, 26), lenient: false };
const basic = (more: object = {}, channel: object = {}) => ({
  resourceType: "Subscription",
  status: "requested",
  reason: "test",
  criteria: TOPICS[0]?.url,
  channel: { type: "rest-hook", endpoint: "https://hooks.example.com/x", ...channel },
  ...more,
});
const faultsOf = (resource: object) => {
  const read = readSubscription({ ...resource }, [], SETTING);
  return "faults" in read ? read.faults.map(({ pointer }) => pointer) : [];
};
const askedOf = (resource: object) => {
  const read = readSubscription({ ...resource }, [], SETTING);
  if ("faults" in read) throw new TypeError(JSON.stringify(read.faults));
  return read.asked;
};

test("every topic is about types that are kept, by searches that can be evaluated", () => {
  for (const { triggers, url } of TOPICS) {
    for (const { type, where = [] } of triggers) {
      expect(isResourceType(type), url).toBe(true);
      expect(parseWhere(type, where, SETTING), url).toHaveLength(where.length);
    }
  }
});

describe("a Subscription", () => {
  test("of plain R4 sends the resource where it names a payload, and nothing where it does not", () => {
    expect(askedOf(basic({ criteria: "Observation?code=x" }))).toMatchObject({ content: "empty", grants: [{ where: [["code", "x"]] }] });
    expect(askedOf(basic({ criteria: "Task" }, { payload: "application/fhir+json" }))).toMatchObject({ content: "full-resource" });
  });

  test("is refused for what the machine does not do", () => {
    expect(faultsOf(basic({ status: "error" }))).toEqual(["Subscription.status"]);
    expect(faultsOf(basic({ end: "2026-11-25T00:00:00Z" }))).toEqual(["Subscription.end"]);
    expect(faultsOf(basic({ criteria: "Observation?_include=Observation:subject" }))).toEqual(["Subscription.criteria"]);
    expect(faultsOf(basic({ criteria: "Subscription?status=active" }))).toEqual(["Subscription.criteria"]);
    expect(faultsOf(basic({}, { payload: "text/plain" }))).toEqual(["Subscription.channel.payload"]);
    const beat = { extension: [{ url: `${BACKPORT}StructureDefinition/backport-heartbeat-period`, valueUnsignedInt: 1 }] };
    expect(faultsOf(basic({}, beat))).toEqual(["Subscription.channel.extension"]);
  });

  test("takes no header that could change how a message is sent, whatever its value", () => {
    const name = fc.constantFrom("Host", "content-length", "Transfer-Encoding", "Webhook-Signature", "CF-Connecting-IP", "cookie");
    fc.assert(fc.property(name, fc.string(), (one, value) => faultsOf(basic({}, { header: [`${one}: ${value}`] })).length === 1));
    // Line breaks begin another header.
    const broken = fc.tuple(fc.string(), fc.constantFrom("\r", "\n", "\0"), fc.string()).map((parts) => parts.join(""));
    fc.assert(fc.property(broken, (value) => faultsOf(basic({}, { header: [`X-Key: ${value}x`] })).length === 1));
  });

  test("is shown without the values of its headers", () => {
    const value = fc.stringMatching(/^[!-9;-~]{8,40}$/);
    fc.assert(
      fc.property(value, (secret) => {
        const shown = shownSubscription(basic({}, { header: [`Authorization: Bearer ${secret}:${secret}`] }), "active");
        expect(shown["channel"]).toMatchObject({ header: [`Authorization: ${KEPT}`] });
        expect(JSON.stringify(shown)).not.toContain(`Bearer ${secret}`);
      }),
    );
  });

  test("is read or refused, and never breaks, whatever stands in it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("criteria", "_criteria", "channel", "end", "status"), fc.jsonValue()), (any) => {
        readSubscription(any, [], SETTING);
      }),
    );
  });
});

test("a notification is a valid Bundle that tells each number, and of a resource no more than its content says", () => {
  const resource = { resourceType: "Observation", id: "a", status: "final", code: { text: "secret" } };
  const event = fc.record({
    at: fc.integer({ min: 0, max: 4e12 }),
    interaction: fc.constantFrom("create" as const, "update" as const, "delete" as const),
    focus: fc.option(fc.constant("Observation/a"), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 5 }), fc.constantFrom(...CONTENTS), (list, content) => {
      const shown = list.map((one, i): ShownEvent => ({ ...one, number: i + 1, context: [], resource: one.focus && resource }));
      const state = { id: "s", base: "https://m.example/fhir/r4", topic: TOPICS[0]?.url, status: "active", events: list.length };
      const bundle = notificationBundle(state, "event-notification", shown, content, SETTING.now);
      expect(validateResource(bundle).filter(({ severity }) => severity === "error")).toEqual([]);
      expect(isAcceptable(validateResource(bundle))).toBe(true);
      const text = JSON.stringify(bundle);
      for (const { number } of shown) expect(text).toContain(`{"name":"event-number","valueString":"${number}"}`);
      if (content !== "full-resource") expect(text).not.toContain("secret");
      if (content === "empty") expect(text).not.toContain("Observation/a");
    }),
  );
});
