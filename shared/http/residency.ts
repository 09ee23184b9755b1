import { problem } from "../problem";
import type { AppContext } from "./app-env";
import { type DeploymentEnv, type DeploymentFault, deploymentFaults } from "./deployment";

const LOCAL = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Whether a host is this machine itself. `.test` names never leave one (RFC 6761). */
export function isLocalHost(hostname: string): boolean {
  return LOCAL.has(hostname) || hostname.endsWith(".test");
}

/**
/**
 * Refuses to serve others than this machine where regional pinning is switched off (data would be stored anywhere in the world), where
 * secrets are missing or malformed, or where keys were made for local runs and tests. Only `/health` answers, and says what is wrong.
 * Problem `unavailable`.
 */
export function requireResidency(c: AppContext): void {
  if (isLocalUrl(c.req.url) || c.req.path === "/health") return;
  const faults = deploymentFaults(c.env);
  if (faults.length > 0)
    throw problem("unavailable", `This deployment must not serve. ${faults.map(({ detail }) => detail).join(" ")} See /health.`);
}

/**
 * Why queues and the clock must not work: what `requireResidency` refuses, where the deployment's own origin is not this machine. They
 * have no host to look at.
 */
export function workFaults(env: DeploymentEnv & { readonly ORIGIN: string }): readonly DeploymentFault[] {
  return URL.canParse(env.ORIGIN) && isLocalHost(new URL(env.ORIGIN).hostname) ? [] : deploymentFaults(env);
}

/** The origin that was last found to be local: a server is asked under few names, and parsing a URL costs more than comparing. */
let localOrigin = "";

/** Whether a request came to this machine itself. */
export function isLocalUrl(url: string): boolean {
  if (localOrigin !== "" && url.startsWith(localOrigin)) return true;
  const { hostname, origin } = new URL(url);
  if (!isLocalHost(hostname)) return false;
  localOrigin = `${origin}/`;
  return true;
}
