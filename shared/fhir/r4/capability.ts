import type { Abilities, TypeAbilities } from "./abilities";
import { type SearchParameter, searchParameters } from "./search-parameters";
import type { ResourceType } from "./structures";

/** What the statement says of the server besides its abilities. */
export interface Server {
  /** Address that resources are relative to, without a slash at its end. */
  readonly base: string;
  /** Day of the build, not of the request: the statement changes only with the code. */
  readonly date: string;
  /** Endpoints of SMART, where clients are given tokens. */
  readonly oauth?: { readonly authorize: string; readonly token: string; readonly revoke?: string; readonly introspect?: string };
}

const TOPIC = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capability-subscription-topic-canonical";
const OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";
const SERVICES = "http://terminology.hl7.org/CodeSystem/restful-security-service";

/** The CapabilityStatement of a server, generated from the tables that it works by. Large: make it once. */
export function capabilityStatement({ base, date, oauth }: Server, abilities: Abilities) {
  const { types, interactions, operations } = abilities;
  const searched = [...types].filter(([, { interactions: own }]) => own.includes("search-type")).map(([type]) => type);
  return {
    resourceType: "CapabilityStatement",
    status: "active",
    date,
    publisher: "Meridian",
    kind: "instance",
    software: { name: "Meridian" },
    implementation: { description: "Meridian: a person's health record as FHIR R4", url: base },
    fhirVersion: "4.0.1",
    format: ["application/fhir+json", "json"],
    patchFormat: ["application/json-patch+json"],
    rest: [
      {
        mode: "server",
        security: {
          ...(oauth !== undefined && { extension: [oauthUris(oauth)] }),
          cors: true,
          ...(oauth !== undefined && {
            service: [{ coding: [{ system: SERVICES, code: "SMART-on-FHIR" }], text: "OAuth 2.0 with the SMART profile" }],
          }),
          description: "A bearer token of the person whose data is read, or of somebody who may read it.",
        },
        resource: [...types].map(([type, own]) => resourceOf(type, own, abilities, searched)),
        ...(interactions.length > 0 && { interaction: interactions.map((code) => ({ code })) }),
        ...(operations.length > 0 && { operation: operations }),
      },
    ],
  };
}

/** The parameters of a type that are searched by, in the order of their names. */
export function searchedBy(type: ResourceType, { withoutParameters }: TypeAbilities): SearchParameter[] {
  return [...searchParameters(type).values()].filter(({ name }) => !withoutParameters.includes(name));
}

/** `Type:parameter` of every reference that `_include` can follow from a type. */
export function includes(type: ResourceType, { types }: Abilities): string[] {
  const own = types.get(type);
  if (own === undefined) return [];
  return searchedBy(type, own).flatMap(({ name, kind, targets }) =>
    kind === "reference" && (targets.length === 0 || targets.some((target) => isIn(types, target))) ? [`${type}:${name}`] : [],
  );
}

/** `Type:parameter` of every reference that may lead to a type. */
export function reverseIncludes(type: ResourceType, { types }: Abilities): string[] {
  return [...types].flatMap(([other, own]) =>
    own.interactions.includes("search-type")
      ? searchedBy(other, own).flatMap(({ name, kind, targets }) =>
          kind === "reference" && (targets.length === 0 || targets.includes(type)) ? [`${other}:${name}`] : [],
        )
      : [],
  );
}

function isIn(types: ReadonlyMap<ResourceType, unknown>, name: string): boolean {
  return [...types.keys()].some((type) => type === name);
}

function resourceOf(type: ResourceType, own: TypeAbilities, abilities: Abilities, searched: readonly ResourceType[]) {
  const isSearched = searched.includes(type);
  const keepsVersions = own.interactions.includes("vread");
  return {
    ...(own.topics !== undefined && { extension: own.topics.map((valueCanonical) => ({ url: TOPIC, valueCanonical })) }),
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    ...(own.documentation !== undefined && { documentation: own.documentation }),
    interaction: own.interactions.map((code) => ({ code })),
    versioning: keepsVersions ? (own.interactions.includes("update") ? "versioned-update" : "versioned") : "no-version",
    readHistory: keepsVersions,
    updateCreate: own.updateCreate,
    conditionalCreate: own.conditionalCreate,
    conditionalRead: own.conditionalRead,
    conditionalUpdate: own.conditionalUpdate,
    conditionalDelete: own.conditionalDelete,
    referencePolicy: ["literal", "logical", "local"],
    ...(isSearched && {
      searchInclude: includes(type, abilities),
      searchRevInclude: reverseIncludes(type, abilities),
      searchParam: searchedBy(type, own).map(({ name, kind, definition }) => ({ name, definition, type: kind })),
    }),
    ...(own.operations.length > 0 && { operation: own.operations }),
  };
}

function oauthUris(oauth: NonNullable<Server["oauth"]>) {
  return {
    url: OAUTH,
    extension: Object.entries(oauth).map(([url, valueUri]) => ({ url, valueUri })),
  };
}
