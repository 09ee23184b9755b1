import type { Clock } from "../../shared/clock";
import type { Across, Listed } from "../../shared/ranking/across";
import { isNothing, type Placed } from "../../shared/ranking/terms";
import { readWatch, type Watch, WATCH_HEADER } from "../../shared/ranking/watch";
import type { PeriodStatus } from "./terms";

/** The exact texts that the runtime answers by itself, without waking the board. */
export const PING = '{"type":"ping"}';
export const PONG = '{"type":"pong"}';
/** Sockets of one board at most. */
const MOST_SOCKETS = 10_000;
/** What changed within such a time is told at once. */
const TICK_MS = 250;
/** A first change waits so long for those that come with it. */
const FIRST_MS = 20;

const CLOSE = { normal: 1000, policy: 1008, ended: 4401, notAllowed: 4403 } as const;

/** What the live side asks of its board. */
export interface LivePorts {
  readonly across: (period: number) => Across;
  readonly state: (period: number) => PeriodStatus["state"];
  readonly now: Clock;
  /** Has `dismissEnded` called at an instant, also after a sleep. */
  readonly wakeAt: (at: number) => void;
}

/** An entry as watchers see it. */
interface Shown {
  readonly rank: number;
  readonly alias: string;
  /** Null where nothing counts. */
  readonly score: number | null;
  readonly subscore: number;
}

/** Watchers of the same best entries of a period: they get the same texts. */
interface Group {
  readonly watch: Watch;
  readonly watchers: Set<Watcher>;
  /** What they were told last; unknown after a sleep, so that they are told everything. */
  told: { readonly seq: number; readonly top: readonly string[]; readonly head: string } | undefined;
}

interface Watcher {
  readonly ws: WebSocket;
  readonly watch: Watch;
  readonly group: Group;
  /** The surroundings that they were told last, and the number of their last message. */
  own: string | undefined;
  seq: number;
}

/**
 * Those who watch a board, over sockets that may hibernate. Changes are told by ticks: which of the best entries are others now, and the
 * watcher's own surroundings where they are. A message is numbered and names the one before it; whoever missed one, and everybody after
 * the board slept, is told everything.
 */
