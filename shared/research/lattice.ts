/** What others may know of a person, and could recognise them by. Null where it is not known. */
export interface Traits {
  /** Whole years. */
  readonly age: number | null;
  readonly sex: "female" | "male" | null;
  readonly heightCm: number | null;
  readonly weightKg: number | null;
}

/** The same, as a release shows it. */
export type Bands = Readonly<Record<keyof Traits, string>>;

/** How coarse each trait is, as a step in its ladder: 0 is the finest. */
export type Node = Readonly<Record<keyof Traits, number>>;

const ANY = "*";
const UNKNOWN = "unknown";

/** Ages of 90 and more are one band (45 CFR 164.514(b)(2)(i)(C)). */
const OLDEST = 90;

/** The ladders: each step shows less than the one before, the last shows nothing. */
const LADDERS: { readonly [T in keyof Traits]: readonly ((value: NonNullable<Traits[T]>) => string)[] } = {
  age: [(age) => ageBand(age, 5), (age) => ageBand(age, 10), (age) => ageBand(age, 30), () => ANY],
  sex: [(sex) => sex, () => ANY],
  heightCm: [(cm) => band(clamp(cm, 140, 219), 10), (cm) => band(clamp(cm, 140, 219), 20), () => ANY],
  weightKg: [(kg) => band(clamp(kg, 40, 139), 10), (kg) => band(clamp(kg, 40, 139), 20), () => ANY],
};

/** Every node of the lattice, from the finest to the one that shows nothing; of equally coarse ones in a fixed order. */
export const NODES: readonly Node[] = nodes();

/** A person's traits at a node. What is not known is a band of its own, until the trait shows nothing. */
export function bandsOf(traits: Traits, node: Node): Bands {
  return {
    age: at(LADDERS.age, node.age, traits.age),
    sex: at(LADDERS.sex, node.sex, traits.sex),
    heightCm: at(LADDERS.heightCm, node.heightCm, traits.heightCm),
    weightKg: at(LADDERS.weightKg, node.weightKg, traits.weightKg),
  };
}

/** Names a class: people whose bands are the same have the same one. */
export function classOf({ age, sex, heightCm, weightKg }: Bands): string {
  return [age, sex, heightCm, weightKg].join("|");
}

function at<T>(ladder: readonly ((value: T) => string)[], step: number, value: T | null): string {
  const shown = ladder[step];
  if (shown === undefined || step === ladder.length - 1) return ANY;
  return value === null ? UNKNOWN : shown(value);
}

function ageBand(age: number, width: number): string {
  return age >= OLDEST ? `${OLDEST}+` : band(Math.max(0, age), width);
}

function band(value: number, width: number): string {
  const from = Math.floor(value / width) * width;
  return `${from}-${from + width - 1}`;
}

/** The ends of a scale are open: whoever is beyond is in the last band. */
function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function nodes(): Node[] {
  const found: Node[] = [];
  for (let age = 0; age < LADDERS.age.length; age++)
    for (let sex = 0; sex < LADDERS.sex.length; sex++)
      for (let heightCm = 0; heightCm < LADDERS.heightCm.length; heightCm++)
        for (let weightKg = 0; weightKg < LADDERS.weightKg.length; weightKg++) found.push({ age, sex, heightCm, weightKg });
  return found.toSorted((a, b) => coarseness(a) - coarseness(b));
}

/** 0 for the finest node, 4 for the one that shows nothing: each trait counts the same. */
function coarseness(node: Node): number {
  return (
    node.age / (LADDERS.age.length - 1) +
    node.sex / (LADDERS.sex.length - 1) +
    node.heightCm / (LADDERS.heightCm.length - 1) +
    node.weightKg / (LADDERS.weightKg.length - 1)
  );
}
