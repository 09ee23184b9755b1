import type { HeldVoucher, OpenVoucher, Voucher, VoucherNews } from "../../durable-objects/vault/wallet/wallet";
import type { Vault } from "../../durable-objects/vault/vault";
import { MINUTE_MS } from "../../shared/clock";
import { newId, parseId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { type Region, REGIONS } from "../../shared/region";
import { offerOf, readOffer } from "./offers";
import type { RewardPorts } from "./ports";

type RecordsOf = (region: Region) => D1Database;

/** So long a request may take to reach the region of its reward; older ones are given up there before they are paid back here. */
const LONGEST_MS = MINUTE_MS;

/**
 * Buys a reward. It is paid for in the vault first, then taken in the reward's region, whose database refuses to give out more than there
 * is; where that says no, the price goes back. What is cut off in between is settled by the next look at the wallet. Problems `not_found`,
 * `insufficient_funds`, `sold_out`, `conflict`.
 */
export async function takeReward(ports: RewardPorts, rewardId: string): Promise<Voucher & { readonly code: string | null }> {
  const { actor, vault, recordsOf } = ports;
  await vault.admit(actor, { action: "manage", resource: "wallet" });
  const offer = await readOffer(recordsOf, rewardId);
  const id = newId("voucher", regionOf(offer.id), ports.now(), ports.random);
  const held = await vault.holdVoucher(actor, id, offerOf(offer));
  if (!(await claim(recordsOf, vault, held))) throw problem("sold_out");
  return await vault.voucher(actor, id);
}

/** Gives back a voucher that was not used, for what it cost. Problems `not_found`, `conflict`. */
export async function returnVoucher(ports: RewardPorts, voucherId: string): Promise<Voucher> {
  const { actor, vault, recordsOf, now } = ports;
  await settleVouchers(ports);
  const found = await vault.voucher(actor, voucherId);
  if (found.state !== "issued" && found.state !== "returned") throw problem("conflict", `The voucher is ${found.state}.`);
  const id = parseId("voucher", voucherId);
  if (id !== undefined && found.state === "issued") {
    await recordsOf(regionOf(id))
      .prepare("update reward_claims set state = 'returned' where id = ? and state = 'issued' and expires_at > ?")
      .bind(id, now())
      .run();
    await settleVouchers(ports);
  }
  const after = await vault.voucher(actor, voucherId);
  if (after.state !== "returned") throw problem("conflict", `The voucher is ${after.state}.`);
  return after;
}

/** Has the vault know what became of its vouchers: one question to each region where any are open. */
export async function settleVouchers({ actor, vault, recordsOf, now }: RewardPorts): Promise<void> {
  const open = await vault.openVouchers(actor);
  if (open.length === 0) return;
  const before = now() - LONGEST_MS;
  const news = await Promise.all(
    REGIONS.map(async (region) => {
      const here = open.filter(({ id }) => parseId("voucher", id) !== undefined && regionOf(id) === region);
      return here.length === 0 ? [] : await claimsOf(recordsOf(region), here, before);
    }),
  );
  await vault.settleVouchers(news.flat());
}

/** Takes one of what there is; false where nothing is left. Idempotent by the voucher's id, also where only the answer was lost. */
export async function claim(
  recordsOf: RecordsOf,
  vault: Pick<DurableObjectStub<Vault>, "settleVouchers">,
  held: HeldVoucher,
): Promise<boolean> {
  if (held.state !== "held") return held.state !== "void";
  const records = recordsOf(regionOf(held.id));
  const [, found] = await records.batch<VoucherNews>([
    records
      .prepare(
        `insert into reward_claims (id, reward_id, code_hash, state, created_at, expires_at)
         select ?1, id, ?3, 'issued', ?4, ?5 from rewards where id = ?2 and closed_at is null and (stock is null or taken < stock)
         on conflict (id) do nothing`,
      )
      .bind(held.id, held.reward, held.codeHash, held.createdAt, held.expiresAt),
    records.prepare("select id, state from reward_claims where id = ?").bind(held.id),
  ]);
  const state = found?.results[0]?.state ?? "void";
  await vault.settleVouchers([{ id: held.id, state }]);
  return state !== "void";
}

/**
 * What a region says of vouchers. One that is held, and that the region does not know long after it was begun, it will not know any more: a
 * mark takes its place, so that a request that comes late finds it taken, and what was paid goes back.
 */
async function claimsOf(records: D1Database, open: readonly OpenVoucher[], before: number): Promise<VoucherNews[]> {
  const lost = open.filter(({ state, createdAt }) => state === "held" && createdAt < before);
  const answers = await records.batch<VoucherNews>([
    ...lost.map(({ id, reward, createdAt }) =>
      records
        .prepare(
          `insert into reward_claims (id, reward_id, code_hash, state, created_at, expires_at)
           select ?1, id, 'void ' || ?1, 'void', ?3, ?3 from rewards where id = ?2 on conflict (id) do nothing`,
        )
        .bind(id, reward, createdAt),
    ),
    records
      .prepare("select id, state from reward_claims where id in (select value from json_each(?))")
      .bind(JSON.stringify(open.map(({ id }) => id))),
  ]);
  const known = answers.at(-1)?.results ?? [];
  // Of a reward that is not there any more there is nothing to mark.
  const gone = lost.filter(({ id }) => !known.some((one) => one.id === id));
  return [...known, ...gone.map(({ id }): VoucherNews => ({ id, state: "void" }))];
}
