import type { AppContext } from "../../shared/http/app-env";
import { regionalHosts, regionOfHost } from "../../shared/http/regional-hosts";
import { isLocalHost } from "../../shared/http/residency";
import { problem } from "../../shared/problem";

export const FHIR_JSON = "application/fhir+json; charset=utf-8";

const FORMATS = new Set(["json", "application/json", "application/fhir+json", "text/json"]);
const ACCEPTED = new Set([...FORMATS, "*/*", "application/*"]);

/** Throws `not_acceptable` where the client takes no JSON; `_format` wins over `Accept`. */
export function requireJson(c: AppContext): void {
  const format = c.req.query("_format");
  // A plus sign that was not encoded arrives as a blank.
  const fits = format === undefined ? acceptsJson(c.req.header("accept")) : FORMATS.has(mediaType(format).replace(" ", "+"));
  if (!fits) throw problem("not_acceptable", "This server speaks application/fhir+json.");
}

/** Whether `Prefer: handling=lenient` is asked for; other preferences are ignored. */
export function prefersLenient(c: AppContext): boolean {
  const parts = (c.req.header("prefer") ?? "").split(/[,;]/);
  return parts.some((part) => part.trim().toLowerCase().replaceAll('"', "") === "handling=lenient");
}

/**
 * The FHIR base in the spelling the client used: its links stay within it. A host that is not one of ours is a name that the caller made
 * up, and gets links to the public origin.
 */
export function baseOf(c: AppContext): string {
  const { url } = c.req;
  return `${originOf(c)}/fhir/${url.startsWith("/fhir/R4", pathAt(url)) ? "R4" : "r4"}`;
}

/** The base of another person's laboratory resources. */
export function peopleBaseOf(c: AppContext, owner: string): string {
  return `${originOf(c)}/v1/people/${owner}/fhir`;
}

/** What was last answered to requests of an origin: a server is asked under few names, and parsing a URL costs more than comparing. */
let latest: { readonly asked: string; readonly env: AppContext["env"]; readonly origin: string } | undefined;

function originOf(c: AppContext): string {
  const asked = c.req.url.slice(0, pathAt(c.req.url));
  if (latest?.asked === asked && latest.env === c.env) return latest.origin;
  const origin = ourOriginOf(c);
  latest = { asked, env: c.env, origin };
  return origin;
}

function ourOriginOf(c: AppContext): string {
  const { origin, host, hostname } = new URL(c.req.url);
  const ours =
    origin === c.env.ORIGIN ||
    regionOfHost(regionalHosts(c.env.REGIONAL_HOSTS), host) !== undefined ||
    (c.env.RESIDENCY === "off" && isLocalHost(hostname));
  return ours ? origin : new URL(c.env.ORIGIN).origin;
}

/** The path routes are found by: `/fhir/R4` is `/fhir/r4`, because clients write both, and the base ends with a slash. */
export function routePath(request: Request): string {
  const path = pathOf(request.url);
  if (!BASE.test(path)) return path;
  // The base is written with a slash at its end and without; nothing else is.
  return `/fhir/r4${path.slice("/fhir/R4".length) || "/"}`;
}

const BASE = /^\/fhir\/[Rr]4(?=\/|$)/;
const END = /[?#]/;

/** The path of an absolute URL that is in normal form already, as those of requests are: parsing it again would cost more than routing. */
function pathOf(url: string): string {
  const rest = url.slice(pathAt(url));
  const end = rest.search(END);
  return end === -1 ? rest : rest.slice(0, end);
}

/** Where the path of such a URL begins. */
function pathAt(url: string): number {
  return url.indexOf("/", url.indexOf("://") + 3);
}

function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  return accept.split(",").some((range) => ACCEPTED.has(mediaType(range)) && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(range));
}

function mediaType(text: string): string {
  return (text.split(";")[0] ?? "").trim().toLowerCase();
}
