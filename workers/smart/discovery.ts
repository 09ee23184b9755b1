import * as z from "zod";
import { ASSERTION_ALGORITHMS } from "../../shared/crypto/client-keys";
import { STORED_TYPES } from "../../shared/fhir/r4/definitions";
import { WORDS } from "../../shared/fhir/scopes";

const urls = {
  issuer: z.string().optional(),
  jwks_uri: z.string().optional(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  registration_endpoint: z.string(),
  introspection_endpoint: z.string(),
  revocation_endpoint: z.string(),
  management_endpoint: z.string(),
  scopes_supported: z.array(z.string()),
  response_types_supported: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  code_challenge_methods_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  token_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
  authorization_response_iss_parameter_supported: z.boolean(),
};

export const smartConfigurationSchema = z.looseObject({ ...urls, capabilities: z.array(z.string()) }).meta({ id: "SmartConfiguration" });
export const openidConfigurationSchema = z.looseObject(urls).meta({ id: "OpenIdConfiguration" });

const METHODS = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];

/** What both documents say. `identifies`: whether there are keys for id tokens. */
function common(origin: string, identifies: boolean) {
  return {
    ...(identifies && { issuer: origin, jwks_uri: `${origin}/.well-known/jwks.json` }),
    authorization_endpoint: `${origin}/oauth/authorize`,
    token_endpoint: `${origin}/oauth/token`,
    registration_endpoint: `${origin}/oauth/register`,
    introspection_endpoint: `${origin}/oauth/introspect`,
    revocation_endpoint: `${origin}/oauth/revoke`,
    management_endpoint: `${origin}/oauth/apps`,
    scopes_supported: [
      ...WORDS.filter((word) => identifies || (word !== "openid" && word !== "fhirUser" && word !== "profile")),
      "patient/*.cruds",
      "user/*.cruds",
      ...STORED_TYPES.map((type) => `patient/${type}.cruds`),
      "system/*.crus",
      ...STORED_TYPES.map((type) => `system/${type}.crus`),
    ],
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: METHODS,
    token_endpoint_auth_signing_alg_values_supported: [...ASSERTION_ALGORITHMS],
    introspection_endpoint_auth_methods_supported: METHODS,
    revocation_endpoint_auth_methods_supported: METHODS,
    authorization_response_iss_parameter_supported: identifies,
  };
}

/** `/.well-known/smart-configuration` (SMART App Launch 2.2 §8.1). */
export function smartConfiguration(origin: string, identifies: boolean): z.infer<typeof smartConfigurationSchema> {
  return {
    ...common(origin, identifies),
    user_access_brand_bundle: `${origin}${BRANDS}`,
    user_access_brand_identifier: brandIdentifier(origin),
    capabilities: [
      "launch-standalone",
      "launch-ehr",
      "authorize-post",
      "client-public",
      "client-confidential-symmetric",
      "client-confidential-asymmetric",
      ...(identifies ? ["sso-openid-connect"] : []),
      "context-standalone-patient",
      "context-ehr-patient",
      "permission-offline",
      "permission-online",
      "permission-patient",
      "permission-user",
      "permission-v1",
      "permission-v2",
    ],
  };
}

/** Where the brand stands (SMART App Launch 2.2 §Brands). */
export const BRANDS = "/fhir/r4/.well-known/user-access-brands";

function brandIdentifier(origin: string) {
  return { system: "urn:ietf:rfc:3986", value: origin };
}

/** The one brand under which people know this server, with its endpoint: a Bundle that changes with the code alone. */
export function brandBundle(origin: string) {
  const definition = "http://hl7.org/fhir/StructureDefinition";
  const endpoint = `${origin}${BRANDS}/endpoint`;
  const contact = [{ system: "url", value: `${origin}/docs` }];
  return {
    resourceType: "Bundle",
    type: "collection",
    timestamp: BRANDS_SINCE,
    entry: [
      {
        fullUrl: `${origin}${BRANDS}/organization`,
        resource: {
          resourceType: "Organization",
          id: "brand",
          extension: [
            {
              url: `${definition}/organization-portal`,
              extension: [
                { url: "portalName", valueString: "Meridian" },
                { url: "portalUrl", valueUrl: origin },
                { url: "portalEndpoint", valueReference: { reference: endpoint } },
              ],
            },
          ],
          identifier: [brandIdentifier(origin)],
          active: true,
          name: "Meridian",
          telecom: contact,
          endpoint: [{ reference: endpoint }],
        },
      },
      {
        fullUrl: endpoint,
        resource: {
          resourceType: "Endpoint",
          id: "endpoint",
          extension: [{ url: `${definition}/endpoint-fhir-version`, valueCode: "4.0.1" }],
          status: "active",
          connectionType: { system: "http://terminology.hl7.org/CodeSystem/endpoint-connection-type", code: "hl7-fhir-rest" },
          name: "Meridian, FHIR R4",
          contact,
          payloadType: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/endpoint-payload-type", code: "none" }] }],
          payloadMimeType: ["application/fhir+json"],
          address: `${origin}/fhir/r4`,
        },
      },
    ],
  };
}

/** When what the Bundle says last changed. */
const BRANDS_SINCE = "2026-11-26T00:00:00Z";

/** `/.well-known/openid-configuration` (OpenID Connect Discovery §3). */
export function openidConfiguration(origin: string, identifies: boolean): z.infer<typeof openidConfigurationSchema> {
  return {
    ...common(origin, identifies),
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    claims_supported: ["iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "amr", "acr", "fhirUser"],
    response_modes_supported: ["query"],
  };
}
