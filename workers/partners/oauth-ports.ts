import type { Clock } from "../../shared/clock";
import { hmacHex } from "../../shared/crypto/hmac";
import { currentKey, type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AccessToken, issuerOf } from "../../shared/crypto/tokens";
import type { AppContext } from "../../shared/http/app-env";
import { inspectToken } from "../../shared/http/authenticate";
import { network } from "../../shared/http/network";
import { refuseWrongHost } from "../../shared/http/regional-hosts";
import { type ClientId, type RandomBytes, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { gateOf, regional } from "../regional";
import { readKeySet } from "./client";
import { type KeySetPorts, keySets } from "./key-sets";

/** What the authorization server needs from outside. */
export interface OAuthPorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  /** Public origin of the API: audience of access tokens, and the root of its issuers. */
  readonly origin: string;
  stores(region: Region): { readonly records: D1Database; readonly keys: RegionalKeys };
  /** Counts one proof of the caller's network in a region. */
  takeTurn(region: Region): Promise<{ readonly allowed: boolean; readonly retryAfterMs: number }>;
  readonly keySets: KeySetPorts;
  /** Problem `wrong_region` where the request came to another region's host. */
  refuseWrongHost(client: ClientId): void;
  /** What is in an access token of ours; undefined where it is none, or has expired. */
  inspect(token: string): Promise<AccessToken | undefined>;
}

/** A program asks every five minutes, and many may share an address; a flood of signatures to check is something else. */
const TURNS = { name: "client-assertions", kind: "rate", limit: 300, windowMs: 60_000, burst: 100 } as const;

/** Where tokens come from. */
export function tokenEndpoint(origin: string): string {
  return `${origin}/oauth/token`;
}

/** The names under which a client may mean us in its assertion: the issuer of its region, and the token endpoint. */
export function audiencesOf(origin: string, region: Region): string[] {
  return [issuerOf(origin, region), tokenEndpoint(origin)];
}

/** The ports of a request. */
export function oauthPorts(c: AppContext): OAuthPorts {
  const stores = (region: Region) => {
    const { records, keys } = regional(c.env, region);
    return { records, keys: regionalKeys(keys) };
  };
  const address = c.req.header("cf-connecting-ip");
  return {
    now: c.get("now"),
    random: systemRandom,
    origin: c.env.ORIGIN,
    stores,
    async takeTurn(region) {
      const { key: index } = currentKey(stores(region).keys.index);
      const name = await hmacHex(index, "gate-oauth", address === undefined ? "unknown" : network(address));
      return await gateOf(c.env, region, `gate-oauth:${name}`).take([TURNS], c.get("now")());
    },
    keySets: { cache: keySets, now: c.get("now"), read: readKeySet },
    refuseWrongHost: (client) => {
      refuseWrongHost(c, client);
    },
    inspect: async (token) => await inspectToken(c, token),
  };
}
