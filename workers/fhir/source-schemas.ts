import * as z from "zod";

export const sourceParam = z.object({ source: z.string().max(80).describe("Id of one of your FHIR servers") });

export const patientParam = sourceParam.extend({
  patient: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,64}$/)
    .describe("Logical id of the Patient there")
    .meta({ example: "example" }),
});

const some = z.string().nullable();

export const sourceStatusSchema = z
  .object({
    state: z
      .enum(["connected", "unhealthy", "timeout", "disconnected"])
      .describe("`unhealthy`: it answers, and not with a CapabilityStatement; `disconnected`: nobody answers"),
    tookMs: z.number().int(),
    fhirVersion: some,
    software: some,
  })
  .meta({ id: "FhirSourceStatus" });

export const remotePatientSchema = z
  .object({
    id: z.string(),
    name: some,
    birthDate: some,
    gender: some,
    addresses: z.array(z.object({ use: some, lines: z.array(z.string()), city: some, state: some, postalCode: some, country: some })),
    contacts: z.array(z.object({ system: some, value: z.string(), use: some })),
    identifiers: z.array(z.object({ system: some, value: z.string(), type: some })),
  })
  .meta({ id: "RemotePatient" });
