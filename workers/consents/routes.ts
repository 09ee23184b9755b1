import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { ifMatchHeader, versionIn } from "../../shared/http/if-match";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { notFound } from "../../shared/problem";
import { explainAccess } from "./explain-access";
import { giveConsent } from "./give-consent";
import { granteeOf } from "./grantees";
import { listPatients, listShared, listSharedWithUs } from "./list-shared";
import { changeConsent, listConsents, proveConsent, readHistory, revokeConsent } from "./manage-consent";
import { clientPorts, consentPorts } from "./ports";
import {
  changeBody,
  consentListQuery,
  consentListSchema,
  consentParam,
  consentView,
  explainQuery,
  explanationSchema,
  giveBody,
  historySchema,
  proofBody,
  proofSchema,
  patientListSchema,
  patientsParam,
  patientsQuery,
  sharedListQuery,
  sharedListSchema,
} from "./schemas";

const TAGS = ["Consents"] as const;

const own = new Hono<AppEnv>()
  .get(
    "/v1/me/consents",
    route({
      policy: "person",
      summary: "What you allow others, latest first",
      tags: TAGS,
      responses: { 200: consentListSchema },
      problems: ["invalid"],
    }),
    validate("query", consentListQuery),
    async (c) => c.json(await listConsents(consentPorts(c), c.req.valid("query"))),
  )
  .post(
    "/v1/me/consents",
    route({
      policy: "person",
      summary: "Allow somebody to see or work on some of your data",
      description: "Counts at once. Nobody can be given more than their role allows; see docs/consent.md.",
      tags: TAGS,
      responses: { 201: consentView },
      problems: ["malformed", "invalid", "conflict"],
    }),
    validate("json", giveBody),
    async (c) => {
      const consent = await giveConsent(consentPorts(c), c.req.valid("json"));
      return c.json(consent, 201, { etag: `"${consent.version}"`, location: `/v1/me/consents/${consent.id}` });
    },
  )
  .get(
    "/v1/me/consents/:id",
    route({ policy: "person", summary: "One consent", tags: TAGS, responses: { 200: consentView }, problems: ["not_found"] }),
    validate("param", consentParam),
    async (c) => {
      const [consent] = await readHistory(consentPorts(c), c.req.valid("param").id);
      return c.json(consent, 200, { etag: `"${consent.version}"` });
    },
  )
  .get(
    "/v1/me/consents/:id/history",
    route({
      policy: "person",
      summary: "Every version of a consent, newest first",
      tags: TAGS,
      responses: { 200: historySchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", consentParam),
    validate("query", pageQuery),
    async (c) => {
      const ports = consentPorts(c);
      const { id } = c.req.valid("param");
      const list = {
        name: `consent-history ${id}`,
        items: await readHistory(ports, id),
        place: ({ version }: { readonly version: number }) => version,
        newestFirst: true,
      };
      return c.json(await pageOf(ports.keys, ports.actor.person, list, c.req.valid("query")));
    },
  )
  .post(
    "/v1/me/consents/:id/proof",
    route({
      policy: "person",
      summary: "Check a receipt that you kept",
      description: "Computed anew from the terms as they are stored: terms that somebody changed there do not fit their receipt any more.",
      tags: TAGS,
      responses: { 200: proofSchema },
      problems: ["malformed", "not_found", "invalid"],
      idempotency: "off",
    }),
    validate("param", consentParam),
    validate("json", proofBody),
    async (c) => c.json({ proven: await proveConsent(consentPorts(c), c.req.valid("param").id, c.req.valid("json").receipt) }),
  )
  .patch(
    "/v1/me/consents/:id",
    route({
      policy: "person",
      summary: "Change a consent: makes a new version",
      tags: TAGS,
      responses: { 200: consentView },
      problems: ["malformed", "not_found", "conflict", "precondition_failed", "invalid"],
    }),
    validate("param", consentParam),
    validate("header", ifMatchHeader),
    validate("json", changeBody),
    async (c) => {
      const version = versionIn(c.req.valid("header")["if-match"]);
      const consent = await changeConsent(consentPorts(c), c.req.valid("param").id, c.req.valid("json"), version);
      return c.json(consent, 200, { etag: `"${consent.version}"` });
    },
  )
  .delete(
    "/v1/me/consents/:id",
    route({
      policy: "person",
      summary: "Take a consent back, for good",
      description: "The very next call of the grantee is refused, also in the middle of a list.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "precondition_failed"],
    }),
    validate("param", consentParam),
    validate("header", ifMatchHeader),
    async (c) => {
      await revokeConsent(consentPorts(c), c.req.valid("param").id, versionIn(c.req.valid("header")["if-match"]));
      return c.body(null, 204);
    },
  );

const insight = new Hono<AppEnv>()
  .get(
    "/v1/me/access/explain",
    route({
      policy: "person",
      summary: "Would somebody be let in now, and why",
      tags: ["Access"],
      responses: { 200: explanationSchema },
      problems: ["invalid"],
    }),
    validate("query", explainQuery),
    async (c) => {
      const { actor, action, category } = c.req.valid("query");
      const somebody = granteeOf(actor);
      if (somebody === undefined) throw notFound("person");
      return c.json(await explainAccess(consentPorts(c), somebody, action, category));
    },
  )
  .get(
    "/v1/me/shared-with-me",
    route({
      policy: "person",
      summary: "Who shares data with you, and what",
      tags: TAGS,
      responses: { 200: sharedListSchema },
      problems: ["invalid"],
    }),
    validate("query", sharedListQuery),
    async (c) => c.json(await listShared(consentPorts(c), c.req.valid("query"))),
  )
  .get(
    "/v1/shared-with-us",
    route({
      policy: "machine",
      summary: "Who shares data with this client or its organisation, and what",
      description: "For machine clients. What a client reads of it, its token's scopes say as well.",
      tags: TAGS,
      responses: { 200: sharedListSchema },
      problems: ["invalid"],
    }),
    validate("query", sharedListQuery),
    async (c) => c.json(await listSharedWithUs(clientPorts(c), c.req.valid("query"))),
  )
  .get(
    "/v1/organisations/:organisationId/patients",
    route({
      policy: "machine",
      summary: "Who shares with your organisation, each at a glance",
      description:
        "For the view of a provider: the newest vital signs, when data came last, on how many days, and what you wrote that waits. Each is decided by that person's consents and a line of their access log.",
      tags: TAGS,
      responses: { 200: patientListSchema },
      problems: ["invalid", "not_found"],
    }),
    validate("param", patientsParam),
    validate("query", patientsQuery),
    async (c) => c.json(await listPatients(clientPorts(c), c.req.valid("param").organisationId, c.req.valid("query"))),
  );

export const consentsRoutes = new Hono<AppEnv>().route("/", own).route("/", insight);
