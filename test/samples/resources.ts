import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { indexEntries } from "../../shared/fhir/r4/index-entries.ts";
import { isFields } from "../../shared/fhir/r4/issue.ts";
import { isResourceType } from "../../shared/fhir/r4/structures.ts";
import { isAcceptable, validateResource } from "../../shared/fhir/r4/validate.ts";
import type { Check } from "./apple.ts";

const FOLDER = "fhir/r4-examples";

/** Official examples that break the rules they are examples of: the validator must say so, and at which place. */
const ODD: Readonly<Record<string, string>> = {
  // An Encounter is no performer.
  "Observation-clinical-gender.json": "Observation.performer[0]",
  // Items of the questionnaire have no linkId.
  "Questionnaire-qs1.json": "Questionnaire.item[0].item[0].linkId",
};

/** Every official example of a type that is stored is valid and found by something; the others are refused for their type. */
export async function resourceSamples(samplesDir: string): Promise<Check[]> {
  const checks: Check[] = [];
  for (const name of (await readdir(join(samplesDir, FOLDER))).filter((one) => one.endsWith(".json")).toSorted()) {
    const resource: unknown = JSON.parse(await readFile(join(samplesDir, FOLDER, name), "utf8"));
    checks.push({ name: `${FOLDER}/${name}`, ...verdict(name, resource) });
  }
  return checks;
}

function verdict(name: string, resource: unknown): Omit<Check, "name"> {
  const issues = validateResource(resource);
  const type = isFields(resource) && typeof resource["resourceType"] === "string" ? resource["resourceType"] : "";
  const refusals = issues.filter(({ severity }) => severity === "error");
  const told = refusals.map(({ expression, diagnostics }) => `${expression}: ${diagnostics}`).join("; ");
  if (!isResourceType(type)) return { ok: refusals.some(({ code }) => code === "not-supported"), detail: `${type} was taken in` };
  const odd = ODD[name];
  if (odd !== undefined) return { ok: refusals.some(({ expression }) => expression === odd), detail: `not refused at ${odd}` };
  if (!isAcceptable(issues)) return { ok: false, detail: told };
  const entries = isFields(resource) ? indexEntries(resource, "Europe/Berlin") : [];
  // A Binary is found by its id alone, which needs no entry.
  return entries.length > 0 || type === "Binary" ? { ok: true } : { ok: false, detail: "found by nothing" };
}
