/** The vendor simulator as one HTTP server: OAuth, Health API, webhook keys and the control plane. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { routeUsers } from "./api/routes.ts";
import { faultReply, takeFault } from "./control/faults.ts";
import { routeControl } from "./control/routes.ts";
import { authorize } from "./oauth/authorize.ts";
import { revoke, token } from "./oauth/token.ts";
import { openToken } from "./oauth/tokens.ts";
import { ApiError, notFound, readCall, send } from "./server/http.ts";
import type { Call, Reply } from "./server/http.ts";
import { tellLedger } from "./ledger/tell.ts";
import { settingsOf } from "./server/options.ts";
import type { SimulatorOptions } from "./server/options.ts";
import { record, safeQuery } from "./server/request-log.ts";
import { makeState } from "./server/state.ts";
import type { State } from "./server/state.ts";
import { Refusal } from "./vendors/vendor.ts";
import { vendorAt } from "./vendors/vendors.ts";
import { publicKeyset } from "./webhooks/signing.ts";
import { routeSubscribers } from "./webhooks/subscribers.ts";
import { workbenchPage } from "./workbench/page.ts";

export type { SimulatorOptions } from "./server/options.ts";

export interface Simulator {
  url: string;
  close(): Promise<void>;
  state: State;
}

async function route(state: State, call: Call): Promise<Reply> {
  const { method, path } = call;
  const own = vendorAt(path);
  if (own) {
    const asked = { ...call, path: own.rest };
    return tellLedger(state, own.vendor.id, asked) ?? own.vendor.route(state, asked);
  }
  if (path.startsWith("/v4/users/")) return routeUsers(state, call);
  if (/^\/v4\/projects\/[^/]+\/subscribers(\/|$)/.test(path)) return routeSubscribers(state, call);
  const { workbench } = state.settings;
  if (workbench && method === "GET" && path === "/") return workbenchPage(workbench);
  switch (`${method} ${path}`) {
    case "GET /o/oauth2/v2/auth":
      return authorize(state, call);
    case "POST /token":
      return token(state, call);
    case "POST /revoke":
      return revoke(state, call);
    case "GET /webhooks/public_keyset.json":
      return { status: 200, headers: { "cache-control": "public, max-age=3600" }, body: publicKeyset(state.keys) };
    default:
      throw notFound("The requested URL was not found on this server.");
  }
}

function replyTo(error: unknown): Reply {
  if (error instanceof ApiError || error instanceof Refusal) return error.reply;
  process.stderr.write(`simulator: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return { status: 500, body: { error: { code: 500, message: "Internal error encountered.", status: "INTERNAL" } } };
}

async function attempt(work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    return replyTo(error);
  }
}

function personIn(state: State, call: Call): string | undefined {
  const value = /^Bearer\s+(\S+)$/i.exec(call.headers["authorization"] ?? "")?.[1];
  return (value && openToken(state, value)?.person) || undefined;
}

async function handle(state: State, options: SimulatorOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let call: Call;
  try {
    call = await readCall(request);
  } catch (error) {
    send(response, replyTo(error));
    return;
  }
  if (call.path.startsWith("/sim/")) {
    send(response, await attempt(() => routeControl(state, options, call)));
    return;
  }
  const begun = Date.now();
  const fault = takeFault(state, call);
  if (fault?.kind === "slow") await wait(fault.delayMs);
  const refused = fault?.kind === "status" || fault?.kind === "malformed" ? faultReply(fault, call) : undefined;
  const answer = refused ?? (fault?.kind === "drop" ? { status: 0 } : await attempt(() => route(state, call)));
  const reply = { ...answer, headers: { ...answer.headers, ...vendorAt(call.path)?.vendor.headers?.(state, answer.status) } };
  const cut = fault?.kind === "drop" || fault?.kind === "lost-reply";
  const person = personIn(state, call);
  const grantType = /\/(token|oauth2)$/.test(call.path) ? new URLSearchParams(call.body).get("grant_type") : null;
  record(state, {
    at: new Date(state.clock.now()).toISOString(),
    method: call.method,
    path: call.path,
    query: safeQuery(call.query),
    status: reply.status,
    durationMs: Date.now() - begun,
    ...(person ? { person } : {}),
    ...(fault ? { fault: fault.kind } : {}),
    ...(grantType ? { grantType } : {}),
  });
  if (cut) request.socket.destroy();
  else send(response, reply);
}

/** Starts the simulator; rejects with a clear message when the port is taken. Port 0 picks a free one. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = settingsOf(options);
  const state = makeState(options);
  const server = createServer((request, response) => {
    handle(state, options, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else send(response, replyTo(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? new Error(`port ${settings.port} on ${settings.host} is already in use`) : error);
    });
    server.listen(settings.port, settings.host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : settings.port;
  return {
    url: `http://${settings.host}:${port}`,
    state,
    async close() {
      for (const timer of state.timers) clearTimeout(timer);
      state.timers.clear();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
