import { DurableObject } from "cloudflare:workers";
import { SECOND_MS, systemClock } from "../../shared/clock";
import type { PersonActor, Reader } from "../../shared/context";
import type { Restore } from "../../shared/exports/restore";
import type { Batch, Receipt } from "../../shared/health/reading";
import {
  type ConnectionId,
  type ConsentId,
  type EmergencyAccessId,
  type ExportId,
  parseId,
  type PersonId,
  type ProgrammeId,
  regionOf,
  type SessionId,
  systemRandom,
} from "../../shared/id";
import { consoleLog } from "../../shared/log";
import { directoryHashes, type EmailHash, regionalHashes } from "../../shared/crypto/email-hashes";
import { directoryHashesOf, identityOf, type IdentityHashes, regionalHashesOf } from "../../shared/crypto/identity-hashes";
import { directoryKeys, regionalKeys } from "../../shared/crypto/keys";
import type { SealedPlace } from "../../shared/crypto/sealing";
import type { Admission } from "../../shared/live/admission";
import { METRIC_CODE } from "../../shared/health/catalogue";
import { parseReadingId } from "../../shared/health/reading-id";
import { parsePush, type Platform } from "../../shared/ingest/push";
import type { SearchableType } from "../../shared/fhir/search";
import type { DetailsChange, PersonDetails } from "../../shared/person-details";
import { CATEGORIES, type Category, type Consent, type SharedAction } from "../../shared/policy/vocabulary";
import { notFound, problem } from "../../shared/problem";
import type { RetentionSettings, RetentionView } from "../../shared/retention";
import type { AccountHash } from "../../shared/vendors/account";
import type { SyncPointer } from "../../shared/vendors/pointer";
import { storesOf } from "../doors";
import { migrate } from "../migrate";
import type { Ask, Given } from "../programme/terms";
import { type Access, Door, metricAccess } from "./access/door";
import type { Explanation, Judged, Unproven } from "./access/judge";
import type { RefusedSignIn } from "./access/event";
import { AccessLog, type LogPage, type LogQuery } from "./access/log";
import { narrowDays, narrowSleep, narrowWorkout, seesMetric, withoutAttributes } from "./access/narrow";
import type { Verification } from "./access/verify";
import { type MetricOverview, metricOverviews, seriesPage, type SeriesPage, type SeriesQuery } from "./answers";
import { dayAnswers, sleepAnswers, workoutAnswers, workoutWithRoute } from "./day-answers";
import {
  type EraseRange,
  pageOf,
  type PushReceipt,
  type QuarantineItem,
  type QuarantinePosition,
  readQuarantine,
  type SessionPage,
  type SessionQuery,
} from "./pages";
import { type ConsentChange, type ConsentRecord, Consents, type ConsentTerms } from "./consents/consents";
import type { BeginInput, Completed } from "./connections/connector";
import { Connections, type Registration, type SyncAnswer, type SyncResult } from "./connections/connections";
import type { SyncJob } from "./connections/job-rows";
import type { ConnectionDetail, ConnectionView } from "./connections/views";
import { contributionOf } from "./contribution";
import type { EndedGrants } from "./connections/end-grants";
import { Details } from "./details";
import { EmergencyAccesses } from "./emergency/accesses";
import type { EmergencyAccess, EmergencyOutcome } from "./emergency/rows";
import { type ExportPage, type ExportPlan, Exports, type PlannedFile } from "./export/exports";
import type { RowKey } from "./export/kind";
import { FhirPart, type ReadAnswer, type SearchAnswer } from "./fhir/part";
import type { Delivery } from "./fhir/deliveries";
import type { ForwardResult } from "./fhir/forward";
import type { Target, TargetSettings } from "./fhir/targets";
import type { SearchRequest } from "./fhir/view";
import { Elsewhere } from "./live/elsewhere";
import { type Acquaintances, Leaving, type TableCounts } from "./leaving";
import { Lifecycle } from "./lifecycle";
import { Live } from "./live/live";
import { Arrival } from "./moving/arrival";
import { Departure, type Farewell, type Place, type SliceDone } from "./moving/departure";
import type { Digest, Part, TableSpan } from "./moving/rows";
import { VAULT_MIGRATIONS } from "./migrations";
import { observationsPage, type ObservationsPage, type ObservationsQuery } from "./observations";
import { readProfile, writeProfile } from "./profile";
import { Retention } from "./retention/retention";
import { Sealer } from "./sealer";
import { RevokedSessions } from "./sessions";
import type { Profile, VaultState, Writer } from "./state";
import type { StoredSource } from "./store/sources";
import { Store } from "./store/store";
import { Timers } from "./timers";

/** The hashes under which the region and the directory find an address. */
export interface AddressHashes {
  readonly index: EmailHash;
  readonly email: EmailHash;
}

/** The hashes under which the region and the directory find who somebody is at a sign-in provider. */
export interface ProvenHashes {
  readonly index: IdentityHashes;
  readonly email: IdentityHashes;
}

