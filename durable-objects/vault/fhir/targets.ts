import * as z from "zod";
import type { SealingKey } from "../../../shared/crypto/sealing";
import { seal, unseal } from "../../../shared/crypto/sealing";
import { categoriesOf } from "../../../shared/fhir/coding";
import { checkTargetUrl } from "../../../shared/fhir/target-url";
import { metric as metricOf } from "../../../shared/health/catalogue";
import { newId, parseId, type TargetId } from "../../../shared/id";
import { notFound, problem } from "../../../shared/problem";
import type { VaultState } from "../state";

/** How Meridian signs in at a target. Secrets are sealed and never shown again. */
export type TargetAuth =
  | { readonly kind: "none" }
  | { readonly kind: "bearer"; readonly token: string }
  | {
      readonly kind: "client_credentials";
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope?: string | undefined;
    };

const credentialsSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("bearer"), token: z.string() }),
  z.object({
    kind: z.literal("client_credentials"),
    tokenUrl: z.string(),
    clientId: z.string(),
    clientSecret: z.string(),
    scope: z.string().optional(),
  }),
]);

/** What a person says of a target; null filters forward everything. */
export interface TargetSettings {
  readonly name: string;
  readonly baseUrl: string;
  readonly auth: TargetAuth;
  readonly metrics: readonly string[] | null;
  readonly categories: readonly string[] | null;
  readonly state: "active" | "paused";
}

/** A target as its person sees it. Times epoch milliseconds. */
export interface Target extends Omit<TargetSettings, "auth"> {
  readonly id: TargetId;
  readonly auth: { readonly kind: TargetAuth["kind"] };
  readonly sent: number;
  readonly refused: number;
  /** Windows that wait or are under way, and those that were given up. */
  readonly open: number;
  readonly dead: number;
  readonly lastSentAt: number | null;
  readonly lastFailure: string | null;
  readonly createdAt: number;
}

type TargetRow = {
  id: string;
  name: string;
  base_url: string;
  state: "active" | "paused";
  auth_kind: TargetAuth["kind"];
  metrics: string | null;
  categories: string | null;
  sent: number;
  refused: number;
  open: number;
  dead: number;
  last_sent_at: number | null;
  last_failure: string | null;
  created_at: number;
};

const MOST_TARGETS = 10;
const SELECT = `SELECT *, (SELECT count(*) FROM fhir_deliveries d WHERE d.target = t.id AND d.state IN ('waiting', 'sending')) AS open,
  (SELECT count(*) FROM fhir_deliveries d WHERE d.target = t.id AND d.state = 'dead') AS dead FROM fhir_targets t`;

/** The person's forwarding targets. */
export class Targets {
  readonly #state: VaultState;
  readonly #key: () => Promise<SealingKey>;

  constructor(state: VaultState, key: () => Promise<SealingKey>) {
    this.#state = state;
    this.#key = key;
  }

  all(): Target[] {
    return this.#state.sql.exec<TargetRow>(`${SELECT} ORDER BY id`).toArray().map(shown);
  }

  get(id: string): Target {
    const [row] = this.#state.sql.exec<TargetRow>(`${SELECT} WHERE id = ?`, id).toArray();
    if (row === undefined) throw notFound("target");
    return shown(row);
  }

  /** Adds a target; problems `invalid` for a URL that may not be called or an unknown metric, `conflict` past ten. */
  async create(settings: TargetSettings): Promise<Target> {
    const { sql, now, random, region } = this.#state;
    this.check(settings);
    const id = newId("target", region, now(), random);
    const auth = await this.#sealed(id, settings.auth);
    // Counted after the last wait, in the same turn as the write.
    if (sql.exec<{ n: number }>("SELECT count(*) AS n FROM fhir_targets").one().n >= MOST_TARGETS)
      throw problem("conflict", `There can be ${MOST_TARGETS} targets.`);
    sql.exec(
      "INSERT INTO fhir_targets (id, name, base_url, state, auth_kind, auth, metrics, categories, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      settings.name,
      settings.baseUrl,
      settings.state,
      settings.auth.kind,
      auth,
      json(settings.metrics),
      json(settings.categories),
      now(),
      now(),
    );
    return this.get(id);
  }

