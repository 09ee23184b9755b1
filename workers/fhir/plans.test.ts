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
      if (/^SELECT[^]*\bfhir_/.test(query)) made.push([query, bindings]);
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

test.each<[string, [string, string][]]>([
  [
    "code and date",
    [
      ["code", "http://loinc.org|29463-7"],
      ["date", "ge2026-01-01"],
      ["date", "lt2026-02-01"],
    ],
  ],
  [
    "category and date",
    [
      ["category", "vital-signs"],
      ["date", "2026-01"],
    ],
  ],
  ["identifier", [["identifier", "https://a.example|1"]]],
  ["quantity", [["value-quantity", "gt60|http://unitsofmeasure.org|kg"]]],
  ["a pair", [["code-value-quantity", "http://loinc.org|29463-7$gt60"]]],
  ["reference", [["has-member", "Observation/1"]]],
  [
    "change",
    [
      ["_lastUpdated", "ge2026-01-01"],
      ["_sort", "-_lastUpdated"],
    ],
  ],
  ["nothing", []],
])("a search by %s reads no table from its beginning to its end", async (_by, params) => {
  for (const reach of [
    undefined,
    { grants: [{ type: "Observation", interactions: "rs", where: [["category", `${CATEGORY}|vital-signs`]] }] } as const,
  ]) {
    const plans = await plansOf({ kind: "search", type: "Observation", params, lenient: false }, reach);
    expect(plans.length).toBeGreaterThan(0);
    // The bound values themselves are a list, read whole.
    expect(plans.filter((step) => step.startsWith("SCAN") && !step.includes("json_each"))).toEqual([]);
    expect(plans.join()).toMatch(/USING (?:COVERING )?INDEX|PRIMARY KEY/);
  }
});

test.each<[string, [string, string][], boolean]>([
  ["an identifier", [["identifier", "https://a.example|1"]], true],
  ["all but an identifier", [["identifier:not", "https://a.example|1"]], false],
  ["a code", [["code", "http://loinc.org|29463-7"]], false],
])("a search for %s begins with what the index names, not with the type", async (_for, params, begins) => {
  const plans = await plansOf({ kind: "search", type: "Observation", params, lenient: false });
  expect(plans.some((step) => /SEARCH r USING INTEGER PRIMARY KEY/.test(step))).toBe(begins);
});
