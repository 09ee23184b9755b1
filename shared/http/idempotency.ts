import type { Next } from "hono";
import * as z from "zod";
import { DAY_MS, MINUTE_MS } from "../clock";
import { idOf } from "../context";
import { closeBox, openBox } from "../crypto/box";
import { hmacHex } from "../crypto/hmac";
import { currentKey, keyOf, regionalKeys, type Versioned, versionsOf } from "../crypto/keys";
import { regionOf } from "../id";
import { problem } from "../problem";
import type { Region } from "../region";
import type { AppContext } from "./app-env";
import { network } from "./network";

/** Where the stored answers of a region lie. */
export interface IdempotencyStore {
  readonly records: D1Database;
  /** The region's key ring, as JSON text. */
  readonly keys: string;
}

export interface IdempotencyRule {
  /** Reads the region out of the body of a public route; undefined where the route's region is that of the signed-in person. */
  readonly regionOfBody: ((body: unknown) => Region | undefined) | undefined;
  /** The body is not read: its declared length, type and name tell it apart. */
  readonly streamed: boolean;
}

/** How long an answer is kept. */
export const KEPT_MS = DAY_MS;
/** A request that has not answered by then has died with its isolate; its claim may be taken over. */
const ABANDONED_MS = 10 * MINUTE_MS;
/** Longer answers are not stored: their request simply runs again. */
const MAX_ANSWER_CHARACTERS = 500_000;

const KEY = /^[\x21-\x7e]{1,255}$/;
const KEPT_HEADERS = ["content-type", "location", "etag", "last-modified"];

const answerSchema = z.object({ status: z.number(), headers: z.record(z.string(), z.string()), body: z.string() });

/**
 * Runs a write once for each `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header). The claim is one insert, so that of
 * parallel requests exactly one runs; the others meet `idempotency_in_flight`. A later request with the same body gets the stored
 * answer and `Idempotency-Replayed: true`, one with another body `idempotency_mismatch`. An answer of 400 and above wrote nothing and
 * releases the claim.
 *
 * The claim is scoped to the signed-in person, or on a public route to the caller's network, and lies in the region of the person or
 * of the new account. Answers are sealed: they may hold tokens.
 */
export async function idempotently(c: AppContext, rule: IdempotencyRule, next: Next): Promise<Response | void> {
  const given = c.req.header("idempotency-key");
  if (given === undefined) return next();
  if (!KEY.test(given)) {
    const message = "1 to 255 visible ASCII characters, best a UUID.";
    throw problem("invalid", undefined, { errors: [{ pointer: "/headers/idempotency-key", code: "invalid_key", message }] });
  }
  const region = await regionOfClaim(c, rule);
  if (region === undefined) return next();

  const store = c.get("idempotency")(region);
  const claim = await claimOf(c, store, rule, given);
  const previous = await take(store.records, claim);
  if (previous === undefined) throw problem("idempotency_in_flight", undefined, { retryAfter: 1 });
  if (previous !== "taken") {
    const same = [claim, ...claim.older].find(({ scope }) => scope === previous.scope);
    if (previous.fingerprint !== same?.fingerprint) throw problem("idempotency_mismatch");
    if (previous.answer === null) throw problem("idempotency_in_flight", undefined, { retryAfter: 1 });
    const replay = await open(store, previous.scope, previous.answer);
    // Sealed under a key that has been retired: the request ran, its answer cannot be shown again.
    if (replay === undefined) throw problem("conflict", "A request with this idempotency key has been answered before.");
    return replay;
  }
  await next();
  await settle(store, claim, c.res);
}

interface Hashed {
  readonly scope: string;
  readonly fingerprint: string;
}

interface Claim extends Hashed {
  readonly at: number;
  /** What the same claim is called under older keys: an answer from before a rotation still counts. */
  readonly older: readonly Hashed[];
}

