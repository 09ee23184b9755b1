import type { Purpose } from "../policy/vocabulary";
import type { Coding } from "./types";

const ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
/** The system of Meridian's own words for why data is used. */
const PURPOSE_SYSTEM = "urn:meridian:purpose";

/** What HL7 has words for. */
const HL7: Partial<Readonly<Record<Purpose, readonly [code: string, display: string]>>> = {
  personal: ["PATRQT", "patient requested"],
  care: ["TREAT", "treatment"],
  research: ["HRESCH", "healthcare research"],
  emergency: ["ETREAT", "Emergency Treatment"],
  administration: ["HSYSADMIN", "health system administration"],
};

/** Why data is used, as codes: HL7's where it has one, and Meridian's own. */
export function purposeCodings(purpose: Purpose): Coding[] {
  const hl7 = HL7[purpose];
  const own = { system: PURPOSE_SYSTEM, code: purpose };
  return hl7 === undefined ? [own] : [{ system: ACT_REASON, code: hl7[0], display: hl7[1] }, own];
}
