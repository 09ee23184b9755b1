import * as z from "zod";
import { inRegion } from "../../shared/erasure/moved-ids";
import { regionOf } from "../../shared/id";
import type { Role } from "../../shared/roles";
import { addressPlace, totpPlace } from "../credentials";
import type { MoveJob } from "./job";
import type { MovePorts } from "./ports";

const rolesSchema = z.array(z.string());

type Row = Record<string, string | number | null>;

/**
 * Writes the person's rows in the new region: profile, credential, second factors, passkeys, when their connections are due, and reviews
 * of emergency accesses to them. What stays behind, and why, is in `tables.ts`.
 */
export async function moveRecords(ports: MovePorts, job: MoveJob): Promise<void> {
  const { from, to, home, arrival } = job;
  if (arrival === undefined) throw new TypeError("a move without the hashes for the new region");
  const region = regionOf(to);
  const old = ports.stores(home).records;
  const { records } = ports.stores(region);
  const [people, credentials, totp, codes, passkeys, due, reviews, profiles, searches] = await old.batch<Row>([
    old.prepare("select * from people where id = ?").bind(from),
    old.prepare("select changed_at, sealed_email, email_verified_at from credentials where person_id = ?").bind(from),
    old.prepare("select * from totp where person_id = ?").bind(from),
    old.prepare("select * from recovery_codes where person_id = ?").bind(from),
    old.prepare("select * from passkeys where person_id = ?").bind(from),
    old.prepare("select * from due_connections where person_id = ?").bind(from),
    old.prepare("select * from emergency_reviews where person_id = ?").bind(from),
    old.prepare("select * from social_profiles where person_id = ?").bind(from),
    old.prepare("select * from buddy_profiles where person_id = ?").bind(from),
  ]);
  const vault = ports.vault(from);
  const credential = await Promise.all(
    (credentials?.results ?? []).map(async (row) => ({
      person_id: to,
      email_hash: arrival.emailHash,
      key_version: arrival.keyVersion,
      password_hash: arrival.passwordHash,
      changed_at: row["changed_at"] ?? ports.now(),
      email_verified_at: row["email_verified_at"] ?? null,
      sealed_email:
        typeof row["sealed_email"] === "string" ? await vault.reseal(addressPlace(from), row["sealed_email"], to, addressPlace(to)) : null,
    })),
  );
  const apps = await Promise.all(
    (totp?.results ?? []).map(async (row) => ({
      ...row,
      person_id: to,
      sealed_secret: await vault.reseal(totpPlace(from), String(row["sealed_secret"]), to, totpPlace(to)),
    })),
  );
  await records.batch([
    ...inserts(
      records,
      "people",
      (people?.results ?? []).map((row) => ({ ...row, id: to, roles: rolesThere(row["roles"]), key_version: null })),
    ),
    ...inserts(records, "credentials", credential),
    ...inserts(records, "totp", apps),
    ...inserts(
      records,
      "recovery_codes",
      (codes?.results ?? []).map((row) => ({ ...row, person_id: to })),
    ),
    ...inserts(
      records,
      "passkeys",
      (passkeys?.results ?? []).map((row) => ({ ...row, id: inRegion(String(row["id"]), region), person_id: to })),
    ),
    ...inserts(
      records,
      "due_connections",
      (due?.results ?? []).map((row) => ({ ...row, connection_id: inRegion(String(row["connection_id"]), region), person_id: to })),
    ),
    ...inserts(
      records,
      "emergency_reviews",
      (reviews?.results ?? []).map((row) => ({ ...row, id: inRegion(String(row["id"]), region), person_id: to })),
    ),
    ...inserts(
      records,
      "social_profiles",
      (profiles?.results ?? []).map((row) => ({ ...row, person_id: to })),
    ),
    ...inserts(
      records,
      "buddy_profiles",
      (searches?.results ?? []).map((row) => ({ ...row, person_id: to })),
    ),
  ]);
}

/** Offices are those of a region; professions come along. */
const OFFICES: ReadonlySet<string> = new Set<Role>(["admin", "moderator"]);

function rolesThere(stored: string | number | null | undefined): string {
  const roles = rolesSchema.parse(JSON.parse(String(stored))).filter((role) => !OFFICES.has(role));
  return JSON.stringify(roles.length === 0 ? (["user"] satisfies Role[]) : roles);
}

/** Rows as they are, or nothing where they are there. Columns come from the schema of the same table. */
function inserts(records: D1Database, table: string, rows: readonly Row[]): D1PreparedStatement[] {
  return rows.map((row) => {
    const columns = Object.keys(row);
    return records
      .prepare(`insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")}) on conflict do nothing`)
      .bind(...Object.values(row));
  });
}
