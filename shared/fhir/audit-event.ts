import type { PersonId } from "../id";
import type { Action, Purpose, ResourceKind } from "../policy/vocabulary";
import { consentFhirId } from "./consent";
import { auditEventId, patientId } from "./ids";
import { purposeCodings } from "./purposes";
import { URN } from "./systems";
import type { Coding } from "./types";

/** A line of the access log, as far as it is shown. `at` is epoch milliseconds. */
export interface AuditLine {
  readonly seq: number;
  readonly at: number;
  readonly actorKind: "person" | "client" | "system" | "unknown";
  readonly actor: string;
  readonly action: Action;
  readonly resource: ResourceKind;
  readonly about: readonly string[];
  readonly purpose: Purpose;
  readonly outcome: "allowed" | "denied";
  readonly reason: string;
  readonly session?: string | undefined;
  readonly requestId?: string | undefined;
  readonly onBehalfOf?: string | undefined;
  /** `id/version` of consents, and the id of an emergency access, with blanks between them. */
  readonly consent?: string | undefined;
}

const DCM = "http://dicom.nema.org/resources/ontology/DCM";
const ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role";
const RECORD: Coding = { system: DCM, code: "110110", display: "Patient Record" };
const SIGN_IN: Coding = { system: DCM, code: "110114", display: "User Authentication" };
const EXPORT: Coding = { system: DCM, code: "110106", display: "Export" };
const LOG_USED: Coding = { system: DCM, code: "110101", display: "Audit Log Used" };
const ALERT: Coding = { system: DCM, code: "110113", display: "Security Alert" };

/** FHIR's letter for each action; a write may have made or changed something. */
const LETTERS: Readonly<Record<Action, "C" | "R" | "U" | "D" | "E">> = {
  read: "R",
  export: "R",
  write: "U",
  advise: "U",
  delete: "D",
  manage: "E",
  sign_in: "E",
  sign_out: "E",
};

/** A line of a person's access log as an AuditEvent of FHIR R4. */
export function auditEvent(person: PersonId, line: AuditLine) {
  const { seq, at, action, resource, about, purpose, outcome, reason, session, requestId, consent = "" } = line;
  const patient = { reference: `Patient/${patientId(person)}` };
  const details = [
    ...about.map((one) => ({ type: "about", valueString: one })),
    ...(session === undefined ? [] : [{ type: "session", valueString: session }]),
    ...(requestId === undefined ? [] : [{ type: "request", valueString: requestId }]),
  ];
  const policies = consent.split(" ").filter((one) => one !== "");
  return {
    resourceType: "AuditEvent",
    id: auditEventId(person, seq),
    meta: { versionId: "1", lastUpdated: new Date(at).toISOString() },
    type: typeOf(line),
    subtype: [...subtypes(line), { system: "urn:meridian:action", code: action }, { system: "urn:meridian:resource", code: resource }],
    action: LETTERS[action],
    recorded: new Date(at).toISOString(),
    outcome: outcome === "allowed" ? "0" : "4",
    outcomeDesc: reason,
    purposeOfEvent: [{ coding: purposeCodings(purpose) }],
    agent: agents(person, line, policies),
    source: {
      observer: { identifier: { system: "urn:meridian:system", value: "vault" }, display: "Meridian" },
      type: [{ system: "http://terminology.hl7.org/CodeSystem/security-source-type", code: "4", display: "Application Server" }],
    },
    entity: [
      {
        what: patient,
        type: { system: ENTITY_TYPE, code: "1", display: "Person" },
        role: { system: OBJECT_ROLE, code: "1", display: "Patient" },
      },
      {
        type: { system: ENTITY_TYPE, code: "2", display: "System Object" },
        role: { system: OBJECT_ROLE, code: "4", display: "Domain Resource" },
        name: resource,
        ...(details.length > 0 && { detail: details }),
      },
      ...policies
        .map((one) => one.split("/")[0] ?? "")
        .filter((id) => id.startsWith("cns_"))
        .map((id) => ({
          what: { reference: `Consent/${consentFhirId(id)}` },
          type: { system: ENTITY_TYPE, code: "2", display: "System Object" },
          role: { system: OBJECT_ROLE, code: "13", display: "Security Resource" },
        })),
    ],
  };
}

function typeOf({ action, resource, purpose }: AuditLine): Coding {
  if (action === "sign_in" || action === "sign_out") return SIGN_IN;
  if (action === "export") return EXPORT;
  if (resource === "access_log") return LOG_USED;
  return resource === "emergency_access" && purpose === "emergency" ? ALERT : RECORD;
}

function subtypes({ action, resource, purpose }: AuditLine): Coding[] {
  if (action === "sign_in") return [{ system: DCM, code: "110122", display: "Login" }];
  if (action === "sign_out") return [{ system: DCM, code: "110123", display: "Logout" }];
  const isOverride = resource === "emergency_access" && purpose === "emergency" && action === "manage";
  return isOverride ? [{ system: DCM, code: "110127", display: "Emergency Override Started" }] : [];
}

/** Who did it, and on whose behalf. Others than the person are no resources of theirs: they are named by their ids. */
function agents(person: PersonId, { actorKind, actor, onBehalfOf }: AuditLine, policies: readonly string[]) {
  const who = actorKind === "person" && actor === person ? { reference: `Patient/${patientId(person)}` } : named(actorKind, actor);
  const [behalf] =
    onBehalfOf === undefined ? [] : [onBehalfOf === person ? { reference: `Patient/${patientId(person)}` } : ofOrganisation(onBehalfOf)];
  return [
    {
      ...(who === undefined ? { name: "unknown" } : { who }),
      requestor: true,
      ...(policies.length > 0 && { policy: policies.map((one) => `urn:meridian:policy:${one}`) }),
    },
    ...(behalf === undefined ? [] : [{ who: behalf, requestor: false }]),
  ];
}

function named(kind: AuditLine["actorKind"], actor: string) {
  if (kind === "unknown") return undefined;
  const system = kind === "person" ? URN.person : kind === "client" ? "urn:meridian:client" : "urn:meridian:system";
  return { identifier: { system, value: actor } };
}

function ofOrganisation(id: string) {
  return { reference: `Organization/${id.replaceAll("_", "-")}`, identifier: { system: "urn:meridian:organisation", value: id } };
}
