import { createHash, timingSafeEqual } from "node:crypto";
import { regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { Region } from "../../shared/region";
import { accountHashes } from "../../shared/vendors/account";
import { GOOGLE_HEALTH_MODULE } from "../../shared/vendors/google-health/module";
import { isVerification } from "../../shared/vendors/google-health/notification";
import { parseSignature } from "../../shared/vendors/google-health/tink";
import type { SyncPointer } from "../../shared/vendors/pointer";
import type { Change } from "../../shared/vendors/vendor";
import { verifyWithKeyset } from "./keyset";
import type { HookPorts } from "./ports";
import { findConnections } from "./register-connection";

export interface Notification {
  /** Secret of the path. */
  readonly secret: string;
  readonly headers: Headers;
  readonly body: ArrayBuffer;
}

/** Messages of one `sendBatch`. */
const AT_ONCE = 100;

/**
 * Takes in a notification of Google Health: secret of the path, `Authorization`, signature over the raw bytes, and only then the body.
 * What it says becomes pointers in the queues of the regions; the answer comes when the queues have them. Replays read the same range
 * again, which changes nothing.
 *
 * Returns 201 for the verification call and 204 otherwise. Problems: `not_found` for a wrong path, `unauthenticated`,
 * `invalid_signature`, `malformed`, `unavailable`.
 */
export async function receiveNotification(ports: HookPorts, { secret, headers, body }: Notification): Promise<201 | 204> {
  if (!sameText(secret, ports.secret)) throw notFound("hook");
  const bytes = new Uint8Array(body);
  const authorized = sameText(headers.get("authorization") ?? "", authorizationOf(ports.secret));
  const signatures = GOOGLE_HEALTH_MODULE.vendor.webhook?.signatureHeaders ?? [];
  const header = signatures.map((name) => headers.get(name)).find((value) => value !== null);

  // Google checks an endpoint with two unsigned calls: one with the value that it was registered with, and one without.
  if (header === undefined && isVerification(parseJson(bytes))) {
    if (!authorized) throw problem("unauthenticated", "The authorization value is missing or wrong.");
    return 201;
  }
  const mayLack = GOOGLE_HEALTH_MODULE.vendor.webhook?.authorization === "when_present" && !headers.has("authorization");
  if (!authorized && !mayLack) throw problem("unauthenticated", "The authorization value is missing or wrong.");
  const signature = header === undefined ? undefined : parseSignature(header);
  if (signature === undefined || !(await verifyWithKeyset(ports, signature, bytes))) throw problem("invalid_signature");

  const json = parseJson(bytes);
  if (isVerification(json)) return 201;
  await enqueue(ports, await pointersOf(ports, GOOGLE_HEALTH_MODULE.readChanges(json)));
  return 204;
}

/** The `Authorization` value that the subscriber is registered with. */
export function authorizationOf(secret: string): string {
  return `Bearer ${secret}`;
}

/** One pointer for each connection of each changed account. Changes of accounts that nobody has connected have none. */
async function pointersOf(ports: HookPorts, changes: readonly Change[]): Promise<readonly SyncPointer[]> {
  const read = changes.filter(({ resource }) => Object.hasOwn(GOOGLE_HEALTH_MODULE.vendor.resources, resource));
  const users = [...new Set(read.map(({ userId }) => userId))];
  const hashes = new Map(
    await Promise.all(
      users.map(
        async (user) =>
          [user, (await accountHashes(ports.directoryKeys, GOOGLE_HEALTH_MODULE.vendor.id, user)).map(({ hash }) => hash)] as const,
      ),
    ),
  );
  if (hashes.size === 0) return [];
  const found = Map.groupBy(await findConnections(ports.directory, [...hashes.values()].flat()), ({ hash }) => hash);
  return read.flatMap(({ userId, resource, operation, range }) =>
    (hashes.get(userId) ?? [])
      .flatMap((hash) => found.get(hash) ?? [])
      .map(
        ({ person, connection }) =>
          ({ kind: "changed", person, connection, dataType: resource, operation, since: range.from, until: range.to }) as const,
      ),
  );
}

async function enqueue(ports: HookPorts, pointers: readonly SyncPointer[]): Promise<void> {
  const byRegion = Map.groupBy(pointers, ({ person }): Region => regionOf(person));
  try {
    for (const [region, own] of byRegion) {
      for (let at = 0; at < own.length; at += AT_ONCE)
        await ports.queue(region).sendBatch(own.slice(at, at + AT_ONCE).map((body) => ({ body })));
    }
  } catch {
    throw problem("unavailable", "The notification could not be queued.", { retryAfter: 5 });
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

/** Compares in a time that tells nothing about where texts differ, nor about their length: hashes are compared. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return left !== undefined && right !== undefined && b !== "" && timingSafeEqual(left, right);
}
