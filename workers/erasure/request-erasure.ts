import type { PersonActor } from "../../shared/context";
import { newOneTimeToken } from "../../shared/crypto/one-time-token";
import { sha256Hex } from "../../shared/crypto/sha256";
import { languageOf } from "../../shared/http/texts";
import { newId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { inBackground, readAddress } from "../credentials";
import { letter } from "../mail";
import { endAllButOwn, LIVE_SESSION, requireSession, sessionGuard, tellEnded } from "../sessions";
import { type JobRow, JOB_COLUMNS, jobOf } from "./job";
import { sealLetter } from "./last-letter";
import type { RequestPorts } from "./request-ports";
import { runErasure } from "./run-erasure";
import type { RequestedErasure } from "./schemas";
import { iso, viewOf } from "./view";

/** What would be erased in one region must not go on in another. */
const MOVE_UNDER_WAY = "from moves where person_id = ? and state in ('running', 'switching', 'cancelling')";

/**
 * Asks for the erasure of the actor's account: it is noted, every other session and every API key ends, and the vault pauses. After the
 * grace period the clock's job erases. Asking again changes nothing and repairs what a call that was cut off has left; the receipt's
 * secret is shown the first time alone.
 *
 * Problems: `conflict` while the account moves to another region; `unavailable` where the vault could not be told.
 */
export async function requestErasure(ports: RequestPorts, actor: PersonActor): Promise<RequestedErasure> {
  const { person } = actor;
  const region = regionOf(person);
  const { records, keys } = ports.stores(region);
  const now = ports.now();
  const open = records.prepare(`select ${JOB_COLUMNS} from erasures where person_id = ? and state in ('waiting', 'running')`).bind(person);
  const moves = records.prepare(`select 1 ${MOVE_UNDER_WAY}`).bind(person);
  const [before, known, moving] = await records.batch<JobRow>([sessionGuard(records, actor, now), open, moves]);
  requireSession(before);
  if (moving?.results[0] !== undefined) throw isMoving();
  const address = known?.results[0] === undefined ? await readAddress(ports, person) : undefined;
  const id = newId("erasure", region, now, ports.random);
  const secret = newOneTimeToken("rcp", region, ports.random);
  const dueAt = now + ports.graceMs;
  const sealed =
    address === undefined
      ? null
      : await sealLetter(keys, id, { to: address.email, locale: languageOf(address.locale), secret }, ports.random);

  const [guard, written, , found] = await records.batch<JobRow>([
    sessionGuard(records, actor, now),
    records
      .prepare(
        `insert into erasures (id, person_id, reason, state, next_at, requested_at, due_at, secret_hash, letter)
         select ?4, ?2, 'asked', 'waiting', ?5, ?3, ?5, ?6, ?7 where ${LIVE_SESSION} and not exists (select 1 ${MOVE_UNDER_WAY.replace("?", "?2")})
         on conflict do nothing`,
      )
      .bind(actor.session, person, now, id, dueAt, await sha256Hex(secret), sealed),
    endAllButOwn(records, actor, now, "erasure"),
    open,
  ]);
  requireSession(guard);
  const row = found?.results[0];
  if (row === undefined) throw isMoving();
  const isNew = written?.meta.changes === 1;
  if (isNew && address !== undefined) {
    inBackground(ports, "erasure_requested", async () => {
      const text = letter("erasure_requested", languageOf(address.locale), iso(dueAt));
      await ports.mailer.send({ region, to: address.email, ...text });
    });
  }
  // Once it has begun there is nobody to tell.
  if (row.state === "running") return viewOf(jobOf(row));
  try {
    await ports.vault(person).suspend();
  } catch {
    throw problem("unavailable", "The erasure is noted, but not all places know yet. Repeat the call.", { retryAfter: 1 });
  }
  await tellEnded(ports, person);
  if (dueAt <= now) inBackground(ports, "erasure", async () => void (await runErasure(ports.erasure, region, row.id)));
  return { ...viewOf(jobOf(row)), ...(isNew && { receipt: { path: `/v1/erasures/${id}`, secret } }) };
}

function isMoving() {
  return problem("conflict", "The account is being moved to another region. Cancel the move, or wait for its end.");
}
