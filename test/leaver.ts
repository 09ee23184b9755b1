import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import type { PersonActor } from "../shared/context";
import { regionalKeys } from "../shared/crypto/keys";
import { exportKey } from "../shared/exports/status";
import { type ExportId, newId, type PersonId, type ProgrammeId, regionOf, type ResearchExportId, type SessionId, ulid } from "../shared/id";
import { uploadKey } from "../shared/imports/status";
import { REGIONS, type Region } from "../shared/region";
import { sealSecret } from "../shared/webhooks/secret-box";
import { exporterOf, importerOf, programmeOf, regional, vaultOf } from "../workers/regional";
import { dispatch, routeHooks } from "./hooks";
import { samples } from "./vaults";

/** Somebody with a row in every table and a file of every kind, written without the API: cheap enough for a test for each step. */
export interface Leaver {
  readonly person: PersonId;
  readonly actor: PersonActor;
  readonly region: Region;
  /** Somebody of another region who shares with them, and with whom they share. */
  readonly friend: PersonId;
  readonly friendSession: SessionId;
  readonly email: string;
  readonly exportId: ExportId;
}

/** What signs messages to a leaver's own endpoint. */
export const HOOK_SECRET = "whsec_bWVyaWRpYW4tbGVhdmVyLXNlY3JldC0wMQ==";

const hex = () => (crypto.randomUUID() + crypto.randomUUID()).replaceAll("-", "");

/** One programme for everybody who takes part, with an export under way. */
let study: Promise<{ readonly id: ProgrammeId; readonly export: ResearchExportId }> | undefined;

async function makeStudy(region: Region) {
  const now = Date.now();
  const id = newId("programme", region, now);
  const made = { id, export: newId("researchExport", region, now) };
  await insertProgramme(regional(env, region).records, id, null, now);
  const day = Math.floor(now / 86_400_000);
  const terms = {
    id,
    categories: ["vitals"],
    metrics: ["heart_rate"],
    fromDay: day - 400,
    toDay: day - 300,
    cohort: 11,
    epsilon: 1,
  } as const;
  await programmeOf(env, id).establish(terms);
  await programmeOf(env, id).beginExport(made.export);
  return made;
}

async function insertProgramme(records: D1Database, id: string, researcher: PersonId | null, now: number): Promise<void> {
  await records
    .prepare(
      `insert into programmes (id, researcher_id, title, purpose, categories, metrics, from_date, to_date, cohort, epsilon, state, created_at)
       values (?, ?, 'Study', 'To learn.', '[]', '[]', '2025-01-01', '2025-02-01', 11, 1, 'open', ?)`,
    )
    .bind(id, researcher, now)
    .run();
}

