import type { AppContext } from "../../shared/http/app-env";
import { isAllowedReturn, type ReturnEnv } from "../../shared/http/return-address";
import { notFound } from "../../shared/problem";
import { type AccountPorts, accountPorts } from "../accounts";
import { providerAccess, type ProviderAccess, type SignInEnv } from "./provider-access";
import { PROVIDER_IDS, type ProviderId } from "./providers";

/** What the verbs of this domain need from outside. */
export interface IdentityPorts extends AccountPorts {
  /** The providers that this deployment has a client at. */
  readonly providers: readonly ProviderAccess[];
  mayReturnTo(address: string): boolean;
}

/** The ports of a request. */
export function identityPorts(c: AppContext): IdentityPorts {
  const env: Env & SignInEnv & ReturnEnv = c.env;
  return {
    ...accountPorts(c),
    providers: PROVIDER_IDS.flatMap((id) => providerAccess(env, id) ?? []),
    mayReturnTo: (address) => isAllowedReturn(env, address),
  };
}

/** A provider of this deployment. Problem `not_found`. */
export function providerOf(ports: IdentityPorts, id: ProviderId): ProviderAccess {
  const access = ports.providers.find(({ provider }) => provider.id === id);
  if (access === undefined) throw notFound("sign-in provider here: it is not set up");
  return access;
}

/** Where a provider sends the browser back to. */
export function callbackUrl(ports: IdentityPorts, provider: ProviderId): string {
  return new URL(`/v1/sign-in-providers/${provider}/callback`, ports.origin).href;
}
