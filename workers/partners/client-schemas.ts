import * as z from "zod";
import { clientKeySet } from "../../shared/crypto/client-keys";
import { MOST_SCOPES } from "../../shared/fhir/scopes";
import { isClientScope } from "../../shared/policy/scopes";
import { organisationParam, partnerName } from "./schemas";

const scopes = z
  .array(z.string().max(300).refine(isClientScope, "No scope of machine clients."))
  .min(1)
  .max(MOST_SCOPES)
  .refine((list) => new Set(list).size === list.length, "Each may stand here once.")
  .describe(
    "`read:*` reads everything that is not special; special categories are named one by one. SMART's `system/…` open the FHIR API (`system/Observation.rs`, `system/*.rs`), and those for reading everything or Observations mean `read:*` elsewhere",
  )
  .meta({ example: ["read:vitals", "read:sleep"] });
const jwksUri = z.string().max(2_048).describe("Where the public keys are: https, a public host, no redirects, at most 64 KB");
const jwks = clientKeySet.describe("Public keys, several while one follows another");

const EXAMPLE_KEY = {
  kty: "EC",
  crv: "P-384",
  x: "yasfbX1Yusrz_DJ5J1vOyI3om5wuVbHXsboOKylY5AfDbHAWxYw5caxtjLuY0xSU",
  y: "A0MXk_hK5g8LcvDNP_8EasXdfCR0n_hi-PXBI5NRLnl17hSqvWCJFGCo5jiMk2_L",
  kid: "2026-11",
} as const;

const ONE_PLACE = "Say either jwks or jwksUri.";

export const newClientBody = z
  .strictObject({ name: partnerName, scopes, jwks: jwks.optional(), jwksUri: jwksUri.optional() })
  .refine((body) => (body.jwks === undefined) !== (body.jwksUri === undefined), { path: ["jwks"], message: ONE_PLACE })
  .meta({ id: "ClientInput", example: { name: "Nightly report", scopes: ["read:vitals", "read:sleep"], jwks: { keys: [EXAMPLE_KEY] } } });
export type NewClient = z.output<typeof newClientBody>;

export const changeClientBody = z
  .strictObject({ name: partnerName.optional(), scopes: scopes.optional(), jwks: jwks.optional(), jwksUri: jwksUri.optional() })
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .refine((body) => body.jwks === undefined || body.jwksUri === undefined, { path: ["jwks"], message: ONE_PLACE })
  .meta({ id: "ClientChange" });
export type ClientChange = z.output<typeof changeClientBody>;

export const clientParam = organisationParam.extend({
  clientId: z.string().min(1).max(64).meta({ example: "cli_eu_01kad7wjcm0000000000000000" }),
});

const at = z.iso.datetime();

export const clientSchema = z
  .object({
    id: z.string().describe("The `client_id` of OAuth"),
    name: z.string(),
    scopes: z.array(z.string()),
    jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }).nullable(),
    jwksUri: z.string().nullable(),
    createdAt: at,
    updatedAt: at,
    lastUsedAt: at.nullable().describe("When it last got a token"),
  })
  .meta({ id: "Client" });
export type ClientView = z.infer<typeof clientSchema>;
export const clientListSchema = z.object({ items: z.array(clientSchema), next: z.string().nullable() }).meta({ id: "ClientList" });