/** Where else a leaver of the region `eu` is known: the objects of others, and what is only named by its own id. */
export async function knownElsewhere({ person, friend, friendSession, exportId }: Leaver): Promise<string[]> {
  const known: string[] = [];
  const friends = vaultOf(env, friend);
  await runInDurableObject(friends, (_instance, { storage: { sql } }) => {
    if (sql.exec("SELECT 1 FROM watching WHERE owner = ? AND session = ?", person, friendSession).toArray().length > 0)
      known.push("watching");
  });
  if (study !== undefined) {
    const { id } = await study;
    await runInDurableObject(programmeOf(env, id), (_instance, { storage: { sql } }) => {
      if (sql.exec("SELECT 1 FROM staged WHERE person = ?", person).toArray().length > 0) known.push("programme");
    });
  }
  await runInDurableObject(exporterOf(env, exportId), (_instance, { storage: { sql } }) => {
    if (sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'job'").toArray().length > 0) known.push("exporter");
  });
  if ((await regional(env, regionOf(person)).files.head(exportKey(exportId))) !== null) known.push("archive");
  return known;
}

/** What the parts of trust have of somebody, in the region `eu`. */
async function insertTrust({ person, region, friend, friendSession, exportId, actor }: Leaver, now: number): Promise<void> {
  const { records, files } = regional(env, region);
  const organisation = newId("organisation", region, now);
  study ??= makeStudy("eu");
  const { id: programme, export: released } = await study;
  await insertProgramme(records, newId("programme", region, now), person, now);
  await records.batch([
    records
      .prepare(
        "insert into identities (id, person_id, provider, identity_hash, key_version, created_at) values (?, ?, 'google', ?, '1', ?)",
      )
      .bind(newId("identity", region, now), person, hex(), now),
    records.prepare("insert into organisations (id, name, created_at, updated_at) values (?, 'Clinic', ?, ?)").bind(organisation, now, now),
    records
      .prepare("insert into organisation_members (organisation_id, person_id, role, invited_at, joined_at) values (?, ?, 'owner', ?, ?)")
      .bind(organisation, person, now, now),
    records
      .prepare("insert into programme_participants (programme_id, person_id, consent_id) values (?, ?, ?)")
      .bind(programme, person, newId("consent", region, now)),
    records
      .prepare(
        "insert into emergency_reviews (id, person_id, clinician_id, opened_at, ends_at, letter, letter_begun_at) values (?, ?, ?, ?, ?, 'emergency_opened', ?)",
      )
      .bind(newId("emergencyAccess", region, now), person, friend, now, now, now + 1e9),
    records
      .prepare("insert into emergency_openings (clinician_id, id, opened_at) values (?, ?, ?)")
      .bind(person, newId("emergencyAccess", region, now), now),
    records.prepare("insert into exports (id, person_id, created_at) values (?, ?, ?)").bind(exportId, person, now),
  ]);
  await insertWebhook(records, person, friend, now);
  await regional(env, "ap")
    .records.prepare("insert into shared_with_partners (grantee_id, owner_id, consent_id) values (?, ?, ?)")
    .bind(newId("organisation", "ap", now), person, newId("consent", region, now))
    .run();
  await env.DIRECTORY.batch([
    env.DIRECTORY.prepare(
      "insert into identities (identity_hash, key_version, provider, person_id, claimed_at) values (?, '1', 'google', ?, ?)",
    ).bind(hex(), person, now),
    env.DIRECTORY.prepare(
      `insert into sign_in_flows (state_hash, provider, purpose, challenge, return_to, person_id, session_id, key_version, begun_at, expires_at)
       values (?, 'google', 'link', 'c', '/', ?, ?, '1', ?, ?)`,
    ).bind(hex(), person, actor.session, now, now + 1e9),
  ]);
  const vault = vaultOf(env, person);
  await exporterOf(env, exportId).create(person, [{ kind: "account", columns: ["id"], records: [{ id: person }] }]);
  await files.put(exportKey(exportId), "an archive");
  await vault.giveConsent(actor, newId("consent", region, now), {
    grantee: { kind: "programme", id: programme },
    role: "partner",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "research",
  });
  await programmeOf(env, programme).enlist(released, [person]);
  await vault.sendToWatch(actor, friend, now + 1e9);
  await vaultOf(env, friend).sendToWatch({ kind: "person", person: friend, session: friendSession }, person, now + 1e9);
}

/** What people of two regions say of one another, and a group of each region that both are in. */
async function insertSocial({ person, friend, region }: Leaver, now: number): Promise<void> {
  for (const home of [region, regionOf(friend)]) {
    const { records } = regional(env, home);
    const group = newId("socialGroup", home, now);
    const member = records.prepare(
      "insert into social_group_members (group_id, person_id, state, role, since_at) values (?, ?, 'member', ?, ?)",
    );
    const tie = records.prepare(
      "insert into ties (person_id, other_id, rev, sent_rev, wants_at, changed_at) values (?1, ?2, ?3, ?3, ?3, ?3)",
    );
    const stranger = home === region ? person : friend;
    await records.batch([
      tie.bind(person, friend, now),
      tie.bind(friend, person, now),
      records
        .prepare("insert into social_groups (id, name, joining, created_at, updated_at) values (?1, 'Runners', 'open', ?2, ?2)")
        .bind(group, now),
      member.bind(group, home === region ? friend : person, "owner", now),
      member.bind(group, stranger, "member", now),
    ]);
    await regional(env, home === region ? regionOf(friend) : region)
      .records.prepare("insert into social_groups_elsewhere (person_id, group_id) values (?, ?)")
      .bind(home === region ? friend : person, group)
      .run();
  }
  await insertPosts(person, region, friend, now);
  await env.DIRECTORY.prepare("insert into handles (handle_hash, key_version, person_id, claimed_at) values (?, '1', ?, ?)")
    .bind(hex(), person, now)
    .run();
  await regional(env, region)
    .records.prepare("insert into buddy_profiles (person_id, purpose, cell_lat, cell_lon, updated_at) values (?, 'both', 525, 134, ?)")
    .bind(person, now)
    .run();
  await regional(env, region)
    .records.prepare("insert into social_profiles (person_id, handle, updated_at) values (?, ?, ?)")
    .bind(person, `h${now}`, now)
    .run();
}

/** A post of each of the two in their own region, under which both have said something; an invitation of each that the other accepted, and a report. */
async function insertPosts(person: PersonId, region: Region, friend: PersonId, now: number): Promise<void> {
  for (const [author, other, home] of [
    [person, friend, region],
    [friend, person, regionOf(friend)],
  ] as const) {
    const { records } = regional(env, home);
    const [post, invitation] = [newId("post", home, now), newId("invitation", home, now)];
    const comment = records.prepare(
      "insert into post_comments (post_id, id, person_id, body, created_at) values (?, ?, ?, 'Well done!', ?)",
    );
    await records.batch([
      records
        .prepare("insert into posts (id, person_id, kind, body, reach, created_at) values (?, ?, 'text', 'Ten!', 1, ?)")
        .bind(post, author, now),
      comment.bind(post, newId("comment", home, now), author, now),
      comment.bind(post, newId("comment", home, now), other, now),
      records.prepare("insert into post_reactions (post_id, person_id, kind, reacted_at) values (?, ?, 'like', ?)").bind(post, other, now),
      records
        .prepare(
          "insert into invitations (id, code_hash, person_id, via, most_uses, created_at, expires_at) values (?, ?, ?, 'link', 1, ?, ?)",
        )
        .bind(invitation, hex(), author, now, now + 1e9),
      records.prepare("insert into invitation_uses (invitation_id, person_id, used_at) values (?, ?, ?)").bind(invitation, other, now),
      records
        .prepare(
          "insert into reports (id, kind, subject_id, author_id, reporter_id, reason, created_at) values (?, 'post', ?, ?, ?, 'spam', ?)",
        )
        .bind(newId("report", home, now), post, author, other, now),
    ]);
  }
}

/** An endpoint of their own, of which one message waits and one was delivered; it wants their events and a friend's. */
async function insertWebhook(records: D1Database, person: PersonId, friend: PersonId, now: number): Promise<void> {
  const region = regionOf(person);
  const [id, secret] = [newId("webhook", region, now), newId("webhookSecret", region, now)];
  const { sealed, version } = await sealSecret(regionalKeys(regional(env, region).keys), secret, HOOK_SECRET);
  const delivery = records.prepare(
    `insert into webhook_deliveries (endpoint_id, event_id, person_id, ordered_at, state, due_at, created_at, updated_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6)`,
  );
  await records.batch([
    records
      .prepare(
        `insert into webhook_endpoints (id, person_id, url, description, is_narrowed, content, assurance, state, created_at, updated_at)
         values (?, ?, 'https://hooks.example.com/in', 'Mine', 1, 'summary', 'aal1', 'enabled', ?3, ?3)`,
      )
      .bind(id, person, now),
    records
      .prepare("insert into webhook_secrets (id, endpoint_id, sealed, key_version, created_at) values (?, ?, ?, ?, ?)")
      .bind(secret, id, sealed, version, now),
    records.prepare("insert into webhook_people (endpoint_id, person_id) values (?1, ?2), (?1, ?3)").bind(id, person, friend),
    delivery.bind(id, newId("event", region, now), person, now, "waiting", now + 1e9),
    delivery.bind(id, newId("event", regionOf(friend), now), friend, now + 1, "delivered", now),
  ]);
}

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
  const exportId = newId("export", region, now);
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
  await vault.addLabReport(actor, new TextEncoder().encode("%PDF-1.4\n"), "report.pdf", {});
  const result = { test: "glucose", collectedAt: "2026-11-20", value: 92, unit: "mg/dL" };
  const { id } = JSON.parse(await vault.addLabResult(actor, result, undefined)) as { id: string };
  await vault.changeLabResult(actor, id, { note: "Fasting." }, { isWhole: false });
  await vault.record(samples("heart_rate", [{ at: now - 60_000, value: 61 }]));
  await vault.giveConsent(actor, newId("consent", region, now), {
    grantee: { kind: "person", id: friend },
    role: "user",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
  });
  const one = { person, actor, region, friend, friendSession: newId("session", regionOf(friend), now), email, exportId };
  if (region === "eu") await insertTrust(one, now);
  await insertSocial(one, now);
  return one;
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

/** Lets a vault look now at what it has been brought, where it would wait for more: nothing in it changes by itself after that. */
export async function settle(person: PersonId): Promise<void> {
  const vault = vaultOf(env, person);
  for (let turn = 0; turn < 20; turn++) {
    const left = await runInDurableObject(vault, (_instance, { storage: { sql } }) => {
      sql.exec("INSERT INTO timers (kind, ref, due_at) VALUES ('achievements', '', 0) ON CONFLICT DO UPDATE SET due_at = 0");
      const left =
        "SELECT (SELECT count(*) FROM achievement_changes) + (SELECT count(*) FROM achievement_awards WHERE feed IN ('post', 'unpost')) AS n";
      return sql.exec<{ n: number }>(left).one().n;
    });
    if (turn > 0 && left === 0) return await routeHooks(person);
    await runInDurableObject(vault, async (_instance, { storage }) => await storage.setAlarm(Date.now()));
    await runDurableObjectAlarm(vault);
    // What was just earned goes to the feed by a queue.
    await dispatch(regionOf(person), { kind: "award-posts", person });
  }
  throw new Error("the vault does not come to rest");
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
