import { expect, it } from "vitest";
import { DIRECTORY_TABLES, REGIONAL_TABLES } from "../erasure/tables";
import { MOVED_RECORDS } from "./tables";

it("every table with persons is known to a move, and it knows none that is not there", () => {
  const personal = Object.entries({ ...REGIONAL_TABLES, ...DIRECTORY_TABLES }).flatMap(([table, kind]) =>
    "columns" in kind ? [table] : [],
  );
  expect(Object.keys(MOVED_RECORDS).toSorted()).toEqual(personal.toSorted());
});
