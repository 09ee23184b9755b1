import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { FhirRequest } from "../../durable-objects/vault/fhir/stored/requests";
import type { Vault } from "../../durable-objects/vault/vault";
import type { PersonActor } from "../../shared/context";
import { newestOfEach, subjectCodes } from "../../shared/fhir/lastn";
import type { Reach } from "../../shared/fhir/reach";
import { URN } from "../../shared/fhir/systems";
import { newId } from "../../shared/id";
import { vaultOf } from "../regional";

const person = newId("person", "eu", Date.now());
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";

/** How SQLite would run each statement about stored resources that a request makes. */
async function plansOf(request: FhirRequest, reach?: Reach): Promise<string[]> {
  const actor: PersonActor = { kind: "person", person, session: newId("session", "eu", Date.now()), ...(reach && { reach }) };
  return await runInDurableObject<Vault, string[]>(vaultOf(env, person), async (vault, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    const made: [string, unknown[]][] = [];
    const watched = (query: string, ...bindings: unknown[]) => {
      if (/^(?:SELECT|WITH)[^]*\bfhir_/.test(query)) made.push([query, bindings]);
      return exec(query, ...bindings);
    };
    Object.defineProperty(sql, "exec", { value: watched, configurable: true });
    try {
      await vault.fhir(actor, request);
    } finally {
      Reflect.deleteProperty(sql, "exec");
    }
    return made.flatMap(([query, bindings]) =>
      exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings)
        .toArray()
        .map(({ detail }) => detail),
    );
  });
}

/** Steps that read a table from its beginning to its end; lists of bound values and what was found before are read whole. */
const scans = (plans: readonly string[]) => plans.filter((step) => /^SCAN (?!json_each|[stk]\b|\(|CONSTANT)/.test(step));

const searched = (type: string, params: [string, string][]): FhirRequest => ({ kind: "search", type, params, lenient: false });
const dated = (from: string, to: string): [string, string][] => [
  ["date", `ge${from}`],
  ["date", `lt${to}`],
];

test.each<[string, FhirRequest]>([
  ["code and date", searched("Observation", [["code", "http://loinc.org|29463-7"], ...dated("2026-01-01", "2026-02-01")])],
  [
    "category and date",
    searched("Observation", [
      ["category", "vital-signs"],
      ["date", "2026-01"],
    ]),
  ],
  ["a date that has ended", searched("Observation", [["date", "eb2026-01-01"]])],
  ["an end of another date", searched("AllergyIntolerance", [["last-date", "eb2026-01-01"]])],
  ["identifier", searched("Observation", [["identifier", "https://a.example|1"]])],
  ["quantity", searched("Observation", [["value-quantity", "gt60|http://unitsofmeasure.org|kg"]])],
  ["quantity without a unit", searched("Observation", [["value-quantity", "gt60"]])],
  ["a pair", searched("Observation", [["code-value-quantity", "http://loinc.org|29463-7$gt60"]])],
  ["reference", searched("Observation", [["has-member", "Observation/1"]])],
  ["a canonical reference", searched("QuestionnaireResponse", [["questionnaire", "https://a.example/questions"]])],
  ["a logical reference", searched("Observation", [["performer:identifier", "https://a.example|1"]])],
  ["a chain", searched("Observation", [["has-member:Observation.code", "http://loinc.org|29463-7"]])],
  ["words", searched("Observation", [["code:text", "weight"]])],
  ["type of identifier", searched("Observation", [["identifier:of-type", "https://a.example|A|1"]])],
  [
    "change",
    searched("Observation", [
      ["_lastUpdated", "ge2026-01-01"],
      ["_sort", "-_lastUpdated"],
    ]),
  ],
  ["time, the oldest first", searched("Observation", [["_sort", "date"]])],
  ["keys", searched("Observation", [["_sort", "code,-value-quantity,_id"]])],
  ["nothing", searched("Observation", [])],
  [
    "no version, for a history of a type",
    {
      kind: "history",
      type: "Observation",
      params: [
        ["_since", "2026-01-01"],
        ["_at", "2026-03"],
      ],
    },
  ],
])("a search by %s reads no table from its beginning to its end", async (_by, request) => {
  const where: Reach["grants"][number]["where"] = [["category", `${CATEGORY}|vital-signs`]];
  for (const reach of [
    undefined,
    {
      grants: [
        { type: "*", interactions: "rs" },
        { type: "Observation", interactions: "rs", where },
      ],
    },
  ]) {
    const plans = await plansOf(request, reach);
    expect(plans.length).toBeGreaterThan(0);
    expect(scans(plans)).toEqual([]);
    expect(plans.join()).toMatch(/USING (?:COVERING )?INDEX|PRIMARY KEY/);
  }
});

const begins = async (params: [string, string][]) =>
  (await plansOf(searched("Observation", params))).some((step) => /SEARCH r USING INTEGER PRIMARY KEY/.test(step));

test("a search begins with what few resources have, and walks through what many have", async () => {
  const weight = (i: number) => ({
    resource: {
      resourceType: "Observation",
      status: "final",
      identifier: [{ system: "https://a.example", value: String(i) }],
      code: { coding: [{ system: "https://a.example/codes", code: "seen" }] },
      effectiveDateTime: "2026-01-02T03:04:05Z",
      valueString: "seen",
    },
    request: { method: "POST", url: "Observation" },
  });
  const actor: PersonActor = { kind: "person", person, session: newId("session", "eu", Date.now()) };
  for (let first = 0; first < 1_200; first += 400) {
    const entry = Array.from({ length: 400 }, (_, i) => weight(first + i));
    await vaultOf(env, person).fhir(actor, {
      kind: "bundle",
      bundle: JSON.stringify({ resourceType: "Bundle", type: "transaction", entry }),
    });
  }
  expect(await begins([["identifier", "https://a.example|1"]])).toBe(true);
  expect(await begins([["identifier:not", "https://a.example|1"]])).toBe(false);
  expect(await begins([["code", "https://a.example/codes|seen"]])).toBe(false);
  expect(
    await begins([
      ["code", "https://a.example/codes|seen"],
      ["identifier", "https://a.example|1"],
    ]),
  ).toBe(true);
});

test("$lastn of what is stored is one statement, which finds by an index what few have and what many have", async () => {
  const actor: PersonActor = { kind: "person", person, session: newId("session", "eu", Date.now()) };
  const [made, plans] = await runInDurableObject<Vault, [string[], string[]]>(vaultOf(env, person), async (vault, { storage: { sql } }) => {
    const exec = sql.exec.bind(sql);
    const queries: [string, unknown[]][] = [];
    const watched = (query: string, ...bindings: unknown[]) => {
      if (query.startsWith("WITH RECURSIVE")) queries.push([query, bindings]);
      return exec(query, ...bindings);
    };
    Object.defineProperty(sql, "exec", { value: watched, configurable: true });
    try {
      await vault.fhirOperation(actor, { kind: "lastn", params: [] });
    } finally {
      Reflect.deleteProperty(sql, "exec");
    }
    const details = queries.flatMap(([query, bindings]) =>
      exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings)
        .toArray()
        .map(({ detail }) => detail),
    );
    return [queries.map(([query]) => query), details];
  });
  expect(made).toHaveLength(1);
  expect(plans.filter((step) => /^SCAN (?!json_each|[csk]\b|\(|CONSTANT)/.test(step))).toEqual([]);
  expect(plans).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^SEARCH t USING PRIMARY KEY \(param=\? AND .*code/),
      expect.stringMatching(/^SEARCH r USING (?:COVERING )?INDEX fhir_resources_by_time/),
      expect.stringMatching(/^SEARCH r USING INTEGER PRIMARY KEY/),
    ]),
  );
});

