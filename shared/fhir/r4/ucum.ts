/**
 * UCUM (ucum.org/ucum, table of units of version 2.1) as far as health data goes: terms with prefixes, powers, products, quotients,
 * annotations and brackets, brought to base units. Factors are exact fractions, so 1 [lb_av] and 453.59237 g come to the same number.
 * Three departures, where mixing would be a mistake in medicine: a mole is a base unit and not a number of things, arbitrary units such as
 * [iU] are bases of their own, and levels (dB[SPL], [pH]) are never turned into what they are logarithms of.
 */
export interface CanonicalQuantity {
  readonly value: number;
  /** Base units in alphabetical order: `g.m-3`, `s-1`, `1`. */
  readonly code: string;
}

/** A fraction and powers of base units. */
interface Unit {
  readonly over: bigint;
  readonly under: bigint;
  readonly powers: ReadonlyMap<string, number>;
  /** Degrees on a scale with another zero: Kelvin = (value + zero) × factor. */
  readonly zero?: readonly [over: bigint, under: bigint];
  readonly isMetric?: boolean;
}

const PREFIXES: Readonly<Record<string, number>> = {
  Y: 24,
  Z: 21,
  E: 18,
  P: 15,
  T: 12,
  G: 9,
  M: 6,
  k: 3,
  h: 2,
  da: 1,
  d: -1,
  c: -2,
  m: -3,
  u: -6,
  n: -9,
  p: -12,
  f: -15,
  a: -18,
  z: -21,
  y: -24,
};

/** Units that stand for themselves; `true` where they take prefixes. */
const BASES: Readonly<Record<string, boolean>> = {
  m: true,
  s: true,
  g: true,
  rad: true,
  K: true,
  C: true,
  cd: true,
  mol: true,
  "[iU]": true,
  "[arb'U]": false,
  "[USP'U]": false,
  "[CFU]": false,
  "[PFU]": false,
  "[FFU]": false,
  "[EU]": false,
  "[GPL'U]": false,
  "[MPL'U]": false,
  "[APL'U]": false,
  "[BAU]": false,
  "[AU]": false,
  "[D'ag'U]": false,
  "[pH]": false,
  B: true,
  "B[SPL]": true,
  Np: true,
  bit: false,
};

/** Unit → how many of which units; those before the bar take prefixes. */
const METRIC: Readonly<Record<string, string>> = {
  L: "1 dm3",
  l: "1 dm3",
  t: "1000 kg",
  Hz: "1 s-1",
  N: "1 kg.m/s2",
  Pa: "1 N/m2",
  J: "1 N.m",
  W: "1 J/s",
  A: "1 C/s",
  V: "1 J/C",
  F: "1 C/V",
  Ohm: "1 V/A",
  S: "1 Ohm-1",
  Wb: "1 V.s",
  T: "1 Wb/m2",
  H: "1 Wb/A",
  lm: "1 cd.sr",
  lx: "1 lm/m2",
  sr: "1 rad2",
  Bq: "1 s-1",
  Gy: "1 J/kg",
  Sv: "1 J/kg",
  bar: "100000 Pa",
  kat: "1 mol/s",
  U: "1 umol/min",
  eq: "1 mol",
  osm: "1 mol",
  cal: "4.184 J",
  cal_th: "4.184 J",
  cal_IT: "4.1868 J",
  "[Btu_th]": "1054.35 J",
  "m[H2O]": "9806.65 Pa",
  "m[Hg]": "133322 Pa",
  eV: "0.0000000000000000001602176634 J",
  "[IU]": "1 [iU]",
  By: "8 bit",
  "g%": "1 g/dL",
  st: "1 m3",
  P: "1 dyn.s/cm2",
  dyn: "1 g.cm/s2",
  Ci: "37000000000 Bq",
  R: "0.000258 C/kg",
  REM: "0.01 J/kg",
  RAD: "0.01 J/kg",
};

