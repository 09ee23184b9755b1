import * as z from "zod";
import { HOUR_MS } from "../../shared/clock";
import { newId, type OrganisationId } from "../../shared/id";
import { type FieldError, notFound, problem } from "../../shared/problem";
import { hookUrl } from "../../shared/vendors/access";
import { moreFieldsOf, newPathSecret, openOwnSecrets, sealOwnSecrets } from "../../shared/vendors/own-account";
import type { VendorModule } from "../../shared/vendors/vendor";
import { liveVendor } from "../../shared/vendors/vendors";
import { type PartnerPorts, requireManager, requireMembership } from "../partners";
import { ACCOUNT_COLUMNS, type AccountRow, credentialIn } from "./own-accounts";
import type { NewOwnAccount, OwnAccountChange, OwnAccountView, RegisteredOwnAccount } from "./own-account-schemas";

/** What the verbs need from outside; `isTold` is done with an account after it has changed. */
export interface ManagePorts {
  readonly partner: PartnerPorts;
  readonly origin: string;
  /** Lets every connection of an account know that it has changed. What is left over the clock does. */
  tell(credential: string): Promise<void>;
  /** Ends the account's subscriptions at the vendor, as far as the vendor answers. */
  endSubscriptions(module: VendorModule, credential: string): Promise<void>;
}

const moreSchema = z.array(z.string());

/** The accounts of an organisation at vendors, by the vendor's id; for members. What is secret is never told again. */
export async function listOwnAccounts({ partner }: ManagePorts, organisationId: string): Promise<OwnAccountView[]> {
  const { organisation } = await requireMembership(partner, organisationId, "read");
  const { results } = await partner.records
    .prepare(`select ${ACCOUNT_COLUMNS} from vendor_credentials where organisation_id = ? and removed_at is null order by vendor`)
    .bind(organisation)
    .all<AccountRow>();
  return results.map(viewOf);
}

/** One account; problem `not_found`. */
export async function readOwnAccount(ports: ManagePorts, organisationId: string, vendor: string): Promise<OwnAccountView> {
  const { organisation } = await requireMembership(ports.partner, organisationId, "read");
  return viewOf(await find(ports, organisation, vendor));
}

/**
 * Registers the account that an organisation has at a vendor. Its webhook's address is told here and never again. Problems of a manager,
 * `vendor_retired`, `not_found`, `invalid`, and `conflict` where there is one already.
 */
export async function registerOwnAccount(ports: ManagePorts, organisationId: string, input: NewOwnAccount): Promise<RegisteredOwnAccount> {
  const { partner } = ports;
  const { organisation } = await requireManager(partner, organisationId, "manage_vendors");
  const { vendor } = liveVendor(input.vendor);
  checkMore(liveVendor(input.vendor), input.more);
  const now = partner.now();
  // One that comes again keeps its id, so that connections that were made through it can be taken up.
  const known = await partner.records
    .prepare("select id from vendor_credentials where organisation_id = ? and vendor = ?")
    .bind(organisation, vendor.id)
    .first<{ id: string }>();
  const id = known === null ? newId("vendorCredential", partner.region, now, partner.random) : credentialIn(known.id);
  const pathSecret = newPathSecret(id, partner.random);
  const secrets = { clientSecret: input.clientSecret, more: input.more, pathSecret };
  const { sealed, version } = await sealOwnSecrets(partner.keys, id, secrets, partner.random);
  const row = await partner.records
    .prepare(
      `insert into vendor_credentials (id, organisation_id, vendor, vendor_client, more, sealed, key_version, created_at, updated_at)
       select ?1, id, ?3, ?4, ?5, ?6, ?7, ?8, ?8 from organisations where id = ?2 and closed_at is null
       on conflict (organisation_id, vendor) do update set vendor_client = excluded.vendor_client, more = excluded.more, sealed = excluded.sealed,
         key_version = excluded.key_version, revision = revision + 1, created_at = excluded.created_at, updated_at = excluded.updated_at,
         removed_at = null, told_to = '', subscriptions_at = 0
         where removed_at is not null and id = excluded.id
       returning ${ACCOUNT_COLUMNS}`,
    )
    .bind(id, organisation, vendor.id, input.clientId, JSON.stringify(Object.keys(input.more).toSorted()), sealed, version, now)
    .first<AccountRow>();
  if (row === null) throw problem("conflict", "The organisation has an account at this vendor already. Rotate its secret, or remove it.");
  return { ...viewOf(row), webhookUrl: vendor.webhook === undefined ? null : hookUrl(ports.origin, vendor.id, pathSecret) };
}

