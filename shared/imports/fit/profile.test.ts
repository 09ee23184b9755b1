import { expect, test } from "vitest";
import * as z from "zod";
import { FIT_TYPES } from "../../../test/fixtures/fit-file";
import { PROFILE } from "./profile";

const numbers = z.union([z.number(), z.array(z.number())]);
const makersProfile = z.object({
  default: z.object({
    messages: z.record(
      z.string(),
      z.object({
        name: z.string(),
        fields: z.record(z.string(), z.object({ num: z.number(), name: z.string(), scale: numbers, offset: numbers })),
      }),
    ),
  }),
});

test("every message and field that is read has the number, scale and offset of the maker's own table", async () => {
  // Loaded by a path that the types do not follow: the table is a megabyte.
  const path = "../../../node_modules/@garmin/fitsdk/src/profile.js";
  const { messages } = makersProfile.parse(await import(path)).default;
  for (const [name, { number, fields }] of Object.entries(PROFILE)) {
    const theirs = messages[number];
    expect(theirs?.name).toBe(name);
    for (const [fieldName, field] of Object.entries(fields)) {
      const same = Object.values(theirs?.fields ?? {}).find(({ num }) => num === field.number);
      expect(same?.name, name).toBe(fieldName);
      // Fields that are unpacked here by hand have a scale for each part.
      if (typeof same?.scale === "number") expect([same.scale, same.offset], fieldName).toEqual([field.scale, field.offset]);
    }
  }
});

test("the types of the protocol have one number each", () => {
  expect(new Set(Object.values(FIT_TYPES).map(({ number }) => number & 0x1f)).size).toBe(17);
});
