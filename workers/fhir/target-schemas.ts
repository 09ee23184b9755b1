import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";

const auth = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("bearer"), token: z.string().min(1).max(8_192) }),
  z.strictObject({
    kind: z.literal("client_credentials"),
    tokenUrl: z.string().max(2_048),
    clientId: z.string().min(1).max(512),
    clientSecret: z.string().min(1).max(2_048),
    scope: z.string().max(1_024).optional(),
  }),
]);

const categories = z
  .array(z.enum(["vital-signs", "activity", "exam", "laboratory", "social-history", "survey", "procedure"]))
  .min(1)
  .max(7);

export const createTargetBody = z
  .strictObject({
    name: chosenName({ most: 120 }),
    baseUrl: z.string().max(2_048).describe("FHIR R4 base; https and public"),
    auth: auth.default({ kind: "none" }).describe("How Meridian signs in there; secrets are sealed and never shown again"),
    metrics: z.array(z.string().max(80)).min(1).max(400).nullable().default(null).describe("Catalogue keys; null forwards all"),
    categories: categories.nullable().default(null).describe("FHIR categories; null forwards all"),
    state: z.enum(["active", "paused"]).default("active"),
  })
  .meta({
    id: "FhirTargetInput",
    example: { name: "Clinic", baseUrl: "https://fhir.clinic.org/r4", auth: { kind: "bearer", token: "…" }, categories: ["vital-signs"] },
  });

export const changeTargetBody = z
  .strictObject({
    name: createTargetBody.shape.name.optional(),
    baseUrl: createTargetBody.shape.baseUrl.optional(),
    auth: auth.optional(),
    metrics: z.array(z.string().max(80)).min(1).max(400).nullable().optional(),
    categories: categories.nullable().optional(),
    state: z.enum(["active", "paused"]).optional(),
  })
  .meta({ id: "FhirTargetChange" });

const instant = z.iso.datetime({ offset: true });

export const targetSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    baseUrl: z.string(),
    auth: z.object({ kind: z.enum(["none", "bearer", "client_credentials"]) }),
    metrics: z.array(z.string()).nullable(),
    categories: z.array(z.string()).nullable(),
    state: z.enum(["active", "paused"]),
    sent: z.number().int().describe("Observations that the target took"),
    refused: z.number().int().describe("Observations that the target refused"),
    open: z.number().int().describe("Windows that wait or are under way"),
    dead: z.number().int().describe("Windows that were given up"),
    lastSentAt: instant.nullable(),
    lastFailure: z.string().nullable(),
    createdAt: instant,
  })
  .meta({ id: "FhirTarget" });

export const targetListSchema = z.object({ items: z.array(targetSchema), next: z.string().nullable() }).meta({ id: "FhirTargetList" });

export const deliverySchema = z
  .object({
    id: z.string(),
    metric: z.string(),
    source: z.string(),
    from: instant,
    to: instant,
    state: z.enum(["waiting", "sending", "done", "dead"]),
    attempts: z.number().int(),
    sent: z.number().int(),
    refused: z.number().int(),
    reason: z.string().nullable().describe("Why it failed last, in one word"),
    refusals: z
      .array(z.object({ observation: z.string(), status: z.number().int(), code: z.string().optional() }))
      .describe("The first entries that the target refused"),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: "FhirDelivery" });

export const deliveryListSchema = z
  .object({ items: z.array(deliverySchema), next: z.string().nullable() })
  .meta({ id: "FhirDeliveryList" });

export const deliveryQuery = z.strictObject({
  state: z.enum(["waiting", "sending", "done", "dead"]).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2_048).optional(),
});

export const replayBody = z
  .strictObject({ scope: z.enum(["failed", "all"]).default("failed").describe("What was given up, or everything there is") })
  .meta({ id: "FhirReplay" });

export const replayedSchema = z.object({ windows: z.number().int().describe("Windows that wait now") }).meta({ id: "FhirReplayed" });

export const targetParam = z.object({ id: z.string().max(80) });
