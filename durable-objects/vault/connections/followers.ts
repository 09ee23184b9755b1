import { SECOND_MS } from "../../../shared/clock";
import { parseId, type SessionId } from "../../../shared/id";
import { connectionJson } from "../../../shared/vendors/connection-view";
import { notFound, problem } from "../../../shared/problem";
import type { Connections } from "./connections";
import * as z from "zod";

/** Changes are told at most so often; what happens in between is told together. */
const TICK_MS = 200;
/** Followers of one person. */
const MOST = 20;
/** A stream that says nothing for longer is cut on the way. */
const ALIVE_MS = 25 * SECOND_MS;
/** The sockets among those of the vault that are followers. */
const TAG = "connection";
const SESSION_ENDED = 4401;
const NORMAL = 1000;

const attachmentSchema = z.object({ follows: z.string(), session: z.string(), seen: z.number() });
const encoder = new TextEncoder();

interface Stream {
  readonly follows: string;
  readonly session: SessionId;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  seen: number;
  /** Whether the last message is still on its way: until then the next one waits, and tells of everything since. */
  isBusy: boolean;
}

/**
 * Those who follow one of the person's connections: WebSockets, which may hibernate, and event streams, which live as long as the object is
 * in memory. Every message says how the connection is and what has happened since the one before, under the number of its last change, so
 * that a follower who comes back with that number misses nothing.
 */
export class Followers {
  readonly #ctx: DurableObjectState;
  readonly #connections: Connections;
  readonly #streams = new Set<Stream>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #alive: ReturnType<typeof setInterval> | undefined;

  constructor(ctx: DurableObjectState, connections: Connections) {
    this.#ctx = ctx;
    this.#connections = connections;
    connections.onChanged(() => this.#schedule());
    // What was committed before a crash and not told is told now.
    this.#schedule();
  }

  /**
   * Opens a WebSocket or a stream of server-sent events.
   *
   * @param after the last `seq` that the follower has; without one, or where it is too long ago, the answer begins with a snapshot
   * @throws Problem `not_found`, and `unavailable` where there are too many
   */
  open(request: Request, follows: string, session: SessionId, after: number | undefined): Response {
    const now = this.#connections.progress(follows);
    if (now === undefined) throw notFound("connection");
    if (this.#streams.size + this.#sockets().length >= MOST) throw problem("unavailable", "Too many connections are open.");
    const missed = after === undefined || after > now.seq ? undefined : this.#connections.eventsAfter(follows, after);
    const type = missed === undefined ? "snapshot" : "progress";
    const first = missed !== undefined && after === now.seq ? undefined : messageOf(type, now, missed ?? []);
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
      const { 0: client, 1: server } = new WebSocketPair();
      this.#ctx.acceptWebSocket(server, [TAG, session]);
      server.serializeAttachment({ follows, session, seen: now.seq });
      if (first !== undefined) server.send(JSON.stringify(first));
      return new Response(null, { status: 101, webSocket: client });
    }
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const stream: Stream = { follows, session, writer: writable.getWriter(), seen: now.seq, isBusy: false };
    this.#streams.add(stream);
    this.#write(stream, first === undefined ? ":\n\n" : eventOf(first));
    this.#alive ??= setInterval(() => this.#keepAlive(), ALIVE_MS);
    return new Response(readable, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
  }

  /** Whether a socket of the vault is a follower's. */
  has(ws: WebSocket): boolean {
    return this.#ctx.getTags(ws).includes(TAG);
  }

  /** Ends what a session follows. */
  endSession(session: SessionId): void {
    for (const ws of this.#sockets()) if (attached(ws)?.session === session) ws.close(SESSION_ENDED, "session_ended");
    for (const stream of this.#streams) if (stream.session === session) this.#end(stream);
  }

  /** Ends everything. */
  endAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const ws of this.#sockets()) ws.close(SESSION_ENDED, "session_ended");
    for (const stream of this.#streams) this.#end(stream);
  }

  #sockets(): WebSocket[] {
    return this.#ctx.getWebSockets(TAG).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }

  #schedule(): void {
    if (this.#timer !== undefined || (this.#streams.size === 0 && this.#ctx.getWebSockets(TAG).length === 0)) return;
    this.#timer = setTimeout(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    this.#timer = undefined;
    for (const ws of this.#sockets()) {
      const attachment = attached(ws);
      if (attachment === undefined) continue;
      const news = this.#news(attachment.follows, attachment.seen);
      if (news === "gone") ws.close(NORMAL, "gone");
      else if (news !== undefined) {
        ws.serializeAttachment({ ...attachment, seen: news.seq });
        try {
          ws.send(JSON.stringify(news));
        } catch {
          // The other side has gone; its close event follows.
        }
      }
    }
    for (const stream of this.#streams) {
      const news = stream.isBusy ? undefined : this.#news(stream.follows, stream.seen);
      if (news === "gone") this.#end(stream);
      else if (news !== undefined) {
        stream.seen = news.seq;
        this.#write(stream, eventOf(news));
      }
    }
  }

  /** What a follower does not know yet. */
  #news(follows: string, seen: number): Message | "gone" | undefined {
    const now = this.#connections.progress(follows);
    if (now === undefined) return "gone";
    if (now.seq === seen) return undefined;
    const missed = this.#connections.eventsAfter(follows, seen);
    return messageOf(missed === undefined ? "snapshot" : "progress", now, missed ?? []);
  }

  /** Nothing waits for a slow reader: what comes meanwhile is told together once it has taken this. */
  #write(stream: Stream, text: string): void {
    stream.isBusy = true;
    stream.writer.write(encoder.encode(text)).then(
      () => {
        stream.isBusy = false;
        if (this.#connections.progress(stream.follows)?.seq !== stream.seen) this.#schedule();
      },
      () => this.#end(stream),
    );
  }

  #keepAlive(): void {
    for (const stream of this.#streams) if (!stream.isBusy) this.#write(stream, ":\n\n");
  }

  #end(stream: Stream): void {
    this.#streams.delete(stream);
    // The reader may have gone already.
    stream.writer.close().catch(() => undefined);
    if (this.#streams.size > 0) return;
    clearInterval(this.#alive);
    this.#alive = undefined;
  }
}

type Progress = NonNullable<ReturnType<Connections["progress"]>>;
type Missed = NonNullable<ReturnType<Connections["eventsAfter"]>>;

interface Message {
  readonly type: "snapshot" | "progress";
  readonly seq: number;
  readonly connection: ReturnType<typeof connectionJson>;
  readonly events: readonly { readonly at: string; readonly kind: string; readonly detail: string | null }[];
}

function messageOf(type: Message["type"], { seq, view }: Progress, missed: Missed): Message {
  const events = missed.map(({ at, kind, detail }) => ({ at: new Date(at).toISOString(), kind, detail: detail ?? null }));
  return { type, seq, connection: connectionJson(view), events };
}

function eventOf(message: Message): string {
  return `id: ${message.seq}\nevent: ${message.type}\ndata: ${JSON.stringify(message)}\n\n`;
}

function attached(ws: WebSocket): { readonly follows: string; readonly session: SessionId; readonly seen: number } | undefined {
  const { data } = attachmentSchema.safeParse(ws.deserializeAttachment());
  const session = parseId("session", data?.session ?? "");
  return data === undefined || session === undefined ? undefined : { ...data, session };
}