export class Live {
  readonly #ctx: DurableObjectState;
  readonly #ports: LivePorts;
  readonly #groups = new Map<string, Group>();
  readonly #changed = new Set<number>();
  #bySocket: Map<WebSocket, Watcher> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tickedAt = 0;
  #seq = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(ctx: DurableObjectState, ports: LivePorts) {
    this.#ctx = ctx;
    this.#ports = ports;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
  }

  /** Opens a socket for whoever the header names. */
  async open(request: Request): Promise<Response> {
    const watch = readWatch(request.headers.get(WATCH_HEADER));
    if (watch === undefined || request.headers.get("upgrade") !== "websocket") return Response.json({ code: "malformed" }, { status: 400 });
    if (watch.until <= this.#ports.now()) return Response.json({ code: "session_ended" }, { status: 401 });
    const all = this.#all();
    if (all.size >= MOST_SOCKETS) return Response.json({ code: "unavailable", detail: "Too many watch this board." }, { status: 503 });
    const after = Number(new URL(request.url).searchParams.get("after") ?? Number.NaN);
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server, [watch.tag]);
    server.serializeAttachment(JSON.stringify(watch));
    const watcher = this.#add(all, server, watch);
    this.#ports.wakeAt(watch.until);
    await this.#inOrder(async () => await this.#greet(watcher, after));
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Something is another in a period: those who watch it are told with the next tick. */
  changed(period: number): void {
    if (this.#all().size === 0) return;
    this.#changed.add(period);
    if (this.#timer !== undefined) return;
    const wait = Math.max(FIRST_MS, this.#tickedAt + TICK_MS - this.#ports.now());
    this.#timer = setTimeout(() => void this.tick(), wait);
  }

  /** Tells what changed since the last time. */
  async tick(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tickedAt = this.#ports.now();
    const changed = new Set(this.#changed);
    this.#changed.clear();
    this.dismissEnded();
    await this.#inOrder(async () => {
      for (const period of changed) await this.#tell(period);
    }).catch(() => this.#forget(changed));
  }

  /** Closes the sockets of a tag. */
  dismiss(tag: string): void {
    for (const ws of this.#ctx.getWebSockets(tag)) this.#close(ws, CLOSE.notAllowed, "not_allowed");
  }

  /** Closes the sockets whose time is over; returns when that of the next one is. */
  dismissEnded(): number | undefined {
    const now = this.#ports.now();
    for (const [ws, { watch }] of this.#all()) if (watch.until <= now) this.#close(ws, CLOSE.ended, "session_ended");
    const next = Math.min(
      ...this.#all()
        .values()
        .map(({ watch }) => watch.until),
    );
    return Number.isFinite(next) ? next : undefined;
  }

  /** Closes every socket. */
  end(): void {
    for (const ws of this.#all().keys()) this.#close(ws, CLOSE.normal, "ended");
  }

  /** A watcher has nothing to say. */
  heard(ws: WebSocket): void {
    this.#close(ws, CLOSE.policy, "policy");
  }

  remove(ws: WebSocket): void {
    const watcher = this.#all().get(ws);
    if (watcher === undefined) return;
    this.#all().delete(ws);
    const { group } = watcher;
    group.watchers.delete(watcher);
    if (group.watchers.size === 0) this.#groups.delete(keyOf(group.watch));
  }

  /** Tells a new watcher where the board stands, unless they know. */
  async #greet(watcher: Watcher, after: number): Promise<void> {
    const { group, watch } = watcher;
    group.told ??= await this.#look(group);
    const { told } = group;
    const own = await this.#ownOf([watcher]);
    watcher.own = own[0] ?? "null";
    if (after === told.seq) send(watcher, told.seq, `{"type":"hello","seq":${told.seq},${told.head},"me":${watcher.own}}`);
    else send(watcher, told.seq, snapshotText(watch, told, watcher.own));
  }

  async #tell(period: number): Promise<void> {
    for (const group of this.#groups.values()) {
      if (group.watch.period !== period) continue;
      const before = group.told;
      const told = await this.#look(group);
      group.told = told;
      const top = before === undefined ? "" : differenceText(before.top, told.top);
      // Nothing new for the group: its number stays, and only those are told whose own surroundings changed.
      const isSilent = before !== undefined && top === "" && before.head === told.head;
      if (isSilent) group.told = before;
      const watchers = [...group.watchers];
      const own = await this.#ownOf(watchers);
      for (const [i, watcher] of watchers.entries()) {
        const mine = own[i] ?? "null";
        const isMine = mine !== watcher.own;
        watcher.own = mine;
        if (before === undefined) send(watcher, told.seq, snapshotText(watcher.watch, told, mine));
        else if (isMine || !isSilent)
          send(
            watcher,
            told.seq,
            `{"type":"change","seq":${told.seq},"prev":${watcher.seq},${told.head}${top}${isMine ? `,"me":${mine}` : ""}}`,
          );
      }
    }
  }

  async #look(group: Group): Promise<NonNullable<Group["told"]>> {
    const { period, top, least } = group.watch;
    const board = this.#ports.across(period);
    const count = await board.count();
    const items = top === 0 || count < least ? [] : (await board.page(null, top)).items;
    this.#seq = Math.max(this.#seq + 1, Math.floor(this.#ports.now()));
    return {
      seq: this.#seq,
      top: items.map((entry) => JSON.stringify(shown(entry))),
      head: `"state":${JSON.stringify(this.#ports.state(period))},"count":${count}`,
    };
  }

  /** The surroundings of watchers of one group, as JSON texts; undefined for those who have none. */
  async #ownOf(watchers: readonly Watcher[]): Promise<(string | undefined)[]> {
    const [{ watch } = { watch: undefined }] = watchers;
    const aliases = watchers.flatMap(({ watch: { alias } }) => (alias === null ? [] : [alias]));
    if (watch === undefined || aliases.length === 0) return watchers.map(() => undefined);
    const board = this.#ports.across(watch.period);
    const isFew = (await board.count()) < watch.least;
    const found = await board.surroundings(aliases, isFew ? 1 : watch.around);
    let next = 0;
    return watchers.map(({ watch: { alias } }) => (alias === null ? undefined : ownText(found[next++] ?? null)));
  }

  /** What could not be told is told as a whole with the next change. */
  #forget(changed: ReadonlySet<number>): void {
    for (const group of this.#groups.values()) if (changed.has(group.watch.period)) group.told = undefined;
  }

  #close(ws: WebSocket, code: number, reason: string): void {
    this.remove(ws);
    try {
      ws.close(code, reason);
    } catch {
      // It has gone already.
    }
  }

  async #inOrder(work: () => Promise<void>): Promise<void> {
    const turn = this.#work.then(work);
    this.#work = turn.catch(() => undefined);
    await turn;
  }

  #all(): Map<WebSocket, Watcher> {
    if (this.#bySocket !== undefined) return this.#bySocket;
    const all = new Map<WebSocket, Watcher>();
    this.#bySocket = all;
    for (const ws of this.#ctx.getWebSockets()) {
      const watch = readWatch(ws.deserializeAttachment());
      if (ws.readyState === WebSocket.OPEN && watch !== undefined) this.#add(all, ws, watch);
    }
    return all;
  }

  #add(all: Map<WebSocket, Watcher>, ws: WebSocket, watch: Watch): Watcher {
    const key = keyOf(watch);
    const group = this.#groups.get(key) ?? { watch, watchers: new Set(), told: undefined };
    this.#groups.set(key, group);
    const watcher: Watcher = { ws, watch, group, own: undefined, seq: 0 };
    group.watchers.add(watcher);
    all.set(ws, watcher);
    return watcher;
  }
}

function keyOf({ period, top, around, least }: Watch): string {
  return `${period} ${top} ${around} ${least}`;
}

function shown({ rank, alias, score, subscore }: Placed): Shown {
  return { rank, alias, score: isNothing(score) ? null : score, subscore };
}

function ownText(listed: Listed | null): string {
  return listed === null ? "null" : JSON.stringify(listed.items.map(shown));
}

function snapshotText({ period }: Watch, { seq, head, top }: NonNullable<Group["told"]>, own: string): string {
  return `{"type":"snapshot","seq":${seq},"period":${period},${head},"top":[${top.join(",")}],"me":${own}}`;
}

/** How the best became others: their number, and those of an index that are not what they were; nothing where all are. */
function differenceText(before: readonly string[], now: readonly string[]): string {
  const set = now.flatMap((text, i) => (text === before[i] ? [] : [`[${i},${text}]`]));
  return set.length === 0 && before.length === now.length ? "" : `,"top":{"length":${now.length},"set":[${set.join(",")}]}`;
}

function send(watcher: Watcher, seq: number, text: string): void {
  watcher.seq = seq;
  try {
    watcher.ws.send(text);
  } catch {
    // Closed on the way here; its close event follows.
  }
}
