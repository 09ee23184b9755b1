import { type IdKind, newId } from "../../shared/id";
import type { Region } from "../../shared/region";
import { type Document, jsonBodyOf, type Operation, sample } from "./document";

/** The part of a path before an id, and the kind of that id. */
const KINDS: Readonly<Record<string, IdKind>> = {
  people: "person",
  members: "person",
  Patient: "person",
  sessions: "session",
  vendors: "connection",
  imports: "import",
  "fhir-targets": "target",
  "fhir-sources": "target",
  sync: "job",
  tickets: "ticket",
  passkeys: "passkey",
  "api-keys": "apiKey",
  consents: "consent",
  organisations: "organisation",
  clients: "client",
  apps: "app",
  exports: "export",
  "emergency-accesses": "emergencyAccess",
  programmes: "programme",
  "research-exports": "researchExport",
  erasures: "erasure",
  "lab-results": "labResult",
  "lab-reports": "labReport",
  webhooks: "webhook",
  deliveries: "event",
  groups: "socialGroup",
  vouchers: "voucher",
  posts: "post",
  comments: "comment",
  invitations: "invitation",
  reports: "report",
  "stream-targets": "streamTarget",
  rooms: "room",
  challenges: "challenge",
  attachments: "attachment",
};

/** Values of parameters that are no ids. */
const WORDS: Readonly<Record<string, string>> = {
  date: "2026-11-20",
  key: "heart_rate",
  platform: "healthkit",
  kind: "apple",
  vendor: "google-health",
  provider: "google",
  code: "not_found",
  secret: "wrong-secret",
  region: "eu",
  patient: "example",
  type: "Observation",
  member: "Observation",
  operation: "$validate",
  report: "$status",
  version: "1",
  achievementId: "workouts",
  callId: "1",
  sfuSession: "e8b5c3",
  // Within a challenge that only its owner sees.
  alias: "q2VfYpQ0J6mM8tq1uXh3Rg",
  invitedId: "per_eu_01kad7wjcm0000000000000000",
  appealId: "apl_eu_01kad7wjcm0000000000000000",
  // Offers are for everybody.
  rewardId: "rwd_eu_01kad7wjcm0000000000000000",
  seq: "1",
  no: "2",
  emoji: "👍",
  token: "probe",
};

/** The kind of id that a path parameter takes, or undefined where it takes something else. */
export function kindOfParameter(operation: Operation, name: string): IdKind | undefined {
  if (name === "personId") return "person";
  if (WORDS[name] !== undefined) return undefined;
  return KINDS[collectionOf(operation, name)];
}

/** The part of the path before a parameter: what its id is one of. */
export function collectionOf(operation: Operation, name: string): string {
  if (name === "exportId") return "research-exports";
  const segments = operation.template.split("/");
  return segments[segments.indexOf(`{${name}}`) - 1] ?? "";
}

/** Whether a path parameter is known to be no id. */
export function isWord(name: string): boolean {
  return WORDS[name] !== undefined;
}

/** Path parameters that take an id. */
export function idParametersOf(operation: Operation): string[] {
  return operation.parameters
    .filter((parameter) => parameter.in === "path" && kindOfParameter(operation, parameter.name) !== undefined)
    .map(({ name }) => name);
}

/** The operation's path with every parameter filled (`given` first, then fresh ids of `region`, then examples) and the query it requires. */
export function pathOf(operation: Operation, given: Readonly<Record<string, string>> = {}, region: Region = "eu"): string {
  const path = operation.template.replaceAll(/\{([^}]+)\}/g, (_match, name: string) => {
    const kind = kindOfParameter(operation, name);
    const example = operation.parameters.find((parameter) => parameter.in === "path" && parameter.name === name)?.schema?.["example"];
    const value = given[name] ?? (kind === undefined ? (WORDS[name] ?? example ?? "probe") : newId(kind, region, Date.now()));
    return encodeURIComponent(String(value));
  });
  const required = operation.parameters.filter((parameter) => parameter.in === "query" && parameter.required === true);
  const query = required.map(({ name, schema }) => `${name}=${encodeURIComponent(queryValue(name, schema ?? {}))}`);
  return query.length === 0 ? path : `${path}?${query.join("&")}`;
}

/** A span ends after it begins. */
function queryValue(name: string, schema: Readonly<Record<string, unknown>>): string {
  const day = name === "to" ? "2026-11-21" : "2026-11-20";
  return schema["format"] === "date-time"
    ? `${day}T00:00:00Z`
    : String(schema["example"] === undefined ? "probe" : name === "to" ? day : schema["example"]);
}

/** A request that a validator has little against. */
export function initOf(document: Document, operation: Operation, headers: Readonly<Record<string, string>> = {}): RequestInit {
  const body = jsonBodyOf(operation);
  if (body !== undefined) {
    return {
      method: operation.method,
      headers: { "content-type": body.mediaType, ...headers },
      body: JSON.stringify(sample(document, body.schema)),
    };
  }
  const [mediaType] = Object.keys(operation.requestBody?.content ?? {});
  if (mediaType === undefined) return { method: operation.method, headers };
  return { method: operation.method, headers: { "content-type": mediaType, ...headers }, body: "probe" };
}

/** Methods that no documented path matching this one answers. */
export function foreignMethods(operations: readonly Operation[], target: string): string[] {
  const [path = ""] = target.split("?");
  const taken = new Set(operations.filter(({ template }) => matches(template, path)).map(({ method }) => method));
  return ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((method) => !taken.has(method));
}

function matches(template: string, path: string): boolean {
  const wanted = template.split("/");
  const given = path.split("/");
  return wanted.length === given.length && wanted.every((part, i) => part.startsWith("{") || part === given[i]);
}
