import * as z from "zod";
import { DENIALS } from "../../shared/policy/decide";
import { OBLIGATIONS } from "../../shared/policy/decide";
import { CATEGORIES, PURPOSES, SHARED_ACTIONS } from "../../shared/policy/vocabulary";
import { ROLE_NAMES } from "../../shared/roles";
import { GRANTEE_KINDS, granteeOf, isGrantee } from "./grantees";

const PERSON_EXAMPLE = "per_eu_01kad7wjcm0000000000000000";
const GRANTABLE = ["user", "trainer", "nutritionist", "therapist", "clinician", "partner"] as const;
const CONSENT_PURPOSES = ["personal", "coaching", "care", "research"] as const;

const instant = z.iso
  .datetime({ offset: true })
  .meta({ example: "2027-11-20T00:00:00Z" })
  .transform((text) => Date.parse(text));

const distinct = (list: readonly string[]): boolean => new Set(list).size === list.length;
const TWICE = "Each may stand here once.";

const categories = z
  .array(z.enum(CATEGORIES))
  .min(1)
  .refine(distinct, TWICE)
  .meta({ example: ["vitals", "sleep"] })
  .describe("One by one; there is no word for all. Reproductive, mental, journal, location, ecg, genetics and documents are special");
const actions = z
  .array(z.enum(SHARED_ACTIONS))
  .min(1)
  .refine(distinct, TWICE)
  .meta({ example: ["read"] });
const purpose = z.enum(CONSENT_PURPOSES).meta({ example: "personal" });

const granteeId = z.string().max(64).meta({ example: PERSON_EXAMPLE });

export const giveBody = z
  .strictObject({
    grantee: z
      .strictObject({ kind: z.enum(GRANTEE_KINDS), id: granteeId })
      .refine(isGrantee, { path: ["id"], message: "Not an id of this kind." })
      .describe("A person, an organisation with all its machine clients, one of them alone (`app`), or an open research programme"),
    role: z
      .enum(GRANTABLE)
      .meta({ example: "user" })
      .describe("In which role they are to act; `user` for family and friends, `partner` for organisations, apps and programmes"),
    categories,
    actions,
    purpose,
    from: instant.optional().describe("At once where absent"),
    until: instant.nullable().optional().describe("Until revoked where absent"),
  })
  .meta({ id: "ConsentTerms" });

export const changeBody = z
  .strictObject({
    categories: categories.optional(),
    actions: actions.optional(),
    purpose: purpose.optional(),
    from: instant.optional(),
    until: instant.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .meta({ id: "ConsentChange" });

export const consentParam = z.strictObject({ id: z.string().min(1).max(64) });
export const consentListQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2_048).optional(),
});
export const sharedListQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(50).default(50),
  cursor: z.string().max(2_048).optional(),
});

/** Of a page of patients: each is asked at their vault. */
export const patientsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(50).default(20),
  cursor: z.string().max(2_048).optional(),
});
export const patientsParam = z.strictObject({
  organisationId: z.string().min(1).max(64).meta({ example: "org_eu_01kad7wjcm0000000000000000" }),
});
export const latestSchema = z.array(
  z.object({
    metric: z.string(),
    at: z.string(),
    endAt: z.string().optional(),
    value: z.number(),
    unit: z.string(),
    source: z.string(),
  }),
);
export const patientSchema = z
  .object({
    person: z.object({ id: z.string(), name: z.string().nullable(), region: z.string() }),
    latest: latestSchema.describe("The newest of the vital signs, weight and steps, as far as they are shared"),
    lastDataAt: z.string().nullable(),
    adherence: z.object({
      daysWithData: z.number().int().describe("Among the last `days` dates"),
      days: z.number().int(),
      tasks: z.number().int().describe("Tasks that you gave them in ninety days"),
      tasksDone: z.number().int(),
    }),
    alerts: z.object({ open: z.number().int().describe("What you wrote and they have not answered"), urgent: z.number().int() }),
  })
  .meta({ id: "OrganisationPatient" });
export type PatientView = z.infer<typeof patientSchema>;
export const patientListSchema = z
  .object({ items: z.array(patientSchema), next: z.string().nullable() })
  .meta({ id: "OrganisationPatientList" });

const at = z.string().meta({ example: "2026-11-20T07:30:00.000Z" });
const terms = {
  role: z.enum(ROLE_NAMES),
  categories: z.array(z.enum(CATEGORIES)),
  actions: z.array(z.enum(SHARED_ACTIONS)),
  purpose: z.enum(CONSENT_PURPOSES),
  from: at,
  until: at.nullable(),
};

const consentSchema = z
  .object({
    id: z.string(),
    version: z.int(),
    grantee: z.object({ kind: z.enum(["person", "organisation", "app", "programme"]), id: z.string() }),
    ...terms,
    state: z.enum(["active", "scheduled", "expired", "revoked"]),
    changedAt: at,
    receipt: z.string().describe("Proves these terms: keep it"),
  })
  .meta({ id: "Consent" });

export type ConsentView = z.output<typeof consentSchema>;
export const consentView = consentSchema;
export const consentListSchema = z.object({ items: z.array(consentSchema), next: z.string().nullable() }).meta({ id: "ConsentList" });
export const historySchema = z.object({ items: z.array(consentSchema), next: z.string().nullable() }).meta({ id: "ConsentHistory" });

export const proofBody = z
  .strictObject({ receipt: z.string().min(1).max(200).meta({ example: "1.b0dXk" }).describe("As an answer carried it") })
  .meta({ id: "ConsentReceipt" });
export const proofSchema = z
  .object({ proven: consentSchema.nullable().describe("The version whose terms the receipt proves; null where it proves none") })
  .meta({ id: "ConsentProof" });

export const sharedListSchema = z
  .object({
    items: z.array(
      z.object({
        person: z.object({ id: z.string(), name: z.string().nullable(), region: z.enum(["eu", "us", "ap"]) }),
        consents: z.array(z.object({ id: z.string(), version: z.int(), ...terms })),
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: "SharedWithMe" });
export type SharedView = z.output<typeof sharedListSchema>["items"][number];

export const explainQuery = z.strictObject({
  actor: granteeId
    .refine((text) => granteeOf(text) !== undefined, "Not the id of a person, an organisation or a client.")
    .describe("A person, an organisation or one of its clients"),
  category: z.enum(CATEGORIES).meta({ example: "vitals" }),
  action: z.enum(SHARED_ACTIONS).meta({ example: "read" }),
});

export const explanationSchema = z
  .object({
    allowed: z.boolean(),
    reason: z.enum(["self", "consent", "role", "break_glass", "review", ...DENIALS]),
    purpose: z.enum(PURPOSES),
    consent: z.object({ id: z.string(), version: z.int() }).optional(),
    assurance: z.enum(["aal1", "aal2"]).optional().describe("What their session must have been opened with: `aal2` is a second factor"),
    obligations: z.array(z.enum(OBLIGATIONS)),
  })
  .meta({ id: "AccessExplanation" });
export type ExplanationView = z.output<typeof explanationSchema>;