/**
 * Puts a new secret in place of the one before. Connections go on; calls of webhooks that are signed with the old one are taken for
 * `change.overlapHours` more. Problems of a manager, `not_found`, `invalid`.
 */
export async function rotateOwnAccount(
  ports: ManagePorts,
  organisationId: string,
  vendorId: string,
  change: OwnAccountChange,
): Promise<OwnAccountView> {
  const { partner } = ports;
  const { organisation } = await requireManager(partner, organisationId, "manage_vendors");
  const row = await find(ports, organisation, vendorId);
  const known = await openOwnSecrets(partner.keys, row);
  if (known === undefined)
    throw problem("conflict", "The stored secrets cannot be read any more. Remove the account and register it anew.");
  const more = { ...known.more, ...change.more };
  checkMore(liveVendor(row.vendor), more);
  const now = partner.now();
  const { clientSecret, pathSecret } = known;
  const before = change.overlapHours === 0 ? undefined : { clientSecret, more: known.more, until: now + change.overlapHours * HOUR_MS };
  const secrets = { clientSecret: change.clientSecret ?? clientSecret, more, pathSecret, ...(before === undefined ? {} : { before }) };
  const { sealed, version } = await sealOwnSecrets(partner.keys, row.id, secrets, partner.random);
  const changed = await partner.records
    .prepare(
      `update vendor_credentials set sealed = ?2, key_version = ?3, more = ?4, revision = revision + 1, updated_at = ?5, told_to = ''
       where id = ?1 and removed_at is null and revision = ?6 returning ${ACCOUNT_COLUMNS}`,
    )
    .bind(row.id, sealed, version, JSON.stringify(Object.keys(more).toSorted()), now, row.revision)
    .first<AccountRow>();
  if (changed === null) throw problem("conflict", "The account was changed at the same time. Look again.");
  await ports.tell(changed.id);
  return viewOf(changed);
}

/**
 * Removes an account: its secrets are destroyed, its webhooks are nobody's, and connections that go through it need their people's consent
 * anew. Problems of a manager, `not_found`.
 */
export async function removeOwnAccount(ports: ManagePorts, organisationId: string, vendorId: string): Promise<void> {
  const { partner } = ports;
  const { organisation } = await requireManager(partner, organisationId, "manage_vendors");
  const { id, vendor } = await find(ports, organisation, vendorId);
  await ports.endSubscriptions(liveVendor(vendor), id);
  await partner.records
    .prepare(
      `update vendor_credentials set removed_at = ?2, updated_at = ?2, sealed = null, key_version = null, revision = revision + 1, told_to = ''
       where id = ?1 and removed_at is null`,
    )
    .bind(id, partner.now())
    .run();
  await ports.tell(id);
}

async function find({ partner }: ManagePorts, organisation: OrganisationId, vendor: string): Promise<AccountRow> {
  const row = await partner.records
    .prepare(`select ${ACCOUNT_COLUMNS} from vendor_credentials where organisation_id = ? and vendor = ? and removed_at is null`)
    .bind(organisation, vendor)
    .first<AccountRow>();
  if (row === null) throw notFound("account at this vendor");
  return row;
}

/** Exactly what the vendor's portal gives. Problem `invalid`. */
function checkMore({ vendor }: VendorModule, more: Readonly<Record<string, string>>): void {
  const { required, optional } = moreFieldsOf(vendor);
  const errors: FieldError[] = [
    ...required
      .filter((name) => !Object.hasOwn(more, name))
      .map((name) => ({ pointer: `/more/${name}`, code: "required", message: "The vendor's portal gives this too." })),
    ...Object.keys(more)
      .filter((name) => !required.includes(name) && !optional.includes(name))
      .map(() => ({ pointer: "/more", code: "unknown_field", message: "The vendor's portal gives no such thing." })),
  ];
  const region = more["region"];
  if (region !== undefined && !Object.hasOwn(vendor.auth.regionalHosts ?? {}, region) && optional.includes("region"))
    errors.push({ pointer: "/more/region", code: "unknown_region", message: "The vendor has no hosts for this part of the world." });
  if (errors.length > 0) throw problem("invalid", undefined, { errors });
}

function viewOf(row: AccountRow): OwnAccountView {
  return {
    vendor: row.vendor,
    title: liveVendor(row.vendor).vendor.title,
    clientId: row.vendor_client,
    more: moreSchema.parse(JSON.parse(row.more)),
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}
