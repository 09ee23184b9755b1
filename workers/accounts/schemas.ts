import * as z from "zod";
import { ROLE_NAMES } from "../../shared/roles";
import { newPasswordSchema } from "../credentials";
import { tokensSchema } from "../sessions";
import { birthDateSchema, heightSchema, localeSchema, nameSchema, regionSchema, sexSchema, timeZoneSchema, UNITS } from "./profile";

const emailSchema = z.string().trim().max(254).pipe(z.email());

export const registerBody = z
  .strictObject({
    email: emailSchema,
    password: newPasswordSchema,
    name: nameSchema,
    region: regionSchema.describe("Where everything about the person will lie"),
    timeZone: timeZoneSchema.optional().describe("IANA name; UTC where it is not given"),
    locale: localeSchema.optional().describe("BCP 47 tag; en where it is not given"),
  })
  .meta({
    id: "Registration",
    example: {
      email: "ada@example.org",
      password: "correct horse battery staple",
      name: "Ada",
      region: "eu",
      timeZone: "Europe/Vienna",
      locale: "de-AT",
    },
  });
export type Registration = z.output<typeof registerBody>;

export const signInBody = z
  .strictObject({ email: z.string().trim().min(1).max(254), password: z.string().min(1).max(128) })
  .meta({ id: "SignIn" });
export type SignInRequest = z.output<typeof signInBody>;

export const personSchema = z.object({ id: z.string(), name: z.string(), region: regionSchema }).meta({ id: "Person" });
export type PersonView = z.infer<typeof personSchema>;

export const signedInSchema = z.object({ person: personSchema, tokens: tokensSchema }).meta({ id: "SignedIn" });
export type SignedIn = z.infer<typeof signedInSchema>;

export const letterSentSchema = z
  .object({ status: z.literal("letter_sent").describe("Said whether or not the address leads to an account") })
  .meta({ id: "LetterSent" });

const tokenSchema = z.string().min(1).max(128).describe("The code of the letter");

export const verifyBody = z.strictObject({ token: tokenSchema }).meta({ id: "VerifyAddress", example: { token: "reg_eu_3q2-7w" } });

export const changeEmailBody = z.strictObject({ email: emailSchema }).meta({ id: "ChangeEmail", example: { email: "ada@example.net" } });

export const requestResetBody = z.strictObject({ email: emailSchema }).meta({ id: "RequestReset", example: { email: "ada@example.org" } });

export const resetBody = z
  .strictObject({ token: tokenSchema, password: newPasswordSchema })
  .meta({ id: "ResetPassword", example: { token: "rst_eu_3q2-7w", password: "a longer sentence is better" } });

export const meSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    region: regionSchema,
    timeZone: z.string(),
    locale: z.string(),
    units: z.enum(UNITS).describe("How the person likes quantities shown; the API itself always says units"),
    roles: z.array(z.enum(ROLE_NAMES)),
    birthDate: z.iso.date().nullable(),
    sex: sexSchema.nullable().describe("The sex that clinical formulas and reference ranges use"),
    height: z.object({ value: z.number(), unit: z.literal("cm") }).nullable(),
  })
  .meta({ id: "Me" });
export type Me = z.infer<typeof meSchema>;

export const changeMeBody = z
  .strictObject({
    name: nameSchema.optional(),
    timeZone: timeZoneSchema.optional(),
    locale: localeSchema.optional(),
    units: z.enum(UNITS).optional(),
    birthDate: birthDateSchema.nullable().optional(),
    sex: sexSchema.nullable().optional().describe("The sex that clinical formulas and reference ranges are to use"),
    height: heightSchema.nullable().optional(),
  })
  .meta({ id: "ChangeMe", example: { timeZone: "America/New_York", units: "imperial", height: { value: 68, unit: "[in_i]" } } });
export type ChangeMe = z.output<typeof changeMeBody>;
