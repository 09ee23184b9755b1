import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { freshVault } from "../../../../test/vaults";
import { isProblem } from "../../../../shared/problem";
import type { Vault } from "../../vault";
import { INDEXES, MOST_WAITING, WAITING } from "./search-index";

const LOINC = "http://loinc.org";
const UCUM = "http://unitsofmeasure.org";

function weight(person: string, value: number, more: object = {}) {
  return {
    resourceType: "Observation",
    status: "final",
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
    code: { coding: [{ system: LOINC, code: "29463-7" }], text: "Body weight" },
    subject: { reference: `Patient/${person.replaceAll("_", "-")}` },
    effectiveDateTime: "2026-01-02",
    valueQuantity: { value, unit: "kg", system: UCUM, code: "kg" },
    ...more,
  };
}

function fresh() {
  const { person, vault, actor } = freshVault();
  const idOf = (reference = "") => reference.split("/")[1] ?? "";
  return {
    vault,
    person,
    create: async (value: number, more: object = {}) =>
      idOf(
        (await vault.fhir(actor, { kind: "create", type: "Observation", resource: JSON.stringify(weight(person, value, more)) })).reference,
      ),
    update: async (id: string, value: number) =>
      await vault.fhir(actor, { kind: "update", type: "Observation", id, resource: JSON.stringify({ ...weight(person, value), id }) }),
    remove: async (id: string) => await vault.fhir(actor, { kind: "delete", type: "Observation", id }),
    bundle: async (entry: readonly object[]) =>
      await vault.fhir(actor, { kind: "bundle", bundle: JSON.stringify({ resourceType: "Bundle", type: "transaction", entry }) }),
    purge: async () => await vault.fhirOperation(actor, { kind: "purge", id: person.replaceAll("_", "-") }),
    found: async (...params: [string, string][]) => {
      const { page } = await vault.fhir(actor, { kind: "search", type: "Observation", params, lenient: false });
      return (page?.entries ?? []).map(({ reference }) => idOf(reference));
    },
    inside: async <T>(look: (sql: SqlStorage) => T) => await runInDurableObject<Vault, T>(vault, (_, { storage: { sql } }) => look(sql)),
  };
}

const waiting = (sql: SqlStorage) => sql.exec(WAITING).toArray().length;
/** Rows of the index that there are of each resource, by its number. */
const indexed = (sql: SqlStorage) =>
  Object.values(INDEXES)
    .flatMap(({ table }) => sql.exec<{ n: number }>(`SELECT n FROM ${table}`).toArray())
    .reduce((counts, { n }) => counts.set(n, (counts.get(n) ?? 0) + 1), new Map<number, number>());

test("a new resource waits for others to be indexed, and is found all the same", async () => {
  const { create, found, inside } = fresh();
  const id = await create(70);
  expect(await inside((sql) => [waiting(sql), indexed(sql).size])).toEqual([1, 0]);
  expect(await found(["code", `${LOINC}|29463-7`])).toEqual([id]);
  expect(await inside((sql) => [waiting(sql), indexed(sql).size])).toEqual([0, 1]);
});

test("what waits is indexed by itself before it is much", async () => {
  const { bundle, person, inside } = fresh();
  const entry = Array.from({ length: MOST_WAITING - 1 }, (_, i) => ({
    resource: weight(person, i),
    request: { method: "POST", url: "Observation" },
  }));
  await bundle(entry);
  expect(await inside(waiting)).toBe(MOST_WAITING - 1);
  await bundle(entry.slice(0, 1));
  expect(await inside((sql) => [waiting(sql), indexed(sql).size])).toEqual([0, MOST_WAITING]);
});

