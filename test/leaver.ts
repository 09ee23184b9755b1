import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { PersonActor } from "../shared/context";
import { newId, type PersonId, regionOf, ulid } from "../shared/id";
import { uploadKey } from "../shared/imports/status";
import { REGIONS, type Region } from "../shared/region";
import { importerOf, regional, vaultOf } from "../workers/regional";
import { samples } from "./vaults";

/** Somebody with a row in every table and a file of every kind, written without the API: cheap enough for a test for each step. */
export interface Leaver {
  readonly person: PersonId;
  readonly actor: PersonActor;
  readonly region: Region;
  /** Somebody of another region who shares with them, and with whom they share. */
  readonly friend: PersonId;
  readonly email: string;
}

const hex = () => (crypto.randomUUID() + crypto.randomUUID()).replaceAll("-", "");

export async function leaver(region: Region = "eu"): Promise<Leaver> {
  const now = Date.now();
  const person = newId("person", region, now);
  const session = newId("session", region, now);
  const friend = newId("person", region === "us" ? "eu" : "us", now);
  const email = `${ulid(now)}@leavers.test`;
  const { records, files } = regional(env, region);
  const vault = vaultOf(env, person);
  const actor: PersonActor = { kind: "person", person, session };
  const importId = newId("import", region, now);
  await insertPerson(regional(env, regionOf(friend)).records, friend, now);
  await insertPerson(records, person, now);
  const sealedEmail = await vault.seal({ table: "credentials", column: "sealed_email", row: person }, email);
  const sealedSecret = await vault.seal({ table: "totp", column: "sealed_secret", row: person }, "JBSWY3DPEHPK3PXP");
  await insertSession(records, session, person, now);
  await records.batch([
    records
      .prepare(
        "insert into credentials (person_id, email_hash, key_version, password_hash, changed_at, sealed_email) values (?, ?, '1', 'x', ?, ?)",
      )
      .bind(person, hex(), now, sealedEmail),
    records
      .prepare("insert into totp (person_id, sealed_secret, created_at, confirmed_at) values (?, ?, ?, ?)")
      .bind(person, sealedSecret, now, now),
    records.prepare("insert into recovery_codes (person_id, code_hash) values (?, ?)").bind(person, hex()),
    records
      .prepare("insert into challenges (token_hash, kind, person_id, content, expires_at) values (?, 'mfa', ?, '', ?)")
      .bind(hex(), person, now + 60_000),
    records
      .prepare(
        "insert into passkeys (id, person_id, credential_id, public_key, counter, transports, name, backed_up, created_at) values (?, ?, ?, 'x', 0, '[]', 'Key', 0, ?)",
      )
      .bind(newId("passkey", region, now), person, hex(), now),
    records
      .prepare("insert into api_keys (id, person_id, session_id, key_hash, name, scopes, created_at) values (?, ?, ?, ?, 'Key', '[]', ?)")
      .bind(newId("apiKey", region, now), person, session, hex(), now),
    records.prepare("insert into imports (id, person_id, created_at) values (?, ?, ?)").bind(importId, person, now),
    records
      .prepare("insert into vendor_states (state_hash, person_id, vendor, expires_at) values (?, ?, 'google-health', ?)")
      .bind(hex(), person, now),
    records
      .prepare("insert into due_connections (connection_id, person_id, due_at) values (?, ?, ?)")
      .bind(newId("connection", region, now), person, now + 1e9),
    records
      .prepare("insert into shared_with (grantee_id, owner_id, consent_id) values (?, ?, ?)")
      .bind(person, friend, newId("consent", region, now)),
  ]);
  await regional(env, regionOf(friend))
    .records.prepare("insert into shared_with (grantee_id, owner_id, consent_id) values (?, ?, ?)")
    .bind(friend, person, newId("consent", region, now))
    .run();
  await env.DIRECTORY.batch([
    env.DIRECTORY.prepare("insert into emails (email_hash, key_version, person_id, claimed_at) values (?, '1', ?, ?)").bind(
      hex(),
      person,
      now,
    ),
    env.DIRECTORY.prepare("insert into vendor_accounts (account_hash, connection_id, person_id, key_version) values (?, ?, ?, '1')").bind(
      hex(),
      newId("connection", region, now),
      person,
    ),
  ]);
  await importerOf(env, importId).create(person, "apple-health-export", "export.zip", 10);
  await files.put(uploadKey(importId), "a file");
  await vault.setProfile({ timeZone: "UTC", locale: "en", name: "Ada" });
  await vault.changeDetails(actor, { birthDate: "1980-01-01", sex: "female", heightCm: 170 });
  await vault.record(samples("heart_rate", [{ at: now - 60_000, value: 61 }]));
  await vault.giveConsent(actor, newId("consent", region, now), {
    grantee: friend,
    role: "user",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
  });
  return { person, actor, region, friend, email };
}

