import type { LoincCode } from "../codes";
import { defineMetrics, loinc, type MetricRow, pghd } from "./metric";

const BLEEDING = ["unspecified", "light", "medium", "heavy", "none"] as const;
const TEST = ["negative", "positive", "indeterminate"] as const;

/** A coded event; PGHD code and HealthKit category usually carry the same name. */
const event = (
  key: string,
  code: number,
  title: string,
  pghdCode: string,
  values: readonly string[] | undefined,
  rest: Partial<MetricRow> & { readonly loincCode?: LoincCode } = {},
): MetricRow => {
  const { loincCode, ...row } = rest;
  return {
    key,
    code,
    title,
    kind: "event",
    aggregation: "count",
    unit: "",
    ...(values && { values }),
    codings: [...(loincCode ? [loinc(loincCode)] : []), pghd(pghdCode)],
    ...row,
  };
};

/**
 * Reproductive health: the most sensitive class. It has its own consent scope and never enters a leaderboard or an
 * external model by default.
 */
export const REPRODUCTIVE_METRICS = defineMetrics({ sensitivity: "reproductive", category: "social-history" }, [
  // HealthKit tells a period by the cycle-start metadata of its menstrual flow records.
  event("menstrual_period", 901, "Menstrual period", "menstrualPeriod", undefined, {
    loincCode: "8665-2",
    hc: "MenstruationPeriod",
    vendor: { google_health: ["menstrualPeriod.interval"], garmin: ["mct"] },
  }),
  event("menstrual_flow", 902, "Menstrual flow", "menstrualFlow", BLEEDING, {
    loincCode: "8678-5",
    hkCategory: "MenstrualFlow",
    hc: "MenstruationFlow.flow",
  }),
  event(
    "ovulation_test",
    903,
    "Ovulation test",
    "ovulationTestResult",
    [
      "negative",
      "luteinizing_hormone_surge",
      "estrogen_surge",
      "positive",
      // Health Connect's "high": oestrogen or luteinising hormone, it does not say which.
      "high",
      "indeterminate",
    ],
    {
      // 11976-8 is the *date* of ovulation, not a test result, so it is not used here.
      hkCategory: "OvulationTestResult",
      hc: "OvulationTest.result",
      vendor: { google_health: ["ovulationTest.result"] },
    },
  ),
  event(
    "cervical_mucus",
    904,
    "Cervical mucus",
    "cervicalMucusQuality",
    ["dry", "sticky", "creamy", "watery", "egg_white", "unusual", "unknown"],
    { hkCategory: "CervicalMucusQuality", hc: "CervicalMucus.appearance" },
  ),
  event("intermenstrual_bleeding", 905, "Intermenstrual bleeding", "intermenstrualBleeding", undefined, {
    hkCategory: "IntermenstrualBleeding",
    hc: "IntermenstrualBleeding",
  }),
  event("sexual_activity", 906, "Sexual activity", "sexualActivity", ["unspecified", "protected", "unprotected"], {
    hkCategory: "SexualActivity",
    hc: "SexualActivity.protectionUsed",
  }),
  event(
    "contraceptive",
    907,
    "Contraceptive",
    "contraceptive",
    ["unspecified", "implant", "injection", "intrauterine_device", "intravaginal_ring", "oral", "patch"],
    { hkCategory: "Contraceptive" },
  ),
  event("pregnancy", 908, "Pregnancy", "pregnancy", undefined, {
    loincCode: "82810-3",
    hkCategory: "Pregnancy",
    vendor: { garmin: ["mct.pregnancySnapshot"] },
  }),
  event("pregnancy_test", 909, "Pregnancy test", "pregnancyTestResult", TEST, {
    hkCategory: "PregnancyTestResult",
  }),
  event("progesterone_test", 910, "Progesterone test", "progesteroneTestResult", TEST, {
    hkCategory: "ProgesteroneTestResult",
  }),
  event("lactation", 911, "Lactation", "lactation", undefined, { hkCategory: "Lactation" }),
  event("bleeding_during_pregnancy", 912, "Bleeding during pregnancy", "bleedingDuringPregnancy", BLEEDING, {
    hkCategory: "BleedingDuringPregnancy",
  }),
  event("bleeding_after_pregnancy", 913, "Bleeding after pregnancy", "bleedingAfterPregnancy", BLEEDING, {
    hkCategory: "BleedingAfterPregnancy",
  }),
  event("cycle.infrequent", 914, "Infrequent menstrual cycles", "infrequentMenstrualCycles", undefined, {
    hkCategory: "InfrequentMenstrualCycles",
  }),
  event("cycle.irregular", 915, "Irregular menstrual cycles", "irregularMenstrualCycles", undefined, {
    hkCategory: "IrregularMenstrualCycles",
  }),
  event(
    "cycle.persistent_intermenstrual_bleeding",
    916,
    "Persistent intermenstrual bleeding",
    "persistentIntermenstrualBleeding",
    undefined,
    { hkCategory: "PersistentIntermenstrualBleeding" },
  ),
  event("cycle.prolonged_periods", 917, "Prolonged menstrual periods", "prolongedMenstrualPeriods", undefined, {
    hkCategory: "ProlongedMenstrualPeriods",
  }),
]);
