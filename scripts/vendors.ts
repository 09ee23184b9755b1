import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { LiveVendor } from "../shared/vendors/vendor.ts";
import type * as vendors from "../shared/vendors/vendors.ts";

/** Writes `docs/vendors.md` from the descriptors of the vendors, or with `--check` says whether it is current. */
const TARGET = "docs/vendors.md";

async function load(): Promise<typeof vendors> {
  const folder = await mkdtemp(join(process.cwd(), "node_modules/.vendors-"));
  try {
    const outfile = join(folder, "vendors.mjs");
    await build({
      entryPoints: ["shared/vendors/vendors.ts"],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      logLevel: "error",
    });
    return (await import(pathToFileURL(outfile).href)) as typeof vendors;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const STATUS = { ga: "open", frozen: "takes no new developers" } as const;
const DELIVERY = {
  pull: "asked for",
  push_full: "sent with the data",
  push_notify: "announced, then asked for",
  async_export: "ordered, then sent",
  sdk: "from the phone",
  file: "by file",
} as const;
const SIGNED = {
  tink_ecdsa: "ECDSA P-256 (Tink)",
  hmac_sha1: "HMAC-SHA1",
  hmac_sha256: "HMAC-SHA256",
  standard_webhooks: "Standard Webhooks (HMAC-SHA256)",
  path_secret: "unsigned: secret path, checks of the body, reading again",
} as const;

function span(seconds: number): string {
  if (seconds % 86_400 === 0) return seconds === 86_400 ? "day" : `${seconds / 86_400} days`;
  if (seconds % 3_600 === 0) return seconds === 3_600 ? "hour" : `${seconds / 3_600} hours`;
  return seconds === 60 ? "minute" : `${seconds / 60} minutes`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function limits({ limits: all }: LiveVendor): string {
  const of = { user: "a person", app: "all", app_day: "all" } as const;
  return all.map(({ scope, n, windowS }) => `${n.toLocaleString("en")} a ${span(windowS)} for ${of[scope]}`).join("; ") || "none told";
}

function webhook({ webhook: hook }: LiveVendor): string {
  if (hook === undefined) return "none";
  return `${SIGNED[hook.verify]}; answered within ${hook.ackMs / 1_000} s`;
}

function page({ VENDORS, VENDOR_MODULES }: typeof vendors): string {
  const subscribing = new Set(VENDOR_MODULES.flatMap(({ vendor, subscriptions }) => (subscriptions === undefined ? [] : [vendor.id])));
  const address = ({ id, webhook: hook }: LiveVendor) => {
    if (hook === undefined) return "none";
    if (subscribing.has(id)) return "registered by Meridian";
    return hook.registration === "per_user" ? "registered with each connection" : "to be registered at the vendor";
  };
  const live = VENDORS.flatMap((vendor) => (vendor.status === "dead" ? [] : [vendor]));
  const dead = VENDORS.flatMap((vendor) => (vendor.status === "dead" ? [vendor] : []));
  const keysOf = (vendor: LiveVendor) => new Set(Object.values(vendor.resources).flatMap(({ metrics }) => metrics));
  const metrics = [...new Set(live.flatMap((vendor) => [...keysOf(vendor)]))].toSorted();
  const pkce = { required: "required", optional: "used", absent: "no" } as const;
  return `<!-- Written by \`npm run vendors\` from the descriptors in shared/vendors. -->

# Vendors

A vendor is a folder under \`shared/vendors\`: a descriptor (data), requests, mappings and a verifier (pure code), and one line in
\`vendors.ts\`. \`GET /v1/vendors\` serves the same to link screens.

## How each is reached

${table(
  ["vendor", "id", "status", "data come", "webhook", "limits", "first import", "PKCE", "refresh token"],
  live.map((vendor) => [
    vendor.title,
    `\`${vendor.id}\``,
    STATUS[vendor.status],
    DELIVERY[vendor.delivery],
    webhook(vendor),
    limits(vendor),
    `${vendor.history.maxDays} days${vendor.history.daysBeforeConnection === undefined ? "" : `, from ${vendor.history.daysBeforeConnection} days before the connection`}`,
    pkce[vendor.auth.pkce],
    vendor.auth.withoutRefresh === true ? "none" : vendor.auth.rotatesRefresh ? "rotates" : "lasts",
  ]),
)}

## What its owner demands

${table(
  ["vendor", "own credentials needed", "people at once", "kept from models", "for its person alone", "attribution"],
  live.map(({ title, policy }) => [
    title,
    policy.byoRequired ? "yes" : "no",
    policy.mostPeople === undefined ? "–" : String(policy.mostPeople),
    policy.noAi ? "yes" : "no",
    policy.ownDataOnly === true ? "yes" : "no",
    policy.attribution ?? "–",
  ]),
)}

Where own credentials are needed, a person connects on behalf of an organisation that has registered an account of its own at the vendor. With as
many people as the table allows, it lets nobody else connect (\`conflict\`). What is kept from models is left out of reads for one
([consent.md](consent.md#the-decision)); attributions stand in answers beside what the sources tell.

## Accounts of organisations

An organisation may bring its own account at every vendor: \`POST /v1/organisations/:organisationId/vendor-credentials\` with the client id and
secret that the vendor's portal gives, and what the table names. Its managers do that with a fresh proof by two factors; the secrets lie
sealed with the key of the organisation's region and are never shown again. \`PATCH\` puts a new secret in place of the old one, \`DELETE\`
takes the account back.

- People who work there, or share something with it or one of its programs, connect with
  \`GET /v1/integrations/:vendor/authorize?organisation=org_…\`, from whatever region. To everybody else the organisation looks as if it did not
  exist. The connection names the organisation.
- Codes, refreshes, revocations and limits of such a connection are the account's. A connection of the same person through Meridian's account is
  another one.
- Webhooks of the account come to an address of its own, \`webhookUrl\` of the answer, which is told once: register it in the portal of vendors
  that have no API for that. Calls to it must be signed with the account's secret and reach its connections alone.
- After \`DELETE\`, connections become \`reauth_required\` with the reason \`credential_removed\`. Registered anew, they are taken up with the person's consent.

${table(
  ["vendor", "beside client id and secret", "webhook address"],
  live.map((vendor) => [
    vendor.title,
    [
      ...(vendor.auth.moreCredentials ?? []),
      ...(vendor.auth.regionalHosts === undefined
        ? []
        : [`region (${Object.keys(vendor.auth.regionalHosts).join(", ")}), where it is not the first`]),
    ].join(", ") || "–",
    address(vendor),
  ]),
)}

## What each brings

${table(
  ["metric", ...live.map(({ id }) => id)],
  metrics.map((key) => [`\`${key}\``, ...live.map((vendor) => (keysOf(vendor).has(key) ? "●" : ""))]),
)}

## Gone

${table(
  ["vendor", "id", "instead"],
  dead.map(({ title, id, hint }) => [title, `\`${id}\``, hint]),
)}
`;
}

const text = page(await load());
if (process.argv.includes("--check")) {
  const committed = await readFile(TARGET, "utf8").catch(() => "");
  if (committed !== text) {
    console.error(`${TARGET} is not current: run "npm run vendors" and commit the result.`);
    process.exit(1);
  }
  console.log(`${TARGET} is current`);
} else {
  await writeFile(TARGET, text);
  console.log(TARGET);
}
