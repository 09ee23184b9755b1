import { Hono } from "hono";
import { z } from "zod";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { hookPorts } from "./ports";
import { receiveNotification } from "./receive-notification";

const secretParam = z.strictObject({ secret: z.string().min(1).max(256) });
/** Google says nothing about the size of a notification; they hold no data. */
const BODY_LIMIT = 1_000_000;

export const hookRoutes = new Hono<AppEnv>().post(
  "/hooks/google-health/:secret",
  route({
    policy: "secret",
    summary: "Notifications of Google Health",
    description: "Signed by Google. 201 for the verification call, 204 once the change is queued.",
    tags: ["Webhooks"],
    responses: { 201: null, 204: null },
    problems: ["malformed", "invalid", "not_found", "unauthenticated", "invalid_signature", "too_large", "unavailable"],
    bodyLimit: BODY_LIMIT,
    idempotency: "off",
    rawBody: { mediaType: "application/json", description: "A notification or a list of them, or the verification call" },
  }),
  validate("param", secretParam),
  async (c) => {
    const { secret } = c.req.valid("param");
    return c.body(null, await receiveNotification(hookPorts(c), { secret, headers: c.req.raw.headers, body: await c.req.arrayBuffer() }));
  },
);
