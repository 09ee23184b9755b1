import { problem } from "../problem";
import { fieldsIn, type Fields, isFields, textAt } from "./r4/issue";
import type { ResourceType } from "./r4/structures";

export type OperationName =
  | "everything"
  | "lastn"
  | "validate"
  | "stats"
  | "summary"
  | "purge"
  | "status"
  | "events"
  | "get-ws-binding-token";
type Place = "type" | "instance";

export interface OperationSpec {
  readonly name: OperationName;
  /** Canonical URL of the OperationDefinition. */
  readonly definition: string;
  readonly documentation: string;
  /** The type it belongs to; undefined for every stored type. */
  readonly type: ResourceType | undefined;
  /** Where it is called: `/Type/$name` or `/Type/id/$name`. */
  readonly at: readonly Place[];
  /** Whether GET may call it: it changes nothing and its parameters are simple. */
  readonly isSafe: boolean;
}

const BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/";
const R4 = "http://hl7.org/fhir/OperationDefinition/";

/** The operations of the FHIR API, by which routes, vault and CapabilityStatement work. */
export const OPERATIONS: readonly OperationSpec[] = [
  {
    name: "everything",
    definition: `${R4}Patient-everything`,
    documentation:
      "All resources of the person, stored and built, in pages. start, end, _since, _type, _count; for=health-connect leaves what Health Connect takes in.",
    type: "Patient",
    at: ["instance"],
    isSafe: true,
  },
  {
    name: "lastn",
    definition: `${R4}Observation-lastn`,
    documentation: "The newest Observations of each code. max, and the search parameters of Observation.",
    type: "Observation",
    at: ["type"],
    isSafe: true,
  },
  {
    name: "status",
    definition: `${BACKPORT}backport-subscription-status`,
    documentation: "How Subscriptions stand. Of a type: id, status.",
    type: "Subscription",
    at: ["type", "instance"],
    isSafe: true,
  },
  {
    name: "events",
    definition: `${BACKPORT}backport-subscription-events`,
    documentation: "Events by their numbers, as a notification. eventsSinceNumber, eventsUntilNumber, content.",
    type: "Subscription",
    at: ["instance"],
    isSafe: true,
  },
  {
    name: "get-ws-binding-token",
    definition: `${BACKPORT}backport-subscription-get-ws-binding-token`,
    documentation: "A token that binds one WebSocket to Subscriptions of the channel websocket. Of the type: ids.",
    type: "Subscription",
    at: ["type", "instance"],
    isSafe: true,
  },
  {
    name: "stats",
    definition: `${R4}Observation-stats`,
    documentation:
      "Statistics of readings and stored Observations of a code over a time. subject, code, system, coding, duration, period, statistic, include, limit; no regression.",
    type: "Observation",
    at: ["type"],
    isSafe: true,
  },
  {
    name: "summary",
    definition: "http://hl7.org/fhir/uv/ips/OperationDefinition/summary",
    documentation: "A summary as a document, with the sections of the International Patient Summary.",
    type: "Patient",
    at: ["instance"],
    isSafe: true,
  },
  {
    name: "purge",
    definition: `${R4}Patient-purge`,
    documentation:
      "Removes what clients stored, with all versions, as far as the caller may delete. Readings and laboratory results are erased where they lie. Asks for a fresh proof of who is there.",
    type: "Patient",
    at: ["instance"],
    isSafe: false,
  },
  {
    name: "validate",
    definition: `${R4}Resource-validate`,
    documentation: "Whether a resource could be stored, without storing it. mode, profile.",
    type: undefined,
    at: ["type", "instance"],
    isSafe: false,
  },
];

/** The operation of a name (`$name`) at a place, or undefined. */
export function operationAt(type: string, text: string, at: Place): OperationSpec | undefined {
  if (!text.startsWith("$")) return undefined;
  return OPERATIONS.find((one) => `$${one.name}` === text && one.at.includes(at) && (one.type ?? type) === type);
}

const BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/";
const ASYNC = "By GET or POST, with Prefer: respond-async. _type, _since, _typeFilter, _outputFormat.";

/** Bulk exports (Bulk Data Access IG 2.0), by where they begin. */
export const EXPORTS = {
  system: { name: "export", definition: `${BULK}export`, documentation: `The same as Patient/$export. ${ASYNC}` },
  Patient: {
    name: "export",
    definition: `${BULK}patient-export`,
    documentation: `Of a person and their apps the own record, of a program those of everybody who consented to it or its organisation. ${ASYNC}`,
  },
  Group: { name: "export", definition: `${BULK}group-export`, documentation: `The records of the members of a group. ${ASYNC}` },
} as const;

/** What a CapabilityStatement says of the operations of a type. */
export function operationsOf(type: string): { name: string; definition: string; documentation: string }[] {
  const exports = type === "Patient" || type === "Group" ? [EXPORTS[type]] : [];
  return [...exports, ...plainOperationsOf(type)];
}

function plainOperationsOf(type: string): { name: string; definition: string; documentation: string }[] {
  return OPERATIONS.filter((one) => (one.type ?? type) === type).map(({ name, definition, documentation }) => ({
    name,
    definition,
    documentation,
  }));
}

export interface OperationInput {
  /** Simple values by name, in order; a Coding is `system|code`, a Period is `name.start` and `name.end`. */
  readonly params: readonly (readonly [string, string])[];
  /** The parameter `resource`, or a body that is the resource itself. */
  readonly resource?: Fields;
}

const MOST_PARAMETERS = 100;

/** Reads the body of an operation: `Parameters`, or a resource as it is. Problem `malformed`. */
export function readOperationBody(text: string): OperationInput {
  if (text.trim() === "") return { params: [] };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw problem("malformed", "The body is not JSON.");
  }
  // What it is instead is said where a resource is wanted, after what is not there.
  if (!isFields(body)) return { params: [], resource: {} };
  if (body["resourceType"] !== "Parameters") return { params: [], resource: body };
  const params: [string, string][] = [];
  let resource: Fields | undefined;
  const list = fieldsIn(body["parameter"] ?? []);
  if (list.length > MOST_PARAMETERS) throw problem("malformed", "There are too many parameters.");
  for (const one of list) {
    const name = textAt(one, "name") ?? "";
    const key = Object.keys(one).find((other) => other.startsWith("value"));
    const value = key === undefined ? undefined : one[key];
    if (name === "resource" && isFields(one["resource"])) resource = one["resource"];
    else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") params.push([name, String(value)]);
    else if (key === "valueCoding") params.push([name, tokenOf(value)]);
    else if (key === "valueCodeableConcept")
      params.push([
        name,
        fieldsIn(isFields(value) ? value["coding"] : undefined)
          .map(tokenOf)
          .join(","),
      ]);
    else if (key === "valueReference") params.push([name, textAt(value, "reference") ?? ""]);
    else if (key === "valuePeriod")
      for (const end of ["start", "end"]) {
        const at = textAt(value, end);
        if (at !== undefined) params.push([`${name}.${end}`, at]);
      }
    else throw problem("malformed", "A parameter has a value that cannot be read here.");
  }
  return { params, ...(resource !== undefined && { resource }) };
}

function tokenOf(coding: unknown): string {
  const code = textAt(coding, "code") ?? "";
  const system = textAt(coding, "system");
  return system === undefined ? code : `${system}|${code}`;
}
