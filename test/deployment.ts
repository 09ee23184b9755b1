import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Exporter } from "../durable-objects/exporter/exporter";
import { Programme } from "../durable-objects/programme/programme";
import { Vault } from "../durable-objects/vault/vault";
import { freshSecrets } from "../scripts/local-secrets";
import { directoryHashes, regionalHashes } from "../shared/crypto/email-hashes";
import { directoryKeys, regionalKeys } from "../shared/crypto/keys";
import { newId, parseId, type PersonId } from "../shared/id";
import type { LogEvent } from "../shared/log";
import type { Region } from "../shared/region";
import type { Role } from "../shared/roles";
import { createApp } from "../workers/app";
import { addressPlace } from "../workers/credentials";
import { vaultOf } from "../workers/regional";
import { migrate } from "./migrate";
import { freshAddress, freshEmail, freshPassword, ORIGIN } from "./people";

/** Databases of their own: what happens here moves and counts all rows of a region. */
const DATABASES = { DIRECTORY: "DRILL_DIRECTORY", RECORDS_EU: "DRILL_EU", RECORDS_US: "DRILL_US", RECORDS_AP: "DRILL_AP" } as const;
type Drill = Readonly<Record<(typeof DATABASES)[keyof typeof DATABASES], D1Database>>;

/** Rings as they stand in the secrets, to be changed by a test. */
export interface Rings {
  [kind: string]: { current: string; keys: Record<string, unknown> };
}

/**
 * One deployment of Meridian with databases and secrets of its own, in the runtime of the other tests. Its vaults are real objects, whose
 * methods run with this deployment's environment: so secrets can change under them as they do in a deployment.
 */
export class Deployment {
  readonly secrets: Record<string, string>;
  readonly events: LogEvent[] = [];
  now: () => number = Date.now;
  /** Bindings that a test replaces. */
  overrides: Partial<Env> = {};

  constructor(secrets = freshSecrets()) {
    this.secrets = secrets;
  }

  /** Begins with empty databases. */
  static async fresh(): Promise<Deployment> {
    const drill = env as unknown as Drill;
    await migrate(drill.DRILL_DIRECTORY, env.DIRECTORY_MIGRATIONS);
    for (const name of ["DRILL_EU", "DRILL_US", "DRILL_AP"] as const) {
      await migrate(drill[name], env.REGIONAL_MIGRATIONS);
      await drill[name].batch(
        ["vendor_credentials", "programmes", "people", "erasures", "key_moves", "key_notes", "security_events", "idempotency_claims"].map(
          (t) => drill[name].prepare(`delete from ${t}`),
        ),
      );
    }
    await drill.DRILL_DIRECTORY.batch(
      ["emails", "identities", "sign_in_flows", "vendor_accounts", "key_moves"].map((t) =>
        drill.DRILL_DIRECTORY.prepare(`delete from ${t}`),
      ),
    );
    return new Deployment();
  }

  /** The environment of this moment. */
  get env(): Env {
    const drill = env as unknown as Drill;
    const databases = Object.fromEntries(Object.entries(DATABASES).map(([name, binding]) => [name, drill[binding]]));
    const whole: Env = { ...env, ...this.secrets, ...databases, ...this.overrides };
    return { ...whole, VAULTS: this.overrides.VAULTS ?? vaultsIn(whole), PROGRAMMES: this.overrides.PROGRAMMES ?? programmesIn(whole) };
  }

  records(region: Region): D1Database {
    const drill = env as unknown as Drill;
    return { eu: drill.DRILL_EU, us: drill.DRILL_US, ap: drill.DRILL_AP }[region];
  }

  get directory(): D1Database {
    return (env as unknown as Drill).DRILL_DIRECTORY;
  }

