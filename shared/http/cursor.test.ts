import { describe, expect, test } from "vitest";
import { freshSecrets } from "../../scripts/local-secrets.ts";
import { currentKey, regionalKeys } from "../crypto/keys";
import { newId } from "../id";
import { isProblem } from "../problem";
import { openCursor, sealCursor } from "./cursor";

const keys = regionalKeys(freshSecrets()["KEYS_EU"] ?? "");
const person = newId("person", "eu", 1);
const stranger = newId("person", "eu", 2);

const refusal = async (open: Promise<unknown>) =>
  await open.then(
    () => "opened",
    (error: unknown) => (isProblem(error) ? error.code : "other"),
  );

describe("cursors", () => {
  test("open to the value they were made of", async () => {
    const cursor = await sealCursor(keys, person, "workouts", { after: 12, id: "ö" });
    expect(await openCursor(keys, person, "workouts", cursor)).toEqual({ after: 12, id: "ö" });
    expect(encodeURIComponent(cursor)).toBe(cursor);
  });

  test("are useless to another person, on another list, and when altered", async () => {
    const cursor = await sealCursor(keys, person, "workouts", { after: 12 });
    expect(await refusal(openCursor(keys, stranger, "workouts", cursor))).toBe("invalid");
    expect(await refusal(openCursor(keys, person, "sleep", cursor))).toBe("invalid");
    for (let i = 0; i < cursor.length; i++) {
      const altered = cursor.slice(0, i) + (cursor[i] === "A" ? "B" : "A") + cursor.slice(i + 1);
      expect(await refusal(openCursor(keys, person, "workouts", altered))).toBe("invalid");
    }
    for (const text of ["", ".", "1.", "constructor.x", "1.AAAA", "9".repeat(5000)])
      expect(await refusal(openCursor(keys, person, "workouts", text))).toBe("invalid");
  });

  test("of an older key version still open", async () => {
    const cursor = await sealCursor(keys, person, "workouts", 7);
    const other = regionalKeys(freshSecrets()["KEYS_EU"] ?? "");
    const refresh = { current: "2", keys: { ...keys.refresh.keys, 2: currentKey(other.refresh).key } };
    expect(await openCursor({ ...keys, refresh }, person, "workouts", cursor)).toBe(7);
  });
});
