/** A range of a test's values in its canonical unit, for people of one sex and age. Both ends are included unless they are said not to be. */
export interface TestRange {
  readonly sex?: "female" | "male";
  /** Years, included. */
  readonly fromAge: number;
  readonly low?: number;
  readonly high?: number;
  readonly isHighExcluded?: true;
}

/** Another unit in which a test is told, of another dimension than the canonical one: canonical = value × times + plus. */
export interface OtherUnit {
  readonly unit: string;
  readonly times: number;
  readonly plus?: number;
}

/** One laboratory test: what its results are called, measured in and compared with. */
export interface LabTest {
  readonly key: string;
  readonly title: string;
  readonly group: string;
  /** LOINC codes that mean this test, the preferred one first. */
  readonly loinc: readonly string[];
  /** Canonical UCUM unit. */
  readonly unit: string;
  readonly otherUnits: readonly OtherUnit[];
  readonly synonyms: readonly string[];
  /** Lowest and highest value that is believed, in the canonical unit. */
  readonly bounds: readonly [number, number] | null;
  /** Typical ranges, for where a laboratory states none. */
  readonly ranges: readonly TestRange[];
}

/** Where the typical ranges of the catalogue come from, as it is shown with them. */
export const TYPICAL_ADULT = "typical adult, not of your laboratory";

/** A test as the tables write it. */
export interface TestRow {
  readonly title: string;
  readonly unit: string;
  readonly loinc: readonly string[];
  readonly also?: readonly string[];
  readonly bounds: readonly [number, number];
  readonly ranges?: readonly TestRange[];
  /** Grams a mole: values in moles are converted. */
  readonly molarMass?: number;
  readonly otherUnits?: readonly OtherUnit[];
}

const ADULT = 18;

/** Grams per unit of a concentration of mass, as far as tests need it: the factor from its canonical unit to mg/dL. */
const IN_MG_DL: Readonly<Record<string, number>> = {
  "mg/dL": 1,
  "g/dL": 1_000,
  "ug/dL": 1e-3,
  "ng/dL": 1e-6,
  "ng/mL": 1e-4,
  "pg/mL": 1e-7,
  "mg/L": 0.1,
};

/** Tests of one group, complete. */
export function defineTests(group: string, rows: Readonly<Record<string, TestRow>>): LabTest[] {
  return Object.entries(rows).map(([key, row]) => ({
    key,
    title: row.title,
    group,
    loinc: row.loinc,
    unit: row.unit,
    otherUnits: [...(row.otherUnits ?? []), ...molar(row)],
    synonyms: row.also ?? [],
    bounds: row.bounds,
    ranges: row.ranges ?? [],
  }));
}

/** A millimole a litre of a substance is a tenth of its molar mass in milligrams a decilitre. */
function molar({ molarMass, unit }: TestRow): OtherUnit[] {
  const factor = IN_MG_DL[unit];
  return molarMass === undefined || factor === undefined ? [] : [{ unit: "mmol/L", times: molarMass / 10 / factor }];
}

/** From, to, in adults. */
export function within(low: number, high: number): TestRange {
  return { fromAge: ADULT, low, high };
}

export function below(high: number): TestRange {
  return { fromAge: ADULT, high, isHighExcluded: true };
}

export function atLeast(low: number): TestRange {
  return { fromAge: ADULT, low };
}

/** Ranges of women and men. */
export function bySex(female: TestRange, male: TestRange): TestRange[] {
  return [
    { ...female, sex: "female" },
    { ...male, sex: "male" },
  ];
}
