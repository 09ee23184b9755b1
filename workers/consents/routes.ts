import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { parseId, type PersonId } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { explainAccess } from "./explain-access";
import { giveConsent } from "./give-consent";
import { listShared } from "./list-shared";
import { changeConsent, listConsents, readHistory, revokeConsent } from "./manage-consent";
import { consentPorts } from "./ports";
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
  ifMatchHeader,
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
      return c.json(await explainAccess(consentPorts(c), personId(actor), action, category));
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
  );

export const consentsRoutes = new Hono<AppEnv>().route("/", own).route("/", insight);

/** The id that a schema has checked. */
function personId(text: string): PersonId {
  const id = parseId("person", text);
  if (id === undefined) throw notFound("person");
  return id;
}

function versionIn(tag: string | undefined): number | undefined {
  return tag === undefined ? undefined : Number(tag.slice(1, -1));
}
