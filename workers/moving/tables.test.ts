import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { tablesOf } from "../../test/leaver";
import { NEEDED } from "./refuse-needed";
import { MOVED_RECORDS } from "./tables";

/** Columns that name persons, whatever they are for. */
const PERSONAL =
  /(?:^|_)(?:person|people|owner|grantee|user|author|member|coach|subject|actor|patient|clinician|reviewer|researcher)(?:_id)?$/;

it("every table with persons is known to a move, and it knows none that is not there", async () => {
  const tables = (await Promise.all([tablesOf(env.RECORDS_EU), tablesOf(env.DIRECTORY)])).flat();
  const personal = tables.flatMap(({ table, columns }) =>
    table === "people" || columns.some((column) => PERSONAL.test(column)) ? [table] : [],
  );
  expect(Object.keys(MOVED_RECORDS).toSorted()).toEqual([...new Set(personal)].toSorted());
});

it.each(NEEDED)("who is needed is found through an index: $detail", async ({ query }) => {
  const plan = await env.RECORDS_EU.prepare(`explain query plan ${query}`).bind("x").all<{ detail: string }>();
  for (const { detail } of plan.results) expect(detail).not.toMatch(/^SCAN (?!.*INDEX)(?!CONSTANT)/);
});
