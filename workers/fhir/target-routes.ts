import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { listDeliveries, shownTarget } from "./list-deliveries";
import { fhirPorts } from "./ports";
import {
  changeTargetBody,
  createTargetBody,
  deliveryListSchema,
  deliveryQuery,
  replayBody,
  replayedSchema,
  targetListSchema,
  targetParam,
  targetSchema,
} from "./target-schemas";

const tags = ["FHIR forwarding"] as const;

export const fhirTargetRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/fhir-targets",
    route({
      policy: "person",
      summary: "List the FHIR servers your readings are forwarded to",
      tags,
      responses: { 200: targetListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const { vault, actor, keys } = fhirPorts(c);
      const list = { name: "fhir-targets", items: await vault.fhirTargets(actor), place: ({ id }: { readonly id: string }) => id };
      const { items, next } = await pageOf(keys, actor.person, list, c.req.valid("query"));
      return c.json({ items: items.map(shownTarget), next });
    },
  )
  .post(
    "/v1/me/fhir-targets",
    route({
      policy: "person",
      summary: "Forward your readings to a FHIR server",
      description: "What is recorded from now on is sent as Observations; `replay` with scope `all` sends what there is already.",
      tags,
      responses: { 201: targetSchema },
      problems: ["malformed", "invalid", "unknown_metric", "conflict"],
    }),
    validate("json", createTargetBody),
    async (c) => {
      const { vault, actor } = fhirPorts(c);
      const target = await vault.createFhirTarget(actor, c.req.valid("json"));
      return c.json(shownTarget(target), 201, { location: `/v1/me/fhir-targets/${target.id}` });
    },
  )
  .patch(
    "/v1/me/fhir-targets/:id",
    route({
      policy: "person",
      summary: "Change, pause or resume a forwarding target",
      tags,
      responses: { 200: targetSchema },
      problems: ["malformed", "invalid", "unknown_metric", "not_found"],
    }),
    validate("param", targetParam),
    validate("json", changeTargetBody),
    async (c) => {
      const { vault, actor } = fhirPorts(c);
      const given = Object.entries(c.req.valid("json")).filter(([, value]) => value !== undefined);
      return c.json(shownTarget(await vault.changeFhirTarget(actor, c.req.valid("param").id, Object.fromEntries(given))));
    },
  )
  .delete(
    "/v1/me/fhir-targets/:id",
    route({
      policy: "person",
      summary: "Stop forwarding to a target and forget it",
      tags,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", targetParam),
    async (c) => {
      const { vault, actor } = fhirPorts(c);
      await vault.removeFhirTarget(actor, c.req.valid("param").id);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/fhir-targets/:id/deliveries",
    route({
      policy: "person",
      summary: "See what was sent to a target, what waits and what was given up",
      tags,
      responses: { 200: deliveryListSchema },
      problems: ["invalid", "not_found"],
    }),
    validate("param", targetParam),
    validate("query", deliveryQuery),
    async (c) => c.json(await listDeliveries(fhirPorts(c), { target: c.req.valid("param").id, ...c.req.valid("query") })),
  )
  .post(
    "/v1/me/fhir-targets/:id/replay",
    route({
      policy: "person",
      summary: "Send again what a target missed, or everything",
      tags,
      responses: { 202: replayedSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", targetParam),
    validate("json", replayBody),
    async (c) => {
      const { vault, actor } = fhirPorts(c);
      return c.json({ windows: await vault.replayFhir(actor, c.req.valid("param").id, c.req.valid("json").scope) }, 202);
    },
  );
