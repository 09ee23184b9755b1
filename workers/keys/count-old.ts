import { type DirectoryKind, DIRECTORY_KINDS, type KeyRing, type RegionalKind, REGIONAL_KINDS } from "../../shared/crypto/keys";
import { REGIONS, type Region } from "../../shared/region";
import { tombstonePartsLeft } from "./move-tombstones";
import type { KeyPorts } from "./ports";

/** The state of one kind of key: versions and counts, nothing about anybody. */
export interface KindState {
  /** The version that new values are made with. */
  readonly current: string;
  readonly versions: readonly string[];
  /** Rows that were made with another version, and parts of the marks of erased persons that may hold such. Null where nothing is counted: see `counted`. */
  readonly old: number | null;
  /** Of those, rows that move only when their person signs in. */
  readonly waiting: number;
  /** `rows`: by their versions. `time`: what is made with it lives for minutes. `kept`: proofs that are never made anew. */
  readonly counted: "rows" | "time" | "kept";
}

export interface KeyStatus {
  /** `identity` is missing in regions whose secrets have no key for id tokens yet. */
  readonly regions: Readonly<Record<Region, Readonly<Record<RegionalKind, KindState>> & { readonly identity?: KindState | undefined }>>;
  readonly directory: Readonly<Record<DirectoryKind, KindState>>;
}

/** Old versions lie on both sides of the current one in an index: each side is looked up, so that only rows that are old are visited. */
const counting = (counts: string, table: string, column: string, sides = ["< ?1", "> ?1"], more = ""): string =>
  `select coalesce(sum(old), 0) as old, coalesce(sum(waiting), 0) as waiting from (${sides
    .map((side) => `select ${counts} from ${table} where ${column} ${side}${more}`)
    .join(" union all ")})`;

/** Rows whose version nobody has noted count as old. */
const OR_UNKNOWN = ["< ?1", "> ?1", "is null"];

const counted = (table: string, column: string, sides?: string[], more?: string): string =>
  counting("count(*) as old, 0 as waiting", table, column, sides, more);

/** Sessions of people and of the apps that act for them: both hold refresh tokens. */
const LIVING = " and revoked_at is null and idle_expiry > ?2 and absolute_expiry > ?2";

/**
 * Rows under another version than `?1`, and of those the ones that wait for a sign-in; `?2` is now. Everything that outlives the time that
 * `retire` waits is here: see the table in docs/keys.md.
 */
export const COUNTS = {
  wrapping: [
    counted("people", "key_version", OR_UNKNOWN),
    counted("programmes", "key_version", OR_UNKNOWN),
    counted("erasures", "letter_key", undefined, " and letter_key is not null"),
    counted("webhook_secrets", "key_version"),
    counted("vendor_credentials", "key_version"),
  ],
  index: [
    counting("count(*) as old, sum(sealed_email is null) as waiting", "credentials", "key_version"),
    counting("count(*) as old, sum(sealed_subject is null) as waiting", "identities", "key_version"),
  ],
  pepper: [counting("count(*) as old, count(*) as waiting", "credentials", "pepper_version")],
  refresh: [counted("sessions", "refresh_key", OR_UNKNOWN, LIVING)],
  email: [counted("emails", "key_version"), counted("identities", "key_version"), counted("handles", "key_version")],
  vendor: [counted("vendor_accounts", "key_version")],
} as const satisfies Partial<Record<RegionalKind | DirectoryKind, readonly string[]>>;

/** How much is still made with older versions, of every kind in every region. A ring with one version has nothing older. */
export async function countOld(ports: KeyPorts): Promise<KeyStatus> {
  const now = ports.now();
  const regions = await Promise.all(
    REGIONS.map(async (region) => {
      const { records, keys } = ports.regions[region];
      const kinds = await Promise.all(REGIONAL_KINDS.map(async (kind) => [kind, await stateOf(records, kind, keys[kind], now)] as const));
      // Id tokens are read within minutes, and nothing of them is kept.
      const identity = keys.identity === undefined ? {} : { identity: timed(keys.identity) };
      return [region, { ...Object.fromEntries(kinds), ...identity }] as const;
    }),
  );
  const { records, keys } = ports.directory;
  const directory = await Promise.all(DIRECTORY_KINDS.map(async (kind) => [kind, await stateOf(records, kind, keys[kind], now)] as const));
  // The keys of both records are the closed lists that they were made from.
  return { regions: Object.fromEntries(regions), directory: Object.fromEntries(directory) } as unknown as KeyStatus;
}

/** The state of one kind in the database where its rows lie. */
export async function stateOf(
  records: D1Database,
  kind: RegionalKind | DirectoryKind,
  ring: KeyRing<unknown>,
  now: number,
): Promise<KindState> {
  const base = { current: ring.current, versions: Object.keys(ring.keys) };
  if (kind === "signing") return timed(ring);
  if (kind === "chain") return { ...base, old: null, waiting: 0, counted: "kept" };
  // With one version everything is made under it, whether its vault or object has been asked or not.
  if (base.versions.length === 1 && (kind === "wrapping" || kind === "refresh")) return { ...base, old: 0, waiting: 0, counted: "rows" };
  const results = await records.batch<{ old: number; waiting: number }>(
    COUNTS[kind].map((sql) =>
      kind === "refresh" ? records.prepare(sql).bind(ring.current, now) : records.prepare(sql).bind(ring.current),
    ),
  );
  const rows = results.flatMap((result) => result.results);
  const marks = kind === "index" && base.versions.length > 1 ? await tombstonePartsLeft(records, ring.current, now) : 0;
  return { ...base, old: marks + sum(rows.map(({ old }) => old)), waiting: sum(rows.map(({ waiting }) => waiting)), counted: "rows" };
}

/** The state of a kind whose makings live for minutes: `retire` waits until they have run out. */
function timed({ current, keys }: KeyRing<unknown>): KindState {
  return { current, versions: Object.keys(keys), old: null, waiting: 0, counted: "time" };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
