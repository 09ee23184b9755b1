/** What watchers follow: a job with a state, whose `seq` grows with every change. */
export interface Watched {
  readonly state: string;
  readonly seq: number;
}

const encoder = new TextEncoder();
const FINAL: ReadonlySet<string> = new Set(["done", "failed", "cancelled", "expired", "previewed", "undone"]);
const GOING_AWAY = 1001;
const NORMAL = 1000;

/** What watchers are told. `snapshot` answers a new watcher, `progress` follows a change, `end` is the last. */
interface Message {
  readonly type: "snapshot" | "progress" | "end";
  readonly seq: number;
  readonly [thing: string]: unknown;
}

/**
 * Those who follow a job: WebSockets, which may hibernate, and event streams, which live as long as the object is in memory. Both
 * get the same messages; `seq` lets a returning watcher skip what it has seen.
 */
export class Watchers<Status extends Watched> {
  readonly #ctx: DurableObjectState;
  readonly #shown: (status: Status) => Readonly<Record<string, unknown>>;
  readonly #streams = new Set<WritableStreamDefaultWriter<Uint8Array>>();

  /** @param shown the job in a message, under its name: `{ import: … }` */
  constructor(ctx: DurableObjectState, shown: (status: Status) => Readonly<Record<string, unknown>>) {
    this.#ctx = ctx;
    this.#shown = shown;
  }

  /** Opens a WebSocket. A watcher that has seen `after` already is told nothing until something changes. */
  socket(status: Status, after: number | undefined): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    if (after !== status.seq) server.send(JSON.stringify(this.#message("snapshot", status)));
    if (FINAL.has(status.state)) server.close(NORMAL, status.state);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Opens a stream of server-sent events; it ends with the job. */
  events(status: Status, after: number | undefined): Response {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    if (after !== status.seq) this.#write(writer, this.#message("snapshot", status));
    if (FINAL.has(status.state)) void close(writer);
    else this.#streams.add(writer);
    return new Response(readable, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
  }

  /** Tells everybody. */
  tell(status: Status): void {
    const isFinal = FINAL.has(status.state);
    const message = this.#message(isFinal ? "end" : "progress", status);
    const text = JSON.stringify(message);
    for (const socket of this.#ctx.getWebSockets()) {
      try {
        socket.send(text);
        if (isFinal) socket.close(NORMAL, status.state);
      } catch {
        // A socket whose other side has gone; its close event follows.
        socket.close(GOING_AWAY);
      }
    }
    for (const writer of this.#streams) {
      this.#write(writer, message);
      if (isFinal) void close(writer);
    }
    if (isFinal) this.#streams.clear();
  }

  #message(type: Message["type"], status: Status): Message {
    return { type, seq: status.seq, ...this.#shown(status) };
  }

  #write(writer: WritableStreamDefaultWriter<Uint8Array>, message: Message): void {
    const bytes = encoder.encode(`id: ${message.seq}\nevent: ${message.type}\ndata: ${JSON.stringify(message)}\n\n`);
    // Not awaited: a slow reader must not hold up the job. A reader that has gone fails the write and is forgotten.
    writer.write(bytes).catch(() => this.#streams.delete(writer));
  }
}

async function close(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  try {
    await writer.close();
  } catch {
    // The reader has gone already.
  }
}
