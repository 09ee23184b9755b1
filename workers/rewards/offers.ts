import { parseId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import type { Region } from "../../shared/region";
import type { Currency, RewardKind, RewardTerms } from "../../shared/wallet/wallet";
import type { Offer } from "../../durable-objects/vault/wallet/wallet";
import type { RewardView } from "./schemas";

export interface RewardRow {
  readonly id: string;
  readonly organisation_id: string;
  readonly name: string;
  readonly kind: RewardKind;
  readonly title: string;
  readonly description: string;
  readonly terms: string;
  readonly unit: Currency;
  readonly price: number;
  readonly stock: number | null;
  readonly taken: number;
  readonly limit_each: number;
  readonly valid_days: number;
  readonly created_at: number;
  readonly closed_at: number | null;
}

/** Rewards of organisations that are not closed; add conditions and an order. */
export const SELECT_REWARDS = `select rewards.id, organisation_id, organisations.name, kind, title, description, terms, unit, price, stock, taken, limit_each,
    valid_days, rewards.created_at, rewards.closed_at
  from rewards join organisations on organisations.id = organisation_id and organisations.closed_at is null`;

export const PAGE_OF_REGION = `${SELECT_REWARDS} where rewards.closed_at is null and rewards.id < ?1 order by rewards.id desc limit ?2`;
export const PAGE_OF_ORGANISATION = `${SELECT_REWARDS} where organisation_id = ?3 and rewards.closed_at is null and rewards.id < ?1 order by rewards.id desc limit ?2`;
export const ALL_OF_ORGANISATION = `${SELECT_REWARDS} where organisation_id = ?3 and rewards.id < ?1 order by rewards.id desc limit ?2`;

/** What is offered in a region, or by one organisation, newest first; those before an id. */
export async function listOffers(
  recordsOf: (region: Region) => D1Database,
  ask: {
    readonly region: Region;
    readonly organisation?: string | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
  },
): Promise<RewardView[]> {
  const organisation = ask.organisation === undefined ? undefined : parseId("organisation", ask.organisation);
  if (ask.organisation !== undefined && organisation === undefined) return [];
  const before = ask.before ?? "~";
  const records = recordsOf(organisation === undefined ? ask.region : regionOf(organisation));
  const query =
    organisation === undefined
      ? records.prepare(PAGE_OF_REGION).bind(before, ask.limit)
      : records.prepare(PAGE_OF_ORGANISATION).bind(before, ask.limit, organisation);
  return (await query.all<RewardRow>()).results.map(rewardView);
}

/** One offer that somebody can take; problem `not_found`, for one that is closed too. */
export async function readOffer(recordsOf: (region: Region) => D1Database, text: string): Promise<RewardRow> {
  const id = parseId("reward", text);
  const row =
    id === undefined
      ? null
      : await recordsOf(regionOf(id))
          .prepare(`${SELECT_REWARDS} where rewards.id = ? and rewards.closed_at is null`)
          .bind(id)
          .first<RewardRow>();
  if (row === null) throw notFound("reward");
  return row;
}

export function offerOf(row: RewardRow): Offer {
  return {
    reward: row.id,
    organisation: row.organisation_id,
    kind: row.kind,
    title: row.title,
    terms: JSON.parse(row.terms) as RewardTerms,
    unit: row.unit,
    price: row.price,
    perPerson: row.limit_each,
    validDays: row.valid_days,
  };
}

export function rewardView(row: RewardRow): RewardView {
  return {
    id: row.id,
    organisation: { id: row.organisation_id, name: row.name },
    kind: row.kind,
    title: row.title,
    description: row.description,
    terms: JSON.parse(row.terms) as RewardTerms,
    price: { unit: row.unit, amount: row.price },
    stock: row.stock,
    left: row.stock === null ? null : Math.max(0, row.stock - row.taken),
    perPerson: row.limit_each,
    validDays: row.valid_days,
    createdAt: new Date(row.created_at).toISOString(),
    closedAt: row.closed_at === null ? null : new Date(row.closed_at).toISOString(),
  };
}
