import { env } from "cloudflare:workers";
import { sha256Hex } from "../shared/crypto/sha256";
import { newId, type PersonId } from "../shared/id";
import type { Region } from "../shared/region";
import { movePorts, type MovePorts } from "../workers/moving/ports";
import { regional } from "../workers/regional";

/** What a move works with, by a clock of the test's own, without letters and log lines. */
export function portsAt(clock: { readonly now: number }): MovePorts {
  const ports = movePorts(env, () => clock.now);
  const quiet = { log: () => undefined, mailer: { send: async () => undefined } };
  return { ...ports, ...quiet, erasure: { ...ports.erasure, ...quiet } };
}

/** Writes a move down as the request would. */
export async function book(
  { person, region }: { readonly person: PersonId; readonly region: Region },
  to: Region,
  now: number,
): Promise<{ id: string; to: PersonId }> {
  const id = newId("move", region, now);
  const fresh = newId("person", to, now);
  const { records } = regional(env, region);
  const stored = await records
    .prepare("select password_hash, email_hash from credentials where person_id = ?")
    .bind(person)
    .first<{ password_hash: string; email_hash: string }>();
  const [proven, address] = await Promise.all([sha256Hex(stored?.password_hash ?? ""), sha256Hex(stored?.email_hash ?? "")]);
  const arrival = JSON.stringify({ emailHash: await sha256Hex(fresh), keyVersion: "1", passwordHash: "y", proven, address });
  await records
    .prepare(
      "insert into moves (id, person_id, new_person_id, state, next_at, requested_at, arrival) values (?1, ?2, ?3, 'running', ?4, ?4, ?5)",
    )
    .bind(id, person, fresh, now, arrival)
    .run();
  return { id, to: fresh };
}
