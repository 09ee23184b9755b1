import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { requireOperator } from "../../shared/http/operator";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { problem } from "../../shared/problem";
import { beginConnection } from "./begin-connection";
import { completeConnection } from "./complete-connection";
import { connectedPage, returnUrl } from "./connected-page";
import { disconnectVendor } from "./disconnect-vendor";
import { operatorView } from "./operator-view";
import { connectionJson } from "../../shared/vendors/connection-view";
import { listVendors } from "./list-vendors";
import { followRoutes } from "./follow-routes";
import { hookRoutes } from "./hook-routes";
import { connectPorts, ownPorts } from "./ports";
import {
  authorizationSchema,
  authorizeQuery,
  callbackQuery,
  connectedSchema,
  connectionListSchema,
  connectionParam,
  connectionSchema,
  detailJson,
  disconnectedSchema,
  disconnectQuery,
  selectBody,
  statusSchema,
  operatorViewSchema,
  vendorCatalogueSchema,
  vendorParam,
} from "./schemas";
import { ownAccountRoutes } from "./own-account-routes";
import { syncRoutes } from "./sync-routes";

const TAGS = ["Connections"] as const;

const vendorRoutes = new Hono<AppEnv>()
  .get(
    "/v1/operations/vendors",
    route({
      policy: "secret",
      summary: "How vendors stand: limits, breakers, subscriptions",
      description: "For operators, with `OPERATIONS_SECRET` as bearer token. Counts and times, nothing about anybody.",
      tags: ["operations"],
      responses: { 200: operatorViewSchema },
      problems: ["unauthenticated"],
    }),
    requireOperator(),
    async (c) => c.json(await operatorView(c.env)),
  )
  .get(
    "/v1/vendors",
    route({
      policy: "public",
      summary: "Vendors that can be connected, and what they bring",
      tags: TAGS,
      responses: { 200: vendorCatalogueSchema },
    }),
    (c) =>
      c.json(
        listVendors((vendor) => connectPorts(c).isOffered(vendor)),
        200,
        { "cache-control": "public, max-age=300" },
      ),
  )
  .post(
    "/v1/integrations/vendors/select",
    route({
      policy: "person",
      summary: "Choose a vendor",
      description: "Makes a connection that waits for consent, or takes up the one that was there. `authorize` comes next.",
      tags: TAGS,
      responses: { 200: connectionSchema },
      problems: ["malformed", "invalid", "not_found", "vendor_retired"],
    }),
    validate("json", selectBody),
    async (c) => {
      const { vault, actor } = ownPorts(c);
      return c.json(connectionJson(await vault.selectVendor(actor, c.req.valid("json").vendor)));
    },
  )
  .get(
    "/v1/integrations/vendors",
    route({
      policy: "person",
      summary: "Your connections to vendors",
      tags: TAGS,
      responses: { 200: connectionListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const { vault, actor, keys } = ownPorts(c);
      // Ids begin with the time of their making, so they rise with the list.
      const list = { name: "connections", items: await vault.connections(actor), place: ({ id }: { readonly id: string }) => id };
      const { items, next } = await pageOf(keys, actor.person, list, c.req.valid("query"));
      return c.json({ items: items.map(connectionJson), next });
    },
  )
  .delete(
    "/v1/integrations/vendors/:id",
    route({
      policy: "person",
      summary: "Disconnect a vendor",
      description: "Ends the permission at the vendor and destroys its tokens. Readings stay unless `deleteData=true`.",
      tags: TAGS,
      responses: { 200: disconnectedSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", connectionParam),
    validate("query", disconnectQuery),
    async (c) => {
      const { id } = c.req.valid("param");
      const { deleted } = await disconnectVendor(connectPorts(c), personOf(c), id, c.req.valid("query").deleteData);
      return c.json({ id, state: "revoked", deleted });
    },
  )
  .post(
    "/v1/integrations/vendors/:id/pause",
    route({
      policy: "person",
      summary: "Pause a connection",
      description: "Nothing is asked of the vendor until it is resumed. Pausing again changes nothing.",
      tags: TAGS,
      responses: { 200: connectionSchema },
      problems: ["not_found", "invalid", "conflict"],
    }),
    validate("param", connectionParam),
    async (c) => {
      const { vault, actor } = ownPorts(c);
      return c.json(connectionJson(await vault.pauseConnection(actor, c.req.valid("param").id)));
    },
  )
  .post(
    "/v1/integrations/vendors/:id/resume",
    route({
      policy: "person",
      summary: "Resume a connection",
      description: "Goes on where it was, with what has happened since.",
      tags: TAGS,
      responses: { 200: connectionSchema },
      problems: ["not_found", "invalid", "conflict"],
    }),
    validate("param", connectionParam),
    async (c) => {
      const { vault, actor } = ownPorts(c);
      return c.json(connectionJson(await vault.resumeConnection(actor, c.req.valid("param").id)));
    },
  )
  .post(
    "/v1/integrations/vendors/:id/backfill",
    route({
      policy: "person",
      summary: "Read the past again",
      description: "Plans what the first import has given up, skipped or not reached; what has been read is not read again.",
      tags: TAGS,
      responses: { 200: connectionSchema },
      problems: ["not_found", "invalid", "conflict"],
    }),
    validate("param", connectionParam),
    async (c) => {
      const { vault, actor } = ownPorts(c);
      return c.json(connectionJson(await vault.startBackfill(actor, c.req.valid("param").id)));
    },
  )
  .delete(
    "/v1/integrations/vendors/:id/backfill",
    route({
      policy: "person",
      summary: "Stop reading the past",
      description: "Leaves out what the first import has not read yet. What is new is read as before.",
      tags: TAGS,
      responses: { 200: connectionSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", connectionParam),
    async (c) => {
      const { vault, actor } = ownPorts(c);
      return c.json(connectionJson(await vault.cancelBackfill(actor, c.req.valid("param").id)));
    },
  )
  .get(
    "/v1/integrations/:vendor/authorize",
    route({
      policy: "person",
      summary: "Start connecting a vendor",
      description: "Answers with the URL where the person agrees; open it in their browser within ten minutes. It works once.",
      tags: TAGS,
      responses: { 200: authorizationSchema },
      problems: ["not_found", "invalid", "conflict", "own_credentials_required", "vendor_retired", "unavailable"],
    }),
    validate("param", vendorParam),
    validate("query", authorizeQuery),
    async (c) => c.json(await beginConnection(connectPorts(c), { actor: personOf(c), ...c.req.valid("param"), ...c.req.valid("query") })),
  )
  .get(
    "/v1/integrations/:vendor/callback",
    route({
      policy: "public",
      summary: "Where the vendor sends the browser back to",
      description: "Browsers get a page, or are sent on to `returnTo`; other clients get JSON.",
      tags: TAGS,
      responses: { 200: connectedSchema, 302: null },
      problems: [
        "malformed",
        "invalid",
        "forbidden",
        "not_found",
        "conflict",
        "own_credentials_required",
        "gone",
        "vendor_retired",
        "vendor_failed",
        "unavailable",
      ],
    }),
    validate("param", vendorParam),
    validate("query", callbackQuery),
    async (c) => {
      const { vendor } = c.req.valid("param");
      const outcome = await completeConnection(connectPorts(c), { vendor, ...c.req.valid("query") });
      if (outcome.returnTo !== undefined) return c.redirect(returnUrl(outcome.returnTo, outcome));
      if (c.req.header("accept")?.includes("text/html"))
        return c.html(connectedPage(outcome.kind), outcome.kind === "connected" ? 200 : 403);
      if (outcome.kind === "refused") throw problem("forbidden", "Access was not granted at the vendor.");
      return c.json({ connection: outcome.connection, vendor, state: "active" });
    },
  )
  .get(
    "/v1/integrations/:vendor/status",
    route({
      policy: "person",
      summary: "Your connections to one vendor, with progress and history",
      tags: TAGS,
      responses: { 200: statusSchema },
      problems: ["not_found", "invalid", "vendor_retired"],
    }),
    validate("param", vendorParam),
    async (c) => {
      const { vault, actor } = ownPorts(c);
      const { vendor } = c.req.valid("param");
      const items = (await vault.connectionStatus(actor, vendor)).map(detailJson);
      return c.json({ vendor, connected: items.some(({ active }) => active), items, next: null });
    },
  );

export const connectionsRoutes = new Hono<AppEnv>()
  .route("/", vendorRoutes)
  .route("/", followRoutes)
  .route("/", syncRoutes)
  .route("/", ownAccountRoutes)
  .route("/", hookRoutes);
