import { Hono } from "hono";
import type { Transaction } from "../../durable-objects/vault/wallet/ledger";
import type { Transfer, Voucher, VoucherPlace } from "../../durable-objects/vault/wallet/wallet";
import { regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { newId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { regional } from "../regional";
import { rewardPorts } from "./ports";
import { relationOf } from "./relations";
import {
  statementQuery,
  statementSchema,
  transferBody,
  transferSchema,
  voucherListSchema,
  voucherParam,
  voucherSchema,
  walletSchema,
} from "./schemas";
import { returnVoucher, settleVouchers } from "./take-reward";

const TAGS = ["Wallet"] as const;

/** The person's own wallet: a ledger that is only ever added to. */
export const walletRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/wallet",
    route({
      policy: "person",
      summary: "What your wallet holds",
      description: "Points are earned by achievements, coins are won and can be given on; the other two count your vouchers.",
      tags: TAGS,
      responses: { 200: walletSchema },
    }),
    async (c) => {
      const ports = rewardPorts(c);
      await settleVouchers(ports);
      const balances = await ports.vault.wallet(ports.actor);
      return c.json({
        balances: balances.map(({ expiring, ...rest }) => ({
          ...rest,
          expiring: expiring === null ? null : { amount: expiring.amount, at: iso(expiring.at) },
        })),
      });
    },
  )
  .get(
    "/v1/me/wallet/transactions",
    route({
      policy: "person",
      summary: "Every transaction of your wallet, the newest first",
      tags: TAGS,
      responses: { 200: statementSchema },
      problems: ["invalid"],
    }),
    validate("query", statementQuery),
    async (c) => {
      const ports = rewardPorts(c);
      await settleVouchers(ports);
      const { unit, limit, cursor } = c.req.valid("query");
      const [keys, scope] = [keysOf(c), `wallet ${unit ?? ""}`];
      const before = cursor === undefined ? undefined : await openCursor<number>(keys, ports.actor.person, scope, cursor);
      const found = await ports.vault.walletStatement(ports.actor, unit, before, limit + 1);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const next = found.length > limit && last !== undefined ? await sealCursor(keys, ports.actor.person, scope, last.seq) : null;
      return c.json({ items: items.map(transactionView), next });
    },
  )
  .post(
    "/v1/me/wallet/transfers",
    route({
      policy: "person",
      summary: "Give coins to a friend",
      description: "They leave your wallet at once, and come back where your friend's account is gone.",
      tags: TAGS,
      responses: { 201: transferSchema },
      problems: ["malformed", "invalid", "not_found", "insufficient_funds"],
    }),
    validate("json", transferBody),
    async (c) => {
      const { vault, actor, now, random } = rewardPorts(c);
      await vault.admit(actor, { action: "manage", resource: "wallet" });
      const { to, amount } = c.req.valid("json");
      if (to === actor.person)
        throw problem("invalid", undefined, { errors: [{ pointer: "/to", code: "yourself", message: "That is your own wallet." }] });
      if ((await relationOf(c, to, actor.person)) !== "friend") throw notFound("friend");
      const id = newId("transfer", regionOf(actor.person), now(), random);
      return c.json(transferView(await vault.sendCoins(actor, id, to, amount)), 201);
    },
  )
  .get(
    "/v1/me/wallet/vouchers",
    route({
      policy: "person",
      summary: "Your vouchers, the newest first",
      tags: TAGS,
      responses: { 200: voucherListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const ports = rewardPorts(c);
      await settleVouchers(ports);
      const { limit, cursor } = c.req.valid("query");
      const keys = keysOf(c);
      const before = cursor === undefined ? undefined : await openCursor<VoucherPlace>(keys, ports.actor.person, "vouchers", cursor);
      const found = await ports.vault.vouchers(ports.actor, before, limit + 1);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const place: VoucherPlace | undefined = last === undefined ? undefined : { at: last.createdAt, id: last.id };
      const next = found.length > limit && place !== undefined ? await sealCursor(keys, ports.actor.person, "vouchers", place) : null;
      return c.json({ items: items.map(voucherView), next });
    },
  )
  .get(
    "/v1/me/wallet/vouchers/:voucherId",
    route({
      policy: "person",
      summary: "One of your vouchers, with its code",
      tags: TAGS,
      responses: { 200: voucherSchema },
      problems: ["not_found"],
    }),
    validate("param", voucherParam),
    async (c) => {
      const ports = rewardPorts(c);
      await settleVouchers(ports);
      return c.json(voucherView(await ports.vault.voucher(ports.actor, c.req.valid("param").voucherId)));
    },
  )
  .post(
    "/v1/me/wallet/vouchers/:voucherId/return",
    route({
      policy: "person",
      summary: "Give a voucher back that you did not use, for what you paid",
      tags: TAGS,
      responses: { 200: voucherSchema },
      problems: ["not_found", "conflict"],
    }),
    validate("param", voucherParam),
    async (c) => c.json(voucherView(await returnVoucher(rewardPorts(c), c.req.valid("param").voucherId))),
  );

function keysOf(c: AppContext) {
  return regionalKeys(regional(c.env, regionOf(personOf(c).person)).keys);
}

function transactionView({ seq, at, expiresAt, ...rest }: Transaction) {
  return { number: seq, ...rest, at: iso(at), expiresAt: expiresAt === null ? null : iso(expiresAt) };
}

function transferView({ createdAt, ...rest }: Transfer) {
  return { ...rest, createdAt: iso(createdAt) };
}

export function voucherView({ unit, price, createdAt, expiresAt, settledAt, ...rest }: Voucher & { readonly code?: string | null }) {
  return {
    ...rest,
    paid: { unit, amount: price },
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    settledAt: settledAt === null ? null : iso(settledAt),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
