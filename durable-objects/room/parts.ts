import { systemClock } from "../../shared/clock";
import { type RoomId, systemRandom } from "../../shared/id";
import { consoleLog } from "../../shared/log";
import { Timers } from "../vault/timers";
import { Attachments } from "./attachments";
import { Changes } from "./changes";
import { FanOut } from "./fan-out";
import { EventLog } from "./log";
import { HandedReports } from "./handed-reports";
import { Members } from "./members";
import { Membership } from "./membership";
import { Messages } from "./messages";
import { Moderation } from "./moderation";
import { Retention } from "./retention";
import { Scheduled } from "./scheduled";
import { Search } from "./search";
import { Sockets } from "./sockets";
import { Facts, type RoomState } from "./state";
import { Tells } from "./tells";
import { Typing } from "./typing";
import { Unread } from "./unread";
import { Verbs } from "./verbs";

/** What a room is made of; each part keeps its own tables and rules. */
export interface Parts {
  readonly state: RoomState;
  readonly facts: Facts;
  readonly members: Members;
  readonly membership: Membership;
  readonly log: EventLog;
  readonly messages: Messages;
  readonly changes: Changes;
  readonly unread: Unread;
  readonly attachments: Attachments;
  readonly search: Search;
  readonly moderation: Moderation;
  readonly scheduled: Scheduled;
  readonly retention: Retention;
  readonly fanOut: FanOut;
  readonly typing: Typing;
  readonly handedReports: HandedReports;
  readonly sockets: Sockets;
  readonly tells: Tells;
  readonly verbs: Verbs;
}

/** Puts the parts of a room together; its tables are there. */
export function openParts(ctx: DurableObjectState, env: Env, id: RoomId): Parts {
  const { storage } = ctx;
  const { sql } = storage;
  const timers = new Timers(storage, systemClock);
  const state: RoomState = { storage, sql, env, id, now: systemClock, random: systemRandom, timers, log: consoleLog };
  const facts = new Facts(sql);
  const members = new Members(sql);
  const log = new EventLog(sql);
  const messages = new Messages(sql, members);
  const unread = new Unread(sql);
  const fanOut = new FanOut(ctx, systemClock);
  const changes = new Changes(state, { facts, members, messages, log, fanOut });
  const attachments = new Attachments(state);
  const typing = new Typing(fanOut);
  const search = new Search(state);
  const sockets = new Sockets(ctx, state, { members, unread, fanOut, typing, log });
  const tells = new Tells(state, { facts, members, unread, sockets: (no) => sockets.count(no) });
  const handedReports: HandedReports = new HandedReports(state, { facts, members, messages, verbs: () => verbs });
  const verbs: Verbs = new Verbs(state, {
    facts,
    members,
    messages,
    log,
    changes,
    unread,
    fanOut,
    attachments,
    search,
    typing,
    onMessage: () => tells.said(),
    onRead: (member, seq) => tells.read(member, seq),
    onReport: (reporter, message) => handedReports.reported(reporter, message),
    note: (by, action, concerned, message) => moderation.note(by.no, action, concerned, message),
  });
  const membership = new Membership(state, {
    facts,
    members,
    messages,
    log,
    changes,
    attachments,
    sockets,
    tells,
    onStaff: () => handedReports.staffChanged(),
  });
  const moderation = new Moderation(state, { members, messages, verbs, membership });
  return {
    state,
    facts,
    members,
    membership,
    log,
    messages,
    changes,
    unread,
    attachments,
    search,
    moderation,
    handedReports,
    scheduled: new Scheduled(state, { members, verbs }),
    retention: new Retention(state, { facts, log, messages, attachments }),
    fanOut,
    typing,
    sockets,
    tells,
    verbs,
  };
}
