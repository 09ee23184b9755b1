import { SEARCH_PARAMETERS, type SearchableType } from "./search";

/** Canonical URLs of R4's own definitions of the resources. */
const PROFILE = "http://hl7.org/fhir/StructureDefinition/";

const DOCUMENTATION: Readonly<Record<SearchableType, string>> = {
  Observation:
    "Views of the person's readings and laboratory results. A dense series is one Observation with SampledData for each source and hour; everything else is one Observation a reading or a result.",
  DiagnosticReport: "Laboratory reports, with the results that were read from them.",
  Patient: "The signed-in person.",
  Device: "One for each source of readings: a wearable, an app, an interface.",
};

/**
 * The CapabilityStatement of the server at `base`, generated from the tables that the server works by. `date` is the day of the
 * build's compatibility, not of the request: the statement changes only with the code.
 */
export function capabilityStatement(base: string, date: string) {
  const types = Object.keys(SEARCH_PARAMETERS).filter((type): type is SearchableType => Object.hasOwn(SEARCH_PARAMETERS, type));
  return {
    resourceType: "CapabilityStatement",
    status: "active",
    date,
    publisher: "Meridian",
    kind: "instance",
    software: { name: "Meridian" },
    implementation: { description: "Meridian: a person's own readings and laboratory results as FHIR R4", url: base },
    fhirVersion: "4.0.1",
    format: ["application/fhir+json", "json"],
    rest: [
      {
        mode: "server",
        security: { cors: true, description: "A bearer token of the person whose data is read." },
        resource: types.map((type) => ({
          type,
          profile: `${PROFILE}${type}`,
          documentation: DOCUMENTATION[type],
          interaction: [{ code: "read" }, { code: "search-type" }],
          versioning: "no-version",
          readHistory: false,
          updateCreate: false,
          conditionalRead: "not-match",
          searchParam: SEARCH_PARAMETERS[type].map(({ name, type: kind, documentation }) => ({ name, type: kind, documentation })),
        })),
      },
    ],
  };
}
