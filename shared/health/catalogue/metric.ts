import { loincDisplay, type LoincCode, SNOMED, type SnomedCode, SYSTEM } from "../codes";

/**
 * How a value relates to time: `sample` at an instant, `interval` between two instants and summable, `daily` by local
 * date, `event` something that happened or a bounded session. Kinds never mix in one aggregate.
 */
export type Kind = "sample" | "interval" | "daily" | "event";

/** Default aggregation when several readings of the chosen source fall into one bucket. */
export type Aggregation = "mean" | "sum" | "last" | "min" | "max" | "count";

/** Data category a consent names; the reproductive and ecg classes always need a scope of their own. */
export type Sensitivity = "vitals" | "activity" | "sleep" | "nutrition" | "body" | "labs" | "mental" | "reproductive" | "location" | "ecg";

/** FHIR `Observation.category`. */
export type Category = "vital-signs" | "activity" | "exam" | "laboratory" | "social-history" | "survey" | "procedure";

export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

/** Lowest and highest plausible value in the canonical unit, both inclusive; outside lies the quarantine. */
export type Bounds = readonly [number, number];

/** One value of a panel, such as the systolic pressure. */
export interface Component {
  readonly key: string;
  readonly unit: string;
  readonly bounds: Bounds;
  readonly codings: readonly Coding[];
  readonly optional?: true;
}

export interface HealthKitMapping {
  /** Full type identifiers. */
  readonly identifiers: readonly string[];
  /** HealthKit's unit (UCUM) where it differs from the canonical one. */
  readonly unit?: string;
  /** The value is a fraction 0–1 although HealthKit calls its unit `%`: multiply by 100. */
  readonly fraction?: true;
  /** HealthKit calls the unit `count` although the metric has one: a value in `count` is already in the canonical unit. */
  readonly unitless?: true;
  /** Codings that are only true of Apple's own algorithm, for readings that come from HealthKit. */
  readonly codings?: readonly Coding[];
}

export interface HealthConnectMapping {
  /** Record names without the `Record` suffix. */
  readonly records: readonly string[];
  /** Field of the record that carries the value. */
  readonly field?: string;
  /** Health Connect's unit (UCUM) where it differs from the canonical one. */
  readonly unit?: string;
}

export interface Metric {
  readonly key: string;
  /** Storage number: written out in the data, never derived from position, never reused. */
  readonly code: number;
  readonly title: string;
  /** The main kind. */
  readonly kind: Kind;
  /** Every kind the metric may appear as. */
  readonly kinds: readonly Kind[];
  readonly aggregation: Aggregation;
  /** Decibels: a mean must be taken over the energies, not over the levels. */
  readonly energyAverage?: true;
  /** Canonical UCUM unit; `""` where the metric carries no number. */
  readonly unit: string;
  /** Present on every metric that carries a number, except panels, whose components have their own. */
  readonly bounds?: Bounds;
  /** Dense samples are packed into hourly segments, everything else is a row. */
  readonly storage: "segment" | "row";
  readonly components?: readonly Component[];
  /** Closed set of a coded event. */
  readonly values?: readonly string[];
  readonly sensitivity: Sensitivity;
  readonly category: Category;
  /** In FHIR order: LOINC, PGHD, SNOMED CT; Meridian's own code where neither LOINC nor PGHD has one. */
  readonly codings: readonly Coding[];
  /** Codings of a day total, where they differ. */
  readonly dailyCodings?: readonly Coding[];
  /** Codings of a day's maximum, where LOINC has a separate term. A day's mean keeps `codings`. */
  readonly dailyMaximumCodings?: readonly Coding[];
  readonly healthKit?: HealthKitMapping;
  readonly healthConnect?: HealthConnectMapping;
  /** Vendor → field paths that carry the metric. */
  readonly vendor?: Readonly<Record<string, readonly string[]>>;
}

/** A LOINC coding, with its display where the official name is known. */
export function loinc(code: LoincCode): Coding {
  const display = loincDisplay(code);
  return { system: SYSTEM.loinc, code, ...(display !== undefined && { display }) };
}

/** A coding of the HL7 PHR system for patient-generated data. */
export function pghd(code: string): Coding {
  return { system: SYSTEM.pghd, code };
}

/** A SNOMED CT coding with its display name. */
export function snomed(code: SnomedCode): Coding {
  return { system: SYSTEM.snomed, code, display: SNOMED[code] };
}

/** A row as the group files write it; `defineMetrics` fills in what follows from the rest. */
export interface MetricRow extends Omit<
  Metric,
  "kinds" | "codings" | "healthKit" | "healthConnect" | "storage" | "sensitivity" | "category"
> {
  /** Further kinds besides the main one. */
  readonly also?: readonly Kind[];
  readonly storage?: Metric["storage"];
  readonly sensitivity?: Sensitivity;
  readonly category?: Category;
  /** Codings; without any, the metric gets Meridian's own code. */
  readonly codings?: readonly Coding[];
  /** Quantity type names without `HKQuantityTypeIdentifier`. */
  readonly hk?: string | readonly string[];
  /** Category type names without `HKCategoryTypeIdentifier`. */
  readonly hkCategory?: string | readonly string[];
  /** Other HealthKit identifiers, in full. */
  readonly hkOther?: readonly string[];
  readonly hkUnit?: string;
  readonly hkFraction?: true;
  readonly hkUnitless?: true;
  readonly hkCodings?: readonly Coding[];
  /** Health Connect record names, optionally as `Record.field`. */
  readonly hc?: string | readonly string[];
  readonly hcUnit?: string;
}

/** What all rows of a group share unless a row says otherwise. */
export interface GroupDefaults {
  readonly sensitivity: Sensitivity;
  readonly category: Category;
}

const list = (names: string | readonly string[] | undefined): readonly string[] =>
  names === undefined ? [] : typeof names === "string" ? [names] : names;

/** Completes the rows of one group: kinds, storage, codings, full HealthKit identifiers. */
export function defineMetrics(defaults: GroupDefaults, rows: readonly MetricRow[]): readonly Metric[] {
  return rows.map((row) => {
    const { also, hk, hkCategory, hkOther, hkUnit, hkFraction, hkUnitless, hkCodings, hc, hcUnit, ...rest } = row;
    const identifiers = [
      ...list(hk).map((name) => `HKQuantityTypeIdentifier${name}`),
      ...list(hkCategory).map((name) => `HKCategoryTypeIdentifier${name}`),
      ...(hkOther ?? []),
    ];
    const healthConnect = list(hc).map((entry) => entry.split("."));
    const field = healthConnect[0]?.slice(1).join(".");
    return {
      ...rest,
      kinds: [row.kind, ...(also ?? [])],
      storage: row.storage ?? "row",
      sensitivity: row.sensitivity ?? defaults.sensitivity,
      category: row.category ?? defaults.category,
      codings: row.codings ?? [{ system: SYSTEM.metric, code: row.key, display: row.title }],
      ...(identifiers.length > 0 && {
        healthKit: {
          identifiers,
          ...(hkUnit !== undefined && { unit: hkUnit }),
          ...(hkFraction && { fraction: hkFraction }),
          ...(hkUnitless && { unitless: hkUnitless }),
          ...(hkCodings && { codings: hkCodings }),
        },
      }),
      ...(healthConnect.length > 0 && {
        healthConnect: {
          records: healthConnect.map(([record = ""]) => record),
          ...(field && { field }),
          ...(hcUnit !== undefined && { unit: hcUnit }),
        },
      }),
    };
  });
}