async function insertPerson(records: D1Database, person: PersonId, now: number): Promise<void> {
  await records
    .prepare(
      `insert into people (id, name, time_zone, locale, units, roles, created_at, updated_at, detailed) values (?1, 'Ada', 'UTC', 'en', 'metric', '["user"]', ?2, ?2, 1)`,
    )
    .bind(person, now)
    .run();
}

export async function insertSession(records: D1Database, session: string, person: PersonId, now: number): Promise<void> {
  await records
    .prepare(
      `insert into sessions (id, person_id, client_id, scope, amr, acr, auth_time, created_at, rotated_at, last_used_at, idle_expiry, absolute_expiry)
       values (?1, ?2, 'meridian', 'me', 'pwd', 'aal1', ?3, ?3, ?3, ?3, ?4, ?4)`,
    )
    .bind(session, person, now, now + 1e9)
    .run();
}

/** Where a text stands in the databases: `database.table`, the books of erasures and moves aside. */
export async function rowsWith(text: string, aside: readonly string[] = ["erasures", "moves"]): Promise<string[]> {
  const databases = { directory: env.DIRECTORY, ...Object.fromEntries(REGIONS.map((region) => [region, regional(env, region).records])) };
  const found = await Promise.all(
    Object.entries(databases).map(async ([name, database]) => {
      const tables = (await tablesOf(database)).filter(({ table }) => !aside.includes(table));
      const counts = await database.batch<{ n: number }>(
        tables.map(({ table, columns }) =>
          database
            .prepare(
              `select exists (select 1 from ${table} where ${columns.map((column) => `instr(${column}, ?1) > 0`).join(" or ")}) as n`,
            )
            .bind(text),
        ),
      );
      return tables.flatMap(({ table }, i) => (counts[i]?.results[0]?.n === 1 ? [`${name}.${table}`] : []));
    }),
  );
  return found.flat();
}

/** The tables of a database with their columns, as its own schema says. */
export async function tablesOf(database: D1Database): Promise<{ table: string; columns: string[] }[]> {
  const { results } = await database
    .prepare(
      "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like '\\_cf%' escape '\\' and name <> 'd1_migrations'",
    )
    .all<{ name: string }>();
  const infos = await database.batch<{ name: string }>(
    results.map(({ name }) => database.prepare(`select name from pragma_table_info('${name}')`)),
  );
  return results.map(({ name }, i) => ({ table: name, columns: (infos[i]?.results ?? []).map((column) => column.name) }));
}

/** The names of a region's files. */
export async function filesIn(region: Region): Promise<string[]> {
  const { files } = regional(env, region);
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page: R2Objects = await files.list(cursor === undefined ? {} : { cursor });
    names.push(...page.objects.map(({ key }) => key));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return names;
}

/** What a vault's storage holds: its tables, and whether an alarm is set. */
export async function storageOf(person: PersonId): Promise<{ tables: string[]; alarm: number | null }> {
  return await runInDurableObject(vaultOf(env, person), async (_instance, ctx) => ({
    tables: ctx.storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
      .toArray()
      .map(({ name }) => name),
    alarm: await ctx.storage.getAlarm(),
  }));
}

/** A copy of a vault's whole storage, as a point-in-time copy would have it. */
export interface VaultCopy {
  readonly schema: readonly string[];
  readonly rows: readonly { readonly table: string; readonly row: Readonly<Record<string, SqlStorageValue>> }[];
}

export async function copyVault(person: PersonId): Promise<VaultCopy> {
  return await runInDurableObject(vaultOf(env, person), (_instance, { storage: { sql } }) => {
    const objects = sql
      .exec<{ type: string; name: string; sql: string | null }>(
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray();
    return {
      schema: objects.flatMap((object) => (object.sql === null ? [] : [object.sql])),
      rows: objects
        .filter(({ type }) => type === "table")
        .flatMap(({ name }) => [...sql.exec(`SELECT * FROM "${name}"`)].map((row) => ({ table: name, row }))),
    };
  });
}

/** Turns an empty vault back to a copy, behind its back. */
export async function restoreVault(person: PersonId, { schema, rows }: VaultCopy): Promise<void> {
  await runInDurableObject(vaultOf(env, person), (_instance, { storage: { sql } }) => {
    for (const statement of schema) sql.exec(statement);
    for (const { table, row } of rows) {
      const columns = Object.keys(row);
      sql.exec(`INSERT INTO "${table}" (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`, ...Object.values(row));
    }
  });
}

/** Forgets what a vault has in memory; one that nobody has called has nothing. */
export async function evictVault(person: PersonId): Promise<void> {
  // Woken first: only what runs can be evicted.
  await vaultOf(env, person).inventory();
  await evictDurableObject(vaultOf(env, person));
}