  /** Changes a target; what is not named stays. A new address forgets what the old one had. */
  async change(id: string, change: Partial<TargetSettings>): Promise<Target> {
    const known = this.get(id);
    this.check({ ...known, ...change, auth: change.auth ?? { kind: "none" } });
    const auth = change.auth === undefined ? undefined : await this.#sealed(id, change.auth);
    const { sql, storage, now } = this.#state;
    storage.transactionSync(() => {
      const next = { ...this.get(id), ...change };
      sql.exec(
        "UPDATE fhir_targets SET name = ?, base_url = ?, state = ?, metrics = ?, categories = ?, updated_at = ? WHERE id = ?",
        next.name,
        next.baseUrl,
        next.state,
        json(next.metrics),
        json(next.categories),
        now(),
        id,
      );
      if (auth !== undefined && change.auth !== undefined)
        sql.exec("UPDATE fhir_targets SET auth_kind = ?, auth = ? WHERE id = ?", change.auth.kind, auth, id);
      if (next.baseUrl !== known.baseUrl) {
        sql.exec("UPDATE fhir_targets SET mode = NULL WHERE id = ?", id);
        sql.exec("DELETE FROM fhir_sent WHERE target = ?", id);
        sql.exec("DELETE FROM fhir_remote WHERE target = ?", id);
      }
    });
    return this.get(id);
  }

  /** Forgets a target and everything kept for it. What it was sent stays there. */
  remove(id: string): void {
    this.get(id);
    const { sql, storage } = this.#state;
    storage.transactionSync(() => {
      for (const table of ["fhir_deliveries", "fhir_sent", "fhir_remote"]) sql.exec(`DELETE FROM ${table} WHERE target = ?`, id);
      sql.exec("DELETE FROM fhir_targets WHERE id = ?", id);
    });
  }

  /** The credentials of a target, opened. */
  async auth(id: string): Promise<TargetAuth> {
    const [row] = this.#state.sql.exec<{ auth: string | null }>("SELECT auth FROM fhir_targets WHERE id = ?", id).toArray();
    if (row === undefined || row.auth === null) return { kind: "none" };
    return credentialsSchema.parse(JSON.parse(await unseal(await this.#key(), place(id), row.auth)));
  }

  /** Hosts beyond https that this deployment may call. */
  localHosts(): string[] {
    return this.#state.env.LOCAL_HOSTS.split(/\s+/).filter((host) => host !== "");
  }

  /** Throws `invalid` where the settings name a URL that may not be called or a metric that does not exist. */
  check({ baseUrl, auth, metrics }: Pick<TargetSettings, "baseUrl" | "auth" | "metrics">): void {
    checkTargetUrl(baseUrl, this.localHosts(), "/baseUrl");
    if (auth.kind === "client_credentials") checkTargetUrl(auth.tokenUrl, this.localHosts(), "/auth/tokenUrl");
    const unknown = (metrics ?? []).findIndex((key) => metricOf(key) === undefined);
    if (unknown >= 0)
      throw problem("unknown_metric", undefined, {
        errors: [{ pointer: `/metrics/${unknown}`, code: "unknown_metric", message: "The catalogue has no such metric." }],
      });
  }

  async #sealed(id: string, auth: TargetAuth): Promise<string | null> {
    return auth.kind === "none" ? null : await seal(await this.#key(), place(id), JSON.stringify(auth), this.#state.random);
  }
}

/** Whether a target wants readings of a metric. */
export function wants({ metrics, categories }: Pick<TargetSettings, "metrics" | "categories">, key: string): boolean {
  const metric = metricOf(key);
  if (metric === undefined || (metrics !== null && !metrics.includes(key))) return false;
  return (
    categories === null ||
    categoriesOf(metric).some(({ coding }) => coding?.some(({ code }) => code !== undefined && categories.includes(code)))
  );
}

const listSchema = z.array(z.string());

function shown(row: TargetRow): Target {
  const id = parseId("target", row.id);
  if (id === undefined) throw new TypeError("a stored target has no id of its kind");
  return {
    id,
    name: row.name,
    baseUrl: row.base_url,
    state: row.state,
    auth: { kind: row.auth_kind },
    metrics: row.metrics === null ? null : listSchema.parse(JSON.parse(row.metrics)),
    categories: row.categories === null ? null : listSchema.parse(JSON.parse(row.categories)),
    sent: row.sent,
    refused: row.refused,
    open: row.open,
    dead: row.dead,
    lastSentAt: row.last_sent_at,
    lastFailure: row.last_failure,
    createdAt: row.created_at,
  };
}

function json(list: readonly string[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}

function place(id: string) {
  return { table: "fhir_targets", column: "auth", row: id };
}
