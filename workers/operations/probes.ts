import { directoryKeys, regionalKeys } from "../../shared/crypto/keys";
import { deploymentFaults } from "../../shared/http/deployment";
import { REGIONS, type Region } from "../../shared/region";
import { gateOf, regional } from "../regional";
import type { Probe } from "./check-health";

/** Everything the Worker needs, region by region. Probes read, or touch an object that forgets it at once; they write nothing. */
export function probesOf(env: Env, now: number, isLocal: boolean): Probe[] {
  return [
    ...CHECKS.map((name) => ({ name, vital: true, fault: isLocal ? undefined : faultOf(env, name), run: async () => undefined })),
    { name: "directory", vital: true, run: () => env.DIRECTORY.prepare("select 1").first() },
    { name: "directory-keys", vital: true, run: async () => directoryKeys(env.DIRECTORY_KEYS) },
    ...REGIONS.flatMap((region) => regionalProbes(env, region, now)),
  ];
}

function regionalProbes(env: Env, region: Region, now: number): Probe[] {
  const { records, files, sync, fhir, keys } = regional(env, region);
  return [
    { name: `records-${region}`, vital: false, run: () => records.prepare("select 1").first() },
    { name: `files-${region}`, vital: false, run: () => files.head("health") },
    { name: `objects-${region}`, vital: false, run: async () => await gateOf(env, region, "health").take([], now) },
    { name: `queues-${region}`, vital: false, run: async () => requireQueues(sync, fhir) },
    { name: `keys-${region}`, vital: true, run: async () => regionalKeys(keys) },
  ];
}

/** A queue can only be asked by sending to it, so its presence has to do. */
function requireQueues(...queues: readonly Partial<Queue>[]): void {
  if (queues.some((queue) => typeof queue.send !== "function")) throw new TypeError("a queue is not bound");
}

/** Settings without which nobody but this machine is served: see `requireResidency`. */
const CHECKS = ["residency", "secrets", "keys"] as const;

function faultOf(env: Env, name: (typeof CHECKS)[number]): string | undefined {
  const details = deploymentFaults(env).flatMap(({ check, detail }) => (check === name ? [detail] : []));
  return details.length === 0 ? undefined : details.join(" ");
}
