import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket as ReconnectingSocket } from "partysocket";
import * as z from "zod";
import { Meridian } from "../journeys/harness.ts";
import { Client } from "../journeys/person.ts";
import type { Prepared } from "../journeys/prepared.ts";

/** How a room is tormented. */
export interface RoomChaosPlan {
  readonly seed: number;
  readonly people: number;
  /** Sockets of each person, each a client with ids of its own. */
  readonly clientsEach: number;
  readonly messages: number;
  /** Times that the power is cut, and with it every socket. */
  readonly cuts: number;
}

export interface RoomChaosOutcome {
  readonly faults: readonly string[];
  readonly messages: number;
  readonly connections: number;
  /** Messages that were sent more than once. */
  readonly repeated: number;
  readonly deliveries: number;
}

/** An answer that has not come by then is asked for again. */
const ANSWER_MS = 2_000;
const LONGEST_MS = 240_000;
const ticketSchema = z.object({ ticket: z.string() });
const roomSchema = z.object({ id: z.string(), head: z.number(), unread: z.object({ messages: z.number() }) });
const messageEvent = z.object({
  message: z.object({ seq: z.number(), text: z.string(), author: z.object({ person: z.string() }) }),
});

/** One client of a room: reconnects by itself with a ticket for each connection, asks for what it missed, and sends until it is answered. */
class RoomClient {
  readonly name: string;
  readonly person: Client;
  /** What everybody said, by its number. */
  readonly seen = new Map<number, { readonly text: string; readonly person: string }>();
  readonly faults: string[] = [];
  connections = 0;
  repeated = 0;
  readonly #socket: ReconnectingSocket;
  readonly #open = new Map<string, string>();
  readonly #answers = new Map<string, number>();
  #last: number;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(origin: string, room: string, person: Client, name: string, head: number) {
    this.name = name;
    this.person = person;
    this.#last = head;
    const address = async () => {
      const { ticket } = ticketSchema.parse((await person.call("POST", "/v1/tickets")).body);
      return `${origin.replace("http", "ws")}/v1/rooms/${room}/live?ticket=${encodeURIComponent(ticket)}&after=${this.#last}`;
    };
    this.#socket = new ReconnectingSocket(address, undefined, {
      minReconnectionDelay: 50,
      maxReconnectionDelay: 500,
      connectionTimeout: 20_000,
    });
    this.#socket.addEventListener("open", () => {
      this.connections++;
      for (const text of this.#open.values()) {
        this.repeated++;
        this.#send(text);
      }
    });
    this.#socket.addEventListener("message", ({ data }) => this.#read(JSON.parse(String(data)) as Record<string, unknown>));
  }

  get last(): number {
    return this.#last;
  }

  get unanswered(): number {
    return this.#open.size;
  }

  /** Says something; under the same id until it is answered. */
  say(n: number, isTwice: boolean): void {
    const id = `${this.name}-${n}`;
    const text = JSON.stringify({ type: "send", ref: id, clientId: id, text: id });
    this.#open.set(id, text);
    this.#send(text);
    if (!isTwice) return;
    this.repeated++;
    this.#send(text);
  }

  reconnect(): void {
    this.#socket.reconnect();
  }

  /** Asks for what came after the last; once until it is answered, or for a while where it is lost. */
  resume(): void {
    if (performance.now() - this.#askedAt < ANSWER_MS) return;
    this.#askedAt = performance.now();
    this.#send(JSON.stringify({ type: "resume", after: this.#last }));
  }

  close(): void {
    this.#socket.close();
  }

  #send(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  #read(frame: Record<string, unknown>): void {
    switch (frame["type"]) {
      case "ok":
        return this.#answered(String(frame["ref"]), Number((frame["answer"] as { seq: number }).seq));
      case "events":
        for (const event of frame["events"] as { seq: number; kind: string }[]) this.#take(event);
        return;
      case "resumed":
        this.#askedAt = Number.NEGATIVE_INFINITY;
        if (Number(frame["head"]) > this.#last) this.resume();
        return;
      case "snapshot":
        return void this.#catchUp(Number(frame["head"]));
      case "head":
        if (Number(frame["seq"]) > this.#last) this.resume();
        return;
      case "error":
        // Too fast: it is said again, if nobody has answered it meanwhile.
        if (frame["code"] === "rate_limited") setTimeout(() => this.#again(frame["ref"]), 200);
        else this.faults.push(`${this.name} was refused: ${JSON.stringify(frame)}`);
    }
  }

  #again(ref: unknown): void {
    const text = this.#open.get(String(ref));
    if (text !== undefined) this.#send(text);
    else if (ref === undefined) this.resume();
  }

  #answered(id: string, seq: number): void {
    const before = this.#answers.get(id);
    if (before !== undefined && before !== seq) this.faults.push(`${id} was answered ${before} and then ${seq}`);
    this.#answers.set(id, seq);
    this.#open.delete(id);
  }

  #take(event: { seq: number; kind: string }): void {
    // What was there already comes again where a broadcast crosses a replay.
    if (event.seq <= this.#last) return;
    if (event.seq !== this.#last + 1) return this.resume();
    this.#last = event.seq;
    if (event.kind !== "message") return;
    const { message } = messageEvent.parse(event);
    if (this.seen.has(message.seq)) this.faults.push(`${this.name} was given ${message.seq} twice`);
    this.seen.set(message.seq, { text: message.text, person: message.author.person });
  }

  #catching = false;

  /** Far behind: reads the events by REST, and goes on. */
  async #catchUp(head: number): Promise<void> {
    if (this.#catching) return;
    this.#catching = true;
    try {
      const room = this.#room();
      while (this.#last < head) {
        const { status, body } = await this.person.call("GET", `/v1/rooms/${room}/events?after=${this.#last}&limit=500`);
        if (status !== 200) break;
        for (const event of (body as { items: { seq: number; kind: string }[] }).items) this.#take(event);
      }
    } catch {
      // The power was cut: the next connection asks again.
    } finally {
      this.#catching = false;
      this.#askedAt = Number.NEGATIVE_INFINITY;
    }
    this.resume();
  }

  #room(): string {
    return /rooms\/([^/]+)/.exec(this.#socket.url)?.[1] ?? "";
  }
}

/** Runs the plan and judges: nothing lost, nothing twice, the same order for all, counts as they are. */
export async function runRoomChaos(
  plan: RoomChaosPlan,
  prepared: Prepared,
  say: (line: string) => void = () => undefined,
): Promise<RoomChaosOutcome> {
  const random = randomOf(plan.seed);
  const meridian = await Meridian.start(undefined, { prepared });
  const clients: RoomClient[] = [];
  try {
    const people: Client[] = [];
    for (let i = 0; i < plan.people; i++) people.push(await Client.register(meridian, i % 3 === 1 ? "us" : "eu"));
    const [host, ...guests] = people;
    if (host === undefined) throw new RangeError("a room needs people");
    const room = await openRoom(host, guests);
    const { head } = await host.get(`/v1/rooms/${room}`, roomSchema);
    for (const [p, person] of people.entries())
      for (let c = 0; c < plan.clientsEach; c++) clients.push(new RoomClient(meridian.origin, room, person, `p${p}c${c}`, head));
    const wanted = clients.length * plan.messages;
    await until(() => clients.every(({ connections }) => connections > 0));
    say(`${clients.length} clients are connected`);
    for (let n = 0; n < plan.messages; n++) {
      for (const client of clients) {
        client.say(n, random() < 0.1);
        if (random() < 0.05) client.reconnect();
      }
      if (plan.cuts > 0 && (n + 1) % Math.ceil(plan.messages / (plan.cuts + 1)) === 0 && n + 1 < plan.messages) {
        await meridian.cutPower();
        say(`the power was cut after ${n + 1} messages each`);
      }
      await sleep(20);
    }
    await until(
      () => clients.every(({ unanswered }) => unanswered === 0),
      () => clients.forEach((client) => client.resume()),
    );
    say("everything is answered");
    const end = (await host.get(`/v1/rooms/${room}`, roomSchema)).head;
    await until(
      () => clients.every(({ last }) => last >= end),
      () => clients.forEach((client) => client.resume()),
    );
    say("everybody has everything");
    const faults = [...clients.flatMap((client) => client.faults), ...judge(clients, head, wanted)];
    faults.push(...(await judgeCounts(people, room, clients[0]?.seen ?? new Map())));
    return {
      faults,
      messages: wanted,
      connections: clients.reduce((sum, { connections }) => sum + connections, 0),
      repeated: clients.reduce((sum, { repeated }) => sum + repeated, 0),
      deliveries: clients.reduce((sum, { seen }) => sum + seen.size, 0),
    };
  } finally {
    for (const client of clients) client.close();
    await meridian.dispose();
  }
}

async function openRoom(host: Client, guests: readonly Client[]): Promise<string> {
  const opened = await host.call("POST", "/v1/rooms", { kind: "group", name: "Chaos", people: guests.map(({ id }) => id) });
  const { id } = roomSchema.parse(opened.body);
  for (const guest of guests) await guest.call("POST", `/v1/rooms/${id}/membership`, { accept: true });
  return id;
}

function judge(clients: readonly RoomClient[], head: number, wanted: number): string[] {
  const faults: string[] = [];
  const [first] = clients;
  const truth = [...(first?.seen ?? [])].map(([seq, { text }]) => `${seq} ${text}`);
  if (truth.length !== wanted) faults.push(`${truth.length} messages instead of ${wanted}`);
  if (new Set(truth.map((line) => line.split(" ")[1])).size !== truth.length) faults.push("a message is there twice");
  for (const client of clients) {
    const own = [...client.seen].map(([seq, { text }]) => `${seq} ${text}`);
    if (own.join() !== truth.join()) faults.push(`${client.name} has another order or other messages`);
    if (client.last < head + wanted) faults.push(`${client.name} ends at ${client.last}`);
  }
  return faults;
}

/** What is unread, before and after reading up to a place of each person's own. */
async function judgeCounts(people: readonly Client[], room: string, seen: RoomClient["seen"]): Promise<string[]> {
  const faults: string[] = [];
  const all = [...seen];
  for (const [i, person] of people.entries()) {
    const truth = (after: number) => all.filter(([seq, { person: author }]) => seq > after && author !== person.id).length;
    const unread = async () => (await person.get(`/v1/rooms/${room}`, roomSchema)).unread.messages;
    if ((await unread()) !== truth(0)) faults.push(`p${i} has ${await unread()} unread instead of ${truth(0)}`);
    const place = all[Math.floor((all.length * (i + 1)) / (people.length + 1))]?.[0] ?? 1;
    await person.call("POST", `/v1/rooms/${room}/read`, { seq: place });
    if ((await unread()) !== truth(place)) faults.push(`p${i} has ${await unread()} unread after ${place} instead of ${truth(place)}`);
  }
  return faults;
}

async function until(holds: () => boolean, nudge: () => void = () => undefined): Promise<void> {
  const begun = performance.now();
  for (let i = 1; !holds(); i++) {
    if (performance.now() - begun > LONGEST_MS) throw new Error("it takes too long");
    if (i % 40 === 0) nudge();
    await sleep(50);
  }
}

/** mulberry32, public domain. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