const PLAIN: Readonly<Record<string, string>> = {
  "10*": "10 1",
  "10^": "10 1",
  "%": "0.01 1",
  "[ppth]": "0.001 1",
  "[ppm]": "0.000001 1",
  "[ppb]": "0.000000001 1",
  "[pptr]": "0.000000000001 1",
  "[pi]": "3.14159265358979323846 1",
  min: "60 s",
  h: "3600 s",
  d: "86400 s",
  wk: "7 d",
  a: "365.25 d",
  a_j: "365.25 d",
  a_g: "365.2425 d",
  a_t: "365.24219 d",
  mo: "30.4375 d",
  mo_j: "30.4375 d",
  mo_g: "30.436875 d",
  mo_s: "29.53059 d",
  deg: "0.01745329251994329577 rad",
  "'": "0.000290888208665721596 rad",
  "''": "0.00000484813681109535994 rad",
  atm: "101325 Pa",
  "[psi]": "6894.757293168 Pa",
  "[in_i'Hg]": "3386.3788 Pa",
  "[in_i'H2O]": "249.08891 Pa",
  "[in_i]": "2.54 cm",
  "[in_us]": "2.540005080010160 cm",
  "[ft_i]": "30.48 cm",
  "[ft_us]": "30.480060960121920 cm",
  "[yd_i]": "91.44 cm",
  "[mi_i]": "1609.344 m",
  "[mi_us]": "1609.347218694437 m",
  "[nmi_i]": "1852 m",
  "[kn_i]": "1852 m/h",
  "[sft_i]": "929.0304 cm2",
  "[sin_i]": "6.4516 cm2",
  "[cin_i]": "16.387064 cm3",
  "[gr]": "0.06479891 g",
  "[lb_av]": "453.59237 g",
  "[oz_av]": "28.349523125 g",
  "[dr_av]": "1.7718451953125 g",
  "[stone_av]": "6350.29318 g",
  "[lb_tr]": "373.2417216 g",
  "[oz_tr]": "31.1034768 g",
  "[gal_us]": "3785.411784 cm3",
  "[qt_us]": "946.352946 cm3",
  "[pt_us]": "473.176473 cm3",
  "[cup_us]": "236.5882365 cm3",
  "[foz_us]": "29.5735295625 cm3",
  "[tbs_us]": "14.78676478125 cm3",
  "[tsp_us]": "4.92892159375 cm3",
  "[fdr_us]": "3.6966911953125 cm3",
  "[gal_br]": "4546.09 cm3",
  "[pt_br]": "568.26125 cm3",
  "[foz_br]": "28.4130625 cm3",
  "[cup_m]": "240 mL",
  "[tbs_m]": "15 mL",
  "[tsp_m]": "5 mL",
  "[foz_m]": "30 mL",
  "[drp]": "0.05 mL",
  "[Cal]": "4184 J",
  "[HP]": "745.69987158227022 W",
  "[MET]": "3.5 mL/min/kg",
  "[diop]": "1 m-1",
  "[HPF]": "1 1",
  "[LPF]": "100 1",
  "[g]": "9.80665 m/s2",
  "[c]": "299792458 m/s",
  "[Ch]": "0.000333333333333333333 m",
  "[car_m]": "0.2 g",
  ar: "100 m2",
  har: "10000 m2",
  u: "0.00000000000000000000000166053906660 g",
};

const ONE: Unit = { over: 1n, under: 1n, powers: new Map() };

/** Longest unit that is read, and the largest power: numbers must stay small. */
const LONGEST = 80;
const LARGEST_POWER = 30;
const DEEPEST = 6;

const CACHE_LIMIT = 2_000;
const cache = new Map<string, Unit | undefined>();

/** The unit of a code, or undefined where it is none. Cached within a bound, because codes come from outside. */
function unitOf(code: string): Unit | undefined {
  if (cache.has(code)) return cache.get(code);
  const unit = code.length > LONGEST ? undefined : new Reader(code).whole();
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(code, unit);
  return unit;
}

/** Whether this is a code of UCUM that can be read here. `1` is one, the empty text is not. */
export function isUcum(code: string): boolean {
  return unitOf(code) !== undefined;
}

/** The base units of a code (`g.m-3`, `1`), or undefined where it cannot be read. Units of one dimension can be compared. */
export function dimension(code: string): string | undefined {
  const unit = unitOf(code);
  return unit === undefined ? undefined : canonicalCode(unit);
}

