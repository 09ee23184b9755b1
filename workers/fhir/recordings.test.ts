import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { BatchBuilder } from "../../shared/health/batch";
import { addElectrocardiogram, parseElectrocardiogram } from "../../shared/imports/apple/ecg";
import { parsePush } from "../../shared/ingest/push";
import type { Observation, SearchBundle } from "../../shared/fhir/types";
import type { Batch } from "../../shared/health/reading";
import { FIXTURES } from "../../shared/vendors/google-health/fixtures";
import { GOOGLE_HEALTH_MODULE } from "../../shared/vendors/google-health/module";
import { ecgCsv } from "../../test/fixtures/apple-export";
import { registerPerson } from "../../test/people";
import { vaultOf } from "../regional";

const AT = Date.parse("2026-06-22T12:00:00Z");

/** Stores a batch in a fresh person's vault and reads the one Observation of a metric there. */
async function shown(batch: Batch, metric: string): Promise<Observation> {
  const { person, fetch } = await registerPerson("eu");
  expect(await vaultOf(env, person.id).record(batch)).toMatchObject({ quarantined: [], rejected: [] });
  const response = await fetch(`/fhir/r4/Observation?code=urn:meridian:metric|${metric}`);
  expect(response.status).toBe(200);
  const { entry = [] } = await response.json<SearchBundle>();
  expect(entry).toHaveLength(1);
  return entry[0]?.resource as Observation;
}

function fromApple(csv: string): Batch {
  const batch = new BatchBuilder();
  const ecg = parseElectrocardiogram(new TextEncoder().encode(csv));
  if (ecg !== undefined) addElectrocardiogram(ecg, batch);
  return batch.take();
}

function fromGoogle(type: keyof typeof FIXTURES): Batch {
  const batch = new BatchBuilder();
  GOOGLE_HEALTH_MODULE.readPage(type, { dataPoints: [FIXTURES[type]] }, batch, { connection: "con_eu_1", syncedAt: AT });
  return batch.take();
}

/** Amounts by the catalogue key of their component. */
function amounts({ component = [] }: Observation) {
  return Object.fromEntries(
    component.map(({ code, valueQuantity }) => [
      code.coding?.find(({ system }) => system === "urn:meridian:metric")?.code,
      `${valueQuantity?.value} ${valueQuantity?.code}`,
    ]),
  );
}

test("a recording of Apple's export is shown as SampledData in microvolts", async () => {
  const samples = Array.from({ length: 15_360 }, (_, i) => (Math.sin(i / 40) * 900).toFixed(3));
  const [waveform, ...rest] = (await shown(fromApple(ecgCsv({ samples })), "ecg")).component ?? [];
  expect(rest).toEqual([]);
  expect(waveform).toMatchObject({
    code: { coding: [{ system: "urn:oid:2.16.840.1.113883.6.24", code: "131329" }], text: "Lead I" },
    valueSampledData: { origin: { value: 0, code: "uV" }, period: 1_000 / 512, dimensions: 1 },
  });
  const voltages = waveform?.valueSampledData?.data.split(" ").map(Number) ?? [];
  expect(voltages).toHaveLength(samples.length);
  for (const [i, sample] of samples.entries()) expect(Math.abs((voltages[i] ?? Number.NaN) - Number(sample))).toBeLessThanOrEqual(2.5);
});

test("a recording of Google's is shown likewise, with the heart rate it states", async () => {
  const observation = await shown(fromGoogle("electrocardiogram"), "ecg");
  expect(observation.component).toMatchObject([
    { code: { coding: [{ code: "131329" }] }, valueSampledData: { origin: { code: "uV" }, period: 4, data: "0 1000 -500 0.092" } },
    { valueQuantity: { value: 67, unit: "beats/minute", code: "/min" } },
  ]);
});

test("a meal of Google's is shown with its energy and nutrients", async () => {
  expect(amounts(await shown(fromGoogle("nutrition-log"), "meal"))).toMatchObject({
    dietary_energy: "350 kcal",
    "nutrient.protein": "12 g",
    "nutrient.sodium": "120 mg",
  });
});

test("a meal of a phone is shown with its energy and nutrients", async () => {
  const meal = {
    type: "Nutrition",
    startTime: new Date(AT).toISOString(),
    endTime: new Date(AT + 600_000).toISOString(),
    metadata: { id: "lunch" },
    name: "Lunch",
    energy: { inKilocalories: 520 },
    protein: { inGrams: 20 },
  };
  const { batch } = parsePush("health-connect", new TextEncoder().encode(JSON.stringify({ data: { records: [meal] } })), AT);
  const observation = await shown(batch, "meal");
  expect(amounts(observation)).toEqual({ dietary_energy: "520 kcal", "nutrient.protein": "20 g" });
});
