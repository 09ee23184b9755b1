import { describe, expect, test } from "vitest";
import { METRICS, metric as metricOf } from "../health/catalogue";
import { SYSTEM } from "../health/codes";
import { ecgAttributes } from "../health/ecg";
import { mealAttributes } from "../health/meal";
import type { Reading } from "../health/reading";
import { AT, NIGHT, ORIGIN, PERSON, readingsOf, RUN } from "./fixtures";
import { fromObservation } from "./from-observation";
import { observationId, parseObservationId } from "./ids";
import { hourToObservation, readingToObservation } from "./observation";
import { checkProfiles } from "./r4/profiles";
import { sleepToObservation, workoutToObservation } from "./sessions";
import { URN } from "./systems";
import type { Observation } from "./types";

const SYSTEMS: readonly string[] = [
  SYSTEM.loinc,
  SYSTEM.pghd,
  SYSTEM.pghdSleepEpisode,
  SYSTEM.snomed,
  SYSTEM.mdc,
  SYSTEM.physicalActivity,
  URN.metric,
  SYSTEM.appleHealthKit,
];
const EVERY = METRICS.flatMap((metric) =>
  readingsOf(metric).map((reading) => ({ name: `${metric.key} as ${reading.kind}`, metric, reading })),
);

describe("every metric of the catalogue", () => {
  test.each(EVERY)("$name goes to FHIR and comes back unchanged", ({ reading }) => {
    expect(fromObservation(readingToObservation(reading, ORIGIN), ORIGIN.number)).toEqual({ kind: "reading", reading });
  });

  test.each(EVERY)("$name carries its codings in order, its category and a legal id", ({ metric, reading }) => {
    const observation = readingToObservation(reading, ORIGIN);
    const codings = observation.code.coding ?? [];
    const wanted = reading.kind === "daily" ? (metric.dailyCodings ?? metric.codings) : metric.codings;
    expect(codings).toEqual(expect.arrayContaining([...wanted]));
    expect(codings.map(({ system = "" }) => SYSTEMS.indexOf(system))).toEqual(
      codings.map(({ system = "" }) => SYSTEMS.indexOf(system)).sort((a, b) => a - b),
    );
    expect(codings).toContainEqual({ system: URN.metric, code: metric.key, display: metric.title });
    expect(observation.category[0]?.coding?.[0]).toMatchObject({
      system: SYSTEM.observationCategory,
      code: metric.category,
      display: expect.any(String),
    });
    expect(observation.id).toMatch(/^[A-Za-z0-9\-.]{1,64}$/);
    expect(checkProfiles({ ...observation })).toEqual([]);
  });

  test("has an id of its own for each reading, which leads back to its place", () => {
    const ids = EVERY.map(({ reading }) => readingToObservation(reading, ORIGIN).id);
    expect(new Set(ids).size).toBe(EVERY.length);
    for (const id of ids) {
      const place = parseObservationId(PERSON, id);
      expect(place && observationId(PERSON, place)).toBe(id);
    }
  });
});

