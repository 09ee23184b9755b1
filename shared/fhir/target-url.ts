import { problem, type Problem } from "../problem";

/** Names that never mean a public host. */
const PRIVATE_SUFFIXES = [
  ".localhost",
  ".local",
  ".internal",
  ".localdomain",
  ".intranet",
  ".home",
  ".lan",
  ".corp",
  ".home.arpa",
  ".test",
  ".invalid",
  ".example",
];

/** Networks that are not the public internet (IANA special-purpose registry), as [first address, prefix length]. */
const PRIVATE_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/**
 * A URL that a person gave for Meridian to call. https, a public host, no credentials. `localHosts` lists hosts (`127.0.0.1:8790` or
 * `127.0.0.1`) that a developer's machine allows as well, over http too. Called when the URL is stored and again before each sending.
 * The platform's own network reaches no private address, so a name that resolves to one leads nowhere. Problem `invalid`.
 */
export function checkTargetUrl(text: string, localHosts: readonly string[], pointer: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "" || url.hash !== "" || url.search !== "") throw refused(pointer);
  const local = localHosts.includes(url.host) || localHosts.includes(url.hostname);
  if (local && (url.protocol === "http:" || url.protocol === "https:")) return url;
  if (url.protocol !== "https:" || !isPublicHost(url.hostname)) throw refused(pointer);
  return url;
}

/** Whether a host, as the URL parser writes it, lies in the public internet as far as its spelling tells. */
export function isPublicHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  // The parser has turned octal, hexadecimal and short forms into dotted decimals. Literal IPv6 is refused as a whole.
  if (name.startsWith("[")) return false;
  if (/^\d+(?:\.\d+){3}$/.test(name)) return !PRIVATE_V4.some(([network, bits]) => within(name, network, bits));
  // An empty label hides the suffix before it: `localhost..` is still this machine to some resolvers.
  const labels = name.split(".");
  return labels.length > 1 && labels.every((label) => label !== "") && !PRIVATE_SUFFIXES.some((suffix) => name.endsWith(suffix));
}

function within(address: string, network: string, bits: number): boolean {
  const size = 2 ** (32 - bits);
  return Math.floor(number(address) / size) === Math.floor(number(network) / size);
}

function number(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function refused(pointer: string): Problem {
  return problem("invalid", undefined, {
    errors: [{ pointer, code: "url_not_allowed", message: "An https URL of a public host, without credentials, query or fragment." }],
  });
}
