import * as z from "zod";
import { localeSchema, nameSchema, regionSchema, signedInSchema, timeZoneSchema } from "../accounts";
import { secondProofFields } from "../credentials";
import { PROVIDER_IDS } from "./providers";

export const providerSchema = z.enum(PROVIDER_IDS);

export const providerParam = z.object({ provider: z.string().max(64).meta({ example: "google" }) });

export const providerListSchema = z
  .object({ items: z.array(z.object({ id: providerSchema, title: z.string() })), next: z.null() })
  .meta({ id: "SignInProviders" });

/** 32 bytes in base 64 for URLs: nothing else is the SHA-256 of anything. */
const challengeSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, "The SHA-256 of a verifier in base 64 for URLs.")
  .describe("SHA-256 in base 64 for URLs (S256 of RFC 7636) of a verifier that stays with the client");

export const beginFlowBody = z
  .strictObject({
    challenge: challengeSchema,
    returnTo: z
      .string()
      .min(1)
      .max(500)
      .describe(
        "Where the browser goes afterwards, with `handoff` or `error` in its query: a page of an allowed origin, or an allowed app",
      ),
  })
  .meta({
    id: "BeginAtProvider",
    example: { challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", returnTo: "https://app.meridian.health/signed-in" },
  });

export const begunSchema = z
  .object({
    authorizeUrl: z.string().describe("Open it in the person's browser; it works once"),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: "BegunAtProvider" });

const handoffFields = {
  handoff: z.string().min(1).max(128).describe("From the address that the browser came back to; good once, for two minutes"),
  verifier: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{43,128}$/, "43 to 128 characters of RFC 7636.")
    .describe("What the challenge was made of"),
};

const example = { handoff: "hof_3q2-7w", verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" };

export const handoffBody = z.strictObject(handoffFields).meta({ id: "ProviderHandoff", example });

export const proveAtProviderBody = z.strictObject({ ...handoffFields, ...secondProofFields }).meta({ id: "ProveAtProvider", example });

export const registrationSchema = z
  .object({
    registration: z.object({
      token: z.string().describe("Completes the registration at `POST /v1/accounts/providers`, once"),
      expiresIn: z.int().describe("Seconds"),
      name: z.string().nullable().describe("As the provider told it, to be shown and changed"),
      email: z.string(),
    }),
  })
  .meta({ id: "RegistrationNeeded" });
export type RegistrationNeeded = z.infer<typeof registrationSchema>;

export const registerWithProviderBody = z
  .strictObject({
    registration: z.string().min(1).max(128).describe("The token that the sign-in was answered with"),
    region: regionSchema.describe("Where everything about the person will lie"),
    name: nameSchema.optional().describe("The provider's where it is not given"),
    timeZone: timeZoneSchema.optional().describe("IANA name; UTC where it is not given"),
    locale: localeSchema.optional().describe("BCP 47 tag; en where it is not given"),
  })
  .meta({ id: "RegisterWithProvider", example: { registration: "idr_3q2-7w", region: "eu", timeZone: "Europe/Vienna", locale: "de-AT" } });
export type RegisterWithProvider = z.output<typeof registerWithProviderBody>;

export { signedInSchema };

export const identitySchema = z
  .object({
    provider: providerSchema,
    label: z.string().nullable().describe("The address that the account has there, where it told one"),
    linkedAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "Identity" });
export type IdentityView = z.infer<typeof identitySchema>;

export const identityListSchema = z.object({ items: z.array(identitySchema), next: z.null() }).meta({ id: "IdentityList" });

/** What a provider sends back. It may add parameters of its own. */
const callbackFields = {
  state: z.string().min(1).max(200),
  code: z.string().min(1).max(2_048).optional(),
  error: z.string().min(1).max(200).optional(),
  iss: z.string().max(300).optional(),
};

export const callbackQuery = z.object(callbackFields);

export const callbackForm = z.object({
  ...callbackFields,
  user: z.string().max(4_000).optional().describe("Apple's, at the first sign-in alone: the name as JSON"),
});
export type Callback = z.output<typeof callbackForm>;

/** What Apple posts beside the code. Its e-mail is the browser's word and is not read. */
export const appleUserSchema = z.object({
  name: z.object({ firstName: z.string().max(100).optional(), lastName: z.string().max(100).optional() }).optional(),
});
