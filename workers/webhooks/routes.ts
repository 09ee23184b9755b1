import { Hono } from "hono";
import type * as z from "zod";
import type { AppContext, AppEnv } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { EVENT_TYPES, type EventType } from "../../shared/webhooks/events";
import { listDeliveries, replayDelivery, replayRange } from "./deliveries";
import {
  changeEndpoint,
  createEndpoint,
  listEndpoints,
  readEndpoint,
  removeEndpoint,
  rotateSecret,
  testEndpoint,
} from "./manage-endpoints";
import { type Deed, organisationOwner, type Owner, ownOwner, portsOf } from "./owner";
import {
  changeWebhookBody,
  createdWebhookSchema,
  deliveryQuery,
  eventTypeListSchema,
  newOrganisationWebhookBody,
  newOwnWebhookBody,
  type NewWebhook,
  ORGANISATION_PARAMS,
  OWN_PARAMS,
  replayBody,
  replayedSchema,
  rotateBody,
  rotatedSchema,
  testedSchema,
  webhookDeliveryListSchema,
  webhookDeliverySchema,
  webhookListSchema,
  webhookSchema,
} from "./schemas";

const TAGS = ["Webhooks"] as const;

/** What the two kinds of owners have of their own. */
interface Kind {
  readonly base: string;
  /** Whose endpoints, in the summaries. */
  readonly whose: string;
  readonly params: {
    readonly list: z.ZodType<{ organisationId?: string }>;
    readonly one: z.ZodType<{ organisationId?: string; webhookId: string }>;
    readonly delivery: z.ZodType<{ organisationId?: string; webhookId: string; eventId: string }>;
  };
  readonly body: z.ZodType<NewWebhook>;
  /** Said of what chooses where data goes, or changes an organisation. */
  readonly proof: string;
  readonly owner: (c: AppContext, organisationId: string | undefined, deed: Deed) => Promise<Owner>;
}

const OWN: Kind = {
  base: "/v1/me/webhooks",
  whose: "your own",
  params: OWN_PARAMS,
  body: newOwnWebhookBody,
  proof: "Needs a fresh proof of who you are.",
  owner: async (c, _none, deed) => await ownOwner(c, deed),
};

const ORGANISATION: Kind = {
  base: "/v1/organisations/:organisationId/webhooks",
  whose: "an organisation's",
  params: ORGANISATION_PARAMS,
  body: newOrganisationWebhookBody,
  proof: "Needs a fresh proof by two factors.",
  owner: async (c, organisationId, deed) => await organisationOwner(c, organisationId ?? "", deed),
};

