import { describe, expect, it } from "vitest";
import { isVerification, readChanges } from "./notification";

const HOUR = 3_600_000;
const data = (extra: object) => ({
  data: { version: "1", clientProvidedSubscriptionName: "s", healthUserId: "u1", operation: "UPSERT", dataType: "steps", ...extra },
});
const physical = (from: string, to: string) => ({
  physicalTimeInterval: { startTime: `2026-11-20T${from}Z`, endTime: `2026-11-20T${to}Z` },
});
const at = (time: string) => Date.parse(`2026-11-20T${time}Z`);

describe("notifications", () => {
  it("reads an array, a single object, and data that is a list", () => {
    const change = { userId: "u1", resource: "steps", operation: "upsert", range: { from: at("00:00:00"), to: at("01:00:00") } };
    const point = data({ intervals: [physical("00:00:00", "01:00:00")] });
    expect(readChanges([point])).toEqual([change]);
    expect(readChanges(point)).toEqual([change]);
    expect(readChanges({ data: [point.data, point.data] })).toEqual([change, change]);
  });

  it("keeps deletions apart from changes", () => {
    expect(readChanges(data({ operation: "DELETE", intervals: [physical("00:00:00", "01:00:00")] }))).toMatchObject([
      { operation: "delete" },
    ]);
  });

  it("widens local times to every zone they may be in", () => {
    const [change] = readChanges(data({ civilIso8601TimeInterval: { startTime: "2026-11-20T17:29:00", endTime: "2026-11-20T17:34:00" } }));
    expect(change?.range).toEqual({ from: at("17:29:00") - 14 * HOUR, to: at("17:34:00") + 12 * HOUR });
  });

  it("reads near ranges in one go and far ones apart", () => {
    const intervals = [physical("12:00:00", "12:30:00"), physical("00:00:00", "00:30:00"), physical("01:00:00", "01:30:00")];
    expect(readChanges(data({ intervals })).map(({ range }) => range)).toEqual([
      { from: at("00:00:00"), to: at("01:30:00") },
      { from: at("12:00:00"), to: at("12:30:00") },
    ]);
  });

  it("lets an instant be a range", () => {
    expect(readChanges(data({ intervals: [physical("00:00:00", "00:00:00")] }))[0]?.range).toEqual({
      from: at("00:00:00"),
      to: at("00:00:00") + 1,
    });
  });

  it.each([
    [null],
    [[1]],
    [{ data: {} }],
    [data({ operation: "EXPLODE" })],
    [data({ dataType: "../steps" })],
    [data({ healthUserId: "" })],
    ["x"],
  ])("refuses %j", (body) => expect(() => readChanges(body)).toThrow(expect.objectContaining({ code: "malformed" })));

  it("knows the verification call", () => {
    expect(isVerification({ type: "verification" })).toBe(true);
    expect(isVerification([{ type: "verification" }])).toBe(false);
  });
});
