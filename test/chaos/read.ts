/** Reads everything that a person's Meridian holds, by its FHIR interface, as the facts that a ledger speaks of. */
import * as z from "zod";
import type { Client } from "../journeys/person.ts";
import type { Fact, LedgerVendor } from "../simulator/ledger/ledger.ts";

const quantity = z.object({ value: z.number() });
const code = z.object({ coding: z.array(z.object({ system: z.string().optional(), code: z.string().optional() })) });
const observation = z.looseObject({
  id: z.string(),
  code,
  device: z.object({ reference: z.string() }).optional(),
  effectiveDateTime: z.string().optional(),
  effectivePeriod: z.object({ start: z.string(), end: z.string().optional() }).optional(),
  valueQuantity: quantity.optional(),
  valueSampledData: z.object({ origin: quantity, period: z.number(), data: z.string(), extension: z.unknown().optional() }).optional(),
  component: z.array(z.looseObject({ code, valueQuantity: quantity.optional() })).optional(),
});
const bundle = z.object({
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z.array(z.object({ resource: observation })).optional(),
});
const devices = z.object({
  entry: z.array(z.object({ resource: z.looseObject({ id: z.string(), meta: z.object({ source: z.string() }) }) })).optional(),
});

/** Every stored value with the vendor it came from. */
export async function factsOf(client: Client): Promise<Fact[]> {
  const vendorOf = new Map(
    ((await client.get("/fhir/r4/Device?_count=200", devices)).entry ?? []).map(({ resource }) => [
      `Device/${resource.id}`,
      resource.meta.source.replace("urn:meridian:vendor:", "") as LedgerVendor,
    ]),
  );
  const facts: Fact[] = [];
  for (let next: string | undefined = "/fhir/r4/Observation?_count=200"; next !== undefined;) {
    const page: z.output<typeof bundle> = await client.get(next, bundle);
    for (const { resource } of page.entry ?? []) {
      const vendor = vendorOf.get(resource.device?.reference ?? "");
      if (vendor === undefined) throw new Error(`${resource.id} came from no device`);
      facts.push(...factsIn(resource, vendor));
    }
    const url = page.link.find(({ relation }) => relation === "next")?.url;
    next = url === undefined ? undefined : new URL(url).pathname + new URL(url).search;
  }
  return facts;
}

/** Meridian's own code of a concept. */
function ownCode({ coding }: z.output<typeof code>): string {
  return coding.find(({ system }) => system === "urn:meridian:metric")?.code ?? "unknown";
}

function factsIn(one: z.output<typeof observation>, vendor: LedgerVendor): Fact[] {
  const metric = ownCode(one.code);
  const { effectiveDateTime, effectivePeriod, valueSampledData: series, valueQuantity } = one;
  const start = Date.parse(effectivePeriod?.start ?? effectiveDateTime ?? "");
  if (series !== undefined) {
    if (series.extension !== undefined) throw new Error("A ledger's samples lie on whole minutes.");
    return series.data
      .split(" ")
      .flatMap((token, slot) =>
        token === "E" ? [] : [{ vendor, metric, where: String(start + slot * series.period), value: Number(token) + series.origin.value }],
      );
  }
  if (metric === "workout") {
    const spent = (one.component ?? []).filter((part) => ownCode(part.code).startsWith("workout.energy_"));
    const where = `${start}/${Date.parse(effectivePeriod?.end ?? "")}`;
    return spent.map((part) => ({ vendor, metric: ownCode(part.code), where, value: part.valueQuantity?.value ?? Number.NaN }));
  }
  const where = effectiveDateTime?.length === 10 ? effectiveDateTime : String(start);
  return [{ vendor, metric, where, value: valueQuantity?.value ?? Number.NaN }];
}

/** What is stored and not true, and what is true and not stored, in words; values may differ by what a conversion of units brings. */
export function differences(truth: readonly Fact[], stored: readonly Fact[]): string[] {
  const key = ({ vendor, metric, where }: Fact): string => `${vendor} ${metric} ${where}`;
  const wanted = new Map(truth.map((fact) => [key(fact), fact.value]));
  const seen = new Map<string, number>();
  const faults: string[] = [];
  for (const fact of stored) {
    const name = key(fact);
    const value = wanted.get(name);
    if (seen.has(name)) faults.push(`twice: ${name} = ${seen.get(name)} and ${fact.value}`);
    else if (value === undefined) faults.push(`not true: ${name} = ${fact.value}`);
    else if (!(Math.abs(value - fact.value) <= 1e-6 * Math.max(1, Math.abs(value))))
      faults.push(`${name} = ${fact.value} instead of ${value}`);
    seen.set(name, fact.value);
  }
  for (const [name, value] of wanted) if (!seen.has(name)) faults.push(`missing: ${name} = ${value}`);
  return faults;
}
