import { checkTargetUrl } from "../fhir/target-url";
import { problem } from "../problem";

/**
 * A URL that a subscriber gave for Meridian to call: as `checkTargetUrl`, and no address in place of a name, since a certificate of a public
 * name is what proves whose it is. Called when the URL is stored and again before each sending. Problem `invalid`.
 */
export function checkEndpointUrl(text: string, localHosts: readonly string[], pointer = "/url"): URL {
  const url = checkTargetUrl(text, localHosts, pointer);
  const isAddress = /^\[|^\d+(?:\.\d+){3}\.?$/.test(url.hostname);
  if (!isAddress || localHosts.includes(url.host) || localHosts.includes(url.hostname)) return url;
  throw problem("invalid", undefined, {
    errors: [{ pointer, code: "url_not_allowed", message: "A name and not an address." }],
  });
}

/** Hosts beyond https that this deployment may call: `LOCAL_HOSTS`, separated by spaces. */
export function localHostsOf({ LOCAL_HOSTS }: { readonly LOCAL_HOSTS: string }): string[] {
  return LOCAL_HOSTS.split(/\s+/).filter((host) => host !== "");
}
