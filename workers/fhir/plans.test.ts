import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { FhirRequest } from "../../durable-objects/vault/fhir/stored/requests";
import type { Vault } from "../../durable-objects/vault/vault";
import type { PersonActor } from "../../shared/context";
import type { Reach } from "../../shared/fhir/reach";
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
