import { type Context, Hono } from "hono";
import * as z from "zod";
import type { AppEnv } from "../../shared/http/app-env";
import { bodyBytes } from "../../shared/http/body-bytes";
import { route, type RouteSpec } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { liveVendor } from "../../shared/vendors/vendors";
import { hookPorts } from "./ports";
import { receiveHook } from "./receive-hook";

const hookParam = z.strictObject({ vendor: z.string().min(1).max(40), secret: z.string().min(1).max(256) });
/** Vendors that push data itself send up to so much; those that send pointers a few kilobytes. */
const BODY_LIMIT = 100_000_000;

const spec = (summary: string, description: string): RouteSpec => ({
  policy: "secret",
  summary,
  description,
  tags: ["Webhooks"],
  responses: { 200: null, 201: null, 204: null },
  problems: ["malformed", "invalid", "not_found", "vendor_retired", "unauthenticated", "invalid_signature", "too_large", "unavailable"],
  bodyLimit: BODY_LIMIT,
  idempotency: "off",
  rawBody: { mediaType: "application/json", description: "Whatever the vendor sends" },
});

/** Calls ask with a body, but for challenges. */
const NO_QUERY = new URLSearchParams();

async function receive(c: Context<AppEnv>, { vendor, secret }: z.output<typeof hookParam>): Promise<Response> {
  const { status, body } = await receiveHook(hookPorts(c), liveVendor(vendor), secret, {
    method: c.req.method,
    headers: c.req.raw.headers,
    // A getter here would be a hidden class of its own for every call, which keeps the whole call until the next full collection.
    query: c.req.url.includes("?") ? new URL(c.req.url).searchParams : NO_QUERY,
    body: await bodyBytes(c.req.raw),
    now: c.get("now")(),
  });
  return body === undefined || status === 204 ? c.body(null, status) : c.json(body, status);
}

export const hookRoutes = new Hono<AppEnv>()
  .get(
    "/hooks/:vendor/:secret",
    route({
      ...spec("A vendor's look at its webhook", "Answers the challenges of vendors that make sure of an endpoint before they use it."),
      rawBody: undefined,
    }),
    validate("param", hookParam),
    async (c) => receive(c, c.req.valid("param")),
  )
  .post(
    "/hooks/:vendor/:secret",
    route(
      spec(
        "Notifications of a vendor",
        "Proven by the secret of the path and the vendor's own signature. Answered once what it says is durable.",
      ),
    ),
    validate("param", hookParam),
    async (c) => receive(c, c.req.valid("param")),
  );
