import { DurableObject } from "cloudflare:workers";
import { systemClock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import type { Batch, Receipt } from "../../shared/health/reading";
import { parseId, regionOf, type SessionId, systemRandom } from "../../shared/id";
import { consoleLog } from "../../shared/log";
import { migrate } from "../migrate";
import { VAULT_MIGRATIONS } from "./migrations";
import { readProfile, writeProfile } from "./profile";
import { RevokedSessions } from "./sessions";
import type { Profile, VaultState } from "./state";
import { Store } from "./store/store";
import { Timers } from "./timers";

/**
 * One person's compartment: readings, connections, FHIR view and live streams, pinned to the person's region. Everything here runs
 * single-threaded and commits before it answers. Methods that take an `actor` are for people and check them; the others are for
 * Meridian's own objects and consumers.
 */
export class Vault extends DurableObject<Env> {
  readonly #state: VaultState;
  readonly #store: Store;
  readonly #sessions: RevokedSessions;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const person = parseId("person", ctx.id.name ?? "");
    if (person === undefined) throw new TypeError("a vault is opened by the id of its person");
    migrate(ctx.storage, VAULT_MIGRATIONS);
    const { sql } = ctx.storage;
    const timers = new Timers(ctx.storage, systemClock);
    const profile = () => readProfile(sql);
    const store = new Store(ctx.storage, systemClock, () => profile().timeZone, timers);
    this.#store = store;
    this.#sessions = new RevokedSessions(sql, systemClock);
    this.#state = {
      storage: ctx.storage,
      sql,
      env,
      person,
      region: regionOf(person),
      now: systemClock,
      random: systemRandom,
      timers,
      log: consoleLog,
      profile,
      record: (batch) => store.record(batch),
      onRecorded: (listener) => store.onRecorded(listener),
    };
  }

  override async alarm(): Promise<void> {
    await this.#state.timers.run();
  }

  /** Lets the person themself in; throws `session_ended` or `not_found`. */
  async admit(actor: PersonActor): Promise<void> {
    this.#sessions.admit(actor, this.#state.person);
  }

  /** Ends a session here: its access tokens are refused from now on. `until` is when the last of them expires. */
  async revokeSession(session: SessionId, until: number): Promise<void> {
    this.#sessions.revoke(session, until);
  }

  async setProfile(profile: Profile): Promise<void> {
    writeProfile(this.#state.sql, profile);
  }

  /** Stores canonical readings from an import or a vendor; idempotent. */
  async record(batch: Batch): Promise<Receipt> {
    return this.#store.record(batch);
  }
}
