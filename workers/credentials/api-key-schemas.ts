import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { API_SCOPES } from "../../shared/http/api-keys";
import { type Id, parseId } from "../../shared/id";

const scopesSchema = z.array(z.enum(API_SCOPES)).min(1).max(API_SCOPES.length);

export const newApiKeyBody = z
  .strictObject({
    name: chosenName({ most: 60 }).describe("Your own name for it"),
    scopes: scopesSchema.describe("`data:read` reads data, days, sessions, imports and FHIR; `data:write` brings data in"),
    expiresInDays: z.int().min(1).max(365).default(90),
  })
  .meta({ id: "NewApiKey", example: { name: "Dashboard at home", scopes: ["data:read"], expiresInDays: 30 } });
export type NewApiKey = z.output<typeof newApiKeyBody>;

/** A path part that is no key's id names nothing. */
export const apiKeyParam = z.object({ id: z.string().transform((text): Id<"apiKey"> | undefined => parseId("apiKey", text)) });

export const apiKeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(API_SCOPES)),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable().describe("To the hour"),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.infer<typeof apiKeySchema>;

export const createdApiKeySchema = apiKeySchema
  .extend({ key: z.string().describe("To be sent as `Authorization: Bearer …`. Shown only here") })
  .meta({ id: "CreatedApiKey" });
export type CreatedApiKey = z.infer<typeof createdApiKeySchema>;

export const apiKeyListSchema = z.object({ items: z.array(apiKeySchema), next: z.string().nullable() }).meta({ id: "ApiKeyList" });