/** When something that meets a pause of minutes tries again. */
const PAUSE_S = 60;

/**
 * One person's compartment: readings, connections, FHIR view and live streams, pinned to the person's region. Everything here runs
 * single-threaded and commits before it answers. Methods that take an `actor` are for people and check them; the others are for
 * Meridian's own objects and consumers.
 */
export class Vault extends DurableObject<Env> {
  readonly #state: VaultState;
  readonly #store: Store;
  readonly #sessions: RevokedSessions;
  readonly #log: AccessLog;
  readonly #door: Door;
  readonly #consents: Consents;
  readonly #fhir: FhirPart;
  readonly #live: Live;
  readonly #elsewhere: Elsewhere;
  readonly #connections: Connections;
  readonly #sealer: Sealer;
  readonly #details: Details;
  readonly #exports: Exports;
  readonly #retention: Retention;
  readonly #emergencies: EmergencyAccesses;
  readonly #life: Lifecycle;
  readonly #leaving: Leaving;
  readonly #departure: Departure;
  readonly #arrival: Arrival;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const person = parseId("person", ctx.id.name ?? "");
    if (person === undefined) throw new TypeError("a vault is opened by the id of its person");
    migrate(ctx.storage, VAULT_MIGRATIONS);
    this.#life = new Lifecycle(ctx, env, person, systemClock);
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
      record: (batch, by) => this.#record(batch, by),
      onRecorded: (listener) => store.onRecorded(listener),
    };
    this.#log = new AccessLog(this.#state);
    this.#consents = new Consents(this.#state);
    this.#sealer = new Sealer(this.#state);
    this.#emergencies = new EmergencyAccesses(this.#state, this.#sealer);
    this.#door = new Door(this.#state, {
      sessions: this.#sessions,
      log: this.#log,
      consents: this.#consents,
      emergencies: this.#emergencies,
      life: this.#life,
    });
    this.#fhir = new FhirPart(this.#state, store.sources);
    this.#live = new Live(ctx, this.#state, this.#sessions, this.#door, this.#consents);
    this.#elsewhere = new Elsewhere(this.#state);
    this.#connections = new Connections(this.#state);
    this.#details = new Details(sql, this.#sealer);
    this.#retention = new Retention(this.#state, store, this.#log, this.#door);
    this.#exports = new Exports(
      { state: this.#state, details: this.#details, emergencies: this.#emergencies, fhir: this.#fhir.view },
      this.#door,
    );
    this.#leaving = new Leaving(this.#state, this.#life, {
      live: this.#live,
      elsewhere: this.#elsewhere,
      connections: this.#connections,
      fhir: this.#fhir,
    });
    this.#departure = new Departure(this.#state, this.#life, this.#sealer, this.#log);
    this.#arrival = new Arrival(this.#state, this.#life, {
      sealer: this.#sealer,
      log: this.#log,
      consents: this.#consents,
      emergencies: this.#emergencies,
      connections: this.#connections,
      fhir: this.#fhir,
    });
  }

  override async alarm(): Promise<void> {
    // What waits goes on when the vault does.
    if (!this.#life.isOpen) return;
    await this.#state.timers.run();
  }

  /** Opens a socket of the live stream; only the Worker's live route asks for it. */
  override async fetch(request: Request): Promise<Response> {
    return this.#live.connect(request);
  }

  override async webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (this.#life.isOpen) this.#live.receive(ws, message);
  }

  override async webSocketClose(ws: WebSocket): Promise<void> {
    if (this.#life.state !== "gone") this.#live.closed(ws);
    // Completes the client's closing handshake, which the runtime leaves to the object.
    ws.close();
  }

  override async webSocketError(ws: WebSocket): Promise<void> {
    if (this.#life.state !== "gone") this.#live.closed(ws);
  }

  /** Lets the person in for something of theirs that lies elsewhere; throws `session_ended` or `not_found`. */
  async admit(actor: PersonActor, access: Access = { action: "read", resource: "session" }): Promise<void> {
    this.#door.enter(actor, access);
  }

  /** Lets an administrator read or set the person's roles, which lie in the records; throws `not_found` or `step_up_required`. */
  async administer(actor: PersonActor, action: "read" | "manage", about: readonly string[]): Promise<void> {
    this.#door.administer(actor, action, about);
  }

  /** Ends a session here: its access tokens are refused from now on, and its sockets close. `until` is when the last of them expires. */
  async revokeSession(session: SessionId, until: number): Promise<void> {
    // Whoever has left has no session.
    if (this.#life.isOver) return;
    this.#life.assertAlive();
    this.#sessions.revoke(session, until);
    this.#door.system("sessions", { action: "sign_out", resource: "session", about: [session] });
    this.#live.endSession(session);
    await this.#elsewhere.end(session);
  }

  /**
   * Lets the person go and watch somebody else's stream, in a session that ends at `until` unless renewed, and uses up the ticket where
   * there is one. Throws `session_ended`, `not_found` or `unauthenticated`.
   */
  async sendToWatch(actor: PersonActor, owner: PersonId, until: number, ticket?: Admission["ticket"]): Promise<void> {
    this.#door.check(actor);
    if (ticket !== undefined) this.#live.redeem(ticket);
    this.#elsewhere.note(owner, actor.session, until);
  }

  /** Closes the streams that somebody else watches here, in one of their sessions or in all: they may come back and are judged anew. */
  async dismissReader(person: PersonId, session?: SessionId): Promise<void> {
    if (!this.#life.isOver) this.#live.dismiss(person, session);
  }

  /** The roles of the person have changed: whatever they watch elsewhere closes. Throws where a vault could not be told yet. */
  async rolesChanged(): Promise<void> {
    if (!this.#life.isOver) await this.#elsewhere.end();
  }

  /** Forgets that this person watched the streams of somebody who has been erased. Idempotent. */
  async forgetOwner(owner: PersonId): Promise<void> {
    if (this.#life.isOver) return;
    this.#life.assertAlive();
    this.#elsewhere.forget(owner);
  }

  /** Keeps the person's zone and language; called at registration, with every change, and after a sign-in with the session it opened. */
  async setProfile(profile: Profile, opened?: SessionId): Promise<void> {
    if (opened === undefined) this.#door.system("accounts", { action: "write", resource: "profile" });
    else this.#door.signedIn(opened);
    writeProfile(this.#state.sql, profile);
  }

  /** Notes that somebody tried to sign in as the person with a wrong password or code. How often that can be, the gate says. */
  async noteRefusedSignIn(reason: RefusedSignIn): Promise<void> {
    this.#door.signInRefused(reason);
  }

  /** Birth date, sex and height, as far as the person has said them. */
  async details(actor: PersonActor): Promise<PersonDetails> {
    this.#door.enter(actor, { action: "read", resource: "profile" });
    return await this.#details.read();
  }

  /** Changes some of the details; null forgets one. */
  async changeDetails(actor: PersonActor, change: DetailsChange): Promise<void> {
    this.#door.enter(actor, { action: "write", resource: "profile" });
    await this.#details.change(change);
  }

  /** Seals a text of this person for its place in the records. */
  async seal(place: SealedPlace, text: string): Promise<string> {
    this.#life.assertAlive();
    return await this.#sealer.seal(place, text);
  }

  /** Opens a text that was sealed here for the same place; throws where it was not. */
  async unseal(place: SealedPlace, sealed: string): Promise<string> {
    this.#life.assertAlive();
    return await this.#sealer.unseal(place, sealed);
  }

  /** Puts the person's key under the region's current wrapping key; returns the version it is under then. */
  async rewrapKey(): Promise<string> {
    this.#life.assertAlive();
    return await this.#sealer.rewrap();
  }

  /** The keyed hashes of an address that was sealed here, under the current keys: the address itself stays. */
  async addressHashes(place: SealedPlace, sealed: string): Promise<AddressHashes> {
    this.#life.assertAlive();
    const address = await this.#sealer.unseal(place, sealed);
    const { env, region } = this.#state;
    const [[index], [email]] = await Promise.all([
      regionalHashes(regionalKeys(storesOf(env, region).keys), address),
      directoryHashes(directoryKeys(env.DIRECTORY_KEYS), address),
    ]);
    return { index, email };
  }

  /** The keyed hashes of who the person is at a sign-in provider, under all keys; issuer and subject stay. */
  async provenHashes(place: SealedPlace, sealed: string): Promise<ProvenHashes> {
    this.#life.assertAlive();
    const identity = identityOf(await this.#sealer.unseal(place, sealed));
    const { env, region } = this.#state;
    const [index, email] = await Promise.all([
      regionalHashesOf(regionalKeys(storesOf(env, region).keys), identity),
      directoryHashesOf(directoryKeys(env.DIRECTORY_KEYS), identity),
    ]);
    return { index, email };
  }

  /** The keyed hashes of the account that a connection belongs to, the current one first; null where there is none. */
  async accountHashes(connection: string): Promise<readonly AccountHash[] | null> {
    this.#life.assertAlive();
    return await this.#connections.accountHashes(connection);
  }

  /** Stores canonical readings of an import; idempotent. `by` is the import's id, for the access log. */
  async record(batch: Batch, by = "system"): Promise<Receipt> {
    return this.#record(batch, { kind: "system", id: by });
  }

  /** Stores what an import of an export brings back beyond readings; idempotent. `by` is the import's id. */
  async restore(restore: Restore, by: string): Promise<void> {
    this.#door.system(by, { action: "write", resource: "reading", about: [] });
    this.#store.restore(restore);
    this.#retention.restore(restore.retention);
    if (restore.details === undefined) return;
    const known = await this.#details.read();
    const missing = Object.entries(restore.details).filter(([name]) => known[name as keyof PersonDetails] === null);
    await this.#details.change(Object.fromEntries(missing));
  }

  /**
   * Stores a phone's push. The body is parsed here, inside the person's region. Throws `malformed` and `invalid` for an unreadable
   * envelope; single bad records are named in the receipt.
   */
  async ingest(actor: PersonActor, platform: Platform, body: ArrayBuffer): Promise<PushReceipt> {
    this.#door.enter(actor, { action: "write", resource: "reading" });
    const push = parsePush(platform, new Uint8Array(body), this.#state.now());
    const receipt = this.#store.record(push.batch);
    return { ...receipt, rejected: [...push.rejected, ...receipt.rejected], cursor: push.cursor };
  }

  /** What there is: one entry per metric. */
  async metrics(actor: Reader): Promise<MetricOverview[]> {
    const entry = this.#door.enter(actor, { action: "read", resource: "metric", category: "each" });
    return metricOverviews(this.#state.sql).filter(({ key }) => seesMetric(entry, key));
  }

  /** One page of a metric's series; throws `not_found` for an unknown metric. */
  async series(actor: Reader, query: SeriesQuery): Promise<SeriesPage> {
    const { isOwner } = this.#door.enter(actor, metricAccess("read", query.key));
    const page = seriesPage(this.#state.sql, this.#store, this.#state.profile().timeZone, query);
    return isOwner || query.resolution !== "raw" ? page : { ...page, items: withoutAttributes(page.items) };
  }

  /** One page of raw readings of many metrics; throws `not_found` for an unknown metric. */
  async observations(actor: PersonActor, query: ObservationsQuery): Promise<ObservationsPage> {
    this.#door.enter(actor, { action: "read", resource: "reading" });
    return observationsPage(this.#state.sql, this.#store, this.#state.profile().timeZone, query);
  }

  /** Summaries of the local dates [from, to] (days since 1970-01-01), as JSON text of an array. */
  async days(actor: Reader, from: number, to: number, every: boolean): Promise<string> {
    const entry = this.#door.enter(actor, { action: "read", resource: "day", category: "each" });
    const days = dayAnswers(this.#state.sql, this.#store, this.#state.profile().timeZone, from, to, every);
    return JSON.stringify(narrowDays(entry, days, every));
  }

  /** Sleep sessions that end in the window, in order. */
  async sleep(actor: Reader, query: SessionQuery): Promise<SessionPage> {
    const entry = this.#door.enter(actor, { action: "read", resource: "sleep", category: "sleep" });
    const found = sleepAnswers(this.#state.sql, this.#store, query.from, query.to, query.choice);
    return pageOf(found, query, (answer) => narrowSleep(entry, answer));
  }

  /** Workouts that begin in the window, in order, without routes. */
  async workouts(actor: Reader, query: SessionQuery): Promise<SessionPage> {
    const entry = this.#door.enter(actor, { action: "read", resource: "workout", category: "activity", details: ["vitals"] });
    const found = workoutAnswers(this.#state.sql, this.#store, query.from, query.to, query.choice);
    return pageOf(found, query, (answer) => narrowWorkout(entry, answer));
  }

  /** One workout with its route as JSON text; throws `not_found`. */
  async workout(actor: PersonActor, id: string): Promise<string> {
    this.#door.enter(actor, { action: "read", resource: "reading", about: [id] });
    const key = parseReadingId(id);
    const found = key?.kind === "workout" ? workoutWithRoute(this.#state.sql, this.#store, key.source, key.start, key.tag) : undefined;
    if (found === undefined) throw notFound("workout");
    return JSON.stringify(found);
  }

  /** The sources of the readings that are here, also of those kept apart. */
  async sources(actor: PersonActor): Promise<StoredSource[]> {
    this.#door.enter(actor, { action: "read", resource: "source" });
    return this.#store.sources.withReadings();
  }

  /** Readings that were kept apart, newest first. */
  async quarantined(actor: PersonActor, limit: number, after: QuarantinePosition | undefined): Promise<QuarantineItem[]> {
    this.#door.enter(actor, { action: "read", resource: "quarantine" });
    return readQuarantine(this.#state.sql, limit, after);
  }

  /** Deletes a range of a metric (or of all), of one source (or of all). Throws `not_found` for an unknown metric or source. */
  async erase(actor: PersonActor, range: EraseRange): Promise<{ deleted: number }> {
    this.#door.enter(actor, { action: "delete", resource: "metric", about: aboutRange(range) });
    const metric = range.key === undefined ? 0 : METRIC_CODE.get(range.key);
    if (metric === undefined) throw notFound("metric");
    if (range.source !== undefined && this.#store.sources.get(range.source) === undefined) throw notFound("source");
    const sources = range.source === undefined ? undefined : [range.source];
    return this.#store.erase({ metric, source: range.source ?? 0, sources, from: range.from, to: range.to });
  }

  /** Deletes one reading, sleep session or workout by its id; throws `not_found`. */
  async eraseOne(actor: PersonActor, id: string): Promise<void> {
    this.#door.enter(actor, { action: "delete", resource: "reading", about: [id] });
    const key = parseReadingId(id);
    if (key === undefined || !this.#store.eraseOne(key)) throw notFound("reading");
  }

  /** One FHIR resource of this compartment; throws `not_found`. */
  async readFhir(actor: PersonActor, type: SearchableType, id: string): Promise<ReadAnswer> {
    this.#door.enter(actor, { action: "read", resource: "fhir", about: [type] });
    return this.#fhir.read(type, id);
  }

  /** One page of a FHIR search in this compartment; throws `malformed`. */
  async searchFhir(actor: PersonActor, request: SearchRequest): Promise<SearchAnswer> {
    this.#door.enter(actor, { action: "read", resource: "fhir", about: [request.type] });
    return this.#fhir.search(request);
  }

  /** The person's connections to vendors, oldest first. */
  async connections(actor: PersonActor): Promise<ConnectionView[]> {
    this.#door.enter(actor, { action: "read", resource: "connection" });
    return this.#connections.list();
  }

  /** The connections to one vendor with progress and history; throws `vendor_retired` and `not_found`. */
  async connectionStatus(actor: PersonActor, vendor: string): Promise<ConnectionDetail[]> {
    this.#door.enter(actor, { action: "read", resource: "connection" });
    return this.#connections.status(vendor);
  }

  /** Picks a vendor: makes a connection that waits for consent, or takes up an old one. */
  async selectVendor(actor: PersonActor, vendor: string): Promise<ConnectionView> {
    this.#door.enter(actor, { action: "manage", resource: "connection" });
    return this.#connections.select(vendor);
  }

  /** Starts an authorization at a vendor and returns where the person agrees. */
  async beginConnection(actor: PersonActor, input: BeginInput): Promise<{ connection: ConnectionId; url: string }> {
    this.#door.enter(actor, { action: "manage", resource: "connection" });
    return await this.#connections.begin(input);
  }

  /** Completes an authorization; the one-use state is the proof. Throws `gone`, `invalid`, `vendor_failed`, `unavailable`. */
  async completeConnection(stateHash: string, code: string): Promise<Completed & { readonly registration: Registration }> {
    if (!this.#life.isOpen) throw problem("gone", "The account is going to be erased.");
    this.#door.system("vendor_authorization", { action: "manage", resource: "connection" });
    return await this.#connections.complete(stateHash, code);
  }

  /** Ends an authorization that the person or the vendor refused; throws `gone`. */
  async refuseConnection(stateHash: string, error: string): Promise<{ returnTo: string | undefined }> {
    this.#life.assertAlive();
    return this.#connections.refuse(stateHash, error);
  }

  /** Ends a connection: revoked at the vendor where `tell`, tokens destroyed; readings stay unless `deleteData`. Throws `not_found`. */
  async disconnect(actor: PersonActor, connection: string, options: { tell: boolean; deleteData: boolean }): Promise<{ deleted: number }> {
    this.#door.enter(actor, { action: "manage", resource: "connection", about: [connection] });
    return await this.#connections.disconnect(connection, options);
  }

  /** Takes pointers of the sync queue into the vault's own list of work; an answer for each, in their order. */
  async sync(pointers: readonly SyncPointer[]): Promise<SyncAnswer[]> {
    if (this.#life.state === "frozen") return pointers.map(() => ({ outcome: "later", retryAfterS: PAUSE_S }));
    if (!this.#life.isOpen) return pointers.map(() => ({ outcome: "dropped" }));
    return pointers.map((pointer) => this.#connections.sync(pointer));
  }

  /** Notes a pointer that could not be delivered for good. */
  async failSync(pointer: SyncPointer): Promise<void> {
    if (this.#life.isOpen) this.#connections.failSync(pointer);
  }

  /** Opens a job that reads what is new; the caller queues a pointer for each connection. */
  async requestSync(actor: PersonActor, vendor?: string): Promise<{ job: SyncJob; connections: ConnectionId[] }> {
    this.#door.enter(actor, { action: "manage", resource: "connection" });
    return this.#connections.request(vendor);
  }

  /** How a requested sync goes on; throws `not_found`. */
  async syncJob(actor: PersonActor, id: string): Promise<SyncJob> {
    this.#door.enter(actor, { action: "read", resource: "connection" });
    return this.#connections.job(id);
  }

  /** Reads what is new now, within a request's time. */
  async syncNow(actor: PersonActor, vendor?: string): Promise<SyncResult[]> {
    this.#door.enter(actor, { action: "manage", resource: "connection" });
    return await this.#connections.syncNow(vendor);
  }

  /** The FHIR servers this person's readings are forwarded to. */
  async fhirTargets(actor: PersonActor): Promise<Target[]> {
    this.#door.enter(actor, { action: "read", resource: "forwarding" });
    return this.#fhir.targets.all();
  }

  /** Adds a forwarding target; throws `invalid`, `unknown_metric` or `conflict`. */
  async createFhirTarget(actor: PersonActor, settings: TargetSettings): Promise<Target> {
    this.#door.enter(actor, { action: "manage", resource: "forwarding" });
    return this.#fhir.targets.create(settings);
  }

  /** Changes a forwarding target; throws `not_found`, `invalid` or `unknown_metric`. */
  async changeFhirTarget(actor: PersonActor, id: string, change: Partial<TargetSettings>): Promise<Target> {
    this.#door.enter(actor, { action: "manage", resource: "forwarding", about: [id] });
    const target = await this.#fhir.targets.change(id, change);
    this.#fhir.forwarding.wake(id);
    return target;
  }

  /** Forgets a forwarding target; throws `not_found`. */
  async removeFhirTarget(actor: PersonActor, id: string): Promise<void> {
    this.#door.enter(actor, { action: "manage", resource: "forwarding", about: [id] });
    this.#fhir.targets.remove(id);
  }

  /** Windows that a target is to get or got, newest first; throws `not_found`. */
  async fhirDeliveries(
    actor: PersonActor,
    id: string,
    state: Delivery["state"] | undefined,
    before: string | undefined,
    limit: number,
  ): Promise<Delivery[]> {
    this.#door.enter(actor, { action: "read", resource: "forwarding", about: [id] });
    this.#fhir.targets.get(id);
    return this.#fhir.forwarding.deliveries.page(id, state, before, limit);
  }

  /** Sends again what was given up, or everything; throws `not_found`. */
  async replayFhir(actor: PersonActor, id: string, scope: "failed" | "all"): Promise<number> {
    this.#door.enter(actor, { action: "manage", resource: "forwarding", about: [id] });
    return this.#fhir.forwarding.replay(id, scope);
  }

  /** Sends what is due to a target; idempotent. For the queue's consumer. */
  async forwardFhir(target: string): Promise<ForwardResult> {
    if (!this.#life.isOpen) return this.#life.state === "frozen" ? { retryAfterMs: PAUSE_S * SECOND_MS } : {};
    this.#door.system("forwarding", { action: "export", resource: "fhir", about: [target] });
    return this.#fhir.forwarding.forward(target);
  }

  /** Gives up what is open at a target, visibly. For the consumer of dead letters. */
  async buryFhir(target: string): Promise<void> {
    if (this.#life.isOpen) this.#fhir.forwarding.bury(target);
  }

  /** Lines of the access log, newest first; reading it is the newest. */
  async accessLog(actor: PersonActor, query: LogQuery): Promise<LogPage> {
    this.#door.enter(actor, { action: "read", resource: "access_log" });
    return this.#log.page(query);
  }

  /** Proves part of the access log; see `AccessLog.verify`. */
  async verifyAccessLog(actor: PersonActor, after: number, limit: number): Promise<Verification> {
    this.#door.check(actor);
    const verification = await this.#log.verify(after, limit);
    // Logged afterwards, so that a cut-off end is found where it was cut.
    this.#door.enter(actor, { action: "read", resource: "access_log", about: ["verify"] });
    return verification;
  }

  /** The person's consents in their newest versions, latest first. */
  async consents(actor: PersonActor, before: string | undefined, limit: number): Promise<ConsentRecord[]> {
    this.#door.enter(actor, { action: "read", resource: "consent" });
    return this.#consents.page(before, limit);
  }

  /** Every version of a consent, newest first; throws `not_found`. */
  async consentHistory(actor: PersonActor, id: ConsentId): Promise<ConsentRecord[]> {
    this.#door.enter(actor, { action: "read", resource: "consent", about: [id] });
    return this.#consents.history(id);
  }

  /** The version of a consent that a receipt proves, or null; throws `not_found`. */
  async proveConsent(actor: PersonActor, id: ConsentId, receipt: string): Promise<ConsentRecord | null> {
    this.#door.enter(actor, { action: "read", resource: "consent", about: [id] });
    return this.#consents.prove(id, receipt) ?? null;
  }

  /** Gives a consent, which counts at once; throws `invalid` or `conflict`. */
  async giveConsent(actor: PersonActor, id: ConsentId, terms: ConsentTerms): Promise<ConsentRecord> {
    this.#door.enter(actor, { action: "manage", resource: "consent", about: [id] });
    return this.#consents.give(id, terms);
  }

  /** Makes a new version of a consent; throws `not_found`, `precondition_failed`, `conflict` or `invalid`. */
  async changeConsent(actor: PersonActor, id: ConsentId, change: ConsentChange, ifVersion: number | undefined): Promise<ConsentRecord> {
    this.#door.enter(actor, { action: "manage", resource: "consent", about: [id] });
    return this.#consents.change(id, change, ifVersion);
  }

  /** Takes a consent back: the next call of the grantee is refused. Throws `not_found` or `precondition_failed`. */
  async revokeConsent(actor: PersonActor, id: ConsentId, ifVersion: number | undefined): Promise<ConsentRecord> {
    this.#door.enter(actor, { action: "manage", resource: "consent", about: [id] });
    return this.#consents.revoke(id, ifVersion);
  }

  /** How a decision about somebody would go now, and why. */
  async explainAccess(
    actor: PersonActor,
    somebody: Unproven,
    action: SharedAction,
    category: Category,
  ): Promise<Explanation & Pick<Judged, "assurance">> {
    this.#door.enter(actor, { action: "read", resource: "consent", about: somebody.as.map(({ id }) => id) });
    return this.#door.judge.explain(somebody, action, "metric", category);
  }

  /** What this person shares with the actor, and their name; null where nothing. */
  async sharedWith(actor: Reader): Promise<{ name: string | null; consents: Consent[] } | null> {
    const consents = this.#door.showConsents(actor);
    return consents.length === 0 ? null : { name: this.#state.profile().name ?? null, consents };
  }

  /** How long what is kept, and what was done about it. */
  async retention(actor: PersonActor): Promise<RetentionView> {
    this.#door.enter(actor, { action: "read", resource: "retention" });
    return this.#retention.view();
  }

  /** Chooses how long what is kept; problem `invalid`. What is too old goes at once. */
  async setRetention(actor: PersonActor, settings: RetentionSettings): Promise<RetentionView> {
    this.#door.enter(actor, { action: "manage", resource: "retention" });
    this.#retention.set(settings);
    return this.#retention.view();
  }

  /** Lets an export read everything from now on, or names the one that does already. Problem `rate_limited`. */
  async openExport(actor: PersonActor, id: ExportId): Promise<{ running: string | null }> {
    this.#door.enter(actor, { action: "export", resource: "export", about: [id] });
    return this.#exports.open(id);
  }

  /** Ends an export's access; over with the person, too. */
  async closeExport(id: string): Promise<void> {
    if (this.#life.isOver) return;
    this.#life.assertAlive();
    this.#exports.close(id);
  }

  /**
   * What an export consists of. For the exporter; problems `not_found` where the person did not begin it, or it has ended, `gone` for one
   * who is erased.
   */
  async exportPlan(id: string): Promise<ExportPlan> {
    this.#life.assertAlive();
    return this.#exports.plan(id);
  }

  /** A piece of one file of an export. For the exporter; problems as above. */
  async exportPage(id: string, file: PlannedFile, after: RowKey | null): Promise<ExportPage> {
    this.#life.assertAlive();
    return await this.#exports.page(id, file, after);
  }

  /**
   * Begins to break the glass: decides, and writes down what the person is told. Nothing can be read before `openEmergency`. Throws
   * `not_found` for whoever may not. `actor` comes with the roles and the assurance that the records say now.
   */
  async prepareEmergency(
    actor: PersonActor,
    id: EmergencyAccessId,
    name: string,
    reason: string,
  ): Promise<{ openedAt: number; endsAt: number }> {
    this.#door.breakGlass(actor, id);
    return await this.#emergencies.prepare(id, { clinician: actor.person, name, session: actor.session, reason });
  }

  /** Opens what was prepared, once whatever it owes is written down. Throws `not_found`. */
  async openEmergency(id: EmergencyAccessId): Promise<void> {
    // Whoever has asked for their erasure meanwhile is seen by nobody.
    if (!this.#life.isOpen) throw notFound("person");
    this.#emergencies.open(id);
  }

  /** Who broke the glass, when and why, latest first. */
  async emergencies(actor: PersonActor, before: string | undefined, limit: number): Promise<EmergencyAccess[]> {
    this.#door.enter(actor, { action: "read", resource: "emergency_access" });
    return await this.#emergencies.page(before, limit);
  }

  /** Ends an emergency access for the very next read. Throws `not_found`. */
  async endEmergency(actor: PersonActor, id: EmergencyAccessId): Promise<void> {
    this.#door.enter(actor, { action: "manage", resource: "emergency_access", about: [id] });
    this.#emergencies.end(id);
  }

  /** One emergency access for a reviewer, whose roles and assurance the records say now. Throws `not_found`. */
  async emergencyForReview(actor: PersonActor, id: EmergencyAccessId): Promise<EmergencyAccess> {
    this.#door.review(actor, "read", id, (one) => this.#emergencies.clinicianOf(one));
    return await this.#emergencies.show(id);
  }

  /** Keeps the outcome of a review. Throws `not_found`, `forbidden` and `conflict`. */
  async decideEmergency(
    actor: PersonActor,
    id: EmergencyAccessId,
    outcome: EmergencyOutcome,
    note: string,
  ): Promise<{ decidedAt: number }> {
    this.#door.review(actor, "manage", id, (one) => this.#emergencies.clinicianOf(one));
    return await this.#emergencies.decide(id, actor.person, outcome, note);
  }

  /** What this person gives a programme, by their consent and logged; null where they give nothing. For the programme's own object. */
  async contribute(ask: Ask): Promise<Given | null> {
    if (this.#life.isOver) return null;
    const details = await this.#details.read();
    const entry = this.#door.contribute(ask.programme, ask.metrics);
    return entry === undefined ? null : contributionOf(this.#state.sql, this.#store, entry, details, ask);
  }

  /** Whether this person still takes part in a programme with all of these categories. */
  async stillContributes(programme: ProgrammeId, categories: readonly Category[]): Promise<boolean> {
    if (!this.#life.isOpen) return false;
    const gives = (category: Category) => this.#door.judge.programme(programme, category).allow;
    return CATEGORIES.some(gives) && categories.every(gives);
  }

  /** Pauses everything but the person's own looking, since they have asked for their erasure. Idempotent. */
  async suspend(): Promise<void> {
    this.#door.system("accounts", { action: "delete", resource: "account" });
    this.#leaving.suspend();
  }

  /** Takes up again what was paused. Idempotent. */
  async resume(): Promise<void> {
    this.#leaving.resume();
    this.#door.system("accounts", { action: "manage", resource: "account" });
  }

  /** Stands still, to be copied to another region; `resume` takes it back. Throws `conflict` for somebody who is going to be erased. */
  async freeze(): Promise<void> {
    this.#leaving.freeze();
  }

  /** Whether the whole access log is proven. */
  async logIsIntact(): Promise<boolean> {
    return await this.#departure.logIsIntact();
  }

  /** How many rows a move has to carry. */
  async rowsToMove(): Promise<number> {
    return this.#departure.rows();
  }

  /** Hands a slice of a frozen vault to the person's new one. */
  async copySlice(to: PersonId, place: Place): Promise<SliceDone> {
    return await this.#departure.copy(to, place);
  }

  /** Compares a slice of a frozen vault with the person's new one. */
  async compareSlice(to: PersonId, place: Place): Promise<SliceDone> {
    return await this.#departure.compare(to, place);
  }

  /** Has a value of the records sealed anew by the person's new vault. */
  async reseal(place: SealedPlace, sealed: string, to: PersonId, toPlace: SealedPlace): Promise<string> {
    return await this.#departure.reseal(place, sealed, to, toPlace);
  }

  /** The head of the log with the old region's word for it. */
  async farewell(to: PersonId): Promise<Farewell> {
    return this.#departure.farewell(to);
  }

  /** Waits for a person who comes from another region. */
  async beginArrival(): Promise<void> {
    this.#arrival.begin();
  }

  /** Takes rows from the old vault; called by that vault alone. */
  async takeRows(parts: readonly Part[]): Promise<void> {
    await this.#arrival.take(parts);
  }

  /** What has arrived of each span; called by the old vault alone. */
  async digestRows(spans: readonly TableSpan[]): Promise<Digest[]> {
    return await this.#arrival.digest(spans);
  }

  /** Seals a value that arrives; called by the old vault alone. */
  async sealArriving(place: SealedPlace, text: string): Promise<string> {
    return await this.#arrival.seal(place, text);
  }

  /** Begins to work for the person who has arrived. Idempotent. */
  async arrive(farewell: Farewell): Promise<void> {
    await this.#arrival.open(farewell);
  }

  /** Empties a vault at which somebody was to arrive who does not. */
  async discard(): Promise<void> {
    if (this.#life.state === "gone") return;
    const isUnused = this.#life.isOpen && this.#log.head().seq === 0;
    if (this.#life.state !== "frozen" && !isUnused) throw problem("conflict", "The vault is not waiting for anybody.");
    await this.#life.destroy();
  }

  /** Follows the grantee of a consent to their new id. False where the consent is not to them. */
  async regrant(consent: ConsentId, from: PersonId, to: PersonId): Promise<boolean> {
    this.#door.system("region_move", { action: "manage", resource: "consent", about: [consent] });
    return this.#consents.regrant(consent, from, to);
  }

  /** Lets nobody in any more, and nothing that Meridian does for them. Idempotent. */
  async close(): Promise<void> {
    this.#leaving.close();
  }

  /** Rows of each table; for the receipt of an erasure. */
  async inventory(): Promise<TableCounts> {
    return this.#life.state === "gone" ? {} : this.#leaving.inventory();
  }

  /** Ends what a closed vault has open with others, and names who else knows of the person; see `Leaving.takeLeave`. */
  async takeLeave(): Promise<Acquaintances> {
    return await this.#leaving.takeLeave();
  }

  /** Ends the permissions at vendors of a closed vault; see `endGrants`. */
  async endGrants(shared: readonly string[], isLast: boolean): Promise<EndedGrants> {
    return await this.#leaving.endGrants(shared, isLast);
  }

  /** Empties the vault, for good. Throws `conflict` where it was not closed before. */
  async destroy(): Promise<void> {
    if (!this.#life.isOver) throw problem("conflict", "The vault is not closed.");
    await this.#life.destroy();
  }

  #record(batch: Batch, by: Writer): Receipt {
    this.#life.assertAlive();
    const receipt = this.#store.record(batch);
    this.#door.wrote(by, batch);
    return receipt;
  }
}

/** What a deletion is about, for the log: nothing that the catalogue does not know. */
function aboutRange({ key }: EraseRange): string[] {
  return key !== undefined && METRIC_CODE.has(key) ? [key] : [];
}