async function regionOfClaim(c: AppContext, rule: IdempotencyRule): Promise<Region | undefined> {
  const actor = c.get("actor");
  if (actor !== undefined) return regionOf(idOf(actor));
  if (rule.regionOfBody === undefined) return undefined;
  try {
    return rule.regionOfBody(JSON.parse(await c.req.text()));
  } catch (error) {
    // Unreadable JSON is the validator's to refuse; a body past its limit is not.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function claimOf(c: AppContext, store: IdempotencyStore, rule: IdempotencyRule, given: string): Promise<Claim> {
  const { pathname, search } = new URL(c.req.url);
  const actor = c.get("actor");
  const who = actor === undefined ? network(c.req.header("cf-connecting-ip") ?? "") : idOf(actor);
  const content = rule.streamed
    ? ["content-length", "content-type", "x-file-name"].map((name) => c.req.header(name) ?? "").join("\n")
    : hex(await crypto.subtle.digest("SHA-256", await c.req.arrayBuffer()));
  const hashed = async ({ key }: Versioned<string>): Promise<Hashed> => {
    const [scope, fingerprint] = await Promise.all([
      hmacHex(key, "idempotency scope", [who, c.req.method, pathname, given].join("\n")),
      hmacHex(key, "idempotency body", `${search}\n${content}`),
    ]);
    return { scope, fingerprint };
  };
  const [current, ...older] = versionsOf(regionalKeys(store.keys).index);
  return { ...(await hashed(current)), older: await Promise.all(older.map(hashed)), at: c.get("now")() };
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const previousSchema = z.object({ scope: z.string(), fingerprint: z.string(), answer: z.string().nullable() });

/** `taken` where the claim is ours, else the one before us; undefined where that was released in between. */
async function take(records: D1Database, claim: Claim): Promise<"taken" | z.infer<typeof previousSchema> | undefined> {
  const [inserted, found] = await records.batch([
    records
      .prepare(
        `insert into idempotency_claims (scope, fingerprint, claimed_at)
         select ?1, ?2, ?3 where not exists (
           select 1 from idempotency_claims where scope in (select value from json_each(?6))
             and claimed_at > ?4 and (answer is not null or claimed_at > ?5))
         on conflict (scope) do update set fingerprint = excluded.fingerprint, claimed_at = excluded.claimed_at, answer = null
         where claimed_at <= ?4 or (answer is null and claimed_at <= ?5)
         returning scope`,
      )
      .bind(
        claim.scope,
        claim.fingerprint,
        claim.at,
        claim.at - KEPT_MS,
        claim.at - ABANDONED_MS,
        JSON.stringify(claim.older.map(({ scope }) => scope)),
      ),
    records
      .prepare(
        "select scope, fingerprint, answer from idempotency_claims where scope in (select value from json_each(?1)) order by claimed_at desc",
      )
      .bind(JSON.stringify([claim.scope, ...claim.older.map(({ scope }) => scope)])),
  ]);
  if (inserted !== undefined && inserted.results.length > 0) return "taken";
  const row = found?.results[0];
  return row === undefined ? undefined : previousSchema.parse(row);
}

async function settle(store: IdempotencyStore, claim: Claim, response: Response): Promise<void> {
  try {
    const answer = response.status >= 400 ? undefined : await seal(store, claim, response);
    const statement =
      answer === undefined
        ? store.records.prepare("delete from idempotency_claims where scope = ?1 and claimed_at = ?2 and answer is null")
        : store.records.prepare("update idempotency_claims set answer = ?3 where scope = ?1 and claimed_at = ?2 and answer is null");
    await (answer === undefined ? statement.bind(claim.scope, claim.at) : statement.bind(claim.scope, claim.at, answer)).run();
  } catch {
    // The request itself is done: an answer that cannot be kept must not turn it into a failure. The claim is given up with age.
  }
}

async function seal(store: IdempotencyStore, claim: Claim, response: Response): Promise<string | undefined> {
  const body = await response.clone().text();
  if (body.length > MAX_ANSWER_CHARACTERS) return undefined;
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = response.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  const { version, key } = currentKey(regionalKeys(store.keys).wrapping);
  return `${version}.${await closeBox(key, "idempotency", claim.scope, JSON.stringify({ status: response.status, headers, body }))}`;
}

async function open(store: IdempotencyStore, scope: string, answer: string): Promise<Response | undefined> {
  const dot = answer.indexOf(".");
  const key = keyOf(regionalKeys(store.keys).wrapping, answer.slice(0, dot));
  const text = key === undefined ? undefined : await openBox(key, "idempotency", scope, answer.slice(dot + 1));
  if (text === undefined) return undefined;
  const { status, headers, body } = answerSchema.parse(JSON.parse(text));
  const empty = status === 204 || status === 205 || status === 304;
  return new Response(empty ? null : body, { status, headers: { ...headers, "idempotency-replayed": "true" } });
}

/** Deletes the answers that have been kept long enough; returns how many. `now` is epoch milliseconds. */
export async function cleanIdempotency(records: D1Database, now: number): Promise<number> {
  const { meta } = await records
    .prepare("delete from idempotency_claims where claimed_at <= ?1")
    .bind(now - KEPT_MS)
    .run();
  return meta.changes;
}
