import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { type Id, parseId } from "../../shared/id";

const bytesSchema = z
  .string()
  .min(1)
  .max(16_384)
  .regex(/^[A-Za-z0-9_-]+$/, "Base 64 for URLs.");
const credentialId = bytesSchema.max(1_400);
const transportsSchema = z.array(z.string().max(32)).max(8);

/** As `navigator.credentials.create()` answers, in JSON (WebAuthn Level 3 §5.1). */
const registrationSchema = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal("public-key"),
  response: z.object({ clientDataJSON: bytesSchema, attestationObject: bytesSchema, transports: transportsSchema.optional() }),
  clientExtensionResults: z.object({}).default({}),
});

/** As `navigator.credentials.get()` answers, in JSON. A passkey that knows its owner names them. */
export const assertionSchema = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal("public-key"),
  response: z.object({ clientDataJSON: bytesSchema, authenticatorData: bytesSchema, signature: bytesSchema, userHandle: bytesSchema }),
  clientExtensionResults: z.object({}).default({}),
});
export type Assertion = z.output<typeof assertionSchema>;

const nameSchema = chosenName({ most: 60 });

export const newPasskeyBody = z
  .strictObject({ name: nameSchema.describe("Your own name for it"), response: registrationSchema })
  .meta({ id: "NewPasskey" });
export type NewPasskey = z.output<typeof newPasskeyBody>;

export const renamePasskeyBody = z.strictObject({ name: nameSchema }).meta({ id: "RenamePasskey", example: { name: "Telephone" } });

export const passkeySignInBody = z.strictObject({ response: assertionSchema }).meta({ id: "PasskeySignIn" });

/** A path part that is no passkey's id names nothing. */
export const passkeyParam = z.object({ id: z.string().transform((text): Id<"passkey"> | undefined => parseId("passkey", text)) });

export const passkeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    backedUp: z.boolean().describe("Whether it lives on several devices"),
    flaggedAt: z.iso.datetime().nullable().describe("When its counter last went back, which it does where a passkey was copied"),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "Passkey" });
export type Passkey = z.infer<typeof passkeySchema>;

export const passkeyListSchema = z.object({ items: z.array(passkeySchema), next: z.string().nullable() }).meta({ id: "PasskeyList" });

/** For `PublicKeyCredential.parseCreationOptionsFromJSON`. */
export const passkeyCreationSchema = z
  .looseObject({
    challenge: z.string(),
    rp: z.looseObject({ name: z.string() }),
    user: z.looseObject({ id: z.string(), name: z.string() }),
  })
  .meta({ id: "PasskeyCreationOptions" });

/** For `PublicKeyCredential.parseRequestOptionsFromJSON`. */
export const passkeyRequestSchema = z
  .looseObject({ challenge: z.string(), rpId: z.string().optional(), userVerification: z.string().optional() })
  .meta({ id: "PasskeyRequestOptions" });
