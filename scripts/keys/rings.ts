import { readDirectoryKeys, readRegionalKeys } from "../../shared/crypto/keys.ts";
import { freshIdentityKey, freshKey, freshSigningKey } from "../local-secrets.ts";

/** Secrets by name, as in the file that is uploaded. */
export type Secrets = Readonly<Record<string, string>>;

/** Which key: a region's or the directory's, and its kind. */
export interface Which {
  readonly place: "eu" | "us" | "ap" | "directory";
  readonly kind: string;
}

/** Why a step must not be taken; a sentence for the operator. */
export class Refusal extends Error {}

interface Ring {
  current: string;
  keys: Record<string, unknown>;
  /** When each version was added, and when it came to be current; epoch milliseconds. */
  added?: Record<string, number> | undefined;
  used?: Record<string, number> | undefined;
}

const HOUR_MS = 3_600_000;
/**
 * A version is known to everybody before anybody uses it: objects may run with the secrets of the last deployment for up to an hour, and
 * clients keep the public keys for five minutes.
 */
export const KNOWN_AFTER_MS = 2 * HOUR_MS;

/**
 * What is made with a version and has no row that could be counted lives for so long after the version was last used: access tokens for
 * minutes, answers to repeated writes, letters and unconfirmed registrations for a day. Two hours more, as above.
 */
export const GONE_AFTER_MS: Readonly<Record<string, number>> = {
  signing: KNOWN_AFTER_MS,
  identity: KNOWN_AFTER_MS,
  refresh: KNOWN_AFTER_MS,
  pepper: KNOWN_AFTER_MS,
  email: KNOWN_AFTER_MS,
  vendor: KNOWN_AFTER_MS,
  wrapping: 26 * HOUR_MS,
  index: 26 * HOUR_MS,
};
/** Every session has ended by then: whoever has not signed in with their password since does not use it. */
export const DEADLINE_MS = 90 * 24 * HOUR_MS;

/** The state of a kind as the service tells it. */
export interface Counted {
  readonly current: string;
  readonly versions: readonly string[];
  readonly old: number | null;
  readonly waiting: number;
}

/** The next step of a rotation: adds a version that is not used yet, or makes the one that was added current. */
export function rotate(secrets: Secrets, which: Which, now: number, atOnce: boolean): { secrets: Secrets; done: string; next: string } {
  const { rings, ring, name } = read(secrets, which);
  const what = `${which.place} ${which.kind}`;
  const waiting = newestUnused(ring);
  if (waiting === undefined) {
    const version = nextVersion(ring);
    ring.keys[version] = freshOf(which, ring, version);
    ring.added = { ...ring.added, [version]: now };
    if (!atOnce) {
      const at = new Date(now + KNOWN_AFTER_MS).toISOString();
      return {
        secrets: written(secrets, name, rings),
        done: `Added version ${version} of ${what}; ${ring.current} is still used.`,
        next: `Upload the file, and run the same command again after ${at}.`,
      };
    }
  }
  const version = newestUnused(ring) ?? ring.current;
  const known = (ring.added?.[version] ?? 0) + KNOWN_AFTER_MS;
  if (!atOnce && now < known)
    throw new Refusal(`Version ${version} of ${what} may be used after ${new Date(known).toISOString()}: not everybody knows it yet.`);
  ring.current = version;
  ring.used = { ...ring.used, [version]: now };
  return {
    secrets: written(secrets, name, rings),
    done: `Version ${version} of ${what} is used from now on.`,
    next: 'Upload the file. "npm run keys -- status" says what is still made with older versions.',
  };
}

