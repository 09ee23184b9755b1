import { Hono } from "hono";
import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import type { StreamTarget } from "../../durable-objects/vault/streams/targets";
import { MINUTE_MS } from "../../shared/clock";
import { regionalKeys } from "../../shared/crypto/keys";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { regionOf } from "../../shared/id";
import { regional, vaultOf } from "../regional";

const TAGS = ["Live streams"] as const;
const PLATFORMS = ["instagram", "tiktok", "youtube", "twitch", "facebook", "other"] as const;
const param = z.strictObject({ streamTargetId: z.string().min(1).max(64).meta({ example: "stg_eu_01kad7wjcm0000000000000000" }) });
const body = z
  .strictObject({
    platform: z.enum(PLATFORMS),
    label: chosenName({ most: 120 }).nullable().default(null),
    url: z
      .string()
      .max(1_000)
      .regex(/^rtmps?:\/\/[a-z0-9.-]+(?::\d{1,5})?(?:\/[\w./~-]*)?$/i, "An address of RTMP or RTMPS."),
    key: z
      .string()
      .min(8)
      .max(1_000)
      .regex(/^[\x21-\x7e]+$/, "A key of the platform."),
    minutes: z.number().int().min(5).max(1_440).default(240).describe("How long the platform takes the key; then it is forgotten"),
  })
  .meta({
    id: "StreamTargetInput",
    example: { platform: "instagram", url: "rtmps://live-upload.instagram.com:443/rtmp/", key: "IG-0000000000000000" },
  });
const at = z.iso.datetime();
const schema = z
  .object({
    id: z.string(),
    platform: z.enum(PLATFORMS).or(z.string()),
    label: z.string().nullable(),
    hint: z.string().describe("The last four characters of the key; no more of it is shown"),
    createdAt: at,
    expiresAt: at,
    handedAt: at.nullable().describe("When the encoder got the key"),
  })
  .meta({ id: "StreamTarget" });
const listSchema = z.object({ items: z.array(schema), next: z.string().nullable() }).meta({ id: "StreamTargetList" });
const handedSchema = z.object({ url: z.string(), key: z.string() }).meta({ id: "StreamKey" });

/** Where a person streams to on social platforms. Meridian keeps address and key for their own encoder, and streams nothing itself. */
export const streamRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/stream-targets",
    route({ policy: "person", summary: "Where you stream to", tags: TAGS, responses: { 200: listSchema }, problems: ["invalid"] }),
    validate("query", pageQuery),
    async (c) => {
      const actor = personOf(c);
      const items = (await vaultOf(c.env, actor.person).streamTargets(actor)).map(view);
      const keys = regionalKeys(regional(c.env, regionOf(actor.person)).keys);
      const list = { name: "stream targets", items, place: ({ id }: { readonly id: string }) => id };
      return c.json(await pageOf(keys, actor.person, list, c.req.valid("query")));
    },
  )
  .post(
    "/v1/me/stream-targets",
    route({
      policy: "person",
      summary: "Keep the address and key of a live stream on a social platform",
      description: "Sealed, for a day at most. The key is shown to nobody again; your encoder gets it once.",
      tags: TAGS,
      responses: { 201: schema },
      problems: ["malformed", "invalid", "conflict"],
      idempotency: "off",
    }),
    validate("json", body),
    async (c) => {
      const actor = personOf(c);
      const { minutes, ...target } = c.req.valid("json");
      const made = await vaultOf(c.env, actor.person).addStreamTarget(actor, { ...target, lastsMs: minutes * MINUTE_MS });
      return c.json(view(made), 201, { location: `/v1/me/stream-targets/${made.id}` });
    },
  )
  .post(
    "/v1/me/stream-targets/:streamTargetId/handover",
    route({
      policy: "person",
      summary: "Give address and key to your encoder, once",
      tags: TAGS,
      responses: { 200: handedSchema },
      problems: ["not_found", "gone"],
      idempotency: "off",
    }),
    validate("param", param),
    async (c) => {
      const actor = personOf(c);
      return c.json(await vaultOf(c.env, actor.person).handOverStreamTarget(actor, c.req.valid("param").streamTargetId));
    },
  )
  .delete(
    "/v1/me/stream-targets/:streamTargetId",
    route({ policy: "person", summary: "Forget where you stream to", tags: TAGS, responses: { 204: null }, problems: ["not_found"] }),
    validate("param", param),
    async (c) => {
      const actor = personOf(c);
      await vaultOf(c.env, actor.person).removeStreamTarget(actor, c.req.valid("param").streamTargetId);
      return c.body(null, 204);
    },
  );

function view({ createdAt, expiresAt, handedAt, ...rest }: StreamTarget) {
  const iso = (time: number) => new Date(time).toISOString();
  return { ...rest, createdAt: iso(createdAt), expiresAt: iso(expiresAt), handedAt: handedAt === null ? null : iso(handedAt) };
}
