import { metric as metricOf } from "../health/catalogue";
import { SYSTEM } from "../health/codes";
import type { Reading } from "../health/reading";
import { codeOf } from "./coding";
import { isRecord } from "./frame";
import { encodeSampledData } from "./sampled-data";
import type { ObservationComponent } from "./types";
import { quantity } from "./units";

/**
 * Components that show what a reading's attributes hold in FHIR's own terms: the waveform of an ECG, the nutrients of a meal. They carry
 * no code of the reading's own metric, so that the way back leaves them out: the attributes themselves come along whole.
 */
export function derivedComponents(reading: Reading): ObservationComponent[] {
  const { attributes } = reading;
  if (attributes === undefined) return [];
  if (reading.metric === "ecg") return waveform(attributes);
  return reading.metric === "meal" ? nutrients(attributes["nutrients"]) : [];
}

/** Voltages in microvolts under `voltagesUv`, sampled at `samplingFrequencyHz`. */
function waveform(attributes: Readonly<Record<string, unknown>>): ObservationComponent[] {
  const { voltagesUv, samplingFrequencyHz } = attributes;
  if (!Array.isArray(voltagesUv) || typeof samplingFrequencyHz !== "number" || samplingFrequencyHz <= 0) return [];
  const value = voltagesUv.filter((voltage): voltage is number => typeof voltage === "number" && Number.isFinite(voltage));
  if (value.length === 0 || value.length !== voltagesUv.length) return [];
  const grid = encodeSampledData({ at: value.map((_, i) => i), value }, quantity(0, "uV"));
  return [
    {
      code: { coding: [{ system: SYSTEM.mdc, code: "131329", display: "MDC_ECG_ELEC_POTL_I" }] },
      valueSampledData: { ...grid, period: 1_000 / samplingFrequencyHz },
    },
  ];
}

/** Amounts by nutrient, in the unit of the metric `nutrient.{name}` or of the metric that the key names. */
function nutrients(amounts: unknown): ObservationComponent[] {
  if (!isRecord(amounts)) return [];
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const metric = metricOf(`nutrient.${name}`) ?? metricOf(name);
    if (metric === undefined || typeof amount !== "number") return [];
    return [{ code: codeOf(metric, "interval"), valueQuantity: quantity(amount, metric.unit) }];
  });
}
