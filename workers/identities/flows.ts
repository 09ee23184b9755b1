import { fromBase64Url, toBase64Url } from "../../shared/crypto/base64url";
import { hmac, sameBytes } from "../../shared/crypto/hmac";
import { type DirectoryKeys, keyOf } from "../../shared/crypto/keys";
import { sha256Hex } from "../../shared/crypto/sha256";
import { sealWithToken, unsealWithToken } from "../../shared/crypto/token-box";
import { parseId, type PersonId, type RandomBytes, type SessionId } from "../../shared/id";
import type { ProviderId } from "./providers";

/** What somebody goes to a provider for. */
export type Purpose = "sign_in" | "link" | "prove";

/** A way to a provider and back, as the directory keeps it: opaque ids, hashes, and a text that is sealed with the handoff. */
export interface FlowRow {
  provider: string;
  purpose: string;
  challenge: string;
  person_id: string | null;
  session_id: string | null;
  key_version: string;
  begun_at: number;
  sealed: string | null;
}

interface FlowPorts {
  readonly now: () => number;
  readonly random: RandomBytes;
  readonly directory: { readonly records: D1Database; readonly keys: DirectoryKeys };
}

export interface NewFlow {
  readonly provider: ProviderId;
  readonly purpose: Purpose;
  /** S256 of a verifier that the client keeps. */
  readonly challenge: string;
  readonly returnTo: string;
  readonly person?: PersonId | undefined;
  readonly session?: SessionId | undefined;
  readonly lifeMs: number;
}

const COLUMNS = "provider, purpose, challenge, person_id, session_id, key_version, begun_at, sealed";

/** Opaque tokens of 256 random bits; a prefix says what a text is good for. */
export function newToken(prefix: string, random: RandomBytes): string {
  return `${prefix}${toBase64Url(random(new Uint8Array(32)))}`;
}