test("what many are found by finds each of them, and what one has alone finds that one", async () => {
  const { bundle, person, found } = fresh();
  const entry = Array.from({ length: 5 }, (_, i) => ({
    resource: weight(person, 70 + (i % 2), { identifier: [{ system: "https://a.example", value: String(i) }] }),
    request: { method: "POST", url: "Observation" },
  }));
  const { bundle: made } = await bundle(entry);
  const ids = (made?.answers ?? []).map(({ reference = "" }) => reference.split("/")[1] ?? "");
  const sorted = async (...params: [string, string][]) => (await found(...params)).toSorted();
  expect(await sorted(["code", "29463-7"])).toEqual(ids.toSorted());
  expect(await sorted(["value-quantity", "70|http://unitsofmeasure.org|kg"])).toEqual(ids.filter((_, i) => i % 2 === 0).toSorted());
  expect(await sorted(["code-value-quantity", "29463-7$71"])).toEqual(ids.filter((_, i) => i % 2 === 1).toSorted());
  expect(await sorted(["identifier", "https://a.example|3"])).toEqual([ids[3]]);
});

test("what waits is the same after the memory is lost, by the words of the resource itself", async () => {
  const { vault, create, found, inside } = fresh();
  const [before, after] = [await create(70), await create(71)];
  await found();
  const once = await inside((sql) => [...indexed(sql).values()]);
  const [third] = [await create(72)];
  await evictDurableObject(vault);
  expect(await found(["value-quantity", "ge70"], ["_sort", "_id"])).toEqual([before, after, third].toSorted());
  expect(await inside((sql) => [...indexed(sql).values()])).toEqual([...once, once[0]]);
});

test("a change is found by what it says now, and not by what it said", async () => {
  const { create, update, found } = fresh();
  const id = await create(70);
  await update(id, 80);
  expect(await found(["value-quantity", "70"])).toEqual([]);
  expect(await found(["value-quantity", "80"])).toEqual([id]);
});

test("what is deleted while it waits leaves nothing in the index", async () => {
  const { create, remove, found, inside } = fresh();
  await remove(await create(70));
  expect(await found()).toEqual([]);
  expect(await inside((sql) => [waiting(sql), indexed(sql).size])).toEqual([0, 0]);
});

test("a transaction that is taken back leaves what waited before it, though it was indexed meanwhile", async () => {
  const { create, bundle, found, person, inside } = fresh();
  const id = await create(70);
  const identifier = [{ system: "https://a.example", value: "1" }];
  const refused = await bundle([
    // Its condition looks into the index.
    {
      resource: weight(person, 71, { identifier }),
      request: { method: "POST", url: "Observation", ifNoneExist: "identifier=https://a.example|1" },
    },
    { resource: { ...weight(person, 72), status: "unheard-of" }, request: { method: "POST", url: "Observation" } },
  ]).catch((error: unknown) => error);
  expect(isProblem(refused)).toBe(true);
  expect(await inside(waiting)).toBe(1);
  const other = await create(73);
  expect(await found(["value-quantity", "71"])).toEqual([]);
  expect((await found(["code", `${LOINC}|29463-7`])).toSorted()).toEqual([id, other].toSorted());
});

test("what comes after the last ones were removed for good is found", async () => {
  const { create, purge, found, inside } = fresh();
  await create(70);
  await create(71);
  await found();
  await purge();
  const id = await create(72);
  expect(await inside(waiting)).toBe(1);
  expect(await found(["value-quantity", "72"])).toEqual([id]);
});

test("what waits is read by its numbers alone", async () => {
  const { create, inside } = fresh();
  await create(70);
  const plan = await inside((sql) => sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${WAITING}`).toArray());
  expect(plan.map(({ detail }) => detail).filter((step) => step.startsWith("S") && !step.startsWith("SCALAR"))).toEqual([
    "SEARCH fhir_resources USING INTEGER PRIMARY KEY (rowid>?)",
    "SEARCH fhir_indexed USING INTEGER PRIMARY KEY (rowid=?)",
  ]);
});

test("a date without a zone is read in the zone of the moment in which it came", async () => {
  const { vault, create, found } = fresh();
  await vault.setProfile({ timeZone: "Pacific/Auckland", locale: "en" });
  const id = await create(70);
  await vault.setProfile({ timeZone: "Pacific/Honolulu", locale: "en" });
  await evictDurableObject(vault);
  expect(await found(["date", "lt2026-01-02T11:00:00Z"], ["date", "gt2026-01-01T10:00:00Z"])).toEqual([id]);
});