function routesOf({ base, whose, params, body, proof, owner }: Kind) {
  const changes = base === ORGANISATION.base ? (["step_up_required"] as const) : [];
  return new Hono<AppEnv>()
    .get(
      base,
      route({
        policy: "person",
        summary: `List ${whose} webhooks`,
        tags: TAGS,
        responses: { 200: webhookListSchema },
        problems: ["not_found", "invalid"],
      }),
      validate("param", params.list),
      validate("query", pageQuery),
      async (c) => {
        const [ports, of] = [portsOf(c), await owner(c, c.req.valid("param").organisationId, "read")];
        const list = { name: `webhooks ${of.id}`, items: await listEndpoints(ports, of), place: ({ id }: { readonly id: string }) => id };
        return c.json(await pageOf(ports.stores(of.region).keys, of.actor.person, list, c.req.valid("query")));
      },
    )
    .post(
      base,
      route({
        policy: "person",
        summary: `Be told of events: add one to ${whose} webhooks`,
        description: `Messages follow Standard Webhooks. The secret that signs them is shown only here. ${proof}`,
        tags: TAGS,
        responses: { 201: createdWebhookSchema },
        problems: ["malformed", "not_found", "invalid", "conflict", "step_up_required"],
        idempotency: "off",
      }),
      validate("param", params.list),
      validate("json", body),
      async (c) => {
        const of = await owner(c, c.req.valid("param").organisationId, "choose");
        const made = await createEndpoint(portsOf(c), of, c.req.valid("json"));
        return c.json(made, 201, { location: `${c.req.path}/${made.id}` });
      },
    )
    .get(
      `${base}/:webhookId`,
      route({
        policy: "person",
        summary: `One of ${whose} webhooks, and how it does`,
        tags: TAGS,
        responses: { 200: webhookSchema },
        problems: ["not_found"],
      }),
      validate("param", params.one),
      async (c) => {
        const { organisationId, webhookId } = c.req.valid("param");
        return c.json(await readEndpoint(portsOf(c), await owner(c, organisationId, "read"), webhookId));
      },
    )
    .patch(
      `${base}/:webhookId`,
      route({
        policy: "person",
        summary: `Change, disable or enable one of ${whose} webhooks`,
        description: `Another address: ${proof.charAt(0).toLowerCase()}${proof.slice(1)}`,
        tags: TAGS,
        responses: { 200: webhookSchema },
        problems: ["malformed", "not_found", "invalid", "step_up_required"],
      }),
      validate("param", params.one),
      validate("json", changeWebhookBody),
      async (c) => {
        const { organisationId, webhookId } = c.req.valid("param");
        const change = c.req.valid("json");
        const of = await owner(c, organisationId, change.url === undefined ? "change" : "choose");
        return c.json(await changeEndpoint(portsOf(c), of, webhookId, change));
      },
    )
    .delete(
      `${base}/:webhookId`,
      route({
        policy: "person",
        summary: `Remove one of ${whose} webhooks with all that is kept of it`,
        tags: TAGS,
        responses: { 204: null },
        problems: ["not_found", ...changes],
      }),
      validate("param", params.one),
      async (c) => {
        const { organisationId, webhookId } = c.req.valid("param");
        await removeEndpoint(portsOf(c), await owner(c, organisationId, "change"), webhookId);
        return c.body(null, 204);
      },
    )
    .post(
      `${base}/:webhookId/secrets`,
      route({
        policy: "person",
        summary: `Give one of ${whose} webhooks a new secret`,
        description: `Until the old one ends, messages carry a signature by each. ${proof}`,
        tags: TAGS,
        responses: { 201: rotatedSchema },
        problems: ["malformed", "not_found", "invalid", "step_up_required"],
        idempotency: "off",
      }),
      validate("param", params.one),
      validate("json", rotateBody),
      async (c) => {
        const { organisationId, webhookId } = c.req.valid("param");
        const of = await owner(c, organisationId, "choose");
        return c.json(await rotateSecret(portsOf(c), of, webhookId, c.req.valid("json").overlapHours), 201);
      },
    )
    .post(
      `${base}/:webhookId/test`,
      route({
        policy: "person",
        summary: `Send a test to one of ${whose} webhooks, now`,
        description: "A message about nobody, to a disabled one too. The answer says what came of it.",
        tags: TAGS,
        responses: { 200: testedSchema },
        problems: ["not_found", "invalid", ...changes],
      }),
      validate("param", params.one),
      async (c) => {
        const { organisationId, webhookId } = c.req.valid("param");
        return c.json(await testEndpoint(portsOf(c), await owner(c, organisationId, "change"), webhookId));
      },
    )
    .get(
      `${base}/:webhookId/deliveries`,
      route({
        policy: "person",
        summary: `What one of ${whose} webhooks got, what waits, and what failed or was dropped`,
        description: "Kept for thirty days. Ids, times and statuses: what was sent is not kept.",
        tags: TAGS,
        responses: { 200: webhookDeliveryListSchema },
        problems: ["not_found", "invalid"],
      }),
      validate("param", params.one),
      validate("query", deliveryQuery),
      async (c) => {
        const { organisationId, webhookId } = c.req.valid("param");
        return c.json(await listDeliveries(portsOf(c), await owner(c, organisationId, "read"), webhookId, c.req.valid("query")));
      },
    )
    .post(
      `${base}/:webhookId/deliveries/:eventId/replay`,
      route({
        policy: "person",
        summary: `Send one event again to one of ${whose} webhooks`,
        description: "Under the same `webhook-id`, made of what there is now, by the consent of that moment.",
        tags: TAGS,
        responses: { 202: webhookDeliverySchema },
        problems: ["not_found", "conflict", ...changes],
      }),
      validate("param", params.delivery),
      async (c) => {
        const { organisationId, webhookId, eventId } = c.req.valid("param");
        return c.json(await replayDelivery(portsOf(c), await owner(c, organisationId, "change"), webhookId, eventId), 202);
      },
    )
    .post(
      `${base}/:webhookId/replay`,
      route({
        policy: "person",
        summary: `Send the events of a time again to one of ${whose} webhooks`,
        tags: TAGS,
        responses: { 202: replayedSchema },
        problems: ["malformed", "not_found", "invalid", "conflict", ...changes],
      }),
      validate("param", params.one),
      validate("json", replayBody),
      async (c) => {
        const { organisationId, webhookId } = c.req.valid("param");
        return c.json(await replayRange(portsOf(c), await owner(c, organisationId, "change"), webhookId, c.req.valid("json")), 202);
      },
    );
}

export const webhooksRoutes = new Hono<AppEnv>()
  .get(
    "/v1/webhook-events",
    route({
      policy: "public",
      summary: "The types of events that webhooks can tell of",
      tags: TAGS,
      responses: { 200: eventTypeListSchema },
    }),
    (c) => {
      const items = Object.entries(EVENT_TYPES).map(([type, title]) => ({ type: type as EventType, title }));
      return c.json({ items, next: null });
    },
  )
  .route("/", routesOf(OWN))
  .route("/", routesOf(ORGANISATION));
