import { metric as metricOf } from "../health/catalogue";
import { SYSTEM } from "../health/codes";
import { readEcg } from "../health/ecg";
import { readNutrients } from "../health/meal";
import type { Reading } from "../health/reading";
import { codeOf } from "./coding";
import { encodeSampledData } from "./sampled-data";
import type { Coding, ObservationComponent } from "./types";
import { quantity } from "./units";

/** Electric potential by lead (ISO/IEEE 11073-10101): 131328 and the number of the lead. */
const LEADS: Readonly<Record<string, Coding>> = {
  I: { system: SYSTEM.mdc, code: "131329", display: "MDC_ECG_ELEC_POTL_I" },
  II: { system: SYSTEM.mdc, code: "131330", display: "MDC_ECG_ELEC_POTL_II" },
  III: { system: SYSTEM.mdc, code: "131389", display: "MDC_ECG_ELEC_POTL_III" },
};
const UNKNOWN_LEAD: Coding = { system: SYSTEM.mdc, code: "131328", display: "MDC_ECG_ELEC_POTL" };

/**
 * Components that show what a reading's attributes hold in FHIR's own terms: the waveform of an ECG, the nutrients of a meal. They carry
 * no code of the reading's own metric, so that the way back leaves them out: the attributes themselves come along whole.
 */
export function derivedComponents({ metric, attributes }: Reading): ObservationComponent[] {
  if (attributes === undefined) return [];
  if (metric === "ecg") return electrocardiogram(attributes);
  return metric === "meal" ? nutrients(attributes) : [];
}

/** The voltages in microvolts, then the mean heart rate where it is known. */
function electrocardiogram(attributes: Readonly<Record<string, unknown>>): ObservationComponent[] {
  const ecg = readEcg(attributes);
  if (ecg === undefined) return [];
  const { samplesUv, samplingHz, lead, averageHeartRate } = ecg;
  const grid = encodeSampledData({ at: samplesUv.map((_, i) => i), value: samplesUv }, quantity(0, "uV"));
  const waveform = {
    code: { coding: [LEADS[lead ?? ""] ?? UNKNOWN_LEAD], ...(lead !== undefined && { text: `Lead ${lead}` }) },
    valueSampledData: { ...grid, period: 1_000 / samplingHz },
  };
  const rate = metricOf("heart_rate");
  if (averageHeartRate === undefined || rate === undefined) return [waveform];
  return [waveform, { code: codeOf(rate, "sample"), valueQuantity: quantity(averageHeartRate, rate.unit, rate.key) }];
}

/** Each amount under the code of its nutrient, in the unit of the catalogue. */
function nutrients(attributes: Readonly<Record<string, unknown>>): ObservationComponent[] {
  return readNutrients(attributes).map(({ metric, amount }) => ({
    code: codeOf(metric, "interval"),
    valueQuantity: quantity(amount, metric.unit, metric.key),
  }));
}
