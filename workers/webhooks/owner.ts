import type { PersonActor } from "../../shared/context";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type OrganisationId, type PersonId, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";
import { partnerPorts, requireManager, requireMembership } from "../partners";
import { isWellProven, requireSession, requireStepUp, sessionGuard } from "../sessions";
import { type WebhookPorts, webhookPorts } from "./ports";

/** Whose endpoints a call is about, who calls, and how surely they have proven themselves. */
export interface Owner {
  readonly actor: PersonActor;
  readonly region: Region;
  readonly column: "person_id" | "organisation_id";
  readonly id: PersonId | OrganisationId;
  readonly assurance: "aal1" | "aal2";
}

/** What a call needs to look, to change an endpoint without choosing where data goes, or to choose that. */
export type Deed = "read" | "change" | "choose";

/**
 * The person's own endpoints. Problems `session_ended`, and `step_up_required` for who chooses where data goes without having just proven
 * themselves.
 */
export async function ownOwner(c: AppContext, deed: Deed): Promise<Owner> {
  const actor = personOf(c);
  const region = regionOf(actor.person);
  const { records } = portsOf(c).stores(region);
  requireSession(await sessionGuard(records, actor, c.get("now")()).all());
  if (deed === "choose") await requireStepUp(c);
  return { actor, region, column: "person_id", id: actor.person, assurance: (await isWellProven(c)) ? "aal2" : "aal1" };
}

/** An organisation's endpoints: its members look, its managers change. Problems of a membership, and `step_up_required` for changes. */
export async function organisationOwner(c: AppContext, organisationId: string, deed: Deed): Promise<Owner> {
  const ports = partnerPorts(c);
  const { organisation } =
    deed === "read"
      ? await requireMembership(ports, organisationId, "read")
      : await requireManager(ports, organisationId, "manage_webhooks");
  return { actor: ports.actor, region: ports.region, column: "organisation_id", id: organisation, assurance: "aal2" };
}

/** The ports of a request. */
export function portsOf(c: AppContext): WebhookPorts {
  return webhookPorts(c.env, c.get("now"));
}
