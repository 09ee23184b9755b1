import { type Bounds, defineMetrics, loinc, type MetricRow, pghd, snomed } from "./metric";

/** A body measurement: the last one counts; some sources only tell the day. */
const measure = (key: string, code: number, title: string, unit: string, bounds: Bounds, rest: Partial<MetricRow> = {}): MetricRow => ({
  key,
  code,
  title,
  kind: "sample",
  also: ["daily"],
  aggregation: "last",
  unit,
  bounds,
  ...rest,
});

/** Size and composition of the body. All bounds are Meridian's proposal, wide enough for newborns and records. */
export const BODY_METRICS = defineMetrics({ sensitivity: "body", category: "exam" }, [
  measure("body_weight", 301, "Body weight", "kg", [0.3, 650], {
    category: "vital-signs",
    codings: [loinc("29463-7"), pghd("bodyMass")],
    hk: "BodyMass",
    hc: "Weight.weight",
    vendor: {
      google_health: ["weight.weightGrams"],
      garmin: ["bodyComps.weightInGrams"],
      withings: ["1"],
      whoop: ["body_measurement.weight_kilogram"],
    },
  }),
  measure("body_height", 302, "Body height", "cm", [20, 280], {
    category: "vital-signs",
    codings: [loinc("8302-2"), pghd("height")],
    hk: "Height",
    hc: "Height.height",
    hcUnit: "m",
    vendor: {
      google_health: ["height.heightMillimeters"],
      withings: ["4"],
      whoop: ["body_measurement.height_meter"],
    },
  }),
  measure("bmi", 303, "Body mass index", "kg/m2", [5, 200], {
    category: "vital-signs",
    codings: [loinc("39156-5"), pghd("bodyMassIndex")],
    hk: "BodyMassIndex",
    hkUnitless: true,
    vendor: { garmin: ["bodyComps.bodyMassIndex"] },
  }),
  measure("body_fat_pct", 304, "Body fat percentage", "%", [1, 85], {
    codings: [loinc("41982-0"), pghd("bodyFatPercentage")],
    hk: "BodyFatPercentage",
    hkFraction: true,
    hc: "BodyFat.percentage",
    vendor: {
      google_health: ["bodyFat.percentage"],
      garmin: ["bodyComps.bodyFatInPercent"],
      withings: ["6"],
    },
  }),
  measure("fat_mass", 305, "Fat mass", "kg", [0.05, 450], {
    codings: [loinc("73708-0")],
    vendor: { withings: ["8"] },
  }),
  measure("lean_mass", 306, "Lean body mass", "kg", [0.3, 250], {
    codings: [loinc("91557-9"), pghd("leanBodyMass")],
    hk: "LeanBodyMass",
    hc: "LeanBodyMass.mass",
    vendor: { withings: ["5"] },
  }),
  // 73965-6, often seen here, is the ratio to body weight in percent.
  measure("muscle_mass", 307, "Muscle mass", "kg", [0.1, 200], {
    codings: [loinc("73964-9")],
    vendor: { garmin: ["bodyComps.muscleMassInGrams"], withings: ["76"] },
  }),
  measure("bone_mass", 308, "Bone mass", "kg", [0.05, 15], {
    codings: [pghd("boneMass")],
    hc: "BoneMass.mass",
    vendor: { garmin: ["bodyComps.boneMassInGrams"], withings: ["88"] },
  }),
  measure("body_water_mass", 309, "Body water mass", "kg", [0.2, 250], {
    hc: "BodyWaterMass.mass",
    vendor: { withings: ["77"] },
  }),
  measure("body_water_pct", 310, "Body water percentage", "%", [10, 90], {
    vendor: { garmin: ["bodyComps.bodyWaterInPercent"] },
  }),
  measure("body_water_extracellular", 311, "Extracellular water", "kg", [0.1, 120], {
    vendor: { withings: ["168"] },
  }),
  measure("body_water_intracellular", 312, "Intracellular water", "kg", [0.1, 150], {
    vendor: { withings: ["169"] },
  }),
  measure("visceral_fat", 313, "Visceral fat", "{index}", [0, 100], {
    vendor: { withings: ["170"] },
  }),
  // 8280-0 says "at umbilicus by tape"; SNOMED names the girth without a method. 56086-2 is a protocol, not a value.
  measure("waist", 314, "Waist circumference", "cm", [20, 300], {
    codings: [loinc("8280-0"), pghd("waistCircumference"), snomed("276361009")],
    hk: "WaistCircumference",
  }),
  measure("bmr", 315, "Basal metabolic rate", "kcal/d", [100, 10_000], {
    kind: "daily",
    also: ["sample"],
    hc: "BasalMetabolicRate.basalMetabolicRate",
    vendor: { withings: ["226"] },
  }),
  measure("metabolic_age", 316, "Metabolic age", "a", [1, 130], {
    vendor: { withings: ["227"] },
  }),
]);
