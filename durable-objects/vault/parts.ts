import { systemClock } from "../../shared/clock";
import { parseId, type PersonId, regionOf, systemRandom } from "../../shared/id";
import { Breakers, carrierGate } from "../../shared/notifications/breakers";
import { modeOf } from "../../shared/notifications/preferences";
import { consoleLog } from "../../shared/log";
import { gateDoor, storesOf, vaultDoor } from "../doors";
import { Door } from "./access/door";
import { AccessLog } from "./access/log";
import { Readers } from "./access/readers";
import { Achievements } from "./achievements/achievements";
import { challengeBoards } from "./challenges/boards";
import { Challenges } from "./challenges/challenges";
import { Connections } from "./connections/connections";
import { Followers } from "./connections/followers";
import { Consents } from "./consents/consents";
import { Details } from "./details";
import { EmergencyAccesses } from "./emergency/accesses";
import { Exports } from "./export/exports";
import { FhirPart } from "./fhir/part";
import { Gaps } from "./gaps/gaps";
import { Inbox } from "./inbox/inbox";
import { newsOfInbox, threadOfInbox } from "./inbox/news";
import { LabFiles } from "./labs/files";
import { Labs } from "./labs/labs";
import { Leaving } from "./leaving";
import { Lifecycle } from "./lifecycle";
import { Elsewhere } from "./live/elsewhere";
import { Live } from "./live/live";
import { Addresses } from "./notifications/addresses";
import { Outbox } from "./notifications/outbox";
import { Notifications } from "./notifications/notifications";
import { Arrival } from "./moving/arrival";
import { Departure } from "./moving/departure";
import { readProfile } from "./profile";
import { Rooms } from "./rooms/rooms";
import { Retention } from "./retention/retention";
import { Sealer } from "./sealer";
import { RevokedSessions } from "./sessions";
import { Standing } from "./standing";
import type { VaultState } from "./state";
import { Store } from "./store/store";
import { Timers } from "./timers";
import { SubscriptionSockets } from "./subscriptions/sockets";
import { Subscriptions } from "./subscriptions/subscriptions";
import { StreamTargets } from "./streams/targets";
import { Wallet } from "./wallet/wallet";
import { Webhooks } from "./webhooks/webhooks";

/** What a vault is made of; each part keeps its own tables and rules. */
export interface Parts {
  readonly state: VaultState;
  readonly life: Lifecycle;
  readonly door: Door;
  readonly log: AccessLog;
  readonly sessions: RevokedSessions;
  readonly standing: Standing;
  readonly consents: Consents;
  readonly emergencies: EmergencyAccesses;
  readonly sealer: Sealer;
  readonly details: Details;
  readonly store: Store;
  readonly retention: Retention;
  readonly connections: Connections;
  readonly followers: Followers;
  readonly gaps: Gaps;
  readonly challenges: Challenges;
  readonly labs: Labs;
  readonly inbox: Inbox;
  readonly notifications: Notifications;
  readonly addresses: Addresses;
  readonly outbox: Outbox;
  readonly fhir: FhirPart;
  readonly live: Live;
  readonly elsewhere: Elsewhere;
  readonly rooms: Rooms;
  readonly webhooks: Webhooks;
  readonly subscriptions: Subscriptions;
  readonly sockets: SubscriptionSockets;
  readonly achievements: Achievements;
  readonly wallet: Wallet;
  readonly streams: StreamTargets;
  readonly exports: Exports;
  readonly leaving: Leaving;
  readonly departure: Departure;
  readonly arrival: Arrival;
}

