import { currentKey } from "../../shared/crypto/keys";
import { problem } from "../../shared/problem";
import { hashOf, headOf, type SecurityEvent, type SecurityPorts } from "./events";

/** So many others may be faster before an append gives up. */
const TRIES = 20;
const LONGEST_PAUSE_MS = 25;

/**
 * Appends an event to the region's chain and returns its number. The number is taken optimistically: where somebody else was faster, the
 * head is read again. For rare events, never for something that every request does. Problem `unavailable` past the limit of tries.
 */
export async function appendSecurityEvent(ports: SecurityPorts, event: SecurityEvent): Promise<number> {
  const { version } = currentKey(ports.keys.chain);
  const body = JSON.stringify({ kind: event.kind, actor: event.actor, detail: event.detail } satisfies SecurityEvent);
  for (let turn = 0; turn < TRIES; turn++) {
    const head = await headOf(ports);
    const row = { seq: head.seq + 1, at: Math.floor(ports.now()), key: version, body };
    const { meta } = await ports.records
      .prepare("insert into security_events (seq, at, key, body, hash) values (?, ?, ?, ?, ?) on conflict do nothing")
      .bind(row.seq, row.at, row.key, row.body, hashOf(ports.keys, row, head.hash) ?? "")
      .run();
    if (meta.changes === 1) return row.seq;
    await scheduler.wait(Math.random() * LONGEST_PAUSE_MS);
  }
  throw problem("unavailable", "The event could not be written down.", { retryAfter: 1 });
}
