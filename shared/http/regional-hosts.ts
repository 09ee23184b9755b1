import * as z from "zod";
import { type ClientId, type PersonId, regionOf } from "../id";
import { problem } from "../problem";
import type { Region } from "../region";
import type { AppContext } from "./app-env";

const hostsSchema = z.partialRecord(z.enum(["eu", "us", "ap"]), z.string().min(1));
export type RegionalHosts = z.infer<typeof hostsSchema>;

const NONE: RegionalHosts = {};
const parsed = new Map<string, RegionalHosts>();

/** The hosts that serve one region each, from `{"eu":"eu.api…","us":"us.api…"}`; an empty text means none. Throws where malformed. */
export function regionalHosts(text: string | undefined): RegionalHosts {
  if (text === undefined || text.trim() === "") return NONE;
  let hosts = parsed.get(text);
  if (hosts === undefined) {
    hosts = hostsSchema.parse(JSON.parse(text));
    parsed.set(text, hosts);
  }
  return hosts;
}

/** The region that a host serves, or undefined where it serves all. */
export function regionOfHost(hosts: RegionalHosts, host: string): Region | undefined {
  for (const region of ["eu", "us", "ap"] as const) {
    if (hosts[region] === host) return region;
  }
  return undefined;
}

/**
 * Throws `wrong_region` (421) with the right host where the request came to another region's host than the caller's, so that data
 * is decrypted and rendered only where it lies. Hosts that serve all regions pass.
 */
export function refuseWrongHost(c: AppContext, caller: PersonId | ClientId): void {
  const hosts = regionalHosts(c.env.REGIONAL_HOSTS);
  if (hosts === NONE) return;
  const home = regionOf(caller);
  const here = regionOfHost(hosts, new URL(c.req.url).host);
  if (here === undefined || here === home) return;
  const host = hosts[home];
  const extra = host === undefined ? {} : { host };
  throw problem("wrong_region", host === undefined ? undefined : `Use https://${host}.`, extra);
}
