import { sha256Hex } from "../../shared/crypto/sha256";
import { newId, parseId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { readCode, type RewardKind, type RewardTerms } from "../../shared/wallet/wallet";
import { type PartnerPorts, requireMembership } from "../partners";
import { ALL_OF_ORGANISATION, type RewardRow, rewardView, SELECT_REWARDS } from "./offers";
import type { NewReward, RewardChange, RewardView } from "./schemas";

/** So many an organisation may offer at once. */
const MOST_OPEN = 200;

/** Offers something, in the organisation's region. Problems `not_found`, `forbidden`, `conflict`. */
export async function createReward(ports: PartnerPorts, organisationId: string, body: NewReward): Promise<RewardView> {
  const { organisation } = await requireMembership(ports, organisationId, "manage_rewards");
  const { records } = ports;
  const now = ports.now();
  const id = newId("reward", ports.region, now, ports.random);
  const { meta } = await records
    .prepare(
      `insert into rewards (id, organisation_id, kind, title, description, terms, unit, price, stock, limit_each, valid_days, created_at, updated_at)
       select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12
       where (select count(*) from rewards where organisation_id = ?2 and closed_at is null) < ${MOST_OPEN}`,
    )
    .bind(
      id,
      organisation,
      body.kind,
      body.title,
      body.description,
      JSON.stringify(body.terms),
      body.price.unit,
      body.price.amount,
      body.stock,
      body.perPerson,
      body.validDays,
      now,
    )
    .run();
  if (meta.changes !== 1) throw problem("conflict", `An organisation offers at most ${MOST_OPEN} rewards.`);
  return await readOwn(ports, organisation, id);
}

/** Everything that the organisation offers or has offered, newest first. */
export async function listOwn(
  ports: PartnerPorts,
  organisationId: string,
  before: string | undefined,
  limit: number,
): Promise<RewardView[]> {
  const { organisation } = await requireMembership(ports, organisationId, "read");
  const { results } = await ports.records
    .prepare(ALL_OF_ORGANISATION)
    .bind(before ?? "~", limit, organisation)
    .all<RewardRow>();
  return results.map(rewardView);
}

/**
 * Changes words and stock; what was bought stays as it was bought, and terms and price stay for good. Problems `not_found`, `forbidden`,
 * `conflict` for a stock below what has been taken.
 */
export async function changeReward(
  ports: PartnerPorts,
  organisationId: string,
  rewardId: string,
  change: RewardChange,
): Promise<RewardView> {
  const { organisation } = await requireMembership(ports, organisationId, "manage_rewards");
  const before = await readOwn(ports, organisation, rewardId);
  const stock = change.stock === undefined ? before.stock : change.stock;
  const { meta } = await ports.records
    .prepare(
      `update rewards set title = ?3, description = ?4, stock = ?5, version = version + 1, updated_at = ?6
       where id = ?1 and organisation_id = ?2 and (?5 is null or taken <= ?5)`,
    )
    .bind(before.id, organisation, change.title ?? before.title, change.description ?? before.description, stock, ports.now())
    .run();
  if (meta.changes !== 1) throw problem("conflict", "More than that has been taken already.");
  return await readOwn(ports, organisation, rewardId);
}

/** Offers it no longer; vouchers that were given out stay good. Idempotent. Problems `not_found`, `forbidden`. */
export async function closeReward(ports: PartnerPorts, organisationId: string, rewardId: string): Promise<void> {
  const { organisation } = await requireMembership(ports, organisationId, "manage_rewards");
  const { id } = await readOwn(ports, organisation, rewardId);
  await ports.records
    .prepare("update rewards set closed_at = coalesce(closed_at, ?2), updated_at = ?2 where id = ?1")
    .bind(id, ports.now())
    .run();
}

/** What a code was good for. */
export interface Redeemed {
  readonly voucher: string;
  readonly reward: string;
  readonly kind: RewardKind;
  readonly title: string;
  readonly terms: RewardTerms;
  readonly usedAt: number;
}

/**
 * Uses a voucher up, once. Who shows the code is not known here. Problems `not_found` for a code of nobody's or another organisation's,
 * `conflict` where it was used or given back, `gone` where its time is over.
 */
export async function redeemCode(ports: PartnerPorts, organisationId: string, text: string): Promise<Redeemed> {
  const { organisation } = await requireMembership(ports, organisationId, "redeem_vouchers");
  const code = readCode(text);
  if (code === undefined) throw notFound("voucher");
  const now = ports.now();
  const hash = await sha256Hex(code);
  const [used, found] = await ports.records.batch<ClaimRow>([
    ports.records
      .prepare(
        `update reward_claims set state = 'used', used_at = ?2 where code_hash = ?1 and state = 'issued' and expires_at > ?2
           and exists (select 1 from rewards where rewards.id = reward_id and organisation_id = ?3)`,
      )
      .bind(hash, now, organisation),
    ports.records
      .prepare(
        `select reward_claims.id, state, used_at, reward_id, kind, title, terms from reward_claims join rewards on rewards.id = reward_id
         where code_hash = ? and organisation_id = ?`,
      )
      .bind(hash, organisation),
  ]);
  const row = found?.results[0];
  if (row === undefined) throw notFound("voucher");
  if (used?.meta.changes !== 1) {
    if (row.state === "issued") throw problem("gone", "The voucher has expired.");
    throw problem("conflict", row.state === "used" ? "The voucher has been used." : "The voucher was given back.");
  }
  return {
    voucher: row.id,
    reward: row.reward_id,
    kind: row.kind,
    title: row.title,
    terms: JSON.parse(row.terms) as RewardTerms,
    usedAt: now,
  };
}

interface ClaimRow {
  readonly id: string;
  readonly state: "issued" | "used" | "returned" | "void";
  readonly used_at: number | null;
  readonly reward_id: string;
  readonly kind: RewardKind;
  readonly title: string;
  readonly terms: string;
}

async function readOwn({ records }: PartnerPorts, organisation: string, rewardId: string): Promise<RewardView> {
  const id = parseId("reward", rewardId);
  const row =
    id === undefined
      ? null
      : await records.prepare(`${SELECT_REWARDS} where rewards.id = ? and organisation_id = ?`).bind(id, organisation).first<RewardRow>();
  if (row === null) throw notFound("reward");
  return rewardView(row);
}