/** Removes the versions that are not used any more, where the service says that nothing needs them. Throws `Refusal` otherwise. */
export function retire(
  secrets: Secrets,
  which: Which,
  counted: Counted,
  now: number,
  leaveBehind: boolean,
): { secrets: Secrets; done: string } {
  const { rings, ring, name } = read(secrets, which);
  const what = `${which.place} ${which.kind}`;
  const older = Object.keys(ring.keys).filter((version) => version !== ring.current);
  if (which.kind === "chain")
    throw new Refusal("Chain keys are kept: access logs, receipts and security events are proven with the key that each line names.");
  if (older.length === 0) throw new Refusal(`There is one version of ${what}.`);
  if (newestUnused(ring) !== undefined) throw new Refusal(`A rotation of ${what} has begun: end it with "rotate" first.`);
  if (counted.current !== ring.current)
    throw new Refusal(`The service uses version ${counted.current} of ${what}, the file says ${ring.current}: upload it first.`);
  const used = ring.used?.[ring.current];
  if (used === undefined) throw new Refusal(`The file does not say since when version ${ring.current} of ${what} is used.`);
  const gone = used + (GONE_AFTER_MS[which.kind] ?? KNOWN_AFTER_MS);
  if (now < gone) throw new Refusal(`Something made with the older key of ${what} may live until ${new Date(gone).toISOString()}.`);
  const { old } = counted;
  if (old !== null && old > 0) {
    const late = which.kind === "pepper" && now >= used + DEADLINE_MS;
    if (!late || !leaveBehind) throw new Refusal(sentenceFor(what, which.kind, old, used, late));
  }
  for (const version of older) {
    delete ring.keys[version];
    delete ring.added?.[version];
    delete ring.used?.[version];
  }
  const behind = old !== null && old > 0 ? ` ${old} people have to choose a new password by letter.` : "";
  return { secrets: written(secrets, name, rings), done: `Removed version ${older.join(", ")} of ${what}.${behind} Upload the file.` };
}

function sentenceFor(what: string, kind: string, old: number, used: number, late: boolean): string {
  const left = `${old} rows are still made with the older key of ${what}.`;
  if (kind !== "pepper") return left;
  return late
    ? `${left} They have not signed in with their password for 90 days; with --leave-behind they choose a new one by letter.`
    : `${left} They move when their person signs in; those who have not by ${new Date(used + DEADLINE_MS).toISOString()} may be left behind.`;
}

/** The rings of a place, of one kind in particular. Throws `Refusal` where there is none. */
function read(secrets: Secrets, { place, kind }: Which): { rings: Record<string, Ring>; ring: Ring; name: string } {
  const name = place === "directory" ? "DIRECTORY_KEYS" : `KEYS_${place.toUpperCase()}`;
  const text = secrets[name];
  if (text === undefined) throw new Refusal(`The file has no ${name}.`);
  const rings = structuredClone<Record<string, Ring>>(place === "directory" ? readDirectoryKeys(text) : readRegionalKeys(text));
  // Secrets that were made before there were apps have no key for them: it begins here.
  if (kind === "identity" && place !== "directory" && rings["identity"] === undefined) {
    const mark = String(Object.values(rings["signing"]?.keys ?? {}).some((key) => JSON.stringify(key).includes('"local-')) ? "local-" : "");
    rings["identity"] = { current: "1", keys: { 1: freshIdentityKey(`${mark}${place}-id-1`) } };
  }
  const ring = Object.hasOwn(rings, kind) ? rings[kind] : undefined;
  if (ring === undefined) throw new Refusal(`${place} has no kind of key named ${kind}: ${Object.keys(rings).join(", ")}.`);
  return { rings, ring, name };
}

function written(secrets: Secrets, name: string, rings: Record<string, Ring>): Secrets {
  return { ...secrets, [name]: JSON.stringify(rings) };
}

/** A version that was added and has never been current. */
function newestUnused({ current, keys, added, used }: Ring): string | undefined {
  return Object.keys(keys).find((version) => version !== current && added?.[version] !== undefined && used?.[version] === undefined);
}

function freshOf({ kind, place }: Which, ring: Ring, version: string): unknown {
  if (kind === "signing") return freshSigningKey(kidOf(ring, place, version));
  return kind === "identity" ? freshIdentityKey(kidOf(ring, `${place}-id`, version)) : freshKey();
}

/** Versions count up; one that was removed is not named again. */
function nextVersion({ keys, used }: Ring): string {
  const numbers = [...Object.keys(keys), ...Object.keys(used ?? {})].map(Number).filter(Number.isInteger);
  return String(Math.max(0, ...numbers) + 1);
}

/** `eu-2`, or `local-eu-2` where the keys of this machine are rotated. */
function kidOf({ keys, current }: Ring, place: string, version: string): string {
  const key = keys[current];
  const isLocal = typeof key === "object" && key !== null && "kid" in key && String(key.kid).startsWith("local-");
  return `${isLocal ? "local-" : ""}${place}-${version}`;
}
