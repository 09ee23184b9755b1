import type { AppContext } from "../../shared/http/app-env";
import type { Vault } from "../../durable-objects/vault/vault";
import { type AppId, type PersonId, regionOf } from "../../shared/id";
import { type AccountPorts, accountPorts, type AccountVault } from "../accounts";
import { vaultOf } from "../regional";
import { type OAuthPorts, oauthPorts } from "../partners";
import { ringsOf } from "../../shared/http/authenticate";
import { canIdentify } from "../../shared/crypto/identity-tokens";

/** What the authorization server needs from outside: what accounts need, since people sign in on its page, and what machine clients need. */
export interface SmartPorts extends AccountPorts {
  vault(person: PersonId): AccountVault & Pick<Vault, "notify">;
  readonly oauth: OAuthPorts;
  /** Base of FHIR: the audience that an app must name. */
  readonly base: string;
  /** Whether every region has a key for id tokens. */
  readonly identifies: boolean;
}

/** Path of the FHIR API. */
export const FHIR = "/fhir/r4";

/** The ports of a request. */
export function smartPorts(c: AppContext): SmartPorts {
  return {
    ...accountPorts(c),
    vault: (person) => vaultOf(c.env, person),
    oauth: oauthPorts(c),
    base: `${c.env.ORIGIN}${FHIR}`,
    identifies: canIdentify(ringsOf(c.env)),
  };
}

/** The records where an app is registered. */
export function recordsOf(ports: SmartPorts, app: AppId): D1Database {
  return ports.stores(regionOf(app)).records;
}
