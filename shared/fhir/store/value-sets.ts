import { SYSTEM } from "../../health/codes";
import { codeSet } from "../r4/structures";
import { VITAL_SIGN_CODES } from "../r4/profiles";

const BASE = "http://hl7.org/fhir/ValueSet/";
/** R4's set of the codes of vital signs. */
const VITAL_SIGNS = "observation-vitalsignresult";

/** The codes of a value set by system, of those that R4 asks for and of its vital signs; undefined for others. The version does not count. */
export function valueSetCodes(url: string): ReadonlyMap<string, readonly string[]> | undefined {
  const [address = ""] = url.split("|");
  if (!address.startsWith(BASE)) return undefined;
  const name = address.slice(BASE.length);
  if (name === VITAL_SIGNS) return new Map([[SYSTEM.loinc, VITAL_SIGN_CODES]]);
  const codes = codeSet(name);
  return codes.size === 0 ? undefined : new Map([...codes].map(([system, members]) => [system, [...members]]));
}
