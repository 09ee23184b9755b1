import * as z from "zod";
import { problem } from "../../shared/problem";
import { type Assertion, assertionSchema } from "./passkey-schemas";
import type { SecondProof } from "./second-factor";

/** A password that is being chosen. What else is wrong with one, `passwordFault` says. */
export const newPasswordSchema = z
  .string()
  .min(8)
  .max(128)
  .describe("8 to 128 characters; 15 or more are advised. Common passwords are refused");

export const changePasswordBody = z
  .strictObject({
    currentPassword: z.string().min(1).max(128).optional().describe("Not needed within five minutes of signing in"),
    newPassword: newPasswordSchema,
  })
  .meta({ id: "ChangePassword", example: { currentPassword: "correct horse battery staple", newPassword: "a longer sentence is better" } });

const codeSchema = z.string().regex(/^\d{6}$/, "Six digits.");
const recoveryCodeSchema = z.string().min(16).max(64);

/** The code fields of a body as a proof; undefined where neither is given. Problem `invalid` where both are. */
export function secondProofOf(body: {
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
}): SecondProof | undefined {
  const { code, recoveryCode } = body;
  if (code !== undefined && recoveryCode !== undefined) {
    const message = "Give a code of the app or a recovery code, not both.";
    throw problem("invalid", undefined, { errors: [{ pointer: "/recoveryCode", code: "one_of", message }] });
  }
  if (code !== undefined) return { code };
  return recoveryCode === undefined ? undefined : { recoveryCode };
}

export const challengeBody = z
  .strictObject({
    challenge: z.string().min(1).max(128).describe("The challenge that the sign-in was answered with"),
    code: codeSchema.optional().describe("The present code of the authenticator app"),
    recoveryCode: recoveryCodeSchema.optional().describe("Or one of the recovery codes"),
  })
  .meta({ id: "CompleteSignIn", example: { challenge: "mfa_eu_3q2-7w", code: "123456" } });

/** The second factor beside a first one, for those who have set one up. */
export const secondProofFields = {
  code: codeSchema.optional().describe("The present code of the authenticator app, where one is set up"),
  recoveryCode: recoveryCodeSchema.optional().describe("Or one of the recovery codes"),
};

export const stepUpBody = z
  .strictObject({
    password: z.string().min(1).max(128).optional(),
    passkey: assertionSchema
      .optional()
      .describe("Or the answer of a passkey to `POST /v1/sessions/passkeys/challenges`, which is enough by itself"),
    ...secondProofFields,
  })
  .meta({ id: "StepUp", example: { password: "correct horse battery staple" } });

/** How somebody proves again who they are. */
export type RenewedProof =
  | { readonly kind: "passkey"; readonly response: Assertion }
  | { readonly kind: "password"; readonly password: string; readonly second: SecondProof | undefined };

/** The proof in a body. Problem `invalid` where it is none, or more than one. */
export function renewedProofOf(body: z.output<typeof stepUpBody>): RenewedProof {
  const { password, passkey } = body;
  const second = secondProofOf(body);
  if (password !== undefined && passkey === undefined) return { kind: "password", password, second };
  if (passkey !== undefined && password === undefined && second === undefined) return { kind: "passkey", response: passkey };
  const message = "Give the password, with a code where one is set up, or the answer of a passkey.";
  throw problem("invalid", undefined, { errors: [{ pointer: "/password", code: "one_of", message }] });
}

export const freshTokenSchema = z
  .object({ accessToken: z.string().describe("Says that the person has just proven who they are"), expiresIn: z.int().describe("Seconds") })
  .meta({ id: "FreshToken" });

export const totpEnrolmentSchema = z
  .object({
    secret: z.string().describe("Base 32, to be typed into an authenticator app"),
    uri: z.string().describe("The same as an otpauth URI, to be shown as a picture"),
  })
  .meta({ id: "TotpEnrolment" });

export const confirmTotpBody = z.strictObject({ code: codeSchema }).meta({ id: "ConfirmTotp", example: { code: "123456" } });

export const recoveryCodesSchema = z
  .object({ recoveryCodes: z.array(z.string()).describe("Each signs in once in place of the app. Shown only here") })
  .meta({ id: "RecoveryCodes" });

export const factorsSchema = z
  .object({
    password: z.object({ changedAt: z.iso.datetime() }).nullable().describe("Null for somebody who signs in with a provider and has none"),
    totp: z.object({ confirmedAt: z.iso.datetime() }).nullable(),
    recoveryCodes: z.object({ left: z.int() }),
    passkeys: z.object({ count: z.int() }),
    providers: z.array(z.string()).describe("Sign-in providers whose accounts are linked"),
  })
  .meta({ id: "Factors" });
export type Factors = z.infer<typeof factorsSchema>;
