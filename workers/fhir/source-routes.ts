import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { importPorts, startedImportSchema, startImport } from "../imports";
import { fhirPorts } from "./ports";
import { patientParam, remotePatientSchema, sourceParam, sourceStatusSchema } from "./source-schemas";

const tags = ["FHIR servers"] as const;
const SERVERS = "The server is one of `/v1/me/fhir-targets`; one that is `paused` is only read.";

/** Reading from the FHIR servers that a person has registered. */
export const fhirSourceRoutes = new Hono<AppEnv>()
  .get(
    "/v1/fhir-sources/:source/status",
    route({
      policy: "person",
      summary: "Ask whether one of your FHIR servers answers",
      description: SERVERS,
      tags,
      responses: { 200: sourceStatusSchema },
      problems: ["invalid", "not_found"],
    }),
    validate("param", sourceParam),
    async (c) => {
      const { vault, actor } = fhirPorts(c);
      return c.json(await vault.fhirSourceStatus(actor, c.req.valid("param").source));
    },
  )
  .get(
    "/v1/fhir-sources/:source/patients/:patient",
    route({
      policy: "person",
      summary: "Read a Patient of one of your FHIR servers",
      description: `${SERVERS} Failures that pass are tried again for a second.`,
      tags,
      responses: { 200: remotePatientSchema },
      problems: ["invalid", "not_found", "server_failed", "unavailable", "server_timeout"],
    }),
    validate("param", patientParam),
    async (c) => {
      const { vault, actor } = fhirPorts(c);
      const { source, patient } = c.req.valid("param");
      return c.json(await vault.fhirSourcePatient(actor, source, patient));
    },
  )
  .post(
    "/v1/fhir-sources/:source/patients/:patient/imports",
    route({
      policy: "person",
      summary: "Import what one of your FHIR servers has about a Patient",
      description:
        `${SERVERS} The record is fetched by \`$everything\`, or by searches where the server lacks it, and goes through an import like any ` +
        "file: with a report, without doubles when it is fetched again, and with undo. Fetch the record of nobody but yourself.",
      tags,
      responses: { 202: startedImportSchema },
      problems: ["invalid", "not_found", "file_unreadable", "too_large", "session_ended", "server_failed", "unavailable", "server_timeout"],
    }),
    validate("param", patientParam),
    async (c) => {
      const { vault, actor } = fhirPorts(c);
      const { source, patient } = c.req.valid("param");
      const bytes = new TextEncoder().encode(await vault.fhirSourceRecord(actor, source, patient));
      const started = await startImport(importPorts(c, personOf(c)), {
        kind: "fhir",
        fileName: "fhir-server.json",
        body: new Blob([bytes]).stream(),
        length: bytes.length,
        dryRun: false,
      });
      return c.json(started, 202, { location: `/v1/imports/${started.id}` });
    },
  );
