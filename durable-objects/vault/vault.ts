import { DurableObject } from "cloudflare:workers";
import { SECOND_MS } from "../../shared/clock";
import { type ClientActor, idOf, type PersonActor, type Reader } from "../../shared/context";
import type { LabForm } from "../../shared/labs/form";
import type { LabTest } from "../../shared/labs/lab-test";
import type { ResourceDraft } from "../../shared/imports/fhir/taken-in";
import type { LabBatch, LabFile, LabReceipt } from "../../shared/labs/result";
import type { Restore } from "../../shared/exports/restore";
import type { Batch, Receipt } from "../../shared/health/reading";
import {
  type ConnectionId,
  type ConsentId,
  type EmergencyAccessId,
  type EventId,
  type ExportId,
  parseId,
  type PersonId,
  type ProgrammeId,
  type RoomId,
  type SessionId,
  type TransferId,
  type WebhookId,
} from "../../shared/id";
import { directoryHashes, type EmailHash, regionalHashes } from "../../shared/crypto/email-hashes";
import { directoryHashesOf, identityOf, type IdentityHashes, regionalHashesOf } from "../../shared/crypto/identity-hashes";
import { directoryKeys, regionalKeys } from "../../shared/crypto/keys";
import type { SealedPlace } from "../../shared/crypto/sealing";
import { type Admission, ADMISSION_HEADER, readAdmission } from "../../shared/live/admission";
import { METRIC_CODE } from "../../shared/health/catalogue";
import { parseReadingId } from "../../shared/health/reading-id";
import type { SourceSettings } from "../../shared/health/source-settings";
import { parsePush, type Platform } from "../../shared/ingest/push";
import type { Outcome } from "../../shared/notifications/channels/outcome";
import type { Preferences } from "../../shared/notifications/preferences";
import { type News, NOTIFICATION_TYPE_NAMES, type Noted, type NotificationType } from "../../shared/notifications/types";
import type { RemotePatient } from "../../shared/fhir/remote-patient";
import { isResourceType } from "../../shared/fhir/r4/structures";
import { bulkFile, NDJSON } from "../../shared/fhir/bulk";
import { ADVICE_TYPES } from "../../shared/fhir/classes";
import { policyScopesOf, reachOfClient } from "../../shared/fhir/client-scopes";
import { intersection, type Reach, reachOfReader, WHOLE_REACH } from "../../shared/fhir/reach";
import type { SearchableType } from "../../shared/fhir/search";
import { type RecordForm, type RecordName, RECORDS } from "../../shared/records/records";
import type { DetailsChange, PersonDetails } from "../../shared/person-details";
import { CATEGORIES, type Category, type Consent, type SharedAction } from "../../shared/policy/vocabulary";
import { isProblem, notFound, problem } from "../../shared/problem";
import type { RetentionSettings, RetentionView } from "../../shared/retention";
import type { WalletUnit } from "../../shared/wallet/wallet";
import type { AccountHash } from "../../shared/vendors/account";
import type { ConnectionView } from "../../shared/vendors/connection-view";
import type { PushedPointer, SyncPointer, VaultPointer } from "../../shared/vendors/pointer";
import type { OwnAccount } from "../../shared/vendors/own-account";
import { storesOf } from "../doors";
import { migrate } from "../migrate";
import type { Ask, Given } from "../programme/terms";
import { type Access, metricAccess } from "./access/door";
import type { OrganisationDefinition } from "../../shared/achievements/own-rules";
import type { AchievementSettings, FeedAward, OwnAchievement, ShownAchievement } from "./achievements/achievements";
import { type Explanation, type Judged, judgedAs, type Unproven } from "./access/judge";
import type { RefusedSignIn } from "./access/event";
import type { LogPage, LogQuery } from "./access/log";
import { narrowDays, narrowSleep, narrowWorkout, seesMetric, withoutAttributes } from "./access/narrow";
import type { Verification } from "./access/verify";
import { type MetricOverview, metricOverviews, seriesPage, type SeriesPage, type SeriesQuery } from "./answers";
import { mealAnswer } from "./meal-answer";
import { dayAnswers, sleepAnswers, workoutAnswers, workoutWithRoute } from "./day-answers";
import {
  type DaysQuery,
  type EraseRange,
  pageOf,
  type PushReceipt,
  type QuarantineItem,
  type QuarantineQuery,
  readQuarantine,
  type SessionPage,
  type SessionQuery,
} from "./pages";
import { type Joined, type Joining, type PartChange, type PartView, readOf, type RoundDetail } from "./challenges/challenges";
import type { StoredEffort } from "./challenges/part-rows";
import type { ConsentChange, ConsentRecord, ConsentTerms } from "./consents/consents";
import type { BeginInput, Completed } from "./connections/connector";
import type { Registration, SyncAnswer, SyncResult } from "./connections/connections";
import type { SyncJob } from "./connections/job-rows";
import type { Push } from "./connections/push-rows";
import type { ConnectionDetail } from "./connections/views";
import { type AskedPeriod, datesOf } from "./asked-period";
import { compareSources } from "./compare-sources";
import type { NotedMembership, RoomNews, RoomPointer, RoomsMark } from "./rooms/rooms";
import { contributionOf } from "./contribution";
import type { EndedGrants } from "./connections/end-grants";
import type { EmergencyAccess, EmergencyOutcome } from "./emergency/rows";
import type { ExportPage, ExportPlan, PlannedFile } from "./export/exports";
import type { RowKey } from "./export/kind";
import type { LabPage, LabQuery, ReportForm, ReportQuery } from "./labs/labs";
import type { BulkRequest, BulkStep } from "./fhir/bulk";
import type { ReadAnswer, SearchAnswer } from "./fhir/part";
import type { Delivery } from "./fhir/deliveries";
import type { ForwardResult } from "./fhir/forward";
import type { SourceStatus } from "./fhir/source";
import type { Target, TargetSettings } from "./fhir/targets";
import type { BinaryAnswer, BinaryRequest } from "./fhir/stored/binaries";
import { type FhirOperation, isOfSubscriptions, type OperationAnswer, typeOfOperation } from "./fhir/stored/operations";
import { isSubscriptionWrite } from "./subscriptions/subscriptions";
import type { FhirAnswer } from "./fhir/stored/answers";
import type { FhirRequest } from "./fhir/stored/requests";
import type { SearchRequest, Sight } from "./fhir/view";
import type { InboxAnswer } from "../../shared/inbox/inbox";
import type { InboxEntry, InboxPage, InboxQuery } from "./inbox/inbox";
import type { Mark, NotificationChanges, NotificationPage, NotificationQuery, Selection } from "./notifications/notifications";
import type { Address, AddressKind, SuppressionReason } from "./notifications/addresses";
import type { Parcel, ProviderEvent, Send } from "./notifications/outbox";
import type { Notification } from "./notifications/rows";
import type { ConversationLevel, NotificationChoices } from "./notifications/settings";
import type { RecordPage, RecordQuery } from "./records/records";
import type { Gap, GapKey, GapQuery } from "./gaps/gap-rows";
import type { GapRun } from "./gaps/gaps";
import type { Acquaintances, TableCounts } from "./leaving";
import type { Farewell, Place, SliceDone } from "./moving/departure";
import type { Digest, Part, TableSpan } from "./moving/rows";
import { VAULT_MIGRATIONS } from "./migrations";
import { openParts, type Parts } from "./parts";
import { type Overview, overviewOf } from "./overview";
import { observationsPage, type ObservationsPage, type ObservationsQuery } from "./observations";
import { writeProfile } from "./profile";
import { reconcile } from "./reconcile";
import { changeSettings, type SourceSettingsView, viewSettings } from "./source-settings";
import type { Recalled } from "./standing";
import type { Profile } from "./state";
import type { Decided, HeldQuery } from "./store/quarantine";
import type { StoredSource, Withheld } from "./store/sources";
import type { NewStreamTarget, StreamTarget } from "./streams/targets";
import type { Transaction } from "./wallet/ledger";
import type { Balance, HeldVoucher, Offer, OpenVoucher, Payment, Transfer, Voucher, VoucherNews, VoucherPlace } from "./wallet/wallet";
import type { Subscriber } from "./webhooks/subscriber";
import type { Audience, SendAsk, SendOutcome } from "./webhooks/webhooks";

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

/** Where the Worker asks to follow a connection. */
const FOLLOWED = /^\/connections\/([^/]+)$/;
/** When something that meets a pause of minutes tries again. */
const PAUSE_S = 60;

/**
 * One person's compartment: readings, connections, FHIR view and live streams, pinned to the person's region. Everything here runs
 * single-threaded and commits before it answers. Methods that take an `actor` are for people and check them; the others are for
 * Meridian's own objects and consumers.
 */
