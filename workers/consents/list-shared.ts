import { idOf, type Reader } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { type PersonId, regionOf } from "../../shared/id";
import type { Overview } from "../../durable-objects/vault/overview";
import { notFound } from "../../shared/problem";
import { actingClient, ownersForPartners } from "../partners";
import type { ClientPorts, ConsentPorts, ReaderPorts } from "./ports";
import { ownersFor, readerOf } from "./records";
import { latestSchema, type PatientView, type SharedView } from "./schemas";
import { termsOf } from "./view";

interface Query {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

interface Page {
  readonly items: SharedView[];
  readonly next: string | null;
}

/**
 * A page of the people who share with the actor. The pointers name the people; what is shared their vaults say, so that a consent that
 * was revoked or has expired does not show. A page may be short although another follows.
 */
export async function listShared(ports: ConsentPorts, query: Query): Promise<Page> {
  const actor = await readerOf(ports.recordsOf, ports.actor, ports.now());
  const owners = async (after: string | undefined, limit: number) => await ownersFor(ports.recordsOf, actor.person, after, limit);
  return await pageOf(ports, actor, "shared-with-me", query, owners, async (owner) => await sharedBy(ports, actor, owner));
}

/** The same for a machine client: the people who share with it alone, or with its organisation. */
export async function listSharedWithUs(ports: ClientPorts, query: Query): Promise<Page> {
  const records = ports.recordsOf(regionOf(ports.actor.client));
  const actor = await actingClient(records, ports.actor);
  const { client, organisation } = actor;
  const owners = async (after: string | undefined, limit: number) =>
    organisation === undefined ? [] : await ownersForPartners(records, [client, organisation], after, limit);
  return await pageOf(ports, actor, "shared-with-us", query, owners, async (owner) => await sharedBy(ports, actor, owner));
}

/** Who shares with an organisation, each at a glance: one question to the records a page, and one to each person's vault. Problem `not_found` for another's. */
export async function listPatients(
  ports: ClientPorts,
  organisation: string,
  query: Query,
): Promise<{ items: PatientView[]; next: string | null }> {
  const records = ports.recordsOf(regionOf(ports.actor.client));
  const actor = await actingClient(records, ports.actor);
  if (actor.organisation !== organisation) throw notFound("organisation");
  const { client } = actor;
  const partners = [client, actor.organisation] as const;
  const owners = async (after: string | undefined, limit: number) => await ownersForPartners(records, partners, after, limit);
  return await pageOf(ports, actor, "patients", query, owners, async (owner) => {
    const seen = await ports.vaultOf(owner).overview(actor);
    return seen === null ? undefined : patientView(owner, seen);
  });
}

function patientView(owner: PersonId, seen: Overview & { readonly name: string | null }): PatientView {
  return {
    person: { id: owner, name: seen.name, region: regionOf(owner) },
    latest: latestSchema.parse(JSON.parse(seen.latest)),
    lastDataAt: seen.lastDataAt === null ? null : new Date(seen.lastDataAt).toISOString(),
    adherence: { daysWithData: seen.daysWithData, days: seen.daysLookedAt, tasks: seen.tasks, tasksDone: seen.tasksDone },
    alerts: { open: seen.open, urgent: seen.urgent },
  };
}

async function pageOf<T>(
  ports: ReaderPorts,
  actor: Reader,
  scope: string,
  { limit, cursor }: Query,
  ownersAfter: (after: string | undefined, limit: number) => Promise<PersonId[]>,
  show: (owner: PersonId) => Promise<T | undefined>,
): Promise<{ items: T[]; next: string | null }> {
  const { keys } = ports;
  const after = cursor === undefined ? undefined : await openCursor<string>(keys, idOf(actor), scope, cursor);
  const owners = await ownersAfter(after, limit + 1);
  const page = owners.slice(0, limit);
  const items = await Promise.all(page.map(async (owner) => await show(owner)));
  const last = page.at(-1);
  return {
    items: items.filter((item) => item !== undefined),
    next: owners.length > limit && last !== undefined ? await sealCursor(keys, idOf(actor), scope, last) : null,
  };
}

async function sharedBy({ vaultOf }: ReaderPorts, actor: Reader, owner: PersonId): Promise<SharedView | undefined> {
  const shared = await vaultOf(owner).sharedWith(actor);
  if (shared === null) return undefined;
  return {
    person: { id: owner, name: shared.name, region: regionOf(owner) },
    consents: shared.consents.map((consent) => ({ id: consent.id, version: consent.version, ...termsOf(consent) })),
  };
}
