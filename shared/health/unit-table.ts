/**
 * The part of UCUM that health data uses, as a table: unit → dimension and factor to the dimension's base unit. Compound
 * units are listed whole (there is no unit algebra), so an unknown combination is refused rather than guessed.
 *
 * Dimensions are finer than physics where mixing would be a mistake in medicine: a metabolic equivalent is no oxygen
 * uptake, a hearing level is no sound pressure level, an international unit is no enzyme unit.
 */

export interface UnitEntry {
  readonly dimension: string;
  /** base = value × factor + offset */
  readonly factor: number;
  readonly offset: number;
}

/** International avoirdupois pound in grams and foot in metres, exact by definition. */
const POUND_G = 453.59237;
const FOOT_M = 0.3048;
const DAY_S = 86_400;

/** Factors per dimension; the unit with factor 1 is the base. */
const LINEAR: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // Pure numbers. Every annotation in braces ({steps}, {flight}, {score} …) has the value 1 in UCUM and belongs here too.
  count: { "1": 1 },
  // Parts of a whole. `1` is accepted as a fraction of 1, see `converter`.
  ratio: { "%": 1, "[ppth]": 0.1, "[ppm]": 1e-4 },
  frequency: {
    Hz: 1,
    kHz: 1000,
    mHz: 1e-3,
    "/s": 1,
    "/min": 1 / 60,
    "/h": 1 / 3600,
    "/d": 1 / DAY_S,
    "/wk": 1 / (7 * DAY_S),
  },
  time: {
    s: 1,
    ms: 1e-3,
    us: 1e-6,
    ns: 1e-9,
    min: 60,
    h: 3600,
    d: DAY_S,
    wk: 7 * DAY_S,
    // UCUM's `mo` and `a` are the Julian ones.
    mo: 30.4375 * DAY_S,
    a: 365.25 * DAY_S,
  },
  // Share of a period: days per week, minutes per day, minutes per week.
  time_share: { "min/d": 1, "h/d": 60, "min/wk": 1 / 7, "h/wk": 60 / 7, "d/wk": 1440 / 7 },
  length: {
    m: 1,
    km: 1000,
    dm: 0.1,
    cm: 0.01,
    mm: 1e-3,
    um: 1e-6,
    "[in_i]": FOOT_M / 12,
    "[ft_i]": FOOT_M,
    "[yd_i]": 3 * FOOT_M,
    "[mi_i]": 5280 * FOOT_M,
    "[nmi_i]": 1852,
  },
  mass: {
    g: 1,
    kg: 1000,
    mg: 1e-3,
    ug: 1e-6,
    ng: 1e-9,
    pg: 1e-12,
    "[lb_av]": POUND_G,
    "[oz_av]": POUND_G / 16,
    "[stone_av]": 14 * POUND_G,
  },
  // UCUM allows `L` and `l`; `normaliseUnit` writes `L`.
  volume: {
    L: 1,
    dL: 0.1,
    cL: 0.01,
    mL: 1e-3,
    uL: 1e-6,
    fL: 1e-15,
    "[foz_us]": 0.029_573_529_562_5,
    "[cup_us]": 0.236_588_236_5,
    "[pt_us]": 0.473_176_473,
    "[qt_us]": 0.946_352_946,
    "[gal_us]": 3.785_411_784,
    "[tbs_us]": 0.014_786_764_781_25,
    "[tsp_us]": 0.004_928_921_593_75,
    "[foz_br]": 0.028_413_062_5,
    "[pt_br]": 0.568_261_25,
  },
  area: { m2: 1, cm2: 1e-4, mm2: 1e-6 },
  areal_mass: { "kg/m2": 1, "g/m2": 1e-3, "g/cm2": 10 },
  pressure: {
    Pa: 1,
    kPa: 1000,
    hPa: 100,
    "mm[Hg]": 133.322,
    "cm[H2O]": 98.0665,
    "[psi]": 6894.757_293_168_361,
    bar: 1e5,
    mbar: 100,
    atm: 101_325,
  },
  energy: {
    J: 1,
    kJ: 1000,
    MJ: 1e6,
    cal: 4.184,
    kcal: 4184,
    "[Cal]": 4184,
    "W.h": 3600,
    "kW.h": 3.6e6,
  },
  power: {
    W: 1,
    kW: 1000,
    "J/s": 1,
    "kcal/d": 4184 / DAY_S,
    "kcal/h": 4184 / 3600,
    "kcal/min": 4184 / 60,
    "kJ/d": 1000 / DAY_S,
    "[HP]": 745.699_871_582_27,
  },
  specific_power: { "kcal/h/kg": 1, "kcal/kg/h": 1, "kcal/min/kg": 60, "W/kg": 3600 / 4184 },
  metabolic_equivalent: { "[MET]": 1 },
  oxygen_uptake: { "mL/kg/min": 1, "mL/min/kg": 1, "L/kg/min": 1000, "L/min/kg": 1000 },
  speed: {
    "m/s": 1,
    "cm/s": 0.01,
    "mm/s": 1e-3,
    "m/min": 1 / 60,
    "km/h": 1 / 3.6,
    "mm/h": 1e-3 / 3600,
    "[mi_i]/h": (5280 * FOOT_M) / 3600,
    "[ft_i]/s": FOOT_M,
    "[kn_i]": 1852 / 3600,
  },
  // Time per distance: linear among itself, the reciprocal of a speed.
  pace: { "s/m": 1, "s/km": 1e-3, "min/km": 0.06, "min/[mi_i]": 60 / (5280 * FOOT_M) },
  acceleration: { "m/s2": 1, "[g]": 9.806_65 },
  angle: { deg: 1, rad: 180 / Math.PI },
  flow: { "L/min": 1, "L/s": 60, "mL/min": 1e-3, "mL/s": 0.06, "mL/h": 1e-3 / 60, "L/h": 1 / 60 },
  filtration: { "mL/min/{1.73_m2}": 1 },
  voltage: { V: 1, mV: 1e-3, uV: 1e-6, nV: 1e-9 },
  conductance: { S: 1, mS: 1e-3, uS: 1e-6 },
  sound_pressure_level: { "dB[SPL]": 1, "B[SPL]": 10 },
  hearing_level: { "dB{HL}": 1 },
  acidity: { "[pH]": 1 },

  // Laboratory
  mass_concentration: {
    "mg/dL": 1,
    "mg/L": 0.1,
    "mg/mL": 100,
    "g/dL": 1000,
    "g/L": 100,
    "g/mL": 1e5,
    "ug/dL": 1e-3,
    "ug/L": 1e-4,
    "ug/mL": 0.1,
    "ng/dL": 1e-6,
    "ng/L": 1e-7,
    "ng/mL": 1e-4,
    "pg/dL": 1e-9,
    "pg/mL": 1e-7,
    "pg/L": 1e-10,
  },
  substance_concentration: {
    "mmol/L": 1,
    "mol/L": 1000,
    "umol/L": 1e-3,
    "nmol/L": 1e-6,
    "pmol/L": 1e-9,
    "nmol/mL": 1e-3,
    "pmol/mL": 1e-6,
    "umol/mL": 1,
    "mmol/dL": 10,
  },
  mass_concentration_rate: { "mg/dL/min": 1 },
  substance_concentration_rate: { "mmol/L/min": 1 },
  charge_concentration: { "meq/L": 1, "eq/L": 1000, "ueq/L": 1e-3, "meq/dL": 10 },
  number_concentration: {
    "10*9/L": 1,
    "10*12/L": 1000,
    "10*6/L": 1e-3,
    "10*3/uL": 1,
    "10*6/uL": 1000,
    "/uL": 1e-3,
    "/mL": 1e-6,
    "/L": 1e-9,
    "/mm3": 1e-3,
  },
  // Only linear within one assay; substance-specific factors to mass are deliberately absent.
  arbitrary: { "[iU]": 1, "k[iU]": 1000, "m[iU]": 1e-3, "[IU]": 1, "m[IU]": 1e-3 },
  arbitrary_concentration: {
    "[iU]/L": 1,
    "[IU]/L": 1,
    "k[iU]/L": 1000,
    "k[IU]/L": 1000,
    "m[iU]/L": 1e-3,
    "m[IU]/L": 1e-3,
    "[iU]/mL": 1000,
    "[IU]/mL": 1000,
    "m[iU]/mL": 1,
    "m[IU]/mL": 1,
    "u[iU]/mL": 1e-3,
    "u[IU]/mL": 1e-3,
  },
  catalytic_concentration: {
    "U/L": 1,
    "U/mL": 1000,
    "mU/L": 1e-3,
    "mU/mL": 1,
    "kU/L": 1000,
    "ukat/L": 60,
    "nkat/L": 0.06,
  },
  mass_ratio: { "mg/g": 1, "ug/mg": 1, "ug/g": 1e-3, "g/kg": 1, "mg/kg": 1e-3, "ng/mg": 1e-3 },
  mass_per_substance: { "mg/mmol": 1, "g/mol": 1, "ug/mmol": 1e-3 },
  substance_ratio: { "mmol/mol": 1, "umol/mol": 1e-3 },
  osmolality: { "mosm/kg": 1, "osm/kg": 1000 },
  substance: { mol: 1, mmol: 1e-3, umol: 1e-6 },
};

/** The unit of temperature differences: no offset, so that 1.8 °F of deviation is 1 °C of deviation. */
export const TEMPERATURE_DIFFERENCE = "Cel{difference}";

const AFFINE: Readonly<Record<string, UnitEntry>> = {
  Cel: { dimension: "temperature", factor: 1, offset: 0 },
  K: { dimension: "temperature", factor: 1, offset: -273.15 },
  "[degF]": { dimension: "temperature", factor: 5 / 9, offset: -160 / 9 },
  [TEMPERATURE_DIFFERENCE]: { dimension: "temperature_difference", factor: 1, offset: 0 },
  "K{difference}": { dimension: "temperature_difference", factor: 1, offset: 0 },
  "[degF]{difference}": { dimension: "temperature_difference", factor: 5 / 9, offset: 0 },
};

/** UCUM code → dimension, factor, offset. */
export const UNITS: ReadonlyMap<string, UnitEntry> = new Map([
  ...Object.entries(LINEAR).flatMap(([dimension, units]) =>
    Object.entries(units).map(([unit, factor]): [string, UnitEntry] => [unit, { dimension, factor, offset: 0 }]),
  ),
  ...Object.entries(AFFINE),
]);
