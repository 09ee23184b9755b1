import { Vocabulary } from "../xml/vocabulary";

const ELEMENT_NAMES = [
  "HealthData",
  "ExportDate",
  "Me",
  "Record",
  "MetadataEntry",
  "HeartRateVariabilityMetadataList",
  "InstantaneousBeatsPerMinute",
  "Correlation",
  "Workout",
  "WorkoutActivity",
  "WorkoutEvent",
  "WorkoutStatistics",
  "WorkoutRoute",
  "FileReference",
  "Location",
  "ActivitySummary",
  "Audiogram",
  "ClinicalRecord",
  "VisionPrescription",
] as const;

const ATTRIBUTE_NAMES = [
  "type",
  "sourceName",
  "device",
  "unit",
  "creationDate",
  "startDate",
  "endDate",
  "value",
  "key",
  "bpm",
  "time",
  "workoutActivityType",
  "duration",
  "durationUnit",
  "totalDistance",
  "totalDistanceUnit",
  "totalEnergyBurned",
  "totalEnergyBurnedUnit",
  "totalFlightsClimbed",
  "totalFlightsClimbedUnit",
  "totalSwimmingStrokeCount",
  "totalSwimmingStrokeCountUnit",
  "date",
  "sum",
  "average",
  "minimum",
  "maximum",
  "path",
  "latitude",
  "longitude",
  "altitude",
  "dateComponents",
  "activeEnergyBurned",
  "activeEnergyBurnedUnit",
  "appleExerciseTime",
  "appleMoveTime",
  "appleStandHours",
] as const;

type Ids<Names extends readonly string[]> = Readonly<Record<Names[number], number>>;

function idsOf<const Names extends readonly string[]>(names: Names): Ids<Names> {
  return Object.fromEntries(names.map((name, id) => [name, id])) as Ids<Names>;
}

/** The elements of an export that mean something here. */
export const ELEMENTS = new Vocabulary(ELEMENT_NAMES);
export const ATTRIBUTES = new Vocabulary(ATTRIBUTE_NAMES);
/** Element name → id. */
export const E = idsOf(ELEMENT_NAMES);
/** Attribute name → id. */
export const A = idsOf(ATTRIBUTE_NAMES);
