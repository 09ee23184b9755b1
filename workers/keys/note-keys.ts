import { REGIONAL_KINDS } from "../../shared/crypto/keys";
import { REGIONS, type Region } from "../../shared/region";
import { appendSecurityEvent, type SecurityEvent } from "../security";
import type { KeyStatus, KindState } from "./count-old";
import type { KeyPorts } from "./ports";

/** The directory has no chain: what happens to its keys is written down here. */
const DIRECTORY_HOME: Region = "eu";

/**
 * Writes down in the security events which version came to be current, and when nothing was left on older ones: once each. A cut between
 * event and note writes the same event down twice, never not at all. Returns how many were written.
 */
export async function noteKeys(ports: KeyPorts, status: KeyStatus): Promise<number> {
  let written = 0;
  for (const region of REGIONS) {
    const own = status.regions[region];
    const states: [string, KindState][] = REGIONAL_KINDS.map((kind) => [kind, own[kind]]);
    if (own.identity !== undefined) states.push(["identity", own.identity]);
    if (region === DIRECTORY_HOME)
      states.push(...Object.entries(status.directory).map(([kind, state]) => [kind, state] satisfies [string, KindState]));
    const due = states.flatMap(([kind, state]) => eventsOf(kind, state));
    const { results } = await ports.regions[region].records.prepare("select note from key_notes").all<{ note: string }>();
    const noted = new Set(results.map(({ note }) => note));
    for (const { note, event } of due) {
      if (noted.has(note)) continue;
      await appendSecurityEvent(ports.regions[region], event);
      await ports.regions[region].records
        .prepare("insert into key_notes (note, noted_at) values (?, ?) on conflict do nothing")
        .bind(note, ports.now())
        .run();
      written++;
    }
  }
  return written;
}

function eventsOf(kind: string, { current, versions, old }: KindState): { note: string; event: SecurityEvent }[] {
  const detail = { key: kind, version: current };
  const events = [{ note: `current ${kind} ${current}`, event: { kind: "key_current" as const, actor: "system", detail } }];
  const isMoved = versions.length > 1 && old === 0;
  return isMoved
    ? [...events, { note: `moved ${kind} ${current}`, event: { kind: "keys_moved" as const, actor: "system", detail } }]
    : events;
}
