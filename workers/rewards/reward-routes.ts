import { Hono } from "hono";
import { regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { type ListReader, paged, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { regionOf } from "../../shared/id";
import { partnerPorts } from "../partners";
import { regional } from "../regional";
import { changeReward, closeReward, createReward, listOwn, redeemCode } from "./manage-rewards";
import { listOffers, readOffer, rewardView } from "./offers";
import { rewardPorts } from "./ports";
import {
  newRewardBody,
  organisationParam,
  organisationRewardParam,
  redemptionBody,
  redemptionSchema,
  rewardChangeBody,
  rewardListSchema,
  rewardParam,
  rewardQuery,
  rewardSchema,
  voucherSchema,
} from "./schemas";
import { takeReward } from "./take-reward";
import { voucherView } from "./wallet-routes";

const TAGS = ["Rewards"] as const;

/** What organisations offer for points and coins, taking it, and redeeming it. */
export const rewardRoutes = new Hono<AppEnv>()
  .get(
    "/v1/rewards",
    route({
      policy: "person",
      summary: "What gyms, trainers and companies offer for points and coins",
      tags: TAGS,
      responses: { 200: rewardListSchema },
      problems: ["invalid"],
    }),
    validate("query", rewardQuery),
    async (c) => {
      const { actor, recordsOf, vault } = rewardPorts(c);
      await vault.admit(actor, { action: "read", resource: "wallet" });
      const { limit, cursor, organisation } = c.req.valid("query");
      return c.json(
        await paged(
          readerOfList(c),
          `rewards ${organisation ?? ""}`,
          { limit, cursor },
          async (before: string | undefined, n) =>
            listOffers(recordsOf, { region: regionOf(actor.person), organisation, before, limit: n }),
          ({ id }) => id,
        ),
      );
    },
  )
  .get(
    "/v1/rewards/:rewardId",
    route({ policy: "person", summary: "One reward", tags: TAGS, responses: { 200: rewardSchema }, problems: ["not_found"] }),
    validate("param", rewardParam),
    async (c) => {
      const { actor, recordsOf, vault } = rewardPorts(c);
      await vault.admit(actor, { action: "read", resource: "wallet" });
      return c.json(rewardView(await readOffer(recordsOf, c.req.valid("param").rewardId)));
    },
  )
  .post(
    "/v1/rewards/:rewardId/redemptions",
    route({
      policy: "person",
      summary: "Buy a reward: a voucher with a code that works once",
      tags: TAGS,
      responses: { 201: voucherSchema },
      problems: ["not_found", "insufficient_funds", "sold_out", "conflict"],
    }),
    validate("param", rewardParam),
    async (c) => {
      const view = voucherView(await takeReward(rewardPorts(c), c.req.valid("param").rewardId));
      return c.json(view, 201, { location: `/v1/me/wallet/vouchers/${view.id}` });
    },
  )
  .get(
    "/v1/organisations/:organisationId/rewards",
    route({
      policy: "person",
      summary: "What an organisation of yours offers and has offered",
      tags: TAGS,
      responses: { 200: rewardListSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", organisationParam),
    validate("query", pageQuery),
    async (c) => {
      const { organisationId } = c.req.valid("param");
      return c.json(
        await paged(
          readerOfList(c),
          `rewards of ${organisationId}`,
          c.req.valid("query"),
          async (before: string | undefined, n) => listOwn(partnerPorts(c), organisationId, before, n),
          ({ id }) => id,
        ),
      );
    },
  )
  .post(
    "/v1/organisations/:organisationId/rewards",
    route({
      policy: "person",
      summary: "Offer a reward",
      description: "For owners and administrators. Its terms and its price stay as they are; close it and make another to change them.",
      tags: TAGS,
      responses: { 201: rewardSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", organisationParam),
    validate("json", newRewardBody),
    async (c) => {
      const made = await createReward(partnerPorts(c), c.req.valid("param").organisationId, c.req.valid("json"));
      return c.json(made, 201, { location: `/v1/rewards/${made.id}` });
    },
  )
  .patch(
    "/v1/organisations/:organisationId/rewards/:rewardId",
    route({
      policy: "person",
      summary: "Change the words or the stock of a reward",
      tags: TAGS,
      responses: { 200: rewardSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", organisationRewardParam),
    validate("json", rewardChangeBody),
    async (c) => {
      const { organisationId, rewardId } = c.req.valid("param");
      return c.json(await changeReward(partnerPorts(c), organisationId, rewardId, c.req.valid("json")));
    },
  )
  .delete(
    "/v1/organisations/:organisationId/rewards/:rewardId",
    route({
      policy: "person",
      summary: "Offer a reward no longer",
      description: "Vouchers that were given out stay good.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", organisationRewardParam),
    async (c) => {
      const { organisationId, rewardId } = c.req.valid("param");
      await closeReward(partnerPorts(c), organisationId, rewardId);
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/organisations/:organisationId/redemptions",
    route({
      policy: "person",
      summary: "Redeem a voucher that somebody shows you",
      description: "For members of the organisation that offers it. A code works once; who holds it is not told.",
      tags: TAGS,
      responses: { 201: redemptionSchema },
      problems: ["malformed", "invalid", "not_found", "conflict", "gone"],
    }),
    validate("param", organisationParam),
    validate("json", redemptionBody),
    async (c) => {
      const { usedAt, ...rest } = await redeemCode(partnerPorts(c), c.req.valid("param").organisationId, c.req.valid("json").code);
      return c.json({ ...rest, usedAt: new Date(usedAt).toISOString() }, 201);
    },
  );

function readerOfList(c: AppContext): ListReader {
  const actor = personOf(c);
  return { actor, keys: regionalKeys(regional(c.env, regionOf(actor.person)).keys) };
}
