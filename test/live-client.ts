import type { PersonActor } from "../shared/context";
import { ADMISSION_HEADER, type Admission, writeAdmission } from "../shared/live/admission";

/** A message of the live stream, loosely: tests look at what they need. */
export interface LiveMessage {
  readonly type: string;
  readonly seq: number;
  readonly prev?: number;
  readonly head?: number;
  readonly items?: readonly {
    readonly metric: string;
    readonly at: string;
    readonly endAt?: string;
    readonly value: number;
    readonly unit: string;
    readonly source: string;
  }[];
  readonly metric?: string;
  readonly from?: string;
  readonly to?: string;
  readonly ref?: string;
  readonly accepted?: number;
  readonly duplicate?: number;
  readonly quarantined?: readonly { readonly index?: number; readonly reason: string }[];
  readonly rejected?: readonly { readonly index?: number; readonly reason: string }[];
  readonly code?: string;
}

/** The client's end of a socket: messages in order, each read once. */
export class LiveClient {
  readonly #ws: WebSocket;
  readonly #unread: LiveMessage[] = [];
  readonly #readers: ((message: LiveMessage) => void)[] = [];
  /** Resolves with the code when the server closes. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as LiveMessage;
      const reader = this.#readers.shift();
      if (reader === undefined) this.#unread.push(message);
      else reader(message);
    });
    this.closed = new Promise((resolve) => {
      ws.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    ws.accept();
  }

  /** The next message, whenever it comes. */
  async next(): Promise<LiveMessage> {
    const message = this.#unread.shift();
    return message ?? (await new Promise((resolve) => this.#readers.push(resolve)));
  }

  /** The next message of a type; those before it are dropped. */
  async nextOf(type: string): Promise<LiveMessage> {
    for (;;) {
      const message = await this.next();
      if (message.type === type) return message;
    }
  }

  /** The next messages, as many as asked for. */
  async take(count: number): Promise<LiveMessage[]> {
    const taken: LiveMessage[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** Messages that came and were not read. */
  unread(): readonly LiveMessage[] {
    return this.#unread;
  }

  send(message: unknown): void {
    this.#ws.send(typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message));
  }

  /** Sends a ping and waits for its answer: what the server sent before has arrived then. */
  async settle(): Promise<void> {
    this.send('{ "type": "ping" }');
    const kept: LiveMessage[] = [];
    for (let message = await this.next(); message.type !== "pong"; message = await this.next()) kept.push(message);
    this.#unread.unshift(...kept);
  }

  close(code = 1000): void {
    this.#ws.close(code);
  }
}

interface VaultStub {
  fetch(url: string, init: { headers: Record<string, string> }): Promise<Response>;
}

/** Opens a socket at a vault itself, as the Worker does after it has checked the caller. */
export async function connectVault(vault: VaultStub, actor: PersonActor, query = "", ticket?: Admission["ticket"]): Promise<LiveClient> {
  const response = await upgradeVault(vault, writeAdmission(ticket === undefined ? { actor } : { actor, ticket }), query);
  if (response.webSocket === null) throw new Error(`the vault answered ${response.status}: ${await response.text()}`);
  return new LiveClient(response.webSocket);
}

/** The vault's answer to an upgrade with this admission. */
export async function upgradeVault(vault: VaultStub, admission: string, query = ""): Promise<Response> {
  return await vault.fetch(`https://vault/live${query}`, { headers: { upgrade: "websocket", [ADMISSION_HEADER]: admission } });
}

/** Publishes readings of now or not long ago; instants are epoch milliseconds. */
export function publish(
  client: LiveClient,
  ref: string,
  items: readonly {
    readonly metric: string;
    readonly at: number;
    readonly value: number;
    readonly unit?: string;
    readonly endAt?: number;
  }[],
  device?: { readonly name: string; readonly type: string },
): void {
  const iso = (ms: number) => new Date(ms).toISOString();
  const wire = items.map(({ at, endAt, ...item }) => ({ ...item, at: iso(at), ...(endAt === undefined ? {} : { endAt: iso(endAt) }) }));
  client.send({ type: "publish", ref, items: wire, ...(device === undefined ? {} : { device }) });
}
