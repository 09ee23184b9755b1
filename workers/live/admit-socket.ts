import type { AppContext } from "../../shared/http/app-env";
import { authenticate } from "../../shared/http/authenticate";
import { refuseWrongHost } from "../../shared/http/regional-hosts";
import type { Admission } from "../../shared/live/admission";
import { problem } from "../../shared/problem";
import { livePorts } from "./ports";
import { openTicket } from "./ticket";

/**
 * Checks who wants to open a socket, and that it is one that they want: by a ticket or the access token, from a page that may. The ticket
 * is still to be redeemed by the person's vault.
 */
export async function admitSocket(c: AppContext, ticket: string | undefined): Promise<Admission> {
  requireKnownOrigin(c);
  const admission = await admit(c, ticket);
  c.set("actor", admission.actor);
  refuseWrongHost(c, admission.actor.person);
  // A HEAD is answered by the same handler, and opens nothing.
  if (c.req.method !== "GET" || c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    c.header("upgrade", "websocket");
    throw problem("malformed", "This address speaks WebSocket: ask for an upgrade.");
  }
  return admission;
}

/** Browsers say which page opens the socket, and no CORS check protects it: only pages of the configured origins, and our own, may. */
function requireKnownOrigin(c: AppContext): void {
  const origin = c.req.header("origin");
  if (origin === undefined || origin === new URL(c.env.ORIGIN).origin) return;
  const allowed: readonly string[] = c.env.CORS_ORIGINS.split(/\s+/);
  if (origin === "" || !allowed.includes(origin)) throw problem("forbidden", "This origin may not open a socket.");
}

async function admit(c: AppContext, ticket: string | undefined): Promise<Admission> {
  if (ticket === undefined) return { actor: await authenticate(c) };
  if (c.req.header("authorization") !== undefined) throw problem("invalid", "Send a token or a ticket, not both.");
  return await openTicket(livePorts(c), ticket);
}