/** Writes down a flow and returns its state. */
export async function keepFlow(ports: FlowPorts, flow: NewFlow): Promise<string> {
  const state = newToken("", ports.random);
  const now = ports.now();
  await ports.directory.records
    .prepare(
      `insert into sign_in_flows (state_hash, provider, purpose, challenge, return_to, person_id, session_id, key_version, begun_at, expires_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .bind(
      await sha256Hex(state),
      flow.provider,
      flow.purpose,
      flow.challenge,
      flow.returnTo,
      flow.person ?? null,
      flow.session ?? null,
      ports.directory.keys.email.current,
      now,
      now + flow.lifeMs,
    )
    .run();
  return state;
}

/**
 * What goes to the provider with a state. Derived, so that it is stored nowhere: whoever reads the table, or sees the browser's address,
 * lacks the other half. Undefined where the key has been dropped since.
 */
export async function secretsOf(
  keys: DirectoryKeys,
  version: string,
  state: string,
): Promise<{ readonly nonce: string; readonly verifier: string } | undefined> {
  const key = keyOf(keys.email, version);
  if (key === undefined) return undefined;
  const [nonce, verifier] = await Promise.all([hmac(key, "oidc-nonce", state), hmac(key, "oidc-verifier", state)]);
  return { nonce: toBase64Url(nonce), verifier: toBase64Url(verifier) };
}

/** Takes the state of a flow whose provider has answered and gives it a handoff. Of any number of callbacks one gets through. */
export async function handOver(
  ports: FlowPorts,
  {
    provider,
    state,
    answer,
    lifeMs,
  }: { readonly provider: ProviderId; readonly state: string; readonly answer: string; readonly lifeMs: number },
): Promise<{ readonly handoff: string; readonly returnTo: string } | undefined> {
  const handoff = newToken("hof_", ports.random);
  const now = ports.now();
  const row = await ports.directory.records
    .prepare(
      `update sign_in_flows set handoff_hash = ?, sealed = ?, expires_at = ?
       where state_hash = ? and provider = ? and handoff_hash is null and expires_at > ? returning return_to`,
    )
    .bind(
      await sha256Hex(handoff),
      await sealWithToken(handoff, placeOf(provider), answer, ports.random),
      now + lifeMs,
      await sha256Hex(state),
      provider,
      now,
    )
    .first<{ return_to: string }>();
  return row === null ? undefined : { handoff, returnTo: row.return_to };
}

/** Ends a flow that came back without an answer; returns where its browser goes, or undefined where it was over. */
export async function endFlow(ports: FlowPorts, provider: ProviderId, state: string): Promise<string | undefined> {
  const row = await ports.directory.records
    .prepare(
      "delete from sign_in_flows where state_hash = ? and provider = ? and handoff_hash is null and expires_at > ? returning return_to",
    )
    .bind(await sha256Hex(state), provider, ports.now())
    .first<{ return_to: string }>();
  return row?.return_to;
}

export interface Handoff {
  readonly handoff: string;
  /** Of the challenge that the client began with. */
  readonly verifier: string;
}

/** Takes a handoff, whatever comes of it; undefined where it is none, is used or late, or belongs to another client or another purpose. */
export async function takeFlow(
  ports: FlowPorts,
  purpose: Purpose,
  { handoff, verifier }: Handoff,
): Promise<{ readonly row: FlowRow; readonly answer: string } | undefined> {
  const row = await ports.directory.records
    .prepare(`delete from sign_in_flows where handoff_hash = ? and expires_at > ? returning ${COLUMNS}`)
    .bind(await sha256Hex(handoff), ports.now())
    .first<FlowRow>();
  if (row === null || row.purpose !== purpose || !(await answers(verifier, row.challenge))) return undefined;
  const answer = row.sealed === null ? undefined : await unsealWithToken(handoff, placeOf(row.provider), row.sealed);
  return answer === undefined ? undefined : { row, answer };
}

/** RFC 7636 §4.6. */
async function answers(verifier: string, challenge: string): Promise<boolean> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const wanted = fromBase64Url(challenge);
  return wanted !== undefined && sameBytes(digest, wanted);
}

/** Keeps what a provider said of somebody who has no account yet, until they have chosen a region. */
export async function keepRegistration(
  ports: FlowPorts,
  { provider, content, lifeMs }: { readonly provider: ProviderId; readonly content: string; readonly lifeMs: number },
): Promise<string> {
  const token = newToken("idr_", ports.random);
  const hash = await sha256Hex(token);
  const now = ports.now();
  await ports.directory.records
    .prepare(
      `insert into sign_in_flows (state_hash, provider, purpose, challenge, return_to, key_version, begun_at, expires_at, handoff_hash, sealed)
       values (?1, ?2, 'register', '', '', ?3, ?4, ?5, ?1, ?6)`,
    )
    .bind(
      hash,
      provider,
      ports.directory.keys.email.current,
      now,
      now + lifeMs,
      await sealWithToken(token, placeOf(provider), content, ports.random),
    )
    .run();
  return token;
}

/** Looks at a registration and leaves it; undefined where it was never there, is used or has expired. */
export async function readRegistration(
  ports: FlowPorts,
  token: string,
): Promise<{ readonly provider: string; readonly content: string } | undefined> {
  const row = await ports.directory.records
    .prepare("select provider, sealed from sign_in_flows where handoff_hash = ? and purpose = 'register' and expires_at > ?")
    .bind(await sha256Hex(token), ports.now())
    .first<{ provider: string; sealed: string | null }>();
  const content = row === null || row.sealed === null ? undefined : await unsealWithToken(token, placeOf(row.provider), row.sealed);
  return row === null || content === undefined ? undefined : { provider: row.provider, content };
}

/** Uses a registration up. */
export async function dropRegistration(ports: FlowPorts, token: string): Promise<void> {
  await ports.directory.records
    .prepare("delete from sign_in_flows where handoff_hash = ? and purpose = 'register'")
    .bind(await sha256Hex(token))
    .run();
}

/** Deletes the flows that nobody ended in time; returns how many. `now` is epoch milliseconds. */
export async function cleanFlows(directory: D1Database, now: number): Promise<number> {
  const { meta } = await directory.prepare("delete from sign_in_flows where expires_at <= ?").bind(now).run();
  return meta.changes;
}

/** Whether a flow was begun by this person in this session. */
export function isFlowOf(row: FlowRow, actor: { readonly person: PersonId; readonly session: SessionId }): boolean {
  return parseId("person", row.person_id ?? "") === actor.person && parseId("session", row.session_id ?? "") === actor.session;
}

function placeOf(provider: string) {
  return { table: "sign_in_flows", column: "sealed", row: provider };
}
