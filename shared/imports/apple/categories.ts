const SEVERITY = ["unspecified", "not_present", "mild", "moderate", "severe"] as const;
const PRESENCE = ["present", "not_present"] as const;
const BLEEDING = ["", "unspecified", "light", "medium", "heavy", "none"] as const;
const TEST = ["", "negative", "positive", "indeterminate"] as const;

/** Raw numbers of HealthKit's category values, for writers that put the number where Apple puts the name. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  AppetiteChanges: ["unspecified", "no_change", "decreased", "increased"],
  MoodChanges: PRESENCE,
  SleepChanges: PRESENCE,
  MenstrualFlow: BLEEDING,
  BleedingDuringPregnancy: BLEEDING,
  BleedingAfterPregnancy: BLEEDING,
  OvulationTestResult: ["", "negative", "luteinizing_hormone_surge", "indeterminate", "estrogen_surge"],
  PregnancyTestResult: TEST,
  ProgesteroneTestResult: TEST,
  CervicalMucusQuality: ["", "dry", "sticky", "creamy", "watery", "egg_white"],
  Contraceptive: ["", "unspecified", "implant", "injection", "intrauterine_device", "intravaginal_ring", "oral", "patch"],
  AppleWalkingSteadinessEvent: ["", "initial_low", "initial_very_low", "repeat_low", "repeat_very_low"],
};

const VALUE_PREFIX = "HKCategoryValue";
const TYPE_PREFIX = "HKCategoryTypeIdentifier";
/** Whether a stand hour record says that the person stood: `HKCategoryValueAppleStandHourStood` or 0. */
export function hasStood(value: string): boolean {
  return value.endsWith("Stood") || value === "0";
}

/**
 * The coded value of a category record: one of the metric's `values` where it has any, else what the record says in snake case, else
 * undefined (`HKCategoryValueNotApplicable` and 0 say nothing beyond the record's presence).
 */
export function categoryText(type: string, value: string, values: readonly string[] | undefined): string | undefined {
  const name = type.startsWith(TYPE_PREFIX) ? type.slice(TYPE_PREFIX.length) : type;
  if (/^\d+$/.test(value)) {
    if (values === undefined) return value === "0" ? undefined : value;
    return (NUMBERS[name] ?? SEVERITY)[Number(value)] || undefined;
  }
  const bare = value.startsWith(VALUE_PREFIX) ? value.slice(VALUE_PREFIX.length) : value;
  if (bare === "" || bare === "NotApplicable") return undefined;
  const words = snake(bare);
  // Names end in the case and begin with the enumeration, which is not always the type: `SeverityMild`, `VaginalBleedingLight`.
  const coded = values?.filter((known) => words === known || words.endsWith(`_${known}`)).sort((a, b) => b.length - a.length)[0];
  if (coded !== undefined) return coded;
  return bare.startsWith(name) && bare.length > name.length ? snake(bare.slice(name.length)) : words;
}

/** `EggWhite` → `egg_white`, `AsleepREM` → `asleep_rem`. */
export function snake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}