describe("a reading", () => {
  const one = (key: string, rest: Partial<Reading> = {}) => {
    const metric = metricOf(key);
    const [reading] = metric === undefined ? [] : readingsOf(metric);
    if (reading === undefined) throw new Error(key);
    return readingToObservation({ ...reading, ...rest }, ORIGIN);
  };

  test("writes the instant with its own offset and the value in UCUM", () => {
    expect(one("heart_rate", { value: 62 })).toMatchObject({
      effectiveDateTime: "2026-11-20T08:30:00.000+01:00",
      valueQuantity: { value: 62, unit: "beats/minute", system: "http://unitsofmeasure.org", code: "/min" },
      subject: { reference: "Patient/per-eu-01kad7ws00abcdefghjkmnpqrs" },
      device: { reference: "Device/01kad7ws00abcdefghjkmnpqrs.v.3" },
      meta: { profile: ["http://hl7.org/fhir/StructureDefinition/vitalsigns", "http://hl7.org/fhir/StructureDefinition/heartrate"] },
    });
  });

  test("writes oxygen saturation with both codes, in this order", () => {
    expect(
      one("spo2")
        .code.coding?.slice(0, 2)
        .map(({ code }) => code),
    ).toEqual(["2708-6", "59408-5"]);
  });

  test("writes blood pressure as a panel without a value of its own", () => {
    const observation = one("blood_pressure", { components: { systolic: 118, diastolic: 76 } });
    expect(observation).not.toHaveProperty("valueQuantity");
    expect(
      observation.component?.map(({ code, valueQuantity }) => [code.coding?.[0]?.code, valueQuantity?.value, valueQuantity?.code]),
    ).toEqual([
      ["8480-6", 118, "mm[Hg]"],
      ["8462-4", 76, "mm[Hg]"],
    ]);
  });

  test("of a day carries the date and the codes of a day", () => {
    expect(one("steps", { kind: "daily", date: "2026-11-20" })).toMatchObject({
      effectiveDateTime: "2026-11-20",
      code: { coding: expect.arrayContaining([expect.objectContaining({ code: "41950-7" })]) },
    });
  });

  test("keeps the vendor's id as its first identifier, and a hash that survives corrections where there is none", () => {
    expect(one("heart_rate", { id: "A-1" }).identifier?.[0]).toEqual({ system: "urn:meridian:source:healthkit", value: "A-1" });
    const [bare, corrected, other] = [{ value: 60 }, { value: 61 }, { start: AT + 1, end: AT + 1 }].map(
      (rest) => one("heart_rate", { ...rest, id: "" }).identifier?.[0],
    );
    expect(bare).toEqual({ system: URN.reading, value: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(corrected).toEqual(bare);
    expect(other).not.toEqual(bare);
  });

  test("keeps attributes, day labels and free text", () => {
    const [reading] = readingsOf(metricOf("meal")!);
    const meal: Reading = {
      ...reading!,
      text: "Porridge",
      date: "2026-11-19",
      attributes: mealAttributes({ mealType: "breakfast", nutrients: { "nutrient.protein": 12.5 } }),
    };
    const observation = readingToObservation(meal, ORIGIN);
    expect(observation.component?.[0]).toMatchObject({ valueQuantity: { value: 12.5, code: "g" } });
    expect(fromObservation(observation, ORIGIN.number)).toEqual({ kind: "reading", reading: meal });
  });

  test("shows the waveform of an ECG", () => {
    const observation = one("ecg", {
      attributes: ecgAttributes({ samplingHz: 512, samplesUv: [12, -3, 40.5], lead: "Lead II", averageHeartRate: 61 }),
    });
    expect(observation.component?.map(({ code }) => code.coding?.[0]?.code)).toEqual(["131330", "8867-4"]);
    expect(observation.component?.[0]?.valueSampledData).toEqual({
      origin: { value: 0, unit: "µV", system: SYSTEM.ucum, code: "uV" },
      period: 1.953125,
      dimensions: 1,
      data: "12 -3 40.5",
    });
  });

  test("that is told apart only by its tag gets an id of its own", () => {
    const [reading] = readingsOf(metricOf("meal")!);
    const [plain, tea, toast] = ["", "tea", "toast"].map((tag) => readingToObservation(reading!, ORIGIN, tag).id);
    expect(new Set([plain, tea, toast]).size).toBe(3);
    expect(parseObservationId(PERSON, tea!)).toMatchObject({ kind: "reading", start: AT, end: AT });
  });
});

describe("an hour of samples", () => {
  const hour = {
    metric: "heart_rate",
    hour: Math.floor(AT / 3_600_000),
    at: [AT, AT + 5_000, AT + 15_000],
    value: [60, 61, 59.5],
    zone: [3_600, 3_600, 3_600],
    version: 9,
  };

  test("is one SampledData with gaps", () => {
    const observation = hourToObservation(hour, ORIGIN);
    expect(observation.valueSampledData).toEqual({
      origin: { value: 0, unit: "beats/minute", system: SYSTEM.ucum, code: "/min" },
      period: 5_000,
      dimensions: 1,
      data: "60 61 E 59.5",
    });
    expect(observation.effectivePeriod).toEqual({ start: "2026-11-20T08:30:00.000+01:00", end: "2026-11-20T08:30:15.000+01:00" });
    expect(observation.meta?.profile).toBeUndefined();
    expect(fromObservation(observation, 3)).toEqual({ kind: "hour", hour });
  });

  test("keeps the zone of each sample when it changes within the hour", () => {
    const travelled = { ...hour, zone: [3_600, 7_200, 3_600] };
    expect(fromObservation(hourToObservation(travelled, ORIGIN), 3)).toEqual({ kind: "hour", hour: travelled });
  });

  test("with one sample is a plain quantity under the same id", () => {
    const single = hourToObservation({ ...hour, at: [AT], value: [60], zone: [3_600] }, ORIGIN);
    expect(single).toMatchObject({
      id: hourToObservation(hour, ORIGIN).id,
      effectiveDateTime: "2026-11-20T08:30:00.000+01:00",
      valueQuantity: { value: 60 },
    });
  });
});

describe("sessions", () => {
  test("a night comes back with all its stages", () => {
    const observation = sleepToObservation(NIGHT, ORIGIN);
    expect(fromObservation(observation, ORIGIN.number)).toEqual({ kind: "sleep", session: NIGHT });
    expect(minutesOf(observation, "93832-4")).toBe(450);
    expect(minutesOf(observation, "93831-6")).toBe(60);
  });

  test("a workout comes back with totals, laps and events, and is a panel of both activity categories", () => {
    const observation = workoutToObservation(RUN, ORIGIN);
    expect(fromObservation(observation, ORIGIN.number)).toEqual({ kind: "workout", workout: RUN });
    expect(observation.category.flatMap(({ coding }) => coding?.map(({ code }) => code))).toEqual(["activity", "PhysicalActivity"]);
    expect(minutesOf(observation, "55411-3")).toBe(58);
    expect(minutesOf(observation, "55425-3")).toBe(148);
  });

  test("a route never leaves the vault in a workout", () => {
    expect(JSON.stringify(workoutToObservation({ ...RUN, route: [[AT, 48.137154, 11.576124]] }, ORIGIN))).not.toContain("48.13");
  });
});

function minutesOf({ component }: Observation, code: string): number | undefined {
  return component?.find((part) => part.code.coding?.some((coding) => coding.system === SYSTEM.loinc && coding.code === code))
    ?.valueQuantity?.value;
}
