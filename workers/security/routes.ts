import { Hono } from "hono";
import * as z from "zod";
import type { AppEnv } from "../../shared/http/app-env";
import { requireOperator } from "../../shared/http/operator";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { REGIONS } from "../../shared/region";
import { SECURITY_KINDS, securityPorts } from "./events";
import { listSecurityEvents } from "./list-events";
import { verifySecurityEvents } from "./verify-events";

const TAGS = ["operations"] as const;
const region = z.enum(REGIONS);

const eventSchema = z
  .object({
    seq: z.int().positive(),
    at: z.string().describe("ISO 8601"),
    kind: z.enum(SECURITY_KINDS),
    actor: z.string(),
    detail: z.record(z.string(), z.union([z.string(), z.number()])),
  })
  .meta({
    id: "SecurityEvent",
    example: { seq: 1, at: "2026-11-25T10:00:00.000Z", kind: "key_current", actor: "system", detail: { key: "pepper", version: "2" } },
  });
const pageSchema = z.object({ items: z.array(eventSchema), next: z.int().nullable().describe("What to ask `before` for the next page") });
const faultSchema = z.object({ kind: z.enum(["altered", "missing", "truncated", "rewritten", "checkpoint_forged"]), seq: z.int() });

/** Security events of a region, for operators. */
export const securityRoutes = new Hono<AppEnv>()
  .get(
    "/v1/operations/security-events",
    route({
      policy: "secret",
      summary: "Security events that belong to no person",
      description: "Newest first. For operators, with `OPERATIONS_SECRET` as bearer token.",
      tags: TAGS,
      responses: { 200: pageSchema.meta({ id: "SecurityEvents" }) },
      problems: ["unauthenticated", "invalid"],
    }),
    requireOperator(),
    validate(
      "query",
      z.strictObject({
        region,
        before: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
    ),
    async (c) => {
      const { region: asked, before, limit } = c.req.valid("query");
      const events = await listSecurityEvents(securityPorts(c.env, asked, c.get("now")), before, limit + 1);
      const items = events.slice(0, limit).map((event) => ({ ...event, at: new Date(event.at).toISOString() }));
      return c.json({ items, next: events.length > limit ? (items.at(-1)?.seq ?? null) : null });
    },
  )
  .get(
    "/v1/operations/security-events/verify",
    route({
      policy: "secret",
      summary: "Prove that nobody has changed a region's security events",
      tags: TAGS,
      responses: {
        200: z
          .object({ intact: z.boolean(), fault: faultSchema.nullable(), proven: z.int().nonnegative() })
          .meta({ id: "SecurityVerification" }),
      },
      problems: ["unauthenticated", "invalid"],
    }),
    requireOperator(),
    validate("query", z.strictObject({ region })),
    async (c) => c.json(await verifySecurityEvents(securityPorts(c.env, c.req.valid("query").region, c.get("now")))),
  );