/** A value brought to base units; undefined where the code cannot be read or the value is no number. */
export function canonical(value: number, code: string): CanonicalQuantity | undefined {
  const unit = unitOf(code);
  if (unit === undefined || !Number.isFinite(value)) return undefined;
  const quick = quickly(value, unit);
  if (quick !== undefined) return { value: quick, code: canonicalCode(unit) };
  let [over, under] = fraction(String(value));
  if (unit.zero !== undefined) {
    over = over * unit.zero[1] + unit.zero[0] * under;
    under *= unit.zero[1];
  }
  return { value: toNumber(over * unit.over, under * unit.under), code: canonicalCode(unit) };
}

/** Decimals of so many digits are told apart by numbers. */
const MOST_DIGITS = 1e15;

/**
 * A value in base units where its fraction is one of two numbers that are exact: their quotient then is the number nearest to it. Undefined
 * for others, which take the long way.
 */
function quickly(value: number, { over, under, zero }: Unit): number | undefined {
  for (let ten = 1; ten <= 1_000_000; ten *= 10) {
    const digits = Math.round(value * ten);
    if (digits / ten !== value) continue;
    if (Math.abs(digits) > MOST_DIGITS) return undefined;
    const [shift, by] = zero === undefined ? [0, 1] : [Number(zero[0]) * ten, Number(zero[1])];
    const moved = digits * by + shift;
    const [top, bottom] = [moved * Number(over), ten * by * Number(under)];
    const isExact = [shift, digits * by, moved, top, bottom].every(Number.isSafeInteger);
    // A zero has no sign, as a fraction has it.
    return isExact ? top / bottom + 0 : undefined;
  }
  return undefined;
}

const codes = new WeakMap<Unit, string>();

function canonicalCode(unit: Unit): string {
  const known = codes.get(unit);
  if (known !== undefined) return known;
  const code = codeOf(unit);
  codes.set(unit, code);
  return code;
}

function codeOf({ powers }: Unit): string {
  const parts = [...powers].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([base, power]) => (power === 1 ? base : `${base}${power}`));
  return parts.length === 0 ? "1" : parts.join(".");
}

/** Descends through a term; `undefined` from any part makes the whole undefined. */
class Reader {
  readonly #code: string;
  #at = 0;
  #depth = 0;

  constructor(code: string) {
    this.#code = code;
  }

