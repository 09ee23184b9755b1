import * as z from "zod";
import { sha256Hex } from "../../../shared/crypto/sha256";
import { type Binding, BINDING_HEADER, readBinding, TOKEN_HEADER } from "../../../shared/fhir/subscriptions/binding";
import { isProblem, problem } from "../../../shared/problem";

/** The sockets among those of the vault that belong to Subscriptions. */
const TAG = "subscription";
const MOST = 20;
const SESSION_ENDED = 4401;
const GONE = 4404;
const POLICY = 1008;
const COMMAND = /^bind-with-token:? +(\S+)\s*$/;

const attachmentSchema = z.object({
  session: z.string(),
  subscriptions: z.array(z.string()),
  /** SHA-256 of the token that binds; absent once it has. */
  token: z.string().optional(),
});

/** WebSockets of Subscriptions. A socket is opened and then bound with the same token; what it hears of is in its attachment, so it may hibernate. */
export class SubscriptionSockets {
  readonly #ctx: DurableObjectState;
  readonly #redeem: (ticket: Pick<Binding, "id" | "until">) => void;

  constructor(ctx: DurableObjectState, redeem: (ticket: Pick<Binding, "id" | "until">) => void) {
    this.#ctx = ctx;
    this.#redeem = redeem;
  }

  /** Answers the Worker's upgrade request: 101 with a socket, or the problem as JSON. */
  connect(request: Request): Response {
    try {
      const binding = readBinding(request.headers.get(BINDING_HEADER));
      const token = request.headers.get(TOKEN_HEADER);
      if (binding === undefined || token === null) throw problem("unauthenticated");
      if (this.#all().length >= MOST) throw problem("unavailable", "Too many connections are open.");
      this.#redeem(binding);
      const { 0: client, 1: server } = new WebSocketPair();
      this.#ctx.acceptWebSocket(server, [TAG]);
      attach(server, { session: binding.session, subscriptions: [...binding.subscriptions], token });
      return new Response(null, { status: 101, webSocket: client });
    } catch (error) {
      if (!isProblem(error)) throw error;
      return Response.json({ code: error.code, detail: error.detail }, { status: error.status });
    }
  }

  has(ws: WebSocket): boolean {
    return this.#ctx.getTags(ws).includes(TAG);
  }

  /** Reads a message; returns the Subscriptions that it bound the socket to. Whoever brings another token is shown out. */
  async receive(ws: WebSocket, message: string | ArrayBuffer): Promise<readonly string[]> {
    const attached = attachedTo(ws);
    const token = typeof message === "string" ? COMMAND.exec(message)?.[1] : undefined;
    if (attached === undefined || token === undefined) return [];
    if (attached.token !== undefined && attached.token !== (await sha256Hex(token))) {
      ws.close(POLICY, "unknown_token");
      return [];
    }
    attach(ws, { session: attached.session, subscriptions: attached.subscriptions });
    return attached.subscriptions;
  }

  /** Whether somebody listens to a Subscription. */
  isHeard(subscription: string): boolean {
    return this.#bound(subscription).length > 0;
  }

  /** Sends a text to whoever is bound to a Subscription; returns whether anybody was. */
  send(subscription: string, text: string, only?: WebSocket): boolean {
    const sockets = only === undefined ? this.#bound(subscription) : [only];
    for (const ws of sockets) {
      try {
        ws.send(text);
      } catch {
        // The other side has gone; its close event follows.
      }
    }
    return sockets.length > 0;
  }

  /** Lets go of a Subscription that is over; a socket without any ends. */
  release(subscription: string): void {
    for (const ws of this.#bound(subscription)) {
      const attached = attachedTo(ws);
      const left = attached?.subscriptions.filter((one) => one !== subscription) ?? [];
      if (attached === undefined || left.length === 0) ws.close(GONE, "gone");
      else attach(ws, { ...attached, subscriptions: left });
    }
  }

  endSession(session: string): void {
    for (const ws of this.#all()) if (attachedTo(ws)?.session === session) ws.close(SESSION_ENDED, "session_ended");
  }

  endAll(): void {
    for (const ws of this.#all()) ws.close(SESSION_ENDED, "session_ended");
  }

  #bound(subscription: string): WebSocket[] {
    return this.#all().filter((ws) => {
      const attached = attachedTo(ws);
      return attached !== undefined && attached.token === undefined && attached.subscriptions.includes(subscription);
    });
  }

  #all(): WebSocket[] {
    return this.#ctx.getWebSockets(TAG).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }
}

function attach(ws: WebSocket, attachment: z.output<typeof attachmentSchema>): void {
  ws.serializeAttachment(attachment);
}

function attachedTo(ws: WebSocket): z.output<typeof attachmentSchema> | undefined {
  return attachmentSchema.safeParse(ws.deserializeAttachment()).data;
}
