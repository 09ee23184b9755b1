import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { fileNameIn } from "../../shared/http/file-name";
import { ifMatchHeader, versionIn } from "../../shared/http/if-match";
import { route } from "../../shared/http/route";
import { json, one } from "../../shared/http/text-answer";
import { validate } from "../../shared/http/validate";
import { requirePdfType } from "./upload-headers";
import { listReports, listResults } from "./list";
import { personLabPorts } from "./ports";
import { downloadReport, uploadReport } from "./report-file";
import {
  changeBody,
  createBody,
  historySchema,
  personItemParam,
  personParam,
  replaceBody,
  reportBody,
  reportListSchema,
  reportSchema,
  reportsQuery,
  resultListSchema,
  resultSchema,
  resultsQuery,
  uploadQuery,
} from "./schemas";
import { addResult, changeResult } from "./write";

const TAGS = ["People"] as const;

/** Another person's laboratory results, by their consent: every call is decided and logged in that person's vault. */
export const peopleLabRoutes = new Hono<AppEnv>()
  .get(
    "/v1/people/:personId/lab-results",
    route({
      policy: "reader",
      summary: "Laboratory results of another person, newest first",
      description:
        "Bounded values stay bounded. A value is converted and compared only where its test and its unit are certain. By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 200: resultListSchema },
      problems: ["invalid", "not_found", "step_up_required"],
    }),
    validate("param", personParam),
    validate("query", resultsQuery),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      return json(c, await listResults(ports, c.req.valid("query")));
    },
  )
  .get(
    "/v1/people/:personId/lab-results/:id",
    route({
      policy: "reader",
      summary: "One laboratory result of another person",
      description: "By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 200: resultSchema },
      problems: ["not_found", "step_up_required"],
    }),
    validate("param", personItemParam),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      return one(c, await ports.vault.labResult(ports.actor, c.req.valid("param").id, false));
    },
  )
  .get(
    "/v1/people/:personId/lab-results/:id/history",
    route({
      policy: "reader",
      summary: "What a laboratory result of another person said before it was corrected",
      description: "By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 200: historySchema },
      problems: ["not_found", "step_up_required"],
    }),
    validate("param", personItemParam),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      return json(c, `{"items":${await ports.vault.labResult(ports.actor, c.req.valid("param").id, true)}}`);
    },
  )
  .post(
    "/v1/people/:personId/lab-results",
    route({
      policy: "reader",
      summary: "Enter a laboratory result of another person",
      description:
        "The unit must be known and fit the test, and the value be possible in it: a value that was read in another unit is refused, and the likelier unit named. By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 201: resultSchema },
      problems: ["malformed", "invalid", "not_found", "conflict", "step_up_required"],
    }),
    validate("param", personParam),
    validate("json", createBody),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      return one(c, await addResult(ports, c.req.valid("json")), `/v1/people/${ports.owner}/lab-results`);
    },
  )
  .put(
    "/v1/people/:personId/lab-results/:id",
    route({
      policy: "reader",
      summary: "Replace what a laboratory result of another person says",
      description:
        "What it said before stays in its history. A later import of an older message does not take it back. By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 200: resultSchema },
      problems: ["malformed", "invalid", "not_found", "precondition_failed", "step_up_required"],
    }),
    validate("param", personItemParam),
    validate("header", ifMatchHeader),
    validate("json", replaceBody),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      const how = { isWhole: true, ifMatch: c.req.valid("header")["if-match"] };
      return one(c, await changeResult(ports, c.req.valid("param").id, c.req.valid("json"), how));
    },
  )
  .patch(
    "/v1/people/:personId/lab-results/:id",
    route({
      policy: "reader",
      summary: "Change parts of a laboratory result of another person",
      description: "By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 200: resultSchema },
      problems: ["malformed", "invalid", "not_found", "precondition_failed", "step_up_required"],
    }),
    validate("param", personItemParam),
    validate("header", ifMatchHeader),
    validate("json", changeBody),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      const how = { isWhole: false, ifMatch: c.req.valid("header")["if-match"] };
      return one(c, await changeResult(ports, c.req.valid("param").id, c.req.valid("json"), how));
    },
  )
  .get(
    "/v1/people/:personId/lab-reports",
    route({
      policy: "reader",
      summary: "Laboratory reports of another person, newest first",
      description: "By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 200: reportListSchema },
      problems: ["invalid", "not_found", "step_up_required"],
    }),
    validate("param", personParam),
    validate("query", reportsQuery),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      return json(c, await listReports(ports, c.req.valid("query")));
    },
  )
  .get(
    "/v1/people/:personId/lab-reports/:id",
    route({
      policy: "reader",
      summary: "One laboratory report of another person",
      description: "By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 200: reportSchema },
      problems: ["not_found", "step_up_required"],
    }),
    validate("param", personItemParam),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      return one(c, await ports.vault.labReport(ports.actor, c.req.valid("param").id));
    },
  )
  .post(
    "/v1/people/:personId/lab-reports",
    route({
      policy: "reader",
      summary: "Upload a laboratory report of another person as a PDF",
      description:
        "Up to 20 MiB, as the body, with its name in `x-file-name` (percent-encoded). It waits for somebody to enter its results and to mark it final, or to reject it. By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 201: reportSchema },
      problems: ["invalid", "file_unreadable", "too_large", "unsupported_media_type", "not_found", "step_up_required"],
      bodyLimit: "stream",
      rawBody: { mediaType: "application/pdf", description: "The document" },
    }),
    validate("param", personParam),
    validate("query", uploadQuery),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      requirePdfType(c);
      const upload = { ...c.req.valid("query"), fileName: fileNameIn(c.req.header("x-file-name")) };
      return one(c, await uploadReport(ports, c.req.raw.body, upload), `/v1/people/${ports.owner}/lab-reports`);
    },
  )
  .get(
    "/v1/people/:personId/lab-reports/:id/file",
    route({
      policy: "reader",
      summary: "Download the file of a laboratory report of another person",
      description:
        "Documents are a category of their own: a consent must name it. By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 200: { mediaType: "application/pdf", description: "The document" } },
      problems: ["not_found", "gone", "step_up_required"],
    }),
    validate("param", personItemParam),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      return await downloadReport(ports, c.req.valid("param").id);
    },
  )
  .patch(
    "/v1/people/:personId/lab-reports/:id",
    route({
      policy: "reader",
      summary: "Change a laboratory report of another person: its title, and whether it is final or rejected",
      description: "By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: TAGS,
      responses: { 200: reportSchema },
      problems: ["malformed", "invalid", "not_found", "conflict", "precondition_failed", "step_up_required"],
    }),
    validate("param", personItemParam),
    validate("header", ifMatchHeader),
    validate("json", reportBody),
    async (c) => {
      const ports = await personLabPorts(c, c.req.valid("param").personId);
      const edition = versionIn(c.req.valid("header")["if-match"]);
      return one(c, await ports.vault.changeLabReport(ports.actor, c.req.valid("param").id, c.req.valid("json"), edition));
    },
  );
