import * as z from "zod";
import type { OwnAccount } from "./own-account";
import type { LiveVendor, VendorCredentials, VendorRequest } from "./vendor";

/** Where a vendor is reached, and who we are there. */
export interface VendorAccess {
  readonly hosts: LiveVendor["auth"]["hosts"];
  readonly credentials: VendorCredentials;
}

/** The part of the configuration that vendors need. */
export interface VendorConfiguration {
  readonly RESIDENCY: string;
  /** JSON by vendor id: `{ clientId, clientSecret, hookSecret, … }`, all texts; `region` where the vendor has hosts by region, `callsPerMinute` where it sells several limits. */
  readonly VENDOR_CREDENTIALS?: string;
  /** JSON by vendor id: the origin, or origin and first part of the path, that stands in for all hosts of a vendor. Local runs only. */
  readonly VENDOR_BASES?: string;
  readonly GOOGLE_AUTH_BASE: string;
  readonly GOOGLE_TOKEN_BASE: string;
  readonly GOOGLE_HEALTH_BASE: string;
  readonly GOOGLE_CLIENT_ID: string;
  readonly GOOGLE_CLIENT_SECRET: string;
  readonly GOOGLE_WEBHOOK_SECRET: string;
}

const credentialsSchema = z.record(
  z.string(),
  z.object({ clientId: z.string().min(1), clientSecret: z.string().min(1), hookSecret: z.string().min(16) }).catchall(z.string()),
);
const basesSchema = z.record(z.string(), z.url());

/** Reads the accounts at vendors out of their secret; an empty text holds none. Throws where it is malformed. */
export function parseCredentials(text: string): z.output<typeof credentialsSchema> {
  return credentialsSchema.parse(JSON.parse(text === "" ? "{}" : text));
}

/** The texts parse once: every request of an isolate brings the same. */
let parsed: { readonly text: string; readonly value: z.output<typeof credentialsSchema> } | undefined;

function configured(env: VendorConfiguration, id: string): z.output<typeof credentialsSchema>[string] | undefined {
  // Google's were there before the others and have names of their own.
  if (id === "google-health") {
    const { GOOGLE_CLIENT_ID: clientId, GOOGLE_CLIENT_SECRET: clientSecret, GOOGLE_WEBHOOK_SECRET: hookSecret } = env;
    return { clientId, clientSecret, hookSecret };
  }
  // A machine that made its secrets before there was this one has none of it.
  const text = env.VENDOR_CREDENTIALS ?? "";
  if (parsed?.text !== text) parsed = { text, value: parseCredentials(text) };
  return Object.hasOwn(parsed.value, id) ? parsed.value[id] : undefined;
}

/** Meridian's own account at a vendor, or undefined where the deployment has none. Throws where the configuration is malformed. */
export function ownCredentials(env: VendorConfiguration, id: string): VendorCredentials | undefined {
  const found = configured(env, id);
  if (found === undefined) return undefined;
  const { clientId, clientSecret, hookSecret: _hookSecret, ...more } = found;
  return { clientId, clientSecret, more };
}

/** The secret of the path of a vendor's webhooks for Meridian's own account. */
export function ownHookSecret(env: VendorConfiguration, id: string): string | undefined {
  return configured(env, id)?.hookSecret;
}

/** Where a vendor's webhooks come to. */
export function hookUrl(origin: string, vendor: string, pathSecret: string): string {
  return new URL(`/hooks/${vendor}/${pathSecret}`, origin).href;
}

/** Where a vendor is reached by whom: as an organisation, or where none is named as Meridian itself. Undefined where Meridian has no account, or the network no origin. */
export function accessTo(env: VendorConfiguration, vendor: LiveVendor, own?: OwnAccount): VendorAccess | undefined {
  if (vendor.auth.originFromAccount === true && originOf(env, vendor.id) === undefined) return undefined;
  if (own !== undefined) {
    const { clientId, clientSecret, more } = own;
    return { hosts: hostsOf(env, vendor, more["region"]), credentials: { clientId, clientSecret, more } };
  }
  const credentials = ownCredentials(env, vendor.id);
  return credentials === undefined ? undefined : { hosts: hostsOf(env, vendor), credentials };
}

/** The origin that the configuration names for a network; undefined for what is none. */
function originOf(env: VendorConfiguration, id: string): string | undefined {
  const origin = configured(env, id)?.["origin"] ?? "";
  return URL.canParse(origin) && new URL(origin).origin === origin && origin.startsWith("https://") ? origin : undefined;
}

/** Where a vendor is reached: its own hosts, in the account's `region` where the vendor has several, but for local runs that have a stand-in. */
export function hostsOf(
  env: VendorConfiguration,
  { id, auth }: LiveVendor,
  region: string | undefined = configured(env, id)?.["region"],
): LiveVendor["auth"]["hosts"] {
  if (id === "google-health") return { authorize: env.GOOGLE_AUTH_BASE, token: env.GOOGLE_TOKEN_BASE, api: env.GOOGLE_HEALTH_BASE };
  const origin = auth.originFromAccount === true ? originOf(env, id) : undefined;
  const named = origin === undefined ? undefined : { authorize: origin, token: origin, api: origin };
  const own = named ?? (region === undefined ? undefined : auth.regionalHosts?.[region]) ?? auth.hosts;
  if (env.RESIDENCY !== "off" || (env.VENDOR_BASES ?? "") === "") return own;
  const base = basesSchema.parse(JSON.parse(env.VENDOR_BASES ?? ""))[id];
  return base === undefined ? own : { authorize: base, token: base, api: base };
}

/** What Meridian's own account at a vendor allows: its `callsPerMinute`, where the vendor sells more than the least that is known of it. */
export function limitsOf(env: VendorConfiguration, { id, limits }: LiveVendor): LiveVendor["limits"] {
  const text = configured(env, id)?.["callsPerMinute"] ?? "";
  if (!/^[1-9]\d{0,6}$/.test(text)) return limits;
  return limits.map((limit) => (limit.scope === "app" && limit.windowS === 60 ? { ...limit, n: Number(text) } : limit));
}

/** The URL of a call; `base` may have a path of its own. */
export function urlAt(base: string, path: string, query: VendorRequest["query"] = {}): URL {
  const url = new URL(base);
  const target = new URL(path, "https://vendor.invalid");
  url.pathname = `${url.pathname.replace(/\/$/, "")}${target.pathname}`;
  url.search = target.search;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}
