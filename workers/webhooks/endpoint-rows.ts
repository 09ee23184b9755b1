import * as z from "zod";
import type { Judged } from "../../durable-objects/vault/access/judge";
import type { Content } from "../../durable-objects/vault/webhooks/payload";
import type { Subscriber } from "../../durable-objects/vault/webhooks/subscriber";
import { parseId, type WebhookId } from "../../shared/id";
import { CATEGORIES, type Grantee } from "../../shared/policy/vocabulary";
import type { EventFilter } from "../../shared/webhooks/events";
import type { SealedSecret } from "../../shared/webhooks/secret-box";

/** A row of `webhook_endpoints` with its people and the secrets that sign at `?1`, as JSON. */
export interface EndpointRow {
  readonly id: string;
  readonly person_id: string | null;
  readonly organisation_id: string | null;
  readonly client_id: string | null;
  readonly url: string;
  readonly description: string;
  readonly events: string | null;
  readonly categories: string | null;
  readonly metrics: string | null;
  readonly is_narrowed: number;
  readonly people: string;
  readonly content: Content;
  readonly assurance: Judged["assurance"];
  readonly state: "enabled" | "disabled";
  readonly disabled_reason: "by_hand" | "gone" | "failing" | null;
  readonly failing_since: number | null;
  readonly last_success_at: number | null;
  readonly last_failure: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  /** Of an endpoint that belongs to a FHIR Subscription. */
  readonly subscription: string | null;
  readonly session_id: string | null;
  readonly secrets: string;
}

/** Endpoints; add conditions. `?1` is now. */
export const SELECT_ENDPOINT = `select webhook_endpoints.*,
  (select json_group_array(person_id) from webhook_people where endpoint_id = webhook_endpoints.id) as people,
  (select json_group_array(json_object('id', id, 'sealed', sealed, 'createdAt', created_at, 'endsAt', ends_at)) from webhook_secrets
   where endpoint_id = webhook_endpoints.id and (ends_at is null or ends_at > ?1)) as secrets
  from webhook_endpoints`;

const texts = z.array(z.string());
const categories = z.array(z.enum(CATEGORIES));
const secrets = z.array(z.object({ id: z.string(), sealed: z.string(), createdAt: z.number(), endsAt: z.number().nullable() }));

/** The filters of an endpoint. */
export function filterOf(row: Pick<EndpointRow, "events" | "categories" | "metrics">): EventFilter {
  return {
    events: row.events === null ? null : texts.parse(JSON.parse(row.events)),
    categories: row.categories === null ? null : categories.parse(JSON.parse(row.categories)),
    metrics: row.metrics === null ? null : texts.parse(JSON.parse(row.metrics)),
  };
}

/** Whose events alone it wants; null for everybody's. */
export function peopleOf(row: Pick<EndpointRow, "is_narrowed" | "people">): readonly string[] | null {
  return row.is_narrowed === 1 ? texts.parse(JSON.parse(row.people)) : null;
}

/** The secrets that sign, the newest first. */
export function secretsOf(row: Pick<EndpointRow, "secrets">): readonly (SealedSecret & z.infer<typeof secrets>[number])[] {
  return secrets.parse(JSON.parse(row.secrets)).toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}

/** Whose the endpoint is, and as whom a vault judges it. */
export function ownerOf(row: EndpointRow): { readonly owner: Grantee; readonly as: Grantee } {
  if (row.person_id !== null) return { owner: { kind: "person", id: row.person_id }, as: { kind: "person", id: row.person_id } };
  const owner: Grantee = { kind: "organisation", id: row.organisation_id ?? "" };
  return { owner, as: row.client_id === null ? owner : { kind: "app", id: row.client_id } };
}

/** The endpoint as vaults know it. */
export function subscriberOf(row: EndpointRow, judged: Omit<Judged, "assurance">): Subscriber {
  return {
    id: webhookIn(row.id),
    owner: ownerOf(row).owner,
    judged: { ...judged, sessions: [], assurance: row.assurance },
    filter: filterOf(row),
  };
}

/** An endpoint's id out of a row. */
export function webhookIn(text: string): WebhookId {
  const id = parseId("webhook", text);
  if (id === undefined) throw new TypeError("a row names no endpoint");
  return id;
}
