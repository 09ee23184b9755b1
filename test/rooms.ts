import { env } from "cloudflare:workers";
import type { Entrant } from "../durable-objects/room/membership";
import type { Opening } from "../durable-objects/room/room";
import { newId, type PersonId, type RoomId } from "../shared/id";
import { ADMISSION_HEADER, writeAdmission } from "../shared/live/admission";
import type { VerbInput } from "../shared/messaging/verbs";
import type { EventView } from "../shared/messaging/views";
import type { Region } from "../shared/region";
import { roomOf } from "../workers/regional";

/** A frame of a room, loosely: tests look at what they need. */
export interface RoomFrame {
  readonly type: string;
  readonly ref?: string | number;
  readonly code?: string;
  readonly head?: number;
  readonly answer?: { readonly seq: number; readonly at: string };
  readonly events?: readonly EventView[];
  readonly signals?: readonly Readonly<Record<string, unknown>>[];
  readonly unread?: { readonly messages: number };
  readonly online?: readonly number[] | null;
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
}

/** The client's end of a room's socket: frames in order, each read once. */
export class RoomClient {
  readonly #ws: WebSocket;
  readonly #unread: RoomFrame[] = [];
  readonly #readers: ((frame: RoomFrame) => void)[] = [];
  #ref = 0;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as RoomFrame;
      const reader = this.#readers.shift();
      if (reader === undefined) this.#unread.push(frame);
      else reader(frame);
    });
    this.closed = new Promise((resolve) => {
      ws.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    ws.accept();
  }

  async next(): Promise<RoomFrame> {
    const frame = this.#unread.shift();
    return frame ?? (await new Promise((resolve) => this.#readers.push(resolve)));
  }

  /** The next frame that fits; those before it are dropped. */
  async nextThat(fits: (frame: RoomFrame) => boolean): Promise<RoomFrame> {
    for (;;) {
      const frame = await this.next();
      if (fits(frame)) return frame;
    }
  }

  async nextOf(type: string): Promise<RoomFrame> {
    return await this.nextThat((frame) => frame.type === type);
  }

  /** Events until one of a number has come. */
  async until(seq: number): Promise<EventView[]> {
    const events: EventView[] = [];
    while (events.at(-1)?.seq !== seq) events.push(...((await this.nextOf("events")).events ?? []));
    return events;
  }

  /** Sends a verb and waits for its answer; frames in between are kept. */
  async ask(verb: VerbInput | Readonly<Record<string, unknown>>): Promise<RoomFrame> {
    const ref = ++this.#ref;
    this.send({ ...verb, ref });
    const kept: RoomFrame[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame.ref === ref) {
        this.#unread.unshift(...kept);
        return frame;
      }
      kept.push(frame);
    }
  }

  send(frame: unknown): void {
    this.#ws.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  unread(): readonly RoomFrame[] {
    return this.#unread;
  }

  close(code = 1000): void {
    this.#ws.close(code);
  }
}

export function freshPerson(region: Region = "eu"): PersonId {
  return newId("person", region, Date.now());
}

/** A room of people who were never registered: for tests of the object itself. */
export async function freshRoom(opening: Partial<Opening> & { readonly people?: number } = {}) {
  const id: RoomId = newId("room", "eu", Date.now());
  const room = roomOf(env, id);
  const people = Array.from({ length: opening.people ?? 3 }, () => freshPerson());
  const members: Entrant[] = people.map((person, i) => ({ person, role: i === 0 && opening.kind !== "direct" ? "owner" : "member" }));
  await room.open({ kind: "group", members, ...opening });
  return { id, room, people: people as [PersonId, PersonId, PersonId, ...PersonId[]] };
}

let sent = 0;

/** A message that nobody has sent before. */
export function say(text: string, more: Partial<Extract<VerbInput, { type: "send" }>> = {}): VerbInput {
  return { type: "send", clientId: `c${++sent}-${Date.now()}`, text, ...more };
}

interface Fetches {
  fetch(url: string, init: { headers: Record<string, string> }): Promise<Response>;
}

/** Opens a socket at a room itself, as the Worker does after it has checked the caller. */
export async function connectRoom(
  room: Fetches,
  person: PersonId,
  {
    after,
    session = newId("session", "eu", Date.now()),
    until = Date.now() + 3_600_000,
  }: { after?: number; session?: ReturnType<typeof newId<"session">>; until?: number } = {},
): Promise<RoomClient> {
  const admission = writeAdmission({ actor: { kind: "person", person, session }, sessionEnds: until });
  const query = after === undefined ? "" : `?after=${after}`;
  const response = await room.fetch(`https://room/live${query}`, { headers: { upgrade: "websocket", [ADMISSION_HEADER]: admission } });
  if (response.webSocket === null) throw new Error(`the room answered ${response.status}: ${await response.text()}`);
  return new RoomClient(response.webSocket);
}