  whole(): Unit | undefined {
    const special = SPECIAL.exec(this.#code);
    if (special !== null) return scale(special[1] ?? "", special[2]);
    if (this.#code === "") return undefined;
    const unit = this.#term();
    return this.#at === this.#code.length ? unit : undefined;
  }

  #term(): Unit | undefined {
    let unit: Unit | undefined = ONE;
    let isDivided = this.#take("/");
    for (;;) {
      const part: Unit | undefined = this.#component();
      if (part === undefined) return undefined;
      unit = times(unit, part, isDivided ? -1 : 1);
      if (this.#take(".")) isDivided = false;
      else if (this.#take("/")) isDivided = true;
      else return unit;
    }
  }

  #component(): Unit | undefined {
    if (this.#take("(")) {
      if (++this.#depth > DEEPEST) return undefined;
      const inner = this.#term();
      this.#depth--;
      return this.#take(")") ? inner : undefined;
    }
    const annotation = this.#match(/\{[!-z|~]*\}/y);
    if (annotation !== undefined) return ONE;
    const ten = this.#match(/10[*^]/y);
    const symbol = ten ?? this.#match(/(?:\[[!-Z\\^-z|~]*\]|[A-Za-z%'_])+/y);
    if (symbol === undefined) {
      const digits = this.#match(/\d{1,12}/y);
      if (digits === undefined || Number(digits) === 0) return undefined;
      this.#match(/\{[!-z|~]*\}/y);
      return { ...ONE, over: BigInt(digits) };
    }
    const power = this.#match(/[+-]?\d{1,3}/y);
    this.#match(/\{[!-z|~]*\}/y);
    const unit = atom(symbol);
    if (unit === undefined || power === undefined) return unit;
    const by = Number(power);
    return by === 0 || Math.abs(by) > LARGEST_POWER ? undefined : times(ONE, unit, by);
  }

  #take(sign: string): boolean {
    if (this.#code[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#code)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

/** Scales with another zero stand alone: UCUM knows no product of degrees. */
const SPECIAL = /^(Cel|\[degF\])(\{[!-z|~]*\})?$/;

function scale(name: string, annotation: string | undefined): Unit {
  const powers = new Map([["K", 1]]);
  const [over, under] = name === "Cel" ? [1n, 1n] : [5n, 9n];
  // Meridian's own mark of a difference: a step of temperature has no zero.
  if (annotation === "{difference}") return { over, under, powers };
  return { over, under, powers, zero: name === "Cel" ? [27_315n, 100n] : [45_967n, 100n] };
}

const atoms = new Map<string, Unit | undefined>();

/** A unit, or a prefix with one that takes prefixes. */
function atom(symbol: string): Unit | undefined {
  const plain = named(symbol);
  if (plain !== undefined) return plain;
  for (const length of [1, 2]) {
    const prefix = PREFIXES[symbol.slice(0, length)];
    const unit = prefix === undefined || !Object.hasOwn(PREFIXES, symbol.slice(0, length)) ? undefined : named(symbol.slice(length));
    if (prefix !== undefined && unit?.isMetric === true) return times(unit, { ...ONE, over: 10n }, prefix);
  }
  return undefined;
}

function named(symbol: string): Unit | undefined {
  if (atoms.has(symbol)) return atoms.get(symbol);
  const unit = define(symbol);
  // Only what the tables name is remembered.
  if (unit !== undefined) atoms.set(symbol, unit);
  return unit;
}

function define(symbol: string): Unit | undefined {
  if (Object.hasOwn(BASES, symbol)) return { ...ONE, powers: new Map([[symbol, 1]]), isMetric: BASES[symbol] === true };
  const isMetric = Object.hasOwn(METRIC, symbol);
  const text = isMetric ? METRIC[symbol] : Object.hasOwn(PLAIN, symbol) ? PLAIN[symbol] : undefined;
  if (text === undefined) return undefined;
  const [amount = "1", of = "1"] = text.split(" ");
  const unit = new Reader(of).whole();
  if (unit === undefined) throw new TypeError(`the unit ${symbol} is defined by one that is not`);
  const [over, under] = fraction(amount);
  return { ...times(unit, { over, under, powers: new Map() }, 1), isMetric };
}

/** a × b^power */
function times(a: Unit, b: Unit, power: number): Unit {
  const by = BigInt(Math.abs(power));
  const [up, down] = power < 0 ? [b.under, b.over] : [b.over, b.under];
  const powers = new Map(a.powers);
  for (const [base, one] of b.powers) {
    const sum = (powers.get(base) ?? 0) + one * power;
    if (sum === 0) powers.delete(base);
    else powers.set(base, sum);
  }
  return { over: a.over * up ** by, under: a.under * down ** by, powers };
}

/** A decimal as an exact fraction. */
function fraction(decimal: string): [over: bigint, under: bigint] {
  const [, sign = "", whole = "0", part = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(decimal) ?? [];
  const shift = Number(exponent) - part.length;
  const digits = BigInt(`${whole}${part}`) * (sign === "-" ? -1n : 1n);
  return shift >= 0 ? [digits * 10n ** BigInt(shift), 1n] : [digits, 10n ** BigInt(-shift)];
}

/** The number nearest to a fraction, by way of more digits than a number can hold. */
function toNumber(over: bigint, under: bigint): number {
  const DIGITS = 25;
  const isNegative = over < 0n;
  const top = isNegative ? -over : over;
  if (top === 0n) return 0;
  const shift = DIGITS - (top.toString().length - under.toString().length);
  const digits = shift >= 0 ? (top * 10n ** BigInt(shift)) / under : top / (under * 10n ** BigInt(-shift));
  return Number(`${isNegative ? "-" : ""}${digits}e${-shift}`);
}
