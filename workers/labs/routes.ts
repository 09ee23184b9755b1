import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { fileNameIn } from "../../shared/http/file-name";
import { ifMatchHeader, versionIn } from "../../shared/http/if-match";
import { route } from "../../shared/http/route";
import { json, one } from "../../shared/http/text-answer";
import { validate } from "../../shared/http/validate";
import { requirePdfType } from "./upload-headers";
import { listReports, listResults } from "./list";
import { peopleLabRoutes } from "./people-routes";
import { ownLabPorts } from "./ports";
import { downloadReport, uploadReport } from "./report-file";
import {
  changeBody,
  createBody,
  historySchema,
  itemParam,
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

const TAGS = ["Labs"] as const;

const own = new Hono<AppEnv>()
  .get(
    "/v1/me/lab-results",
    route({
      policy: "person",
      summary: "Laboratory results, newest first",
      description: "Bounded values stay bounded. A value is converted and compared only where its test and its unit are certain.",
      tags: TAGS,
      responses: { 200: resultListSchema },
      problems: ["invalid"],
    }),
    validate("query", resultsQuery),
    async (c) => {
      const ports = ownLabPorts(c);
      return json(c, await listResults(ports, c.req.valid("query")));
    },
  )
  .get(
    "/v1/me/lab-results/:id",
    route({
      policy: "person",
      summary: "One laboratory result",
      tags: TAGS,
      responses: { 200: resultSchema },
      problems: ["not_found"],
    }),
    validate("param", itemParam),
    async (c) => {
      const ports = ownLabPorts(c);
      return one(c, await ports.vault.labResult(ports.actor, c.req.valid("param").id, false));
    },
  )
  .get(
    "/v1/me/lab-results/:id/history",
    route({
      policy: "person",
      summary: "What a laboratory result said before it was corrected",
      tags: TAGS,
      responses: { 200: historySchema },
      problems: ["not_found"],
    }),
    validate("param", itemParam),
    async (c) => {
      const ports = ownLabPorts(c);
      return json(c, `{"items":${await ports.vault.labResult(ports.actor, c.req.valid("param").id, true)}}`);
    },
  )
  .post(
    "/v1/me/lab-results",
    route({
      policy: "person",
      summary: "Enter a laboratory result",
      description:
        "The unit must be known and fit the test, and the value be possible in it: a value that was read in another unit is refused, and the likelier unit named.",
      tags: TAGS,
      responses: { 201: resultSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("json", createBody),
    async (c) => {
      const ports = ownLabPorts(c);
      return one(c, await addResult(ports, c.req.valid("json")), "/v1/me/lab-results");
    },
  )
  .put(
    "/v1/me/lab-results/:id",
    route({
      policy: "person",
      summary: "Replace what a laboratory result says",
      description: "What it said before stays in its history. A later import of an older message does not take it back.",
      tags: TAGS,
      responses: { 200: resultSchema },
      problems: ["malformed", "invalid", "not_found", "precondition_failed"],
    }),
    validate("param", itemParam),
    validate("header", ifMatchHeader),
    validate("json", replaceBody),
    async (c) => {
      const ports = ownLabPorts(c);
      const how = { isWhole: true, ifMatch: c.req.valid("header")["if-match"] };
      return one(c, await changeResult(ports, c.req.valid("param").id, c.req.valid("json"), how));
    },
  )
  .patch(
    "/v1/me/lab-results/:id",
    route({
      policy: "person",
      summary: "Change parts of a laboratory result",
      tags: TAGS,
      responses: { 200: resultSchema },
      problems: ["malformed", "invalid", "not_found", "precondition_failed"],
    }),
    validate("param", itemParam),
    validate("header", ifMatchHeader),
    validate("json", changeBody),
    async (c) => {
      const ports = ownLabPorts(c);
      const how = { isWhole: false, ifMatch: c.req.valid("header")["if-match"] };
      return one(c, await changeResult(ports, c.req.valid("param").id, c.req.valid("json"), how));
    },
  )
  .delete(
    "/v1/me/lab-results/:id",
    route({
      policy: "person",
      summary: "Delete a laboratory result",
      description: "For good, with its history: a later import of the same does not bring it back.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", itemParam),
    async (c) => {
      const ports = ownLabPorts(c);
      await ports.vault.removeLabResult(ports.actor, c.req.valid("param").id);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/lab-reports",
    route({
      policy: "person",
      summary: "Laboratory reports, newest first",
      tags: TAGS,
      responses: { 200: reportListSchema },
      problems: ["invalid"],
    }),
    validate("query", reportsQuery),
    async (c) => {
      const ports = ownLabPorts(c);
      return json(c, await listReports(ports, c.req.valid("query")));
    },
  )
  .get(
    "/v1/me/lab-reports/:id",
    route({
      policy: "person",
      summary: "One laboratory report",
      tags: TAGS,
      responses: { 200: reportSchema },
      problems: ["not_found"],
    }),
    validate("param", itemParam),
    async (c) => {
      const ports = ownLabPorts(c);
      return one(c, await ports.vault.labReport(ports.actor, c.req.valid("param").id));
    },
  )
  .post(
    "/v1/me/lab-reports",
    route({
      policy: "person",
      summary: "Upload a laboratory report as a PDF",
      description:
        "Up to 20 MiB, as the body, with its name in `x-file-name` (percent-encoded). It waits for somebody to enter its results and to mark it final, or to reject it.",
      tags: TAGS,
      responses: { 201: reportSchema },
      problems: ["invalid", "file_unreadable", "too_large", "unsupported_media_type"],
      bodyLimit: "stream",
      rawBody: { mediaType: "application/pdf", description: "The document" },
    }),
    validate("query", uploadQuery),
    async (c) => {
      const ports = ownLabPorts(c);
      requirePdfType(c);
      const upload = { ...c.req.valid("query"), fileName: fileNameIn(c.req.header("x-file-name")) };
      return one(c, await uploadReport(ports, c.req.raw.body, upload), "/v1/me/lab-reports");
    },
  )
  .get(
    "/v1/me/lab-reports/:id/file",
    route({
      policy: "person",
      summary: "Download the file of a laboratory report",
      description: "Documents are a category of their own: a consent must name it.",
      tags: TAGS,
      responses: { 200: { mediaType: "application/pdf", description: "The document" } },
      problems: ["not_found", "gone"],
    }),
    validate("param", itemParam),
    async (c) => {
      const ports = ownLabPorts(c);
      return await downloadReport(ports, c.req.valid("param").id);
    },
  )
  .patch(
    "/v1/me/lab-reports/:id",
    route({
      policy: "person",
      summary: "Change a laboratory report: its title, and whether it is final or rejected",
      tags: TAGS,
      responses: { 200: reportSchema },
      problems: ["malformed", "invalid", "not_found", "conflict", "precondition_failed"],
    }),
    validate("param", itemParam),
    validate("header", ifMatchHeader),
    validate("json", reportBody),
    async (c) => {
      const ports = ownLabPorts(c);
      const edition = versionIn(c.req.valid("header")["if-match"]);
      return one(c, await ports.vault.changeLabReport(ports.actor, c.req.valid("param").id, c.req.valid("json"), edition));
    },
  )
  .delete(
    "/v1/me/lab-reports/:id",
    route({
      policy: "person",
      summary: "Delete a laboratory report with its results and its file",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", itemParam),
    async (c) => {
      const ports = ownLabPorts(c);
      await ports.vault.removeLabReport(ports.actor, c.req.valid("param").id);
      return c.body(null, 204);
    },
  );

export const labsRoutes = new Hono<AppEnv>().route("/", own).route("/", peopleLabRoutes);
