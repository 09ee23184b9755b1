import type { PersonId } from "../../../shared/id";
import type { Category, Consent, SharedAction } from "../../../shared/policy/vocabulary";
import type { ConsentRecord } from "./consents";

export type ConsentRow = {
  id: string;
  version: number;
  grantee_kind: Consent["grantee"]["kind"];
  grantee: string;
  role: Consent["role"];
  categories: string;
  actions: string;
  purpose: Consent["purpose"];
  from_at: number;
  until_at: number | null;
  state: Consent["state"];
  changed_at: number;
  receipt: string;
};

/** A stored version. */
export function recordOf(row: ConsentRow, owner: PersonId): ConsentRecord {
  return {
    id: row.id,
    version: row.version,
    owner,
    grantee: { kind: row.grantee_kind, id: row.grantee },
    role: row.role,
    categories: JSON.parse(row.categories) as Category[],
    actions: JSON.parse(row.actions) as SharedAction[],
    purpose: row.purpose,
    from: row.from_at,
    until: row.until_at,
    state: row.state,
    changedAt: row.changed_at,
    receipt: row.receipt,
  };
}
