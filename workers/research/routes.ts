import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { askQuestion, listAnswers } from "./ask-question";
import { createProgramme, listProgrammes, moveProgramme, readProgramme } from "./manage-programme";
import { researchPorts } from "./ports";
import { beginExport, listExports, readExport, readRelease } from "./run-export";
import {
  answerListSchema,
  answerView,
  exportListSchema,
  exportParam,
  exportView,
  joinBody,
  participationSchema,
  programmeBody,
  programmeListSchema,
  programmeParam,
  programmeQuery,
  programmeView,
  questionBody,
  stateBody,
  withdrawalSchema,
} from "./schemas";
import { readPart, takePart, withdraw } from "./take-part";

const TAGS = ["Research"] as const;

const programmes = new Hono<AppEnv>()
  .get(
    "/v1/programmes",
    route({
      policy: "person",
      summary: "Research programmes of your region that are open, newest first",
      tags: TAGS,
      responses: { 200: programmeListSchema },
      problems: ["invalid"],
    }),
    validate("query", programmeQuery),
    async (c) => c.json(await listProgrammes(researchPorts(c), c.req.valid("query"))),
  )
  .post(
    "/v1/programmes",
    route({
      policy: "person",
      summary: "Draft a research programme",
      description: "For partners and admins whose session was opened with a second factor. The terms never change.",
      tags: TAGS,
      responses: { 201: programmeView },
      problems: ["malformed", "invalid", "forbidden"],
    }),
    validate("json", programmeBody),
    async (c) => {
      const programme = await createProgramme(researchPorts(c), c.req.valid("json"));
      return c.json(programme, 201, { location: `/v1/programmes/${programme.id}` });
    },
  )
  .get(
    "/v1/programmes/:id",
    route({ policy: "person", summary: "One research programme", tags: TAGS, responses: { 200: programmeView }, problems: ["not_found"] }),
    validate("param", programmeParam),
    async (c) => c.json(await readProgramme(researchPorts(c), c.req.valid("param").id)),
  )
  .patch(
    "/v1/programmes/:id",
    route({
      policy: "person",
      summary: "Open a draft, or close a programme",
      tags: TAGS,
      responses: { 200: programmeView },
      problems: ["malformed", "invalid", "not_found", "forbidden", "conflict"],
    }),
    validate("param", programmeParam),
    validate("json", stateBody),
    async (c) => c.json(await moveProgramme(researchPorts(c), c.req.valid("param").id, c.req.valid("json").state)),
  );

const participation = new Hono<AppEnv>()
  .post(
    "/v1/programmes/:id/participation",
    route({
      policy: "person",
      summary: "Take part in a research programme",
      description: "Gives the programme a consent for research, with the categories that you name.",
      tags: TAGS,
      responses: { 201: participationSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", programmeParam),
    validate("json", joinBody),
    async (c) => c.json(await takePart(researchPorts(c), c.req.valid("param").id, c.req.valid("json").categories), 201),
  )
  .get(
    "/v1/programmes/:id/participation",
    route({
      policy: "person",
      summary: "How you take part, and what of yours was released",
      tags: TAGS,
      responses: { 200: participationSchema },
      problems: ["not_found"],
    }),
    validate("param", programmeParam),
    async (c) => c.json(await readPart(researchPorts(c), c.req.valid("param").id)),
  )
  .delete(
    "/v1/programmes/:id/participation",
    route({
      policy: "person",
      summary: "Stop taking part",
      description: "No later release holds you, one under way included. What was released stays released, and is named.",
      tags: TAGS,
      responses: { 200: withdrawalSchema },
      problems: ["not_found"],
    }),
    validate("param", programmeParam),
    async (c) => c.json(await withdraw(researchPorts(c), c.req.valid("param").id)),
  );

const releases = new Hono<AppEnv>()
  .post(
    "/v1/programmes/:id/exports",
    route({
      policy: "person",
      summary: "Begin a de-identified export",
      description:
        "For the programme's researcher, with a fresh proof of who they are. It fails with `cohort_too_small` where too few take part.",
      tags: TAGS,
      responses: { 202: exportView },
      problems: ["not_found", "forbidden", "step_up_required", "conflict"],
    }),
    validate("param", programmeParam),
    async (c) => {
      const { id } = c.req.valid("param");
      const begun = await beginExport(researchPorts(c), id);
      return c.json(begun, 202, { location: `/v1/programmes/${id}/exports/${begun.id}` });
    },
  )
  .get(
    "/v1/programmes/:id/exports",
    route({
      policy: "person",
      summary: "Exports of a programme, newest first",
      tags: TAGS,
      responses: { 200: exportListSchema },
      problems: ["not_found", "forbidden", "invalid"],
    }),
    validate("param", programmeParam),
    validate("query", pageQuery),
    async (c) => c.json(await listExports(researchPorts(c), c.req.valid("param").id, c.req.valid("query"))),
  )
  .get(
    "/v1/programmes/:id/exports/:exportId",
    route({
      policy: "person",
      summary: "How an export goes",
      tags: TAGS,
      responses: { 200: exportView },
      problems: ["not_found", "forbidden"],
    }),
    validate("param", exportParam),
    async (c) => {
      const { id, exportId } = c.req.valid("param");
      return c.json(await readExport(researchPorts(c), id, exportId));
    },
  )
  .get(
    "/v1/programmes/:id/exports/:exportId/file",
    route({
      policy: "person",
      summary: "Read the release of an export",
      description: "For a week, by the programme's researcher, with a fresh proof of who they are.",
      tags: TAGS,
      responses: { 200: { mediaType: "application/x-ndjson", description: "What it is, then a line for each person" } },
      problems: ["not_found", "forbidden", "step_up_required", "gone"],
    }),
    validate("param", exportParam),
    async (c) => {
      const { id, exportId } = c.req.valid("param");
      return c.body(await readRelease(researchPorts(c), id, exportId), 200, { "content-type": "application/x-ndjson" });
    },
  )
  .post(
    "/v1/programmes/:id/queries",
    route({
      policy: "person",
      summary: "Ask for a count or a histogram, answered with noise",
      description: "The same question gets the same answer and costs nothing again.",
      tags: TAGS,
      responses: { 200: answerView },
      problems: ["malformed", "invalid", "not_found", "forbidden", "conflict", "budget_exhausted"],
    }),
    validate("param", programmeParam),
    validate("json", questionBody),
    async (c) => c.json(await askQuestion(researchPorts(c), c.req.valid("param").id, c.req.valid("json"))),
  )
  .get(
    "/v1/programmes/:id/queries",
    route({
      policy: "person",
      summary: "What was answered, and what it cost, latest first",
      tags: TAGS,
      responses: { 200: answerListSchema },
      problems: ["not_found", "forbidden", "invalid"],
    }),
    validate("param", programmeParam),
    validate("query", pageQuery),
    async (c) => c.json(await listAnswers(researchPorts(c), c.req.valid("param").id, c.req.valid("query"))),
  );

export const researchRoutes = new Hono<AppEnv>().route("/", programmes).route("/", participation).route("/", releases);
