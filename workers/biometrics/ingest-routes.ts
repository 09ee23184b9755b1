import { Hono, type MiddlewareHandler } from "hono";
import { resolver } from "hono-openapi";
import type * as z from "zod";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { documented } from "../../shared/http/documented";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { vaultOf } from "../regional";
import { PUSH_LIMIT } from "./ingest-body";
import { ingestPush } from "./ingest-push";
import { pushBody, pushParams, pushReceiptSchema } from "./ingest-schemas";

export const ingestRoutes = new Hono<AppEnv>().post(
  "/v1/ingest/:platform",
  route({
    policy: "person",
    summary: "Push readings from a phone",
    description:
      "Takes what the phone's health store has, as JSON or gzipped JSON (20 MB inflated). Records that cannot be understood are listed " +
      "in `rejected` and never fail the others; pushing the same again changes nothing. Every reading is counted once: a series, " +
      "a meal or a workout's samples count one per value, the two halves of a blood pressure count one together.",
    tags: ["Biometrics"],
    responses: { 200: pushReceiptSchema },
    problems: ["malformed", "invalid", "too_large", "unsupported_media_type", "session_ended"],
    bodyLimit: PUSH_LIMIT,
  }),
  validate("param", pushParams),
  documentBody(pushBody),
  async (c) => {
    const actor = personOf(c);
    const reply = await ingestPush(vaultOf(c.env, actor.person), {
      actor,
      platform: c.req.valid("param").platform,
      headers: { contentType: c.req.header("content-type"), contentEncoding: c.req.header("content-encoding") },
      body: await c.req.arrayBuffer(),
    });
    return c.json(reply);
  },
);

/** Puts a body's schema into the document without validating by it. */
function documentBody(schema: z.ZodType): MiddlewareHandler<AppEnv> {
  const pass: MiddlewareHandler<AppEnv> = async (_, next) => next();
  return documented(pass, () => ({ target: "json", ...resolver(schema) }));
}
