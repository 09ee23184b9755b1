import { coveredBy, type SessionSpan } from "./event-groups";

/** What is known of a workout beyond its key, as it is stored. */
export interface WorkoutBody {
  readonly totals: Readonly<Record<string, number>>;
  readonly points?: number;
  readonly [more: string]: unknown;
}

/** One source's account of a workout. */
export interface WorkoutAccount extends SessionSpan {
  readonly type: string;
  readonly body: WorkoutBody;
}

/** One activity out of several accounts of it. */
export interface MergedWorkout {
  readonly type: string;
  readonly body: WorkoutBody;
  /** Which source each field comes from; totals as `totals.<key>`. */
  readonly origins: Readonly<Record<string, number>>;
}

/** A worse account fills in what is missing only where it saw so much of the activity: half a ride has half the distance. */
const ENOUGH = 0.8;

/**
 * Merges accounts of the same activity, best first: the best one's fields stay as they are, and what it does not tell comes from the next
 * one that does and saw nearly all of it. Nothing is added up or averaged.
 */
export function mergeWorkouts(accounts: readonly [WorkoutAccount, ...(readonly WorkoutAccount[])]): MergedWorkout {
  const [head] = accounts;
  const body: Record<string, unknown> = {};
  const totals: Record<string, number> = {};
  const origins: Record<string, number> = {};
  let type = head.type;
  let typed = head.source;
  for (const account of accounts) {
    const isHead = account === head;
    if (!isHead && coveredBy(head, account) < ENOUGH) continue;
    if (type === "other" && account.type !== "other") [type, typed] = [account.type, account.source];
    for (const [key, value] of Object.entries(account.body.totals)) {
      if (key in totals) continue;
      totals[key] = value;
      origins[`totals.${key}`] = account.source;
    }
    for (const [field, value] of Object.entries(account.body)) {
      if (field === "totals" || field in body || isEmpty(value)) continue;
      // Active time belongs to the beginning and end of its own account, and a name to its own type.
      if ((field === "durationS" || field === "vendorType") && !isHead) continue;
      body[field] = value;
      origins[field === "points" ? "route" : field] = account.source;
    }
  }
  origins["type"] = typed;
  // What has got a type has no need of a name for `other`.
  if (type !== head.type) {
    delete body["vendorType"];
    delete origins["vendorType"];
  }
  return { type, body: { points: 0, ...body, totals }, origins };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === 0 || (Array.isArray(value) && value.length === 0);
}