  /** Changes the rings of a region, or of the directory, as an operator's upload does. */
  change(place: Region | "directory", change: (rings: Rings) => void): void {
    const name = place === "directory" ? "DIRECTORY_KEYS" : `KEYS_${place.toUpperCase()}`;
    const rings = JSON.parse(this.secrets[name] ?? "") as Rings;
    change(rings);
    this.secrets[name] = JSON.stringify(rings);
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("cf-connecting-ip")) headers.set("cf-connecting-ip", freshAddress());
    const waiting: Promise<unknown>[] = [];
    const context = { waitUntil: (work: Promise<unknown>) => void waiting.push(work), passThroughOnException: () => undefined, props: {} };
    const app = createApp({ log: (event) => this.events.push(event), now: () => this.now() });
    const url = path.startsWith("http") ? path : `${ORIGIN}${path}`;
    const response = await app.fetch(new Request(url, { ...init, headers }), this.env, context as unknown as ExecutionContext);
    // What a request leaves for later is done before the next one, so that tests need not wait.
    await Promise.all(waiting);
    return response;
  }

  async send(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return await this.fetch(path, { method, body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } });
  }

  async register(region: Region, name = "Ada Probe"): Promise<Resident> {
    const email = freshEmail();
    const password = freshPassword();
    const response = await this.send("POST", "/v1/accounts", { email, password, name, region });
    if (response.status !== 201) throw new Error(`registration answered ${response.status}: ${await response.text()}`);
    const { person, tokens } = (await response.json()) as { person: { id: string }; tokens: Tokens };
    const id = parseId("person", person.id);
    if (id === undefined) throw new TypeError("not a person's id");
    return { id, region, email, password, tokens };
  }

  /** Registers somebody with roles, in a session that was opened with two factors, as an operator and a passkey would make them. */
  async registerStaff(region: Region, roles: readonly Role[]): Promise<Resident> {
    const one = await this.register(region, "Stan Probe");
    const records = this.records(region);
    await records.batch([
      records.prepare("update people set roles = ? where id = ?").bind(JSON.stringify(roles), one.id),
      records.prepare("update sessions set acr = 'aal2' where person_id = ?").bind(one.id),
    ]);
    const response = await this.send("POST", "/v1/sessions/refresh", { refreshToken: one.tokens.refreshToken });
    const { tokens } = (await response.json()) as { tokens: Tokens };
    return { ...one, tokens };
  }

  /** Writes somebody into region and directory as registration would, without the cost of a password and without a session. */
  async settle(region: Region): Promise<Settled> {
    const now = this.now();
    const id = newId("person", region, now);
    const email = freshEmail();
    const directory = directoryKeys(this.secrets["DIRECTORY_KEYS"] ?? "");
    const [known] = await directoryHashes(directory, email);
    const ring = regionalKeys(this.secrets[`KEYS_${region.toUpperCase()}`] ?? "");
    const [found] = await regionalHashes(ring, email);
    const sealed = await vaultOf(this.env, id).seal(addressPlace(id), email);
    await this.directory
      .prepare("insert into emails (email_hash, key_version, person_id, claimed_at) values (?, ?, ?, ?)")
      .bind(known.hash, known.version, id, now)
      .run();
    const records = this.records(region);
    await records.batch([
      records
        .prepare(
          `insert into people (id, name, time_zone, locale, units, roles, created_at, updated_at)
           values (?1, 'Ada Probe', 'Europe/Berlin', 'en', 'metric', '["user"]', ?2, ?2)`,
        )
        .bind(id, now),
      records
        .prepare(
          "insert into credentials (person_id, email_hash, key_version, password_hash, changed_at, sealed_email) values (?, ?, ?, 'none', ?, ?)",
        )
        .bind(id, found.hash, found.version, now, sealed),
    ]);
    return { id, region, email };
  }

  /** Calls as a person; the token is of their registration unless another is given. */
  async as({ tokens }: Pick<Resident, "tokens">, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${tokens.accessToken}`);
    if (init.body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
    return await this.fetch(path, { ...init, headers });
  }
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface Settled {
  readonly id: PersonId;
  readonly region: Region;
  readonly email: string;
}

export interface Resident extends Settled {
  readonly password: string;
  readonly tokens: Tokens;
}

/** Objects that a test opens with another environment. */
const CLASSES = { VAULTS: Vault, EXPORTERS: Exporter, PROGRAMMES: Programme } as const;
export type Opened = (name: string, jurisdiction: string | undefined) => void;

/**
 * A namespace whose objects are this environment's: methods run in the real object's storage, with another environment. Where it is not a
 * vault, its alarm is taken from it, because the runtime would let it ring in the environment of all tests: call `alarm` as its clock.
 */
export function objectsIn<K extends keyof typeof CLASSES>(kind: K, other: () => Env, opened: Opened = () => undefined): Env[K] {
  const namespace = (jurisdiction: string | undefined) => ({
    jurisdiction: (name: string) => namespace(name),
    getByName(name: string) {
      opened(name, jurisdiction);
      const stub = (env[kind] as unknown as DurableObjectNamespace<Vault>).getByName(name);
      const run = async (method: string, parameters: unknown[]): Promise<unknown> =>
        await runInDurableObject(stub, async (_instance, ctx) => {
          const object = new CLASSES[kind](ctx, other()) as unknown as Record<string, (...p: unknown[]) => Promise<unknown>>;
          try {
            return await object[method]?.(...parameters);
          } finally {
            if (kind !== "VAULTS") await ctx.storage.deleteAlarm();
          }
        });
      return new Proxy(
        {},
        {
          get: (_, method) =>
            typeof method === "string" && method !== "then" ? async (...parameters: unknown[]) => await run(method, parameters) : undefined,
        },
      );
    },
  });
  return namespace(undefined) as unknown as Env[K];
}

/** Lets an object's alarm ring, as its clock would. */
export async function ring(object: object): Promise<void> {
  await (object as { alarm(): Promise<void> }).alarm();
}

/** The vaults as this environment's objects, which see one another in the same way. */
function vaultsIn(other: Env): Env["VAULTS"] {
  return objectsIn("VAULTS", () => ({ ...other, VAULTS: vaultsIn(other) }));
}

/** The objects of research programmes as this environment's, in the same way. */
function programmesIn(other: Env): Env["PROGRAMMES"] {
  return objectsIn("PROGRAMMES", () => ({ ...other, VAULTS: vaultsIn(other) }));
}
