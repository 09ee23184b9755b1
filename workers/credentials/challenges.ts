import { newOneTimeToken, regionOfToken, type TokenKind } from "../../shared/crypto/one-time-token";
import { sha256Hex } from "../../shared/crypto/sha256";
import { parseId, type PersonId } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import type { SessionPorts } from "../sessions";

/** A step that was begun and waits for its other half. */
export interface Challenge {
  readonly region: Region;
  /** The person it is for, or null where there is none yet. */
  readonly person: PersonId | null;
  /** What the first half left for the second. */
  readonly content: string;
}

export interface NewChallenge extends Challenge {
  readonly kind: TokenKind;
  readonly lifeMs: number;
}

/** Prepares a challenge, to be written in the caller's own batch. Only the hash of its token is stored. */
export async function newChallenge(
  ports: Pick<SessionPorts, "now" | "random" | "stores">,
  { kind, region, person, content, lifeMs }: NewChallenge,
): Promise<{ readonly token: string; readonly statement: D1PreparedStatement }> {
  const token = newOneTimeToken(kind, region, ports.random);
  const statement = ports
    .stores(region)
    .records.prepare("insert into challenges (token_hash, kind, person_id, content, expires_at) values (?, ?, ?, ?, ?)")
    .bind(await sha256Hex(token), kind, person, content, ports.now() + lifeMs);
  return { token, statement };
}

type ChallengePorts = Pick<SessionPorts, "now" | "stores">;

/** Looks at a challenge and leaves it; undefined where it was never there, is used or has expired. */
export async function readChallenge(ports: ChallengePorts, kind: TokenKind, token: string): Promise<Challenge | undefined> {
  return await find(ports, kind, token, "select person_id, content from challenges where token_hash = ? and kind = ? and expires_at > ?");
}

/** Takes a challenge: of any number of calls one gets it. */
export async function takeChallenge(ports: ChallengePorts, kind: TokenKind, token: string): Promise<Challenge | undefined> {
  return await find(
    ports,
    kind,
    token,
    "delete from challenges where token_hash = ? and kind = ? and expires_at > ? returning person_id, content",
  );
}

async function find(ports: ChallengePorts, kind: TokenKind, token: string, sql: string): Promise<Challenge | undefined> {
  const region = regionOfToken(kind, token);
  if (region === undefined) return undefined;
  const row = await ports
    .stores(region)
    .records.prepare(sql)
    .bind(await sha256Hex(token), kind, ports.now())
    .first<{ person_id: string | null; content: string }>();
  if (row === null) return undefined;
  const person = row.person_id === null ? null : (parseId("person", row.person_id) ?? null);
  return { region, person, content: row.content };
}

/** Deletes the challenges that nobody completed in time; returns how many. `now` is epoch milliseconds. */
export async function cleanChallenges(records: (region: Region) => D1Database, now: number): Promise<number> {
  const counts = await Promise.all(
    REGIONS.map(async (region) => {
      const { meta } = await records(region).prepare("delete from challenges where expires_at <= ?").bind(now).run();
      return meta.changes;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
