/** What passkeys are bound to. */
export interface RelyingParty {
  /** The registrable domain, so that all regional hosts share passkeys. */
  readonly id: string;
  /** Origins of web pages that may ask for them. */
  readonly origins: readonly string[];
}

/** Browsers bind passkeys to names, never to addresses: pages of the machine itself have this one. */
const LOOPBACK = new Set(["127.0.0.1", "[::1]"]);

/**
 * The configured domain where the API's origin lies in it, else the origin's own host: a local run has a domain of its own, which is
 * `localhost` where it is served by address.
 */
export function relyingParty(env: {
  readonly ORIGIN: string;
  readonly CORS_ORIGINS: string;
  readonly PASSKEY_DOMAIN: string;
}): RelyingParty {
  const { hostname } = new URL(env.ORIGIN);
  const domain = env.PASSKEY_DOMAIN;
  const own = LOOPBACK.has(hostname) ? "localhost" : hostname;
  const id = hostname === domain || hostname.endsWith(`.${domain}`) ? domain : own;
  return { id, origins: [env.ORIGIN, ...env.CORS_ORIGINS.split(/\s+/).filter((origin) => origin !== "")] };
}