export class Vault extends DurableObject<Env> {
  readonly #parts: Parts;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const person = parseId("person", ctx.id.name ?? "");
    if (person === undefined) throw new TypeError("a vault is opened by the id of its person");
    migrate(ctx.storage, VAULT_MIGRATIONS);
    this.#parts = openParts(ctx, env, person);
  }

  override async alarm(): Promise<void> {
    // What waits goes on when the vault does.
    if (!this.#parts.life.isOpen) return;
    await this.#parts.state.timers.run();
  }

  /** Opens a socket of the live stream, or lets the person follow a connection; only the Worker's routes ask for it. */
  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === "/subscriptions") return this.#parts.sockets.connect(request);
    const follows = FOLLOWED.exec(new URL(request.url).pathname)?.[1];
    return follows === undefined ? this.#parts.live.connect(request) : this.#follow(request, follows);
  }

  #follow(request: Request, follows: string): Response {
    try {
      const actor = readAdmission(request.headers.get(ADMISSION_HEADER))?.actor;
      if (actor === undefined) throw problem("unauthenticated");
      this.#parts.door.enter(actor, { action: "read", resource: "connection", about: [follows] });
      const after = new URL(request.url).searchParams.get("after");
      return this.#parts.followers.open(request, follows, actor.session, after === null ? undefined : Number(after));
    } catch (error) {
      if (!isProblem(error)) throw error;
      return Response.json({ code: error.code, detail: error.detail }, { status: error.status });
    }
  }

  override async webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (this.#parts.life.isOpen && this.#parts.sockets.has(ws)) return await this.#parts.subscriptions.receive(ws, message);
    // Followers have nothing to say; what they send is ignored.
    if (this.#parts.life.isOpen && !this.#parts.followers.has(ws)) this.#parts.live.receive(ws, message);
  }

  override async webSocketClose(ws: WebSocket): Promise<void> {
    if (this.#parts.life.state !== "gone" && !this.#isOfOthers(ws)) this.#parts.live.closed(ws);
    // Completes the client's closing handshake, which the runtime leaves to the object.
    ws.close();
  }

  override async webSocketError(ws: WebSocket): Promise<void> {
    if (this.#parts.life.state !== "gone" && !this.#isOfOthers(ws)) this.#parts.live.closed(ws);
  }

  /** Whether a socket is none of the live stream's. */
  #isOfOthers(ws: WebSocket): boolean {
    return this.#parts.followers.has(ws) || this.#parts.sockets.has(ws);
  }

  /** Lets the person in for something of theirs that lies elsewhere; throws `session_ended` or `not_found`. */
  async admit(actor: PersonActor, access: Access = { action: "read", resource: "session" }): Promise<void> {
    this.#parts.door.enter(actor, access);
  }

  /** Lets an administrator read or set the person's roles, which lie in the records; throws `not_found` or `step_up_required`. */
  async administer(actor: PersonActor, action: "read" | "manage", about: readonly string[]): Promise<void> {
    this.#parts.door.administer(actor, action, about);
  }

  /**
   * What is known of the person as a reader of somebody else's data: see `Standing`. `ended` for a session that is over, and nothing where
   * only the records can say.
   */
  async recallReader(actor: PersonActor, owner: PersonId): Promise<Recalled | "ended" | undefined> {
    if (!this.#parts.life.isOpen || actor.person !== this.#parts.state.person) return undefined;
    return this.#parts.sessions.isEnded(actor) ? "ended" : this.#parts.standing.recall(actor, owner);
  }

  /** Keeps what the records said of the person, who holds no role but that of a user, and of the owner, who is registered. */
  async learnReader(actor: PersonActor, owner: PersonId, sessionEnds: number, epoch: number): Promise<void> {
    if (this.#parts.life.isOpen && actor.person === this.#parts.state.person) this.#parts.standing.learn(actor, owner, sessionEnds, epoch);
  }

  /** Ends a session here: its access tokens are refused from now on, and its sockets close. `until` is when the last of them expires. */
  async revokeSession(session: SessionId, until: number): Promise<void> {
    // Whoever has left has no session.
    if (this.#parts.life.isOver) return;
    this.#parts.life.assertAlive();
    this.#parts.sessions.revoke(session, until);
    this.#parts.door.system("sessions", { action: "sign_out", resource: "session", about: [session] });
    this.#parts.live.endSession(session);
    this.#parts.followers.endSession(session);
    this.#parts.subscriptions.endSession(session);
    await this.#parts.elsewhere.end(session);
  }

  /**
   * Lets the person go and watch somebody else's stream, in a session that ends at `until` unless renewed, and uses up the ticket where
   * there is one. Throws `session_ended`, `not_found` or `unauthenticated`.
   */
  async sendToWatch(actor: PersonActor, owner: PersonId, until: number, ticket?: Admission["ticket"]): Promise<void> {
    this.#parts.door.check(actor);
    if (ticket !== undefined) this.#parts.live.redeem(ticket);
    this.#parts.elsewhere.note(owner, actor.session, until);
  }

  /** Lets the person watch what belongs to nobody alone, as a board; uses up the ticket where there is one. */
  async redeemTicket(actor: PersonActor, ticket: Admission["ticket"]): Promise<void> {
    this.#parts.door.check(actor);
    if (ticket !== undefined) this.#parts.live.redeem(ticket);
  }

  /** Lets the person act in their rooms, which lie elsewhere. Throws `session_ended`, and `forbidden` for somebody who is going to be erased. */
  async enterRooms(actor: PersonActor): Promise<void> {
    this.#parts.door.check(actor);
    if (!this.#parts.life.isOpen)
      throw problem("forbidden", "The account is going to be erased. Undo that first, with DELETE /v1/me/erasure.");
  }

  /** The same for a socket of a room, in a session that ends at `until` unless renewed; uses up the ticket where there is one. */
  async sendToRoom(actor: PersonActor, room: RoomId, until: number, ticket?: Admission["ticket"]): Promise<void> {
    await this.enterRooms(actor);
    if (ticket !== undefined) this.#parts.live.redeem(ticket);
    this.#parts.elsewhere.note(room, actor.session, until);
  }

  /** The person's rooms in a state, those newest to them first, before a mark. */
  async rooms(actor: PersonActor, state: "active" | "invited", before: RoomsMark | undefined, limit: number): Promise<RoomPointer[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "room" });
    return this.#parts.rooms.page(state, before, limit);
  }

  /** Makes one room the direct room with somebody; answers the one that it is, should another have been first. */
  async claimDirectRoom(peer: PersonId, proposed: RoomId): Promise<RoomId> {
    this.#parts.life.assertAlive();
    return this.#parts.rooms.claimDirect(peer, proposed);
  }

  /** The direct room with somebody, for Meridian's own domains. */
  async directRoomWith(peer: PersonId): Promise<RoomId | undefined> {
    return this.#parts.life.isOver ? undefined : this.#parts.rooms.directWith(peer);
  }

  /** Keeps what a room says of the person's membership. Throws `gone` for somebody who is erased. Idempotent. */
  async noteRoom(room: RoomId, membership: NotedMembership): Promise<void> {
    this.#parts.life.assertAlive();
    this.#parts.rooms.note(room, membership);
  }

  /** What the person is called, for whom they ask into a room; null where they have no name, or are not here any more. */
  async knownAs(): Promise<string | null> {
    return this.#parts.life.isOpen ? (this.#parts.state.profile().name ?? null) : null;
  }

  /** Something has come into a room while the person was not there. Told once until they read. Throws `gone`. */
  async roomNews(room: RoomId, news: RoomNews): Promise<void> {
    this.#parts.life.assertAlive();
    const { seq, mentioned } = news;
    const thread = `room/${room}`;
    this.#parts.state.notify({
      type: mentioned ? "mention" : "message",
      key: `${room}/${seq}`,
      about: { room, seq: String(seq) },
      thread,
      conversation: room,
    });
  }

  /** Every room that knows of the person; for a move to another region. */
  async allRooms(): Promise<RoomId[]> {
    return this.#parts.rooms.all();
  }

  /** Closes the streams that somebody else watches here, in one of their sessions or in all: they may come back and are judged anew. */
  async dismissReader(person: PersonId, session?: SessionId): Promise<void> {
    if (!this.#parts.life.isOver) this.#parts.live.dismiss(person, session);
  }

  /** The roles of the person have changed: whatever they watch elsewhere closes. Throws where a vault could not be told yet. */
  async rolesChanged(): Promise<void> {
    this.#parts.standing.forget();
    if (!this.#parts.life.isOver) await this.#parts.elsewhere.end();
  }

  /** Forgets that this person watched the streams of somebody who has been erased. Idempotent. */
  async forgetOwner(owner: PersonId): Promise<void> {
    if (this.#parts.life.isOver) return;
    this.#parts.life.assertAlive();
    this.#parts.elsewhere.forget(owner);
  }

  /** Keeps the person's zone and language; called at registration, with every change, and after a sign-in with the session it opened. */
  async setProfile(profile: Profile, opened?: SessionId): Promise<void> {
    if (opened === undefined) this.#parts.door.system("accounts", { action: "write", resource: "profile" });
    else {
      this.#parts.door.signedIn(opened);
      this.#parts.state.notify({ type: "sign_in", key: opened, about: { session: opened } });
    }
    if (profile.timeZone !== this.#parts.state.profile().timeZone) this.#parts.fhir.repository.index();
    writeProfile(this.#parts.state.sql, profile);
  }

  /** Notes that somebody tried to sign in as the person with a wrong password or code. How often that can be, the gate says. */
  async noteRefusedSignIn(reason: RefusedSignIn): Promise<void> {
    this.#parts.door.signInRefused(reason);
  }

  /** Birth date, sex and height, as far as the person has said them. */
  async details(actor: PersonActor): Promise<PersonDetails> {
    this.#parts.door.enter(actor, { action: "read", resource: "profile" });
    return await this.#parts.details.read();
  }

  /** Changes some of the details; null forgets one. */
  async changeDetails(actor: PersonActor, change: DetailsChange): Promise<void> {
    this.#parts.door.enter(actor, { action: "write", resource: "profile" });
    await this.#parts.details.change(change);
  }

  /** Seals a text of this person for its place in the records. */
  async seal(place: SealedPlace, text: string): Promise<string> {
    this.#parts.life.assertAlive();
    return await this.#parts.sealer.seal(place, text);
  }

  /** Opens a text that was sealed here for the same place; throws where it was not. */
  async unseal(place: SealedPlace, sealed: string): Promise<string> {
    this.#parts.life.assertAlive();
    return await this.#parts.sealer.unseal(place, sealed);
  }

  /** Puts the person's key under the region's current wrapping key; returns the version it is under then. */
  async rewrapKey(): Promise<string> {
    this.#parts.life.assertAlive();
    return await this.#parts.sealer.rewrap();
  }

  /** The keyed hashes of an address that was sealed here, under the current keys: the address itself stays. */
  async addressHashes(place: SealedPlace, sealed: string): Promise<AddressHashes> {
    this.#parts.life.assertAlive();
    const address = await this.#parts.sealer.unseal(place, sealed);
    const { env, region } = this.#parts.state;
    const [[index], [email]] = await Promise.all([
      regionalHashes(regionalKeys(storesOf(env, region).keys), address),
      directoryHashes(directoryKeys(env.DIRECTORY_KEYS), address),
    ]);
    return { index, email };
  }

  /** The keyed hashes of who the person is at a sign-in provider, under all keys; issuer and subject stay. */
  async provenHashes(place: SealedPlace, sealed: string): Promise<ProvenHashes> {
    this.#parts.life.assertAlive();
    const identity = identityOf(await this.#parts.sealer.unseal(place, sealed));
    const { env, region } = this.#parts.state;
    const [index, email] = await Promise.all([
      regionalHashesOf(regionalKeys(storesOf(env, region).keys), identity),
      directoryHashesOf(directoryKeys(env.DIRECTORY_KEYS), identity),
    ]);
    return { index, email };
  }

  /** The keyed hashes of the account that a connection belongs to, the current one first; null where there is none. */
  async accountHashes(connection: string): Promise<readonly AccountHash[] | null> {
    this.#parts.life.assertAlive();
    return await this.#parts.connections.accountHashes(connection);
  }

  /** Stores canonical readings of an import; idempotent. `by` is the import's id, for the access log. */
  async record(batch: Batch, by = "system"): Promise<Receipt> {
    return this.#parts.state.record(batch, { kind: "system", id: by });
  }

  /** Stores what an import of an export brings back beyond readings; idempotent. `by` is the import's id. */
  async restore(restore: Restore, by: string): Promise<void> {
    this.#parts.door.system(by, { action: "write", resource: "reading", about: [] });
    this.#parts.store.restore(restore, by);
    this.#parts.retention.restore(restore.retention);
    if (restore.details === undefined) return;
    const known = await this.#parts.details.read();
    const missing = Object.entries(restore.details).filter(([name]) => known[name as keyof PersonDetails] === null);
    await this.#parts.details.change(Object.fromEntries(missing));
  }

  /** The person's own IANA zone, for files whose wall clocks tell none. */
  async timeZone(): Promise<string> {
    this.#parts.life.assertAlive();
    return this.#parts.state.profile().timeZone;
  }

  /** Takes back a piece of what an import brought; idempotent. Called again while `isMore`. */
  async undoImport(by: string): Promise<{ readonly removed: number; readonly isMore: boolean }> {
    this.#parts.door.system(by, { action: "delete", resource: "reading", about: [] });
    const parts = [this.#parts.labs.undo(by), this.#parts.fhir.imported.undo(by), this.#parts.store.undo(by)];
    return { removed: parts.reduce((sum, { removed }) => sum + removed, 0), isMore: parts.some(({ isMore }) => isMore) };
  }

  /**
   * Stores a phone's push. The body is parsed here, inside the person's region. Throws `malformed` and `invalid` for an unreadable
   * envelope; single bad records are named in the receipt.
   */
  async ingest(actor: PersonActor, platform: Platform, body: ArrayBuffer): Promise<PushReceipt> {
    this.#parts.door.enter(actor, { action: "write", resource: "reading" });
    const push = parsePush(platform, new Uint8Array(body), this.#parts.state.now());
    const receipt = this.#parts.store.record(push.batch);
    return { ...receipt, rejected: [...push.rejected, ...receipt.rejected], cursor: push.cursor };
  }

  /** What there is: one entry per metric. */
  async metrics(actor: Reader): Promise<MetricOverview[]> {
    const entry = this.#parts.door.enter(actor, { action: "read", resource: "metric", category: "each" });
    return metricOverviews(this.#parts.state.sql, this.#parts.store.seenBy(entry)).filter(({ key }) => seesMetric(entry, key));
  }

  /** One page of a metric's series; throws `not_found` for an unknown metric. */
  async series(actor: Reader, query: SeriesQuery): Promise<SeriesPage> {
    const entry = this.#parts.door.enter(actor, metricAccess("read", query.key, query.purpose));
    const page = seriesPage(
      this.#parts.state.sql,
      this.#parts.store.seenBy(entry, query.recording),
      this.#parts.state.profile().timeZone,
      query,
    );
    return entry.isOwner || query.resolution !== "raw" ? page : { ...page, items: withoutAttributes(page.items) };
  }

  /**
   * The sources of a metric side by side over local dates, as JSON text; days since 1970-01-01, or instants of which the dates are taken.
   * Throws `not_found` for an unknown metric, `invalid` for a period that is empty or longer than a year.
   */
  async compareSources(actor: Reader, query: { readonly key: string; readonly period: AskedPeriod }): Promise<string> {
    const entry = this.#parts.door.enter(actor, metricAccess("read", query.key));
    const { timeZone } = this.#parts.state.profile();
    const dates = datesOf(timeZone, query.period, this.#parts.state.now());
    return JSON.stringify(compareSources(this.#parts.state.sql, this.#parts.store.seenBy(entry), timeZone, { key: query.key, ...dates }));
  }

  /** Which sources the person puts first, and for one metric the order that follows; throws `not_found` for an unknown metric. */
  async sourceSettings(actor: PersonActor, key?: string): Promise<SourceSettingsView> {
    this.#parts.door.enter(actor, { action: "read", resource: "source" });
    return viewSettings(this.#parts.store.sources, key);
  }

  /** Chooses which sources come first; counts from the next read on. Throws `invalid` for unknown sources, `precondition_failed`. */
  async setSourceSettings(actor: PersonActor, settings: SourceSettings, ifVersion: number | undefined): Promise<SourceSettingsView> {
    this.#parts.door.enter(actor, { action: "manage", resource: "source" });
    changeSettings(this.#parts.store, settings, ifVersion);
    this.#parts.achievements.changeAll();
    this.#parts.challenges.recountAll();
    return viewSettings(this.#parts.store.sources, undefined);
  }

  /** One page of raw readings of many metrics; throws `not_found` for an unknown metric. */
  async observations(actor: PersonActor, query: ObservationsQuery): Promise<ObservationsPage> {
    this.#parts.door.enter(actor, { action: "read", resource: "reading" });
    return observationsPage(this.#parts.state.sql, this.#parts.store, this.#parts.state.profile().timeZone, query);
  }

  /** Summaries of the local dates [from, to] (days since 1970-01-01), as JSON text of an array. */
  async days(actor: Reader, { from, to, every, recording, purpose }: DaysQuery): Promise<string> {
    const entry = this.#parts.door.enter(actor, { action: "read", resource: "day", category: "each", purpose });
    const days = dayAnswers(
      this.#parts.state.sql,
      this.#parts.store.seenBy(entry, recording),
      this.#parts.state.profile().timeZone,
      from,
      to,
      every,
    );
    return JSON.stringify(narrowDays(entry, days, every));
  }

  /** Sleep sessions that end in the window, in order. */
  async sleep(actor: Reader, query: SessionQuery): Promise<SessionPage> {
    const entry = this.#parts.door.enter(actor, { action: "read", resource: "sleep", category: "sleep", purpose: query.purpose });
    const found = sleepAnswers(this.#parts.state.sql, this.#parts.store.seenBy(entry, query.recording), query.from, query.to, query.choice);
    return pageOf(found, query, (answer) => narrowSleep(entry, answer));
  }

  /** Workouts that begin in the window, in order, without routes. */
  async workouts(actor: Reader, query: SessionQuery): Promise<SessionPage> {
    const entry = this.#parts.door.enter(actor, {
      action: "read",
      resource: "workout",
      category: "activity",
      details: ["vitals"],
      purpose: query.purpose,
    });
    const found = workoutAnswers(
      this.#parts.state.sql,
      this.#parts.store.seenBy(entry, query.recording),
      query.from,
      query.to,
      query.choice,
    );
    return pageOf(found, query, (answer) => narrowWorkout(entry, answer));
  }

  /** One workout with its route as JSON text; throws `not_found`. */
  async workout(actor: PersonActor, id: string): Promise<string> {
    this.#parts.door.enter(actor, { action: "read", resource: "reading", about: [id] });
    const key = parseReadingId(id);
    const found =
      key?.kind === "workout" ? workoutWithRoute(this.#parts.state.sql, this.#parts.store, key.source, key.start, key.tag) : undefined;
    if (found === undefined) throw notFound("workout");
    return JSON.stringify(found);
  }

  /** One meal with its nutrients as JSON text; throws `not_found`. */
  async meal(actor: Reader, id: string): Promise<string> {
    const entry = this.#parts.door.enter(actor, { ...metricAccess("read", "meal"), about: [id] });
    const found = mealAnswer(this.#parts.state.sql, this.#parts.store.seenBy(entry), this.#parts.state.profile().timeZone, id);
    if (found === undefined) throw notFound("meal");
    return found;
  }

  /** The sources of the readings that are here, also of those kept apart. */
  async sources(actor: PersonActor): Promise<StoredSource[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "source" });
    return this.#parts.store.sources.withReadings();
  }

  /** The sources that are left out of what a model reads for the person, and why. */
  async withheldFromModels(actor: PersonActor): Promise<Withheld[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "source", purpose: "guidance" });
    return this.#parts.store.sources.withheldFromModels();
  }

  /** Readings that were kept apart, newest first. */
  async quarantined(actor: PersonActor, query: QuarantineQuery): Promise<QuarantineItem[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "quarantine" });
    return readQuarantine(this.#parts.state.sql, query);
  }

  /** Decides about readings that are held: stores them after all, marked, or lets them go. Throws `not_found` for one that is not held. */
  async decideQuarantine(actor: PersonActor, decision: "release" | "discard", query: HeldQuery): Promise<Decided> {
    this.#parts.door.enter(actor, { action: "manage", resource: "quarantine" });
    const decided = decision === "release" ? this.#parts.store.release(query) : this.#parts.store.discard(query);
    if (query.id !== undefined && decided.decided + decided.refused === 0) throw notFound("reading in quarantine");
    return decided;
  }

  /** Daily totals beside what the readings add up to, as JSON text; throws `not_found` and `invalid`. */
  async reconcile(actor: Reader, query: { readonly key: string; readonly period: AskedPeriod }): Promise<string> {
    const entry = this.#parts.door.enter(actor, metricAccess("read", query.key));
    const { timeZone } = this.#parts.state.profile();
    const dates = datesOf(timeZone, query.period, this.#parts.state.now());
    return JSON.stringify(reconcile(this.#parts.state.sql, this.#parts.store.seenBy(entry), timeZone, { key: query.key, ...dates }));
  }

  /** Dates on which something was missing, newest first. */
  async gaps(actor: PersonActor, query: GapQuery): Promise<Gap[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "gap" });
    return this.#parts.gaps.page(query);
  }

  /** Looks for gaps now, as it does every morning. */
  async checkGaps(actor: PersonActor): Promise<GapRun> {
    this.#parts.door.enter(actor, { action: "manage", resource: "gap" });
    return await this.#parts.gaps.run();
  }

  /** Closes a gap that the person does not mind; throws `not_found`. */
  async dismissGap(actor: PersonActor, key: GapKey): Promise<Gap> {
    this.#parts.door.enter(actor, { action: "manage", resource: "gap" });
    return this.#parts.gaps.dismiss(key);
  }

  /** Deletes a range of a metric (or of all), of one source (or of all). Throws `not_found` for an unknown metric or source. */
  async erase(actor: PersonActor, range: EraseRange): Promise<{ deleted: number }> {
    this.#parts.door.enter(actor, { action: "delete", resource: "metric", about: aboutRange(range) });
    const metric = range.key === undefined ? 0 : METRIC_CODE.get(range.key);
    if (metric === undefined) throw notFound("metric");
    if (range.source !== undefined && this.#parts.store.sources.get(range.source) === undefined) throw notFound("source");
    const sources = range.source === undefined ? undefined : [range.source];
    return this.#parts.store.erase({ metric, source: range.source ?? 0, sources, from: range.from, to: range.to });
  }

  /** Deletes one reading, sleep session or workout by its id; throws `not_found`. */
  async eraseOne(actor: PersonActor, id: string): Promise<void> {
    this.#parts.door.enter(actor, { action: "delete", resource: "reading", about: [id] });
    const key = parseReadingId(id);
    if (key === undefined || !this.#parts.store.eraseOne(key)) throw notFound("reading");
  }

  /** One page of laboratory results, newest first. */
  async labResults(actor: Reader, query: LabQuery): Promise<LabPage> {
    this.#parts.door.enter(actor, { action: "read", resource: "lab_result", category: "labs" });
    return this.#parts.labs.results(query);
  }

  /** One laboratory result as JSON text, and what it said before as an array; throws `not_found`. */
  async labResult(actor: Reader, id: string, isHistory: boolean): Promise<string> {
    this.#parts.door.enter(actor, { action: "read", resource: "lab_result", category: "labs" });
    return isHistory ? this.#parts.labs.history(id) : this.#parts.labs.result(id);
  }

  /** Adds a laboratory result that somebody typed; throws `invalid`, `not_found`, `conflict`. `definition`: see `Labs.add`. */
  async addLabResult(actor: Reader, form: LabForm, report: string | undefined, definition?: LabTest): Promise<string> {
    this.#parts.door.enter(actor, { action: "write", resource: "lab_result", category: "labs" });
    return await this.#parts.labs.add(form, report, idOf(actor), definition);
  }

  /** Changes a laboratory result, whole or in parts; throws `not_found`, `invalid`, `precondition_failed`. */
  async changeLabResult(
    actor: Reader,
    id: string,
    change: Partial<LabForm>,
    how: { readonly isWhole: boolean; readonly ifEdition?: number | undefined; readonly definition?: LabTest | undefined },
  ): Promise<string> {
    this.#parts.door.enter(actor, { action: "write", resource: "lab_result", category: "labs" });
    return await this.#parts.labs.change(id, change, how.isWhole, idOf(actor), how.ifEdition, how.definition);
  }

  /** Deletes a laboratory result for good; throws `not_found`. */
  async removeLabResult(actor: PersonActor, id: string): Promise<void> {
    this.#parts.door.enter(actor, { action: "delete", resource: "lab_result", about: [id] });
    this.#parts.labs.remove(id);
  }

  /** One page of laboratory reports, newest first; their files to whoever may see documents. */
  async labReports(actor: Reader, query: ReportQuery): Promise<LabPage> {
    const entry = this.#parts.door.enter(actor, { action: "read", resource: "lab_report", category: "labs", details: ["documents"] });
    return this.#parts.labs.reports(query, entry.sees("documents"));
  }

  /** One laboratory report as JSON text; throws `not_found`. */
  async labReport(actor: Reader, id: string): Promise<string> {
    const entry = this.#parts.door.enter(actor, { action: "read", resource: "lab_report", category: "labs", details: ["documents"] });
    return this.#parts.labs.report(id, entry.sees("documents"));
  }

  /** Where the file of a laboratory report lies; throws `not_found`. A document may hold anything: it is a category of its own. */
  async labReportFile(actor: Reader, id: string): Promise<{ readonly file: LabFile; readonly bytes: Uint8Array<ArrayBuffer> }> {
    this.#parts.door.enter(actor, { action: "read", resource: "lab_report", category: "documents" });
    return await this.#parts.labs.file(id);
  }

  /** Adds a laboratory report as a PDF, to be read by somebody; throws `file_unreadable`, `too_large`. */
  async addLabReport(actor: Reader, bytes: Uint8Array, name: string, form: ReportForm): Promise<string> {
    this.#parts.door.enter(actor, { action: "write", resource: "lab_report", category: "documents" });
    return await this.#parts.labs.addFile(bytes, name, form);
  }

  /** Changes what is said of a laboratory report; throws `not_found`, `conflict`, `precondition_failed`. */
  async changeLabReport(actor: Reader, id: string, form: ReportForm, ifEdition?: number): Promise<string> {
    const entry = this.#parts.door.enter(actor, { action: "write", resource: "lab_report", category: "labs", details: ["documents"] });
    return this.#parts.labs.changeReport(id, form, entry.sees("documents"), ifEdition);
  }

  /** Deletes a laboratory report with its results and its file; throws `not_found`. */
  async removeLabReport(actor: PersonActor, id: string): Promise<void> {
    this.#parts.door.enter(actor, { action: "delete", resource: "lab_report", about: [id] });
    this.#parts.labs.removeReport(id);
  }

  /** Stores laboratory reports and results of an import; idempotent. `by` is the import's id. */
  async recordLabs(batch: LabBatch, by: string, added?: readonly LabTest[]): Promise<LabReceipt> {
    this.#parts.door.system(by, { action: "write", resource: "lab_result", about: ["labs"] });
    return await this.#parts.labs.record(batch, by, added);
  }

  /** Stores FHIR resources of an import; idempotent. `by` is the import's id, `fileName` what its Provenance names. */
  async recordResources(
    { drafts, isEnd }: { readonly drafts: readonly ResourceDraft[]; readonly isEnd: boolean },
    by: string,
    fileName: string,
  ): Promise<LabReceipt> {
    this.#parts.door.system(by, { action: "write", resource: "fhir", about: [...new Set(drafts.map(({ type }) => type))] });
    const { binaries, imported } = this.#parts.fhir;
    const taken = await binaries.takenIn(drafts);
    try {
      const receipt = imported.record(taken.drafts, by, taken.files);
      if (isEnd) imported.attest(by, fileName);
      return receipt;
    } finally {
      binaries.settle(taken.files);
    }
  }

  /** Takes back a piece of the laboratory results that an import brought; idempotent. Called again while `isMore`. */
  async undoLabs(by: string): Promise<{ readonly removed: number; readonly isMore: boolean }> {
    this.#parts.door.system(by, { action: "delete", resource: "lab_result", about: ["labs"] });
    return this.#parts.labs.undo(by);
  }

  /** Names of files that reports have, after one; for a move to another region. */
  async labFileNames(after: string | undefined, limit: number): Promise<string[]> {
    return this.#parts.labs.fileNames(after, limit);
  }

  /** A report's file under its name, opened; undefined where there is none any more. For a move to another region. */
  async openLabFile(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return await this.#parts.labs.openFile(name);
  }

  /** Stores a report's file, sealed with the key of this side. For a move from another region. */
  async takeLabFile(name: string, bytes: Uint8Array): Promise<void> {
    await this.#parts.labs.takeFile(name, bytes);
  }

  /** One FHIR resource of this compartment; throws `not_found`. Others than the person see laboratory resources, by consent. */
  async readFhir(actor: Reader, type: SearchableType, id: string): Promise<ReadAnswer> {
    return this.#parts.fhir.read(type, id, this.#sight(actor, type));
  }

  /** One page of a FHIR search in this compartment; throws `malformed`. Others than the person see laboratory resources, by consent. */
  async searchFhir(actor: Reader, request: SearchRequest): Promise<SearchAnswer> {
    return this.#parts.fhir.search(request, this.#sight(actor, request.type));
  }

  /** Keeps or reads a file, by FHIR's rules for Binary, within the reach of the actor. */
  async fhirBinary(actor: Reader, request: BinaryRequest): Promise<BinaryAnswer> {
    const { fhir } = this.#parts;
    const reach = this.#fhirReach(actor);
    this.#enterFhir(actor, request.kind === "read" ? "read" : "write", ["Binary"]);
    return request.kind === "read" ? await fhir.binaries.read(request.id, reach) : await fhir.binaries.create(request, reach);
  }

  /**
   * One interaction of the FHIR API with the person's compartment, or a Bundle of them, within the reach of the actor; each is decided
   * and logged. Throws problems; a batch answers them entry by entry. `base` is where references lead that Subscriptions tell of.
   */
  async fhir(actor: Reader, request: FhirRequest, base?: string): Promise<FhirAnswer> {
    const { repository } = this.#parts.fhir;
    const { subscriptions, inbox } = this.#parts;
    if (isSubscriptionWrite(request)) {
      if (this.#isPerson(actor)) this.#enterFhir(actor, request.kind === "delete" ? "delete" : "write", [request.type]);
      // Whoever may read may be told.
      else this.#enterFhir(actor, "read", [request.type]);
      return await subscriptions.write(actor, request, base ?? `${this.env.ORIGIN}/fhir/r4`);
    }
    const reach = this.#fhirReach(actor);
    // A Bundle without entries is nobody else's business either.
    if (request.kind === "bundle" && actor.kind === "person" && this.#isPerson(actor)) this.#parts.door.check(actor);
    else if (request.kind === "bundle" && reach.grants.length === 0) this.#enterFhir(actor, "read", ["Bundle"]);
    const enter = (action: "read" | "write" | "delete", type: string) => {
      this.#enterFhir(actor, action, isResourceType(type) ? [type] : []);
    };
    if (request.kind !== "bundle") return inbox.by(actor, () => repository.answer(request, reach, enter));
    const { binaries } = this.#parts.fhir;
    const { bundle, files } = await binaries.taken(request.bundle, reach);
    try {
      const answer = inbox.by(actor, () => repository.answer({ kind: "bundle", bundle }, reach, enter, files));
      return await binaries.filled(answer, reach);
    } finally {
      binaries.settle(files);
    }
  }

  /** One page of what others have written to the person, newest first. */
  async inbox(actor: PersonActor, query: InboxQuery): Promise<InboxPage> {
    this.#parts.door.enter(actor, { action: "read", resource: "inbox" });
    return this.#parts.inbox.page(query);
  }

  /**
   * Tells the person something, once: see `Notifications.tell`. For Meridian's own domains. Throws `unavailable` while the person is being
   * moved: tell it again later, under the same key.
   */
  async notify(news: News): Promise<Noted> {
    if (this.#parts.life.state === "frozen") throw problem("unavailable", undefined, { retryAfter: PAUSE_S });
    return this.#parts.life.isOpen ? this.#parts.notifications.tell(news) : { kind: "gone" };
  }

  /** The person has seen what a thread is about where it belongs: its notifications are read. For Meridian's own domains. */
  async readNotificationsOf(thread: string): Promise<void> {
    if (this.#parts.life.isOpen) this.#parts.notifications.readThread(thread);
  }

  /** One page of the person's notifications, newest first, in either direction. */
  async notifications(actor: PersonActor, query: NotificationQuery): Promise<NotificationPage> {
    this.#parts.door.enter(actor, { action: "read", resource: "notification" });
    return this.#parts.notifications.page(query);
  }

  /** What has changed among the notifications since a number, oldest change first. */
  async notificationChanges(actor: PersonActor, since: number, limit: number): Promise<NotificationChanges> {
    this.#parts.door.enter(actor, { action: "read", resource: "notification" });
    return this.#parts.notifications.changes(since, limit);
  }

  /** One notification; throws `not_found`. */
  async notification(actor: PersonActor, id: string): Promise<Notification> {
    this.#parts.door.enter(actor, { action: "read", resource: "notification", about: [id] });
    return this.#parts.notifications.get(id);
  }

  /** Marks a notification; throws `not_found`. */
  async markNotification(actor: PersonActor, id: string, mark: Mark): Promise<Notification> {
    this.#parts.door.enter(actor, { action: "write", resource: "notification", about: [id] });
    return this.#parts.notifications.mark(id, mark);
  }

  /** Marks many notifications; see `Notifications.markAll`. */
  async markNotifications(
    actor: PersonActor,
    selection: Selection,
    mark: Mark,
  ): Promise<{ readonly changed: number; readonly isMore: boolean }> {
    this.#parts.door.enter(actor, { action: "write", resource: "notification" });
    return this.#parts.notifications.markAll(selection, mark);
  }

  /** What the person has chosen about notifications. */
  async notificationPreferences(actor: PersonActor): Promise<NotificationChoices> {
    this.#parts.door.enter(actor, { action: "read", resource: "notification" });
    return this.#parts.notifications.settings.read();
  }

  /** Changes what the person has chosen; throws `precondition_failed`. */
  async changeNotificationPreferences(
    actor: PersonActor,
    change: Partial<Preferences>,
    ifVersion: number | undefined,
  ): Promise<NotificationChoices> {
    this.#parts.door.enter(actor, { action: "manage", resource: "notification" });
    this.#parts.notifications.settings.write(change, ifVersion);
    this.#parts.outbox.reconsider();
    return this.#parts.notifications.settings.read();
  }

  /** How much of their conversations the person wants to be told, where not all. */
  async conversationLevels(actor: PersonActor): Promise<ConversationLevel[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "notification" });
    return this.#parts.notifications.settings.levels();
  }

  /** Chooses how much of a conversation the person is told; throws `conflict` past the limit. */
  async setConversationLevel(actor: PersonActor, level: ConversationLevel): Promise<void> {
    this.#parts.door.enter(actor, { action: "manage", resource: "notification", about: [level.conversation] });
    this.#parts.notifications.settings.setLevel(level);
  }

  /** One page of what was sent of the notifications, newest first. */
  async notificationSends(actor: PersonActor, before: string | undefined, limit: number): Promise<Send[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "notification" });
    return this.#parts.outbox.log(before, limit);
  }

  /** Browsers and devices at which the person can be reached, oldest first. */
  async notificationAddresses(actor: PersonActor, kinds: readonly AddressKind[]): Promise<Address[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "notification" });
    return this.#parts.addresses.all(...kinds);
  }

  /** Keeps a browser's subscription or a device's token; the same place again is the same address. */
  async keepNotificationAddress(
    actor: PersonActor,
    kind: "web_push" | "fcm" | "apns",
    place: string,
    names: Pick<Address, "label" | "vapid">,
  ): Promise<{ address: Address; isNew: boolean }> {
    this.#parts.door.enter(actor, { action: "manage", resource: "notification" });
    return await this.#parts.addresses.keep(kind, place, names);
  }

  /** Forgets a browser, a device or a number; throws `not_found`. */
  async removeNotificationAddress(actor: PersonActor, id: string, kinds: readonly AddressKind[]): Promise<void> {
    this.#parts.door.enter(actor, { action: "manage", resource: "notification", about: [id] });
    this.#parts.addresses.remove(id, ...kinds);
  }

  /** The person's number, proven or not; null without one. */
  async phone(actor: PersonActor): Promise<(Address & { readonly number: string }) | null> {
    this.#parts.door.enter(actor, { action: "read", resource: "notification" });
    return (await this.#parts.addresses.number()) ?? null;
  }

  /** Keeps a number that is to be proven by a code, whose hash is given. */
  async setPhone(actor: PersonActor, number: string, proof: string, until: number): Promise<Address> {
    this.#parts.door.enter(actor, { action: "manage", resource: "notification" });
    return await this.#parts.addresses.keepNumber(number, proof, until);
  }

  /** Proves the number; throws `not_found`, `gone`, `invalid`. */
  async provePhone(actor: PersonActor, proof: string): Promise<Address & { readonly number: string }> {
    this.#parts.door.enter(actor, { action: "manage", resource: "notification" });
    this.#parts.addresses.proveNumber(proof);
    const number = await this.#parts.addresses.number();
    if (number === undefined) throw notFound("number");
    return number;
  }

  /** Addresses of the person's that are not written to any more, and why. */
  async notificationSuppressions(
    actor: PersonActor,
  ): Promise<{ id: string; channel: "email" | "sms"; address: string; reason: SuppressionReason; at: number }[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "notification" });
    return await this.#parts.addresses.suppressed("");
  }

  /** Writes to an address again; throws `not_found`. */
  async liftNotificationSuppression(actor: PersonActor, id: string): Promise<void> {
    this.#parts.door.enter(actor, { action: "manage", resource: "notification", about: [id] });
    this.#parts.addresses.liftById(id);
  }

  /** Hands out a message for whoever knows the address, once; see `Outbox.take`. Throws `unavailable` while the person is being moved. */
  async takeNotificationSend(id: string, email: string | undefined): Promise<Parcel | undefined> {
    if (this.#parts.life.state === "frozen") throw problem("unavailable", undefined, { retryAfter: PAUSE_S });
    return this.#parts.life.isOpen ? await this.#parts.outbox.take(id, email) : undefined;
  }

  /** Notes what came of such a message. Throws `unavailable` while the person is being moved. */
  async settleNotificationSend(id: string, outcome: Outcome, to?: string): Promise<void> {
    if (this.#parts.life.state === "frozen") throw problem("unavailable", undefined, { retryAfter: PAUSE_S });
    if (this.#parts.life.isOpen) await this.#parts.outbox.settle(id, outcome, to);
  }

  /** Notes what a provider tells of a message afterwards; throws `unavailable` while the person is being moved. */
  async hearOfSend(id: string, event: ProviderEvent): Promise<void> {
    if (this.#parts.life.state === "frozen") throw problem("unavailable", undefined, { retryAfter: PAUSE_S });
    if (this.#parts.life.isOpen) await this.#parts.outbox.hear(id, event);
  }

  /** Somebody at a number wants no messages any more, or wants them again. Nothing happens where the person has another number. */
  async hearOfNumber(number: string, word: "stop" | "start"): Promise<void> {
    if (this.#parts.life.state === "frozen") throw problem("unavailable", undefined, { retryAfter: PAUSE_S });
    if (!this.#parts.life.isOpen || (await this.#parts.addresses.number())?.number !== number) return;
    this.#parts.door.system("sms", { action: "manage", resource: "notification" });
    if (word === "stop") await this.#parts.addresses.suppress("sms", number, "stop");
    else await this.#parts.addresses.lift("sms", number);
  }

  /** Sends no more letters of a type, or of any that may be gathered. By the link of a letter. */
  async unsubscribe(type: NotificationType | "digest"): Promise<void> {
    if (this.#parts.life.state === "frozen") throw problem("unavailable", undefined, { retryAfter: PAUSE_S });
    if (!this.#parts.life.isOpen) return;
    this.#parts.door.system("unsubscribe", { action: "manage", resource: "notification", about: [type] });
    const { settings } = this.#parts.notifications;
    const { modes } = settings.read();
    const types = type === "digest" ? NOTIFICATION_TYPE_NAMES : [type];
    settings.write({ modes: { ...modes, ...Object.fromEntries(types.map((one) => [one, { ...modes[one], email: "off" as const }])) } });
    this.#parts.outbox.reconsider();
  }

  /** Marks an entry of the inbox as read or unread; throws `not_found`. */
  async markInbox(actor: PersonActor, id: string, isRead: boolean): Promise<InboxEntry> {
    this.#parts.door.enter(actor, { action: "write", resource: "inbox", about: [id] });
    return this.#parts.inbox.mark(id, isRead);
  }

  /** Answers an entry of the inbox; throws `not_found`, `gone`, `invalid`. */
  async answerInbox(actor: PersonActor, id: string, answer: InboxAnswer | undefined, text: string | undefined): Promise<InboxEntry> {
    this.#parts.door.enter(actor, { action: "write", resource: "inbox", about: [id] });
    return this.#parts.inbox.answer(id, answer, text);
  }

  /** Takes part in a challenge: a consent to a score of its metrics in its time, and to nothing else. Throws `conflict` past a limit. */
  async joinChallenge(actor: PersonActor, joining: Joining): Promise<Joined> {
    this.#parts.door.enter(actor, { action: "manage", resource: "challenge", about: [joining.challenge, ...readOf(joining.terms)] });
    return this.#parts.challenges.join(joining);
  }

  /** Changes how the person takes part; throws `not_found`, `conflict`. */
  async changeChallenge(actor: PersonActor, challenge: string, change: PartChange): Promise<Joined> {
    this.#parts.door.enter(actor, { action: "manage", resource: "challenge", about: [challenge] });
    const joined = this.#parts.challenges.change(challenge, change);
    await this.#parts.state.timers.run();
    return joined;
  }

  /** Stops taking part, at once; the alias to take off, or undefined where the person never took part. */
  async leaveChallenge(actor: PersonActor, challenge: string): Promise<{ readonly alias: string } | undefined> {
    this.#parts.door.enter(actor, { action: "manage", resource: "challenge", about: [challenge] });
    const left = this.#parts.challenges.leave(challenge);
    await this.#parts.state.timers.run();
    return left;
  }

  /** The person does not take part any more, since a challenge was cancelled or its owner took them out. */
  async dismissFromChallenge(challenge: string): Promise<void> {
    // Whoever has left takes part in nothing.
    if (this.#parts.life.isOver) return;
    this.#parts.door.system(challenge, { action: "manage", resource: "challenge", about: [challenge] });
    this.#parts.challenges.leave(challenge);
  }

  /** What the person takes part in, or took, in order of the id. */
  async challenges(actor: PersonActor): Promise<PartView[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "challenge" });
    return this.#parts.challenges.list();
  }

  /** How the person takes part in one; throws `not_found`. */
  async challengePart(actor: PersonActor, challenge: string): Promise<PartView> {
    this.#parts.door.enter(actor, { action: "read", resource: "challenge", about: [challenge] });
    return this.#parts.challenges.view(challenge);
  }

  /** What counts in a round and what does not; the present or last one without `opensAt`. Throws `not_found`. */
  async challengeRound(actor: PersonActor, challenge: string, opensAt?: number): Promise<RoundDetail> {
    this.#parts.door.enter(actor, { action: "read", resource: "challenge", about: [challenge] });
    return this.#parts.challenges.detail(challenge, opensAt);
  }

  /** An effort that does not count, to be shown to whoever decides about it; throws `not_found`. */
  async excludedEffort(actor: PersonActor, challenge: string, opensAt: number, key: string): Promise<StoredEffort> {
    this.#parts.door.enter(actor, { action: "read", resource: "challenge", about: [challenge] });
    return this.#parts.challenges.excluded(challenge, opensAt, key);
  }

  /** Somebody decided whether an effort counts after all. */
  async judgeEffort(challenge: string, opensAt: number, key: string, counts: boolean): Promise<void> {
    if (this.#parts.life.isOver) return;
    this.#parts.door.system(challenge, { action: "write", resource: "challenge", about: [challenge] });
    this.#parts.challenges.judge(challenge, opensAt, key, counts);
  }

  /** Counts what is due of a challenge now, and tells its boards. Its timer does the same a moment later. */
  async countChallenge(challenge: string): Promise<void> {
    if (this.#parts.life.isOpen) await this.#parts.challenges.run(challenge);
  }

  /** What an actor may do with FHIR resources here: everything as the person, what consents allow as anybody else, an app no more than it was given. */
  #fhirReach(actor: Reader): Reach {
    const { door, fhir } = this.#parts;
    if (actor.kind === "person" && this.#isPerson(actor)) return actor.reach ?? WHOLE_REACH;
    if (!this.#parts.life.isOpen) return reachOfReader({ read: [], write: [], advise: [] });
    fhir.repository.classify();
    const byConsent = reachOfReader(door.judge.allowed(judgedAs(inFhir(actor))));
    if (actor.kind === "client") {
      const within = intersection(byConsent, reachOfClient(actor.names ?? []));
      // A program sees the Subscriptions that it made.
      return { ...within, grants: [...within.grants, ...this.#parts.subscriptions.grantsOf(actor)] };
    }
    return actor.reach === undefined ? byConsent : intersection(byConsent, actor.reachOfOthers ?? { grants: [] });
  }

  #isPerson(actor: Reader): boolean {
    return actor.kind === "person" && actor.person === this.#parts.state.person;
  }

  /** Lets an actor in for one interaction; whoever may write nothing may still advise. */
  #enterFhir(actor: Reader, action: "read" | "write" | "delete", about: readonly string[]): void {
    const { door } = this.#parts;
    if (this.#isPerson(actor)) return void door.enter(actor, { action, resource: "fhir", about });
    const isAdvice = action === "write" && (ADVICE_TYPES as readonly string[]).includes(about[0] ?? "");
    const asked = isAdvice && door.judge.allowed(judgedAs(inFhir(actor))).write.length === 0 ? "advise" : action;
    door.enter(inFhir(actor), { action: asked, resource: "fhir", category: "each", about });
  }

  /** One page of health records of a kind, those changed last first. */
  async healthRecords(actor: Reader, name: RecordName, query: RecordQuery): Promise<RecordPage> {
    this.#enterRecords(actor, "read", name);
    return this.#parts.fhir.records.list(name, query);
  }

  /** One health record as JSON text; throws `not_found`, `gone`. */
  async healthRecord(actor: Reader, name: RecordName, id: string): Promise<string> {
    this.#enterRecords(actor, "read", name);
    return this.#parts.fhir.records.one(name, id);
  }

  /** Adds a health record; throws `invalid`. */
  async addHealthRecord(actor: Reader, name: RecordName, form: RecordForm): Promise<string> {
    this.#enterRecords(actor, "write", name);
    return this.#parts.fhir.records.add(name, form);
  }

  /** Changes a health record, whole or in parts; throws `not_found`, `gone`, `invalid`, `precondition_failed`. */
  async changeHealthRecord(
    actor: Reader,
    name: RecordName,
    id: string,
    change: RecordForm,
    how: { readonly isWhole: boolean; readonly ifMatch?: string | undefined },
  ): Promise<string> {
    this.#enterRecords(actor, "write", name);
    return this.#parts.fhir.records.change(name, id, change, how);
  }

  /** Deletes a health record; throws `not_found`, `gone`, `precondition_failed`. */
  async removeHealthRecord(actor: PersonActor, name: RecordName, id: string, ifMatch?: string): Promise<void> {
    this.#enterRecords(actor, "delete", name);
    this.#parts.fhir.records.remove(name, id, ifMatch);
  }

  #enterRecords(actor: Reader, action: "read" | "write" | "delete", name: RecordName): void {
    this.#parts.door.enter(actor, { action, resource: "record", category: "history", about: [RECORDS[name].type] });
  }

  /** One operation of the FHIR API over the person's compartment, within the reach of the actor; logged. Throws problems. */
  async fhirOperation(actor: Reader, operation: FhirOperation): Promise<OperationAnswer> {
    const { fhir } = this.#parts;
    const type = typeOfOperation(operation);
    const reach = this.#fhirReach(actor);
    this.#enterFhir(actor, operation.kind === "purge" ? "delete" : "read", [...(isResourceType(type) ? [type] : []), `$${operation.kind}`]);
    if (isOfSubscriptions(operation)) return this.#parts.subscriptions.operate(actor, operation, reach);
    return fhir.operations.run(operation, reach);
  }

  /**
   * Writes a step of a bulk export into the region's bucket: what is within the reach of the actor at this moment. The same step done again
   * writes the same names. Problem `not_found` for whoever may not, or not any more.
   */
  async exportFhir(actor: Reader, { id, seq, ...ask }: BulkRequest): Promise<BulkStep> {
    const { env, region } = this.#parts.state;
    const reach = this.#fhirReach(actor);
    this.#enterFhir(actor, "read", ["$export"]);
    const { texts, next } = this.#parts.fhir.bulk.step(ask, reach);
    const { files } = storesOf(env, region);
    const written = texts.map(async ({ type, lines, text }) => {
      const { size } = await files.put(bulkFile(id, seq, type), text, { httpMetadata: { contentType: NDJSON } });
      return { type, lines, bytes: size };
    });
    return { files: await Promise.all(written), ...(next !== undefined && { next }) };
  }

  #sight(actor: Reader, type: SearchableType): Sight {
    if (actor.kind === "person" && actor.person === this.#parts.state.person) {
      this.#parts.door.enter(actor, { action: "read", resource: "fhir", about: [type] });
      return { part: "everything", files: true };
    }
    const resource = type === "DiagnosticReport" ? "lab_report" : "lab_result";
    const entry = this.#parts.door.enter(actor, { action: "read", resource, category: "labs", details: ["documents"] });
    return { part: "labs", files: entry.sees("documents") };
  }

  /** The person's connections to vendors, oldest first. */
  async connections(actor: PersonActor): Promise<ConnectionView[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "connection" });
    return this.#parts.connections.list();
  }

  /** The connections to one vendor with progress and history; throws `vendor_retired` and `not_found`. */
  async connectionStatus(actor: PersonActor, vendor: string): Promise<ConnectionDetail[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "connection" });
    return this.#parts.connections.status(vendor);
  }

  /** One connection with progress, history and how far its readings go; throws `not_found`. */
  async connection(actor: PersonActor, id: string): Promise<ConnectionDetail> {
    this.#parts.door.enter(actor, { action: "read", resource: "connection" });
    return this.#parts.connections.detail(id);
  }

  /** Picks a vendor: makes a connection that waits for consent, or takes up an old one. */
  async selectVendor(actor: PersonActor, vendor: string): Promise<ConnectionView> {
    this.#parts.door.enter(actor, { action: "manage", resource: "connection" });
    return this.#parts.connections.select(vendor);
  }

  /** Starts an authorization at a vendor and returns where the person agrees. */
  async beginConnection(actor: PersonActor, input: BeginInput): Promise<{ connection: ConnectionId; url: string }> {
    this.#parts.door.enter(actor, { action: "manage", resource: "connection" });
    return await this.#parts.connections.begin(input);
  }

  /** Completes an authorization; the one-use state is the proof. Throws `gone`, `invalid`, `vendor_failed`, `unavailable`. */
  async completeConnection(
    stateHash: string,
    code: string,
    own?: OwnAccount,
    scope?: string,
  ): Promise<Completed & { readonly registration: Registration }> {
    if (!this.#parts.life.isOpen) throw problem("gone", "The account is going to be erased.");
    this.#parts.door.system("vendor_authorization", { action: "manage", resource: "connection" });
    return await this.#parts.connections.complete(stateHash, code, own, scope);
  }

  /** Ends an authorization that the person or the vendor refused; throws `gone`. */
  async refuseConnection(stateHash: string, error: string): Promise<{ returnTo: string | undefined }> {
    this.#parts.life.assertAlive();
    return this.#parts.connections.refuse(stateHash, error);
  }

  /** Ends a connection: revoked at the vendor where `tell`, tokens destroyed; readings stay unless `deleteData`. Throws `not_found`. */
  async disconnect(actor: PersonActor, connection: string, options: { tell: boolean; deleteData: boolean }): Promise<{ deleted: number }> {
    this.#parts.door.enter(actor, { action: "manage", resource: "connection", about: [connection] });
    const { deleted } = await this.#parts.connections.disconnect(connection, options);
    let results = 0;
    for (let isMore = options.deleteData; isMore;) {
      const undone = this.#parts.labs.undo(connection);
      results += undone.removed;
      isMore = undone.isMore;
    }
    return { deleted: deleted + results };
  }

  /** Asks nothing of a vendor until `resumeConnection`. Throws `not_found`, `conflict`. */
  async pauseConnection(actor: PersonActor, connection: string): Promise<ConnectionView> {
    this.#parts.door.enter(actor, { action: "manage", resource: "connection", about: [connection] });
    return this.#parts.connections.pauseConnection(connection);
  }

  /** Goes on with a paused connection. Throws `not_found`, `conflict`. */
  async resumeConnection(actor: PersonActor, connection: string): Promise<ConnectionView> {
    this.#parts.door.enter(actor, { action: "manage", resource: "connection", about: [connection] });
    return this.#parts.connections.resumeConnection(connection);
  }

  /** Plans again what a first import has not read. Throws `not_found`, `conflict`. */
  async startBackfill(actor: PersonActor, connection: string): Promise<ConnectionView> {
    this.#parts.door.enter(actor, { action: "manage", resource: "connection", about: [connection] });
    return this.#parts.connections.startBackfill(connection);
  }

  /** Leaves out what a first import has not read. Throws `not_found`. */
  async cancelBackfill(actor: PersonActor, connection: string): Promise<ConnectionView> {
    this.#parts.door.enter(actor, { action: "manage", resource: "connection", about: [connection] });
    return this.#parts.connections.cancelBackfill(connection);
  }

  /** Takes pointers of the sync queue into the vault's own list of work; an answer for each, in their order. */
  async sync(pointers: readonly VaultPointer[]): Promise<SyncAnswer[]> {
    if (this.#parts.life.state === "frozen") return pointers.map(() => ({ outcome: "later", retryAfterS: PAUSE_S }));
    if (!this.#parts.life.isOpen) return pointers.map(() => ({ outcome: "dropped" }));
    return this.#parts.connections.sync(pointers);
  }

  /**
   * Takes data that a vendor's webhook brought itself and that are too long to wait at the gate; false where nobody takes them. Throws
   * `unavailable` while the vault is frozen, so that the vendor sends again.
   */
  async takeInline(connection: ConnectionId, push: Push): Promise<boolean> {
    if (this.#parts.life.isOver) return false;
    this.#assertStays();
    return this.#parts.life.isOpen && (await this.#parts.connections.push(connection, push, () => this.#assertStays()));
  }

  /**
   * Fetches for a connection what a vendor sent from the gate where it waits. Returns the numbers of what nobody takes here, or undefined for all
   * of it where nobody is here any more. Throws `unavailable` while the vault is frozen.
   *
   * @param only of these alone, which came for another connection
   */
  async fetchPushes(connection: ConnectionId, from: PushedPointer, only?: readonly number[]): Promise<number[] | undefined> {
    if (this.#parts.life.isOver) return undefined;
    this.#assertStays();
    return await this.#parts.connections.fetchPushes(connection, from, () => this.#assertStays(), only);
  }

  /** Throws `unavailable` where what is stored now would stay behind. */
  #assertStays(): void {
    const { state, isOver } = this.#parts.life;
    if (state === "frozen" || isOver) throw problem("unavailable", undefined, { retryAfter: PAUSE_S });
  }

  /** Renews the account of an organisation that a connection goes through; see `Connections.renewAccount`. Throws `unavailable` while frozen. */
  async renewAccount(connection: ConnectionId, credential: string, account: string | null): Promise<void> {
    if (this.#parts.life.state === "frozen") throw problem("unavailable", undefined, { retryAfter: PAUSE_S });
    if (this.#parts.life.isOpen) await this.#parts.connections.renewAccount(connection, credential, account);
  }

  /** Notes a pointer that could not be delivered for good. */
  async failSync(pointer: SyncPointer): Promise<void> {
    if (this.#parts.life.isOpen) this.#parts.connections.failSync(pointer);
  }

  /** Opens a job that reads what is new; the caller queues a pointer for each connection. */
  async requestSync(actor: PersonActor, vendor?: string): Promise<{ job: SyncJob; connections: ConnectionId[] }> {
    this.#parts.door.enter(actor, { action: "manage", resource: "connection" });
    return this.#parts.connections.request(vendor);
  }

  /** How a requested sync goes on; throws `not_found`. */
  async syncJob(actor: PersonActor, id: string): Promise<SyncJob> {
    this.#parts.door.enter(actor, { action: "read", resource: "connection" });
    return this.#parts.connections.job(id);
  }

  /** Reads what is new now, within a request's time. */
  async syncNow(actor: PersonActor, vendor?: string): Promise<SyncResult[]> {
    this.#parts.door.enter(actor, { action: "manage", resource: "connection" });
    return await this.#parts.connections.syncNow(vendor);
  }

  /** The FHIR servers this person's readings are forwarded to. */
  async fhirTargets(actor: PersonActor): Promise<Target[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "forwarding" });
    return this.#parts.fhir.targets.all();
  }

  /** Adds a forwarding target; throws `invalid`, `unknown_metric` or `conflict`. */
  async createFhirTarget(actor: PersonActor, settings: TargetSettings): Promise<Target> {
    this.#parts.door.enter(actor, { action: "manage", resource: "forwarding" });
    return this.#parts.fhir.targets.create(settings);
  }

  /** Changes a forwarding target; throws `not_found`, `invalid` or `unknown_metric`. */
  async changeFhirTarget(actor: PersonActor, id: string, change: Partial<TargetSettings>): Promise<Target> {
    this.#parts.door.enter(actor, { action: "manage", resource: "forwarding", about: [id] });
    const target = await this.#parts.fhir.targets.change(id, change);
    this.#parts.fhir.forwarding.wake(id);
    return target;
  }

  /** Forgets a forwarding target; throws `not_found`. */
  async removeFhirTarget(actor: PersonActor, id: string): Promise<void> {
    this.#parts.door.enter(actor, { action: "manage", resource: "forwarding", about: [id] });
    this.#parts.fhir.targets.remove(id);
  }

  /** Whether one of the person's FHIR servers answers; throws `not_found`. */
  async fhirSourceStatus(actor: PersonActor, id: string): Promise<SourceStatus> {
    this.#parts.door.enter(actor, { action: "read", resource: "forwarding", about: [id] });
    return await this.#parts.fhir.source.status(id);
  }

  /** A Patient of one of the person's FHIR servers; throws `not_found`, `unavailable`, `server_timeout` or `server_failed`. */
  async fhirSourcePatient(actor: PersonActor, id: string, patient: string): Promise<RemotePatient> {
    this.#parts.door.enter(actor, { action: "read", resource: "forwarding", about: [id] });
    return await this.#parts.fhir.source.patient(id, patient);
  }

  /** What such a server has about a Patient, as a Bundle; throws as above, and `too_large`. */
  async fhirSourceRecord(actor: PersonActor, id: string, patient: string): Promise<string> {
    this.#parts.door.enter(actor, { action: "read", resource: "forwarding", about: [id] });
    return await this.#parts.fhir.source.record(id, patient);
  }

  /** Windows that a target is to get or got, newest first; throws `not_found`. */
  async fhirDeliveries(
    actor: PersonActor,
    id: string,
    state: Delivery["state"] | undefined,
    before: string | undefined,
    limit: number,
  ): Promise<Delivery[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "forwarding", about: [id] });
    this.#parts.fhir.targets.get(id);
    return this.#parts.fhir.forwarding.deliveries.page(id, state, before, limit);
  }

  /** Sends again what was given up, or everything; throws `not_found`. */
  async replayFhir(actor: PersonActor, id: string, scope: "failed" | "all"): Promise<number> {
    this.#parts.door.enter(actor, { action: "manage", resource: "forwarding", about: [id] });
    return this.#parts.fhir.forwarding.replay(id, scope);
  }

  /** Sends what is due to a target; idempotent. For the queue's consumer. */
  async forwardFhir(target: string): Promise<ForwardResult> {
    if (!this.#parts.life.isOpen) return this.#parts.life.state === "frozen" ? { retryAfterMs: PAUSE_S * SECOND_MS } : {};
    this.#parts.door.system("forwarding", { action: "export", resource: "fhir", about: [target] });
    return this.#parts.fhir.forwarding.forward(target);
  }

  /** Gives up what is open at a target, visibly. For the consumer of dead letters. */
  async buryFhir(target: string): Promise<void> {
    if (this.#parts.life.isOpen) this.#parts.fhir.forwarding.bury(target);
  }

  /** From now on events are noted for the person's own endpoints. Idempotent. */
  async watchWebhooks(actor: PersonActor): Promise<void> {
    this.#parts.door.enter(actor, { action: "manage", resource: "webhook" });
    this.#parts.webhooks.watchOwn();
  }

  /** Events that are to be handed over, and to whom they could go. For the queue's consumer, like the four below. */
  async webhookAudience(): Promise<Audience> {
    if (!this.#parts.life.isOpen) return { events: [], grantees: [] };
    return { ...this.#parts.webhooks.audience(), subscriptions: this.#parts.subscriptions.audience() };
  }

  /** Which endpoints want which of these events and may hear of them now: ids in, ids out. */
  async matchWebhooks(events: readonly EventId[], subscribers: readonly Subscriber[]): Promise<{ event: EventId; webhook: WebhookId }[]> {
    return this.#parts.life.isOpen ? this.#parts.webhooks.match(events, subscribers) : [];
  }

  /** Notes that everybody who wants these events has a delivery, and which endpoints of Subscriptions the records know. Idempotent. */
  async webhooksRouted(events: readonly EventId[], endpoints: readonly WebhookId[] = []): Promise<void> {
    if (!this.#parts.life.isOpen) return;
    this.#parts.webhooks.routed(events);
    this.#parts.subscriptions.routed(events, endpoints);
  }

  /** Sends one message about this person, by the consent of this moment, and logs that. */
  async sendWebhook(ask: SendAsk): Promise<SendOutcome> {
    const { isOpen, state } = this.#parts.life;
    if (!isOpen && state !== "suspended")
      return state === "frozen" ? { kind: "later", afterMs: PAUSE_S * SECOND_MS } : { kind: "dropped", reason: "gone" };
    if (this.#parts.subscriptions.owns(ask.event))
      return isOpen ? await this.#parts.subscriptions.send(ask) : { kind: "dropped", reason: "gone" };
    return await this.#parts.webhooks.send(ask);
  }

  /** Lines of the access log, newest first; reading it is the newest. */
  async accessLog(actor: PersonActor, query: LogQuery): Promise<LogPage> {
    this.#parts.door.enter(actor, { action: "read", resource: "access_log" });
    return this.#parts.log.page(query);
  }

  /** Proves part of the access log; see `AccessLog.verify`. */
  async verifyAccessLog(actor: PersonActor, after: number, limit: number): Promise<Verification> {
    this.#parts.door.check(actor);
    const verification = await this.#parts.log.verify(after, limit);
    // Logged afterwards, so that a cut-off end is found where it was cut.
    this.#parts.door.enter(actor, { action: "read", resource: "access_log", about: ["verify"] });
    return verification;
  }

  /** The person's consents in their newest versions, latest first. */
  async consents(actor: PersonActor, before: string | undefined, limit: number): Promise<ConsentRecord[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "consent" });
    return this.#parts.consents.page(before, limit);
  }

  /** Every version of a consent, newest first; throws `not_found`. */
  async consentHistory(actor: PersonActor, id: ConsentId): Promise<ConsentRecord[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "consent", about: [id] });
    return this.#parts.consents.history(id);
  }

  /** The version of a consent that a receipt proves, or null; throws `not_found`. */
  async proveConsent(actor: PersonActor, id: ConsentId, receipt: string): Promise<ConsentRecord | null> {
    this.#parts.door.enter(actor, { action: "read", resource: "consent", about: [id] });
    return this.#parts.consents.prove(id, receipt) ?? null;
  }

  /** Gives a consent, which counts at once; throws `invalid` or `conflict`. */
  async giveConsent(actor: PersonActor, id: ConsentId, terms: ConsentTerms): Promise<ConsentRecord> {
    this.#parts.door.enter(actor, { action: "manage", resource: "consent", about: [id] });
    const given = this.#parts.consents.give(id, terms);
    this.#noticeConsent(given, "given");
    return given;
  }

  /** Makes a new version of a consent; throws `not_found`, `precondition_failed`, `conflict` or `invalid`. */
  async changeConsent(actor: PersonActor, id: ConsentId, change: ConsentChange, ifVersion: number | undefined): Promise<ConsentRecord> {
    this.#parts.door.enter(actor, { action: "manage", resource: "consent", about: [id] });
    const changed = this.#parts.consents.change(id, change, ifVersion);
    this.#noticeConsent(changed, "changed");
    return changed;
  }

  /** Takes a consent back: the next call of the grantee is refused. Throws `not_found` or `precondition_failed`. */
  async revokeConsent(actor: PersonActor, id: ConsentId, ifVersion: number | undefined): Promise<ConsentRecord> {
    this.#parts.door.enter(actor, { action: "manage", resource: "consent", about: [id] });
    const revoked = this.#parts.consents.revoke(id, ifVersion);
    this.#noticeConsent(revoked, "revoked");
    return revoked;
  }

  /** The person hears of what was done about a consent: it may not have been them. */
  #noticeConsent({ id, version, grantee }: ConsentRecord, change: "given" | "changed" | "revoked"): void {
    this.#parts.state.notify({ type: "consent", key: `${id}/${version}`, about: { consent: id, change, grantee: grantee.id } });
  }

  /** How a decision about somebody would go now, and why. */
  async explainAccess(
    actor: PersonActor,
    somebody: Unproven,
    action: SharedAction,
    category: Category,
  ): Promise<Explanation & Pick<Judged, "assurance">> {
    this.#parts.door.enter(actor, { action: "read", resource: "consent", about: somebody.as.map(({ id }) => id) });
    return this.#parts.door.judge.explain(somebody, action, "metric", category);
  }

  /** What this person shares with the actor, and their name; null where nothing. */
  async sharedWith(actor: Reader): Promise<{ name: string | null; consents: Consent[] } | null> {
    const consents = this.#parts.door.showConsents(actor);
    return consents.length === 0 ? null : { name: this.#parts.state.profile().name ?? null, consents };
  }

  /** This person at a glance for a program of an organisation, as far as their consents let it see; null where they share nothing with it. */
  async overview(actor: ClientActor): Promise<(Overview & { readonly name: string | null }) | null> {
    const { door, state, store, inbox } = this.#parts;
    if (door.showConsents(actor).length === 0) return null;
    try {
      const entry = door.enter(actor, { action: "read", resource: "day", category: "each" });
      return { ...overviewOf(state, store.sources, inbox, entry, actor.organisation ?? ""), name: state.profile().name ?? null };
    } catch (error) {
      // Shared for something else than reading.
      if (isProblem(error) && error.code === "not_found") return null;
      throw error;
    }
  }

  /** How long what is kept, and what was done about it. */
  async retention(actor: PersonActor): Promise<RetentionView> {
    this.#parts.door.enter(actor, { action: "read", resource: "retention" });
    return this.#parts.retention.view();
  }

  /** Chooses how long what is kept; problem `invalid`. What is too old goes at once. */
  async setRetention(actor: PersonActor, settings: RetentionSettings): Promise<RetentionView> {
    this.#parts.door.enter(actor, { action: "manage", resource: "retention" });
    this.#parts.retention.set(settings);
    return this.#parts.retention.view();
  }

  /** Lets an export read everything from now on, or names the one that does already. Problem `rate_limited`. */
  async openExport(actor: PersonActor, id: ExportId): Promise<{ running: string | null }> {
    this.#parts.door.enter(actor, { action: "export", resource: "export", about: [id] });
    return this.#parts.exports.open(id);
  }

  /** Ends an export's access; over with the person, too. */
  async closeExport(id: string): Promise<void> {
    if (this.#parts.life.isOver) return;
    this.#parts.life.assertAlive();
    this.#parts.exports.close(id);
  }

  /**
   * What an export consists of. For the exporter; problems `not_found` where the person did not begin it, or it has ended, `gone` for one
   * who is erased.
   */
  async exportPlan(id: string): Promise<ExportPlan> {
    this.#parts.life.assertAlive();
    return this.#parts.exports.plan(id);
  }

  /** A piece of one file of an export. For the exporter; problems as above. */
  async exportPage(id: string, file: PlannedFile, after: RowKey | null): Promise<ExportPage> {
    this.#parts.life.assertAlive();
    return await this.#parts.exports.page(id, file, after);
  }

  /** A piece of the file of a laboratory report. For the exporter; problems as above. */
  async exportDocument(id: string, report: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    this.#parts.life.assertAlive();
    return await this.#parts.exports.document(id, report, offset, length);
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
    this.#parts.door.breakGlass(actor, id);
    return await this.#parts.emergencies.prepare(id, { clinician: actor.person, name, session: actor.session, reason });
  }

  /** Opens what was prepared, once whatever it owes is written down. Throws `not_found`. */
  async openEmergency(id: EmergencyAccessId): Promise<void> {
    // Whoever has asked for their erasure meanwhile is seen by nobody.
    if (!this.#parts.life.isOpen) throw notFound("person");
    this.#parts.emergencies.open(id);
    // A letter goes out as well.
    this.#parts.state.notify({ type: "access", key: `emergency/${id}`, about: { emergencyAccess: id }, without: ["email"] });
  }

  /** Who broke the glass, when and why, latest first. */
  async emergencies(actor: PersonActor, before: string | undefined, limit: number): Promise<EmergencyAccess[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "emergency_access" });
    return await this.#parts.emergencies.page(before, limit);
  }

  /** Ends an emergency access for the very next read. Throws `not_found`. */
  async endEmergency(actor: PersonActor, id: EmergencyAccessId): Promise<void> {
    this.#parts.door.enter(actor, { action: "manage", resource: "emergency_access", about: [id] });
    this.#parts.emergencies.end(id);
  }

  /** One emergency access for a reviewer, whose roles and assurance the records say now. Throws `not_found`. */
  async emergencyForReview(actor: PersonActor, id: EmergencyAccessId): Promise<EmergencyAccess> {
    this.#parts.door.review(actor, "read", id, (one) => this.#parts.emergencies.clinicianOf(one));
    return await this.#parts.emergencies.show(id);
  }

  /** Keeps the outcome of a review. Throws `not_found`, `forbidden` and `conflict`. */
  async decideEmergency(
    actor: PersonActor,
    id: EmergencyAccessId,
    outcome: EmergencyOutcome,
    note: string,
  ): Promise<{ decidedAt: number }> {
    this.#parts.door.review(actor, "manage", id, (one) => this.#parts.emergencies.clinicianOf(one));
    return await this.#parts.emergencies.decide(id, actor.person, outcome, note);
  }

  /** What this person gives a programme, by their consent and logged; null where they give nothing. For the programme's own object. */
  async contribute(ask: Ask): Promise<Given | null> {
    if (this.#parts.life.isOver) return null;
    const details = await this.#parts.details.read();
    const entry = this.#parts.door.contribute(ask.programme, ask.metrics);
    return entry === undefined ? null : contributionOf(this.#parts.state.sql, this.#parts.store.seenBy(entry), entry, details, ask);
  }

  /** Whether this person still takes part in a programme with all of these categories. */
  async stillContributes(programme: ProgrammeId, categories: readonly Category[]): Promise<boolean> {
    if (!this.#parts.life.isOpen) return false;
    const gives = (category: Category) => this.#parts.door.judge.programme(programme, category).allow;
    return CATEGORIES.some(gives) && categories.every(gives);
  }

  /** The person's achievements with their progress, as of now. */
  async achievements(actor: PersonActor): Promise<OwnAchievement[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "achievement" });
    return this.#parts.achievements.list();
  }

  /** One of them; throws `not_found`, for a hidden one that is not earned too. */
  async achievement(actor: PersonActor, id: string): Promise<OwnAchievement> {
    this.#parts.door.enter(actor, { action: "read", resource: "achievement" });
    return this.#parts.achievements.one(id);
  }

  /** Computes all achievements anew; true where that goes on behind the clock. */
  async recomputeAchievements(actor: PersonActor): Promise<boolean> {
    this.#parts.door.enter(actor, { action: "manage", resource: "achievement" });
    return this.#parts.achievements.recompute();
  }

  /** Who sees the person's achievements, and which are kept back. */
  async achievementSettings(actor: PersonActor): Promise<AchievementSettings> {
    this.#parts.door.enter(actor, { action: "read", resource: "achievement" });
    return this.#parts.achievements.settings();
  }

  /** Chooses that; counts at once. */
  async changeAchievementSettings(actor: PersonActor, change: Partial<AchievementSettings>): Promise<AchievementSettings> {
    this.#parts.door.enter(actor, { action: "manage", resource: "achievement" });
    return this.#parts.achievements.change(change);
  }

  /** What the person has earned, as somebody else sees it who is that to them; throws `not_found` where nothing is shown. */
  async shownAchievements(actor: PersonActor, relation: "friend" | "stranger"): Promise<ShownAchievement[]> {
    const { life, achievements, door } = this.#parts;
    const shown = life.isOpen ? achievements.shownTo(relation) : undefined;
    if (shown === undefined) throw notFound("person");
    door.visited(actor, { action: "read", resource: "achievement", about: shown.map(({ id }) => id) });
    return shown;
  }

  /** Takes up an organisation's achievement, or drops one. */
  async adoptAchievement(actor: PersonActor, definition: OrganisationDefinition): Promise<void> {
    this.#parts.door.enter(actor, { action: "manage", resource: "achievement" });
    this.#parts.achievements.adopt(definition);
  }

  async dropAchievement(actor: PersonActor, id: string): Promise<void> {
    this.#parts.door.enter(actor, { action: "manage", resource: "achievement" });
    this.#parts.achievements.drop(id);
  }

  /** Awards whose posts in the person's feed are to be written or taken out; for whoever writes feeds. */
  async awardsForFeed(): Promise<FeedAward[]> {
    return this.#parts.life.isOpen ? this.#parts.achievements.forFeed() : [];
  }

  /** Notes that this was done. False where the opposite is wanted by now: then it is to be undone. */
  async awardFed(award: FeedAward): Promise<boolean> {
    return this.#parts.life.isOpen && this.#parts.achievements.fed(award);
  }

  /** What the person's wallet holds. */
  async wallet(actor: PersonActor): Promise<Balance[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "wallet" });
    // Points follow from what was stored a moment ago.
    this.#parts.achievements.settle();
    return this.#parts.wallet.balances();
  }

  /** Transactions before a number, newest first. */
  async walletStatement(
    actor: PersonActor,
    unit: WalletUnit | undefined,
    before: number | undefined,
    limit: number,
  ): Promise<Transaction[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "wallet" });
    return this.#parts.wallet.statement(unit, before, limit);
  }

  /** Sends coins to somebody; throws `insufficient_funds`. */
  async sendCoins(actor: PersonActor, id: TransferId, to: PersonId, amount: number): Promise<Transfer> {
    this.#parts.door.enter(actor, { action: "manage", resource: "wallet", about: [id] });
    return await this.#parts.wallet.send(id, to, amount);
  }

  /** Takes coins from somebody's vault, once for a transfer; false where nobody is there to take them. Throws `unavailable` during a move. */
  async receiveCoins({ id, from, amount }: { readonly id: string; readonly from: PersonId; readonly amount: number }): Promise<boolean> {
    if (this.#parts.life.state === "frozen") throw problem("unavailable", undefined, { retryAfter: PAUSE_S });
    // What was taken stays taken, whatever became of the account and of the answer.
    if (!this.#parts.life.isOpen) return !this.#parts.life.isOver && this.#parts.wallet.hasReceived(id);
    this.#parts.wallet.receive(id, from, amount);
    return true;
  }

  /** Pays what was won, once for a key; for what closes challenges. Throws `gone`, `unavailable`. */
  async payWon(payment: Payment): Promise<void> {
    this.#parts.life.assertAlive();
    this.#parts.wallet.pay(payment);
  }

  /** Keeps a voucher that was won, once for its id, until the region of its reward has said yes. For what closes challenges. */
  async holdWonVoucher(id: string, offer: Offer): Promise<HeldVoucher> {
    this.#parts.life.assertAlive();
    return await this.#parts.wallet.hold(id, offer, true);
  }

  /** Pays for an offer; throws `insufficient_funds`, `conflict`. What the region of the reward says to it comes by `settleVouchers`. */
  async holdVoucher(actor: PersonActor, id: string, offer: Offer): Promise<HeldVoucher> {
    this.#parts.door.enter(actor, { action: "manage", resource: "wallet", about: [id] });
    this.#parts.achievements.settle();
    return await this.#parts.wallet.hold(id, offer);
  }

  /** Vouchers that the regions of their rewards are to be asked about. */
  async openVouchers(actor: PersonActor): Promise<OpenVoucher[]> {
    this.#parts.door.check(actor);
    return this.#parts.wallet.open();
  }

  /** Takes in what regions say of vouchers; idempotent. */
  async settleVouchers(news: readonly VoucherNews[]): Promise<void> {
    this.#parts.life.assertAlive();
    this.#parts.wallet.settle(news);
  }

  /** Where the person streams to, without what is secret of it. */
  async streamTargets(actor: PersonActor): Promise<StreamTarget[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "stream_target" });
    return this.#parts.streams.list();
  }

  /** Keeps a live-stream target, sealed; throws `conflict`. */
  async addStreamTarget(actor: PersonActor, target: NewStreamTarget): Promise<StreamTarget> {
    this.#parts.door.enter(actor, { action: "manage", resource: "stream_target" });
    return await this.#parts.streams.add(target);
  }

  /** Address and key for the person's encoder, once; throws `not_found`, `gone`. */
  async handOverStreamTarget(actor: PersonActor, id: string): Promise<{ readonly url: string; readonly key: string }> {
    this.#parts.door.enter(actor, { action: "manage", resource: "stream_target", about: [id] });
    return await this.#parts.streams.handOver(id);
  }

  /** Forgets a live-stream target; throws `not_found`. */
  async removeStreamTarget(actor: PersonActor, id: string): Promise<void> {
    this.#parts.door.enter(actor, { action: "manage", resource: "stream_target", about: [id] });
    this.#parts.streams.remove(id);
  }

  /** The person's vouchers, newest first, without their codes. */
  async vouchers(actor: PersonActor, before: VoucherPlace | undefined, limit: number): Promise<Voucher[]> {
    this.#parts.door.enter(actor, { action: "read", resource: "wallet" });
    return this.#parts.wallet.vouchers(before, limit);
  }

  /** One voucher with its code; throws `not_found`. */
  async voucher(actor: PersonActor, id: string): Promise<Voucher & { readonly code: string | null }> {
    this.#parts.door.enter(actor, { action: "read", resource: "wallet", about: [id] });
    return await this.#parts.wallet.voucher(id);
  }

  /** Pauses everything but the person's own looking, since they have asked for their erasure. Idempotent. */
  async suspend(): Promise<void> {
    this.#parts.door.system("accounts", { action: "delete", resource: "account" });
    this.#parts.leaving.suspend();
  }

  /** Takes up again what was paused. Idempotent. */
  async resume(): Promise<void> {
    this.#parts.leaving.resume();
    this.#parts.door.system("accounts", { action: "manage", resource: "account" });
  }

  /** Stands still, to be copied to another region; `resume` takes it back. Throws `conflict` for somebody who is going to be erased. */
  async freeze(): Promise<void> {
    this.#parts.leaving.freeze();
  }

  /** Whether the whole access log is proven. */
  async logIsIntact(): Promise<boolean> {
    return await this.#parts.departure.logIsIntact();
  }

  /** How many rows a move has to carry. */
  async rowsToMove(): Promise<number> {
    return this.#parts.departure.rows();
  }

  /** Hands a slice of a frozen vault to the person's new one. */
  async copySlice(to: PersonId, place: Place): Promise<SliceDone> {
    return await this.#parts.departure.copy(to, place);
  }

  /** Compares a slice of a frozen vault with the person's new one. */
  async compareSlice(to: PersonId, place: Place): Promise<SliceDone> {
    return await this.#parts.departure.compare(to, place);
  }

  /** Has a value of the records sealed anew by the person's new vault. */
  async reseal(place: SealedPlace, sealed: string, to: PersonId, toPlace: SealedPlace): Promise<string> {
    return await this.#parts.departure.reseal(place, sealed, to, toPlace);
  }

  /** The head of the log with the old region's word for it. */
  async farewell(to: PersonId): Promise<Farewell> {
    return this.#parts.departure.farewell(to);
  }

  /** Waits for a person who comes from another region. */
  async beginArrival(): Promise<void> {
    this.#parts.arrival.begin();
  }

  /** Takes rows from the old vault; called by that vault alone. */
  async takeRows(parts: readonly Part[]): Promise<void> {
    await this.#parts.arrival.take(parts);
  }

  /** What has arrived of each span; called by the old vault alone. */
  async digestRows(spans: readonly TableSpan[]): Promise<Digest[]> {
    return await this.#parts.arrival.digest(spans);
  }

  /** Seals a value that arrives; called by the old vault alone. */
  async sealArriving(place: SealedPlace, text: string): Promise<string> {
    return await this.#parts.arrival.seal(place, text);
  }

  /** Begins to work for the person who has arrived. Idempotent. */
  async arrive(farewell: Farewell): Promise<void> {
    await this.#parts.arrival.open(farewell);
  }

  /** Empties a vault at which somebody was to arrive who does not. */
  async discard(): Promise<void> {
    if (this.#parts.life.state === "gone") return;
    const isUnused = this.#parts.life.isOpen && this.#parts.log.head().seq === 0;
    if (this.#parts.life.state !== "frozen" && !isUnused) throw problem("conflict", "The vault is not waiting for anybody.");
    await this.#parts.life.destroy();
  }

  /** Follows the grantee of a consent to their new id. False where the consent is not to them. */
  async regrant(consent: ConsentId, from: PersonId, to: PersonId): Promise<boolean> {
    this.#parts.door.system("region_move", { action: "manage", resource: "consent", about: [consent] });
    return this.#parts.consents.regrant(consent, from, to);
  }

  /** Lets nobody in any more, and nothing that Meridian does for them. Idempotent. */
  async close(): Promise<void> {
    this.#parts.leaving.close();
  }

  /** Rows of each table; for the receipt of an erasure. */
  async inventory(): Promise<TableCounts> {
    return this.#parts.life.state === "gone" ? {} : this.#parts.leaving.inventory();
  }

  /** Ends what a closed vault has open with others, and names who else knows of the person; see `Leaving.takeLeave`. */
  async takeLeave(): Promise<Acquaintances> {
    return await this.#parts.leaving.takeLeave();
  }

  /** Ends the permissions at vendors of a closed vault; see `endGrants`. */
  async endGrants(shared: readonly string[], isLast: boolean): Promise<EndedGrants> {
    return await this.#parts.leaving.endGrants(shared, isLast);
  }

  /** Empties the vault, for good. Throws `conflict` where it was not closed before. */
  async destroy(): Promise<void> {
    if (!this.#parts.life.isOver) throw problem("conflict", "The vault is not closed.");
    await this.#parts.life.destroy();
  }
}

/** What a deletion is about, for the log: nothing that the catalogue does not know. */
function aboutRange({ key }: EraseRange): string[] {
  return key !== undefined && METRIC_CODE.has(key) ? [key] : [];
}

/** An actor as decisions about FHIR resources judge them: a client by what its scopes mean there. */
function inFhir(actor: Reader): Reader {
  return actor.kind === "client" ? { ...actor, scopes: policyScopesOf(actor.names ?? []) } : actor;
}
