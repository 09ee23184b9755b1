import type { ConsentRecord } from "../../durable-objects/vault/consents/consents";
import type { Consent } from "../../shared/policy/vocabulary";
import type { ConsentView } from "./schemas";

type Terms = Pick<ConsentView, "role" | "categories" | "actions" | "purpose" | "from" | "until">;

/** A consent on the wire. */
export function viewOf(consent: ConsentRecord, now: number): ConsentView {
  const { id, version, grantee, changedAt, receipt } = consent;
  return { id, version, grantee, ...termsOf(consent), state: stateOf(consent, now), changedAt: iso(changedAt), receipt };
}

/** What was agreed, on the wire. */
export function termsOf({ role, categories, actions, purpose, from, until }: Consent): Terms {
  return { role, categories: [...categories], actions: [...actions], purpose, from: iso(from), until: until === null ? null : iso(until) };
}

function stateOf({ state, from, until }: Consent, now: number): ConsentView["state"] {
  if (state === "revoked") return "revoked";
  if (until !== null && now >= until) return "expired";
  return now < from ? "scheduled" : "active";
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
