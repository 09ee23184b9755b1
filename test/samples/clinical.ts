import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { memorySource } from "../../shared/imports/byte-source.ts";
import type { ImportReader } from "../../shared/imports/import-reader.ts";
import { openImport, recogniseImport } from "../../shared/imports/kinds.ts";
import { lookAt } from "../../shared/imports/look.ts";
import type { TallyState } from "../../shared/imports/tally.ts";
import type { LabDraft } from "../../shared/labs/result.ts";
import { isProblem } from "../../shared/problem.ts";
import type { Check } from "./apple.ts";

/** What `EXPECT.json` says of each format; entries of other formats have other shapes. */
const expectation = z.looseObject({
  message: z.string().optional(),
  obx: z.array(z.looseObject({ type: z.string(), value: z.string(), status: z.string().nullable() })).optional(),
  observations_total: z.number().optional(),
  physical_quantities: z.array(z.tuple([z.string(), z.string(), z.string().nullable(), z.string().nullable()])).optional(),
  fragment_wrapped_for_parse: z.boolean().optional(),
  analytes: z.number().optional(),
  values: z.array(z.tuple([z.string(), z.number(), z.string(), z.string()])).optional(),
  by_type: z.record(z.string(), z.number()).optional(),
  resourceType: z.string().optional(),
});
type Expectation = z.output<typeof expectation>;

/** Where messages, documents, reports and Observations lie among the samples. */
export const CLINICAL_PLACES: readonly (readonly [folder: string, pattern: RegExp])[] = [
  ["hl7v2", /\.hl7$/],
  ["cda", /\.(?:xml|ccda)$/],
  ["labs", /\.txt$/],
  ["fhir", /(?:^|\/)(?:Observation|DiagnosticReport|Bundle|ObservationBundle|Import-Patient|[A-Z][a-z]+\d+_)[^/]*\.(?:json|ndjson)$/],
  ["apple", /^bridge_.*\.(?:json|xml)$/],
];

interface Read {
  readonly tally: TallyState;
  readonly results: readonly LabDraft[];
  readonly vitals: number;
}

/** Reads every message, document, report and Observation among the samples twice, and compares with what an independent reader found. */
export async function clinicalSamples(samplesDir: string): Promise<Check[]> {
  const expected = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(join(samplesDir, "EXPECT.json"), "utf8")));
  const checks: Check[] = [];
  for (const [folder, pattern] of CLINICAL_PLACES) {
    for (const name of (await readdir(join(samplesDir, folder), { recursive: true })).filter((one) => pattern.test(one)).toSorted()) {
      const path = `${folder}/${name}`;
      const bytes = new Uint8Array(await readFile(join(samplesDir, path)));
      checks.push(await judge(path, bytes, expectation.safeParse(expected[path]).data ?? {}));
    }
  }
  return checks;
}

async function judge(name: string, bytes: Uint8Array, expected: Expectation): Promise<Check> {
  const refused = expected.message !== undefined && !expected.message.startsWith("ORU");
  try {
    const first = await read(name, bytes);
    const again = await read(name, bytes);
    const faults = refused
      ? ["it was read"]
      : [...differences(first, expected), ...(JSON.stringify(first) === JSON.stringify(again) ? [] : ["read twice it differs"])];
    return { name, ok: faults.length === 0, ...(faults.length > 0 && { detail: faults.join("; ") }) };
  } catch (error) {
    const isRefusal = isProblem(error) && error.code === "file_unreadable";
    // What is about several persons is refused too: a document with two, and bundles that show how references and requests are written.
    const ok = isRefusal && (refused || /multi-patient|bundle-(?:references|transaction)|msfhir\/Bundle-(?:Batch|Transaction)/.test(name));
    return { name, ok, ...(!ok && { detail: String(error) }) };
  }
}

async function read(name: string, bytes: Uint8Array): Promise<Read> {
  const source = memorySource(bytes);
  // A fragment of a document does not show what it is: somebody says so.
  const kind = recogniseImport(await lookAt("", source)) ?? (name.startsWith("cda/") ? "cda" : undefined);
  if (kind === undefined) throw new TypeError("it is not recognised");
  const reader: ImportReader = openImport(kind, source, undefined, {
    tolerant: false,
    fileName: "",
    zone: "UTC",
    patient: "per-eu-me",
    isDry: false,
  });
  const results: LabDraft[] = [];
  let vitals = 0;
  for (;;) {
    const step = await reader.next();
    results.push(...(step.labs?.results ?? []));
    vitals += step.credits.reduce((sum, { n, types }) => sum + n * types.length, 0);
    if (step.finished) return { tally: reader.tally.state, results, vitals };
  }
}

function differences({ tally, results, vitals }: Read, expected: Expectation): string[] {
  const faults: string[] = [];
  const same = (what: string, is: unknown, wanted: unknown) => {
    if (JSON.stringify(is) !== JSON.stringify(wanted)) faults.push(`${what}: ${JSON.stringify(is)}, expected ${JSON.stringify(wanted)}`);
  };
  const readOf = (pattern: RegExp) =>
    Object.entries(tally.byType).reduce((sum, [type, { read: n }]) => sum + (pattern.test(type) ? n : 0), 0);
  if (expected.obx !== undefined) {
    same("observations", readOf(/^OBX/), expected.obx.length);
    const finals = expected.obx.filter(
      ({ type, value, status }) => type === "NM" && value !== "" && status !== null && "FPC".includes(status),
    );
    for (const { value } of finals)
      if (!results.some((result) => String(result.value.number) === value)) faults.push(`${value} is missing`);
  }
  if (expected.physical_quantities !== undefined) {
    for (const [code, value, unit] of expected.physical_quantities) {
      const found = results.some(
        (one) => one.codings.some((coding) => coding.code === code) && one.value.number === Number(value) && (one.unit ?? null) === unit,
      );
      // What is no result is a reading, in the catalogue's unit.
      if (!found && vitals === 0) faults.push(`${code} ${value} ${unit} is missing`);
    }
  }
  for (const [name, value, unit] of expected.values ?? [])
    if (!results.some((one) => one.name === name && one.value.number === value && one.unit === unit))
      faults.push(`${name} ${value} ${unit} is missing`);
  if (expected.analytes !== undefined) same("analytes", results.length, expected.analytes);
  for (const [type, n] of Object.entries(expected.by_type ?? {}))
    same(type, readOf(type === "null" ? /^no resource$/ : new RegExp(`^${type}$`)), n);
  if (expected.resourceType === "Observation") same("Observation", readOf(/^Observation$/), 1);
  return faults;
}
