import { problem } from "../problem";
import type { AppContext } from "./app-env";

const LOCAL = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Whether a host is this machine itself. `.test` names never leave one (RFC 6761). */
export function isLocalHost(hostname: string): boolean {
  return LOCAL.has(hostname) || hostname.endsWith(".test");
}

/**
 * Refuses to serve where regional pinning is switched off on a machine that is not local: data would be stored anywhere in the
 * world. Only `/health` answers, so that the fault is visible. Problem `unavailable`.
 */
export function requireResidency(c: AppContext): void {
  if (c.env.RESIDENCY === "off" && !isLocalUrl(c.req.url) && c.req.path !== "/health") {
    throw problem("unavailable", "This deployment has no regional pinning: RESIDENCY is off. It serves nothing until that is corrected.");
  }
}

/** The origin that was last found to be local: a server is asked under few names, and parsing a URL costs more than comparing. */
let localOrigin = "";

function isLocalUrl(url: string): boolean {
  if (localOrigin !== "" && url.startsWith(localOrigin)) return true;
  const { hostname, origin } = new URL(url);
  if (!isLocalHost(hostname)) return false;
  localOrigin = `${origin}/`;
  return true;
}