test("$lastn finds the newest of each code as whoever looks at everything does", async () => {
  const codes = [
    ["http://loinc.org", "99991-1"],
    ["http://loinc.org", "99992-9"],
    ["http://snomed.info/sct", "27113001"],
    ["https://a.example/codes", "own"],
    [`${URN.vendor}watch`, "own"],
  ] as const;
  const one = fc.record({
    codings: fc.subarray([...codes], { minLength: 1, maxLength: 3 }),
    day: fc.integer({ min: 1, max: 28 }),
    category: fc.constantFrom("survey", "exam"),
    isGone: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(one, { selector: ({ day }) => day, maxLength: 14 }),
      fc.integer({ min: 1, max: 3 }),
      async (list, max) => {
        const owner = newId("person", "eu", Date.now());
        const vault = vaultOf(env, owner);
        const actor: PersonActor = { kind: "person", person: owner, session: newId("session", "eu", Date.now()) };
        const resources = list.map(({ codings, day, category }) => ({
          resourceType: "Observation",
          id: `o-${day}`,
          status: "final",
          category: [{ coding: [{ system: CATEGORY, code: category }] }],
          code: { coding: codings.map(([system, code]) => ({ system, code })) },
          effectiveDateTime: `2026-01-${String(day).padStart(2, "0")}T00:00:00Z`,
          valueString: "seen",
        }));
        const entry = resources.map((resource) => ({ resource, request: { method: "PUT", url: `Observation/${resource.id}` } }));
        await vault.fhir(actor, { kind: "bundle", bundle: JSON.stringify({ resourceType: "Bundle", type: "transaction", entry }) });
        for (const { day, isGone } of list) if (isGone) await vault.fhir(actor, { kind: "delete", type: "Observation", id: `o-${day}` });
        const { entries = [] } = await vault.fhirOperation(actor, {
          kind: "lastn",
          params: [
            ["category", "survey"],
            ["max", String(max)],
          ],
        });
        // By hand: of each code the newest, and of what is left the newest of those that share one.
        const timeOf = (resource: object) => Date.parse((resource as (typeof resources)[0]).effectiveDateTime);
        const fitting = resources
          .filter((_, i) => list[i]?.category === "survey" && list[i]?.isGone === false)
          .toSorted((a, b) => timeOf(b) - timeOf(a));
        const tokens = new Set(fitting.flatMap((resource) => subjectCodes(resource)));
        const newest = [...tokens].flatMap((token) => fitting.filter((resource) => subjectCodes(resource).includes(token)).slice(0, max));
        const wanted = newestOfEach(newest, max, timeOf).map(({ id }) => `Observation/${String(id)}`);
        expect(entries.map(({ reference }) => reference).toSorted()).toEqual(wanted.toSorted());
      },
    ),
    { numRuns: 12 },
  );
});
