import { problem } from "../problem";
import { searchParameters } from "./r4/search-parameters";
import { isResourceType, RESOURCE_TYPES, type ResourceType } from "./r4/structures";

type Params = readonly (readonly [string, string])[];

/** When the care happened of which a resource tells, by type. Others stand for longer than an event, and a period leaves them in. */
const CARE_DATES: Partial<Record<ResourceType, string>> = {
  Observation: "date",
  DiagnosticReport: "date",
  Encounter: "date",
  Procedure: "date",
  Immunization: "date",
  DocumentReference: "date",
  QuestionnaireResponse: "authored",
  MedicationRequest: "authoredon",
  MedicationStatement: "effective",
  AuditEvent: "date",
};

/** A subscription is how data is asked for, and none of it. */
const NOT_OF_THE_RECORD: ReadonlySet<ResourceType> = new Set(["Subscription"]);

export interface EverythingQuery {
  /** In the order of the answer: the Patient first. */
  readonly types: readonly ResourceType[];
  readonly count: number;
  /** The parameters of the search of each type. */
  paramsOf(type: ResourceType): Params;
  /** Whether it is for somebody who does not take everything; what is found is looked at then. */
  readonly isLimited: boolean;
  /** Whether a resource that was found is for them. */
  isFit(resource: Readonly<Record<string, unknown>>): boolean;
}

/**
 * What Android's Health Connect takes in (developer.android.com, medical records): these types, Observations of these categories and none of
 * activity, one patient, nothing contained.
 */
const HEALTH_CONNECT: ReadonlySet<ResourceType> = new Set<ResourceType>(
  [
    "Patient",
    "AllergyIntolerance",
    "Condition",
    "Encounter",
    "Immunization",
    "Location",
    "Medication",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
  ].filter(isResourceType),
);
const HEALTH_CONNECT_CATEGORIES = ["laboratory", "vital-signs", "social-history"]
  .map((code) => `http://terminology.hl7.org/CodeSystem/observation-category|${code}`)
  .join(",");

const DEFAULT_COUNT = 100;
const LARGEST_COUNT = 200;

/** Reads the parameters of `Patient/$everything`. Problem `malformed`. */
export function readEverything(params: Params): EverythingQuery {
  const given = new Map<string, string[]>();
  for (const [name, value] of params) {
    if (!["start", "end", "_since", "_type", "_count", "for", "_format", "_pretty"].includes(name))
      throw problem("malformed", "Parameters of $everything are start, end, _since, _type, _count and for.");
    if (value !== "") given.set(name, [...(given.get(name) ?? []), value]);
  }
  const last = (name: string) => given.get(name)?.at(-1);
  const count = last("_count");
  if (count !== undefined && !/^[1-9]\d{0,8}$/.test(count)) throw problem("malformed", "The value of _count is not a positive number.");
  const named = given.get("_type")?.flatMap((text) => text.split(","));
  for (const name of named ?? []) if (!isResourceType(name)) throw problem("malformed", "_type names a type that is not kept here.");
  const reader = last("for");
  if (reader !== undefined && reader !== "health-connect") throw problem("malformed", "for is health-connect, or not given.");
  const isSafe = reader === "health-connect";
  const types = RESOURCE_TYPES.filter(
    (type) => !NOT_OF_THE_RECORD.has(type) && (named === undefined || named.includes(type)) && (!isSafe || HEALTH_CONNECT.has(type)),
  );
  const [start, end, since] = [last("start"), last("end"), last("_since")];
  return {
    types,
    count: Math.min(count === undefined ? DEFAULT_COUNT : Number(count), LARGEST_COUNT),
    paramsOf(type) {
      const date = CARE_DATES[type];
      const dated = date !== undefined && searchParameters(type).get(date)?.kind === "date";
      return [
        ...(dated && start !== undefined ? [[date, `ge${start}`] as const] : []),
        ...(dated && end !== undefined ? [[date, `le${end}`] as const] : []),
        ...(since !== undefined ? [["_lastUpdated", `ge${since}`] as const] : []),
        ...(isSafe && type === "Observation" ? [["category", HEALTH_CONNECT_CATEGORIES] as const] : []),
      ];
    },
    isLimited: isSafe,
    isFit: ({ contained }) => !isSafe || contained === undefined,
  };
}
