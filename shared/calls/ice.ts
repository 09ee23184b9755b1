import { hmacSha1 } from "../crypto/hmac-sha1";
/** A server of the list that a browser's `RTCPeerConnection` takes. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/**
 * A name and password for a relay that shares a secret with us, good until a time: the TURN REST API of coturn (draft-uberti-behave-turn-rest-00).
 *
 * @param until seconds since 1970
 * @param who opaque, and nobody's id
 */
export async function relayCredential(secret: string, until: number, who: string): Promise<{ username: string; credential: string }> {
  const username = `${until}:${who}`;
  return { username, credential: await hmacSha1(secret, username) };
}

/** Leaves out port 53, on which browsers connect to nothing and wait long for it. */
export function forBrowsers(servers: readonly IceServer[]): IceServer[] {
  return servers
    .map((server) => ({ ...server, urls: server.urls.filter((url) => !/:53(?:\?|$)/.test(url)) }))
    .filter(({ urls }) => urls.length > 0);
}
