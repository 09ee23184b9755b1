import { parseId } from "../id";
import type { Consent, GranteeKind, SharedAction } from "../policy/vocabulary";
import { CATEGORY_SYSTEM } from "./classes";
import { patientId } from "./ids";
import { purposeCodings } from "./purposes";
import { URN } from "./systems";
import type { Coding } from "./types";

/** A consent as it is shown: its newest version, and when its first and its newest came into being. Times epoch milliseconds. */
export interface ShownConsent extends Consent {
  readonly givenAt: number;
  readonly changedAt: number;
}

const SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope";
const ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/** What each action is in FHIR's words; it has none for advice. */
const ACTIONS: Readonly<Record<SharedAction, readonly Coding[]>> = {
  read: [{ system: "http://terminology.hl7.org/CodeSystem/consentaction", code: "access", display: "Access" }],
  write: [{ system: "http://terminology.hl7.org/CodeSystem/consentaction", code: "collect", display: "Collect" }],
  advise: [],
};
const KINDS: Readonly<Record<GranteeKind, string>> = {
  person: URN.person,
  organisation: "urn:meridian:organisation",
  app: "urn:meridian:client",
  programme: "urn:meridian:programme",
};

/** The FHIR id of a consent: ids of FHIR know no underscore. */
export function consentFhirId(id: string): string {
  return id.replaceAll("_", "-");
}

/** The id of the consent that a FHIR id names, or undefined. */
export function consentOfFhirId(id: string): string | undefined {
  return id.includes("_") ? undefined : parseId("consent", id.replaceAll("-", "_"));
}

/** Whether a consent has ended by itself. */
function isOver({ state, until }: Consent, now: number): boolean {
  return state === "active" && until !== null && until <= now;
}

/** When what is shown of a consent last became what it is: with its newest version, or when it ended by itself. */
export function consentUpdatedAt(consent: ShownConsent, now: number): number {
  return isOver(consent, now) ? Math.max(consent.changedAt, consent.until ?? 0) : consent.changedAt;
}

/** A consent as FHIR R4 has it: an opt-in to what the provision permits, to nobody but its one actor. */
export function consentResource(consent: ShownConsent, now: number) {
  const { id, version, owner, grantee, role, categories, actions, purpose, from, until, state, givenAt } = consent;
  const patient = { reference: `Patient/${patientId(owner)}` };
  return {
    resourceType: "Consent",
    id: consentFhirId(id),
    meta: {
      // One that ends by itself is shown as something else from then on.
      versionId: isOver(consent, now) ? `${version}.ended` : String(version),
      lastUpdated: new Date(consentUpdatedAt(consent, now)).toISOString(),
    },
    identifier: [{ system: "urn:meridian:consent", value: id }],
    status: state === "active" && !isOver(consent, now) ? "active" : "inactive",
    scope: { coding: [{ system: SCOPE, code: purpose === "research" ? "research" : "patient-privacy" }] },
    category: [
      { coding: [{ system: "http://loinc.org", code: "59284-0", display: "Consent Document" }] },
      { coding: [{ system: ACT_CODE, code: "IDSCL", display: "information disclosure" }] },
    ],
    patient,
    dateTime: new Date(givenAt).toISOString(),
    performer: [patient],
    policyRule: { coding: [{ system: ACT_CODE, code: "OPTIN", display: "opt-in" }] },
    provision: {
      type: "permit",
      period: { start: new Date(from).toISOString(), ...(until !== null && { end: new Date(until).toISOString() }) },
      actor: [{ role: { coding: [RECIPIENT, { system: "urn:meridian:role", code: role }] }, reference: granteeReference(grantee) }],
      action: actions.map((action) => ({ coding: [...ACTIONS[action], { system: "urn:meridian:action", code: action }] })),
      purpose: purposeCodings(purpose),
      ...(categories.length > 0 && { code: categories.map((category) => ({ coding: [{ system: CATEGORY_SYSTEM, code: category }] })) }),
    },
  };
}

const RECIPIENT: Coding = {
  system: "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
  code: "IRCP",
  display: "information recipient",
};

/** To whom: an organisation as Groups name it, others, who are no resources here, by their id. */
function granteeReference({ kind, id }: Consent["grantee"]) {
  const identifier = { system: KINDS[kind], value: id };
  return kind === "organisation" ? { reference: `Organization/${id.replaceAll("_", "-")}`, identifier } : { identifier };
}
