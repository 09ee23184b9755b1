import * as z from "zod";
import { clientKeySet } from "../../shared/crypto/client-keys";
import { partnerName } from "../partners";

const APP_EXAMPLE = "app_eu_01kad7wjcm0000000000000000";
const ORGANISATION_EXAMPLE = "org_eu_01kad7wjcm0000000000000000";
const id = z.string().min(1).max(64);

/** Hosts of this machine: an app of a desktop listens there. */
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** Schemes that a browser would run or show by itself. */
const UNSAFE = new Set(["javascript:", "data:", "vbscript:", "file:", "blob:", "about:", "ws:", "wss:", "ftp:"]);

/** The letters of an address without a fragment (RFC 3986 §2): others would not get into a `location`. */
const ADDRESS = /^[!"$-[\]-~]+$/;

/** Where an app may be returned to: https, this machine itself, or a scheme of its own with a dot (RFC 8252 §7.1). Exactly as written. */
function isRedirect(text: string): boolean {
  if (!URL.canParse(text) || !ADDRESS.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "" || UNSAFE.has(protocol)) return false;
  if (protocol === "https:") return true;
  return protocol === "http:" ? LOOPBACK.has(hostname) : protocol.includes(".");
}

const web = z
  .string()
  .max(2_048)
  .refine((text) => URL.canParse(text) && isRedirect(text) && /^https?:$/.test(new URL(text).protocol), "An https address.");
const redirectUris = z
  .array(z.string().max(2_048).refine(isRedirect, "https, this machine, or a scheme of the app's own; no fragment."))
  .min(1)
  .max(20)
  .describe("Compared letter by letter")
  .meta({ example: ["https://app.example/callback"] });
const scope = z
  .string()
  .max(8_000)
  .describe("The most that the app may ask for, parted by spaces")
  .meta({ example: "openid fhirUser launch/patient patient/Observation.rs" });
const jwksUri = z.string().max(2_048).describe("Where the public keys are: https, a public host");

const fields = {
  name: partnerName,
  home: web.optional().describe("Its address for people; shown when they decide"),
  launchUri: web.optional().describe("Where a launch from Meridian begins"),
  redirectUris,
  scope: scope.optional(),
  jwks: clientKeySet.optional(),
  jwksUri: jwksUri.optional(),
};

export const newAppBody = z
  .strictObject({
    ...fields,
    method: z
      .enum(["none", "client_secret_basic", "private_key_jwt"])
      .describe("How it proves itself: not at all, with a secret (in the header or the form), or with a key"),
  })
  .refine(({ method, jwks, jwksUri: uri }) => (method === "private_key_jwt") === (jwks !== undefined || uri !== undefined), {
    path: ["jwks"],
    message: "Keys belong to private_key_jwt, and to nothing else.",
  })
  .refine(({ jwks, jwksUri: uri }) => jwks === undefined || uri === undefined, { path: ["jwks"], message: "Say either jwks or jwksUri." })
  .meta({ id: "AppInput", example: { name: "Heart diary", method: "none", redirectUris: ["https://app.example/callback"] } });
export type NewApp = z.output<typeof newAppBody>;

export const changeAppBody = z
  .strictObject({
    ...fields,
    name: fields.name.optional(),
    redirectUris: redirectUris.optional(),
    newSecret: z.literal(true).optional().describe("Give it a new secret; the old one ends at once"),
  })
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .refine(({ jwks, jwksUri: uri }) => jwks === undefined || uri === undefined, { path: ["jwks"], message: "Say either jwks or jwksUri." })
  .meta({ id: "AppChange" });
export type AppChange = z.output<typeof changeAppBody>;

export const organisationAppsParam = z.strictObject({ organisationId: id.meta({ example: ORGANISATION_EXAMPLE }) });
export const organisationAppParam = organisationAppsParam.extend({ appId: id.meta({ example: APP_EXAMPLE }) });
export const appParam = z.strictObject({ appId: id.meta({ example: APP_EXAMPLE }) });

const at = z.iso.datetime();

export const appSchema = z
  .object({
    id: z.string().describe("The `client_id` of OAuth"),
    name: z.string(),
    home: z.string().nullable(),
    launchUri: z.string().nullable(),
    method: z.enum(["none", "client_secret_basic", "private_key_jwt"]),
    redirectUris: z.array(z.string()),
    scope: z.string().nullable(),
    jwks: clientKeySet.nullable(),
    jwksUri: z.string().nullable(),
    secret: z.string().optional().describe("Shown once, when it is made"),
    createdAt: at,
    updatedAt: at,
    lastUsedAt: at.nullable(),
  })
  .meta({ id: "App" });
export type AppView = z.infer<typeof appSchema>;
export const appListSchema = z.object({ items: z.array(appSchema), next: z.string().nullable() }).meta({ id: "AppList" });

export const grantedAppSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    home: z.string().nullable(),
    scopes: z.array(z.string()).describe("What it may do, in the words of SMART"),
    since: at,
    lastUsedAt: at,
  })
  .meta({ id: "GrantedApp" });
export type GrantedApp = z.infer<typeof grantedAppSchema>;
export const grantedAppListSchema = z
  .object({ items: z.array(grantedAppSchema), next: z.string().nullable() })
  .meta({ id: "GrantedAppList" });

/** RFC 7591, for apps of patients alone: they prove themselves not at all, with a secret, or with a key. */
const registrationFields = {
  client_name: partnerName,
  redirect_uris: redirectUris,
  token_endpoint_auth_method: z.enum(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]).default("none"),
  grant_types: z.array(z.enum(["authorization_code", "refresh_token"])).optional(),
  response_types: z.array(z.literal("code")).optional(),
  scope: scope.optional(),
  client_uri: web.optional(),
  initiate_login_uri: web.optional(),
  jwks: clientKeySet.optional(),
  jwks_uri: jwksUri.optional(),
};
export const registrationBody = z
  .object(registrationFields)
  .meta({ id: "AppRegistration", example: { client_name: "Heart diary", redirect_uris: ["https://app.example/callback"] } });

export type Registration = z.output<typeof registrationBody>;

/** RFC 7592 §2.2: the whole registration anew. */
export const registrationChangeBody = z
  .object({ ...registrationFields, client_id: id, client_secret: z.string().max(200).optional().describe("The one that was given") })
  .meta({
    id: "AppRegistrationChange",
    example: { client_id: APP_EXAMPLE, client_name: "Heart diary", redirect_uris: ["https://app.example/callback"] },
  });

export const registrationSchema = z
  .object({
    client_id: z.string(),
    client_id_issued_at: z.int(),
    client_secret: z.string().optional(),
    client_secret_expires_at: z.literal(0).optional(),
    client_name: z.string(),
    redirect_uris: z.array(z.string()),
    token_endpoint_auth_method: z.string(),
    grant_types: z.array(z.string()),
    response_types: z.array(z.string()),
    scope: z.string().optional(),
    client_uri: z.string().optional(),
    initiate_login_uri: z.string().optional(),
    jwks: clientKeySet.optional(),
    jwks_uri: z.string().optional(),
    registration_access_token: z.string().describe("Reads, changes and removes this registration; another one after each change"),
    registration_client_uri: z.string().describe("Where that is done"),
  })
  .meta({ id: "RegisteredApp" });
export type RegisteredApp = z.output<typeof registrationSchema>;

export const launchSchema = z
  .object({ url: z.string().describe("Open it in a browser"), expiresIn: z.int().describe("Seconds") })
  .meta({ id: "AppLaunch" });