/** Puts the parts of one person's vault together; its tables are there. */
export function openParts(ctx: DurableObjectState, env: Env, person: PersonId): Parts {
  const { storage } = ctx;
  const { sql } = storage;
  const life = new Lifecycle(ctx, env, person, systemClock);
  const timers = new Timers(storage, systemClock);
  const profile = () => readProfile(sql);
  const store = new Store(storage, systemClock, () => profile().timeZone, timers);
  const sessions = new RevokedSessions(sql, systemClock);
  const state: VaultState = {
    storage,
    sql,
    env,
    person,
    region: regionOf(person),
    now: systemClock,
    random: systemRandom,
    timers,
    log: consoleLog,
    profile,
    record: (batch, by) => {
      life.assertAlive();
      const receipt = store.record(batch, by.kind === "system" ? parseId("import", by.id) : undefined);
      door.wrote(by, batch);
      return receipt;
    },
    emit: (event) => webhooks.emit(event),
    notify: (news) => notifications.tell(news),
    readNotifications: (thread) => notifications.readThread(thread),
    onRecorded: (listener) => store.onRecorded(listener),
  };
  const notifications = new Notifications(state);
  const log = new AccessLog(state);
  const consents = new Consents(state);
  const sealer = new Sealer(state);
  const emergencies = new EmergencyAccesses(state, sealer);
  const addresses = new Addresses(state, sealer);
  const door = new Door(state, { sessions, log, consents, emergencies, life, readers: new Readers(state) });
  const webhooks = new Webhooks(state, {
    store,
    door,
    consents,
    queue: storesOf(env, state.region).hooks,
    fetch: (url, init) => fetch(url, init),
  });
  const files = new LabFiles(state, sealer);
  const fhir = new FhirPart(state, store.sources, files);
  const live = new Live(ctx, state, store.sources, { sessions, door, consents });
  const inbox = new Inbox(state, fhir.repository, {
    came: (entry, unread) => {
      live.notice(entry, unread);
      notifications.tell(newsOfInbox(entry));
    },
    read: (id) => notifications.readThread(threadOfInbox(id)),
  });
  notifications.onChanged({
    came: (one) => {
      if (modeOf(notifications.settings.read(), one.type, "socket") !== "off")
        live.notify(one, notifications.shown(one), notifications.rows.unread().total);
    },
    settled: () => undefined,
  });
  const outbox = new Outbox(state, {
    notifications,
    addresses,
    queue: storesOf(env, state.region).hooks,
    fetch: (url, init) => fetch(url, init),
    breakers: new Breakers(state.region, (carrier) => gateDoor(env, state.region, carrierGate(carrier)), state.now),
  });
  const sockets = new SubscriptionSockets(ctx, (ticket) => live.redeem(ticket));
  const details = new Details(sql, sealer);
  const labs = new Labs(state, details, files);
  const subscriptions = new Subscriptions(state, {
    fhir,
    labs,
    store,
    door,
    sealer,
    consents,
    sockets,
    queue: storesOf(env, state.region).hooks,
    fetch: (url, init) => fetch(url, init),
  });
  const elsewhere = new Elsewhere(state);
  const rooms = new Rooms(state);
  const connections = new Connections(state, store.sources, async (batch, connection) => {
    door.system(connection, { action: "write", resource: "lab_result", about: ["labs"] });
    await labs.record(batch, connection);
  });
  const followers = new Followers(ctx, connections);
  const challenges = new Challenges(state, store, challengeBoards(env));
  const wallet = new Wallet(state, sealer, async (to, transfer) => await vaultDoor(env, to).receiveCoins(transfer));
  const streams = new StreamTargets(state, sealer);
  const achievements = new Achievements(
    state,
    store,
    wallet,
    async () => await storesOf(env, state.region).hooks.send({ kind: "award-posts", person }),
  );
  achievements.onAwarded((news) => {
    for (const { achievement, key, isSpecial } of news)
      if (!isSpecial) state.notify({ type: "achievement", key: `${achievement}/${key}`, about: { achievement, award: key } });
  });
  return {
    state,
    life,
    door,
    log,
    sessions,
    standing: new Standing(systemClock),
    consents,
    emergencies,
    sealer,
    details,
    store,
    retention: new Retention(state, store, log, door),
    connections,
    followers,
    gaps: new Gaps(state, store, connections),
    challenges,
    labs,
    fhir,
    inbox,
    notifications,
    addresses,
    outbox,
    live,
    elsewhere,
    rooms,
    webhooks,
    subscriptions,
    sockets,
    exports: new Exports({ state, details, emergencies, labs, addresses, fhir: fhir.view, binaries: fhir.binaries }, door),
    leaving: new Leaving(state, life, { live, elsewhere, rooms, connections, followers, fhir, sockets, subscriptions, challenges }),
    achievements,
    wallet,
    streams,
    departure: new Departure(state, life, sealer, log),
    arrival: new Arrival(state, life, {
      sealer,
      log,
      store,
      consents,
      emergencies,
      connections,
      fhir,
      webhooks,
      subscriptions,
      notifications,
      achievements,
      wallet,
      challenges,
      streams,
      outbox,
    }),
  };
}
