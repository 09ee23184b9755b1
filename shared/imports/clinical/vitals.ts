import { SYSTEM } from "../../health/codes";
import { metric as metricOf, METRICS, type Metric } from "../../health/catalogue";
import { converter } from "../../health/units";

/** What a LOINC code says of a reading: a metric, or one value of a panel. */
export interface VitalCode {
  readonly metric: Metric;
  /** Key of the component, for one value of a panel. */
  readonly component?: string;
}

/** Codes that mean a metric and are not its own: older codes, and places of measurement that the metric does not tell apart. */
const ALIASES: Readonly<Record<string, string>> = {
  // Oxygen saturation in capillary blood, deprecated; arterial, by pulse oximetry.
  "2710-2": "spo2",
  "3141-9": "body_weight",
  "8331-1": "body_temperature",
  "8328-7": "body_temperature",
  "8333-7": "body_temperature",
  "55284-4": "blood_pressure",
};

const CODES: ReadonlyMap<string, VitalCode> = codes();

function codes(): Map<string, VitalCode> {
  const found = new Map<string, VitalCode>();
  const put = (code: string, what: VitalCode) => {
    if (!found.has(code)) found.set(code, what);
  };
  for (const metric of METRICS) {
    if (!metric.kinds.includes("sample") && !metric.kinds.includes("interval")) continue;
    for (const { system, code } of metric.codings) if (system === SYSTEM.loinc) put(code, { metric });
    for (const { key, codings } of metric.components ?? [])
      for (const { system, code } of codings) if (system === SYSTEM.loinc) put(code, { metric, component: key });
  }
  for (const [code, key] of Object.entries(ALIASES)) {
    const metric = metricOf(key);
    if (metric !== undefined) put(code, { metric });
  }
  return found;
}

/** Metrics that a LOINC code may mean. */
export const vitalMetrics = (): string[] => [...new Set([...CODES.values()].map(({ metric }) => metric.key))];

/** What a LOINC code measures, where it is a reading and no laboratory result. */
export function vitalByLoinc(code: string): VitalCode | undefined {
  return CODES.get(code);
}

/** A value in the unit of a metric or of its component; undefined where the unit is unknown or does not fit. */
export function vitalValue({ metric, component }: VitalCode, value: number, unit: string): number | undefined {
  const target = component === undefined ? metric.unit : metric.components?.find(({ key }) => key === component)?.unit;
  return target === undefined ? undefined : converter(unit, target, metric.key.includes("glucose") ? "glucose" : undefined)?.(value);
}

interface Half {
  readonly type: string;
  readonly at: string;
  readonly component: string;
  readonly metric: Metric;
  readonly value: number;
  readonly id?: string;
  readonly version: number;
  readonly app?: string;
}

/** Joins the values of panels that a document tells one by one, such as the two of a blood pressure. */
export class PanelParts {
  readonly #panels = new Map<string, Half[]>();

  /** @param group what belongs together: the same document part, or the same instant */
  add(group: string, half: Half): void {
    const key = `${group}\n${half.metric.key}\n${half.at}`;
    const panel = this.#panels.get(key);
    if (panel === undefined) this.#panels.set(key, [half]);
    else panel.push(half);
  }

  /** What has come together, and what has not: required values of the panel are missing, or are there twice. */
  take(): { readonly whole: readonly Half[][]; readonly broken: readonly Half[][] } {
    const [whole, broken]: [Half[][], Half[][]] = [[], []];
    for (const panel of this.#panels.values()) {
      const required = (panel[0]?.metric.components ?? []).filter((component) => component.optional !== true);
      const isWhole = required.every(({ key }) => panel.some((half) => half.component === key));
      const isOnce = new Set(panel.map(({ component }) => component)).size === panel.length;
      (isWhole && isOnce ? whole : broken).push(panel);
    }
    this.#panels.clear();
    return { whole, broken };
  }
}
