import { DAY_MS, SECOND_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { checkPassword, hashPassword, isPassword } from "../../shared/crypto/password";
import { sha256Hex } from "../../shared/crypto/sha256";
import { newId, parseId, type PersonId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import type { Region } from "../../shared/region";
import { regionalHashes } from "../accounts";
import { beginAttempt, inBackground, readAddress } from "../credentials";
import { LIVE_SESSION, requireSession, sessionGuard } from "../sessions";
import { type ArrivalHashes, type MoveRow, MOVE_COLUMNS, moveOf } from "./job";
import { refuseTheNeeded } from "./refuse-needed";
import type { RequestPorts } from "./request-ports";
import { runMove } from "./run-move";
import type { MoveView } from "./schemas";
import { viewOf } from "./view";

/** An import has ended after this, or was given up. */
const IMPORTS_END_MS = 2 * DAY_MS;
/** The platform keeps a request alive for about half a minute after its answer. */
const AT_ONCE_MS = 20 * SECOND_MS;

/**
 * Begins to move the actor to another region. The password is asked for, because its hash is made with a pepper that the other region does
 * not have; hashes for the new region are made here, and nothing else of the person leaves the old one before the vaults talk.
 *
 * Problems: `invalid` for the region they are in, `invalid_credentials`, `locked`; `conflict` while an import runs, an erasure waits, the
 * address is not known, there is no password, or the old region needs the person.
 */
export async function requestMove(
  ports: RequestPorts,
  { actor, region, password }: { readonly actor: PersonActor; readonly region: Region; readonly password: string },
): Promise<MoveView> {
  const { person } = actor;
  const home = regionOf(person);
  const { records, keys } = ports.stores(home);
  const now = ports.now();
  if (region === home) {
    const message = "The account lies there already.";
    throw problem("invalid", undefined, { errors: [{ pointer: "/region", code: "same_region", message }] });
  }
  const open = records
    .prepare(`select ${MOVE_COLUMNS} from moves where person_id = ? and state in ('running', 'switching', 'cancelling')`)
    .bind(person);
  const [guard, known, credential] = await records.batch<MoveRow & { password_hash: string; email_hash: string }>([
    sessionGuard(records, actor, now),
    open,
    records.prepare("select password_hash, email_hash from credentials where person_id = ?").bind(person),
  ]);
  requireSession(guard);
  if (known?.results[0] !== undefined) throw problem("conflict", "A move is under way.");
  const stored = credential?.results[0];
  if (stored === undefined) throw problem("session_ended");
  if (!isPassword(stored.password_hash))
    throw problem("conflict", "Links to sign-in providers do not move, and your account has no password. Choose one, and repeat the call.");

  const attempt = await beginAttempt(ports, home, person);
  const { matches } = await checkPassword(password, stored.password_hash, keys);
  if (!matches) throw problem("invalid_credentials");
  await attempt.succeeded();
  await refuseTheNeeded(records, person);
  await refuseRunningImports(ports, person);
  const address = await readAddress(ports, person);
  if (address === undefined) throw problem("conflict", "Your address is not known yet. Sign in with it, and repeat the call.");

  const there = ports.stores(region);
  const [email] = await regionalHashes(there.keys, address.email);
  const arrival: ArrivalHashes = {
    emailHash: email.hash,
    keyVersion: email.version,
    passwordHash: await hashPassword(password, there.keys, ports.random),
    proven: await sha256Hex(stored.password_hash),
    address: await sha256Hex(stored.email_hash),
  };
  const id = newId("move", home, now, ports.random);
  const [again, written, found] = await records.batch<MoveRow>([
    sessionGuard(records, actor, now),
    records
      .prepare(
        `insert into moves (id, person_id, new_person_id, state, next_at, requested_at, arrival)
         select ?4, ?2, ?5, 'running', ?3, ?3, ?6 where ${LIVE_SESSION}
           and not exists (select 1 from erasures where person_id = ?2 and state in ('waiting', 'running')) on conflict do nothing`,
      )
      .bind(actor.session, person, now, id, newId("person", region, now, ports.random), JSON.stringify(arrival)),
    open,
  ]);
  requireSession(again);
  const row = found?.results[0];
  if (written?.meta.changes !== 1 || row === undefined)
    throw problem("conflict", "A move is under way, or the account is going to be erased.");
  inBackground(ports, "move", async () => void (await runMove(ports.moving, home, id, AT_ONCE_MS)));
  return viewOf(moveOf(row));
}

/** What an import stores while its vault is copied would be lost: it ends first. */
async function refuseRunningImports(ports: RequestPorts, person: PersonId): Promise<void> {
  const { records } = ports.stores(regionOf(person));
  const { results } = await records
    .prepare("select id from imports where person_id = ? and created_at > ? limit 200")
    .bind(person, ports.now() - IMPORTS_END_MS)
    .all<{ id: string }>();
  const running = await Promise.all(
    results.map(async (row) => {
      const id = parseId("import", row.id);
      return id !== undefined && (await ports.isImporting(person, id));
    }),
  );
  if (running.includes(true)) throw problem("conflict", "An import is under way. Wait for its end, or cancel it.");
}
