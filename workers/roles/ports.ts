import type { AppContext } from "../../shared/http/app-env";
import type { Region } from "../../shared/region";
import { type ConsentPorts, consentPorts } from "../consents";
import { type CredentialPorts, credentialPorts } from "../credentials";
import { type SecurityPorts, securityPorts } from "../security";

/** What the verbs of this domain need from outside. */
export interface RolePorts extends Pick<ConsentPorts, "actor" | "now" | "recordsOf" | "vaultOf"> {
  /** For letters. */
  readonly credentials: CredentialPorts;
  /** Where it is written down that roles were changed. */
  securityOf(region: Region): SecurityPorts;
}

/** The ports of a request of a signed-in person. */
export function rolePorts(c: AppContext): RolePorts {
  const { actor, now, recordsOf, vaultOf } = consentPorts(c);
  return { actor, now, recordsOf, vaultOf, credentials: credentialPorts(c), securityOf: (region) => securityPorts(c.env, region, now) };
}
