import { PROVIDERS, type Provider, type ProviderId } from "./providers";

/** What of the configuration is about sign-in providers. The secrets are there where a deployment has added them. */
export interface SignInEnv {
  readonly RESIDENCY: string;
  readonly LOCAL_HOSTS: string;
  readonly GOOGLE_SIGN_IN_ID: string;
  readonly GOOGLE_SIGN_IN_BASE: string;
  readonly GOOGLE_SIGN_IN_SECRET?: string;
  readonly APPLE_SIGN_IN_ID: string;
  readonly APPLE_SIGN_IN_BASE: string;
  readonly APPLE_TEAM_ID: string;
  readonly APPLE_KEY_ID: string;
  readonly APPLE_SIGN_IN_KEY?: string;
}

/** A provider as this deployment reaches it. */
export interface ProviderAccess {
  readonly provider: Provider;
  readonly issuer: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly keysUrl: string;
  readonly clientId: string;
  readonly secret: ProviderSecret;
  /** A stand-in on the developer's own machine, which may speak http. */
  readonly local: boolean;
}

export type ProviderSecret =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "signed";
      readonly team: string;
      readonly keyId: string;
      /** PKCS #8 in PEM, as in Apple's `.p8` file. */
      readonly key: string;
    };

/** How a provider is reached, or undefined where this deployment has no client there. */
export function providerAccess(env: SignInEnv, id: ProviderId): ProviderAccess | undefined {
  const provider = PROVIDERS[id];
  const secret = secretOf(env, id);
  const clientId = id === "google" ? env.GOOGLE_SIGN_IN_ID : env.APPLE_SIGN_IN_ID;
  if (secret === undefined || clientId === "") return undefined;
  const base = id === "google" ? env.GOOGLE_SIGN_IN_BASE : env.APPLE_SIGN_IN_BASE;
  if (base === "") {
    const { issuer, authorizeUrl, tokenUrl, keysUrl } = provider;
    return { provider, issuer, authorizeUrl, tokenUrl, keysUrl, clientId, secret, local: false };
  }
  const origin = localOrigin(env, base);
  if (origin === undefined) return undefined;
  const moved = (url: string) => new URL(new URL(url).pathname, origin).href;
  return {
    provider,
    issuer: origin,
    authorizeUrl: moved(provider.authorizeUrl),
    tokenUrl: moved(provider.tokenUrl),
    keysUrl: moved(provider.keysUrl),
    clientId,
    secret,
    local: true,
  };
}

function secretOf(env: SignInEnv, id: ProviderId): ProviderSecret | undefined {
  if (id === "google") {
    const text = env.GOOGLE_SIGN_IN_SECRET ?? "";
    return text === "" ? undefined : { kind: "text", text };
  }
  const key = env.APPLE_SIGN_IN_KEY ?? "";
  if (key === "" || env.APPLE_TEAM_ID === "" || env.APPLE_KEY_ID === "") return undefined;
  return { kind: "signed", team: env.APPLE_TEAM_ID, keyId: env.APPLE_KEY_ID, key };
}

/** A stand-in counts on a developer's machine alone: with residency on, whoever could set it would say who is who. */
function localOrigin(env: SignInEnv, base: string): string | undefined {
  if (env.RESIDENCY !== "off" || !URL.canParse(base)) return undefined;
  const url = new URL(base);
  const hosts = env.LOCAL_HOSTS.split(/\s+/);
  return hosts.includes(url.host) || hosts.includes(url.hostname) ? url.origin : undefined;
}
