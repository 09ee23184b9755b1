import { DIRECTORY_KINDS, directoryKeys, keyBytes, type KeyRing, REGIONAL_KINDS, regionalKeys } from "../crypto/keys";
import { notificationCredentials } from "../notifications/credentials";
import { parseCredentials } from "../vendors/access";
import { keyRingOf, type RegionalSecrets, REGIONS } from "../region";

/** What of the configuration decides whether a deployment may serve people. */
export interface DeploymentEnv extends RegionalSecrets {
  readonly RESIDENCY?: string;
  readonly DIRECTORY_KEYS?: string;
  readonly GOOGLE_CLIENT_ID?: string;
  readonly GOOGLE_CLIENT_SECRET?: string;
  readonly GOOGLE_WEBHOOK_SECRET?: string;
  readonly VENDOR_CREDENTIALS?: string;
  readonly NOTIFICATION_CREDENTIALS?: string;
  readonly OPERATIONS_SECRET?: string;
  readonly R2_ACCOUNT?: string;
  readonly R2_ACCESS_KEY_ID?: string;
  readonly R2_SECRET_ACCESS_KEY?: string;
}

/** Why a deployment must not serve: `detail` names settings, never their values. */
export interface DeploymentFault {
  readonly check: "residency" | "secrets" | "keys";
  readonly detail: string;
}

/** Secrets of this machine begin with it: see `scripts/local-secrets.ts`. */
const LOCAL_MARK = "local";
const LOCAL_VALUES: ReadonlySet<string> = new Set(["local", "localsecret", "meridian-local-secret"]);
/** Random keys have about thirty different bytes; typed or repeated ones have few. */
const FEWEST_BYTES = 12;
const SHORTEST_SECRET = 16;

const known = new WeakMap<object, readonly DeploymentFault[]>();

/** What is wrong with a deployment that serves others than this machine; found once for each environment. */
export function deploymentFaults(env: DeploymentEnv): readonly DeploymentFault[] {
  let faults = known.get(env);
  if (faults === undefined) {
    faults = [...residencyFaults(env), ...secretFaults(env), ...keyFaults(env)];
    known.set(env, faults);
  }
  return faults;
}

function residencyFaults({ RESIDENCY }: DeploymentEnv): DeploymentFault[] {
  return RESIDENCY === "off" ? [{ check: "residency", detail: "RESIDENCY is off." }] : [];
}

/** Secrets that are missing or cannot be read. */
function secretFaults(env: DeploymentEnv): DeploymentFault[] {
  const rings = ringNames(env).filter(([, read]) => !succeeds(read));
  const texts = secretsInUse(env).filter(([, value]) => value === undefined || value === "");
  const short = (["GOOGLE_WEBHOOK_SECRET", "OPERATIONS_SECRET"] as const).filter((name) => {
    const value = env[name] ?? "";
    return value !== "" && value.length < SHORTEST_SECRET;
  });
  const vendors = succeeds(() => parseCredentials(env.VENDOR_CREDENTIALS ?? "")) ? [] : ["VENDOR_CREDENTIALS"];
  const notifications = succeeds(() => notificationCredentials({ RESIDENCY: "", ...env })) ? [] : ["NOTIFICATION_CREDENTIALS"];
  const names = [...rings.map(([name]) => name), ...texts.map(([name]) => name), ...short, ...vendors, ...notifications];
  return names.length === 0 ? [] : [{ check: "secrets", detail: `Missing or malformed: ${names.join(", ")}.` }];
}

/** Keys that were made for one machine or by hand, or that stand in two places. */
function keyFaults(env: DeploymentEnv): DeploymentFault[] {
  const local = new Set(secretsInUse(env).flatMap(([name, value = ""]) => (isLocal(value) ? [name] : [])));
  if (isLocalAccount(env.VENDOR_CREDENTIALS)) local.add("VENDOR_CREDENTIALS");
  const seen = new Map<string, string>();
  const shared = new Set<string>();
  for (const [name, read] of ringNames(env)) {
    if (!succeeds(read)) continue;
    for (const { text, mark } of read()) {
      if (mark.startsWith(`${LOCAL_MARK}-`) || isWeak(text)) local.add(name);
      if (seen.has(text)) shared.add(name);
      seen.set(text, name);
    }
  }
  const faults: DeploymentFault[] = [];
  if (local.size > 0) faults.push({ check: "keys", detail: `Made for local runs or tests: ${[...local].join(", ")}.` });
  if (shared.size > 0) faults.push({ check: "keys", detail: `A key of another place stands again in: ${[...shared].join(", ")}.` });
  return faults;
}

/** The texts of a secret's keys, with the names that they carry. */
type ReadKeys = () => { readonly text: string; readonly mark: string }[];

function ringNames(env: DeploymentEnv): [string, ReadKeys][] {
  const regional = REGIONS.map((region): [string, ReadKeys] => [
    `KEYS_${region.toUpperCase()}`,
    () => {
      const rings = regionalKeys(keyRingOf(env, region));
      const identities = Object.values(rings.identity?.keys ?? {}).map(({ d, kid }) => ({ text: d, mark: kid }));
      return REGIONAL_KINDS.flatMap((kind) =>
        kind === "signing" ? Object.values(rings.signing.keys).map(({ d, kid }) => ({ text: d, mark: kid })) : textsOf(rings[kind]),
      ).concat(identities);
    },
  ]);
  return [
    [
      "DIRECTORY_KEYS",
      () => {
        const rings = directoryKeys(env.DIRECTORY_KEYS ?? "");
        return DIRECTORY_KINDS.flatMap((kind) => textsOf(rings[kind]));
      },
    ],
    ...regional,
  ];
}

function textsOf(ring: KeyRing): { text: string; mark: string }[] {
  return Object.values(ring.keys).map((text) => ({ text, mark: "" }));
}

/** The plain secrets that this deployment's settings need. */
function secretsInUse(env: DeploymentEnv): [string, string | undefined][] {
  return [
    ["GOOGLE_WEBHOOK_SECRET", env.GOOGLE_WEBHOOK_SECRET],
    ["OPERATIONS_SECRET", env.OPERATIONS_SECRET],
    ...(env.GOOGLE_CLIENT_ID ? ([["GOOGLE_CLIENT_SECRET", env.GOOGLE_CLIENT_SECRET]] as [string, string | undefined][]) : []),
    ...(env.R2_ACCOUNT
      ? ([
          ["R2_ACCESS_KEY_ID", env.R2_ACCESS_KEY_ID],
          ["R2_SECRET_ACCESS_KEY", env.R2_SECRET_ACCESS_KEY],
        ] as [string, string | undefined][])
      : []),
  ];
}

/** Whether an account at a vendor is that of the simulator. */
function isLocalAccount(text: string | undefined): boolean {
  try {
    return Object.values(parseCredentials(text ?? "")).some(({ clientSecret }) => isLocal(clientSecret));
  } catch {
    return false;
  }
}

function isLocal(value: string): boolean {
  return value.startsWith(`${LOCAL_MARK}-`) || LOCAL_VALUES.has(value);
}

function isWeak(text: string): boolean {
  // The private half of a signing key is base 64 for URLs, without padding.
  return new Set(keyBytes(text.replaceAll("-", "+").replaceAll("_", "/"))).size < FEWEST_BYTES;
}

function succeeds(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}
